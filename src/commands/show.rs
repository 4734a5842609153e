//! `show`: one entry, field by field, old in red and new in green; or all entries of one request.

pub(super) mod request;
mod revert;

use std::str::FromStr;

use clap::Args;

use crate::api::query::Query;
use crate::args::connection::ConnectionArgs;
use crate::args::output::Format;
use crate::client::Client;
use crate::commands::Context;
use crate::commands::browse::pick;
use crate::commands::connect::{Need, connect};
use crate::error::Failure;
use crate::exit;
use crate::model::entry::Entry;
use crate::model::filter::Resource;
use crate::model::json::JsonError;
use crate::render::change_set::change_set as companions_below;
use crate::render::detail::{DetailOptions, SIDE_BY_SIDE_WIDTH, detail};
use crate::render::json::{self, line, list};
use crate::render::patch::BeforeAfter;
use crate::render::style::Style;

/// A pipe has no width of its own: two sides get so many columns there.
const PIPE_WIDTH: usize = 160;

/// Show entries field by field, old in red and new in green
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  krosyn-audit show latest\n  krosyn-audit show 1287 --patch")]
pub(crate) struct ShowArgs {
    /// Which entries: ids, or latest; without one, a terminal lists the last to pick from
    #[arg(value_name = "ID|latest")]
    ids: Vec<Which>,

    /// All entries of this request, in their order
    #[arg(long, value_name = "ID", conflicts_with = "ids")]
    request_id: Option<String>,

    /// Show long differences whole, as a pipe always gets them
    #[arg(long, visible_alias = "no-trunc")]
    full: bool,

    /// Show old on the left and new on the right, where 120 columns are there
    #[arg(long)]
    side_by_side: bool,

    /// Print the changed fields as they were before, as JSON
    #[arg(long, conflicts_with_all = ["after", "patch", "format"])]
    before: bool,

    /// Print the changed fields as they were after, as JSON
    #[arg(long, conflicts_with_all = ["patch", "format"])]
    after: bool,

    /// Print the change as a JSON Patch (RFC 6902), which makes --after of --before
    #[arg(long, conflicts_with = "format")]
    patch: bool,

    /// Print how the entry could be undone, as a JSON Patch and the whole object, and what has changed since
    #[arg(long, conflicts_with_all = ["before", "after", "patch", "format", "side_by_side", "request_id"])]
    revert: bool,

    /// table, json (several entries are a list) or jsonl (default: table)
    #[arg(long, value_name = "FORMAT", hide_possible_values = true)]
    format: Option<Format>,

    #[command(flatten)]
    connection: ConnectionArgs,
}

#[derive(Debug, Clone, Copy)]
enum Which {
    Id(u64),
    Latest,
}

impl FromStr for Which {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        match text.strip_prefix("id:").unwrap_or(text).parse() {
            Ok(id) if id > 0 => Ok(Self::Id(id)),
            _ if text.eq_ignore_ascii_case("latest") => Ok(Self::Latest),
            _ if text.parse::<Resource>().is_ok() => {
                Err(format!("that is a resource: krosyn-audit history {text} shows what happened to it"))
            }
            _ if strsim::jaro_winkler(&text.to_lowercase(), "latest") > 0.85 => {
                Err("did you mean latest?".to_owned())
            }
            _ => Err("expected an entry's id, as `list` shows it, or latest".to_owned()),
        }
    }
}

impl ShowArgs {
    /// Whether errors are also told as JSON.
    pub(crate) fn is_json(&self) -> bool {
        self.format.is_some_and(Format::is_json) || self.before || self.after || self.patch || self.revert
    }

    /// Shows.
    pub(crate) async fn run(mut self, context: &mut Context) -> Result<u8, Failure> {
        let prompts = context.terminal.prompts().filter(|_| self.ids.is_empty() && self.request_id.is_none());
        if self.ids.is_empty() && self.request_id.is_none() && prompts.is_none() {
            return Err(Failure::usage("which entry?")
                .hint("`krosyn-audit show latest`, or an id that `krosyn-audit list` shows"));
        }
        let format = self.format.unwrap_or(Format::Table);
        if !matches!(format, Format::Table | Format::Json | Format::Jsonl) {
            return Err(Failure::usage(
                "show writes table, json or jsonl; for the others: krosyn-audit list --format …",
            ));
        }
        let connection = connect(context, &self.connection, Need::Existing).await?;
        if let Some(prompts) = prompts {
            self.ids.push(Which::Id(pick(context, &prompts, &connection.client).await?));
        }
        // All are there before any is shown: what a program reads is whole, or nothing.
        let mut entries = Vec::new();
        for which in &self.ids {
            entries.push(find(&connection.client, *which).await?);
        }
        if let Some(request_id) = &self.request_id {
            entries = request::all(&connection.client, request_id).await?;
        }
        match format {
            _ if self.revert => match entries.as_slice() {
                [entry] => revert::revert(context, &connection.client, entry).await?,
                _ => return Err(Failure::usage("--revert plans for one entry at a time")),
            },
            _ if self.before || self.after || self.patch => self.states(context, &entries)?,
            Format::Json => match entries.as_slice() {
                [one] => line(context.terminal.data(), &one.view())?,
                several => list(context.terminal.data(), several)?,
            },
            Format::Jsonl => {
                entries.iter().try_for_each(|entry| line(context.terminal.data(), &entry.view()))?
            }
            _ => self.details(context, &connection.client, &entries).await?,
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
        let to_people = context.terminal.out_is_terminal;
        let style = context.appearance.look(&context.terminal, context.time, to_people);
        let in_pipe = self.side_by_side && !to_people;
        let style = if in_pipe { Style { width: PIPE_WIDTH, ..style } } else { style };
        let has_room = style.width >= SIDE_BY_SIDE_WIDTH;
        if self.side_by_side && !has_room {
            context.terminal.warn(&format!(
                "old and new stand below each other: side by side needs {SIDE_BY_SIDE_WIDTH} columns, here are {}",
                style.width
            ));
        }
        let full = self.full || !to_people;
        context.page();
        for (place, entry) in entries.iter().enumerate() {
            let companions = match self.request_id {
                // They are all here already.
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
                companions_below(context.terminal.data(), &others, more, &style)?;
            }
        }
        Ok(())
    }

    /// Writes what the changed fields were, or the way from the one to the other: a line for each entry, indented
    /// where somebody reads it.
    fn states(&self, context: &mut Context, entries: &[Entry]) -> Result<(), Failure> {
        for entry in entries {
            let unreadable = |error: JsonError| {
                Failure::new(
                    exit::FAILED,
                    format!("the changes of entry {} cannot be read: {error}", entry.id),
                )
            };
            let states = BeforeAfter::of(&entry.changes.list().map_err(unreadable)?).map_err(unreadable)?;
            if !states.not_kept.is_empty() {
                context.terminal.warn(&format!(
                    "entry {} changed what is never kept, so this is not all of it: {}",
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

async fn find(client: &Client, which: Which) -> Result<Entry, Failure> {
    match which {
        Which::Id(id) => Ok(client.entry(id).await?),
        Which::Latest => {
            let page = client.page(&Query { limit: 1, ..Query::default() }).await?;
            page.data
                .into_iter()
                .next()
                .ok_or_else(|| Failure::new(exit::NOT_FOUND, "the log is empty: there is no latest entry"))
        }
    }
}
