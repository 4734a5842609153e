//! Follows a growing log: returns each entry after a given id once, in commit order. The caller decides when to poll
//! and when to retry.

use crate::api::page::Page;
use crate::api::query::Query;
use crate::client::Client;
use crate::client::error::ClientError;
use crate::model::entry::Entry;
use crate::model::filter::Filter;
use crate::model::page::{MAX_LIMIT, Order};
use crate::model::prune::Pruned;

/// Polls for entries after the last one it has returned.
pub struct Follower {
    client: Client,
    query: Query,
}

/// The result of one poll.
#[derive(Debug)]
pub struct NewEntries {
    /// The entries, in id order.
    pub entries: Vec<Entry>,
    /// The id up to which the log was searched. The next poll continues after it.
    pub through_id: u64,
    /// Whether there are more entries to poll at once.
    pub more: bool,
    /// The pruned range, if entries were pruned before they could be read.
    pub pruned: Option<Pruned>,
}

impl Follower {
    /// Follows the entries that match `filter` and come after the entry `after_id`.
    #[must_use]
    pub const fn new(client: Client, filter: Filter, after_id: u64) -> Self {
        let query = Query {
            filter,
            order: Order::ById,
            limit: MAX_LIMIT,
            cursor: None,
            after_id: Some(after_id),
            as_of: None,
            total: false,
        };
        Self { client, query }
    }

    /// The id up to which the log was searched.
    #[must_use]
    pub fn through_id(&self) -> u64 {
        self.query.after_id.unwrap_or(0)
    }

    /// Reads the next page of new entries.
    ///
    /// # Errors
    /// [`ClientError`]. The position is unchanged, so that the poll can be repeated.
    pub async fn poll(&mut self) -> Result<NewEntries, ClientError> {
        let page = self.client.page(&self.query).await?;
        let news = checked_page(self.through_id(), page);
        let news = news.map_err(|cause| ClientError::unexpected(self.client.server(), 200, &cause))?;
        self.query.after_id = Some(news.through_id);
        Ok(news)
    }
}

/// Checks a page of entries after `after_id`. A server that repeats entries, or has lost some, is not followed.
fn checked_page(after_id: u64, page: Page) -> Result<NewEntries, String> {
    let Page { data: entries, page, pruned, .. } = page;
    if page.as_of < after_id {
        return Err(format!(
            "its log ends at entry {}, but entry {after_id} was read before: it is another log, or an older copy",
            page.as_of
        ));
    }
    let ids = std::iter::once(after_id).chain(entries.iter().map(|entry| entry.id));
    if !ids.is_sorted_by(|before, next| before < next) {
        return Err(format!("the entries after {after_id} are not in id order"));
    }
    let more = page.next_cursor.is_some();
    let through_id = match entries.last() {
        Some(last) if more => last.id,
        None if more => return Err("its next_cursor is invalid".to_owned()),
        _ => page.as_of,
    };
    Ok(NewEntries { entries, through_id, more, pruned })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn page(ids: &[u64], as_of: u64, more: bool) -> Page {
        let entry = |id: &u64| {
            json!({
                "id": id, "uuid": "0193a1f2-6c1e-7c3a-9d55-0f6d2a7b8c11", "occurred_at": "2026-11-22T08:14:07Z",
                "recorded_at": "2026-11-22T08:14:07Z", "action": "created", "model_type": "secret", "model_id": "1",
                "user": {"id": "7"}, "changes": []
            })
        };
        let cursor = more.then_some("x");
        let text = json!({
            "data": ids.iter().map(entry).collect::<Vec<_>>(),
            "page": {"limit": 1000, "as_of": as_of, "next_cursor": cursor},
        });
        serde_json::from_value(text).expect("a page")
    }

    #[test]
    fn the_searched_range_advances_without_matches() {
        for (ids, as_of, more, through_id) in [
            (&[][..], 7, false, 7),
            (&[], 12, false, 12),
            (&[8, 9], 12, false, 12),
            (&[8, 11], 12, true, 11),
            (&[8, 12], 12, false, 12),
        ] {
            let news = checked_page(7, page(ids, as_of, more)).expect("news");
            assert_eq!((news.through_id, news.more), (through_id, more), "{ids:?}");
            assert_eq!(news.entries.iter().map(|entry| entry.id).collect::<Vec<_>>(), ids);
        }
    }

    #[test]
    fn a_server_that_repeats_or_loses_entries_is_not_followed() {
        for (ids, as_of, more, words) in [
            (&[7, 8][..], 8, false, "id order"),
            (&[9, 8], 9, false, "id order"),
            (&[8, 8], 9, false, "id order"),
            (&[], 6, false, "another log"),
            (&[], 9, true, "next_cursor is invalid"),
        ] {
            let error = checked_page(7, page(ids, as_of, more)).expect_err("refused");
            assert!(error.contains(words), "{error}");
        }
    }
}
