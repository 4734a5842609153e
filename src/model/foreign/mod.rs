//! Reads rows of other audit libraries as proposals.
//!
//! Each library has a file that reads its columns into a [`SourceRow`]. Identity, time, ids and limits are handled here for
//! all of them. The file format that held the rows is not known here.

mod activitylog;
mod audited;
mod django_auditlog;
mod laravel;
mod layout;
mod library;
mod names;
mod paper_trail;
mod rules;
mod simple_history;
mod source_row;
mod yaml;

use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::model::draft::{MAX_ID_CHARS, MAX_NAME_CHARS, MAX_REASON_CHARS};
use crate::model::entry::{RequestContext, User};
use crate::model::foreign::rules::invalid;
use crate::model::foreign::source_row::{SourceRow, SourceUser};
use crate::model::json::{Json, RawJson};
use crate::model::proposal::Proposal;
use crate::model::timestamp::Timestamp;
use crate::model::words::{ModelType, UserKind};

pub(crate) use crate::model::foreign::library::AuditLibrary;
pub(crate) use crate::model::foreign::names::{NameMapping, UserKindMapping, displayable, is_column_name};
pub(crate) use crate::model::foreign::rules::{RowRejection, TableRules, UserColumns};
pub(crate) use crate::model::foreign::source_row::{JsonMembers, flatten_dumpdata, object_key};

/// A row as a proposal, with notes for the operator.
#[derive(Clone)]
pub(crate) struct ConvertedRow {
    pub(crate) proposal: Proposal,
    /// Set when the zone's clocks showed the row's time twice or never.
    pub(crate) note: Option<String>,
    /// What was left out or shortened.
    pub(crate) adjusted: Vec<&'static str>,
    /// Classes that were put before ids, so that ids of two classes stay apart.
    pub(crate) prefixed: Vec<String>,
}

impl TableRules {
    /// Checks the columns of a table before any row is read. `are_header` tells that they come from a header and not from
    /// the keys of objects, which may hold anything.
    ///
    /// # Errors
    /// A message when no column holds the user.
    pub(crate) fn check_columns(
        &self,
        library: AuditLibrary,
        columns: &[&str],
        are_header: bool,
    ) -> Result<(), String> {
        let layout = library.layout();
        let may_hold_user = |name: &str| layout.has(name) || name.ends_with("_id") || name.ends_with("_type");
        let listed = || {
            let named = columns.iter().filter(|name| is_column_name(name));
            let named = named.filter(|name| are_header || may_hold_user(name));
            named.copied().collect::<Vec<_>>().join(", ")
        };
        let Some(user) = &self.user_columns else {
            if layout.user_id.iter().any(|name| columns.contains(name)) {
                return Ok(());
            }
            return Err(format!(
                "the {library} table has no column {}: name the columns of the user's class and id with --user-columns TYPE,ID (or ID alone); its columns are {}",
                layout.user_id.join(" or "),
                listed()
            ));
        };
        match user.class.iter().chain([&user.id]).find(|name| !columns.contains(&name.as_str())) {
            None => Ok(()),
            Some(name) => {
                Err(format!("the table has no column {name} (--user-columns): its columns are {}", listed()))
            }
        }
    }

    /// The columns of a table that the import ignores.
    pub(crate) fn ignored_columns<'a>(&self, library: AuditLibrary, columns: &[&'a str]) -> Vec<&'a str> {
        // Every column of such a table is a field of the resource.
        if library == AuditLibrary::SimpleHistory {
            return Vec::new();
        }
        let is_user = |name: &str| {
            let named = self.user_columns.as_ref();
            named.is_some_and(|user| user.id == name || user.class.as_deref() == Some(name))
        };
        columns.iter().copied().filter(|name| !library.layout().has(name) && !is_user(name)).collect()
    }

    /// When a row was written, for sorting.
    pub(crate) fn moment_of(&self, written: &str) -> Option<Timestamp> {
        self.moment("", written).ok().map(|(at, _)| at)
    }

    /// Converts a row. `previous` is the row before it of the same resource, for libraries that need it. `table` names the
    /// table where a row does not.
    pub(crate) fn proposal(
        &self,
        library: AuditLibrary,
        row: &[(String, Json)],
        previous: Option<&[(String, Json)]>,
        table: &str,
    ) -> Result<ConvertedRow, RowRejection> {
        let row = match library {
            AuditLibrary::LaravelAuditing => laravel::read(self, row),
            AuditLibrary::ActivityLog => activitylog::read(self, row),
            AuditLibrary::DjangoAuditlog => django_auditlog::read(self, row),
            AuditLibrary::SimpleHistory => simple_history::read(self, row, previous, table),
            AuditLibrary::PaperTrail => paper_trail::read(self, row),
            AuditLibrary::Audited => audited::read(self, row),
        }?;
        self.converted(library, row)
    }

    fn converted(&self, library: AuditLibrary, row: SourceRow) -> Result<ConvertedRow, RowRejection> {
        let (occurred_at, note) = self.moment(library.layout().time, &row.time)?;
        let mut adjusted = row.adjusted;
        let mut prefixed = Vec::new();
        let mut qualified = |class: &str, id: &str, is_plain: bool| {
            if is_plain || self.plain.iter().any(|plain| plain == class) {
                return Ok(id.to_owned());
            }
            prefixed.push(class.to_owned());
            let whole = format!("{class}#{id}");
            // An id cannot be shortened: it would be the id of something else.
            if whole.chars().count() > MAX_ID_CHARS {
                return Err(invalid(format!(
                    "the class and the id together are longer than {MAX_ID_CHARS} characters"
                )));
            }
            Ok(whole)
        };
        let model_id =
            qualified(&row.class, &row.resource_id, names::is_class_of(row.model_type, &row.class))?;
        let SourceUser { class, id, email, name } = row.user;
        let kind = self.user_kinds.iter().rev().find(|kind| class.as_ref() == Some(&kind.class));
        let kind = kind.map_or(UserKind::User, |kind| kind.kind);
        let id = match (id, &class) {
            (Some(id), Some(class)) => Some(qualified(class, &id, names::is_user(class))?),
            (id, _) => id,
        };
        let mut shortened = |text: Option<String>, max: usize, what: &'static str| {
            let text = text.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())?;
            let Some(short) = shortened_to(&text, max) else { return Some(text) };
            adjusted.push(what);
            Some(short)
        };
        let user = if id.is_none() && email.is_none() && name.is_none() {
            User { id, email, name: Some("unknown".to_owned()), role: None, kind: UserKind::System }
        } else {
            let name = shortened(name, MAX_NAME_CHARS, "user name shortened");
            User { id, email, name, role: None, kind }
        };
        let model_name = row.name.or_else(|| {
            let sides = [&row.after, &row.before];
            sides.into_iter().flatten().find_map(|members| display_name(row.model_type, members))
        });
        let model_name = shortened(model_name, MAX_NAME_CHARS, "resource name shortened");
        let user_agent = shortened(row.user_agent, MAX_NAME_CHARS, "user agent shortened");
        let reason = row.reasons.join("; ");
        let reason = shortened(Some(reason), MAX_REASON_CHARS, "reason (url, command, tags) shortened");
        let mut kept = |text: Option<String>, is_valid: fn(&str) -> bool, what: &'static str| {
            let text = text?;
            if is_valid(&text) {
                return Some(text);
            }
            adjusted.push(what);
            None
        };
        let fits = |id: &str| id.chars().count() <= MAX_ID_CHARS;
        let request_id = kept(row.request_id, fits, "request id left out: it is too long");
        let is_ip = |ip: &str| ip.parse::<std::net::IpAddr>().is_ok();
        let ip = kept(row.ip, is_ip, "ip left out: it is not an IP address");
        let raw = |members: JsonMembers| RawJson::from(&Json::Object(members));
        let proposal = Proposal {
            uuid: Some(self.uuid(library, &row.id)),
            occurred_at: Some(occurred_at),
            action: row.action,
            model_type: row.model_type,
            model_id,
            model_name,
            user,
            on_behalf_of: None,
            context: RequestContext { via: row.via, ip, user_agent, request_id },
            reason,
            before: row.before.map(raw),
            after: row.after.map(raw),
            changes: None,
        };
        Ok(ConvertedRow { proposal, note, adjusted, prefixed })
    }

    /// The uuid depends on the row's identity alone, so it reveals nothing of what the row holds.
    fn uuid(&self, library: AuditLibrary, id: &str) -> Uuid {
        let digest = Sha256::digest(format!("{library}\0{}\0{id}", self.source));
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&digest[..16]);
        Uuid::new_v8(bytes)
    }
}

/// The text cut to `max` characters, ending in an ellipsis; `None` when it is short enough.
pub(crate) fn shortened_to(text: &str, max: usize) -> Option<String> {
    text.char_indices().nth(max)?;
    let kept: String = text.chars().take(max.saturating_sub(1)).collect();
    Some(kept + "…")
}

/// The resource's name, as its own fields give it.
fn display_name(model_type: ModelType, members: &[(String, Json)]) -> Option<String> {
    let key = if model_type == ModelType::Member { "email" } else { "name" };
    members.iter().find_map(|(name, value)| match value {
        Json::String(text) if name == key && !text.trim().is_empty() => Some(text.clone()),
        _ => None,
    })
}

#[cfg(test)]
mod tests;
