//! The events of an organization as a whole, beside those of its retention.

use serde_json::Value;

use crate::model::trail::fields::Field;
use crate::model::words::{Action, ModelType};

/// A rename or the deletion of an organization.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OrganizationEvent {
    /// Gets another slug.
    Renamed {
        /// Its slug so far.
        old: String,
        /// Its slug from now on.
        new: String,
    },
    /// Is deleted with both logs. A copy of the trail outside the store, such as one of `forward`, keeps this entry.
    Deleted {
        /// Its slug.
        slug: String,
    },
}

impl OrganizationEvent {
    /// Action, resource and changed fields.
    pub(super) fn parts(&self) -> (Action, ModelType, String, Vec<Field>) {
        let text = |slug: &String| Some(Value::from(slug.as_str()));
        let (action, slug, field) = match self {
            Self::Renamed { old, new } => (Action::Updated, old, ("slug", text(old), text(new))),
            Self::Deleted { slug } => (Action::Deleted, slug, ("slug", text(slug), None)),
        };
        (action, ModelType::Organization, slug.clone(), vec![field])
    }
}
