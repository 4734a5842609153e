//! Formats the change of each field as a block of marked lines.
//!
//! This module must not depend on columns or colours: `rows` lays out the lines and sanitizes their text.

use crate::model::change::Change;
use crate::model::json::{Json, RawJson};
use crate::model::words::Action;
use crate::render::detail::disambiguate;
use crate::render::detail::line::{DetailLine, LineMark, Span};
use crate::render::diff::text::{hunks, lines};
use crate::render::diff::words::{LinePiece, WordSearch};
use crate::render::diff::{Difference, ValueDiff, compare};
use crate::render::filter_summary::{counted, grouped};
use crate::render::lookalike::{escape_differences, lookalike};
use crate::render::style::{Role, Style};
use crate::render::summary::{beneath, field_label, tally};
use crate::render::value;

/// The most lines of one field, unless the full view is requested.
const SHOWN_LINES: usize = 40;

/// A nested value with at most this many characters stays on one line.
const LONGEST_PART: usize = 96;

/// Characters shown on each side of a change in a long line.
const CONTEXT: usize = 40;
/// The fewest unchanged characters that are replaced by an ellipsis.
const SHORTEST_GAP: usize = 80;

/// Builds the lines of all changed fields.
pub(super) fn fields(changes: &[Change], action: Action, full: bool, style: &Style) -> Vec<DetailLine> {
    let (mut all, mut search) = (Vec::new(), WordSearch::default());
    for change in changes {
        let room = style.width.saturating_sub(34).max(24);
        let mut block = BlockBuilder {
            lines: Vec::new(),
            search: &mut search,
            skipped: 0,
            screen: style.width,
            room,
            full,
        };
        block.field(change, action);
        let more = (block.lines.len() + block.skipped).saturating_sub(SHOWN_LINES);
        // Replacing a single line by a count would save no space.
        if !full && more > 1 {
            block.lines.truncate(SHOWN_LINES);
            let text = format!("… {more} more lines: --full");
            block.lines.push(DetailLine {
                depth: 1,
                value: vec![span(Role::Dim, &text)],
                ..DetailLine::default()
            });
        }
        disambiguate::values(&mut block.lines);
        all.append(&mut block.lines);
    }
    disambiguate::labels(&mut all);
    all
}

/// Builds the lines of one field.
struct BlockBuilder<'a> {
    lines: Vec<DetailLine>,
    search: &'a mut WordSearch,
    /// Lines that were counted but not built, because they would not be shown.
    skipped: usize,
    screen: usize,
    /// Terminal columns available for a value next to its label.
    room: usize,
    full: bool,
}

impl BlockBuilder<'_> {
    fn field(&mut self, change: &Change, action: Action) {
        let field = field_label(&change.field);
        let field = field.as_str();
        if change.redacted {
            // In creations and deletions a redacted change has neither side: the action tells which one existed.
            let action = match (&change.old, &change.new) {
                (None, Some(_)) => Action::Created,
                (Some(_), None) => Action::Deleted,
                _ => action,
            };
            return self.redacted(0, field, action);
        }
        let parsed = |raw: &Option<RawJson>| raw.as_ref().map(RawJson::parse).transpose();
        match (parsed(&change.old), parsed(&change.new)) {
            (Ok(Some(old)), Ok(Some(new))) => match compare(&old, &new) {
                Some(diff) => self.difference(0, field.to_owned(), &diff, ""),
                None => self.push_heading(0, LineMark::Changed, field, "same value, written differently"),
            },
            (Ok(None), Ok(Some(new))) => self.push_value(0, LineMark::Added, field, &new),
            (Ok(Some(old)), Ok(None)) => self.push_value(0, LineMark::Removed, field, &old),
            (Ok(None), Ok(None)) => self.push_heading(0, LineMark::Changed, field, "no values"),
            (Err(error), _) | (_, Err(error)) => {
                self.push_heading(0, LineMark::Redacted, field, &format!("cannot be shown: {error}"));
            }
        }
    }

    fn difference(&mut self, depth: usize, path: String, diff: &ValueDiff, note: &str) {
        match diff {
            ValueDiff::Members(members) => match members.as_slice() {
                [only] if note.is_empty() => {
                    self.difference(depth, beneath(&path, &only.at), &only.diff, note);
                }
                members => {
                    self.push_heading(depth, LineMark::Changed, &path, note);
                    self.differences(depth + 1, members);
                }
            },
            ValueDiff::Items(items) => {
                let note = if note.is_empty() { tally(items) } else { format!("{}, {note}", tally(items)) };
                self.push_heading(depth, LineMark::Changed, &path, &note);
                self.differences(depth + 1, items);
            }
            ValueDiff::Embedded { diff, .. } => self.difference(depth, path, diff, "in JSON text"),
            ValueDiff::Added(new) => self.push_value(depth, LineMark::Added, &path, new),
            ValueDiff::Removed(old) => self.push_value(depth, LineMark::Removed, &path, old),
            ValueDiff::Replaced { old, new } => self.replaced(depth, &path, old, new),
            ValueDiff::Lines { old, new } => self.text(depth, &path, old, new),
            ValueDiff::Moved { from, item } => {
                let label = format!("[{from}] to {path}");
                self.push(depth, LineMark::Moved, &label, spans(value::one_line(item), Role::Plain), "");
            }
        }
    }

    fn differences(&mut self, depth: usize, found: &[Difference]) {
        for Difference { at, diff } in found {
            self.difference(depth, beneath("", at), diff, "");
        }
    }

    fn replaced(&mut self, depth: usize, path: &str, old: &Json, new: &Json) {
        if value::is_redacted(old) && value::is_redacted(new) {
            return self.redacted(depth, path, Action::Updated);
        }
        let has_kinds = value::kind(old) != value::kind(new) && *old != Json::Null && *new != Json::Null;
        let texts = match (old, new) {
            (Json::String(old), Json::String(new)) => Some([old, new]),
            _ => None,
        };
        let differs = texts.and_then(|[old, new]| lookalike(old, new));
        let note = match differs {
            Some(differs) => differs.description().to_owned(),
            None if has_kinds => format!("{} → {}", value::kind(old), value::kind(new)),
            None => String::new(),
        };
        let is_plain = |texts: &[&String; 2]| texts.iter().all(|text| value::is_plain(text));
        let plain = texts.filter(|texts| differs.is_none() && is_plain(texts));
        let piece = |text: String| vec![value::ValuePiece { text, redacted: false }];
        let [before, after] = match (texts, differs) {
            (Some([old, new]), Some(differs)) => escape_differences(old, new, differs).map(piece),
            _ => match plain {
                Some(texts) => texts.map(|text| piece(text.clone())),
                None => [old, new].map(value::one_line),
            },
        };
        let (old_text, new_text) = (value::text(&before), value::text(&after));
        if old_text.chars().count() + new_text.chars().count() + 3 <= self.room {
            self.push(depth, LineMark::Changed, path, spans(before, Role::Removed), &note);
            if let Some(line) = self.lines.last_mut() {
                line.new_value = spans(after, Role::Added);
                line.is_text = plain.is_some();
            }
            return;
        }
        self.push_heading(depth, LineMark::Changed, path, &note);
        if texts.is_some() {
            return self.push_line_pair(depth + 1, &old_text, &new_text, plain.is_some());
        }
        for (mark, side) in [(LineMark::Removed, old), (LineMark::Added, new)] {
            self.pretty(depth + 1, mark, side);
        }
    }

    fn text(&mut self, depth: usize, path: &str, old: &str, new: &str) {
        let found = hunks(old, new);
        let changed: usize = found.iter().map(|hunk| hunk.removed.len().max(hunk.added.len())).sum();
        let all = lines(old).len().max(lines(new).len());
        let end = match (old.ends_with('\n'), new.ends_with('\n')) {
            (true, false) => ", line break at the end removed",
            (false, true) => ", line break at the end added",
            _ => "",
        };
        let note = format!("{changed} of {}{end}", counted(all as u64, "line", "lines"));
        self.push_heading(depth, LineMark::Changed, path, &note);
        for hunk in found {
            if !self.full && self.lines.len() > SHOWN_LINES {
                self.skipped += 1 + hunk.removed.len() + hunk.added.len();
                continue;
            }
            let place = vec![span(Role::Dim, &format!("@@ line {}", hunk.line))];
            self.lines.push(DetailLine { depth: depth + 1, value: place, ..DetailLine::default() });
            // Lines are paired only if both sides have equally many; otherwise the pairs would be arbitrary.
            if hunk.removed.len() == hunk.added.len() {
                let pairs: Vec<_> =
                    hunk.removed.iter().zip(&hunk.added).map(|(a, b)| self.search.compare(a, b)).collect();
                for (before, _) in &pairs {
                    self.push_words(depth + 1, LineMark::Removed, before, true);
                }
                for (_, after) in &pairs {
                    self.push_words(depth + 1, LineMark::Added, after, true);
                }
                continue;
            }
            for (mark, side) in [(LineMark::Removed, &hunk.removed), (LineMark::Added, &hunk.added)] {
                for line in side {
                    self.push_unlabelled(depth + 1, mark, vec![span(mark.role(), line)], true);
                }
            }
        }
    }

    fn push_line_pair(&mut self, depth: usize, old: &str, new: &str, is_text: bool) {
        let (before, after) = self.search.compare(old, new);
        self.push_words(depth, LineMark::Removed, &before, is_text);
        self.push_words(depth, LineMark::Added, &after, is_text);
    }

    fn push_words(&mut self, depth: usize, mark: LineMark, pieces: &[LinePiece], is_text: bool) {
        let word = if mark == LineMark::Added { Role::AddedWord } else { Role::RemovedWord };
        let mut spans = Vec::new();
        for (place, piece) in pieces.iter().enumerate() {
            if piece.differs || self.full {
                spans.push(span(if piece.differs { word } else { mark.role() }, &piece.text));
                continue;
            }
            let (first, left_out, last) = near_changes(&piece.text, place > 0, place + 1 < pieces.len());
            spans.push(span(mark.role(), first));
            if left_out > 0 {
                spans.push(span(Role::Dim, &format!("…({} characters)…", grouped(left_out as u64))));
            }
            spans.push(span(mark.role(), last));
        }
        self.push_unlabelled(depth, mark, spans, is_text);
    }

    /// Pushes an added or removed value: on one line if it fits, else on indented lines that each have the mark.
    fn push_value(&mut self, depth: usize, mark: LineMark, path: &str, side: &Json) {
        if is_scalar(side) || value::fits(side, self.room) {
            return self.push_scalar(depth, mark, path, side);
        }
        self.push_heading(depth, mark, path, "");
        self.pretty(depth + 1, mark, side);
    }

    fn push_scalar(&mut self, depth: usize, mark: LineMark, path: &str, side: &Json) {
        match side {
            Json::String(text) if text.contains('\n') => {
                let lines = lines(text);
                self.push_heading(depth, mark, path, &counted(lines.len() as u64, "line", "lines"));
                for line in lines {
                    self.push_unlabelled(depth + 1, mark, vec![span(mark.role(), line)], true);
                }
            }
            _ => self.push(depth, mark, path, spans(value::one_line(side), mark.role()), ""),
        }
    }

    fn pretty(&mut self, depth: usize, mark: LineMark, side: &Json) {
        let room = self.screen.saturating_sub(4 * depth + 4).min(LONGEST_PART);
        for pieces in value::pretty(side, room) {
            self.push_unlabelled(depth, mark, spans(pieces, mark.role()), false);
        }
    }

    fn redacted(&mut self, depth: usize, path: &str, action: Action) {
        let (mark, text) = match action {
            Action::Updated => (LineMark::Redacted, "redacted, changed"),
            Action::Deleted => (LineMark::Removed, "redacted"),
            // Beside creations, the entries of the trail have new values alone.
            _ => (LineMark::Added, "redacted"),
        };
        self.push(depth, mark, path, vec![span(Role::Dim, text)], "");
    }

    fn push_heading(&mut self, depth: usize, mark: LineMark, label: &str, note: &str) {
        self.push(depth, mark, label, Vec::new(), note);
    }

    fn push_unlabelled(&mut self, depth: usize, mark: LineMark, value: Vec<Span>, is_text: bool) {
        self.lines.push(DetailLine { depth, mark: Some(mark), value, is_text, ..DetailLine::default() });
    }

    fn push(&mut self, depth: usize, mark: LineMark, label: &str, value: Vec<Span>, note: &str) {
        let (label, note) = (Some(label.to_owned()), note.to_owned());
        self.lines.push(DetailLine { depth, mark: Some(mark), label, value, note, ..DetailLine::default() });
    }
}

/// Splits text that both sides share into a shown beginning, the number of omitted characters, and a shown end. Only
/// the parts next to a change are shown.
fn near_changes(text: &str, is_behind: bool, is_before: bool) -> (&str, usize, &str) {
    let most = 2 * CONTEXT + SHORTEST_GAP;
    if text.chars().nth(most).is_none() || !(is_behind || is_before) {
        return (text, 0, "");
    }
    let start = if is_behind { text.char_indices().nth(CONTEXT).map_or(0, |(at, _)| at) } else { 0 };
    let end = if is_before {
        text.char_indices().rev().nth(CONTEXT - 1).map_or(0, |(at, _)| at)
    } else {
        text.len()
    };
    (&text[..start], text[start..end].chars().count(), &text[end..])
}

/// Whether a value has no items or members, so that it needs no nested lines.
fn is_scalar(value: &Json) -> bool {
    match value {
        Json::Array(items) => items.is_empty(),
        Json::Object(members) => members.is_empty(),
        _ => true,
    }
}

fn spans(pieces: Vec<value::ValuePiece>, role: Role) -> Vec<Span> {
    let role_of = |redacted: bool| if redacted { Role::Dim } else { role };
    pieces.into_iter().map(|piece| Span { role: role_of(piece.redacted), text: piece.text }).collect()
}

fn span(role: Role, text: &str) -> Span {
    Span { text: text.to_owned(), role }
}
