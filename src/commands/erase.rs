//! `erase`: erases a person from the log. It plans, asks for confirmation (or `--yes`), then erases.

use clap::Args;

use crate::api::erase::{ErasureAnswer, ErasureRequest, HeldEntries};
use crate::api::problem::Code;
use crate::args::connection::ConnectionArgs;
use crate::args::output::Format;
use crate::client::error::ClientError;
use crate::commands::Context;
use crate::commands::confirm::Confirmation;
use crate::commands::connect::{OpenMode, connect};
use crate::commands::operator_table::{OperatorValue, print_table};
use crate::commands::output::write_json;
use crate::commands::prune::{duration, seconds};
use crate::error::Failure;
use crate::exit;
use crate::model::erasure::Erasure;
use crate::model::time::Age;
use crate::render::erase::plan;
use crate::render::filter_summary::counted;
use crate::render::sanitize::sanitize;

/// Erase a person from the log: plan, confirm, erase
///
/// Replaces the person by a random label, such as erased-4c1f, in entries by them, on their behalf or about them as a member.
/// Entries by them or on their behalf also lose the e-mail address, IP address and user agent. Other values of the log, and the
/// trail, may still name the person: --also-values replaces these, too. `verify --server` still succeeds, and counts the changed
/// entries as erased. Exports and backups made before are not changed. Held entries need --despite-holds.
#[derive(Debug, Default, Args)]
#[command(
    after_help = "Examples:\n  krosyn-audit erase ana@acme.example --reason 'GDPR request 117' --dry-run\n  krosyn-audit erase user/id:7 --reason 'GDPR request 117' --also-values"
)]
pub(crate) struct EraseArgs {
    /// The person: an id, e-mail address or name, or whole words of one, in any case; id:7, email:…, name:… or is:… select
    /// exactly one, and user/id:7 only a person, not a token
    #[arg(value_name = "USER", required_unless_present = "log")]
    user: Option<String>,

    /// Why; kept forever, so it must not name the person
    #[arg(long, value_name = "TEXT", required_unless_present = "log")]
    reason: Option<String>,

    /// Show the plan and stop; the exit code is 6 if holds would refuse it
    #[arg(long)]
    dry_run: bool,

    /// Erase without asking; required without a terminal
    #[arg(long)]
    yes: bool,

    /// Erase the person's id, too
    #[arg(long)]
    with_id: bool,

    /// Replace the e-mail address and name wherever they occur, also in values, reasons and the trail
    #[arg(long)]
    also_values: bool,

    /// Also change entries that a hold covers
    #[arg(long)]
    despite_holds: bool,

    /// Stop after this long, such as 10min; the same command continues
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    max_time: Option<Age>,

    /// List earlier erasures
    #[arg(
        long,
        conflicts_with_all = ["user", "reason", "dry_run", "yes", "with_id", "also_values", "despite_holds", "max_time"]
    )]
    log: bool,

    /// Output format: table or json (default: table)
    #[arg(long, value_name = "FORMAT", hide_possible_values = true)]
    format: Option<Format>,

    #[command(flatten)]
    connection: ConnectionArgs,
}

impl EraseArgs {
    pub(crate) fn is_json(&self) -> bool {
        self.format.is_some_and(Format::is_json)
    }

    /// Exit codes: 3 when it was stopped, 5 when no user matches, 6 when holds refuse, 8 when a prune is running.
    pub(crate) async fn run(self, context: &mut Context) -> Result<u8, Failure> {
        if !matches!(self.format, None | Some(Format::Table | Format::Json)) {
            return Err(Failure::usage("erase writes table or json"));
        }
        let client = connect(context, &self.connection, OpenMode::Existing).await?;
        if self.log {
            self.print_log(context, &client.erasures().await?.data)?;
            return Ok(exit::DONE);
        }
        let request = ErasureRequest {
            user: self.user.clone().unwrap_or_default(),
            reason: self.reason.clone().unwrap_or_default(),
            dry_run: true,
            with_id: self.with_id,
            also_values: self.also_values,
            despite_holds: self.despite_holds,
            max_seconds: self.max_time.map(|age| seconds(age, context)),
        };
        let planned = client.erase(&request).await.map_err(refused)?;
        let refusal = self.refusal(&planned.held);
        if self.dry_run {
            self.print_plan(context, &planned)?;
            let dry_run = "without --dry-run the command would fail like this and erase nothing";
            return refusal.map_or(Ok(exit::DONE), |refusal| Err(refusal.hint(dry_run)));
        }
        if let Some(refusal) = refusal {
            context.terminal.show_lines(&plan(&planned, &request));
            return Err(refusal);
        }
        self.confirm(context, &planned, &request).await?;
        let done = client.erase(&ErasureRequest { dry_run: false, ..request }).await.map_err(refused)?;
        self.print_result(context, &done)?;
        if done.complete {
            return Ok(exit::DONE);
        }
        let message = match self.max_time {
            Some(_) => "stopped at --max-time, and entries that name the person are left",
            None => "the erasure was interrupted",
        };
        Err(Failure::new(exit::PARTIAL, message)
            .hint("run the same command again to continue; a server continues when it starts"))
    }

    /// Why the erasure would be refused.
    fn refusal(&self, held: &[HeldEntries]) -> Option<Failure> {
        if self.despite_holds || held.is_empty() {
            return None;
        }
        let names: Vec<_> = held
            .iter()
            .map(|hold| format!("{} ({})", sanitize(&hold.name), counted(hold.entries, "entry", "entries")))
            .collect();
        let message =
            format!("holds keep entries of this person: {}: this command erased nothing", names.join(", "));
        Some(
            Failure::new(exit::REFUSED, message)
                .hint("if you may erase them all the same, add --despite-holds"),
        )
    }

    async fn confirm(
        &self,
        context: &mut Context,
        planned: &ErasureAnswer,
        request: &ErasureRequest,
    ) -> Result<(), Failure> {
        if self.yes {
            return Ok(());
        }
        context.terminal.show_lines(&plan(planned, request));
        let purpose = "erase this person permanently";
        let (expected, unchanged) = (planned.person.as_str(), "nothing was erased");
        Confirmation { expected, purpose, action: "erase", unchanged }.ask(context).await
    }

    fn print_plan(&self, context: &mut Context, planned: &ErasureAnswer) -> Result<(), Failure> {
        if self.is_json() {
            return write_json(context, planned);
        }
        let request = ErasureRequest {
            with_id: self.with_id,
            also_values: self.also_values,
            ..ErasureRequest::default()
        };
        writeln!(context.terminal.data(), "{}", plan(planned, &request))?;
        Ok(context.terminal.flush()?)
    }

    fn print_result(&self, context: &mut Context, done: &ErasureAnswer) -> Result<(), Failure> {
        if self.is_json() {
            return write_json(context, done);
        }
        let Some(Erasure { id, label, actors, contents, .. }) = &done.erasure else {
            context.terminal.status("nothing to erase with these options");
            return Ok(());
        };
        context.terminal.status(&format!(
            "erased as {label} (erasure {id}): the user in {}, texts in {}",
            counted(*actors, "entry", "entries"),
            counted(*contents, "entry", "entries"),
        ));
        if done.purged == Some(false) {
            context.terminal.status(
                "the store's files still contain the deleted text until open reads end, or until PostgreSQL vacuums",
            );
        }
        context.terminal.status("exports and backups made before still name the person");
        Ok(())
    }

    fn print_log(&self, context: &mut Context, erasures: &[Erasure]) -> Result<(), Failure> {
        if self.is_json() {
            return write_json(context, &erasures);
        }
        let row = |erasure: &Erasure| {
            vec![
                OperatorValue::Number(erasure.id),
                OperatorValue::Text(erasure.label.clone()),
                OperatorValue::Time(Some(erasure.started_at)),
                OperatorValue::Time(erasure.finished_at),
                OperatorValue::Text(erasure.by.clone()),
                OperatorValue::Number(erasure.actors),
                OperatorValue::Number(erasure.contents),
                OperatorValue::Text(erasure.reason.clone()),
            ]
        };
        let header = ["erasure", "label", "started", "finished", "by", "users", "texts", "reason"];
        print_table(context, &header, erasures.iter().map(row).collect())?;
        if erasures.is_empty() {
            context.terminal.status("no erasures yet");
        }
        Ok(())
    }
}

/// A failure of the request. The server checks what was typed: whom it means, and whether the reason names them.
fn refused(error: ClientError) -> Failure {
    match error {
        ClientError::Problem(problem) if problem.code == Code::Invalid => Failure::usage(problem.detail),
        other => other.into(),
    }
}
