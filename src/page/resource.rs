//! One resource: who set each value, its state at a time, the difference between two times, and its entries.

use maud::{Markup, html};

use crate::model::draft::FieldError;
use crate::model::entry::Entry;
use crate::model::filter::{Resource, escaped};
use crate::model::history::History;
use crate::model::history::diff::StateDiff;
use crate::model::history::leaf::{LeafContent, ValueOrigin};
use crate::model::page::Position;
use crate::model::time::TimeContext;
use crate::model::words::{Action, Log};
use crate::page::changes::{self, Extent};
use crate::page::text::{entry_path, href, list_path, shown, time};
use crate::render::filter_summary::counted;
use crate::render::history::{dotted_path, leaf_text, notes};
use crate::render::state::sentence;
use crate::render::style::mark;
use crate::render::summary::{nameless, summary_of};
use crate::render::value;

/// The most entries in the list; the log has the others.
const MAX_ENTRIES: usize = 100;

/// What the view shows beside the history.
pub(crate) struct ResourceView<'a> {
    pub(crate) log: Log,
    pub(crate) resource: &'a Resource,
    pub(crate) history: &'a History,
    /// The newest entries.
    pub(crate) entries: &'a [Entry],
    /// The texts of `at`, `from` and `to`.
    pub(crate) typed: [&'a str; 3],
    pub(crate) errors: &'a [FieldError],
    /// The time of the first state, if `at` was given.
    pub(crate) at: Option<Position>,
    /// Whether the last two states are those of `from` and `to`.
    pub(crate) compares: bool,
}

/// The view.
pub(crate) fn view(shown_now: &ResourceView<'_>, context: TimeContext) -> Markup {
    let ResourceView { log, resource, history, errors, at, compares, .. } = *shown_now;
    let name = history
        .names()
        .last()
        .map_or_else(|| nameless(resource.model_type, &resource.model_id), |(_, name)| name.clone());
    let filter = href(list_path(log), [("resource", escaped::<Resource>(&resource.to_string()))]);
    let states = history.states();
    html! {
        h1 { (resource.model_type.label()) " " (shown(&name)) }
        p class="dim" {
            (shown(&resource.to_string())) " · " (counted(history.entries().len() as u64, "entry", "entries")) " · " a href=(filter) { "Show in the list" }
        }
        @for note in notes(history, &context) { p class="note" { (shown(&note)) } }
        (times(shown_now))
        @if let (Some(at), Some(state)) = (at, states.first()) {
            section aria-labelledby="state" {
                h2 id="state" { (shown(&sentence(history, state, at, &context))) }
                pre tabindex="0" { @for line in value::pretty(&state.object(), 80) { (shown(&value::text(&line))) "\n" } }
            }
        }
        @if let (true, [.., earlier, later]) = (compares, states) {
            @let diff = StateDiff::of(earlier, later);
            section aria-labelledby="difference" {
                h2 id="difference" { "Difference" }
                @if diff.changes.is_empty() && diff.unknown.is_empty() { p { "The states are equal." } }
                @else { (changes::of_changes(&diff.changes, Action::Updated, Extent::Full, context)) }
                @if !diff.unknown.is_empty() { p class="note" { "Unknown at one of the times: " (shown(&diff.unknown.join(", "))) } }
            }
        }
        @if errors.is_empty() { (lists(shown_now, &filter, &context)) }
        @else { p class="error" { "No entries are shown, because a parameter has an error." } }
    }
}

/// Who set each value, and the entries.
fn lists(shown_now: &ResourceView<'_>, filter: &str, context: &TimeContext) -> Markup {
    let ResourceView { log, history, entries, .. } = *shown_now;
    html! {
        h2 { "Who set each value" }
        (blame(log, history, context))
        h2 { "Entries" }
        ul class="entries" {
            @for entry in entries.iter().take(MAX_ENTRIES) {
                li {
                    a href=(entry_path(log, entry.id)) { (time(entry.occurred_at, context)) }
                    " " span class={ "action " (entry.action) } { (mark(entry.action)) " " (entry.action) }
                    " " (shown(&entry.user.label_for(entry.on_behalf_of.as_ref())))
                    " " (shown(&summary_of(entry)))
                }
            }
        }
        @if history.entries().len() > entries.len().min(MAX_ENTRIES) { p { a href=(filter) { "All entries" } } }
    }
}

/// The form of the times.
fn times(shown_now: &ResourceView<'_>) -> Markup {
    let ResourceView { log, resource, typed: [at, from, to], errors, .. } = *shown_now;
    let input = |name: &'static str, title: &str, text: &str| {
        let error = errors.iter().find(|error| error.field == name);
        html! {
            label class="field" {
                span { (title) }
                input type="text" name=(name) value=(text) placeholder="yesterday, 2026-11-20 14:03" spellcheck="false" autocomplete="off"
                    aria-invalid=[error.map(|_| "true")] aria-describedby=[error.map(|_| format!("error-{name}"))];
                @if let Some(error) = error { span class="error" role="alert" id={ "error-" (name) } { (shown(&error.detail)) } }
            }
        }
    };
    html! {
        form class="filters" method="get" action={ (list_path(log)) "/resource" } aria-label="Times" {
            input type="hidden" name="type" value=(resource.model_type);
            input type="hidden" name="id" value=(resource.model_id);
            (input("at", "State at", at))
            (input("from", "Compare from", from))
            (input("to", "to", to))
            span class="buttons" { button class="main" { "Show" } }
            @for error in errors.iter().filter(|error| !["at", "from", "to"].contains(&error.field.as_str())) {
                p class="error" role="alert" { b { (shown(&error.field)) } " " (shown(&error.detail)) }
            }
        }
    }
}

fn blame(log: Log, history: &History, context: &TimeContext) -> Markup {
    let blame = history.blame();
    html! {
        @if blame.lines.is_empty() { p { "No value is known." } }
        @else {
            table {
                thead { tr {
                    th scope="col" { "Field" } th scope="col" { "Value" } th scope="col" { "Set" } th scope="col" { "By" }
                    th scope="col" class="num" { "Times" }
                } }
                tbody {
                    @for line in &blame.lines {
                        tr {
                            th scope="row" { (shown(&dotted_path(&line.path))) }
                            td class=[(!matches!(line.content, LeafContent::Value(_))).then_some("dim")] { (folded(&leaf_text(&line.content))) }
                            @match line.origin {
                                ValueOrigin::Entry(index) => {
                                    @let entry = &history.entries()[index];
                                    td { a href=(entry_path(log, entry.id)) { (time(entry.occurred_at, context)) } }
                                    td { (shown(&entry.actor())) }
                                }
                                ValueOrigin::Before(_) if history.horizon().is_some() => { td class="dim" { "before pruning" } td {} }
                                ValueOrigin::Before(_) | ValueOrigin::Unrecorded(_) => { td class="dim" { "not recorded" } td {} }
                            }
                            td class="num" { (line.times) }
                        }
                    }
                }
            }
        }
    }
}

/// A text, folded if it is long.
fn folded(text: &str) -> Markup {
    const LONG: usize = 200;
    html! {
        @if text.len() <= LONG { (shown(text)) }
        @else {
            details class="long" { summary { (shown(&text[..text.floor_char_boundary(80)])) "…" } (shown(text)) }
        }
    }
}
