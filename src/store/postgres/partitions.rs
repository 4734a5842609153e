//! The months entries are kept by. Partitions are made some months ahead, and on demand for older entries; one that is
//! empty and expired is dropped. No entry is read here.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Datelike as _, Months, NaiveDate, Utc};
use tokio::time::Instant;
use tokio_postgres::error::SqlState;

use crate::model::entry::Entry;
use crate::model::timestamp::Timestamp;
use crate::store::error::StoreError;
use crate::store::postgres::fault::Fault;
use crate::store::postgres::pool::{Connections, Lent, Twice};
use crate::store::postgres::schema::is_there_already;

/// The first year whose months have partitions; all before has one together, made by the first migration.
const FIRST_YEAR: i32 = 2015;
/// How many months are made ahead of the one in which entries are recorded: months that cannot be made for weeks, such
/// as while shards are moved, then refuse nothing.
const AHEAD: usize = 3;
/// How long making or dropping a month waits for a lock, and how long it may take in all: everybody who records waits
/// behind it meanwhile. On Citus a `lock_timeout` does not reach the workers, but the coordinator cancels there what
/// takes too long here.
const BRIEFLY: &str = "SET LOCAL lock_timeout TO '250ms'; SET LOCAL statement_timeout TO '3s'";
/// How long others go first before a month is tried again.
const PAUSE: Duration = Duration::from_millis(250);
/// How long a month that is needed is tried for.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long months ahead are left alone after they could not be made.
const REST: Duration = Duration::from_secs(60);
/// How often entries are stored again because a month was dropped meanwhile.
const ATTEMPTS: usize = 4;

/// A month that has, or needs, a partition of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Month {
    year: i32,
    month: u32,
}

impl Month {
    /// The month of a time; none when it is too old to have a partition of its own.
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

    /// The first moment, in microseconds.
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

/// The partitions there are, by name.
const LIST: &str = "SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid \
     WHERE i.inhparent = 'entries'::regclass ORDER BY 1";

/// The months known to have a partition, and the making of those that have none.
///
/// Another process may drop a month that is empty. Whoever then meets [`Fault::NoPartition`] forgets all months, so that
/// they are looked up and made again.
pub(super) struct Partitions {
    connections: Arc<Connections>,
    known: Mutex<BTreeSet<Month>>,
    /// Held while months are made, which one task of a process does at a time.
    making: tokio::sync::Mutex<()>,
    /// Held while months are made ahead; until when to leave that alone.
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

    /// Runs work that stores entries once the months in which they happened are there. The work gives nothing when it
    /// found a month dropped meanwhile; then all is done again.
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

    /// Makes the months in which these entries happened, where they are missing.
    ///
    /// Making a month locks out everybody who records. So it waits only a moment for its own locks, lets the others go
    /// first, and tries again.
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
            let made = self.connections.run(Twice::Same, |db| self.make(db, &missing)).await;
            match made {
                Err(StoreError::Locked) if begun.elapsed() < PATIENCE => tokio::time::sleep(PAUSE).await,
                made => return made,
            }
        }
    }

    /// Makes the month in which an entry is recorded and the next ones, in a task of its own: no recording waits for
    /// them or fails with them. After a failure they are left alone for a while.
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
            let made = this.connections.run(Twice::Same, |db| this.make(db, &missing)).await;
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

    /// Makes those of these months that the catalogue does not have.
    async fn make(&self, mut db: Lent, months: &BTreeSet<Month>) -> Result<(), Fault> {
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
            let transaction = db.transaction().await?;
            transaction.batch_execute(BRIEFLY).await?;
            match transaction.batch_execute(&sql).await {
                // Another process made it at the same time.
                Err(error) if is_there_already(&error) => transaction.rollback().await?,
                made => {
                    made?;
                    transaction.commit().await?;
                }
            }
            self.known().insert(month);
        }
        Ok(())
    }

    /// Forgets all months when one of them turned out to have no partition: another process dropped it.
    pub(super) fn or_forget<T>(&self, outcome: Result<T, Fault>) -> Result<Option<T>, Fault> {
        match outcome {
            Err(Fault::NoPartition) => {
                self.known().clear();
                Ok(None)
            }
            outcome => outcome.map(Some),
        }
    }
}

/// Drops the partitions that lie before `cutoff` and hold nothing any more, of no organization: their space is back at
/// once. Where others are at work it waits only a moment and leaves the partition to the next prune.
pub(super) async fn drop_empty(mut db: Lent, cutoff: Timestamp) -> Result<(), Fault> {
    for row in db.query(LIST, &[]).await? {
        let name: String = row.try_get(0)?;
        let Some(month) = Month::of_table(&name).filter(|month| month.next().start() <= cutoff.micros())
        else {
            continue;
        };
        match drop_if_empty(&mut db, month).await {
            Err(Fault::Final(StoreError::Locked)) => {}
            dropped => dropped?,
        }
    }
    Ok(())
}

async fn drop_if_empty(db: &mut Lent, month: Month) -> Result<(), Fault> {
    let table = month.table();
    let any = format!("SELECT EXISTS (SELECT 1 FROM {table})");
    // Asked first without a lock: what is in use is left alone, and what is empty is then asked again quickly.
    match db.query_one(&any, &[]).await {
        Err(error) if error.code() == Some(&SqlState::UNDEFINED_TABLE) => return Ok(()),
        row if row.as_ref().is_ok_and(|row| row.get(0)) => return Ok(()),
        row => drop(row?),
    }
    let transaction = db.transaction().await?;
    // The parent first, as everybody does who records.
    transaction.batch_execute(BRIEFLY).await?;
    transaction.batch_execute("LOCK TABLE ONLY entries IN ACCESS EXCLUSIVE MODE").await?;
    if !transaction.query_one(&any, &[]).await?.try_get::<_, bool>(0)? {
        transaction.batch_execute(&format!("DROP TABLE IF EXISTS {table}")).await?;
    }
    Ok(transaction.commit().await?)
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
    fn what_happened_before_has_no_month_and_the_last_month_has_an_end() {
        assert_eq!(month("2014-12-31T23:59:59.999999Z"), None);
        let last = Month::of(Timestamp::MAX).expect("a month");
        assert!(last.next().start() > Timestamp::MAX.micros());
        assert_eq!(Month::of_table("entries_early"), None);
    }
}
