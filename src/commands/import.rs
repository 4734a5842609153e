//! `import`: appends many entries from files: our JSON lines, our CSV, or the table of another audit library. How each is
//! read is left to the modules below.
//!
//! A line without a uuid gets one from the server, made from the content that is kept. So a second import of the same file
//! adds nothing.

mod delimited;
mod documents;
mod order;
mod own;
mod recognize;
mod record;
mod report;
mod source;
mod sql;
mod text;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;

use crate::args::connection::ConnectionArgs;
use crate::client::Client;
use crate::commands::Context;
use crate::commands::connect::{OpenMode, connect};
use crate::commands::import::recognize::{SourceError, SourceOptions};
use crate::commands::import::report::ImportReport;
use crate::commands::import::source::{ImportEvent, ImportRequest, read};
use crate::commands::import::text::InputFile;
use crate::config::Origin;
use crate::error::Failure;
use crate::exit;
use crate::model::foreign::{AuditLibrary, NameMapping, TableRules, UserColumns, UserKindMapping};
use crate::terminal::progress::Progress;

/// The most entries in one request.
const BATCH_LINES: usize = 1000;
/// The most bytes in one request, well below the server's limit.
const BATCH_BYTES: usize = 4 * 1024 * 1024;

/// Append many entries from files: our JSON lines or CSV, or another audit library's table
///
/// A line is an entry as `krosyn-audit export --format jsonl` writes it, or as the API accepts it. Its id and recorded_at
/// are ignored, because the server gives them. A second import of the same file adds nothing.
///
/// Entries are sorted by time, and entries of the same time by their ids. Each file is read twice for that. A file that is
/// compressed, in UTF-16 or a pipe is first copied to a temporary file that only this process can open.
///
/// A krosyn-audit CSV export is accepted too, and its formula guard is removed. A row is refused if --max-cell cut one of
/// its cells, or if a cell has a symbol such as ␛ that may stand for a control character.
///
/// These tables of other libraries are recognized by their columns, or named with --from: laravel-auditing,
/// laravel-activitylog (spatie), django-auditlog, django-simple-history, paper-trail (Rails) and audited (Rails). A file
/// holds CSV with a header (also with semicolons or tabs, as MySQL and PostgreSQL write it), JSON lines, a JSON list (also
/// from phpMyAdmin, DBeaver or Django's dumpdata), or an SQL dump with INSERT or COPY. Such a table needs two options:
/// --source names the database, which identifies a row together with its id; --tz sets the time zone of times without one.
///
/// Classes and events are mapped by name (App\Models\Secret is a secret) or with --map. Rows with other names are reported
/// and not imported. Ids of the class User, and of a class with the same name as its model type, are recorded unchanged,
/// if the class is in App\Models, in App or in no namespace. Other ids get their class as a prefix (App\Models\Admin#7), so that equal ids of two classes
/// stay apart; --plain turns this off. A row without a user is recorded for the user "unknown" of kind system. The query
/// string of a url is removed.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  krosyn-audit import old.jsonl.gz --dry-run\n  krosyn-audit import audits.csv --source krosyn-prod --tz utc --map 'App\\Models\\Hook=endpoint'"
)]
pub(crate) struct ImportArgs {
    /// The files, or - for stdin; gzip, zstd and UTF-16 are detected
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,

    /// Check every line and record nothing
    #[arg(long)]
    dry_run: bool,

    /// The audit library that wrote the table (default: detected by its columns)
    #[arg(long, value_name = "NAME")]
    from: Option<AuditLibrary>,

    /// The columns of a file without a header, in order
    #[arg(long, value_name = "NAME,…", value_delimiter = ',')]
    columns: Option<Vec<String>>,

    /// Your name for the database that another library's table comes from
    #[arg(long, value_name = "NAME")]
    source: Option<String>,

    /// Map a class or an event, such as 'App\Models\Hook=endpoint'; NAME=- leaves its rows out (can be repeated)
    #[arg(long, value_name = "NAME=WORD")]
    map: Vec<NameMapping>,

    /// Record the ids of this class without a prefix (can be repeated)
    #[arg(long, value_name = "CLASS")]
    plain: Vec<String>,

    /// The kind of the users of a class: user, token, service, system, agent (can be repeated)
    #[arg(long, value_name = "CLASS=KIND")]
    user_kind: Vec<UserKindMapping>,

    /// The columns with the user's class and id, if they are not the library's own
    #[arg(long, value_name = "TYPE,ID")]
    user_columns: Option<UserColumns>,

    #[command(flatten)]
    connection: ConnectionArgs,
}

/// Lines for one request, and the position of each.
#[derive(Default)]
struct LineBatch {
    text: String,
    positions: Vec<(Arc<str>, u64)>,
}

impl ImportArgs {
    /// # Errors
    /// With exit code 3 when some lines failed. Each is shown as `file:line`.
    pub(crate) async fn run(self, context: &mut Context) -> Result<u8, Failure> {
        // All files are opened before the first line is sent: a wrong path must not leave a partial import.
        let sources = self.files.iter().map(|path| InputFile::open(path)).collect::<Result<Vec<_>, _>>()?;
        let client = connect(context, &self.connection, OpenMode::Create).await?;
        let progress = Progress::start(&context.terminal, "imported");
        let mut report = ImportReport::default();
        let mut batch = LineBatch::default();
        let options = SourceOptions { library: self.from, columns: self.columns.clone() };
        let mut events = read(sources, ImportRequest { options, rules: self.rules(context) });
        while let Some((name, event)) = events.recv().await {
            match event {
                ImportEvent::Total(records) => progress.expect(records),
                ImportEvent::Line(number, line) => batch.push(&line, &name, number),
                ImportEvent::Failed(number, detail) => {
                    report.fail(context, &progress, (&name, number), &detail);
                }
                ImportEvent::Note(number, note) => {
                    progress.pause(|| context.terminal.status(&format!("{name}:{number}: {note}")));
                }
                ImportEvent::SourceNote(note) => {
                    progress.pause(|| context.terminal.status(&format!("{name}: {note}")));
                }
                ImportEvent::SourceWarning(warning) => {
                    progress.pause(|| context.terminal.warn(&format!("{name} {warning}")));
                }
                ImportEvent::Excluded => report.exclude(),
                ImportEvent::Unmapped { number, what, column, word } => {
                    report.unmapped((&name, number), what, column, &word);
                }
                ImportEvent::Incomplete(number, reason) => report.incomplete((&name, number), reason),
                ImportEvent::Adjusted(what) => report.adjusted(what),
                ImportEvent::Prefixed(class) => report.prefixed(&class),
                ImportEvent::Error(SourceError::Io(error)) => {
                    return Err(Failure::file(Path::new(&*name), "read", &error));
                }
                ImportEvent::Error(SourceError::Unusable(reason)) => {
                    return Err(Failure::usage(format!("{name}: {reason}")));
                }
            }
            if batch.is_full() {
                self.send(context, &client, &mut batch, &mut report, &progress).await?;
            }
        }
        self.send(context, &client, &mut batch, &mut report, &progress).await?;
        drop(progress);
        report.show(context, self.dry_run);
        report.end(self.dry_run)
    }

    /// The rules for another library's table, or which option is missing for it.
    fn rules(&self, context: &Context) -> Result<TableRules, String> {
        let source = self.source.clone();
        let source =
            source.ok_or("name its database with --source, so that a second import recognizes its rows")?;
        // The zone of this computer or of the profile says nothing about the table's times: only the flag counts.
        let is_stated = context.resolved.iter().any(|it| it.key == "tz" && it.origin == Origin::Flag("--tz"));
        let zone = context.appearance.tz.filter(|_| is_stated).ok_or(
            "name the zone of its times with --tz (utc, unless the application is configured otherwise)",
        )?;
        Ok(TableRules {
            source,
            zone,
            mappings: self.map.clone(),
            plain: self.plain.clone(),
            user_kinds: self.user_kind.clone(),
            user_columns: self.user_columns.clone(),
        })
    }

    async fn send(
        &self,
        context: &mut Context,
        client: &Client,
        batch: &mut LineBatch,
        report: &mut ImportReport,
        progress: &Progress,
    ) -> Result<(), Failure> {
        let LineBatch { text, positions } = std::mem::take(batch);
        if positions.is_empty() {
            return Ok(());
        }
        let answers = client.record_lines(text, self.dry_run).await;
        let answers = answers.map_err(|error| match positions.first() {
            Some((name, number)) => Failure::from(error).hint(format!(
                "all lines before {name}:{number} were sent; to continue, import the same files again: nothing is recorded twice"
            )),
            None => error.into(),
        })?;
        if answers.len() != positions.len() {
            return Err(Failure::new(
                exit::FAILED,
                "the server answered for a different number of lines than were sent",
            ));
        }
        progress.add(positions.len() as u64);
        for (answer, (name, number)) in answers.iter().zip(&positions) {
            report.count(answer);
            if let Some(detail) = &answer.detail {
                report.fail(context, progress, (name, *number), detail);
            }
        }
        Ok(())
    }
}

impl LineBatch {
    fn push(&mut self, line: &str, name: &Arc<str>, number: u64) {
        self.text.push_str(line);
        self.text.push('\n');
        self.positions.push((Arc::clone(name), number));
    }

    const fn is_full(&self) -> bool {
        self.positions.len() >= BATCH_LINES || self.text.len() >= BATCH_BYTES
    }
}
