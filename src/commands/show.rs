//! `show`: prints entries field by field, or all entries of one request.

mod pick;
mod proof;
pub(super) mod request;
mod revert;

use std::path::PathBuf;
use std::str::FromStr;

use clap::Args;

use crate::api::query::Query;
use crate::args::connection::ConnectionArgs;
use crate::args::output::Format;
use crate::client::Client;
use crate::commands::Context;
use crate::commands::connect::{OpenMode, connect};
use crate::commands::output::empty;
use crate::commands::show::pick::pick;
use crate::error::Failure;
use crate::exit;
use crate::model::entry::Entry;
use crate::model::filter::Resource;
use crate::model::json::JsonError;
use crate::model::words::Log;
use crate::render::change_set::change_set;
use crate::render::detail::{DetailOptions, SIDE_BY_SIDE_WIDTH, detail};
use crate::render::json::{self, line, list};
use crate::render::patch::BeforeAfter;
use crate::render::style::Style;

/// The width of `--side-by-side` in a pipe, which has no width of its own.
const PIPE_WIDTH: usize = 160;

/// Show entries field by field, old in red and new in green
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  krosyn-audit show latest\n  krosyn-audit show 1287 --patch")]
pub(crate) struct ShowArgs {
    /// Entry ids, or latest; without one, you pick from the latest entries (terminal only)
    #[arg(value_name = "ID|latest")]
    ids: Vec<EntrySelector>,

    /// The log that has the entries: audit or trail [default: audit]
    #[arg(long, value_name = "LOG")]
    log: Option<Log>,

    /// Show all entries of this request, oldest first
    #[arg(long, value_name = "ID", conflicts_with = "ids")]
    request_id: Option<String>,

    /// Do not shorten long differences (always so in a pipe)
    #[arg(long, visible_alias = "no-trunc")]
    full: bool,

    /// Show old on the left and new on the right (needs 120 columns)
    #[arg(long)]
    side_by_side: bool,

    /// Print the changed fields before the change, as JSON
    #[arg(long, conflicts_with_all = ["after", "patch", "format"])]
    before: bool,

    /// Print the changed fields after the change, as JSON
    #[arg(long, conflicts_with_all = ["patch", "format"])]
    after: bool,

    /// Print the change as a JSON Patch (RFC 6902) from --before to --after
    #[arg(long, conflicts_with = "format")]
    patch: bool,

    /// Print how to undo the change: a JSON Patch, the whole object, and later changes that conflict
    #[arg(long, conflicts_with_all = ["before", "after", "patch", "format", "side_by_side", "request_id"])]
    revert: bool,

    /// Write a proof of the entry to this file, for `krosyn-audit verify FILE`; also for a deleted entry
    #[arg(long, value_name = "FILE", conflicts_with_all = ["request_id", "before", "after", "patch", "revert", "format", "side_by_side"])]
    proof: Option<PathBuf>,

    /// Output format: table, json (a list if there are several entries) or jsonl (default: table)
    #[arg(long, value_name = "FORMAT", hide_possible_values = true)]
    format: Option<Format>,

    #[command(flatten)]
    connection: ConnectionArgs,
}

#[derive(Debug, Clone, Copy)]
enum EntrySelector {
    Id(u64),
    Latest,
}

impl FromStr for EntrySelector {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        match text.strip_prefix("id:").unwrap_or(text).parse() {
            Ok(id) if id > 0 => Ok(Self::Id(id)),
            _ if text.eq_ignore_ascii_case("latest") => Ok(Self::Latest),
            _ if text.parse::<Resource>().is_ok() => {
                Err(format!("this is a resource, not an entry: see krosyn-audit history {text}"))
            }
            _ if strsim::jaro_winkler(&text.to_lowercase(), "latest") > 0.85 => {
                Err("did you mean latest?".to_owned())
            }
            _ => Err("expected an entry id, as `list` shows it, or latest".to_owned()),
        }
    }
}

impl ShowArgs {
    pub(crate) fn is_json(&self) -> bool {
        self.format.is_some_and(Format::is_json) || self.before || self.after || self.patch || self.revert
    }

    pub(crate) async fn run(mut self, context: &mut Context) -> Result<u8, Failure> {
        let prompts = context.terminal.prompts().filter(|_| self.ids.is_empty() && self.request_id.is_none());
        if self.ids.is_empty() && self.request_id.is_none() && prompts.is_none() {
            return Err(Failure::usage("no entry given")
                .hint("give an id that `krosyn-audit list` shows, or: krosyn-audit show latest"));
        }
        let format = self.format.unwrap_or(Format::Table);
        if !matches!(format, Format::Table | Format::Json | Format::Jsonl) {
            return Err(Failure::usage(
                "show writes table, json or jsonl; for other formats: krosyn-audit list --format …",
            ));
        }
        let client = connect(context, &self.connection, OpenMode::Existing).await?;
        let client = client.reading(self.log.unwrap_or(Log::Audit));
        if let Some(prompts) = prompts {
            self.ids.push(EntrySelector::Id(pick(context, &prompts, &client).await?));
        }
        if let Some(path) = &self.proof {
            let id = match self.ids.as_slice() {
                [EntrySelector::Id(id)] => *id,
                [latest] => find(&client, *latest).await?.id,
                _ => return Err(Failure::usage("--proof takes one entry")),
            };
            return proof::write(context, &client, &self.connection, id, path).await;
        }
        // Fetch all before printing any: a program reads the complete output or none.
        let mut entries = Vec::new();
        for selector in &self.ids {
            entries.push(find(&client, *selector).await?);
        }
        if let Some(request_id) = &self.request_id {
            entries = request::all(&client, request_id).await?;
        }
        match format {
            _ if self.revert => match entries.as_slice() {
                [entry] => revert::revert(context, &client, entry).await?,
                _ => return Err(Failure::usage("--revert takes one entry")),
            },
            _ if self.before || self.after || self.patch => self.states(context, &entries)?,
            Format::Json => match entries.as_slice() {
                [one] => line(context.terminal.data(), &one.view())?,
                several => list(context.terminal.data(), several)?,
            },
            Format::Jsonl => {
                entries.iter().try_for_each(|entry| line(context.terminal.data(), &entry.view()))?
            }
            _ => self.details(context, &client, &entries).await?,
        }
        context.terminal.flush()?;
        Ok(exit::DONE)
    }

    async fn details(
        &self,
        context: &mut Context,
        client: &Client,
        entries: &[Entry],
    ) -> Result<(), Failure> {
        let on_screen = context.terminal.out_is_terminal;
        let style = context.appearance.style(&context.terminal, context.time, on_screen);
        let in_pipe = self.side_by_side && !on_screen;
        let style = if in_pipe { Style { width: PIPE_WIDTH, ..style } } else { style };
        let has_room = style.width >= SIDE_BY_SIDE_WIDTH;
        if self.side_by_side && !has_room {
            context.terminal.warn(&format!(
                "--side-by-side needs {SIDE_BY_SIDE_WIDTH} columns, but there are {}: showing old above new",
                style.width
            ));
        }
        let full = self.full || !on_screen;
        context.page();
        for (place, entry) in entries.iter().enumerate() {
            let companions = match self.request_id {
                // All are printed anyway.
                Some(_) => None,
                None => request::companions(client, entry).await?,
            };
            let others_in_request = companions.as_ref().map(|(_, number)| *number);
            let options =
                DetailOptions { full, side_by_side: self.side_by_side && has_room, others_in_request };
            if place > 0 {
                context.terminal.data().write_all(b"\n")?;
            }
            detail(context.terminal.data(), entry, options, &style)?;
            if let Some((others, number)) = companions.filter(|(others, _)| !others.is_empty()) {
                let others: Vec<&Entry> = others.iter().collect();
                let more = number.saturating_sub(others.len() as u64);
                change_set(context.terminal.data(), &others, more, &style)?;
            }
        }
        Ok(())
    }

    /// Writes the changed fields before or after, or the patch: one line per entry, indented on a terminal.
    fn states(&self, context: &mut Context, entries: &[Entry]) -> Result<(), Failure> {
        for entry in entries {
            let unreadable = |error: JsonError| {
                Failure::new(exit::FAILED, format!("cannot read the changes of entry {}: {error}", entry.id))
            };
            let states = BeforeAfter::of(&entry.changes.list().map_err(unreadable)?).map_err(unreadable)?;
            if !states.not_kept.is_empty() {
                context.terminal.warn(&format!(
                    "entry {} also changed fields whose values are never stored: {}",
                    entry.id,
                    states.not_kept.join(", ")
                ));
            }
            let shown = match (self.before, self.after) {
                (true, _) => states.before,
                (_, true) => states.after,
                _ => states.patch(),
            };
            let indented = context.terminal.out_is_terminal;
            json::value(context.terminal.data(), &shown, indented)?;
        }
        Ok(())
    }
}

async fn find(client: &Client, selector: EntrySelector) -> Result<Entry, Failure> {
    match selector {
        EntrySelector::Id(id) => Ok(client.entry(id).await?),
        EntrySelector::Latest => {
            let page = client.page(&Query { limit: 1, ..Query::default() }).await?;
            page.data.into_iter().next().ok_or_else(|| Failure::new(exit::NOT_FOUND, empty(client.log())))
        }
    }
}
