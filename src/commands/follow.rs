//! `list --follow`: prints the last entries, then each new one until interrupted, or until the end of the time window.
//!
//! No entry is lost or repeated: after a lost connection it continues after the last printed id. The cursor file is
//! written after stdout was flushed, so a crash between the two repeats an entry rather than losing it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;

use crate::api::query::Query;
use crate::args::connection::ConnectionArgs;
use crate::args::output::Format;
use crate::client::Client;
use crate::client::follower::{ConnectionChange, Follower, NewEntries, first_left_out};
use crate::client::last_entry::{LastEntry, LogPosition};
use crate::client::pages::Pages;
use crate::commands::Context;
use crate::commands::cursor_file::{CursorFile, OpenCursor};
use crate::commands::output::{EntryFormat, EntryWriter, SharedBuffer, empty};
use crate::commands::target::resolve_target;
use crate::error::Failure;
use crate::exit;
use crate::model::entry::Entry;
use crate::model::filter::Filter;
use crate::model::integrity::note::VerifierKey;
use crate::model::prune::Pruned;
use crate::model::time::format::full;
use crate::render::filter_summary::describe_in;
use crate::render::style::Style;
use crate::terminal::stdout_width;

/// The number of existing entries printed first, unless `-n` or `--all` is given.
pub(super) const DEFAULT_BACKLOG: u32 = 10;

/// Options of `--follow`.
#[derive(Debug, Args)]
#[command(next_help_heading = "Following")]
pub(super) struct FollowArgs {
    /// Print the last 10 entries (or -n, or --all), oldest first, then new entries until interrupted or --until
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
    /// Prints the last `backlog` entries, or all, and then new ones until the end of the filter's time window. `is_on_screen`
    /// fits a table to the terminal, also after its size changes.
    pub(super) async fn run(
        &self,
        context: &mut Context,
        connection: &ConnectionArgs,
        client: Client,
        filter: &Filter,
        backlog: Option<u32>,
        (format, style, is_on_screen): (&EntryFormat, &Style, bool),
    ) -> Result<u8, Failure> {
        if format.format == Format::Json {
            return Err(Failure::usage("--follow cannot write json: the document would never end")
                .hint("--format jsonl writes one entry per line"));
        }
        let cursor = match &self.cursor_file {
            Some(path) => Some(cursor_of(path, context, connection, &client, filter).await?.open(path)?),
            None => None,
        };
        let resumed = cursor.as_ref().and_then(|cursor| cursor.resumed);
        let (last_few, position) = match (resumed, backlog) {
            (Some(position), _) => (Vec::new(), position),
            (None, None) => (Vec::new(), LogPosition::default()),
            (None, Some(most)) => last(&client, filter, most).await?,
        };
        // The backlog begins where its first entry is, or with the log.
        let left_out = match backlog {
            Some(most) if most > 0 && resumed.is_none() && cursor.is_some() => {
                let before = last_few.iter().map(|entry| entry.id).min().map_or(0, |id| id.saturating_sub(1));
                first_left_out(&client, filter, before).await?
            }
            _ => None,
        };
        let is_empty = resumed.is_none() && backlog.is_some() && position.after_id == 0;
        let start = match position.after_id {
            _ if is_empty => format!("{}; waiting for entries", empty(client.log())),
            0 => "following from the first entry".to_owned(),
            id => format!("following after entry {id}"),
        };
        let query = describe_in(client.log(), filter, &context.time);
        let query = if query.is_empty() { query } else { format!(" · {query}") };
        context.terminal.status(&format!("{start}{query}; Ctrl-C ends it"));

        let buffer = SharedBuffer::default();
        let mut out = buffer.clone();
        let writer = EntryWriter::open(&mut out, format, style, (client.log(), filter))?;
        let mut output = FollowOutput { buffer, writer, cursor, saved: None, left_out, is_on_screen };
        output.print(context, &last_few, position)?;
        let mut follower = Follower::new(client, filter.clone(), position, context.clock.clone());
        loop {
            let passed = follower.position().after_id;
            let NewEntries { entries, position, more, pruned, is_end, .. } =
                news(context, &mut follower).await?;
            if let Some(pruned) = pruned {
                context.terminal.warn(&gap(&pruned, passed, context));
            }
            output.left_out = output.left_out.or(follower.left_out());
            output.print(context, &entries, position)?;
            if is_end {
                context.terminal.status("the time window has ended (--until)");
                return Ok(exit::DONE);
            }
            if !more {
                follower.wait(Duration::from_secs(self.interval)).await;
            }
        }
    }
}

/// The cursor of a query, which is saved in the file at `path`.
pub(super) async fn cursor_of(
    path: &Path,
    context: &Context,
    connection: &ConnectionArgs,
    client: &Client,
    filter: &Filter,
) -> Result<CursorFile, Failure> {
    let server = resolve_target(context, connection)?.to_string();
    if server == "demo:" {
        return Err(Failure::usage(
            "--cursor-file cannot be used with --demo: demo data is regenerated for every command",
        ));
    }
    let whoami = client.whoami().await?;
    let key = whoami.verifier_key.and_then(|key| key.parse::<VerifierKey>().ok());
    let origin = key.map(|key| key.name().to_owned());
    CursorFile::check_writable(path)?;
    Ok(CursorFile::new(server, (whoami.organization, origin), (client.log(), filter)))
}

struct FollowOutput<'a> {
    buffer: SharedBuffer,
    writer: EntryWriter<'a>,
    cursor: Option<OpenCursor>,
    /// The position that was saved last.
    saved: Option<LogPosition>,
    /// The first entry that only the end of the time window has left out: the cursor stays before it.
    left_out: Option<u64>,
    is_on_screen: bool,
}

impl FollowOutput<'_> {
    /// Prints entries and only then saves the cursor.
    fn print(
        &mut self,
        context: &mut Context,
        entries: &[Entry],
        position: LogPosition,
    ) -> Result<(), Failure> {
        // The window may have been resized.
        if let (true, EntryWriter::Table(_, table)) = (self.is_on_screen, &mut self.writer) {
            table.set_width(stdout_width());
        }
        self.writer.entries(entries)?;
        self.writer.flush()?;
        self.buffer.drain(|text| context.terminal.data().write_all(text))?;
        context.terminal.flush()?;
        let position = position.before(self.left_out, self.saved.unwrap_or_default());
        if self.saved != Some(position) {
            self.saved = Some(position);
            if let Some(cursor) = &mut self.cursor {
                cursor.save(position)?;
            }
        }
        Ok(())
    }
}

/// The newest `most` entries, oldest first, and the position after them.
async fn last(client: &Client, filter: &Filter, most: u32) -> Result<(Vec<Entry>, LogPosition), Failure> {
    let query = Query { filter: filter.clone(), ..Query::default() };
    let mut pages = Pages::first(client.clone(), query, most.into());
    let (mut entries, mut after_id) = (Vec::new(), 0);
    while let Some(page) = pages.next().await? {
        after_id = page.page.as_of;
        entries.extend(page.data);
    }
    entries.reverse();
    let last = entries.iter().fold(None, |last, entry| LastEntry::latest(last, entry.id, entry.uuid));
    Ok((entries, LogPosition { after_id, last }))
}

/// Polls for new entries, and reports when the server is lost and when it is back.
async fn news(context: &mut Context, follower: &mut Follower) -> Result<NewEntries, Failure> {
    let (terminal, mut is_restored) = (&mut context.terminal, false);
    let mut tell = |change: ConnectionChange<'_>| match change {
        ConnectionChange::Lost(error) => {
            terminal.warn(&format!("{error}; retrying until the server answers"));
        }
        ConnectionChange::Restored => is_restored = true,
    };
    let news = follower.next(&mut tell).await?;
    if is_restored {
        let through = news.position.after_id;
        context.terminal.status(&format!("reconnected; caught up to entry {through}, no entries missed"));
    }
    Ok(news)
}

/// The warning about entries that were pruned after entry `passed` was read.
pub(super) fn gap(pruned: &Pruned, passed: u64, context: &Context) -> String {
    format!(
        "entries are missing between {passed} and {}: changes before {} were pruned before they could be read",
        pruned.through_id,
        full(pruned.before, &context.time)
    )
}
