//! `history`: everything that happened to one resource, and what it looked like at a moment.

mod state;

use std::io;
use std::path::PathBuf;

use clap::Args;

use crate::args::connection::ConnectionArgs;
use crate::args::filter::FilterArgs;
use crate::args::output::{Format, ListOutputArgs};
use crate::client::Client;
use crate::commands::connect::{Need, connect};
use crate::commands::output::{Destination, Sink, columns, explains_columns};
use crate::commands::resource::{Found, about, find, life, pages, reread};
use crate::commands::{Context, resolve};
use crate::error::Failure;
use crate::exit;
use crate::model::change::Changes;
use crate::model::entry::Entry;
use crate::model::filter::Filter;
use crate::model::history::reader::HistoryRequest;
use crate::model::page::Order;
use crate::render::columns::Column;
use crate::render::detail::{DetailOptions, detail};
use crate::render::filter_summary::{counted, describe, grouped};
use crate::render::history::{heading, missing_beginning};
use crate::render::json::DocumentEnd;

/// The columns of a history on a terminal: the resource stands above it.
const HISTORY_COLUMNS: &[Column] = &[Column::Id, Column::Time, Column::User, Column::Action, Column::Summary];

/// Show every change of one resource, oldest first, or what it looked like at a moment
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  krosyn-audit history connector/42 -p --field perform.retry\n  krosyn-audit history \"Salesforce Accounts\" --at yesterday"
)]
pub(crate) struct HistoryArgs {
    /// Which resource: its type and id, or its name, be it an earlier one
    #[arg(value_name = "TYPE/ID|NAME")]
    resource: String,

    /// Show each change field by field
    #[arg(short, long)]
    patch: bool,

    /// With -p: show long differences whole
    #[arg(long, requires = "patch")]
    full: bool,

    /// Only changes of this field, or of a path into one as show and blame print it (can be repeated)
    #[arg(long, value_name = "PATH")]
    field: Vec<String>,

    /// Print the resource as it was at this moment, as JSON; a date alone is its end
    #[arg(long, value_name = "TIME", conflicts_with_all = ["patch", "field", "diff", "since", "until", "user"])]
    at: Option<String>,

    /// Show what differs between two moments
    #[arg(long, value_names = ["TIME", "TIME"], num_args = 2, conflicts_with_all = ["patch", "field", "since", "until", "user"])]
    diff: Option<Vec<String>>,

    /// Only changes by this user; exactly one by id:7, email:…, name:… or is:… (can be repeated)
    #[arg(short, long, value_name = "USER")]
    user: Vec<String>,

    /// Only changes from this moment on
    #[arg(short = 'S', long, value_name = "TIME", allow_hyphen_values = true)]
    since: Option<String>,

    /// Only changes up to, and without, this moment
    #[arg(short = 'U', long, value_name = "TIME", allow_hyphen_values = true)]
    until: Option<String>,

    /// Newest first
    #[arg(long)]
    reverse: bool,

    /// table, wide, json, jsonl, csv or tsv (default: table on a terminal, tsv in a pipe)
    #[arg(long, value_name = "FORMAT", hide_possible_values = true)]
    format: Option<Format>,

    /// Which columns: a,b or +a or -b; help lists them
    #[arg(long, value_name = "COLUMNS", allow_hyphen_values = true)]
    columns: Option<String>,

    /// Write to this file, which appears when it is whole; .gz and .zst compress
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,

    /// Replace a file that is already there
    #[arg(long)]
    force: bool,

    /// Cut nothing
    #[arg(long)]
    no_trunc: bool,

    #[command(flatten)]
    connection: ConnectionArgs,
}

impl HistoryArgs {
    /// Whether errors are also told as JSON.
    pub(crate) fn is_json(&self) -> bool {
        self.format.is_some_and(Format::is_json) || self.at.is_some()
    }

    /// Tells the history.
    pub(crate) async fn run(self, context: &mut Context) -> Result<u8, Failure> {
        let output = self.output_args();
        if explains_columns(&mut context.terminal, &output)? {
            return Ok(exit::DONE);
        }
        let args = FilterArgs {
            field: self.field.clone(),
            user: self.user.clone(),
            since: self.since.clone(),
            until: self.until.clone(),
            ..FilterArgs::default()
        };
        let question = args.parse(&context.time)?;
        let connection = connect(context, &self.connection, Need::Existing).await?;
        let filter = resolve(context, &connection.client, question).await?;
        let client = &connection.client;
        let mut moments = Vec::new();
        if let Some(text) = &self.at {
            moments.push(state::position(context, client, "--at", text).await?);
        }
        for text in self.diff.iter().flatten() {
            moments.push(state::position(context, client, "--diff", text).await?);
        }
        if moments.is_empty() {
            self.tell(context, client, &filter, &output).await?;
        } else {
            let wanted = HistoryRequest { moments: moments.clone(), revert: None };
            let life = life(client, &self.resource, wanted).await?;
            match moments[..] {
                [first, last] => state::compare(context, &life, [first, last], self.format, self.full)?,
                [at, ..] => state::show(context, &life, at)?,
                [] => {}
            }
        }
        Ok(exit::DONE)
    }

    fn output_args(&self) -> ListOutputArgs {
        ListOutputArgs {
            format: self.format,
            columns: self.columns.clone(),
            output: self.output.clone(),
            force: self.force,
            no_trunc: self.no_trunc,
            ..ListOutputArgs::default()
        }
    }

    async fn tell(
        &self,
        context: &mut Context,
        client: &Client,
        filter: &Filter,
        output: &ListOutputArgs,
    ) -> Result<(), Failure> {
        let to_people = context.terminal.out_is_terminal && self.output.is_none();
        // With -p there is one form for people and programmes alike but JSON, which holds all of it anyway.
        let table = if self.patch || to_people { Format::Table } else { Format::Tsv };
        let format = self.format.unwrap_or(table);
        let mut columns = columns(format, output)?;
        if self.columns.is_none() && format == Format::Table {
            columns = HISTORY_COLUMNS.to_vec();
        }
        let mut style = context.appearance.look(&context.terminal, context.time, !self.no_trunc && to_people);
        if !to_people && !self.patch {
            style.width = usize::MAX;
        }
        let is_view = matches!(format, Format::Table | Format::Wide);
        let found = find(client, &self.resource).await?;
        // A view says above all where the log contradicts itself, which only a replay of all of it tells. Other forms are
        // written while they are read.
        let life = if is_view { Some(reread(client, &found).await?) } else { None };
        if !is_view {
            let first = (found.first.action, found.first.occurred_at);
            if let Some(note) = missing_beginning(first, found.horizon, &context.time) {
                context.terminal.status(&note);
            }
        }
        if is_view && self.output.is_none() {
            context.page();
        }
        let mut destination = Destination::open(&mut context.terminal, output)?;
        if let Some(life) = &life {
            let out = destination.writer();
            heading(out, &life.resource, &life.history, &style)?;
            writeln!(out)?;
        }
        // What was recorded since the history was read is not in its number of changes.
        let all = life.as_ref().map_or(found.changes, |life| life.history.entries().len() as u64);
        let last = life.as_ref().and_then(|life| life.history.entries().iter().map(|entry| entry.id).max());
        let shown = if self.patch && is_view {
            let options = DetailOptions { full: self.full, ..DetailOptions::default() };
            let mut is_first = true;
            let write = |entries: &[Entry]| {
                entries.iter().try_for_each(|entry| {
                    if !std::mem::take(&mut is_first) {
                        destination.writer().write_all(b"\n")?;
                    }
                    detail(destination.writer(), &narrowed(entry, filter), options, &style)
                })
            };
            self.entries(client, &found, last, filter, write).await?
        } else {
            let asked = about(&found.resource, filter.clone());
            let mut sink = Sink::open(destination.writer(), format, &columns, output, &style, &asked)?;
            match self.entries(client, &found, last, filter, |entries| sink.entries(entries)).await {
                Ok(shown) => {
                    sink.finish(DocumentEnd { matched: Some(shown), complete: true, next_cursor: None })?;
                    shown
                }
                Err(failure) => {
                    // A JSON document says itself that it is not whole.
                    sink.finish(DocumentEnd { matched: None, complete: false, next_cursor: None })?;
                    return Err(failure);
                }
            }
        };
        destination.finish()?;
        let order = if self.reverse { "newest first" } else { "oldest first" };
        let mut parts = vec![format!("{} of {}, {order}", grouped(shown), counted(all, "change", "changes"))];
        parts.push(describe(filter, &context.time));
        parts.retain(|part| !part.is_empty());
        context.terminal.status(&parts.join(" · "));
        Ok(())
    }

    /// Hands on the entries that were asked for, up to the last, page by page, and says how many they were.
    async fn entries(
        &self,
        client: &Client,
        found: &Found,
        last: Option<u64>,
        filter: &Filter,
        mut write: impl FnMut(&[Entry]) -> io::Result<()>,
    ) -> Result<u64, Failure> {
        let order = if self.reverse { Order::Descending } else { Order::Ascending };
        let mut pages = pages(client, &found.resource, filter.clone(), order);
        let mut shown = 0;
        while let Some(mut page) = pages.next().await? {
            page.data.retain(|entry| last.is_none_or(|last| entry.id <= last));
            shown += page.data.len() as u64;
            write(&page.data)?;
        }
        Ok(shown)
    }
}

/// The entry with nothing but the fields that were asked for.
fn narrowed(entry: &Entry, filter: &Filter) -> Entry {
    let Ok(changes) = entry.changes.list() else { return entry.clone() };
    let asked: Vec<_> =
        changes.into_iter().filter(|change| filter.field.admits(|path| path.is_touched_by(change))).collect();
    Entry { changes: Changes::from(asked.as_slice()), ..entry.clone() }
}
