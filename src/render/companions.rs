//! The other entries of a request, a line each, below one of them: what was done together is shown together.

use std::io::{self, Write};

use crate::model::entry::Entry;
use crate::render::grid::{Cell, Layout, grid};
use crate::render::look::{Look, Tone, mark, tone};
use crate::render::summary;

/// Writes the lines, and how many more there are.
///
/// # Errors
/// The writer's.
pub fn companions(out: &mut dyn Write, entries: &[&Entry], more: u64, look: &Look) -> io::Result<()> {
    writeln!(out, "\n  {}", look.paint(Tone::Dim, "with it in the same request"))?;
    let mut rows: Vec<Vec<Cell>> = Vec::new();
    for entry in entries {
        let name = entry.model_name.clone().unwrap_or_else(|| format!("#{}", entry.model_id));
        rows.push(vec![
            Cell::number(format!("  {}", entry.id), Tone::Plain),
            Cell::new(format!("{} {}", mark(entry.action), entry.action), tone(entry.action)),
            Cell::new(format!("{} {name}", entry.model_type.label()), Tone::Plain),
            Cell::new(summary::changes(entry.changes.get(), entry.action), Tone::Plain),
        ]);
    }
    grid(out, rows, Layout::default(), look)?;
    if more > 0 {
        writeln!(out, "  {}", look.paint(Tone::Dim, &format!("and {more} more: show --request-id")))?;
    }
    Ok(())
}
