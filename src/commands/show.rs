//! `show`: one entry, field by field, old in red and new in green.

use std::str::FromStr;

use clap::Args;

use crate::api::query::Query;
use crate::args::connection::ConnectionArgs;
use crate::args::output::Format;
use crate::client::Client;
use crate::commands::Context;
use crate::commands::connect::{Need, connect};
use crate::error::Failure;
use crate::exit;
use crate::model::entry::Entry;
use crate::model::filter::Filter;
use crate::render::detail::{DetailOptions, detail};
use crate::render::json::line;

/// Show entries field by field, old in red and new in green
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  krosyn-audit show latest\n  krosyn-audit show 1287 --full")]
pub struct ShowArgs {
    /// Which entries: ids, or latest
    #[arg(value_name = "ID|latest")]
    ids: Vec<Which>,

    /// Show long differences whole
    #[arg(long)]
    full: bool,

    /// table, json or jsonl (default: table)
    #[arg(long, value_name = "FORMAT", hide_possible_values = true)]
    format: Option<Format>,

    /// Cut nothing
    #[arg(long)]
    no_trunc: bool,

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
            _ => Err("expected an entry's id, as `list` shows it, or latest".to_owned()),
        }
    }
}

impl ShowArgs {
    /// Whether errors are also told as JSON.
    #[must_use]
    pub fn is_json(&self) -> bool {
        self.format.is_some_and(Format::is_json)
    }

    /// Shows.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn run(self, context: &mut Context) -> Result<u8, Failure> {
        if self.ids.is_empty() {
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
        let look = context.appearance.look(&context.terminal, context.time, !self.no_trunc);
        for (place, which) in self.ids.iter().enumerate() {
            let entry = find(&connection.client, *which).await?;
            let others_in_request = others(&connection.client, &entry).await?;
            let out = context.terminal.data();
            if format == Format::Table {
                if place > 0 {
                    out.write_all(b"\n")?;
                }
                detail(out, &entry, DetailOptions { full: self.full, others_in_request }, &look)?;
            } else {
                line(out, &entry)?;
            }
        }
        context.terminal.flush()?;
        connection.close().await?;
        Ok(exit::DONE)
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

/// How many other entries the same request made.
async fn others(client: &Client, entry: &Entry) -> Result<Option<u64>, Failure> {
    let Some(request_id) = &entry.context.request_id else { return Ok(None) };
    let mut filter = Filter::default();
    filter.request_id.include.push(request_id.clone());
    let page = client.page(&Query { filter, limit: 1, total: true, ..Query::default() }).await?;
    Ok(page.total.map(|total| total.count.saturating_sub(1)))
}
