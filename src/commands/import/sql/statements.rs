//! Reads an SQL dump by statements: the columns of `CREATE TABLE`, and the rows of `INSERT` and `COPY`. Which table is
//! imported is not known here.

use std::collections::HashMap;
use std::io::{self, BufRead as _, Read as _};

use crate::commands::import::record::{CellKind, MAX_RECORD_BYTES, RecordPosition, SourceCell};
use crate::commands::import::sql::lexer::{SqlDialect, SqlLexer, not_a_literal};
use crate::commands::import::text::TextReader;

/// A statement whose rows come next.
pub(super) struct RowStatement {
    pub(super) name: String,
    pub(super) columns: Vec<String>,
    pub(super) is_copy: bool,
}

pub(super) struct StatementReader {
    lexer: SqlLexer,
    /// Whether the reader is in a `COPY` block.
    is_in_copy: bool,
    /// The columns of tables, by `CREATE TABLE`.
    created: HashMap<String, Vec<String>>,
}

/// Words in `CREATE TABLE` that do not begin a column.
const CONSTRAINTS: &str = "PRIMARY KEY UNIQUE CONSTRAINT INDEX FULLTEXT SPATIAL CHECK FOREIGN EXCLUDE LIKE";

impl StatementReader {
    pub(super) fn new(text: TextReader, dialect: SqlDialect) -> Self {
        Self { lexer: SqlLexer { text, dialect, line: 1 }, is_in_copy: false, created: HashMap::new() }
    }

    /// Continues at a row that was read before.
    pub(super) fn go_to(&mut self, position: RecordPosition, is_copy: bool) -> io::Result<()> {
        self.is_in_copy = is_copy;
        self.lexer.line = position.number;
        self.lexer.text.go_to(position.offset)
    }

    /// The position of the next row.
    pub(super) fn position(&mut self) -> io::Result<RecordPosition> {
        if !self.is_in_copy {
            self.lexer.blanks()?;
        }
        Ok(RecordPosition { offset: self.lexer.text.position(), number: self.lexer.line })
    }

    /// A table's name without its schema.
    fn name(&mut self) -> io::Result<String> {
        let mut name = self.lexer.word()?;
        while self.lexer.peek()? == Some(b'.') {
            self.lexer.byte()?;
            name = self.lexer.word()?;
        }
        Ok(name)
    }

    /// A list of names in brackets, if there is one.
    fn names(&mut self) -> io::Result<Option<Vec<String>>> {
        self.lexer.blanks()?;
        if self.lexer.peek()? != Some(b'(') {
            return Ok(None);
        }
        self.lexer.byte()?;
        let mut names = Vec::new();
        loop {
            names.push(self.lexer.word()?);
            self.lexer.blanks()?;
            match self.lexer.byte()? {
                Some(b',') => {}
                Some(b')') => return Ok(Some(names)),
                _ => return Ok(None),
            }
        }
    }

    /// Skips to the rows of the next `INSERT` or `COPY`. Skips the remaining rows of the statement before.
    pub(super) fn next_table(&mut self) -> io::Result<Option<RowStatement>> {
        while self.is_in_copy && self.copy_row()?.is_some() {}
        loop {
            self.lexer.blanks()?;
            if self.lexer.peek()?.is_none() {
                return Ok(None);
            }
            match self.lexer.word()?.to_uppercase().as_str() {
                "CREATE" => self.create()?,
                "INSERT" | "REPLACE" => {
                    let mut word = self.lexer.word()?;
                    while matches!(
                        word.to_uppercase().as_str(),
                        "IGNORE" | "LOW_PRIORITY" | "DELAYED" | "OR" | "REPLACE"
                    ) {
                        word = self.lexer.word()?;
                    }
                    if word.eq_ignore_ascii_case("INTO") {
                        let name = self.name()?;
                        let columns = self.names()?;
                        let columns =
                            columns.or_else(|| self.created.get(&name).cloned()).unwrap_or_default();
                        let mut word = self.lexer.word()?.to_uppercase();
                        // PostgreSQL: OVERRIDING SYSTEM VALUE VALUES.
                        while matches!(word.as_str(), "OVERRIDING" | "SYSTEM" | "USER" | "VALUE") {
                            word = self.lexer.word()?.to_uppercase();
                        }
                        if word == "VALUES" {
                            return Ok(Some(RowStatement { name, columns, is_copy: false }));
                        }
                    }
                    self.lexer.skip()?;
                }
                "COPY" => {
                    let name = self.name()?;
                    let columns = self.names()?.or_else(|| self.created.get(&name).cloned());
                    let words = [self.lexer.word()?.to_uppercase(), self.lexer.word()?.to_uppercase()];
                    self.lexer.skip()?;
                    if words == ["FROM", "STDIN"] {
                        self.lexer.line_comment()?;
                        self.is_in_copy = true;
                        return Ok(Some(RowStatement {
                            name,
                            columns: columns.unwrap_or_default(),
                            is_copy: true,
                        }));
                    }
                }
                _ => self.lexer.skip()?,
            }
        }
    }

    fn create(&mut self) -> io::Result<()> {
        let mut word = self.lexer.word()?.to_uppercase();
        while matches!(word.as_str(), "TEMPORARY" | "TEMP" | "UNLOGGED") {
            word = self.lexer.word()?.to_uppercase();
        }
        if word != "TABLE" {
            return self.lexer.skip();
        }
        let mut name = self.name()?;
        if name.eq_ignore_ascii_case("IF") {
            let _ = (self.lexer.word()?, self.lexer.word()?);
            name = self.name()?;
        }
        self.lexer.blanks()?;
        let mut columns = Vec::new();
        if self.lexer.peek()? == Some(b'(') {
            self.lexer.byte()?;
            self.columns(&mut columns)?;
            self.created.insert(name, columns);
        }
        self.lexer.skip()
    }

    /// The names of columns. Each is the first word after a comma.
    fn columns(&mut self, columns: &mut Vec<String>) -> io::Result<()> {
        let (mut depth, mut is_first) = (1, true);
        loop {
            self.lexer.blanks()?;
            let Some(byte) = self.lexer.peek()? else { return Ok(()) };
            if is_first {
                is_first = false;
                let is_quoted = matches!(byte, b'`' | b'"' | b'[');
                let name = self.lexer.word()?;
                if is_quoted || !CONSTRAINTS.split(' ').any(|word| word.eq_ignore_ascii_case(&name)) {
                    columns.push(name);
                }
                continue;
            }
            match byte {
                b'\'' => {
                    self.lexer.string(self.lexer.dialect == SqlDialect::MySql, true)?;
                }
                b'`' | b'"' => {
                    self.lexer.word()?;
                }
                _ => {
                    self.lexer.byte()?;
                    depth += i32::from(byte == b'(') - i32::from(byte == b')');
                    is_first = byte == b',' && depth == 1;
                    if depth == 0 {
                        return Ok(());
                    }
                }
            }
        }
    }

    /// The values of the next row of an `INSERT`; `None` at its end.
    pub(super) fn tuple(&mut self) -> io::Result<Option<Vec<SourceCell>>> {
        self.lexer.blanks()?;
        if self.lexer.peek()? == Some(b',') {
            self.lexer.byte()?;
            self.lexer.blanks()?;
        }
        if self.lexer.peek()? != Some(b'(') {
            self.lexer.skip()?;
            return Ok(None);
        }
        self.lexer.byte()?;
        let mut cells = Vec::new();
        let mut error = None;
        loop {
            match self.lexer.value() {
                Ok(cell) => cells.push(cell),
                Err(fault) if fault.kind() == io::ErrorKind::InvalidData => error = Some(fault),
                Err(fault) => return Err(fault),
            }
            self.lexer.blanks()?;
            match self.lexer.peek()? {
                Some(b',') if error.is_none() => {
                    self.lexer.byte()?;
                }
                Some(b')') if error.is_none() => {
                    self.lexer.byte()?;
                    break;
                }
                _ => {
                    // The rows after this one can still be read.
                    self.lexer.skip_brackets()?;
                    error = error.or_else(|| Some(not_a_literal()));
                    break;
                }
            }
        }
        // The position of the next row must be its bracket.
        self.lexer.blanks()?;
        if self.lexer.peek()? == Some(b',') {
            self.lexer.byte()?;
        }
        error.map_or(Ok(Some(cells)), Err)
    }

    /// The next row of a `COPY` block; `None` at its end.
    pub(super) fn copy_row(&mut self) -> io::Result<Option<Vec<SourceCell>>> {
        let mut line = Vec::new();
        let limit = MAX_RECORD_BYTES as u64;
        (&mut self.lexer.text).take(limit).read_until(b'\n', &mut line)?;
        self.lexer.line += 1;
        if line.len() as u64 == limit {
            return Err(io::Error::other("a line of a COPY block is too long"));
        }
        while matches!(line.last(), Some(b'\n' | b'\r')) {
            line.pop();
        }
        if line.is_empty() || line == b"\\." {
            self.is_in_copy = false;
            return Ok(None);
        }
        Ok(Some(line.split(|byte| *byte == b'\t').map(copied).collect()))
    }
}

/// A cell of a `COPY` block.
fn copied(text: &[u8]) -> SourceCell {
    if text == b"\\N" {
        return SourceCell { text: Vec::new(), kind: CellKind::Null };
    }
    let mut kept = Vec::with_capacity(text.len());
    let mut bytes = text.iter();
    while let Some(byte) = bytes.next() {
        let escaped = if *byte == b'\\' { bytes.next() } else { None };
        kept.push(match escaped {
            None => *byte,
            Some(b'b') => 8,
            Some(b'f') => 12,
            Some(b'n') => b'\n',
            Some(b'r') => b'\r',
            Some(b't') => b'\t',
            Some(b'v') => 11,
            Some(other) => *other,
        });
    }
    SourceCell { text: kept, kind: CellKind::Quoted }
}
