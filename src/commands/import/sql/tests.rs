//! Dumps of mysqldump, `pg_dump` and SQLite.

use super::*;
use crate::commands::import::record::CellKind;

fn rows(text: &str) -> Vec<Result<Vec<Option<String>>, String>> {
    let text = SourceText::of(text.as_bytes());
    let tables = tables(&text, &|columns| columns.iter().any(|name| name == "new_values")).expect("read");
    assert_eq!(tables.len(), 1, "{tables:?}");
    let mut rows = SqlRowReader::new(&text, tables.into_iter().next().expect("a table")).expect("read");
    let records = std::iter::from_fn(|| rows.next().expect("a row"));
    let records = records.map(|record| match record.content {
        RecordContent::Cells(cells) => Ok(cells
            .into_iter()
            .map(|cell| (cell.kind != CellKind::Null).then(|| String::from_utf8(cell.text).expect("UTF-8")))
            .collect()),
        RecordContent::Bad(detail) => Err(detail),
        other => panic!("{other:?}"),
    });
    records.collect()
}

fn row(id: &str, class: &str, new: Option<&str>) -> Result<Vec<Option<String>>, String> {
    Ok(vec![Some(id.to_owned()), Some(class.to_owned()), new.map(str::to_owned)])
}

#[test]
fn rows_of_each_dump_are_read() {
    let mysql = r#"-- MySQL dump 10.13
/*!40101 SET NAMES utf8 */;
DROP TABLE IF EXISTS `audits`;
CREATE TABLE `audits` (
  `id` bigint unsigned NOT NULL AUTO_INCREMENT,
  `class` varchar(255) DEFAULT 'x,(y' COMMENT 'a, b',
  `new_values` text,
  PRIMARY KEY (`id`),
  KEY `k` (`class`,`id`)
) ENGINE=InnoDB;
INSERT INTO `users` VALUES (1,'O\'Neil'),(2,'a;b');
LOCK TABLES `audits` WRITE;
INSERT INTO `audits` VALUES (1,'App\\Models\\Secret','{\"a\": \"x\'y\\n\"}'),(2,'it''s; (fine)',NULL),
(3,'x',_binary 'raw');
UNLOCK TABLES;
"#;
    assert_eq!(
        rows(mysql),
        [
            row("1", r"App\Models\Secret", Some(r#"{"a": "x'y\n"}"#)),
            row("2", "it's; (fine)", None),
            row("3", "x", Some("raw")),
        ]
    );
    let postgres = "--\n-- PostgreSQL database dump\n--\nSET standard_conforming_strings = on;\nCREATE FUNCTION f() RETURNS trigger AS $$ BEGIN INSERT INTO audits VALUES (1,2,3); END; $$ LANGUAGE plpgsql;\nCOPY public.users (id, name) FROM stdin;\n1\tINSERT INTO audits (id, class, new_values) VALUES (9,'x','y');\n\\.\n\nCOPY public.audits (id, class, new_values) FROM stdin;\n1\tApp\\\\Models\\\\Secret\t{\"a\": \"x\\\\ny\"}\n2\ttwo\\nlines\t\\N\n\\.\n\nALTER TABLE x ADD y int;\n";
    assert_eq!(
        rows(postgres),
        [row("1", r"App\Models\Secret", Some(r#"{"a": "x\ny"}"#)), row("2", "two\nlines", None)]
    );
    let inserts = "-- PostgreSQL database dump\nINSERT INTO public.audits (id, class, new_values) VALUES (1, 'App\\Models\\Secret', '{\"a\": \"\\n\"}'::jsonb);\nINSERT INTO public.audits (id, class, new_values) VALUES (2, E'tab\\there', NULL);\n";
    assert_eq!(
        rows(inserts),
        [row("1", r"App\Models\Secret", Some(r#"{"a": "\n"}"#)), row("2", "tab\there", None)]
    );
    let sqlite = "PRAGMA foreign_keys=OFF;\nBEGIN TRANSACTION;\nCREATE TABLE IF NOT EXISTS \"audits\" (\"id\" integer primary key, class text, \"new_values\" text);\nINSERT INTO audits VALUES(1,'App\\Models\\Secret',X'7b7d');\nCOMMIT;\n";
    assert_eq!(rows(sqlite), [row("1", r"App\Models\Secret", Some("{}"))]);
}

#[test]
fn ambiguous_and_malformed_values_are_reported() {
    let backslash = "INSERT INTO audits (id, class, new_values) VALUES (1, 'App\\Secret', '{}');\n";
    let refused = tables(&SourceText::of(backslash.as_bytes()), &|_| true).expect_err("ambiguous");
    assert!(
        refused.kind() == io::ErrorKind::InvalidData && refused.to_string().contains("backslash"),
        "{refused}"
    );
    let text = "INSERT INTO audits (id, class, new_values) VALUES (2, 'Secret', '{}'), (3, now(), '{}'), (5, 'Secret', 'a)b');\nINSERT INTO audits (id, class, new_values) VALUES (4, 'Secret', '{}');\n";
    let read = rows(text);
    assert_eq!(read[0], row("2", "Secret", Some("{}")));
    assert!(read[1].as_ref().is_err_and(|detail| detail.contains("literal")), "{read:?}");
    assert_eq!(read[2], row("5", "Secret", Some("a)b")));
    assert_eq!(read[3], row("4", "Secret", Some("{}")));
    for (text, expected) in [
        ("INSERT INTO x VALUES (1);", true),
        ("-- a comment\n", true),
        ("create table x (y int);", true),
        ("select,set\n1,2\n", false),
        ("id,event\n", false),
        ("", false),
    ] {
        assert_eq!(is_sql(&SourceText::of(text.as_bytes())).expect("read"), expected, "{text}");
    }
}
