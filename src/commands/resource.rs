//! From what a user calls a resource, its id or its name, to all that happened to it.

use std::collections::BTreeMap;

use crate::api::page::Pruned;
use crate::api::query::Query;
use crate::client::Client;
use crate::client::pages::Pages;
use crate::error::Failure;
use crate::exit;
use crate::model::entry::Entry;
use crate::model::filter::{Filter, InvalidResource, Resource, TooLong};
use crate::model::fold::folded;
use crate::model::history::{History, Unreadable};
use crate::model::page::{MAX_LIMIT, Order};
use crate::model::words::ModelType;
use crate::render::question::counted;

/// How many resources of one name are listed.
const LISTED: usize = 10;

/// A resource, and everything the log holds about it.
pub(super) struct Life {
    pub(super) resource: Resource,
    pub(super) history: History,
}

impl Life {
    /// The resource's last name.
    pub(super) fn name(&self) -> Option<&str> {
        self.history.names().last().map(|(_, name)| *name)
    }
}

impl From<Unreadable> for Failure {
    fn from(error: Unreadable) -> Self {
        Self::new(exit::INTEGRITY, error.to_string())
    }
}

/// Reads the life of the resource that `text` names: `TYPE/ID`, `TYPE/NAME`, or a name, be it an earlier one.
pub(super) async fn life(client: &Client, text: &str) -> Result<Life, Failure> {
    let named = match text.parse::<Resource>() {
        Ok(resource) => {
            if let Some(life) = read(client, &resource).await? {
                return Ok(life);
            }
            (Some(resource.model_type), resource.model_id)
        }
        Err(error) if text.trim().is_empty() => return Err(Failure::usage(error.to_string())),
        // A slash may be part of a name.
        Err(_) => (None, text.to_owned()),
    };
    let resource = by_name(client, text, named.0, &named.1).await?;
    let gone = || Failure::new(exit::NOT_FOUND, format!("no entry is about {resource} any more"));
    read(client, &resource).await?.ok_or_else(gone)
}

/// Reads everything about the resource that an entry is about.
pub(super) async fn of_entry(client: &Client, entry: &Entry) -> Result<History, Failure> {
    let resource = Resource { model_type: entry.model_type, model_id: entry.model_id.clone() };
    let gone = || Failure::new(exit::NOT_FOUND, format!("no entry is about {resource} any more"));
    Ok(read(client, &resource).await?.ok_or_else(gone)?.history)
}

async fn read(client: &Client, resource: &Resource) -> Result<Option<Life>, Failure> {
    let mut filter = Filter::default();
    filter.resource.include.push(resource.clone());
    let (entries, pruned) = all(client, filter).await?;
    if entries.is_empty() {
        return Ok(None);
    }
    let history = History::new(entries, pruned.map(|pruned| pruned.before))?;
    Ok(Some(Life { resource: resource.clone(), history }))
}

async fn all(client: &Client, filter: Filter) -> Result<(Vec<Entry>, Option<Pruned>), Failure> {
    let query = Query { filter, order: Order::Ascending, limit: MAX_LIMIT, ..Query::default() };
    let mut pages = Pages::new(client.clone(), query);
    let (mut entries, mut pruned) = (Vec::new(), None);
    while let Some(page) = pages.next().await? {
        entries.extend(page.data);
        pruned = page.pruned;
    }
    Ok((entries, pruned))
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
    let (mut entries, pruned) = all(client, filter).await?;
    if model_type.is_none() {
        // It may also be an id without its type.
        let mut filter = Filter::default();
        filter.model_id.include.push(name.to_owned());
        entries.extend(all(client, filter).await?.0);
    }
    let wanted = folded(name.trim());
    // The last name of each by which it was found.
    let (mut exact, mut partial) = (BTreeMap::new(), BTreeMap::new());
    for entry in &entries {
        let last = entry.model_name.as_deref().unwrap_or_default();
        let called = folded(last.trim());
        let key = (entry.model_type, entry.model_id.as_str());
        if called == wanted || model_type.is_none() && entry.model_id == name {
            exact.insert(key, last);
        } else if !last.is_empty() && called.contains(&wanted) {
            partial.insert(key, last);
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
            let (model_type, model_id) = found.into_keys().next().unwrap_or((ModelType::Connector, ""));
            Ok(Resource { model_type, model_id: model_id.to_owned() })
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
