//! Checks events against the parts of the published schemas of OCSF and ECS that our events use. `testdata/siem` has the
//! schemas. Test code only.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::LazyLock;

use chrono::DateTime;
use regex::Regex;
use serde::Deserialize;
use serde_json::Value;

/// The part of OCSF's schema.
#[derive(Deserialize)]
struct Ocsf {
    version: String,
    classes: BTreeMap<String, Class>,
    objects: BTreeMap<String, Members>,
    types: BTreeMap<String, Scalar>,
}

#[derive(Deserialize)]
struct Class {
    name: String,
    category_uid: u64,
    category_name: String,
    #[serde(flatten)]
    members: Members,
}

#[derive(Deserialize)]
struct Members {
    attributes: BTreeMap<String, Attribute>,
    constraints: BTreeMap<String, Vec<String>>,
}

#[derive(Deserialize)]
struct Attribute {
    r#type: String,
    requirement: String,
    object: Option<String>,
    #[serde(default)]
    array: bool,
    r#enum: Option<BTreeMap<String, String>>,
    #[serde(default)]
    deprecated: bool,
}

#[derive(Deserialize)]
struct Scalar {
    r#type: Option<String>,
    regex: Option<String>,
    max_len: Option<usize>,
}

static OCSF: LazyLock<Ocsf> = LazyLock::new(|| {
    serde_json::from_str(include_str!("../../../testdata/siem/ocsf.json")).expect("the schema")
});

/// Fails unless an event is valid.
pub(super) fn check_ocsf(event: &Value) {
    let class = &OCSF.classes[&event["class_uid"].to_string()];
    assert_eq!(event["metadata"]["version"], OCSF.version);
    assert_eq!(
        (&event["class_name"], &event["category_uid"], &event["category_name"]),
        (&class.name.clone().into(), &class.category_uid.into(), &class.category_name.clone().into())
    );
    let number = |name: &str| event[name].as_u64().expect(name);
    assert_eq!(number("type_uid"), number("class_uid") * 100 + number("activity_id"));
    check_members(&class.members, event, &class.name);
}

fn check_members(members: &Members, object: &Value, path: &str) {
    let object = object.as_object().unwrap_or_else(|| panic!("{path} is no object"));
    for (name, attribute) in &members.attributes {
        let is_missing = attribute.requirement == "required" && !object.contains_key(name);
        assert!(!is_missing, "{path}.{name} is missing");
    }
    for (rule, names) in &members.constraints {
        let found = names.iter().filter(|name| object.contains_key(*name)).count();
        match rule.as_str() {
            "at_least_one" => assert!(found > 0, "{path} has none of {names:?}"),
            "just_one" => assert!(found == 1, "{path} has {found} of {names:?}"),
            other => panic!("an unknown constraint: {other}"),
        }
    }
    for (name, value) in object {
        let path = format!("{path}.{name}");
        let attribute = members.attributes.get(name).unwrap_or_else(|| panic!("{path} is not in the schema"));
        assert!(!attribute.deprecated, "{path} is deprecated");
        match (attribute.array, value) {
            (true, Value::Array(items)) => items.iter().for_each(|item| check_value(attribute, item, &path)),
            (true, _) => panic!("{path} is no list"),
            (false, value) => check_value(attribute, value, &path),
        }
        // A number of an enumeration has its caption beside it, unless the source has a word of its own.
        if let Some(words) = &attribute.r#enum {
            let word = words.get(&value.to_string()).unwrap_or_else(|| panic!("{path} cannot be {value}"));
            let sibling = name.strip_suffix("_id").or_else(|| name.strip_suffix("_uid")).unwrap_or(name);
            let captions = [sibling.to_owned(), format!("{sibling}_name")];
            let caption = captions.iter().find_map(|name| object.get(name));
            let is_named = caption.is_some_and(|caption| caption == word);
            let is_own = *value == 99 && caption.is_some();
            assert!(is_named || is_own, "{path} is {value}, but its name is {caption:?}");
        }
    }
}

fn check_value(attribute: &Attribute, value: &Value, path: &str) {
    match (attribute.r#type.as_str(), attribute.object.as_deref()) {
        // The generic object may have any members.
        ("object_t", Some("object")) => assert!(value.is_object(), "{path}"),
        ("object_t", Some(object)) => {
            let members = OCSF.objects.get(object);
            check_members(
                members.unwrap_or_else(|| panic!("{path}: {object} is not in testdata")),
                value,
                path,
            );
        }
        ("json_t", _) => {}
        (scalar, _) => check_scalar(scalar, value, path),
    }
}

fn check_scalar(name: &str, value: &Value, path: &str) {
    let scalar = &OCSF.types[name];
    match name {
        "string_t" => assert!(value.is_string(), "{path}"),
        "integer_t" | "long_t" => assert!(value.is_i64() || value.is_u64(), "{path}"),
        "boolean_t" => assert!(value.is_boolean(), "{path}"),
        _ => check_scalar(scalar.r#type.as_deref().expect("a base type"), value, path),
    }
    let Some(text) = value.as_str() else { return };
    assert!(scalar.max_len.is_none_or(|max| text.len() <= max), "{path} is too long");
    match &scalar.regex {
        // The published pattern refuses some addresses that its text allows.
        Some(_) if name == "ip_t" => assert!(text.parse::<IpAddr>().is_ok(), "{path}: {text}"),
        Some(pattern) => assert!(Regex::new(pattern).expect("a pattern").is_match(text), "{path}: {text}"),
        None => {}
    }
}

/// The list of ECS's fields.
#[derive(Deserialize)]
struct Ecs {
    version: String,
    fields: BTreeMap<String, Field>,
}

#[derive(Deserialize)]
struct Field {
    r#type: String,
    array: bool,
    /// The allowed values; for categories, each with the types of events that it expects.
    #[serde(default)]
    allowed: BTreeMap<String, Vec<String>>,
}

static ECS: LazyLock<Ecs> = LazyLock::new(|| {
    serde_json::from_str(include_str!("../../../testdata/siem/ecs.json")).expect("the fields")
});

/// Fails unless an event is valid. Fields below `krosyn` are ours: each has one type in all events.
pub(super) fn check_ecs(event: &Value) {
    assert_eq!(event["ecs"]["version"], ECS.version);
    check_fields(event, "");
    let category = event["event"]["category"][0].as_str().expect("a category");
    let kind = event["event"]["type"][0].as_str().expect("a type");
    let expected = &ECS.fields["event.category"].allowed[category];
    assert!(expected.iter().any(|it| it == kind), "{category} has no events of type {kind}");
}

fn check_fields(value: &Value, path: &str) {
    let field = ECS.fields.get(path);
    let is_own = path == "krosyn" || path.starts_with("krosyn.");
    match value {
        Value::Object(members) if field.is_none() => {
            for (name, value) in members {
                let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                check_fields(value, &path);
            }
        }
        Value::Array(items) if is_own => items.iter().for_each(|item| check_fields(item, path)),
        Value::Bool(_) => assert_eq!(path, "krosyn.changes.redacted"),
        Value::String(_) if is_own => assert!(path != "krosyn.changes.redacted"),
        _ => {
            let field = field.unwrap_or_else(|| panic!("{path} is no field of ECS"));
            match value {
                Value::Array(items) => {
                    assert!(field.array, "{path} is a list");
                    items.iter().for_each(|item| check_field(field, item, path));
                }
                value => {
                    assert!(!field.array, "{path} is no list");
                    check_field(field, value, path);
                }
            }
        }
    }
}

fn check_field(field: &Field, value: &Value, path: &str) {
    let text = value.as_str();
    let is_valid = match field.r#type.as_str() {
        "long" => value.is_u64(),
        "date" => text.is_some_and(|text| DateTime::parse_from_rfc3339(text).is_ok()),
        "ip" => text.is_some_and(|text| text.parse::<IpAddr>().is_ok()),
        "keyword" | "match_only_text" | "wildcard" => text.is_some(),
        other => panic!("{path}: {other}"),
    };
    assert!(is_valid, "{path}: {value}");
    let is_allowed = field.allowed.is_empty() || text.is_some_and(|text| field.allowed.contains_key(text));
    assert!(is_allowed, "{path} cannot be {value}");
}
