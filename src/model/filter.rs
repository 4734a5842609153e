//! Which entries a question is about, and what that means: `Filter::matches` is the meaning every store must keep to.
//!
//! How a filter is written in a query string is `api::query`'s business, how a store finds entries fast the store's.

mod choice;
mod prefilter;
mod text;
mod user;

use std::fmt;
use std::str::FromStr;

use crate::model::entry::Entry;
use crate::model::field_path::FieldPath;
pub use crate::model::filter::choice::{Choice, ChoiceError, FilterValue, MAX_VALUES};
pub use crate::model::filter::text::{MAX_TEXT_LENGTH, MAX_TEXTS, SearchText, TooLong};
pub use crate::model::filter::user::{InvalidUser, UserTerm};
use crate::model::timestamp::Timestamp;
use crate::model::words::{Action, ModelType, UnknownWord, Via, shortened};

/// A filter: every part must agree (AND); within a part any included value will do (OR) and no excluded one may.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// What was done.
    pub action: Choice<Action>,
    /// What kind of resource it was done to.
    pub model_type: Choice<ModelType>,
    /// Who did it: anybody who is called so, or exactly one user. See [`UserTerm`].
    pub user: Choice<UserTerm>,
    /// Which resource, by type and id.
    pub resource: Choice<Resource>,
    /// Which resource, by id alone.
    pub model_id: Choice<String>,
    /// Which field changed: a field, or a path into one. See [`FieldPath`].
    pub field: Choice<FieldPath>,
    /// The channel. An entry without one matches no channel.
    pub via: Choice<Via>,
    /// The request the entry was part of.
    pub request_id: Choice<String>,
    /// Text found in the resource's name, the user, the names of fields or visible values, compared by
    /// [`crate::model::fold`].
    pub text: Choice<SearchText>,
    /// The first moment that counts.
    pub since: Option<Timestamp>,
    /// The first moment that no longer counts.
    pub until: Option<Timestamp>,
}

/// A resource: its type and its id, written `connector/42`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Resource {
    /// The type.
    pub model_type: ModelType,
    /// The id, which may hold any character.
    pub model_id: String,
}

/// Why a text names no resource.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidResource {
    /// No slash, or nothing on one side of it.
    #[error("expected TYPE/ID, such as connector/42, not {:?}", shortened(.0))]
    Form(String),
    /// The type is unknown.
    #[error("{0}")]
    Type(UnknownWord),
}

impl FromStr for Resource {
    type Err = InvalidResource;
    fn from_str(text: &str) -> Result<Self, InvalidResource> {
        match text.split_once('/') {
            Some((model_type, id)) if !id.is_empty() => {
                let model_type = model_type.parse().map_err(InvalidResource::Type)?;
                Ok(Self { model_type, model_id: id.to_owned() })
            }
            _ => Err(InvalidResource::Form(text.to_owned())),
        }
    }
}

impl fmt::Display for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.model_type, self.model_id)
    }
}

impl Filter {
    /// Tells whether an entry is meant: the reference meaning.
    #[must_use]
    pub fn matches(&self, entry: &Entry) -> bool {
        self.since.is_none_or(|since| entry.occurred_at >= since)
            && self.until.is_none_or(|until| entry.occurred_at < until)
            && self.action.admits(|action| *action == entry.action)
            && self.model_type.admits(|model_type| *model_type == entry.model_type)
            && self.model_id.admits(|id| *id == entry.model_id)
            && self.resource.admits(|it| it.model_type == entry.model_type && it.model_id == entry.model_id)
            && self.via.admits(|via| Some(*via) == entry.context.via)
            && self.request_id.admits(|id| Some(id) == entry.context.request_id.as_ref())
            && self.user.admits_user(&entry.user)
            && self.matches_content(entry)
    }

    /// The parts of the meaning that look into the changes or search text: those no index answers.
    #[must_use]
    pub fn matches_content(&self, entry: &Entry) -> bool {
        if !self.looks_inside() {
            return true;
        }
        let changes = entry.changes.list().unwrap_or_default();
        self.field.admits_changes(&changes) && self.text.admits_entry(entry, &changes)
    }

    /// Tells whether [`Filter::matches_content`] could refuse an entry.
    #[must_use]
    pub const fn looks_inside(&self) -> bool {
        !self.field.is_any() || !self.text.is_any()
    }

    /// Tells whether it asks for nothing but actions, model types, channels, users and times, by which sums are kept.
    #[must_use]
    pub const fn is_tallied(&self) -> bool {
        let names_resource = !self.resource.is_any() || !self.model_id.is_any();
        !self.looks_inside() && !names_resource && self.request_id.is_any()
    }

    /// Tells whether any action, model type, channel and user will do.
    #[must_use]
    pub const fn admits_all_dimensions(&self) -> bool {
        self.action.is_any() && self.model_type.is_any() && self.via.is_any() && self.user.is_any()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_resource_is_a_type_and_an_id() {
        let it: Resource = "Connector Endpoint/a/b".parse().expect("a resource");
        assert_eq!(it.to_string(), "connector_endpoint/a/b");
        for bad in ["connector", "connector/", "/42", "robot/1"] {
            assert!(bad.parse::<Resource>().is_err(), "{bad}");
        }
    }
}
