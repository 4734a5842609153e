//! `list`: entries, newest first.

use clap::Args;

use crate::api::page::Page;
use crate::api::query::Query;
use crate::args::at_least_one;
use crate::args::connection::ConnectionArgs;
use crate::args::filter::FilterArgs;
use crate::args::output::{Format, ListOutputArgs};
use crate::client::Client;
use crate::client::pages::Pages;
use crate::commands::connect::{Need, connect};
use crate::commands::follow::{FOLLOWED, FollowArgs, Form};
use crate::commands::output::{Destination, Sink, by_name, columns, explains_columns};
use crate::commands::{Context, resolve};
use crate::error::Failure;
use crate::exit;
use crate::model::entry::Entry;
use crate::model::filter::Filter;
use crate::model::page::{DEFAULT_LIMIT, Order};
use crate::model::prune::Pruned;
use crate::model::time::TimeContext;
use crate::model::time::format::full;
use crate::model::timestamp::Timestamp;
use crate::render::filter_summary::{counted, describe, grouped, missing};
use crate::render::json::Ending;
use crate::terminal::progress::with_spinner;

/// List entries, newest first
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  krosyn-audit list -a updated,deleted -t secret --since 30d\n  krosyn-audit list --follow --format jsonl --cursor-file siem.cursor"
)]
pub(crate) struct ListArgs {
    #[command(flatten)]
    filter: FilterArgs,

    /// How many entries to show [default: 50, and 10 to begin with --follow]
    #[arg(short = 'n', long, value_name = "N", value_parser = at_least_one, conflicts_with = "all")]
    limit: Option<u32>,

    /// Show all that match
    #[arg(long)]
    all: bool,

    /// Show the same entries oldest first
    #[arg(long)]
    reverse: bool,

    /// Exit with 10 when anything matched, for monitors
    #[arg(long)]
    exit_code: bool,

    #[command(flatten)]
    follow: FollowArgs,
    #[command(flatten)]
    output: ListOutputArgs,
    #[command(flatten)]
    connection: ConnectionArgs,
}

impl ListArgs {
    /// Whether errors are also told as JSON.
    pub(crate) fn is_json(&self) -> bool {
        self.output.format.is_some_and(Format::is_json)
    }

    /// Lists.
    pub(crate) async fn run(self, context: &mut Context) -> Result<u8, Failure> {
        if explains_columns(&mut context.terminal, &self.output)? {
            return Ok(exit::DONE);
        }
        let to_people = context.terminal.out_is_terminal && self.output.output.is_none();
        let format = match (self.output.format, &self.output.output) {
            (Some(format), _) => Some(format),
            (None, Some(path)) => by_name(path)?,
            (None, None) => None,
        };
        let format = format.unwrap_or(if to_people { Format::Table } else { Format::Tsv });
        let columns = columns(format, &self.output)?;
        let question = self.filter.parse(&context.time)?;
        let connection = connect(context, &self.connection, Need::Existing).await?;
        let filter = resolve(context, &connection.client, question).await?;
        let truncate = !self.output.no_trunc && to_people;
        let mut style = context.appearance.look(&context.terminal, context.time, truncate);
        if !to_people {
            style.width = usize::MAX;
        }

        if self.follow.is_asked() {
            let backlog = if self.all { None } else { Some(self.limit.unwrap_or(FOLLOWED)) };
            let form = Form { format, columns: &columns, args: &self.output, style: &style };
            let client = connection.client.clone();
            return self.follow.run(context, &self.connection, client, &filter, backlog, &form).await;
        }
        if to_people && matches!(format, Format::Table | Format::Wide) {
            context.page();
        }
        let is_watched = context.terminal.shows_progress();
        let mut destination = Destination::open(&mut context.terminal, &self.output)?;
        let mut sink = Sink::open(destination.writer(), format, &columns, &self.output, &style, &filter)?;
        let written = self.write(&connection.client, &filter, is_watched, &mut sink);
        let shown = match written.await {
            Ok(shown) => shown,
            Err(failure) => {
                // A JSON document says itself that it is not whole.
                sink.finish(Ending { matched: None, complete: false, next_cursor: None })?;
                return Err(failure);
            }
        };
        let ending = Ending {
            matched: shown.matched,
            complete: shown.next_cursor.is_none(),
            next_cursor: shown.next_cursor.as_deref(),
        };
        sink.finish(ending)?;
        destination.finish()?;

        let nothing = shown.matched == Some(0);
        if nothing {
            let holdings = connection.client.retention().await?;
            let held = holdings.counts.expired + holdings.counts.kept;
            let span = holdings.oldest.zip(holdings.newest);
            let is_window = filter.since.zip(filter.until).is_none_or(|(since, until)| since < until);
            let nearest = if is_window { nearest(&connection.client, &filter).await? } else { Vec::new() };
            for line in searched_in_vain(&filter, held, span, &nearest, shown.pruned, &context.time) {
                context.terminal.status(&line);
            }
        } else {
            context.terminal.status(&footer(&filter, &shown, self.reverse, &context.time));
        }
        Ok(if self.exit_code && !nothing { exit::MATCHED } else { exit::DONE })
    }

    async fn write(
        &self,
        client: &Client,
        filter: &Filter,
        is_watched: bool,
        sink: &mut Sink<'_>,
    ) -> Result<Shown, Failure> {
        let wanted = if self.all { u64::MAX } else { self.limit.unwrap_or(DEFAULT_LIMIT).into() };
        // All entries can be read from the oldest on; the newest few are turned round here.
        let order = if self.all && self.reverse { Order::Ascending } else { Order::Descending };
        let query = Query { filter: filter.clone(), order, total: true, ..Query::default() };
        let mut pages = Pages::first(client.clone(), query, wanted);
        let mut shown = Shown::default();
        let mut held_back = Vec::new();
        // Once the first rows are on the screen, or in a pager, they say enough.
        let asking = format!("asking {}", client.server());
        while let Some(Page { data, page, total, pruned }) =
            with_spinner(is_watched && shown.count == 0, &asking, pages.next()).await?
        {
            shown.count += data.len() as u64;
            shown.matched = shown.matched.or(total.map(|total| total.count));
            shown.pruned = shown.pruned.or(pruned);
            shown.next_cursor = page.next_cursor;
            if self.reverse && !self.all {
                held_back.extend(data);
            } else {
                sink.entries(&data)?;
            }
        }
        held_back.reverse();
        sink.entries(&held_back)?;
        Ok(shown)
    }
}

/// What was shown of how much.
#[derive(Default)]
struct Shown {
    count: u64,
    matched: Option<u64>,
    next_cursor: Option<String>,
    pruned: Option<Pruned>,
}

/// `4 of 667, newest first · since 2026-11-16 00:00:00.000 CET`
fn footer(filter: &Filter, shown: &Shown, reverse: bool, time: &TimeContext) -> String {
    let matched = shown.matched.unwrap_or(shown.count);
    let order = if reverse { "oldest first" } else { "newest first" };
    // Turned round, the few that are shown are still the newest.
    let which = if reverse && shown.count < matched { "newest " } else { "" };
    let mut parts = vec![format!("{which}{} of {}, {order}", grouped(shown.count), grouped(matched))];
    parts.push(describe(filter, time));
    parts.extend(
        shown.pruned.filter(|pruned| reaches(filter, pruned)).map(|pruned| missing(pruned.before, time)),
    );
    parts.retain(|part| !part.is_empty());
    parts.join(" · ")
}

/// Whether some of what was asked for may have been pruned.
fn reaches(filter: &Filter, pruned: &Pruned) -> bool {
    filter.since.is_none_or(|since| since < pruned.before)
}

/// The entries that would match but for the window: the last before it, and the first behind it.
async fn nearest(client: &Client, filter: &Filter) -> Result<Vec<(&'static str, Entry)>, Failure> {
    let before = filter.since.map(|since| {
        let filter = Filter { since: None, until: Some(since), ..filter.clone() };
        (filter, Order::Descending, "the last match before")
    });
    let behind = filter.until.map(|until| {
        let filter = Filter { since: Some(until), until: None, ..filter.clone() };
        (filter, Order::Ascending, "the first match after")
    });
    let mut found = Vec::new();
    for (filter, order, place) in before.into_iter().chain(behind) {
        let page = client.page(&Query { filter, order, limit: 1, ..Query::default() }).await?;
        found.extend(page.data.into_iter().next().map(|entry| (place, entry)));
    }
    Ok(found)
}

fn searched_in_vain(
    filter: &Filter,
    held: u64,
    span: Option<(Timestamp, Timestamp)>,
    nearest: &[(&str, Entry)],
    pruned: Option<Pruned>,
    time: &TimeContext,
) -> Vec<String> {
    let Some((oldest, newest)) = span else { return vec!["the log is empty".to_owned()] };
    let mut lines = vec!["nothing matches".to_owned()];
    let asked = describe(filter, time);
    if !asked.is_empty() {
        lines[0] = format!("nothing matches · {asked}");
    }
    if let Some(pruned) = pruned.filter(|pruned| reaches(filter, pruned)) {
        lines[0].push_str(&format!(" · {}", missing(pruned.before, time)));
    }
    let has_window = filter.since.is_some() || filter.until.is_some();
    let is_empty = filter.since.zip(filter.until).is_some_and(|(since, until)| since >= until);
    if has_window && !is_empty && nearest.is_empty() {
        lines.push("nothing matches at any other time either".to_owned());
    }
    lines.extend(
        nearest.iter().map(|(place, entry)| {
            format!("{place} is entry {} at {}", entry.id, full(entry.occurred_at, time))
        }),
    );
    let held = counted(held, "entry", "entries");
    lines.push(format!("the log holds {held}, from {} to {}", full(oldest, time), full(newest, time)));
    lines
}
