//! Tests of JSON values, compared with serde_json.

use std::hash::DefaultHasher;

use proptest::prelude::{Just, Strategy, any, prop_oneof, proptest};

use super::*;
use crate::model::fixtures::json;

#[test]
fn numbers_order_and_repeated_keys_are_kept() {
    let text = r#"{"b":9007199254740993,"a":1e400,"b":-0.10,"c":["x",null,true,{}]}"#;
    assert_eq!(json(text).to_string(), text);
    assert_eq!(
        json(" [ 1 , { \"a\" :\n 2 } , [ ] , { } , \"\\\\\" ] ").to_string(),
        r#"[1,{"a":2},[],{},"\\"]"#
    );
}

fn hash(number: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    Json::hash_number(number, &mut hasher);
    hasher.finish()
}

#[test]
fn values_are_compared_by_meaning() {
    for (a, b) in [
        ("1", "1.0"),
        ("10e-1", "1"),
        ("0", "-0.0"),
        ("1e400", "10e399"),
        (r#"{"a":1,"b":2}"#, r#"{"b":2.0,"a":1}"#),
        (r#"["é"]"#, r#"["\u00e9"]"#),
    ] {
        assert!(json(a).same(&json(b)), "{a} and {b}");
        let is_number = matches!(json(a), Json::Number(_));
        assert!(!is_number || hash(a) == hash(b), "{a} and {b}");
    }
    for (a, b) in [
        ("9007199254740993", "9007199254740992"),
        ("1", "\"1\""),
        ("[1,2]", "[2,1]"),
        ("null", "false"),
        ("-1", "1"),
        ("1e99999999999999999999", "1e99999999999999999998"),
        (r#"{"a":1}"#, r#"{"a":1,"b":null}"#),
        (r#"{"a":1,"a":2}"#, r#"{"a":2,"a":1}"#),
    ] {
        assert!(!json(a).same(&json(b)), "{a} and {b}");
    }
}

proptest! {
    #[test]
    fn values_are_parsed_as_by_serde_json(value in values(), indented in any::<bool>()) {
        let text = if indented { serde_json::to_string_pretty(&value) } else { serde_json::to_string(&value) };
        let read = json(&text.expect("it serializes"));
        assert_eq!(serde_json::from_str::<serde_json::Value>(&read.to_string()).expect("JSON"), value);
    }
}

fn values() -> impl Strategy<Value = serde_json::Value> {
    let text = prop_oneof![any::<String>(), "[\"\\\\/bnu{}\\[\\],: é]{0,8}"];
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        text.clone().prop_map(Into::into),
    ];
    leaf.prop_recursive(4, 24, 4, move |inner| {
        let members = proptest::collection::vec((text.clone(), inner.clone()), 0..4);
        prop_oneof![
            proptest::collection::vec(inner, 0..4).prop_map(Into::into),
            members.prop_map(|members| members.into_iter().collect()),
        ]
    })
}

#[test]
fn deep_and_malformed_texts_are_refused() {
    let nested = |depth: usize| format!("{}1{}", "[".repeat(depth), "]".repeat(depth));
    assert!(Json::parse(&nested(MAX_DEPTH)).is_ok());
    assert!(matches!(Json::parse(&nested(MAX_DEPTH + 1)), Err(JsonError::TooDeep)));
    assert!(matches!(Json::parse(&nested(200_000)), Err(JsonError::TooDeep | JsonError::Syntax(_))));
    for bad in ["", "{", "{\"a\" 1}", "01", "nul", "\"\\ud800\"", "1 2"] {
        assert!(Json::parse(bad).is_err(), "{bad}");
    }
}

#[test]
fn raw_values_stay_on_one_line() {
    let raw: RawJson = serde_json::from_str("{\n \"a\":\r\n \"x\\ny\" }").expect("valid");
    assert!(!raw.get().contains(['\n', '\r']));
    assert_eq!(raw.parse().expect("valid").to_string(), r#"{"a":"x\ny"}"#);
}
