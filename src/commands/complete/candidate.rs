//! A value that may complete the word at the cursor.

use crate::model::fold::folded;
use crate::render::sanitize::sanitize;

pub(super) struct Candidate {
    pub(super) text: String,
    pub(super) description: String,
    /// Another text that matches the typed prefix: a user's name, where `text` is an exact term such as `is:ana`.
    alias: Option<String>,
}

impl Candidate {
    pub(super) fn new(text: impl Into<String>, description: impl AsRef<str>) -> Self {
        Self { text: text.into(), description: sanitize(description.as_ref()).into(), alias: None }
    }

    pub(super) fn with_alias(self, alias: &str) -> Self {
        Self { alias: Some(alias.to_owned()), ..self }
    }

    /// Whether the text or the alias starts with `typed`, which is case-folded.
    pub(super) fn starts_with(&self, typed: &str) -> bool {
        let starts = |text: &String| folded(text).starts_with(typed);
        starts(&self.text) || self.alias.as_ref().is_some_and(starts)
    }

    /// Whether a shell takes the text literally. It is inserted into a command line, where a name from the log must not
    /// become a command.
    pub(super) fn is_literal(&self) -> bool {
        let is_literal = |c: char| c.is_alphanumeric() || "@._+-/:".contains(c);
        !self.text.is_empty() && !self.text.starts_with('-') && self.text.chars().all(is_literal)
    }
}
