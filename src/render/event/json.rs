//! A tree of JSON that borrows its texts and keeps values of the log as they were sent, written on one line without
//! invisible characters.

use serde::ser::{Serialize, Serializer};

use crate::model::json::RawJson;
use crate::render::sanitize::{is_hidden, json_escape};

/// A value.
pub(super) enum Member<'a> {
    Text(String),
    Borrowed(&'a str),
    Number(u64),
    Flag(bool),
    Raw(&'a RawJson),
    Object(Object<'a>),
    List(Vec<Member<'a>>),
}

/// The members of an object, in order.
#[derive(Default)]
pub(super) struct Object<'a>(Vec<(&'a str, Member<'a>)>);

impl<'a> Object<'a> {
    pub(super) fn with(mut self, name: &'a str, value: impl Into<Member<'a>>) -> Self {
        self.0.push((name, value.into()));
        self
    }

    /// Adds a member if there is a value.
    pub(super) fn maybe(self, name: &'a str, value: Option<impl Into<Member<'a>>>) -> Self {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }

    /// The object, unless it is empty.
    pub(super) fn filled(self) -> Option<Self> {
        Some(self).filter(|object| !object.0.is_empty())
    }
}

impl<'a> From<&'a str> for Member<'a> {
    fn from(text: &'a str) -> Self {
        Self::Borrowed(text)
    }
}
impl From<String> for Member<'_> {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}
impl From<u64> for Member<'_> {
    fn from(number: u64) -> Self {
        Self::Number(number)
    }
}
impl From<bool> for Member<'_> {
    fn from(flag: bool) -> Self {
        Self::Flag(flag)
    }
}
impl<'a> From<&'a RawJson> for Member<'a> {
    fn from(value: &'a RawJson) -> Self {
        Self::Raw(value)
    }
}
impl<'a> From<Object<'a>> for Member<'a> {
    fn from(object: Object<'a>) -> Self {
        Self::Object(object)
    }
}
impl<'a, T: Into<Member<'a>>> From<Vec<T>> for Member<'a> {
    fn from(items: Vec<T>) -> Self {
        Self::List(items.into_iter().map(Into::into).collect())
    }
}

impl Serialize for Member<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Text(text) => serializer.serialize_str(text),
            Self::Borrowed(text) => serializer.serialize_str(text),
            Self::Number(number) => serializer.serialize_u64(*number),
            Self::Flag(flag) => serializer.serialize_bool(*flag),
            Self::Raw(value) => value.serialize(serializer),
            Self::Object(object) => object.serialize(serializer),
            Self::List(items) => serializer.collect_seq(items),
        }
    }
}

impl Serialize for Object<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}

/// The text of a value. Invisible characters and all line breaks that some reader knows, such as U+2028, are escaped.
pub(super) fn text_of(value: &impl Serialize) -> serde_json::Result<String> {
    let text = serde_json::to_string(value)?;
    if text.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        return Ok(text);
    }
    let mut escaped = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            // In JSON, these stand only between tokens.
            '\t' | '\n' | '\r' => escaped.push(' '),
            c if is_hidden(c) => escaped.push_str(&json_escape(c)),
            c => escaped.push(c),
        }
    }
    Ok(escaped)
}
