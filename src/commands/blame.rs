//! `blame`: prints for each field of a resource who set it last, when, in which entry, and how often it was set.

use clap::Args;
use serde_json::json;

use crate::args::connection::ConnectionArgs;
use crate::args::filter::{BaseFilterArgs, FilterArgs};
use crate::args::output::{CsvArgs, Format};
use crate::commands::Context;
use crate::commands::connect::{OpenMode, connect};
use crate::commands::output::delimiter;
use crate::commands::resource::{find, read_history};
use crate::error::Failure;
use crate::exit;
use crate::model::field_path::term::FieldTerm;
use crate::model::filter::Resource;
use crate::model::history::History;
use crate::model::history::blame::Blame;
use crate::model::history::leaf::LeafContent;
use crate::model::history::reader::HistoryRequest;
use crate::model::history::replay::Existence;
use crate::model::json::Json;
use crate::model::time::format::full;
use crate::model::words::Log;
use crate::render::blame::{BLAME_COLUMNS, json, records as rows, table};
use crate::render::delimited::records::records;
use crate::render::filter_summary::counted;
use crate::render::history::{dotted_path, heading, notes};

/// Show who set each field of a resource last, when, and in which entry
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  krosyn-audit blame connector/42\n  krosyn-audit blame connector/42 --field perform.retry --format json"
)]
pub(crate) struct BlameArgs {
    /// The resource: its type and id, or its current or an earlier name
    #[arg(value_name = "TYPE/ID|NAME")]
    resource: String,

    /// The log that has the entries: audit or trail [default: audit]
    #[arg(long, value_name = "LOG")]
    log: Option<Log>,

    /// Only this field or the fields below this path, as printed here; !PATH excludes (can be repeated)
    #[arg(long, value_name = "PATH")]
    field: Vec<String>,

    /// Output format: table, json, csv or tsv (default: table on a terminal, tsv in a pipe)
    #[arg(long, value_name = "FORMAT", hide_possible_values = true)]
    format: Option<Format>,

    /// Do not truncate long cells
    #[arg(long)]
    no_trunc: bool,

    #[command(flatten)]
    connection: ConnectionArgs,
}

impl BlameArgs {
    pub(crate) fn is_json(&self) -> bool {
        self.format.is_some_and(Format::is_json)
    }

    pub(crate) async fn run(self, context: &mut Context) -> Result<u8, Failure> {
        let on_screen = context.terminal.out_is_terminal;
        let format = self.format.unwrap_or(if on_screen { Format::Table } else { Format::Tsv });
        if !matches!(format, Format::Table | Format::Json | Format::Csv | Format::Tsv) {
            return Err(Failure::usage("blame writes table, json, csv or tsv"));
        }
        let fields =
            FilterArgs::from(BaseFilterArgs { field: self.field.clone(), ..BaseFilterArgs::default() });
        let asked = fields.parse(&context.time)?.filter.field;
        if asked.include.iter().chain(&asked.exclude).any(FieldTerm::asks_for_values) {
            return Err(Failure::usage("--field takes a path here, without a value")
                .hint("changes to a value: krosyn-audit history TYPE/ID --field PATH=VALUE"));
        }
        let client = connect(context, &self.connection, OpenMode::Existing).await?;
        let client = client.reading(self.log.unwrap_or(Log::Audit));
        let resource = find(&client, &self.resource).await?.resource;
        let history = read_history(&client, &resource, HistoryRequest::default()).await?;
        let mut blame = history.blame();
        if !self.field.is_empty() {
            let all: Vec<_> = blame.lines.iter().map(|line| dotted_path(&line.path)).collect();
            blame.lines.retain(|line| {
                let is_opaque = match &line.content {
                    LeafContent::Value(value) => matches!(value, Json::Array(_)),
                    LeafContent::Redacted | LeafContent::Unknown(_) => true,
                };
                asked.admits(|term| term.path().covers(&line.path, is_opaque))
            });
            if blame.lines.is_empty() {
                context.terminal.status(&no_such_field(&all));
            }
        }
        if format == Format::Table {
            context.page();
        }
        self.write(context, (&resource, &history), &blame, format)?;
        context.terminal.status(&footer(&history, &blame, context));
        Ok(exit::DONE)
    }

    fn write(
        &self,
        context: &mut Context,
        (resource, history): (&Resource, &History),
        blame: &Blame,
        format: Format,
    ) -> Result<(), Failure> {
        let on_screen = context.terminal.out_is_terminal;
        if format != Format::Table {
            for note in notes(history, &context.time) {
                context.terminal.status(&note);
            }
        }
        let style = context.appearance.style(&context.terminal, context.time, on_screen && !self.no_trunc);
        let time = context.time;
        let out = context.terminal.data();
        match format {
            Format::Table => {
                heading(out, resource, history, &style)?;
                writeln!(out)?;
                table(out, blame, history, &style)?;
            }
            Format::Json => {
                let exists = match blame.existence {
                    Existence::Unknown => json!(null),
                    Existence::Exists => json!(true),
                    Existence::Absent(_) => json!(false),
                };
                let name = history.names().last().map(|(_, name)| name);
                let head = json!({"resource": resource.to_string(), "name": name, "exists": exists,
                    "complete": blame.is_complete})
                .to_string();
                // Spliced in as text: parsing would turn long numbers into floats.
                let head = head.trim_end_matches('}');
                writeln!(out, "{head},\"lines\":{}}}", json(blame, history, &time))?;
            }
            format => {
                records(out, delimiter(format, CsvArgs::default()), &BLAME_COLUMNS, rows(blame, history))?;
            }
        }
        Ok(context.terminal.flush()?)
    }
}

fn no_such_field(all: &[String]) -> String {
    const MAX_LISTED: usize = 8;
    let more = all.len().saturating_sub(MAX_LISTED);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("no such field; the fields are {}{more}", all[..all.len().min(MAX_LISTED)].join(", "))
}

/// `14 fields · deleted by marc@…, entry 1297, 2026-11-23 …`
fn footer(history: &History, blame: &Blame, context: &Context) -> String {
    let mut parts = vec![counted(blame.lines.len() as u64, "field", "fields")];
    match blame.existence {
        Existence::Absent(index) => {
            let entry = &history.entries()[index];
            let at = full(entry.occurred_at, &context.time);
            parts.push(format!("deleted by {} in entry {} of {at}", entry.actor(), entry.id));
        }
        Existence::Exists | Existence::Unknown if !blame.is_complete => {
            parts.push("there may be more fields that no entry mentions".to_owned());
        }
        Existence::Exists | Existence::Unknown => {}
    }
    parts.join(" · ")
}
