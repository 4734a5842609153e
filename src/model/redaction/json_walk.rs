//! Redacts a JSON value. It walks the previous value alongside, so that the change of a redacted value stays visible.

use std::borrow::Cow;
use std::collections::HashMap;

use crate::model::json::Json;
use crate::model::redaction::classifier::Classifier;
use crate::model::redaction::markers::{REDACTED, REDACTED_CHANGED};
use crate::model::redaction::names::{KeyName, NameClass};
use crate::model::redaction::normalize::is_wordlike;
use crate::model::redaction::rules::{self, FieldRule, Parent};
use crate::model::redaction::values::{
    is_harmless, is_known_word, is_random, is_rule_member, is_time, looks_generated,
};
use crate::model::redaction::{field_names, json_pairs, text};
use crate::model::words::ModelType;

/// How deep JSON may nest in strings. A deeper string is treated as plain text.
const MAX_JSON_IN_STRINGS: usize = 3;

#[derive(Clone, Copy)]
pub(super) struct JsonRedactor<'a> {
    pub(super) classifier: &'a Classifier,
    pub(super) model_type: ModelType,
    /// The number of enclosing strings.
    pub(super) strings: usize,
}

/// Whether `rule` redacts a value as a whole.
pub(super) fn is_redacted(rule: FieldRule, key: &KeyName, value: &Json) -> bool {
    let is_container = matches!(value, Json::Object(_) | Json::Array(_));
    match rule {
        FieldRule::Secret => true,
        FieldRule::Credential(NameClass::Scheme) if is_container => false,
        FieldRule::Credential(class) => {
            !is_harmless(value, key, class) && !is_rule_member(&key.joined, value)
        }
        FieldRule::TextOnly => is_container && !json_pairs::is_empty(value),
        FieldRule::Lifecycle => match value {
            Json::Null | Json::Bool(_) | Json::Number(_) => false,
            Json::String(text) => !(text.is_empty() || is_time(text) || is_state(key, text)),
            Json::Array(_) | Json::Object(_) => true,
        },
        FieldRule::Guarded => matches!(value, Json::String(text) if looks_generated(text)),
        FieldRule::Prose | FieldRule::Open | FieldRule::Headers | FieldRule::SecretHeaders => false,
    }
}

/// Whether a text in a life-cycle field of a secret is an identifier, a number, a flag or a state, as the field's name says.
fn is_state(key: &KeyName, text: &str) -> bool {
    match key.last() {
        "at" => false,
        "id" | "uuid" | "by" | "status" => !looks_generated(text),
        _ => is_known_word(text) || text.bytes().any(|byte| byte.is_ascii_digit()) && !looks_generated(text),
    }
}

impl JsonRedactor<'_> {
    /// The value as it may be stored under a rule.
    pub(super) fn value(self, rule: FieldRule, key: &KeyName, value: &Json, before: Option<&Json>) -> Json {
        if is_redacted(rule, key, value) {
            return redacted(value, before);
        }
        match value {
            Json::Object(members) => self.object(rule, key, members, before),
            Json::Array(items) => self.array(rule, key, items, before),
            Json::String(text) => self.string(rule, key, text, before),
            Json::Null => Json::Null,
            leaf if rule == FieldRule::SecretHeaders => redacted(leaf, before),
            leaf => leaf.clone(),
        }
    }

    fn array(self, rule: FieldRule, key: &KeyName, items: &[Json], before: Option<&Json>) -> Json {
        let before = if let Some(Json::Array(before)) = before { before.as_slice() } else { &[] };
        let rules = json_pairs::item_rules(self.classifier, rule, items);
        let item = |(index, item): (usize, &Json)| {
            let rule = rules.as_ref().map_or(rule, |rules| rules[index]);
            match item {
                // A list of pairs: `[["Authorization", "…"]]`.
                Json::Array(pair) if let Some(classes) = json_pairs::pair(self.classifier, pair) => {
                    self.by_index(&classes, rule, pair, before.get(index))
                }
                item => self.value(rule, key, item, before.get(index)),
            }
        };
        Json::Array(items.iter().enumerate().map(item).collect())
    }

    /// Redacts the items of a list, each with a class of its own.
    fn by_index(self, classes: &[NameClass], rule: FieldRule, items: &[Json], before: Option<&Json>) -> Json {
        let name = KeyName::of("");
        let item = |(index, item): (usize, &Json)| {
            let before = before.and_then(|before| before.get(&index.to_string()));
            let class = classes.get(index).filter(|class| class.is_credential());
            self.value(class.map_or(rule, |class| FieldRule::Credential(*class)), &name, item, before)
        };
        Json::Array(items.iter().enumerate().map(item).collect())
    }

    fn object(
        self,
        rule: FieldRule,
        above: &KeyName,
        members: &[(String, Json)],
        before: Option<&Json>,
    ) -> Json {
        let named = json_pairs::named_class(self.classifier, members);
        let columns = json_pairs::columns(self.classifier, members);
        let is_jwk = json_pairs::is_jwk(members);
        let is_kubernetes_secret = json_pairs::is_kubernetes_secret(members);
        let key_lines = json_pairs::key_lines(members.iter().map(|(_, value)| value));
        // A map, because a search for each of many members would be quadratic.
        let before: HashMap<&str, &Json> = match before {
            Some(Json::Object(before)) => before.iter().map(|(key, value)| (key.as_str(), value)).collect(),
            _ => HashMap::new(),
        };
        let member = |(index, (key, value)): (usize, &(String, Json))| {
            let name = KeyName::of(key);
            let rule_of =
                |key: &str| rules::rule(self.classifier, Parent::Member(self.model_type, rule), key);
            let kept_key = field_names::redact_key(self.classifier, rule, key);
            let is_readable = |rule| {
                matches!(rule, FieldRule::Open | FieldRule::Prose | FieldRule::Guarded | FieldRule::Headers)
            };
            let mut own = rule_of(key);
            // `{"api": {"key": …}}`
            if own == FieldRule::Open && name.joined == "key" && !above.words.is_empty() {
                own = rule_of(&format!("{} key", above.words.join(" ")));
            }
            // A redacted key may have a stricter rule, and redacting again must not change the result.
            if kept_key != *key && is_readable(own) {
                own = rule_of(&kept_key);
            }
            if key_lines.as_ref().is_some_and(|lines| lines[index]) {
                own = FieldRule::Secret;
            } else if is_kubernetes_secret && json_pairs::is_kubernetes_data(key) {
                own = FieldRule::SecretHeaders;
            } else if is_jwk && json_pairs::is_private_jwk_member(key) {
                own = FieldRule::Credential(NameClass::Password);
            } else if is_readable(own) {
                own = json_pairs::rule_beside(named, &name, value).unwrap_or(own);
            }
            let before = before.get(key.as_str()).copied();
            if let (Some((names, classes)), Json::Array(items)) = (&columns, value)
                && *names != key
                && !matches!(own, FieldRule::Secret | FieldRule::Credential(_))
                && let Some(kept) = self.table(classes, own, items, before)
            {
                return (kept_key, kept);
            }
            (kept_key, self.value(own, &name, value, before))
        };
        Json::Object(members.iter().enumerate().map(member).collect())
    }

    /// Redacts the values of a list of names: `{"names": […], "values": […]}`, `{"columns": […], "rows": [[…]]}`.
    fn table(
        self,
        classes: &[NameClass],
        rule: FieldRule,
        items: &[Json],
        before: Option<&Json>,
    ) -> Option<Json> {
        let is_rows = |item: &Json| matches!(item, Json::Array(cells) if cells.len() == classes.len());
        if !items.is_empty() && items.iter().all(is_rows) {
            let row = |(index, item): (usize, &Json)| match item {
                Json::Array(cells) => self.by_index(
                    classes,
                    rule,
                    cells,
                    before.and_then(|before| before.get(&index.to_string())),
                ),
                other => other.clone(),
            };
            return Some(Json::Array(items.iter().enumerate().map(row).collect()));
        }
        (items.len() == classes.len()).then(|| self.by_index(classes, rule, items, before))
    }

    fn string(self, rule: FieldRule, key: &KeyName, text: &str, before: Option<&Json>) -> Json {
        let before_text = match before {
            Some(Json::String(before)) => Some(before.as_str()),
            _ => None,
        };
        if self.strings < MAX_JSON_IN_STRINGS
            && text.trim_start().starts_with(['{', '[', '"'])
            && let Ok(inner) = Json::parse(text)
        {
            let inner_before = before_text.and_then(|before| Json::parse(before).ok());
            let inside = Self { strings: self.strings + 1, ..self };
            let kept = inside.value(rule, key, &inner, inner_before.as_ref());
            // A string without a secret is kept as it was sent, with its blanks.
            return Json::String(if kept == inner { text.to_owned() } else { kept.to_string() });
        }
        if rule == FieldRule::SecretHeaders {
            if names_header(key, text) {
                return Json::String(text.to_owned());
            }
            return redacted(&Json::String(text.to_owned()), before);
        }
        let is_prose = matches!(rule, FieldRule::Prose | FieldRule::TextOnly);
        // The description of a secret and the notes of an endpoint: a word that can only be a value goes wherever it stands.
        let has_random_words = matches!(rule, FieldRule::TextOnly | FieldRule::Guarded);
        let redact = |text, marker| {
            let words =
                if has_random_words { without_random_words(text, marker) } else { Cow::Borrowed(text) };
            match words {
                Cow::Borrowed(text) => text::redact(text, marker, self.classifier, is_prose),
                Cow::Owned(text) => {
                    Cow::Owned(text::redact(&text, marker, self.classifier, is_prose).into_owned())
                }
            }
        };
        let Cow::Owned(kept) = redact(text, REDACTED) else { return Json::String(text.to_owned()) };
        let is_changed = before_text.is_some_and(|before| before != text && redact(before, REDACTED) == kept);
        Json::String(if is_changed { redact(text, REDACTED_CHANGED).into_owned() } else { kept })
    }
}

/// The text with `marker` in place of each word that was generated.
fn without_random_words<'t>(text: &'t str, marker: &str) -> Cow<'t, str> {
    let ends_word = |c: char| {
        c.is_whitespace()
            || matches!(c, '=' | ':' | ',' | ';' | '"' | '\'' | '`' | '(' | ')' | '<' | '>' | '[' | ']')
    };
    if !text.split(ends_word).any(is_random) {
        return Cow::Borrowed(text);
    }
    let mut kept = String::with_capacity(text.len());
    for piece in text.split_inclusive(ends_word) {
        let word = piece.trim_end_matches(ends_word);
        kept.push_str(if is_random(word) { marker } else { word });
        kept.push_str(&piece[word.len()..]);
    }
    Cow::Owned(kept)
}

/// Whether a text under `signature_header` or `required_headers` is the name of a header: `X-Signature`.
fn names_header(key: &KeyName, text: &str) -> bool {
    let may_name = key.last() == "header" && key.words.len() > 1
        || key
            .words
            .iter()
            .any(|word| matches!(word.as_str(), "required" | "expected" | "allowed" | "exposed"));
    may_name
        && text.starts_with("X-")
        && text.len() < 40
        && text.bytes().all(|byte| byte.is_ascii_alphabetic() || byte == b'-')
        && is_wordlike(text)
}

fn redacted(value: &Json, before: Option<&Json>) -> Json {
    let is_changed = before.is_some_and(|before| !before.same(value));
    Json::String(if is_changed { REDACTED_CHANGED } else { REDACTED }.to_owned())
}
