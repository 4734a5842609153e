//! Values to include and to exclude, and the list in which they are written: `created,!deleted`.

use std::fmt::Display;
use std::str::FromStr;

use crate::model::field_path::{FieldPath, enclosed};
use crate::model::filter::Resource;
use crate::model::words::{Action, ModelType, Via};

/// The most values one part of a filter takes, included and excluded together.
pub const MAX_VALUES: usize = 100;

/// A value of a filter, as it stands in a list.
pub trait FilterValue: FromStr + Display {
    /// The most values of this kind.
    const MAX: usize = MAX_VALUES;
    /// Whether parts of a value stand in quotes and brackets, where no sign has a meaning of its own.
    const IS_PATH: bool = false;
}

impl FilterValue for Action {}
impl FilterValue for ModelType {}
impl FilterValue for Via {}
impl FilterValue for Resource {}
impl FilterValue for String {}
impl FilterValue for FieldPath {
    const IS_PATH: bool = true;
}

/// Values to include (any of them; all, when there are none) and to exclude.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice<T> {
    /// Any of these will do.
    pub include: Vec<T>,
    /// None of these may be.
    pub exclude: Vec<T>,
}

impl<T> Default for Choice<T> {
    fn default() -> Self {
        Self { include: Vec::new(), exclude: Vec::new() }
    }
}

impl<T> Choice<T> {
    /// Tells whether every value will do.
    #[must_use]
    pub const fn is_any(&self) -> bool {
        self.include.is_empty() && self.exclude.is_empty()
    }

    /// Tells whether the choice admits something, given how to test it against one value.
    pub fn admits(&self, mut is: impl FnMut(&T) -> bool) -> bool {
        (self.include.is_empty() || self.include.iter().any(&mut is)) && !self.exclude.iter().any(is)
    }
}

impl<T: FilterValue> Choice<T> {
    /// Adds the values of a comma-separated text. A leading `!` excludes a value; `\` takes the next character
    /// (`,`, `!` or `\`) as itself.
    ///
    /// # Errors
    /// A sentence when a value is empty or is not one of the accepted words, or there are too many.
    pub fn add_list(&mut self, text: &str) -> Result<(), ChoiceError<T::Err>> {
        let mut rest = Some(text);
        while let Some(text) = rest {
            let value;
            (value, rest) = split::<T>(text);
            self.add(value)?;
        }
        Ok(())
    }

    /// Adds one value, in which a comma is a comma.
    ///
    /// # Errors
    /// As [`Choice::add_list`].
    pub fn add(&mut self, text: &str) -> Result<(), ChoiceError<T::Err>> {
        if self.include.len() + self.exclude.len() == T::MAX {
            return Err(ChoiceError::TooMany(T::MAX));
        }
        let (values, text) = match text.strip_prefix('!') {
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

    /// Each value as [`Choice::add_list`] reads it back.
    pub fn written(&self) -> impl Iterator<Item = String> {
        let include = self.include.iter().map(|value| escaped::<T>(&value.to_string()));
        include.chain(self.exclude.iter().map(|value| format!("!{}", escaped::<T>(&value.to_string()))))
    }
}

/// Why a value of a filter cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChoiceError<E> {
    /// Nothing between two commas.
    #[error("has an empty value: name at least one, separated by commas")]
    Empty,
    /// More values than a filter takes.
    #[error("has more than {0} values")]
    TooMany(usize),
    /// The value itself.
    #[error("{0}")]
    Value(E),
}

/// A piece of a value.
enum Piece<'t> {
    /// What stands in quotes or brackets, as it is.
    Enclosed(&'t str),
    /// A backslash, and the character that it takes as itself.
    Escaped(char),
    Plain(char),
}

/// The piece at the start of a text, and what follows it. A path's quotes begin where a key does.
fn piece<T: FilterValue>(text: &str, is_key: bool) -> Option<(Piece<'_>, &str)> {
    let first = text.chars().next()?;
    if T::IS_PATH
        && (is_key && first == '"' || first == '[')
        && let Some(length) = enclosed(text)
    {
        let (piece, rest) = text.split_at(length);
        return Some((Piece::Enclosed(piece), rest));
    }
    let rest = &text[first.len_utf8()..];
    match rest.chars().next() {
        Some(next)
            if first == '\\'
                && (matches!(next, ',' | '!' | '\\') || T::IS_PATH && matches!(next, '"' | '[')) =>
        {
            Some((Piece::Escaped(next), &rest[next.len_utf8()..]))
        }
        _ => Some((Piece::Plain(first), rest)),
    }
}

/// The pieces of a value.
fn pieces<T: FilterValue>(text: &str) -> impl Iterator<Item = (Piece<'_>, &str)> {
    let (mut rest, mut is_key, mut is_first) = (text, true, true);
    std::iter::from_fn(move || {
        let (piece, behind) = piece::<T>(rest, is_key)?;
        // A sign that excludes stands before the first key.
        is_key = match piece {
            Piece::Plain('!') => is_first,
            Piece::Plain(c) => c == '.',
            Piece::Enclosed(_) | Piece::Escaped(_) => false,
        };
        is_first = false;
        rest = behind;
        Some((piece, behind))
    })
}

/// The first value of a list, and the list behind its comma.
fn split<T: FilterValue>(text: &str) -> (&str, Option<&str>) {
    let comma = pieces::<T>(text).find(|(piece, _)| matches!(piece, Piece::Plain(',')));
    match comma {
        Some((_, rest)) => (&text[..text.len() - rest.len() - 1], Some(rest)),
        None => (text, None),
    }
}

/// Takes away the backslashes that make a sign stand for itself; any other backslash is one.
fn unescaped<T: FilterValue>(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for (piece, _) in pieces::<T>(text) {
        match piece {
            Piece::Enclosed(text) => plain.push_str(text),
            Piece::Escaped(c) | Piece::Plain(c) => plain.push(c),
        }
    }
    plain
}

/// The length of the quotes and brackets that a text begins with, when they are read as such again. Behind them only a
/// dot or the end may follow: any other sign is written with a backslash, and quotes do not end before one.
fn enclosed_run(text: &str) -> Option<usize> {
    let mut length = enclosed(text)?;
    while text[length..].starts_with('[') {
        length += enclosed(&text[length..])?;
    }
    (length == text.len() || text[length..].starts_with('.')).then_some(length)
}

fn escaped<T: FilterValue>(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    let (mut rest, mut is_key) = (text, true);
    while let Some(first) = rest.chars().next() {
        let is_enclosing = T::IS_PATH && (is_key && first == '"' || first == '[');
        let enclosed = if is_enclosing { enclosed_run(rest) } else { None };
        let length = enclosed.unwrap_or(first.len_utf8());
        let is_sign = matches!(first, ',' | '\\')
            || first == '!' && escaped.is_empty()
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
    fn a_comma_within_a_key_or_an_item_parts_no_paths() {
        let mut paths = Choice::<FieldPath>::default();
        paths
            .add_list(r#"labels."a,b".c,list[3 name="x,\"y]"].z,!"q\\,\"".1,a"b,c"d,"open,e[f,g],"h"#)
            .expect("paths");
        let written = |paths: &[FieldPath]| paths.iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(
            written(&paths.include),
            [r#"labels."a,b".c"#, r#"list[3 name="x,\"y]"].z"#, "a\"b", "c\"d", "\"open", "e[f", "g]", "\"h"]
        );
        assert_eq!(written(&paths.exclude), [r#""q\\,\"".1"#]);
    }

    #[test]
    fn more_values_than_the_limit_are_refused_where_the_limit_is() {
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
            reads_back::<FieldPath>(&["x".to_owned()], &[path.to_owned()]);
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(include in prop::collection::vec("[a!,\\\\é .\"\\[\\]1=]{1,8}", 0..4), exclude in prop::collection::vec("[a!,\\\\\".\\[\\]1 =]{1,8}", 0..3)) {
            prop_assume!(include.iter().chain(&exclude).all(|value| !value.trim().is_empty()));
            reads_back::<String>(&include, &exclude);
            reads_back::<FieldPath>(&include, &exclude);
        }
    }
}
