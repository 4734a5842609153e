//! The differences of an entry, field by field: by sign, by word, by colour, and by `del` and `ins`.

use maud::{Markup, html};

use crate::model::change::Change;
use crate::model::entry::Entry;
use crate::model::time::TimeContext;
use crate::model::words::Action;
use crate::page::text::shown;
use crate::render::detail;
use crate::render::detail::line::{DetailLine, LineMark, Span};
use crate::render::style::{Role, Style, Theme};

/// The layout that the terminal's renderer decides line breaks for, in characters.
const WIDTH: usize = 100;
/// Longer values are folded, in bytes.
const LONG: usize = 400;
/// The most bytes of a value in a list; the entry's own page has all of it.
const MAX_IN_LIST: usize = 1_000;

/// How much of each value is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Extent {
    /// In a list.
    Brief,
    /// On a page of its own.
    Full,
}

/// The changes of an entry.
pub(crate) fn of_entry(entry: &Entry, extent: Extent, time: TimeContext) -> Markup {
    match entry.changes.list() {
        Ok(changes) => of_changes(&changes, entry.action, extent, time),
        Err(error) => {
            html! { p class="error" { "The changes of this entry cannot be read: " (shown(&error.to_string())) } }
        }
    }
}

/// Changed fields.
pub(crate) fn of_changes(changes: &[Change], action: Action, extent: Extent, time: TimeContext) -> Markup {
    let style = Style {
        width: WIDTH,
        color: false,
        theme: Theme::Default,
        ascii: false,
        truncate: false,
        relative: false,
        time,
    };
    let lines = detail::lines(changes, action, extent == Extent::Full, &style);
    html! {
        @if lines.is_empty() { p class="dim" { "No fields." } }
        @else { ul class="diff" { @for it in &lines { (line(it, extent)) } } }
    }
}

/// The word for the sign, for those who see neither sign nor colour.
const fn word(mark: LineMark) -> (&'static str, &'static str) {
    match mark {
        LineMark::Added => ("add", "added"),
        LineMark::Removed => ("rem", "removed"),
        LineMark::Changed => ("chg", "changed"),
        LineMark::Moved => ("chg", "moved"),
        LineMark::Redacted => ("chg", "secret"),
    }
}

fn line(it: &DetailLine, extent: Extent) -> Markup {
    let (class, name) = it.mark.map_or(("", ""), word);
    let depth = it.depth.min(6).to_string();
    let both = !it.value.is_empty() && !it.new_value.is_empty();
    html! {
        li class=(class) data-depth=[(it.depth > 0).then_some(depth)] {
            @if let Some(mark) = it.mark { span class="sign" aria-hidden="true" { (mark.sign()) } }
            @if let Some(label) = &it.label { b { (shown(label)) } " " }
            // The lines of a text have the word once, in their heading.
            @if it.mark.is_some() && it.label.is_some() { span class="word" { (name) } " " }
            @match it.mark {
                _ if it.value.is_empty() && it.new_value.is_empty() => {}
                _ if both => { del { (value(&it.value, extent)) } " " ins { (value(&it.new_value, extent)) } }
                Some(LineMark::Added) => ins { (value(&it.value, extent)) }
                Some(LineMark::Removed) => del { (value(&it.value, extent)) }
                _ => (value(&it.value, extent))
            }
            @if !it.note.is_empty() { " " span class="dim" { (shown(&it.note)) } }
        }
    }
}

/// A value's pieces. A long value is folded after its beginning.
fn value(spans: &[Span], extent: Extent) -> Markup {
    let size: usize = spans.iter().map(|span| span.text.len()).sum();
    if size <= LONG {
        return pieces(spans, usize::MAX);
    }
    let characters: usize = spans.iter().map(|span| span.text.chars().count()).sum();
    let most = if extent == Extent::Full { usize::MAX } else { MAX_IN_LIST };
    html! {
        details class="long" {
            summary { (pieces(spans, 80)) "… " span class="dim" { "(" (characters) " characters)" } }
            (pieces(spans, most))
            @if size > most { span class="dim" { " … (open the entry for the rest)" } }
        }
    }
}

/// The pieces, up to a number of bytes.
fn pieces<'s>(spans: &'s [Span], most: usize) -> Markup {
    let mut left = most;
    let cut = |span: &'s Span| {
        let part = &span.text[..span.text.floor_char_boundary(left)];
        left -= part.len();
        (part, span.role)
    };
    let parts: Vec<_> = spans.iter().map(cut).collect();
    html! {
        @for (part, role) in parts {
            @match role {
                Role::AddedWord | Role::RemovedWord => mark { (shown(part)) }
                Role::Dim => span class="dim" { (shown(part.trim_end_matches(": --full"))) }
                _ => (shown(part))
            }
        }
    }
}
