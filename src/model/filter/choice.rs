//! Included and excluded values, and the syntax of their list: `created,!deleted`.

use std::fmt::Display;
use std::str::FromStr;

use crate::model::field_path::enclosed;
use crate::model::field_path::term::FieldTerm;
use crate::model::filter::resource::{InvalidResource, Resource};
use crate::model::words::{Action, ModelType, UnknownWord, Via};

/// The most values of one list, included and excluded together.
pub const MAX_VALUES: usize = 100;

/// A value in a list of a filter.
pub trait FilterValue: FromStr + Display {
    /// The most values of this type in one list.
    const MAX: usize = MAX_VALUES;
    /// Whether a value may have parts in quotes and brackets, which are taken literally.
    const IS_PATH: bool = false;
    /// Whether values are free text, in which a comma is a comma: each is given by itself.
    const IS_PROSE: bool = false;

    /// The accepted word nearest to the one that gave this error.
    fn nearest(_: &Self::Err) -> Option<&'static str> {
        None
    }

    /// The value for a reader.
    fn label(&self) -> String {
        self.to_string()
    }
}

impl FilterValue for Action {
    fn nearest(error: &UnknownWord) -> Option<&'static str> {
        error.nearest()
    }
}
impl FilterValue for ModelType {
    fn nearest(error: &UnknownWord) -> Option<&'static str> {
        error.nearest()
    }
    fn label(&self) -> String {
        Self::label(*self).to_owned()
    }
}
impl FilterValue for Via {
    fn nearest(error: &UnknownWord) -> Option<&'static str> {
        error.nearest()
    }
}
impl FilterValue for Resource {
    fn nearest(error: &InvalidResource) -> Option<&'static str> {
        match error {
            InvalidResource::Type(word) => word.nearest(),
            InvalidResource::Form(_) => None,
        }
    }
}
impl FilterValue for String {}
impl FilterValue for FieldTerm {
    const IS_PATH: bool = true;
}

/// Included values (every value if there are none) and excluded values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice<T> {
    /// One of these must match.
    pub include: Vec<T>,
    /// None of these may match.
    pub exclude: Vec<T>,
}

impl<T> Default for Choice<T> {
    fn default() -> Self {
        Self { include: Vec::new(), exclude: Vec::new() }
    }
}

impl<T> Choice<T> {
    /// Whether every value is admitted.
    #[must_use]
    pub const fn is_any(&self) -> bool {
        self.include.is_empty() && self.exclude.is_empty()
    }

    /// Whether the choice admits what `is` compares with one value.
    pub fn admits(&self, mut is: impl FnMut(&T) -> bool) -> bool {
        (self.include.is_empty() || self.include.iter().any(&mut is)) && !self.exclude.iter().any(is)
    }
}

impl<T: FilterValue> Choice<T> {
    /// Adds the values of a comma-separated text. A leading `!` or `^` excludes a value; `\` escapes `,`, `!`, `^` and `\`.
    /// In free text, `^` is a character like any other.
    ///
    /// # Errors
    /// [`ChoiceError`] for the first value that is empty, not accepted, or one too many.
    pub fn add_list(&mut self, text: &str) -> Result<(), ChoiceError<T::Err>> {
        let mut rest = Some(text);
        while let Some(text) = rest {
            let value;
            (value, rest) = split::<T>(text);
            self.add(value)?;
        }
        Ok(())
    }

    /// Adds one value, in which commas are literal.
    ///
    /// # Errors
    /// As [`Choice::add_list`].
    pub fn add(&mut self, text: &str) -> Result<(), ChoiceError<T::Err>> {
        if self.include.len() + self.exclude.len() == T::MAX {
            return Err(ChoiceError::TooMany(T::MAX));
        }
        let (values, text) = match text.strip_prefix(excludes::<T>) {
            Some(rest) => (&mut self.exclude, rest),
            None => (&mut self.include, text),
        };
        let text = unescaped::<T>(text);
        if text.trim().is_empty() {
            return Err(ChoiceError::Empty);
        }
        values.push(text.parse().map_err(ChoiceError::Value)?);
        Ok(())
    }

    /// Each value, escaped so that [`Choice::add_list`] reads it back.
    pub fn written(&self) -> impl Iterator<Item = String> {
        let include = self.include.iter().map(|value| escaped::<T>(&value.to_string()));
        include.chain(self.exclude.iter().map(|value| format!("!{}", escaped::<T>(&value.to_string()))))
    }
}

/// Why a value cannot be added.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChoiceError<E> {
    /// The value is empty.
    #[error("has an empty value: name at least one, separated by commas")]
    Empty,
    /// The list is full.
    #[error("has more than {0} values")]
    TooMany(usize),
    /// The value is not accepted.
    #[error("{0}")]
    Value(E),
}

/// Whether a leading character excludes a value. Interactive shells replace `!name` by an earlier command, but not `^name`.
const fn excludes<T: FilterValue>(c: char) -> bool {
    c == '!' || c == '^' && !T::IS_PROSE
}

/// A token of a value.
enum ValueToken<'t> {
    /// A part in quotes or brackets, taken literally.
    Enclosed(&'t str),
    /// A character after a backslash.
    Escaped(char),
    Plain(char),
}

/// The token at the start of a text, and the rest. In a path, quotes open only at the start of a key.
fn token<T: FilterValue>(text: &str, is_key: bool) -> Option<(ValueToken<'_>, &str)> {
    let first = text.chars().next()?;
    if T::IS_PATH
        && (is_key && first == '"' || first == '[')
        && let Some(length) = enclosed(text)
    {
        let (token, rest) = text.split_at(length);
        return Some((ValueToken::Enclosed(token), rest));
    }
    let rest = &text[first.len_utf8()..];
    match rest.chars().next() {
        Some(next)
            if first == '\\'
                && (matches!(next, ',' | '\\')
                    || excludes::<T>(next)
                    || T::IS_PATH && matches!(next, '"' | '[')) =>
        {
            Some((ValueToken::Escaped(next), &rest[next.len_utf8()..]))
        }
        _ => Some((ValueToken::Plain(first), rest)),
    }
}

/// The tokens of a value, each with the text after it.
fn tokens<T: FilterValue>(text: &str) -> impl Iterator<Item = (ValueToken<'_>, &str)> {
    let (mut rest, mut is_key, mut is_first) = (text, true, true);
    std::iter::from_fn(move || {
        let (token, behind) = token::<T>(rest, is_key)?;
        // The sign that excludes is followed by the first key.
        is_key = match token {
            ValueToken::Plain(c) if excludes::<T>(c) => is_first,
            ValueToken::Plain(c) => c == '.',
            ValueToken::Enclosed(_) | ValueToken::Escaped(_) => false,
        };
        is_first = false;
        rest = behind;
        Some((token, behind))
    })
}

/// Splits off the first value of a list.
fn split<T: FilterValue>(text: &str) -> (&str, Option<&str>) {
    let comma = tokens::<T>(text).find(|(token, _)| matches!(token, ValueToken::Plain(',')));
    match comma {
        Some((_, rest)) => (&text[..text.len() - rest.len() - 1], Some(rest)),
        None => (text, None),
    }
}

/// Removes the backslashes that escape a sign. Any other backslash is literal.
fn unescaped<T: FilterValue>(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for (token, _) in tokens::<T>(text) {
        match token {
            ValueToken::Enclosed(text) => plain.push_str(text),
            ValueToken::Escaped(c) | ValueToken::Plain(c) => plain.push(c),
        }
    }
    plain
}

/// The length of the quotes and brackets at the start of a text, if they will be read back as such: only a dot or the
/// end may follow, because any other sign is escaped and quotes do not end before a backslash.
fn enclosed_run(text: &str) -> Option<usize> {
    let mut length = enclosed(text)?;
    while text[length..].starts_with('[') {
        length += enclosed(&text[length..])?;
    }
    (length == text.len() || text[length..].starts_with('.')).then_some(length)
}

/// A value's text, escaped so that [`Choice::add_list`] reads it back as one included value.
pub(crate) fn escaped<T: FilterValue>(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    let (mut rest, mut is_key) = (text, true);
    while let Some(first) = rest.chars().next() {
        let is_enclosing = T::IS_PATH && (is_key && first == '"' || first == '[');
        let enclosed = if is_enclosing { enclosed_run(rest) } else { None };
        let length = enclosed.unwrap_or(first.len_utf8());
        let is_sign = matches!(first, ',' | '\\')
            || excludes::<T>(first) && escaped.is_empty()
            || T::IS_PATH && matches!(first, '"' | '[');
        if enclosed.is_none() && is_sign {
            escaped.push('\\');
        }
        escaped.push_str(&rest[..length]);
        is_key = first == '.';
        rest = &rest[length..];
    }
    escaped
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn values_combine_and_exclude() {
        let mut action = Choice::default();
        action.add_list("created,!deleted").expect("words");
        assert_eq!(action, Choice { include: vec![Action::Created], exclude: vec![Action::Deleted] });
        assert!(action.admits(|it| *it == Action::Created) && !action.admits(|it| *it == Action::Updated));
        let only_excluded = Choice { include: vec![], exclude: vec![Action::Deleted] };
        assert!(
            only_excluded.admits(|it| *it == Action::Updated)
                && !only_excluded.admits(|it| *it == Action::Deleted)
        );
        for bad in ["", "created,", "!", "created,,deleted"] {
            assert_eq!(Choice::<Action>::default().add_list(bad), Err(ChoiceError::Empty), "{bad}");
        }
        let mut names = Choice::<String>::default();
        names.add_list(r"Ruiz\, Ana,\!bang,a\\b,C:\dir").expect("texts");
        assert_eq!(names.include, ["Ruiz, Ana", "!bang", r"a\b", r"C:\dir"]);
    }

    #[test]
    fn a_comma_within_quotes_or_brackets_does_not_separate_paths() {
        let mut paths = Choice::<FieldTerm>::default();
        paths
            .add_list(r#"labels."a,b".c,list[3 name="x,\"y]"].z,!"q\\,\"".1,a"b,c"d,"open,e[f,g],"h"#)
            .expect("paths");
        let written = |paths: &[FieldTerm]| paths.iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(
            written(&paths.include),
            [r#"labels."a,b".c"#, r#"list[3 name="x,\"y]"].z"#, "a\"b", "c\"d", "\"open", "e[f", "g]", "\"h"]
        );
        assert_eq!(written(&paths.exclude), [r#""q\\,\"".1"#]);
    }

    #[test]
    fn reading_stops_at_the_first_value_over_the_limit() {
        let mut ids = Choice::<String>::default();
        let list = vec!["x"; MAX_VALUES].join(",");
        ids.add_list(&list).expect("as many as there may be");
        assert_eq!(ids.add_list("!y"), Err(ChoiceError::TooMany(MAX_VALUES)));
        let long = "x,".repeat(1 << 20);
        assert_eq!(Choice::<String>::default().add_list(&long), Err(ChoiceError::TooMany(MAX_VALUES)));
    }

    fn reads_back<T: FilterValue<Err: std::fmt::Debug> + Clone + PartialEq + std::fmt::Debug>(
        include: &[String],
        exclude: &[String],
    ) {
        let read = |texts: &[String]| texts.iter().map(|text| text.parse().expect("a value")).collect();
        let choice = Choice::<T> { include: read(include), exclude: read(exclude) };
        let list = choice.written().collect::<Vec<_>>();
        let (mut read, mut one_by_one) = (Choice::default(), Choice::default());
        if !choice.is_any() {
            read.add_list(&list.join(",")).expect("what was written");
        }
        list.iter().for_each(|value| one_by_one.add_list(value).expect("what was written"));
        assert_eq!(read, choice, "{list:?}");
        assert_eq!(one_by_one, choice, "{list:?}");
    }

    #[test]
    fn quotes_before_an_open_bracket_are_read_back() {
        for path in [r#"","[["#, r#""a",b"#, r#""a"[0][1"#, r#""a"[0].[b"#] {
            reads_back::<FieldTerm>(&["x".to_owned()], &[path.to_owned()]);
        }
    }

    proptest! {
        #[test]
        fn written_values_are_read_back(include in prop::collection::vec("[a!,\\\\é .\"\\[\\]1=]{1,8}", 0..4), exclude in prop::collection::vec("[a!,\\\\\".\\[\\]1 =]{1,8}", 0..3)) {
            prop_assume!(include.iter().chain(&exclude).all(|value| !value.trim().is_empty()));
            reads_back::<String>(&include, &exclude);
            reads_back::<FieldTerm>(&include, &exclude);
        }
    }
}
