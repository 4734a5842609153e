//! Reads events back, to test that nothing is lost and nothing forged. Written from the specifications: it shares no code
//! with the writers. Test code only.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::model::entry::Entry;
use crate::model::json::Json;
use crate::render::event::EventFormat;

/// The texts of an event by our names, and its changes: field, old and new value as JSON, and whether it is redacted.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Facts {
    pub(super) texts: BTreeMap<String, String>,
    pub(super) changes: Vec<(String, Option<String>, Option<String>, bool)>,
}

/// The facts of an entry. Empty texts are no facts.
pub(super) fn facts_of(entry: &Entry, log: &str, organization: &str) -> Facts {
    let json = Json::parse(&serde_json::to_string(entry).expect("JSON")).expect("JSON");
    let mut texts = BTreeMap::new();
    flatten("", &json, &mut texts);
    texts.insert("log".to_owned(), log.to_owned());
    texts.insert("organization".to_owned(), organization.to_owned());
    facts(texts, json.get("changes").expect("changes"))
}

fn flatten(prefix: &str, json: &Json, texts: &mut BTreeMap<String, String>) {
    let Json::Object(members) = json else { panic!("no object: {json}") };
    for (name, value) in members.iter().filter(|(name, _)| name != "changes") {
        match value {
            Json::Object(_) => flatten(&format!("{prefix}{name}."), value, texts),
            Json::String(text) => drop(texts.insert(format!("{prefix}{name}"), text.clone())),
            other => drop(texts.insert(format!("{prefix}{name}"), other.to_string())),
        }
    }
}

fn facts(mut texts: BTreeMap<String, String>, changes: &Json) -> Facts {
    texts.retain(|_, text| !text.is_empty());
    let Json::Array(changes) = changes else { panic!("no list: {changes}") };
    let mut changes: Vec<_> = changes
        .iter()
        .map(|change| {
            let text = |name| change.get(name).map(Json::to_string);
            (string(change.get("field")), text("old"), text("new"), change.get("redacted").is_some())
        })
        .collect();
    // Members of an object have no order.
    changes.sort();
    Facts { texts, changes }
}

fn string(json: Option<&Json>) -> String {
    match json {
        Some(Json::String(text)) => text.clone(),
        other => panic!("no text: {other:?}"),
    }
}

/// The facts of an event.
pub(super) fn read(format: EventFormat, line: &str) -> Facts {
    match format {
        EventFormat::Cef => of_cef(line),
        EventFormat::Leef => of_leef(line),
        EventFormat::Ecs => of_ecs(&Json::parse(line).expect("JSON")),
        EventFormat::Ocsf => of_ocsf(&Json::parse(line).expect("JSON")),
        EventFormat::Json => panic!("not an event"),
    }
}

/// The header of a CEF event, and its pairs unescaped.
pub(super) fn cef(line: &str) -> (Vec<String>, BTreeMap<String, String>) {
    let (mut header, mut field, mut rest) = (Vec::new(), String::new(), line.chars());
    while header.len() < 7 {
        match rest.next().expect("seven bars") {
            '|' => header.push(std::mem::take(&mut field)),
            '\\' => field.push(rest.next().filter(|c| matches!(c, '|' | '\\')).expect("an escape")),
            c => field.push(c),
        }
    }
    assert_eq!(header[0], "CEF:0");
    let extension: Vec<char> = rest.collect();
    // A key lies between a space and an `=` that no backslash escapes.
    let mut starts = Vec::new();
    let mut is_escaped = false;
    for (index, c) in extension.iter().enumerate() {
        if *c == '=' && !is_escaped {
            let start = extension[..index].iter().rposition(|c| *c == ' ').map_or(0, |space| space + 1);
            starts.push((start, index));
        }
        is_escaped = *c == '\\' && !is_escaped;
    }
    let mut pairs = BTreeMap::new();
    for (number, (start, equals)) in starts.iter().enumerate() {
        let end = starts.get(number + 1).map_or(extension.len(), |(next, _)| next - 1);
        let key: String = extension[*start..*equals].iter().collect();
        assert!(!key.is_empty() && key.chars().all(|c| c.is_ascii_alphanumeric()), "{key:?}");
        let (mut value, mut escaped) = (String::new(), extension[equals + 1..end].iter());
        while let Some(c) = escaped.next() {
            value.push(match c {
                '\\' => match escaped.next().expect("an escape") {
                    'n' => '\n',
                    'r' => '\r',
                    c @ ('\\' | '=') => *c,
                    c => panic!("no escape: {c:?}"),
                },
                c => *c,
            });
        }
        // As readers do.
        let value = value.trim().to_owned();
        assert_eq!(pairs.insert(key, value), None, "a key twice: {line}");
    }
    (header, pairs)
}

fn of_cef(line: &str) -> Facts {
    let (_, mut pairs) = cef(line);
    if let Some(exact) = pairs.remove("krosynExact") {
        let exact: BTreeMap<String, String> = serde_json::from_str(&exact).expect("JSON");
        for (key, text) in exact {
            assert!(pairs.insert(key, text).is_some());
        }
    }
    for (key, label) in [("cs1", "resourceType"), ("cs6", "changedFields"), ("c6a2", "Source IPv6 Address")] {
        if pairs.contains_key(key) {
            assert_eq!(pairs[&format!("{key}Label")], label);
        }
    }
    of_pairs(
        &pairs,
        &[
            ("id", "externalId"),
            ("uuid", "krosynUuid"),
            ("occurred_at", "krosynOccurredAt"),
            ("recorded_at", "krosynRecordedAt"),
            ("action", "act"),
            ("model_type", "cs1"),
            ("model_id", "cs2"),
            ("model_name", "cs3"),
            ("user.id", "suid"),
            ("user.email", "krosynUserEmail"),
            ("user.name", "krosynUserName"),
            ("user.role", "spriv"),
            ("user.kind", "krosynUserKind"),
            ("context.via", "cs4"),
            ("context.ip", "src"),
            ("context.ip", "c6a2"),
            ("context.ip", "krosynIp"),
            ("context.user_agent", "requestClientApplication"),
            ("context.request_id", "cs5"),
            ("reason", "reason"),
            ("log", "cat"),
            ("organization", "krosynOrganization"),
        ],
    )
}

/// The header of a LEEF event, and its pairs as they are.
pub(super) fn leef(line: &str) -> (Vec<String>, BTreeMap<String, String>) {
    let mut parts = line.splitn(7, '|');
    let header: Vec<_> = parts.by_ref().take(6).map(str::to_owned).collect();
    assert_eq!((header[0].as_str(), header[5].as_str()), ("LEEF:2.0", "x09"));
    let mut pairs = BTreeMap::new();
    for pair in parts.next().expect("attributes").split('\t') {
        let (key, value) = pair.split_once('=').expect("a pair");
        assert!(!key.is_empty() && key.chars().all(|c| c.is_ascii_alphanumeric()), "{key:?}");
        assert_eq!(pairs.insert(key.to_owned(), value.to_owned()), None, "a key twice: {line}");
    }
    (header, pairs)
}

fn of_leef(line: &str) -> Facts {
    let (_, pairs) = leef(line);
    let pairs = pairs.into_iter().map(|(key, value)| {
        let is_json = matches!(key.as_str(), "krosynChanges" | "krosynOnBehalfOf");
        // Our escapes are those of a JSON string.
        let quoted = || format!("\"{}\"", value.replace('"', "\\\""));
        let value = if is_json { value } else { serde_json::from_str(&quoted()).expect("a text") };
        (key, value)
    });
    of_pairs(
        &pairs.collect(),
        &[
            ("id", "krosynId"),
            ("uuid", "krosynUuid"),
            ("occurred_at", "krosynOccurredAt"),
            ("recorded_at", "krosynRecordedAt"),
            ("action", "krosynAction"),
            ("model_type", "krosynResourceType"),
            ("model_id", "krosynResourceId"),
            ("model_name", "krosynResourceName"),
            ("user.id", "krosynUserId"),
            ("user.email", "krosynUserEmail"),
            ("user.name", "krosynUserName"),
            ("user.role", "role"),
            ("user.kind", "krosynUserKind"),
            ("context.via", "krosynVia"),
            ("context.ip", "src"),
            ("context.ip", "krosynIp"),
            ("context.user_agent", "krosynUserAgent"),
            ("context.request_id", "krosynRequestId"),
            ("reason", "krosynReason"),
            ("log", "cat"),
            ("organization", "krosynOrganization"),
        ],
    )
}

fn of_pairs(pairs: &BTreeMap<String, String>, names: &[(&str, &str)]) -> Facts {
    let found =
        names.iter().filter_map(|(ours, theirs)| Some(((*ours).to_owned(), pairs.get(*theirs)?.clone())));
    let mut texts: BTreeMap<_, _> = found.collect();
    if let Some(user) = pairs.get("krosynOnBehalfOf") {
        flatten("on_behalf_of.", &Json::parse(user).expect("JSON"), &mut texts);
    }
    facts(texts, &Json::parse(&pairs["krosynChanges"]).expect("JSON"))
}

/// The value at a path of members.
fn at<'j>(json: &'j Json, path: &str) -> Option<&'j Json> {
    path.split('.').try_fold(json, |json, name| json.get(name))
}

fn of_paths(json: &Json, paths: &[(&str, &str)]) -> BTreeMap<String, String> {
    let text = |found: &Json| match found {
        Json::String(text) => text.clone(),
        Json::Array(items) if items.len() == 1 => string(items.first()),
        other => other.to_string(),
    };
    let found = paths.iter().filter_map(|(ours, theirs)| Some(((*ours).to_owned(), text(at(json, theirs)?))));
    found.collect()
}

fn of_ecs(json: &Json) -> Facts {
    let texts = of_paths(
        json,
        &[
            ("id", "event.sequence"),
            ("uuid", "event.id"),
            ("occurred_at", "@timestamp"),
            ("recorded_at", "event.created"),
            ("action", "krosyn.action"),
            ("model_type", "krosyn.resource.type"),
            ("model_id", "krosyn.resource.id"),
            ("model_name", "krosyn.resource.name"),
            ("user.id", "user.id"),
            ("user.email", "user.email"),
            ("user.name", "user.full_name"),
            ("user.role", "user.roles"),
            ("user.kind", "krosyn.user.kind"),
            ("on_behalf_of.id", "user.effective.id"),
            ("on_behalf_of.email", "user.effective.email"),
            ("on_behalf_of.name", "user.effective.full_name"),
            ("on_behalf_of.role", "user.effective.roles"),
            ("on_behalf_of.kind", "krosyn.user.effective.kind"),
            ("context.via", "krosyn.via"),
            ("context.ip", "source.address"),
            ("context.user_agent", "user_agent.original"),
            ("context.request_id", "http.request.id"),
            ("reason", "event.reason"),
            ("log", "krosyn.log"),
            ("organization", "organization.id"),
        ],
    );
    let Some(Json::Array(changes)) = at(json, "krosyn.changes") else { panic!("no changes") };
    let changes = changes.iter().map(|change| {
        let Json::Object(members) = change else { panic!("no change: {change}") };
        let value = |name: &str, text: &Json| match change.get(&format!("{name}_type")) {
            None => text.clone(),
            Some(_) => Json::parse(&string(Some(text))).expect("JSON"),
        };
        let kept = members.iter().filter(|(name, _)| !name.ends_with("_type"));
        let kept = kept.map(|(name, it)| {
            let is_value = matches!(name.as_str(), "old" | "new");
            (name.clone(), if is_value { value(name, it) } else { it.clone() })
        });
        Json::Object(kept.collect())
    });
    facts(texts, &Json::Array(changes.collect()))
}

fn of_ocsf(json: &Json) -> Facts {
    let is_call = json.get("class_uid") == Some(&Json::Number("6003".to_owned()));
    let resource = if is_call { "resources.0" } else { "entity" };
    let [model_type, model_id, model_name] = ["type", "uid", "name"].map(|name| format!("{resource}.{name}"));
    let mut texts = of_paths(
        json,
        &[
            ("id", "metadata.sequence"),
            ("uuid", "metadata.uid"),
            ("occurred_at", "metadata.original_time"),
            ("recorded_at", "unmapped.recorded_at"),
            ("action", "metadata.event_code"),
            ("model_type", &model_type),
            ("model_id", &model_id),
            ("model_name", &model_name),
            ("user.id", "actor.user.uid"),
            ("user.email", "actor.user.email_addr"),
            ("user.email", "unmapped.user_email"),
            ("user.name", "actor.user.full_name"),
            ("user.role", "unmapped.user_role"),
            ("user.kind", "actor.user.type"),
            ("context.via", "unmapped.via"),
            ("context.ip", "src_endpoint.ip"),
            ("context.ip", "unmapped.ip"),
            ("context.user_agent", "http_request.user_agent"),
            ("context.request_id", "http_request.uid"),
            ("reason", "comment"),
            ("reason", "unmapped.reason"),
            ("log", "metadata.log_name"),
            ("organization", "metadata.tenant_uid"),
        ],
    );
    let action = texts["action"].rsplit_once('.').expect("a code").1.to_owned();
    texts.insert("action".to_owned(), action);
    texts.insert("user.kind".to_owned(), texts["user.kind"].to_lowercase());
    if let Some(user) = at(json, "unmapped.on_behalf_of") {
        flatten("on_behalf_of.", user, &mut texts);
    }
    if let Some(changes) = at(json, "unmapped.changes") {
        return facts(texts, changes);
    }
    let redacted = match at(json, "unmapped.redacted_fields") {
        Some(Json::Array(names)) => names.clone(),
        _ => Vec::new(),
    };
    let (old, new) =
        if is_call { ("none", "resources.0.data") } else { ("entity.data", "entity_result.data") };
    let mut changes = BTreeMap::<String, Vec<(String, Json)>>::new();
    for (side, path) in [("old", old), ("new", new)] {
        let Some(Json::Object(members)) = at(json, path) else { continue };
        for (field, value) in members {
            changes.entry(field.clone()).or_default().push((side.to_owned(), value.clone()));
        }
    }
    for field in &redacted {
        changes.entry(string(Some(field))).or_default().push(("redacted".to_owned(), Json::Bool(true)));
    }
    let changes = changes.into_iter().map(|(field, mut members)| {
        members.push(("field".to_owned(), Json::String(field)));
        Json::Object(members)
    });
    facts(texts, &Json::Array(changes.collect()))
}

/// All paths of members, without those below `data` and `changes`, whose members are values of the log.
pub(super) fn paths(json: &Value, prefix: &str, found: &mut Vec<String>) {
    match json {
        Value::Object(members) => {
            for (name, value) in members {
                let path = if prefix.is_empty() { name.clone() } else { format!("{prefix}.{name}") };
                match name.as_str() {
                    "data" => found.push(path),
                    _ => paths(value, &path, found),
                }
            }
        }
        Value::Array(items) if items.iter().any(Value::is_object) => {
            items.iter().for_each(|item| paths(item, prefix, found));
        }
        _ => found.push(prefix.to_owned()),
    }
}
