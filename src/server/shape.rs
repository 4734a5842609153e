//! Reading JSON of a documented shape. A fault names the member and what it should be, and never what was sent: a value, or
//! a key of no meaning, may be a secret.

use serde::de::{DeserializeOwned, IgnoredAny};

use crate::api::problem::{Code, Problem};
use crate::api::routes::NDJSON;
use crate::model::draft::FieldError;
use crate::model::words::{Action, ModelType, UserKind, Via};

/// Where an object stands: it decides how messages name it, and what they suggest in its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// The whole body, where a call takes one object.
    Body,
    /// The whole body, where a call also takes many objects as NDJSON.
    Entry,
    /// One line of NDJSON.
    Line,
}

impl Place {
    const fn name(self) -> &'static str {
        match self {
            Self::Body | Self::Entry => "body",
            Self::Line => "line",
        }
    }

    /// How to send several objects, as far as that is possible here.
    fn many(self) -> String {
        match self {
            Self::Body => String::new(),
            Self::Entry => {
                format!(
                    "; many entries go as Content-Type: {NDJSON}, one object on each line, without a list around them"
                )
            }
            Self::Line => "; each line holds one whole object".to_owned(),
        }
    }
}

/// Reads a JSON object of a documented shape.
///
/// # Errors
/// A problem that names the member and its shape.
pub(super) fn read<T: DeserializeOwned>(text: &str, place: Place) -> Result<T, Box<Problem>> {
    // A list would be read as members in their order, and `[]` as a prune with nothing but defaults.
    if !text.trim_ascii_start().starts_with('{') && serde_json::from_str::<IgnoredAny>(text).is_ok() {
        let is_list = text.trim_ascii_start().starts_with('[');
        let many = if is_list { place.many() } else { String::new() };
        let kind = if is_list { "is a JSON array" } else { "is not a JSON object" };
        let detail = format!("{kind}: expected one object{many}");
        return Err(Box::new(Problem::invalid(vec![FieldError::new(place.name(), detail)])));
    }
    // The second reading finds out which member is at fault; only a faulty body pays for it.
    serde_json::from_str(text).map_err(|error| {
        if !error.is_data() {
            return Box::new(Problem::new(Code::Malformed, syntax(&error, place)));
        }
        let mut deserializer = serde_json::Deserializer::from_str(text);
        let located = serde_path_to_error::deserialize::<_, T>(&mut deserializer).err();
        let path = located.map(|error| error.path().to_string());
        let path = known_part(path.as_deref().unwrap_or("."));
        Box::new(Problem::invalid(vec![fault(&path, &error.to_string(), place)]))
    })
}

fn syntax(error: &serde_json::Error, place: Place) -> String {
    let (line, column) = (error.line(), error.column());
    match place {
        Place::Line => format!("the line is not JSON at column {column}{}", place.many()),
        // The parser's own words for something behind a whole value.
        _ if error.to_string().starts_with("trailing characters") => {
            format!(
                "the body is not JSON at line {line} column {column}: it goes on behind its object{}",
                place.many()
            )
        }
        _ => format!("the body is not JSON at line {line} column {column}"),
    }
}

/// What is wrong with the member that `path` leads to, from the parser's words: they may quote a value, and are not
/// passed on.
fn fault(path: &str, words: &str, place: Place) -> FieldError {
    let whole = if path.is_empty() { place.name() } else { path };
    // The parser quotes names of our own here, never a key that was sent.
    let named = |prefix: &str| words.strip_prefix(prefix)?.strip_prefix('`')?.split('`').next();
    if let Some(missing) = named("missing field ") {
        let path = if path.is_empty() { missing.to_owned() } else { format!("{path}.{missing}") };
        return FieldError::new(path, format!("is missing{}", expected(shape(missing))));
    }
    if let Some(twice) = named("duplicate field ") {
        let path = if path.is_empty() { twice.to_owned() } else { format!("{path}.{twice}") };
        return FieldError::new(path, "stands more than once");
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
    FieldError::new(whole, format!("is not what it should be{}", expected(shape)))
}

fn expected(shape: Option<String>) -> String {
    shape.map(|shape| format!(": expected {shape}")).unwrap_or_default()
}

const CHANGE: &str = r#"an object such as {"field": "status", "old": "active", "new": "disabled"}"#;

/// The documented shape of each member of a request, by name. A path is cut before a name that is not here.
fn shape(member: &str) -> Option<String> {
    let shape = match member {
        "uuid" => "a UUID, such as 0193a1f2-6c1e-7c3a-9d55-0f6d2a7b8c11",
        "occurred_at" | "cutoff" => "an RFC 3339 time with its zone, such as 2026-11-22T08:14:07.412033Z",
        "action" => return Some(one_of(Action::ALL.iter().map(|word| word.as_str()))),
        "model_type" => return Some(one_of(ModelType::ALL.iter().map(|word| word.as_str()))),
        "kind" => return Some(one_of(UserKind::ALL.iter().map(|word| word.as_str()))),
        "via" => return Some(one_of(Via::ALL.iter().map(|word| word.as_str()))),
        "model_id" | "id" => "a string or an integer, such as \"42\"",
        "user" => r#"an object such as {"id": "7", "email": "ana@acme.example", "name": "Ana"}"#,
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

/// A path of members, cut before the first that is not of our own naming; empty for the object itself.
fn known_part(path: &str) -> String {
    let ours = |part: &&str| shape(part.split('[').next().unwrap_or("")).is_some();
    path.split('.').take_while(ours).collect::<Vec<_>>().join(".")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::prune::PruneRequest;
    use crate::model::proposal::Proposal;

    fn fault_of<T: DeserializeOwned>(text: &str, place: Place) -> Box<Problem> {
        read::<T>(text, place).map(|_| ()).expect_err(text)
    }

    #[test]
    fn faults_are_located_and_nothing_that_was_sent_is_quoted() {
        const SHAPE: &str = "is not what it should be: expected";
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
            (r#"{"action":"created","action":"created"}"#, "action", "stands more than once".to_owned()),
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
                format!("{SHAPE} one of user, token, service, system"),
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
                format!("{SHAPE} one of web, api, cli, terraform, system"),
            ),
            (r#""c4n4ry""#, "body", "is not a JSON object: expected one object".to_owned()),
        ] {
            let problem = fault_of::<Proposal>(text, Place::Body);
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
            let problem = fault_of::<PruneRequest>(text, Place::Body);
            assert_eq!(problem.errors[0].field, field, "{text}");
            assert!(problem.errors[0].detail.starts_with(SHAPE), "{problem:?}");
        }
    }

    #[test]
    fn many_objects_in_one_body_are_told_how_they_are_sent() {
        for text in [r#"[{"action":"created"}]"#, "[]", " [1]"] {
            let detail = fault_of::<Proposal>(text, Place::Entry).detail;
            assert!(
                detail.starts_with("body is a JSON array: expected one object; many"),
                "{text}: {detail}"
            );
            assert!(detail.contains("application/x-ndjson"), "{text}: {detail}");
            assert!(!fault_of::<PruneRequest>(text, Place::Body).detail.contains("ndjson"), "{text}");
        }
        let whole =
            r#"{"action":"created","model_type":"secret","model_id":"1","user":{"id":"7"},"after":{}}"#;
        let two = fault_of::<Proposal>(&format!("{whole}\n{whole}"), Place::Entry);
        assert_eq!(two.code, Code::Malformed);
        assert!(
            two.detail.contains("line 2 column 1") && two.detail.contains("application/x-ndjson"),
            "{two:?}"
        );
        let line = fault_of::<Proposal>("{c4n4ry", Place::Line);
        assert_eq!(line.detail, "the line is not JSON at column 2; each line holds one whole object");
        assert!(fault_of::<Proposal>("[1]", Place::Line).detail.starts_with("line is a JSON array"));
        assert_eq!(fault_of::<Proposal>("", Place::Body).code, Code::Malformed);
    }
}
