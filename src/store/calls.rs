//! The arguments and results of a store's calls. It knows no engine.

use std::sync::Arc;

use uuid::Uuid;

use crate::model::entry::Entry;
use crate::model::erasure::{Eraser, Erasure, ErasureOptions, Mentions, Person};
use crate::model::filter::Filter;
use crate::model::integrity::checkpoint;
use crate::model::page::{Order, Position};
use crate::model::plan::Retention;
use crate::model::prune::{HeldBy, ModelTypeCounts, Prune, Pruned};
use crate::model::stats::Count;
use crate::model::timestamp::Timestamp;
use crate::model::words::{Log, Scope};
use crate::store::entries::Entries;

/// The number of an organization, or of its trail. Only a store makes one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct OrgId(pub(super) i64);

impl OrgId {
    /// The number, which binds a cursor to its organization.
    #[must_use]
    pub const fn number(self) -> i64 {
        self.0
    }

    /// The name of this log in checkpoints.
    #[must_use]
    pub fn origin(self, organization: Uuid) -> String {
        checkpoint::origin(organization, self.log())
    }

    /// The number of the organization's trail, which is stored as a log like any other.
    #[must_use]
    pub const fn trail(self) -> Self {
        Self(-self.0.abs())
    }

    /// The number of the organization's audit log, for both of its logs.
    #[must_use]
    pub const fn audit(self) -> Self {
        Self(self.0.abs())
    }

    /// Which log of its organization this is.
    #[must_use]
    pub const fn log(self) -> Log {
        if self.0 < 0 { Log::Trail } else { Log::Audit }
    }
}

/// An organization as the operator set it up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Organization {
    /// Its number.
    pub id: OrgId,
    /// Names it in checkpoints, wherever its log is stored.
    pub uuid: Uuid,
    /// Its name in commands and URLs.
    pub slug: String,
    /// Its plan, and how long entries are kept.
    pub retention: Retention,
    /// When it was created.
    pub created_at: Timestamp,
}

impl Organization {
    /// The number of one of its logs.
    #[must_use]
    pub const fn log(&self, log: Log) -> OrgId {
        match log {
            Log::Audit => self.id,
            Log::Trail => self.id.trail(),
        }
    }
}

/// A session of the page, or a one-time link that becomes one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredSession {
    /// SHA-256 of the session's id, or of the link's code.
    pub hash: [u8; 32],
    /// Whether it is a link.
    pub is_link: bool,
    /// SHA-256 of the token that signed in.
    pub token_hash: [u8; 32],
    /// When it began.
    pub created_at: Timestamp,
    /// When it was last used, at most a minute behind.
    pub last_used_at: Timestamp,
    /// When it ends, used or not.
    pub expires_at: Timestamp,
}

/// A token as it is stored: only its hash, never the token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredToken {
    /// Its name, unique in the organization.
    pub name: String,
    /// SHA-256 of the token.
    pub hash: [u8; 32],
    /// The scopes it grants.
    pub scopes: Vec<Scope>,
    /// When it was created.
    pub created_at: Timestamp,
    /// Who created it, if known.
    pub created_by: Option<String>,
    /// When it expires; never, when absent.
    pub expires_at: Option<Timestamp>,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
    /// When it was last used, as stored by [`Store::note_token_uses`](crate::store::Store::note_token_uses).
    pub last_used_at: Option<Timestamp>,
}

/// A use of a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenUse {
    /// The token's name.
    pub name: String,
    /// When.
    pub at: Timestamp,
}

/// The outcome for an appended draft.
#[derive(Debug, Clone)]
pub enum Appended {
    /// It is stored, durably.
    New(Arc<Entry>),
    /// An entry with its uuid and the same content exists.
    Known(Arc<Entry>),
    /// An entry with its uuid and different content exists.
    Conflict,
}

/// A query for one page.
#[derive(Debug, Clone)]
pub struct PageRequest {
    /// Which entries.
    pub filter: Filter,
    /// The order.
    pub order: Order,
    /// The most entries to return.
    pub limit: u32,
    /// Only entries after this position.
    pub after: Option<Position>,
    /// Without entries recorded after this id.
    pub as_of: Option<u64>,
}

impl PageRequest {
    /// The first page of the whole log.
    #[must_use]
    pub const fn first(filter: Filter, order: Order, limit: u32) -> Self {
        Self { filter, order, limit, after: None, as_of: None }
    }
}

/// A page, from one consistent snapshot of the store.
#[derive(Debug)]
pub struct PageRead {
    /// The entries.
    pub entries: Entries,
    /// Whether more entries match after these.
    pub more: bool,
    /// The highest id included: the requested bound, or the organization's head.
    pub as_of: u64,
    /// How far earlier prunes reach.
    pub pruned: Option<Pruned>,
}

/// Counts, from one consistent snapshot of the store.
#[derive(Debug, Default)]
pub struct Counted {
    /// How many entries match in all.
    pub total: u64,
    /// The counts, without those that are zero, in no particular order.
    pub counts: Vec<Count>,
    /// How far earlier prunes reach.
    pub pruned: Option<Pruned>,
}

/// The result of looking up an id.
#[derive(Debug)]
pub enum Lookup {
    /// The entry.
    Found(Box<Entry>),
    /// It was pruned.
    Pruned(Prune),
    /// The id was never given out.
    Missing,
}

/// The entries of an organization, split by a cutoff.
#[derive(Debug, Clone, Default)]
pub struct Holdings {
    /// Counts by model type, without those that have no entry.
    pub by_model_type: Vec<ModelTypeCounts>,
    /// The holds that keep expired entries.
    pub held_by: Vec<HeldBy>,
    /// The time of the oldest entry.
    pub oldest: Option<Timestamp>,
    /// The time of the newest entry.
    pub newest: Option<Timestamp>,
    /// The highest id ever given out.
    pub head: u64,
}

impl Holdings {
    /// The names of the holds that keep expired entries.
    #[must_use]
    pub fn hold_names(&self) -> Vec<String> {
        self.held_by.iter().map(|by| by.hold.clone()).collect()
    }
}

/// The latest plausible time that a store has seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClockSeen {
    /// The time.
    pub at: Timestamp,
    /// Whether an operator confirmed the clock.
    pub is_confirmed: bool,
}

/// A prune that holds its organization's lease.
#[derive(Debug, Clone)]
pub struct PruneRun {
    /// Per organization, from 1.
    pub id: u64,
    /// Who runs it.
    pub by: String,
    /// Identifies this run's lease.
    pub holder: String,
    /// When it started.
    pub started_at: Timestamp,
    /// Entries that happened before this are deleted.
    pub cutoff: Timestamp,
    /// Entries recorded after this id are kept, when it is present.
    pub as_of: Option<u64>,
    /// The holds that it keeps to the end, also if they are released meanwhile. It keeps those that are active in any case.
    pub holds: Vec<String>,
    /// The next batch begins after this position, so that no batch visits held entries again.
    pub after: Option<Position>,
}

/// The result of a batch of a prune.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PruneBatch {
    /// The number of deleted entries.
    pub deleted: u64,
    /// The position of the last visited entry; absent when it was the last expired one.
    pub next: Option<Position>,
}

/// Another prune holds the lease.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PruneRunning {
    /// Who runs it.
    pub by: String,
    /// Identifies its lease.
    pub holder: String,
    /// When it started.
    pub started_at: Timestamp,
    /// When its lease expires unless it is renewed.
    pub expires_at: Timestamp,
}

impl PruneRunning {
    /// What is running, since when and for how long: `cron has been pruning since …; its lease expires at … unless renewed`.
    #[must_use]
    pub fn description(&self) -> String {
        let Self { by, started_at, expires_at, .. } = self;
        // An erasure holds the same lease.
        let does = if by.starts_with(ERASURE) { "running" } else { "pruning" };
        format!("{by} has been {does} since {started_at}; its lease expires at {expires_at} unless renewed")
    }
}

/// The first word of an erasure's name in the lease that it shares with prunes.
pub(super) const ERASURE: &str = "erasure ";

/// A range of ids that a prune deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PrunedIds {
    /// The prune.
    pub prune_id: u64,
    /// The first id.
    pub first_id: u64,
    /// The last id.
    pub last_id: u64,
}

/// An organization's history beside its entries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Past {
    /// The highest id ever given out.
    pub head: u64,
    /// All prunes that deleted anything.
    pub prunes: Vec<Prune>,
    /// All deleted ids.
    pub pruned_ids: Vec<PrunedIds>,
    /// All erasures.
    pub erasures: Vec<StoredErasure>,
}

/// An erasure to begin.
#[derive(Debug, Clone)]
pub struct NewErasure {
    /// Who runs it.
    pub by: String,
    /// Why.
    pub reason: String,
    /// How far it goes.
    pub options: ErasureOptions,
    /// Who is erased.
    pub person: Person,
    /// Whether it changes entries that a hold covers.
    pub despite_holds: bool,
}

/// An erasure that holds its organization's lease.
#[derive(Debug, Clone)]
pub struct ErasureRun {
    /// The organization.
    pub org: OrgId,
    /// The erasure, as it was when the run began.
    pub stored: StoredErasure,
    /// Identifies this run's lease.
    pub holder: String,
}

/// What a batch of an erasure did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ErasedBatch {
    /// In how many entries the actor was erased.
    pub actors: u64,
    /// In how many entries the content was erased.
    pub contents: u64,
    /// How many entries a hold kept as they are.
    pub held: u64,
}

/// An erasure as a store keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredErasure {
    /// The record.
    pub erasure: Erasure,
    /// Who is erased, as long as something may name them.
    pub person: Option<Person>,
    /// Whether it changes entries that a hold covers; false when it is finished.
    pub despite_holds: bool,
}

impl StoredErasure {
    /// Erases what the record knows of the person, by its options.
    #[must_use]
    pub fn eraser(&self) -> Eraser {
        // Without a person only the record of the end is missing.
        Eraser::new(self.person.clone().unwrap_or_default(), &self.erasure.label, self.erasure.options)
    }
}

/// An entry that names a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mention {
    /// The entry.
    pub id: u64,
    /// Where it names them.
    pub mentions: Mentions,
    /// Whether the erasure takes the actor part.
    pub actor: bool,
    /// Whether the erasure takes the content part.
    pub content: bool,
    /// The names of the holds that keep the entry.
    pub held: Vec<String>,
}

/// How long a lease holds after it was taken or renewed, in seconds. Each batch renews the lease of its prune.
pub const LEASE_SECONDS: i64 = 60;
