//! A cell of the list: sanitized text with a prefix and a suffix that are cut differently.

use crate::model::entry::{Entry, User};
use crate::model::time::format;
use crate::model::words::UserKind;
use crate::render::columns::{Column, value};
use crate::render::sanitize::width;
use crate::render::style::{Style, mark};
use crate::render::summary;

/// The most bytes of one cell of the screen: a letter with all its combining marks.
const MOST_BYTES: usize = 32;

/// Stands between who acted and for whom.
const FOR: &str = " for ";

/// The least width of the text before a suffix that is kept.
const LEAST_BEFORE_SUFFIX: usize = 6;

pub(super) struct TableCell {
    /// The kind of resource; the short form omits it.
    prefix: String,
    text: String,
    /// Kept when the text is cut: the number of other changes, the kind of user, for whom the user acted.
    suffix: String,
    /// The short name of the user for whom the user acted: replaces the suffix when the cell is cut.
    principal: Option<String>,
}

impl TableCell {
    /// The sanitized text of one column, as long as a line can show it.
    pub(super) fn new(entry: &Entry, column: Column, style: &Style) -> Self {
        let (mut prefix, mut suffix, mut principal) = (String::new(), String::new(), None);
        let text = match column {
            Column::Time => style.moment(entry.occurred_at),
            Column::RecordedAt => format::full(entry.recorded_at, &style.time),
            Column::Action => format!("{} {}", mark(entry.action), entry.action),
            Column::User => {
                if entry.user.kind != UserKind::User {
                    suffix = format!(" ({})", entry.user.kind);
                }
                if let Some(on_behalf_of) = &entry.on_behalf_of {
                    suffix.push_str(&format!("{FOR}{}", clean(user(on_behalf_of), style)));
                    principal = Some(clean(short(on_behalf_of), style));
                }
                user(&entry.user).to_owned()
            }
            Column::Resource => {
                prefix = format!("{} ", entry.model_type.label());
                match entry.model_name.as_deref().map(str::trim) {
                    Some(name) if !name.is_empty() => name.to_owned(),
                    _ => summary::nameless(entry.model_type, &entry.model_id),
                }
            }
            Column::Summary => {
                let (text, others) = summary::parts(entry.changes.get(), entry.action);
                if others > 0 {
                    suffix = format!(", +{others}");
                }
                text
            }
            other => value(&entry.parts(), other).into_owned(),
        };
        Self { prefix, text: clean(&text, style), suffix, principal }
    }

    /// The width in cells, in full or in short form.
    pub(super) fn width(&self, is_short: bool) -> usize {
        let prefix = if is_short { 0 } else { width(&self.prefix) };
        let suffix = match &self.principal {
            Some(principal) if is_short => width(FOR) + width(principal),
            _ => width(&self.suffix),
        };
        prefix + width(&self.text) + suffix
    }

    /// Whether the cell names two users.
    pub(super) const fn has_two(&self) -> bool {
        self.principal.is_some()
    }

    /// The text in at most `max` cells.
    pub(super) fn cut(&self, max: usize, is_short: bool, style: &Style) -> String {
        let prefix = if is_short { "" } else { &self.prefix };
        let Self { text, suffix, .. } = self;
        if let Some(principal) = self.principal.as_ref().filter(|_| self.width(false) > max) {
            return self.cut_both(principal, max, style);
        }
        match max.checked_sub(width(suffix)) {
            Some(room) if !suffix.is_empty() && room >= LEAST_BEFORE_SUFFIX => {
                style.cut(&format!("{prefix}{text}"), room) + suffix
            }
            _ => style.cut(&format!("{prefix}{text}{suffix}"), max),
        }
    }

    /// Who acted, and for whom, each at least in part.
    fn cut_both(&self, principal: &str, max: usize, style: &Style) -> String {
        let (actor, room) = (&self.text, max.saturating_sub(width(FOR)));
        let left = room.saturating_sub(width(actor).min(LEAST_BEFORE_SUFFIX));
        let principal = style.cut(principal, width(principal).min(left.max(room / 2)));
        match room.saturating_sub(width(&principal)) {
            for_actor @ 3.. => style.cut(actor, for_actor) + FOR + &principal,
            _ => style.cut(&format!("{actor}{FOR}{principal}"), max),
        }
    }
}

/// Sanitized text, no longer than a line can show.
fn clean(text: &str, style: &Style) -> String {
    let most = if style.truncate { style.width.saturating_mul(MOST_BYTES) } else { usize::MAX };
    style.text(text[..text.floor_char_boundary(most)].trim()).into_owned()
}

/// The user's name without the domain of an e-mail address.
fn short(of: &User) -> &str {
    let name = user(of);
    name.split_once('@').map_or(name, |(mailbox, _)| mailbox)
}

/// Users that are no persons are shown by name; their label may be an id.
fn user(user: &User) -> &str {
    match user.kind {
        UserKind::User => user.label(),
        _ => user.name.as_deref().unwrap_or(user.label()),
    }
}
