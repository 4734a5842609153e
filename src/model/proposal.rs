//! The body of a recording: an entry before the server checks, diffs and redacts it. What the server makes of it is not
//! known here.

mod lenient;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::model::change::Change;
use crate::model::entry::{RequestContext, User};
use crate::model::json::RawJson;
use crate::model::timestamp::Timestamp;
use crate::model::words::{Action, ModelType, UserKind};

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
    /// When it happened; the time of arrival when absent. A time more than 5 minutes in the future is refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub occurred_at: Option<Timestamp>,
    /// The action.
    #[serde(deserialize_with = "lenient::word")]
    #[schema(schema_with = lenient::action_schema)]
    pub action: Action,
    /// The type of the resource.
    #[serde(deserialize_with = "lenient::word")]
    #[schema(schema_with = lenient::model_type_schema)]
    pub model_type: ModelType,
    /// The resource's id.
    #[serde(deserialize_with = "lenient::text_or_integer")]
    #[schema(schema_with = lenient::model_id_schema)]
    pub model_id: String,
    /// The resource's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 1024)]
    pub model_name: Option<String>,
    /// The user who acted.
    #[serde(deserialize_with = "lenient::object::<_, ProposedUser, _>")]
    #[schema(value_type = ProposedUser)]
    pub user: User,
    /// The user for whom `user` acted, if it acted for another one.
    #[serde(
        default,
        deserialize_with = "lenient::optional_object::<_, ProposedUser, _>",
        skip_serializing_if = "Option::is_none"
    )]
    #[schema(value_type = Option<ProposedUser>)]
    pub on_behalf_of: Option<User>,
    /// The request that carried the action.
    #[serde(
        default,
        deserialize_with = "lenient::object_or_default",
        skip_serializing_if = "RequestContext::is_empty"
    )]
    #[schema(value_type = Option<RequestContext>)]
    pub context: RequestContext,
    /// The reason.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 4096)]
    pub reason: Option<String>,
    /// The whole resource before the change: needed for `updated` and `deleted`. `null` counts as absent, an empty list as an empty object.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = lenient::any_object_schema)]
    pub before: Option<RawJson>,
    /// The whole resource after the change: needed for `created` and `updated`. `null` counts as absent, an empty list as an empty object.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = lenient::any_object_schema)]
    pub after: Option<RawJson>,
    /// The changed fields, in place of `before` and `after`.
    #[serde(default, deserialize_with = "lenient::changes", skip_serializing_if = "Option::is_none")]
    pub changes: Option<Vec<Change>>,
}

/// The identity that acted, as a recorder names it. At least one of id, e-mail and name is needed.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ProposedUser {
    /// The user's id on the platform; an integer is kept as text.
    #[serde(default, deserialize_with = "lenient::optional_text_or_integer")]
    #[schema(schema_with = lenient::user_id_schema)]
    id: Option<String>,
    /// The e-mail address.
    #[schema(example = "ana.ruiz@acme.example", max_length = 255)]
    email: Option<String>,
    /// The name.
    #[schema(example = "Ana Ruiz", max_length = 1024)]
    name: Option<String>,
    /// The role at the time.
    #[schema(example = "admin", max_length = 255)]
    role: Option<String>,
    /// The kind of identity; `user` when absent.
    kind: Option<UserKind>,
}

impl From<ProposedUser> for User {
    fn from(proposed: ProposedUser) -> Self {
        let ProposedUser { id, email, name, role, kind } = proposed;
        Self { id, email, name, role, kind: kind.unwrap_or(UserKind::User) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::draft::Draft;
    use crate::model::redaction::Redaction;

    const VALID: &str = r#"{"uuid":"0193a1f2-6c1e-7c3a-9d55-0f6d2a7b8c11","occurred_at":"2026-11-22T08:14:07.412033Z","action":"updated","model_type":"connector","model_id":"42","model_name":"Slack","user":{"id":"7","email":"ana@acme.example","kind":"agent"},"on_behalf_of":{"id":"8","role":"admin"},"context":{"via":"mcp","ip":"198.51.100.23"},"reason":"INC-1","before":{"a":[1,{"b":null}],"token":"x"},"after":{"a":[1e400,{"b":"\u00e9"}],"token":"y"}}"#;

    fn prepare(text: &str) -> Option<bool> {
        let proposal = serde_json::from_str::<Proposal>(text).ok()?;
        let now = "2026-11-22T08:14:08Z".parse().unwrap();
        Some(Draft::prepare(&proposal, &Redaction::default(), now).is_ok())
    }

    fn read(rest: &str) -> Result<Proposal, String> {
        let base = r#""action":"created","model_type":"secret""#;
        serde_json::from_str(&format!("{{{base},{rest}}}")).map_err(|error| error.to_string())
    }

    #[test]
    fn a_list_with_items_is_not_an_object() {
        for rest in [
            r#""model_id":"1","user":["7"],"after":{}"#,
            r#""model_id":"1","user":{"id":"7"},"context":["web"],"after":{}"#,
            r#""model_id":"1","user":{"id":"7"},"on_behalf_of":["8"],"after":{}"#,
            r#""model_id":"1","user":{"id":"7"},"changes":[["name",null,1]]"#,
            r#""model_id":"1","user":{"id":"7"},"changes":[[]]"#,
            r#""model_id":"1","user":null,"after":{}"#,
        ] {
            let error = read(rest).map(|_| ()).unwrap_err();
            assert!(error.contains("expected an object"), "{rest}: {error}");
        }
        for rest in [r#""after":{},"context":{}"#, r#""changes":[{"field":"name","new":1}]"#] {
            let rest = format!(r#""model_id":"1","user":{{"id":"7"}},{rest}"#);
            assert!(read(&rest).is_ok(), "{rest}");
        }
    }

    #[test]
    fn null_counts_as_absent_in_every_optional_member() {
        let nulls = r#""model_id":"1","uuid":null,"occurred_at":null,"model_name":null,"on_behalf_of":null,"context":null,"reason":null,"before":null,"changes":null,"after":{"a":null},"user":{"id":"7","email":null,"name":null,"role":null,"kind":null}"#;
        let absent = r#""model_id":"1","after":{"a":null},"user":{"id":"7"}"#;
        let as_json = |rest: &str| serde_json::to_value(read(rest).unwrap()).unwrap();
        assert_eq!(as_json(nulls), as_json(absent));
        assert_eq!(as_json(nulls)["after"], serde_json::json!({"a": null}), "a field's null is a value");
        let context = r#""model_id":"1","after":{},"user":{"id":"7"},"context":{"via":null,"ip":null,"user_agent":null,"request_id":null}"#;
        assert!(read(context).unwrap().context.is_empty());
        let redacted =
            r#""model_id":"1","user":{"id":"7"},"changes":[{"field":"a","new":null,"redacted":null}]"#;
        let changes = read(redacted).unwrap().changes.unwrap();
        assert!(!changes[0].redacted && changes[0].new.is_some() && changes[0].old.is_none());
    }

    #[test]
    fn an_integer_id_is_kept_as_text() {
        for (sent, kept) in [("42", "42"), ("-1", "-1"), ("18446744073709551615", "18446744073709551615")] {
            let read = read(&format!(
                r#""model_id":{sent},"after":{{}},"user":{{"id":{sent}}},"on_behalf_of":{{"id":{sent}}}"#
            ))
            .unwrap();
            assert_eq!((read.model_id.as_str(), read.user.id.as_deref()), (kept, Some(kept)));
            assert_eq!(read.on_behalf_of.and_then(|user| user.id).as_deref(), Some(kept));
        }
        // A float can be written in several ways, and rounds.
        for bad in ["1.0", "1e3", "true", "[]", "{}", "18446744073709551616"] {
            for rest in [
                format!(r#""model_id":{bad},"after":{{}},"user":{{"id":"7"}}"#),
                format!(r#""model_id":"1","after":{{}},"user":{{"id":{bad}}}"#),
            ] {
                let error = read(&rest).map(|_| ()).unwrap_err();
                assert!(error.contains("expected a string or an integer"), "{rest}: {error}");
            }
        }
    }

    #[test]
    fn an_empty_list_counts_as_an_empty_object() {
        let prepared =
            |rest: &str| prepare(&format!(r#"{{"action":"created","model_type":"secret",{rest}}}"#));
        assert_eq!(prepared(r#""model_id":"1","user":{"id":"7"},"context":[],"after":[]"#), Some(true));
        assert_eq!(prepared(r#""model_id":"1","user":[],"after":{}"#), Some(false), "a user needs a name");
        let for_nobody = r#""model_id":"1","user":{"id":"7"},"on_behalf_of":[],"after":{}"#;
        assert_eq!(prepared(for_nobody), Some(false), "a user needs a name");
        assert_eq!(prepared(r#""model_id":"1","user":{"id":"7"},"after":[1]"#), Some(false));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]

        /// Replaces a fuzz target: a valid entry with a few pieces cut and replaced.
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
