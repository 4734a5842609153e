//! The words, strings and numbers of a dump.

use std::io;

use crate::commands::import::record::{Cell, Kind, MAX_RECORD_BYTES};
use crate::commands::import::sql::Flavour;
use crate::commands::import::text::Window;

/// Reads a dump piece by piece.
pub(super) struct Lexer {
    pub(super) text: Window,
    pub(super) flavour: Flavour,
    pub(super) line: u64,
}

pub(super) fn invalid(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

impl Lexer {
    pub(super) fn byte(&mut self) -> io::Result<Option<u8>> {
        let byte = self.text.byte()?;
        self.line += u64::from(byte == Some(b'\n'));
        Ok(byte)
    }

    pub(super) fn peek(&mut self) -> io::Result<Option<u8>> {
        self.text.peek()
    }

    /// Passes over blanks and comments.
    pub(super) fn blanks(&mut self) -> io::Result<()> {
        loop {
            match self.peek()? {
                Some(byte) if byte.is_ascii_whitespace() => {
                    self.byte()?;
                }
                Some(b'-') if self.begins(b"--")? => self.line_comment()?,
                Some(b'#') if self.flavour != Flavour::Standard => self.line_comment()?,
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

    /// The next name or keyword, without its quotes; blank when something else stands there.
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

    /// Passes over the rest of a statement.
    pub(super) fn skip(&mut self) -> io::Result<()> {
        self.pass_over(b';')
    }

    /// Passes over the rest of what stands in brackets, the first of which was read.
    pub(super) fn skip_brackets(&mut self) -> io::Result<()> {
        self.pass_over(b')')
    }

    /// Passes over all up to a character that stands in no string and no brackets.
    fn pass_over(&mut self, end: u8) -> io::Result<()> {
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
                    self.string(self.flavour == Flavour::MySql, true)?;
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

    /// Passes over a text in dollar quotes.
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

    /// A string in single quotes, the first of which is next.
    pub(super) fn string(&mut self, has_escapes: bool, is_skipped: bool) -> io::Result<Vec<u8>> {
        let mut text = Vec::new();
        self.byte()?;
        loop {
            let Some(byte) = self.byte()? else { return Err(invalid("a string is never closed")) };
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
                b'\\' if self.flavour == Flavour::Unknown => {
                    return Err(invalid(
                        "its strings hold backslashes, and it does not say whether these are escapes (a dump of mysqldump, phpMyAdmin, pg_dump or SQLite does, in its first lines); query the table into CSV with a header",
                    ));
                }
                _ if is_skipped => {}
                _ => text.push(byte),
            }
            if text.len() > MAX_RECORD_BYTES {
                return Err(invalid("a string is too long: is a quote left open?"));
            }
        }
    }

    pub(super) fn value(&mut self) -> io::Result<Cell> {
        self.blanks()?;
        let mysql = self.flavour == Flavour::MySql;
        if self.peek()? == Some(b'\'') {
            let text = self.string(mysql, false)?;
            return self.cast(Cell { text, kind: Kind::Quoted });
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
                    .ok_or_else(|| invalid("a value is no hexadecimal text"))?,
                _ => self.string(mysql, false)?,
            };
            return self.cast(Cell { text, kind: Kind::Quoted });
        }
        if let Some(digits) = name.strip_prefix("0X") {
            let text = hex(digits.as_bytes()).ok_or_else(|| invalid("a value is no hexadecimal text"))?;
            return Ok(Cell { text, kind: Kind::Quoted });
        }
        let is_number = name.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '-' | '+' | '.'));
        match name.as_str() {
            "NULL" => self.cast(Cell { text: Vec::new(), kind: Kind::Null }),
            "TRUE" | "FALSE" => Ok(Cell { text: word.to_ascii_lowercase(), kind: Kind::Bare }),
            _ if is_number => self.cast(Cell { text: word, kind: Kind::Bare }),
            _ => Err(invalid("a value is no literal (a string, a number, NULL)")),
        }
    }

    /// A value, with the `::type` of `PostgreSQL` behind it passed over.
    fn cast(&mut self, cell: Cell) -> io::Result<Cell> {
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
