//! The months entries are kept by. A partition is made before it is needed, by whoever records first in the month
//! before, and on demand for older entries; one that is empty and expired is dropped. No entry is read here.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, Datelike as _, Months, NaiveDate, Utc};
use deadpool_postgres::Object;
use tokio_postgres::error::SqlState;

use crate::model::entry::Entry;
use crate::model::timestamp::Timestamp;
use crate::store::postgres::fault::Fault;
use crate::store::postgres::schema::is_there_already;

/// The first year whose months have partitions; all before has one together, made by the first migration.
const FIRST_YEAR: i32 = 2015;

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

/// The months known to have a partition. Another process may drop one that is empty; whoever then finds none forgets
/// all and asks again.
#[derive(Default)]
pub(super) struct Partitions(Mutex<BTreeSet<Month>>);

impl Partitions {
    /// Months these entries need and that are not known to be there: their own, and the one after that in which they
    /// are recorded, so that the first recording of a month finds its partition made.
    pub(super) fn missing<'a>(&self, entries: impl Iterator<Item = &'a Entry>) -> Missing {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let months = entries.flat_map(|entry| {
            let recorded = Month::of(entry.recorded_at);
            [Month::of(entry.occurred_at), recorded, recorded.map(Month::next)]
        });
        Missing(months.flatten().filter(|month| !known.contains(month)).collect())
    }

    /// Makes them.
    pub(super) async fn make(&self, db: &Object, missing: Missing) -> Result<(), Fault> {
        for month in missing.0 {
            let sql = format!(
                "CREATE TABLE IF NOT EXISTS {} PARTITION OF entries FOR VALUES FROM ({}) TO ({})",
                month.table(),
                month.start(),
                month.next().start()
            );
            match db.batch_execute(&sql).await {
                Err(error) if is_there_already(&error) => {}
                made => made?,
            }
            self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(month);
        }
        Ok(())
    }

    /// Where a month had no partition after all, another process dropped it empty: knows of none any more, so that it
    /// is made again when all is done again.
    pub(super) fn or_forget(&self, fault: Fault) -> Fault {
        if !matches!(fault, Fault::NoPartition) {
            return fault;
        }
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
        Fault::Undone("a month lost its partition".to_owned())
    }
}

/// Months without a known partition.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Missing(BTreeSet<Month>);

/// Drops the partitions that lie before `cutoff` and hold nothing any more, of no organization: their space is back at
/// once. Where others are at work it waits only a moment and leaves the partition to the next prune.
pub(super) async fn drop_empty(mut db: Object, cutoff: Timestamp) -> Result<(), Fault> {
    let children = "SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid \
                    WHERE i.inhparent = 'entries'::regclass ORDER BY 1";
    for row in db.query(children, &[]).await? {
        let name: String = row.try_get(0)?;
        let Some(month) = Month::of_table(&name).filter(|month| month.next().start() <= cutoff.micros())
        else {
            continue;
        };
        match drop_if_empty(&mut db, month).await {
            Err(Fault::Final(crate::store::error::StoreError::Locked)) => {}
            dropped => dropped?,
        }
    }
    Ok(())
}

async fn drop_if_empty(db: &mut Object, month: Month) -> Result<(), Fault> {
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
    transaction
        .batch_execute("SET LOCAL lock_timeout TO '500ms'; LOCK TABLE ONLY entries IN ACCESS EXCLUSIVE MODE")
        .await?;
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
