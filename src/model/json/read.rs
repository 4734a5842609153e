//! Reads text that serde_json has found to be JSON into a tree, in one pass whatever its depth.
//!
//! It judges no syntax and decodes no strings itself: what is left is to find where values begin and end.

use crate::model::json::{Json, JsonError};

/// The value that valid JSON text holds, with at most so many levels of lists and objects in it.
///
/// # Errors
/// [`JsonError::TooDeep`], and [`JsonError::Syntax`] for a string that is not Unicode.
pub(super) fn value(text: &str, max_depth: usize) -> Result<Json, JsonError> {
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
                while self.part(b'}') {
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
                while self.part(b']') {
                    items.push(self.value(depth + 1)?);
                }
                Ok(Json::Array(items))
            }
            Some(b'"') => Ok(Json::String(self.string()?)),
            _ => Ok(self.word()),
        }
    }

    /// Goes to the next byte that is no blank, and tells it.
    fn token(&mut self) -> Option<u8> {
        let blanks = self.rest().bytes().take_while(u8::is_ascii_whitespace).count();
        self.at += blanks;
        self.rest().bytes().next()
    }

    /// Goes to the next part of an object or a list, or behind its end, and tells whether there is one.
    fn part(&mut self, end: u8) -> bool {
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

    /// A number, or one of the three words.
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
