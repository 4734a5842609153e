//! Search texts, case-folded once, and the texts of an entry that they are compared with.

use std::fmt;
use std::str::FromStr;

use crate::model::change::Change;
use crate::model::entry::{Entry, User};
use crate::model::filter::choice::{Choice, FilterValue};
use crate::model::fold::folded;
use crate::model::json::RawJson;

/// The most texts of one filter: each row is searched once for each.
pub const MAX_TEXTS: usize = 20;
/// The longest text, in characters.
pub const MAX_TEXT_LENGTH: usize = 1_000;

/// A text to search for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchText {
    written: String,
    folded: String,
}

/// A search text is too long.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("has a text of more than {MAX_TEXT_LENGTH} characters")]
pub struct TooLong;

impl FilterValue for SearchText {
    const MAX: usize = MAX_TEXTS;
    const IS_PROSE: bool = true;
}

impl FromStr for SearchText {
    type Err = TooLong;

    fn from_str(text: &str) -> Result<Self, TooLong> {
        if text.chars().nth(MAX_TEXT_LENGTH).is_some() {
            return Err(TooLong);
        }
        Ok(Self { written: text.to_owned(), folded: folded(text) })
    }
}

impl fmt::Display for SearchText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.written)
    }
}

impl SearchText {
    /// The text in the form in which texts are compared: see [`folded`].
    #[must_use]
    pub fn folded(&self) -> &str {
        &self.folded
    }
}

impl Choice<SearchText> {
    /// Whether the choice admits an entry with these changes. Folds each text of the entry once.
    pub(super) fn admits_entry(&self, entry: &Entry, changes: &[Change]) -> bool {
        if self.is_any() {
            return true;
        }
        let mut texts = Vec::new();
        let names = (entry.model_name.as_deref(), entry.users(), entry.origin_texts());
        visit_texts(names, changes, &mut |text| texts.push(folded(text)));
        self.admits(|wanted| texts.iter().any(|text| text.contains(&wanted.folded)))
    }

    /// Whether the choice admits one text. An absent text contains nothing.
    pub(super) fn admits_text(&self, text: Option<&str>) -> bool {
        if self.is_any() {
            return true;
        }
        let text = text.map(folded);
        self.admits(|wanted| text.as_ref().is_some_and(|text| text.contains(&wanted.folded)))
    }
}

/// Visits the texts of an entry that are searched. The index has the same: a change here needs a new version of
/// `model::signature`.
pub(super) fn visit_texts<'e>(
    (model_name, users, origin): (Option<&'e str>, impl Iterator<Item = &'e User>, [Option<&'e str>; 4]),
    changes: &[Change],
    visit: &mut dyn FnMut(&str),
) {
    let names = users.flat_map(|user| [&user.id, &user.email, &user.name]).flatten().map(String::as_str);
    model_name.into_iter().chain(names).chain(origin.into_iter().flatten()).for_each(&mut *visit);
    let mut visit_all = |text: &str| {
        visit(text);
        false
    };
    for Change { field, old, new, .. } in changes {
        visit_all(field);
        for value in [old, new].into_iter().flatten().filter_map(|side| RawJson::parse(side).ok()) {
            value.any_text(&mut visit_all);
        }
    }
}
