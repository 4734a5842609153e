//! One entry, and actions on it: its neighbours, its resource's history, its request, export, clipboard.

use std::path::Path;

use crate::args::command_line;
use crate::commands::browse::entries::EntryList;
use crate::commands::browse::{Browser, Navigation};
use crate::commands::export::export_to_file;
use crate::commands::show::request::companions;
use crate::error::Failure;
use crate::exit;
use crate::model::entry::Entry;
use crate::model::filter::{Filter, Resource};
use crate::model::page::Order;
use crate::render::detail::{DetailOptions, detail};
use crate::render::filter_summary::{counted, grouped};
use crate::render::json;
use crate::render::style::Style;
use crate::terminal::prompt::PromptPage;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum EntryAction {
    Next,
    Previous,
    Whole,
    History,
    Request,
    Export,
    Copy,
    Filters,
}

impl Browser<'_> {
    /// Shows the entry at this index of the list, and runs the chosen actions.
    pub(super) async fn detail(
        &mut self,
        listing: &mut EntryList,
        at: &mut usize,
    ) -> Result<Navigation, Failure> {
        let (mut last, mut message) = (EntryAction::Next, String::new());
        loop {
            let entry = listing.entries[*at].clone();
            let others = companions(&self.client, &entry).await?.map(|(_, number)| number);
            let is_last = *at + 1 == listing.entries.len() && listing.entries.len() as u64 >= listing.matched;
            let mut actions = Vec::new();
            if !is_last {
                actions.push((EntryAction::Next, "Next".to_owned()));
            }
            if *at > 0 {
                actions.push((EntryAction::Previous, "Previous".to_owned()));
            }
            actions.push((EntryAction::History, format!("History of this {}", entry.model_type.label())));
            if let Some(others) = others.filter(|others| *others > 0) {
                actions.push((EntryAction::Request, format!("Same request ({} more)", grouped(others))));
            }
            actions.push((EntryAction::Whole, "Show in full".to_owned()));
            actions.push((EntryAction::Copy, "Copy as JSON".to_owned()));
            let all = counted(listing.matched, "entry", "entries");
            actions.push((EntryAction::Export, format!("Export the list ({all})")));
            actions.push((EntryAction::Filters, "Change filters".to_owned()));

            let position = format!("{} of {}", grouped(*at as u64 + 1), grouped(listing.matched));
            let question = if message.is_empty() { position } else { format!("{position} · {message}") };
            let command = self.show_command(&entry);
            let style = self.style;
            let head = |width: usize| {
                let mut lines = vec![self.dim(&command)];
                lines.extend(detail_lines(&entry, others, false, &style, width));
                lines
            };
            let items = |_| actions.iter().map(|(_, label)| label.clone()).collect();
            let page = PromptPage {
                head: &head,
                question: self.style.text(&question).into_owned(),
                items: &items,
                style: &style,
            };
            let start = actions.iter().position(|(action, _)| *action == last).unwrap_or(0);
            let Some(chosen) = self.screen.choose(&page, start).await? else { return Ok(Navigation::Back) };
            (last, message) = (actions[chosen].0, String::new());
            match last {
                EntryAction::Next => {
                    if *at + 1 == listing.entries.len() {
                        listing.more().await?;
                    }
                    *at = (*at + 1).min(listing.entries.len() - 1);
                }
                EntryAction::Previous => *at -= 1,
                EntryAction::Whole => self.read(&entry, others).await?,
                EntryAction::History => {
                    let mut filter = Filter::default();
                    let (model_type, model_id) = (entry.model_type, entry.model_id.clone());
                    filter.resource.include.push(Resource { model_type, model_id });
                    // Boxed, because the pages call each other.
                    if Box::pin(self.entries(filter, Order::Ascending)).await? == Navigation::ToFilters {
                        return Ok(Navigation::ToFilters);
                    }
                }
                EntryAction::Request => {
                    let mut filter = Filter::default();
                    filter.request_id.include.extend(entry.context.request_id.clone());
                    if Box::pin(self.entries(filter, Order::Descending)).await? == Navigation::ToFilters {
                        return Ok(Navigation::ToFilters);
                    }
                }
                EntryAction::Export => message = self.export(listing).await?,
                EntryAction::Copy => {
                    self.screen.copy(&as_json(&entry)?)?;
                    message =
                        "copied, if the terminal supports it; or add --format json to the command above"
                            .to_owned();
                }
                EntryAction::Filters => return Ok(Navigation::ToFilters),
            }
        }
    }

    /// Shows the complete entry in a list that scrolls.
    async fn read(&self, entry: &Entry, others: Option<u64>) -> Result<(), Failure> {
        let items = |width: usize| detail_lines(entry, others, true, &self.style, width);
        let question = self.show_command(entry);
        let page = PromptPage { head: &|_| Vec::new(), question, items: &items, style: &self.style };
        // The choice has no meaning.
        self.screen.choose(&page, 0).await?;
        Ok(())
    }

    /// Exports the list to a file; returns a message about the result.
    async fn export(&mut self, listing: &EntryList) -> Result<String, Failure> {
        let head = [
            self.title(&format!("Export: {}", self.summary(listing))),
            self.dim("the file name sets the format: .csv .tsv .json .jsonl, with .gz or .zst to compress"),
        ];
        let Some(name) = self.line(&head, "File name", "audit.csv").await? else {
            return Ok(String::new());
        };
        if name.trim().is_empty() {
            return Ok(String::new());
        }
        let query = (listing.filter.clone(), listing.order);
        let written = export_to_file(self.context, &self.client, &self.connection, query, Path::new(&name));
        match self.screen.lend(written).await? {
            Ok(count) => Ok(format!("{} written to {name}", counted(count, "entry", "entries"))),
            // Other failures are shown on the page.
            Err(failure) if failure.exit == exit::INTERRUPTED => Err(failure),
            Err(failure) => Ok(failure.message),
        }
    }

    fn show_command(&self, entry: &Entry) -> String {
        let words = ["krosyn-audit".to_owned(), "show".to_owned(), entry.id.to_string()];
        let log = command_line::log_words(self.client.log());
        command_line::line(&[&words[..], &log, &self.connection_words].concat())
    }
}

fn detail_lines(entry: &Entry, others: Option<u64>, full: bool, style: &Style, width: usize) -> Vec<String> {
    let style = Style { width, ..*style };
    let mut text = Vec::new();
    let options = DetailOptions { full, others_in_request: others, ..DetailOptions::default() };
    // Writing to memory cannot fail.
    drop(detail(&mut text, entry, options, &style));
    String::from_utf8_lossy(&text).lines().map(str::to_owned).collect()
}

fn as_json(entry: &Entry) -> Result<String, Failure> {
    let mut text = Vec::new();
    json::line(&mut text, &entry.view())?;
    Ok(String::from_utf8_lossy(&text).trim_end().to_owned())
}
