//! Reads the rows of one table from an SQL dump: from `INSERT` statements, or from the `COPY` blocks of `pg_dump`. What the
//! columns mean is not known here.

mod lexer;
mod statements;

use std::io::{self, Read as _};

use crate::commands::import::record::{ImportRecord, RecordContent, RecordPosition, RecordReader};
use crate::commands::import::sql::lexer::SqlDialect;
use crate::commands::import::sql::statements::{RowStatement, StatementReader};
use crate::commands::import::text::SourceText;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SqlTable {
    pub(super) dialect: SqlDialect,
    pub(super) name: String,
    pub(super) columns: Vec<String>,
    /// Whether its rows are in `COPY` blocks.
    pub(super) is_copy: bool,
}

/// The beginning of a text from which its kind is detected.
const HEAD_BYTES: u64 = 64 * 1024;

/// Whether a text is SQL, judged by its first word or comment.
pub(super) fn is_sql(text: &SourceText) -> io::Result<bool> {
    let head = head(text)?;
    let start = head.trim_start();
    let word: String = start.chars().take_while(char::is_ascii_alphabetic).collect::<String>().to_uppercase();
    let words = [
        "ALTER", "BEGIN", "COPY", "CREATE", "DELETE", "DROP", "INSERT", "LOCK", "PRAGMA", "REPLACE",
        "SELECT", "SET", "START", "USE",
    ];
    // The first word of a CSV header is not followed by whitespace.
    let is_statement =
        words.contains(&word.as_str()) && start[word.len()..].starts_with([' ', '\n', '\r', '\t', ';']);
    Ok(start.starts_with("--") || start.starts_with("/*") || is_statement)
}

fn head(text: &SourceText) -> io::Result<String> {
    let mut head = Vec::new();
    text.reader()?.take(HEAD_BYTES).read_to_end(&mut head)?;
    Ok(String::from_utf8_lossy(&head).into_owned())
}

fn dialect(text: &SourceText) -> io::Result<SqlDialect> {
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
            SqlDialect::MySql
        } else if has(&[
            "PostgreSQL database dump",
            "PRAGMA foreign_keys",
            "SET standard_conforming_strings = on",
        ]) {
            SqlDialect::Standard
        } else {
            SqlDialect::Unknown
        },
    )
}

/// The tables of a dump that have rows, if `is_known` holds for their columns.
pub(super) fn tables(text: &SourceText, is_known: &dyn Fn(&[String]) -> bool) -> io::Result<Vec<SqlTable>> {
    let dialect = dialect(text)?;
    let mut statements = StatementReader::new(text.reader()?, dialect);
    let mut tables: Vec<SqlTable> = Vec::new();
    while let Some(begun) = statements.next_table()? {
        let RowStatement { name, columns, is_copy } = begun;
        let table = SqlTable { dialect, name, columns, is_copy };
        if is_known(&table.columns) && !tables.contains(&table) {
            tables.push(table);
        }
    }
    Ok(tables)
}

pub(super) struct SqlRowReader {
    statements: StatementReader,
    table: SqlTable,
    /// Whether the reader is among the values of a statement for the table.
    is_within: bool,
}

impl SqlRowReader {
    pub(super) fn new(text: &SourceText, table: SqlTable) -> io::Result<Self> {
        Ok(Self { statements: StatementReader::new(text.reader()?, table.dialect), table, is_within: false })
    }
}

impl RecordReader for SqlRowReader {
    fn next(&mut self) -> io::Result<Option<ImportRecord>> {
        loop {
            if !self.is_within {
                let Some(begun) = self.statements.next_table()? else { return Ok(None) };
                let RowStatement { name, columns, is_copy } = begun;
                self.is_within =
                    name == self.table.name && columns == self.table.columns && is_copy == self.table.is_copy;
                continue;
            }
            let position = self.statements.position()?;
            let cells = if self.table.is_copy { self.statements.copy_row() } else { self.statements.tuple() };
            let content = match cells {
                Ok(None) => {
                    self.is_within = false;
                    continue;
                }
                Ok(Some(cells)) if cells.len() == self.table.columns.len() => RecordContent::Cells(cells),
                Ok(Some(cells)) => RecordContent::Bad(format!(
                    "the row has {} values, the table has {} columns",
                    cells.len(),
                    self.table.columns.len()
                )),
                Err(error) if error.kind() == io::ErrorKind::InvalidData => {
                    RecordContent::Bad(error.to_string())
                }
                Err(error) => return Err(error),
            };
            return Ok(Some(ImportRecord { position, content }));
        }
    }

    fn go_to(&mut self, position: RecordPosition) -> io::Result<()> {
        self.is_within = true;
        self.statements.go_to(position, self.table.is_copy)
    }
}

#[cfg(test)]
mod tests;
