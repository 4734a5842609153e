//! The list: entries a page at a time, those of one request together.

use std::cell::RefCell;
use std::collections::HashMap;

use crate::api::query::Query;
use crate::client::pages::Pages;
use crate::commands::browse::change_set::{ChangeSetPosition, together};
use crate::commands::browse::{Browser, Step};
use crate::error::Failure;
use crate::model::entry::Entry;
use crate::model::filter::Filter;
use crate::model::page::Order;
use crate::render::columns::TABLE_COLUMNS;
use crate::render::filter_summary::{describe, grouped};
use crate::render::style::{Role, Style};
use crate::render::table::EntryTable;
use crate::terminal::prompt::PromptPage;

/// How many entries are fetched at a time.
const FETCHED: u32 = 200;

/// What matches a filter, as far as it was fetched.
pub(super) struct Listing {
    pub(super) filter: Filter,
    pub(super) order: Order,
    pub(super) entries: Vec<Entry>,
    groups: Vec<ChangeSetPosition>,
    /// How many match in all.
    pub(super) matched: u64,
    /// None when all are here.
    pages: Option<Pages>,
}

impl Listing {
    /// Fetches more, if there are; tells whether there were.
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
        (self.entries, self.groups) = together(entries);
        Ok(found)
    }

    /// How many are still to be fetched.
    fn missing(&self) -> u64 {
        if self.pages.is_some() { self.matched.saturating_sub(self.entries.len() as u64) } else { 0 }
    }
}

impl Browser<'_> {
    /// Lists what matches, until somebody goes back.
    pub(super) async fn entries(&mut self, filter: Filter, order: Order) -> Result<Step, Failure> {
        let query = Query { filter: filter.clone(), order, limit: FETCHED, total: true, ..Query::default() };
        let pages = Some(Pages::new(self.client.clone(), query));
        let mut listing =
            Listing { filter, order, entries: Vec::new(), groups: Vec::new(), matched: 0, pages };
        listing.more().await?;
        let mut at = 0;
        loop {
            let Some(chosen) = self.choose_entry(&listing, at).await? else { return Ok(Step::Back) };
            at = chosen;
            if chosen < listing.entries.len() {
                match self.detail(&mut listing, &mut at).await? {
                    Step::Back => {}
                    Step::ToFilters => return Ok(Step::ToFilters),
                }
            } else if listing.entries.is_empty() {
                return Ok(Step::Back);
            } else {
                listing.more().await?;
            }
        }
    }

    async fn choose_entry(&self, listing: &Listing, at: usize) -> Result<Option<usize>, Failure> {
        let rows = rows(listing, &self.style);
        let head = [
            self.title(&self.said(listing)),
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

    /// `667 entries, newest first · since 2026-11-16 00:00 CET`.
    pub(super) fn said(&self, listing: &Listing) -> String {
        let order = if listing.order == Order::Ascending { "oldest first" } else { "newest first" };
        let question = match describe(&listing.filter, &self.style.time) {
            question if question.is_empty() => question,
            question => format!(" · {question}"),
        };
        format!("{} that match, {order}{question}", grouped(listing.matched))
    }
}

/// The header and the rows at a width, made once for each.
fn rows(listing: &Listing, style: &Style) -> impl Fn(usize) -> (String, Vec<String>) {
    let made: RefCell<HashMap<usize, (String, Vec<String>)>> = RefCell::default();
    let style = *style;
    move |width| {
        let lay_out = || laid_out(listing, &Style { width: width.saturating_sub(2), ..style });
        made.borrow_mut().entry(width).or_insert_with(lay_out).clone()
    }
}

fn laid_out(listing: &Listing, style: &Style) -> (String, Vec<String>) {
    let (header, lines) = table_lines(&listing.entries, style);
    let bracket = |group: &ChangeSetPosition| style.paint(Role::Dim, group.bracket(style.ascii));
    let rows = listing.groups.iter().zip(lines);
    let mut rows: Vec<_> = rows.map(|(group, line)| format!("{}{line}", bracket(group))).collect();
    if listing.entries.is_empty() {
        rows.push("  nothing matches: go back".to_owned());
    } else if listing.missing() > 0 {
        rows.push(format!("  fetch more: {} are not here yet", grouped(listing.missing())));
    }
    // Behind the pointer and the bracket.
    (format!("    {header}"), rows)
}

/// The header of a table of entries, and a line for each.
pub(super) fn table_lines(entries: &[Entry], style: &Style) -> (String, Vec<String>) {
    let mut text = Vec::new();
    // Nothing fails to be written into memory.
    drop(EntryTable::new(TABLE_COLUMNS, style).entries(&mut text, entries));
    let text = String::from_utf8_lossy(&text);
    let mut lines = text.lines().map(str::to_owned);
    (lines.next().unwrap_or_default(), lines.collect())
}
