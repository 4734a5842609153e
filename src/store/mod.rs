//! The store of entries: one port for all engines.
//!
//! Every call names its organization; only operators' reports span several. A store keeps, finds and deletes entries. It
//! validates and redacts nothing, and knows no HTTP.

mod accounts;
mod codes;
pub mod condition;
mod copy;
mod database;
mod decode;
mod dialect;
pub mod entries;
pub mod error;
mod facets;
mod leases;
mod opening;
mod pages;
mod postgres;
mod prunes;
mod rollup;
mod session;
mod sqlite;
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
    /// The number, which binds a cursor to its organization.
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
    /// Its plan, and how long entries are kept.
    pub retention: Retention,
    /// When it was created.
    pub created_at: Timestamp,
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
    /// When it was last used, as stored by [`Store::note_token_uses`].
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
    New(Box<Entry>),
    /// An entry with its uuid and the same content exists.
    Known(Box<Entry>),
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
    /// The time of the oldest entry.
    pub oldest: Option<Timestamp>,
    /// The time of the newest entry.
    pub newest: Option<Timestamp>,
    /// The highest id ever given out.
    pub head: u64,
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
}

/// How long a lease holds after it was taken or renewed, in seconds. Each batch renews the lease of its prune.
pub const LEASE_SECONDS: i64 = 60;

/// When a lease expires that is taken or renewed now, in microseconds.
fn lease_end(now: Timestamp) -> i64 {
    now.plus(chrono::TimeDelta::seconds(LEASE_SECONDS)).micros()
}

/// The latest expiry that a lease can have now, in microseconds. A lease that expires later was taken by a clock that was
/// ahead, and is ignored: otherwise it would hold until that time.
fn latest_lease_end(now: Timestamp) -> i64 {
    now.plus(chrono::TimeDelta::seconds(LEASE_SECONDS + MAX_CLOCK_SKEW_SECONDS)).micros()
}

/// How far the clocks of servers on one store may differ, in seconds.
const MAX_CLOCK_SKEW_SECONDS: i64 = 300;

/// A store of entries. Many tasks may call it at once.
#[async_trait]
pub trait Store: Send + Sync + 'static {
    /// Appends drafts in order, in one commit that is durable when this returns. With `atomic`, a single conflict
    /// stores nothing; the result then says what each draft would have become.
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
    /// Counts entries up to `as_of` by slots of time and by values. The rollup may answer in place of the entries.
    async fn counts(&self, org: OrgId, query: StatsQuery, as_of: Option<u64>) -> Result<Counted, StoreError>;
    /// Counts expired and kept entries at `cutoff`.
    async fn holdings(&self, org: OrgId, cutoff: Timestamp) -> Result<Holdings, StoreError>;

    /// Takes the organization's prune lease.
    async fn begin_prune(
        &self,
        org: OrgId,
        by: String,
        cutoff: Timestamp,
        now: Timestamp,
    ) -> Result<Result<PruneRun, PruneRunning>, StoreError>;
    /// Deletes up to `limit` expired entries, oldest first, records it in the same commit, and renews the lease.
    /// Returns the number of deleted entries.
    async fn prune_batch(
        &self,
        org: OrgId,
        run: PruneRun,
        limit: u32,
        now: Timestamp,
    ) -> Result<u64, StoreError>;
    /// Ends a prune: releases its lease and frees its space. Returns its record if it deleted anything.
    async fn finish_prune(
        &self,
        org: OrgId,
        run: PruneRun,
        complete: bool,
        now: Timestamp,
    ) -> Result<Option<Prune>, StoreError>;
    /// Whether the text of deleted entries has left the store's files. False while a reader needs it, and on PostgreSQL,
    /// which decides by itself.
    async fn is_purged(&self) -> bool;
    /// All prunes that deleted anything, newest first.
    async fn prunes(&self, org: OrgId) -> Result<Vec<Prune>, StoreError>;
    /// The first of [`Store::prunes`].
    async fn last_prune(&self, org: OrgId) -> Result<Option<Prune>, StoreError>;

    /// Takes or renews a lease, unless another holder has it. Returns whether the holder has it now.
    async fn hold_lease(
        &self,
        org: OrgId,
        name: &'static str,
        holder: String,
        now: Timestamp,
    ) -> Result<bool, StoreError>;
    /// Releases a lease, if the holder has it.
    async fn release_lease(&self, org: OrgId, name: &'static str, holder: String) -> Result<(), StoreError>;

    /// The latest plausible time that was noted with this organization.
    async fn clock_seen(&self, org: OrgId) -> Result<Option<ClockSeen>, StoreError>;
    /// Stores the time with this organization. A confirmed time replaces any other; an unconfirmed one only earlier ones.
    async fn note_clock(&self, org: OrgId, seen: ClockSeen) -> Result<(), StoreError>;

    /// Reads the organization's history beside its entries.
    async fn past(&self, org: OrgId) -> Result<Past, StoreError>;
    /// Copies entries of another store unchanged, in id order, in one commit. Entries up to the head exist already. They
    /// were redacted when they were recorded.
    async fn restore_entries(&self, org: OrgId, entries: Vec<Entry>) -> Result<(), StoreError>;
    /// Copies the history of another store, and deletes the entries that it lists as pruned.
    async fn restore_past(&self, org: OrgId, past: Past) -> Result<(), StoreError>;

    /// Every organization, by slug: an operator's report.
    async fn organizations(&self) -> Result<Vec<Organization>, StoreError>;
    /// Creates an organization.
    async fn create_organization(
        &self,
        slug: String,
        retention: Retention,
        now: Timestamp,
    ) -> Result<Organization, StoreError>;
    /// Changes an organization's plan and retention.
    async fn set_retention(&self, org: OrgId, retention: Retention) -> Result<(), StoreError>;
    /// Stores a token.
    async fn create_token(&self, org: OrgId, token: StoredToken) -> Result<(), StoreError>;
    /// Every token of an organization, by name.
    async fn tokens(&self, org: OrgId) -> Result<Vec<StoredToken>, StoreError>;
    /// Revokes a token permanently.
    async fn revoke_token(&self, org: OrgId, name: String, now: Timestamp) -> Result<(), StoreError>;
    /// Stores when tokens were last used. The latest time is kept; unknown names are ignored.
    async fn note_token_uses(&self, org: OrgId, uses: Vec<TokenUse>) -> Result<(), StoreError>;
    /// The tokens whose hash begins like this one, with their organizations: the caller compares the whole hash.
    async fn find_tokens(&self, hash: [u8; 32]) -> Result<Vec<(StoredToken, Organization)>, StoreError>;

    /// Succeeds when the store can be reached, and written if the last write failed.
    async fn ready(&self) -> Result<(), StoreError>;
    /// Checks the whole store for damage. PostgreSQL checks its own.
    async fn check(&self) -> Result<(), StoreError>;
    /// Whether a check or a read found damage since the store was opened.
    fn is_damaged(&self) -> bool;
    /// The size of the write-ahead log in bytes; absent where the store has none.
    fn log_bytes(&self) -> Option<u64>;
    /// Finishes running work and closes the store. Later calls fail with [`StoreError::Closed`].
    async fn close(&self);
}
