//! A proposal after checks, diff and redaction: the only form in which a store accepts entries. How it is stored is not
//! known here.
//!
//! Drafts are made by [`Draft::prepare`] only, so nothing unredacted can reach a file.

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::model::change::{Change, Changes};
use crate::model::diff;
use crate::model::entry::{Entry, RequestContext, User};
use crate::model::json::{Json, RawJson};
use crate::model::proposal::Proposal;
use crate::model::redaction::{REDACTED, REDACTED_CHANGED, Redaction};
use crate::model::timestamp::Timestamp;
use crate::model::words::Action;

/// The most one entry may take as JSON, in bytes.
pub const MAX_ENTRY_BYTES: usize = 1024 * 1024;
/// The longest id, e-mail, address or request id, in characters.
pub const MAX_ID_CHARS: usize = 255;
/// The longest name or user agent, in characters.
pub const MAX_NAME_CHARS: usize = 1024;
/// The longest reason, in characters.
pub const MAX_REASON_CHARS: usize = 4096;
/// How far a recorder's clock may be ahead of the server's.
const MAX_AHEAD: TimeDelta = TimeDelta::minutes(5);

/// An entry ready to be stored. Only the store can give its id.
#[derive(Debug, Clone)]
pub struct Draft {
    entry: Entry,
    time_was_given: bool,
    uuid_was_given: bool,
}

/// What is wrong with one field of a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FieldError {
    /// The field or parameter.
    pub field: String,
    /// What is wrong with it, and what is expected.
    pub detail: String,
}

impl FieldError {
    /// Describes a fault of `field`.
    pub fn new(field: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { field: field.into(), detail: detail.into() }
    }
}

/// Why a proposal becomes no draft.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// An update without changes. This is not an error.
    NoChange,
    /// The redacted entry is larger than [`MAX_ENTRY_BYTES`].
    TooLarge(String),
    /// The proposal breaks the contract.
    Invalid(Vec<FieldError>),
}

impl Draft {
    /// Checks, diffs and redacts a proposal that arrived at `now`.
    ///
    /// # Errors
    /// With all faults of the proposal, and none of its values.
    pub fn prepare(proposal: &Proposal, redaction: &Redaction, now: Timestamp) -> Result<Self, Refusal> {
        let mut errors = Vec::new();
        check_texts(proposal, &mut errors);
        if proposal.occurred_at.is_some_and(|at| at > now.plus(MAX_AHEAD)) {
            errors.push(FieldError::new(
                "occurred_at",
                format!("is more than 5 minutes in the future: the server's clock says {now}"),
            ));
        }
        let changes = changes(proposal, redaction).map_err(|error| errors.push(error)).unwrap_or_default();
        if !errors.is_empty() {
            return Err(Refusal::Invalid(errors));
        }
        if changes.is_empty() && proposal.action == Action::Updated {
            return Err(Refusal::NoChange);
        }
        let kept = |text: &Option<String>| text.as_deref().map(|text| redaction.text(text).into_owned());
        let kept_user = |user: &User| User {
            id: kept(&user.id),
            email: kept(&user.email),
            name: kept(&user.name),
            role: kept(&user.role),
            kind: user.kind,
        };
        let entry = Entry {
            id: 0,
            uuid: proposal.uuid.unwrap_or_else(|| new_uuid(now)),
            occurred_at: proposal.occurred_at.unwrap_or(now),
            recorded_at: now,
            action: proposal.action,
            model_type: proposal.model_type,
            model_id: redaction.text(&proposal.model_id).into_owned(),
            model_name: kept(&proposal.model_name),
            user: kept_user(&proposal.user),
            on_behalf_of: proposal.on_behalf_of.as_ref().map(kept_user),
            context: RequestContext {
                via: proposal.context.via,
                ip: kept(&proposal.context.ip),
                user_agent: kept(&proposal.context.user_agent),
                request_id: kept(&proposal.context.request_id),
            },
            reason: kept(&proposal.reason),
            changes: Changes::from(changes.as_slice()),
        };
        if entry.changes.get().len() > MAX_ENTRY_BYTES {
            let detail =
                format!("the entry is larger than {MAX_ENTRY_BYTES} bytes: record fewer or smaller fields");
            return Err(Refusal::TooLarge(detail));
        }
        let (time_was_given, uuid_was_given) = (proposal.occurred_at.is_some(), proposal.uuid.is_some());
        Ok(Self { entry, time_was_given, uuid_was_given })
    }

    /// Makes the uuid from the content, unless the recorder gave one, so that recording the draft again adds nothing.
    ///
    /// It is made from the redacted content. A uuid is shown, and a hash of a secret is a way to guess it.
    #[must_use]
    pub fn keyed_by_content(mut self) -> Self {
        if !self.uuid_was_given {
            let mut content = Entry { uuid: Uuid::nil(), recorded_at: Timestamp::MIN, ..self.entry.clone() };
            // Earlier versions kept no secret sides. The same recording must get the same uuid as then.
            if let Some(changes) = content.changes.without_secret_sides() {
                content.changes = changes;
            }
            let digest = Sha256::digest(serde_json::to_vec(&content).unwrap_or_default());
            let mut bytes = [0; 16];
            bytes.copy_from_slice(&digest[..16]);
            self.entry.uuid = Uuid::new_v8(bytes);
        }
        self
    }

    /// The entry, without its id.
    #[must_use]
    pub const fn entry(&self) -> &Entry {
        &self.entry
    }

    /// The entry with the id from the store.
    #[must_use]
    pub fn stored_as(self, id: u64) -> Entry {
        Entry { id, ..self.entry }
    }

    /// Whether `stored`, which has the same uuid, also has the same content.
    ///
    /// Redacted values are not compared, because they are not stored. Which sides a secret had is compared if the stored entry
    /// tells it. A time from the server is not compared, because a retry arrives later.
    #[must_use]
    pub fn same_content(&self, stored: &Entry) -> bool {
        let occurred_at = if self.time_was_given { self.entry.occurred_at } else { stored.occurred_at };
        let as_stored =
            Entry { id: stored.id, recorded_at: stored.recorded_at, occurred_at, ..self.entry.clone() };
        if as_stored == *stored {
            return true;
        }
        let changes = as_stored.changes.without_secret_sides();
        changes.is_some_and(|changes| Entry { changes, ..as_stored } == *stored)
    }
}

/// A time-ordered key (RFC 9562, version 7).
fn new_uuid(now: Timestamp) -> Uuid {
    let micros = now.micros().unsigned_abs();
    let nanos = u32::try_from(micros % 1_000_000 * 1000).unwrap_or(0);
    Uuid::new_v7(uuid::Timestamp::from_unix(uuid::NoContext, micros / 1_000_000, nanos))
}

fn check_texts(proposal: &Proposal, errors: &mut Vec<FieldError>) {
    let Proposal { user, on_behalf_of, context, .. } = proposal;
    let users = || std::iter::once(("user", user)).chain(on_behalf_of.iter().map(|it| ("on_behalf_of", it)));
    let texts = [
        ("model_id", Some(&proposal.model_id), MAX_ID_CHARS),
        ("model_name", proposal.model_name.as_ref(), MAX_NAME_CHARS),
        ("context.user_agent", context.user_agent.as_ref(), MAX_NAME_CHARS),
        ("context.request_id", context.request_id.as_ref(), MAX_ID_CHARS),
        ("reason", proposal.reason.as_ref(), MAX_REASON_CHARS),
    ];
    let mut check = |field: &str, text: Option<&String>, max_chars| {
        let Some(text) = text else { return };
        if text.trim().is_empty() {
            errors.push(FieldError::new(field, "is blank: leave it out when it is not known"));
        } else if text.chars().count() > max_chars {
            errors.push(FieldError::new(field, format!("is longer than {max_chars} characters")));
        }
    };
    for (field, text, max_chars) in texts {
        check(field, text, max_chars);
    }
    for (member, user) in users() {
        for (name, text, max_chars) in [
            ("id", &user.id, MAX_ID_CHARS),
            ("email", &user.email, MAX_ID_CHARS),
            ("name", &user.name, MAX_NAME_CHARS),
            ("role", &user.role, MAX_ID_CHARS),
        ] {
            check(&format!("{member}.{name}"), text.as_ref(), max_chars);
        }
    }
    for (member, user) in users() {
        if [&user.id, &user.email, &user.name].into_iter().all(Option::is_none) {
            errors.push(FieldError::new(member, "needs an id, an email or a name"));
        }
    }
    if context.ip.as_ref().is_some_and(|ip| ip.parse::<std::net::IpAddr>().is_err()) {
        errors.push(FieldError::new(
            "context.ip",
            "is not an IP address (such as 198.51.100.23 or 2001:db8::7)",
        ));
    }
}

/// The redacted changes of a proposal, from its `changes` or from `before` and `after`.
fn changes(proposal: &Proposal, redaction: &Redaction) -> Result<Vec<Change>, FieldError> {
    let Some(changes) = &proposal.changes else { return changes_between(proposal, redaction) };
    if proposal.before.is_some() || proposal.after.is_some() {
        return Err(FieldError::new(
            "changes",
            "cannot be combined with before or after: send one or the other",
        ));
    }
    let mut fields = std::collections::HashSet::new();
    let mut kept = Vec::with_capacity(changes.len());
    for (index, change) in changes.iter().enumerate() {
        let name = format!("changes[{index}]");
        let (old, new) = (parsed(&name, change.old.as_ref())?, parsed(&name, change.new.as_ref())?);
        let fault = if change.field.is_empty() {
            Some("has no field name")
        } else if !fields.insert(&change.field) {
            Some("repeats the field of an earlier change")
        } else if change.redacted && ![&old, &new].into_iter().flatten().all(is_mark) {
            Some("is redacted and has a value: send one or the other")
        } else {
            match (proposal.action, &old, &new) {
                (_, None, None) if change.redacted => None,
                (Action::Deleted, Some(_), None) => None,
                (Action::Deleted, ..) => Some("must have old and no new: the resource was deleted"),
                (Action::Updated, None, None) => Some("must have old, new or both: the resource was updated"),
                (Action::Updated, ..) | (_, None, Some(_)) => None,
                (Action::Created, ..) => Some("must have new and no old: the resource was created"),
                _ => Some("must have new and no old: the resource was not changed"),
            }
        };
        if let Some(fault) = fault {
            return Err(FieldError::new(name, fault));
        }
        if change.redacted {
            let field = redaction.field(proposal.model_type, &change.field);
            kept.push(secret(proposal.action, field, old.is_some(), new.is_some()));
        } else if !matches!((&old, &new), (Some(old), Some(new)) if old.same(new)) {
            kept.push(kept_change(proposal, redaction, &change.field, old.as_ref(), new.as_ref()));
        }
    }
    Ok(kept)
}

fn changes_between(proposal: &Proposal, redaction: &Redaction) -> Result<Vec<Change>, FieldError> {
    let (before, after) =
        (object("before", proposal.before.as_ref())?, object("after", proposal.after.as_ref())?);
    let (needs, fault) = match (proposal.action, &before, &after) {
        (Action::Created, None, Some(_))
        | (Action::Deleted, Some(_), None)
        | (Action::Updated, Some(_), Some(_)) => ("", ""),
        (Action::Created, _, None) => ("after", "is missing: a created entry needs after (or changes)"),
        (Action::Created, Some(_), _) => ("before", "is not allowed in a created entry: send after only"),
        (Action::Deleted, None, _) => ("before", "is missing: a deleted entry needs before (or changes)"),
        (Action::Deleted, _, Some(_)) => ("after", "is not allowed in a deleted entry: send before only"),
        (Action::Updated, None, _) => {
            ("before", "is missing: an updated entry needs before and after (or changes)")
        }
        (Action::Updated, _, None) => {
            ("after", "is missing: an updated entry needs before and after (or changes)")
        }
        _ => ("changes", "is missing: an entry of the trail needs changes"),
    };
    if !fault.is_empty() {
        return Err(FieldError::new(needs, fault));
    }
    let (before, after) = (before.unwrap_or_default(), after.unwrap_or_default());
    let differences = diff::differences(&before, &after).into_iter();
    Ok(differences.map(|(field, old, new)| kept_change(proposal, redaction, field, old, new)).collect())
}

/// The change of a field after redaction. A redacted change tells which sides existed. A field whose values are only marks
/// was redacted before.
fn kept_change(
    proposal: &Proposal,
    redaction: &Redaction,
    field: &str,
    old: Option<&Json>,
    new: Option<&Json>,
) -> Change {
    let change = redaction.change(proposal.model_type, field, old, new);
    let is_secret = change.redacted || [old, new].into_iter().flatten().all(is_mark);
    if is_secret { secret(proposal.action, change.field, old.is_some(), new.is_some()) } else { change }
}

/// The change of a secret. The sides of a creation or a deletion follow from its action.
fn secret(action: Action, field: String, had_old: bool, has_new: bool) -> Change {
    let is_update = action == Action::Updated;
    Change::of_secret(field, is_update && had_old, is_update && has_new)
}

/// Whether a value is the mark that an export has in place of a secret.
fn is_mark(value: &Json) -> bool {
    matches!(value, Json::String(text) if text == REDACTED || text == REDACTED_CHANGED)
}

fn object(name: &str, raw: Option<&RawJson>) -> Result<Option<Vec<(String, Json)>>, FieldError> {
    let Some(raw) = raw else { return Ok(None) };
    let members = raw.parse_members().map_err(|_| unreadable(name))?;
    members.map(Some).ok_or_else(|| FieldError::new(name, "is not a JSON object"))
}

fn parsed(name: &str, raw: Option<&RawJson>) -> Result<Option<Json>, FieldError> {
    raw.map(|raw| raw.parse().map_err(|_| unreadable(name))).transpose()
}

/// The parser's message may quote the value, so it is dropped.
fn unreadable(name: &str) -> FieldError {
    let max = crate::model::json::MAX_DEPTH;
    FieldError::new(name, format!("holds a value that nests deeper than {max} levels or is not Unicode"))
}

#[cfg(test)]
mod tests;
