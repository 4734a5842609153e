//! `show`: prints entries field by field, or all entries of one request.

mod pick;
mod proof;
pub(super) mod request;
mod revert;
mod selector;

use std::path::PathBuf;

use clap::Args;

use crate::args::connection::ConnectionArgs;
use crate::args::output::Format;
use crate::client::Client;
use crate::commands::Context;
use crate::commands::connect::{OpenMode, connect};
use crate::commands::show::pick::pick;
use crate::commands::show::selector::EntrySelector;
use crate::error::Failure;
use crate::exit;
use crate::model::entry::Entry;
use crate::model::hold::covering;
use crate::model::json::JsonError;
use crate::model::words::Log;
use crate::render::change_set::change_set;
use crate::render::detail::{DetailOptions, SIDE_BY_SIDE_WIDTH, detail};
use crate::render::json::{self, line, list};
use crate::render::json_paint::JsonPainter;
use crate::render::patch::BeforeAfter;
use crate::render::style::Style;

/// The width of `--side-by-side` in a pipe, which has no width of its own.
const PIPE_WIDTH: usize = 160;

/// Show entries field by field, old in red and new in green
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  krosyn-audit show latest\n  krosyn-audit show 1285..1287 --full")]
pub(crate) struct ShowArgs {
    /// Entry ids, ranges of ids (1285..1287), latest, or latest~N for the Nth before it; without one, you pick from the
    /// latest entries (terminal only)
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

    /// Show how to undo the change: the difference to apply, what cannot be restored, and later changes that conflict;
    /// with --format json as a JSON Patch
    #[arg(long, conflicts_with_all = ["before", "after", "patch", "side_by_side", "request_id"])]
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

impl ShowArgs {
    pub(crate) fn is_json(&self) -> bool {
        self.format.is_some_and(Format::is_json) || self.before || self.after || self.patch
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
                // Also of an entry that was deleted.
                [EntrySelector::Id(id)] => *id,
                ids => match selector::find_all(&client, ids).await?.as_slice() {
                    [entry] => entry.id,
                    _ => return Err(Failure::usage("--proof takes one entry")),
                },
            };
            return proof::write(context, &client, &self.connection, id, path).await;
        }
        // Fetch all before printing any: a program reads the complete output or none.
        let mut entries = selector::find_all(&client, &self.ids).await?;
        if let Some(request_id) = &self.request_id {
            entries = request::all(&client, request_id).await?;
        }
        match format {
            _ if self.revert => match entries.as_slice() {
                [entry] => revert::revert(context, &client, entry, format).await?,
                _ => return Err(Failure::usage("--revert takes one entry")),
            },
            _ if self.before || self.after || self.patch => self.states(context, &entries)?,
            Format::Json | Format::Jsonl => {
                let style = context.appearance.style(&context.terminal, context.time, false);
                context.page();
                let mut out = JsonPainter::new(context.terminal.data(), style);
                match (format, entries.as_slice()) {
                    (Format::Json, [one]) => line(&mut out, &one.view())?,
                    (Format::Json, several) => list(&mut out, several)?,
                    _ => entries.iter().try_for_each(|entry| line(&mut out, &entry.view()))?,
                }
                out.finish()?;
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
        let holds = client.active_holds().await.unwrap_or_else(|error| {
            context.terminal.warn(&format!("cannot tell which holds cover the entries: {error}"));
            Vec::new()
        });
        context.page();
        for (place, entry) in entries.iter().enumerate() {
            let companions = match self.request_id {
                // All are printed anyway.
                Some(_) => None,
                None => request::companions(client, entry).await?,
            };
            let others_in_request = companions.as_ref().map(|(_, number)| *number);
            let holds = covering(&holds, entry);
            let side_by_side = self.side_by_side && has_room;
            let options =
                DetailOptions { full, side_by_side, brief: false, others_in_request, holds: &holds };
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
        context.page();
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
            let style = context.appearance.style(&context.terminal, context.time, false);
            let mut out = JsonPainter::new(context.terminal.data(), style);
            json::value(&mut out, &shown, indented)?;
            out.finish()?;
        }
        Ok(())
    }
}
