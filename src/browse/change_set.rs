//! Marks neighbouring entries of one request in a list by a bracket.

use crate::model::entry::Entry;

/// The place of an entry in a run of entries of its request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ChangeSetPosition {
    /// No neighbour belongs to its request.
    Alone,
    First,
    Inner,
    Last,
}

impl ChangeSetPosition {
    /// The part of the bracket left of the entry.
    pub(crate) const fn bracket(self, ascii: bool) -> &'static str {
        match (self, ascii) {
            (Self::Alone, _) => " ",
            (Self::First, false) => "┌",
            (Self::Inner, false) => "│",
            (Self::Last, false) => "└",
            (Self::First, true) => "/",
            (Self::Inner, true) => "|",
            (Self::Last, true) => "\\",
        }
    }
}

/// The place of each entry.
pub(crate) fn change_set_positions(entries: &[Entry]) -> Vec<ChangeSetPosition> {
    let is_same = |one: Option<&Entry>, other: Option<&Entry>| match (one, other) {
        (Some(one), Some(other)) => {
            one.context.request_id.is_some() && one.context.request_id == other.context.request_id
        }
        _ => false,
    };
    let position = |index: usize| {
        let before = index.checked_sub(1).and_then(|before| entries.get(before));
        let this = entries.get(index);
        match (is_same(before, this), is_same(this, entries.get(index + 1))) {
            (false, false) => ChangeSetPosition::Alone,
            (false, true) => ChangeSetPosition::First,
            (true, true) => ChangeSetPosition::Inner,
            (true, false) => ChangeSetPosition::Last,
        }
    };
    (0..entries.len()).map(position).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::browse::tests::entry;

    #[test]
    fn neighbours_of_one_request_are_bracketed() {
        use ChangeSetPosition::{Alone, First, Inner, Last};
        let requests = [Some("a"), Some("a"), Some("a"), None, None, Some("b"), Some("c"), Some("c")];
        let entries: Vec<_> = (1..)
            .zip(requests)
            .map(|(id, request)| {
                let mut entry = entry(id);
                entry.context.request_id = request.map(str::to_owned);
                entry
            })
            .collect();
        assert_eq!(change_set_positions(&entries), [First, Inner, Last, Alone, Alone, Alone, First, Last]);
        assert_eq!(change_set_positions(&[]), []);
    }
}
