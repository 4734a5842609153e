//! Parses JSON request bodies. An error names the member and its documented type, and never quotes the request: a value
//! or an unknown key may be a secret.

use serde::de::{DeserializeOwned, IgnoredAny};

use crate::api::problem::{Code, Problem};
use crate::api::routes::NDJSON;
use crate::model::draft::FieldError;
use crate::model::words::{Action, Log, ModelType, UserKind, Via};

/// Where an object is in the request. Messages name it accordingly.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BodyKind {
    /// The whole body of a call that takes one object.
    Object,
    /// The whole body of a call that also takes many objects as NDJSON.
    Entry,
    /// One line of NDJSON.
    Line,
}

impl BodyKind {
    const fn name(self) -> &'static str {
        match self {
            Self::Object | Self::Entry => "body",
            Self::Line => "line",
        }
    }

    /// How to send several objects, if the call takes several.
    fn hint_for_many(self) -> String {
        match self {
            Self::Object => String::new(),
            Self::Entry => {
                format!(
                    "; to send many entries, use Content-Type: {NDJSON} with one object on each line and no array around them"
                )
            }
            Self::Line => "; each line must be one complete object".to_owned(),
        }
    }
}

/// Parses a JSON object.
pub(super) fn read<T: DeserializeOwned>(text: &str, body: BodyKind) -> Result<T, Box<Problem>> {
    // Serde would accept an array as the members in order, and `[]` as a prune with all defaults.
    if !text.trim_ascii_start().starts_with('{') && serde_json::from_str::<IgnoredAny>(text).is_ok() {
        let is_list = text.trim_ascii_start().starts_with('[');
        let many = if is_list { body.hint_for_many() } else { String::new() };
        let kind = if is_list { "is a JSON array" } else { "is not a JSON object" };
        let detail = format!("{kind}: expected one object{many}");
        return Err(Box::new(Problem::invalid(vec![FieldError::new(body.name(), detail)])));
    }
    // Only an invalid body is parsed again, to find the member at fault.
    serde_json::from_str(text).map_err(|error| {
        if !error.is_data() {
            return Box::new(Problem::new(Code::Malformed, syntax(&error, body)));
        }
        let mut deserializer = serde_json::Deserializer::from_str(text);
        let located = serde_path_to_error::deserialize::<_, T>(&mut deserializer).err();
        let path = located.map(|error| error.path().to_string());
        let path = known_part(path.as_deref().unwrap_or("."));
        Box::new(Problem::invalid(vec![member_error(&path, &error.to_string(), body)]))
    })
}

fn syntax(error: &serde_json::Error, body: BodyKind) -> String {
    let (line, column) = (error.line(), error.column());
    match body {
        BodyKind::Line => format!("the line is not JSON at column {column}{}", body.hint_for_many()),
        // The parser found something after the object.
        _ if error.to_string().starts_with("trailing characters") => {
            format!(
                "the body is not JSON at line {line} column {column}: there is more after the object{}",
                body.hint_for_many()
            )
        }
        _ => format!("the body is not JSON at line {line} column {column}"),
    }
}

/// Describes the error at `path`. The parser's message may quote a value, so it is only searched for our own names.
fn member_error(path: &str, words: &str, body: BodyKind) -> FieldError {
    let whole = if path.is_empty() { body.name() } else { path };
    // Here the parser quotes our own names, never a key of the request.
    let named = |prefix: &str| words.strip_prefix(prefix)?.strip_prefix('`')?.split('`').next();
    if let Some(missing) = named("missing field ") {
        let path = if path.is_empty() { missing.to_owned() } else { format!("{path}.{missing}") };
        return FieldError::new(path, format!("is missing{}", expected(shape(missing))));
    }
    if let Some(twice) = named("duplicate field ") {
        let path = if path.is_empty() { twice.to_owned() } else { format!("{path}.{twice}") };
        return FieldError::new(path, "appears more than once");
    }
    let words = words.split(" at line ").next().unwrap_or(words);
    if words.starts_with("unknown field") {
        let accepted = words.rfind("expected ").map_or("", |at| &words[at..]);
        return FieldError::new(whole, format!("has an unknown member: {accepted}"));
    }
    let member = path.rsplit('.').next().and_then(|part| part.split('[').next()).unwrap_or("");
    let in_list = path.ends_with(']');
    let shape = match shape(member) {
        Some(_) if in_list => Some(CHANGE.to_owned()),
        None if path.is_empty() => Some("an object".to_owned()),
        shape => shape,
    };
    FieldError::new(whole, format!("has the wrong type or value{}", expected(shape)))
}

fn expected(shape: Option<String>) -> String {
    shape.map(|shape| format!(": expected {shape}")).unwrap_or_default()
}

const CHANGE: &str = r#"an object such as {"field": "status", "old": "active", "new": "disabled"}"#;

/// The documented type of each request member, by name.
fn shape(member: &str) -> Option<String> {
    let shape = match member {
        "uuid" => "a UUID, such as 0193a1f2-6c1e-7c3a-9d55-0f6d2a7b8c11",
        "occurred_at" | "cutoff" => "an RFC 3339 time with its zone, such as 2026-11-22T08:14:07.412033Z",
        "action" => return Some(one_of(Action::of(Log::Audit).iter().map(|word| word.as_str()))),
        "model_type" => return Some(one_of(ModelType::of(Log::Audit).iter().map(|word| word.as_str()))),
        "kind" => return Some(one_of(UserKind::ALL.iter().map(|word| word.as_str()))),
        "via" => return Some(one_of(Via::ALL.iter().map(|word| word.as_str()))),
        "model_id" | "id" => "a string or an integer, such as \"42\"",
        "user" | "on_behalf_of" => {
            r#"an object such as {"id": "7", "email": "ana@acme.example", "name": "Ana"}"#
        }
        "context" => r#"an object such as {"via": "api", "ip": "198.51.100.23"}"#,
        "before" | "after" => r#"the whole resource as an object, such as {"status": "active"}"#,
        "changes" => r#"a list such as [{"field": "status", "old": "active", "new": "disabled"}]"#,
        "ip" => "an IP address as a string, such as \"198.51.100.23\"",
        "model_name" | "email" | "name" | "role" | "user_agent" | "request_id" | "reason" | "field" => {
            "a string"
        }
        "old" | "new" => "any JSON value",
        "redacted" | "dry_run" => "true or false",
        "older_than" => "an age as a string, such as \"120d\" or \"3y\"",
        "as_of" => "an entry's id, a whole number",
        "max_delete" | "max_seconds" => "a whole number",
        _ => return None,
    };
    Some(shape.to_owned())
}

fn one_of(words: impl Iterator<Item = &'static str>) -> String {
    format!("one of {}", words.collect::<Vec<_>>().join(", "))
}

/// The path up to the first name that is not documented; empty for the object itself.
fn known_part(path: &str) -> String {
    let ours = |part: &&str| shape(part.split('[').next().unwrap_or("")).is_some();
    path.split('.').take_while(ours).collect::<Vec<_>>().join(".")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::prune::PruneRequest;
    use crate::model::proposal::Proposal;

    fn fault_of<T: DeserializeOwned>(text: &str, body: BodyKind) -> Box<Problem> {
        read::<T>(text, body).map(|_| ()).expect_err(text)
    }

    #[test]
    fn errors_are_located_and_quote_nothing_of_the_request() {
        const SHAPE: &str = "has the wrong type or value: expected";
        for (text, field, detail) in [
            (r#"{"action":"c4n4ry"}"#, "action", format!("{SHAPE} one of created, updated, deleted")),
            (
                r#"{"action":"created","model_type":7}"#,
                "model_type",
                format!("{SHAPE} one of connector, connector_endpoint, secret, organization, member"),
            ),
            (
                r#"{"action":"created"}"#,
                "model_type",
                "is missing: expected one of connector, connector_endpoint, secret, organization, member"
                    .to_owned(),
            ),
            (r#"{"action":"created","action":"created"}"#, "action", "appears more than once".to_owned()),
            (
                r#"{"occurred_at":"c4n4ry"}"#,
                "occurred_at",
                format!("{SHAPE} an RFC 3339 time with its zone, such as 2026-11-22T08:14:07.412033Z"),
            ),
            (
                r#"{"uuid":"c4n4ry"}"#,
                "uuid",
                format!("{SHAPE} a UUID, such as 0193a1f2-6c1e-7c3a-9d55-0f6d2a7b8c11"),
            ),
            (r#"{"model_id":1.5}"#, "model_id", format!("{SHAPE} a string or an integer, such as \"42\"")),
            (
                r#"{"user":{"kind":"c4n4ry"}}"#,
                "user.kind",
                format!("{SHAPE} one of user, token, service, system, agent"),
            ),
            (
                r#"{"on_behalf_of":{"id":1.5}}"#,
                "on_behalf_of.id",
                format!("{SHAPE} a string or an integer, such as \"42\""),
            ),
            (
                r#"{"user":{"c4n4ry":1}}"#,
                "user",
                "has an unknown member: expected one of `id`, `email`, `name`, `role`, `kind`".to_owned(),
            ),
            (
                r#"{"changes":[{"field":"c4n4ry"},{"field":{}}]}"#,
                "changes[1].field",
                format!("{SHAPE} a string"),
            ),
            (r#"{"changes":[{}]}"#, "changes[0].field", "is missing: expected a string".to_owned()),
            (r#"{"changes":["c4n4ry"]}"#, "changes[0]", format!("{SHAPE} {CHANGE}")),
            (
                r#"{"user":["c4n4ry"]}"#,
                "user",
                format!(
                    "{SHAPE} an object such as {{\"id\": \"7\", \"email\": \"ana@acme.example\", \"name\": \"Ana\"}}"
                ),
            ),
            (
                r#"{"context":{"via":"c4n4ry"}}"#,
                "context.via",
                format!("{SHAPE} one of web, api, cli, terraform, system, mcp"),
            ),
            (r#""c4n4ry""#, "body", "is not a JSON object: expected one object".to_owned()),
        ] {
            let problem = fault_of::<Proposal>(text, BodyKind::Object);
            assert_eq!(problem.code, Code::Invalid, "{text}");
            assert_eq!(
                (problem.errors[0].field.as_str(), &problem.errors[0].detail),
                (field, &detail),
                "{text}"
            );
            assert!(!serde_json::to_string(&problem).expect("serialises").contains("c4n4ry"), "{problem:?}");
        }
        for (text, field) in [
            (r#"{"cutoff":"now"}"#, "cutoff"),
            (r#"{"older_than":7}"#, "older_than"),
            (r#"{"max_seconds":-1}"#, "max_seconds"),
            (r#"{"max_delete":"5"}"#, "max_delete"),
            (r#"{"as_of":1.5}"#, "as_of"),
            (r#"{"dry_run":1}"#, "dry_run"),
        ] {
            let problem = fault_of::<PruneRequest>(text, BodyKind::Object);
            assert_eq!(problem.errors[0].field, field, "{text}");
            assert!(problem.errors[0].detail.starts_with(SHAPE), "{problem:?}");
        }
    }

    #[test]
    fn several_objects_in_one_body_get_a_hint() {
        for text in [r#"[{"action":"created"}]"#, "[]", " [1]"] {
            let detail = fault_of::<Proposal>(text, BodyKind::Entry).detail;
            assert!(
                detail.starts_with("body is a JSON array: expected one object; to send many"),
                "{text}: {detail}"
            );
            assert!(detail.contains("application/x-ndjson"), "{text}: {detail}");
            assert!(!fault_of::<PruneRequest>(text, BodyKind::Object).detail.contains("ndjson"), "{text}");
        }
        let whole =
            r#"{"action":"created","model_type":"secret","model_id":"1","user":{"id":"7"},"after":{}}"#;
        let two = fault_of::<Proposal>(&format!("{whole}\n{whole}"), BodyKind::Entry);
        assert_eq!(two.code, Code::Malformed);
        assert!(
            two.detail.contains("line 2 column 1") && two.detail.contains("application/x-ndjson"),
            "{two:?}"
        );
        let line = fault_of::<Proposal>("{c4n4ry", BodyKind::Line);
        assert_eq!(line.detail, "the line is not JSON at column 2; each line must be one complete object");
        assert!(fault_of::<Proposal>("[1]", BodyKind::Line).detail.starts_with("line is a JSON array"));
        assert_eq!(fault_of::<Proposal>("", BodyKind::Object).code, Code::Malformed);
    }
}
