//! A row of the `audits` table that laravel-auditing keeps, read as a proposal.
//!
//! Its columns: `id`, `event`, `auditable_type`, `auditable_id`, `old_values`, `new_values`, `user_id`, `url`,
//! `ip_address`, `user_agent`, `tags`, `created_at`. How the rows came out of the database is not known here.

use std::str::FromStr;

use chrono_tz::Tz;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::model::entry::{Context, User};
use crate::model::json::{Json, RawJson};
use crate::model::proposal::Proposal;
use crate::model::time::{self, Edge, TimeContext, When};
use crate::model::timestamp::Timestamp;
use crate::model::words::{Action, ModelType, UserKind, Via};

/// The column by which a row of that table is known.
pub const MARK: &str = "auditable_type";

/// A row: its columns by name. A cell of a text file is a string, or null.
pub type Row = [(String, Json)];

/// What a name in the table stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meaning {
    /// A class of models.
    Type(ModelType),
    /// An event.
    Action(Action),
    /// Its rows are left out.
    Nothing,
}

/// A name and what it stands for, written `App\Models\Hook=endpoint`, `restored=updated` or `retrieved=-`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// The name, as it stands in the table.
    pub name: String,
    /// What it stands for.
    pub meaning: Meaning,
}

impl FromStr for Named {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let named = text.rsplit_once('=').filter(|(name, _)| !name.trim().is_empty());
        let (name, word) = named.ok_or(r"expected NAME=WORD, such as 'App\Models\Hook=endpoint'")?;
        let meaning = match (word.trim(), word.parse(), word.parse()) {
            ("-", ..) => Meaning::Nothing,
            (_, Ok(model_type), _) => Meaning::Type(model_type),
            (_, _, Ok(action)) => Meaning::Action(action),
            (word, Err(unknown), _) => {
                return Err(format!(
                    "{word:?} is neither a model type ({}) nor an action (created, updated, deleted) nor -",
                    unknown.accepted.join(", ")
                ));
            }
        };
        Ok(Self { name: name.trim().to_owned(), meaning })
    }
}

/// How the rows of one table are read.
#[derive(Debug, Clone)]
pub struct Reading {
    /// Which database the rows come from. With a row's id it is the row's identity.
    pub source: String,
    /// By which clocks `created_at` was written.
    pub zone: Tz,
    /// What names stand for, before what they would by themselves.
    pub names: Vec<Named>,
}

/// Why a row becomes no proposal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// It was asked for.
    LeftOut,
    /// The name of an event or a class that stands for nothing here.
    Unmapped(&'static str, String),
    /// The row is not what such a row is. No value of it is quoted.
    Wrong(String),
}

impl Reading {
    /// Reads a row; with a sentence when the clocks showed its time twice or never.
    ///
    /// # Errors
    /// [`Refusal`].
    pub fn proposal(&self, row: &Row) -> Result<(Proposal, Option<String>), Refusal> {
        let needed =
            |name: &str| text(row, name).ok_or_else(|| Refusal::Wrong(format!("there is no {name}")));
        let uuid = self.uuid(&needed("id")?);
        let action = self.action(&needed("event")?)?;
        let model_type = self.model_type(&needed(MARK)?)?;
        let (old, new) = (values(row, "old_values")?, values(row, "new_values")?);
        let (occurred_at, note) = self.moment(&needed("created_at")?)?;
        let (before, after) = match action {
            Action::Created if !old.is_empty() => return Err(wrong("a created row has old_values")),
            Action::Deleted if !new.is_empty() => return Err(wrong("a deleted row has new_values")),
            Action::Created => (None, Some(raw(&new))),
            Action::Deleted => (Some(raw(&old)), None),
            Action::Updated => (Some(raw(&old)), Some(raw(&new))),
        };
        let url = text(row, "url");
        // On the console the column holds the command; of a request nobody knows whether a person sent it.
        let via = url.as_ref().filter(|url| !is_address(url)).map(|_| Via::Cli);
        let context = Context {
            via,
            ip: text(row, "ip_address"),
            user_agent: text(row, "user_agent"),
            request_id: None,
        };
        let proposal = Proposal {
            uuid: Some(uuid),
            occurred_at: Some(occurred_at),
            action,
            model_type,
            model_id: needed("auditable_id")?,
            model_name: name(model_type, &new).or_else(|| name(model_type, &old)),
            user: user(text(row, "user_id")),
            context,
            reason: reason(url.as_deref(), text(row, "tags").as_deref()),
            before,
            after,
            changes: None,
        };
        Ok((proposal, note))
    }

    /// Made of the row's identity alone: nothing that the row holds can be guessed from it.
    fn uuid(&self, id: &str) -> Uuid {
        let digest = Sha256::digest(format!("laravel-auditing\0{}\0{id}", self.source));
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&digest[..16]);
        Uuid::new_v8(bytes)
    }

    fn meaning(&self, name: &str) -> Option<Meaning> {
        self.names.iter().rev().find(|named| named.name == name).map(|named| named.meaning)
    }

    fn action(&self, event: &str) -> Result<Action, Refusal> {
        match self.meaning(event) {
            Some(Meaning::Nothing) => Err(Refusal::LeftOut),
            Some(Meaning::Action(action)) => Ok(action),
            // What was restored was there all the time, marked as deleted: its deleted_at changes.
            _ if event == "restored" => Ok(Action::Updated),
            _ => event.parse().map_err(|_| Refusal::Unmapped("event", event.to_owned())),
        }
    }

    fn model_type(&self, class: &str) -> Result<ModelType, Refusal> {
        match self.meaning(class) {
            Some(Meaning::Nothing) => Err(Refusal::LeftOut),
            Some(Meaning::Type(model_type)) => Ok(model_type),
            _ => {
                let last = class.rsplit(['\\', '/', '.']).next().unwrap_or(class);
                last.parse().map_err(|_| Refusal::Unmapped("model type", class.to_owned()))
            }
        }
    }

    fn moment(&self, written: &str) -> Result<(Timestamp, Option<String>), Refusal> {
        let no_time = || wrong("created_at is no time such as 2026-11-22 08:14:07");
        // The grammar of times knows words and ages too; a database writes neither.
        if !written.as_bytes().first_chunk().is_some_and(|year: &[u8; 4]| year.iter().all(u8::is_ascii_digit))
        {
            return Err(no_time());
        }
        let context = TimeContext { now: Timestamp::MIN, zone: self.zone };
        match time::parse(written, Edge::Since, &context) {
            Ok(When::At { at, note }) => Ok((at, note)),
            Ok(When::Entry(_)) | Err(_) => Err(no_time()),
        }
    }
}

fn wrong(what: &str) -> Refusal {
    Refusal::Wrong(what.to_owned())
}

/// A column as text; none when it is absent, null or blank.
fn text(row: &Row, name: &str) -> Option<String> {
    let (_, value) = row.iter().find(|(column, _)| column == name)?;
    match value {
        Json::String(text) | Json::Number(text) => {
            Some(text.trim().to_owned()).filter(|text| !text.is_empty())
        }
        Json::Null | Json::Bool(_) | Json::Array(_) | Json::Object(_) => None,
    }
}

/// The fields of one side. PHP writes an object without members as a list.
fn values(row: &Row, name: &str) -> Result<Vec<(String, Json)>, Refusal> {
    let value = row.iter().find(|(column, _)| column == name).map(|(_, value)| value);
    let parsed = match value {
        Some(Json::String(text)) if !text.trim().is_empty() => {
            Some(Json::parse(text).map_err(|error| Refusal::Wrong(format!("{name} is {error}")))?)
        }
        Some(Json::String(_)) | None => None,
        Some(value) => Some(value.clone()),
    };
    match parsed {
        None | Some(Json::Null) => Ok(Vec::new()),
        Some(Json::Array(items)) if items.is_empty() => Ok(Vec::new()),
        Some(Json::Object(members)) => Ok(members),
        Some(_) => Err(Refusal::Wrong(format!("{name} is no JSON object"))),
    }
}

fn raw(members: &[(String, Json)]) -> RawJson {
    RawJson::from(&Json::Object(members.to_vec()))
}

/// What the row itself says of the resource's name.
fn name(model_type: ModelType, members: &[(String, Json)]) -> Option<String> {
    let key = if model_type == ModelType::Member { "email" } else { "name" };
    members.iter().find_map(|(name, value)| match value {
        Json::String(text) if name == key && !text.trim().is_empty() => Some(text.clone()),
        _ => None,
    })
}

fn user(id: Option<String>) -> User {
    match id {
        Some(_) => User { id, email: None, name: None, role: None, kind: UserKind::User },
        None => User {
            id: None,
            email: None,
            name: Some("unknown".to_owned()),
            role: None,
            kind: UserKind::System,
        },
    }
}

fn is_address(url: &str) -> bool {
    url.starts_with("http://") || url.starts_with("https://")
}

/// What has no place of its own. A query string stays behind: it may hold what nobody should keep.
fn reason(url: Option<&str>, tags: Option<&str>) -> Option<String> {
    let url = url.map(|url| match url.split(['?', '#']).next() {
        Some(path) if is_address(url) => format!("url {path}"),
        _ => format!("command {url}"),
    });
    let parts: Vec<_> = url.into_iter().chain(tags.map(|tags| format!("tags {tags}"))).collect();
    (!parts.is_empty()).then(|| parts.join("; "))
}

#[cfg(test)]
mod tests;
