//! Paths to fields, as people write them and as every view prints them, and the changes that they match.
//!
//! `perform` matches the field and everything in it, `perform.retry.max` a value inside it, `list[3]` or `list.3` an item,
//! `labels."app.io/name"` a key with a dot. A dot outside quotes may separate two keys or belong to one: both match.

mod choice;
pub mod term;

use std::cell::OnceCell;
use std::collections::{HashMap, HashSet};
use std::convert::Infallible;
use std::fmt;
use std::str::FromStr;

use crate::model::change::{Change, REDACTED, REDACTED_CHANGED};
use crate::model::json::{Json, RawJson};

/// Members that identify an item of a list, wherever in the list it is.
const ITEM_NAMES: [&str; 3] = ["id", "key", "name"];

/// A field, or a path to a value inside one.
///
/// ```
/// use krosyn_audit::model::change::Change;
/// use krosyn_audit::model::field_path::FieldPath;
///
/// let change = r#"{"field": "perform", "old": {"url": "x", "max": 3}, "new": {"url": "x", "max": 5}}"#;
/// let change: Change = serde_json::from_str(change)?;
/// let touches = |path: &str| path.parse::<FieldPath>().unwrap().is_touched_by(&change);
/// assert!(touches("perform") && touches("perform.max"));
/// assert!(!touches("perform.url"));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldPath {
    written: String,
    /// The path with dots only and without quotes: `list.3`, `labels.app.io/name`. A field may have this name.
    plain: String,
    /// The end of each key, in `plain` and in `written`.
    ends: Vec<(usize, usize)>,
}

impl FromStr for FieldPath {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        let (mut plain, mut ends, mut at) = (String::new(), Vec::new(), 0);
        loop {
            let rest = &text[at..];
            if let Some((length, key)) = quoted_key(rest) {
                plain.push_str(&key);
                at += length;
            } else {
                let key = rest.find(['.', '[']).unwrap_or(rest.len());
                plain.push_str(&rest[..key]);
                at += key;
            }
            // After a key follow the numbers of items, and then the next key.
            while let Some((length, item)) = item(&text[at..]) {
                ends.push((plain.len(), at));
                plain.push('.');
                plain.push_str(item);
                at += length;
            }
            match text[at..].chars().next() {
                None => break,
                Some('.') => {
                    ends.push((plain.len(), at));
                    plain.push('.');
                    at += 1;
                }
                // A bracket without the number of an item.
                Some(other) => {
                    plain.push(other);
                    at += other.len_utf8();
                }
            }
        }
        Ok(Self { written: text.to_owned(), plain, ends })
    }
}

impl fmt::Display for FieldPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.written)
    }
}

impl FieldPath {
    /// The start of the name of every field that the path can match.
    #[must_use]
    pub fn first_key(&self) -> &str {
        let dotted = self.plain.find(['.', '[']).unwrap_or(self.plain.len());
        &self.plain[..dotted]
    }

    /// The first key, and all others but the numbers of items: texts that a field and the values inside it contain if the
    /// path leads into it. `None` if the path has escapes, because then its keys may be stored in another form. With quotes
    /// it has only the first key: a field that has the quotes in its name starts otherwise.
    pub(super) fn keys(&self) -> Option<(&str, Vec<&str>)> {
        if self.written.contains('\\') {
            return None;
        }
        let mut keys = self.plain.split(['.', '[']);
        let first = keys.next()?;
        if self.written.contains('"') {
            return Some((first, Vec::new()));
        }
        let is_number = |key: &str| key.bytes().all(|byte| byte.is_ascii_digit());
        Some((first, keys.filter(|key| !is_number(key)).collect()))
    }

    /// Whether a change touched the path: the field, a value inside it, or a field under the path.
    ///
    /// A redacted value may have changed anywhere inside, so every path into it counts.
    #[must_use]
    pub fn is_touched_by(&self, change: &Change) -> bool {
        self.is_touched(&ParsedChange::of(change))
    }

    fn is_touched(&self, parsed: &ParsedChange<'_>) -> bool {
        let change = parsed.change;
        if self.names(&change.field) {
            return true;
        }
        let rests = self.rests(&change.field);
        if change.redacted || rests.is_empty() {
            return !rests.is_empty();
        }
        let (old, new) = parsed.sides();
        rests.into_iter().any(|rest| differs(old.as_ref(), new.as_ref(), rest))
    }

    /// Whether the path leads to a leaf of a resource, or to a value that contains the leaf. `leaf` is the field and the keys
    /// inside it. A leaf that `is_opaque` (a list, a secret) may also contain the value that the path leads to.
    #[must_use]
    pub fn covers(&self, leaf: &[String], is_opaque: bool) -> bool {
        fn reaches(rest: &str, keys: &[String], is_opaque: bool) -> bool {
            match (rest.is_empty(), keys) {
                (true, _) => true,
                (false, []) => is_opaque,
                (false, [key, keys @ ..]) => {
                    after_key(rest, key).into_iter().flatten().any(|rest| reaches(rest, keys, is_opaque))
                }
            }
        }
        let Some((field, keys)) = leaf.split_first() else { return false };
        self.names(field) || self.rests(field).into_iter().any(|rest| reaches(rest, keys, is_opaque))
    }

    /// Whether the field has the path as its name.
    fn is_exactly(&self, field: &str) -> bool {
        field == self.written || field == self.plain
    }

    /// Whether the field has the path as its name or as the start of its name.
    fn names(&self, field: &str) -> bool {
        [&self.written, &self.plain]
            .into_iter()
            .any(|path| field.strip_prefix(path.as_str()).is_some_and(is_end))
    }

    /// The rests of the path inside this field. Each begins with a dot or a bracket.
    fn rests(&self, field: &str) -> Vec<&str> {
        let literal = self.written.strip_prefix(field).filter(|rest| !rest.is_empty() && is_end(rest));
        let quoted = self.ends.iter().filter(|(end, _)| self.plain.get(..*end) == Some(field));
        let mut rests: Vec<_> =
            literal.into_iter().chain(quoted.map(|(_, at)| &self.written[*at..])).collect();
        rests.dedup();
        rests
    }
}

/// A change whose values are parsed on first use.
struct ParsedChange<'c> {
    change: &'c Change,
    parsed: OnceCell<[Option<Json>; 2]>,
}

impl<'c> ParsedChange<'c> {
    const fn of(change: &'c Change) -> Self {
        Self { change, parsed: OnceCell::new() }
    }

    fn sides(&self) -> (&Option<Json>, &Option<Json>) {
        let parse = |side: &Option<RawJson>| side.as_ref().and_then(|side| side.parse().ok());
        let [old, new] = self.parsed.get_or_init(|| [parse(&self.change.old), parse(&self.change.new)]);
        (old, new)
    }
}

/// The length of a quoted key at the start of a text, and the key. Quotes that end elsewhere are ordinary characters.
fn quoted_key(text: &str) -> Option<(usize, String)> {
    let mut escaped = false;
    let inner = text.strip_prefix('"')?;
    let end = inner.find(|c| {
        let is_end = c == '"' && !escaped;
        escaped = c == '\\' && !escaped;
        is_end
    })?;
    let length = end + 2;
    if !closes(&text[length..]) {
        return None;
    }
    Some((length, serde_json::from_str(&text[..length]).ok()?))
}

/// The length of an item's brackets at the start of a text, and its number: `[3]`, `[3 id=7]`.
fn item(text: &str) -> Option<(usize, &str)> {
    let inner = text.strip_prefix('[')?;
    let digits = inner.bytes().take_while(u8::is_ascii_digit).count();
    let (number, rest) = inner.split_at(digits);
    if number.is_empty() {
        return None;
    }
    let length = match rest.strip_prefix(']') {
        Some(_) => digits + 2,
        // The name of an item is a JSON string or number, and may contain brackets.
        None => {
            let (name, value) = rest.strip_prefix(' ')?.split_once('=')?;
            let mut values = serde_json::Deserializer::from_str(value).into_iter::<serde::de::IgnoredAny>();
            values.next()?.ok()?;
            value[values.byte_offset()..].strip_prefix(']')?;
            1 + digits + 1 + name.len() + 1 + values.byte_offset() + 1
        }
    };
    closes(&text[length..]).then_some((length, number))
}

/// The length of the quotes or brackets at the start of a text, in which a comma does not separate two paths.
pub(super) fn enclosed(text: &str) -> Option<usize> {
    quoted_key(text).map(|(length, _)| length).or_else(|| item(text).map(|(length, _)| length))
}

/// Whether quotes or brackets may end here: at the end of a key, or of a path in a list of paths or before values.
fn closes(rest: &str) -> bool {
    is_end(rest) || rest.starts_with([',', '=', ':'])
}

/// Whether a key ends here.
fn is_end(rest: &str) -> bool {
    rest.is_empty() || rest.starts_with(['.', '['])
}

/// The rest after `key` where a rest begins with it, without and with quotes.
fn after_key<'t>(rest: &'t str, key: &str) -> [Option<&'t str>; 2] {
    let Some(text) = rest.strip_prefix('.') else { return [None, None] };
    let quoted = quoted_key(text).filter(|(_, quoted)| quoted == key).map(|(length, _)| &text[length..]);
    [text.strip_prefix(key).filter(|rest| is_end(rest)), quoted]
}

/// The number of the item at the start of a rest, and the rest after it.
fn after_item(rest: &str) -> Option<(usize, &str)> {
    if let Some((length, number)) = item(rest) {
        return Some((number.parse().ok()?, &rest[length..]));
    }
    let text = rest.strip_prefix('.')?;
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, rest) = text.split_at(digits);
    is_end(rest).then(|| Some((number.parse().ok()?, rest)))?
}

/// Whether two values differ at the path `rest` inside them.
fn differs(old: Option<&Json>, new: Option<&Json>, rest: &str) -> bool {
    let (old, new) = match (old, new) {
        (None, None) => return false,
        _ if rest.is_empty() => return !same(old, new),
        // The values inside a secret were not stored.
        _ if is_redacted(old) || is_redacted(new) => return !same(old, new),
        sides => sides,
    };
    // A string with JSON is shown as JSON.
    let (old_document, new_document) = (old.and_then(document), new.and_then(document));
    let (old, new) = (old_document.as_ref().or(old), new_document.as_ref().or(new));
    members_differ(members(old), members(new), rest) || items_differ(items(old), items(new), rest)
}

fn same(old: Option<&Json>, new: Option<&Json>) -> bool {
    match (old, new) {
        (Some(old), Some(new)) => old.same(new),
        (None, None) => true,
        _ => false,
    }
}

fn is_redacted(side: Option<&Json>) -> bool {
    matches!(side, Some(Json::String(text)) if text == REDACTED || text == REDACTED_CHANGED)
}

fn document(value: &Json) -> Option<Json> {
    let Json::String(text) = value else { return None };
    text.trim_start().starts_with(['{', '[']).then(|| Json::parse(text.trim()).ok())?
}

fn members(side: Option<&Json>) -> &[(String, Json)] {
    if let Some(Json::Object(members)) = side { members } else { &[] }
}

fn items(side: Option<&Json>) -> &[Json] {
    if let Some(Json::Array(items)) = side { items } else { &[] }
}

/// Compares the members at a path. Repeated keys are compared in their order.
fn members_differ(old: &[(String, Json)], new: &[(String, Json)], rest: &str) -> bool {
    let mut seen = HashSet::new();
    old.iter().chain(new).map(|(key, _)| key).filter(|key| seen.insert(*key)).any(|key| {
        after_key(rest, key).into_iter().flatten().any(|rest| {
            let of = |side: &'_ [(String, Json)]| -> Vec<usize> {
                (0..side.len()).filter(|at| side[*at].0 == *key).collect()
            };
            let (old_at, new_at) = (of(old), of(new));
            (0..old_at.len().max(new_at.len())).any(|n| {
                let old = old_at.get(n).map(|at| &old[*at].1);
                differs(old, new_at.get(n).map(|at| &new[*at].1), rest)
            })
        })
    })
}

/// Compares the items at an index: the item of the new list, which may have moved, or the one that was removed there. An
/// item without a name may have been any of the changed items.
fn items_differ(old: &[Json], new: &[Json], rest: &str) -> bool {
    let Some((index, rest)) = after_item(rest) else { return false };
    let (old_item, new_item) = (old.get(index), new.get(index));
    if let Some((old_names, new_names)) = names(old, new) {
        if old_names == new_names {
            return differs(old_item, new_item, rest);
        }
        if rest.is_empty() && old_names.get(index) != new_names.get(index) {
            return true;
        }
        let indices =
            |names: &[String]| -> HashMap<String, usize> { names.iter().cloned().zip(0..).collect() };
        let (old_indices, new_indices) = (indices(&old_names), indices(&new_names));
        let was = new_names.get(index).and_then(|name| old_indices.get(name)).map(|at| &old[*at]);
        let is = old_names.get(index).and_then(|name| new_indices.get(name));
        // A moved item has the same content at another index.
        let is_moved = rest.is_empty() && differing_range(old, new).contains(index);
        return is_moved || differs(was, new_item, rest) || is.is_none() && differs(old_item, None, rest);
    }
    let DifferingRange { first, old_end, new_end } = differing_range(old, new);
    let (old_part, new_part) = (&old[first..old_end], &new[first..new_end]);
    if rest.is_empty() {
        return (first..old_end.max(new_end)).contains(&index);
    }
    let is_new = (first..new_end).contains(&index);
    let is_old = (first..old_end).contains(&index);
    let is_added = old_part.len() < new_part.len() && differs(None, new_item, rest);
    let is_removed = is_old && old_part.len() > new_part.len() && differs(old_item, None, rest);
    let may_have_been = || old_part.iter().any(|old| differs(Some(old), new_item, rest));
    is_removed || is_new && (is_added || may_have_been())
}

/// The range in which two lists differ, without their common start and end.
struct DifferingRange {
    first: usize,
    old_end: usize,
    new_end: usize,
}

impl DifferingRange {
    fn contains(&self, index: usize) -> bool {
        (self.first..self.old_end.max(self.new_end)).contains(&index)
    }
}

fn differing_range(old: &[Json], new: &[Json]) -> DifferingRange {
    let alike = |(old, new): &(&Json, &Json)| old.same(new);
    let first = old.iter().zip(new).take_while(alike).count();
    let last = old[first..].iter().rev().zip(new[first..].iter().rev()).take_while(alike).count();
    DifferingRange { first, old_end: old.len() - last, new_end: new.len() - last }
}

/// The names of all items of both lists, when one member identifies each item uniquely.
fn names(old: &[Json], new: &[Json]) -> Option<(Vec<String>, Vec<String>)> {
    let side = |items: &[Json], name: &str| -> Option<Vec<String>> {
        let mut seen = HashSet::new();
        let named = items.iter().map(|item| match (item, item.get(name)?) {
            (Json::Object(_), value @ (Json::String(_) | Json::Number(_))) => Some(value.to_string()),
            _ => None,
        });
        let names = named.collect::<Option<Vec<_>>>()?;
        names.iter().all(|name| seen.insert(name.clone())).then_some(names)
    };
    ITEM_NAMES.into_iter().find_map(|name| Some((side(old, name)?, side(new, name)?)))
}

#[cfg(test)]
mod tests;
