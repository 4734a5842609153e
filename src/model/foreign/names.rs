//! Names in other tables: what classes and events stand for, whose ids need their class, and what may be shown of them.

use std::str::FromStr;

use crate::model::words::{Action, ModelType, UserKind};

/// What a name in the table stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Meaning {
    /// A class of models.
    Type(ModelType),
    /// An event.
    Action(Action),
    /// Its rows are left out.
    Nothing,
}

/// A name and what it stands for, written `App\Models\Hook=endpoint`, `restored=updated` or `retrieved=-`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Named {
    /// The name, as it stands in the table.
    pub name: String,
    /// What it stands for.
    pub meaning: Meaning,
}

impl FromStr for Named {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let named = text.rsplit_once('=').filter(|(name, _)| !name.trim().is_empty());
        let (name, word) = named.ok_or(r"expected NAME=WORD, such as 'App\Models\Hook=endpoint'")?;
        let meaning = match (word.trim(), word.parse(), word.parse()) {
            ("-", ..) => Meaning::Nothing,
            (_, Ok(model_type), _) => Meaning::Type(model_type),
            (_, _, Ok(action)) => Meaning::Action(action),
            (word, Err(unknown), _) => {
                return Err(format!(
                    "{word:?} is neither a model type ({}) nor an action (created, updated, deleted) nor -",
                    unknown.accepted.join(", ")
                ));
            }
        };
        Ok(Self { name: name.trim().to_owned(), meaning })
    }
}

/// A class of users and their kind, written `App\Models\Robot=service`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct UserClass {
    /// The class, as it stands in the table.
    pub class: String,
    /// What kind of identity it is.
    pub kind: UserKind,
}

impl FromStr for UserClass {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let named = text.rsplit_once('=').filter(|(name, _)| !name.trim().is_empty());
        let (name, word) = named.ok_or(r"expected CLASS=KIND, such as 'App\Models\Robot=service'")?;
        let kind = word.trim().parse().map_err(|_| "KIND is user, token, service or system".to_owned())?;
        Ok(Self { class: name.trim().to_owned(), kind })
    }
}

fn segments(class: &str) -> Vec<&str> {
    class.split(['\\', '/', '.', ':']).filter(|part| !part.is_empty()).collect()
}

/// The class without its namespace.
pub(super) fn last_segment(class: &str) -> &str {
    segments(class).last().copied().unwrap_or(class)
}

/// Whether a class stands in no namespace, or in the one that applications keep their models in.
fn is_in_usual_place(class: &str) -> bool {
    let segments = segments(class);
    let (_, namespace) = segments.split_last().unwrap_or((&"", &[]));
    matches!(namespace, [] | ["App"] | ["App", "Models"])
}

fn folded(word: &str) -> String {
    word.replace('_', "").to_lowercase()
}

/// Whether ids of a class are the ids of a model type: only of the one class that is named as the type is. Each other
/// class of the same type has ids of its own.
pub(super) fn is_class_of(model_type: ModelType, class: &str) -> bool {
    is_in_usual_place(class) && folded(last_segment(class)) == folded(model_type.as_str())
}

/// Whether a class is the one that applications keep their users in.
pub(super) fn is_user(class: &str) -> bool {
    is_in_usual_place(class) && folded(last_segment(class)) == "user"
}

/// Whether a name is one that a table would have for a column. The first line of a file without a header holds values.
pub(crate) fn is_column_name(name: &str) -> bool {
    name.len() <= 64
        && name.starts_with(|c: char| c.is_ascii_lowercase() || c == '_')
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}

/// Events of the libraries and of what is often built on them.
const EVENTS: &[&str] = &[
    "access",
    "archived",
    "associated",
    "attached",
    "attach",
    "attempted",
    "audit",
    "authenticated",
    "cloned",
    "comment",
    "commented",
    "completed",
    "copied",
    "detach",
    "detached",
    "disabled",
    "dissociated",
    "download",
    "downloaded",
    "duplicated",
    "enabled",
    "export",
    "exported",
    "failed",
    "force_deleted",
    "forceDeleted",
    "import",
    "imported",
    "invited",
    "locked",
    "log_in",
    "log_out",
    "logged_in",
    "logged_out",
    "login",
    "logout",
    "merged",
    "moved",
    "password_reset",
    "pivotAttached",
    "pivotDetached",
    "pivotUpdated",
    "processed",
    "published",
    "read",
    "rejected",
    "replicated",
    "restore",
    "restored",
    "retrieved",
    "saved",
    "sent",
    "shared",
    "softDeleted",
    "submitted",
    "sync",
    "synced",
    "touch",
    "touched",
    "trashed",
    "unarchived",
    "unlocked",
    "unpublished",
    "verified",
    "view",
    "viewed",
];

/// A class or an event as it may be shown: a column may hold anything, and what does not look like a name of code may
/// be a secret.
pub(crate) fn readable<'a>(what: &str, word: &'a str) -> Option<&'a str> {
    let is_name = |part: &&str| {
        part.len() <= 40
            && part.starts_with(|c: char| c.is_ascii_alphabetic())
            && part.chars().all(|c| c.is_ascii_alphabetic() || c == '_')
    };
    let parts = segments(word);
    let is_path = parts.len() <= 6 && parts.iter().all(is_name);
    let is_class = match parts.len() {
        0 => false,
        // One word alone is a class when it is written as one.
        1 => {
            is_path && word.starts_with(|c: char| c.is_ascii_uppercase()) && word.contains(char::is_lowercase)
        }
        _ => is_path,
    };
    let is_number = !word.is_empty() && word.len() <= 5 && word.bytes().all(|byte| byte.is_ascii_digit());
    let shown = if what == "event" { EVENTS.contains(&word) } else { is_class || is_number };
    shown.then_some(word)
}
