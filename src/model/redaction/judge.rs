//! The one rule for a name and a value, whatever format they stand in.

use super::expressions;
use super::names::{Meaning, Name};
use super::values::{is_choice, is_harmless_text, looks_like_prose, looks_made};

/// Judges names: by the built-in vocabulary, and by the names an operator added.
#[derive(Debug, Clone, Default)]
pub(super) struct Judge {
    /// Folded.
    pub(super) additional_names: Vec<String>,
}

/// How a text writes a value beside a name.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Writing {
    /// For certain a value: quoted, assigned, in an element of its own.
    Certain,
    /// Perhaps a sentence: `password: reset`.
    Loose,
    /// The same, in a text where sentences are rare, and the word ends the line.
    Alone,
}

impl Judge {
    pub(super) fn meaning(&self, name: &str) -> Meaning {
        self.meaning_of(&Name::of(name))
    }

    pub(super) fn meaning_of(&self, name: &Name) -> Meaning {
        if self.additional_names.contains(&name.joined) { Meaning::Password } else { name.meaning }
    }

    /// Whether a name names a credential for certain.
    pub(super) fn names_credential(&self, name: &str) -> bool {
        self.meaning(name).is_credential()
    }
}

/// Tells whether a value is hidden that is written so under a name of this meaning.
pub(super) fn hides(meaning: Meaning, value: &str, writing: Writing) -> bool {
    match meaning {
        Meaning::Plain => false,
        Meaning::Unsure => looks_made(value),
        _ if is_harmless_text(value, meaning) => false,
        _ => match writing {
            Writing::Certain => true,
            Writing::Loose => !looks_like_prose(value),
            Writing::Alone => !is_choice(value.trim_end_matches('.')),
        },
    }
}

/// Whether a program begins an expression here and no value: `await …`, `row.token`, `getenv("X")`.
pub(super) fn is_code(rest: &str) -> bool {
    const KEYWORDS: &[&str] = &[
        "await", "new", "if", "not", "function", "lambda", "async", "typeof", "match", "case", "let", "see",
    ];
    let word = rest.find(|c: char| !c.is_ascii_alphabetic()).map_or(rest, |end| &rest[..end]);
    KEYWORDS.contains(&word) && rest[word.len()..].starts_with(' ')
        || expressions::leading(rest).is_some()
        || expressions::begins_with_template(rest)
}
