//! `prune`: delete what is past its retention. The plan first, then a question or `--yes`, then the deed; made for cron.

mod archive;
mod max_delete;
mod schedule;

use std::path::{Path, PathBuf};
use std::time::Duration;

use chrono::TimeDelta;
use clap::Args;
use serde::Serialize;

use crate::api::problem::Code;
use crate::api::prune::{PruneAnswer, PruneRequest};
use crate::args::connection::{ConnectionArgs, ServerAddress};
use crate::args::output::Format;
use crate::client::Client;
use crate::client::error::ClientError;
use crate::commands::Context;
use crate::commands::connect::{Need, connect};
use crate::commands::operator_table::{OperatorValue, listing};
use crate::commands::prune::max_delete::MaxDelete;
use crate::commands::target::resolve_target;
use crate::config::Origin;
use crate::error::Failure;
use crate::exit;
use crate::model::prune::Prune;
use crate::model::time::format::day;
use crate::model::time::{Age, AgeError};
use crate::model::timestamp::Timestamp;
use crate::render::filter_summary::{counted, grouped};
use crate::render::prune::{outcome, plan};
use crate::terminal::progress::Progress;

/// How often a lock is looked at again.
const LOCK_POLL: Duration = Duration::from_secs(2);
/// How often somebody who watches is told how much is left.
const LOOK_POLL: Duration = Duration::from_millis(500);
/// The most that goes when nobody says otherwise.
const MAX_DELETE: MaxDelete = MaxDelete::Percent(50);
/// How far this machine's clock and the server's may lie apart.
const MAX_SKEW: TimeDelta = TimeDelta::minutes(5);

/// Delete entries past their retention: plan, confirm, delete
#[derive(Debug, Default, Args)]
#[command(
    after_help = "Examples:\n  krosyn-audit prune --dry-run\n  17 3 * * *  krosyn-audit prune --yes --quiet --profile cron"
)]
pub(crate) struct PruneArgs {
    /// Show the plan and stop; exit 6 when a guard would refuse to carry it out
    #[arg(long)]
    dry_run: bool,

    /// Do not ask; needed where nobody can be asked
    #[arg(long)]
    yes: bool,

    /// Delete only what is older than this, which is longer than the plan's retention: 120d, 18mo, 2y
    #[arg(long, value_name = "AGE")]
    older_than: Option<Age>,

    /// Refuse to delete more entries than this, in number or in percent of all [default: 50%]
    #[arg(long, value_name = "N|P%")]
    max_delete: Option<MaxDelete>,

    /// Stop after this long and leave the rest for the next run: 10min
    #[arg(long, value_name = "AGE", value_parser = waiting)]
    max_time: Option<Age>,

    /// Write what will go to this file first, as JSON lines, and read it back; .gz and .zst compress, {date} is today
    #[arg(long, value_name = "FILE")]
    archive: Option<PathBuf>,

    /// Wait this long for another prune to end, then exit with 8
    #[arg(long, value_name = "AGE", value_parser = waiting)]
    lock_wait: Option<Age>,

    /// Prune although the server's clock looks as if it were ahead: you have checked it
    #[arg(long, conflicts_with_all = ["log", "print_cron", "print_systemd"])]
    clock_is_right: bool,

    /// End the lease of another prune that no longer runs; the record of this one says so
    #[arg(long, conflicts_with_all = ["dry_run", "log", "print_cron", "print_systemd"])]
    break_lease: bool,

    /// List earlier prunes and stop
    #[arg(long, conflicts_with_all = ["dry_run", "yes", "older_than", "archive"])]
    log: bool,

    /// Print a crontab line that runs this every night, and stop
    #[arg(long, conflicts_with_all = ["log", "print_systemd"])]
    print_cron: bool,

    /// Print a systemd service and timer that run this every night, and stop
    #[arg(long, conflicts_with = "log")]
    print_systemd: bool,

    /// table or json (default: table)
    #[arg(long, value_name = "FORMAT", hide_possible_values = true)]
    format: Option<Format>,

    #[command(flatten)]
    connection: ConnectionArgs,
}

impl PruneArgs {
    /// Whether errors are also told as JSON.
    pub(crate) fn is_json(&self) -> bool {
        self.format.is_some_and(Format::is_json)
    }

    /// Prunes.
    ///
    /// # Errors
    /// [`Failure`]: 6 when a guard refuses, 8 when another prune runs, 3 when something is left.
    pub(crate) async fn run(self, context: &mut Context) -> Result<u8, Failure> {
        if !matches!(self.format, None | Some(Format::Table | Format::Json)) {
            return Err(Failure::usage("prune writes table or json"));
        }
        if let Some(path) = &self.archive {
            archive::must_be_lines(path)?;
        }
        if self.print_cron || self.print_systemd {
            return self.print_schedule(context);
        }
        let connection = connect(context, &self.connection, Need::Existing).await?;
        if self.log {
            let prunes = connection.client.prunes().await?.data;
            self.tell_log(context, &prunes)?;
            return Ok(exit::DONE);
        }
        let request = PruneRequest {
            dry_run: true,
            older_than: self.older_than,
            clock_is_right: self.clock_is_right,
            ..PruneRequest::default()
        };
        let planned = connection.client.prune(&request).await.map_err(named)?;
        if self.clock_is_right && !self.dry_run && planned.counts.expired == 0 {
            // Nothing goes, and a local store learns that the clock is right.
            let confirm = PruneRequest { dry_run: false, cutoff: Some(planned.cutoff), ..request };
            connection.client.prune(&confirm).await.map_err(named)?;
        }
        let archive = self.archive.as_deref();
        let archive = archive.map(|path| schedule::of_day(path, day(context.time.now, context.time.zone)));
        if planned.counts.expired == 0 {
            self.tell(context, &planned)?;
            return Ok(exit::DONE);
        }
        let refusal = self.refusal(context.clock.now(), &planned, archive.as_deref());
        if self.dry_run {
            self.tell(context, &planned)?;
            let dry_run = "this is how the run without --dry-run would end: nothing would be deleted";
            return refusal.map_or(Ok(exit::DONE), |refusal| Err(refusal.hint(dry_run)));
        }
        if let Some(refusal) = refusal {
            context.terminal.show_lines(&plan(&planned, self.older_than, &context.time));
            return Err(refusal);
        }
        self.confirm(context, &planned).await?;
        if let Some(path) = archive {
            archive::archive(&connection.client, &planned, &path).await?;
            let archived = counted(planned.counts.expired, "entry is", "entries are");
            context.terminal.status(&format!("{archived} archived in {}", path.display()));
        }
        // Exactly what the plan has shown: what expired or was recorded since then stays for the next run.
        let request = PruneRequest {
            dry_run: false,
            cutoff: Some(planned.cutoff),
            as_of: Some(planned.as_of),
            max_seconds: self.max_time.map(|age| seconds(age, context)),
            break_lease: self.break_lease,
            ..request
        };
        let done = self.delete(context, &connection.client, &request, planned.counts.expired).await?;
        self.tell(context, &done)?;
        if done.complete {
            return Ok(exit::DONE);
        }
        let left = done.counts.expired.saturating_sub(done.prune.as_ref().map_or(0, |prune| prune.deleted));
        Err(Failure::new(
            exit::PARTIAL,
            format!("the time was up with {} left", counted(left, "expired entry", "expired entries")),
        )
        .hint("what was deleted is deleted; run the same command again for the rest"))
    }

    /// Deletes, waiting for another prune to end as long as `--lock-wait` says.
    async fn delete(
        &self,
        context: &mut Context,
        client: &Client,
        request: &PruneRequest,
        expired: u64,
    ) -> Result<PruneAnswer, Failure> {
        let wait = self.lock_wait.map_or(0, |age| seconds(age, context));
        let end = tokio::time::Instant::now() + Duration::from_secs(u64::from(wait));
        loop {
            match watched(context, client, request, expired).await {
                Err(ClientError::Problem(problem))
                    if problem.code == Code::PruneRunning && tokio::time::Instant::now() < end =>
                {
                    context.terminal.status(&format!("waiting: {}", problem.detail));
                    tokio::time::sleep(LOCK_POLL).await;
                }
                outcome => return Ok(outcome?),
            }
        }
    }

    fn print_schedule(&self, context: &mut Context) -> Result<u8, Failure> {
        // The path by which the programme was found now, for a schedule has a search path of its own.
        let program = std::env::current_exe()
            .map_or_else(|_| "krosyn-audit".to_owned(), |path| path.display().to_string());
        let target = resolve_target(context, &self.connection)?;
        if matches!(target.address, ServerAddress::Demo) {
            return Err(Failure::usage(
                "the demo is made anew for every command: a schedule has nothing to prune in it",
            ));
        }
        // A schedule has no environment of its own, and may run under an account that has another data directory.
        let server = match (&target.address, &target.origin) {
            (_, Origin::Profile(_) | Origin::Config | Origin::Login) => None,
            (ServerAddress::Store(url), _) => Some(url.clone()),
            (ServerAddress::Remote(base), _) => Some(base.to_string()),
            (ServerAddress::Demo, _) => None,
        };
        let settings = &context.settings;
        let is_chosen = settings.origin != Origin::Default || matches!(target.origin, Origin::Profile(_));
        let zone = context.settled.iter().find(|it| it.key == "tz" && it.origin != Origin::Default);
        let around = schedule::Around {
            program,
            variables: context.environment.for_schedules.clone(),
            profile: Some(settings.name.clone()).filter(|_| is_chosen),
            zone: zone.map(|it| it.value.clone()),
            server,
        };
        let command = schedule::command(self, &around)?;
        let print = if self.print_cron { schedule::cron } else { schedule::systemd };
        context.terminal.data().write_all(print(&command).as_bytes())?;
        let remote = matches!(target.address, ServerAddress::Remote(_));
        if remote && self.connection.token_file.is_none() && context.environment.token.is_some() {
            context.terminal.warn("a schedule does not have KROSYN_AUDIT_TOKEN: name a file by --token-file");
        }
        Ok(exit::DONE)
    }

    fn tell_log(&self, context: &mut Context, prunes: &[Prune]) -> Result<(), Failure> {
        if self.is_json() {
            return write_json(context, &prunes);
        }
        let row = |prune: &Prune| {
            vec![
                OperatorValue::Number(prune.id),
                OperatorValue::Time(Some(prune.started_at)),
                OperatorValue::Text(prune.by.clone()),
                OperatorValue::Number(prune.deleted),
                OperatorValue::Number(prune.first_id),
                OperatorValue::Number(prune.last_id),
                OperatorValue::Time(Some(prune.cutoff)),
                OperatorValue::Text(outcome(prune).to_owned()),
            ]
        };
        let head = ["prune", "began", "by", "deleted", "first id", "last id", "older than", "outcome"];
        listing(context, &head, prunes.iter().map(row).collect())?;
        if prunes.is_empty() {
            context.terminal.status("nothing was ever pruned");
        }
        Ok(())
    }

    /// The refusal that `--yes` does not overrule, if there is one: also what a dry run is asked about.
    fn refusal(&self, now: Timestamp, planned: &PruneAnswer, archive: Option<&Path>) -> Option<Failure> {
        let most = self.max_delete.unwrap_or(MAX_DELETE);
        let max_delete = most.entries(planned.counts.expired + planned.counts.kept);
        if now.since(planned.now).abs() > MAX_SKEW {
            let message = format!(
                "the server's clock says {} and this machine's {now}: one of them is wrong",
                planned.now
            );
            return Some(
                Failure::new(exit::REFUSED, message)
                    .hint("what has expired depends on the clock: mend it first"),
            );
        }
        if planned.counts.expired > max_delete {
            let message = format!(
                "{} would go, and --max-delete {} allows {}",
                counted(planned.counts.expired, "entry", "entries"),
                most,
                grouped(max_delete)
            );
            let allowed =
                format!("if the plan is right, allow it by --max-delete {}", planned.counts.expired);
            return Some(Failure::new(exit::REFUSED, message).hint(allowed));
        }
        archive.and_then(archive::refusal)
    }

    async fn confirm(&self, context: &mut Context, planned: &PruneAnswer) -> Result<(), Failure> {
        if self.yes {
            return Ok(());
        }
        context.terminal.show_lines(&plan(planned, self.older_than, &context.time));
        let Some(prompts) = context.terminal.prompts() else {
            return Err(Failure::new(exit::REFUSED, "nobody can be asked, so nothing was deleted")
                .hint("--yes deletes without asking"));
        };
        let expired = planned.counts.expired;
        let question = format!("Type {expired} to delete them for ever");
        let typed = prompts.line(&question).await?.unwrap_or_default();
        let digits: String = typed.chars().filter(|c| !c.is_whitespace()).collect();
        if digits == expired.to_string() {
            Ok(())
        } else {
            Err(Failure::new(exit::REFUSED, "not confirmed: nothing was deleted"))
        }
    }

    fn tell(&self, context: &mut Context, answer: &PruneAnswer) -> Result<(), Failure> {
        if self.is_json() {
            return write_json(context, answer);
        }
        let text = match &answer.prune {
            None if self.dry_run || !context.appearance.quiet => plan(answer, self.older_than, &context.time),
            None => return Ok(()),
            Some(prune) => {
                context.terminal.status(&format!(
                    "{} deleted, kept on record as prune {}",
                    counted(prune.deleted, "entry", "entries"),
                    prune.id
                ));
                if answer.purged == Some(false) {
                    context.terminal.status(
                        "their text leaves the store's files later: when open reads end, or when PostgreSQL vacuums",
                    );
                }
                return Ok(());
            }
        };
        writeln!(context.terminal.data(), "{text}")?;
        Ok(context.terminal.flush()?)
    }
}

/// Prunes, and shows somebody who watches how far it is: the server is asked what is left.
async fn watched(
    context: &Context,
    client: &Client,
    request: &PruneRequest,
    expired: u64,
) -> Result<PruneAnswer, ClientError> {
    if !context.terminal.shows_progress() {
        return client.prune(request).await;
    }
    let progress = Progress::start(&context.terminal, "deleted");
    progress.expect(expired);
    let mut prune = std::pin::pin!(client.prune(request));
    loop {
        tokio::select! {
            biased;
            outcome = &mut prune => return outcome,
            () = tokio::time::sleep(LOOK_POLL) => {}
        }
        // A server that has no time to tell is not disturbed further.
        if let Ok(kept) = client.retention().await {
            progress.reach(expired.saturating_sub(kept.counts.expired));
        }
    }
}

fn write_json(context: &mut Context, answer: &impl Serialize) -> Result<(), Failure> {
    let text = serde_json::to_string_pretty(answer)
        .map_err(|error| Failure::new(exit::FAILED, error.to_string()))?;
    writeln!(context.terminal.data(), "{text}")?;
    Ok(context.terminal.flush()?)
}

/// The server's word for a flag, as the flag is written here.
fn named(error: ClientError) -> ClientError {
    match error {
        ClientError::Problem(mut problem) if problem.code == Code::InsideRetention => {
            problem.detail = problem.detail.replace("older_than", "--older-than");
            ClientError::Problem(problem)
        }
        other => other,
    }
}

/// Reads how long to wait, or to work.
fn waiting(text: &str) -> Result<Age, String> {
    text.parse().map_err(|error: AgeError| format!("{} (such as 10min, 1h)", error.fault))
}

/// How many seconds an age is, seen from now.
fn seconds(age: Age, context: &Context) -> u32 {
    let now = context.time.now;
    u32::try_from(now.since(age.before(now)).num_seconds()).unwrap_or(u32::MAX)
}
