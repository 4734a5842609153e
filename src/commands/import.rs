//! `import`: append many entries from files: our JSON lines, our CSV, or the table of laravel-auditing. A line without
//! a uuid gets one from the server, made of what is kept of it, so that importing a file twice leaves one copy of each
//! entry.

mod own;
mod rows;
mod source;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;

use crate::api::record::{LineAnswer, NotRecorded};
use crate::args::connection::ConnectionArgs;
use crate::client::Client;
use crate::commands::Context;
use crate::commands::connect::{Need, connect};
use crate::commands::import::source::{Bytes, Item, Source, read};
use crate::config::Origin;
use crate::error::Failure;
use crate::exit;
use crate::model::laravel::{Named, Reading};
use crate::render::question::counted;
use crate::terminal::progress::Progress;

/// The most entries in one request.
const BATCH_LINES: usize = 1000;
/// The most bytes in one request, well below what the server takes.
const BATCH_BYTES: usize = 4 * 1024 * 1024;

/// Append many entries from files: our JSON lines or CSV, or a laravel-auditing table
///
/// A line is an entry as `krosyn-audit export --format jsonl` writes it, or as the API takes it. Its id and
/// recorded_at, which are the server's to give, are left out. A second import of the same file adds nothing.
///
/// CSV of ours is taken too, as far as it holds what was meant: a cell with a formula guard or with the picture of a
/// control character is refused and named.
///
/// The `audits` table of laravel-auditing is known by its column names: CSV with a header from MySQL or PostgreSQL,
/// tab-separated text, a JSON list, or JSON lines. It needs --source, because a row is known again by its source and
/// its id, and --tz, by which its times were written (utc, unless the application was told otherwise). Classes and
/// events are known by their names (App\Models\Secret is a secret) or by --map; what is neither is reported and not
/// imported. A row without a user_id is recorded as done by system, unknown; the query string of a url is left out.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  zcat old.jsonl.gz | krosyn-audit import - --dry-run\n  krosyn-audit import audits.csv --source krosyn-prod --tz utc --map 'App\\Models\\Hook=endpoint'"
)]
pub struct ImportArgs {
    /// The files, or - for stdin; .gz and .zst are unpacked
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,

    /// Judge every line and store nothing
    #[arg(long)]
    dry_run: bool,

    /// Which database the rows of a laravel-auditing table come from, by a name of your own
    #[arg(long, value_name = "NAME")]
    source: Option<String>,

    /// What a class or an event of it stands for, such as 'App\Models\Hook=endpoint'; NAME=- leaves it out (can be repeated)
    #[arg(long, value_name = "NAME=WORD")]
    map: Vec<Named>,

    #[command(flatten)]
    connection: ConnectionArgs,
}

/// So many failed lines are named one by one.
const NAMED: u64 = 20;

/// What became of the lines.
#[derive(Default)]
struct Tally {
    recorded: u64,
    known: u64,
    unchanged: u64,
    failed: u64,
    left_out: u64,
    /// What stands for nothing here, and in how many rows.
    unmapped: BTreeMap<(&'static str, String), u64>,
}

/// Lines on their way, and where each came from.
#[derive(Default)]
struct Batch {
    text: String,
    origins: Vec<(Arc<str>, u64)>,
}

impl ImportArgs {
    /// Imports.
    ///
    /// # Errors
    /// [`Failure`]; with exit code 3 when some lines failed, each of which was told as `file:line`.
    pub async fn run(self, context: &mut Context) -> Result<u8, Failure> {
        // All files are opened before the first line is sent, so that a bad path stops nothing half-way.
        let bytes = Bytes::default();
        let sources =
            self.files.iter().map(|path| Source::open(path, &bytes)).collect::<Result<Vec<_>, _>>()?;
        // How many bytes there are, unless some come from a pipe.
        let size: Option<u64> = sources.iter().map(|source| source.size).sum();
        let connection = connect(context, &self.connection, Need::Create).await?;
        let progress = Progress::start(&context.terminal, "imported");
        let mut tally = Tally::default();
        let mut batch = Batch::default();
        let mut items = read(sources, self.reading(context));
        let mut seen = 0;
        while let Some((name, item)) = items.recv().await {
            match item {
                Item::Line(number, Ok(line)) => batch.push(&line, &name, number),
                Item::Line(number, Err(detail)) => {
                    tally.fail(context, &progress, &name, number, &detail);
                }
                Item::Note(number, note) => {
                    progress.pause(|| context.terminal.status(&format!("{name}:{number}: {note}")));
                }
                Item::LeftOut => tally.left_out += 1,
                Item::Unmapped(what, word) => *tally.unmapped.entry((what, word)).or_default() += 1,
                Item::Lacking(columns) => {
                    let columns = columns.join(", ");
                    progress.pause(|| {
                        context.terminal.warn(&format!(
                            "{name} has no column {columns}: what stood there is not imported"
                        ))
                    });
                }
                Item::Broken(error) => return Err(Failure::file(Path::new(&*name), "read", &error)),
                Item::Refused(sentence) => return Err(Failure::usage(format!("{name}: {sentence}"))),
            }
            seen += 1;
            if batch.is_full() {
                // Lines are counted only by reading them, so what is left is told by the bytes that are left.
                if let (Some(size), so_far @ 1..) = (size, bytes.so_far()) {
                    progress.expect(seen * size.max(so_far) / so_far);
                }
                self.send(context, &connection.client, &mut batch, &mut tally, &progress).await?;
            }
        }
        self.send(context, &connection.client, &mut batch, &mut tally, &progress).await?;
        drop(progress);
        if tally.failed > NAMED {
            let more = counted(tally.failed - NAMED, "more line", "more lines");
            context.terminal.show(&format!("and {more}"));
        }
        context.terminal.status(&tally.said(self.dry_run));
        for ((what, word), rows) in &tally.unmapped {
            context.terminal.show(&format!("not mapped: {what} {word}, {}", counted(*rows, "row", "rows")));
        }
        self.end(&tally)
    }

    /// How rows of laravel's are read, or what has to be said first.
    fn reading(&self, context: &Context) -> Result<Reading, String> {
        let source = self.source.clone().ok_or(
            "it is a laravel-auditing table: name its database by --source, so that its rows are known again",
        )?;
        // The reader's own zone says nothing about the times in somebody else's table: only what was typed counts.
        let is_stated = context.settled.iter().any(|it| it.key == "tz" && it.origin == Origin::Flag("--tz"));
        let zone = context.appearance.tz.filter(|_| is_stated).ok_or(
            "it is a laravel-auditing table: say by --tz in which zone its times are (utc, unless the application was told otherwise)",
        )?;
        Ok(Reading { source, zone, names: self.map.clone() })
    }

    fn end(&self, tally: &Tally) -> Result<u8, Failure> {
        let unmapped: u64 = tally.unmapped.values().sum();
        let mut parts = Vec::new();
        if tally.failed > 0 {
            parts.push(counted(tally.failed, "line", "lines"));
        }
        if unmapped > 0 {
            parts.push(format!("{} without a meaning", counted(unmapped, "row", "rows")));
        }
        if parts.is_empty() {
            return Ok(exit::DONE);
        }
        let failed = parts.join(" and ");
        if self.dry_run {
            return Err(Failure::new(exit::PARTIAL, format!("{failed} would fail; nothing was stored")));
        }
        let mut failure = Failure::new(exit::PARTIAL, format!("{failed} failed; all others are done"));
        if unmapped > 0 {
            failure = failure
                .hint("--map NAME=WORD says what a class or an event stands for, NAME=- leaves its rows out");
        }
        Err(failure.hint(
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
                tally.fail(context, progress, name, *number, detail);
            }
        }
        Ok(())
    }
}

impl Batch {
    fn push(&mut self, line: &str, name: &Arc<str>, number: u64) {
        self.text.push_str(line);
        self.text.push('\n');
        self.origins.push((Arc::clone(name), number));
    }

    const fn is_full(&self) -> bool {
        self.origins.len() >= BATCH_LINES || self.text.len() >= BATCH_BYTES
    }
}

impl Tally {
    /// Counts a line that failed, and says why, as long as there are few.
    fn fail(&mut self, context: &mut Context, progress: &Progress, name: &str, number: u64, detail: &str) {
        self.failed += 1;
        if self.failed <= NAMED {
            progress.pause(|| context.terminal.show(&format!("{name}:{number}: {detail}")));
        }
    }

    fn count(&mut self, answer: &LineAnswer) {
        match answer {
            // Told and counted by itself.
            LineAnswer { detail: Some(_), .. } => {}
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
        if self.left_out > 0 {
            parts.push(format!("{} left out", counted(self.left_out, "row", "rows")));
        }
        if self.failed > 0 {
            parts.push(format!("{} failed", counted(self.failed, "line", "lines")));
        }
        parts.join(", ")
    }
}
