//! The detail view of updates, creations, deletions, and invalid entries.

use serde_json::{Value, json};

use super::*;
use crate::render::samples::{entry, printed, style, updated};

fn shown_with(entry: &Entry, options: DetailOptions<'_>, style: &Style) -> String {
    printed(|out| detail(out, entry, options, style))
}

fn shown(entry: &Entry) -> String {
    shown_with(entry, DetailOptions::default(), &style(100))
}

/// The lines after the facts.
fn fields(action: &str, changes: &Value) -> String {
    let text = shown(&entry(action, changes));
    text.split_once("\n\n").expect("an empty line").1.to_owned()
}

#[test]
fn update_matches_the_manual() {
    let options = DetailOptions { others_in_request: Some(2), ..DetailOptions::default() };
    insta::assert_snapshot!(shown_with(&updated(), options, &style(100)), @r#"
~ updated  connector  Salesforce → Warehouse  (connector/42)
  when   2026-11-22 09:14:07.412033 CET, 26 minutes ago
  who    Ana Ruiz <ana.ruiz@acme.io>, admin, via web from 198.51.100.23
  entry  1287, request req_01JD9 (2 more entries: --request-id req_01JD9)

  ~ status               active → disabled
  ~ limits.max           3 → "3"                                    number → string
  ~ perform.retry
      + jitter           "full"
      ~ max              3 → 5
      - legacy_backoff   true
  ~ process.mappings                                                1 added, 1 moved
      + [3]              {"from":"Phone","to":"phone_e164"}
      > [3] to [6]       {"from":"Owner","to":"owner_id"}
  ~ trigger                                                         1 of 42 lines
      @@ line 11
      -   row.email = row.Email
      +   row.email = lower(row.Email)
  ! webhook_secret       redacted, changed
"#);
}

#[test]
fn each_hold_that_covers_the_entry_is_named() {
    let holds = ["case-14: court order 14/2026".to_owned(), "q3: external audit".to_owned()];
    let text =
        shown_with(&updated(), DetailOptions { holds: &holds, ..DetailOptions::default() }, &style(100));
    assert!(
        text.contains("\n  hold   case-14: court order 14/2026\n  hold   q3: external audit\n\n"),
        "{text}"
    );
}

#[test]
fn a_creation_shows_every_field_with_its_value() {
    let changes = json!([
        {"field": "name", "new": "Orders"},
        {"field": "active", "new": true},
        {"field": "description", "new": null},
        {"field": "tags", "new": []},
        {"field": "headers", "new": {"Accept": "*/*", "Authorization": "[redacted]"}},
        {"field": "trigger", "new": "a\n  b"},
        {"field": "bearer_token", "redacted": true},
    ]);
    let mut created = entry("created", &changes);
    (created.model_name, created.reason) = (None, Some("INC-2041".into()));
    created.context.user_agent = Some("Terraform/1.9".into());
    created.on_behalf_of = Some(created.user.clone());
    (created.user.email, created.user.role) = (None, None);
    (created.user.name, created.user.kind) = (Some("terraform".into()), UserKind::Service);
    created.context.via = Some(crate::model::words::Via::Terraform);
    created.recorded_at = "2026-11-22T10:00:00Z".parse().expect("a time");
    insta::assert_snapshot!(shown(&created), @r#"
+ created  connector  #42  (connector/42)
  when   2026-11-22 09:14:07.412033 CET, 26 minutes ago
  who    terraform (service), via terraform from 198.51.100.23
  for    Ana Ruiz <ana.ruiz@acme.io>, admin
  entry  1287, recorded 2026-11-22 11:00:00.000 CET, request req_01JD9
  reason INC-2041
  agent  Terraform/1.9

  + name           "Orders"
  + active         true
  + description    null
  + tags           []
  + headers        {"Accept":"*/*","Authorization":[redacted]}
  + trigger                                                         2 lines
      + a
      +   b
  + bearer_token   redacted
"#);
}

#[test]
fn a_deletion_shows_every_field_with_its_last_value() {
    let mapping = |name: &str| json!({"from": name, "to": name.to_lowercase()});
    let changes = json!([
        {"field": "role", "old": "viewer"},
        {"field": "limits", "old": {"max": [1, {}]}},
        {"field": "process", "old": {
            "lookup_url": "https://api.example/v2/accounts?expand=owner",
            "mappings": (["Id", "Name", "Owner"].map(mapping)),
        }},
    ]);
    insta::assert_snapshot!(fields("deleted", &changes), @r#"
- role     "viewer"
- limits   {"max":[1,{}]}
- process
    - {
    -   "lookup_url": "https://api.example/v2/accounts?expand=owner",
    -   "mappings": [
    -     {"from":"Id","to":"id"},
    -     {"from":"Name","to":"name"},
    -     {"from":"Owner","to":"owner"}
    -   ]
    - }
"#);
}

#[test]
fn ambiguous_updates_are_distinguishable() {
    let long = |word: &str| {
        format!("https://api.example/v2/accounts?{word} and something that stays as it was before")
    };
    let changes = json!([
        {"field": "empty", "old": null, "new": ""},
        {"field": "lists", "old": [], "new": {}},
        {"field": "appeared", "new": "null"},
        {"field": "url", "old": long("one"), "new": long("two")},
        {"field": "body", "old": "{\"a\": 1, \"b\": 2}", "new": "{\"a\":1,\"b\":3,\"c\":[]}"},
        {"field": "headers", "old": {"a.b": "[redacted]"}, "new": {"a.b": "[redacted, changed]"}},
        {"field": "digits", "old": 1, "new": 1.0},
    ]);
    insta::assert_snapshot!(fields("updated", &changes), @r#"
~ empty           null → ""
~ lists           [] → {}                                         list → object
+ appeared        "null"
~ url
    - https://api.example/v2/accounts?one and something that stays as it was before
    + https://api.example/v2/accounts?two and something that stays as it was before
~ body                                                            in JSON text
    ~ b           2 → 3
    + c           []
! headers."a.b"   redacted, changed
~ digits                                                          same value, written differently
"#);
}

#[test]
fn long_differences_are_cut_unless_full() {
    let lines: Vec<String> = (0..60).map(|n| format!("line {n}")).collect();
    let long =
        entry("created", &json!([{"field": "script", "new": lines.join("\n")}, {"field": "z", "new": 1}]));
    let text = shown(&long);
    assert!(text.contains("\n      … 21 more lines: --full\n  + z"), "{text}");
    let full = shown_with(&long, DetailOptions { full: true, ..DetailOptions::default() }, &style(100));
    assert!(full.contains("line 59") && !full.contains("--full"));
    let changed = |end: &str| lines.iter().map(|line| format!("{line}{end}\n\n")).collect::<String>();
    let many = entry("updated", &json!([{"field": "script", "old": changed(""), "new": changed(";")}]));
    let all = shown_with(&many, DetailOptions { full: true, ..DetailOptions::default() }, &style(100));
    let more =
        format!("… {} more lines: --full", all.split_once("\n\n").expect("a head").1.lines().count() - 40);
    assert!(shown(&many).contains(&more), "{}", shown(&many));
    let wide = entry("created", &json!([{"field": "blob", "new": "x".repeat(5_000)}]));
    assert!(shown(&wide).contains("(5 002 characters: --full)"));
}

#[test]
fn invalid_changes_are_reported_without_panic() {
    assert!(shown(&entry("updated", &json!({"not": "a list"}))).contains("cannot be read"));
    let deep = format!("{}1{}", "[".repeat(80), "]".repeat(80));
    let deep: Value = serde_json::from_str(&deep).expect("JSON");
    assert!(fields("created", &json!([{"field": "deep", "new": deep}])).contains("nests deeper"));
    assert!(fields("updated", &json!([{"field": "odd"}])).trim_end().ends_with("no values"));
}

#[test]
fn colors_mark_old_new_and_changed_words() {
    let script = |word: &str| format!("first\n{word} stays");
    let changes =
        json!([{"field": "a", "old": 1, "new": 2}, {"field": "s", "old": script("x"), "new": script("y")}]);
    let style = Style { color: true, ..style(100) };
    let text = shown_with(&entry("updated", &changes), DetailOptions::default(), &style);
    assert!(text.contains("\u{1b}[31m1\u{1b}[0m → \u{1b}[32m2\u{1b}[0m"), "{text:?}");
    assert!(text.contains("\u{1b}[32;1;4my\u{1b}[0m\u{1b}[32m stays\u{1b}[0m"), "{text:?}");
}

#[test]
fn long_lines_wrap_with_a_sign() {
    let text = format!("https://api.example/{} + faked  \"row\"", "path/".repeat(20));
    let mut long = entry("created", &json!([{"field": "url", "new": text}, {"field": "n", "new": 1}]));
    long.context.user_agent =
        Some("Mozilla/5.0 (X11; Linux x86_64; rv:142.0) Gecko/20100101 Firefox/142.0".into());
    insta::assert_snapshot!(shown_with(&long, DetailOptions::default(), &style(60)), @r#"
+ created  connector  Salesforce → Warehouse  (connector/42)
  when   2026-11-22 09:14:07.412033 CET, 26 minutes ago
  who    Ana Ruiz <ana.ruiz@acme.io>, admin, via web from
  ↪      198.51.100.23
  entry  1287, request req_01JD9
  agent  Mozilla/5.0 (X11; Linux x86_64; rv:142.0)
  ↪      Gecko/20100101 Firefox/142.0

  + url   "https://api.example/path/path/path/path/path/path
  ↪       /path/path/path/path/path/path/path/path/path/path
  ↪       /path/path/path/path/ + faked  \"row\""
  + n     1
"#);
    let in_pipe = shown_with(&long, DetailOptions::default(), &Style { truncate: false, ..style(60) });
    assert!(in_pipe.contains(&format!("  + url   \"{}\"\n", text.replace('"', "\\\""))), "{in_pipe}");
}

#[test]
fn long_lines_are_shown_around_their_changes() {
    let line = |word: &str| format!("{}{word}{}", "lorem ipsum ".repeat(200), " dolor sit amet".repeat(200));
    let changes = json!([{"field": "text", "old": line("before"), "new": line("after")}]);
    insta::assert_snapshot!(fields("updated", &changes), @r#"
~ text
    - …(2 360 characters)…sum lorem ipsum lorem ipsum lorem ipsum before dolor sit amet dolor sit
    ↪ amet dolor sit…(2 960 characters)…
    + …(2 360 characters)…sum lorem ipsum lorem ipsum lorem ipsum after dolor sit amet dolor sit
    ↪ amet dolor sit…(2 960 characters)…
"#);
    let full = DetailOptions { full: true, ..DetailOptions::default() };
    let text = shown_with(&entry("updated", &changes), full, &Style { truncate: false, ..style(100) });
    assert!(text.contains(&line("before")) && text.contains(&line("after")));
}

#[test]
fn old_and_new_are_side_by_side() {
    let options = DetailOptions { side_by_side: true, ..DetailOptions::default() };
    let shown = shown_with(&updated(), options, &style(120));
    insta::assert_snapshot!(shown.split_once("\n\n").expect("an empty line").1, @r#"
~ status               active                            │   ~ status               disabled
~ limits.max           3                                 │   ~ limits.max           "3"              number → string
~ perform.retry
                                                         │       + jitter           "full"
    ~ max              3                                 │       ~ max              5
    - legacy_backoff   true                              │
~ process.mappings                                                1 added, 1 moved
                                                         │       + [3]              {"from":"Phone","to":"phone_e164"
                                                         │       ↪                  }
    > [3] to [6]       {"from":"Owner","to":"owner_id"}
~ trigger                                                         1 of 42 lines
    @@ line 11
    -   row.email = row.Email                            │       +   row.email = lower(row.Email)
! webhook_secret       redacted, changed
"#);
}

/// Changes of text that looks the same before and after.
fn invisible() -> Entry {
    let changes = json!([
        {"field": "nf", "old": "Cafe\u{301}", "new": "Caf\u{e9}"},
        {"field": "ws", "old": "a", "new": "a "},
        {"field": "crlf", "old": "x\ny\n", "new": "x\r\ny\r\n"},
        {"field": "blank", "old": "x\ny", "new": "x\ny \nz"},
        {"field": "nl", "old": "x\ny\n", "new": "x\ny"},
        {"field": "tab", "old": "a    b", "new": "a\tb"},
        {"field": "zw", "old": "adm\u{200b}in", "new": "admin"},
        {"field": "nbsp", "old": "a\u{a0}b", "new": "a b"},
        {"field": "hom", "old": "p\u{430}ypal", "new": "paypal"},
        {"field": "list", "old": ["Cafe\u{301}", 1], "new": ["Caf\u{e9}", 1]},
        {"field": "keys", "old": {"Cafe\u{301}": 1, "z": 1}, "new": {"Caf\u{e9}": 1, "z": 1}},
        {"field": "nested", "old": {"a": {"b": "x\u{2003}y"}}, "new": {"a": {"b": "x y"}}},
        {"field": "json", "old": "{\"a\":1}", "new": "{\"a\": 1}"},
        {"field": "na\u{ef}ve", "old": 1},
        {"field": "nai\u{308}ve", "new": 1},
        {"field": "code", "old": "<U+200B>", "new": "\u{200b}"},
    ]);
    entry("updated", &changes)
}

#[test]
fn invisible_differences_are_escaped_and_named() {
    insta::assert_snapshot!(shown(&invisible()).split_once("\n\n").expect("an empty line").1, @r#"
~ nf                 "Cafe\u0301" → "Caf\u00e9"        Unicode normalization: NFD → NFC
~ ws                 "a" → "a "                        whitespace differs
~ crlf                                                 2 of 3 lines
    @@ line 1
    - "x"
    - "y"
    + "x\r"                                            line endings differ
    + "y\r"                                            line endings differ
~ blank                                                2 of 3 lines
    @@ line 2
    - "y"
    + "y "                                             whitespace differs
    + z
~ nl                                                   1 of 3 lines, line break at the end removed
    @@ line 3
    -
~ tab                "a    b" → "a\tb"                 whitespace differs
~ zw                 "adm\u200bin" → "admin"           invisible characters differ
~ nbsp               "a\u00a0b" → "a b"                whitespace differs
~ hom                "p\u0430ypal" → "paypal"          look-alike characters differ
~ list                                                 1 changed
    ~ [0]            "Cafe\u0301" → "Caf\u00e9"        Unicode normalization: NFD → NFC
~ keys
    + "Caf\u00e9"    1
    - "Cafe\u0301"   1
~ nested.a.b         "x\u2003y" → "x y"                whitespace differs
~ json               "{\"a\":1}" → "{\"a\": 1}"
- "na\u00efve"       1
+ "nai\u0308ve"      1
~ code               "<U+200B>" → "\u200b"             look-alike characters differ
"#);
}

#[test]
fn invisible_differences_are_escaped_side_by_side_and_in_ascii() {
    let sides = DetailOptions { side_by_side: true, full: true, ..DetailOptions::default() };
    for (options, style) in [
        (sides, style(120)),
        (DetailOptions::default(), Style { ascii: true, ..style(100) }),
        (sides, Style { ascii: true, ..style(120) }),
    ] {
        let text = shown_with(&invisible(), options, &style);
        for seen in [
            r#""Cafe\u0301""#,
            r#""Caf\u00e9""#,
            r#""a ""#,
            r#""y\r""#,
            r#""y ""#,
            r#""a\tb""#,
            r#""adm\u200bin""#,
            r#""a\u00a0b""#,
            r#""p\u0430ypal""#,
            r#""x\u2003y""#,
            r#""na\u00efve""#,
            r#""nai\u0308ve""#,
            r#""\u200b""#,
            "NFD",
            "whitespace differs",
            "line endings differ",
            "invisible characters differ",
            "look-alike characters differ",
            "line break at the end removed",
        ] {
            assert!(text.contains(seen), "{seen} in {text}");
        }
    }
}

#[test]
fn added_and_removed_secrets_are_marked() {
    let changes = json!([
        {"field": "gone", "old": "[redacted]", "redacted": true},
        {"field": "came", "new": "[redacted]", "redacted": true},
        {"field": "other", "old": "[redacted]", "new": "[redacted, changed]", "redacted": true},
        {"field": "before", "redacted": true},
    ]);
    insta::assert_snapshot!(fields("updated", &changes), @r#"
- gone     redacted
+ came     redacted
! other    redacted, changed
! before   redacted, changed
"#);
}
