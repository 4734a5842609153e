//! The first page: every filter with what it is set to, and how many entries that leaves.

use std::fmt::Display;

use crate::commands::browse::{Browser, Step};
use crate::error::Failure;
use crate::model::filter::{Choice, Filter, FilterValue};
use crate::model::page::Order;
use crate::model::time::format::full;
use crate::model::time::{self, Edge, When};
use crate::model::timestamp::Timestamp;
use crate::model::words::{Action, ModelType, Via};
use crate::render::filter_summary::counted;

/// What stands on the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Row {
    Show,
    Action,
    Type,
    User,
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

const ROWS: [(Row, &str); 13] = [
    (Row::Show, "Show entries"),
    (Row::Action, "Action"),
    (Row::Type, "Type"),
    (Row::User, "User"),
    (Row::Text, "Text"),
    (Row::Field, "Field"),
    (Row::Since, "Since"),
    (Row::Until, "Until"),
    (Row::Channel, "Channel"),
    (Row::Resource, "Resource"),
    (Row::Request, "Request"),
    (Row::Clear, "Clear all filters"),
    (Row::Leave, "Leave"),
];

/// Ends of a window that are wanted often, as the grammar of times has them.
const TIMES: [&str; 6] = ["1h", "today", "yesterday", "7d", "30d", "90d"];

impl Browser<'_> {
    /// Sets filters and shows what they leave, until somebody leaves; gives the command that lists the same.
    pub(super) async fn filters(&mut self, mut filter: Filter) -> Result<String, Failure> {
        let mut start = 0;
        loop {
            let matched = self.facets(&filter).await?.total;
            let command = self.command(&filter, Order::Descending, matched);
            let label = |&(row, name): &(Row, &str)| match row {
                Row::Show => format!("{name:<18}{}", counted(matched, "entry", "entries")),
                Row::Clear | Row::Leave => name.to_owned(),
                _ => format!("{name:<18}{}", self.style.text(&self.setting(&filter, row))),
            };
            let items: Vec<String> = ROWS.iter().map(label).collect();
            let head = [self.title("Who changed what?"), self.dim(&command)];
            let Some(chosen) = self.choose(&head, "Filters", &items, start).await? else {
                return Ok(command);
            };
            start = chosen;
            match ROWS[chosen].0 {
                Row::Leave => return Ok(command),
                Row::Clear => filter = Filter::default(),
                Row::Show => {
                    // Whoever comes back from there, comes back here.
                    let (Step::Back | Step::ToFilters) =
                        self.entries(filter.clone(), Order::Descending).await?;
                }
                row => {
                    self.set(&mut filter, row).await?;
                    // What one does next is mostly to look.
                    start = 0;
                }
            }
        }
    }

    /// What a filter is set to, in words.
    fn setting(&self, filter: &Filter, row: Row) -> String {
        let at = |at: Option<Timestamp>| at.map_or("any".to_owned(), |at| full(at, &self.style.time));
        match row {
            Row::Action => said(&filter.action, ToString::to_string),
            Row::Type => said(&filter.model_type, |it| it.label().to_owned()),
            Row::User => said(&filter.user, ToString::to_string),
            Row::Text => said(&filter.text, ToString::to_string),
            Row::Field => said(&filter.field, ToString::to_string),
            Row::Channel => said(&filter.via, ToString::to_string),
            Row::Resource => said(&filter.resource, ToString::to_string),
            Row::Request => said(&filter.request_id, Clone::clone),
            Row::Since => at(filter.since),
            Row::Until => at(filter.until),
            Row::Show | Row::Clear | Row::Leave => String::new(),
        }
    }

    /// Lets one filter be set. The counts are those the other filters leave.
    async fn set(&mut self, filter: &mut Filter, row: Row) -> Result<(), Failure> {
        match row {
            Row::Action => {
                let others = Filter { action: Choice::default(), ..filter.clone() };
                let counts = self.facets(&others).await?.action;
                self.mark("Action", &mut filter.action, Action::ALL, Some(&counts), ToString::to_string).await
            }
            Row::Type => {
                let others = Filter { model_type: Choice::default(), ..filter.clone() };
                let counts = self.facets(&others).await?.model_type;
                let label = |it: &ModelType| it.label().to_owned();
                self.mark("Type", &mut filter.model_type, ModelType::ALL, Some(&counts), label).await
            }
            Row::Channel => self.mark("Channel", &mut filter.via, Via::ALL, None, ToString::to_string).await,
            Row::User => {
                let others = Filter { user: Choice::default(), ..filter.clone() };
                let counts = self.facets(&others).await?.user;
                self.users(&mut filter.user, &counts).await
            }
            Row::Text => {
                self.typed("Text in names, users, fields or values", &mut filter.text, Choice::add).await
            }
            Row::Field => {
                self.typed("A field that changed, such as perform.retry", &mut filter.field, Choice::add_list)
                    .await
            }
            Row::Resource => {
                self.typed("A resource, such as connector/42", &mut filter.resource, Choice::add_list).await
            }
            Row::Request => self.typed("A request's id", &mut filter.request_id, Choice::add_list).await,
            Row::Since => self.time("Since", &mut filter.since, Edge::Since).await,
            Row::Until => self.time("Until", &mut filter.until, Edge::Until).await,
            Row::Show | Row::Clear | Row::Leave => Ok(()),
        }
    }

    /// Lets values be typed; none of them is every value. Asks again for what cannot be read.
    async fn typed<T: FilterValue, E: Display>(
        &self,
        question: &str,
        choice: &mut Choice<T>,
        add: impl Fn(&mut Choice<T>, &str) -> Result<(), E>,
    ) -> Result<(), Failure> {
        let mut text = choice.written().collect::<Vec<_>>().join(",");
        let mut head = vec![self.dim("!VALUE excludes; nothing means any")];
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

    /// Lets an end of the window be chosen or typed.
    async fn time(&self, question: &str, end: &mut Option<Timestamp>, edge: Edge) -> Result<(), Failure> {
        let mut items = vec!["any".to_owned()];
        items.extend(TIMES.iter().map(|&text| text.to_owned()));
        items.push("another moment …".replace('…', if self.style.ascii { "..." } else { "…" }));
        let Some(chosen) = self.choose(&[], question, &items, 0).await? else { return Ok(()) };
        let read = |text: &str| match time::parse(text, edge, &self.style.time) {
            Ok(When::At { at, .. }) => Ok(at),
            Ok(When::Entry(_)) => Err("name a moment; an entry's is shown with it".to_owned()),
            Err(error) => Err(error.to_string()),
        };
        if chosen == 0 {
            *end = None;
            return Ok(());
        }
        let (mut text, mut head) = (String::new(), Vec::new());
        if let Some(preset) = TIMES.get(chosen - 1) {
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

/// The values in words, or `any`.
fn said<T>(choice: &Choice<T>, label: impl Fn(&T) -> String) -> String {
    let include = choice.include.iter().map(&label);
    let exclude = choice.exclude.iter().map(|value| format!("not {}", label(value)));
    let values: Vec<_> = include.chain(exclude).collect();
    if values.is_empty() { "any".to_owned() } else { values.join(", ") }
}
