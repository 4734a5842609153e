//! The monthly partitions of entries. They are created some months ahead, and on demand for older entries; empty expired
//! ones are dropped. No entry is read here.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Datelike as _, Months, NaiveDate, Utc};
use deadpool_postgres::Object;
use tokio::time::Instant;
use tokio_postgres::error::SqlState;

use crate::model::entry::Entry;
use crate::model::timestamp::Timestamp;
use crate::store::error::StoreError;
use crate::store::postgres::error::DatabaseError;
use crate::store::postgres::pool::{Connection, Connections};
use crate::store::postgres::schema::is_there_already;
use crate::store::postgres::session::in_transaction;
use crate::store::session::Retry;

/// The first year with monthly partitions. Earlier entries share one, which the first migration creates.
const FIRST_YEAR: i32 = 2015;
/// How many months are created ahead. So recording continues even if no partition can be created for weeks, such as while
/// shards are moved.
const AHEAD: usize = 3;
/// How long creating or dropping a partition waits for a lock, and may take in all: recorders wait meanwhile. On Citus a
/// `lock_timeout` does not reach the workers, but the coordinator cancels statements there that take too long here.
const BRIEFLY: &str = "SET LOCAL lock_timeout TO '250ms'; SET LOCAL statement_timeout TO '3s'";
/// The pause before another attempt, in which others proceed.
const PAUSE: Duration = Duration::from_millis(250);
/// How long a needed partition is attempted.
const PATIENCE: Duration = Duration::from_secs(5);
/// The pause after partitions could not be created ahead.
const REST: Duration = Duration::from_secs(60);
/// How often storing entries is attempted when a partition was dropped meanwhile.
const ATTEMPTS: usize = 4;

/// A month with its own partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Month {
    year: i32,
    month: u32,
}

impl Month {
    /// The month of a time; none if it is before [`FIRST_YEAR`].
    fn of(at: Timestamp) -> Option<Self> {
        let date = at.datetime();
        (date.year() >= FIRST_YEAR).then(|| Self { year: date.year(), month: date.month() })
    }

    fn first_day(self) -> NaiveDate {
        NaiveDate::from_ymd_opt(self.year, self.month, 1).unwrap_or_default()
    }

    fn next(self) -> Self {
        let next = self.first_day().checked_add_months(Months::new(1)).unwrap_or(NaiveDate::MAX);
        Self { year: next.year(), month: next.month() }
    }

    /// The start, in microseconds.
    fn start(self) -> i64 {
        let midnight = self.first_day().and_hms_opt(0, 0, 0).unwrap_or_default();
        DateTime::<Utc>::from_naive_utc_and_offset(midnight, Utc).timestamp_micros()
    }

    fn table(self) -> String {
        format!("entries_{:04}_{:02}", self.year, self.month)
    }

    /// The month of a partition's name.
    fn of_table(name: &str) -> Option<Self> {
        let (year, month) = name.strip_prefix("entries_")?.split_once('_')?;
        Some(Self { year: year.parse().ok()?, month: month.parse().ok()? })
    }
}

/// All partitions, by name.
const LIST: &str = "SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid \
     WHERE i.inhparent = 'entries'::regclass ORDER BY 1";

/// Creates partitions, and remembers which exist.
///
/// Another process may drop an empty one. After [`DatabaseError::NoPartition`] all are forgotten, looked up and created
/// again.
pub(super) struct Partitions {
    connections: Arc<Connections>,
    known: Mutex<BTreeSet<Month>>,
    /// Held while partitions are created: one task at a time does it.
    making: tokio::sync::Mutex<()>,
    /// Held while partitions are created ahead; holds the end of the pause after a failure.
    ahead: Arc<tokio::sync::Mutex<Option<Instant>>>,
}

impl Partitions {
    pub(super) fn new(connections: Arc<Connections>) -> Self {
        Self {
            connections,
            known: Mutex::default(),
            making: tokio::sync::Mutex::default(),
            ahead: Arc::default(),
        }
    }

    fn known(&self) -> MutexGuard<'_, BTreeSet<Month>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn unknown(&self, months: impl Iterator<Item = Month>) -> BTreeSet<Month> {
        let known = self.known();
        months.filter(|month| !known.contains(month)).collect()
    }

    /// Creates missing partitions and then runs work that stores entries. The work returns none if a partition was
    /// dropped meanwhile; then both are repeated.
    pub(super) async fn store<'a, T, F>(
        &self,
        entries: impl Iterator<Item = &'a Entry> + Clone,
        work: impl Fn() -> F,
    ) -> Result<T, StoreError>
    where
        F: Future<Output = Result<Option<T>, StoreError>>,
    {
        for _ in 0..ATTEMPTS {
            self.ensure(entries.clone()).await?;
            if let Some(done) = work().await? {
                return Ok(done);
            }
        }
        Err(StoreError::Locked)
    }

    /// Creates the missing partitions of these entries.
    ///
    /// This locks out recorders. So it waits only a moment for its locks, lets others proceed, and tries again.
    pub(super) async fn ensure<'a>(
        &self,
        entries: impl Iterator<Item = &'a Entry>,
    ) -> Result<(), StoreError> {
        let missing = self.unknown(entries.filter_map(|entry| Month::of(entry.occurred_at)));
        if missing.is_empty() {
            return Ok(());
        }
        let begun = Instant::now();
        let alone = tokio::time::timeout(PATIENCE, self.making.lock()).await;
        let _alone = alone.map_err(|_| StoreError::Locked)?;
        loop {
            let made = self.connections.run(Retry::Always, |db| self.make(db, &missing)).await;
            match made {
                Err(StoreError::Locked) if begun.elapsed() < PATIENCE => tokio::time::sleep(PAUSE).await,
                made => return made,
            }
        }
    }

    /// Creates the partitions of the current and the next months in the background: no recording waits for them or fails
    /// with them. After a failure, this pauses for a while.
    pub(super) fn make_ahead(self: &Arc<Self>, recorded_at: Timestamp) {
        let Some(first) = Month::of(recorded_at) else { return };
        let months = std::iter::successors(Some(first), |month| Some(month.next())).take(AHEAD + 1);
        let missing = self.unknown(months);
        if missing.is_empty() {
            return;
        }
        let Ok(mut rest) = Arc::clone(&self.ahead).try_lock_owned() else { return };
        if rest.is_some_and(|until| Instant::now() < until) {
            return;
        }
        let this = Arc::clone(self);
        tokio::spawn(async move {
            let made = this.connections.run(Retry::Always, |db| this.make(db, &missing)).await;
            *rest = made.is_err().then(|| Instant::now() + REST);
            match made {
                Ok(()) | Err(StoreError::Closed) => {}
                Err(error) => tracing::warn!(
                    %error,
                    "cannot make the partitions of the next months yet; trying again in {} s",
                    REST.as_secs()
                ),
            }
        });
    }

    /// Creates the partitions that the catalogue lacks.
    async fn make(&self, db: Connection, months: &BTreeSet<Month>) -> Result<(), DatabaseError> {
        let there = db.query(LIST, &[]).await?;
        let there = there.iter().map(|row| row.try_get(0)).collect::<Result<Vec<&str>, _>>()?;
        self.known().extend(there.into_iter().filter_map(Month::of_table));
        for month in self.unknown(months.iter().copied()) {
            let sql = format!(
                "CREATE TABLE IF NOT EXISTS {} PARTITION OF entries FOR VALUES FROM ({}) TO ({})",
                month.table(),
                month.start(),
                month.next().start()
            );
            let make = async {
                db.batch_execute(BRIEFLY).await?;
                db.batch_execute(&sql).await.or_else(|error| {
                    // Another process made it at the same time: the commit undoes this attempt.
                    if is_there_already(&error) { Ok(()) } else { Err(DatabaseError::from(error)) }
                })
            };
            in_transaction(&db, make).await?;
            self.known().insert(month);
        }
        Ok(())
    }

    /// Forgets all partitions when one is missing, because another process dropped it.
    pub(super) fn or_forget<T>(&self, outcome: Result<T, DatabaseError>) -> Result<Option<T>, DatabaseError> {
        match outcome {
            Err(DatabaseError::NoPartition) => {
                self.known().clear();
                Ok(None)
            }
            outcome => outcome.map(Some),
        }
    }
}

/// Drops the partitions before `cutoff` that are empty for all organizations, which frees their space at once. A
/// partition in use is left to the next prune.
pub(super) async fn drop_empty(db: Connection, cutoff: Timestamp) -> Result<(), DatabaseError> {
    for row in db.query(LIST, &[]).await? {
        let name: String = row.try_get(0)?;
        let Some(month) = Month::of_table(&name).filter(|month| month.next().start() <= cutoff.micros())
        else {
            continue;
        };
        match drop_if_empty(&db, month).await {
            Err(DatabaseError::Final(StoreError::Locked)) => {}
            dropped => dropped?,
        }
    }
    Ok(())
}

async fn drop_if_empty(db: &Object, month: Month) -> Result<(), DatabaseError> {
    let table = month.table();
    let any = format!("SELECT EXISTS (SELECT 1 FROM {table})");
    // Check first without a lock: a partition in use is skipped. Check an empty one again under the lock.
    match db.query_one(&any, &[]).await {
        Err(error) if error.code() == Some(&SqlState::UNDEFINED_TABLE) => return Ok(()),
        row if row.as_ref().is_ok_and(|row| row.get(0)) => return Ok(()),
        row => drop(row?),
    }
    in_transaction(db, async {
        // The parent first, as every recorder does.
        db.batch_execute(BRIEFLY).await?;
        db.batch_execute("LOCK TABLE ONLY entries IN ACCESS EXCLUSIVE MODE").await?;
        if !db.query_one(&any, &[]).await?.try_get::<_, bool>(0)? {
            db.batch_execute(&format!("DROP TABLE IF EXISTS {table}")).await?;
        }
        Ok(())
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn month(text: &str) -> Option<Month> {
        Month::of(text.parse().expect(text))
    }

    #[test]
    fn months_follow_each_other_without_a_gap() {
        let mut month = month("2015-01-01T00:00:00Z").expect("the first");
        assert_eq!(month.start(), 1_420_070_400_000_000, "where the migration's partition ends");
        for _ in 0..200 {
            let last = Timestamp::from_micros(month.next().start() - 1).expect("a moment");
            assert_eq!(Month::of(last), Some(month));
            assert_eq!(Month::of_table(&month.table()), Some(month));
            month = month.next();
        }
        assert_eq!(month.table(), "entries_2031_09");
    }

    #[test]
    fn times_before_the_first_month_have_no_partition() {
        assert_eq!(month("2014-12-31T23:59:59.999999Z"), None);
        let last = Month::of(Timestamp::MAX).expect("a month");
        assert!(last.next().start() > Timestamp::MAX.micros());
        assert_eq!(Month::of_table("entries_early"), None);
    }
}
