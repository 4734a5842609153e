//! What dialect a text is in, decided by all of it, and rows read as they were written.

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::commands::import::record::Kind;

fn judged(text: &str, given: Option<&str>) -> Table {
    let given: Option<Vec<String>> = given.map(|names| names.split(',').map(str::to_owned).collect());
    let known = |columns: &[String]| columns.iter().any(|name| name == "old");
    table(&Text::of(text.as_bytes()), given.as_deref(), &known, &|_| false).expect("read").expect("a table")
}

fn quotes(text: &str) -> (u8, Quotes) {
    let Dialect { separator, quotes } = judged(text, None).dialect;
    (separator, quotes)
}

/// The cells of all rows; none for an absent value.
fn cells(text: &str, table: &Table) -> Vec<Vec<Option<String>>> {
    let mut rows = Rows::new(Text::of(text.as_bytes()).reader().expect("read"), table.dialect);
    rows.cells().expect("a header");
    let value = |cell: Cell| (cell.kind != Kind::Null).then(|| String::from_utf8(cell.text).expect("UTF-8"));
    let row = |(_, cells): (Place, Vec<Cell>)| cells.into_iter().map(value).collect();
    std::iter::from_fn(|| rows.cells().expect("a row")).map(row).collect()
}

#[test]
fn a_dialect_is_the_one_that_all_rows_keep_to() {
    for (text, expected) in [
        ("id,old\n1,\"{\"\"a\"\":\"\"x\\\"\"y\"\"}\"\n", (b',', Quotes::Doubled)),
        ("id,old\n1,\"{\\\"a\\\":1}\"\n", (b',', Quotes::Backslash)),
        ("id,old\n1,\\N\n2,\"a\\\\b\"\n", (b',', Quotes::Backslash)),
        // PostgreSQL with NULL '\N' has doubled quotes.
        ("id,old\n1,\\N\n2,\"{\"\"a\"\":\"\"App\\\\x\"\"}\"\n", (b',', Quotes::Doubled)),
        ("id,old\n1,[]\n", (b',', Quotes::Doubled)),
        // One cell decides nothing.
        (
            "id,old\n1,\"{\"\"a\"\":\"\"{\\\"\"u\\\"\":1}\"\"}\"\n2,\"odd,\\Nagent\"\n",
            (b',', Quotes::Doubled),
        ),
        ("id,old\n1,\"odd,\\Nagent\"\n", (b',', Quotes::Doubled)),
        ("id,old\n1,\"x\\\\\"\n2,\"{\\\"a\\\":\\\"b,\\\\\\\\\\\"}\"\n", (b',', Quotes::Backslash)),
        ("id;old\n1;\"{\"\"a\"\":1,\"\"b\"\":2}\"\n", (b';', Quotes::Doubled)),
        ("\"id\";\"old\"\r\n\"1\";\"a,b\"\r\n", (b';', Quotes::Doubled)),
        ("id\told\n1\t{\"a\":1}\n", (b'\t', Quotes::Absent)),
        ("id\told\n1\t\"{\"\"a\"\":1}\"\n", (b'\t', Quotes::Doubled)),
        ("id|old\n1|{\"a\":1}\n", (b'|', Quotes::Absent)),
    ] {
        assert_eq!(quotes(text), expected, "{text}");
    }
}

#[test]
fn a_row_that_is_wrong_does_not_change_the_dialect_of_the_others() {
    let rows = "2,\"{\"\"p\"\":\"\"{\\\"\"u\\\"\":\\\"\"x\\\"\"}\"\"}\"\n".repeat(5);
    let text = format!("id,old\n1\n{rows}3,\"a\"b\n{rows}");
    let table = judged(&text, None);
    assert_eq!(table.dialect.quotes, Quotes::Doubled);
    let mut rows = Rows::new(Text::of(text.as_bytes()).reader().expect("read"), table.dialect);
    rows.width = Some(2);
    use crate::commands::import::record::{Content, Records as _};
    rows.go_to(table.first).expect("there");
    let told = std::iter::from_fn(|| rows.next().expect("a row"));
    let bad: Vec<u64> = told
        .filter(|record| matches!(record.content, Content::Bad(_)))
        .map(|record| record.place.number)
        .collect();
    assert_eq!(bad, [2, 8]);
}

#[test]
fn absent_values_are_told_from_their_words() {
    let kinds = |text: &str| {
        let table = judged(text, None);
        let mut rows = Rows::new(Text::of(text.as_bytes()).reader().expect("read"), table.dialect);
        rows.cells().expect("a header");
        let (_, cells) = rows.cells().expect("a row").expect("a row");
        (cells.iter().map(|cell| cell.kind).collect::<Vec<_>>(), table.has_backslash_null)
    };
    assert_eq!(kinds("id,old\nNULL,\"NULL\"\n"), (vec![Kind::Bare, Kind::Quoted], false));
    assert_eq!(kinds("id,old\n\\N,\"NULL\"\n"), (vec![Kind::Null, Kind::Quoted], true));
    assert_eq!(kinds("id,old\n\\N,\"\\\\N\"\n3,\"{\\\"a\\\":1}\"\n"), (vec![Kind::Null, Kind::Quoted], true));
    assert_eq!(kinds("id\told\n\\N\tNULL\n"), (vec![Kind::Null, Kind::Bare], true));
    assert_eq!(kinds("id\told\n\\\\N\tNULL\n"), (vec![Kind::Bare, Kind::Bare], false));
}

#[test]
fn a_text_without_a_header_takes_the_names_that_are_given() {
    let table = judged("1,\"a;b\"\n2,\"c\"\n", Some("id,old"));
    assert_eq!((table.dialect.separator, table.first.offset), (b',', 0));
    assert_eq!(table.columns, ["id", "old"]);
}

#[test]
fn a_quote_that_is_never_closed_ends_it() {
    let text = format!("a,old\n1,\"{}", "x".repeat(5 * 1024 * 1024));
    assert!(table(&Text::of(text.as_bytes()), None, &|_| true, &|_| false).is_err());
}

/// As each database writes it.
fn written(rows: &[Vec<Option<String>>], dialect: Dialect, end: &str) -> String {
    let tabs = |text: &str| {
        text.replace('\\', "\\\\").replace('\n', "\\n").replace('\t', "\\t").replace('\r', "\\r")
    };
    let cell = |cell: &Option<String>| match (dialect.quotes, cell) {
        (_, None) => "\\N".to_owned(),
        (Quotes::Doubled, Some(text)) => format!("\"{}\"", text.replace('"', "\"\"")),
        (Quotes::Backslash, Some(text)) => {
            format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\\n"))
        }
        (Quotes::Absent, Some(text)) => tabs(text),
    };
    let separator = char::from(dialect.separator).to_string();
    let row = |row: &Vec<Option<String>>| row.iter().map(cell).collect::<Vec<_>>().join(&separator) + end;
    let header = ["a", "old", "c"].join(&separator) + end;
    header + &rows.iter().map(row).collect::<String>()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn what_a_database_writes_is_read_as_it_was(
        rows in vec(vec(prop::option::of("[a-c\"\\\\,;\t\n\r{}:é ]{1,10}"), 3), 0..5),
        separator in prop::sample::select(vec![b',', b';', b'\t']),
        quotes in prop::sample::select(vec![Quotes::Doubled, Quotes::Backslash, Quotes::Absent]),
        windows: bool,
    ) {
        prop_assume!(quotes != Quotes::Absent || separator == b'\t');
        let dialect = Dialect { separator, quotes };
        let text = written(&rows, dialect, if windows { "\r\n" } else { "\n" });
        let table = Table { dialect, columns: vec![], first: Place { offset: 0, number: 1 }, has_backslash_null: true };
        prop_assert_eq!(cells(&text, &table), rows, "{}", text);
    }

    /// JSON in every row, as audit tables have it: the whole file shows its dialect.
    #[test]
    fn the_dialect_of_a_table_with_json_is_found(
        texts in vec("[a-c\"\\\\,;\t\n{}:é/ ]{0,10}", 1..6),
        quotes in prop::sample::select(vec![Quotes::Doubled, Quotes::Backslash]),
    ) {
        let json = |text: &String| Some(serde_json::json!({"a": text}).to_string());
        let class = || Some(r"App\Models\Secret".to_owned());
        let rows: Vec<_> = texts.iter().map(|text| vec![class(), json(text), None]).collect();
        let text = written(&rows, Dialect { separator: b',', quotes }, "\n");
        let table = judged(&text, None);
        prop_assert_eq!(table.dialect, Dialect { separator: b',', quotes }, "{}", &text);
        prop_assert_eq!(cells(&text, &table), rows);
    }

    /// Stands in for a fuzz target.
    #[test]
    fn any_bytes_are_read_to_their_end(bytes in vec(prop_oneof![any::<u8>(), Just(b'"'), Just(b','), Just(b'\n'), Just(b'\\')], 0..200)) {
        let text = Text::of(&bytes);
        drop(table(&text, None, &|_| false, &|_| false));
        for separator in SEPARATORS {
            for quotes in [Quotes::Doubled, Quotes::Backslash, Quotes::Absent] {
                let mut rows = Rows::new(text.reader().expect("read"), Dialect { separator: *separator, quotes });
                while rows.cells().expect("short").is_some() {}
            }
        }
    }
}
