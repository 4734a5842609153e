//! Names and values that stand side by side in JSON: pairs as objects and as lists, parallel lists, tables, the words
//! of a command, and the lines of a private key.

use super::fields::Rule;
use super::judge::Judge;
use super::marks::has_mark;
use super::names::{Meaning, Name};
use super::values::{looks_made, trimmed};
use super::{expressions, pem};
use crate::model::json::Json;

/// The most items of a pair written as a list: a name, a scheme and a value.
const MAX_PAIR: usize = 4;

/// Whether a value holds nothing.
pub(super) fn is_empty(value: &Json) -> bool {
    match value {
        Json::Array(items) => items.is_empty(),
        Json::Object(members) => members.is_empty(),
        _ => false,
    }
}

/// What a text says as the name of what stands beside it. One from which something was taken out is no name: redacting
/// again must find no more to hide.
fn called(judge: &Judge, text: &str) -> Meaning {
    if has_mark(text) { Meaning::Plain } else { judge.meaning(text) }
}

/// What the names in an object say of what stands beside them: `{"headerName": "Authorization", …}`.
pub(super) fn named(judge: &Judge, members: &[(String, Json)]) -> Meaning {
    let meaning = |(key, value): &(String, Json)| match value {
        Json::String(text) if Name::of(key).tells_name() => called(judge, text),
        Json::String(text) if matches!(key.as_str(), "type" | "kind") && is_secret_type(text) => Meaning::Key,
        Json::Bool(true)
            if matches!(
                key.as_str(),
                "secret" | "sensitive" | "masked" | "is_secret" | "isSecret" | "encrypted" | "confidential"
            ) =>
        {
            Meaning::Key
        }
        // `{"to": {"field": "password"}, "from": …}`
        Json::Object(inner) if inner.len() < 4 && Name::of(key).tells_name() => {
            let name = |(key, value): &(String, Json)| match value {
                Json::String(text) if Name::of(key).tells_name() => called(judge, text),
                _ => Meaning::Plain,
            };
            inner.iter().map(name).find(|meaning| meaning.is_credential()).unwrap_or(Meaning::Plain)
        }
        _ => Meaning::Plain,
    };
    members.iter().map(meaning).find(|meaning| meaning.is_credential()).unwrap_or(Meaning::Plain)
}

/// Whether a type says that the value beside it is secret.
fn is_secret_type(text: &str) -> bool {
    matches!(
        text.to_ascii_lowercase().as_str(),
        "secret"
            | "password"
            | "securestring"
            | "secure_string"
            | "sensitive"
            | "credential"
            | "apikey"
            | "api_key"
            | "bearer"
            | "private_key"
            | "encrypted"
    )
}

/// The rule of a member that stands beside such a name; none when it is not about the value.
pub(super) fn beside(named: Meaning, name: &Name, value: &Json) -> Option<Rule> {
    if !named.is_credential() || name.tells_name() && !name.holds_value() {
        return None;
    }
    if name.holds_value() {
        return Some(Rule::Credential(named));
    }
    if name.is_attribute() && !name.holds_source() {
        return None;
    }
    // `{"to": "password", "from": "row.Password"}`: the source may be a path, or the value in quotes.
    let is_literal = |text: &str| {
        text.trim().starts_with(['"', '\'']) && trimmed(text).len() > 1 && !expressions::is_reference(text)
    };
    match value {
        Json::String(text) if name.holds_source() && is_literal(text) => Some(Rule::Secret),
        Json::Array(_) | Json::Object(_) if name.holds_source() => Some(Rule::Credential(named)),
        _ => Some(Rule::Guarded),
    }
}

/// The key and the meanings of a list of names, beside which other lists hold the values.
pub(super) fn columns<'t>(
    judge: &Judge,
    members: &'t [(String, Json)],
) -> Option<(&'t String, Vec<Meaning>)> {
    members.iter().find_map(|(key, value)| {
        let Json::Array(items) = value else { return None };
        let name = Name::of(key);
        let tells = name.is_plural
            && matches!(
                name.last(),
                "names"
                    | "keys"
                    | "headers"
                    | "fields"
                    | "columns"
                    | "params"
                    | "parameters"
                    | "header"
                    | "headernames"
            );
        if !tells || items.is_empty() {
            return None;
        }
        let meanings: Vec<_> = items
            .iter()
            .map(|item| match item {
                Json::String(text) => called(judge, text),
                _ => Meaning::Plain,
            })
            .collect();
        meanings.iter().any(|meaning| meaning.is_credential()).then_some((key, meanings))
    })
}

/// What a list says that begins with the name of a credential: `["Authorization", "Basic", "…"]`.
pub(super) fn pair(judge: &Judge, pair: &[Json]) -> Option<Meaning> {
    let [Json::String(name), _, ..] = pair else { return None };
    let meaning = called(judge, name);
    (meaning.is_credential() && pair.len() <= MAX_PAIR).then_some(meaning)
}

/// The meanings of such a list's items.
pub(super) fn after_first(meaning: Meaning, length: usize) -> Vec<Meaning> {
    // A way to sign in and its proof are told apart one by one.
    let meaning = if meaning == Meaning::Scheme { Meaning::Key } else { meaning };
    std::iter::once(Meaning::Plain).chain(std::iter::repeat_n(meaning, length.saturating_sub(1))).collect()
}

/// The rules of a list's items, where they differ from the list's own: lines of a private key, words of a command, and
/// headers written as names and values in turn.
pub(super) fn item_rules(judge: &Judge, rule: Rule, items: &[Json]) -> Option<Vec<Rule>> {
    let text = |item: &Json| matches!(item, Json::String(_));
    if items.len() < 2 || !items.iter().any(text) {
        return None;
    }
    let mut rules = Vec::with_capacity(items.len());
    let mut is_in_key = false;
    let mut before: Option<&str> = None;
    let is_command = matches!(items.first(), Some(Json::String(text)) if text.ends_with("curl"));
    for item in items {
        let Json::String(text) = item else {
            before = None;
            rules.push(if is_in_key { Rule::Secret } else { rule });
            continue;
        };
        let (opens, closes) = pem::line(text);
        let is_secret =
            is_in_key || opens || before.is_some_and(|before| is_told(judge, rule, before, text, is_command));
        is_in_key = (is_in_key || opens) && !closes;
        rules.push(if is_secret { Rule::Secret } else { rule });
        // `["Authorization", "Basic", "…"]`: the scheme stands between.
        let is_scheme = expressions::SCHEME_WORDS.iter().any(|scheme| scheme.eq_ignore_ascii_case(text));
        if !(is_scheme && before.is_some_and(|before| judge.names_credential(before))) {
            before = Some(text);
        }
    }
    rules.iter().any(|it| *it != rule).then_some(rules)
}

/// Whether the word before tells that this one is a credential.
fn is_told(judge: &Judge, rule: Rule, before: &str, text: &str, is_command: bool) -> bool {
    if is_command && matches!(before, "-u" | "--user" | "-U" | "--proxy-user" | "-b" | "--cookie") {
        return !expressions::is_reference(text);
    }
    if text.starts_with('-')
        || before.len() > 64
        || before.contains(['=', ' '])
        || !judge.names_credential(before)
    {
        return false;
    }
    let is_value = before.starts_with("--") || rule == Rule::Headers;
    is_value && !super::values::is_harmless_text(text, Meaning::Key) || looks_made(text)
}

/// Whether an object is a JSON Web Key.
pub(super) fn is_key(members: &[(String, Json)]) -> bool {
    members.iter().any(|(key, value)| key == "kty" && matches!(value, Json::String(_)))
}

/// The members of a JSON Web Key that are not public.
pub(super) fn is_private_part(key: &str) -> bool {
    matches!(key, "d" | "p" | "q" | "dp" | "dq" | "qi" | "k" | "oth")
}
