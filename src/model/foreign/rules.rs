//! The rules by which the rows of one database are read: its time zone, its users, and what its classes and events stand for.
//!
//! Knows nothing of a library's columns.

use std::str::FromStr;

use chrono_tz::Tz;

use crate::model::foreign::names::{MappingTarget, NameMapping, UserKindMapping, last_segment};
use crate::model::time::{self, Edge, TimeContext, When};
use crate::model::timestamp::Timestamp;
use crate::model::words::{Action, ModelType};

/// The columns of a row's user, where they are not the library's own: `TYPE,ID`, or `ID` alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct UserColumns {
    pub(super) class: Option<String>,
    pub(super) id: String,
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
pub(crate) struct TableRules {
    /// The name of the database. With the library and a row's id it identifies the row.
    pub(crate) source: String,
    /// The zone of times without one.
    pub(crate) zone: Tz,
    /// What classes and events stand for. A mapping overrides the built-in meaning.
    pub(crate) mappings: Vec<NameMapping>,
    /// Classes whose ids are kept without a prefix.
    pub(crate) plain: Vec<String>,
    pub(crate) user_kinds: Vec<UserKindMapping>,
    pub(crate) user_columns: Option<UserColumns>,
}

/// Why a row gives no entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum RowRejection {
    /// A mapping excludes it.
    Excluded,
    /// An event or a class without a mapping.
    Unmapped {
        /// `event` or `model type`.
        what: &'static str,
        column: &'static str,
        /// The name from the row. It may be a secret: show it only as [`readable`] allows.
        ///
        /// [`readable`]: crate::model::foreign::readable
        word: String,
    },
    /// The row does not hold the data of an entry.
    Incomplete(&'static str),
    /// The row is malformed. The message quotes no value of it.
    Invalid(String),
}

pub(super) fn invalid(detail: impl Into<String>) -> RowRejection {
    RowRejection::Invalid(detail.into())
}

impl TableRules {
    fn target(&self, name: &str) -> Option<MappingTarget> {
        self.mappings.iter().rev().find(|mapping| mapping.name == name).map(|mapping| mapping.target)
    }

    /// The action of an event. `default` applies when no mapping names the event.
    pub(super) fn action(
        &self,
        column: &'static str,
        event: &str,
        default: Option<Action>,
    ) -> Result<Action, RowRejection> {
        match self.target(event) {
            Some(MappingTarget::Nothing) => Err(RowRejection::Excluded),
            Some(MappingTarget::Action(action)) => Ok(action),
            _ => default.or_else(|| event.parse().ok()).ok_or_else(|| RowRejection::Unmapped {
                what: "event",
                column,
                word: event.to_owned(),
            }),
        }
    }

    pub(super) fn model_type(&self, column: &'static str, class: &str) -> Result<ModelType, RowRejection> {
        match self.target(class) {
            Some(MappingTarget::Nothing) => Err(RowRejection::Excluded),
            Some(MappingTarget::Type(model_type)) => Ok(model_type),
            _ => last_segment(class).parse().map_err(|_| RowRejection::Unmapped {
                what: "model type",
                column,
                word: class.to_owned(),
            }),
        }
    }

    /// The moment of a database's time, and a note when the zone's clocks showed that time twice or never.
    pub(super) fn moment(
        &self,
        column: &str,
        written: &str,
    ) -> Result<(Timestamp, Option<String>), RowRejection> {
        if let Ok(at) = written.parse() {
            return Ok((at, None));
        }
        let not_a_time = || invalid(format!("{column} is not a time such as 2026-11-22 08:14:07"));
        // Rails ends a time with the word UTC.
        let written = written.strip_suffix(" UTC").map_or(written.to_owned(), |time| format!("{time}Z"));
        // The grammar of `time` also accepts words and ages. A database writes neither.
        if !written.as_bytes().first_chunk().is_some_and(|year: &[u8; 4]| year.iter().all(u8::is_ascii_digit))
        {
            return Err(not_a_time());
        }
        let context = TimeContext { now: Timestamp::MIN, zone: self.zone };
        match time::parse(&written, Edge::Since, &context) {
            Ok(When::At { at, note }) => Ok((at, note)),
            Ok(When::Entry(_)) | Err(_) => Err(not_a_time()),
        }
    }
}
