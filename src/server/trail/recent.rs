//! Remembers the questions of the last hour and the exports in progress.

use std::collections::HashMap;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::Mutex;

use crate::api::query::Query;
use crate::model::page::{Cursor, Position};
use crate::model::timestamp::Timestamp;
use crate::model::trail::{FilterPairs, QUESTION_SECONDS, ReadCall};
use crate::server::lock::lock;

/// The most questions that are remembered. Beyond, some are recorded again.
const MAX_QUESTIONS: usize = 10_000;
/// The most exports whose pages are counted.
const MAX_EXPORTS: usize = 1_000;

/// The questions of the last hour, and the exports in progress.
#[derive(Default)]
pub(in crate::server) struct RecentReads {
    questions: Mutex<HashMap<u64, Timestamp>>,
    exports: Mutex<HashMap<ExportKey, ExportProgress>>,
    /// Keyed at random, so that no two questions can be made to collide.
    hasher: RandomState,
}

/// An export: its token, and its query with the upper bound.
pub(in crate::server) type ExportKey = ([u8; 32], [u8; 8], u64);

/// The pages of an export that this server has answered.
struct ExportProgress {
    entries: u64,
    /// Where the next page begins.
    next: Position,
    at: Timestamp,
}

/// A page that was answered.
pub(in crate::server) struct AnsweredPage<'a> {
    pub(in crate::server) query: &'a Query,
    pub(in crate::server) binding: [u8; 8],
    pub(in crate::server) as_of: u64,
    pub(in crate::server) rows: u64,
    /// Where the next page begins.
    pub(in crate::server) next: Option<Position>,
}

impl RecentReads {
    /// Whether this question was not asked by the same token in the last hour.
    pub(in crate::server) fn is_new(
        &self,
        token: [u8; 32],
        call: ReadCall,
        log: i64,
        pairs: &FilterPairs,
        now: Timestamp,
    ) -> bool {
        let key = self.hasher.hash_one((token, call, log, pairs));
        let is_recent = |at: &Timestamp| (now.micros() - at.micros()).abs() < QUESTION_SECONDS * 1_000_000;
        let mut questions = lock(&self.questions);
        if questions.get(&key).is_some_and(is_recent) {
            return false;
        }
        if questions.len() >= MAX_QUESTIONS {
            questions.retain(|_, at| is_recent(at));
            if questions.len() >= MAX_QUESTIONS {
                questions.clear();
            }
        }
        questions.insert(key, now);
        true
    }

    /// Forgets a question that was not recorded.
    pub(in crate::server) fn forget(&self, token: [u8; 32], call: ReadCall, log: i64, pairs: &FilterPairs) {
        let key = self.hasher.hash_one((token, call, log, pairs));
        lock(&self.questions).remove(&key);
    }

    /// Counts a page of an export. Returns the number of entries so far, if every page was answered by this server.
    pub(in crate::server) fn count(
        &self,
        key: ExportKey,
        from: Option<&Cursor>,
        page: &AnsweredPage<'_>,
        now: Timestamp,
    ) -> Option<u64> {
        let mut exports = lock(&self.exports);
        let before = match from {
            None => Some(0),
            Some(cursor) => exports.remove(&key).filter(|it| it.next == cursor.position).map(|it| it.entries),
        };
        let entries = before? + page.rows;
        if let Some(next) = page.next {
            let oldest = exports.iter().min_by_key(|(_, it)| it.at).map(|(key, _)| *key);
            if let Some(oldest) = oldest.filter(|_| exports.len() >= MAX_EXPORTS) {
                exports.remove(&oldest);
            }
            exports.insert(key, ExportProgress { entries, next, at: now });
        }
        Some(entries)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_is_new_again_after_an_hour_or_for_another_token() {
        let (reads, now) =
            (RecentReads::default(), "2026-11-22T08:00:00Z".parse::<Timestamp>().expect("a time"));
        let pairs = |id: &str| vec![("user", id.to_owned())];
        let is_new = |token, id: &str, minutes| {
            reads.is_new(
                [token; 32],
                ReadCall::List,
                1,
                &pairs(id),
                now.plus(chrono::TimeDelta::minutes(minutes)),
            )
        };
        assert!(is_new(1, "7", 0) && !is_new(1, "7", 59) && is_new(1, "7", 60));
        assert!(is_new(2, "7", 0) && is_new(1, "8", 0));
        reads.forget([1; 32], ReadCall::List, 1, &pairs("8"));
        assert!(is_new(1, "8", 0) && !is_new(1, "8", 0), "it was not recorded, so it counts as new");
        for id in 0..2 * MAX_QUESTIONS {
            assert!(is_new(3, &id.to_string(), 0), "{id}");
        }
        assert!(lock(&reads.questions).len() <= MAX_QUESTIONS);
    }

    #[test]
    fn an_export_is_counted_if_no_page_was_answered_elsewhere() {
        let (reads, now) =
            (RecentReads::default(), "2026-11-22T08:00:00Z".parse::<Timestamp>().expect("a time"));
        let key = ([1; 32], [2; 8], 9);
        let position = |id| Position { occurred_at: now, id };
        let count = |from: Option<u64>, rows, next: Option<u64>| {
            let query = Query::default();
            let page =
                AnsweredPage { query: &query, binding: [2; 8], as_of: 9, rows, next: next.map(position) };
            let from = from.map(|id| Cursor { position: position(id), as_of: 9, binding: [2; 8] });
            reads.count(key, from.as_ref(), &page, now)
        };
        assert_eq!(
            (count(None, 5, Some(4)), count(Some(4), 5, Some(2)), count(Some(2), 1, None)),
            (Some(5), Some(10), Some(11))
        );
        assert_eq!(count(Some(4), 5, None), None, "an export that began elsewhere");
        assert_eq!((count(None, 5, Some(4)), count(Some(3), 5, None)), (Some(5), None), "a page is missing");
    }
}
