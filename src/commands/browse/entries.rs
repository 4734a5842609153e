//! The list of entries. Entries are fetched in batches, and those of one request are grouped.

use std::cell::RefCell;
use std::collections::HashMap;

use crate::api::query::Query;
use crate::client::pages::Pages;
use crate::commands::browse::change_set::{ChangeSetPosition, group_by_request};
use crate::commands::browse::{Browser, Navigation};
use crate::error::Failure;
use crate::model::entry::Entry;
use crate::model::filter::Filter;
use crate::model::page::Order;
use crate::render::columns::TABLE_COLUMNS;
use crate::render::filter_summary::{counted, describe_in, grouped};
use crate::render::style::{Role, Style};
use crate::render::table::EntryTable;
use crate::terminal::prompt::PromptPage;

/// The number of entries per request.
const BATCH: u32 = 200;

/// The matching entries fetched so far.
pub(super) struct EntryList {
    pub(super) filter: Filter,
    pub(super) order: Order,
    pub(super) entries: Vec<Entry>,
    groups: Vec<ChangeSetPosition>,
    /// The number of all matching entries.
    pub(super) matched: u64,
    /// None when all entries were fetched.
    pages: Option<Pages>,
}

impl EntryList {
    /// Fetches the next batch; returns whether there was one.
    pub(super) async fn more(&mut self) -> Result<bool, Failure> {
        let Some(pages) = &mut self.pages else { return Ok(false) };
        let Some(page) = pages.next().await? else {
            self.pages = None;
            return Ok(false);
        };
        if let Some(total) = page.total {
            self.matched = total.count;
        }
        if page.page.next_cursor.is_none() {
            self.pages = None;
        }
        let found = !page.data.is_empty();
        let mut entries = std::mem::take(&mut self.entries);
        entries.extend(page.data);
        (self.entries, self.groups) = group_by_request(entries);
        Ok(found)
    }

    /// The number of entries not yet fetched.
    fn missing(&self) -> u64 {
        if self.pages.is_some() { self.matched.saturating_sub(self.entries.len() as u64) } else { 0 }
    }
}

impl Browser<'_> {
    /// Lists the matching entries until the user leaves the page.
    pub(super) async fn entries(&mut self, filter: Filter, order: Order) -> Result<Navigation, Failure> {
        let query = Query { filter: filter.clone(), order, limit: BATCH, total: true, ..Query::default() };
        let pages = Some(Pages::new(self.client.clone(), query));
        let mut listing =
            EntryList { filter, order, entries: Vec::new(), groups: Vec::new(), matched: 0, pages };
        listing.more().await?;
        let mut at = 0;
        loop {
            let Some(chosen) = self.choose_entry(&listing, at).await? else { return Ok(Navigation::Back) };
            at = chosen;
            if chosen < listing.entries.len() {
                match self.detail(&mut listing, &mut at).await? {
                    Navigation::Back => {}
                    Navigation::ToFilters => return Ok(Navigation::ToFilters),
                }
            } else if listing.entries.is_empty() {
                return Ok(Navigation::Back);
            } else {
                listing.more().await?;
            }
        }
    }

    async fn choose_entry(&self, listing: &EntryList, at: usize) -> Result<Option<usize>, Failure> {
        let rows = rows(listing, &self.style);
        let head = [
            self.title(&self.summary(listing)),
            self.dim(&self.command(&listing.filter, listing.order, listing.matched)),
        ];
        let head = |width: usize| {
            let mut lines = head.to_vec();
            lines.push(String::new());
            lines.push(rows(width.saturating_sub(2)).0);
            lines
        };
        let items = |width: usize| rows(width).1;
        let page = PromptPage { head: &head, question: String::new(), items: &items, style: &self.style };
        Ok(self.screen.choose(&page, at).await?)
    }

    /// `667 matching entries, newest first · since 2026-11-16 00:00 CET`
    pub(super) fn summary(&self, listing: &EntryList) -> String {
        let order = if listing.order == Order::Ascending { "oldest first" } else { "newest first" };
        let query = match describe_in(self.client.log(), &listing.filter, &self.style.time) {
            query if query.is_empty() => query,
            query => format!(" · {query}"),
        };
        format!("{}, {order}{query}", counted(listing.matched, "matching entry", "matching entries"))
    }
}

/// The header and the rows, laid out once per width.
fn rows(listing: &EntryList, style: &Style) -> impl Fn(usize) -> (String, Vec<String>) {
    let cache: RefCell<HashMap<usize, (String, Vec<String>)>> = RefCell::default();
    let style = *style;
    move |width| {
        let lay_out = || layout(listing, &Style { width: width.saturating_sub(2), ..style });
        cache.borrow_mut().entry(width).or_insert_with(lay_out).clone()
    }
}

fn layout(listing: &EntryList, style: &Style) -> (String, Vec<String>) {
    let (header, lines) = table_lines(&listing.entries, style);
    let bracket = |group: &ChangeSetPosition| style.paint(Role::Dim, group.bracket(style.ascii));
    let rows = listing.groups.iter().zip(lines);
    let mut rows: Vec<_> = rows.map(|(group, line)| format!("{}{line}", bracket(group))).collect();
    if listing.entries.is_empty() {
        rows.push("  no entries match: go back".to_owned());
    } else if listing.missing() > 0 {
        rows.push(format!("  fetch more: {} remaining", grouped(listing.missing())));
    }
    // Indented by the widths of the pointer and the bracket.
    (format!("    {header}"), rows)
}

/// The header of a table, and one line per entry.
pub(super) fn table_lines(entries: &[Entry], style: &Style) -> (String, Vec<String>) {
    let mut text = Vec::new();
    // Writing to memory cannot fail.
    drop(EntryTable::new(TABLE_COLUMNS, style).entries(&mut text, entries));
    let text = String::from_utf8_lossy(&text);
    let mut lines = text.lines().map(str::to_owned);
    (lines.next().unwrap_or_default(), lines.collect())
}
