//! `history`: prints the changes of one resource, its state at a time, or the difference between two times.

mod state;

use std::io::{self, Write};

use clap::Args;

use crate::args::connection::ConnectionArgs;
use crate::args::filter::{BaseFilterArgs, FilterArgs};
use crate::args::output::{CsvArgs, Format, OutputArgs};
use crate::client::Client;
use crate::commands::Context;
use crate::commands::connect::connect_to_read;
use crate::commands::output::{EntryFormat, EntryWriter, OutputSink, explain_columns};
use crate::commands::resource::{FoundResource, about, find, pages, read_history};
use crate::error::Failure;
use crate::exit;
use crate::model::change::Changes;
use crate::model::entry::Entry;
use crate::model::filter::Filter;
use crate::model::history::reader::HistoryRequest;
use crate::model::page::Order;
use crate::model::words::Log;
use crate::render::columns::Column;
use crate::render::detail::{DetailOptions, detail};
use crate::render::filter_summary::{counted, describe_in, grouped, joined};
use crate::render::history::{heading, missing_beginning};
use crate::render::json::DocumentEnd;
use crate::render::json_paint::JsonPainter;
use crate::render::style::Style;

/// The default columns of the table: the resource is in the heading.
const HISTORY_COLUMNS: &[Column] = &[Column::Id, Column::Time, Column::User, Column::Action, Column::Summary];

/// Show every change of one resource, oldest first, or its state at a given time
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  krosyn-audit history connector/42 -p --field perform.retry\n  krosyn-audit history 'Salesforce Accounts' --at yesterday"
)]
pub(crate) struct HistoryArgs {
    /// The resource: its type and id, or its current or an earlier name
    #[arg(value_name = "TYPE/ID|NAME")]
    resource: String,

    /// The log that has the entries: audit or trail [default: audit]
    #[arg(long, value_name = "LOG")]
    log: Option<Log>,

    /// Show each change field by field
    #[arg(short, long)]
    patch: bool,

    /// With -p: do not shorten long differences
    #[arg(long, requires = "patch")]
    full: bool,

    /// Only changes of this field or path, written as show and blame print it, also with values: status=disabled,
    /// 'role:viewer→admin' (can be repeated)
    #[arg(long, value_name = "PATH[=VALUE]")]
    field: Vec<String>,

    /// Print the resource's state at this time as JSON; a date alone means the end of that day
    #[arg(long, value_name = "TIME", allow_hyphen_values = true, conflicts_with_all = ["patch", "field", "diff", "since", "until", "user"])]
    at: Option<String>,

    /// Show the difference between the states at two times
    #[arg(long, value_names = ["TIME", "TIME"], num_args = 2, conflicts_with_all = ["patch", "field", "since", "until", "user"])]
    diff: Option<Vec<String>>,

    /// Only changes by this user; id:7, email:…, name:… or is:… select exactly one (can be repeated)
    #[arg(short, long, value_name = "USER")]
    user: Vec<String>,

    /// Only changes at or after this time
    #[arg(short = 'S', long, value_name = "TIME", allow_hyphen_values = true)]
    since: Option<String>,

    /// Only changes before this time
    #[arg(short = 'U', long, value_name = "TIME", allow_hyphen_values = true)]
    until: Option<String>,

    /// Newest first
    #[arg(long)]
    reverse: bool,

    #[command(flatten)]
    output: OutputArgs,
    #[command(flatten)]
    connection: ConnectionArgs,
}

impl HistoryArgs {
    pub(crate) fn is_json(&self) -> bool {
        self.output.is_json() || self.at.is_some()
    }

    pub(crate) async fn run(self, context: &mut Context) -> Result<u8, Failure> {
        if explain_columns(&mut context.terminal, &self.output)? {
            return Ok(exit::DONE);
        }
        let args = FilterArgs::from(BaseFilterArgs {
            log: self.log,
            field: self.field.clone(),
            user: self.user.clone(),
            since: self.since.clone(),
            until: self.until.clone(),
            ..BaseFilterArgs::default()
        });
        let (client, filter) = connect_to_read(context, &self.connection, &args).await?;
        let mut moments = Vec::new();
        if let Some(text) = &self.at {
            moments.push(state::position(context, &client, "--at", text).await?);
        }
        for text in self.diff.iter().flatten() {
            moments.push(state::position(context, &client, "--diff", text).await?);
        }
        if moments.is_empty() {
            self.list(context, &client, &filter).await?;
            return Ok(exit::DONE);
        }
        let wanted = HistoryRequest { moments: moments.clone(), revert: None };
        let resource = find(&client, &self.resource).await?.resource;
        let history = read_history(&client, &resource, wanted).await?;
        match moments[..] {
            [first, last] => {
                let format = self.output.format;
                state::compare(context, (&resource, &history), [first, last], format, self.full)?;
            }
            [at, ..] => state::show(context, (&resource, &history), at)?,
            [] => {}
        }
        Ok(exit::DONE)
    }

    async fn list(&self, context: &mut Context, client: &Client, filter: &Filter) -> Result<(), Failure> {
        let on_screen = context.terminal.out_is_terminal && self.output.output.is_none();
        // A patch is the same text on a screen and in a pipe. JSON contains the changes anyway.
        let default = if self.patch || on_screen { Format::Table } else { Format::Tsv };
        let format = self.output.format.unwrap_or(default);
        let format = EntryFormat::new(format, &self.output, CsvArgs::default())?;
        let mut format = format.with_source(client).await?;
        if self.output.columns.is_none() && format.format == Format::Table {
            format.columns = HISTORY_COLUMNS.to_vec();
        }
        let truncate = !self.output.no_trunc && on_screen && format.format != Format::Wide;
        let mut style = context.appearance.style(&context.terminal, context.time, truncate);
        if !on_screen && !self.patch {
            style.width = usize::MAX;
        }
        let is_table = matches!(format.format, Format::Table | Format::Wide);
        let found = find(client, &self.resource).await?;
        // A table starts with the contradictions in the log, which only a complete replay finds. Other formats are
        // written while the entries are read.
        let history = match is_table {
            true => Some(read_history(client, &found.resource, HistoryRequest::default()).await?),
            false => None,
        };
        if !is_table {
            let first = (found.first.action, found.first.occurred_at);
            if let Some(note) = missing_beginning(first, found.horizon, &context.time) {
                context.terminal.status(&note);
            }
        }
        if on_screen {
            context.page();
        }
        if self.output.file().is_some() {
            style.color = false;
        }
        let mut destination = OutputSink::open(&mut context.terminal, &self.output)?;
        if let Some(history) = &history {
            let out = destination.writer();
            heading(out, &found.resource, history, &style)?;
            writeln!(out)?;
        }
        // Entries recorded after the history was read are neither counted nor printed.
        let total = history.as_ref().map_or(found.changes, |history| history.entries().len() as u64);
        let last = history.as_ref().and_then(|history| history.entries().iter().map(|entry| entry.id).max());
        let out = destination.writer();
        let shown = self.write(client, &found, (filter, last), out, (&format, &style)).await?;
        destination.finish()?;
        if let Some(path) = self.output.file() {
            context.terminal.status(&format!("written to {}", path.display()));
        }
        let order = if self.reverse { "newest first" } else { "oldest first" };
        let total = counted(total, "change", "changes");
        let parts = vec![
            format!("{} of {total}, {order}", grouped(shown)),
            describe_in(client.log(), filter, &context.time),
        ];
        context.terminal.status(&joined(parts));
        Ok(())
    }

    /// Writes the matching entries up to the id `last`; returns their number.
    async fn write(
        &self,
        client: &Client,
        found: &FoundResource,
        (filter, last): (&Filter, Option<u64>),
        out: &mut dyn Write,
        (format, style): (&EntryFormat, &Style),
    ) -> Result<u64, Failure> {
        if self.patch && matches!(format.format, Format::Table | Format::Wide) {
            let options = DetailOptions { full: self.full, ..DetailOptions::default() };
            let mut is_first = true;
            let write = |entries: &[Entry]| {
                entries.iter().try_for_each(|entry| {
                    if !std::mem::take(&mut is_first) {
                        out.write_all(b"\n")?;
                    }
                    detail(out, &with_matching_changes(entry, filter), options, style)
                })
            };
            return self.entries(client, found, last, filter, write).await;
        }
        let filter_of_resource = about(&found.resource, filter.clone());
        let is_painted = style.color && matches!(format.format, Format::Json | Format::Jsonl);
        let mut painter = JsonPainter::new(out, Style { color: is_painted, ..*style });
        let mut writer = EntryWriter::open(&mut painter, format, style, (client.log(), &filter_of_resource))?;
        match self.entries(client, found, last, filter, |entries| writer.entries(entries)).await {
            Ok(shown) => {
                writer.finish(DocumentEnd { matched: Some(shown), complete: true, next_cursor: None })?;
                painter.finish()?;
                Ok(shown)
            }
            Err(failure) => {
                writer.finish_incomplete()?;
                Err(failure)
            }
        }
    }

    /// Passes the matching entries up to the id `last` to `write`, page by page; returns their number.
    async fn entries(
        &self,
        client: &Client,
        found: &FoundResource,
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

/// The entry, with only those changes that the field filter selects.
fn with_matching_changes(entry: &Entry, filter: &Filter) -> Entry {
    let Ok(mut changes) = entry.changes.list() else { return entry.clone() };
    changes.retain(|change| filter.field.admits(|path| path.is_touched_by(change)));
    Entry { changes: Changes::from(changes.as_slice()), ..entry.clone() }
}
