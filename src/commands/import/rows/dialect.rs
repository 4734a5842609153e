//! Finds out how the rows of a text are written: the dialect under which every row has the header's width.

use std::io;

use crate::commands::import::record::{Cell, Place};
use crate::commands::import::rows::{Dialect, Quotes, Rows};
use crate::commands::import::text::Text;

/// Separators that are known, the usual first.
const SEPARATORS: &[u8] = b",;\t|";

/// A text in rows whose dialect is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::commands::import) struct Table {
    pub(in crate::commands::import) dialect: Dialect,
    pub(in crate::commands::import) columns: Vec<String>,
    /// Where the first row begins.
    pub(in crate::commands::import) first: Place,
    /// Whether a bare `\N` stands anywhere: then that is how absent values are written, and `NULL` is a text.
    pub(in crate::commands::import) has_backslash_null: bool,
}

/// How badly a text keeps to a dialect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Misfit {
    /// Rows of another width, or with text behind a closing quote.
    bad_rows: u64,
    /// Spellings that writers of the dialect do not use.
    odd: u64,
    /// Decides where both are equal.
    preference: bool,
}

/// Judges a whole text. `given` names the columns of a text without a header; `is_known` tells whether a header is one
/// that can be read, `is_ours` whether it is one of ours.
///
/// # Errors
/// The system's; a row that is too long in every dialect.
pub(in crate::commands::import) fn table(
    text: &Text,
    given: Option<&[String]>,
    is_known: &dyn Fn(&[String]) -> bool,
    is_ours: &dyn Fn(&[String]) -> bool,
) -> io::Result<Option<Table>> {
    let mut best: Option<(Misfit, Table)> = None;
    let mut fault = None;
    for separator in separators(text, given, is_known)? {
        let ours = Dialect { separator, quotes: Quotes::Doubled };
        let header = Rows::new(text.reader()?, ours).cells().ok().flatten();
        // Our own CSV keeps to RFC 4180: JSON in its cells says nothing of how it is written.
        let is_ours = given.is_none() && header.is_some_and(|(_, cells)| is_ours(&names(&cells)));
        for quotes in if is_ours { &[Quotes::Doubled] } else { kinds(separator) } {
            let judged = match judge(text, Dialect { separator, quotes: *quotes }, given) {
                Ok(judged) => judged,
                Err(error) => {
                    fault = Some(error);
                    continue;
                }
            };
            let Some((misfit, table, has_backslash)) = judged else { continue };
            if best.as_ref().is_none_or(|(least, _)| misfit < *least) {
                best = Some((misfit, table));
            }
            // Without a backslash commas and quotes mean the same in each dialect that has quotes.
            if !has_backslash && *quotes == Quotes::Doubled && misfit.bad_rows == 0 && misfit.odd == 0 {
                break;
            }
        }
    }
    match (best, fault) {
        (None, Some(error)) => Err(error),
        (best, _) => Ok(best.map(|(_, table)| table)),
    }
}

/// The ways to write quotes beside a separator, the usual first.
const fn kinds(separator: u8) -> &'static [Quotes] {
    match separator {
        b'\t' => &[Quotes::Absent, Quotes::Doubled, Quotes::Backslash],
        b'|' => &[Quotes::Doubled, Quotes::Absent],
        _ => &[Quotes::Doubled, Quotes::Backslash],
    }
}

/// The separators that the first row can be cut by.
fn separators(
    text: &Text,
    given: Option<&[String]>,
    is_known: &dyn Fn(&[String]) -> bool,
) -> io::Result<Vec<u8>> {
    let mut widest = (1, Vec::new());
    for separator in SEPARATORS {
        let mut rows = Rows::new(text.reader()?, Dialect { separator: *separator, quotes: Quotes::Doubled });
        // A first row without an end has another separator.
        let Ok(Some((_, cells))) = rows.cells() else { continue };
        let width = cells.len();
        match given {
            Some(given) if given.len() != width => continue,
            None if is_known(&names(&cells)) => return Ok(vec![*separator]),
            _ => {}
        }
        if width > widest.0 {
            widest = (width, vec![*separator]);
        }
    }
    if widest.1.is_empty() && given.is_some() {
        widest.1 = SEPARATORS.to_vec();
    }
    Ok(widest.1)
}

fn names(cells: &[Cell]) -> Vec<String> {
    cells.iter().map(|cell| String::from_utf8_lossy(&cell.text).trim().to_owned()).collect()
}

fn judge(
    text: &Text,
    dialect: Dialect,
    given: Option<&[String]>,
) -> io::Result<Option<(Misfit, Table, bool)>> {
    let mut rows = Rows::new(text.reader()?, dialect);
    let columns = match given {
        Some(columns) => columns.to_vec(),
        None => match rows.cells()? {
            Some((_, cells)) => names(&cells),
            None => return Ok(None),
        },
    };
    let mut table = Table { dialect, columns, first: rows.place(), has_backslash_null: false };
    let (mut bad_rows, mut odd, mut has_backslash) = (0, 0, false);
    while let Some((_, cells)) = rows.cells()? {
        let is_bad = cells.len() != table.columns.len() || rows.faults.is_broken;
        // A trailer, or a note behind the rows, is no sign of a dialect.
        bad_rows += u64::from(is_bad && cells.len() > 1);
        odd += rows.faults.odd;
        table.has_backslash_null |= rows.faults.has_null;
        has_backslash |= rows.faults.has_backslash;
    }
    let usual = kinds(dialect.separator)[0];
    // The bare \N speaks for MySQL, which has it beside its backslashes.
    let expected = match usual {
        Quotes::Doubled if table.has_backslash_null && dialect.separator != b'|' => Quotes::Backslash,
        usual => usual,
    };
    let preference = dialect.quotes != expected;
    Ok(Some((Misfit { bad_rows, odd, preference }, table, has_backslash)))
}

#[cfg(test)]
mod tests;
