//! Reads JSON: one object per line, or a document with lists of objects as database tools write it. What the objects mean
//! is not known here.

use std::io::{self, BufRead, Read as _};

use crate::commands::import::record::{
    ImportRecord, MAX_RECORD_BYTES, RecordContent, RecordPosition, RecordReader,
};
use crate::commands::import::text::{SourceText, TextReader};

/// Reads one JSON object per line.
pub(super) struct LineReader {
    text: TextReader,
    number: u64,
}

impl LineReader {
    pub(super) fn new(text: TextReader) -> Self {
        Self { text, number: 1 }
    }
}

impl RecordReader for LineReader {
    fn next(&mut self) -> io::Result<Option<ImportRecord>> {
        loop {
            let position = RecordPosition { offset: self.text.position(), number: self.number };
            let Some(line) = read_line(&mut self.text)? else { return Ok(None) };
            self.number += 1;
            let content = match line {
                Ok(line) if line.trim().is_empty() => continue,
                Ok(line) => RecordContent::Json(line),
                Err(detail) => RecordContent::Bad(detail),
            };
            return Ok(Some(ImportRecord { position, content }));
        }
    }

    fn go_to(&mut self, position: RecordPosition) -> io::Result<()> {
        self.number = position.number;
        self.text.go_to(position.offset)
    }
}

/// Reads a line of limited length. The inner error tells that it is too long or not UTF-8.
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

/// Where the lists of records are in a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ListNesting {
    /// Objects follow each other, each over several lines, as `jq` writes them.
    Concatenated,
    /// The document is the list.
    List,
    /// The lists are members of an object, as `DBeaver` and web APIs write them.
    Member,
    /// The lists are members of objects in a list, as phpMyAdmin writes them.
    MemberOfItem,
}

impl ListNesting {
    const fn depth(self) -> usize {
        match self {
            Self::Concatenated => 0,
            Self::List => 1,
            Self::Member => 2,
            Self::MemberOfItem => 3,
        }
    }
}

/// Detects the nesting of a text that does not have one object per line; `None` when it is not JSON with records. `is_record`
/// tells whether an object is a record itself. All brackets must match, except that a list may be cut off: the records
/// before the end are imported, and the rest is reported.
pub(super) fn detect_nesting(
    text: &SourceText,
    is_record: &dyn Fn(&str) -> bool,
) -> io::Result<Option<ListNesting>> {
    let mut window = text.reader()?;
    match window.skip_whitespace()? {
        Some(b'[') => {
            let first = DocumentReader::new(text.reader()?, ListNesting::List).next()?;
            let is_header = first.is_some_and(|record| match record.content {
                RecordContent::Json(item) => item.contains("\"type\"") && item.contains("\"header\""),
                _ => false,
            });
            let wrapped = is_header
                && DocumentReader::new(text.reader()?, ListNesting::MemberOfItem).holds_records()?;
            Ok(Some(if wrapped { ListNesting::MemberOfItem } else { ListNesting::List }))
        }
        Some(b'{')
            if DocumentReader::new(text.reader()?, ListNesting::Concatenated).first_is(is_record)? =>
        {
            Ok(Some(ListNesting::Concatenated))
        }
        Some(b'{') => Ok(DocumentReader::new(text.reader()?, ListNesting::Member)
            .holds_records()?
            .then_some(ListNesting::Member)),
        _ => Ok(None),
    }
}

/// Reads the objects in the lists of a document. It looks at strings and brackets only, so that it reads a document of any
/// size in little memory.
pub(super) struct DocumentReader {
    text: TextReader,
    nesting: ListNesting,
    /// The open brackets around the next token.
    open: Vec<u8>,
    number: u64,
    /// Whether there is a value since the last comma.
    has_value: bool,
    /// 0 once a jump has ended the counting.
    line: u64,
    line_start: u64,
    is_ended: bool,
}

enum JsonToken {
    Open(u8),
    Close(u8),
    Comma,
    Other,
    End,
}

impl DocumentReader {
    pub(super) fn new(text: TextReader, nesting: ListNesting) -> Self {
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

    fn first_is(mut self, is_record: &dyn Fn(&str) -> bool) -> io::Result<bool> {
        let first = self.next()?;
        Ok(first
            .is_some_and(|record| matches!(record.content, RecordContent::Json(text) if is_record(&text))))
    }

    /// Whether the whole text is one valid document with at least one record.
    fn holds_records(mut self) -> io::Result<bool> {
        let mut records = 0;
        while let Some(record) = self.next()? {
            if matches!(record.content, RecordContent::Bad(_)) {
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

    fn token(&mut self) -> io::Result<JsonToken> {
        loop {
            return Ok(match self.text.peek()? {
                None => JsonToken::End,
                Some(byte) if byte.is_ascii_whitespace() => {
                    self.byte()?;
                    continue;
                }
                Some(byte @ (b'{' | b'[')) => JsonToken::Open(byte),
                Some(byte @ (b'}' | b']')) => JsonToken::Close(byte),
                Some(b',') => JsonToken::Comma,
                Some(_) => JsonToken::Other,
            });
        }
    }

    /// Reads a string, or one byte of a number, a word or a colon; false when a string is not closed.
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

    /// The text of the value that begins here; `None` when its brackets do not match.
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
                // The rest is skipped. Only its brackets matter.
                kept.truncate(MAX_RECORD_BYTES + 1);
            }
        }
    }

    /// Reads a list item. A number or a word is skipped, because it is no record.
    fn item(&mut self) -> io::Result<Option<Vec<u8>>> {
        if matches!(self.text.peek()?, Some(b'{' | b'[' | b'"')) {
            return self.value();
        }
        while let Some(byte) = self.text.peek()? {
            if byte.is_ascii_whitespace() || matches!(byte, b',' | b']' | b'}') {
                break;
            }
            self.byte()?;
        }
        Ok(Some(Vec::new()))
    }

    fn syntax_error(&mut self) -> ImportRecord {
        self.is_ended = true;
        let offset = self.text.position();
        let at = if self.line == 0 {
            format!("byte {offset}")
        } else {
            format!("line {}, column {}", self.line, offset - self.line_start + 1)
        };
        let detail = format!("not valid JSON at {at}");
        ImportRecord {
            position: RecordPosition { offset, number: self.number + 1 },
            content: RecordContent::Bad(detail),
        }
    }

    fn is_in_records(&self) -> bool {
        self.open.len() == self.nesting.depth() && self.open.last() == Some(&b'[')
    }
}

impl RecordReader for DocumentReader {
    fn next(&mut self) -> io::Result<Option<ImportRecord>> {
        if self.is_ended {
            return Ok(None);
        }
        loop {
            let token = self.token()?;
            match token {
                JsonToken::End if self.open.is_empty() && self.has_value => {
                    self.is_ended = true;
                    return Ok(None);
                }
                JsonToken::Open(b'{')
                    if self.nesting == ListNesting::Concatenated && self.open.is_empty() =>
                {
                    let position = RecordPosition { offset: self.text.position(), number: self.number + 1 };
                    let Some(value) = self.value()? else { return Ok(Some(self.syntax_error())) };
                    self.number += 1;
                    self.has_value = true;
                    return Ok(Some(ImportRecord { position, content: content(value) }));
                }
                // Nothing may follow the document.
                _ if self.open.is_empty() && self.has_value => return Ok(Some(self.syntax_error())),
                JsonToken::Open(_) | JsonToken::Other if self.is_in_records() => {
                    if self.has_value {
                        return Ok(Some(self.syntax_error()));
                    }
                    let position = RecordPosition { offset: self.text.position(), number: self.number + 1 };
                    let is_object = matches!(token, JsonToken::Open(b'{'));
                    let Some(value) = self.item()? else { return Ok(Some(self.syntax_error())) };
                    self.number += u64::from(is_object || self.nesting == ListNesting::List);
                    self.has_value = true;
                    // An object may have lists of words beside its list of records.
                    if !is_object && self.nesting != ListNesting::List {
                        continue;
                    }
                    let content = if is_object {
                        content(value)
                    } else {
                        RecordContent::Bad("the item is not a JSON object".to_owned())
                    };
                    return Ok(Some(ImportRecord { position, content }));
                }
                JsonToken::Open(byte) => {
                    self.byte()?;
                    self.open.push(byte);
                    self.has_value = false;
                }
                JsonToken::Close(byte) => {
                    if self.open.pop() != Some(if byte == b'}' { b'{' } else { b'[' }) {
                        return Ok(Some(self.syntax_error()));
                    }
                    self.byte()?;
                    self.has_value = true;
                }
                JsonToken::Comma => {
                    if !self.has_value {
                        return Ok(Some(self.syntax_error()));
                    }
                    self.byte()?;
                    self.has_value = false;
                }
                JsonToken::Other => {
                    if self.open.is_empty() || !self.scalar(&mut Vec::new())? {
                        return Ok(Some(self.syntax_error()));
                    }
                    self.has_value = true;
                }
                JsonToken::End => return Ok(Some(self.syntax_error())),
            }
        }
    }

    fn go_to(&mut self, position: RecordPosition) -> io::Result<()> {
        self.text.go_to(position.offset)?;
        self.number = position.number - 1;
        // The first pass checked the brackets around the item.
        self.open = match self.nesting {
            ListNesting::Concatenated => vec![],
            ListNesting::List => vec![b'['],
            ListNesting::Member => vec![b'{', b'['],
            ListNesting::MemberOfItem => vec![b'[', b'{', b'['],
        };
        (self.has_value, self.is_ended, self.line) = (false, false, 0);
        Ok(())
    }
}

fn content(value: Vec<u8>) -> RecordContent {
    if value.len() > MAX_RECORD_BYTES {
        return RecordContent::Bad(format!("the item is longer than {MAX_RECORD_BYTES} bytes"));
    }
    String::from_utf8(value)
        .map_or_else(|_| RecordContent::Bad("the item is not UTF-8".to_owned()), RecordContent::Json)
}
