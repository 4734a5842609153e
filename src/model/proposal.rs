//! What a recorder may send: an entry before the server has judged, diffed and redacted it.
//!
//! A proposal is not an entry. It becomes a `Draft` only through redaction, and only drafts can be stored.

use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::model::change::Change;
use crate::model::entry::{Context, User};
use crate::model::json::{RawJson, present};
use crate::model::timestamp::Timestamp;
use crate::model::words::{Action, ModelType};

/// An entry as a recorder proposes it: either `before` and `after` (whole objects, from which the server computes
/// the changes) or the `changes` themselves.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "action": "updated", "model_type": "connector", "model_id": "42", "user": {"id": "7"},
    "before": {"status": "active"}, "after": {"status": "disabled"},
}))]
pub struct Proposal {
    /// Idempotency key; the server makes one (`UUIDv7`) when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uuid: Option<Uuid>,
    /// When it happened; now when absent. More than 5 minutes in the future is refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub occurred_at: Option<Timestamp>,
    /// What was done.
    pub action: Action,
    /// What kind of resource it was done to.
    pub model_type: ModelType,
    /// The resource's id.
    #[schema(example = "42", min_length = 1, max_length = 255)]
    pub model_id: String,
    /// The resource's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 1024)]
    pub model_name: Option<String>,
    /// Who did it.
    #[serde(deserialize_with = "object")]
    pub user: User,
    /// Through what it was done.
    #[serde(default, deserialize_with = "object", skip_serializing_if = "Context::is_empty")]
    pub context: Context,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 4096)]
    pub reason: Option<String>,
    /// The whole resource before: needed for `updated` and `deleted`.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub before: Option<RawJson>,
    /// The whole resource after: needed for `created` and `updated`.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub after: Option<RawJson>,
    /// The changed fields, in place of `before` and `after`.
    #[serde(default, deserialize_with = "objects", skip_serializing_if = "Option::is_none")]
    pub changes: Option<Vec<Change>>,
}

/// Reads a struct from an object alone: derived code would take a list for its members in their order.
fn object<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<T, D::Error> {
    struct Object<T>(PhantomData<T>);
    impl<'de, T: Deserialize<'de>> Visitor<'de> for Object<T> {
        type Value = T;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }
        fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
            T::deserialize(MapAccessDeserializer::new(map))
        }
    }
    deserializer.deserialize_map(Object(PhantomData))
}

/// Reads a list of objects, or `null`.
fn objects<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<Change>>, D::Error> {
    #[derive(Deserialize)]
    #[serde(transparent)]
    struct Item(#[serde(deserialize_with = "object")] Change);
    let items = Option::<Vec<Item>>::deserialize(deserializer)?;
    Ok(items.map(|items| items.into_iter().map(|Item(change)| change).collect()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::draft::Draft;
    use crate::model::redaction::Redaction;

    const VALID: &str = r#"{"uuid":"0193a1f2-6c1e-7c3a-9d55-0f6d2a7b8c11","occurred_at":"2026-11-22T08:14:07.412033Z","action":"updated","model_type":"connector","model_id":"42","model_name":"Slack","user":{"id":"7","email":"ana@acme.example","kind":"user"},"context":{"via":"web","ip":"198.51.100.23"},"reason":"INC-1","before":{"a":[1,{"b":null}],"token":"x"},"after":{"a":[1e400,{"b":"\u00e9"}],"token":"y"}}"#;

    fn prepare(text: &str) -> Option<bool> {
        let proposal = serde_json::from_str::<Proposal>(text).ok()?;
        let now = "2026-11-22T08:14:08Z".parse().unwrap();
        Some(Draft::prepare(&proposal, &Redaction::default(), now).is_ok())
    }

    #[test]
    fn a_list_is_no_object() {
        let base = r#""action":"created","model_type":"secret","model_id":"1""#;
        for rest in [
            r#""user":["7"],"after":{}"#,
            r#""user":[],"after":{}"#,
            r#""user":{"id":"7"},"context":[],"after":{}"#,
            r#""user":{"id":"7"},"changes":[["name",null,1]]"#,
        ] {
            let error =
                serde_json::from_str::<Proposal>(&format!("{{{base},{rest}}}")).map(|_| ()).unwrap_err();
            assert!(error.to_string().contains("expected an object"), "{rest}: {error}");
        }
        for rest in [r#""after":{},"context":{}"#, r#""changes":[{"field":"name","new":1}]"#] {
            assert_eq!(prepare(&format!(r#"{{{base},"user":{{"id":"7"}},{rest}}}"#)), Some(true), "{rest}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]

        /// Stands in for a fuzz target: a valid entry with a few pieces cut, doubled and replaced.
        #[test]
        fn a_mutated_entry_is_judged_without_a_panic(
            edits in prop::collection::vec((any::<prop::sample::Index>(), 0_usize..20, piece()), 0..4),
        ) {
            let mut text = VALID.to_owned();
            prop_assert_eq!(prepare(&text), Some(true));
            for (at, length, piece) in edits {
                let at = text.floor_char_boundary(at.index(text.len()));
                let end = text.ceil_char_boundary((at + length).min(text.len()));
                text.replace_range(at..end, &piece);
            }
            prepare(&text);
        }

        #[test]
        fn an_arbitrary_text_is_judged_without_a_panic(text in any::<String>(), values in ("[{}\\[\\],:\"a1e.-]{0,20}", any::<String>())) {
            prepare(&text);
            let (wild, name) = values;
            let name = serde_json::to_string(&name).unwrap();
            prepare(&format!(r#"{{"action":"created","model_type":"secret","model_id":{name},"user":{{"id":{name}}},"after":{{{name}:{wild}}}}}"#));
            assert!(prepare(&format!(r#"{{"action":"created","model_type":"secret","model_id":{name},"user":{{"id":{name}}},"after":{{{name}:{name}}}}}"#)).is_some());
        }
    }

    fn piece() -> impl Strategy<Value = String> {
        let known = [
            "",
            "{",
            "}",
            "[",
            "]",
            ",",
            "null",
            "\"",
            "{}",
            "[]",
            ":",
            "1e999999",
            "-",
            "\"\\ud800\"",
            "created",
            "secret",
            "\u{0}",
            "\"a\":1,",
        ];
        prop_oneof![prop::sample::select(known.to_vec()).prop_map(str::to_owned), any::<String>()]
    }
}
