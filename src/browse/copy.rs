//! The formats of the copy key `y`, and the text that it copies.

use crate::browse::content::DocumentContent;
use crate::model::entry::Entry;
use crate::model::hold::{ActiveHold, covering};
use crate::model::words::Log;
use crate::render::detail::{DetailOptions, detail};
use crate::render::json;
use crate::render::spans::line_text;
use crate::render::style::Style;

/// The width of copied text.
const TEXT_WIDTH: usize = 100;

/// The format of a copy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CopyForm {
    Text,
    Json,
    Command,
    Link,
}

impl CopyForm {
    /// The format that a key selects.
    pub(crate) const fn of_key(key: char) -> Option<Self> {
        match key {
            't' => Some(Self::Text),
            'j' => Some(Self::Json),
            'c' => Some(Self::Command),
            'l' => Some(Self::Link),
            _ => None,
        }
    }

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Json => "JSON",
            Self::Command => "command",
            Self::Link => "link",
        }
    }
}

/// The keys of the forms.
pub(crate) const COPY_KEYS: &str = "copy: t text · j JSON · c command · l link · Esc cancel";

/// An entry as text, without colours.
pub(crate) fn entry_text(entry: &Entry, style: &Style, holds: &[ActiveHold]) -> String {
    let style = Style { width: TEXT_WIDTH, color: false, ..*style };
    let mut text = Vec::new();
    let holds = covering(holds, entry);
    let options = DetailOptions { full: true, holds: &holds, ..DetailOptions::default() };
    // Writing to memory cannot fail.
    drop(detail(&mut text, entry, options, &style));
    String::from_utf8_lossy(&text).into_owned()
}

pub(crate) fn entry_json(entry: &Entry) -> Result<String, String> {
    let mut text = Vec::new();
    json::line(&mut text, &entry.view()).map_err(|error| error.to_string())?;
    Ok(String::from_utf8_lossy(&text).trim_end().to_owned())
}

/// The address of an entry on the server's page.
pub(crate) fn link(page: Option<&str>, log: Log, id: u64) -> Result<String, String> {
    let path = match log {
        Log::Audit => "audit-logs",
        Log::Trail => "trail",
    };
    let page = page.ok_or("there is no link: entries of a local store have no page")?;
    Ok(format!("{page}/{path}/{id}"))
}

/// A document as text.
pub(crate) fn document_text(content: &DocumentContent, style: &Style, holds: &[ActiveHold]) -> String {
    let lines = content.lines(&Style { width: TEXT_WIDTH, ..*style }, holds);
    lines.iter().map(|line| line_text(line).trim_end().to_owned() + "\n").collect()
}
