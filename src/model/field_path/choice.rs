//! Applies a choice of field terms to the changes of an entry.

use crate::model::change::Change;
use crate::model::field_path::ParsedChange;
use crate::model::field_path::term::FieldTerm;
use crate::model::filter::Choice;

impl Choice<FieldTerm> {
    /// Whether the choice admits an entry with these changes. Each value is parsed at most once, however many paths lead
    /// into it.
    #[must_use]
    pub fn admits_changes(&self, changes: &[Change]) -> bool {
        let changes: Vec<_> = changes.iter().map(ParsedChange::of).collect();
        self.admits(|term| changes.iter().any(|change| term.is_touched(change)))
    }
}
