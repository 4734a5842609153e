//! From what a user calls a resource, its id or its name, to all that happened to it.

use std::collections::BTreeMap;

use crate::api::query::Query;
use crate::client::Client;
use crate::client::pages::Pages;
use crate::error::Failure;
use crate::exit;
use crate::model::entry::Entry;
use crate::model::filter::{Choice, Filter, InvalidResource, Resource, TooLong};
use crate::model::fold::folded;
use crate::model::history::reader::{HistoryReader, HistoryRequest, PassResult};
use crate::model::history::{History, UnreadableEntry};
use crate::model::page::{MAX_LIMIT, Order};
use crate::model::timestamp::Timestamp;
use crate::model::words::ModelType;
use crate::render::filter_summary::counted;

/// How often a resource is read: twice where fields have dots in their names, and again after a prune.
const MOST_PASSES: usize = 8;

/// How many resources of one name are listed.
const LISTED: usize = 10;

/// A resource, and everything the log holds about it.
pub(super) struct ResourceHistory {
    pub(super) resource: Resource,
    pub(super) history: History,
}

impl ResourceHistory {
    /// The resource's last name.
    pub(super) fn name(&self) -> Option<&str> {
        self.history.names().last().map(|(_, name)| name.as_str())
    }
}

impl From<UnreadableEntry> for Failure {
    fn from(error: UnreadableEntry) -> Self {
        Self::new(exit::INTEGRITY, error.to_string())
    }
}

/// A resource, and where its entries begin.
pub(super) struct Found {
    pub(super) resource: Resource,
    pub(super) first: Entry,
    pub(super) horizon: Option<Timestamp>,
    /// How many entries are about it.
    pub(super) changes: u64,
}

/// Finds the resource that `text` names: `TYPE/ID`, `TYPE/NAME`, or a name, be it an earlier one.
pub(super) async fn find(client: &Client, text: &str) -> Result<Found, Failure> {
    let named = match text.parse::<Resource>() {
        Ok(resource) => {
            if let Some(found) = by_id(client, &resource).await? {
                return Ok(found);
            }
            (Some(resource.model_type), resource.model_id)
        }
        Err(error) if text.trim().is_empty() => return Err(Failure::usage(error.to_string())),
        // A slash may be part of a name.
        Err(_) => (None, text.to_owned()),
    };
    let resource = by_name(client, text, named.0, &named.1).await?;
    by_id(client, &resource).await?.ok_or_else(|| gone(&resource))
}

async fn by_id(client: &Client, resource: &Resource) -> Result<Option<Found>, Failure> {
    let filter = about(resource, Filter::default());
    let query = Query { filter, order: Order::Ascending, limit: 1, total: true, ..Query::default() };
    let page = client.page(&query).await?;
    let changes = page.total.map_or(0, |total| total.count);
    let horizon = page.pruned.map(|pruned| pruned.before);
    let resource = resource.clone();
    Ok(page.data.into_iter().next().map(|first| Found { resource, first, horizon, changes }))
}

/// Reads the life of the resource that `text` names, as [`find`] finds it.
pub(super) async fn life(
    client: &Client,
    text: &str,
    wanted: HistoryRequest,
) -> Result<ResourceHistory, Failure> {
    let Found { resource, .. } = find(client, text).await?;
    read(client, &resource, wanted).await?.ok_or_else(|| gone(&resource))
}

/// Reads the life of a resource that was found.
pub(super) async fn reread(client: &Client, found: &Found) -> Result<ResourceHistory, Failure> {
    let life = read(client, &found.resource, HistoryRequest::default()).await?;
    life.ok_or_else(|| gone(&found.resource))
}

/// Reads the life of the resource that an entry is about.
pub(super) async fn of_entry(
    client: &Client,
    entry: &Entry,
    wanted: HistoryRequest,
) -> Result<History, Failure> {
    let resource = Resource { model_type: entry.model_type, model_id: entry.model_id.clone() };
    let life = read(client, &resource, wanted).await?;
    Ok(life.ok_or_else(|| gone(&resource))?.history)
}

fn gone(resource: &Resource) -> Failure {
    Failure::new(exit::NOT_FOUND, format!("no entry is about {resource} any more"))
}

/// The entries of a resource that also pass `filter`, page by page.
pub(super) fn pages(client: &Client, resource: &Resource, filter: Filter, order: Order) -> Pages {
    let filter = about(resource, filter);
    Pages::new(client.clone(), Query { filter, order, limit: MAX_LIMIT, ..Query::default() })
}

/// The filter, for entries about this resource alone.
pub(super) fn about(resource: &Resource, filter: Filter) -> Filter {
    Filter { resource: Choice { include: vec![resource.clone()], exclude: Vec::new() }, ..filter }
}

/// Reads the life of a resource, page by page; none when no entry is about it.
async fn read(
    client: &Client,
    resource: &Resource,
    wanted: HistoryRequest,
) -> Result<Option<ResourceHistory>, Failure> {
    let mut reader = Box::new(HistoryReader::new(wanted));
    for _ in 0..MOST_PASSES {
        let mut pages = pages(client, resource, Filter::default(), Order::Ascending);
        let mut is_empty = true;
        while let Some(page) = pages.next().await? {
            reader.set_horizon(page.pruned.map(|pruned| pruned.before));
            is_empty &= page.data.is_empty();
            page.data.iter().try_for_each(|entry| reader.read(entry))?;
        }
        if is_empty {
            return Ok(None);
        }
        match reader.end_pass() {
            PassResult::Done(history) => {
                return Ok(Some(ResourceHistory { resource: resource.clone(), history: *history }));
            }
            PassResult::AnotherPass(again) => reader = again,
        }
    }
    let failure = format!("cannot read {resource}: entries were pruned each time while it was read");
    Err(Failure::new(exit::FAILED, failure).hint("try again when the prune is done"))
}

/// Finds the one resource that has, or once had, this name, or a name that holds it.
async fn by_name(
    client: &Client,
    text: &str,
    model_type: Option<ModelType>,
    name: &str,
) -> Result<Resource, Failure> {
    let mut filter = Filter::default();
    let wanted = name.parse().map_err(|error: TooLong| Failure::usage(format!("the name {error}")))?;
    filter.text.include.push(wanted);
    filter.model_type.include.extend(model_type);
    let mut searches = vec![filter];
    if model_type.is_none() {
        // It may also be an id without its type.
        let mut filter = Filter::default();
        filter.model_id.include.push(name.to_owned());
        searches.push(filter);
    }
    let wanted = folded(name.trim());
    // The last name of each by which it was found.
    let (mut exact, mut partial) = (BTreeMap::new(), BTreeMap::new());
    let mut pruned = None;
    for filter in searches {
        let query = Query { filter, order: Order::Ascending, limit: MAX_LIMIT, ..Query::default() };
        let mut pages = Pages::new(client.clone(), query);
        while let Some(page) = pages.next().await? {
            pruned = page.pruned.or(pruned);
            for Entry { model_type: of, model_id, model_name, .. } in page.data {
                let last = model_name.unwrap_or_default();
                let called = folded(last.trim());
                if called == wanted || model_type.is_none() && model_id == name {
                    exact.insert((of, model_id), last);
                } else if !last.is_empty() && called.contains(&wanted) {
                    partial.insert((of, model_id), last);
                }
            }
        }
    }
    let found = if exact.is_empty() { partial } else { exact };
    match found.len() {
        0 => {
            let failure =
                Failure::new(exit::NOT_FOUND, format!("no entry is about a resource called {text:?}"));
            let failure = match pruned {
                Some(pruned) => failure.hint(format!("entries before {} were pruned", pruned.before)),
                None => failure,
            };
            let failure =
                failure.hint("`krosyn-audit list -g TEXT` searches names, users, fields and values");
            Err(match text.parse::<Resource>() {
                Err(InvalidResource::Type(word)) => match (word.nearest(), text.split_once('/')) {
                    (Some(nearest), Some((_, id))) => failure.hint(format!("did you mean {nearest}/{id}?")),
                    _ => failure,
                },
                _ if text.parse::<u64>().is_ok() => {
                    failure.hint(format!("if it is an entry's id: krosyn-audit show {text}"))
                }
                _ => failure,
            })
        }
        1 => {
            let (model_type, model_id) =
                found.into_keys().next().unwrap_or((ModelType::Connector, String::new()));
            Ok(Resource { model_type, model_id })
        }
        several => {
            let number = counted(several as u64, "resource has", "resources have");
            let mut failure = Failure::usage(format!("{number} {text:?} in a name or as id: which one?"));
            for ((model_type, id), name) in found.iter().take(LISTED) {
                failure = failure.hint(format!("{model_type}/{id}  {name}"));
            }
            let more = several.saturating_sub(LISTED);
            Err(if more > 0 { failure.hint(format!("and {more} more")) } else { failure })
        }
    }
}
