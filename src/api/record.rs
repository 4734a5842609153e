//! The responses to recording entries.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::api::problem::{Code, Problem};
use crate::model::draft::FieldError;
use crate::model::entry::Entry;

/// The reason why a valid entry was not recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum NotRecorded {
    /// An update without a difference.
    NoChange,
    /// The request was a dry run.
    DryRun,
}

/// The 200 response to a valid entry that is not recorded, with the reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Unrecorded {
    /// Always false.
    pub recorded: bool,
    /// The reason.
    pub reason: NotRecorded,
}

impl From<NotRecorded> for Unrecorded {
    fn from(reason: NotRecorded) -> Self {
        Self { recorded: false, reason }
    }
}

/// The 200 response to one entry: nothing was stored by this request. It is only serialized: reading an untagged enum would not
/// preserve an entry's values, so a client looks for `recorded` first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(untagged)]
pub enum NothingNew {
    /// The entry exists already, with the same uuid and content.
    Known(Box<Entry>),
    /// The entry was not recorded.
    Unrecorded(Unrecorded),
}

/// The response to one line of NDJSON: a short form of the response to that entry alone.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LineAnswer {
    /// The line of the request, from 1.
    #[schema(example = 3)]
    pub line: u64,
    /// 201: recorded; 200: already recorded, without a change, or a dry run; 424: not stored because of another line of an
    /// atomic request. Otherwise as for one entry.
    #[schema(example = 201)]
    pub status: u16,
    /// The entry's id, when it is stored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = 1290)]
    pub id: Option<u64>,
    /// Why a valid entry was not recorded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<NotRecorded>,
    /// The error code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<Code>,
    /// The error message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// The errors by field.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldError>,
}

impl LineAnswer {
    /// A line that was stored now (201) or earlier (200).
    #[must_use]
    pub fn stored(line: u64, status: u16, id: u64) -> Self {
        Self { line, status, id: Some(id), ..Self::default() }
    }

    /// A valid line that was not recorded.
    #[must_use]
    pub fn unrecorded(line: u64, reason: NotRecorded) -> Self {
        Self { line, status: 200, reason: Some(reason), ..Self::default() }
    }

    /// A line that was refused.
    #[must_use]
    pub fn refused(line: u64, problem: Problem) -> Self {
        let Problem { status, code, detail, errors, .. } = problem;
        Self { line, status, code: Some(code), detail: Some(detail), errors, ..Self::default() }
    }
}
