//! Parses JSON text into a tree, in one pass whatever its depth.
//!
//! `serde_json` checks the syntax and decodes strings with escapes. This file only finds where values begin and end.

use serde_json::value::RawValue;

use crate::model::json::{Json, JsonError, MAX_DEPTH, RawJson};

impl Json {
    /// Parses one value.
    ///
    /// # Errors
    /// [`JsonError`] when the text is not JSON or nests too deep.
    pub fn parse(text: &str) -> Result<Self, JsonError> {
        let raw: &RawValue = serde_json::from_str(text)?;
        value(raw.get(), MAX_DEPTH)
    }
}

impl RawJson {
    /// Parses the value.
    ///
    /// # Errors
    /// [`JsonError`], unless this tool wrote the value.
    pub fn parse(&self) -> Result<Json, JsonError> {
        value(self.get(), MAX_DEPTH)
    }

    /// Parses the members of an object, each of which may nest as deep as any value; `None` when the value is no object.
    /// An empty list counts as an empty object, because PHP writes it so.
    ///
    /// # Errors
    /// [`JsonError`] when a member nests too deep or is not Unicode.
    pub fn parse_members(&self) -> Result<Option<Vec<(String, Json)>>, JsonError> {
        Ok(match value(self.get(), MAX_DEPTH + 1)? {
            Json::Object(members) => Some(members),
            Json::Array(items) if items.is_empty() => Some(Vec::new()),
            _ => None,
        })
    }
}

/// Parses valid JSON text with at most `max_depth` levels of lists and objects.
fn value(text: &str, max_depth: usize) -> Result<Json, JsonError> {
    Reader { text, at: 0, max_depth }.value(0)
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    max_depth: usize,
}

impl Reader<'_> {
    fn value(&mut self, depth: usize) -> Result<Json, JsonError> {
        if depth > self.max_depth {
            return Err(JsonError::TooDeep);
        }
        match self.token() {
            Some(b'{') => {
                let mut members = Vec::new();
                self.at += 1;
                while self.next_element(b'}') {
                    let key = self.string()?;
                    // The colon.
                    self.token();
                    self.at += 1;
                    members.push((key, self.value(depth + 1)?));
                }
                Ok(Json::Object(members))
            }
            Some(b'[') => {
                let mut items = Vec::new();
                self.at += 1;
                while self.next_element(b']') {
                    items.push(self.value(depth + 1)?);
                }
                Ok(Json::Array(items))
            }
            Some(b'"') => Ok(Json::String(self.string()?)),
            _ => Ok(self.word()),
        }
    }

    /// Skips blanks and returns the next byte.
    fn token(&mut self) -> Option<u8> {
        let blanks = self.rest().bytes().take_while(u8::is_ascii_whitespace).count();
        self.at += blanks;
        self.rest().bytes().next()
    }

    /// Skips to the next element of an object or a list, or after its end. Returns whether there is an element.
    fn next_element(&mut self, end: u8) -> bool {
        if self.token() == Some(b',') {
            self.at += 1;
        }
        match self.token() {
            Some(byte) if byte != end => true,
            _ => {
                self.at += 1;
                false
            }
        }
    }

    fn string(&mut self) -> Result<String, JsonError> {
        let (mut is_escaped, mut has_escapes) = (false, false);
        let end = self.rest().bytes().skip(1).position(|byte| {
            let ends = byte == b'"' && !is_escaped;
            is_escaped = byte == b'\\' && !is_escaped;
            has_escapes |= is_escaped;
            ends
        });
        let (start, length) = (self.at, end.map_or(self.rest().len(), |end| end + 2));
        self.at += length;
        let text = self.text.get(start..self.at).unwrap_or_default();
        match text.strip_prefix('"').and_then(|text| text.strip_suffix('"')) {
            Some(plain) if !has_escapes => Ok(plain.to_owned()),
            _ => Ok(serde_json::from_str(text)?),
        }
    }

    /// Parses a number, `null`, `true` or `false`.
    fn word(&mut self) -> Json {
        let ends = |c: char| matches!(c, ',' | ']' | '}') || c.is_ascii_whitespace();
        let rest = self.rest();
        let word = rest.split(ends).next().unwrap_or_default().to_owned();
        self.at += word.len();
        match word.as_str() {
            "null" => Json::Null,
            "true" => Json::Bool(true),
            "false" => Json::Bool(false),
            _ => Json::Number(word),
        }
    }

    fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or_default()
    }
}
