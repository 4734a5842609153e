//! The detail view of one entry: who did what, when and why, then a block for each changed field.
//!
//! `diff` finds the differences; this module formats them. It must not know other entries, except how many there are.

mod block;
mod disambiguate;
pub(crate) mod line;
mod rows;
mod sides;

use std::io::{self, Write};

use crate::model::change::Change;
use crate::model::entry::{Entry, User};
use crate::model::time::format;
use crate::model::words::{Action, UserKind};
use crate::render::detail::line::{DetailLine, Span};
use crate::render::detail::rows::{LineColumns, RowLimits, rows, text_rows, write_rows};
use crate::render::style::{Role, Style, action_role, mark};
use crate::render::summary::nameless;

/// Options of the detail view.
#[derive(Debug, Clone, Copy, Default)]
pub struct DetailOptions<'a> {
    /// Whether long differences are shown in full.
    pub full: bool,
    /// Whether old and new values are shown side by side.
    pub side_by_side: bool,
    /// The number of other entries of the same request, if known.
    pub others_in_request: Option<u64>,
    /// Whether the changes come after as few rows as possible: without time, entry and program, which a list beside it has.
    pub brief: bool,
    /// The active holds that cover the entry, with their reasons.
    pub holds: &'a [String],
}

/// The least screen width for old and new side by side.
pub const SIDE_BY_SIDE_WIDTH: usize = 120;

/// The least delay between event and recording that is shown.
const LATE_SECONDS: i64 = 60;

/// The column of the text of a fact.
const FACT_COLUMN: usize = 9;

/// Writes the detail view of an entry. If the style truncates, long lines wrap onto marked rows.
pub fn detail(
    out: &mut dyn Write,
    entry: &Entry,
    options: DetailOptions<'_>,
    style: &Style,
) -> io::Result<()> {
    title(out, entry, style)?;
    if !options.brief {
        fact(out, style, "when", &when(entry, style))?;
    }
    fact(out, style, "who", &who(entry))?;
    if let Some(principal) = &entry.on_behalf_of {
        fact(out, style, "for", &identity(principal))?;
    }
    if !options.brief {
        fact(out, style, "entry", &number(entry, options, style))?;
    }
    if let Some(reason) = &entry.reason {
        fact(out, style, "reason", reason)?;
    }
    if let Some(agent) = entry.context.user_agent.as_ref().filter(|_| !options.brief) {
        fact(out, style, "agent", agent)?;
    }
    for hold in options.holds {
        fact(out, style, "hold", hold)?;
    }
    if !options.brief {
        writeln!(out)?;
    }
    match entry.changes.list() {
        Ok(changes) => {
            let lines = block::fields(&changes, entry.action, options.full, style);
            if options.side_by_side {
                sides::write(out, &lines, options.full, style)
            } else {
                write_stacked(out, &lines, options.full, style)
            }
        }
        Err(error) => {
            let text = format!("! the changes of this entry cannot be read: {error}");
            write_rows(out, &text_rows(2, 4, &[span(Role::Changed, text)], style))
        }
    }
}

/// Writes changed fields without an entry around them.
pub fn changes(
    out: &mut dyn Write,
    changes: &[Change],
    options: DetailOptions<'_>,
    style: &Style,
) -> io::Result<()> {
    write_stacked(out, &block::fields(changes, Action::Updated, options.full, style), options.full, style)
}

/// The changed fields as lines, for another layout than rows of a screen. Their text is not sanitized yet.
pub(crate) fn lines(changes: &[Change], action: Action, full: bool, style: &Style) -> Vec<DetailLine> {
    block::fields(changes, action, full, style)
}

fn write_stacked(out: &mut dyn Write, lines: &[DetailLine], full: bool, style: &Style) -> io::Result<()> {
    let limits = RowLimits::new(style.width, full, style);
    let columns = LineColumns::of(lines, limits, style);
    lines.iter().try_for_each(|line| write_rows(out, &rows(line, &columns, limits, style)))
}

/// `~ updated  connector  Salesforce → Warehouse  (connector/42)`.
fn title(out: &mut dyn Write, entry: &Entry, style: &Style) -> io::Result<()> {
    let name = match entry.model_name.as_deref().map(str::trim) {
        Some(name) if !name.is_empty() => name.to_owned(),
        _ => nameless(entry.model_type, &entry.model_id),
    };
    let spans = [
        span(action_role(entry.action), format!("{} {}", mark(entry.action), entry.action)),
        span(Role::Plain, format!("  {}  ", entry.model_type.label())),
        span(Role::Title, name),
        span(Role::Plain, "  ".to_owned()),
        span(Role::Dim, format!("({}/{})", entry.model_type, entry.model_id)),
    ];
    write_rows(out, &text_rows(0, 4, &spans, style))
}

pub(super) fn fact(out: &mut dyn Write, style: &Style, label: &str, text: &str) -> io::Result<()> {
    let spans = [span(Role::Dim, format!("{label:<6}")), span(Role::Plain, format!(" {text}"))];
    write_rows(out, &text_rows(2, FACT_COLUMN, &spans, style))
}

/// Writes a sentence on as many rows as it needs.
pub(crate) fn paragraph(out: &mut dyn Write, role: Role, text: &str, style: &Style) -> io::Result<()> {
    write_rows(out, &text_rows(0, 2, &[span(role, text.to_owned())], style))
}

const fn span(role: Role, text: String) -> Span {
    Span { text, role }
}

pub(crate) fn when(entry: &Entry, style: &Style) -> String {
    let (at, time) = (entry.occurred_at, &style.time);
    format!("{}, {}", format::full(at, time), format::relative(at, time.now))
}

/// `Ana Ruiz <ana.ruiz@acme.io>, admin, via web from 198.51.100.23`.
pub(crate) fn who(entry: &Entry) -> String {
    let text = identity(&entry.user);
    let via = entry.context.via.map(|via| format!("via {via}"));
    let from = entry.context.ip.as_ref().map(|ip| format!("from {ip}"));
    let route: Vec<String> = via.into_iter().chain(from).collect();
    if route.is_empty() { text } else { format!("{text}, {}", route.join(" ")) }
}

/// `Ana Ruiz <ana.ruiz@acme.io>, admin`, or `terraform (service)`.
pub(crate) fn identity(user: &User) -> String {
    let User { email, name, role, kind, .. } = user;
    let mut text = match (name, email) {
        (Some(name), Some(email)) => format!("{name} <{email}>"),
        _ => user.label().to_owned(),
    };
    if *kind != UserKind::User {
        text.push_str(&format!(" ({kind})"));
    }
    if let Some(role) = role {
        text.push_str(&format!(", {role}"));
    }
    text
}

/// `1287, request req_01JD9 (2 more entries: --request-id req_01JD9)`.
fn number(entry: &Entry, options: DetailOptions<'_>, style: &Style) -> String {
    let mut text = entry.id.to_string();
    if entry.recorded_at.since(entry.occurred_at).num_seconds().abs() >= LATE_SECONDS {
        text.push_str(&format!(", recorded {}", format::full(entry.recorded_at, &style.time)));
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
