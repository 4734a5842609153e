//! A field filter: a path, and optionally the values before and after. `status`, `status=disabled`, `role:viewer→admin`.

use std::borrow::Cow;
use std::convert::Infallible;
use std::fmt;
use std::str::FromStr;

use crate::model::change::{Change, REDACTED};
use crate::model::field_path::{
    FieldPath, ParsedChange, after_item, after_key, document, enclosed, is_redacted,
};
use crate::model::fold::folded;
use crate::model::json::Json;

/// A path to a changed field, and the values that it must have had.
///
/// `PATH=VALUE` means the value after the change. `PATH:OLD→NEW` (or `->`) means both; `*` is any value, and an empty side
/// means that the field did not exist. A redacted value equals no value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldTerm {
    written: String,
    path: FieldPath,
    /// The values before and after.
    sides: [WantedSide; 2],
}

/// What one side of a change must be.
#[derive(Debug, Clone, PartialEq, Eq)]
enum WantedSide {
    Any,
    Absent,
    Value(WantedValue),
}

/// A value as typed. Text is compared case-folded; a JSON value, such as `3`, `"3"` or `null`, also as JSON.
#[derive(Debug, Clone, PartialEq, Eq)]
struct WantedValue {
    folded: String,
    json: Option<Json>,
}

impl FromStr for FieldTerm {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        let (path, sides) = match operator(text) {
            None => (text, [WantedSide::Any, WantedSide::Any]),
            Some((at, None)) => (&text[..at], [WantedSide::Any, WantedSide::value(&text[at + 1..])]),
            Some((at, Some((old, new)))) => (&text[..at], [old, new].map(WantedSide::of)),
        };
        Ok(Self { written: text.to_owned(), path: path.parse()?, sides })
    }
}

impl fmt::Display for FieldTerm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.written)
    }
}

impl FieldTerm {
    /// The path without the values.
    #[must_use]
    pub const fn path(&self) -> &FieldPath {
        &self.path
    }

    /// Whether the term is more than a path.
    #[must_use]
    pub fn asks_for_values(&self) -> bool {
        self.sides.iter().any(|side| *side != WantedSide::Any)
    }

    /// Whether a change is one that the term means.
    #[must_use]
    pub fn is_touched_by(&self, change: &Change) -> bool {
        self.is_touched(&ParsedChange::of(change))
    }

    /// Whether a change touched the path and has these values there.
    pub(super) fn is_touched(&self, parsed: &ParsedChange<'_>) -> bool {
        if !self.path.is_touched(parsed) {
            return false;
        }
        if !self.asks_for_values() {
            return true;
        }
        let change: &Change = parsed.change;
        if change.redacted {
            return false;
        }
        let (old, new) = parsed.sides();
        let [wanted_old, wanted_new] = &self.sides;
        let fits = |rest: &str| {
            let at = |side: &Option<Json>| side.as_ref().and_then(|value| value_at(value, rest));
            wanted_old.fits(at(old).as_ref()) && wanted_new.fits(at(new).as_ref())
        };
        self.path.is_exactly(&change.field) && fits("")
            || self.path.rests(&change.field).into_iter().any(fits)
    }
}

impl WantedSide {
    fn of(text: &str) -> Self {
        match text.trim() {
            "*" => Self::Any,
            "" => Self::Absent,
            text => Self::value(text),
        }
    }

    fn value(text: &str) -> Self {
        let text = text.trim();
        Self::Value(WantedValue { folded: folded(text), json: Json::parse(text).ok() })
    }

    fn fits(&self, value: Option<&Json>) -> bool {
        match (self, value) {
            (Self::Any, _) | (Self::Absent, None) => true,
            (Self::Value(wanted), Some(value)) => wanted.equals(value),
            (Self::Absent, Some(_)) | (Self::Value(_), None) => false,
        }
    }
}

impl WantedValue {
    fn equals(&self, value: &Json) -> bool {
        if is_redacted(Some(value)) {
            return false;
        }
        let is_same = self.json.as_ref().is_some_and(|json| json.same(value));
        is_same || matches!(value, Json::String(text) if folded(text.trim()) == self.folded)
    }
}

/// A term as typed, with a mark in place of its values: they may be secrets that someone looks for.
#[must_use]
pub fn without_values(text: &str) -> Cow<'_, str> {
    operator(text).map_or(Cow::Borrowed(text), |(at, _)| format!("{}={REDACTED}", &text[..at]).into())
}

/// Where the path ends, and with `:` the values before and after. Quotes and brackets belong to the path.
fn operator(text: &str) -> Option<(usize, Option<(&str, &str)>)> {
    let (mut at, mut is_key) = (0, true);
    while let Some(next) = text[at..].chars().next() {
        if (is_key && next == '"' || next == '[')
            && let Some(length) = enclosed(&text[at..])
        {
            (at, is_key) = (at + length, false);
            continue;
        }
        match next {
            '=' if at > 0 => return Some((at, None)),
            ':' if at > 0 => {
                let values = &text[at + 1..];
                if let Some(sides) = values.split_once('→').or_else(|| values.split_once("->")) {
                    return Some((at, Some(sides)));
                }
            }
            _ => {}
        }
        is_key = next == '.';
        at += next.len_utf8();
    }
    None
}

/// The value at the rest of a path inside a value.
fn value_at(value: &Json, rest: &str) -> Option<Json> {
    if rest.is_empty() {
        return Some(value.clone());
    }
    let parsed = document(value);
    match parsed.as_ref().unwrap_or(value) {
        Json::Object(members) => members.iter().find_map(|(key, value)| {
            after_key(rest, key).into_iter().flatten().find_map(|rest| value_at(value, rest))
        }),
        Json::Array(items) => {
            let (index, rest) = after_item(rest)?;
            value_at(items.get(index)?, rest)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(json: &str) -> Change {
        serde_json::from_str(json).expect("a change")
    }

    fn means(term: &str, change: &Change) -> bool {
        term.parse::<FieldTerm>().expect("a term").is_touched(&ParsedChange::of(change))
    }

    #[test]
    fn values_before_and_after_are_compared() {
        let status = change(r#"{"field":"status","old":"active","new":"Disabled"}"#);
        for term in [
            "status",
            "status=disabled",
            "STATUS=disabled",
            "status:active→disabled",
            "status:*→disabled",
            "status:active->*",
            "status: active → disabled ",
            "status:*→*",
        ] {
            assert_eq!(means(term, &status), term != "STATUS=disabled", "{term}");
        }
        for term in
            ["status=active", "status:disabled→*", "status:→disabled", "status=dis", "status.x=disabled"]
        {
            assert!(!means(term, &status), "{term}");
        }
        let added = change(r#"{"field":"role","new":"admin"}"#);
        assert!(
            means("role:→admin", &added) && means("role:*→admin", &added) && !means("role:admin→", &added)
        );
        let removed = change(r#"{"field":"role","old":"admin"}"#);
        assert!(means("role:admin→", &removed) && !means("role=admin", &removed));
    }

    #[test]
    fn values_inside_a_field_are_found_by_their_path() {
        let perform = change(
            r#"{"field":"perform","old":{"retry":{"max":3},"list":["a"]},"new":{"retry":{"max":5},"list":["b"]}}"#,
        );
        for (term, expected) in [
            ("perform.retry.max=5", true),
            ("perform.retry.max:3→5", true),
            ("perform.retry.max=\"5\"", false),
            ("perform.list[0]=b", true),
            ("perform.list[0]:a→b", true),
            ("perform.retry={\"max\":5}", true),
            ("perform=5", false),
            ("perform.retry.max=3", false),
        ] {
            assert_eq!(means(term, &perform), expected, "{term}");
        }
        let odd = change(r#"{"field":"a=b","old":1,"new":2}"#);
        assert!(means("\"a=b\"", &odd) && means("\"a=b\"=2", &odd) && !means("\"a=b\"=1", &odd));
        let number = change(r#"{"field":"n","old":"3","new":3}"#);
        assert!(means("n=3", &number) && means("n:\"3\"→3", &number) && means("n:3→3", &number));
    }

    #[test]
    fn a_redacted_value_equals_nothing() {
        let secret = change(r#"{"field":"token","redacted":true}"#);
        assert!(means("token", &secret) && means("token:*→*", &secret));
        assert!(!means("token=[redacted]", &secret) && !means("token:→x", &secret));
        let mark = change(r#"{"field":"h","old":{"a":"[redacted]"},"new":{"a":"[redacted, changed]"}}"#);
        assert!(means("h.a", &mark) && !means("h.a=[redacted, changed]", &mark));
    }
}
