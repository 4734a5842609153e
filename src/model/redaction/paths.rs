//! Names of fields and keys of members, which may carry the value itself: `password=x7Yz`, `custom_auth_headers.X-Shop.x7Yz`.

use super::fields::{self, Parent, Rule};
use super::judge::Judge;
use super::marks::REDACTED;
use super::names::Name;
use super::text;
use super::values::{before_value, looks_made};
use crate::model::words::ModelType;

/// The rule of a field, which a recorder may name by a path: each part beneath the one before.
pub(super) fn rule(judge: &Judge, model_type: ModelType, field: &str) -> Rule {
    let mut rule = None;
    for key in parts(field).map(|(_, key)| key).filter(|key| !key.is_empty()) {
        let key = before_value(key);
        let parent = rule.map_or(Parent::Model(model_type), |rule| Parent::Member(model_type, rule));
        // A number is an index, and says nothing.
        if key.is_empty() || rule.is_some() && key.bytes().all(|byte| byte.is_ascii_digit()) {
            continue;
        }
        rule = Some(stricter(rule, fields::rule(judge, parent, key)));
    }
    rule.unwrap_or(Rule::Open)
}

/// Beneath a credential everything is one, unless it only describes it.
fn stricter(above: Option<Rule>, own: Rule) -> Rule {
    match (above, own) {
        (Some(Rule::Credential(meaning)), Rule::Open | Rule::Prose | Rule::Headers) => {
            Rule::Credential(meaning)
        }
        _ => own,
    }
}

/// What may be kept of a field's name.
pub(super) fn field(judge: &Judge, model_type: ModelType, field: &str) -> String {
    let mut kept = String::with_capacity(field.len());
    let mut rule = None;
    let mut done = 0;
    for (at, key) in parts(field) {
        kept.push_str(&field[done..at]);
        done = at + key.len();
        let parent = rule.map_or(Parent::Model(model_type), |rule| Parent::Member(model_type, rule));
        let name = before_value(key);
        if name.len() < key.len() {
            let own = fields::rule(judge, parent, name);
            if is_sensitive(own) || rule.is_some_and(is_sensitive) {
                // The value follows, and may hold what parts a path.
                kept.push_str(&field[at..=at + name.len()]);
                kept.push_str(REDACTED);
                return text::scrub(&kept, REDACTED, judge, false).into_owned();
            }
        }
        let is_beneath = rule.is_some_and(is_sensitive) || model_type == ModelType::Secret;
        match key.rsplit_once(' ') {
            _ if is_beneath && key.split_whitespace().any(looks_made) => kept.push_str(REDACTED),
            // `password is x7Yz`
            Some((before, word)) if looks_made(word) => {
                kept.push_str(before);
                kept.push(' ');
                kept.push_str(REDACTED);
            }
            _ => kept.push_str(key),
        }
        if !key.is_empty() {
            rule = Some(fields::rule(judge, parent, key));
        }
    }
    kept.push_str(&field[done..]);
    text::scrub(&kept, REDACTED, judge, false).into_owned()
}

/// What may be kept of a member's key, in an object of this rule.
pub(super) fn key(judge: &Judge, above: Rule, key: &str) -> String {
    if !is_sensitive(above) {
        return text::scrub(key, REDACTED, judge, false).into_owned();
    }
    let name = before_value(key);
    if name.len() < key.len() {
        return format!("{}{REDACTED}", &key[..=name.len()]);
    }
    if looks_made(key) { REDACTED.to_owned() } else { text::scrub(key, REDACTED, judge, false).into_owned() }
}

fn is_sensitive(rule: Rule) -> bool {
    matches!(rule, Rule::Secret | Rule::SecretHeaders | Rule::Credential(_) | Rule::Bookkeeping)
}

/// The parts of a path, each with where it begins.
fn parts(field: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut at = 0;
    field.split(['.', '[', ']', '/']).map(move |key| {
        let start = at;
        at += key.len() + 1;
        (start, key)
    })
}

/// The name whose meaning decides about a field's value as a whole: the last part of its path.
pub(super) fn last(field: &str) -> std::rc::Rc<Name> {
    let keys = parts(field)
        .map(|(_, key)| key)
        .filter(|key| !key.is_empty() && !key.bytes().all(|byte| byte.is_ascii_digit()));
    Name::of(before_value(keys.last().unwrap_or(field)))
}
