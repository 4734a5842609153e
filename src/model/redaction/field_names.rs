//! Redacts the names of fields and the keys of members, which may contain the value: `password=x7Yz`,
//! `custom_auth_headers.X-Shop.x7Yz`.

use std::rc::Rc;

use crate::model::redaction::classifier::Classifier;
use crate::model::redaction::markers::REDACTED;
use crate::model::redaction::names::KeyName;
use crate::model::redaction::rules::{self, FieldRule, Parent};
use crate::model::redaction::text;
use crate::model::redaction::values::{before_value, is_random, looks_generated};
use crate::model::words::ModelType;

/// The rule for a field. A recorder may name a field by a path: then each part is a member of the part before it.
pub(super) fn rule(classifier: &Classifier, model_type: ModelType, field: &str) -> FieldRule {
    let mut rule = None;
    let mut above = "";
    for key in parts(field).map(|(_, key)| key).filter(|key| !key.is_empty()) {
        let key = before_value(key);
        let parent = rule.map_or(Parent::Model(model_type), |rule| Parent::Member(model_type, rule));
        // A number is an index.
        if key.is_empty() || rule.is_some() && key.bytes().all(|byte| byte.is_ascii_digit()) {
            continue;
        }
        let mut own = rules::rule(classifier, parent, key);
        // `api.key`
        if own == FieldRule::Open && key == "key" && !above.is_empty() {
            own = rules::rule(classifier, parent, &format!("{above} key"));
        }
        above = key;
        rule = Some(stricter(rule, own));
    }
    rule.unwrap_or(FieldRule::Open)
}

/// Under a credential every member is one, unless it only describes the credential.
fn stricter(above: Option<FieldRule>, own: FieldRule) -> FieldRule {
    match (above, own) {
        (Some(FieldRule::Credential(class)), FieldRule::Open | FieldRule::Prose | FieldRule::Headers) => {
            FieldRule::Credential(class)
        }
        _ => own,
    }
}

/// A field's name without the values in it.
pub(super) fn redact_field(classifier: &Classifier, model_type: ModelType, field: &str) -> String {
    let mut kept = String::with_capacity(field.len());
    let mut rule = None;
    let mut done = 0;
    for (at, key) in parts(field) {
        kept.push_str(&field[done..at]);
        done = at + key.len();
        let parent = rule.map_or(Parent::Model(model_type), |rule| Parent::Member(model_type, rule));
        let name = before_value(key);
        if name.len() < key.len() {
            let own = rules::rule(classifier, parent, name);
            if is_sensitive(own) || rule.is_some_and(is_sensitive) {
                // The value follows, and may contain the separators of a path.
                kept.push_str(&field[at..=at + name.len()]);
                kept.push_str(REDACTED);
                return text::redact(&kept, REDACTED, classifier, false).into_owned();
            }
        }
        let is_under_secret = rule.is_some_and(is_sensitive) || model_type == ModelType::Secret;
        match key.rsplit_once(' ') {
            _ if let Some(at) = value_after_noun(classifier, key) => {
                kept.push_str(&key[..at]);
                kept.push_str(REDACTED);
            }
            _ if is_under_secret && key.split_whitespace().any(looks_generated) => kept.push_str(REDACTED),
            // `password is x7Yz`
            Some((before, word)) if looks_generated(word) => {
                kept.push_str(before);
                kept.push(' ');
                kept.push_str(REDACTED);
            }
            _ => kept.push_str(key),
        }
        if !key.is_empty() {
            rule = Some(rules::rule(classifier, parent, key));
        }
    }
    kept.push_str(&field[done..]);
    text::redact(&kept, REDACTED, classifier, false).into_owned()
}

/// Where the value begins that follows the noun in a key: `token_x7Yz…`, `key_ghp_…`.
fn value_after_noun(classifier: &Classifier, key: &str) -> Option<usize> {
    const MIN_VALUE: usize = 16;
    let at = key.find(['_', '-']).filter(|at| key.len() - at > MIN_VALUE)?;
    let (noun, value) = (&key[..at], &key[at + 1..]);
    let is_noun = matches!(noun, "key" | "sess" | "session") || classifier.is_credential(noun);
    (is_noun && is_random(value)).then_some(at + 1)
}

/// A member's key without the values in it, in an object with the rule `above`.
pub(super) fn redact_key(classifier: &Classifier, above: FieldRule, key: &str) -> String {
    if let Some(at) = value_after_noun(classifier, key) {
        return format!("{}{REDACTED}", &key[..at]);
    }
    if !is_sensitive(above) {
        return text::redact(key, REDACTED, classifier, false).into_owned();
    }
    let name = before_value(key);
    if name.len() < key.len() {
        return format!("{}{REDACTED}", &key[..=name.len()]);
    }
    if looks_generated(key) {
        REDACTED.to_owned()
    } else {
        text::redact(key, REDACTED, classifier, false).into_owned()
    }
}

fn is_sensitive(rule: FieldRule) -> bool {
    matches!(
        rule,
        FieldRule::Secret | FieldRule::SecretHeaders | FieldRule::Credential(_) | FieldRule::Lifecycle
    )
}

/// The parts of a path with their indices.
fn parts(field: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut at = 0;
    field.split(['.', '[', ']', '/']).map(move |key| {
        let start = at;
        at += key.len() + 1;
        (start, key)
    })
}

/// The last part of a field's path, which names its value.
pub(super) fn last(field: &str) -> Rc<KeyName> {
    let keys = parts(field)
        .map(|(_, key)| key)
        .filter(|key| !key.is_empty() && !key.bytes().all(|byte| byte.is_ascii_digit()));
    KeyName::of(before_value(keys.last().unwrap_or(field)))
}
