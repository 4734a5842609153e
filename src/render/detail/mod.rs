//! One entry, field by field: who did what, when and why, then one block for each field.
//!
//! What differs is found in `diff`; here it gets its marks and words. It knows no other entries but by number.

mod block;
mod line;

use std::io::{self, Write};

use crate::model::entry::{Entry, User};
use crate::model::time::format;
use crate::model::words::UserKind;
use crate::render::look::{Look, Tone, mark, tone};

/// What else the detail view is told.
#[derive(Debug, Clone, Copy, Default)]
pub struct DetailOptions {
    /// Whether long differences are shown whole.
    pub full: bool,
    /// How many other entries the same request made, when that is known.
    pub others_in_request: Option<u64>,
}

/// A server that took an entry in later than this after it happened is worth a word.
const LATE_SECONDS: i64 = 60;

/// Writes the detail view of an entry.
///
/// # Errors
/// The writer's.
pub fn detail(out: &mut dyn Write, entry: &Entry, options: DetailOptions, look: &Look) -> io::Result<()> {
    title(out, entry, look)?;
    fact(out, look, "when", &when(entry, look))?;
    fact(out, look, "who", &who(entry))?;
    fact(out, look, "entry", &number(entry, options, look))?;
    if let Some(reason) = &entry.reason {
        fact(out, look, "reason", reason)?;
    }
    if let Some(agent) = &entry.context.user_agent {
        fact(out, look, "agent", agent)?;
    }
    writeln!(out)?;
    match entry.changes.list() {
        Ok(changes) => {
            line::write(out, block::fields(&changes, entry.action, options.full, look), options.full, look)
        }
        Err(error) => {
            let text = format!("! the changes of this entry cannot be read: {error}");
            writeln!(out, "  {}", look.paint(Tone::Changed, &look.text(&text)))
        }
    }
}

/// `~ updated  connector  Salesforce → Warehouse  (connector/42)`.
fn title(out: &mut dyn Write, entry: &Entry, look: &Look) -> io::Result<()> {
    let action = look.paint(tone(entry.action), &format!("{} {}", mark(entry.action), entry.action));
    let key = look.paint(Tone::Dim, &look.text(&format!("({}/{})", entry.model_type, entry.model_id)));
    let name = match entry.model_name.as_deref().map(str::trim) {
        Some(name) if !name.is_empty() => name.to_owned(),
        _ => format!("#{}", entry.model_id),
    };
    let name = look.paint(Tone::Title, &look.text(&name));
    writeln!(out, "{action}  {}  {name}  {key}", entry.model_type.label())
}

fn fact(out: &mut dyn Write, look: &Look, label: &str, text: &str) -> io::Result<()> {
    writeln!(out, "  {} {}", look.paint(Tone::Dim, &format!("{label:<6}")), look.text(text))
}

fn when(entry: &Entry, look: &Look) -> String {
    let (at, time) = (entry.occurred_at, &look.time);
    format!("{}, {}", format::full(at, time), format::relative(at, time.now))
}

/// `Ana Ruiz <ana.ruiz@acme.io>, admin, via web from 198.51.100.23`.
fn who(entry: &Entry) -> String {
    let User { email, name, role, kind, .. } = &entry.user;
    let mut text = match (name, email) {
        (Some(name), Some(email)) => format!("{name} <{email}>"),
        _ => entry.user.label().to_owned(),
    };
    if *kind != UserKind::User {
        text.push_str(&format!(" ({kind})"));
    }
    if let Some(role) = role {
        text.push_str(&format!(", {role}"));
    }
    let via = entry.context.via.map(|via| format!("via {via}"));
    let from = entry.context.ip.as_ref().map(|ip| format!("from {ip}"));
    let route: Vec<String> = via.into_iter().chain(from).collect();
    if route.is_empty() { text } else { format!("{text}, {}", route.join(" ")) }
}

/// `1287, request req_01JD9 (2 more entries: --request-id req_01JD9)`.
fn number(entry: &Entry, options: DetailOptions, look: &Look) -> String {
    let mut text = entry.id.to_string();
    if entry.recorded_at.since(entry.occurred_at).num_seconds().abs() >= LATE_SECONDS {
        text.push_str(&format!(", recorded {}", format::full(entry.recorded_at, &look.time)));
    }
    let Some(request) = &entry.context.request_id else { return text };
    text.push_str(&format!(", request {request}"));
    match options.others_in_request {
        None | Some(0) => {}
        Some(1) => text.push_str(&format!(" (1 more entry: --request-id {request})")),
        Some(others) => text.push_str(&format!(" ({others} more entries: --request-id {request})")),
    }
    text
}

#[cfg(test)]
mod tests;
