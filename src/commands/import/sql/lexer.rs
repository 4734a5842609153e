//! Reads the words, strings and numbers of an SQL dump. Knows no statements.

use std::io;

use crate::commands::import::record::{CellKind, MAX_RECORD_BYTES, SourceCell};
use crate::commands::import::text::TextReader;

/// The SQL of a dump. It tells whether a backslash in a string begins an escape.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::commands::import) enum SqlDialect {
    MySql,
    /// PostgreSQL and SQLite, without escapes.
    Standard,
    /// A string with a backslash is an error.
    Unknown,
}

pub(super) struct SqlLexer {
    pub(super) text: TextReader,
    pub(super) dialect: SqlDialect,
    pub(super) line: u64,
}

fn invalid_data(detail: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, detail)
}

pub(super) fn not_a_literal() -> io::Error {
    invalid_data("a value is not a literal (string, number or NULL)")
}

impl SqlLexer {
    pub(super) fn byte(&mut self) -> io::Result<Option<u8>> {
        let byte = self.text.byte()?;
        self.line += u64::from(byte == Some(b'\n'));
        Ok(byte)
    }

    pub(super) fn peek(&mut self) -> io::Result<Option<u8>> {
        self.text.peek()
    }

    /// Skips whitespace and comments.
    pub(super) fn blanks(&mut self) -> io::Result<()> {
        loop {
            match self.peek()? {
                Some(byte) if byte.is_ascii_whitespace() => {
                    self.byte()?;
                }
                Some(b'-') if self.begins(b"--")? => self.line_comment()?,
                Some(b'#') if self.dialect != SqlDialect::Standard => self.line_comment()?,
                Some(b'/') if self.begins(b"/*")? => {
                    let mut last = 0;
                    while let Some(byte) = self.byte()? {
                        if (last, byte) == (b'*', b'/') {
                            break;
                        }
                        last = byte;
                    }
                }
                _ => return Ok(()),
            }
        }
    }

    pub(super) fn line_comment(&mut self) -> io::Result<()> {
        while !matches!(self.byte()?, None | Some(b'\n')) {}
        Ok(())
    }

    pub(super) fn begins(&mut self, word: &[u8]) -> io::Result<bool> {
        let at = self.text.position();
        let mut same = true;
        for byte in word {
            same = same && self.text.byte()? == Some(*byte);
        }
        self.text.go_to(at)?;
        Ok(same)
    }

    /// The next name or keyword, without quotes; blank if there is none.
    pub(super) fn word(&mut self) -> io::Result<String> {
        self.blanks()?;
        let mut word = Vec::new();
        match self.peek()? {
            Some(quote @ (b'`' | b'"' | b'[')) => {
                let end = if quote == b'[' { b']' } else { quote };
                self.byte()?;
                while let Some(byte) = self.byte()? {
                    if byte == end {
                        break;
                    }
                    word.push(byte);
                }
            }
            _ => {
                while let Some(byte) = self.peek()? {
                    if !byte.is_ascii_alphanumeric() && byte != b'_' && byte < 0x80 {
                        break;
                    }
                    self.byte()?;
                    word.push(byte);
                }
            }
        }
        Ok(String::from_utf8_lossy(&word).into_owned())
    }

    /// Skips the rest of a statement.
    pub(super) fn skip(&mut self) -> io::Result<()> {
        self.skip_to(b';')
    }

    /// Skips to the closing bracket.
    pub(super) fn skip_brackets(&mut self) -> io::Result<()> {
        self.skip_to(b')')
    }

    /// Skips to a character outside of strings and brackets.
    fn skip_to(&mut self, end: u8) -> io::Result<()> {
        let mut depth = 0_u32;
        loop {
            self.blanks()?;
            match self.peek()? {
                None => return Ok(()),
                Some(byte) if byte == end && (end == b';' || depth == 0) => {
                    self.byte()?;
                    return Ok(());
                }
                Some(byte @ (b'(' | b')')) => {
                    self.byte()?;
                    depth = if byte == b'(' { depth + 1 } else { depth.saturating_sub(1) };
                }
                Some(b'\'') => {
                    self.string(self.dialect == SqlDialect::MySql, true)?;
                }
                Some(b'"' | b'`') => {
                    self.word()?;
                }
                Some(b'$') => self.dollars()?,
                // PostgreSQL: E'text with escapes'.
                Some(b'E' | b'e') => {
                    self.byte()?;
                    if self.peek()? == Some(b'\'') {
                        self.string(true, true)?;
                    }
                }
                Some(_) => {
                    self.byte()?;
                }
            }
        }
    }

    /// Skips a dollar-quoted text.
    fn dollars(&mut self) -> io::Result<()> {
        let mut tag = vec![b'$'];
        self.byte()?;
        while let Some(byte) = self.peek()? {
            if !byte.is_ascii_alphanumeric() && byte != b'_' && byte != b'$' {
                return Ok(());
            }
            self.byte()?;
            tag.push(byte);
            if byte == b'$' {
                break;
            }
        }
        while self.peek()?.is_some() {
            if self.begins(&tag)? {
                for _ in 0..tag.len() {
                    self.byte()?;
                }
                return Ok(());
            }
            self.byte()?;
        }
        Ok(())
    }

    /// A string, from its opening single quote. Returns an empty text if `is_skipped`.
    pub(super) fn string(&mut self, has_escapes: bool, is_skipped: bool) -> io::Result<Vec<u8>> {
        let mut text = Vec::new();
        self.byte()?;
        loop {
            let Some(byte) = self.byte()? else { return Err(invalid_data("a string is not closed")) };
            match byte {
                b'\'' if self.peek()? == Some(b'\'') => {
                    self.byte()?;
                    text.push(b'\'');
                }
                b'\'' => return Ok(text),
                b'\\' if has_escapes => {
                    let escaped = self.byte()?.unwrap_or(b'\\');
                    text.push(match escaped {
                        b'0' => 0,
                        b'b' => 8,
                        b'n' => b'\n',
                        b'r' => b'\r',
                        b't' => b'\t',
                        b'Z' => 26,
                        other => other,
                    });
                }
                b'\\' if self.dialect == SqlDialect::Unknown => {
                    return Err(invalid_data(
                        "a string has a backslash, and the dump does not tell whether it is an escape (dumps of mysqldump, phpMyAdmin, pg_dump and SQLite do, in their first lines): export the table as CSV with a header",
                    ));
                }
                _ if is_skipped => {}
                _ => text.push(byte),
            }
            if text.len() > MAX_RECORD_BYTES {
                return Err(invalid_data("a string is too long (is a quote left open?)"));
            }
        }
    }

    pub(super) fn value(&mut self) -> io::Result<SourceCell> {
        self.blanks()?;
        let mysql = self.dialect == SqlDialect::MySql;
        if self.peek()? == Some(b'\'') {
            let text = self.string(mysql, false)?;
            return self.cast(SourceCell { text, kind: CellKind::Quoted });
        }
        let mut word = Vec::new();
        while let Some(byte) = self.peek()? {
            if !byte.is_ascii_alphanumeric() && !matches!(byte, b'_' | b'.' | b'-' | b'+') {
                break;
            }
            self.byte()?;
            word.push(byte);
        }
        let name = String::from_utf8_lossy(&word).to_uppercase();
        // MySQL: _binary 'text'.
        if name.starts_with('_') {
            self.blanks()?;
        }
        if self.peek()? == Some(b'\'') {
            let text = match name.as_str() {
                "E" => self.string(true, false)?,
                "X" => hex(&self.string(false, false)?)
                    .ok_or_else(|| invalid_data("a value is not valid hexadecimal"))?,
                _ => self.string(mysql, false)?,
            };
            return self.cast(SourceCell { text, kind: CellKind::Quoted });
        }
        if let Some(digits) = name.strip_prefix("0X") {
            let text =
                hex(digits.as_bytes()).ok_or_else(|| invalid_data("a value is not valid hexadecimal"))?;
            return Ok(SourceCell { text, kind: CellKind::Quoted });
        }
        let is_number = name.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '-' | '+' | '.'));
        match name.as_str() {
            "NULL" => self.cast(SourceCell { text: Vec::new(), kind: CellKind::Null }),
            "TRUE" | "FALSE" => Ok(SourceCell { text: word.to_ascii_lowercase(), kind: CellKind::Bare }),
            _ if is_number => self.cast(SourceCell { text: word, kind: CellKind::Bare }),
            _ => Err(not_a_literal()),
        }
    }

    /// Skips the `::type` that PostgreSQL may write after a value.
    fn cast(&mut self, cell: SourceCell) -> io::Result<SourceCell> {
        while self.peek()? == Some(b':') {
            self.byte()?;
            while self.peek()?.is_some_and(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.'))
            {
                self.byte()?;
            }
        }
        Ok(cell)
    }
}

fn hex(digits: &[u8]) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let pairs = digits.chunks(2).map(|pair| match pair {
        [high, low] => Some(digit(*high)? << 4 | digit(*low)?),
        _ => None,
    });
    pairs.collect()
}
