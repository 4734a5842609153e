//! `prune`: delete what is past its retention. The plan first, then a question or `--yes`, then the deed; made for cron.

use std::str::FromStr;

use chrono::TimeDelta;
use clap::Args;

use crate::api::prune::{PruneAnswer, PruneRequest};
use crate::args::connection::ConnectionArgs;
use crate::args::output::Format;
use crate::commands::Context;
use crate::commands::connect::{Need, connect};
use crate::error::Failure;
use crate::exit;
use crate::model::time::Age;
use crate::render::prune::plan;
use crate::render::question::{counted, grouped};

/// How far this machine's clock and the server's may lie apart.
const MAX_SKEW: TimeDelta = TimeDelta::minutes(5);

/// Delete entries past their retention: plan, confirm, delete
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  krosyn-audit prune --dry-run\n  17 3 * * *  krosyn-audit prune --yes --quiet --token-file /etc/krosyn-audit/token --server https://krosyn.example"
)]
pub struct PruneArgs {
    /// Show the plan and stop
    #[arg(long)]
    dry_run: bool,

    /// Do not ask; needed where nobody can be asked
    #[arg(long)]
    yes: bool,

    /// Delete only what is older than this, which is longer than the plan's retention: 120d, 18mo, 2y
    #[arg(long, value_name = "AGE")]
    older_than: Option<Age>,

    /// Refuse to delete more entries than this, in number or in percent of all
    #[arg(long, value_name = "N|P%", default_value = "50%")]
    max_delete: MaxDelete,

    /// Stop after this long and leave the rest for the next run: 10min
    #[arg(long, value_name = "AGE")]
    max_time: Option<Age>,

    /// table or json (default: table)
    #[arg(long, value_name = "FORMAT", hide_possible_values = true)]
    format: Option<Format>,

    #[command(flatten)]
    connection: ConnectionArgs,
}

/// The most that may go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum MaxDelete {
    Entries(u64),
    Percent(u64),
}

impl FromStr for MaxDelete {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let expected =
            || "expected a number of entries, such as 5000, or a share of all, such as 50%".to_owned();
        match text.strip_suffix('%') {
            Some(percent) => percent
                .trim()
                .parse()
                .ok()
                .filter(|percent| *percent <= 100)
                .map(Self::Percent)
                .ok_or_else(expected),
            None => text.parse().map(Self::Entries).map_err(|_| expected()),
        }
    }
}

impl MaxDelete {
    fn entries(self, all: u64) -> u64 {
        match self {
            Self::Entries(entries) => entries,
            Self::Percent(percent) => {
                u64::try_from(u128::from(all) * u128::from(percent) / 100).unwrap_or(all)
            }
        }
    }
}

impl std::fmt::Display for MaxDelete {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Entries(entries) => write!(f, "{entries}"),
            Self::Percent(percent) => write!(f, "{percent}%"),
        }
    }
}

impl PruneArgs {
    /// Whether errors are also told as JSON.
    #[must_use]
    pub fn is_json(&self) -> bool {
        self.format.is_some_and(Format::is_json)
    }

    /// Prunes.
    ///
    /// # Errors
    /// [`Failure`]: 6 when a guard refuses, 8 when another prune runs, 3 when something is left.
    pub async fn run(self, context: &mut Context) -> Result<u8, Failure> {
        if !matches!(self.format, None | Some(Format::Table | Format::Json)) {
            return Err(Failure::usage("prune writes table or json"));
        }
        let connection = connect(context, &self.connection, Need::Existing).await?;
        let request = PruneRequest { dry_run: true, older_than: self.older_than, ..PruneRequest::default() };
        let planned = connection.client.prune(&request).await?;
        if self.dry_run || planned.counts.expired == 0 {
            self.tell(context, &planned)?;
            connection.close().await?;
            return Ok(exit::DONE);
        }
        let all = planned.counts.expired + planned.counts.kept;
        let max_delete = self.max_delete.entries(all);
        self.guard(context, &planned, max_delete)?;
        self.confirm(context, &planned)?;
        let max_seconds = self.max_time.map(|age| {
            let seconds = context.time.now.since(age.before(context.time.now)).num_seconds();
            u32::try_from(seconds).unwrap_or(u32::MAX)
        });
        // Between the plan and the deed a little more may expire; what was not agreed to stays for the next run.
        let agreed = max_delete.min(planned.counts.expired.saturating_add(planned.counts.expired / 100 + 10));
        let request = PruneRequest { dry_run: false, max_delete: Some(agreed), max_seconds, ..request };
        let done = connection.client.prune(&request).await?;
        self.tell(context, &done)?;
        connection.close().await?;
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

    /// Refusals that `--yes` does not overrule.
    fn guard(&self, context: &mut Context, planned: &PruneAnswer, max_delete: u64) -> Result<(), Failure> {
        let skew = context.clock.now().since(planned.now);
        if skew.abs() > MAX_SKEW {
            context.terminal.show(&plan(planned, &context.time));
            let message = format!(
                "the server's clock says {} and this machine's {}: one of them is wrong",
                planned.now,
                context.clock.now()
            );
            return Err(Failure::new(exit::REFUSED, message)
                .hint("what has expired depends on the clock: mend it first"));
        }
        if planned.counts.expired > max_delete {
            context.terminal.show(&plan(planned, &context.time));
            let message = format!(
                "{} would go, and --max-delete {} allows {}",
                counted(planned.counts.expired, "entry", "entries"),
                self.max_delete,
                grouped(max_delete)
            );
            return Err(
                Failure::new(exit::REFUSED, message).hint("if the plan is right, allow it by --max-delete")
            );
        }
        Ok(())
    }

    fn confirm(&self, context: &mut Context, planned: &PruneAnswer) -> Result<(), Failure> {
        if self.yes {
            return Ok(());
        }
        context.terminal.show(&plan(planned, &context.time));
        if !context.terminal.is_interactive {
            return Err(Failure::new(exit::REFUSED, "nobody can be asked, so nothing was deleted")
                .hint("--yes deletes without asking"));
        }
        let expired = planned.counts.expired;
        let typed = context.terminal.ask(&format!("Type {expired} to delete these entries for ever"))?;
        let digits: String = typed.chars().filter(|c| !c.is_whitespace()).collect();
        if digits == expired.to_string() {
            Ok(())
        } else {
            Err(Failure::new(exit::REFUSED, "not confirmed: nothing was deleted"))
        }
    }

    fn tell(&self, context: &mut Context, answer: &PruneAnswer) -> Result<(), Failure> {
        if self.is_json() {
            let text = serde_json::to_string_pretty(answer)
                .map_err(|error| Failure::new(exit::FAILED, error.to_string()))?;
            writeln!(context.terminal.data(), "{text}")?;
            return Ok(context.terminal.flush()?);
        }
        let text = match &answer.prune {
            None if self.dry_run || !context.appearance.quiet => plan(answer, &context.time),
            None => return Ok(()),
            Some(prune) => {
                context.terminal.status(&format!(
                    "{} deleted, kept on record as prune {}",
                    counted(prune.deleted, "entry", "entries"),
                    prune.id
                ));
                return Ok(());
            }
        };
        writeln!(context.terminal.data(), "{text}")?;
        Ok(context.terminal.flush()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_that_may_go_is_a_number_or_a_share() {
        let entries = |text: &str, all| text.parse::<MaxDelete>().map(|max| max.entries(all));
        assert_eq!(
            (entries("50%", 1301), entries("7", 1301), entries("100%", u64::MAX)),
            (Ok(650), Ok(7), Ok(u64::MAX))
        );
        for bad in ["", "%", "-1", "101%", "half"] {
            assert!(entries(bad, 1).is_err(), "{bad}");
        }
    }
}
