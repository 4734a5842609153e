//! The queue of reads.

use super::*;
use crate::model::filter::Filter;
use crate::model::page::Order;
use crate::model::plan::Retention;
use crate::model::trail::ReadCall;
use crate::model::words::{Log, Plan};
use crate::store::{self, PageRequest};

fn read(id: usize) -> TrailEvent {
    let filter = vec![("id", id.to_string())];
    TrailEvent::Read { log: Log::Audit, call: ReadCall::Show, filter, rows: Some(1), more: false }
}

async fn world() -> (Arc<Store>, OrgId, TrailQueue) {
    let store = store::open_in_memory().expect("a store");
    let now = "2026-11-22T08:00:00Z".parse().expect("a time");
    let retention = Retention { plan: Plan::Free, floor: None };
    let made = store.create_organization("acme".to_owned(), retention, now).await.expect("made");
    (store, made.id, TrailQueue::new(Clock::fixed(now), Redaction::default()))
}

async fn recorded(store: &Store, org: OrgId) -> u64 {
    let request = PageRequest::first(Filter::default(), Order::ById, 1);
    store.page(org.trail(), request).await.expect("a page").as_of
}

#[tokio::test]
async fn a_full_queue_is_written_before_another_read_is_queued() {
    let (store, org, queue) = world().await;
    for id in 0..=MAX_QUEUED {
        queue.note(&store, org, read(id), Actor::token("cron"), EventKey::unique()).await;
    }
    assert_eq!(recorded(&store, org).await, MAX_QUEUED as u64);
    queue.flush(&store, None).await.expect("written");
    assert_eq!(recorded(&store, org).await, MAX_QUEUED as u64 + 1);
    assert!(queue.queues().is_empty());
}

#[tokio::test]
async fn a_read_that_cannot_be_written_stays_queued() {
    let (store, org, queue) = world().await;
    queue.note(&store, org, read(1), Actor::token("cron"), EventKey::unique()).await;
    store.close().await;
    queue.flush(&store, None).await.expect_err("the store is closed");
    assert_eq!(queue.queues()[&org].len(), 1);
}

#[tokio::test]
async fn the_same_question_is_recorded_once_by_two_servers() {
    let (store, org, queue) = world().await;
    let other = TrailQueue::new(queue.clock.clone(), Redaction::default());
    for queue in [&queue, &other] {
        let key = EventKey::Question { log: org.number() };
        queue.note(&store, org, read(1), Actor::token("cron"), key).await;
        queue.flush(&store, None).await.expect("written");
    }
    assert_eq!(recorded(&store, org).await, 1);
}
