//! Tests patches with the json-patch crate as oracle.

use proptest::collection::vec;
use proptest::prelude::{Just, ProptestConfig, any, prop_oneof, proptest};
use proptest::strategy::Strategy;
use serde_json::json;

use super::*;

fn states(before: &str, after: &str) -> BeforeAfter {
    let json = |text| Json::parse(text).expect("JSON");
    BeforeAfter { before: json(before), after: json(after), not_kept: Vec::new() }
}

/// Applies the patch to `before` with json-patch.
fn applied(states: &BeforeAfter) -> Json {
    let mut value: serde_json::Value = serde_json::from_str(&states.before.to_string()).expect("JSON");
    let patch: json_patch::Patch = serde_json::from_str(&states.patch().to_string()).expect("a patch");
    json_patch::patch(&mut value, &patch).expect("it applies");
    Json::parse(&value.to_string()).expect("JSON")
}

#[test]
fn patch_lists_operations_in_order() {
    let moved = states(
        r#"{"a/b":1,"list":[{"id":1,"n":"a"},{"id":2},{"id":3}],"text":"x\ny","same":1,"gone":null}"#,
        r#"{"a/b":2,"list":[{"id":3},{"id":1,"n":"b"},{"id":4}],"text":"x\nz","same":1.0,"~new":{}}"#,
    );
    let expected = json!([
        {"op": "replace", "path": "/a~1b", "value": 2},
        {"op": "remove", "path": "/list/2"},
        {"op": "remove", "path": "/list/1"},
        {"op": "add", "path": "/list/0", "value": {"id": 3}},
        {"op": "add", "path": "/list/2", "value": {"id": 4}},
        {"op": "replace", "path": "/list/1/n", "value": "b"},
        {"op": "replace", "path": "/text", "value": "x\nz"},
        {"op": "add", "path": "/~0new", "value": {}},
        {"op": "remove", "path": "/gone"},
    ]);
    assert_eq!(serde_json::to_value(moved.patch()).expect("JSON"), expected);
    assert!(applied(&moved).same(&moved.after));
}

#[test]
fn redacted_fields_are_left_out_and_named() {
    let changes = json!([
        {"field": "value", "redacted": true},
        {"field": "headers", "old": {"a": ["[redacted]"]}, "new": {"a": ["[redacted, changed]"]}},
        {"field": "name", "new": "x"},
    ]);
    let changes: Vec<Change> = serde_json::from_value(changes).expect("changes");
    let states = BeforeAfter::of(&changes).expect("values");
    assert_eq!(states.not_kept, ["value", "headers"]);
    assert_eq!(states.before.to_string(), r#"{"headers":{"a":["[redacted]"]}}"#);
    assert_eq!(states.after.to_string(), r#"{"headers":{"a":["[redacted, changed]"]},"name":"x"}"#);
    assert!(applied(&states).same(&states.after));
}

#[test]
fn repeated_keys_are_replaced_as_a_whole() {
    let states = states(r#"{"a":{"k":1,"k":2}}"#, r#"{"a":{"k":1,"k":3}}"#);
    assert_eq!(states.patch().to_string(), r#"[{"op":"replace","path":"","value":{"a":{"k":1,"k":3}}}]"#);
}

/// Values that cover every kind of difference, and keys that need escapes.
fn values() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(json!(null)),
        any::<bool>().prop_map(Into::into),
        (0..5_i32).prop_map(Into::into),
        "[ab\n]{0,3}".prop_map(Into::into),
        Just(json!("{\"a\":1}")),
        Just(json!("{\"a\":2}")),
    ];
    leaf.prop_recursive(4, 32, 5, |inner| {
        let named = (0..6_i32, inner.clone()).prop_map(|(id, value)| json!({"id": id, "value": value}));
        let key = prop_oneof![Just("a"), Just("b/c"), Just("~d"), Just(""), Just("0"), Just("-")];
        prop_oneof![
            vec(inner.clone(), 0..6).prop_map(Into::into),
            vec(named, 0..6).prop_map(|mut items| {
                let mut seen = HashSet::new();
                items.retain(|item| seen.insert(item["id"].clone()));
                items.into()
            }),
            vec((key, inner), 0..5).prop_map(|members| members
                .into_iter()
                .map(|(key, value)| (key.to_owned(), value))
                .collect()),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]
    #[test]
    fn patch_turns_before_into_after(before in values(), after in values()) {
        let states = states(&json!({"f": before}).to_string(), &json!({"f": after}).to_string());
        let made = applied(&states);
        assert!(made.same(&states.after), "{} + {} = {made}, not {}", states.before, states.patch(), states.after);
        assert_eq!(states.patch().to_string() == "[]", states.before.same(&states.after));
    }
}
