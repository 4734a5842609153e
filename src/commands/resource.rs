//! Finds a resource by its id or name, and reads its history.

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
use crate::model::log_filter::resource_in;
use crate::model::page::{MAX_LIMIT, Order};
use crate::model::prune::Pruned;
use crate::model::timestamp::Timestamp;
use crate::model::words::{Log, ModelType};
use crate::render::filter_summary::counted;

/// A history is read twice if field names contain dots, and again after each prune that runs meanwhile.
const MAX_PASSES: usize = 8;

/// How many resources with the same name are listed.
const MAX_LISTED: usize = 10;

impl From<UnreadableEntry> for Failure {
    fn from(error: UnreadableEntry) -> Self {
        Self::new(exit::INTEGRITY, error.to_string())
    }
}

pub(super) struct FoundResource {
    pub(super) resource: Resource,
    /// Its oldest entry.
    pub(super) first: Entry,
    /// The time before which entries may have been pruned.
    pub(super) horizon: Option<Timestamp>,
    /// The number of its entries.
    pub(super) changes: u64,
}

/// Finds the resource that `text` names: `TYPE/ID`, `TYPE/NAME`, or a current or earlier name.
pub(super) async fn find(client: &Client, text: &str) -> Result<FoundResource, Failure> {
    let (model_type, name) = match resource_in(client.log(), text) {
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
    let resource = by_name(client, text, model_type, &name).await?;
    by_id(client, &resource).await?.ok_or_else(|| gone(&resource))
}

async fn by_id(client: &Client, resource: &Resource) -> Result<Option<FoundResource>, Failure> {
    let filter = about(resource, Filter::default());
    let query = Query { filter, order: Order::Ascending, limit: 1, total: true, ..Query::default() };
    let page = client.page(&query).await?;
    let changes = page.total.map_or(0, |total| total.count);
    let horizon = page.pruned.map(|pruned| pruned.before);
    let resource = resource.clone();
    Ok(page.data.into_iter().next().map(|first| FoundResource { resource, first, horizon, changes }))
}

fn gone(resource: &Resource) -> Failure {
    Failure::new(exit::NOT_FOUND, format!("the log has no entries about {resource} any more"))
}

/// The entries of a resource that also match `filter`, page by page.
pub(super) fn pages(client: &Client, resource: &Resource, filter: Filter, order: Order) -> Pages {
    let filter = about(resource, filter);
    Pages::new(client.clone(), Query { filter, order, limit: MAX_LIMIT, ..Query::default() })
}

/// The filter, restricted to one resource.
pub(super) fn about(resource: &Resource, filter: Filter) -> Filter {
    Filter { resource: Choice { include: vec![resource.clone()], exclude: Vec::new() }, ..filter }
}

/// Reads the history of a resource, page by page.
pub(super) async fn read_history(
    client: &Client,
    resource: &Resource,
    wanted: HistoryRequest,
) -> Result<History, Failure> {
    let mut reader = Box::new(HistoryReader::new(wanted));
    for _ in 0..MAX_PASSES {
        let mut pages = pages(client, resource, Filter::default(), Order::Ascending);
        let mut is_empty = true;
        while let Some(page) = pages.next().await? {
            reader.set_horizon(page.pruned.map(|pruned| pruned.before));
            is_empty &= page.data.is_empty();
            page.data.iter().try_for_each(|entry| reader.read(entry))?;
        }
        if is_empty {
            return Err(gone(resource));
        }
        match reader.end_pass() {
            PassResult::Done(history) => return Ok(*history),
            PassResult::AnotherPass(again) => reader = again,
        }
    }
    let message = format!("cannot read {resource}: entries were pruned during each attempt");
    Err(Failure::new(exit::FAILED, message).hint("try again after the prune"))
}

/// Finds the one resource that has or had this name, else the one whose name contains it.
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
    // By resource, the last name that matched.
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
        0 => Err(no_such_name(client.log(), text, pruned)),
        1 => {
            let (model_type, model_id) =
                found.into_keys().next().unwrap_or((ModelType::Connector, String::new()));
            Ok(Resource { model_type, model_id })
        }
        several => {
            let number = counted(several as u64, "resource has", "resources have");
            let mut failure = Failure::usage(format!(
                "{number} {text:?} in the name or as id: choose one by its type and id"
            ));
            for ((model_type, id), name) in found.iter().take(MAX_LISTED) {
                failure = failure.hint(format!("{model_type}/{id}  {name}"));
            }
            let more = several.saturating_sub(MAX_LISTED);
            Err(if more > 0 { failure.hint(format!("and {more} more")) } else { failure })
        }
    }
}

/// The failure for a text that names no resource.
fn no_such_name(log: Log, text: &str, pruned: Option<Pruned>) -> Failure {
    let mut failure = Failure::new(exit::NOT_FOUND, format!("no resource is named {text:?}"));
    if let Some(pruned) = pruned {
        failure = failure.hint(format!("entries before {} were pruned", pruned.before));
    }
    failure = failure.hint("`krosyn-audit list -g TEXT` searches names, users, fields and values");
    match resource_in(log, text) {
        Err(InvalidResource::Type(word)) => match (word.nearest(), text.split_once('/')) {
            (Some(nearest), Some((_, id))) => failure.hint(format!("did you mean {nearest}/{id}?")),
            _ => failure,
        },
        _ if text.parse::<u64>().is_ok() => {
            failure.hint(format!("if it is the id of an entry: krosyn-audit show {text}"))
        }
        _ => failure,
    }
}
