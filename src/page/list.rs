//! The list of a log: filters, a table of entries that the script expands in place, and links to older and newer entries.

use maud::{Markup, html};

use crate::model::entry::Entry;
use crate::model::prune::Pruned;
use crate::model::time::TimeContext;
use crate::model::words::Log;
use crate::page::changes::{self, Extent};
use crate::page::filters::{self, FilterForm};
use crate::page::text::{entry_path, list_path, number, resource_name, resource_path, shown, time};
use crate::render::filter_summary::missing;
use crate::render::style::mark;
use crate::render::summary::summary_of;

/// A page of entries.
pub(crate) struct PageRows<'a> {
    pub(crate) entries: &'a [Entry],
    /// The number of all matches, if it was counted.
    pub(crate) total: Option<u64>,
    /// URL of this view with a total.
    pub(crate) count: String,
    /// URL of the next older page.
    pub(crate) older: Option<String>,
    /// URL of the next newer page.
    pub(crate) newer: Option<String>,
    /// URL of the CSV export.
    pub(crate) export: String,
    /// URL that the script polls for new entries; first page only.
    pub(crate) tail: Option<String>,
    pub(crate) pruned: Option<Pruned>,
}

/// The view. Without rows, the query had an error.
pub(crate) fn view(form: &FilterForm<'_>, rows: Option<&PageRows<'_>>, context: TimeContext) -> Markup {
    let title = match form.log {
        Log::Audit => "Audit logs",
        Log::Trail => "Trail",
    };
    html! {
        h1 { (title) }
        (filters::view(form))
        @if let Some(rows) = rows { (page(form.log, rows, context)) }
        @else { p class="error" { "No entries are shown, because the filter has an error." } }
    }
}

fn page(log: Log, rows: &PageRows<'_>, context: TimeContext) -> Markup {
    let steps = html! {
        @if let Some(newer) = &rows.newer { a href=(newer) rel="prev" { "← Newer" } }
        @if let Some(older) = &rows.older { a href=(older) rel="next" { "Older →" } }
    };
    html! {
        div class="bar" {
            p id="total" {
                @match rows.total {
                    Some(total) => { b { (number(total)) } @if total == 1 { " entry" } @else { " entries" } }
                    None => { (rows.entries.len()) " entries on this page · " a href=(rows.count) { "count all" } }
                }
            }
            p id="tail" role="status" data-tail=[rows.tail.as_deref()] {}
            nav aria-label="Pages" { (steps) }
            a class="button" href=(rows.export) { "Export CSV" }
        }
        @if rows.entries.is_empty() {
            p { "No entry matches. " a href=(list_path(log)) { "Show all entries" } }
        } @else {
            table class="log" {
                thead { tr {
                    th scope="col" { "Time" } th scope="col" { "User" } th scope="col" { "Action" }
                    th scope="col" { "Resource" } th scope="col" { "Changes" }
                } }
                tbody { @for entry in rows.entries { (row(log, entry, &context)) } }
            }
        }
        @if let Some(pruned) = rows.pruned.filter(|_| rows.older.is_none()) {
            p class="dim" { (shown(&missing(pruned.before, &context))) " " a href="/retention" { "Retention" } }
        }
        nav class="bar" aria-label="Pages, below the list" { (steps) }
    }
}

/// One entry as a row.
fn row(log: Log, entry: &Entry, context: &TimeContext) -> Markup {
    let action = entry.action;
    html! {
        tr {
            td { a href=(entry_path(log, entry.id)) { (time(entry.occurred_at, context)) } }
            td { (shown(&entry.user.label_for(entry.on_behalf_of.as_ref()))) }
            td class={ "action " (action) } { span aria-hidden="true" { (mark(action)) } " " (action) }
            td {
                span class="dim" { (entry.model_type.label()) } " "
                a href=(resource_path(log, entry.model_type, &entry.model_id)) { (shown(&resource_name(entry))) }
            }
            // The script expands it in place.
            td { a class="open" href=(entry_path(log, entry.id)) { (shown(&summary_of(entry))) } }
        }
    }
}

/// The changes of an entry, below its row.
pub(crate) fn expanded(log: Log, entry: &Entry, context: TimeContext) -> Markup {
    html! {
        div class="expanded" {
            @if let Some(reason) = &entry.reason { p { "Reason: " (shown(reason)) } }
            (changes::of_entry(entry, Extent::Brief, context))
            p class="dim" { a href=(entry_path(log, entry.id)) { "Entry " (entry.id) } }
        }
    }
}

/// PageRows recorded after the page was rendered, by id. `next` is the URL of the following request; `more` is set if further rows
/// already exist.
pub(crate) fn new_rows(log: Log, entries: &[Entry], next: &str, more: bool, context: TimeContext) -> Markup {
    html! {
        table class="log" data-next=(next) data-more[more] { tbody { @for entry in entries { (row(log, entry, &context)) } } }
    }
}
