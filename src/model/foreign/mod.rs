//! Rows of other audit libraries, read as proposals.
//!
//! Each library has a file that reads its columns into a [`SourceRow`]; what is common to all (identity, time, ids, the
//! limits of an entry) is done here once. How the rows came out of a database is not known here.

mod activitylog;
mod audited;
mod django_auditlog;
mod format;
mod laravel;
mod names;
mod paper_trail;
mod simple_history;
mod source_row;
mod yaml;

use std::str::FromStr;

use chrono_tz::Tz;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::model::draft::{MAX_ID_CHARS, MAX_NAME_CHARS, MAX_REASON_CHARS};
use crate::model::entry::{RequestContext, User};
use crate::model::foreign::source_row::{Actor, SourceRow};
use crate::model::json::{Json, RawJson};
use crate::model::proposal::Proposal;
use crate::model::time::{self, Edge, TimeContext, When};
use crate::model::timestamp::Timestamp;
use crate::model::words::{Action, ModelType, UserKind};

pub(crate) use crate::model::foreign::format::{Format, Layout};
pub(crate) use crate::model::foreign::names::{Meaning, Named, UserClass, is_column_name, readable};
pub(crate) use crate::model::foreign::source_row::{Members, flattened, object_key};

/// A row: its columns by name. A cell of a text file is a string, or null.
pub(crate) type Row = [(String, Json)];

/// The columns that hold a row's user, where they are not the usual ones: `TYPE,ID`, or `ID` alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct UserColumns {
    /// The column with the user's class.
    pub class: Option<String>,
    /// The column with the user's id.
    pub id: String,
}

impl FromStr for UserColumns {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let parts: Vec<&str> = text.split(',').map(str::trim).collect();
        match parts[..] {
            [id] if !id.is_empty() => Ok(Self { class: None, id: id.to_owned() }),
            [class, id] if !class.is_empty() && !id.is_empty() => {
                Ok(Self { class: Some(class.to_owned()), id: id.to_owned() })
            }
            _ => Err("expected TYPE,ID (such as admin_type,admin_id), or ID alone".to_owned()),
        }
    }
}

/// How the rows of one database are read.
#[derive(Debug, Clone)]
pub(crate) struct Reading {
    /// Which database the rows come from. With the format and a row's id it is the row's identity.
    pub source: String,
    /// The zone of times that name none.
    pub zone: Tz,
    /// What classes and events stand for, before what they would by themselves.
    pub names: Vec<Named>,
    /// Classes whose ids stand without the class before them.
    pub plain: Vec<String>,
    /// What kind of user a class is.
    pub kinds: Vec<UserClass>,
    /// The columns of the user, where they are not the usual ones.
    pub user_columns: Option<UserColumns>,
}

/// A row as it is sent, and what a reader should know about it.
#[derive(Clone)]
pub(crate) struct Converted {
    /// The entry.
    pub proposal: Proposal,
    /// A sentence when the clocks showed its time twice or never.
    pub note: Option<String>,
    /// What was left out or shortened.
    pub adjusted: Vec<&'static str>,
    /// The class that stands before an id, so that two classes are not taken for one.
    pub prefixed: Vec<String>,
}

/// Why a row becomes no proposal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// It was asked for.
    LeftOut,
    /// An event or a class that stands for nothing here.
    Unmapped {
        /// `event` or `model type`.
        what: &'static str,
        /// The column it stands in.
        column: &'static str,
        /// The word. It may be anything: show it only as [`readable`] allows.
        word: String,
    },
    /// The row does not hold what an entry needs.
    Unmappable(&'static str),
    /// The row is not what such a row is. No value of it is quoted.
    Wrong(String),
}

fn wrong(what: impl Into<String>) -> Refusal {
    Refusal::Wrong(what.into())
}

impl Reading {
    /// Judges the columns of a table before any row is read. `are_header` tells whether they are the names of a table and
    /// not the keys of objects, which may be anything.
    ///
    /// # Errors
    /// A sentence when no column holds the user.
    pub(crate) fn judge(&self, format: Format, columns: &[&str], are_header: bool) -> Result<(), String> {
        let layout = format.layout();
        let may_hold_user = |name: &str| layout.has(name) || name.ends_with("_id") || name.ends_with("_type");
        let listed = || {
            let named = columns.iter().filter(|name| names::is_column_name(name));
            let named = named.filter(|name| are_header || may_hold_user(name));
            named.copied().collect::<Vec<_>>().join(", ")
        };
        let Some(user) = &self.user_columns else {
            if layout.user_id.iter().any(|name| columns.contains(name)) {
                return Ok(());
            }
            return Err(format!(
                "a {format} table without a column {}: name the columns of the user's class and id by --user-columns TYPE,ID (or ID alone); its columns are {}",
                layout.user_id.join(" or "),
                listed()
            ));
        };
        let missing = user.class.iter().chain([&user.id]).find(|name| !columns.contains(&name.as_str()));
        match missing {
            None => Ok(()),
            Some(name) => {
                Err(format!("there is no column {name} (--user-columns): its columns are {}", listed()))
            }
        }
    }

    /// The columns of a table that have no place in an entry.
    pub(crate) fn unread<'a>(&self, format: Format, columns: &[&'a str]) -> Vec<&'a str> {
        // There each column is a field of the resource.
        if format == Format::SimpleHistory {
            return Vec::new();
        }
        let is_users = |name: &str| {
            let named = self.user_columns.as_ref();
            named.is_some_and(|user| user.id == name || user.class.as_deref() == Some(name))
        };
        columns.iter().copied().filter(|name| !format.layout().has(name) && !is_users(name)).collect()
    }

    /// When a row was written, by which rows are put in order.
    pub(crate) fn moment_of(&self, written: &str) -> Option<Timestamp> {
        self.moment("", written).ok().map(|(at, _)| at)
    }

    /// Reads a row. `previous` is the row before it of the same resource, for formats that need it; `table` names the
    /// table where a row does not.
    pub(crate) fn proposal(
        &self,
        format: Format,
        row: &Row,
        previous: Option<&Row>,
        table: &str,
    ) -> Result<Converted, Refusal> {
        let source = match format {
            Format::LaravelAuditing => laravel::read(self, row),
            Format::ActivityLog => activitylog::read(self, row),
            Format::DjangoAuditlog => django_auditlog::read(self, row),
            Format::SimpleHistory => simple_history::read(self, row, previous, table),
            Format::PaperTrail => paper_trail::read(self, row),
            Format::Audited => audited::read(self, row),
        }?;
        self.converted(format, source)
    }

    fn converted(&self, format: Format, row: SourceRow) -> Result<Converted, Refusal> {
        let (occurred_at, note) = self.moment(format.layout().time, &row.time)?;
        let mut adjusted = row.adjusted;
        let mut prefixed = Vec::new();
        let mut identity = |class: &str, id: &str, is_plain: bool| {
            if is_plain || self.plain.iter().any(|plain| plain == class) {
                return Ok(id.to_owned());
            }
            prefixed.push(class.to_owned());
            let whole = format!("{class}#{id}");
            // An id that is cut is another id.
            if whole.chars().count() > MAX_ID_CHARS {
                return Err(wrong(format!("the class and the id have more than {MAX_ID_CHARS} characters")));
            }
            Ok(whole)
        };
        let model_id =
            identity(&row.class, &row.resource_id, names::is_class_of(row.model_type, &row.class))?;
        let Actor { class, id, email, name } = row.user;
        let kind = class.as_ref().and_then(|class| self.kinds.iter().rev().find(|kind| kind.class == *class));
        let kind = kind.map_or(UserKind::User, |kind| kind.kind);
        let id = match (id, &class) {
            (Some(id), Some(class)) => Some(identity(class, &id, names::is_user(class))?),
            (id, _) => id,
        };
        let mut shortened = |text: Option<String>, max: usize, what: &'static str| {
            let text = text.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())?;
            let Some(short) = shortened_to(&text, max) else { return Some(text) };
            adjusted.push(what);
            Some(short)
        };
        let user = if id.is_none() && email.is_none() && name.is_none() {
            let name = Some("unknown".to_owned());
            User { id, email, name, role: None, kind: UserKind::System }
        } else {
            User {
                id,
                email,
                name: shortened(name, MAX_NAME_CHARS, "name of the user shortened"),
                role: None,
                kind,
            }
        };
        let model_name = row.name.or_else(|| {
            let sides = [&row.after, &row.before];
            sides.into_iter().flatten().find_map(|members| display_name(row.model_type, members))
        });
        let model_name = shortened(model_name, MAX_NAME_CHARS, "name of the resource shortened");
        let user_agent = shortened(row.user_agent, MAX_NAME_CHARS, "user agent shortened");
        let reason = shortened(
            Some(row.reasons.join("; ")),
            MAX_REASON_CHARS,
            "reason (url, command, tags) shortened",
        );
        let request_id = row.request_id.filter(|id| {
            let fits = id.chars().count() <= MAX_ID_CHARS;
            if !fits {
                adjusted.push("request id left out, because it is too long");
            }
            fits
        });
        let is_address = |ip: &String| ip.parse::<std::net::IpAddr>().is_ok();
        let ip = row.ip.filter(|ip| {
            if !is_address(ip) {
                adjusted.push("address left out, because it is no IP address");
            }
            is_address(ip)
        });
        let raw = |members: &Vec<(String, Json)>| RawJson::from(&Json::Object(members.clone()));
        let proposal = Proposal {
            uuid: Some(self.uuid(format, &row.id)),
            occurred_at: Some(occurred_at),
            action: row.action,
            model_type: row.model_type,
            model_id,
            model_name,
            user,
            context: RequestContext { via: row.via, ip, user_agent, request_id },
            reason,
            before: row.before.as_ref().map(raw),
            after: row.after.as_ref().map(raw),
            changes: None,
        };
        Ok(Converted { proposal, note, adjusted, prefixed })
    }

    /// Made of the row's identity alone: nothing that the row holds can be guessed from it.
    fn uuid(&self, format: Format, id: &str) -> Uuid {
        let digest = Sha256::digest(format!("{format}\0{}\0{id}", self.source));
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&digest[..16]);
        Uuid::new_v8(bytes)
    }

    fn meaning(&self, name: &str) -> Option<Meaning> {
        self.names.iter().rev().find(|named| named.name == name).map(|named| named.meaning)
    }

    /// What an event stands for; `usual` is what it does by itself.
    fn action(&self, column: &'static str, event: &str, usual: Option<Action>) -> Result<Action, Refusal> {
        match self.meaning(event) {
            Some(Meaning::Nothing) => Err(Refusal::LeftOut),
            Some(Meaning::Action(action)) => Ok(action),
            _ => usual.or_else(|| event.parse().ok()).ok_or_else(|| Refusal::Unmapped {
                what: "event",
                column,
                word: event.to_owned(),
            }),
        }
    }

    fn model_type(&self, column: &'static str, class: &str) -> Result<ModelType, Refusal> {
        match self.meaning(class) {
            Some(Meaning::Nothing) => Err(Refusal::LeftOut),
            Some(Meaning::Type(model_type)) => Ok(model_type),
            _ => names::last_segment(class).parse().map_err(|_| Refusal::Unmapped {
                what: "model type",
                column,
                word: class.to_owned(),
            }),
        }
    }

    fn moment(&self, column: &str, written: &str) -> Result<(Timestamp, Option<String>), Refusal> {
        if let Ok(at) = written.parse() {
            return Ok((at, None));
        }
        let no_time = || wrong(format!("{column} is no time such as 2026-11-22 08:14:07"));
        // Rails ends a time with the word UTC.
        let written = written.strip_suffix(" UTC").map_or(written.to_owned(), |time| format!("{time}Z"));
        // The grammar of times knows words and ages too; a database writes neither.
        if !written.as_bytes().first_chunk().is_some_and(|year: &[u8; 4]| year.iter().all(u8::is_ascii_digit))
        {
            return Err(no_time());
        }
        let context = TimeContext { now: Timestamp::MIN, zone: self.zone };
        match time::parse(&written, Edge::Since, &context) {
            Ok(When::At { at, note }) => Ok((at, note)),
            Ok(When::Entry(_)) | Err(_) => Err(no_time()),
        }
    }
}

/// The text cut to `max` characters, the last of which says so; none when it has no more.
pub(crate) fn shortened_to(text: &str, max: usize) -> Option<String> {
    text.char_indices().nth(max)?;
    let kept: String = text.chars().take(max.saturating_sub(1)).collect();
    Some(kept + "…")
}

/// What the row itself says of the resource's name.
fn display_name(model_type: ModelType, members: &[(String, Json)]) -> Option<String> {
    let key = if model_type == ModelType::Member { "email" } else { "name" };
    members.iter().find_map(|(name, value)| match value {
        Json::String(text) if name == key && !text.trim().is_empty() => Some(text.clone()),
        _ => None,
    })
}

#[cfg(test)]
mod tests;
