//! Runs the effects that wait for the server or for time, beside the screen. Results return as events.

use std::time::Duration;

use tokio::sync::mpsc;

use crate::api::query::Query;
use crate::browse::content::DocumentContent;
use crate::browse::event::{Delay, Effect, EffectId, EffectResult, LoadRequest, Reading, ScreenEvent};
use crate::browse::window::{LoadedPage, PAGE, PageAnchor, compare};
use crate::client::Client;
use crate::client::error::ClientError;
use crate::client::pages::Pages;
use crate::commands::resource::read_history;
use crate::error::Failure;
use crate::model::facets::Facets;
use crate::model::filter::{Choice, Filter};
use crate::model::history::reader::HistoryRequest;
use crate::model::page::{MAX_LIMIT, Order, Position};
use crate::model::timestamp::Timestamp;

/// How long typing must pause before the list is loaded.
const TYPING_PAUSE: Duration = Duration::from_millis(150);
/// How often new entries are looked for.
const FOLLOW_INTERVAL: Duration = Duration::from_secs(2);

/// Starts effects and sends their results.
pub(super) struct Effects {
    client: Client,
    results: mpsc::UnboundedSender<ScreenEvent>,
}

impl Effects {
    pub(super) const fn new(client: Client, results: mpsc::UnboundedSender<ScreenEvent>) -> Self {
        Self { client, results }
    }

    /// Starts an effect. Those that concern the screen are run by the event loop.
    pub(super) fn start(&self, effect: Effect) {
        let client = self.client.clone();
        match effect {
            Effect::Load(request, page) => {
                self.spawn(request, async move { Ok(EffectResult::Page(load(&client, *page).await?)) });
            }
            Effect::CountFacets(request, filter) => {
                self.spawn(request, async move { Ok(EffectResult::Facets(facets(&client, &filter).await?)) });
            }
            Effect::ReadHolds(request) => {
                self.spawn(request, async move { Ok(EffectResult::Holds(client.active_holds().await?)) });
            }
            Effect::Read(request, reading) => {
                self.spawn(request, async move {
                    Ok(EffectResult::Content(Box::new(read(&client, reading).await?)))
                });
            }
            Effect::TimeOf(request, id) => {
                self.spawn(
                    request,
                    async move { Ok(EffectResult::Time(client.entry(id).await?.occurred_at)) },
                );
            }
            Effect::Wait(request, delay) => {
                let results = self.results.clone();
                tokio::spawn(async move {
                    tokio::time::sleep(match delay {
                        Delay::Typing => TYPING_PAUSE,
                        Delay::Follow => FOLLOW_INTERVAL,
                    })
                    .await;
                    drop(results.send(ScreenEvent::Elapsed(request)));
                });
            }
            Effect::Export(..)
            | Effect::Copy(_)
            | Effect::Redraw
            | Effect::Suspend
            | Effect::Interrupt
            | Effect::Quit => {}
        }
    }

    fn spawn(
        &self,
        request: EffectId,
        work: impl Future<Output = Result<EffectResult, Failure>> + Send + 'static,
    ) {
        let results = self.results.clone();
        tokio::spawn(async move {
            let answer = work.await.map_err(|failure| failure.message);
            // The browser may have been left meanwhile.
            drop(results.send(ScreenEvent::Done(request, answer)));
        });
    }
}

async fn load(client: &Client, request: LoadRequest) -> Result<LoadedPage, ClientError> {
    let LoadRequest { filter, order, anchor, as_of } = request;
    let query = Query { filter, order, limit: PAGE, as_of, ..Query::default() };
    match anchor {
        PageAnchor::First => first(client, Query { total: true, ..query }, anchor).await,
        PageAnchor::Last => {
            let query = Query { order: opposite(order), total: true, ..query };
            Ok(reversed(first(client, query, anchor).await?))
        }
        PageAnchor::At(at) => {
            let total = count(client, query.clone());
            let before = count(client, Query { filter: before(&query.filter, order, at), ..query.clone() });
            let limits = from(&query.filter, order, at);
            let page = first(client, Query { filter: limits, ..query }, anchor);
            let (total, before, page) = tokio::try_join!(total, before, page)?;
            Ok(LoadedPage { total: Some(total), before: Some(before), ..page })
        }
        PageAnchor::After(after) => beyond(client, query, after, anchor).await,
        PageAnchor::Before(before) => {
            let query = Query { order: opposite(order), ..query };
            Ok(reversed(beyond(client, query, before, anchor).await?))
        }
        PageAnchor::Recorded(after_id) => {
            let query = Query {
                order: Order::ById,
                after_id: Some(after_id),
                as_of: None,
                limit: MAX_LIMIT,
                ..query
            };
            let mut pages = Pages::new(client.clone(), query);
            let mut found = empty(anchor);
            while let Some(page) = pages.next().await? {
                found.as_of = page.page.as_of;
                found.entries.extend(page.data);
            }
            Ok(found)
        }
    }
}

const fn empty(anchor: PageAnchor) -> LoadedPage {
    LoadedPage { anchor, entries: Vec::new(), is_end: true, total: None, before: None, as_of: 0 }
}

async fn first(client: &Client, query: Query, anchor: PageAnchor) -> Result<LoadedPage, ClientError> {
    let page = client.page(&query).await?;
    Ok(LoadedPage {
        entries: page.data,
        is_end: page.page.next_cursor.is_none(),
        total: page.total.map(|total| total.count),
        as_of: page.page.as_of,
        ..empty(anchor)
    })
}

async fn count(client: &Client, query: Query) -> Result<u64, ClientError> {
    let page = client.page(&Query { limit: 1, total: true, ..query }).await?;
    Ok(page.total.map_or(0, |total| total.count))
}

/// The page beyond a position. The query is narrowed by time, so that no cursor of an earlier page is needed; entries of
/// the same time that are not beyond it are left out.
async fn beyond(
    client: &Client,
    query: Query,
    after: Position,
    anchor: PageAnchor,
) -> Result<LoadedPage, ClientError> {
    let (order, filter) = (query.order, from(&query.filter, query.order, after.occurred_at));
    let mut pages = Pages::new(client.clone(), Query { filter, ..query });
    let mut found = empty(anchor);
    while let Some(page) = pages.next().await? {
        (found.is_end, found.as_of) = (page.page.next_cursor.is_none(), page.page.as_of);
        found.entries = page.data;
        found.entries.retain(|entry| compare(order, after, entry.position()).is_lt());
        if !found.entries.is_empty() {
            break;
        }
    }
    Ok(found)
}

fn reversed(mut page: LoadedPage) -> LoadedPage {
    page.entries.reverse();
    page
}

const fn opposite(order: Order) -> Order {
    match order {
        Order::Descending | Order::ById => Order::Ascending,
        Order::Ascending => Order::Descending,
    }
}

/// The filter for entries at this time and beyond it.
fn from(filter: &Filter, order: Order, at: Timestamp) -> Filter {
    match order {
        Order::Descending => until(filter, after(at)),
        Order::Ascending | Order::ById => since(filter, at),
    }
}

/// The filter for entries before this time in the order of the list.
fn before(filter: &Filter, order: Order, at: Timestamp) -> Filter {
    match order {
        Order::Descending => since(filter, after(at)),
        Order::Ascending | Order::ById => until(filter, at),
    }
}

fn after(at: Timestamp) -> Timestamp {
    at.plus(chrono::TimeDelta::microseconds(1))
}

fn since(filter: &Filter, at: Timestamp) -> Filter {
    Filter { since: filter.since.max(Some(at)), ..filter.clone() }
}

fn until(filter: &Filter, at: Timestamp) -> Filter {
    Filter { until: Some(filter.until.map_or(at, |until| until.min(at))), ..filter.clone() }
}

/// The counts of each property without its own part of the filter, so that more of its values can be chosen.
async fn facets(client: &Client, filter: &Filter) -> Result<Facets, ClientError> {
    let mut facets = client.facets(filter).await?;
    if !filter.action.is_any() {
        let others = Filter { action: Choice::default(), ..filter.clone() };
        facets.action = client.facets(&others).await?.action;
    }
    if !filter.model_type.is_any() {
        let others = Filter { model_type: Choice::default(), ..filter.clone() };
        facets.model_type = client.facets(&others).await?.model_type;
    }
    if !filter.user.is_any() {
        let others = Filter { user: Choice::default(), ..filter.clone() };
        facets.user = client.facets(&others).await?.user;
    }
    Ok(facets)
}

async fn read(client: &Client, reading: Reading) -> Result<DocumentContent, Failure> {
    Ok(match reading {
        Reading::Blame(resource) => {
            let history = read_history(client, &resource, HistoryRequest::default()).await?;
            DocumentContent::Blame { resource, history: Box::new(history) }
        }
        Reading::State(resource, at) => {
            let wanted = HistoryRequest { moments: vec![at], revert: None };
            let history = Box::new(read_history(client, &resource, wanted).await?);
            DocumentContent::State { resource, history, at }
        }
        Reading::Difference(resource, positions) => {
            let wanted = HistoryRequest { moments: positions.to_vec(), revert: None };
            let history = Box::new(read_history(client, &resource, wanted).await?);
            DocumentContent::Difference { resource, history, positions }
        }
        Reading::Revert(entry) => {
            let wanted = HistoryRequest { revert: Some(entry.id), ..HistoryRequest::default() };
            let resource = crate::browse::keys::resource_of(&entry);
            let history = Box::new(read_history(client, &resource, wanted).await?);
            DocumentContent::Revert { entry, history }
        }
    })
}
