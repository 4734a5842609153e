//! The first page: every filter with its value, and the number of matching entries.

use std::fmt::Display;

use crate::commands::browse::{Browser, Navigation};
use crate::error::Failure;
use crate::model::filter::{Choice, Filter, FilterValue};
use crate::model::page::Order;
use crate::model::time::format::full;
use crate::model::time::{self, Edge, When};
use crate::model::timestamp::Timestamp;
use crate::model::words::{Action, ModelType, Via};
use crate::render::filter_summary::counted;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum FilterItem {
    Show,
    Action,
    Type,
    User,
    Principal,
    Text,
    Field,
    Since,
    Until,
    Channel,
    Resource,
    Request,
    Clear,
    Leave,
}

const ITEMS: [(FilterItem, &str); 14] = [
    (FilterItem::Show, "Show entries"),
    (FilterItem::Action, "Action"),
    (FilterItem::Type, "Type"),
    (FilterItem::User, "User"),
    (FilterItem::Principal, "On behalf of"),
    (FilterItem::Text, "Text"),
    (FilterItem::Field, "Field"),
    (FilterItem::Since, "Since"),
    (FilterItem::Until, "Until"),
    (FilterItem::Channel, "Channel"),
    (FilterItem::Resource, "Resource"),
    (FilterItem::Request, "Request"),
    (FilterItem::Clear, "Clear all filters"),
    (FilterItem::Leave, "Leave"),
];

/// Common ends of a time window.
const COMMON_TIMES: [&str; 6] = ["1h", "today", "yesterday", "7d", "30d", "90d"];

impl Browser<'_> {
    /// Lets the user set filters and list entries; returns the command that lists the same entries.
    pub(super) async fn filters(&mut self, mut filter: Filter) -> Result<String, Failure> {
        let mut start = 0;
        loop {
            let matched = self.facets(&filter).await?.total;
            let command = self.command(&filter, Order::Descending, matched);
            let label = |&(item, name): &(FilterItem, &str)| match item {
                FilterItem::Show => format!("{name:<18}{}", counted(matched, "entry", "entries")),
                FilterItem::Clear | FilterItem::Leave => name.to_owned(),
                _ => format!("{name:<18}{}", self.style.text(&self.setting(&filter, item))),
            };
            let items: Vec<String> = ITEMS.iter().map(label).collect();
            let head = [self.title("Who changed what?"), self.dim(&command)];
            let Some(chosen) = self.choose(&head, "Filters", &items, start).await? else {
                return Ok(command);
            };
            start = chosen;
            match ITEMS[chosen].0 {
                FilterItem::Leave => return Ok(command),
                FilterItem::Clear => filter = Filter::default(),
                FilterItem::Show => {
                    // Both ways to leave the list lead here.
                    let (Navigation::Back | Navigation::ToFilters) =
                        self.entries(filter.clone(), Order::Descending).await?;
                }
                item => {
                    self.set(&mut filter, item).await?;
                    // The usual next step is to show the entries.
                    start = 0;
                }
            }
        }
    }

    /// The value of a filter as text.
    fn setting(&self, filter: &Filter, item: FilterItem) -> String {
        let at = |at: Option<Timestamp>| at.map_or("any".to_owned(), |at| full(at, &self.style.time));
        match item {
            FilterItem::Action => values(&filter.action, ToString::to_string),
            FilterItem::Type => values(&filter.model_type, |it| it.label().to_owned()),
            FilterItem::User => values(&filter.user, ToString::to_string),
            FilterItem::Principal => values(&filter.on_behalf_of, ToString::to_string),
            FilterItem::Text => values(&filter.text, ToString::to_string),
            FilterItem::Field => values(&filter.field, ToString::to_string),
            FilterItem::Channel => values(&filter.via, ToString::to_string),
            FilterItem::Resource => values(&filter.resource, ToString::to_string),
            FilterItem::Request => values(&filter.request_id, Clone::clone),
            FilterItem::Since => at(filter.since),
            FilterItem::Until => at(filter.until),
            FilterItem::Show | FilterItem::Clear | FilterItem::Leave => String::new(),
        }
    }

    /// Lets the user set one filter. The counts apply the other filters.
    async fn set(&mut self, filter: &mut Filter, item: FilterItem) -> Result<(), Failure> {
        match item {
            FilterItem::Action => {
                let others = Filter { action: Choice::default(), ..filter.clone() };
                let counts = self.facets(&others).await?.action;
                self.choose_values(
                    "Action",
                    &mut filter.action,
                    Action::of(self.client.log()),
                    Some(&counts),
                    ToString::to_string,
                )
                .await
            }
            FilterItem::Type => {
                let others = Filter { model_type: Choice::default(), ..filter.clone() };
                let counts = self.facets(&others).await?.model_type;
                let label = |it: &ModelType| it.label().to_owned();
                self.choose_values(
                    "Type",
                    &mut filter.model_type,
                    ModelType::of(self.client.log()),
                    Some(&counts),
                    label,
                )
                .await
            }
            FilterItem::Channel => {
                self.choose_values("Channel", &mut filter.via, Via::ALL, None, ToString::to_string).await
            }
            FilterItem::User => {
                let others = Filter { user: Choice::default(), ..filter.clone() };
                let counts = self.facets(&others).await?.user;
                self.users(&mut filter.user, &counts).await
            }
            FilterItem::Principal => {
                self.typed("The user for whom another acted", &mut filter.on_behalf_of, Choice::add_list)
                    .await
            }
            FilterItem::Text => {
                self.typed("Text in names, users, fields or values", &mut filter.text, Choice::add).await
            }
            FilterItem::Field => {
                self.typed("A field that changed, such as perform.retry", &mut filter.field, Choice::add_list)
                    .await
            }
            FilterItem::Resource => {
                self.typed("A resource, such as connector/42", &mut filter.resource, Choice::add_list).await
            }
            FilterItem::Request => {
                self.typed("A request's id", &mut filter.request_id, Choice::add_list).await
            }
            FilterItem::Since => self.time("Since", &mut filter.since, Edge::Since).await,
            FilterItem::Until => self.time("Until", &mut filter.until, Edge::Until).await,
            FilterItem::Show | FilterItem::Clear | FilterItem::Leave => Ok(()),
        }
    }

    /// Lets the user type values; empty input removes the filter. Asks again after an invalid value.
    async fn typed<T: FilterValue, E: Display>(
        &self,
        question: &str,
        choice: &mut Choice<T>,
        add: impl Fn(&mut Choice<T>, &str) -> Result<(), E>,
    ) -> Result<(), Failure> {
        let mut text = choice.written().collect::<Vec<_>>().join(",");
        let mut head = vec![self.dim("!VALUE excludes a value; empty means any")];
        loop {
            let Some(typed) = self.line(&head, question, &text).await? else { return Ok(()) };
            let mut read = Choice::default();
            if typed.trim().is_empty() {
                *choice = read;
                return Ok(());
            }
            match add(&mut read, &typed) {
                Ok(()) => {
                    *choice = read;
                    return Ok(());
                }
                Err(error) => head = vec![self.title(&format!("{typed}: {error}"))],
            }
            text = typed;
        }
    }

    /// Lets the user choose or type one end of the time window.
    async fn time(&self, question: &str, end: &mut Option<Timestamp>, edge: Edge) -> Result<(), Failure> {
        let mut items = vec!["any".to_owned()];
        items.extend(COMMON_TIMES.iter().map(|&text| text.to_owned()));
        items.push("another time …".replace('…', if self.style.ascii { "..." } else { "…" }));
        let Some(chosen) = self.choose(&[], question, &items, 0).await? else { return Ok(()) };
        let read = |text: &str| match time::parse(text, edge, &self.style.time) {
            Ok(When::At { at, .. }) => Ok(at),
            Ok(When::Entry(_)) => Err("enter a time, not an entry: each entry shows its time".to_owned()),
            Err(error) => Err(error.to_string()),
        };
        if chosen == 0 {
            *end = None;
            return Ok(());
        }
        let (mut text, mut head) = (String::new(), Vec::new());
        if let Some(preset) = COMMON_TIMES.get(chosen - 1) {
            *end = read(preset).ok();
            return Ok(());
        }
        loop {
            let question = format!("{question}, such as 2h, monday, 2026-11-20 14:03");
            let Some(typed) = self.line(&head, &question, &text).await? else { return Ok(()) };
            match read(&typed) {
                Ok(at) => {
                    *end = Some(at);
                    return Ok(());
                }
                Err(error) => head = error.lines().map(|line| self.title(line)).collect(),
            }
            text = typed;
        }
    }
}

/// The values as text, or `any`.
fn values<T>(choice: &Choice<T>, label: impl Fn(&T) -> String) -> String {
    let include = choice.include.iter().map(&label);
    let exclude = choice.exclude.iter().map(|value| format!("not {}", label(value)));
    let values: Vec<_> = include.chain(exclude).collect();
    if values.is_empty() { "any".to_owned() } else { values.join(", ") }
}
