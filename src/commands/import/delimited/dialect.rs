//! Detects the dialect of a delimited text: the one under which every row has as many cells as the header. Whose columns
//! they are is not known here.

use std::io;

use crate::commands::import::delimited::{CsvDialect, DelimitedReader, Quoting};
use crate::commands::import::record::{RecordPosition, SourceCell};
use crate::commands::import::text::SourceText;

/// In order of preference.
const SEPARATORS: &[u8] = b",;\t|";

#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::commands::import) struct CsvTable {
    pub(in crate::commands::import) dialect: CsvDialect,
    pub(in crate::commands::import) columns: Vec<String>,
    /// The first row after the header.
    pub(in crate::commands::import) first: RecordPosition,
    /// Whether any cell is `\N`. If so, absent values are written that way, and `NULL` is a text.
    pub(in crate::commands::import) has_backslash_null: bool,
}

/// How badly a dialect fits a text. The least penalty wins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct DialectPenalty {
    /// Rows of another width, or with text after a closing quote.
    bad_rows: u64,
    /// Notations that writers of the dialect do not use.
    odd: u64,
    /// Decides between equal penalties.
    is_unusual: bool,
}

/// Detects the dialect from the whole text. `given` names the columns of a text without a header. `is_known` tells whether
/// a header can be imported, `is_own` whether it is our own.
///
/// # Errors
/// Also when a row is too long in every dialect.
pub(in crate::commands::import) fn detect(
    text: &SourceText,
    given: Option<&[String]>,
    is_known: &dyn Fn(&[String]) -> bool,
    is_own: &dyn Fn(&[String]) -> bool,
) -> io::Result<Option<CsvTable>> {
    let mut best: Option<(DialectPenalty, CsvTable)> = None;
    let mut last_error = None;
    for separator in separators(text, given, is_known)? {
        let doubled = CsvDialect { separator, quoting: Quoting::Doubled };
        let header = DelimitedReader::new(text.reader()?, doubled).cells().ok().flatten();
        // Our CSV keeps to RFC 4180. JSON in its cells must not suggest another dialect.
        let is_own = given.is_none() && header.is_some_and(|(_, cells)| is_own(&names(&cells)));
        for quoting in if is_own { &[Quoting::Doubled] } else { quotings(separator) } {
            let judged = match judge(text, CsvDialect { separator, quoting: *quoting }, given) {
                Ok(judged) => judged,
                Err(error) => {
                    last_error = Some(error);
                    continue;
                }
            };
            let Some((penalty, table, has_backslash)) = judged else { continue };
            if best.as_ref().is_none_or(|(least, _)| penalty < *least) {
                best = Some((penalty, table));
            }
            // Without a backslash, all dialects with quoting read the text alike.
            if !has_backslash && *quoting == Quoting::Doubled && penalty.bad_rows == 0 && penalty.odd == 0 {
                break;
            }
        }
    }
    match (best, last_error) {
        (None, Some(error)) => Err(error),
        (best, _) => Ok(best.map(|(_, table)| table)),
    }
}

/// The quotings that go with a separator, the usual one first.
const fn quotings(separator: u8) -> &'static [Quoting] {
    match separator {
        b'\t' => &[Quoting::Absent, Quoting::Doubled, Quoting::Backslash],
        b'|' => &[Quoting::Doubled, Quoting::Absent],
        _ => &[Quoting::Doubled, Quoting::Backslash],
    }
}

/// The separators that may have separated the first row.
fn separators(
    text: &SourceText,
    given: Option<&[String]>,
    is_known: &dyn Fn(&[String]) -> bool,
) -> io::Result<Vec<u8>> {
    let mut widest = (1, Vec::new());
    for separator in SEPARATORS {
        let mut rows = DelimitedReader::new(
            text.reader()?,
            CsvDialect { separator: *separator, quoting: Quoting::Doubled },
        );
        // The separator is wrong when the first row does not end.
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

fn names(cells: &[SourceCell]) -> Vec<String> {
    cells.iter().map(|cell| String::from_utf8_lossy(&cell.text).trim().to_owned()).collect()
}

fn judge(
    text: &SourceText,
    dialect: CsvDialect,
    given: Option<&[String]>,
) -> io::Result<Option<(DialectPenalty, CsvTable, bool)>> {
    let mut rows = DelimitedReader::new(text.reader()?, dialect);
    let columns = match given {
        Some(columns) => columns.to_vec(),
        None => match rows.cells()? {
            Some((_, cells)) => names(&cells),
            None => return Ok(None),
        },
    };
    let mut table = CsvTable { dialect, columns, first: rows.position(), has_backslash_null: false };
    let (mut bad_rows, mut odd, mut has_backslash) = (0, 0, false);
    while let Some((_, cells)) = rows.cells()? {
        let is_bad = cells.len() != table.columns.len() || rows.defects.is_broken;
        // A trailer, or a note after the rows, tells nothing about the dialect.
        bad_rows += u64::from(is_bad && cells.len() > 1);
        odd += rows.defects.odd;
        table.has_backslash_null |= rows.defects.has_null;
        has_backslash |= rows.defects.has_backslash;
    }
    let usual = quotings(dialect.separator)[0];
    // `\N` suggests MySQL, which also uses backslashes.
    let expected = match usual {
        Quoting::Doubled if table.has_backslash_null && dialect.separator != b'|' => Quoting::Backslash,
        usual => usual,
    };
    let is_unusual = dialect.quoting != expected;
    Ok(Some((DialectPenalty { bad_rows, odd, is_unusual }, table, has_backslash)))
}

#[cfg(test)]
mod tests;
