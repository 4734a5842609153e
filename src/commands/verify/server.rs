//! `verify --server`: verifies the logs of an organization against the checkpoints that the server signs, and against the
//! last ones that were seen here.

use std::path::Path;
use std::sync::Arc;

use crate::api::page::PageView;
use crate::args::output::Format;
use crate::client::Client;
use crate::client::pages::PageText;
use crate::commands::Context;
use crate::commands::connect::{OpenMode, connect};
use crate::commands::target::resolve_target;
use crate::commands::verify::VerifyArgs;
use crate::commands::verify::log_walk::{LogWalk, WalkError};
use crate::commands::verify::report::{LogReport, Report};
use crate::commands::witness::Witness;
use crate::error::Failure;
use crate::exit;
use crate::model::integrity::checkpoint::Checkpoint;
use crate::model::integrity::leaf::EntryParts;
use crate::model::integrity::note::VerifierKey;
use crate::model::integrity::verify::fault::{Fault, FaultKind};
use crate::model::integrity::verify::rule_reader::RuleReader;
use crate::model::integrity::verify::rules::Rules;
use crate::model::integrity::verify::{Seen, Verdict};
use crate::model::timestamp::Timestamp;
use crate::model::words::Log;
use crate::terminal::progress::Progress;

/// A log whose entries were all found to be in order.
struct VerifiedLog {
    report: LogReport,
    note: String,
    seen: Seen,
}

/// What a run works with.
struct Run<'a> {
    client: &'a Client,
    witness: &'a Witness,
    progress: Progress,
    /// No prune of the trail was recorded later.
    now: Timestamp,
}

impl VerifyArgs {
    pub(super) async fn server(&self, context: &mut Context) -> Result<u8, Failure> {
        let is_json = match self.format.unwrap_or(Format::Table) {
            Format::Table => false,
            Format::Json => true,
            _ => return Err(Failure::usage("verify --server writes table or json")),
        };
        let connection = self.connection();
        let server = resolve_target(context, &connection)?.to_string();
        let client = connect(context, &connection, OpenMode::Existing).await?;
        let whoami = client.whoami().await?;
        let now = context.time.now;
        let told = whoami.verifier_key.as_deref().and_then(|key| key.parse::<VerifierKey>().ok());
        let told = self.key.as_ref().or(told.as_ref());
        let (path, saved) = Witness::load(context, &server, &whoami.organization, told)?;
        let pin = |key: &VerifierKey| Witness::pin(server.clone(), whoami.organization.clone(), key, now);
        let (mut witness, was_pinned) = match (&self.key, saved) {
            (Some(key), Some(saved)) if saved.key(Log::Audit).as_ref() == Some(key) => (saved, true),
            (Some(key), Some(saved)) if saved.key(Log::Audit).is_some_and(|old| old.name() == key.name()) => {
                (saved.repinned(key, now), true)
            }
            (Some(key), _) => (pin(key), true),
            (None, Some(saved)) => (saved, true),
            (None, None) => {
                let missing =
                    || Failure::usage(format!("{server} does not tell its key: give it with --key VKEY"));
                (pin(told.ok_or_else(missing)?), false)
            }
        };
        let key = witness.key(Log::Audit).map_or(String::new(), |key| key.to_string());
        if self.print_key {
            writeln!(context.terminal.data(), "{key}")?;
            context.terminal.flush()?;
            return Ok(exit::DONE);
        }
        let mut report = Report {
            server: server.clone(),
            organization: whoami.organization.clone(),
            key,
            pinned_at: witness.pinned_at,
            was_pinned,
            logs: Vec::new(),
            fault: None,
        };
        let run = Run {
            client: &client,
            witness: &witness,
            progress: Progress::start(&context.terminal, "verified"),
            now,
        };
        let outcome = if self.quick { run.quick().await } else { run.full().await };
        drop(run);
        let verified = match outcome {
            Ok(verified) => verified,
            Err((log, WalkError::Fault(fault))) => {
                report.fault = Some((log, fault));
                report.print(context, is_json)?;
                return Err(failure(log, fault, (witness.last(log).is_some(), &path)));
            }
            Err((_, WalkError::Failure(failure))) => return Err(failure),
        };
        for VerifiedLog { report: log, note, seen } in verified {
            witness.note(log.log, note, &seen, now);
            report.logs.push(log);
        }
        // The demo is generated for every command: there is nothing to remember.
        if server != "demo:" {
            witness.save(&path)?;
        }
        report.print(context, is_json)?;
        Ok(exit::DONE)
    }
}

/// The failure that names a fault, and what to do. `remembered` tells whether a checkpoint of the log was seen before, and the
/// file that remembers it.
fn failure(log: Log, fault: Fault, (was_seen, path): (bool, &Path)) -> Failure {
    let mut failure = Failure::new(exit::INTEGRITY, format!("{}: {fault}", log.label()));
    let advice = match fault.kind {
        FaultKind::RolledBack => Some(
            "ask the operator whether a backup was restored: entries recorded after it are lost, and the restored log needs a new signing key",
        ),
        FaultKind::Rewritten => Some(
            "ask the operator: the database was changed, or a backup was restored and others took the ids",
        ),
        FaultKind::Changed if fault.first < fault.last => Some(
            "ask the operator: the database was changed, or a backup was restored and others took the ids. The server's log says whether it refuses to sign",
        ),
        FaultKind::StoredHash => Some(
            "the server computes the hashes of the last entries again when it is restarted; others come back with a backup",
        ),
        _ => None,
    };
    if let Some(advice) = advice {
        failure = failure.hint(advice);
    }
    if !was_seen {
        return failure;
    }
    let kept = "the last good checkpoint is kept, and the next run compares with it again";
    match fault.kind {
        FaultKind::RolledBack | FaultKind::Rewritten => failure.hint(format!(
            "{kept}. To accept the log as it is now, and to pin its key again, remove {}",
            path.display()
        )),
        _ => failure.hint(kept),
    }
}

/// How often a log is read again because a prune began meanwhile.
const ATTEMPTS: u32 = 5;

type Outcome<T> = Result<T, (Log, WalkError)>;

impl Run<'_> {
    /// Verifies every entry of both logs. The trail comes first: it tells which entries may be missing.
    async fn full(&self) -> Outcome<Vec<VerifiedLog>> {
        let mut attempt = 0;
        loop {
            attempt += 1;
            let (audit, audit_note) = self.checkpoint(Log::Audit).await?;
            let (trail, trail_note) = self.checkpoint(Log::Trail).await?;
            let in_trail = |error: WalkError| (Log::Trail, error);
            let listed = self.listed_rules(trail.size).await.map_err(in_trail)?;
            match self.both(&listed, (audit, audit_note), (trail, trail_note)).await {
                Err((log, WalkError::Fault(fault))) if attempt < ATTEMPTS => {
                    // Prunes that began meanwhile explain missing entries.
                    let (trail, _) = self.checkpoint(Log::Trail).await?;
                    if self.listed_rules(trail.size).await.map_err(in_trail)? == listed {
                        return Err(self.explained(log, fault).await);
                    }
                }
                Ok(verified) => {
                    self.covers(Log::Audit).await?;
                    self.covers(Log::Trail).await?;
                    return Ok(verified);
                }
                Err((log, WalkError::Fault(fault))) => return Err(self.explained(log, fault).await),
                failed => return failed,
            }
        }
    }

    /// A fault, or the cause of it: a log with fewer entries than its signed checkpoint was rolled back. The server keeps to a
    /// checkpoint that its key, in a file, has signed.
    async fn explained(&self, log: Log, fault: Fault) -> (Log, WalkError) {
        for log in [Log::Audit, Log::Trail] {
            let (Ok((checkpoint, _)), Ok(head)) = (self.checkpoint(log).await, self.client.head(log).await)
            else {
                continue;
            };
            if head < checkpoint.size {
                let fault = Fault::range(head + 1, checkpoint.size, FaultKind::RolledBack);
                return (log, WalkError::Fault(fault));
            }
        }
        (log, WalkError::Fault(fault))
    }

    async fn both(
        &self,
        (trail_rules, _): &(Rules, Rules),
        (audit, audit_note): (Checkpoint, String),
        (trail, trail_note): (Checkpoint, String),
    ) -> Outcome<Vec<VerifiedLog>> {
        self.progress.expect(audit.size);
        // The rules as the verified entries state them.
        let (mut for_trail, mut for_audit) = (RuleReader::new(Log::Trail), RuleReader::new(Log::Audit));
        let rules = Arc::new(trail_rules.clone());
        let walk = self.walk(Log::Trail, &trail)?;
        let visit = |entry: &EntryParts<'_>| {
            for_trail.add(entry);
            for_audit.add(entry);
        };
        let verdict = LogWalk { progress: None, ..walk }.run(rules, visit).await;
        let (verdict, trail_seen) = verdict.map_err(|error| (Log::Trail, error))?;
        let (for_trail, for_audit) = (for_trail.rules(self.now), for_audit.rules(self.now));
        if for_trail != *trail_rules {
            let message = "the trail lists other prunes than it holds";
            let failure = Failure::new(exit::INTEGRITY, message);
            return Err((Log::Trail, WalkError::Failure(failure)));
        }
        let trail = self.verified(Log::Trail, trail, Some(verdict), for_trail, (trail_note, trail_seen));
        let walk = self.walk(Log::Audit, &audit)?;
        let verdict = walk.run(Arc::new(for_audit.clone()), |_| ()).await;
        let (verdict, audit_seen) = verdict.map_err(|error| (Log::Audit, error))?;
        let audit = self.verified(Log::Audit, audit, Some(verdict), for_audit, (audit_note, audit_seen));
        Ok(vec![audit, trail])
    }

    /// Checks that both logs continue the last checkpoints.
    async fn quick(&self) -> Outcome<Vec<VerifiedLog>> {
        let mut logs = Vec::new();
        for log in [Log::Audit, Log::Trail] {
            let (checkpoint, note) = self.checkpoint(log).await?;
            let walk = self.walk(log, &checkpoint)?;
            let seen = match walk.quick().await {
                Err(WalkError::Fault(fault)) => return Err(self.explained(log, fault).await),
                seen => seen.map_err(|error| (log, error))?,
            };
            logs.push(self.verified(log, checkpoint, None, Rules::default(), (note, seen)));
        }
        self.covers(Log::Audit).await?;
        self.covers(Log::Trail).await?;
        Ok(logs)
    }

    fn verified(
        &self,
        log: Log,
        checkpoint: Checkpoint,
        verdict: Option<Verdict>,
        rules: Rules,
        (note, seen): (String, Seen),
    ) -> VerifiedLog {
        let before = self.witness.seen(log).ok().flatten();
        let last = before.zip(self.witness.last(log)).map(|(before, last)| (before.size, last.seen_at));
        VerifiedLog { report: LogReport { log, checkpoint, last, verdict, rules }, note, seen }
    }

    fn walk<'a>(&'a self, log: Log, checkpoint: &'a Checkpoint) -> Outcome<LogWalk<'a>> {
        let seen = self.witness.seen(log).map_err(|failure| (log, WalkError::Failure(failure)))?;
        Ok(LogWalk { client: self.client, log, checkpoint, seen, progress: Some(&self.progress) })
    }

    /// The checkpoint of a log, signed by the pinned key.
    async fn checkpoint(&self, log: Log) -> Outcome<(Checkpoint, String)> {
        let failed = |failure: Failure| (log, WalkError::Failure(failure));
        let note = self.client.checkpoint(log).await.map_err(|error| {
            let failure = Failure::from(error);
            failed(match failure.exit {
                exit::NOT_ALLOWED => failure.hint(
                    "verify needs a token with the scopes read and trail: the trail tells which entries may be missing",
                ),
                _ => failure,
            })
        })?;
        let opened = self.witness.key(log).map(|key| key.open(&note));
        match opened {
            Some(Ok(checkpoint)) => Ok((checkpoint, note)),
            Some(Err(error)) => {
                let message = format!("the checkpoint of the {} log is not accepted: {error}", log.as_str());
                Err(failed(Failure::new(exit::INTEGRITY, message).hint(
                    "if the operator has changed the key, get the new one from the operator, and give it once with --key VKEY",
                )))
            }
            None => Err(failed(Failure::usage("the pinned key has another name than the key of a log"))),
        }
    }

    /// Checks that a checkpoint has every entry that the log had before it was requested. It is the last check, because the
    /// request for the highest id is a read, which the trail records.
    async fn covers(&self, log: Log) -> Outcome<()> {
        let failed = |failure: Failure| (log, WalkError::Failure(failure));
        let head = self.client.head(log).await.map_err(|error| failed(error.into()))?;
        let (checkpoint, _) = self.checkpoint(log).await?;
        if checkpoint.size >= head {
            return Ok(());
        }
        let message = format!(
            "the checkpoint of the {} log has {} entries, which are in order, but the log had {head} before it was requested",
            log.as_str(),
            checkpoint.size
        );
        let hint = "the server's log says why it does not sign the others";
        Err(failed(Failure::new(exit::INTEGRITY, message).hint(hint)))
    }

    /// The rules for the trail and for the audit log, from the entries of the trail that the server lists for them.
    async fn listed_rules(&self, size: u64) -> Result<(Rules, Rules), WalkError> {
        let pages = self.client.trail_rules(size).await?;
        let pages = pages.iter().map(PageText::read).collect::<Result<Vec<PageView<'_>>, _>>()?;
        let (mut for_trail, mut for_audit) = (RuleReader::new(Log::Trail), RuleReader::new(Log::Audit));
        for entry in pages.iter().flat_map(|page| &page.data) {
            for_trail.add(&entry.parts());
            for_audit.add(&entry.parts());
        }
        Ok((for_trail.rules(self.now), for_audit.rules(self.now)))
    }
}
