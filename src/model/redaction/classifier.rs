//! Decides whether a value is a secret, by the class of the name beside it and by how the text writes the two. Every
//! format uses this one rule.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use crate::model::redaction::names::{KeyName, NameClass};
use crate::model::redaction::references;
use crate::model::redaction::values::{is_harmless_text, is_known_word, looks_generated, looks_like_word};

/// Classifies names by the built-in vocabulary and by the names that an operator added.
#[derive(Debug, Clone, Default)]
pub(super) struct Classifier {
    additional_names: Arc<AdditionalNames>,
}

/// Names that an operator added. Clones of a classifier share them, so that a running server can replace them.
#[derive(Debug, Default)]
struct AdditionalNames {
    /// Usually there are none, and then no lock is taken.
    has_any: AtomicBool,
    /// Normalized: lower-case letters and digits only.
    names: RwLock<HashSet<String>>,
}

/// How a text writes a value beside its name.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum ValueSyntax {
    /// Quoted, assigned, or an element of its own: certainly a value.
    Explicit,
    /// Possibly a sentence: `password: reset`.
    MaybeProse,
    /// The same, but in a text where sentences are rare, and the word ends the line.
    LastWord,
}

impl Classifier {
    pub(super) fn class(&self, name: &str) -> NameClass {
        self.class_of(&KeyName::of(name))
    }

    pub(super) fn class_of(&self, name: &KeyName) -> NameClass {
        if self.is_added(&name.joined) { NameClass::Password } else { name.class }
    }

    /// Replaces the additional names, which are normalized. A name without a letter or digit would be that of every such key.
    pub(super) fn set_additional_names(&self, names: impl Iterator<Item = String>) {
        let names: HashSet<_> = names.filter(|name| !name.is_empty()).collect();
        let has_any = !names.is_empty();
        *self.additional_names.names.write().unwrap_or_else(PoisonError::into_inner) = names;
        self.additional_names.has_any.store(has_any, Ordering::Release);
    }

    fn is_added(&self, joined: &String) -> bool {
        let AdditionalNames { has_any, names } = &*self.additional_names;
        has_any.load(Ordering::Acquire)
            && names.read().unwrap_or_else(PoisonError::into_inner).contains(joined)
    }

    pub(super) fn is_credential(&self, name: &str) -> bool {
        self.class(name).is_credential()
    }
}

/// Whether a value beside a name of this class is a secret.
pub(super) fn is_secret(class: NameClass, value: &str, syntax: ValueSyntax) -> bool {
    match class {
        NameClass::Ordinary => false,
        NameClass::Ambiguous => looks_generated(value),
        _ if is_harmless_text(value, class) => false,
        _ => match syntax {
            ValueSyntax::Explicit => true,
            ValueSyntax::MaybeProse => !looks_like_word(value),
            ValueSyntax::LastWord => !is_known_word(value.trim_end_matches('.')),
        },
    }
}

/// Whether a text begins with a program's expression and not with a value: `await …`, `row.token`, `getenv("X")`.
pub(super) fn is_code(text: &str) -> bool {
    const KEYWORDS: &[&str] = &[
        "await", "new", "if", "not", "function", "lambda", "async", "typeof", "match", "case", "let", "see",
    ];
    let word = text.find(|c: char| !c.is_ascii_alphabetic()).map_or(text, |end| &text[..end]);
    KEYWORDS.contains(&word) && text[word.len()..].starts_with(' ')
        || references::leading_expression(text).is_some()
        || references::begins_with_template(text)
}
