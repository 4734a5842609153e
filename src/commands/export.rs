//! `export`: every entry that matches, to a file or a pipe, in constant memory.

use clap::Args;

use crate::api::page::Page;
use crate::api::query::Query;
use crate::args::connection::ConnectionArgs;
use crate::args::filter::FilterArgs;
use crate::args::output::{Format, ListOutputArgs};
use crate::client::pages::Pages;
use crate::commands::connect::{Need, connect};
use crate::commands::output::{Destination, Sink, columns, explains_columns};
use crate::commands::{Context, resolve};
use crate::error::Failure;
use crate::exit;
use crate::model::page::{MAX_LIMIT, Order};
use crate::render::json::Ending;
use crate::render::question::{counted, describe, grouped};
use crate::terminal::progress::Progress;

/// Export every entry that matches, as CSV, JSON lines or JSON
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  krosyn-audit export -a deleted -o deleted.csv\n  krosyn-audit export --since 2026-11-01 --format jsonl --reverse -o november.jsonl.gz"
)]
pub struct ExportArgs {
    #[command(flatten)]
    filter: FilterArgs,

    /// Write the oldest entry first
    #[arg(long)]
    reverse: bool,

    #[command(flatten)]
    output: ListOutputArgs,
    #[command(flatten)]
    connection: ConnectionArgs,
}

impl ExportArgs {
    /// Whether errors are also told as JSON.
    #[must_use]
    pub fn is_json(&self) -> bool {
        self.output.format.is_some_and(Format::is_json)
    }

    /// Exports.
    ///
    /// # Errors
    /// [`Failure`]; after a lost connection with exit code 3, and what there is stays as `NAME.part`.
    pub async fn run(self, context: &mut Context) -> Result<u8, Failure> {
        if explains_columns(&mut context.terminal, &self.output)? {
            return Ok(exit::DONE);
        }
        let format = self.format()?;
        let columns = columns(format, &self.output)?;
        let question = self.filter.question(&context.time)?;
        let connection = connect(context, &self.connection, Need::Existing).await?;
        let filter = resolve(context, &connection.client, question).await?;
        let look = context.appearance.look(&context.terminal, context.time, false);
        let order = if self.reverse { Order::Ascending } else { Order::Descending };
        // Counting costs a little; only somebody who watches wants to know how much is left.
        let total = context.terminal.shows_progress();
        let progress = Progress::start(&context.terminal, "exported");
        let mut pages = Pages::new(
            connection.client.clone(),
            Query { filter: filter.clone(), order, limit: MAX_LIMIT, total, ..Query::default() },
        );

        let mut destination = Destination::open(&mut context.terminal, &self.output)?;
        let mut sink = Sink::open(destination.writer(), format, &columns, &self.output, &look, &filter)?;
        let mut count = 0;
        let outcome = loop {
            match pages.next().await {
                Ok(Some(Page { data, total, .. })) => {
                    if let Some(total) = total {
                        progress.expect(total.count);
                    }
                    count += data.len() as u64;
                    sink.entries(&data)?;
                    progress.add(data.len() as u64);
                }
                Ok(None) => break Ok(()),
                Err(error) => break Err(error),
            }
        };
        sink.finish(Ending {
            matched: outcome.is_ok().then_some(count),
            complete: outcome.is_ok(),
            next_cursor: None,
        })?;
        drop(progress);
        if let Err(error) = outcome {
            return Err(cut_short(error.into(), destination, count));
        }
        destination.finish()?;
        let into =
            self.output.output.as_ref().map_or(String::new(), |path| format!(" to {}", path.display()));
        let question = match describe(&filter, &context.time) {
            question if question.is_empty() => question,
            question => format!(" · {question}"),
        };
        context.terminal.status(&format!("{} exported{into}{question}", counted(count, "entry", "entries")));
        connection.close().await?;
        Ok(exit::DONE)
    }

    fn format(&self) -> Result<Format, Failure> {
        let name = self
            .output
            .output
            .as_ref()
            .map_or_else(String::new, |path| path.to_string_lossy().to_lowercase());
        let name = name.trim_end_matches(".gz").trim_end_matches(".zst");
        let by_name = [
            (".jsonl", Format::Jsonl),
            (".ndjson", Format::Jsonl),
            (".json", Format::Json),
            (".tsv", Format::Tsv),
        ];
        let by_name =
            by_name.into_iter().find(|(ending, _)| name.ends_with(ending)).map(|(_, format)| format);
        match self.output.format.or(by_name).unwrap_or(Format::Csv) {
            Format::Table | Format::Wide => Err(Failure::usage(
                "export writes csv, tsv, json or jsonl; `krosyn-audit list --all` writes tables",
            )),
            format => Ok(format),
        }
    }
}

/// Ends an export that lost its server: what there is stays, under a name that says it is a part.
fn cut_short(failure: Failure, destination: Destination<'_>, count: u64) -> Failure {
    let so_far = format!("{} entries were written before", grouped(count));
    let kept = match destination {
        Destination::File(file) if count > 0 => {
            format!("{so_far}; they are kept in {}", file.keep_part().display())
        }
        Destination::Stdout(terminal) => {
            drop(terminal.flush());
            so_far
        }
        Destination::File(_) => return failure,
    };
    let exit = if count > 0 { exit::PARTIAL } else { failure.exit };
    Failure { exit, ..failure }.hint(kept).hint("run the same command again; it begins anew")
}
