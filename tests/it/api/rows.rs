//! Pages as CSV, TSV and JSON lines, and whole logs in one answer.

use krosyn_audit::api::page::Page;
use krosyn_audit::api::problem::Code;
use krosyn_audit::api::rows::{RowForm, RowOptions};
use krosyn_audit::model::entry::Entry;
use krosyn_audit::model::words::Scope;
use krosyn_audit::render::columns::{Column, EXPORT_COLUMNS};
use krosyn_audit::render::delimited::{Delimited, Delimiter, RowFormat};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::{Just, Strategy, any, prop_oneof};
use proptest::sample::{select, subsequence};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::answer::Answer;
use crate::support::entries::{append, recording, recording_at, seconds_ago, with};
use crate::support::properties::check;
use crate::support::stores::organization;
use crate::support::test_server::{Caller, LOGS, TestServer};

const EXPORT: &str = "/api/v1/audit-logs/export";

async fn rows(caller: &Caller, accept: &str, path: &str) -> Answer {
    caller.send(caller.request(Method::GET, path).header("accept", accept)).await
}

/// What the client makes of JSON entries.
pub(crate) fn rendered(entries: &[Entry], options: &RowOptions) -> String {
    let columns = options.columns.as_deref().unwrap_or_default().split(',');
    let delimiter = match options.form {
        RowForm::Jsonl => {
            return entries.iter().map(|entry| serde_json::to_string(entry).expect("JSON") + "\n").collect();
        }
        RowForm::Csv => Delimiter::Csv { guard: options.formula_guard, bom: options.bom },
        RowForm::Tsv => Delimiter::Tsv,
    };
    let columns = columns.map(|name| name.parse().expect("a column")).collect();
    let format = RowFormat { columns, delimiter, by_field: options.explode, max_cell: options.max_cell };
    let mut text = Delimited::begin(Vec::new(), format).expect("memory takes all");
    entries.iter().for_each(|entry| text.entry(&entry.view()).expect("memory takes all"));
    String::from_utf8(text.finish().expect("memory takes all")).expect("UTF-8")
}

fn options() -> impl Strategy<Value = RowOptions> {
    let columns = subsequence(Column::ALL, 1..=Column::ALL.len());
    let columns =
        columns.prop_map(|columns| columns.iter().map(|it| it.name()).collect::<Vec<_>>().join(","));
    let flags = any::<[bool; 3]>();
    (select(&RowForm::ALL[..]), columns, flags, option::of(64..200_usize)).prop_map(
        |(form, columns, [explode, formula_guard, bom], max_cell)| match form {
            RowForm::Jsonl => form.into(),
            _ => RowOptions { form, columns: Some(columns), explode, formula_guard, bom, max_cell },
        },
    )
}

fn recordings() -> impl Strategy<Value = Vec<Value>> {
    let text =
        || prop_oneof!["[ -~]{0,90}", "[=+@;'\"\n\r\t,\u{202e}\u{1b}é日a-]{1,12}", Just("=1".to_owned())];
    let changed = vec((text(), text()), 0..3);
    let one = (text(), text(), changed, any::<bool>()).prop_map(|(name, reason, changed, has_principal)| {
        let mut after = json!({"status": "active"});
        for (key, value) in changed.into_iter().filter(|(key, _)| !key.trim().is_empty()) {
            after[key] = json!({"value": value});
        }
        let recorded = with(with(recording("7"), "model_name", name), "after", after);
        let recorded = if reason.trim().is_empty() { recorded } else { with(recorded, "reason", reason) };
        if has_principal {
            with(recorded, "on_behalf_of", json!({"id": "=8", "name": "a;=b"}))
        } else {
            recorded
        }
    });
    vec(one, 0..4)
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_are_what_the_client_makes_of_json() {
    let world = TestServer::new().await;
    let number = std::cell::Cell::new(0);
    check(48, (recordings(), options()), async |(recordings, options)| {
        number.set(number.get() + 1);
        let org = organization(&world.store, &format!("org-{}", number.get())).await;
        let caller = world.caller(org, "t", Scope::ALL).await;
        for recording in &recordings {
            caller.record(recording).await;
        }
        let page: Page = caller.list("limit=1000").await.expect(200).read();
        let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(options.pairs()).finish();
        let answer = rows(&caller, options.form.media_type(), &format!("{LOGS}?{query}")).await.expect(200);
        assert_eq!(answer.text(), rendered(&page.data, &options), "{options:?}");
        assert_eq!(answer.header("krosyn-count"), page.data.len().to_string());
        let all = caller.get(&format!("{EXPORT}?format={}&{query}", options.form)).await.expect(200);
        assert_eq!(all.text(), answer.text());
    });
}

/// Ten entries, two at a time.
async fn with_entries(world: &TestServer) -> Caller {
    append(
        &world.store,
        world.org,
        (1..=10).map(|it| recording_at(&it.to_string(), seconds_ago(100 - it / 2))),
    )
    .await;
    world.admin().await
}

#[tokio::test]
async fn pages_together_are_one_text() {
    let world = TestServer::new().await;
    let admin = with_entries(&world).await;
    for (form, first_line) in
        [(RowForm::Csv, "id,uuid,"), (RowForm::Tsv, "1\t"), (RowForm::Jsonl, "{\"id\":1,")]
    {
        let mut query = "?order=asc&limit=4&total=true&action=created".to_owned();
        let (mut text, mut counts) = (String::new(), Vec::new());
        loop {
            let page = rows(&admin, form.media_type(), &format!("{LOGS}{query}")).await.expect(200);
            text += page.text();
            let number = |name| page.header(name).parse::<u64>().ok();
            let numbers = ["krosyn-count", "krosyn-lowest-id", "krosyn-highest-id", "krosyn-total"];
            counts.push(numbers.map(number));
            assert_eq!(number("krosyn-as-of"), Some(10));
            let highest = number("krosyn-highest-id").expect("an id");
            let entry: Entry = admin.get(&format!("{LOGS}/{highest}")).await.expect(200).read();
            assert_eq!(page.header("krosyn-highest-uuid"), entry.uuid.to_string());
            let Some(link) = page.header("link").strip_prefix('<') else { break };
            let next = link.strip_suffix(">; rel=\"next\"").expect("a link").to_owned();
            assert!(next.ends_with(&format!("&cursor={}", page.header("krosyn-next-cursor"))), "{next}");
            query = next;
        }
        let page =
            |count, lowest, highest, total: Option<u64>| [Some(count), Some(lowest), Some(highest), total];
        assert_eq!(counts, [page(4, 1, 4, Some(10)), page(4, 5, 8, None), page(2, 9, 10, None)]);
        assert!(text.starts_with(first_line), "{text}");
        let export = format!("{EXPORT}?order=asc&action=created&format={form}");
        assert_eq!(admin.get(&export).await.expect(200).text(), text);
    }
    // Two readers share a page that is large enough.
    let many = (0..2500).map(|it| recording_at(&format!("m{it}"), seconds_ago(50)));
    append(&world.store, world.org, many).await;
    let page: Vec<Entry> =
        rows(&admin, "application/x-ndjson", &format!("{LOGS}?limit=2400")).await.expect(200).lines();
    assert_eq!(page.iter().map(|entry| entry.id).collect::<Vec<_>>(), (111..=2510).rev().collect::<Vec<_>>());
    let all: Vec<Entry> = admin.get(&format!("{EXPORT}?format=jsonl&order=asc")).await.expect(200).lines();
    assert_eq!(all.iter().map(|entry| entry.id).collect::<Vec<_>>(), (1..=2510).collect::<Vec<_>>());
}

#[tokio::test]
async fn pages_that_end_before_their_limit_lose_and_repeat_no_entry() {
    let world = TestServer::new().await;
    let admin = world.admin().await;
    // Three pages of small entries are read ahead. Then a page of 2,000 would be larger than 4 MiB.
    for (first, length) in [(0, 2600), (2000, 2600), (4000, 10), (6000, 10), (8000, 10)] {
        let sized = |it: i64| with(recording(&it.to_string()), "after", json!({"text": "x".repeat(length)}));
        append(&world.store, world.org, (first..first + 2000).map(sized)).await;
    }
    for filter in ["", "&action=created"] {
        let all = admin.get(&format!("{EXPORT}?format=csv&columns=id{filter}")).await.expect(200);
        let ids: Vec<u64> = all.text().lines().skip(1).map(|id| id.parse().expect("an id")).collect();
        assert!(ids.iter().copied().eq((1..=10_000).rev()), "{} ids", ids.len());
    }
}

#[tokio::test]
async fn json_stays_the_default() {
    let world = TestServer::new().await;
    let admin = with_entries(&world).await;
    let json = admin.list("limit=2").await.expect(200);
    for accept in ["*/*", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "image/png"] {
        let answer = rows(&admin, accept, &format!("{LOGS}?limit=2")).await.expect(200);
        assert_eq!(
            (answer.header("content-type"), answer.text()),
            ("application/json", json.text()),
            "{accept}"
        );
    }
    let csv = rows(&admin, "application/json;q=0.5, text/csv", LOGS).await.expect(200);
    assert_eq!(csv.header("content-type"), "text/csv; charset=utf-8");
    admin.list("columns=id").await.refused(Code::Invalid, "columns");
}

#[tokio::test]
async fn wrong_parameters_of_rows_are_named() {
    let world = TestServer::new().await;
    let admin = world.admin().await;
    for (query, field, words) in [
        ("columns=id,colour", "columns", "colour"),
        ("columns=", "columns", "no column"),
        ("columns=-id,-id,-uuid,-x", "columns", "x"),
        ("max_cell=10", "max_cell", "from 64"),
        ("explode=1", "explode", "true or false"),
        ("tz=UTC", "tz", "columns"),
        ("bom=true&bom=true", "bom", "more than once"),
    ] {
        for path in [LOGS, EXPORT] {
            let answer = rows(&admin, "text/csv", &format!("{path}?{query}")).await.expect(422);
            let errors = answer.problem().errors;
            assert!(
                errors.iter().any(|it| it.field == field && it.detail.contains(words)),
                "{path}?{query}: {errors:?}"
            );
        }
    }
    rows(&admin, "text/csv", &format!("{LOGS}?limit=10001")).await.refused(Code::Invalid, "10000");
    rows(&admin, "application/x-ndjson", &format!("{LOGS}?bom=true")).await.refused(Code::Invalid, "whole");
    for query in ["limit=5", "cursor=x", "total=true", "after_id=1", "format=xlsx", "trailer=1"] {
        admin.get(&format!("{EXPORT}?{query}")).await.expect(422);
    }
}

#[tokio::test]
async fn an_export_in_one_answer_is_a_file_with_a_trailer_and_is_recorded_first() {
    let world = TestServer::new().await;
    let admin = with_entries(&world).await;
    let answer = admin.get(&format!("{EXPORT}?model_id=1,2,3&trailer=true")).await.expect(200);
    let name = answer.header("content-disposition");
    assert!(name.starts_with("attachment; filename=\"") && name.ends_with("-audit-log.csv\""), "{name}");
    let lines: Vec<_> = answer.text().lines().collect();
    assert_eq!((lines.len(), lines[0].split(',').count()), (5, EXPORT_COLUMNS.len()));
    assert!(lines[4].starts_with("# krosyn-audit-trailer v=1 entries=3 lines=4 "), "{}", lines[4]);
    let auditor = world.caller(world.org, "auditor", &[Scope::Trail]).await;
    let trail: Page = auditor.get("/api/v1/trail?action=exported&order=asc").await.expect(200).read();
    let told: Vec<_> = trail.data.iter().map(|entry| entry.changes.get().to_owned()).collect();
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told.iter().all(|it| it.contains("csv") && it.contains("model_id=1")), "{told:?}");
    let jsonl =
        auditor.get("/api/v1/trail/export?format=jsonl&action=exported&trailer=true").await.expect(200);
    let last = jsonl.text().lines().last().expect("a line");
    assert!(last.starts_with("{\"trailer\":1,\"entries\":2,"), "{last}");
    admin.get("/api/v1/trail/export").await;
    auditor.get(EXPORT).await.refused(Code::Forbidden, "read");
}
