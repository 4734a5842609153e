//! One cell of the list: its text, safe to show, in parts of which some outlast others when it is cut.

use crate::model::entry::{Entry, User};
use crate::model::time::format;
use crate::model::words::UserKind;
use crate::render::columns::{Column, value};
use crate::render::sanitize::width;
use crate::render::style::{Style, mark};
use crate::render::summary;

/// Bytes that a cell of the screen may take: a letter with all the marks that stay on it.
const MOST_BYTES: usize = 32;

/// A cut text keeps so many cells before a tail that outlasts it.
const LEAST_BEFORE_TAIL: usize = 6;

/// A cell's text.
pub(super) struct TableCell {
    /// What kind of thing it is; its short form goes without.
    prefix: String,
    text: String,
    /// What outlasts the text: a count, what kind of user acted.
    suffix: String,
}

impl TableCell {
    /// The text of one column, visible, and whole as far as a line can show it.
    pub(super) fn new(entry: &Entry, column: Column, style: &Style) -> Self {
        let (mut lead, mut tail) = (String::new(), String::new());
        let text = match column {
            Column::Time => style.moment(entry.occurred_at),
            Column::RecordedAt => format::full(entry.recorded_at, &style.time),
            Column::Action => format!("{} {}", mark(entry.action), entry.action),
            Column::User => {
                if entry.user.kind != UserKind::User {
                    tail = format!(" ({})", entry.user.kind);
                }
                user(&entry.user).to_owned()
            }
            Column::Resource => {
                lead = format!("{} ", entry.model_type.label());
                match entry.model_name.as_deref().map(str::trim) {
                    Some(name) if !name.is_empty() => name.to_owned(),
                    _ => format!("#{}", entry.model_id),
                }
            }
            Column::Summary => {
                let (told, others) = summary::parts(entry.changes.get(), entry.action);
                if others > 0 {
                    tail = format!(", +{others}");
                }
                told
            }
            other => value(&entry.view(), other).into_owned(),
        };
        let most = if style.truncate { style.width.saturating_mul(MOST_BYTES) } else { usize::MAX };
        let text = style.text(text[..text.floor_char_boundary(most)].trim()).into_owned();
        Self { prefix: lead, text, suffix: tail }
    }

    /// The cells it takes, whole or in its short form.
    pub(super) fn width(&self, is_short: bool) -> usize {
        let lead = if is_short { 0 } else { width(&self.prefix) };
        lead + width(&self.text) + width(&self.suffix)
    }

    /// The text in at most `max` cells.
    pub(super) fn cut(&self, max: usize, is_short: bool, style: &Style) -> String {
        let lead = if is_short { "" } else { &self.prefix };
        let Self { text, suffix: tail, .. } = self;
        match max.checked_sub(width(tail)) {
            Some(room) if !tail.is_empty() && room >= LEAST_BEFORE_TAIL => {
                style.cut(&format!("{lead}{text}"), room) + tail
            }
            _ => style.cut(&format!("{lead}{text}{tail}"), max),
        }
    }
}

/// Who is no person goes by a name, not by the id that a label may be.
fn user(user: &User) -> &str {
    match user.kind {
        UserKind::User => user.label(),
        _ => user.name.as_deref().unwrap_or(user.label()),
    }
}
