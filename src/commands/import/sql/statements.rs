//! Reads a dump statement by statement: the tables it makes, and the values it inserts.

use std::collections::HashMap;
use std::io::{self, BufRead as _, Read as _};

use crate::commands::import::record::{Cell, Kind, MAX_RECORD_BYTES, Place};
use crate::commands::import::sql::Flavour;
use crate::commands::import::sql::lexer::{Lexer, invalid};
use crate::commands::import::text::Window;

/// A statement that inserts rows: behind it stand its values.
pub(super) struct Begun {
    pub(super) name: String,
    pub(super) columns: Vec<String>,
    pub(super) is_copy: bool,
}

/// Reads statements.
pub(super) struct Statements {
    lexer: Lexer,
    /// Whether a `COPY` block has lines left.
    is_in_copy: bool,
    /// The columns of tables whose `CREATE TABLE` was read.
    created: HashMap<String, Vec<String>>,
}

/// Words that begin something else than a column within `CREATE TABLE`.
const CONSTRAINTS: &[&str] = &[
    "PRIMARY",
    "KEY",
    "UNIQUE",
    "CONSTRAINT",
    "INDEX",
    "FULLTEXT",
    "SPATIAL",
    "CHECK",
    "FOREIGN",
    "EXCLUDE",
    "LIKE",
];

impl Statements {
    pub(super) fn new(text: Window, flavour: Flavour) -> Self {
        Self { lexer: Lexer { text, flavour, line: 1 }, is_in_copy: false, created: HashMap::new() }
    }

    /// Goes to the place of a row that was read before.
    pub(super) fn go_to(&mut self, place: Place, is_copy: bool) -> io::Result<()> {
        self.is_in_copy = is_copy;
        self.lexer.line = place.number;
        self.lexer.text.go_to(place.offset)
    }

    /// The place of the next row.
    pub(super) fn place(&mut self) -> io::Result<Place> {
        if !self.is_in_copy {
            self.lexer.blanks()?;
        }
        Ok(Place { offset: self.lexer.text.position(), number: self.lexer.line })
    }

    /// A table's name, without the schema before it.
    fn name(&mut self) -> io::Result<String> {
        let mut name = self.lexer.word()?;
        while self.lexer.peek()? == Some(b'.') {
            self.lexer.byte()?;
            name = self.lexer.word()?;
        }
        Ok(name)
    }

    /// The names in brackets, when there are some.
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

    /// Goes to the values of the next statement that inserts some. The values of the one before are passed over.
    pub(super) fn next_table(&mut self) -> io::Result<Option<Begun>> {
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
                            return Ok(Some(Begun { name, columns, is_copy: false }));
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
                        return Ok(Some(Begun { name, columns: columns.unwrap_or_default(), is_copy: true }));
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

    /// The names of columns, each the first word of what stands between commas.
    fn columns(&mut self, columns: &mut Vec<String>) -> io::Result<()> {
        let (mut depth, mut is_first) = (1, true);
        loop {
            self.lexer.blanks()?;
            let Some(byte) = self.lexer.peek()? else { return Ok(()) };
            if is_first {
                is_first = false;
                let is_quoted = matches!(byte, b'`' | b'"' | b'[');
                let name = self.lexer.word()?;
                if is_quoted || !CONSTRAINTS.contains(&name.to_uppercase().as_str()) {
                    columns.push(name);
                }
                continue;
            }
            match byte {
                b'\'' => {
                    self.lexer.string(self.lexer.flavour == Flavour::MySql, true)?;
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

    /// The values of the next row; none behind the last of the statement.
    pub(super) fn tuple(&mut self) -> io::Result<Option<Vec<Cell>>> {
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
        let mut fault = None;
        loop {
            match self.lexer.value() {
                Ok(cell) => cells.push(cell),
                Err(error) if error.kind() == io::ErrorKind::InvalidData => fault = Some(error),
                Err(error) => return Err(error),
            }
            self.lexer.blanks()?;
            match self.lexer.peek()? {
                Some(b',') if fault.is_none() => {
                    self.lexer.byte()?;
                }
                Some(b')') if fault.is_none() => {
                    self.lexer.byte()?;
                    break;
                }
                _ => {
                    // The rows behind this one are read all the same.
                    self.lexer.skip_brackets()?;
                    fault =
                        fault.or_else(|| Some(invalid("a value is no literal (a string, a number, NULL)")));
                    break;
                }
            }
        }
        // So that the place of the next row is its bracket.
        self.lexer.blanks()?;
        if self.lexer.peek()? == Some(b',') {
            self.lexer.byte()?;
        }
        fault.map_or(Ok(Some(cells)), Err)
    }

    /// The next row of a `COPY` block; none at its end.
    pub(super) fn copy_row(&mut self) -> io::Result<Option<Vec<Cell>>> {
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
fn copied(text: &[u8]) -> Cell {
    if text == b"\\N" {
        return Cell { text: Vec::new(), kind: Kind::Null };
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
    Cell { text: kept, kind: Kind::Quoted }
}
