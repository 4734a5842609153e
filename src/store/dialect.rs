//! Where the SQL of the two engines differs, and the conditions that every query of entries begins with. It runs
//! nothing.

use crate::model::filter::Filter;
use crate::model::page::{Order, Position};
use crate::store::calls::OrgId;
use crate::store::condition::{Condition, Parameter, UserRefs};

/// The parts of SQL that are an engine's own.
pub(super) struct Dialect {
    /// The column that holds an entry's id, or a key made of it.
    pub(super) id: &'static str,
    /// What that column holds for an id.
    pub(super) id_to_column: fn(OrgId, u64) -> i64,
    /// The id in that column.
    pub(super) id_from_column: fn(i64) -> u64,
    /// The columns of an entry, in the order in which `decode::entry` reads them.
    pub(super) entry_columns: &'static str,
    /// The entries, read in the order of their ids.
    pub(super) entries_by_id: &'static str,
    /// Up to where the rollup reaches, as the id column holds it; the `?` is the organization.
    pub(super) rolled_up: &'static str,
    /// Locks the selected rows until the commit, where connections write at the same time.
    pub(super) for_update: &'static str,
    /// Locks the selected rows until the commit against those who lock them alone.
    pub(super) for_share: &'static str,
    /// Locks the organizations until the commit.
    pub(super) lock_organizations: Option<&'static str>,
    /// The function that gives the elements of a JSON array, in a column `value`.
    pub(super) json_elements: &'static str,
    /// The code of an entry's model type, a slash and its model id, as one text.
    pub(super) resource: &'static str,
    /// What stands before and after a text of hexadecimal digits that becomes bytes.
    pub(super) from_hex: [&'static str; 2],
    /// An extra condition that leads to the range of pruned ids before `taken`, where no index knows ranges by their
    /// end.
    pub(super) range_before: &'static str,
    /// True of entries in the blocks of a map, one byte a block; absent where the engine reads such a map itself.
    pub(super) in_blocks: Option<&'static str>,
    /// Whether a page needs a bound on the time alone: it tells which months need no look.
    pub(super) has_months: bool,
    /// How to read one row for each field of an entry, where SQL can.
    pub(super) fields: Option<Fields>,
}

/// One row for each field of an entry, and a row of nulls for an entry that has none.
pub(super) struct Fields {
    /// The table expression.
    pub(super) from: &'static str,
    /// The field's name, as a JSON string.
    pub(super) name: &'static str,
    /// True of one row of each entry.
    pub(super) is_first: &'static str,
}

/// Which entries a query reads.
#[derive(Clone, Copy)]
pub(super) struct EntryQuery<'a> {
    pub(super) org: OrgId,
    pub(super) filter: &'a Filter,
    /// The users the filter admits.
    pub(super) user_refs: &'a UserRefs,
    /// Without entries recorded after this id.
    pub(super) as_of: u64,
    /// Only these ids.
    pub(super) ids: Ids<'a>,
    /// After how many entries a page by time pauses, if it is not full.
    pub(super) pause_after: Option<usize>,
}

impl<'a> EntryQuery<'a> {
    /// All entries up to `as_of` that match.
    pub(super) const fn new(org: OrgId, filter: &'a Filter, user_refs: &'a UserRefs, as_of: u64) -> Self {
        Self { org, filter, user_refs, as_of, ids: Ids::All, pause_after: None }
    }
}

/// A set of ids.
#[derive(Clone, Copy)]
pub(super) enum Ids<'a> {
    /// Every id.
    All,
    /// Those between two, both included.
    Range(u64, u64),
    /// Those in a list.
    List(&'a [u64]),
    /// Those in the blocks that a map has a 1 for, one byte a block.
    Blocks(&'a [u8]),
}

impl Dialect {
    /// The organization, the bound, and what SQL can say of the filter.
    pub(super) fn condition(&self, query: &EntryQuery<'_>) -> Condition {
        self.condition_from(query, None)
    }

    /// As [`Self::condition`], with ids from `first` on. There is one bound at each end: SQLite uses only one of several.
    fn condition_from(&self, query: &EntryQuery<'_>, first: Option<u64>) -> Condition {
        let mut condition = Condition::default();
        condition.and("org_id = ?", [Parameter::Integer(query.org.0)]);
        let column = |id| Parameter::Integer((self.id_to_column)(query.org, id));
        let (first, last) = match query.ids {
            Ids::Range(from, last) => (first.max(Some(from)), query.as_of.min(last)),
            _ => (first, query.as_of),
        };
        condition.and(&format!("{} <= ?", self.id), [column(last)]);
        if let Some(first) = first {
            condition.and(&format!("{} >= ?", self.id), [column(first)]);
        }
        match query.ids {
            Ids::List(ids) => {
                let list: Vec<_> =
                    ids.iter().map(|id| (self.id_to_column)(query.org, *id).to_string()).collect();
                condition.and(&format!("{} IN ({})", self.id, list.join(",")), []);
            }
            Ids::Blocks(map) => {
                if let Some(sql) = self.in_blocks {
                    condition.and(sql, [Parameter::Bytes(map.to_vec())]);
                }
            }
            Ids::All | Ids::Range(..) => {}
        }
        condition.and_filter(query.filter, query.user_refs);
        condition
    }

    /// The entries, by way of their ids where these are few.
    pub(super) const fn table(&self, query: &EntryQuery<'_>) -> &'static str {
        match query.ids {
            Ids::Range(..) | Ids::List(_) => self.entries_by_id,
            Ids::All | Ids::Blocks(_) => "entries",
        }
    }

    /// A statement for columns of the first entries of a page, or of all of them without a limit.
    pub(super) fn page(
        &self,
        columns: &str,
        query: &EntryQuery<'_>,
        (order, after): (Order, Option<Position>),
        limit: Option<usize>,
    ) -> Condition {
        let limit = limit.map_or(String::new(), |limit| format!("LIMIT {limit}"));
        self.ordered(columns, query, (order, after), &limit)
    }

    /// A statement for the time and the id of the entry that has so many others before it on a page.
    pub(super) fn position(
        &self,
        query: &EntryQuery<'_>,
        (order, after): (Order, Option<Position>),
        skipped: u32,
    ) -> Condition {
        let columns = format!("occurred_at, {}", self.id);
        self.ordered(&columns, query, (order, after), &format!("LIMIT 1 OFFSET {skipped}"))
    }

    /// The columns that entries are sorted by.
    pub(super) fn order_by(&self, order: Order) -> String {
        let id = self.id;
        match order {
            Order::Descending => format!("occurred_at DESC, {id} DESC"),
            Order::Ascending => format!("occurred_at, {id}"),
            Order::ById => id.to_owned(),
        }
    }

    fn ordered(
        &self,
        columns: &str,
        query: &EntryQuery<'_>,
        (order, after): (Order, Option<Position>),
        limit: &str,
    ) -> Condition {
        // On SQLite the organization's rows begin here: without this bound the scan would begin at the first one's.
        let first = (order == Order::ById).then(|| after.map_or(1, |after| after.id.saturating_add(1)));
        let mut condition = self.condition_from(query, first);
        let id = self.id;
        let column = |id| Parameter::Integer((self.id_to_column)(query.org, id));
        let beyond = if order == Order::Descending { "<" } else { ">" };
        if let Some(after) = after.filter(|_| order != Order::ById) {
            let at = Parameter::Integer(after.occurred_at.micros());
            if self.has_months {
                condition.and(&format!("occurred_at {beyond}= ?"), [at.clone()]);
            }
            condition.and(&format!("(occurred_at, {id}) {beyond} (?, ?)"), [at, column(after.id)]);
        }
        let branches = match order {
            Order::Ascending | Order::Descending if !matches!(query.ids, Ids::List(_)) => {
                Condition::branches(query.org.log(), query.filter, query.user_refs)
            }
            _ => Vec::new(),
        };
        // SQLite would rather find the whole organization by an index and sort it, for every page of a follower.
        let table = if order == Order::ById { self.entries_by_id } else { self.table(query) };
        condition.ordered((columns, table), branches, &self.order_by(order), limit)
    }
}
