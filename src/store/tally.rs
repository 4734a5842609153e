//! Counting from sums: how many entries an organization holds by day, model type, action, channel and user, kept with
//! the entries in the same transactions. From a filter to the statement that reads them; engines differ in a few words.
//!
//! Sums run a little behind, so that a batch is added at once. What they lack (the newest entries, the days of which a
//! window takes a part) or have too many of (entries behind an older bound) is counted entry by entry and added in the
//! same statement, so that the result is exact whatever happens meanwhile.

use crate::model::filter::Filter;
use crate::model::timestamp::Timestamp;
use crate::store::OrgId;
use crate::store::condition::{Condition, Parameter};

/// Microseconds of a day.
pub(super) const DAY: i64 = 86_400_000_000;
/// The day that stands for all of them.
pub(super) const EVER: i64 = -1;
/// How many entries may be behind the sums before they are added: few enough to be counted one by one.
pub(super) const MOST_BEHIND: u64 = 2048;

/// What is an engine's own.
pub(super) struct Dialect {
    /// The table, read in the order of ids.
    pub(super) by_id: &'static str,
    /// The column ids are compared by.
    pub(super) id: &'static str,
    /// Up to which the sums reach; the `?` is the organization.
    pub(super) tallied: &'static str,
    /// An id as the column holds it.
    pub(super) bound: fn(OrgId, u64) -> i64,
}

/// What is to be counted.
pub(super) struct Asked<'a> {
    pub(super) org: OrgId,
    pub(super) filter: &'a Filter,
    /// The users the filter means; any, when absent.
    pub(super) user_refs: Option<&'a [i64]>,
    pub(super) as_of: u64,
    /// The organization's highest id.
    pub(super) head: u64,
    /// Whether the counts of each day are wanted, and not only their sums.
    pub(super) by_day: bool,
}

impl Asked<'_> {
    /// A statement of rows `day, model_type, action, via, user_ref, n`, whose `n` add up to the counts; none where the
    /// filter or its window is narrower than the sums.
    pub(super) fn rows(&self, dialect: &Dialect) -> Option<Condition> {
        let Filter { since, until, .. } = *self.filter;
        if !self.filter.is_tallied() {
            return None;
        }
        let first = since.map(|since| since.micros().div_euclid(DAY) + i64::from(since.micros() % DAY != 0));
        let end = until.map(|until| until.micros().div_euclid(DAY));
        if first.zip(end).is_some_and(|(first, end)| first >= end) {
            return None;
        }
        let days = self.by_day || first.is_some() || end.is_some();
        let mut rows = self.sums(days.then(|| (first.unwrap_or(0), end)));
        let one = |mut condition: Condition, table: &str, sign: &str| {
            condition.sql = format!(
                "SELECT occurred_at / {DAY}, model_type, action, coalesce(via, {EVER}), user_ref, {sign}1 FROM {table} WHERE {}",
                condition.sql
            );
            condition
        };
        let (id, tallied) = (dialect.id, dialect.tallied);
        let org = || Parameter::Integer(self.org.0);
        let as_of = Parameter::Integer((dialect.bound)(self.org, self.as_of));
        // What is behind the sums.
        let mut behind = self.entries(since, until);
        behind.and(&format!("{id} > {tallied} AND {id} <= ?"), [org(), as_of.clone()]);
        rows.union(one(behind, dialect.by_id, ""));
        // The parts of days at the ends of the window.
        let day = |day: i64| Timestamp::from_micros(day * DAY);
        let edges = [(since, first.and_then(day)), (end.and_then(day), until)];
        for (since, until) in edges.into_iter().filter(|(since, until)| since < until && since.is_some()) {
            let mut edge = self.entries(since, until);
            edge.and(&format!("{id} <= {tallied} AND {id} <= ?"), [org(), as_of.clone()]);
            rows.union(one(edge, "entries", ""));
        }
        // What the sums hold beyond the bound.
        if self.as_of < self.head {
            let mut beyond = self.entries(first.and_then(day), end.and_then(day));
            beyond.and(&format!("{id} > ? AND {id} <= {tallied}"), [as_of, org()]);
            rows.union(one(beyond, dialect.by_id, "-"));
        }
        Some(rows)
    }

    /// The sums of all days together, or of some.
    fn sums(&self, days: Option<(i64, Option<i64>)>) -> Condition {
        let mut sums = self.dimensions();
        match days {
            None => sums.and("day = ?", [Parameter::Integer(EVER)]),
            Some((first, end)) => {
                sums.and("day >= ?", [Parameter::Integer(first)]);
                if let Some(end) = end {
                    sums.and("day < ?", [Parameter::Integer(end)]);
                }
            }
        }
        sums.sql = format!(
            "SELECT day, model_type, action, via, user_ref, count AS n FROM tallies WHERE {}",
            sums.sql
        );
        sums
    }

    /// Which entries, within these times.
    fn entries(&self, since: Option<Timestamp>, until: Option<Timestamp>) -> Condition {
        let mut entries = self.dimensions();
        if let Some(since) = since {
            entries.and("occurred_at >= ?", [Parameter::Integer(since.micros())]);
        }
        if let Some(until) = until {
            entries.and("occurred_at < ?", [Parameter::Integer(until.micros())]);
        }
        entries
    }

    fn dimensions(&self) -> Condition {
        let mut condition = Condition::default();
        condition.and("org_id = ?", [Parameter::Integer(self.org.0)]);
        condition.and_dimensions(self.filter, self.user_refs);
        condition
    }

    /// A statement that gives a row when any entry may match, whatever its time: none does, when it gives none. Not
    /// worth asking when the filter names nothing that is summed.
    pub(super) fn any(&self, dialect: &Dialect) -> Option<Condition> {
        if self.filter.admits_all_dimensions() {
            return None;
        }
        let mut any = self.sums(None);
        any.sql = format!("SELECT 1 WHERE EXISTS ({} AND count > 0)", any.sql);
        let mut behind = self.dimensions();
        // Up to its head: behind that begins another organization.
        let head = Parameter::Integer((dialect.bound)(self.org, self.head));
        let id = dialect.id;
        behind.and(
            &format!("{id} > {} AND {id} <= ?", dialect.tallied),
            [Parameter::Integer(self.org.0), head],
        );
        behind.sql = format!("SELECT 1 WHERE EXISTS (SELECT 1 FROM {} WHERE {})", dialect.by_id, behind.sql);
        any.union(behind);
        any.sql.push_str(" LIMIT 1");
        Some(any)
    }
}
