//! Colours JSON for people: a writer that paints names and values of each line as it passes.
//!
//! A string of JSON contains no line break, so each line can be painted by itself.

use std::io::{self, Write};

use crate::render::style::{Role, Style};

/// Passes JSON on, painted line by line. What follows the last line break is passed on by [`Self::finish`].
pub(crate) struct JsonPainter<'a> {
    out: &'a mut dyn Write,
    style: Style,
    line: Vec<u8>,
}

impl<'a> JsonPainter<'a> {
    pub(crate) const fn new(out: &'a mut dyn Write, style: Style) -> Self {
        Self { out, style, line: Vec::new() }
    }

    /// Passes on the rest.
    pub(crate) fn finish(mut self) -> io::Result<()> {
        self.pass(self.line.len())
    }

    fn pass(&mut self, length: usize) -> io::Result<()> {
        let line: Vec<u8> = self.line.drain(..length).collect();
        match std::str::from_utf8(&line) {
            Ok(text) => self.out.write_all(paint(text, &self.style).as_bytes()),
            Err(_) => self.out.write_all(&line),
        }
    }
}

impl Write for JsonPainter<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if !self.style.color {
            return self.out.write(bytes);
        }
        self.line.extend_from_slice(bytes);
        if let Some(end) = memchr::memrchr(b'\n', bytes) {
            self.pass(self.line.len() - bytes.len() + end + 1)?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// JSON with colours. Text that is no JSON stays as it is.
fn paint(text: &str, style: &Style) -> String {
    let mut painted = String::with_capacity(text.len() * 2);
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '"' => string_length(rest),
            c if c.is_alphanumeric() || c == '-' => rest
                .find(|c: char| !c.is_alphanumeric() && !matches!(c, '-' | '+' | '.'))
                .unwrap_or(rest.len()),
            c => c.len_utf8(),
        };
        let (token, behind) = rest.split_at(length);
        let role = match first {
            '"' if behind.trim_start().starts_with(':') => Role::Name,
            '"' => Role::Text,
            c if c.is_alphanumeric() || c == '-' => Role::Literal,
            _ => Role::Plain,
        };
        painted.push_str(&style.paint(role, token));
        rest = behind;
    }
    painted
}

/// The length of the string at the start of a text, with its quotes.
fn string_length(text: &str) -> usize {
    let mut is_escaped = false;
    let end = text.char_indices().skip(1).find(|(_, c)| {
        let is_end = *c == '"' && !is_escaped;
        is_escaped = *c == '\\' && !is_escaped;
        is_end
    });
    end.map_or(text.len(), |(at, _)| at + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::samples::style;

    fn painted(text: &str, color: bool) -> String {
        let mut out = Vec::new();
        let mut painter = JsonPainter::new(&mut out, Style { color, ..style(80) });
        // In pieces, as serde writes.
        for piece in text.as_bytes().chunks(3) {
            painter.write_all(piece).expect("memory takes all");
        }
        painter.finish().expect("memory takes all");
        String::from_utf8(out).expect("text")
    }

    #[test]
    fn names_texts_and_literals_differ_and_nothing_else_changes() {
        let text = "{\"a\\\"b\": [\"x: y\", 1.5e3, true, null, -2],\n \"é\":\"\\\\\"}\n[";
        let colored = painted(text, true);
        for token in
            ["\u{1b}[34m\"a\\\"b\"\u{1b}[0m: [", "\u{1b}[36m\"x: y\"\u{1b}[0m", "\u{1b}[33m1.5e3\u{1b}[0m"]
        {
            assert!(colored.contains(token), "{colored:?}");
        }
        let sgr = regex::Regex::new("\u{1b}\\[[0-9;]*m").expect("a pattern");
        assert_eq!(sgr.replace_all(&colored, ""), text);
        assert_eq!(painted(text, false), text);
    }
}
