//! Names of classes and events in imported tables: their mappings, and rules for prefixing ids and showing names.

use std::str::FromStr;

use crate::model::words::{Action, ModelType, UserKind};

/// The target that a class or an event is mapped to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MappingTarget {
    Type(ModelType),
    Action(Action),
    /// Rows with this name are skipped.
    Nothing,
}

/// A name and its meaning, written `App\Models\Hook=endpoint`, `restored=updated` or `retrieved=-`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NameMapping {
    /// A class or an event, as written in the table.
    pub(crate) name: String,
    pub(crate) target: MappingTarget,
}

impl FromStr for NameMapping {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let (name, word) =
            assignment(text).ok_or(r"expected NAME=WORD, such as 'App\Models\Hook=endpoint'")?;
        let target = match (word, word.parse(), word.parse()) {
            ("-", ..) => MappingTarget::Nothing,
            (_, Ok(model_type), _) => MappingTarget::Type(model_type),
            (_, _, Ok(action)) => MappingTarget::Action(action),
            (word, Err(unknown), _) => {
                return Err(format!(
                    "{word:?} is not a model type ({}), an action (created, updated, deleted) or -",
                    unknown.accepted.join(", ")
                ));
            }
        };
        Ok(Self { name: name.to_owned(), target })
    }
}

/// A class of users and their kind, written `App\Models\Robot=service`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct UserKindMapping {
    pub(crate) class: String,
    pub(crate) kind: UserKind,
}

impl FromStr for UserKindMapping {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let (name, word) =
            assignment(text).ok_or(r"expected CLASS=KIND, such as 'App\Models\Robot=service'")?;
        let kind = word.parse().map_err(|_| "KIND is user, token, service, system or agent".to_owned())?;
        Ok(Self { class: name.to_owned(), kind })
    }
}

/// Splits a text at its last `=`.
fn assignment(text: &str) -> Option<(&str, &str)> {
    let (name, word) = text.rsplit_once('=')?;
    Some((name.trim(), word.trim())).filter(|(name, _)| !name.is_empty())
}

fn segments(class: &str) -> Vec<&str> {
    class.split(['\\', '/', '.', ':']).filter(|part| !part.is_empty()).collect()
}

/// The class without its namespace.
pub(super) fn last_segment(class: &str) -> &str {
    segments(class).last().copied().unwrap_or(class)
}

/// Whether the class is named `word` and has no namespace or a default one for models (`App`, `App\Models`).
fn is_app_class(class: &str, word: &str) -> bool {
    let folded = |word: &str| word.replace('_', "").to_lowercase();
    let segments = segments(class);
    let (_, namespace) = segments.split_last().unwrap_or((&"", &[]));
    matches!(namespace, [] | ["App"] | ["App", "Models"]) && folded(last_segment(class)) == folded(word)
}

/// Whether the ids of a class need no prefix to serve as ids of a model type. This holds only for the class named after
/// the type: other classes that map to the type have separate id sequences.
pub(super) fn is_class_of(model_type: ModelType, class: &str) -> bool {
    is_app_class(class, model_type.as_str())
}

/// Whether a class is the application's own `User` class.
pub(super) fn is_user(class: &str) -> bool {
    is_app_class(class, "user")
}

/// Whether a text looks like a column name. In a file without a header, the first line holds values instead.
pub(crate) fn is_column_name(name: &str) -> bool {
    name.len() <= 64
        && name.starts_with(|c: char| c.is_ascii_lowercase() || c == '_')
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}

/// Events of the libraries and of common extensions.
const EVENTS: &str = "
    access archived associated attached attach attempted audit authenticated
    cloned comment commented completed copied
    detach detached disabled dissociated download downloaded duplicated
    enabled export exported failed force_deleted forceDeleted
    import imported invited locked log_in log_out logged_in logged_out login logout
    merged moved password_reset pivotAttached pivotDetached pivotUpdated processed published
    read rejected replicated restore restored retrieved
    saved sent shared softDeleted submitted sync synced
    touch touched trashed unarchived unlocked unpublished verified view viewed";

/// Returns a class or an event if it may be shown. A column may hold any text, and a word that does not look like an
/// identifier may be a secret.
pub(crate) fn displayable<'a>(what: &str, word: &'a str) -> Option<&'a str> {
    let is_name = |part: &&str| {
        part.len() <= 40
            && part.starts_with(|c: char| c.is_ascii_alphabetic())
            && part.chars().all(|c| c.is_ascii_alphabetic() || c == '_')
    };
    let parts = segments(word);
    let is_path = parts.len() <= 6 && parts.iter().all(is_name);
    let is_class = match parts.len() {
        0 => false,
        // A single word must be written like a class.
        1 => {
            is_path && word.starts_with(|c: char| c.is_ascii_uppercase()) && word.contains(char::is_lowercase)
        }
        _ => is_path,
    };
    let is_number = !word.is_empty() && word.len() <= 5 && word.bytes().all(|byte| byte.is_ascii_digit());
    let is_event = || EVENTS.split_whitespace().any(|event| event == word);
    let is_shown = if what == "event" { is_event() } else { is_class || is_number };
    is_shown.then_some(word)
}
