//! What may never be stored: the built-in table of credentials, applied to every change before it can be written.
//!
//! A redacted field still says that it changed. `names` knows which keys name a credential, `shapes` which texts look
//! like one; this file knows which fields of which model are secret always, and walks values.

#[cfg(test)]
mod cases;
mod names;
mod pairs;
#[cfg(test)]
mod properties;
mod shapes;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::collections::HashMap;

use crate::model::change::Change;
use crate::model::json::{Json, RawJson};
use crate::model::redaction::names::Name;
use crate::model::words::ModelType;

/// Stands inside a value where a credential stood.
pub const REDACTED: &str = "[redacted]";
/// Stands on the new side where a credential stood on both sides and was not the same.
pub const REDACTED_CHANGED: &str = "[redacted, changed]";

/// How often JSON may stand inside a string inside JSON before a string is taken as plain text.
const MAX_INNER_JSON: usize = 3;

/// The table: the built-in rules, which nothing removes, and an operator's additions.
#[derive(Debug, Clone, Default)]
pub struct Redaction {
    additional_names: Vec<String>,
}

/// How a value beneath some key is treated.
#[derive(Clone, Copy, PartialEq)]
enum Rule {
    /// Kept, but for what looks like a credential.
    Readable,
    /// Hidden when it could hold a credential: a reference to a secret, a flag or nothing stays readable.
    Credential,
    /// Hidden always.
    Secret,
    /// A map of authentication headers: names stay, every value is hidden.
    SecretHeaders,
}

impl Redaction {
    /// The built-in table and `additional_names`: further keys, in any spelling, that name a credential.
    #[must_use]
    pub fn new(additional_names: &[String]) -> Self {
        Self { additional_names: additional_names.iter().map(|name| names::joined(name)).collect() }
    }

    /// Makes the change that may be kept of a field that differs.
    #[must_use]
    pub fn change(
        &self,
        model_type: ModelType,
        field: &str,
        old: Option<&Json>,
        new: Option<&Json>,
    ) -> Change {
        let rule = self.field_rule(model_type, field);
        let hidden = |side: Option<&Json>| side.is_some_and(|value| hides(rule, value));
        let field = self.text(field).into_owned();
        if hidden(old) || hidden(new) {
            return Change { field, old: None, new: None, redacted: true };
        }
        let walk = Walk { redaction: self, model_type };
        let kept_old = old.map(|value| RawJson::from(&walk.value(rule, value, None, 0)));
        let kept_new = new.map(|value| RawJson::from(&walk.value(rule, value, old, 0)));
        Change { field, old: kept_old, new: kept_new, redacted: false }
    }

    /// A text without what looks like a credential in it.
    #[must_use]
    pub fn text<'a>(&self, text: &'a str) -> Cow<'a, str> {
        shapes::scrub(text, REDACTED, &|name| self.names_credential(name))
    }

    /// The rule of a field, which a recorder may name by a dotted path: the strictest along the path counts.
    fn field_rule(&self, model_type: ModelType, field: &str) -> Rule {
        let mut rule = Rule::Readable;
        for key in field.split(['.', '[', ']', '/']).filter(|key| !key.is_empty()) {
            match self.rule(model_type, key) {
                _ if rule == Rule::SecretHeaders => return Rule::Secret,
                Rule::Readable => {}
                Rule::SecretHeaders => rule = Rule::SecretHeaders,
                stricter => return stricter,
            }
        }
        rule
    }

    fn rule(&self, model_type: ModelType, key: &str) -> Rule {
        let name = Name::of(key);
        match (model_type, name.joined.as_str()) {
            // `encrypted_value` and `newValue` too: a secret has no other value than its own.
            (ModelType::Secret, key) if key.ends_with("value") => Rule::Secret,
            (ModelType::Connector, "examplepayload") => Rule::Secret,
            (ModelType::ConnectorEndpoint, "bearertoken" | "secrettoken" | "webhooksecret") => Rule::Secret,
            (ModelType::ConnectorEndpoint, "customheaders" | "headers") => Rule::SecretHeaders,
            (ModelType::ConnectorEndpoint, key) if key.ends_with("authheaders") => Rule::SecretHeaders,
            _ if self.is_credential(&name) => Rule::Credential,
            _ => Rule::Readable,
        }
    }

    fn names_credential(&self, key: &str) -> bool {
        self.is_credential(&Name::of(key))
    }

    fn is_credential(&self, name: &Name) -> bool {
        name.is_credential || self.additional_names.contains(&name.joined)
    }
}

/// Tells whether `rule` hides a value as a whole.
fn hides(rule: Rule, value: &Json) -> bool {
    match rule {
        Rule::Secret => true,
        Rule::Credential => !harmless(value),
        Rule::Readable | Rule::SecretHeaders => false,
    }
}

/// A value that can be no credential: nothing, a flag, or a reference to a secret by its name.
fn harmless(value: &Json) -> bool {
    match value {
        Json::Null | Json::Bool(_) => true,
        Json::String(text) => text.is_empty() || shapes::is_reference(text),
        Json::Array(items) => items.iter().all(harmless),
        Json::Object(members) => members.is_empty(),
        Json::Number(_) => false,
    }
}

/// The member of a `{"name": …}` object that holds what the name stands for.
fn holds_value(key: &str) -> bool {
    let key = names::joined(key);
    key.starts_with("value") || matches!(key.as_str(), "val" | "content" | "data" | "text" | "default")
}

/// One pass over a value, beside the value that stood there before, so that a hidden difference is still told.
struct Walk<'a> {
    redaction: &'a Redaction,
    model_type: ModelType,
}

impl Walk<'_> {
    fn value(&self, rule: Rule, value: &Json, before: Option<&Json>, inner_json: usize) -> Json {
        if hides(rule, value) {
            let changed = before.is_some_and(|before| !before.same(value));
            return Json::String(if changed { REDACTED_CHANGED } else { REDACTED }.to_owned());
        }
        let leaf_rule = if rule == Rule::SecretHeaders { Rule::Secret } else { rule };
        match value {
            Json::Object(members) => self.object(rule, members, before, inner_json),
            Json::Array(items) => {
                let before = if let Some(Json::Array(before)) = before { before.as_slice() } else { &[] };
                let item = |(index, item): (usize, &Json)| match item {
                    // Headers may also come as a list of pairs.
                    Json::Array(pair) if self.is_credential_pair(pair) => {
                        self.pair(pair, before.get(index), inner_json)
                    }
                    item => self.value(rule, item, before.get(index), inner_json),
                };
                Json::Array(items.iter().enumerate().map(item).collect())
            }
            Json::String(text) => self.string(rule, text, before, inner_json),
            Json::Null => Json::Null,
            leaf if leaf_rule == Rule::Secret => self.value(Rule::Secret, leaf, before, inner_json),
            leaf => leaf.clone(),
        }
    }

    fn object(
        &self,
        rule: Rule,
        members: &[(String, Json)],
        before: Option<&Json>,
        inner_json: usize,
    ) -> Json {
        // Headers may also come as a list of {"name": …, "value": …}.
        let named = members.iter().any(|(key, value)| {
            let name = Name::of(key);
            let names = matches!(name.joined.as_str(), "name" | "key" | "header" | "field" | "parameter");
            names && matches!(value, Json::String(name) if self.redaction.names_credential(name))
        });
        // Collected once: to search among many members for each of them would take the square of their number.
        let before: HashMap<&str, &Json> = match before {
            Some(Json::Object(before)) => before.iter().map(|(key, value)| (key.as_str(), value)).collect(),
            _ => HashMap::new(),
        };
        let member = |(key, value): &(String, Json)| {
            let own = match self.redaction.rule(self.model_type, key) {
                _ if rule == Rule::SecretHeaders => Rule::Secret,
                Rule::Readable if named && holds_value(key) => Rule::Credential,
                own => own,
            };
            let before = before.get(key.as_str()).copied();
            (self.redaction.text(key).into_owned(), self.value(own, value, before, inner_json))
        };
        Json::Object(members.iter().map(member).collect())
    }

    /// `["Authorization", "…"]`, as an item of a list.
    fn is_credential_pair(&self, pair: &[Json]) -> bool {
        matches!(pair, [Json::String(name), _] if self.redaction.names_credential(name))
    }

    fn pair(&self, pair: &[Json], before: Option<&Json>, inner_json: usize) -> Json {
        let item = |(index, item): (usize, &Json)| {
            let rule = if index == 0 { Rule::Readable } else { Rule::Credential };
            let before = before.and_then(|before| before.get(&index.to_string()));
            self.value(rule, item, before, inner_json)
        };
        Json::Array(pair.iter().enumerate().map(item).collect())
    }

    fn string(&self, rule: Rule, text: &str, before: Option<&Json>, inner_json: usize) -> Json {
        let before_text = match before {
            Some(Json::String(before)) => Some(before.as_str()),
            _ => None,
        };
        if inner_json < MAX_INNER_JSON
            && text.trim_start().starts_with(['{', '[', '"'])
            && let Ok(inner) = Json::parse(text)
        {
            let inner_before = before_text.and_then(|before| Json::parse(before).ok());
            let kept = self.value(rule, &inner, inner_before.as_ref(), inner_json + 1);
            // A string that held nothing secret stays as it was sent, blanks and all.
            return Json::String(if kept == inner { text.to_owned() } else { kept.to_string() });
        }
        if rule == Rule::SecretHeaders {
            return self.value(Rule::Secret, &Json::String(text.to_owned()), before, inner_json);
        }
        let kept = self.redaction.text(text);
        let Cow::Owned(kept) = kept else { return Json::String(text.to_owned()) };
        let hidden_change =
            before_text.is_some_and(|before| before != text && self.redaction.text(before) == kept);
        if !hidden_change {
            return Json::String(kept);
        }
        Json::String(
            shapes::scrub(text, REDACTED_CHANGED, &|name| self.redaction.names_credential(name)).into_owned(),
        )
    }
}
