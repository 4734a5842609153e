//! `import`: append many entries from files of JSON lines. A line without a uuid gets one from the server, made of what
//! is kept of it, so that importing a file twice leaves one copy of each entry.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use tokio::sync::mpsc;

use crate::api::record::{LineAnswer, NotRecorded};
use crate::args::connection::ConnectionArgs;
use crate::client::Client;
use crate::commands::Context;
use crate::commands::connect::{Need, connect};
use crate::error::Failure;
use crate::exit;
use crate::model::draft::MAX_ENTRY_BYTES;
use crate::model::json::Json;
use crate::render::question::counted;
use crate::terminal::progress::Progress;

/// The most entries in one request.
const BATCH_LINES: usize = 1000;
/// The most bytes in one request, well below what the server takes.
const BATCH_BYTES: usize = 4 * 1024 * 1024;
/// The longest line: an entry whose before and after are both as large as an entry may be, written generously.
const MAX_LINE_BYTES: usize = 4 * MAX_ENTRY_BYTES;

/// Append many entries from files of JSON lines
///
/// A line is an entry as `krosyn-audit export --format jsonl` writes it, or as the API takes it. Its id and
/// recorded_at, which are the server's to give, are left out. A second import of the same file adds nothing.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  krosyn-audit import november.jsonl\n  zcat old.jsonl.gz | krosyn-audit import - --dry-run"
)]
pub struct ImportArgs {
    /// The files, or - for stdin
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,

    /// Judge every line and store nothing
    #[arg(long)]
    dry_run: bool,

    #[command(flatten)]
    connection: ConnectionArgs,
}

/// What became of the lines.
#[derive(Default)]
struct Tally {
    recorded: u64,
    known: u64,
    unchanged: u64,
    failed: u64,
}

/// Lines on their way, and where each came from.
#[derive(Default)]
struct Batch {
    text: String,
    origins: Vec<(String, u64)>,
}

impl ImportArgs {
    /// Imports.
    ///
    /// # Errors
    /// [`Failure`]; with exit code 3 when some lines failed, each of which was told as `file:line`.
    pub async fn run(self, context: &mut Context) -> Result<u8, Failure> {
        // All files are opened before the first line is sent, so that a bad path stops nothing half-way.
        let sources = self.files.iter().map(|path| open(path)).collect::<Result<Vec<_>, _>>()?;
        // How many bytes there are, unless some come from a pipe.
        let size: Option<u64> = sources.iter().map(|source| source.size).sum();
        let connection = connect(context, &self.connection, Need::Create).await?;
        let progress = Progress::start(&context.terminal, "imported");
        let mut tally = Tally::default();
        let mut batch = Batch::default();
        let mut lines = read(sources);
        let mut seen = 0;
        while let Some(Line { name, number, text, so_far }) = lines.recv().await {
            match text.map_err(|error| Failure::file(Path::new(&*name), "read", &error))? {
                Ok(None) => {}
                Ok(Some(line)) => batch.push(&line, &name, number),
                Err(detail) => {
                    tally.failed += 1;
                    progress.pause(|| context.terminal.show(&format!("{name}:{number}: {detail}")));
                }
            }
            seen += 1;
            if batch.is_full() {
                // Lines are counted only by reading them, so what is left is told by the bytes that are left.
                if let Some(size) = size.filter(|_| so_far > 0) {
                    progress.expect(seen * size.max(so_far) / so_far);
                }
                self.send(context, &connection.client, &mut batch, &mut tally, &progress).await?;
            }
        }
        self.send(context, &connection.client, &mut batch, &mut tally, &progress).await?;
        drop(progress);
        connection.close().await?;
        context.terminal.status(&tally.said(self.dry_run));
        if tally.failed == 0 {
            return Ok(exit::DONE);
        }
        let failed = counted(tally.failed, "line", "lines");
        if self.dry_run {
            return Err(Failure::new(exit::PARTIAL, format!("{failed} would fail; nothing was stored")));
        }
        Err(Failure::new(exit::PARTIAL, format!("{failed} failed; all others are done")).hint(
            "mend the lines named above and import the same file again: what is there is not added twice",
        ))
    }

    async fn send(
        &self,
        context: &mut Context,
        client: &Client,
        batch: &mut Batch,
        tally: &mut Tally,
        progress: &Progress,
    ) -> Result<(), Failure> {
        let Batch { text, origins } = std::mem::take(batch);
        if origins.is_empty() {
            return Ok(());
        }
        let answers = client.record_lines(text, self.dry_run).await;
        let answers = answers.map_err(|error| match origins.first() {
            Some((name, number)) => Failure::from(error).hint(format!(
                "everything before {name}:{number} is done; import the same files again to go on: what is there is not added twice"
            )),
            None => error.into(),
        })?;
        if answers.len() != origins.len() {
            return Err(Failure::new(
                exit::FAILED,
                "the server answered another number of lines than were sent",
            ));
        }
        progress.add(origins.len() as u64);
        for (answer, (name, number)) in answers.iter().zip(&origins) {
            tally.count(answer);
            if let Some(detail) = &answer.detail {
                progress.pause(|| context.terminal.show(&format!("{name}:{number}: {detail}")));
            }
        }
        Ok(())
    }
}

/// A line of a file, as it is to be sent: nothing of a blank one, or what is wrong with it, or with the file.
struct Line {
    name: Arc<str>,
    number: u64,
    text: io::Result<Result<Option<String>, String>>,
    /// How many bytes were read of all sources, up to here.
    so_far: u64,
}

/// Reads the sources one after another, on a thread of its own: while stdin is silent, Ctrl-C is still heard.
fn read(sources: Vec<Source>) -> mpsc::Receiver<Line> {
    let (sender, receiver) = mpsc::channel(BATCH_LINES);
    std::thread::spawn(move || {
        let mut so_far = 0;
        for Source { name, mut lines, .. } in sources {
            let name: Arc<str> = name.into();
            let lines = std::iter::from_fn(|| read_line(&mut *lines).transpose());
            for (number, line) in (1..).zip(lines) {
                so_far += line.as_ref().map_or(0, |line| line.as_ref().map_or(0, |line| line.len() as u64));
                let text = line.map(|line| line.and_then(|line| prepared(&line)));
                let line = Line { name: Arc::clone(&name), number, text, so_far };
                // Nobody listens any more, or the file cannot be read on.
                let broken = line.text.is_err();
                if sender.blocking_send(line).is_err() || broken {
                    return;
                }
            }
        }
    });
    receiver
}

impl Batch {
    fn push(&mut self, line: &str, name: &str, number: u64) {
        self.text.push_str(line);
        self.text.push('\n');
        self.origins.push((name.to_owned(), number));
    }

    const fn is_full(&self) -> bool {
        self.origins.len() >= BATCH_LINES || self.text.len() >= BATCH_BYTES
    }
}

impl Tally {
    fn count(&mut self, answer: &LineAnswer) {
        match answer {
            LineAnswer { detail: Some(_), .. } => self.failed += 1,
            LineAnswer { reason: Some(NotRecorded::NoChange), .. } => self.unchanged += 1,
            LineAnswer { status: 200, reason: None, .. } => self.known += 1,
            LineAnswer { .. } => self.recorded += 1,
        }
    }

    fn said(&self, dry_run: bool) -> String {
        let recorded = counted(self.recorded, "entry", "entries");
        let mut parts = vec![if dry_run {
            format!("{recorded} would be recorded")
        } else {
            format!("{recorded} recorded")
        }];
        if self.known > 0 {
            parts.push(format!("{} there already", counted(self.known, "was", "were")));
        }
        if self.unchanged > 0 {
            parts.push(format!("{} in which nothing differs", counted(self.unchanged, "update", "updates")));
        }
        if self.failed > 0 {
            parts.push(format!("{} failed", counted(self.failed, "line", "lines")));
        }
        parts.join(", ")
    }
}

/// A file, or stdin.
struct Source {
    name: String,
    lines: Box<dyn BufRead + Send>,
    /// How many bytes it holds, when that is known.
    size: Option<u64>,
}

fn open(path: &Path) -> Result<Source, Failure> {
    if path.as_os_str() == "-" {
        let lines = Box::new(BufReader::new(std::io::stdin()));
        return Ok(Source { name: "stdin".to_owned(), lines, size: None });
    }
    let file = File::open(path).map_err(|error| Failure::file(path, "read", &error))?;
    let metadata = file.metadata().ok();
    if metadata.as_ref().is_some_and(std::fs::Metadata::is_dir) {
        return Err(Failure::usage(format!("{} is a directory: name files", path.display())));
    }
    let size = metadata.filter(std::fs::Metadata::is_file).map(|metadata| metadata.len());
    let lines = Box::new(BufReader::with_capacity(256 * 1024, file));
    Ok(Source { name: path.display().to_string(), lines, size })
}

/// Reads a line within bounds; one that is too long or no UTF-8 is skipped whole and told.
fn read_line(source: &mut dyn BufRead) -> io::Result<Option<Result<String, String>>> {
    let mut bytes = Vec::new();
    let limit = MAX_LINE_BYTES as u64 + 1;
    if (&mut *source).take(limit).read_until(b'\n', &mut bytes)? == 0 {
        return Ok(None);
    }
    if bytes.len() > MAX_LINE_BYTES {
        while !bytes.ends_with(b"\n") {
            bytes.clear();
            if (&mut *source).take(limit).read_until(b'\n', &mut bytes)? == 0 {
                break;
            }
        }
        return Ok(Some(Err(format!("the line is longer than {MAX_LINE_BYTES} bytes"))));
    }
    Ok(Some(String::from_utf8(bytes).map_err(|_| "the line is not UTF-8".to_owned())))
}

/// A line as it is sent: without what the server gives. None for a blank one.
fn prepared(line: &str) -> Result<Option<String>, String> {
    let line = line.trim().trim_start_matches('\u{feff}');
    if line.is_empty() {
        return Ok(None);
    }
    // The parser's words hold places, not values.
    let Json::Object(mut members) = Json::parse(line).map_err(|error| error.to_string())? else {
        return Err("the line is no JSON object".to_owned());
    };
    members.retain(|(key, _)| key != "id" && key != "recorded_at");
    if !members.iter().any(|(key, _)| key == "occurred_at") {
        return Err("there is no occurred_at: an imported entry must say when it happened".to_owned());
    }
    Ok(Some(Json::Object(members).to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_sent_without_what_the_server_gives() {
        let line = r#" {"id":7,"recorded_at":"x","occurred_at":"y","n":1e400} "#;
        assert_eq!(prepared(line), Ok(Some(r#"{"occurred_at":"y","n":1e400}"#.to_owned())));
        assert_eq!(prepared("  "), Ok(None));
        assert!(prepared("[]").is_err() && prepared("{").is_err() && prepared("{}").is_err());
    }

    #[test]
    fn a_line_without_end_is_told_and_the_next_is_read() {
        let text = format!("{}\nnext\n\u{0}last", "x".repeat(MAX_LINE_BYTES + 10));
        let mut source = text.as_bytes();
        let mut next =
            || read_line(&mut source).expect("read").map(|line| line.map(|line| line.trim().to_owned()));
        assert!(matches!(next(), Some(Err(_))));
        assert_eq!(next(), Some(Ok("next".to_owned())));
        assert_eq!(next(), Some(Ok("\u{0}last".to_owned())));
        assert_eq!(next(), None);
        assert!(matches!(read_line(&mut &b"\xff\n"[..]), Ok(Some(Err(_)))));
    }
}
