//! `blame`: each field of a resource, who set it last, when, in which entry, and how often it was set.

use clap::Args;
use serde_json::json;

use crate::args::connection::ConnectionArgs;
use crate::args::filter::FilterArgs;
use crate::args::output::Format;
use crate::commands::Context;
use crate::commands::connect::{Need, connect};
use crate::commands::resource::{ResourceHistory, life};
use crate::error::Failure;
use crate::exit;
use crate::model::history::blame::Blame;
use crate::model::history::leaf::Content;
use crate::model::history::reader::HistoryRequest;
use crate::model::history::replay::Existence;
use crate::model::json::Json;
use crate::model::time::format::full;
use crate::render::blame::{BLAME_COLUMNS, json, records as rows, table};
use crate::render::delimited::Delimiter;
use crate::render::delimited::records::records;
use crate::render::filter_summary::counted;
use crate::render::history::{dotted_path, heading, notes};

/// Show who set each field of a resource last, when, and in which entry
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  krosyn-audit blame connector/42\n  krosyn-audit blame connector/42 --field perform.retry --format json"
)]
pub(crate) struct BlameArgs {
    /// Which resource: its type and id, or its name, be it an earlier one
    #[arg(value_name = "TYPE/ID|NAME")]
    resource: String,

    /// Only this field, or what lies beneath a path, as it is printed here; !PATH leaves it out (can be repeated)
    #[arg(long, value_name = "PATH")]
    field: Vec<String>,

    /// table, json, csv or tsv (default: table on a terminal, tsv in a pipe)
    #[arg(long, value_name = "FORMAT", hide_possible_values = true)]
    format: Option<Format>,

    /// Cut nothing
    #[arg(long)]
    no_trunc: bool,

    #[command(flatten)]
    connection: ConnectionArgs,
}

impl BlameArgs {
    /// Whether errors are also told as JSON.
    pub(crate) fn is_json(&self) -> bool {
        self.format.is_some_and(Format::is_json)
    }

    /// Tells who set what.
    pub(crate) async fn run(self, context: &mut Context) -> Result<u8, Failure> {
        let to_people = context.terminal.out_is_terminal;
        let format = self.format.unwrap_or(if to_people { Format::Table } else { Format::Tsv });
        if matches!(format, Format::Wide | Format::Jsonl) {
            return Err(Failure::usage("blame writes table, json, csv or tsv"));
        }
        let fields = FilterArgs { field: self.field.clone(), ..FilterArgs::default() };
        let asked = fields.parse(&context.time)?.filter.field;
        let connection = connect(context, &self.connection, Need::Existing).await?;
        let life = life(&connection.client, &self.resource, HistoryRequest::default()).await?;
        let mut blame = life.history.blame();
        if !self.field.is_empty() {
            let there: Vec<_> = blame.lines.iter().map(|line| dotted_path(&line.path)).collect();
            blame.lines.retain(|line| {
                let is_opaque = match &line.content {
                    Content::Value(value) => matches!(value, Json::Array(_)),
                    Content::Redacted | Content::Unknown(_) => true,
                };
                asked.admits(|path| path.covers(&line.path, is_opaque))
            });
            if blame.lines.is_empty() {
                context.terminal.status(&no_such_field(&there));
            }
        }
        if format == Format::Table {
            context.page();
        }
        self.write(context, &life, &blame, format)?;
        context.terminal.status(&footer(&life, &blame, context));
        Ok(exit::DONE)
    }

    fn write(
        &self,
        context: &mut Context,
        life: &ResourceHistory,
        blame: &Blame,
        format: Format,
    ) -> Result<(), Failure> {
        let ResourceHistory { resource, history, .. } = life;
        let to_people = context.terminal.out_is_terminal;
        if format != Format::Table {
            for note in notes(history, &context.time) {
                context.terminal.status(&note);
            }
        }
        let style = context.appearance.look(&context.terminal, context.time, to_people && !self.no_trunc);
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
                let head = json!({"resource": resource.to_string(), "name": life.name(), "exists": exists,
                    "complete": blame.is_complete})
                .to_string();
                // The values keep their digits, which no float would: so the list is spliced in as it is.
                let head = head.trim_end_matches('}');
                writeln!(out, "{head},\"lines\":{}}}", json(blame, history, &time))?;
            }
            format => {
                let guarded = Delimiter::Csv { guard: true, bom: false };
                let delimiter = if format == Format::Csv { guarded } else { Delimiter::Tsv };
                records(out, delimiter, &BLAME_COLUMNS, rows(blame, history))?;
            }
        }
        Ok(context.terminal.flush()?)
    }
}

/// What is said where no field is the one that was asked for.
fn no_such_field(there: &[String]) -> String {
    const NAMED: usize = 8;
    let more = there.len().saturating_sub(NAMED);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("there is no such field; there are {}{more}", there[..there.len().min(NAMED)].join(", "))
}

/// `14 fields · deleted by marc@…, entry 1297, 2026-11-23 …`
fn footer(life: &ResourceHistory, blame: &Blame, context: &Context) -> String {
    let mut parts = vec![counted(blame.lines.len() as u64, "field", "fields")];
    match blame.existence {
        Existence::Absent(index) => {
            let entry = &life.history.entries()[index];
            let at = full(entry.occurred_at, &context.time);
            parts.push(format!("deleted by {} in entry {} of {at}", entry.user.label(), entry.id));
        }
        Existence::Exists | Existence::Unknown if !blame.is_complete => {
            parts.push("there may be fields that no entry tells of".to_owned());
        }
        Existence::Exists | Existence::Unknown => {}
    }
    parts.join(" · ")
}
