//! Lists the other entries of a request below one of them.

use std::io::{self, Write};

use crate::model::entry::Entry;
use crate::render::grid::{GridCell, GridLayout, grid};
use crate::render::style::{Role, Style, action_role, mark};
use crate::render::summary;

/// Writes a line for each entry, then the number of entries left out.
pub(crate) fn change_set(
    out: &mut dyn Write,
    entries: &[&Entry],
    more: u64,
    style: &Style,
) -> io::Result<()> {
    writeln!(out, "\n  {}", style.paint(Role::Dim, "in the same request"))?;
    let mut rows: Vec<Vec<GridCell>> = Vec::new();
    for entry in entries {
        let name =
            entry.model_name.clone().unwrap_or_else(|| summary::nameless(entry.model_type, &entry.model_id));
        rows.push(vec![
            GridCell::number(format!("  {}", entry.id), Role::Plain),
            GridCell::new(format!("{} {}", mark(entry.action), entry.action), action_role(entry.action)),
            GridCell::new(format!("{} {name}", entry.model_type.label()), Role::Plain),
            GridCell::new(summary::changes(entry.changes.get(), entry.action), Role::Plain),
        ]);
    }
    grid(out, rows, GridLayout::default(), style)?;
    if more > 0 {
        writeln!(out, "  {}", style.paint(Role::Dim, &format!("and {more} more: show --request-id")))?;
    }
    Ok(())
}
