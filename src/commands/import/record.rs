//! Records: the pieces that a source is made of, each with its place, whatever form the source has.

use std::io;

use crate::model::draft::MAX_ENTRY_BYTES;

/// The longest record: an entry whose before and after are both as large as an entry may be, written generously.
pub(super) const MAX_RECORD_BYTES: usize = 4 * MAX_ENTRY_BYTES;

/// Where a record stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    /// Its first byte.
    pub(super) offset: u64,
    /// Its line, or its number in a list, from 1.
    pub(super) number: u64,
}

/// A record as it stands in the source.
#[derive(Debug)]
pub(super) struct Record {
    pub(super) place: Place,
    pub(super) content: Content,
}

/// What a record holds.
#[derive(Debug)]
pub(super) enum Content {
    /// A JSON value as text.
    Json(String),
    /// The cells of a row.
    Cells(Vec<Cell>),
    /// The trailer of an export, which is no entry.
    Trailer,
    /// What is wrong with it.
    Bad(String),
}

/// A cell of a row.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Cell {
    pub(super) text: Vec<u8>,
    pub(super) kind: Kind,
}

/// How a cell is written, by which absent values are told from texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Kind {
    /// Without quotes.
    #[default]
    Bare,
    /// In quotes.
    Quoted,
    /// As `\N`, without quotes.
    Null,
}

/// A source, read record by record.
pub(super) trait Records {
    /// The next record; none behind the last.
    ///
    /// # Errors
    /// The system's.
    fn next(&mut self) -> io::Result<Option<Record>>;

    /// Goes to the place of a record that was read before.
    ///
    /// # Errors
    /// The system's.
    fn go_to(&mut self, place: Place) -> io::Result<()>;
}
