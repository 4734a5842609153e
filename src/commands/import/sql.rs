//! SQL dumps: the rows of one table, from `INSERT` statements or from the `COPY` blocks of `pg_dump`.

mod lexer;
mod statements;

use std::io::{self, Read as _};

use crate::commands::import::record::{Content, Place, Record, Records};
use crate::commands::import::sql::statements::{Begun, Statements};
use crate::commands::import::text::Text;

/// Whose dump it is, by which a backslash in a string is a backslash or an escape.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flavour {
    /// A backslash begins an escape.
    MySql,
    /// A backslash is a backslash: `PostgreSQL` and `SQLite`.
    Standard,
    /// Not known: strings with a backslash cannot be read.
    Unknown,
}

/// A table of a dump.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SqlTable {
    pub(super) flavour: Flavour,
    pub(super) name: String,
    pub(super) columns: Vec<String>,
    /// Whether its rows stand in `COPY` blocks.
    pub(super) is_copy: bool,
}

/// How much of a text is looked at to tell what it is.
const HEAD_BYTES: u64 = 64 * 1024;

/// Whether a text is SQL, by its first word or comment.
pub(super) fn is_sql(text: &Text) -> io::Result<bool> {
    let head = head(text)?;
    let start = head.trim_start();
    let word: String = start.chars().take_while(char::is_ascii_alphabetic).collect::<String>().to_uppercase();
    let words = [
        "ALTER", "BEGIN", "COPY", "CREATE", "DELETE", "DROP", "INSERT", "LOCK", "PRAGMA", "REPLACE",
        "SELECT", "SET", "START", "USE",
    ];
    // A header of columns has no blank behind its first word.
    let is_statement =
        words.contains(&word.as_str()) && start[word.len()..].starts_with([' ', '\n', '\r', '\t', ';']);
    Ok(start.starts_with("--") || start.starts_with("/*") || is_statement)
}

fn head(text: &Text) -> io::Result<String> {
    let mut head = Vec::new();
    text.reader()?.take(HEAD_BYTES).read_to_end(&mut head)?;
    Ok(String::from_utf8_lossy(&head).into_owned())
}

fn flavour(text: &Text) -> io::Result<Flavour> {
    let head = head(text)?;
    let has = |words: &[&str]| words.iter().any(|word| head.contains(word));
    Ok(
        if has(&[
            "-- MySQL dump",
            "-- MariaDB dump",
            "phpMyAdmin SQL Dump",
            "/*!40",
            "INSERT INTO `",
            "ENGINE=",
        ]) {
            Flavour::MySql
        } else if has(&[
            "PostgreSQL database dump",
            "PRAGMA foreign_keys",
            "SET standard_conforming_strings = on",
        ]) {
            Flavour::Standard
        } else {
            Flavour::Unknown
        },
    )
}

/// The tables of a dump that have rows and for which `is_known` holds.
///
/// # Errors
/// The system's.
pub(super) fn tables(text: &Text, is_known: &dyn Fn(&[String]) -> bool) -> io::Result<Vec<SqlTable>> {
    let flavour = flavour(text)?;
    let mut statements = Statements::new(text.reader()?, flavour);
    let mut tables: Vec<SqlTable> = Vec::new();
    while let Some(begun) = statements.next_table()? {
        let Begun { name, columns, is_copy } = begun;
        let table = SqlTable { flavour, name, columns, is_copy };
        if is_known(&table.columns) && !tables.contains(&table) {
            tables.push(table);
        }
    }
    Ok(tables)
}

/// Reads the rows of a table.
pub(super) struct SqlRows {
    statements: Statements,
    table: SqlTable,
    is_within: bool,
}

impl SqlRows {
    pub(super) fn new(text: &Text, table: SqlTable) -> io::Result<Self> {
        Ok(Self { statements: Statements::new(text.reader()?, table.flavour), table, is_within: false })
    }
}

impl Records for SqlRows {
    fn next(&mut self) -> io::Result<Option<Record>> {
        loop {
            if !self.is_within {
                let Some(begun) = self.statements.next_table()? else { return Ok(None) };
                let Begun { name, columns, is_copy } = begun;
                self.is_within =
                    name == self.table.name && columns == self.table.columns && is_copy == self.table.is_copy;
                continue;
            }
            let place = self.statements.place()?;
            let cells = if self.table.is_copy { self.statements.copy_row() } else { self.statements.tuple() };
            let content = match cells {
                Ok(None) => {
                    self.is_within = false;
                    continue;
                }
                Ok(Some(cells)) if cells.len() == self.table.columns.len() => Content::Cells(cells),
                Ok(Some(cells)) => Content::Bad(format!(
                    "the row has {} values and the table {} columns",
                    cells.len(),
                    self.table.columns.len()
                )),
                Err(error) if error.kind() == io::ErrorKind::InvalidData => Content::Bad(error.to_string()),
                Err(error) => return Err(error),
            };
            return Ok(Some(Record { place, content }));
        }
    }

    fn go_to(&mut self, place: Place) -> io::Result<()> {
        self.is_within = true;
        self.statements.go_to(place, self.table.is_copy)
    }
}

#[cfg(test)]
mod tests;
