//! Follows a growing log: returns each entry after a position once, in commit order, and waits for a server that is lost.
//! `list --follow` and `forward` share it.

use std::time::Duration;

use crate::api::page::Page;
use crate::api::query::Query;
use crate::client::Client;
use crate::client::error::ClientError;
use crate::client::last_entry::{FollowError, LastEntry, LogPosition};
use crate::client::transport::{LONGEST_RETRY, retry_delays};
use crate::clock::Clock;
use crate::model::entry::Entry;
use crate::model::filter::Filter;
use crate::model::page::{MAX_LIMIT, Order};
use crate::model::prune::Pruned;

/// Polls for entries after the last one it has returned.
pub struct Follower {
    client: Client,
    query: Query,
    clock: Clock,
    last: Option<LastEntry>,
    /// Whether the log was seen to have the last entry since this follower began.
    is_checked: bool,
    /// The pruned range that was returned last.
    reported: Option<Pruned>,
    /// The first entry that only the end of the time window has left out.
    left_out: Option<u64>,
    /// Up to which id there is no such entry.
    none_left_out_through: u64,
}

/// The result of one poll.
#[derive(Debug)]
pub struct NewEntries {
    /// The entries, in id order.
    pub entries: Vec<Entry>,
    /// The position after the entries. The next poll continues there.
    pub position: LogPosition,
    /// The highest id of the log.
    pub head_id: u64,
    /// Whether there are more entries to poll at once.
    pub more: bool,
    /// The pruned range, if entries were pruned before they could be read. Each range is returned once.
    pub pruned: Option<Pruned>,
    /// Whether the end of the filter's time window has passed, and all entries were returned.
    pub is_end: bool,
}

/// A change of the connection to the server.
#[derive(Debug)]
pub enum ConnectionChange<'a> {
    /// Requests fail. They are repeated until one succeeds.
    Lost(&'a ClientError),
    /// A request succeeded again.
    Restored,
}

impl Follower {
    /// Follows the entries that match `filter` and come after `position`, until the end of the filter's time window.
    #[must_use]
    pub const fn new(client: Client, filter: Filter, position: LogPosition, clock: Clock) -> Self {
        let LogPosition { after_id, last } = position;
        let query = Query {
            filter,
            order: Order::ById,
            limit: MAX_LIMIT,
            cursor: None,
            after_id: Some(after_id),
            as_of: None,
            total: false,
        };
        Self {
            client,
            query,
            clock,
            last,
            is_checked: false,
            reported: None,
            left_out: None,
            none_left_out_through: 0,
        }
    }

    /// The same follower, which does not report this pruned range, because its entries were not to be read.
    #[must_use]
    pub fn without_reporting(self, pruned: Option<Pruned>) -> Self {
        Self { reported: pruned, ..self }
    }

    /// The position up to which entries were returned.
    #[must_use]
    pub fn position(&self) -> LogPosition {
        LogPosition { after_id: self.query.after_id.unwrap_or(0), last: self.last }
    }

    /// The first entry so far that only the end of the time window has left out. Another window may have it, so that no saved
    /// position may be after it.
    #[must_use]
    pub const fn left_out(&self) -> Option<u64> {
        self.left_out
    }

    /// Reads the next page of new entries, which may be empty. Retries until the server answers, and tells when it is lost
    /// and when it is back. A dropped future leaves the position unchanged.
    ///
    /// # Errors
    /// [`FollowError`], if a retry would not help.
    pub async fn next(
        &mut self,
        tell: &mut dyn FnMut(ConnectionChange<'_>),
    ) -> Result<NewEntries, FollowError> {
        let mut delays = retry_delays();
        let mut is_lost = false;
        loop {
            match self.poll().await {
                Ok(news) => {
                    if is_lost {
                        tell(ConnectionChange::Restored);
                    }
                    return Ok(news);
                }
                Err(FollowError::Client(error)) if error.is_transient() => {
                    if !is_lost {
                        tell(ConnectionChange::Lost(&error));
                    }
                    is_lost = true;
                    tokio::time::sleep(delays.next().unwrap_or(LONGEST_RETRY)).await;
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Waits before the next poll, at most until the end of the time window.
    pub async fn wait(&self, interval: Duration) {
        let left = self.query.filter.until.map(|until| until.since(self.clock.now()));
        let left = left.map(|left| left.to_std().unwrap_or(Duration::ZERO));
        tokio::time::sleep(left.map_or(interval, |left| left.min(interval))).await;
    }

    /// The highest id of the log.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn head_id(&self) -> Result<u64, ClientError> {
        Ok(self.client.page(&Query { limit: 1, ..self.query.clone() }).await?.page.as_of)
    }

    async fn poll(&mut self) -> Result<NewEntries, FollowError> {
        // Before the request: an entry that is recorded during it may still be inside the window.
        let is_over = self.query.filter.until.is_some_and(|until| until <= self.clock.now());
        let page = self.client.page(&self.query).await?;
        let mut news = checked_page(self.position(), page, self.client.server())?;
        // New entries may have the ids of others that are gone.
        if let Some(last) = self.last.filter(|_| !news.entries.is_empty() || !self.is_checked) {
            last.check(&self.client).await?;
        }
        self.is_checked = true;
        if self.left_out.is_none() {
            // After the page: it sees each entry that the page has passed.
            let after_id = self.position().after_id.max(self.none_left_out_through);
            (self.left_out, self.none_left_out_through) =
                search_left_out(&self.client, &self.query.filter, after_id).await?;
        }
        news.pruned = news.pruned.filter(|pruned| self.reported != Some(*pruned));
        news.is_end = is_over && !news.more;
        self.reported = news.pruned.or(self.reported);
        self.query.after_id = Some(news.position.after_id);
        self.last = news.position.last;
        Ok(news)
    }
}

/// The first entry after `after_id` that matches the filter except for the end of its time window.
///
/// # Errors
/// [`ClientError`].
pub async fn first_left_out(
    client: &Client,
    filter: &Filter,
    after_id: u64,
) -> Result<Option<u64>, ClientError> {
    Ok(search_left_out(client, filter, after_id).await?.0)
}

/// The first such entry, and up to which id the log was searched.
async fn search_left_out(
    client: &Client,
    filter: &Filter,
    after_id: u64,
) -> Result<(Option<u64>, u64), ClientError> {
    let Some(until) = filter.until else { return Ok((None, after_id)) };
    let filter = Filter { since: filter.since.max(Some(until)), until: None, ..filter.clone() };
    let query = Query { filter, order: Order::ById, limit: 1, after_id: Some(after_id), ..Query::default() };
    let page = client.page(&query).await?;
    Ok((page.data.first().map(|entry| entry.id), page.page.as_of))
}

/// Checks a page of entries after `before`. A server that repeats entries, or has lost some, is not followed.
fn checked_page(before: LogPosition, page: Page, server: &str) -> Result<NewEntries, FollowError> {
    let Page { data: entries, page, pruned, .. } = page;
    let after_id = before.after_id;
    if page.as_of < after_id {
        return Err(FollowError::WentBackwards(after_id));
    }
    let invalid = |cause: &str| Err(ClientError::unexpected(server, 200, &cause).into());
    let ids = std::iter::once(after_id).chain(entries.iter().map(|entry| entry.id));
    if !ids.is_sorted_by(|before, next| before < next) {
        return invalid(&format!("the entries after {after_id} are not in id order"));
    }
    let more = page.next_cursor.is_some();
    let through_id = match entries.last() {
        Some(last) if more => last.id,
        None if more => return invalid("its next_cursor is invalid"),
        _ => page.as_of,
    };
    let last = entries.last().map(|entry| LastEntry { id: entry.id, uuid: entry.uuid }).or(before.last);
    let position = LogPosition { after_id: through_id, last };
    Ok(NewEntries { entries, position, head_id: page.as_of, more, pruned, is_end: false })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const AFTER_7: LogPosition = LogPosition { after_id: 7, last: None };

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
            let news = checked_page(AFTER_7, page(ids, as_of, more), "s").expect("news");
            assert_eq!((news.position.after_id, news.more), (through_id, more), "{ids:?}");
            assert_eq!(news.position.last.map(|last| last.id), ids.last().copied());
            assert_eq!(news.entries.iter().map(|entry| entry.id).collect::<Vec<_>>(), ids);
        }
    }

    #[test]
    fn a_server_that_repeats_or_loses_entries_is_not_followed() {
        for (ids, as_of, more, words) in [
            (&[7, 8][..], 8, false, "id order"),
            (&[9, 8], 9, false, "id order"),
            (&[8, 8], 9, false, "id order"),
            (&[], 6, false, "went backwards: entry 7"),
            (&[], 9, true, "next_cursor is invalid"),
        ] {
            let error = checked_page(AFTER_7, page(ids, as_of, more), "s").expect_err("refused").to_string();
            assert!(error.contains(words), "{error}");
        }
    }
}
