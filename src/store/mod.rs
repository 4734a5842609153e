//! Where entries are kept: a small port with one meaning, whatever engine is behind it.
//!
//! Every call names the organization it is about; there is no way to ask across organizations but the operator's
//! reports. A store keeps, finds and deletes; it judges nothing, redacts nothing and knows no HTTP.

mod accounts;
mod codes;
pub mod condition;
mod copy;
mod decode;
mod dialect;
pub mod entries;
pub mod error;
mod facets;
mod leases;
mod opening;
mod pages;
pub mod postgres;
mod prunes;
mod rollup;
mod session;
pub mod sqlite;
mod stats;

use async_trait::async_trait;

use crate::model::draft::Draft;
use crate::model::entry::Entry;
use crate::model::facets::Facets;
use crate::model::filter::Filter;
use crate::model::page::{Order, Position};
use crate::model::plan::Retention;
use crate::model::prune::Pruned;
use crate::model::prune::{ModelTypeCounts, Prune};
use crate::model::stats::{Count, StatsQuery};
use crate::model::timestamp::Timestamp;
use crate::model::words::Scope;
use crate::store::entries::Entries;
use crate::store::error::StoreError;

pub use crate::store::opening::{backup, lock_for_serving, open, open_in_memory, without_password};
pub use crate::store::sqlite::ServeLock;

/// An organization's number. Only a store makes one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct OrgId(i64);

impl OrgId {
    /// The number, for what binds a cursor to its organization.
    #[must_use]
    pub const fn number(self) -> i64 {
        self.0
    }
}

/// An organization as the operator set it up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Organization {
    /// Its number.
    pub id: OrgId,
    /// Its name in commands and URLs.
    pub slug: String,
    /// What it promises to keep.
    pub retention: Retention,
    /// When it was made.
    pub created_at: Timestamp,
}

/// A token as it is kept: never the token, only its hash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredToken {
    /// Its name, unique in the organization.
    pub name: String,
    /// SHA-256 of the token.
    pub hash: [u8; 32],
    /// What it may do.
    pub scopes: Vec<Scope>,
    /// When it was made.
    pub created_at: Timestamp,
    /// Who made it, as far as is known.
    pub created_by: Option<String>,
    /// When it ends; never, when absent.
    pub expires_at: Option<Timestamp>,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
    /// When it last opened anything, as far as that was kept by [`Store::note_token_uses`].
    pub last_used_at: Option<Timestamp>,
}

/// A token was used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenUse {
    /// The token's name.
    pub name: String,
    /// When.
    pub at: Timestamp,
}

/// What became of a draft.
#[derive(Debug, Clone)]
pub enum Appended {
    /// It is stored, durably.
    New(Box<Entry>),
    /// Its uuid was there already, with the same content.
    Known(Box<Entry>),
    /// Its uuid was there already, with other content.
    Conflict,
}

/// What a read asks for.
#[derive(Debug, Clone)]
pub struct PageRequest {
    /// Which entries.
    pub filter: Filter,
    /// In which order.
    pub order: Order,
    /// At most how many.
    pub limit: u32,
    /// From behind this entry on.
    pub after: Option<Position>,
    /// Without entries recorded after this id.
    pub as_of: Option<u64>,
}

/// What a read gives, from one consistent picture of the store.
#[derive(Debug)]
pub struct PageRead {
    /// The entries.
    pub entries: Entries,
    /// Whether more match behind them.
    pub more: bool,
    /// The upper bound that held: the one asked for, or the organization's head.
    pub as_of: u64,
    /// What was pruned before.
    pub pruned: Option<Pruned>,
}

/// What was counted, from one consistent picture of the store.
#[derive(Debug, Default)]
pub struct Counted {
    /// How many entries match in all.
    pub total: u64,
    /// The counts, without those that are zero, in no particular order.
    pub counts: Vec<Count>,
    /// What was pruned before.
    pub pruned: Option<Pruned>,
}

/// What lies under an id.
#[derive(Debug)]
pub enum Lookup {
    /// The entry.
    Found(Box<Entry>),
    /// It was pruned.
    Pruned(Prune),
    /// The id was never given out.
    Missing,
}

/// What an organization holds, seen from a cutoff.
#[derive(Debug, Clone, Default)]
pub struct Holdings {
    /// Counts by model type, without those that have no entry.
    pub by_model_type: Vec<ModelTypeCounts>,
    /// When the oldest entry happened.
    pub oldest: Option<Timestamp>,
    /// When the newest entry happened.
    pub newest: Option<Timestamp>,
    /// The highest id ever given out.
    pub head: u64,
}

/// The latest time a store has seen on a clock that was found plausible.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClockSeen {
    /// The time.
    pub at: Timestamp,
    /// Whether an operator said that the clock was right.
    pub is_confirmed: bool,
}

/// A prune that holds its organization's lease.
#[derive(Debug, Clone)]
pub struct PruneRun {
    /// Per organization, from 1.
    pub id: u64,
    /// Who runs it.
    pub by: String,
    /// What tells this run's lease from another's.
    pub holder: String,
    /// When it began.
    pub started_at: Timestamp,
    /// Entries that happened before this go.
    pub cutoff: Timestamp,
    /// Entries recorded after this id stay, when it is given.
    pub as_of: Option<u64>,
}

/// Another prune holds the lease.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PruneRunning {
    /// Who runs it.
    pub by: String,
    /// What tells its lease from another's.
    pub holder: String,
    /// Since when.
    pub started_at: Timestamp,
    /// When its lease ends unless it is renewed.
    pub expires_at: Timestamp,
}

/// Which prune took which ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PrunedIds {
    /// The prune.
    pub prune_id: u64,
    /// The first of a run of ids.
    pub first_id: u64,
    /// The last of them.
    pub last_id: u64,
}

/// What an organization was, beside its entries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Past {
    /// The highest id ever given out.
    pub head: u64,
    /// All prunes that deleted anything.
    pub prunes: Vec<Prune>,
    /// All ids that are gone.
    pub pruned_ids: Vec<PrunedIds>,
}

/// How long a lease holds after it was taken or renewed, as a prune's is by each batch; in seconds.
pub const LEASE_SECONDS: i64 = 60;

/// When a lease taken or renewed now ends.
fn lease_end(now: Timestamp) -> i64 {
    now.plus(chrono::TimeDelta::seconds(LEASE_SECONDS)).micros()
}

/// Until when a lease counts at most, seen from now. One that ends later was taken by a clock that was ahead: it is no
/// lease any more, or it would hold until that time has really come.
fn latest_lease_end(now: Timestamp) -> i64 {
    now.plus(chrono::TimeDelta::seconds(LEASE_SECONDS + MAX_CLOCK_SKEW_SECONDS)).micros()
}

/// How far the clocks of servers on one store may lie apart.
const MAX_CLOCK_SKEW_SECONDS: i64 = 300;

/// A place that keeps entries. All calls may come from many tasks at once.
#[async_trait]
pub trait Store: Send + Sync + 'static {
    /// Appends drafts in order, in one commit that is durable when this returns. With `atomic` a single conflict
    /// stores nothing; the answers then say what each draft would have become.
    async fn append(&self, org: OrgId, drafts: Vec<Draft>, atomic: bool)
    -> Result<Vec<Appended>, StoreError>;
    /// Reads one page.
    async fn page(&self, org: OrgId, request: PageRequest) -> Result<PageRead, StoreError>;
    /// Looks up one entry.
    async fn entry(&self, org: OrgId, id: u64) -> Result<Lookup, StoreError>;
    /// Counts all entries that match, up to `as_of`.
    async fn count(&self, org: OrgId, filter: Filter, as_of: u64) -> Result<u64, StoreError>;
    /// Counts entries by action, model type, user and day.
    async fn facets(&self, org: OrgId, filter: Filter) -> Result<Facets, StoreError>;
    /// Counts entries up to `as_of` by slots of time and by values: a kept sum may answer in place of the entries.
    async fn counts(
        &self,
        org: OrgId,
        counting: StatsQuery,
        as_of: Option<u64>,
    ) -> Result<Counted, StoreError>;
    /// Counts what has expired at `cutoff` and what stays.
    async fn holdings(&self, org: OrgId, cutoff: Timestamp) -> Result<Holdings, StoreError>;

    /// Takes the organization's prune lease.
    async fn begin_prune(
        &self,
        org: OrgId,
        by: String,
        cutoff: Timestamp,
        now: Timestamp,
    ) -> Result<Result<PruneRun, PruneRunning>, StoreError>;
    /// Deletes up to `limit` expired entries, oldest first, and keeps account of them, in one commit; renews the
    /// lease. Returns how many went.
    async fn prune_batch(
        &self,
        org: OrgId,
        run: PruneRun,
        limit: u32,
        now: Timestamp,
    ) -> Result<u64, StoreError>;
    /// Ends a prune: gives the lease and the space back. Returns its record, when it deleted anything.
    async fn finish_prune(
        &self,
        org: OrgId,
        run: PruneRun,
        complete: bool,
        now: Timestamp,
    ) -> Result<Option<Prune>, StoreError>;
    /// Whether the text of deleted entries has left the store's files. False while a reader still needs it, and where
    /// the database decides when it goes.
    async fn is_purged(&self) -> bool {
        false
    }
    /// All prunes that deleted anything, newest first.
    async fn prunes(&self, org: OrgId) -> Result<Vec<Prune>, StoreError>;
    /// The first of [`Store::prunes`].
    async fn last_prune(&self, org: OrgId) -> Result<Option<Prune>, StoreError>;

    /// Takes or renews a lease, and tells whether the holder has it now: not, while another's has not ended.
    async fn hold_lease(
        &self,
        org: OrgId,
        name: &'static str,
        holder: String,
        now: Timestamp,
    ) -> Result<bool, StoreError>;
    /// Gives a lease back, if the holder has it.
    async fn release_lease(&self, org: OrgId, name: &'static str, holder: String) -> Result<(), StoreError>;

    /// The latest plausible time that was noted with this organization.
    async fn clock_seen(&self, org: OrgId) -> Result<Option<ClockSeen>, StoreError>;
    /// Notes the time with this organization. One that was confirmed replaces any other, the rest only earlier ones.
    async fn note_clock(&self, org: OrgId, seen: ClockSeen) -> Result<(), StoreError>;

    /// What the organization was, beside its entries.
    async fn past(&self, org: OrgId) -> Result<Past, StoreError>;
    /// Takes over entries of another store as they are, in id order, in one commit; those up to the head are there
    /// already. They were redacted before that store took them.
    async fn restore_entries(&self, org: OrgId, entries: Vec<Entry>) -> Result<(), StoreError>;
    /// Takes over the rest; entries that are gone according to it go.
    async fn restore_past(&self, org: OrgId, past: Past) -> Result<(), StoreError>;

    /// Every organization, by slug: an operator's report.
    async fn organizations(&self) -> Result<Vec<Organization>, StoreError>;
    /// Makes an organization.
    async fn create_organization(
        &self,
        slug: String,
        retention: Retention,
        now: Timestamp,
    ) -> Result<Organization, StoreError>;
    /// Changes what an organization promises to keep.
    async fn set_retention(&self, org: OrgId, retention: Retention) -> Result<(), StoreError>;
    /// Keeps a token.
    async fn create_token(&self, org: OrgId, token: StoredToken) -> Result<(), StoreError>;
    /// Every token of an organization, by name.
    async fn tokens(&self, org: OrgId) -> Result<Vec<StoredToken>, StoreError>;
    /// Revokes a token, at once and for good.
    async fn revoke_token(&self, org: OrgId, name: String, now: Timestamp) -> Result<(), StoreError>;
    /// Keeps when tokens were last used. The latest moment counts, whoever tells it; a name that is not there is nothing.
    async fn note_token_uses(&self, org: OrgId, uses: Vec<TokenUse>) -> Result<(), StoreError>;
    /// The tokens whose hash begins like this one, with their organizations: the caller compares the whole hash.
    async fn find_tokens(&self, hash: [u8; 32]) -> Result<Vec<(StoredToken, Organization)>, StoreError>;

    /// Answers when the store can be reached, and written if the last write failed.
    async fn ready(&self) -> Result<(), StoreError>;
    /// Looks through the whole store for damage, where that is not the database's own work.
    async fn check(&self) -> Result<(), StoreError> {
        Ok(())
    }
    /// Whether damage was found since the store was opened, by a check or by a read.
    fn is_damaged(&self) -> bool {
        false
    }
    /// How many bytes the write-ahead log has, where the store keeps one.
    fn log_bytes(&self) -> Option<u64> {
        None
    }
    /// Finishes what was begun and closes the store's files. Calls after it fail as closed.
    async fn close(&self);
}
