//! The output columns: their names, descriptions, default lists, the syntax of a column list, and each column's value.
//!
//! Values are plain, uncut text; the outputs sanitize them.

use std::borrow::Cow;
use std::str::FromStr;

use crate::model::entry::User;
use crate::model::integrity::leaf::EntryParts;
use crate::model::words::{UnknownWord, UserKind, Via};
use crate::render::summary;

/// Declares the columns: the name of each, its description, then aliases.
macro_rules! columns {
    ($($variant:ident = $name:literal $(| $other:literal)*, $description:literal;)+) => {
        /// An output column.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Column {
            $(#[doc = $description] $variant,)+
        }

        impl Column {
            /// Every column, in the documented order.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// Its name in lists and headers.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }

            /// One sentence that describes its content.
            pub const fn description(self) -> &'static str {
                match self { $(Self::$variant => $description,)+ }
            }
        }

        impl FromStr for Column {
            type Err = UnknownWord;
            fn from_str(text: &str) -> Result<Self, UnknownWord> {
                match text.to_lowercase().replace('-', "_").as_str() {
                    $($name $(| $other)* => Ok(Self::$variant),)+
                    _ => {
                        let accepted = Self::ALL.iter().map(|column| column.name()).collect();
                        Err(UnknownWord { what: "column", given: text.to_owned(), accepted, found_in: None })
                    }
                }
            }
        }
    };
}

columns! {
    Id = "id", "The entry's number in its organization.";
    Uuid = "uuid", "The recorder's idempotency key.";
    Time = "time" | "occurred_at", "When it happened, according to the recorder.";
    RecordedAt = "recorded_at", "When the server recorded it.";
    Action = "action", "What was done: created, updated or deleted.";
    ModelType = "model_type", "What kind of resource it was done to.";
    ModelId = "model_id", "The resource's id.";
    ModelName = "model_name", "The resource's name at the time.";
    User = "user", "Who did it: the e-mail address, else the name, else the id.";
    UserId = "user_id", "The user's id on the platform.";
    UserEmail = "user_email", "The user's e-mail address.";
    UserName = "user_name", "The user's name.";
    UserRole = "user_role", "The user's role at the time.";
    UserKind = "user_kind", "What kind of identity acted: user, token, service, system or agent.";
    OnBehalfOf = "on_behalf_of", "For whom the user acted, named as in the column user.";
    OnBehalfOfId = "on_behalf_of_id", "That user's id on the platform.";
    OnBehalfOfEmail = "on_behalf_of_email", "That user's e-mail address.";
    OnBehalfOfName = "on_behalf_of_name", "That user's name.";
    OnBehalfOfRole = "on_behalf_of_role", "That user's role at the time.";
    OnBehalfOfKind = "on_behalf_of_kind", "What kind of identity that user is.";
    Via = "via", "The channel of the change: web, api, cli, terraform, system or mcp.";
    Ip = "ip", "The client's IP address.";
    UserAgent = "user_agent", "The client's user agent.";
    RequestId = "request_id", "The id of the request that made the change.";
    Reason = "reason", "The reason, if the recorder gave one.";
    Changes = "changes", "The changed fields with old and new values, as JSON.";
    Resource = "resource", "The resource as TYPE/ID.";
    Summary = "summary", "The changes in a few words.";
}

macro_rules! list {
    ($($column:ident)+) => { &[$(Column::$column),+] };
}

/// The columns of an export: all stored data.
pub const EXPORT_COLUMNS: &[Column] = list![
    Id Uuid Time RecordedAt Action ModelType ModelId ModelName UserId UserEmail UserName UserRole UserKind
    OnBehalfOfId OnBehalfOfEmail OnBehalfOfName OnBehalfOfRole OnBehalfOfKind Via Ip UserAgent RequestId Reason
    Changes
];

/// The columns of a list in a pipe. Scripts depend on their order.
pub const TSV_COLUMNS: &[Column] = list![Id Time User Action ModelType ModelId ModelName Changes];

/// The columns of a list on a terminal.
pub const TABLE_COLUMNS: &[Column] = list![Id Time User Action Resource Summary];

/// The columns of a wide list on a terminal.
pub const WIDE_COLUMNS: &[Column] = list![Id Time User Action Resource Summary Via RequestId Reason];

/// An invalid list of columns.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ColumnsError {
    /// Unknown column name.
    #[error(transparent)]
    Unknown(#[from] UnknownWord),
    /// No columns.
    #[error("no column is left to show")]
    Empty,
}

/// Parses a list of columns. `a,b` selects these columns, `+a` adds one to `default` and `-b` removes one.
///
/// One name without a sign makes the list absolute. Duplicate columns are removed.
///
/// # Errors
/// [`ColumnsError`] for an unknown name or an empty result.
pub fn parse_columns(spec: &str, default: &[Column]) -> Result<Vec<Column>, ColumnsError> {
    let items: Vec<&str> = spec.split(',').map(str::trim).filter(|item| !item.is_empty()).collect();
    let relative = items.iter().all(|item| item.starts_with(['+', '-']));
    let mut columns = if relative { default.to_vec() } else { Vec::new() };
    for item in items {
        if let Some(name) = item.strip_prefix('-') {
            let column: Column = name.parse()?;
            columns.retain(|&other| other != column);
        } else {
            let column: Column = item.strip_prefix('+').unwrap_or(item).parse()?;
            if !columns.contains(&column) {
                columns.push(column);
            }
        }
    }
    if columns.is_empty() { Err(ColumnsError::Empty) } else { Ok(columns) }
}

/// The plain text of one column: times in RFC 3339 UTC, changes as the stored JSON, absent values as `""`.
pub fn value<'v>(entry: &EntryParts<'v>, column: Column) -> Cow<'v, str> {
    let (user, context) = (&entry.user, &entry.context);
    let principal = entry.on_behalf_of.as_ref();
    match column {
        Column::Id => entry.id.to_string().into(),
        Column::Uuid => entry.uuid.to_string().into(),
        Column::Time => entry.occurred_at.to_string().into(),
        Column::RecordedAt => entry.recorded_at.to_string().into(),
        Column::Action => entry.action.as_str().into(),
        Column::ModelType => entry.model_type.as_str().into(),
        Column::ModelId => entry.model_id.into(),
        Column::ModelName => optional(entry.model_name),
        Column::User => label(user).into(),
        Column::UserId => optional(user.id),
        Column::UserEmail => optional(user.email),
        Column::UserName => optional(user.name),
        Column::UserRole => optional(user.role),
        Column::UserKind => UserKind::as_str(user.kind).into(),
        Column::OnBehalfOf => optional(principal.map(label)),
        Column::OnBehalfOfId => optional(principal.and_then(|user| user.id)),
        Column::OnBehalfOfEmail => optional(principal.and_then(|user| user.email)),
        Column::OnBehalfOfName => optional(principal.and_then(|user| user.name)),
        Column::OnBehalfOfRole => optional(principal.and_then(|user| user.role)),
        Column::OnBehalfOfKind => optional(principal.map(|user| user.kind.as_str())),
        Column::Via => optional(context.via.map(Via::as_str)),
        Column::Ip => optional(context.ip),
        Column::UserAgent => optional(context.user_agent),
        Column::RequestId => optional(context.request_id),
        Column::Reason => optional(entry.reason),
        Column::Changes => entry.changes.into(),
        Column::Resource => [entry.model_type.as_str(), "/", entry.model_id].concat().into(),
        Column::Summary => summary::changes(entry.changes, entry.action).into(),
    }
}

/// As [`User::label`], for as long as the text lives.
fn label<'v>(user: &User<&'v str>) -> &'v str {
    user.email.or(user.name).or(user.id).unwrap_or("")
}

fn optional(text: Option<&str>) -> Cow<'_, str> {
    text.unwrap_or_default().into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::samples::updated;

    #[test]
    fn names_parse_and_descriptions_are_one_sentence() {
        for &column in Column::ALL {
            assert_eq!(column.name().parse(), Ok(column));
            assert!(column.description().ends_with('.') && column.description().len() < 80);
        }
        assert_eq!("occurred_at".parse(), Ok(Column::Time));
        assert_eq!("Request-Id".parse(), Ok(Column::RequestId));
    }

    #[test]
    fn lists_are_absolute_or_relative_to_the_default() {
        let default = [Column::Id, Column::Time];
        for (spec, expected) in [
            ("user, id,user", vec![Column::User, Column::Id]),
            ("+via,+id", vec![Column::Id, Column::Time, Column::Via]),
            ("-id,+ip", vec![Column::Time, Column::Ip]),
            ("", default.to_vec()),
            ("ip,+via", vec![Column::Ip, Column::Via]),
        ] {
            assert_eq!(parse_columns(spec, &default), Ok(expected), "{spec}");
        }
        assert_eq!(parse_columns("-id,-time", &default), Err(ColumnsError::Empty));
        let Err(ColumnsError::Unknown(unknown)) = parse_columns("id,recorded", &default) else { panic!() };
        assert_eq!(unknown.nearest(), Some("recorded_at"));
    }

    #[test]
    fn values_are_uncut_and_times_in_utc() {
        let sample = updated();
        let entry = sample.parts();
        assert_eq!(value(&entry, Column::Time), "2026-11-22T08:14:07.412033Z");
        assert_eq!(value(&entry, Column::Changes), entry.changes);
        assert_eq!(value(&entry, Column::Resource), "connector/42");
        assert_eq!(value(&entry, Column::Reason), "");
    }
}
