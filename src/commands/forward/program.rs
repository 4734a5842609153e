//! `exec:PROGRAM`: writes lines to the standard input of a program, and starts it again when it ends. It then gets the last
//! delivery once more, because it may have ended with lines that it had read and not used: at once if it failed, and otherwise
//! with the next entries.

use std::io;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use tokio::io::AsyncWriteExt as _;
use tokio::process::{Child, ChildStdin, Command};
use tokio::time::Instant;
use tokio::time::timeout;

use crate::commands::forward::delivery_error::DeliveryError;
use crate::commands::forward::event::OutgoingEvent;
use crate::error::Failure;
use crate::exit;

/// How long the program may take to end after its input has ended.
const END_LIMIT: Duration = Duration::from_secs(10);
/// How long the program may read nothing.
const READ_LIMIT: Duration = Duration::from_secs(30);
/// How often to look whether the program has read its input.
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// A program that failed is given no more new lines while it has so many unused ones, in bytes.
const MAX_UNUSED: usize = 1024 * 1024;

pub(super) struct Program {
    /// The program and its arguments: no shell reads them.
    words: Vec<String>,
    running: Option<(Child, ChildStdin)>,
    /// The lines of the last delivery, and those that it repeated after a failure.
    last: String,
    /// Whether the last delivery repeated the one before.
    has_repeated: bool,
    /// Whether it was ever started: if it is missing later, it may be an upgrade.
    has_run: bool,
    /// Why it failed, until it accepts a delivery.
    failure: Option<String>,
}

impl Program {
    pub(super) const fn new(words: Vec<String>) -> Self {
        Self { words, running: None, last: String::new(), has_repeated: false, has_run: false, failure: None }
    }

    fn name(&self) -> &str {
        self.words.first().map_or("", String::as_str)
    }

    /// Writes the lines of events, after those of the last delivery if the program has ended since then.
    pub(super) async fn deliver(&mut self, events: &[OutgoingEvent<'_>]) -> Result<(), DeliveryError> {
        let mut lines: String = events.iter().map(|event| format!("{}\n", event.line)).collect();
        let (mut ended_well, mut repeated) = (false, "");
        let running = match self.running.take() {
            Some((mut child, stdin)) => match child.try_wait() {
                Ok(None) => Some((child, stdin)),
                Ok(Some(status)) => {
                    ended_well = self.note_end(&Ok(status));
                    None
                }
                Err(error) => {
                    self.note_end(&Err(error));
                    None
                }
            },
            None => None,
        };
        let (mut child, mut stdin) = match running {
            Some(running) => running,
            None => {
                let started = self.start()?;
                repeated = self.last.as_str();
                started
            }
        };
        let is_too_much =
            self.has_repeated && !ended_well && repeated.len() > MAX_UNUSED && !lines.is_empty();
        if is_too_much {
            lines.clear();
        }
        let written = async {
            write(&mut stdin, repeated.as_bytes()).await?;
            write(&mut stdin, lines.as_bytes()).await?;
            is_read(&stdin).await
        };
        let written = tokio::select! {
            written = written => written,
            status = child.wait() => return Err(self.ended(status)),
        };
        match written {
            Ok(()) if matches!(child.try_wait(), Ok(None)) => {
                (self.running, self.failure, self.has_repeated) =
                    (Some((child, stdin)), None, !repeated.is_empty() && !ended_well);
                if self.has_repeated {
                    self.last.push_str(&lines);
                } else if !lines.is_empty() {
                    self.last = lines;
                }
                if is_too_much {
                    return Err(DeliveryError::transient(format!(
                        "{} failed again and again, and gets only what it has not used",
                        self.name()
                    )));
                }
                Ok(())
            }
            Err(error) if error.kind() == io::ErrorKind::TimedOut => {
                // Dropped, it is killed, and the next attempt starts it again.
                let seconds = READ_LIMIT.as_secs();
                let cause = format!("{} has read nothing for {seconds} seconds", self.name());
                self.failure = Some(cause.clone());
                Err(DeliveryError::transient(cause)
                    .hint("the program must read lines from standard input until they end"))
            }
            _ => {
                drop(stdin);
                Err(self.ended(child.wait().await))
            }
        }
    }

    fn start(&mut self) -> Result<(Child, ChildStdin), DeliveryError> {
        let mut command = Command::new(self.name());
        command.args(self.words.iter().skip(1)).stdin(Stdio::piped()).kill_on_drop(true);
        // Ctrl-C is for us: the program ends when its input ends.
        command.process_group(0);
        let started = command.spawn().and_then(|mut child| {
            let stdin = child.stdin.take().ok_or_else(|| io::Error::other("it has no standard input"))?;
            Ok((child, stdin))
        });
        match started {
            Ok(started) => {
                self.has_run = true;
                Ok(started)
            }
            Err(error) => {
                let message = format!("cannot start {}: {error}", self.name());
                if self.has_run {
                    self.failure = Some(message.clone());
                    return Err(DeliveryError::transient(message));
                }
                let failure = Failure::new(exit::USAGE, message);
                Err(DeliveryError::Permanent(
                    failure.hint("check the path of the program in --to exec:PROGRAM"),
                ))
            }
        }
    }

    fn ended(&mut self, status: io::Result<ExitStatus>) -> DeliveryError {
        self.note_end(&status);
        let status = status.map_or_else(|error| error.to_string(), |status| status.to_string());
        DeliveryError::transient(format!("{} ended ({status}) before it had read all entries", self.name()))
            .hint("the program must read lines from standard input until they end")
    }

    /// Returns whether the program ended without an error: then it has used what it had read.
    fn note_end(&mut self, status: &io::Result<ExitStatus>) -> bool {
        let cause = match status {
            Ok(status) if status.success() => return true,
            Ok(status) => format!("{} failed ({status})", self.name()),
            Err(error) => format!("cannot wait for {}: {error}", self.name()),
        };
        self.failure = Some(cause);
        false
    }

    /// Whether the program has ended since its last lines, so that it may not have used them.
    pub(super) const fn has_unused_lines(&self) -> bool {
        self.running.is_none() && !self.last.is_empty()
    }

    /// Whether the last delivery repeated the one before after a failure: the program may not have used either.
    pub(super) const fn has_repeated(&self) -> bool {
        self.has_repeated
    }

    /// Whether the program has failed since its last lines. If it ended without an error, it gets them again with the next ones.
    pub(super) fn has_failed(&mut self) -> bool {
        match &mut self.running {
            Some((child, _)) => matches!(child.try_wait(), Ok(Some(status)) if !status.success()),
            None => self.failure.is_some(),
        }
    }

    /// Ends the input, and waits until the program ends. A program that fails has not used its last lines.
    pub(super) async fn finish(&mut self) -> Result<(), String> {
        let Some((mut child, stdin)) = self.running.take() else {
            return self.failure.take().map_or(Ok(()), Err);
        };
        drop(stdin);
        // A program that does not end is killed when it is dropped.
        match timeout(END_LIMIT, child.wait()).await {
            Ok(Ok(status)) if status.success() => Ok(()),
            Ok(Ok(status)) => Err(format!("{} failed ({status})", self.name())),
            Ok(Err(error)) => Err(format!("cannot wait for {}: {error}", self.name())),
            Err(_) => {
                let seconds = END_LIMIT.as_secs();
                Err(format!(
                    "{} was killed: it did not end within {seconds} seconds after its input",
                    self.name()
                ))
            }
        }
    }
}

/// Writes everything, as long as the program reads.
async fn write(stdin: &mut ChildStdin, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        let written = timeout(READ_LIMIT, stdin.write(bytes)).await??;
        bytes = bytes.get(written..).unwrap_or_default();
    }
    stdin.flush().await
}

/// Waits until the pipe is empty: what a pipe holds is lost when its reader ends.
async fn is_read(stdin: &ChildStdin) -> io::Result<()> {
    let (mut left, mut read_at) = (u64::MAX, Instant::now());
    loop {
        let now_left = rustix::io::ioctl_fionread(stdin)?;
        if now_left == 0 {
            return Ok(());
        }
        if now_left < left {
            (left, read_at) = (now_left, Instant::now());
        }
        if read_at.elapsed() > READ_LIMIT {
            return Err(io::ErrorKind::TimedOut.into());
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use rustix::process::{Pid, Signal, kill_process};

    use super::*;
    use crate::commands::forward::event::{Gap, Subject};
    use crate::model::prune::Pruned;
    use crate::model::timestamp::Timestamp;

    const GAP: Gap = Gap {
        after_id: 1,
        pruned: Pruned { through_id: 2, before: Timestamp::MIN },
        noticed_at: Timestamp::MIN,
    };

    /// A program that adds each line to `got`, and ends without an error when it is terminated.
    fn program(directory: &Path) -> Program {
        let script = "trap 'exit 0' TERM; while read -r line; do echo \"$line\" >> \"$0\"; done";
        let got = directory.join("got").display().to_string();
        Program::new(["/bin/sh", "-c", script, &got].map(str::to_owned).to_vec())
    }

    fn got(directory: &Path) -> String {
        std::fs::read_to_string(directory.join("got")).unwrap_or_default().replace('\n', ",")
    }

    impl Program {
        async fn lines(&mut self, lines: &[&str]) -> Result<(), DeliveryError> {
            let event = |line: &&str| OutgoingEvent { subject: Subject::Gap(&GAP), line: (*line).to_owned() };
            self.deliver(&lines.iter().map(event).collect::<Vec<_>>()).await
        }

        /// Kills it after it has used everything up to `used`.
        async fn kill_after(&mut self, directory: &Path, used: &str) {
            self.end_after(directory, used, Signal::KILL).await;
        }

        /// Ends it by a signal after it has used everything up to `used`.
        async fn end_after(&mut self, directory: &Path, used: &str, signal: Signal) {
            let all_used = async {
                while got(directory) != used {
                    tokio::task::yield_now().await;
                }
            };
            timeout(READ_LIMIT, all_used)
                .await
                .unwrap_or_else(|_| panic!("{} is not {used}", got(directory)));
            let (child, _) = self.running.as_mut().expect("it runs");
            let pid = child.id().and_then(|id| Pid::from_raw(id as i32)).expect("it has an id");
            kill_process(pid, signal).expect("signalled");
            child.wait().await.expect("it ends");
        }
    }

    #[tokio::test]
    async fn a_failed_program_gets_again_what_it_may_not_have_used() {
        let directory = tempfile::tempdir().expect("a directory");
        let mut program = program(directory.path());
        program.lines(&["1"]).await.expect("read");
        program.lines(&["2"]).await.expect("read");
        assert!(!program.has_failed() && !program.has_repeated());
        program.kill_after(directory.path(), "1,2,").await;
        assert!(program.has_failed());
        program.lines(&["3"]).await.expect("read");
        assert!(!program.has_failed() && program.has_repeated());
        // Killed once more: neither the second nor the third line is lost.
        program.kill_after(directory.path(), "1,2,2,3,").await;
        program.lines(&[]).await.expect("read");
        program.lines(&["4"]).await.expect("read");
        assert!(!program.has_repeated());
        program.finish().await.expect("used");
        assert_eq!(got(directory.path()), "1,2,2,3,2,3,4,");
    }

    #[tokio::test]
    async fn a_program_that_ends_without_an_error_is_started_by_the_next_entry_only() {
        let directory = tempfile::tempdir().expect("a directory");
        let mut program = program(directory.path());
        for (line, used) in [("1", "1,"), ("2", "1,1,2,"), ("3", "1,1,2,2,3,")] {
            program.lines(&[line]).await.expect("read");
            program.end_after(directory.path(), used, Signal::TERM).await;
            assert!(!program.has_failed() && !program.has_repeated());
        }
        // The next one gets the last line again, and fails with both: only the newest is unused.
        program.lines(&["4"]).await.expect("read");
        program.kill_after(directory.path(), "1,1,2,2,3,3,4,").await;
        assert!(program.has_failed() && !program.has_repeated());
        program.lines(&[]).await.expect("read");
        program.kill_after(directory.path(), "1,1,2,2,3,3,4,4,").await;
        assert!(program.finish().await.is_err_and(|cause| cause.contains("failed (signal: 9")));
    }

    #[tokio::test]
    async fn a_failed_program_that_ends_before_it_reads_is_still_a_failed_one() {
        let directory = tempfile::tempdir().expect("a directory");
        let mut program = program(directory.path());
        program.lines(&["1"]).await.expect("read");
        program.kill_after(directory.path(), "1,").await;
        // It ends without an error, and without its lines.
        let words = std::mem::replace(&mut program.words, ["/bin/true"].map(str::to_owned).to_vec());
        for _ in 0..2 {
            drop(program.lines(&[]).await);
            assert!(program.has_failed());
        }
        program.words = words;
        program.lines(&[]).await.expect("read");
        assert!(!program.has_failed());
        program.finish().await.expect("used");
        assert_eq!(got(directory.path()), "1,1,");
    }

    #[tokio::test]
    async fn a_program_that_always_fails_gets_only_what_it_has_not_used() {
        let directory = tempfile::tempdir().expect("a directory");
        let mut program = program(directory.path());
        let long = "x".repeat(MAX_UNUSED);
        program.lines(&[&long]).await.expect("read");
        program.kill_after(directory.path(), &format!("{long},")).await;
        program.lines(&["1"]).await.expect("read");
        program.kill_after(directory.path(), &format!("{long},{long},1,")).await;
        let error = program.lines(&["2"]).await.expect_err("only the old ones");
        assert!(matches!(error, DeliveryError::Transient { cause, .. } if cause.contains("again and again")));
        program.lines(&["2"]).await.expect("it still runs");
        program.finish().await.expect("used");
        assert_eq!(got(directory.path()), format!("{long},{long},1,{long},1,2,"));
    }

    #[tokio::test]
    async fn a_program_that_is_gone_for_a_moment_is_tried_again() {
        let directory = tempfile::tempdir().expect("a directory");
        let mut program = program(directory.path());
        program.lines(&["1"]).await.expect("read");
        program.kill_after(directory.path(), "1,").await;
        assert!(program.has_failed());
        let shell = std::mem::replace(&mut program.words[0], "/no/such/program".to_owned());
        for _ in 0..2 {
            let error = program.lines(&[]).await.expect_err("it cannot be started");
            assert!(matches!(error, DeliveryError::Transient { .. }), "{error:?}");
            assert!(program.has_failed() && program.has_unused_lines());
        }
        assert!(program.finish().await.is_err_and(|cause| cause.contains("cannot start /no/such/program")));
        program.words[0] = shell;
        let mut never_run = Program::new(vec!["/no/such/program".to_owned()]);
        let error = never_run.lines(&["1"]).await.expect_err("it cannot be started");
        assert!(matches!(error, DeliveryError::Permanent(_)), "{error:?}");
    }
}
