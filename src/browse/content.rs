//! What a document shows: an entry, a blame, a state, a difference, a revert plan, or the help.

use std::io;

use crate::model::entry::Entry;
use crate::model::filter::Resource;
use crate::model::history::History;
use crate::model::history::diff::StateDiff;
use crate::model::hold::{ActiveHold, covering};
use crate::model::page::Position;
use crate::render::blame;
use crate::render::detail::{DetailOptions, SIDE_BY_SIDE_WIDTH, changes, detail, paragraph};
use crate::render::history::{dotted_path, heading, notes};
use crate::render::json;
use crate::render::revert;
use crate::render::spans::{SpanLine, plain_lines, span_lines};
use crate::render::state;
use crate::render::style::{Role, Style};

/// The content of a document. Text is rendered for each width.
#[derive(Debug)]
pub(crate) enum DocumentContent {
    Entry(Box<Entry>),
    Blame { resource: Resource, history: Box<History> },
    State { resource: Resource, history: Box<History>, at: Position },
    Difference { resource: Resource, history: Box<History>, positions: [Position; 2] },
    Revert { entry: Box<Entry>, history: Box<History> },
    Help(&'static str),
}

impl DocumentContent {
    pub(crate) fn title(&self) -> String {
        match self {
            Self::Entry(entry) => format!("Entry {}", entry.id),
            Self::Blame { resource, .. } => format!("Blame of {resource}"),
            Self::State { resource, at, .. } => format!("State of {resource} after entry {}", at.id),
            Self::Difference { resource, positions: [one, other], .. } => {
                format!("Difference of {resource} between entries {} and {}", one.id, other.id)
            }
            Self::Revert { entry, .. } => format!("Revert plan of entry {}", entry.id),
            Self::Help(_) => "Keys".to_owned(),
        }
    }

    /// The arguments of the command that prints the same.
    pub(crate) fn words(&self) -> Vec<String> {
        let words: &[&str] = match self {
            Self::Entry(entry) => &["show", &entry.id.to_string(), "--full"],
            Self::Blame { resource, .. } => &["blame", &resource.to_string()],
            Self::State { resource, at, .. } => {
                &["history", &resource.to_string(), "--at", &format!("id:{}", at.id)]
            }
            Self::Difference { resource, positions: [one, other], .. } => &[
                "history",
                &resource.to_string(),
                "--diff",
                &format!("id:{}", one.id),
                &format!("id:{}", other.id),
            ],
            Self::Revert { entry, .. } => &["show", &entry.id.to_string(), "--revert"],
            Self::Help(_) => &["browse", "--help"],
        };
        words.iter().map(|word| (*word).to_owned()).collect()
    }

    /// The text at the width of the style. An entry names the holds that cover it.
    pub(crate) fn lines(&self, style: &Style, holds: &[ActiveHold]) -> Vec<SpanLine> {
        match self {
            Self::Entry(entry) => {
                let side_by_side = style.width >= SIDE_BY_SIDE_WIDTH;
                let holds = covering(holds, entry);
                let options =
                    DetailOptions { full: true, side_by_side, holds: &holds, ..DetailOptions::default() };
                span_lines(style, |out, style| detail(out, entry, options, style))
            }
            Self::Blame { resource, history } => span_lines(style, |out, style| {
                heading(out, resource, history, style)?;
                io::Write::write_all(out, b"\n")?;
                blame::table(out, &history.blame(), history, style)
            }),
            Self::State { resource, history, at } => state_lines(resource, history, *at, style),
            Self::Difference { history, positions, .. } => difference_lines(history, *positions, style),
            Self::Revert { entry, history } => revert_lines(entry, history, style),
            Self::Help(text) => plain_lines(text, Role::Plain, style),
        }
    }
}

fn state_lines(resource: &Resource, history: &History, at: Position, style: &Style) -> Vec<SpanLine> {
    let Some(state) = history.states().first() else { return Vec::new() };
    let mut lines = sentence(&state::sentence(history, state, at, &style.time), Role::Title, style);
    for note in notes(history, &style.time) {
        lines.extend(sentence(&note, Role::Changed, style));
    }
    lines.push(Vec::new());
    lines.extend(json_lines(&state::document(resource, history, state, at, &style.time), style));
    lines
}

fn difference_lines(history: &History, positions: [Position; 2], style: &Style) -> Vec<SpanLine> {
    let [earlier, later] = history.states() else { return Vec::new() };
    let mut lines = Vec::new();
    for (state, at) in [(earlier, positions[0]), (later, positions[1])] {
        let text = state::sentence(history, state, at, &style.time);
        lines.extend(sentence(&format!("entry {}: {text}", at.id), Role::Dim, style));
    }
    lines.push(Vec::new());
    let diff = StateDiff::of(earlier, later);
    let options = DetailOptions { full: true, ..DetailOptions::default() };
    lines.extend(span_lines(style, |out, style| changes(out, &diff.changes, options, style)));
    if diff.changes.is_empty() && diff.unknown.is_empty() {
        lines.extend(sentence("no difference", Role::Dim, style));
    }
    if !diff.unknown.is_empty() {
        let fields: Vec<_> =
            diff.unknown.iter().map(|field| dotted_path(std::slice::from_ref(field))).collect();
        let text = format!("not compared, because a value is unknown: {}", fields.join(", "));
        lines.extend(sentence(&text, Role::Changed, style));
    }
    lines
}

fn revert_lines(entry: &Entry, history: &History, style: &Style) -> Vec<SpanLine> {
    let Some(plan) = history.revert() else {
        return sentence(&format!("entry {} was pruned", entry.id), Role::Changed, style);
    };
    span_lines(style, |out, style| revert::text(out, (entry, &plan, history), true, style))
}

fn sentence(text: &str, role: Role, style: &Style) -> Vec<SpanLine> {
    span_lines(style, |out, style| paragraph(out, role, text, style))
}

/// Indented JSON. Its strings may hold characters that change the direction of text.
fn json_lines(document: &crate::model::json::Json, style: &Style) -> Vec<SpanLine> {
    let mut text = Vec::new();
    // Writing to memory cannot fail.
    drop(json::value(&mut text, document, true));
    plain_lines(&String::from_utf8_lossy(&text), Role::Plain, style)
}
