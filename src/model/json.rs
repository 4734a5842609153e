//! JSON as it was sent: numbers keep their digits, objects their order and their repeated keys.
//!
//! An audit log must not round `9007199254740993` or refuse `1e400`, so numbers never become floats. This module
//! does not depend on entries, fields or redaction.

mod read;

use std::fmt;
use std::hash::{Hash, Hasher};

use serde::de::Deserializer;
use serde::ser::Serializer;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// The deepest nesting of a value. Deeper values are refused, so that no recursion over a value can exhaust the stack.
pub const MAX_DEPTH: usize = 64;

/// A parsed JSON value. Numbers stay text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Json {
    /// `null`. It is a value, distinct from an absent member.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number, with its digits as written.
    Number(String),
    /// A string, unescaped.
    String(String),
    /// A list.
    Array(Vec<Json>),
    /// Members in the order sent. A repeated key stays repeated.
    Object(Vec<(String, Json)>),
}

/// The reason why a text is refused.
#[derive(Debug, thiserror::Error)]
pub enum JsonError {
    /// The text is not JSON, or a string in it is not Unicode (a lone surrogate).
    #[error("not valid JSON at column {}", .0.column())]
    Syntax(#[from] serde_json::Error),
    /// The value nests deeper than [`MAX_DEPTH`].
    #[error("nests deeper than {MAX_DEPTH} levels")]
    TooDeep,
}

impl Json {
    /// Whether two values are equal. Numbers are compared by value, and objects regardless of the order of members.
    ///
    /// ```
    /// use krosyn_audit::model::json::Json;
    ///
    /// let (a, b) = (Json::parse(r#"{"n": 1.0, "s": "x"}"#)?, Json::parse(r#"{"s": "x", "n": 1}"#)?);
    /// assert!(a.same(&b) && a != b);
    /// // No digit is lost.
    /// assert_eq!(Json::parse("9007199254740993")?.to_string(), "9007199254740993");
    /// # Ok::<(), krosyn_audit::model::json::JsonError>(())
    /// ```
    #[must_use]
    pub fn same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Number(a), Self::Number(b)) => {
                a == b || decimal(a).is_some_and(|a| decimal(b).is_some_and(|b| a == b))
            }
            (Self::Array(a), Self::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.same(b)),
            (Self::Object(a), Self::Object(b)) => {
                let (a, b) = (sorted(a), sorted(b));
                a.len() == b.len() && a.iter().zip(&b).all(|(a, b)| a.0 == b.0 && a.1.same(&b.1))
            }
            _ => self == other,
        }
    }

    /// Hashes a number by its value, so that equal numbers (see [`Json::same`]) have equal hashes.
    pub fn hash_number(text: &str, hasher: &mut impl Hasher) {
        if text.bytes().any(|byte| matches!(byte, b'.' | b'e' | b'E')) {
            match decimal(text) {
                Some((negative, significant, exponent)) => {
                    (negative, significant.as_str(), exponent).hash(hasher)
                }
                None => text.hash(hasher),
            }
            return;
        }
        // Most numbers are integers, and need no copy.
        let digits = text.trim_start_matches('-');
        let significant = digits.trim_end_matches('0');
        let exponent = i64::try_from(digits.len() - significant.len()).unwrap_or(i64::MAX);
        let is_zero = significant.is_empty();
        let negative = digits.len() < text.len() && !is_zero;
        (negative, significant, if is_zero { 0 } else { exponent }).hash(hasher);
    }

    /// The member of an object, or the item of a list at the index `key`. The last of repeated keys wins.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Self> {
        match self {
            Self::Object(members) => {
                members.iter().rev().find(|(name, _)| name == key).map(|(_, value)| value)
            }
            Self::Array(items) => items.get(key.parse::<usize>().ok()?),
            _ => None,
        }
    }

    /// Whether any text in the value passes the test: keys, strings, numbers and constants.
    pub fn any_text(&self, test: &mut dyn FnMut(&str) -> bool) -> bool {
        match self {
            Self::Null => test("null"),
            Self::Bool(value) => test(if *value { "true" } else { "false" }),
            Self::Number(text) | Self::String(text) => test(text),
            Self::Array(items) => items.iter().any(|item| item.any_text(test)),
            Self::Object(members) => members.iter().any(|(key, value)| test(key) || value.any_text(test)),
        }
    }
}

/// Writes compact JSON on one line.
impl fmt::Display for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&serde_json::to_string(self).map_err(|_| fmt::Error)?)
    }
}

impl Serialize for Json {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Bool(value) => serializer.serialize_bool(*value),
            // As an integer, `-0` would lose its sign.
            Self::Number(text)
                if text != "-0"
                    && let Ok(number) = text.parse::<i64>() =>
            {
                serializer.serialize_i64(number)
            }
            Self::Number(text) => {
                RawValue::from_string(text.clone()).map_err(serde::ser::Error::custom)?.serialize(serializer)
            }
            Self::String(text) => serializer.serialize_str(text),
            Self::Array(items) => serializer.collect_seq(items),
            Self::Object(members) => serializer.collect_map(members.iter().map(|(key, value)| (key, value))),
        }
    }
}

/// A JSON value as text on one line. It passes through store, server and client unparsed.
#[derive(Clone, Debug, Serialize)]
#[serde(transparent)]
pub struct RawJson(Box<RawValue>);

impl RawJson {
    /// Wraps a stored text, which must be JSON on one line.
    ///
    /// # Errors
    /// [`JsonError::Syntax`] when it is not JSON, which means that the store is damaged.
    pub fn from_text(text: String) -> Result<Self, JsonError> {
        Ok(Self(RawValue::from_string(text)?))
    }

    /// The text.
    #[must_use]
    pub fn get(&self) -> &str {
        self.0.get()
    }

    pub(super) fn raw(&self) -> &RawValue {
        &self.0
    }
}

impl PartialEq for RawJson {
    fn eq(&self, other: &Self) -> bool {
        self.get() == other.get()
    }
}
impl Eq for RawJson {}

impl From<&Json> for RawJson {
    #[expect(clippy::expect_used, reason = "a Json tree always serializes: its numbers were parsed as JSON")]
    fn from(value: &Json) -> Self {
        Self(serde_json::value::to_raw_value(value).expect("a parsed value serialises"))
    }
}

/// Keeps the bytes as they were sent, except for line breaks between tokens, because a value must stay on one line.
/// Strings are not affected: JSON allows no raw line breaks in them.
impl<'de> Deserialize<'de> for RawJson {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        let one_line = on_one_line(&raw).map_err(serde::de::Error::custom)?;
        Ok(Self(one_line.unwrap_or(raw)))
    }
}

/// The value with its line breaks replaced, or `None` when it has none.
pub(super) fn on_one_line(raw: &RawValue) -> serde_json::Result<Option<Box<RawValue>>> {
    if !raw.get().contains('\n') && !raw.get().contains('\r') {
        return Ok(None);
    }
    RawValue::from_string(raw.get().replace(['\n', '\r'], " ")).map(Some)
}

/// Deserializes an optional member in which `null` is a value: `Option` alone would take `null` for an absent member.
///
/// # Errors
/// The deserializer's.
pub fn present<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    T::deserialize(deserializer).map(Some)
}

/// Deserializes a member and uses the default for `null`.
///
/// # Errors
/// The deserializer's.
pub fn null_is_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + Default,
{
    Ok(Option::<T>::deserialize(deserializer)?.unwrap_or_default())
}

fn sorted(members: &[(String, Json)]) -> Vec<&(String, Json)> {
    let mut sorted: Vec<_> = members.iter().collect();
    // The sort is stable: repeated keys keep their order.
    sorted.sort_by(|a, b| a.0.cmp(&b.0));
    sorted
}

/// A number as sign, significant digits and exponent, so that `1.0`, `1` and `10e-1` are equal at any size. `None` when
/// the exponent exceeds `i64`: such numbers are equal only if their texts are.
fn decimal(text: &str) -> Option<(bool, String, i64)> {
    let (negative, text) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{whole}{fraction}");
    let significant = digits.trim_start_matches('0').trim_end_matches('0');
    if significant.is_empty() {
        return Some((false, String::new(), 0));
    }
    let trailing = digits.len() - digits.trim_end_matches('0').len();
    let shift = i64::try_from(trailing).ok()? - i64::try_from(fraction.len()).ok()?;
    let exponent = exponent.parse::<i64>().ok()?.checked_add(shift)?;
    Some((negative, significant.to_owned(), exponent))
}

#[cfg(test)]
mod tests;
