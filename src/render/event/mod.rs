//! Writes entries as the events that SIEMs read: OCSF, CEF, ECS and LEEF. `docs/formats.md` has the mapping tables.
//!
//! Each event is one line. No text of the log can end the line or add a field to it, and no value is lost: a value
//! without a place in a form has a key of ours.

mod cef;
mod ecs;
mod facts;
mod json;
mod leef;
mod ocsf;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod readers;
#[cfg(test)]
mod schemas;
#[cfg(test)]
mod tests;

use std::io;

use crate::model::entry::EntryView;
use crate::render::event::facts::Event;

pub use crate::render::event::facts::EventSource;

/// The form of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EventFormat {
    /// The entry as JSON, as `--format jsonl` writes it.
    Json,
    /// Open Cybersecurity Schema Framework, as JSON.
    Ocsf,
    /// ArcSight Common Event Format.
    Cef,
    /// Elastic Common Schema, as JSON.
    Ecs,
    /// QRadar Log Event Extended Format.
    Leef,
}

impl EventFormat {
    /// All formats.
    pub const ALL: &'static [Self] = &[Self::Json, Self::Ocsf, Self::Cef, Self::Ecs, Self::Leef];

    /// The name of the format in arguments.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Ocsf => "ocsf",
            Self::Cef => "cef",
            Self::Ecs => "ecs",
            Self::Leef => "leef",
        }
    }

    /// Whether a line is a JSON object.
    #[must_use]
    pub const fn is_json(self) -> bool {
        matches!(self, Self::Json | Self::Ocsf | Self::Ecs)
    }
}

/// Appends an entry as one line, without the line break.
///
/// # Errors
/// When the changes of the entry are no list of changes, as from a damaged store. Nothing is appended then.
pub fn write_event(
    format: EventFormat,
    source: EventSource<'_>,
    entry: &EntryView<'_>,
    out: &mut Vec<u8>,
) -> io::Result<()> {
    let mut line = Vec::new();
    match format {
        EventFormat::Json => serde_json::to_writer(&mut line, entry)?,
        EventFormat::Ocsf => ocsf::write(&Event::new(source, entry)?, &mut line)?,
        EventFormat::Cef => cef::write(&Event::new(source, entry)?, &mut line)?,
        EventFormat::Ecs => ecs::write(&Event::new(source, entry)?, &mut line)?,
        EventFormat::Leef => leef::write(&Event::new(source, entry)?, &mut line)?,
    }
    out.append(&mut line);
    Ok(())
}
