//! The entries of one request: a change set.

use crate::api::query::Query;
use crate::client::Client;
use crate::client::pages::Pages;
use crate::error::Failure;
use crate::exit;
use crate::model::entry::Entry;
use crate::model::filter::Filter;
use crate::model::page::{MAX_LIMIT, Order};

/// How many other entries of the same request are listed below an entry.
const MAX_LISTED: u32 = 20;

fn filter_by_request(request_id: &str) -> Filter {
    let mut filter = Filter::default();
    filter.request_id.include.push(request_id.to_owned());
    filter
}

/// All entries of a request, oldest first.
pub(super) async fn all(client: &Client, request_id: &str) -> Result<Vec<Entry>, Failure> {
    let query = Query {
        filter: filter_by_request(request_id),
        order: Order::Ascending,
        limit: MAX_LIMIT,
        ..Query::default()
    };
    let entries = Pages::new(client.clone(), query).all().await?;
    if entries.is_empty() {
        return Err(Failure::new(exit::NOT_FOUND, format!("no entry has the request id {request_id}")));
    }
    Ok(entries)
}

/// The first of the other entries of the same request, and their total number.
pub(in crate::commands) async fn companions(
    client: &Client,
    entry: &Entry,
) -> Result<Option<(Vec<Entry>, u64)>, Failure> {
    let Some(request_id) = &entry.context.request_id else { return Ok(None) };
    let order = Order::Ascending;
    let query = Query {
        filter: filter_by_request(request_id),
        order,
        limit: MAX_LISTED + 1,
        total: true,
        ..Query::default()
    };
    let page = client.page(&query).await?;
    let mut others = page.data;
    others.retain(|other| other.id != entry.id);
    others.truncate(MAX_LISTED as usize);
    Ok(page.total.map(|total| (others, total.count.saturating_sub(1))))
}
