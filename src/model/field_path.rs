//! Paths to fields, as people write them and as every view prints them: which changes they mean.
//!
//! `perform` means the field and all beneath it, `perform.retry.max` a place within it, `list[3]` or `list.3` an item,
//! `labels."app.io/name"` a key with dots. A dot outside quotes may part two keys or belong to one: both are meant.

use std::cell::OnceCell;
use std::collections::{HashMap, HashSet};
use std::convert::Infallible;
use std::fmt;
use std::str::FromStr;

use crate::model::change::Change;
use crate::model::filter::Choice;
use crate::model::json::{Json, RawJson};
use crate::model::redaction::{REDACTED, REDACTED_CHANGED};

/// Members that name an item of a list: such an item is the same wherever it stands.
const ITEM_NAMES: [&str; 3] = ["id", "key", "name"];

/// A field, or a path to a place within one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldPath {
    written: String,
    /// The path without quotes and with dots alone: `list.3`, `labels.app.io/name`. A recorded field may be called so.
    plain: String,
    /// Where the keys end: the length of `plain`, and of `written`, up to there.
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
            // Behind a key stand the numbers of items, and then the next key.
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
                // A bracket that is none of ours.
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
    /// The text with which every field begins that the path can mean.
    #[must_use]
    pub fn first_key(&self) -> &str {
        let dotted = self.plain.find(['.', '[']).unwrap_or(self.plain.len());
        &self.plain[..dotted]
    }

    /// Tells whether the change touched the path: the field, a place within its value, or a field beneath the path.
    ///
    /// A redacted value may have changed anywhere beneath it, so every path into it counts.
    #[must_use]
    pub fn is_touched_by(&self, change: &Change) -> bool {
        self.is_touched(&Sides::of(change))
    }

    fn is_touched(&self, sides: &Sides<'_>) -> bool {
        let change = sides.change;
        if self.names(&change.field) {
            return true;
        }
        let rests = self.rests(&change.field);
        if change.redacted || rests.is_empty() {
            return !rests.is_empty();
        }
        let (old, new) = sides.parsed();
        rests.into_iter().any(|rest| differs(old.as_ref(), new.as_ref(), rest))
    }

    /// Tells whether a leaf of a resource, given by its field and the keys beneath it, is the path's place, lies
    /// beneath it, or, when the leaf `is_opaque` (a list, a secret), holds it.
    #[must_use]
    pub fn covers(&self, leaf: &[String], is_opaque: bool) -> bool {
        fn reaches(rest: &str, keys: &[String], is_opaque: bool) -> bool {
            match (rest.is_empty(), keys) {
                (true, _) => true,
                (false, []) => is_opaque,
                (false, [key, keys @ ..]) => {
                    behind_key(rest, key).into_iter().flatten().any(|rest| reaches(rest, keys, is_opaque))
                }
            }
        }
        let Some((field, keys)) = leaf.split_first() else { return false };
        self.names(field) || self.rests(field).into_iter().any(|rest| reaches(rest, keys, is_opaque))
    }

    /// Whether the path is this field, or the field's name goes on from the path.
    fn names(&self, field: &str) -> bool {
        [&self.written, &self.plain]
            .into_iter()
            .any(|path| field.strip_prefix(path.as_str()).is_some_and(is_end))
    }

    /// What of the path goes on into this field; each begins with a dot or a bracket.
    fn rests(&self, field: &str) -> Vec<&str> {
        let literal = self.written.strip_prefix(field).filter(|rest| !rest.is_empty() && is_end(rest));
        let behind = self.ends.iter().filter(|(end, _)| self.plain.get(..*end) == Some(field));
        let mut rests: Vec<_> =
            literal.into_iter().chain(behind.map(|(_, at)| &self.written[*at..])).collect();
        rests.dedup();
        rests
    }
}

impl Choice<FieldPath> {
    /// Tells whether the choice admits an entry with these changes. No value is parsed twice, however many paths lead
    /// into it.
    #[must_use]
    pub fn admits_changes(&self, changes: &[Change]) -> bool {
        let sides: Vec<_> = changes.iter().map(Sides::of).collect();
        self.admits(|path| sides.iter().any(|change| path.is_touched(change)))
    }
}

/// A change whose values are parsed when somebody looks into them.
struct Sides<'c> {
    change: &'c Change,
    parsed: OnceCell<[Option<Json>; 2]>,
}

impl<'c> Sides<'c> {
    const fn of(change: &'c Change) -> Self {
        Self { change, parsed: OnceCell::new() }
    }

    fn parsed(&self) -> (&Option<Json>, &Option<Json>) {
        let parse = |side: &Option<RawJson>| side.as_ref().and_then(|side| side.parse().ok());
        let [old, new] = self.parsed.get_or_init(|| [parse(&self.change.old), parse(&self.change.new)]);
        (old, new)
    }
}

/// The length of a key in quotes at the start of a text, and the key. Quotes that no end follows are just letters.
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

/// The length of an item in brackets at the start of a text, and its number: `[3]`, `[3 id=7]`.
fn item(text: &str) -> Option<(usize, &str)> {
    let inner = text.strip_prefix('[')?;
    let digits = inner.bytes().take_while(u8::is_ascii_digit).count();
    let (number, rest) = inner.split_at(digits);
    if number.is_empty() {
        return None;
    }
    let length = match rest.strip_prefix(']') {
        Some(_) => digits + 2,
        // The name of an item is a JSON string or a number, and may hold brackets itself.
        None => {
            let (name, value) = rest.strip_prefix(' ')?.split_once('=')?;
            let mut values = serde_json::Deserializer::from_str(value).into_iter::<serde::de::IgnoredAny>();
            values.next()?.ok()?;
            let behind = &value[values.byte_offset()..];
            behind.strip_prefix(']')?;
            1 + digits + 1 + name.len() + 1 + values.byte_offset() + 1
        }
    };
    closes(&text[length..]).then_some((length, number))
}

/// The length of what stands for itself at the start of a text, in quotes or brackets: no comma in it parts two paths.
pub(super) fn enclosed(text: &str) -> Option<usize> {
    quoted_key(text).map(|(length, _)| length).or_else(|| item(text).map(|(length, _)| length))
}

/// Whether quotes or brackets may end here: the key ends, or the path does, in a list of several.
fn closes(rest: &str) -> bool {
    is_end(rest) || rest.starts_with(',')
}

/// Whether a key ends here.
fn is_end(rest: &str) -> bool {
    rest.is_empty() || rest.starts_with(['.', '['])
}

/// What follows `key` in a rest that begins with it, as it stands or in quotes.
fn behind_key<'t>(rest: &'t str, key: &str) -> [Option<&'t str>; 2] {
    let Some(text) = rest.strip_prefix('.') else { return [None, None] };
    let quoted = quoted_key(text).filter(|(_, quoted)| quoted == key).map(|(length, _)| &text[length..]);
    [text.strip_prefix(key).filter(|rest| is_end(rest)), quoted]
}

/// The number of an item, and what follows it.
fn behind_item(rest: &str) -> Option<(usize, &str)> {
    if let Some((length, number)) = item(rest) {
        return Some((number.parse().ok()?, &rest[length..]));
    }
    let text = rest.strip_prefix('.')?;
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, rest) = text.split_at(digits);
    is_end(rest).then(|| Some((number.parse().ok()?, rest)))?
}

/// Whether two values differ at a place within them.
fn differs(old: Option<&Json>, new: Option<&Json>, rest: &str) -> bool {
    let (old, new) = match (old, new) {
        (None, None) => return false,
        _ if rest.is_empty() => return !same(old, new),
        // Whatever lay beneath a secret was not kept.
        _ if is_redacted(old) || is_redacted(new) => return !same(old, new),
        sides => sides,
    };
    // JSON in a string is shown as JSON.
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

/// Repeats of a key are compared in their order.
fn members_differ(old: &[(String, Json)], new: &[(String, Json)], rest: &str) -> bool {
    let mut seen = HashSet::new();
    old.iter().chain(new).map(|(key, _)| key).filter(|key| seen.insert(*key)).any(|key| {
        behind_key(rest, key).into_iter().flatten().any(|rest| {
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

/// An index means the item that stands there in the new list, which may have stood elsewhere before, or one that was
/// removed from there. Items without a name may have been any that changed.
fn items_differ(old: &[Json], new: &[Json], rest: &str) -> bool {
    let Some((index, rest)) = behind_item(rest) else { return false };
    let (old_item, new_item) = (old.get(index), new.get(index));
    if let Some((old_names, new_names)) = names(old, new) {
        if old_names == new_names {
            return differs(old_item, new_item, rest);
        }
        if rest.is_empty() && old_names.get(index) != new_names.get(index) {
            return true;
        }
        let place = |names: &[String]| -> HashMap<String, usize> { names.iter().cloned().zip(0..).collect() };
        let (old_places, new_places) = (place(&old_names), place(&new_names));
        let was = new_names.get(index).and_then(|name| old_places.get(name)).map(|at| &old[*at]);
        let is = old_names.get(index).and_then(|name| new_places.get(name));
        // Moved: its content is the same, and its place is not.
        let is_moved = rest.is_empty() && common(old, new).contains(index);
        return is_moved || differs(was, new_item, rest) || is.is_none() && differs(old_item, None, rest);
    }
    let Part { first, old_end, new_end } = common(old, new);
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

/// The part in which two lists differ: what they begin and end with alike is left out.
struct Part {
    first: usize,
    old_end: usize,
    new_end: usize,
}

impl Part {
    fn contains(&self, index: usize) -> bool {
        (self.first..self.old_end.max(self.new_end)).contains(&index)
    }
}

fn common(old: &[Json], new: &[Json]) -> Part {
    let alike = |(old, new): &(&Json, &Json)| old.same(new);
    let first = old.iter().zip(new).take_while(alike).count();
    let last = old[first..].iter().rev().zip(new[first..].iter().rev()).take_while(alike).count();
    Part { first, old_end: old.len() - last, new_end: new.len() - last }
}

/// The names of all items, when a member names each of them and no two alike.
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
