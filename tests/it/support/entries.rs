//! Recordings, and reading entries back through a store.

use std::sync::Arc;

use chrono::TimeDelta;
use krosyn_audit::model::draft::Draft;
use krosyn_audit::model::entry::Entry;
use krosyn_audit::model::filter::Filter;
use krosyn_audit::model::page::{Order, Position};
use krosyn_audit::model::redaction::Redaction;
use krosyn_audit::model::timestamp::Timestamp;
use krosyn_audit::store::{Appended, OrgId, PageRead, PageRequest, Store};
use serde_json::{Value, json};

/// 2026-11-22T08:00:00Z, when every test begins.
pub(crate) const NOW: Timestamp = Timestamp::from_micros(1_795_334_400_000_000).expect("a moment");

/// The time this many seconds before [`NOW`].
pub(crate) fn seconds_ago(seconds: i64) -> Timestamp {
    NOW.plus(TimeDelta::seconds(-seconds))
}

/// The time this many days before [`NOW`].
pub(crate) fn days_ago(days: i64) -> Timestamp {
    NOW.plus(TimeDelta::days(-days))
}

/// A valid recording of a new connector. Tests change the members they are about.
pub(crate) fn recording(model_id: &str) -> Value {
    json!({
        "action": "created",
        "model_type": "connector",
        "model_id": model_id,
        "model_name": format!("Connector {model_id}"),
        "user": {"id": "7", "email": "ana.ruiz@acme.example", "name": "Ana Ruiz"},
        "after": {"status": "active", "limit": 3},
    })
}

/// The same, with a time.
pub(crate) fn recording_at(model_id: &str, at: Timestamp) -> Value {
    with(recording(model_id), "occurred_at", at.to_string())
}

/// The recording with one member replaced.
pub(crate) fn with(mut recording: Value, member: &str, value: impl Into<Value>) -> Value {
    recording[member] = value.into();
    recording
}

/// The draft the server makes of this text at [`NOW`].
pub(crate) fn draft(text: &str) -> Draft {
    draft_at(text, NOW)
}

/// The draft the server makes of this text.
pub(crate) fn draft_at(text: &str, now: Timestamp) -> Draft {
    let proposal = serde_json::from_str(text).expect("a proposal");
    Draft::prepare(&proposal, &Redaction::default(), now).expect("sound")
}

/// One draft for each recording.
pub(crate) fn drafts(recordings: impl IntoIterator<Item = Value>) -> Vec<Draft> {
    recordings.into_iter().map(|recording| draft(&recording.to_string())).collect()
}

/// Appends new recordings and returns their entries.
pub(crate) async fn append(
    store: &Arc<Store>,
    org: OrgId,
    recordings: impl IntoIterator<Item = Value>,
) -> Vec<Entry> {
    let appended = store.append(org, drafts(recordings), false).await.expect("appended");
    appended.into_iter().map(new).collect()
}

/// The entry of a new recording.
pub(crate) fn new(appended: Appended) -> Entry {
    match appended {
        Appended::New(entry) => Arc::unwrap_or_clone(entry),
        other => panic!("not new: {other:?}"),
    }
}

/// The request for the first page.
pub(crate) fn first_page(filter: &Filter, order: Order, limit: u32) -> PageRequest {
    PageRequest::first(filter.clone(), order, limit)
}

/// The request for the page after `position`, with the same `as_of`.
pub(crate) fn page_after(request: &PageRequest, position: Position, as_of: u64) -> PageRequest {
    PageRequest { after: Some(position), as_of: Some(as_of), ..request.clone() }
}

/// The entries of a page.
pub(crate) fn listed(read: &PageRead) -> Vec<Entry> {
    read.entries.list().expect("entries")
}

/// Reads all pages of a query.
pub(crate) async fn read_all(
    store: &Arc<Store>,
    org: OrgId,
    filter: &Filter,
    order: Order,
    limit: u32,
) -> Vec<Entry> {
    let mut request = first_page(filter, order, limit);
    let mut all = Vec::new();
    loop {
        let read = store.page(org, request.clone()).await.expect("a page");
        assert!(read.entries.len() <= limit as usize, "a page is no longer than asked for");
        all.extend(listed(&read));
        assert!(all.len() as u64 <= read.as_of, "the pages repeat themselves: {:?}", ids(&all));
        if !read.more {
            return all;
        }
        let last = read.entries.last().expect("a page with more behind it is not empty");
        request = page_after(&request, last, read.as_of);
    }
}

/// All entries, in id order.
pub(crate) async fn everything(store: &Arc<Store>, org: OrgId) -> Vec<Entry> {
    read_all(store, org, &Filter::default(), Order::ById, 1000).await
}

pub(crate) fn ids(entries: &[Entry]) -> Vec<u64> {
    entries.iter().map(|entry| entry.id).collect()
}

/// Entries for [`Store::restore_entries`], to which the tree will give seeds.
pub(crate) fn without_seeds(entries: &[Entry]) -> Vec<(Entry, Option<[u8; 16]>)> {
    entries.iter().map(|entry| (entry.clone(), None)).collect()
}
