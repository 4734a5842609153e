//! Builds and edits the fields of a resource as JSON, with the order of members and the digits of numbers preserved. What the
//! fields mean is not known here.

use crate::model::json::Json;

/// Parses a JSON literal.
#[expect(
    clippy::expect_used,
    reason = "only literals of the demo come here, and every test run parses them all"
)]
pub(super) fn json(literal: &str) -> Json {
    Json::parse(literal).expect("a literal of the demo is JSON")
}

pub(super) fn text(value: impl Into<String>) -> Json {
    Json::String(value.into())
}

pub(super) fn number(value: u64) -> Json {
    Json::Number(value.to_string())
}

pub(super) fn object<const N: usize>(members: [(&str, Json); N]) -> Json {
    Json::Object(members.map(|(key, value)| (key.to_owned(), value)).into())
}

/// The value at a dotted path. A number is an index into a list.
fn at<'a>(value: &'a mut Json, path: &str) -> Option<&'a mut Json> {
    path.split('.').try_fold(value, |value, key| match value {
        Json::Object(members) => members.iter_mut().find(|(name, _)| name == key).map(|(_, value)| value),
        Json::Array(items) => items.get_mut(key.parse::<usize>().ok()?),
        _ => None,
    })
}

/// The members of the object that holds the last key of `path`, and that key.
fn holder<'a, 'b>(fields: &'a mut Json, path: &'b str) -> Option<(&'a mut Vec<(String, Json)>, &'b str)> {
    let (holder, key) = match path.rsplit_once('.') {
        Some((parent, key)) => (at(fields, parent)?, key),
        None => (fields, path),
    };
    if let Json::Object(members) = holder { Some((members, key)) } else { None }
}

/// Replaces the value at `path`, or adds it as the last member. The object around it must exist.
pub(super) fn set(fields: &mut Json, path: &str, value: Json) {
    if let Some(old) = at(fields, path) {
        *old = value;
    } else if let Some((members, key)) = holder(fields, path) {
        members.push((key.to_owned(), value));
    }
}

/// Removes the member at `path`.
pub(super) fn unset(fields: &mut Json, path: &str) {
    if let Some((members, key)) = holder(fields, path) {
        members.retain(|(name, _)| name != key);
    }
}

pub(super) fn edit_list(fields: &mut Json, path: &str, edit: impl FnOnce(&mut Vec<Json>)) {
    if let Some(Json::Array(items)) = at(fields, path) {
        edit(items);
    }
}

pub(super) fn edit_text(fields: &mut Json, path: &str, edit: impl FnOnce(&str) -> String) {
    if let Some(Json::String(text)) = at(fields, path) {
        *text = edit(text);
    }
}

/// The text at a dotted path; empty when there is none.
pub(super) fn text_at<'a>(fields: &'a Json, path: &str) -> &'a str {
    match path.split('.').try_fold(fields, |value, key| value.get(key)) {
        Some(Json::String(text)) => text,
        _ => "",
    }
}

/// The whole number at a dotted path.
pub(super) fn number_at(fields: &Json, path: &str) -> Option<u64> {
    match path.split('.').try_fold(fields, |value, key| value.get(key))? {
        Json::Number(digits) => digits.parse().ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn set_replaces_or_appends() {
        let mut fields = json(r#"{"a":{"b":[1,{"c":2}]},"t":"x"}"#);
        set(&mut fields, "a.b.1.c", number(3));
        set(&mut fields, "a.d", Json::Null);
        set(&mut fields, "nowhere.e", Json::Null);
        edit_list(&mut fields, "a.b", |items| items.swap(0, 1));
        edit_text(&mut fields, "t", |old| format!("{old}y"));
        assert_eq!(fields.to_string(), r#"{"a":{"b":[{"c":3},1],"d":null},"t":"xy"}"#);
        unset(&mut fields, "a.b");
        assert_eq!(fields.to_string(), r#"{"a":{"d":null},"t":"xy"}"#);
        assert_eq!((text_at(&fields, "t"), text_at(&fields, "a.d")), ("xy", ""));
    }
}
