//! `list --follow`: prints the last entries, then each new one until interrupted.
//!
//! No entry is lost or repeated: after a lost connection it continues after the last printed id. The cursor file is
//! written after stdout was flushed, so a crash between the two repeats an entry rather than losing it.

use std::path::PathBuf;
use std::time::Duration;

use backon::{BackoffBuilder as _, ExponentialBuilder};
use clap::Args;

use crate::api::query::Query;
use crate::args::connection::ConnectionArgs;
use crate::args::output::Format;
use crate::client::Client;
use crate::client::follower::{Follower, NewEntries};
use crate::client::pages::Pages;
use crate::commands::Context;
use crate::commands::cursor_file::CursorFile;
use crate::commands::last_entry::LastEntry;
use crate::commands::output::{EntryFormat, EntryWriter, SharedBuffer};
use crate::commands::target::resolve_target;
use crate::error::Failure;
use crate::model::entry::Entry;
use crate::model::filter::Filter;
use crate::model::prune::Pruned;
use crate::model::time::format::full;
use crate::render::filter_summary::describe_in;
use crate::render::style::Style;

/// The number of existing entries printed first, unless `-n` or `--all` is given.
pub(super) const DEFAULT_BACKLOG: u32 = 10;
const FIRST_RETRY: Duration = Duration::from_millis(500);
const LONGEST_RETRY: Duration = Duration::from_secs(30);

/// Options of `--follow`.
#[derive(Debug, Args)]
#[command(next_help_heading = "Following")]
pub(super) struct FollowArgs {
    /// Print the last 10 entries (or -n, or --all), oldest first, then new entries until interrupted
    #[arg(short, long, conflicts_with_all = ["reverse", "exit_code", "output", "force"])]
    pub(super) follow: bool,

    /// Save the position in this file, and continue from it the next time
    #[arg(long, value_name = "FILE", requires = "follow")]
    cursor_file: Option<PathBuf>,

    /// Seconds between two requests for new entries
    #[arg(long, value_name = "SECONDS", requires = "follow", default_value_t = 2, value_parser = clap::value_parser!(u64).range(1..=3600))]
    interval: u64,
}

impl FollowArgs {
    /// Prints the last `backlog` entries, or all, and then new ones. Ends only with a failure, such as a closed pipe.
    pub(super) async fn run(
        &self,
        context: &mut Context,
        connection: &ConnectionArgs,
        client: Client,
        filter: &Filter,
        backlog: Option<u32>,
        (format, style): (&EntryFormat, &Style),
    ) -> Result<u8, Failure> {
        if format.format == Format::Json {
            return Err(Failure::usage("--follow cannot write json: the document would never end")
                .hint("--format jsonl writes one entry per line"));
        }
        let buffer = SharedBuffer::default();
        let mut out = buffer.clone();
        let mut output = FollowOutput {
            buffer,
            writer: EntryWriter::open(&mut out, format, style, (client.log(), filter))?,
            cursor: self.cursor(context, connection, &client, filter).await?,
            through_id: None,
            last: None,
        };
        let resumed = match &output.cursor {
            Some((cursor, path)) => cursor.read_position(path)?,
            None => None,
        };
        let (last_few, after_id) = match (resumed, backlog) {
            (Some((after_id, last)), _) => {
                output.last = last;
                still_there(&client, last).await?;
                (Vec::new(), after_id)
            }
            (None, None) => (Vec::new(), 0),
            (None, Some(most)) => last(&client, filter, most).await?,
        };
        context.terminal.status(&match describe_in(client.log(), filter, &context.time) {
            query if query.is_empty() => format!("following after entry {after_id}; Ctrl-C ends it"),
            query => format!("following after entry {after_id} · {query}; Ctrl-C ends it"),
        });
        output.print(context, &last_few, after_id)?;
        let mut follower = Follower::new(client.clone(), filter.clone(), after_id);
        let mut reported = None;
        loop {
            let passed = follower.through_id();
            let NewEntries { entries, through_id, more, pruned } = news(context, &mut follower).await?;
            if let Some(pruned) = pruned.filter(|_| reported != pruned) {
                context.terminal.warn(&gap(&pruned, passed, context));
                reported = Some(pruned);
            }
            // New entries may have the ids of others that are gone.
            if !entries.is_empty() {
                still_there(&client, output.last).await?;
            }
            output.print(context, &entries, through_id)?;
            if !more {
                tokio::time::sleep(Duration::from_secs(self.interval)).await;
            }
        }
    }

    /// The cursor of this query, and the file it is saved in.
    async fn cursor(
        &self,
        context: &Context,
        connection: &ConnectionArgs,
        client: &Client,
        filter: &Filter,
    ) -> Result<Option<(CursorFile, PathBuf)>, Failure> {
        let Some(path) = &self.cursor_file else { return Ok(None) };
        let server = resolve_target(context, connection)?.to_string();
        if server == "demo:" {
            return Err(Failure::usage(
                "--cursor-file cannot be used with --demo: demo data is regenerated for every command",
            ));
        }
        let organization = client.whoami().await?.organization;
        CursorFile::check_writable(path)?;
        Ok(Some((CursorFile::new(server, organization, (client.log(), filter), 0), path.clone())))
    }
}

struct FollowOutput<'a> {
    buffer: SharedBuffer,
    writer: EntryWriter<'a>,
    cursor: Option<(CursorFile, PathBuf)>,
    /// The id up to which all entries were printed.
    through_id: Option<u64>,
    /// The printed entry with the highest id.
    last: Option<LastEntry>,
}

impl FollowOutput<'_> {
    /// Prints entries and only then saves the cursor.
    fn print(&mut self, context: &mut Context, entries: &[Entry], through_id: u64) -> Result<(), Failure> {
        self.writer.entries(entries)?;
        self.writer.flush()?;
        self.buffer.drain(|text| context.terminal.data().write_all(text))?;
        context.terminal.flush()?;
        self.last =
            entries.iter().fold(self.last, |last, entry| LastEntry::latest(last, entry.id, entry.uuid));
        if self.through_id != Some(through_id) {
            self.through_id = Some(through_id);
            if let Some((cursor, path)) = &mut self.cursor {
                cursor.save(path, through_id, self.last)?;
            }
        }
        Ok(())
    }
}

/// The newest `most` entries, oldest first, and the id up to which the log was searched.
async fn last(client: &Client, filter: &Filter, most: u32) -> Result<(Vec<Entry>, u64), Failure> {
    let query = Query { filter: filter.clone(), ..Query::default() };
    let mut pages = Pages::first(client.clone(), query, most.into());
    let (mut entries, mut as_of) = (Vec::new(), 0);
    while let Some(page) = pages.next().await? {
        as_of = page.page.as_of;
        entries.extend(page.data);
    }
    entries.reverse();
    Ok((entries, as_of))
}

/// Fails if the log has no longer the last entry that was printed. Retries until the server answers.
async fn still_there(client: &Client, last: Option<LastEntry>) -> Result<(), Failure> {
    let Some(last) = last else { return Ok(()) };
    loop {
        match last.is_in(client).await {
            Ok(true) => return Ok(()),
            Ok(false) => return Err(last.failure()),
            Err(error) if error.is_transient() => tokio::time::sleep(FIRST_RETRY).await,
            Err(error) => return Err(error.into()),
        }
    }
}

/// Polls for new entries, and retries until the server answers.
async fn news(context: &mut Context, follower: &mut Follower) -> Result<NewEntries, Failure> {
    let delays = ExponentialBuilder::default().with_min_delay(FIRST_RETRY).with_max_delay(LONGEST_RETRY);
    let mut delays = delays.with_jitter().without_max_times().build();
    let mut is_lost = false;
    loop {
        match follower.poll().await {
            Ok(news) => {
                if is_lost {
                    let through = follower.through_id();
                    context
                        .terminal
                        .status(&format!("reconnected; caught up to entry {through}, no entries missed"));
                }
                return Ok(news);
            }
            Err(error) if error.is_transient() => {
                if !is_lost {
                    context.terminal.warn(&format!("{error}; retrying until the server answers"));
                }
                is_lost = true;
                tokio::time::sleep(delays.next().unwrap_or(LONGEST_RETRY)).await;
            }
            Err(error) => return Err(error.into()),
        }
    }
}

fn gap(pruned: &Pruned, passed: u64, context: &Context) -> String {
    format!(
        "entries are missing between {passed} and {}: changes before {} were pruned before they could be read",
        pruned.through_id,
        full(pruned.before, &context.time)
    )
}
