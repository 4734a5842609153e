//! Sorting of records by time and id.

use std::fmt::Write as _;

use chrono_tz::Tz;
use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::commands::import::recognize::{SourceOptions, recognize};

fn rules() -> TableRules {
    TableRules {
        source: "s".to_owned(),
        zone: Tz::UTC,
        mappings: Vec::new(),
        plain: Vec::new(),
        user_kinds: Vec::new(),
        user_columns: None,
    }
}

/// The numbers of the records in the order they are read, and whether the source was sorted.
fn numbers(text: &str) -> (Vec<u64>, bool) {
    let text = SourceText::of(text.as_bytes());
    let source =
        recognize(&text, &SourceOptions::default()).unwrap_or_else(|_| panic!("known")).expect("not blank");
    let rules = rules();
    let scanned = scan(&text, &source, |_| Ok(&rules)).unwrap_or_else(|_| panic!("read"));
    let sorted = scanned.positions.is_some();
    let mut records = OrderedReader::new(source.format.records(&text).expect("read"), scanned.positions);
    let numbers: Vec<u64> =
        std::iter::from_fn(|| records.next().expect("read")).map(|it| it.position.number).collect();
    assert_eq!(numbers.len() as u64, scanned.count);
    (numbers, sorted)
}

/// Our JSON lines with these times and ids.
fn lines(keys: &[(&str, &str)]) -> String {
    let line = |(second, id): &(&str, &str)| {
        let id = if id.is_empty() { String::new() } else { format!("\"id\":{id},") };
        format!("{{{id}\"occurred_at\":\"2026-06-11T10:00:0{second}Z\"}}\n")
    };
    keys.iter().map(line).collect()
}

#[test]
fn records_are_sorted_by_time_and_then_by_id() {
    for (keys, expected, sorted) in [
        // In order, with gaps: not sorted.
        (&[("0", "1"), ("0", "2"), ("1", "9")][..], &[1, 2, 3][..], false),
        // Newest first, with equal times.
        (&[("1", "3"), ("0", "2"), ("0", "1")], &[3, 2, 1], true),
        (&[("0", "12"), ("0", "11"), ("0", "10")], &[3, 2, 1], true),
        // Numbers in strings are compared as numbers.
        (&[("0", "\"10\""), ("0", "\"9\"")], &[2, 1], true),
        // Mixed.
        (&[("1", "5"), ("0", "9"), ("1", "4"), ("2", "1")], &[2, 3, 1, 4], true),
        // Without ids the direction of the file decides.
        (&[("0", ""), ("0", ""), ("1", "")], &[1, 2, 3], false),
        (&[("1", ""), ("0", ""), ("0", "")], &[3, 2, 1], true),
        (&[("1", ""), ("0", ""), ("0", ""), ("2", "")], &[2, 3, 1, 4], true),
        // Random ids tell no order. Those of version 7 do.
        (
            &[
                ("0", "\"7d444840-9dc0-41d1-b245-5ffdce74fad2\""),
                ("0", "\"1d444840-9dc0-41d1-b245-5ffdce74fad2\""),
            ],
            &[1, 2],
            false,
        ),
        (
            &[
                ("0", "\"0193a1f2-6c1e-7c3a-9d55-0f6d2a7b8c11\""),
                ("0", "\"0193a1f2-6c1d-7c3a-9d55-0f6d2a7b8c11\""),
            ],
            &[2, 1],
            true,
        ),
        (&[("0", "\"01ARZ3NDEKTSV4RRFFQ69G5FAV\""), ("0", "\"01ARZ3NDEJTSV4RRFFQ69G5FAV\"")], &[2, 1], true),
        // Some without an id: the order of the file is kept.
        (&[("0", "2"), ("0", ""), ("0", "1")], &[1, 2, 3], false),
    ] {
        let (numbers, was_sorted) = numbers(&lines(keys));
        assert_eq!((&numbers[..], was_sorted), (expected, sorted), "{keys:?}");
    }
}

#[test]
fn every_format_is_sorted() {
    let header = "id,user_id,event,auditable_type,auditable_id,old_values,new_values,created_at";
    let row = |id: u32, second: u32| {
        format!("{id},7,created,Secret,1,[],\"{{\"\"a\"\":{id}}}\",2026-06-11 10:00:0{second}")
    };
    let csv = [header.to_owned(), row(3, 1), row(2, 0), row(1, 0)].join("\n");
    assert_eq!(numbers(&csv).0, [4, 3, 2]);
    let object = |id: u32, second: u32| {
        format!(
            "{{\"id\":{id},\"user_id\":7,\"event\":\"created\",\"auditable_type\":\"Secret\",\"created_at\":\"2026-06-11 10:00:0{second}\"}}"
        )
    };
    let objects = [object(3, 1), object(2, 0), object(1, 0)];
    assert_eq!(numbers(&objects.join("\n")).0, [3, 2, 1]);
    assert_eq!(numbers(&format!("[{}]", objects.join(",\n"))).0, [3, 2, 1]);
    assert_eq!(numbers(&format!("{{\"audits\": [\n{}\n]}}", objects.join(",\n"))).0, [3, 2, 1]);
    let values = |id: u32, second: u32| format!("({id},7,'created','Secret','2026-06-11 10:00:0{second}')");
    let sql = format!(
        "INSERT INTO `audits` (`id`,`user_id`,`event`,`auditable_type`,`created_at`) VALUES\n{},\n{};\nINSERT INTO `audits` (`id`,`user_id`,`event`,`auditable_type`,`created_at`) VALUES {};\n",
        values(3, 1),
        values(2, 0),
        values(1, 0)
    );
    assert_eq!(numbers(&sql).0, [4, 3, 2]);
    let copy = "-- PostgreSQL database dump\nCOPY public.audits (id, user_id, event, auditable_type, created_at) FROM stdin;\n3\t7\tcreated\tSecret\t2026-06-11 10:00:01\n2\t7\tcreated\tSecret\t2026-06-11 10:00:00\n\\.\n";
    assert_eq!(numbers(copy).0, [4, 3]);
}

#[test]
fn lines_without_a_time_are_kept_and_doubled_backslashes_are_refused() {
    let text = format!("{}nonsense\n{{\"a\":1}}\n{}", lines(&[("1", "2")]), lines(&[("0", "1")]));
    assert_eq!(numbers(&text).0, [2, 3, 4, 1]);
    let text = SourceText::of(b"{\"id\":1,\"auditable_type\":\"App\\\\\\\\Models\\\\\\\\Secret\"}\n{\"id\":2,\"new_values\":\"{\\\\\"a\\\\\":1}\"}\n");
    let source =
        recognize(&text, &SourceOptions::default()).unwrap_or_else(|_| panic!("known")).expect("not blank");
    let rules = rules();
    let refused = scan(&text, &source, |_| Ok(&rules));
    assert!(matches!(refused, Err(SourceError::Unusable(sentence)) if sentence.contains("row_to_json")));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn any_order_is_sorted(keys in vec((0..4_u32, 0..1000_u32), 1..30)) {
        let mut text = String::new();
        for (second, id) in &keys {
            writeln!(text, "{{\"id\":{id},\"occurred_at\":\"2026-06-11T10:00:0{second}Z\"}}").expect("memory");
        }
        let (numbers, _) = numbers(&text);
        let sorted: Vec<_> = numbers.iter().map(|number| keys[usize::try_from(number - 1).expect("small")]).collect();
        prop_assert!(sorted.is_sorted(), "{:?}", sorted);
    }
}
