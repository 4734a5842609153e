//! Every reader of what others wrote, with texts that nobody wrote: each target takes any text at all and says what must
//! hold of it, as a target of cargo-fuzz would. That wants a nightly compiler; proptest changes sound examples instead.
//!
//! A plain `cargo test` tries a few hundred texts, CI many more (`PROPTEST_CASES`, see `.ci/run`). Properties of single
//! modules stand beside their code. The import of laravel-auditing tables has its
//! targets there: `model::foreign` and `commands::import::source`.

use chrono_tz::Tz;
use krosyn_audit::api::query::Query;
use krosyn_audit::model::diff::differences;
use krosyn_audit::model::draft::Draft;
use krosyn_audit::model::json::Json;
use krosyn_audit::model::page::{Cursor, Position};
use krosyn_audit::model::proposal::Proposal;
use krosyn_audit::model::redaction::Redaction;
use krosyn_audit::model::time::{self, Age, Edge, TimeContext};
use krosyn_audit::model::words::{Log, ModelType};
use krosyn_audit::render::columns::{Column, EXPORT_COLUMNS};
use krosyn_audit::render::delimited::{Delimited, Delimiter};
use proptest::prelude::*;
use serde_json::json;

use crate::support::entries::{NOW, recording, with};

/// A recording is refused, or becomes an entry that round-trips and has no duplicate members.
fn entry_json(text: &str) {
    let Ok(proposal) = serde_json::from_str::<Proposal>(text) else { return };
    let Ok(draft) = Draft::prepare(&proposal, &Redaction::default(), NOW) else { return };
    let entry = draft.keyed_by_content().stored_as(1);
    let written = serde_json::to_string(&entry).expect("serialises");
    assert_eq!(serde_json::from_str::<krosyn_audit::model::entry::Entry>(&written).expect(&written), entry);
    let again = Draft::prepare(&proposal, &Redaction::default(), NOW).expect("prepared once");
    assert_eq!(again.keyed_by_content().stored_as(1), entry, "the same recording is the same entry");
}

/// A query string is refused, or round-trips.
fn query_string(text: &str) {
    let pairs: Vec<_> = url::form_urlencoded::parse(text.as_bytes()).into_owned().collect();
    let Ok(query) = Query::read(Log::Audit, &pairs) else { return };
    assert_eq!(Query::read(Log::Audit, &query.pairs()).expect("a written query can be read"), query);
}

/// A text is refused, or is the only encoding of its cursor.
fn cursor(text: &str) {
    if let Some(cursor) = Cursor::decode(text) {
        assert_eq!(cursor.encode(), text);
    }
}

/// A text is no time, or a time within the years there are; an age is written as it is read.
fn time_grammar(text: &str) {
    for zone in [Tz::UTC, Tz::Europe__Madrid, Tz::Australia__Lord_Howe] {
        let context = TimeContext { now: NOW, zone };
        for edge in [Edge::Since, Edge::Until] {
            if let Err(error) = time::parse(text, edge, &context) {
                assert!(!error.to_string().is_empty());
            }
        }
    }
    if let Ok(age) = text.parse::<Age>() {
        assert_eq!(age.to_string().parse::<Age>(), Ok(age));
    }
}

/// A row of CSV is one record for any reader, its text is there, and no cell is a formula.
fn csv_row(text: &str) {
    let recorded = with(recording("1"), "after", json!({"note": text, text.to_owned(): 1}));
    let Ok(proposal) = serde_json::from_value::<Proposal>(with(recorded, "model_name", text)) else { return };
    let Ok(draft) = Draft::prepare(&proposal, &Redaction::default(), NOW) else { return };
    let entry = draft.stored_as(1);
    let delimiter = Delimiter::Csv { guard: true, bom: false };
    let mut rows = Delimited::new(Vec::new(), EXPORT_COLUMNS, delimiter).expect("a header");
    rows.entry(&entry.view()).expect("a row");
    let written = rows.finish().expect("written");
    let mut reader = csv::Reader::from_reader(&written[..]);
    let records: Vec<_> = reader.records().collect::<Result<_, _>>().expect("CSV");
    let [record] = &records[..] else { panic!("{} records of one entry", records.len()) };
    assert_eq!(record.len(), EXPORT_COLUMNS.len());
    let is_number = |cell: &str| cell.parse::<f64>().is_ok();
    for cell in record {
        let begins = cell.trim_start().starts_with(['=', '+', '-', '@']);
        assert!(!begins || is_number(cell.trim_start()), "{cell:?} is a formula");
    }
    let at = EXPORT_COLUMNS.iter().position(|column| *column == Column::Changes).expect("changes");
    let changes: serde_json::Value = serde_json::from_str(&record[at]).expect("changes are JSON");
    assert_eq!(changes, serde_json::to_value(&entry.changes).expect("serialises"));
}

/// Applying the differences to `before` gives `after`.
fn diff(text: &str) {
    let mut halves = text.splitn(2, '\n').map(Json::parse);
    let (Some(Ok(Json::Object(before))), Some(Ok(Json::Object(after)))) = (halves.next(), halves.next())
    else {
        return;
    };
    let mut applied = Json::Object(before.clone());
    let Json::Object(members) = &mut applied else { unreachable!("an object") };
    for (field, old, new) in differences(&before, &after) {
        assert_eq!(old, Json::Object(before.clone()).get(field), "the old value is what was there");
        members.retain(|(name, _)| name != field);
        members.extend(new.map(|new| (field.to_owned(), new.clone())));
    }
    let after = Json::Object(after);
    members.retain(|(name, _)| after.get(name).is_some());
    for (name, value) in members {
        assert!(after.get(name).is_some_and(|it| it.same(value)), "{name} in {text}");
    }
}

/// Redaction is idempotent and leaves no part of a secret, of any length and in any context.
fn redaction(text: &str) {
    let table = Redaction::default();
    let once = table.text(text).into_owned();
    assert_eq!(table.text(&once), once.as_str());
    if let Ok(value) = Json::parse(text) {
        for model_type in ModelType::ALL {
            let change = table.change(*model_type, "settings", None, Some(&value));
            let Some(kept) = change.new else { continue };
            let kept = kept.parse().expect("JSON");
            let again = table.change(*model_type, "settings", None, Some(&kept)).new.expect("kept");
            assert_eq!(again.parse().expect("JSON"), kept);
        }
    }
    // Letters that stand in no sentence below.
    let secret: String = text.bytes().take(100).map(|byte| format!("{byte:02X}")).collect();
    let secret = format!("Zq7{secret}Zq7w0");
    for sentence in [
        format!("{{\"note\":\"x\",\"password\":\"{secret}\"}}"),
        format!("GET https://svc:{secret}@host.example/"),
        format!("Authorization: Bearer {secret}"),
        format!("token={secret}&page=2"),
        format!("ghp_{secret}ghp_{secret}"),
        format!("<password>{secret}</password>"),
        format!("user[pass%77ord]={secret}&x=1"),
        format!("db:\n  password: |\n    {secret}\n"),
        format!("curl -u svc:{secret} https://host.example"),
        format!("s:8:\"password\";s:4:\"{secret}\";"),
        format!("the password is {secret}"),
    ] {
        let kept = table.text(&sentence);
        let left = secret.as_bytes().windows(6).any(|piece| kept.as_bytes().windows(6).any(|it| it == piece));
        assert!(!left, "{secret} in {kept}");
    }
}

/// Sound examples, to be cut, joined and changed.
const EXAMPLES: &[&str] = &[
    r#"{"action":"updated","model_type":"secret","model_id":"7","user":{"id":"7","email":"a@b.example","name":"Ana","kind":"service"},"before":{"value":1,"n":1e400},"after":{"value":2,"n":9007199254740993}}"#,
    r#"{"action":"created","model_type":"connector_endpoint","model_id":"1","user":{"name":"x"},"context":{"via":"api","ip":"::1"},"after":{"headers":{"X":"y"},"a":[[{}]],"a":"\u0000"}}"#,
    r#"{"uuid":"0193a1f2-6c1e-7c3a-9d55-0f6d2a7b8c11","occurred_at":"2026-11-22T07:14:07.412033Z","action":"deleted","model_type":"member","model_id":"1","user":{"name":"x"},"changes":[{"field":"role","old":"admin"},{"field":"token","redacted":true}]}"#,
    "action=updated,%21deleted&model_type=Connector+Endpoint&user=ana%2Cbo&q=a%5C%2Cb&since=2026-11-20T00%3A00%3A00Z&order=asc&limit=7&as_of=9",
    "field=perform.retry.max&after_id=3&total=true&request_id=%21req_1&via=web&model_id=4%2F2&resource=secret%2F7",
    "AQAGYNBaJNYAAAAAAAAAAAABAAAAAAAAAAIAAQIDBAUGBw",
    "2026-10-25 02:30:11.412",
    "1y2mo3d4h5m6s",
    "2026-11-22T08:00:00+01:00",
    "@1763730247",
    "yesterday",
    "id:1287",
    "=1+1\t\"a\",\r\n@x",
    "{\"a\":{\"b\":[1,2]},\"c\":null}\n{\"a\":{\"b\":[2,1]},\"d\":\"\"}",
    "curl -H 'Authorization: Bearer abc.def' https://a:b@c.example/?api_key=x --token y",
    "-----BEGIN PRIVATE KEY-----\nMIIEvg\n-----END PRIVATE KEY----- svc:p/w@tcp(db:3306)/x <secret>s</secret>",
    "user[password]=x%20y&next=https%3A%2F%2Fa.example%2F%3Ftoken%3Dz $cfg['db']['password'] = 'it''s'; password is x7Yz",
    "<p name=\"password\" value=\"x\"/><token><![CDATA[y]]></token> a:1:{s:8:\"password\";s:1:\"x\";} curl -u a:b c",
    "db:\n  password: >-\n    x\n  tokens:\n  - y\nmachine h login a password b\nform-data; name=\"pwd\"\n\nx\n--b",
    r#"{"password":"a\"b","settings":"{\"token\":\"x\"}","list":[["Cookie","a=b"]],"name":"api key","value":"v"}"#,
];

/// An example with pieces cut out, doubled, exchanged for a piece of another, or for anything at all.
fn texts() -> impl Strategy<Value = String> {
    let example = || prop::sample::select(EXAMPLES);
    let edit =
        (any::<prop::sample::Index>(), 0_usize..12, example(), any::<prop::sample::Index>(), ".{0,3}", 0..5);
    (example(), prop::collection::vec(edit, 0..5)).prop_map(|(text, edits)| {
        let mut text: Vec<char> = text.chars().collect();
        for (at, length, other, from, any, kind) in edits {
            let at = at.index(text.len() + 1);
            let end = (at + length).min(text.len());
            let other: Vec<char> = other.chars().collect();
            let from = from.index(other.len());
            let piece: Vec<char> = match kind {
                0 => Vec::new(),
                1 => text[at..end].repeat(2),
                2 => any.chars().collect(),
                _ => other[from..(from + 2 * length).min(other.len())].to_vec(),
            };
            drop(text.splice(at..end, piece));
        }
        text.into_iter().collect()
    })
}

proptest! {
    #[test]
    fn entries(text in texts()) { entry_json(&text); }
    #[test]
    fn query_strings(text in texts()) { query_string(&text); }
    #[test]
    fn cursors(text in texts(), id: u64, binding: [u8; 8], at in 0_usize..44, other in "[A-Za-z0-9_-]") {
        cursor(&text);
        let position = Position { occurred_at: NOW, id };
        let mut written = Cursor { position, as_of: id, binding }.encode();
        cursor(&written);
        written.replace_range(at..=at, &other);
        cursor(&written);
    }
    #[test]
    fn times(text in texts()) { time_grammar(&text); }
    #[test]
    fn csv_rows(text in texts()) { csv_row(&text); }
    #[test]
    fn diffs(text in texts(), other in texts()) { diff(&text); diff(&format!("{}\n{other}", text.replace('\n', " "))); }
    #[test]
    fn redactions(text in texts()) { redaction(&text); }
}
