//! The events of a legal hold.

use crate::model::redaction::Redaction;
use crate::model::trail::fields::{Field, FilterPairs, query_string};
use crate::model::words::{Action, ModelType};

/// The creation or the release of a hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HoldEvent {
    /// Whether it is released.
    pub is_release: bool,
    /// Its name.
    pub name: String,
    /// The filter of the entries that it covers, or covered.
    pub filter: FilterPairs,
    /// Why.
    pub reason: String,
}

impl HoldEvent {
    /// Action, resource and changed fields.
    pub(super) fn parts(&self, redaction: &Redaction) -> (Action, ModelType, String, Vec<Field>) {
        let filter = Some(query_string(&self.filter, redaction).into());
        let (action, field) = match self.is_release {
            false => (Action::Created, ("filter", None, filter)),
            true => (Action::Deleted, ("filter", filter, None)),
        };
        (action, ModelType::Hold, self.name.clone(), vec![field])
    }
}
