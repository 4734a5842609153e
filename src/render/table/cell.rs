//! A cell of the list: sanitized text with a prefix and a suffix that are cut differently.

use std::collections::{BTreeMap, HashSet};

use crate::model::entry::{Entry, User};
use crate::model::time::format;
use crate::model::words::{ModelType, UserKind};
use crate::render::columns::{Column, value};
use crate::render::sanitize::width;
use crate::render::style::{Style, mark};
use crate::render::summary;

/// The most bytes of one cell of the screen: a letter with all its combining marks.
const MAX_BYTES: usize = 32;

/// Stands between who acted and for whom.
const FOR: &str = " for ";

/// The least width of the text before a suffix that is kept.
const MIN_BEFORE_SUFFIX: usize = 6;

/// A text in full and in its short form.
#[derive(Default)]
struct Forms {
    full: String,
    short: String,
}

impl Forms {
    fn same(text: String) -> Self {
        Self { short: text.clone(), full: text }
    }

    fn get(&self, is_short: bool) -> &str {
        if is_short { &self.short } else { &self.full }
    }
}

pub(super) struct TableCell {
    /// The kind of resource.
    prefix: Forms,
    /// The short form of an e-mail address has no shared domain.
    text: Forms,
    /// Kept when the text is cut: the number of other changes, the kind of user, for whom the user acted.
    suffix: Forms,
    /// A text that replaces the short form when that would be cut: a change without its old value.
    brief: Option<String>,
    /// The short name of the user for whom the user acted: replaces the suffix when the cell is cut.
    principal: Option<String>,
}

impl TableCell {
    /// The sanitized text of one column, as long as a line can show it. `domain` is left out of short addresses.
    pub(super) fn new(entry: &Entry, column: Column, domain: Option<&str>, style: &Style) -> Self {
        let (mut prefix, mut suffix, mut principal) = (Forms::default(), Forms::default(), None);
        let mut brief = None;
        let text = match column {
            Column::Time => style.moment(entry.occurred_at),
            Column::RecordedAt => format::full(entry.recorded_at, &style.time),
            Column::Action => format!("{} {}", mark(entry.action), entry.action),
            Column::User => {
                if entry.user.kind != UserKind::User {
                    suffix.full = format!(" ({})", entry.user.kind);
                    suffix.short = format!(" ({})", short_kind(entry.user.kind));
                }
                if let Some(on_behalf_of) = &entry.on_behalf_of {
                    suffix.full.push_str(&format!("{FOR}{}", clean(user(on_behalf_of), style)));
                    principal = Some(clean(short(on_behalf_of), style));
                }
                user(&entry.user).to_owned()
            }
            Column::Resource => {
                prefix.full = format!("{} ", entry.model_type.label());
                prefix.short = format!("{} ", short_type(entry.model_type));
                match entry.model_name.as_deref().map(str::trim) {
                    Some(name) if !name.is_empty() => name.to_owned(),
                    _ => summary::nameless(entry.model_type, &entry.model_id),
                }
            }
            Column::Summary => {
                let (text, others) = summary::parts(entry.changes.get(), entry.action);
                if others > 0 {
                    suffix = Forms { full: format!(", +{others}"), short: format!(" +{others}") };
                }
                brief = summary::brief_change(entry.changes.get(), entry.action).map(|it| clean(&it, style));
                text
            }
            other => value(&entry.parts(), other).into_owned(),
        };
        let is_address = match column {
            Column::User => entry.user.kind == UserKind::User,
            Column::Resource => entry.model_type == ModelType::Member,
            _ => false,
        };
        let short = domain.filter(|_| is_address).and_then(|domain| without_domain(&text, domain));
        let short = short.map(|short| clean(short, style));
        let full = clean(&text, style);
        let text = Forms { short: short.unwrap_or_else(|| full.clone()), full };
        Self { prefix, text, suffix, brief, principal }
    }

    /// The cell of an entry that is marked among others.
    pub(super) fn marked(self) -> Self {
        Self { prefix: Forms::same("> ".to_owned()), ..self }
    }

    /// The width in cells, in full or in short form.
    pub(super) fn width(&self, is_short: bool) -> usize {
        let suffix = match &self.principal {
            Some(principal) if is_short => width(FOR) + width(principal),
            _ => width(self.suffix.get(is_short)),
        };
        width(self.prefix.get(is_short)) + width(self.text.get(is_short)) + suffix
    }

    /// Whether the cell names two users.
    pub(super) const fn has_two(&self) -> bool {
        self.principal.is_some()
    }

    /// The text in at most `max` cells.
    pub(super) fn cut(&self, max: usize, is_short: bool, style: &Style) -> String {
        let [prefix, text, suffix] = [&self.prefix, &self.text, &self.suffix].map(|part| part.get(is_short));
        if let Some(principal) = &self.principal
            && (is_short || self.width(false) > max)
        {
            return cut_both(text, principal, max, style);
        }
        let text = match &self.brief {
            Some(brief) if is_short && width(text) + width(suffix) > max => brief,
            _ => text,
        };
        match max.checked_sub(width(suffix)) {
            Some(room) if !suffix.is_empty() && room >= MIN_BEFORE_SUFFIX => {
                style.cut(&format!("{prefix}{text}"), room) + suffix
            }
            _ => style.cut(&format!("{prefix}{text}{suffix}"), max),
        }
    }
}

/// Who acted, and for whom, each at least in part.
fn cut_both(actor: &str, principal: &str, max: usize, style: &Style) -> String {
    let room = max.saturating_sub(width(FOR));
    let left = room.saturating_sub(width(actor).min(MIN_BEFORE_SUFFIX));
    let principal = style.cut(principal, width(principal).min(left.max(room / 2)));
    match room.saturating_sub(width(&principal)) {
        for_actor @ 3.. => style.cut(actor, for_actor) + FOR + &principal,
        _ => style.cut(&format!("{actor}{FOR}{principal}"), max),
    }
}

/// The domain of most e-mail addresses of these entries' users. None if a user without an address has the name of a
/// mailbox: without the domain, both would look the same.
pub(super) fn shared_domain(entries: &[Entry]) -> Option<String> {
    let mut domains: BTreeMap<&str, usize> = BTreeMap::new();
    let (mut mailboxes, mut names) = (HashSet::new(), HashSet::new());
    for user in entries.iter().flat_map(Entry::users).filter(|user| user.kind == UserKind::User) {
        match user.label().split_once('@') {
            Some((mailbox, domain)) => {
                mailboxes.insert(mailbox);
                *domains.entry(domain).or_default() += 1;
            }
            None => drop(names.insert(user.label())),
        }
    }
    let all: usize = domains.values().sum();
    let (domain, count) = domains.into_iter().max_by_key(|(_, count)| *count)?;
    (2 * count > all && mailboxes.is_disjoint(&names)).then(|| domain.to_owned())
}

/// The mailbox of an address in this domain.
fn without_domain<'t>(text: &'t str, domain: &str) -> Option<&'t str> {
    text.split_once('@')
        .filter(|(mailbox, its)| !mailbox.is_empty() && *its == domain)
        .map(|(mailbox, _)| mailbox)
}

/// The type in a few letters.
const fn short_type(model_type: ModelType) -> &'static str {
    match model_type {
        ModelType::Connector => "conn",
        ModelType::ConnectorEndpoint => "endpt",
        ModelType::Organization => "org",
        ModelType::AuditLog => "log",
        other => other.as_str(),
    }
}

/// The kind of user in a few letters.
const fn short_kind(kind: UserKind) -> &'static str {
    match kind {
        UserKind::Service => "svc",
        UserKind::System => "sys",
        other => other.as_str(),
    }
}

/// Sanitized text, no longer than a line can show.
fn clean(text: &str, style: &Style) -> String {
    let most = if style.truncate { style.width.saturating_mul(MAX_BYTES) } else { usize::MAX };
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
