//! A proposal that was judged, diffed and redacted: the only thing a store accepts.
//!
//! There is no other way to make a draft, so nothing unredacted can reach a file.

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
/// How far ahead of the server's clock a recorder's may run.
const MAX_AHEAD: TimeDelta = TimeDelta::minutes(5);

/// An entry ready to be stored, but for the id that only the store can give.
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
    /// What is wrong with it, and what would be right.
    pub detail: String,
}

impl FieldError {
    /// Says what is wrong with `field`.
    pub fn new(field: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { field: field.into(), detail: detail.into() }
    }
}

/// Why a proposal becomes no draft.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// An update in which nothing differs: no fault, and nothing to keep.
    NoChange,
    /// What is kept of it is larger than [`MAX_ENTRY_BYTES`].
    TooLarge(String),
    /// The proposal breaks the contract.
    Invalid(Vec<FieldError>),
}

impl Draft {
    /// Judges, diffs and redacts a proposal that arrived at `now`.
    ///
    /// # Errors
    /// [`Refusal`], with every fault that was found and no value of the proposal in it.
    pub fn prepare(proposal: &Proposal, redaction: &Redaction, now: Timestamp) -> Result<Self, Refusal> {
        let mut errors = Vec::new();
        judge_texts(proposal, &mut errors);
        if proposal.occurred_at.is_some_and(|at| at > now.plus(MAX_AHEAD)) {
            errors.push(FieldError::new(
                "occurred_at",
                format!("lies more than 5 minutes in the future: the server's clock says {now}"),
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
        let entry = Entry {
            id: 0,
            uuid: proposal.uuid.unwrap_or_else(|| new_uuid(now)),
            occurred_at: proposal.occurred_at.unwrap_or(now),
            recorded_at: now,
            action: proposal.action,
            model_type: proposal.model_type,
            model_id: redaction.text(&proposal.model_id).into_owned(),
            model_name: kept(&proposal.model_name),
            user: User {
                id: kept(&proposal.user.id),
                email: kept(&proposal.user.email),
                name: kept(&proposal.user.name),
                role: kept(&proposal.user.role),
                kind: proposal.user.kind,
            },
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

    /// The same draft, unless the recorder named a key, under one made of what is kept of it: recording it again then
    /// adds nothing. Of what is kept and not of what was sent, for a key is shown, and a hash of a secret is a way to
    /// guess it.
    #[must_use]
    pub fn keyed_by_content(mut self) -> Self {
        if !self.uuid_was_given {
            let mut content = Entry { uuid: Uuid::nil(), recorded_at: Timestamp::MIN, ..self.entry.clone() };
            // As entries were kept once: the same recording keeps the key that it was given then.
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

    /// The entry to be, without its id.
    #[must_use]
    pub const fn entry(&self) -> &Entry {
        &self.entry
    }

    /// The entry, once the store has given it an id.
    #[must_use]
    pub fn stored_as(self, id: u64) -> Entry {
        Entry { id, ..self.entry }
    }

    /// Tells whether `stored`, found under the same uuid, holds the same content.
    ///
    /// What was redacted is not compared, for nothing of it was kept; which sides a secret had is not where the stored
    /// entry does not tell. A time the recorder did not give is not compared either, for a retry a second later is still
    /// the same recording.
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

fn judge_texts(proposal: &Proposal, errors: &mut Vec<FieldError>) {
    let Proposal { user, context, .. } = proposal;
    let mut judge = |field: &str, text: Option<&String>, max_chars: usize| {
        let Some(text) = text else { return };
        if text.trim().is_empty() {
            errors.push(FieldError::new(field, "is blank: leave it out when it is not known"));
        } else if text.chars().count() > max_chars {
            errors.push(FieldError::new(field, format!("is longer than {max_chars} characters")));
        }
    };
    judge("model_id", Some(&proposal.model_id), MAX_ID_CHARS);
    judge("model_name", proposal.model_name.as_ref(), MAX_NAME_CHARS);
    judge("user.id", user.id.as_ref(), MAX_ID_CHARS);
    judge("user.email", user.email.as_ref(), MAX_ID_CHARS);
    judge("user.name", user.name.as_ref(), MAX_NAME_CHARS);
    judge("user.role", user.role.as_ref(), MAX_ID_CHARS);
    judge("context.user_agent", context.user_agent.as_ref(), MAX_NAME_CHARS);
    judge("context.request_id", context.request_id.as_ref(), MAX_ID_CHARS);
    judge("reason", proposal.reason.as_ref(), MAX_REASON_CHARS);
    if [&user.id, &user.email, &user.name].into_iter().all(Option::is_none) {
        errors.push(FieldError::new("user", "needs an id, an email or a name: an entry always says who"));
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
        return Err(FieldError::new("changes", "stands beside before or after: send one or the other"));
    }
    let mut fields = std::collections::HashSet::new();
    let mut kept = Vec::with_capacity(changes.len());
    for (index, change) in changes.iter().enumerate() {
        let name = format!("changes[{index}]");
        let (old, new) = (parsed(&name, change.old.as_ref())?, parsed(&name, change.new.as_ref())?);
        let fault = if change.field.is_empty() {
            Some("has no field name")
        } else if !fields.insert(&change.field) {
            Some("names a field that an earlier change names")
        } else if change.redacted && ![&old, &new].into_iter().flatten().all(is_mark) {
            Some("is redacted and has a value: send one or the other")
        } else {
            match (proposal.action, &old, &new) {
                (_, None, None) if change.redacted => None,
                (Action::Created, None, Some(_)) | (Action::Deleted, Some(_), None) => None,
                (Action::Created, ..) => Some("must have new and no old: the resource was created"),
                (Action::Deleted, ..) => Some("must have old and no new: the resource was deleted"),
                (Action::Updated, None, None) => Some("must have old, new or both: the resource was updated"),
                (Action::Updated, ..) => None,
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
        (Action::Created, Some(_), _) => ("before", "has no place in a created entry: nothing was before"),
        (Action::Deleted, None, _) => ("before", "is missing: a deleted entry needs before (or changes)"),
        (Action::Deleted, _, Some(_)) => ("after", "has no place in a deleted entry: nothing is after"),
        (Action::Updated, None, _) => {
            ("before", "is missing: an updated entry needs before and after (or changes)")
        }
        (Action::Updated, _, None) => {
            ("after", "is missing: an updated entry needs before and after (or changes)")
        }
    };
    if !fault.is_empty() {
        return Err(FieldError::new(needs, fault));
    }
    let (before, after) = (before.unwrap_or_default(), after.unwrap_or_default());
    let differences = diff::differences(&before, &after).into_iter();
    Ok(differences.map(|(field, old, new)| kept_change(proposal, redaction, field, old, new)).collect())
}

/// The change that may be kept of a field. Of a secret it tells which sides were there. A field of which nothing but the
/// marks was sent is one whose values were taken out before.
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

/// The change of a secret. Which sides a creation or a deletion has needs no words.
fn secret(action: Action, field: String, had_old: bool, has_new: bool) -> Change {
    let is_update = action == Action::Updated;
    Change::of_secret(field, is_update && had_old, is_update && has_new)
}

/// Tells whether a value stands for a secret that was not kept, as an export has it.
fn is_mark(value: &Json) -> bool {
    matches!(value, Json::String(text) if text == REDACTED || text == REDACTED_CHANGED)
}

fn object(name: &str, raw: Option<&RawJson>) -> Result<Option<Vec<(String, Json)>>, FieldError> {
    let Some(raw) = raw else { return Ok(None) };
    let members = raw.parse_members().map_err(|_| unkept(name))?;
    members.map(Some).ok_or_else(|| FieldError::new(name, "is not a JSON object"))
}

fn parsed(name: &str, raw: Option<&RawJson>) -> Result<Option<Json>, FieldError> {
    raw.map(|raw| raw.parse().map_err(|_| unkept(name))).transpose()
}

/// The parser's own words may quote the value, so they are not passed on.
fn unkept(name: &str) -> FieldError {
    let max = crate::model::json::MAX_DEPTH;
    FieldError::new(name, format!("holds a value that nests deeper than {max} levels or is not Unicode"))
}

#[cfg(test)]
mod tests;
