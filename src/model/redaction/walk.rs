//! Walks a value beside the value that stood there before, so that a hidden difference is still told.

use std::borrow::Cow;
use std::collections::HashMap;

use super::fields::{self, Parent, Rule};
use super::judge::Judge;
use super::marks::{REDACTED, REDACTED_CHANGED};
use super::names::{Meaning, Name};
use super::text;
use super::values::{is_harmless, is_time, looks_made};
use super::{lists, paths};
use crate::model::json::Json;
use crate::model::words::ModelType;

/// How often JSON may stand inside a string inside JSON before a string is taken as plain text.
const MAX_INNER_JSON: usize = 3;

/// One pass over a value.
#[derive(Clone, Copy)]
pub(super) struct Walk<'a> {
    pub(super) judge: &'a Judge,
    pub(super) model_type: ModelType,
    /// How many strings of JSON it is in.
    pub(super) inner_json: usize,
}

/// Tells whether `rule` hides a value as a whole.
pub(super) fn hides(rule: Rule, key: &Name, value: &Json) -> bool {
    let is_container = matches!(value, Json::Object(_) | Json::Array(_));
    match rule {
        Rule::Secret => true,
        Rule::Credential(Meaning::Scheme) if is_container => false,
        Rule::Credential(meaning) => !is_harmless(value, key, meaning),
        Rule::TextOnly => is_container && !lists::is_empty(value),
        Rule::Bookkeeping => match value {
            Json::Null | Json::Bool(_) | Json::Number(_) => false,
            Json::String(text) => {
                !(text.is_empty() || is_time(text) || !looks_made(text) && key.last() != "at")
            }
            Json::Array(_) | Json::Object(_) => true,
        },
        Rule::Guarded => matches!(value, Json::String(text) if looks_made(text)),
        Rule::Prose | Rule::Open | Rule::Headers | Rule::SecretHeaders => false,
    }
}

impl Walk<'_> {
    /// What is kept of a value under a rule.
    pub(super) fn value(self, rule: Rule, key: &Name, value: &Json, before: Option<&Json>) -> Json {
        if hides(rule, key, value) {
            return hidden(value, before);
        }
        match value {
            Json::Object(members) => self.object(rule, members, before),
            Json::Array(items) => self.array(rule, key, items, before),
            Json::String(text) => self.string(rule, key, text, before),
            Json::Null => Json::Null,
            leaf if rule == Rule::SecretHeaders => hidden(leaf, before),
            leaf => leaf.clone(),
        }
    }

    fn array(self, rule: Rule, key: &Name, items: &[Json], before: Option<&Json>) -> Json {
        let before = if let Some(Json::Array(before)) = before { before.as_slice() } else { &[] };
        let rules = lists::item_rules(self.judge, rule, items);
        let item = |(index, item): (usize, &Json)| {
            let rule = rules.as_ref().map_or(rule, |rules| rules[index]);
            // A list of pairs: `[["Authorization", "…"]]`.
            if let Json::Array(pair) = item
                && let Some(meaning) = lists::pair(self.judge, pair)
            {
                return self.by_index(
                    &lists::after_first(meaning, pair.len()),
                    rule,
                    pair,
                    before.get(index),
                );
            }
            self.value(rule, key, item, before.get(index))
        };
        Json::Array(items.iter().enumerate().map(item).collect())
    }

    /// The items of a list, each with a meaning of its own.
    fn by_index(self, meanings: &[Meaning], rule: Rule, items: &[Json], before: Option<&Json>) -> Json {
        let name = Name::of("");
        let item = |(index, item): (usize, &Json)| {
            let before = before.and_then(|before| before.get(&index.to_string()));
            let meaning = meanings.get(index).copied().unwrap_or(Meaning::Plain);
            self.value(
                if meaning.is_credential() { Rule::Credential(meaning) } else { rule },
                &name,
                item,
                before,
            )
        };
        Json::Array(items.iter().enumerate().map(item).collect())
    }

    fn object(self, rule: Rule, members: &[(String, Json)], before: Option<&Json>) -> Json {
        let named = lists::named(self.judge, members);
        let columns = lists::columns(self.judge, members);
        let is_jwk = lists::is_key(members);
        // Collected once: to search among many members for each of them would take the square of their number.
        let before: HashMap<&str, &Json> = match before {
            Some(Json::Object(before)) => before.iter().map(|(key, value)| (key.as_str(), value)).collect(),
            _ => HashMap::new(),
        };
        let member = |(key, value): &(String, Json)| {
            let name = Name::of(key);
            let rule_of = |key: &str| fields::rule(self.judge, Parent::Member(self.model_type, rule), key);
            let kept_key = paths::key(self.judge, rule, key);
            let mut own = rule_of(key);
            // What is kept of a key may say more than the key did: redacting again must find no more to hide.
            if kept_key != *key && matches!(own, Rule::Open | Rule::Prose | Rule::Guarded | Rule::Headers) {
                own = rule_of(&kept_key);
            }
            if is_jwk && lists::is_private_part(key) {
                own = Rule::Credential(Meaning::Password);
            } else if matches!(own, Rule::Open | Rule::Prose | Rule::Guarded | Rule::Headers) {
                own = lists::beside(named, &name, value).unwrap_or(own);
            }
            let before = before.get(key.as_str()).copied();
            if let (Some((of, meanings)), Json::Array(items)) = (&columns, value)
                && *of != key
                && !matches!(own, Rule::Secret | Rule::Credential(_))
                && let Some(kept) = self.table(meanings, own, items, before)
            {
                return (kept_key, kept);
            }
            (kept_key, self.value(own, &name, value, before))
        };
        Json::Object(members.iter().map(member).collect())
    }

    /// Cells beside a list of names: `{"names": […], "values": […]}`, `{"columns": […], "rows": [[…]]}`.
    fn table(self, meanings: &[Meaning], rule: Rule, items: &[Json], before: Option<&Json>) -> Option<Json> {
        let is_rows = |item: &Json| matches!(item, Json::Array(cells) if cells.len() == meanings.len());
        if !items.is_empty() && items.iter().all(is_rows) {
            let row = |(index, item): (usize, &Json)| match item {
                Json::Array(cells) => self.by_index(
                    meanings,
                    rule,
                    cells,
                    before.and_then(|before| before.get(&index.to_string())),
                ),
                other => other.clone(),
            };
            return Some(Json::Array(items.iter().enumerate().map(row).collect()));
        }
        (items.len() == meanings.len()).then(|| self.by_index(meanings, rule, items, before))
    }

    fn string(self, rule: Rule, key: &Name, text: &str, before: Option<&Json>) -> Json {
        let before_text = match before {
            Some(Json::String(before)) => Some(before.as_str()),
            _ => None,
        };
        if self.inner_json < MAX_INNER_JSON
            && text.trim_start().starts_with(['{', '[', '"'])
            && let Ok(inner) = Json::parse(text)
        {
            let inner_before = before_text.and_then(|before| Json::parse(before).ok());
            let walk = Self { inner_json: self.inner_json + 1, ..self };
            let kept = walk.value(rule, key, &inner, inner_before.as_ref());
            // A string that held nothing secret stays as it was sent, blanks and all.
            return Json::String(if kept == inner { text.to_owned() } else { kept.to_string() });
        }
        if rule == Rule::SecretHeaders {
            return hidden(&Json::String(text.to_owned()), before);
        }
        let is_prose = matches!(rule, Rule::Prose | Rule::TextOnly);
        let scrub = |text, marker| text::scrub(text, marker, self.judge, is_prose);
        let Cow::Owned(kept) = scrub(text, REDACTED) else { return Json::String(text.to_owned()) };
        let hides_change =
            before_text.is_some_and(|before| before != text && scrub(before, REDACTED) == kept);
        Json::String(if hides_change { scrub(text, REDACTED_CHANGED).into_owned() } else { kept })
    }
}

fn hidden(value: &Json, before: Option<&Json>) -> Json {
    let is_changed = before.is_some_and(|before| !before.same(value));
    Json::String(if is_changed { REDACTED_CHANGED } else { REDACTED }.to_owned())
}
