//! The block of lines that tells how one field changed.
//!
//! It turns differences into marked lines of pieces; columns, colours and hostile text are the next step's business.

use crate::model::change::Change;
use crate::model::json::{Json, RawJson};
use crate::model::words::Action;
use crate::render::lookalike::{lookalike, escape_differences};
use crate::render::detail::line::{DetailLine, LineMark, Span};
use crate::render::detail::{DetailOptions, disambiguate};
use crate::render::diff::text::{hunks, lines};
use crate::render::diff::words::{LinePiece, WordSearch};
use crate::render::diff::{Difference, ValueDiff, compare};
use crate::render::filter_summary::{counted, grouped};
use crate::render::style::{Role, Style};
use crate::render::summary::{beneath, field_label, tally};
use crate::render::value;

/// Lines of one field that are shown unless the whole is asked for.
const SHOWN_LINES: usize = 40;

/// Letters of a part of a value that stays on one line.
const LONGEST_PART: usize = 96;

/// Characters that stay on each side of a change in a long line, when it is not shown whole.
const CONTEXT: usize = 40;
/// Fewer characters are not worth leaving out.
const SHORTEST_GAP: usize = 80;

/// The lines of all fields.
pub(super) fn fields(changes: &[Change], action: Action, options: DetailOptions, style: &Style) -> Vec<DetailLine> {
    let full = options.full;
    let (mut all, mut search) = (Vec::new(), WordSearch::default());
    for change in changes {
        let room = style.width.saturating_sub(34).max(24);
        let mut block =
            BlockBuilder { lines: Vec::new(), search: &mut search, skipped: 0, screen: style.width, room, full };
        block.field(change, action);
        let more = (block.lines.len() + block.skipped).saturating_sub(SHOWN_LINES);
        // A count in place of a single line would save nothing.
        if !full && more > 1 {
            block.lines.truncate(SHOWN_LINES);
            let text = format!("… {more} more lines: --full");
            block.lines.push(DetailLine { depth: 1, value: vec![span(Role::Dim, &text)], ..DetailLine::default() });
        }
        disambiguate::values(&mut block.lines);
        all.append(&mut block.lines);
    }
    disambiguate::labels(&mut all);
    all
}

/// A difference on its way into lines.
struct BlockBuilder<'a> {
    lines: Vec<DetailLine>,
    search: &'a mut WordSearch,
    /// Lines that were only counted, as they would not be shown.
    skipped: usize,
    screen: usize,
    /// Cells that a value may take beside its label.
    room: usize,
    full: bool,
}

impl BlockBuilder<'_> {
    fn field(&mut self, change: &Change, action: Action) {
        let field = field_label(&change.field);
        let field = field.as_str();
        if change.redacted {
            // A creation or a deletion has no need to say which side was there.
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
                Some(what) => self.difference(0, field.to_owned(), &what, ""),
                None => self.head(0, LineMark::Changed, field, "same value, written differently"),
            },
            (Ok(None), Ok(Some(new))) => self.part(0, LineMark::Added, field, &new),
            (Ok(Some(old)), Ok(None)) => self.part(0, LineMark::Removed, field, &old),
            (Ok(None), Ok(None)) => self.head(0, LineMark::Changed, field, "no values"),
            (Err(error), _) | (_, Err(error)) => {
                self.head(0, LineMark::Redacted, field, &format!("cannot be shown: {error}"));
            }
        }
    }

    fn difference(&mut self, depth: usize, path: String, what: &ValueDiff, note: &str) {
        match what {
            ValueDiff::Members(members) => match members.as_slice() {
                [only] if note.is_empty() => {
                    self.difference(depth, beneath(&path, &only.at), &only.what, note);
                }
                members => {
                    self.head(depth, LineMark::Changed, &path, note);
                    self.differences(depth + 1, members);
                }
            },
            ValueDiff::Items(items) => {
                let note = if note.is_empty() { tally(items) } else { format!("{}, {note}", tally(items)) };
                self.head(depth, LineMark::Changed, &path, &note);
                self.differences(depth + 1, items);
            }
            ValueDiff::Embedded { what, .. } => self.difference(depth, path, what, "in JSON text"),
            ValueDiff::Added(new) => self.part(depth, LineMark::Added, &path, new),
            ValueDiff::Removed(old) => self.part(depth, LineMark::Removed, &path, old),
            ValueDiff::Replaced { old, new } => self.replaced(depth, &path, old, new),
            ValueDiff::Lines { old, new } => self.text(depth, &path, old, new),
            ValueDiff::Moved { from, item } => {
                let label = format!("[{from}] to {path}");
                self.push(depth, LineMark::Moved, &label, spans(value::one_line(item), Role::Plain), "");
            }
        }
    }

    fn differences(&mut self, depth: usize, found: &[Difference]) {
        for Difference { at, what } in found {
            self.difference(depth, beneath("", at), what, "");
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
                line.became = spans(after, Role::Added);
                line.is_text = plain.is_some();
            }
            return;
        }
        self.head(depth, LineMark::Changed, path, &note);
        if texts.is_some() {
            return self.line_pair(depth + 1, &old_text, &new_text, plain.is_some());
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
        self.head(depth, LineMark::Changed, path, &note);
        for hunk in found {
            if !self.full && self.lines.len() > SHOWN_LINES {
                self.skipped += 1 + hunk.removed.len() + hunk.added.len();
                continue;
            }
            let place = vec![span(Role::Dim, &format!("@@ line {}", hunk.line))];
            self.lines.push(DetailLine { depth: depth + 1, value: place, ..DetailLine::default() });
            // Only as many old as new lines are each other's: pairing more would emphasise chance.
            if hunk.removed.len() == hunk.added.len() {
                let pairs: Vec<_> =
                    hunk.removed.iter().zip(&hunk.added).map(|(a, b)| self.search.compare(a, b)).collect();
                for (before, _) in &pairs {
                    self.emphasised(depth + 1, LineMark::Removed, before, true);
                }
                for (_, after) in &pairs {
                    self.emphasised(depth + 1, LineMark::Added, after, true);
                }
                continue;
            }
            for (mark, side) in [(LineMark::Removed, &hunk.removed), (LineMark::Added, &hunk.added)] {
                for line in side {
                    self.bare(depth + 1, mark, vec![span(mark.role(), line)], true);
                }
            }
        }
    }

    fn line_pair(&mut self, depth: usize, old: &str, new: &str, is_text: bool) {
        let (before, after) = self.search.compare(old, new);
        self.emphasised(depth, LineMark::Removed, &before, is_text);
        self.emphasised(depth, LineMark::Added, &after, is_text);
    }

    fn emphasised(&mut self, depth: usize, mark: LineMark, pieces: &[LinePiece], is_text: bool) {
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
        self.bare(depth, mark, spans, is_text);
    }

    /// A value that came or went: on one line when it fits, else indented, with the mark on each line.
    fn part(&mut self, depth: usize, mark: LineMark, path: &str, side: &Json) {
        if is_scalar(side) || value::fits(side, self.room) {
            return self.scalar(depth, mark, path, side);
        }
        self.head(depth, mark, path, "");
        self.pretty(depth + 1, mark, side);
    }

    fn scalar(&mut self, depth: usize, mark: LineMark, path: &str, side: &Json) {
        match side {
            Json::String(text) if text.contains('\n') => {
                let lines = lines(text);
                self.head(depth, mark, path, &counted(lines.len() as u64, "line", "lines"));
                for line in lines {
                    self.bare(depth + 1, mark, vec![span(mark.role(), line)], true);
                }
            }
            _ => self.push(depth, mark, path, spans(value::one_line(side), mark.role()), ""),
        }
    }

    fn pretty(&mut self, depth: usize, mark: LineMark, side: &Json) {
        let room = self.screen.saturating_sub(4 * depth + 4).min(LONGEST_PART);
        for pieces in value::pretty(side, room) {
            self.bare(depth, mark, spans(pieces, mark.role()), false);
        }
    }

    fn redacted(&mut self, depth: usize, path: &str, action: Action) {
        let (mark, text) = match action {
            Action::Created => (LineMark::Added, "redacted"),
            Action::Updated => (LineMark::Redacted, "redacted, changed"),
            Action::Deleted => (LineMark::Removed, "redacted"),
        };
        self.push(depth, mark, path, vec![span(Role::Dim, text)], "");
    }

    fn head(&mut self, depth: usize, mark: LineMark, label: &str, note: &str) {
        self.push(depth, mark, label, Vec::new(), note);
    }

    fn bare(&mut self, depth: usize, mark: LineMark, value: Vec<Span>, is_text: bool) {
        self.lines.push(DetailLine { depth, mark: Some(mark), value, is_text, ..DetailLine::default() });
    }

    fn push(&mut self, depth: usize, mark: LineMark, label: &str, value: Vec<Span>, note: &str) {
        let (label, note) = (Some(label.to_owned()), note.to_owned());
        self.lines.push(DetailLine { depth, mark: Some(mark), label, value, note, ..DetailLine::default() });
    }
}

/// What of a text that both sides share is shown, where a change stands before it or behind it: its beginning, how many
/// characters are left out, its end. A long line is shown around its changes, wherever they are.
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

/// Tells whether a value has no parts to show on lines of their own.
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
