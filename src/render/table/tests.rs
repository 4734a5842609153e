//! The list at many widths, with every kind of name that breaks tables.

use proptest::collection::vec;
use proptest::prelude::{ProptestConfig, any, prop_oneof, proptest};
use proptest::strategy::{Just, Strategy};
use serde_json::json;

use super::*;
use crate::render::columns::{TABLE_COLUMNS, WIDE_COLUMNS};
use crate::render::samples::{entry, look, updated};

fn shown(entries: &[Entry], columns: &[Column], look: &Look) -> String {
    let mut out = Vec::new();
    table(&mut out, entries, columns, look).expect("memory takes all");
    String::from_utf8(out).expect("text")
}

/// The four entries of the manual's example.
fn example() -> Vec<Entry> {
    let status = json!([{"field": "status", "old": "active", "new": "disabled"},
        {"field": "a", "old": 1, "new": 2}, {"field": "b", "old": 1, "new": 2}]);
    let first = entry("updated", &status);
    let mut second = entry("updated", &json!([{"field": "value", "redacted": true}]));
    (second.id, second.occurred_at) = (1286, "2026-11-21T17:40:52Z".parse().expect("a time"));
    (second.user.email, second.user.name) = (None, Some("terraform".into()));
    second.user.kind = UserKind::Service;
    second.model_type = "secret".parse().expect("a type");
    second.model_name = Some("SF_CLIENT_SECRET".into());
    let fields: Vec<_> = (0..11).map(|n| json!({"field": format!("f{n}"), "new": n})).collect();
    let mut third = entry("created", &json!(fields));
    (third.id, third.occurred_at, third.user) = (1285, second.occurred_at, second.user.clone());
    third.model_type = "endpoint".parse().expect("a type");
    third.model_name = Some("POST /v2/accounts".into());
    let mut fourth = entry("updated", &json!([{"field": "role", "old": "viewer", "new": "admin"}]));
    (fourth.id, fourth.occurred_at) = (1283, "2026-11-19T15:20:45Z".parse().expect("a time"));
    fourth.user = User { kind: UserKind::System, name: Some("sso".into()), ..second.user.clone() };
    fourth.model_type = "member".parse().expect("a type");
    fourth.model_name = Some("noor.haddad@acme.io".into());
    vec![first, second, third, fourth]
}

#[test]
fn looks_as_the_manual_says() {
    insta::assert_snapshot!(shown(&example(), TABLE_COLUMNS, &look(120)), @r#"
  ID  TIME (CET)       USER                 ACTION     RESOURCE                          CHANGES
1287  Nov 22 09:14:07  ana.ruiz@acme.io     ~ updated  connector Salesforce → Warehouse  status active → disabled, +2
1286  Nov 21 18:40:52  terraform (service)  ~ updated  secret SF_CLIENT_SECRET           value (redacted)
1285  Nov 21 18:40:52  terraform (service)  + created  endpoint POST /v2/accounts        11 fields
1283  Nov 19 16:20:45  sso (system)         ~ updated  member noor.haddad@acme.io        role viewer → admin
"#);
}

#[test]
fn narrow_terminals_lose_changes_first_then_names() {
    insta::assert_snapshot!(shown(&example(), TABLE_COLUMNS, &look(80)), @r#"
  ID  TIME (CET)       USER              ACTION     RESOURCE         CHANGES
1287  Nov 22 09:14:07  ana.ruiz@acme.io  ~ updated  connector Sale…  status ac…
1286  Nov 21 18:40:52  terraform (serv…  ~ updated  secret SF_CLIE…  value (re…
1285  Nov 21 18:40:52  terraform (serv…  + created  endpoint POST …  11 fields
1283  Nov 19 16:20:45  sso (system)      ~ updated  member noor.ha…  role view…
"#);
    insta::assert_snapshot!(shown(&example(), TABLE_COLUMNS, &look(60)), @r#"
  ID  TIME (CET)       USER          ACTION     RESOURCE  …
1287  Nov 22 09:14:07  ana.ruiz@ac…  ~ updated  connector …
1286  Nov 21 18:40:52  terraform (…  ~ updated  secret SF_…
1285  Nov 21 18:40:52  terraform (…  + created  endpoint P…
1283  Nov 19 16:20:45  sso (system)  ~ updated  member noo…
"#);
    insta::assert_snapshot!(shown(&example(), TABLE_COLUMNS, &look(40)), @r#"
  ID  TIME (CET)       ACTION     RESO…
1287  Nov 22 09:14:07  ~ updated  conn…
1286  Nov 21 18:40:52  ~ updated  secr…
1285  Nov 21 18:40:52  + created  endp…
1283  Nov 19 16:20:45  ~ updated  memb…
"#);
    let ascii = Look { ascii: true, ..look(80) };
    insta::assert_snapshot!(shown(&example(), TABLE_COLUMNS, &ascii), @r#"
  ID  TIME (CET)       USER              ACTION     RESOURCE         CHANGES
1287  Nov 22 09:14:07  ana.ruiz@acme.io  ~ updated  connector Sa...  status ...
1286  Nov 21 18:40:52  terraform (se...  ~ updated  secret SF_CL...  value (...
1285  Nov 21 18:40:52  terraform (se...  + created  endpoint POS...  11 fields
1283  Nov 19 16:20:45  sso (system)      ~ updated  member noor....  role vi...
"#);
}

#[test]
fn without_cutting_every_word_is_there() {
    let mut long = updated();
    long.model_name = Some("x".repeat(500));
    let text = shown(&[long], TABLE_COLUMNS, &Look { truncate: false, ..look(40) });
    assert!(text.contains(&"x".repeat(500)) && text.contains("status active → disabled, +5"));
}

#[test]
fn a_nameless_resource_goes_by_its_id_and_two_zones_are_both_named() {
    let mut entries = vec![updated(), updated()];
    entries[0].model_name = None;
    entries[1].occurred_at = "2026-07-01T00:00:00Z".parse().expect("a time");
    let text = shown(&entries, WIDE_COLUMNS, &look(240));
    assert!(text.contains("connector #42") && text.contains("TIME (CET/CEST)"), "{text}");
    assert!(text.lines().next().expect("a header").ends_with("VIA  REQUEST    REASON"), "{text}");
}

#[test]
fn paint_says_what_mark_and_word_say_and_takes_no_room() {
    let coloured = shown(&example(), TABLE_COLUMNS, &Look { colour: true, ..look(100) });
    for painted in ["\u{1b}[33m~ updated\u{1b}[0m", "\u{1b}[32m+ created\u{1b}[0m"] {
        assert!(coloured.contains(painted), "{coloured:?}");
    }
    let sgr = regex::Regex::new("\u{1b}\\[[0-9;]*m").expect("a pattern");
    assert_eq!(sgr.replace_all(&coloured, ""), shown(&example(), TABLE_COLUMNS, &look(100)));
}

fn name() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        "[a-z →]{0,12}",
        "[\u{4e00}-\u{4e40}]{0,20}",
        "[\u{5d0}-\u{5ea}\u{644}\u{627}]{0,20}",
        Just("👩‍👩‍👧‍👦🏳️‍🌈❤️".to_owned()),
        Just("\u{1b}[2J\u{1b}]0;x\u{7}\n1287  faked\r\t\u{202e}".to_owned()),
        Just("लाला لا لا".to_owned()),
        any::<String>(),
    ];
    vec(piece, 0..4).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]
    #[test]
    fn every_entry_is_one_line_within_the_width(names in vec((name(), name(), name()), 1..4), colour in any::<bool>()) {
        let entries: Vec<Entry> = names
            .into_iter()
            .map(|(resource, user, text)| {
                let mut entry = entry("updated", &json!([{"field": text, "old": user, "new": resource}]));
                entry.reason = Some(text);
                (entry.model_name, entry.user.email) = (Some(resource), Some(user));
                entry
            })
            .collect();
        let sgr = regex::Regex::new("\u{1b}\\[[0-9;]*m").expect("a pattern");
        for cells in [40, 60, 80, 100, 160, 240] {
            for columns in [TABLE_COLUMNS, WIDE_COLUMNS] {
                let text = shown(&entries, columns, &Look { colour, ..look(cells) });
                let text = if colour { sgr.replace_all(&text, "").into_owned() } else { text };
                assert_eq!(text.lines().count(), entries.len() + 1, "{text:?}");
                for line in text.split_terminator('\n') {
                    assert!(!line.chars().any(char::is_control), "{line:?}");
                    assert!(width(line) <= cells, "{} > {cells}: {line:?}", width(line));
                    assert!(line.starts_with(" 1287  Nov 22 09:14:07") || line.starts_with("   ID  TIME (CET)"));
                }
            }
        }
    }
}
