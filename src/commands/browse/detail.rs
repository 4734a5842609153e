//! One entry, and the ways from it: its neighbours, its resource's history, its request, a file, the clipboard.

use std::path::Path;

use crate::args::command_line;
use crate::commands::browse::entries::Listing;
use crate::commands::browse::{Browser, Step};
use crate::commands::export::write_out;
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

/// What can be done with an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
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
    /// Shows the entry at this place of the list, and then those its ways lead to.
    pub(super) async fn detail(&mut self, listing: &mut Listing, at: &mut usize) -> Result<Step, Failure> {
        let (mut last, mut said) = (Way::Next, String::new());
        loop {
            let entry = listing.entries[*at].clone();
            let others = companions(&self.client, &entry).await?.map(|(_, number)| number);
            let is_last = *at + 1 == listing.entries.len() && listing.entries.len() as u64 >= listing.matched;
            let mut ways = Vec::new();
            if !is_last {
                ways.push((Way::Next, "Next".to_owned()));
            }
            if *at > 0 {
                ways.push((Way::Previous, "Previous".to_owned()));
            }
            ways.push((Way::History, format!("History of this {}", entry.model_type.label())));
            if let Some(others) = others.filter(|others| *others > 0) {
                ways.push((Way::Request, format!("Same request ({} more)", grouped(others))));
            }
            ways.push((Way::Whole, "Read it whole".to_owned()));
            ways.push((Way::Copy, "Copy as JSON".to_owned()));
            let these = counted(listing.matched, "entry", "entries");
            ways.push((Way::Export, format!("Export these ({these})")));
            ways.push((Way::Filters, "Change filters".to_owned()));

            let place = format!("{} of {}", grouped(*at as u64 + 1), grouped(listing.matched));
            let question = if said.is_empty() { place } else { format!("{place} · {said}") };
            let command = self.show_command(&entry);
            let style = self.style;
            let head = |width: usize| {
                let mut lines = vec![self.dim(&command)];
                lines.extend(detail_lines(&entry, others, false, &style, width));
                lines
            };
            let items = |_| ways.iter().map(|(_, label)| label.clone()).collect();
            let page = PromptPage {
                head: &head,
                question: self.style.text(&question).into_owned(),
                items: &items,
                style: &style,
            };
            let start = ways.iter().position(|(way, _)| *way == last).unwrap_or(0);
            let Some(chosen) = self.screen.choose(&page, start).await? else { return Ok(Step::Back) };
            (last, said) = (ways[chosen].0, String::new());
            match last {
                Way::Next => {
                    if *at + 1 == listing.entries.len() {
                        listing.more().await?;
                    }
                    *at = (*at + 1).min(listing.entries.len() - 1);
                }
                Way::Previous => *at -= 1,
                Way::Whole => self.read(&entry, others).await?,
                Way::History => {
                    let mut filter = Filter::default();
                    let (model_type, model_id) = (entry.model_type, entry.model_id.clone());
                    filter.resource.include.push(Resource { model_type, model_id });
                    // A page within a page: its future has no size known beforehand.
                    if Box::pin(self.entries(filter, Order::Ascending)).await? == Step::ToFilters {
                        return Ok(Step::ToFilters);
                    }
                }
                Way::Request => {
                    let mut filter = Filter::default();
                    filter.request_id.include.extend(entry.context.request_id.clone());
                    if Box::pin(self.entries(filter, Order::Descending)).await? == Step::ToFilters {
                        return Ok(Step::ToFilters);
                    }
                }
                Way::Export => said = self.export(listing).await?,
                Way::Copy => {
                    self.screen.copy(&as_json(&entry)?)?;
                    said = "On the clipboard, if there is one; or add --format json to the above".to_owned();
                }
                Way::Filters => return Ok(Step::ToFilters),
            }
        }
    }

    /// The entry line by line, to be scrolled.
    async fn read(&self, entry: &Entry, others: Option<u64>) -> Result<(), Failure> {
        let items = |width: usize| detail_lines(entry, others, true, &self.style, width);
        let question = self.show_command(entry);
        let page = PromptPage { head: &|_| Vec::new(), question, items: &items, style: &self.style };
        // Whatever is chosen, it was read.
        self.screen.choose(&page, 0).await?;
        Ok(())
    }

    /// Writes all that is listed to a file; says how that went.
    async fn export(&mut self, listing: &Listing) -> Result<String, Failure> {
        let head = [
            self.title(&format!("Export: {}", self.said(listing))),
            self.dim("the ending says how: .csv .tsv .json .jsonl, and .gz or .zst behind it"),
        ];
        let Some(name) = self.line(&head, "To which file", "audit.csv").await? else {
            return Ok(String::new());
        };
        if name.trim().is_empty() {
            return Ok(String::new());
        }
        let question = (listing.filter.clone(), listing.order);
        let written = write_out(self.context, &self.client, &self.connection, question, Path::new(&name));
        match self.screen.lend(written).await? {
            Ok(count) => Ok(format!("{} written to {name}", counted(count, "entry", "entries"))),
            // What is wrong with the file is no reason to leave.
            Err(failure) if failure.exit == exit::INTERRUPTED => Err(failure),
            Err(failure) => Ok(failure.message),
        }
    }

    fn show_command(&self, entry: &Entry) -> String {
        let words = ["krosyn-audit".to_owned(), "show".to_owned(), entry.id.to_string()];
        command_line::line(&[&words[..], &self.place].concat())
    }
}

fn detail_lines(entry: &Entry, others: Option<u64>, full: bool, style: &Style, width: usize) -> Vec<String> {
    let style = Style { width, ..*style };
    let mut text = Vec::new();
    let options = DetailOptions { full, others_in_request: others, ..DetailOptions::default() };
    // Nothing fails to be written into memory.
    drop(detail(&mut text, entry, options, &style));
    String::from_utf8_lossy(&text).lines().map(str::to_owned).collect()
}

fn as_json(entry: &Entry) -> Result<String, Failure> {
    let mut text = Vec::new();
    json::line(&mut text, &entry.view())?;
    Ok(String::from_utf8_lossy(&text).trim_end().to_owned())
}
