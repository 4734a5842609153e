//! `exec:PROGRAM`: writes lines to the standard input of a program, and starts it again when it ends. It then gets the last
//! delivery once more, because it may have ended with lines that it had read and not used.

use std::io;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use tokio::io::AsyncWriteExt as _;
use tokio::process::{Child, ChildStdin, Command};
#[cfg(unix)]
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
#[cfg(unix)]
const LOOK_EVERY: Duration = Duration::from_millis(5);

pub(super) struct Program {
    /// The program and its arguments: no shell reads them.
    words: Vec<String>,
    running: Option<(Child, ChildStdin)>,
    /// The lines of the last delivery.
    last: String,
}

impl Program {
    pub(super) const fn new(words: Vec<String>) -> Self {
        Self { words, running: None, last: String::new() }
    }

    fn name(&self) -> &str {
        self.words.first().map_or("", String::as_str)
    }

    /// Writes the lines of events, after those of the last delivery if the program has ended since then.
    pub(super) async fn deliver(&mut self, events: &[OutgoingEvent<'_>]) -> Result<(), DeliveryError> {
        let lines: String = events.iter().map(|event| format!("{}\n", event.line)).collect();
        let is_running = self.is_running();
        let (mut child, mut stdin, repeated) = match self.running.take() {
            Some((child, stdin)) if is_running => (child, stdin, ""),
            _ => {
                let (child, stdin) = self.start()?;
                (child, stdin, self.last.as_str())
            }
        };
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
                self.running = Some((child, stdin));
                if !lines.is_empty() {
                    self.last = lines;
                }
                Ok(())
            }
            Err(error) if error.kind() == io::ErrorKind::TimedOut => {
                // Dropped, it is killed, and the next attempt starts it again.
                let seconds = READ_LIMIT.as_secs();
                Err(DeliveryError::transient(format!(
                    "{} has read nothing for {seconds} seconds",
                    self.name()
                ))
                .hint("the program must read lines from standard input until they end"))
            }
            _ => {
                drop(stdin);
                Err(self.ended(child.wait().await))
            }
        }
    }

    fn start(&self) -> Result<(Child, ChildStdin), DeliveryError> {
        let mut command = Command::new(self.name());
        command.args(self.words.iter().skip(1)).stdin(Stdio::piped()).kill_on_drop(true);
        // Ctrl-C is for us: the program ends when its input ends.
        #[cfg(unix)]
        command.process_group(0);
        let spawned = command.spawn();
        let not_started = |error: &dyn std::fmt::Display| {
            let message = format!("cannot start {}: {error}", self.name());
            DeliveryError::Permanent(
                Failure::new(exit::USAGE, message).hint("check the path of the program in --to exec:PROGRAM"),
            )
        };
        let mut child = spawned.map_err(|error| not_started(&error))?;
        let stdin = child.stdin.take().ok_or_else(|| not_started(&"it has no standard input"))?;
        Ok((child, stdin))
    }

    fn ended(&self, status: io::Result<ExitStatus>) -> DeliveryError {
        let status = status.map_or_else(|error| error.to_string(), |status| status.to_string());
        DeliveryError::transient(format!("{} ended ({status}) before it had read all entries", self.name()))
            .hint("the program must read lines from standard input until they end")
    }

    fn is_running(&mut self) -> bool {
        self.running.as_mut().is_some_and(|(child, _)| matches!(child.try_wait(), Ok(None)))
    }

    /// Whether the program has ended since its last lines, so that it may not have used them.
    pub(super) fn has_unused_lines(&mut self) -> bool {
        !self.last.is_empty() && !self.is_running()
    }

    /// Ends the input, and waits until the program ends. A program that fails has not used its last lines.
    pub(super) async fn finish(&mut self) -> Result<(), String> {
        let Some((mut child, stdin)) = self.running.take() else { return Ok(()) };
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
#[cfg(unix)]
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

#[cfg(not(unix))]
async fn is_read(_: &ChildStdin) -> io::Result<()> {
    Ok(())
}
