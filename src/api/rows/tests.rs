//! Which form is answered, and parameters and headers that are read back as they were written.

use std::collections::HashMap;

use super::*;
use crate::model::page::Position;

#[test]
fn rows_are_answered_only_where_they_are_preferred() {
    for (accept, form) in [
        ("text/csv", Some(RowForm::Csv)),
        ("Text/TAB-separated-values; charset=utf-8", Some(RowForm::Tsv)),
        ("application/x-ndjson, application/json;q=0.9", Some(RowForm::Jsonl)),
        ("application/json;q=0.5, text/csv;q=0.8", Some(RowForm::Csv)),
        ("text/csv, */*;q=0.1", Some(RowForm::Csv)),
        ("text/csv;q=0.2, text/tab-separated-values;q=0.2", Some(RowForm::Csv)),
        ("", None),
        ("*/*", None),
        ("text/csv, application/json", None),
        ("text/csv;q=0, text/html", None),
        ("text/csv;q=x", None),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", None),
        ("image/png", None),
    ] {
        assert_eq!(RowForm::preferred(accept), form, "{accept}");
    }
}

#[test]
fn options_round_trip_and_errors_name_the_parameter() {
    let options = RowOptions {
        form: RowForm::Tsv,
        columns: Some("id,-time".to_owned()),
        explode: true,
        formula_guard: false,
        bom: true,
        max_cell: Some(64),
    };
    for options in [options, RowForm::Csv.into(), RowForm::Jsonl.into()] {
        let mut pairs = options.pairs();
        let read = RowQuery::read(Log::Audit, options.form, &pairs).expect("valid");
        assert_eq!(read.options, options);
        pairs.extend([("format", options.form.as_str().to_owned()), ("trailer", "true".to_owned())]);
        let read = ExportQuery::read(Log::Audit, None, &pairs).expect("valid");
        assert_eq!((read.rows.options, read.trailer), (options, true));
    }
    let fields = |errors: Vec<FieldError>| errors.into_iter().map(|error| error.field).collect::<Vec<_>>();
    let wrong =
        [("explode", "yes"), ("max_cell", "63"), ("bom", ""), ("limit", "10001"), ("x", ""), ("bom", "true")];
    let read = RowQuery::read(Log::Audit, RowForm::Csv, &wrong);
    assert_eq!(fields(read.expect_err("wrong")), ["explode", "max_cell", "bom", "limit", "x", "bom"]);
    let read = RowQuery::read(Log::Audit, RowForm::Jsonl, &[("explode", "true"), ("limit", "10000")]);
    assert_eq!(fields(read.expect_err("whole entries")), ["explode"]);
    let wrong = [("format", "xlsx"), ("limit", "5"), ("cursor", "x"), ("after_id", "1"), ("total", "true")];
    let read = ExportQuery::read(Log::Audit, None, &wrong);
    assert_eq!(fields(read.expect_err("wrong")), ["format", "limit", "cursor", "after_id", "total"]);
    let export = |accepted, pairs: &[(&'static str, &'static str)]| {
        ExportQuery::read(Log::Audit, accepted, pairs).map(|read| read.rows.options.form)
    };
    assert_eq!(export(None, &[]), Ok(RowForm::Csv));
    assert_eq!(export(Some(RowForm::Tsv), &[]), Ok(RowForm::Tsv));
    assert_eq!(export(Some(RowForm::Tsv), &[("format", "jsonl")]), Ok(RowForm::Jsonl));
}

#[test]
fn headers_are_read_back() {
    let position = Position { occurred_at: Timestamp::MIN, id: 3 };
    let full = RowPageInfo {
        count: 2,
        as_of: 9,
        next: Some(Cursor { position, as_of: 9, binding: [7; 8] }),
        ids: Some((3, 8, Uuid::from_u128(5))),
        long: 1,
        total: Some(20),
        pruned: Some((2, Timestamp::MAX)),
    };
    for info in [full.clone(), RowPageInfo::default()] {
        let headers: HashMap<_, _> = info.headers().into_iter().collect();
        let read = |headers: &HashMap<&'static str, String>| {
            RowPageInfo::read(|name| headers.get(name).map(|value| &**value))
        };
        assert_eq!(read(&headers), Some(info));
        for name in headers.keys().filter(|name| !matches!(**name, NEXT_CURSOR | TOTAL)) {
            let mut other = headers.clone();
            other.remove(name);
            assert_eq!(read(&other), None, "without {name}");
        }
        for name in headers.keys() {
            let mut other = headers.clone();
            other.insert(*name, "x".to_owned());
            assert_eq!(read(&other), None, "wrong {name}");
        }
    }
}
