//! `hold`: creates, lists, shows and releases legal holds, through the API or on a store.

use clap::{Args, Subcommand};

use crate::api::hold::{CreateHold, HoldAnswer, ReleaseHold, filter_text};
use crate::args::connection::ConnectionArgs;
use crate::args::filter::{BaseFilterArgs, FilterArgs};
use crate::args::output::Format;
use crate::commands::Context;
use crate::commands::confirm::Confirmation;
use crate::commands::connect::{OpenMode, connect, connect_to_read};
use crate::commands::operator_table::{OperatorValue, print_table};
use crate::commands::output::write_json;
use crate::error::Failure;
use crate::exit;
use crate::model::filter::Filter;
use crate::model::hold::{HoldFilter, HoldName, ReadsContent};
use crate::model::time::TimeContext;
use crate::model::time::format::full;
use crate::model::words::Log;
use crate::render::command_line::filter_flag;
use crate::render::filter_summary::{counted, describe};
use crate::render::sanitize::sanitize;

/// Keep entries for a legal case: no prune deletes what a hold covers
///
/// A hold covers the entries of the audit log that match its filters, also those recorded later. Prunes and sweeps keep them
/// until it is released. Holds are never deleted, and the trail records who created and released them. A token needs the
/// scope hold.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  krosyn-audit hold create case-2026-14 --reason \"court order 14/2026\" --resource connector/42\n  krosyn-audit hold list"
)]
pub(crate) struct HoldArgs {
    #[command(subcommand)]
    command: HoldCommand,
}

#[derive(Debug, Subcommand)]
enum HoldCommand {
    /// Create a hold; without a filter it covers the whole log
    ///
    /// Relative times such as 30d are fixed when the hold is created. --field, --grep, --ip and --log trail cannot be used: a hold
    /// covers only the audit log, and its filters must be cheap to check for every entry that a prune deletes.
    #[command(
        after_help = "Examples:\n  krosyn-audit hold create case-2026-14 --reason \"court order 14/2026\" --resource connector/42\n  krosyn-audit hold create q3-audit --reason \"external audit\" -t secret --since 2026-07-01"
    )]
    Create(Box<CreateArgs>),
    /// List all holds, active and released
    ///
    /// In a pipe: tab-separated, times in UTC, - for an empty field.
    #[command(after_help = "Examples:\n  krosyn-audit hold list\n  krosyn-audit hold list --format json")]
    List {
        #[command(flatten)]
        output: HoldOutput,
    },
    /// Show a hold: how many entries it covers, the oldest, and how many of them have expired
    #[command(
        after_help = "Examples:\n  krosyn-audit hold show case-2026-14\n  krosyn-audit hold show case-2026-14 --format json"
    )]
    Show {
        /// The hold's name
        #[arg(value_name = "NAME")]
        hold: HoldName,
        #[command(flatten)]
        output: HoldOutput,
    },
    /// Release a hold: the next prune may delete what it covered
    #[command(
        after_help = "Examples:\n  krosyn-audit hold release case-2026-14 --reason \"case closed\"\n  krosyn-audit hold release q3-audit --reason \"audit finished\" --yes --format json"
    )]
    Release {
        /// The hold's name
        #[arg(value_name = "NAME")]
        hold: HoldName,
        /// Why, such as the decision that ends the case
        #[arg(long, value_name = "TEXT")]
        reason: String,
        /// Release without asking; required without a terminal
        #[arg(long)]
        yes: bool,
        #[command(flatten)]
        output: HoldOutput,
    },
}

#[derive(Debug, Args)]
#[command(
    mut_arg("log", |log| log.hide(true)),
    mut_arg("field", |field| field.hide(true)),
    mut_arg("ip", |ip| ip.hide(true)),
    mut_arg("grep", |grep| grep.hide(true))
)]
struct CreateArgs {
    /// A new name, which cannot be used again after the release: letters, digits, hyphens, dots and underscores
    #[arg(value_name = "NAME")]
    name: HoldName,
    /// Why, such as the number of the case
    #[arg(long, value_name = "TEXT")]
    reason: String,
    #[command(flatten)]
    filter: BaseFilterArgs,
    #[command(flatten)]
    output: HoldOutput,
}

#[derive(Debug, Args)]
struct HoldOutput {
    /// Output format: table or json (default: table)
    #[arg(long, value_name = "FORMAT", hide_possible_values = true)]
    format: Option<Format>,

    #[command(flatten)]
    connection: ConnectionArgs,
}

impl HoldOutput {
    fn check(&self) -> Result<(), Failure> {
        match self.format {
            None | Some(Format::Table | Format::Json) => Ok(()),
            Some(_) => Err(Failure::usage("hold writes table or json")),
        }
    }

    fn is_json(&self) -> bool {
        self.format.is_some_and(Format::is_json)
    }
}

impl HoldArgs {
    pub(crate) fn is_json(&self) -> bool {
        self.output().is_json()
    }

    const fn output(&self) -> &HoldOutput {
        match &self.command {
            HoldCommand::Create(args) => &args.output,
            HoldCommand::List { output }
            | HoldCommand::Show { output, .. }
            | HoldCommand::Release { output, .. } => output,
        }
    }

    pub(crate) async fn run(self, context: &mut Context) -> Result<u8, Failure> {
        self.output().check()?;
        match self.command {
            HoldCommand::Create(args) => args.run(context).await?,
            HoldCommand::List { output } => list(context, &output).await?,
            HoldCommand::Show { hold, output } => {
                let client = connect(context, &output.connection, OpenMode::Existing).await?;
                let hold = client.hold(&hold).await?;
                print(context, &output, &hold)?;
            }
            HoldCommand::Release { hold, reason, yes, output } => {
                release(context, &hold, reason, yes, &output).await?;
            }
        }
        Ok(exit::DONE)
    }
}

impl CreateArgs {
    async fn run(self, context: &mut Context) -> Result<(), Failure> {
        let filters = FilterArgs::from(self.filter);
        if filters.log() == Log::Trail {
            return Err(Failure::usage("--log trail: only entries of the audit log can be held")
                .hint("the trail is kept for the plan's retention, and for a year at least"));
        }
        // Refused before anything is opened.
        cheap(filters.parse(&context.time)?.filter)?;
        let (client, filter) = connect_to_read(context, &self.output.connection, &filters).await?;
        let filter = cheap(filter)?;
        if filter.filter().since.zip(filter.filter().until).is_some_and(|(since, until)| since >= until) {
            return Err(Failure::usage("--since is not before --until: the hold would cover nothing"));
        }
        let name = self.name.to_string();
        let request = CreateHold { name, reason: self.reason, filter: filter_text(&filter) };
        let created = client.create_hold(&request).await?;
        if self.output.is_json() {
            return write_json(context, &created);
        }
        let covered = created.entries.map_or_else(String::new, |entries| {
            format!(
                ": it covers {}, and matching ones recorded later",
                counted(entries.count, "entry", "entries")
            )
        });
        context.terminal.status(&format!("created {}{covered}", created.name));
        Ok(())
    }
}

/// The filter of a hold. An error names the flag.
fn cheap(filter: Filter) -> Result<HoldFilter, Failure> {
    HoldFilter::new(filter).map_err(|error @ ReadsContent { parameter }| {
        Failure::usage(format!("{}: {error}", filter_flag(parameter).unwrap_or(parameter)))
    })
}

async fn list(context: &mut Context, output: &HoldOutput) -> Result<(), Failure> {
    let client = connect(context, &output.connection, OpenMode::Existing).await?;
    let holds = client.holds().await?.data;
    if output.is_json() {
        return write_json(context, &holds);
    }
    if holds.is_empty() {
        context.terminal.status("no holds: create one with `krosyn-audit hold create`");
    }
    let time = context.time;
    let row = |hold: HoldAnswer| {
        let filter = described(&hold, &time);
        vec![
            OperatorValue::Text(hold.name),
            OperatorValue::Text(if hold.released_at.is_some() { "released" } else { "active" }.to_owned()),
            OperatorValue::Text(filter),
            OperatorValue::Text(hold.reason),
            OperatorValue::Day(Some(hold.created_at)),
            OperatorValue::Text(hold.created_by),
            OperatorValue::Day(hold.released_at),
            OperatorValue::Text(hold.released_by.unwrap_or_else(|| "-".to_owned())),
        ]
    };
    let head =
        ["name", "state", "covers", "reason", "created at", "created by", "released at", "released by"];
    print_table(context, &head, holds.into_iter().map(row).collect())
}

async fn release(
    context: &mut Context,
    name: &HoldName,
    reason: String,
    yes: bool,
    output: &HoldOutput,
) -> Result<(), Failure> {
    let client = connect(context, &output.connection, OpenMode::Existing).await?;
    if !yes {
        let hold = client.hold(name).await?;
        if hold.released_at.is_none() {
            context.terminal.show_lines(&text(&hold, &context.time));
            let (purpose, action, unchanged) = ("release it", "release", "nothing was released");
            Confirmation { expected: name.as_str(), purpose, action, unchanged }.ask(context).await?;
        }
    }
    let released = client.release_hold(name, &ReleaseHold { reason }).await?;
    if output.is_json() {
        return write_json(context, &released);
    }
    let next = match released.entries.map(|entries| entries.expired) {
        None => String::new(),
        Some(0) => ": none of its entries has expired".to_owned(),
        Some(expired) => format!(
            ": the next prune may delete {} unless another hold covers them",
            counted(expired, "expired entry", "expired entries")
        ),
    };
    context.terminal.status(&format!("released {name}{next}"));
    Ok(())
}

fn print(context: &mut Context, output: &HoldOutput, hold: &HoldAnswer) -> Result<(), Failure> {
    if output.is_json() {
        return write_json(context, hold);
    }
    writeln!(context.terminal.data(), "{}", text(hold, &context.time))?;
    Ok(context.terminal.flush()?)
}

/// A hold, one property on each line.
fn text(hold: &HoldAnswer, time: &TimeContext) -> String {
    let mut text = format!("hold      {}\n", sanitize(&hold.name));
    let mut line = |name: &str, value: &str| {
        text += &format!("{name:<8}  {}\n", sanitize(value));
    };
    line("covers", &described(hold, time));
    line("reason", &hold.reason);
    line("created", &format!("{} by {}", full(hold.created_at, time), hold.created_by));
    if let Some(at) = hold.released_at {
        let by = hold.released_by.as_deref().unwrap_or("-");
        let reason = hold.release_reason.as_deref().unwrap_or("-");
        line("released", &format!("{} by {by}: {reason}", full(at, time)));
    }
    if let Some(entries) = hold.entries {
        let count = counted(entries.count, "entry", "entries");
        let matches = if hold.released_at.is_some() { "matches" } else { "holds" };
        line(matches, &format!("{count}, of which {} expired", counted(entries.expired, "has", "have")));
        if let Some(oldest) = entries.oldest {
            line("oldest", &full(oldest, time));
        }
    }
    text.trim_end().to_owned()
}

/// The filter in words. A filter of a later version stays a query string.
fn described(hold: &HoldAnswer, time: &TimeContext) -> String {
    match hold.covered() {
        Some(_) if hold.filter.is_empty() => "the whole log".to_owned(),
        Some(filter) => describe(&filter, time),
        None => hold.filter.clone(),
    }
}
