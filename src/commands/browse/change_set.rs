//! Groups the entries of one request in a list: the others follow the first, marked by a bracket.

use std::collections::HashMap;

use crate::model::entry::Entry;

/// The place of an entry in its change set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ChangeSetPosition {
    /// No other entry of its request is listed.
    Alone,
    First,
    Inner,
    Last,
}

impl ChangeSetPosition {
    /// The part of the bracket left of the entry.
    pub(super) const fn bracket(self, ascii: bool) -> &'static str {
        match (self, ascii) {
            (Self::Alone, _) => "  ",
            (Self::First, false) => "┌ ",
            (Self::Inner, false) => "│ ",
            (Self::Last, false) => "└ ",
            (Self::First, true) => "/ ",
            (Self::Inner, true) => "| ",
            (Self::Last, true) => "\\ ",
        }
    }
}

/// Moves the entries of a request behind its first entry. The order is otherwise unchanged.
pub(super) fn group_by_request(entries: Vec<Entry>) -> (Vec<Entry>, Vec<ChangeSetPosition>) {
    let mut requests: Vec<Vec<Entry>> = Vec::new();
    let mut indexes: HashMap<String, usize> = HashMap::new();
    for entry in entries {
        let request = entry.context.request_id.clone();
        match request.as_ref().and_then(|request| indexes.get(request)) {
            Some(index) => requests[*index].push(entry),
            None => {
                indexes.extend(request.map(|request| (request, requests.len())));
                requests.push(vec![entry]);
            }
        }
    }
    let groups = requests.iter().flat_map(|request| {
        let last = request.len() - 1;
        (0..=last).map(move |index| match index {
            _ if last == 0 => ChangeSetPosition::Alone,
            0 => ChangeSetPosition::First,
            index if index == last => ChangeSetPosition::Last,
            _ => ChangeSetPosition::Inner,
        })
    });
    let groups = groups.collect();
    (requests.into_iter().flatten().collect(), groups)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(id: u64, request: Option<&str>) -> Entry {
        let entry = serde_json::json!({
            "id": id, "uuid": uuid::Uuid::nil(), "occurred_at": "2026-11-22T08:00:00Z",
            "recorded_at": "2026-11-22T08:00:00Z", "action": "created", "model_type": "secret", "model_id": "5",
            "user": {"name": "ana"}, "context": {"request_id": request}, "changes": [],
        });
        serde_json::from_value(entry).expect("an entry")
    }

    #[test]
    fn entries_of_a_request_follow_its_first_entry() {
        let requests = [Some("a"), None, Some("b"), Some("a"), Some("a"), None, Some("b")];
        let entries = (1..).zip(requests).map(|(id, request)| entry(id, request)).collect();
        let (entries, groups) = group_by_request(entries);
        assert_eq!(entries.iter().map(|entry| entry.id).collect::<Vec<_>>(), [1, 4, 5, 2, 3, 7, 6]);
        use ChangeSetPosition::{Alone, First, Inner, Last};
        assert_eq!(groups, [First, Inner, Last, Alone, First, Last, Alone]);
        assert_eq!(group_by_request(Vec::new()), (Vec::new(), Vec::new()));
    }
}
