//! Writes other rows than entries, such as counts, in the delimited formats.

use std::borrow::Cow;
use std::io::{self, Write};

use super::cells::{csv_cell, tsv_cell};
use super::guard::escape_formulas;
use super::{Delimiter, io_error};
use crate::render::columns::Column;

/// A column of plain text, whose rules apply to all cells.
const TEXT: Column = Column::Summary;

/// Writes rows of text; CSV with this header.
pub fn records(
    out: &mut dyn Write,
    delimiter: Delimiter,
    header: &[&str],
    rows: impl Iterator<Item = Vec<String>>,
) -> io::Result<()> {
    let Delimiter::Csv { guard, bom } = delimiter else {
        for row in rows {
            let cells: Vec<String> = row.into_iter().map(|cell| tsv_cell(TEXT, Cow::Owned(cell))).collect();
            writeln!(out, "{}", cells.join("\t"))?;
        }
        return Ok(());
    };
    if bom {
        out.write_all("\u{feff}".as_bytes())?;
    }
    let mut writer = csv::Writer::from_writer(out);
    writer.write_record(header).map_err(io_error)?;
    for row in rows {
        for cell in row {
            let cell = csv_cell(TEXT, Cow::Owned(cell));
            let cell = if guard { escape_formulas(cell) } else { cell };
            writer.write_field(cell.as_ref()).map_err(io_error)?;
        }
        writer.write_record(None::<&[u8]>).map_err(io_error)?;
    }
    writer.flush()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_cells_stay_in_their_row_and_are_guarded() {
        let rows = [vec!["=1+1\t".to_owned(), "a\nb\u{1b}".to_owned()], vec!["-5".to_owned(), String::new()]];
        let text = |delimiter| {
            let mut out = Vec::new();
            records(&mut out, delimiter, &["name", "text"], rows.clone().into_iter()).expect("written");
            String::from_utf8(out).expect("text")
        };
        assert_eq!(text(Delimiter::Tsv), "=1+1\\t\ta\\nb␛\n-5\t\n");
        assert_eq!(text(Delimiter::Csv { guard: true, bom: false }), "name,text\n'=1+1\t,\"a\nb␛\"\n-5,\n");
    }
}
