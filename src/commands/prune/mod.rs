//! `prune`: deletes entries past their retention. It plans, asks for confirmation (or `--yes`), then deletes. Usable in cron.

mod archive;
mod max_delete;
mod schedule;

use std::path::{Path, PathBuf};
use std::time::Duration;

use chrono::TimeDelta;
use clap::Args;

use crate::api::problem::Code;
use crate::api::prune::{PruneAnswer, PruneRequest};
use crate::args::connection::ConnectionArgs;
use crate::args::output::Format;
use crate::client::Client;
use crate::client::error::ClientError;
use crate::commands::Context;
use crate::commands::confirm::Confirmation;
use crate::commands::connect::{OpenMode, connect};
use crate::commands::operator_table::{OperatorValue, print_table};
use crate::commands::output::write_json;
use crate::commands::prune::max_delete::MaxDelete;
use crate::error::Failure;
use crate::exit;
use crate::model::prune::Prune;
use crate::model::time::format::day;
use crate::model::time::{Age, AgeError};
use crate::model::timestamp::Timestamp;
use crate::render::filter_summary::{counted, grouped};
use crate::render::prune::{outcome, plan};
use crate::terminal::progress::Progress;

/// The delay before another attempt to get the lock.
const LOCK_POLL: Duration = Duration::from_secs(2);
/// How often the progress bar is updated.
const PROGRESS_POLL: Duration = Duration::from_millis(500);
/// The default of `--max-delete`.
const DEFAULT_MAX_DELETE: MaxDelete = MaxDelete::Percent(50);
/// The largest accepted difference between this machine's clock and the server's.
const MAX_SKEW: TimeDelta = TimeDelta::minutes(5);

/// Delete entries past their retention: plan, confirm, delete
#[derive(Debug, Default, Args)]
#[command(
    after_help = "Examples:\n  krosyn-audit prune --dry-run\n  krosyn-audit prune --yes --profile cron --print-cron"
)]
pub(crate) struct PruneArgs {
    /// Show the plan and stop; the exit code is 6 if a safety check would refuse it
    #[arg(long)]
    dry_run: bool,

    /// Delete without asking; required without a terminal
    #[arg(long)]
    yes: bool,

    /// Delete only entries older than this, such as 120d, 18mo or 2y; at least the plan's retention, or the organization's
    /// floor if an operator set a shorter one
    #[arg(long, value_name = "AGE")]
    older_than: Option<Age>,

    /// Refuse to delete more than this number or percentage of all entries [default: 50%]
    #[arg(long, value_name = "N|P%")]
    max_delete: Option<MaxDelete>,

    /// Stop after this long, such as 10min; the next run deletes the rest
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    max_time: Option<Age>,

    /// First write the entries to this file as JSON lines, and check it; .gz and .zst compress, {date} is today
    #[arg(long, value_name = "FILE")]
    archive: Option<PathBuf>,

    /// Wait at most this long for another prune or an erasure to finish; if it still runs, exit with code 8
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    lock_wait: Option<Age>,

    /// Prune although the server's clock seems to be ahead; check the clock first
    #[arg(long, conflicts_with_all = ["log", "print_cron", "print_systemd"])]
    clock_is_right: bool,

    /// Take over the lease of a prune that no longer runs; the record of the new prune says whose lease it was
    #[arg(long, conflicts_with_all = ["dry_run", "log", "print_cron", "print_systemd"])]
    break_lease: bool,

    /// List earlier prunes
    #[arg(long, conflicts_with_all = ["dry_run", "yes", "older_than", "archive"])]
    log: bool,

    /// Print a crontab line that runs this prune every night
    #[arg(long, conflicts_with_all = ["log", "print_systemd"])]
    print_cron: bool,

    /// Print a systemd service and timer that run this prune every night
    #[arg(long, conflicts_with = "log")]
    print_systemd: bool,

    /// Output format: table or json (default: table)
    #[arg(long, value_name = "FORMAT", hide_possible_values = true)]
    format: Option<Format>,

    #[command(flatten)]
    connection: ConnectionArgs,
}

impl PruneArgs {
    pub(crate) fn is_json(&self) -> bool {
        self.format.is_some_and(Format::is_json)
    }

    /// Exit codes: 6 when a safety check refuses, 8 when another prune or an erasure is running, 3 when expired entries are left.
    pub(crate) async fn run(self, context: &mut Context) -> Result<u8, Failure> {
        if !matches!(self.format, None | Some(Format::Table | Format::Json)) {
            return Err(Failure::usage("prune writes table or json"));
        }
        if let Some(path) = &self.archive {
            archive::check_format(path)?;
        }
        if self.print_cron || self.print_systemd {
            return self.print_schedule(context);
        }
        let client = connect(context, &self.connection, OpenMode::Existing).await?;
        if self.log {
            let prunes = client.prunes().await?.data;
            self.print_log(context, &prunes)?;
            return Ok(exit::DONE);
        }
        let request = PruneRequest {
            dry_run: true,
            older_than: self.older_than,
            clock_is_right: self.clock_is_right,
            ..PruneRequest::default()
        };
        let planned = client.prune(&request).await.map_err(with_flag_name)?;
        if self.clock_is_right && !self.dry_run && planned.counts.expired == 0 {
            // Deletes nothing, but tells a local store that the clock is right.
            let confirm = PruneRequest { dry_run: false, cutoff: Some(planned.cutoff), ..request.clone() };
            client.prune(&confirm).await.map_err(with_flag_name)?;
        }
        let archive = self.archive.as_deref();
        let archive =
            archive.map(|path| archive::path_of_day(path, day(context.time.now, context.time.zone)));
        if planned.counts.expired == 0 {
            self.print_result(context, &planned)?;
            return Ok(exit::DONE);
        }
        let refusal = self.refusal(context.clock.now(), &planned, archive.as_deref());
        if self.dry_run {
            self.print_result(context, &planned)?;
            let dry_run = "without --dry-run the command would fail like this and delete nothing";
            return refusal.map_or(Ok(exit::DONE), |refusal| Err(refusal.hint(dry_run)));
        }
        if let Some(refusal) = refusal {
            context.terminal.show_lines(&plan(&planned, self.older_than, &context.time));
            return Err(refusal);
        }
        self.confirm(context, &planned).await?;
        if let Some(path) = archive {
            archive::archive(&client, &planned, &path).await?;
            let archived = counted(planned.counts.expired, "entry is", "entries are");
            context.terminal.status(&format!("{archived} archived in {}", path.display()));
        }
        // Exactly the planned entries: those that expired or were recorded since then stay for the next run.
        let request = PruneRequest {
            dry_run: false,
            cutoff: Some(planned.cutoff),
            as_of: Some(planned.as_of),
            max_seconds: self.max_time.map(|age| seconds(age, context)),
            break_lease: self.break_lease,
            // Also if one is released now: what it covers is not in the archive.
            holds: planned.held_by.iter().map(|by| by.hold.clone()).collect(),
            ..request
        };
        let done = self.delete(context, &client, &request, planned.counts.expired).await?;
        self.print_result(context, &done)?;
        if done.complete {
            return Ok(exit::DONE);
        }
        let left = done.counts.expired.saturating_sub(done.prune.as_ref().map_or(0, |prune| prune.deleted));
        Err(Failure::new(
            exit::PARTIAL,
            format!("stopped at --max-time with {} left", counted(left, "expired entry", "expired entries")),
        )
        .hint("run the same command again to delete the rest"))
    }

    /// Deletes. Waits up to `--lock-wait` for another prune or an erasure.
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
            match prune_with_progress(context, client, request, expired).await {
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

    fn print_log(&self, context: &mut Context, prunes: &[Prune]) -> Result<(), Failure> {
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
        let header = ["prune", "started", "by", "deleted", "first id", "last id", "older than", "outcome"];
        print_table(context, &header, prunes.iter().map(row).collect())?;
        if prunes.is_empty() {
            context.terminal.status("no prunes yet");
        }
        Ok(())
    }

    /// The safety check that refuses this plan, also with `--yes`.
    fn refusal(&self, now: Timestamp, planned: &PruneAnswer, archive: Option<&Path>) -> Option<Failure> {
        let most = self.max_delete.unwrap_or(DEFAULT_MAX_DELETE);
        let max_delete = most.entries(planned.counts.expired + planned.counts.kept);
        if now.since(planned.now).abs() > MAX_SKEW {
            let message = format!(
                "the server's clock is {} and this machine's is {now}: one of them is wrong",
                planned.now
            );
            return Some(
                Failure::new(exit::REFUSED, message)
                    .hint("which entries have expired depends on the clock: correct it first"),
            );
        }
        if planned.counts.expired > max_delete {
            let message = format!(
                "{} would be deleted, but --max-delete {} allows {}",
                counted(planned.counts.expired, "entry", "entries"),
                most,
                grouped(max_delete)
            );
            let allowed = format!("if the plan is right, add --max-delete {}", planned.counts.expired);
            return Some(Failure::new(exit::REFUSED, message).hint(allowed));
        }
        archive.and_then(archive::refusal)
    }

    async fn confirm(&self, context: &mut Context, planned: &PruneAnswer) -> Result<(), Failure> {
        if self.yes {
            return Ok(());
        }
        context.terminal.show_lines(&plan(planned, self.older_than, &context.time));
        let (expected, purpose) = (planned.counts.expired.to_string(), "delete them permanently");
        let unchanged = "nothing was deleted";
        Confirmation { expected: &expected, purpose, action: "delete", unchanged }.ask(context).await
    }

    fn print_result(&self, context: &mut Context, answer: &PruneAnswer) -> Result<(), Failure> {
        if self.is_json() {
            return write_json(context, answer);
        }
        let text = match &answer.prune {
            None if self.dry_run || !context.appearance.quiet => plan(answer, self.older_than, &context.time),
            None => return Ok(()),
            Some(prune) => {
                context.terminal.status(&format!(
                    "{} deleted, recorded as prune {}",
                    counted(prune.deleted, "entry", "entries"),
                    prune.id
                ));
                if answer.purged == Some(false) {
                    context.terminal.status(
                        "the store's files still contain their text until open reads end, or until PostgreSQL vacuums",
                    );
                }
                return Ok(());
            }
        };
        writeln!(context.terminal.data(), "{text}")?;
        Ok(context.terminal.flush()?)
    }
}

/// Prunes, and polls the server for the number of remaining entries to show progress.
async fn prune_with_progress(
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
            () = tokio::time::sleep(PROGRESS_POLL) => {}
        }
        // A busy server may not answer: the bar then stays as it is.
        if let Ok(kept) = client.retention().await {
            progress.reach(expired.saturating_sub(kept.counts.expired));
        }
    }
}

/// Replaces the name of the API parameter in a message by the flag's name.
fn with_flag_name(error: ClientError) -> ClientError {
    match error {
        ClientError::Problem(mut problem) if problem.code == Code::InsideRetention => {
            problem.detail = problem.detail.replace("older_than", "--older-than");
            ClientError::Problem(problem)
        }
        other => other,
    }
}

/// Parses a duration for `--max-time` and `--lock-wait`.
pub(super) fn duration(text: &str) -> Result<Age, String> {
    text.parse().map_err(|error: AgeError| format!("{} (such as 10min, 1h)", error.kind))
}

/// An age in seconds, counted back from now.
pub(super) fn seconds(age: Age, context: &Context) -> u32 {
    let now = context.time.now;
    u32::try_from(now.since(age.before(now)).num_seconds()).unwrap_or(u32::MAX)
}
