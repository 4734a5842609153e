//! The answers to a recording.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::api::problem::{Code, Problem};
use crate::model::draft::FieldError;
use crate::model::entry::Entry;

/// Why nothing was recorded although nothing was wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum NotRecorded {
    /// An update in which nothing differs.
    NoChange,
    /// The request asked only whether it would be recorded.
    DryRun,
}

/// The answer to one entry that leaves no trace.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Unrecorded {
    /// Always false.
    pub recorded: bool,
    /// Why.
    pub reason: NotRecorded,
}

impl From<NotRecorded> for Unrecorded {
    fn from(reason: NotRecorded) -> Self {
        Self { recorded: false, reason }
    }
}

/// The answer to one entry that this request did not store. It is written only: a reader looks for `recorded` first,
/// for an entry's values would not survive a reading that tries one form after the other.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(untagged)]
pub enum NothingNew {
    /// It was there already, under its uuid and with the same content.
    Known(Box<Entry>),
    /// It leaves no trace.
    Unrecorded(Unrecorded),
}

/// The answer to one line of many: what a request for it alone would have been answered, in short.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LineAnswer {
    /// The line of the request, from 1.
    #[schema(example = 3)]
    pub line: u64,
    /// 201 recorded, 200 already there or nothing to record, else as for one entry; 424 when another line's fault
    /// kept an atomic request from being stored.
    #[schema(example = 201)]
    pub status: u16,
    /// The entry's id, when it is stored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = 1290)]
    pub id: Option<u64>,
    /// Why nothing was recorded although nothing was wrong.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<NotRecorded>,
    /// What was wrong.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<Code>,
    /// What was wrong, in a sentence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// What was wrong with which field.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldError>,
}

impl LineAnswer {
    /// A line that is stored, now (201) or already (200).
    #[must_use]
    pub const fn stored(line: u64, status: u16, id: u64) -> Self {
        Self { line, status, id: Some(id), reason: None, code: None, detail: None, errors: Vec::new() }
    }

    /// A line that leaves no trace.
    #[must_use]
    pub const fn unrecorded(line: u64, reason: NotRecorded) -> Self {
        Self {
            line,
            status: 200,
            id: None,
            reason: Some(reason),
            code: None,
            detail: None,
            errors: Vec::new(),
        }
    }

    /// A line that was refused.
    #[must_use]
    pub fn refused(line: u64, problem: Problem) -> Self {
        let Problem { status, code, detail, errors, .. } = problem;
        Self { line, status, id: None, reason: None, code: Some(code), detail: Some(detail), errors }
    }
}
