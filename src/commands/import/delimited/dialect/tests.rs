//! Detection of dialects from whole texts, and rows that are read back as written.

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::commands::import::record::CellKind;

fn judged(text: &str, given: Option<&str>) -> CsvTable {
    let given: Option<Vec<String>> = given.map(|names| names.split(',').map(str::to_owned).collect());
    let known = |columns: &[String]| columns.iter().any(|name| name == "old");
    detect(&SourceText::of(text.as_bytes()), given.as_deref(), &known, &|_| false)
        .expect("read")
        .expect("a table")
}

fn quoting(text: &str) -> (u8, Quoting) {
    let CsvDialect { separator, quoting } = judged(text, None).dialect;
    (separator, quoting)
}

/// The cells of all rows; `None` for an absent value.
fn cells(text: &str, table: &CsvTable) -> Vec<Vec<Option<String>>> {
    let mut rows =
        DelimitedReader::new(SourceText::of(text.as_bytes()).reader().expect("read"), table.dialect);
    rows.cells().expect("a header");
    let value = |cell: SourceCell| {
        (cell.kind != CellKind::Null).then(|| String::from_utf8(cell.text).expect("UTF-8"))
    };
    let row = |(_, cells): (RecordPosition, Vec<SourceCell>)| cells.into_iter().map(value).collect();
    std::iter::from_fn(|| rows.cells().expect("a row")).map(row).collect()
}

#[test]
fn the_dialect_fits_all_rows() {
    for (text, expected) in [
        ("id,old\n1,\"{\"\"a\"\":\"\"x\\\"\"y\"\"}\"\n", (b',', Quoting::Doubled)),
        ("id,old\n1,\"{\\\"a\\\":1}\"\n", (b',', Quoting::Backslash)),
        ("id,old\n1,\\N\n2,\"a\\\\b\"\n", (b',', Quoting::Backslash)),
        // PostgreSQL with NULL '\N' has doubled quotes.
        ("id,old\n1,\\N\n2,\"{\"\"a\"\":\"\"App\\\\x\"\"}\"\n", (b',', Quoting::Doubled)),
        ("id,old\n1,[]\n", (b',', Quoting::Doubled)),
        // A single cell does not decide.
        (
            "id,old\n1,\"{\"\"a\"\":\"\"{\\\"\"u\\\"\":1}\"\"}\"\n2,\"odd,\\Nagent\"\n",
            (b',', Quoting::Doubled),
        ),
        ("id,old\n1,\"odd,\\Nagent\"\n", (b',', Quoting::Doubled)),
        ("id,old\n1,\"x\\\\\"\n2,\"{\\\"a\\\":\\\"b,\\\\\\\\\\\"}\"\n", (b',', Quoting::Backslash)),
        ("id;old\n1;\"{\"\"a\"\":1,\"\"b\"\":2}\"\n", (b';', Quoting::Doubled)),
        ("\"id\";\"old\"\r\n\"1\";\"a,b\"\r\n", (b';', Quoting::Doubled)),
        ("id\told\n1\t{\"a\":1}\n", (b'\t', Quoting::Absent)),
        ("id\told\n1\t\"{\"\"a\"\":1}\"\n", (b'\t', Quoting::Doubled)),
        ("id|old\n1|{\"a\":1}\n", (b'|', Quoting::Absent)),
    ] {
        assert_eq!(quoting(text), expected, "{text}");
    }
}

#[test]
fn a_malformed_row_does_not_change_the_dialect() {
    let rows = "2,\"{\"\"p\"\":\"\"{\\\"\"u\\\"\":\\\"\"x\\\"\"}\"\"}\"\n".repeat(5);
    let text = format!("id,old\n1\n{rows}3,\"a\"b\n{rows}");
    let table = judged(&text, None);
    assert_eq!(table.dialect.quoting, Quoting::Doubled);
    let mut rows =
        DelimitedReader::new(SourceText::of(text.as_bytes()).reader().expect("read"), table.dialect);
    rows.width = Some(2);
    use crate::commands::import::record::{RecordContent, RecordReader as _};
    rows.go_to(table.first).expect("there");
    let told = std::iter::from_fn(|| rows.next().expect("a row"));
    let bad: Vec<u64> = told
        .filter(|record| matches!(record.content, RecordContent::Bad(_)))
        .map(|record| record.position.number)
        .collect();
    assert_eq!(bad, [2, 8]);
}

#[test]
fn absent_values_are_told_from_equal_words() {
    let kinds = |text: &str| {
        let table = judged(text, None);
        let mut rows =
            DelimitedReader::new(SourceText::of(text.as_bytes()).reader().expect("read"), table.dialect);
        rows.cells().expect("a header");
        let (_, cells) = rows.cells().expect("a row").expect("a row");
        (cells.iter().map(|cell| cell.kind).collect::<Vec<_>>(), table.has_backslash_null)
    };
    assert_eq!(kinds("id,old\nNULL,\"NULL\"\n"), (vec![CellKind::Bare, CellKind::Quoted], false));
    assert_eq!(kinds("id,old\n\\N,\"NULL\"\n"), (vec![CellKind::Null, CellKind::Quoted], true));
    assert_eq!(
        kinds("id,old\n\\N,\"\\\\N\"\n3,\"{\\\"a\\\":1}\"\n"),
        (vec![CellKind::Null, CellKind::Quoted], true)
    );
    assert_eq!(kinds("id\told\n\\N\tNULL\n"), (vec![CellKind::Null, CellKind::Bare], true));
    assert_eq!(kinds("id\told\n\\\\N\tNULL\n"), (vec![CellKind::Bare, CellKind::Bare], false));
}

#[test]
fn given_columns_name_a_text_without_a_header() {
    let table = judged("1,\"a;b\"\n2,\"c\"\n", Some("id,old"));
    assert_eq!((table.dialect.separator, table.first.offset), (b',', 0));
    assert_eq!(table.columns, ["id", "old"]);
}

#[test]
fn an_unclosed_quote_is_an_error() {
    let text = format!("a,old\n1,\"{}", "x".repeat(5 * 1024 * 1024));
    assert!(detect(&SourceText::of(text.as_bytes()), None, &|_| true, &|_| false).is_err());
}

/// Rows as a database with this dialect writes them.
fn written(rows: &[Vec<Option<String>>], dialect: CsvDialect, end: &str) -> String {
    let tabs = |text: &str| {
        text.replace('\\', "\\\\").replace('\n', "\\n").replace('\t', "\\t").replace('\r', "\\r")
    };
    let cell = |cell: &Option<String>| match (dialect.quoting, cell) {
        (_, None) => "\\N".to_owned(),
        (Quoting::Doubled, Some(text)) => format!("\"{}\"", text.replace('"', "\"\"")),
        (Quoting::Backslash, Some(text)) => {
            format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\\n"))
        }
        (Quoting::Absent, Some(text)) => tabs(text),
    };
    let separator = char::from(dialect.separator).to_string();
    let row = |row: &Vec<Option<String>>| row.iter().map(cell).collect::<Vec<_>>().join(&separator) + end;
    let header = ["a", "old", "c"].join(&separator) + end;
    header + &rows.iter().map(row).collect::<String>()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn written_rows_are_read_back(
        rows in vec(vec(prop::option::of("[a-c\"\\\\,;\t\n\r{}:é ]{1,10}"), 3), 0..5),
        separator in prop::sample::select(vec![b',', b';', b'\t']),
        quoting in prop::sample::select(vec![Quoting::Doubled, Quoting::Backslash, Quoting::Absent]),
        windows: bool,
    ) {
        prop_assume!(quoting != Quoting::Absent || separator == b'\t');
        let dialect = CsvDialect { separator, quoting };
        let text = written(&rows, dialect, if windows { "\r\n" } else { "\n" });
        let table = CsvTable { dialect, columns: vec![], first: RecordPosition { offset: 0, number: 1 }, has_backslash_null: true };
        prop_assert_eq!(cells(&text, &table), rows, "{}", text);
    }

    /// Audit tables have JSON in every row.
    #[test]
    fn the_dialect_of_a_table_with_json_is_found(
        texts in vec("[a-c\"\\\\,;\t\n{}:é/ ]{0,10}", 1..6),
        quoting in prop::sample::select(vec![Quoting::Doubled, Quoting::Backslash]),
    ) {
        let json = |text: &String| Some(serde_json::json!({"a": text}).to_string());
        let class = || Some(r"App\Models\Secret".to_owned());
        let rows: Vec<_> = texts.iter().map(|text| vec![class(), json(text), None]).collect();
        let text = written(&rows, CsvDialect { separator: b',', quoting }, "\n");
        let table = judged(&text, None);
        prop_assert_eq!(table.dialect, CsvDialect { separator: b',', quoting }, "{}", &text);
        prop_assert_eq!(cells(&text, &table), rows);
    }

    /// Replaces a fuzz target.
    #[test]
    fn any_bytes_are_read_to_their_end(bytes in vec(prop_oneof![any::<u8>(), Just(b'"'), Just(b','), Just(b'\n'), Just(b'\\')], 0..200)) {
        let text = SourceText::of(&bytes);
        drop(detect(&text, None, &|_| false, &|_| false));
        for separator in SEPARATORS {
            for quoting in [Quoting::Doubled, Quoting::Backslash, Quoting::Absent] {
                let mut rows = DelimitedReader::new(text.reader().expect("read"), CsvDialect { separator: *separator, quoting });
                while rows.cells().expect("short").is_some() {}
            }
        }
    }
}
