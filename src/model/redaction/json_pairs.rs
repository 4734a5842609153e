//! Names and values side by side in JSON: pairs as objects and as lists, parallel lists, tables, the words of a command,
//! and the lines of a private key.

use crate::model::json::Json;
use crate::model::redaction::classifier::Classifier;
use crate::model::redaction::markers::has_marker;
use crate::model::redaction::names::{KeyName, NameClass};
use crate::model::redaction::references::{is_reference, is_scheme};
use crate::model::redaction::rules::FieldRule;
use crate::model::redaction::text::pem;
use crate::model::redaction::values::{is_harmless_text, looks_generated, trim_punctuation};
use crate::model::redaction::vocabulary::{Words, word_set};

/// The most items of a pair written as a list: a name, a scheme and a value.
const MAX_PAIR: usize = 4;

/// Types that declare the value beside them a secret.
static SECRET_TYPES: Words = Words::new(|| {
    word_set(
        "secret password securestring secure_string sensitive credential apikey api_key bearer private_key encrypted",
    )
});
/// Flags that declare the value beside them a secret.
static SECRET_FLAGS: Words =
    Words::new(|| word_set("secret sensitive masked is_secret isSecret encrypted confidential"));
/// Lists of names, by the last word of their key.
static NAME_LISTS: Words =
    Words::new(|| word_set("names keys headers fields columns params parameters header headernames"));

pub(super) fn is_empty(value: &Json) -> bool {
    match value {
        Json::Array(items) => items.is_empty(),
        Json::Object(members) => members.is_empty(),
        _ => false,
    }
}

/// The class of a text that names the value beside it. A text with a marker is no name, because redacting it again must
/// not change the result.
fn class_of_text(classifier: &Classifier, text: &str) -> NameClass {
    if has_marker(text) { NameClass::Ordinary } else { classifier.class(text) }
}

fn first_credential(mut classes: impl Iterator<Item = NameClass>) -> NameClass {
    classes.find(|class| class.is_credential()).unwrap_or(NameClass::Ordinary)
}

/// The class that an object's name members give to its other members: `{"headerName": "Authorization", …}`.
pub(super) fn named_class(classifier: &Classifier, members: &[(String, Json)]) -> NameClass {
    first_credential(members.iter().map(|(key, value)| match value {
        Json::String(text) if KeyName::of(key).is_name_member() => class_of_text(classifier, text),
        Json::String(text)
            if matches!(key.as_str(), "type" | "kind")
                && SECRET_TYPES.contains(text.to_ascii_lowercase().as_str()) =>
        {
            NameClass::Key
        }
        Json::Bool(true) if SECRET_FLAGS.contains(key.as_str()) => NameClass::Key,
        // `{"to": {"field": "password"}, "from": …}`
        Json::Object(inner) if inner.len() < 4 && KeyName::of(key).is_name_member() => {
            first_credential(inner.iter().map(|(key, value)| match value {
                Json::String(text) if KeyName::of(key).is_name_member() => class_of_text(classifier, text),
                _ => NameClass::Ordinary,
            }))
        }
        _ => NameClass::Ordinary,
    }))
}

/// The rule for a member beside a name of this class, or `None` when the member does not hold the named value.
pub(super) fn rule_beside(named: NameClass, name: &KeyName, value: &Json) -> Option<FieldRule> {
    if !named.is_credential() || name.is_name_member() && !name.is_value_member() {
        return None;
    }
    if name.is_value_member() {
        return Some(FieldRule::Credential(named));
    }
    if name.is_attribute() && !name.is_source_member() {
        return None;
    }
    // `{"to": "password", "from": "row.Password"}`: the source is a path, or a quoted value.
    let is_literal = |text: &str| {
        let is_marked = ["const:", "constant:", "literal:", "static:", "fixed:"]
            .iter()
            .any(|mark| text.starts_with(mark));
        is_marked && !is_reference(text)
            || text.trim().starts_with(['"', '\'']) && trim_punctuation(text).len() > 1 && !is_reference(text)
    };
    match value {
        Json::String(text) if name.is_source_member() && is_literal(text) => Some(FieldRule::Secret),
        Json::Array(_) | Json::Object(_) if name.is_source_member() => Some(FieldRule::Credential(named)),
        _ => Some(FieldRule::Guarded),
    }
}

/// The key of a list of names whose values are in the lists beside it, and the classes of the names.
pub(super) fn columns<'t>(
    classifier: &Classifier,
    members: &'t [(String, Json)],
) -> Option<(&'t String, Vec<NameClass>)> {
    members.iter().find_map(|(key, value)| {
        let Json::Array(items) = value else { return None };
        let name = KeyName::of(key);
        if !(name.is_plural && NAME_LISTS.contains(name.last())) {
            return None;
        }
        let class = |item: &Json| match item {
            Json::String(text) => class_of_text(classifier, text),
            _ => NameClass::Ordinary,
        };
        let classes: Vec<_> = items.iter().map(class).collect();
        classes.iter().any(|class| class.is_credential()).then_some((key, classes))
    })
}

/// The classes of the items of a pair that begins with the name of a credential: `["Authorization", "Basic", "…"]`.
pub(super) fn pair(classifier: &Classifier, pair: &[Json]) -> Option<Vec<NameClass>> {
    let [Json::String(name), _, ..] = pair else { return None };
    let class = match class_of_text(classifier, name) {
        class if !class.is_credential() || pair.len() > MAX_PAIR => return None,
        // The scheme and the credential are judged one by one.
        NameClass::Scheme => NameClass::Key,
        class => class,
    };
    Some(std::iter::once(NameClass::Ordinary).chain(std::iter::repeat_n(class, pair.len() - 1)).collect())
}

/// The rules for a list's items where they differ from the list's own: lines of a private key, words of a command, and
/// names alternating with values.
pub(super) fn item_rules(classifier: &Classifier, rule: FieldRule, items: &[Json]) -> Option<Vec<FieldRule>> {
    if items.len() < 2 || !items.iter().any(|item| matches!(item, Json::String(_))) {
        return None;
    }
    let mut rules = Vec::with_capacity(items.len());
    let mut is_in_key = false;
    let mut before: Option<&str> = None;
    let is_command = matches!(items.first(), Some(Json::String(text)) if text.ends_with("curl"));
    for item in items {
        let Json::String(text) = item else {
            before = None;
            rules.push(if is_in_key { FieldRule::Secret } else { rule });
            continue;
        };
        let (opens, closes) = pem::opens_and_closes(text);
        let is_secret = is_in_key
            || opens
            || before.is_some_and(|before| is_value_of(classifier, rule, before, text, is_command));
        is_in_key = (is_in_key || opens) && !closes;
        rules.push(if is_secret { FieldRule::Secret } else { rule });
        // `["Authorization", "Basic", "…"]`: the scheme stands between.
        if !(is_scheme(text) && before.is_some_and(|before| classifier.is_credential(before))) {
            before = Some(text);
        }
    }
    rules.iter().any(|it| *it != rule).then_some(rules)
}

/// Whether a text is the credential that the text before it names.
fn is_value_of(classifier: &Classifier, rule: FieldRule, before: &str, text: &str, is_command: bool) -> bool {
    if is_command && matches!(before, "-u" | "--user" | "-U" | "--proxy-user" | "-b" | "--cookie") {
        return !is_reference(text);
    }
    if text.starts_with('-')
        || before.len() > 64
        || before.contains(['=', ' '])
        || !classifier.is_credential(before)
    {
        return false;
    }
    let is_value = before.starts_with("--") || rule == FieldRule::Headers;
    is_value && !is_harmless_text(text, NameClass::Key) || looks_generated(text)
}

/// Which of these values are the lines of a private key, if one of them opens it: `{"1": "-----BEGIN …", "2": "…"}`.
pub(super) fn key_lines<'v>(values: impl Iterator<Item = &'v Json> + Clone) -> Option<Vec<bool>> {
    let bounds = |value: &Json| match value {
        Json::String(text) => pem::opens_and_closes(text),
        _ => (false, false),
    };
    values.clone().any(|value| bounds(value).0).then(|| {
        let mut is_in_key = false;
        let line = |value: &Json| {
            let (opens, closes) = bounds(value);
            let is_line = is_in_key || opens;
            is_in_key = is_line && !closes;
            is_line
        };
        values.map(line).collect()
    })
}

/// Whether an object is a Kubernetes secret.
pub(super) fn is_kubernetes_secret(members: &[(String, Json)]) -> bool {
    members
        .iter()
        .any(|(key, value)| key == "kind" && matches!(value, Json::String(kind) if kind == "Secret"))
}

/// Whether such a member of a Kubernetes secret holds its values, each under a name of its own.
pub(super) fn is_kubernetes_data(key: &str) -> bool {
    matches!(key, "data" | "stringData")
}

/// Whether an object is a JSON Web Key.
pub(super) fn is_jwk(members: &[(String, Json)]) -> bool {
    members.iter().any(|(key, value)| key == "kty" && matches!(value, Json::String(_)))
}

/// Whether a member of a JSON Web Key is secret.
pub(super) fn is_private_jwk_member(key: &str) -> bool {
    matches!(key, "d" | "p" | "q" | "dp" | "dq" | "qi" | "k" | "oth")
}
