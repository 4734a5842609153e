//! The lists of a filter as text, by the names of their query parameters: the query string, flags, command lines and
//! summaries go through them without knowing their types.

use std::fmt::Display;

use crate::model::filter::choice::{Choice, ChoiceError, FilterValue};

/// One list of a filter, whatever the type of its values.
pub trait FilterList {
    /// Adds a text as [`Choice::add_list`] reads it; for search texts, in which a comma is a comma, as [`Choice::add`].
    ///
    /// # Errors
    /// [`BadText`]; values before the bad one have been added.
    fn add_text(&mut self, text: &str) -> Result<(), BadText>;
    /// Removes all values.
    fn clear(&mut self);
    /// Each value as [`FilterList::add_text`] reads it back.
    fn texts(&self) -> Vec<String>;
    /// The values to include and those to exclude, for a reader.
    fn labels(&self) -> [Vec<String>; 2];
}

/// A text that is no value of a list.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{detail}")]
pub struct BadText {
    /// What is wrong with it.
    pub detail: String,
    /// The nearest accepted word.
    pub nearest: Option<&'static str>,
}

impl<T: FilterValue<Err: Display>> FilterList for Choice<T> {
    fn clear(&mut self) {
        *self = Self::default();
    }

    fn add_text(&mut self, text: &str) -> Result<(), BadText> {
        let added = if T::IS_PROSE { self.add(text) } else { self.add_list(text) };
        added.map_err(|error| {
            let nearest = match &error {
                ChoiceError::Value(error) => T::nearest(error),
                ChoiceError::Empty | ChoiceError::TooMany(_) => None,
            };
            BadText { detail: error.to_string(), nearest }
        })
    }

    fn texts(&self) -> Vec<String> {
        self.written().collect()
    }

    fn labels(&self) -> [Vec<String>; 2] {
        [&self.include, &self.exclude].map(|values| values.iter().map(FilterValue::label).collect())
    }
}
