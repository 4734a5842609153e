//! The texts of an entry that borrows from the JSON of its page. An export reads a million entries, so it copies each text
//! only once, into the file.

use std::borrow::Cow;
use std::fmt;
use std::ops::Deref;

use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;

use crate::model::change::{Change, Changes};
use crate::model::json::{JsonError, on_one_line};

/// A text borrowed from JSON. It is owned where JSON escapes had to be decoded.
#[derive(Debug, Default, Serialize)]
#[serde(transparent)]
pub struct Text<'a>(Cow<'a, str>);

impl<'a> From<&'a str> for Text<'a> {
    fn from(text: &'a str) -> Self {
        Self(Cow::Borrowed(text))
    }
}

impl Deref for Text<'_> {
    type Target = str;
    fn deref(&self) -> &str {
        &self.0
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct BorrowingVisitor;
        impl<'de> Visitor<'de> for BorrowingVisitor {
            type Value = Text<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }
            fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Borrowed(text)))
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Owned(text.to_owned())))
            }
        }
        deserializer.deserialize_str(BorrowingVisitor)
    }
}

/// The JSON list of an entry's changes, unparsed.
#[derive(Debug, Serialize)]
#[serde(transparent)]
pub struct ChangesView<'a>(Cow<'a, RawValue>);

impl ChangesView<'_> {
    /// The JSON array as text.
    #[must_use]
    pub fn get(&self) -> &str {
        self.0.get()
    }

    /// Parses the changes.
    ///
    /// # Errors
    /// [`JsonError`] when the text is no list of changes.
    pub fn list(&self) -> Result<Vec<Change>, JsonError> {
        Ok(serde_json::from_str(self.get())?)
    }
}

impl<'a> From<&'a Changes> for ChangesView<'a> {
    fn from(changes: &'a Changes) -> Self {
        Self(Cow::Borrowed(changes.raw()))
    }
}

/// On one line, as in [`crate::model::json::RawJson`].
impl<'de: 'a, 'a> Deserialize<'de> for ChangesView<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = <&RawValue>::deserialize(deserializer)?;
        let one_line = on_one_line(raw).map_err(D::Error::custom)?;
        Ok(Self(one_line.map_or(Cow::Borrowed(raw), Cow::Owned)))
    }
}
