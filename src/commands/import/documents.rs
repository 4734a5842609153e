//! JSON: one object a line, or a document that holds a list of objects, as databases' tools write it.

use std::io::{self, BufRead, Read as _};

use crate::commands::import::record::{Content, MAX_RECORD_BYTES, Place, Record, Records};
use crate::commands::import::text::{Text, Window};

/// JSON objects, one a line.
pub(super) struct Lines {
    text: Window,
    number: u64,
}

impl Lines {
    pub(super) fn new(text: Window) -> Self {
        Self { text, number: 1 }
    }
}

impl Records for Lines {
    fn next(&mut self) -> io::Result<Option<Record>> {
        loop {
            let place = Place { offset: self.text.position(), number: self.number };
            let Some(line) = read_line(&mut self.text)? else { return Ok(None) };
            self.number += 1;
            let content = match line {
                Ok(line) if line.trim().is_empty() => continue,
                Ok(line) => Content::Json(line),
                Err(detail) => Content::Bad(detail),
            };
            return Ok(Some(Record { place, content }));
        }
    }

    fn go_to(&mut self, place: Place) -> io::Result<()> {
        self.number = place.number;
        self.text.go_to(place.offset)
    }
}

/// Reads a line within bounds; one that is too long or no UTF-8 is skipped whole and told.
pub(super) fn read_line(source: &mut dyn BufRead) -> io::Result<Option<Result<String, String>>> {
    let mut bytes = Vec::new();
    let limit = MAX_RECORD_BYTES as u64 + 1;
    if (&mut *source).take(limit).read_until(b'\n', &mut bytes)? == 0 {
        return Ok(None);
    }
    if bytes.len() > MAX_RECORD_BYTES {
        while !bytes.ends_with(b"\n") {
            bytes.clear();
            if (&mut *source).take(limit).read_until(b'\n', &mut bytes)? == 0 {
                break;
            }
        }
        return Ok(Some(Err(format!("the line is longer than {MAX_RECORD_BYTES} bytes"))));
    }
    Ok(Some(String::from_utf8(bytes).map_err(|_| "the line is not UTF-8".to_owned())))
}

/// Where in a document the lists lie whose items are records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Nesting {
    /// Objects one after the other, each over several lines, as `jq` writes them.
    None,
    /// The document is the list.
    List,
    /// The lists are members of an object, as `DBeaver` and web APIs write them.
    Member,
    /// The lists are members of objects in a list, as phpMyAdmin writes them.
    MemberOfItem,
}

impl Nesting {
    const fn depth(self) -> usize {
        match self {
            Self::None => 0,
            Self::List => 1,
            Self::Member => 2,
            Self::MemberOfItem => 3,
        }
    }
}

/// The nesting of a text that is no object a line. `is_record` tells whether an object is a record by itself; none when it is not. The brackets of the whole text must fit, but for a
/// list, whose end may be missing: what stands before is read, and the rest told.
///
/// # Errors
/// The system's.
pub(super) fn nesting(text: &Text, is_record: &dyn Fn(&str) -> bool) -> io::Result<Option<Nesting>> {
    let mut window = text.reader()?;
    match blanks(&mut window)? {
        Some(b'[') => {
            let first = Items::new(text.reader()?, Nesting::List).next()?;
            let is_header = first.is_some_and(|record| match record.content {
                Content::Json(item) => item.contains("\"type\"") && item.contains("\"header\""),
                _ => false,
            });
            let wrapped = is_header && Items::new(text.reader()?, Nesting::MemberOfItem).holds_records()?;
            Ok(Some(if wrapped { Nesting::MemberOfItem } else { Nesting::List }))
        }
        Some(b'{') if Items::new(text.reader()?, Nesting::None).begins_with(is_record)? => {
            Ok(Some(Nesting::None))
        }
        Some(b'{') => {
            Ok(Items::new(text.reader()?, Nesting::Member).holds_records()?.then_some(Nesting::Member))
        }
        _ => Ok(None),
    }
}

/// Passes over blanks.
fn blanks(window: &mut Window) -> io::Result<Option<u8>> {
    while let Some(byte) = window.peek()? {
        if !byte.is_ascii_whitespace() {
            return Ok(Some(byte));
        }
        window.byte()?;
    }
    Ok(None)
}

/// The objects in the lists of a document. Strings and brackets alone are judged here, so that a document of any size is
/// read in little memory.
pub(super) struct Items {
    text: Window,
    nesting: Nesting,
    /// The brackets that are open around what comes next.
    open: Vec<u8>,
    number: u64,
    /// Whether a value stands since the last comma.
    has_value: bool,
    line: u64,
    line_start: u64,
    is_ended: bool,
}

/// What stands next.
enum Token {
    Open(u8),
    Close(u8),
    Comma,
    Other,
    End,
}

impl Items {
    pub(super) fn new(text: Window, nesting: Nesting) -> Self {
        let line_start = text.position();
        Self {
            text,
            nesting,
            open: Vec::new(),
            number: 0,
            has_value: false,
            line: 1,
            line_start,
            is_ended: false,
        }
    }

    fn begins_with(mut self, is_record: &dyn Fn(&str) -> bool) -> io::Result<bool> {
        let first = self.next()?;
        Ok(first.is_some_and(|record| matches!(record.content, Content::Json(text) if is_record(&text))))
    }

    /// Whether the whole text is one document that holds a record.
    fn holds_records(mut self) -> io::Result<bool> {
        let mut records = 0;
        while let Some(record) = self.next()? {
            if matches!(record.content, Content::Bad(_)) {
                return Ok(false);
            }
            records += 1;
        }
        Ok(records > 0)
    }

    fn byte(&mut self) -> io::Result<Option<u8>> {
        let byte = self.text.byte()?;
        if byte == Some(b'\n') {
            self.line += u64::from(self.line > 0);
            self.line_start = self.text.position();
        }
        Ok(byte)
    }

    fn token(&mut self) -> io::Result<Token> {
        loop {
            return Ok(match self.text.peek()? {
                None => Token::End,
                Some(byte) if byte.is_ascii_whitespace() => {
                    self.byte()?;
                    continue;
                }
                Some(byte @ (b'{' | b'[')) => Token::Open(byte),
                Some(byte @ (b'}' | b']')) => Token::Close(byte),
                Some(b',') => Token::Comma,
                Some(_) => Token::Other,
            });
        }
    }

    /// Passes over a string, a number, a word or a colon; false when a string does not end.
    fn scalar(&mut self, kept: &mut Vec<u8>) -> io::Result<bool> {
        let Some(first) = self.byte()? else { return Ok(false) };
        kept.push(first);
        if first != b'"' {
            return Ok(true);
        }
        let mut is_escaped = false;
        while let Some(byte) = self.byte()? {
            if kept.len() <= MAX_RECORD_BYTES {
                kept.push(byte);
            }
            match byte {
                _ if is_escaped => is_escaped = false,
                b'\\' => is_escaped = true,
                b'"' => return Ok(true),
                _ => {}
            }
        }
        Ok(false)
    }

    /// The text of the value that begins here; none when its brackets do not fit.
    fn value(&mut self) -> io::Result<Option<Vec<u8>>> {
        let (mut kept, mut open) = (Vec::new(), Vec::new());
        loop {
            match self.text.peek()? {
                None => return Ok(None),
                Some(byte @ (b'{' | b'[')) => {
                    self.byte()?;
                    kept.push(byte);
                    open.push(byte);
                }
                Some(byte @ (b'}' | b']')) => {
                    if open.pop() != Some(if byte == b'}' { b'{' } else { b'[' }) {
                        return Ok(None);
                    }
                    self.byte()?;
                    kept.push(byte);
                }
                Some(_) => {
                    if !self.scalar(&mut kept)? {
                        return Ok(None);
                    }
                }
            }
            if open.is_empty() {
                return Ok(Some(kept));
            }
            if kept.len() > MAX_RECORD_BYTES {
                // The rest is passed over: only its brackets count.
                kept.truncate(MAX_RECORD_BYTES + 1);
            }
        }
    }

    fn fault(&mut self) -> Record {
        self.is_ended = true;
        let offset = self.text.position();
        let place = if self.line == 0 {
            format!("byte {offset}")
        } else {
            format!("line {}, column {}", self.line, offset - self.line_start + 1)
        };
        let detail = format!("the list is no JSON at {place}");
        Record { place: Place { offset, number: self.number + 1 }, content: Content::Bad(detail) }
    }

    fn is_in_records(&self) -> bool {
        self.open.len() == self.nesting.depth() && self.open.last() == Some(&b'[')
    }
}

impl Records for Items {
    fn next(&mut self) -> io::Result<Option<Record>> {
        if self.is_ended {
            return Ok(None);
        }
        loop {
            let token = self.token()?;
            match token {
                Token::End if self.open.is_empty() && self.has_value => {
                    self.is_ended = true;
                    return Ok(None);
                }
                Token::Open(b'{') if self.nesting == Nesting::None && self.open.is_empty() => {
                    let place = Place { offset: self.text.position(), number: self.number + 1 };
                    let Some(value) = self.value()? else { return Ok(Some(self.fault())) };
                    self.number += 1;
                    self.has_value = true;
                    return Ok(Some(Record { place, content: content(value) }));
                }
                // Behind the document there is nothing.
                _ if self.open.is_empty() && self.has_value => return Ok(Some(self.fault())),
                Token::Open(_) | Token::Other if self.is_in_records() => {
                    if self.has_value {
                        return Ok(Some(self.fault()));
                    }
                    let place = Place { offset: self.text.position(), number: self.number + 1 };
                    let is_object = matches!(token, Token::Open(b'{'));
                    let Some(value) = self.item(is_object)? else { return Ok(Some(self.fault())) };
                    self.number += u64::from(is_object || self.nesting == Nesting::List);
                    self.has_value = true;
                    // Beside the list of records an object may hold lists of words.
                    if !is_object && self.nesting != Nesting::List {
                        continue;
                    }
                    let content = match value {
                        _ if !is_object => Content::Bad("the item is no JSON object".to_owned()),
                        value => content(value),
                    };
                    return Ok(Some(Record { place, content }));
                }
                Token::Open(byte) => {
                    self.byte()?;
                    self.open.push(byte);
                    self.has_value = false;
                }
                Token::Close(byte) => {
                    if self.open.pop() != Some(if byte == b'}' { b'{' } else { b'[' }) {
                        return Ok(Some(self.fault()));
                    }
                    self.byte()?;
                    self.has_value = true;
                }
                Token::Comma => {
                    if !self.has_value {
                        return Ok(Some(self.fault()));
                    }
                    self.byte()?;
                    self.has_value = false;
                }
                Token::Other => {
                    if self.open.is_empty() || !self.scalar(&mut Vec::new())? {
                        return Ok(Some(self.fault()));
                    }
                    self.has_value = true;
                }
                Token::End => return Ok(Some(self.fault())),
            }
        }
    }

    fn go_to(&mut self, place: Place) -> io::Result<()> {
        self.text.go_to(place.offset)?;
        self.number = place.number - 1;
        // What stands around an item that was read before is known to fit.
        self.open = match self.nesting {
            Nesting::None => vec![],
            Nesting::List => vec![b'['],
            Nesting::Member => vec![b'{', b'['],
            Nesting::MemberOfItem => vec![b'[', b'{', b'['],
        };
        // Lines are not counted any more.
        (self.has_value, self.is_ended, self.line) = (false, false, 0);
        Ok(())
    }
}

/// What an item holds.
fn content(value: Vec<u8>) -> Content {
    if value.len() > MAX_RECORD_BYTES {
        return Content::Bad(format!("the item is longer than {MAX_RECORD_BYTES} bytes"));
    }
    String::from_utf8(value).map_or_else(|_| Content::Bad("the item is not UTF-8".to_owned()), Content::Json)
}

impl Items {
    fn item(&mut self, is_object: bool) -> io::Result<Option<Vec<u8>>> {
        if is_object {
            return self.value();
        }
        // A number, a word, a string or a list.
        let mut kept = Vec::new();
        if matches!(self.text.peek()?, Some(b'[')) {
            return self.value();
        }
        if self.text.peek()? == Some(b'"') {
            return Ok(self.scalar(&mut kept)?.then_some(kept));
        }
        while let Some(byte) = self.text.peek()? {
            if byte.is_ascii_whitespace() || matches!(byte, b',' | b']' | b'}') {
                break;
            }
            self.byte()?;
            kept.push(byte);
        }
        Ok(Some(kept))
    }
}
