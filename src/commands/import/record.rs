//! The records of a source, each with its position. Which format they are read from, and what they mean, is not known here.

use std::io;

use crate::model::draft::MAX_ENTRY_BYTES;

/// The longest record: room for an entry whose before and after are both as large as allowed.
pub(super) const MAX_RECORD_BYTES: usize = 4 * MAX_ENTRY_BYTES;

/// Where a record begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct RecordPosition {
    pub(super) offset: u64,
    /// Its line, or its position in a list, from 1.
    pub(super) number: u64,
}

#[derive(Debug)]
pub(super) struct ImportRecord {
    pub(super) position: RecordPosition,
    pub(super) content: RecordContent,
}

#[derive(Debug)]
pub(super) enum RecordContent {
    /// The text of a JSON value.
    Json(String),
    Cells(Vec<SourceCell>),
    /// The trailer of an export.
    Trailer,
    /// What is wrong with the record.
    Bad(String),
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct SourceCell {
    pub(super) text: Vec<u8>,
    pub(super) kind: CellKind,
}

/// How a cell is written. It tells absent values from texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum CellKind {
    #[default]
    Bare,
    Quoted,
    /// `\N` without quotes, or the `NULL` of SQL.
    Null,
}

pub(super) trait RecordReader {
    /// The next record; `None` at the end.
    fn next(&mut self) -> io::Result<Option<ImportRecord>>;

    /// Continues at a record that was read before.
    fn go_to(&mut self, position: RecordPosition) -> io::Result<()>;
}
