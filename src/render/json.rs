//! Streams entries as JSON lines, or as one document that states whether it is complete.
//!
//! Text is not sanitized: JSON has its own escapes and programs read it. Stored changes are copied unparsed.

use std::io::{self, Write};

use serde::Serialize;

use crate::model::entry::{Entry, EntryView};
use crate::model::json::Json;

pub(crate) fn line(out: &mut dyn Write, entry: &EntryView<'_>) -> io::Result<()> {
    serde_json::to_writer(&mut *out, entry)?;
    out.write_all(b"\n")
}

pub(crate) fn list(out: &mut dyn Write, entries: &[Entry]) -> io::Result<()> {
    serde_json::to_writer(&mut *out, entries)?;
    out.write_all(b"\n")
}

/// Writes a value on one line, or indented for people.
pub(crate) fn value(out: &mut dyn Write, value: &Json, indented: bool) -> io::Result<()> {
    if indented {
        serde_json::to_writer_pretty(&mut *out, value)?;
    } else {
        serde_json::to_writer(&mut *out, value)?;
    }
    out.write_all(b"\n")
}

/// An object with these members.
pub(crate) fn object<const N: usize>(members: [(&str, Json); N]) -> Json {
    Json::Object(members.map(|(name, value)| (name.to_owned(), value)).to_vec())
}

pub(crate) fn text(text: &str) -> Json {
    Json::String(text.to_owned())
}

pub(crate) fn number(number: u64) -> Json {
    Json::Number(number.to_string())
}

/// The members at the end of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(crate) struct DocumentEnd<'a> {
    /// The number of matching entries, if it was counted.
    pub matched: Option<u64>,
    /// Whether the document holds all matching entries.
    pub complete: bool,
    /// The cursor of the next page.
    pub next_cursor: Option<&'a str>,
}

/// Writes the document `{query, entries, matched, complete, next_cursor}`.
///
/// `complete` is known only after the entries, so it stands at the end. An interrupted document is invalid JSON.
pub(crate) struct JsonDocument<W: Write> {
    writer: W,
    is_empty: bool,
}

impl<W: Write> JsonDocument<W> {
    /// Starts a document with the query as it was understood.
    pub(crate) fn new(mut writer: W, query: &impl Serialize) -> io::Result<Self> {
        writer.write_all(b"{\"query\":")?;
        serde_json::to_writer(&mut writer, query)?;
        writer.write_all(b",\"entries\":[")?;
        Ok(Self { writer, is_empty: true })
    }

    /// Continues a document that already holds at least one entry.
    pub(crate) const fn resume(writer: W) -> Self {
        Self { writer, is_empty: false }
    }

    pub(crate) fn entry(&mut self, entry: &EntryView<'_>) -> io::Result<()> {
        self.writer.write_all(if self.is_empty { b"\n" } else { b",\n" })?;
        self.is_empty = false;
        Ok(serde_json::to_writer(&mut self.writer, entry)?)
    }

    /// Ends the document and returns the writer.
    pub(crate) fn finish(mut self, ending: DocumentEnd<'_>) -> io::Result<W> {
        self.writer.write_all(if self.is_empty { b"]," } else { b"\n]," })?;
        // Its members belong to the document, whose opening brace is already written.
        let members = serde_json::to_string(&ending)?;
        self.writer.write_all(members.trim_start_matches('{').as_bytes())?;
        self.writer.write_all(b"\n")?;
        self.writer.flush()?;
        Ok(self.writer)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::render::samples::{entry, updated};

    #[test]
    fn json_lines_round_trip() {
        let mut out = Vec::new();
        let entry = entry("updated", &json!([{"field": "a\u{202e}\n", "old": 1, "new": "\u{1b}"}]));
        line(&mut out, &entry.view()).expect("memory takes all");
        let text = String::from_utf8(out).expect("text");
        assert_eq!(text.matches('\n').count(), 1);
        assert_eq!(serde_json::from_str::<Entry>(&text).expect("an entry"), entry);
    }

    #[test]
    fn documents_state_whether_they_are_complete() {
        for entries in [vec![], vec![updated()], vec![updated(), updated()]] {
            let mut document =
                JsonDocument::new(Vec::new(), &json!({"action": ["updated"]})).expect("written");
            for entry in &entries {
                document.entry(&entry.view()).expect("written");
            }
            let ending = DocumentEnd { matched: Some(9), complete: false, next_cursor: Some("eyJ") };
            let text = String::from_utf8(document.finish(ending).expect("written")).expect("text");
            let back: serde_json::Value = serde_json::from_str(&text).expect("JSON");
            assert_eq!(back["entries"].as_array().map(Vec::len), Some(entries.len()));
            assert_eq!((&back["matched"], &back["complete"]), (&json!(9), &json!(false)));
            assert_eq!(
                (&back["next_cursor"], &back["query"]["action"][0]),
                (&json!("eyJ"), &json!("updated"))
            );
        }
    }

    #[test]
    fn unfinished_documents_are_invalid_json() {
        let mut document = JsonDocument::new(Vec::new(), &json!({})).expect("written");
        document.entry(&updated().view()).expect("written");
        assert!(serde_json::from_slice::<serde_json::Value>(&document.writer).is_err());
    }
}
