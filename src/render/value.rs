//! Formats JSON values for display, on one line or indented, and separates marks of redacted values.
//!
//! It must not know colours or widths. Callers sanitize the text.

use crate::model::json::Json;

/// Marks a redacted secret within a value.
pub(crate) const REDACTED: &str = "[redacted]";
/// Marks a redacted secret that replaced another one.
pub(crate) const REDACTED_CHANGED: &str = "[redacted, changed]";

/// A part of a value's text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ValuePiece {
    pub text: String,
    /// Whether it is the mark of a redacted value.
    pub redacted: bool,
}

pub(crate) fn one_line(value: &Json) -> Vec<ValuePiece> {
    let mut writer = ValueWriter { lines: vec![Vec::new()], room: None };
    writer.value(value, 0);
    writer.lines.pop().unwrap_or_default()
}

/// The value on several lines, indented by two. Parts of at most `room` characters stay on one line.
pub(crate) fn pretty(value: &Json, room: usize) -> Vec<Vec<ValuePiece>> {
    let mut writer = ValueWriter { lines: vec![Vec::new()], room: Some(room) };
    writer.value(value, 0);
    writer.lines
}

pub(crate) fn text(pieces: &[ValuePiece]) -> String {
    pieces.iter().map(|piece| piece.text.as_str()).collect()
}

/// Whether a value is the mark of a redacted secret.
pub(crate) fn is_redacted(value: &Json) -> bool {
    matches!(value, Json::String(text) if text == REDACTED || text == REDACTED_CHANGED)
}

/// Whether text can be shown without quotes: it is not empty, looks like no other kind of value, and has no
/// whitespace at its ends.
pub(crate) fn is_plain(text: &str) -> bool {
    !text.is_empty()
        && text.trim() == text
        && !text.contains('"')
        && !text.contains('→')
        && !text.contains(char::is_control)
        && !text.starts_with(['[', '{'])
        && Json::parse(text).is_err()
}

/// The JSON type, in one word.
pub(crate) const fn kind(value: &Json) -> &'static str {
    match value {
        Json::Null => "null",
        Json::Bool(_) => "boolean",
        Json::Number(_) => "number",
        Json::String(_) => "string",
        Json::Array(_) => "list",
        Json::Object(_) => "object",
    }
}

pub(crate) fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// Whether the value fits into `room` characters on one line. It stops reading once it does not.
pub(crate) fn fits(value: &Json, room: usize) -> bool {
    left_of(value, room).is_some()
}

fn left_of(value: &Json, room: usize) -> Option<usize> {
    match value {
        Json::Array(items) => {
            let room = room.checked_sub(2 + items.len().saturating_sub(1))?;
            items.iter().try_fold(room, |room, item| left_of(item, room))
        }
        Json::Object(members) => {
            let room = room.checked_sub(2 + members.len().saturating_sub(1))?;
            members.iter().try_fold(room, |room, (key, value)| {
                left_of(value, room.checked_sub(1 + quoted_within(key, room)?)?)
            })
        }
        Json::String(text) => room.checked_sub(quoted_within(text, room)?),
        Json::Number(text) => room.checked_sub(text.len()),
        Json::Bool(_) => room.checked_sub(5),
        Json::Null => room.checked_sub(4),
    }
}

/// The length of a quoted text in characters, if it is at most `room`.
fn quoted_within(text: &str, room: usize) -> Option<usize> {
    // A text with more than four bytes for each character of `room` cannot fit; skip the copy.
    (text.len() <= room.saturating_mul(4)).then(|| quoted(text).chars().count())
}

struct ValueWriter {
    lines: Vec<Vec<ValuePiece>>,
    /// Characters of a line, if the output may have several lines.
    room: Option<usize>,
}

impl ValueWriter {
    fn value(&mut self, value: &Json, depth: usize) {
        let taken = || self.lines.last().map_or(0, |line| text(line).chars().count());
        if depth > 0 && self.room.is_some_and(|room| fits(value, room.saturating_sub(taken()))) {
            let room = self.room.take();
            self.parts(value, depth);
            self.room = room;
        } else {
            self.parts(value, depth);
        }
    }

    fn parts(&mut self, value: &Json, depth: usize) {
        match value {
            Json::Array(items) => {
                self.enclosed('[', ']', items, depth, |writer, item| writer.value(item, depth + 1));
            }
            Json::Object(members) => self.enclosed('{', '}', members, depth, |writer, (key, value)| {
                writer.push(&quoted(key));
                writer.push(if writer.room.is_some() { ": " } else { ":" });
                writer.value(value, depth + 1);
            }),
            Json::String(text) if is_redacted(value) => {
                self.line().push(ValuePiece { text: text.clone(), redacted: true });
            }
            Json::String(text) => self.push(&quoted(text)),
            Json::Number(text) => self.push(text),
            Json::Bool(true) => self.push("true"),
            Json::Bool(false) => self.push("false"),
            Json::Null => self.push("null"),
        }
    }

    fn enclosed<T>(
        &mut self,
        open: char,
        close: char,
        parts: &[T],
        depth: usize,
        mut part: impl FnMut(&mut Self, &T),
    ) {
        self.push(open.encode_utf8(&mut [0; 4]));
        for (index, one) in parts.iter().enumerate() {
            if index > 0 {
                self.push(",");
            }
            self.next_line(depth + 1);
            part(self, one);
        }
        if !parts.is_empty() {
            self.next_line(depth);
        }
        self.push(close.encode_utf8(&mut [0; 4]));
    }

    fn next_line(&mut self, depth: usize) {
        if self.room.is_some() {
            self.lines.push(Vec::new());
            self.push(&"  ".repeat(depth));
        }
    }

    fn push(&mut self, text: &str) {
        match self.line().last_mut() {
            Some(last) if !last.redacted => last.text.push_str(text),
            _ => self.line().push(ValuePiece { text: text.to_owned(), redacted: false }),
        }
    }

    fn line(&mut self) -> &mut Vec<ValuePiece> {
        if self.lines.is_empty() {
            self.lines.push(Vec::new());
        }
        let last = self.lines.len() - 1;
        &mut self.lines[last]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_keep_their_text_and_marks_have_no_quotes() {
        let value = Json::parse(r#"{"a":[1.0,{}],"b":"[redacted]","c":"x\n"}"#).expect("JSON");
        assert_eq!(text(&one_line(&value)), r#"{"a":[1.0,{}],"b":[redacted],"c":"x\n"}"#);
        assert!(one_line(&value).iter().any(|piece| piece.redacted && piece.text == REDACTED));
        let lines: Vec<String> = pretty(&value, 0).iter().map(|line| text(line)).collect();
        assert_eq!(
            lines,
            [
                "{",
                r#"  "a": ["#,
                "    1.0,",
                "    {}",
                "  ],",
                r#"  "b": [redacted],"#,
                r#"  "c": "x\n""#,
                "}"
            ]
        );
    }

    #[test]
    fn ambiguous_text_is_quoted() {
        for plain in ["active", "Ana Ruiz", "https://a.example/?q=1"] {
            assert!(is_plain(plain), "{plain}");
        }
        for other in ["", " a", "a ", "null", "3", "true", "[]", "{}", "a → b", "\"a\"", "a\nb", "[redacted]"]
        {
            assert!(!is_plain(other), "{other}");
        }
    }
}
