//! A JSON value as a reader sees it: on one line or indented, with the marks of what was redacted set apart.
//!
//! It makes pieces of text and knows neither colours nor widths. Controls are made visible where pieces are shown.

use crate::model::json::Json;

/// What stands in a nested value for a secret that was not kept.
pub const REDACTED: &str = "[redacted]";
/// What stands there when the secret was replaced by another.
pub const REDACTED_CHANGED: &str = "[redacted, changed]";

/// A piece of a value's text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// The text.
    pub text: String,
    /// Whether it stands for something that was not kept.
    pub redacted: bool,
}

/// The value on one line.
#[must_use]
pub fn one_line(value: &Json) -> Vec<Piece> {
    let mut writer = Writer { lines: vec![Vec::new()], pretty: false };
    writer.value(value, 0);
    writer.lines.pop().unwrap_or_default()
}

/// The value on as many lines as it has members and items, indented by two.
#[must_use]
pub fn pretty(value: &Json) -> Vec<Vec<Piece>> {
    let mut writer = Writer { lines: vec![Vec::new()], pretty: true };
    writer.value(value, 0);
    writer.lines
}

/// The text of the pieces.
#[must_use]
pub fn text(pieces: &[Piece]) -> String {
    pieces.iter().map(|piece| piece.text.as_str()).collect()
}

/// Tells whether text stands for a secret that was not kept.
#[must_use]
pub fn is_redacted(value: &Json) -> bool {
    matches!(value, Json::String(text) if text == REDACTED || text == REDACTED_CHANGED)
}

/// Tells whether text may stand without quotes: it is not empty, does not look like another kind of value, and does
/// not begin or end where a reader could not tell.
#[must_use]
pub fn is_plain(text: &str) -> bool {
    !text.is_empty()
        && text.trim() == text
        && !text.contains('"')
        && !text.contains('→')
        && !text.contains(char::is_control)
        && !text.starts_with(['[', '{'])
        && Json::parse(text).is_err()
}

/// What kind of value it is, in one word.
#[must_use]
pub const fn kind(value: &Json) -> &'static str {
    match value {
        Json::Null => "null",
        Json::Bool(_) => "boolean",
        Json::Number(_) => "number",
        Json::String(_) => "string",
        Json::Array(_) => "list",
        Json::Object(_) => "object",
    }
}

/// Text in quotes, with the escapes of JSON.
#[must_use]
pub fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

struct Writer {
    lines: Vec<Vec<Piece>>,
    pretty: bool,
}

impl Writer {
    fn value(&mut self, value: &Json, depth: usize) {
        match value {
            Json::Array(items) => {
                self.enclosed('[', ']', items, depth, |writer, item| writer.value(item, depth + 1));
            }
            Json::Object(members) => self.enclosed('{', '}', members, depth, |writer, (key, value)| {
                writer.push(&quoted(key));
                writer.push(if writer.pretty { ": " } else { ":" });
                writer.value(value, depth + 1);
            }),
            Json::String(text) if is_redacted(value) => {
                self.line().push(Piece { text: text.clone(), redacted: true });
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
        if self.pretty {
            self.lines.push(Vec::new());
            self.push(&"  ".repeat(depth));
        }
    }

    fn push(&mut self, text: &str) {
        match self.line().last_mut() {
            Some(last) if !last.redacted => last.text.push_str(text),
            _ => self.line().push(Piece { text: text.to_owned(), redacted: false }),
        }
    }

    fn line(&mut self) -> &mut Vec<Piece> {
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
    fn values_are_written_as_sent_and_secrets_without_quotes() {
        let value = Json::parse(r#"{"a":[1.0,{}],"b":"[redacted]","c":"x\n"}"#).expect("JSON");
        assert_eq!(text(&one_line(&value)), r#"{"a":[1.0,{}],"b":[redacted],"c":"x\n"}"#);
        assert!(one_line(&value).iter().any(|piece| piece.redacted && piece.text == REDACTED));
        let lines: Vec<String> = pretty(&value).iter().map(|line| text(line)).collect();
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
    fn text_that_could_be_mistaken_is_quoted() {
        for plain in ["active", "Ana Ruiz", "https://a.example/?q=1"] {
            assert!(is_plain(plain), "{plain}");
        }
        for other in ["", " a", "a ", "null", "3", "true", "[]", "{}", "a → b", "\"a\"", "a\nb", "[redacted]"]
        {
            assert!(!is_plain(other), "{other}");
        }
    }
}
