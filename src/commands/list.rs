//! `list`: prints entries, newest first.

mod around;

use clap::Args;

use crate::api::page::Page;
use crate::api::query::Query;
use crate::args::at_least_one;
use crate::args::connection::ConnectionArgs;
use crate::args::filter::FilterArgs;
use crate::args::output::{CsvArgs, Format, OutputArgs};
use crate::client::Client;
use crate::client::pages::Pages;
use crate::commands::Context;
use crate::commands::connect::connect_to_read;
use crate::commands::follow::{DEFAULT_BACKLOG, FollowArgs};
use crate::commands::list::around::Matches;
use crate::commands::output::{
    EntryFormat, EntryWriter, OutputSink, chosen_format, empty, explain_columns, named,
};
use crate::error::Failure;
use crate::exit;
use crate::model::entry::Entry;
use crate::model::filter::Filter;
use crate::model::page::{DEFAULT_LIMIT, Order};
use crate::model::prune::Pruned;
use crate::model::time::TimeContext;
use crate::model::time::format::full;
use crate::model::words::Log;
use crate::render::filter_summary::{counted, describe_in, grouped, joined, missing};
use crate::render::json::DocumentEnd;
use crate::render::json_paint::JsonPainter;
use crate::render::style::Style;
use crate::terminal::progress::with_spinner;

/// List entries, newest first
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  krosyn-audit list -u ^terraform --field status=disabled --since 30d\n  krosyn-audit list --follow --format jsonl --cursor-file siem.cursor"
)]
pub(crate) struct ListArgs {
    #[command(flatten)]
    filter: FilterArgs,

    /// Number of entries to show [default: 50; with --follow: 10]
    #[arg(short = 'n', long, value_name = "N", value_parser = at_least_one, conflicts_with = "all")]
    limit: Option<u32>,

    /// Show all matching entries
    #[arg(long)]
    all: bool,

    /// Show the same entries, oldest first
    #[arg(long)]
    reverse: bool,

    /// Also show N entries before and after each match, whatever they are; matches are marked with > (table, wide)
    #[arg(short = 'C', long, value_name = "N", value_parser = at_least_one, conflicts_with_all = ["follow", "all"])]
    context: Option<u32>,

    /// Exit with code 10 if an entry matched (for monitoring)
    #[arg(long)]
    exit_code: bool,

    #[command(flatten)]
    follow: FollowArgs,
    #[command(flatten)]
    output: OutputArgs,
    #[command(flatten)]
    csv: CsvArgs,
    #[command(flatten)]
    connection: ConnectionArgs,
}

impl ListArgs {
    pub(crate) fn is_json(&self) -> bool {
        self.output.is_json()
    }

    pub(crate) const fn is_endless(&self) -> bool {
        self.follow.follow
    }

    pub(crate) async fn run(self, context: &mut Context) -> Result<u8, Failure> {
        if explain_columns(&mut context.terminal, &self.output)? {
            return Ok(exit::DONE);
        }
        let on_screen = context.terminal.out_is_terminal && self.output.output.is_none();
        let format = chosen_format(&self.output)?;
        // Only tables can mark matches among other entries.
        let is_table = on_screen || self.context.is_some();
        let format = format.unwrap_or(if is_table { Format::Table } else { Format::Tsv });
        let format = EntryFormat::new(format, &self.output, self.csv)?;
        let (client, filter) = connect_to_read(context, &self.connection, &self.filter).await?;
        let format = format.with_source(&client).await?;
        let truncate = !self.output.no_trunc && on_screen && format.format != Format::Wide;
        let mut style = context.appearance.style(&context.terminal, context.time, truncate);
        if !on_screen {
            style.width = usize::MAX;
        }
        if self.output.file().is_some() {
            style.color = false;
        }

        if self.follow.follow {
            let backlog = if self.all { None } else { Some(self.limit.unwrap_or(DEFAULT_BACKLOG)) };
            let written = (&format, &style, on_screen);
            return self.follow.run(context, &self.connection, client, &filter, backlog, written).await;
        }
        if on_screen {
            context.page_table(truncate && format.format == Format::Table);
        }
        if let Some(around) = self.context {
            around::check(format.format, around)?;
            let matches = self.matches(&client, &filter, around).await?;
            if !matches.entries.is_empty() {
                around::write(context, &client, &matches, (&format, &self.output, &style), &filter).await?;
                return Ok(if self.exit_code { exit::MATCHED } else { exit::DONE });
            }
        }
        let shows_progress = context.terminal.shows_progress();
        let mut destination = OutputSink::open(&mut context.terminal, &self.output)?;
        let is_painted = style.color && on_screen && matches!(format.format, Format::Json | Format::Jsonl);
        let mut painter = JsonPainter::new(destination.writer(), Style { color: is_painted, ..style });
        let mut writer = EntryWriter::open(&mut painter, &format, &style, (client.log(), &filter))?;
        let shown = match self.write(&client, &filter, shows_progress, &mut writer).await {
            Ok(shown) => shown,
            Err(failure) => {
                writer.finish_incomplete()?;
                return Err(failure);
            }
        };
        let ending = DocumentEnd {
            matched: shown.matched,
            complete: shown.next_cursor.is_none(),
            next_cursor: shown.next_cursor.as_deref(),
        };
        writer.finish(ending)?;
        painter.finish()?;
        destination.finish()?;
        if let Some(path) = self.output.file() {
            let written = counted(shown.count, "entry", "entries");
            context.terminal.status(&format!("{written} written to {}", path.display()));
        }

        let is_empty = shown.matched == Some(0);
        if is_empty {
            let lines = explain_no_match(&client, &filter, shown.pruned, &context.time).await?;
            lines.iter().for_each(|line| context.terminal.status(line));
        } else {
            context.terminal.status(&footer(client.log(), &filter, &shown, self.reverse, &context.time));
        }
        Ok(if self.exit_code && !is_empty { exit::MATCHED } else { exit::DONE })
    }

    /// The matches of `-C`, and how many there are in all.
    async fn matches(&self, client: &Client, filter: &Filter, around: u32) -> Result<Matches, Failure> {
        let query = Query { filter: filter.clone(), total: true, ..Query::default() };
        let mut pages = Pages::first(client.clone(), query, self.limit.unwrap_or(DEFAULT_LIMIT).into());
        let mut matches = Matches { entries: Vec::new(), matched: 0, around, reverse: self.reverse };
        while let Some(page) = pages.next().await? {
            matches.matched = page.total.map_or(matches.matched, |total| total.count);
            matches.entries.extend(page.data);
        }
        Ok(matches)
    }

    async fn write(
        &self,
        client: &Client,
        filter: &Filter,
        shows_progress: bool,
        writer: &mut EntryWriter<'_>,
    ) -> Result<ListSummary, Failure> {
        let limit = if self.all { u64::MAX } else { self.limit.unwrap_or(DEFAULT_LIMIT).into() };
        // All entries can be read oldest first. The newest few are read newest first and reversed here.
        let order = if self.all && self.reverse { Order::Ascending } else { Order::Descending };
        let query = Query { filter: filter.clone(), order, total: true, ..Query::default() };
        let mut pages = Pages::first(client.clone(), query, limit);
        let mut shown = ListSummary::default();
        let mut to_reverse = Vec::new();
        // A spinner only until the first rows are printed.
        let waiting = format!("waiting for {}", client.server());
        while let Some(Page { data, page, total, pruned }) =
            with_spinner(shows_progress && shown.count == 0, &waiting, pages.next()).await?
        {
            shown.count += data.len() as u64;
            shown.matched = shown.matched.or(total.map(|total| total.count));
            shown.pruned = shown.pruned.or(pruned);
            shown.next_cursor = page.next_cursor;
            if self.reverse && !self.all {
                to_reverse.extend(data);
            } else {
                writer.entries(&data)?;
            }
        }
        to_reverse.reverse();
        writer.entries(&to_reverse)?;
        Ok(shown)
    }
}

/// What was printed, and of how many matches.
#[derive(Default)]
struct ListSummary {
    count: u64,
    matched: Option<u64>,
    next_cursor: Option<String>,
    pruned: Option<Pruned>,
}

/// `4 of 667, newest first · since 2026-11-16 00:00:00.000 CET`
fn footer(log: Log, filter: &Filter, shown: &ListSummary, reverse: bool, time: &TimeContext) -> String {
    let matched = shown.matched.unwrap_or(shown.count);
    let order = if reverse { "oldest first" } else { "newest first" };
    // Also in reverse order, a limited list contains the newest entries.
    let which = if reverse && shown.count < matched { "newest " } else { "" };
    let mut parts = vec![format!("{which}{} of {}, {order}", grouped(shown.count), grouped(matched))];
    parts.push(describe_in(log, filter, time));
    parts.extend(
        shown.pruned.filter(|pruned| reaches(filter, pruned)).map(|pruned| missing(pruned.before, time)),
    );
    joined(parts)
}

/// Whether matching entries may have been pruned.
fn reaches(filter: &Filter, pruned: &Pruned) -> bool {
    filter.since.is_none_or(|since| since < pruned.before)
}

/// The nearest matches outside the time window: the last before it, and the first after it.
async fn nearest(client: &Client, filter: &Filter) -> Result<Vec<(&'static str, Entry)>, Failure> {
    let before = filter.since.map(|since| {
        let filter = Filter { since: None, until: Some(since), ..filter.clone() };
        (filter, Order::Descending, "the last match before")
    });
    let after = filter.until.map(|until| {
        let filter = Filter { since: Some(until), until: None, ..filter.clone() };
        (filter, Order::Ascending, "the first match after")
    });
    let mut found = Vec::new();
    for (filter, order, position) in before.into_iter().chain(after) {
        let page = client.page(&Query { filter, order, limit: 1, ..Query::default() }).await?;
        found.extend(page.data.into_iter().next().map(|entry| (position, entry)));
    }
    Ok(found)
}

/// Helps the user after an empty result: the query, the nearest matches, and what the log holds.
async fn explain_no_match(
    client: &Client,
    filter: &Filter,
    pruned: Option<Pruned>,
    time: &TimeContext,
) -> Result<Vec<String>, Failure> {
    let retention = client.retention().await?;
    let Some((oldest, newest)) = retention.oldest.zip(retention.newest) else {
        return Ok(vec![empty(client.log())]);
    };
    let mut parts = vec!["nothing matches".to_owned(), describe_in(client.log(), filter, time)];
    parts.extend(pruned.filter(|pruned| reaches(filter, pruned)).map(|pruned| missing(pruned.before, time)));
    let mut lines = vec![joined(parts)];
    let has_window = filter.since.is_some() || filter.until.is_some();
    let is_valid = filter.since.zip(filter.until).is_none_or(|(since, until)| since < until);
    if has_window && is_valid {
        let nearest = nearest(client, filter).await?;
        if nearest.is_empty() {
            lines.push("nothing matches at any other time either".to_owned());
        }
        lines.extend(nearest.iter().map(|(position, entry)| {
            format!("{position} is entry {} at {}", entry.id, full(entry.occurred_at, time))
        }));
    }
    let held = counted(retention.counts.expired + retention.counts.kept, "entry", "entries");
    lines.push(format!(
        "{} holds {held}, from {} to {}",
        named(client.log()),
        full(oldest, time),
        full(newest, time)
    ));
    Ok(lines)
}
