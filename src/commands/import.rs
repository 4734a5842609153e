//! `import`: append many entries from files: our JSON lines, our CSV, or the table of another audit library. A line
//! without a uuid gets one from the server, made of what is kept of it, so that importing a file twice leaves one copy of
//! each entry.

mod documents;
mod order;
mod own;
mod record;
mod report;
mod rows;
mod shape;
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
use crate::commands::import::report::Report;
use crate::commands::import::shape::Said;
use crate::commands::import::source::{Item, Request, read};
use crate::commands::import::text::Source;
use crate::config::Origin;
use crate::error::Failure;
use crate::exit;
use crate::model::foreign::{Format, Named, Reading, UserClass, UserColumns};
use crate::render::filter_summary::counted;
use crate::terminal::progress::Progress;

/// The most entries in one request.
const BATCH_LINES: usize = 1000;
/// The most bytes in one request, well below what the server takes.
const BATCH_BYTES: usize = 4 * 1024 * 1024;

/// Append many entries from files: our JSON lines or CSV, or another audit library's table
///
/// A line is an entry as `krosyn-audit export --format jsonl` writes it, or as the API takes it. Its id and
/// recorded_at, which are the server's to give, are left out. A second import of the same file adds nothing.
///
/// Entries are recorded in the order in which they happened, and among equal times in the order of their ids, whatever
/// the order of the file. Files are read twice for that; what is compressed, in UTF-16 or comes from a pipe is first
/// copied to a temporary file that only this process can open.
///
/// CSV of ours is taken too: its formula guard is taken away again. A cell with the picture of a control character, or
/// cut by --max-cell, is refused and named.
///
/// Tables of other libraries are known by their columns, or named by --from: laravel-auditing, laravel-activitylog
/// (spatie), django-auditlog, django-simple-history, paper-trail (Rails), audited (Rails). Forms: CSV with a header
/// (commas, semicolons or tabs; MySQL's and PostgreSQL's spellings), JSON lines, a JSON list (also as phpMyAdmin, DBeaver
/// and Django's dumpdata write it), and SQL dumps with INSERT or COPY. They need --source, because a row is known again
/// by its source and its id, and --tz, by which times without a zone were written.
///
/// Classes and events are known by their names (App\Models\Secret is a secret) or by --map; what is neither is reported
/// and not imported. Ids of the class named as the model type (in App\Models, App or without a namespace), and of User,
/// are kept as they are; before others stands their class (App\Models\Admin#7), so that two are not taken for one, unless
/// --plain says so. A row without a user is recorded as done by system, unknown; the query string of a url is left out.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  zcat old.jsonl.gz | krosyn-audit import - --dry-run\n  krosyn-audit import audits.csv --source krosyn-prod --tz utc --map 'App\\Models\\Hook=endpoint'"
)]
pub(crate) struct ImportArgs {
    /// The files, or - for stdin; gzip, zstd and UTF-16 are known by their first bytes
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,

    /// Judge every line and store nothing
    #[arg(long)]
    dry_run: bool,

    /// Whose table the files hold, when its columns do not tell (default: told by the columns)
    #[arg(long, value_name = "NAME")]
    from: Option<Format>,

    /// The columns of a file without a header, in their order
    #[arg(long, value_name = "NAME,…", value_delimiter = ',')]
    columns: Option<Vec<String>>,

    /// Which database the rows of another library's table come from, by a name of your own
    #[arg(long, value_name = "NAME")]
    source: Option<String>,

    /// What a class or an event of it stands for, such as 'App\Models\Hook=endpoint'; NAME=- leaves it out (can be repeated)
    #[arg(long, value_name = "NAME=WORD")]
    map: Vec<Named>,

    /// A class whose ids are kept without the class before them (can be repeated)
    #[arg(long, value_name = "CLASS")]
    plain: Vec<String>,

    /// What kind of user a class is: user, token, service, system (can be repeated)
    #[arg(long, value_name = "CLASS=KIND")]
    user_kind: Vec<UserClass>,

    /// The columns with the class and the id of the user, where they are not the library's own
    #[arg(long, value_name = "TYPE,ID")]
    user_columns: Option<UserColumns>,

    #[command(flatten)]
    connection: ConnectionArgs,
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
    pub(crate) async fn run(self, context: &mut Context) -> Result<u8, Failure> {
        // All files are opened before the first line is sent, so that a bad path stops nothing half-way.
        let sources = self.files.iter().map(|path| Source::open(path)).collect::<Result<Vec<_>, _>>()?;
        let client = connect(context, &self.connection, OpenMode::Create).await?;
        let progress = Progress::start(&context.terminal, "imported");
        let mut report = Report::default();
        let mut batch = Batch::default();
        let said = Said { from: self.from, columns: self.columns.clone() };
        let mut items = read(sources, Request { said, reading: self.reading(context) });
        while let Some((name, item)) = items.recv().await {
            match item {
                Item::Total(records) => progress.expect(records),
                Item::Line(number, Ok(line)) => batch.push(&line, &name, number),
                Item::Line(number, Err(detail)) => {
                    report.fail(context, &progress, (&name, number), &detail);
                }
                Item::Note(number, note) => {
                    progress.pause(|| context.terminal.status(&format!("{name}:{number}: {note}")));
                }
                Item::LeftOut => report.leave_out(),
                Item::Unmapped { number, what, column, word } => {
                    report.unmapped((&name, number), what, column, &word);
                }
                Item::Unmappable(number, why) => report.unmappable((&name, number), why),
                Item::Adjusted(what) => report.adjusted(what),
                Item::Prefixed(class) => report.prefixed(&class),
                Item::Lacking(columns) => {
                    let columns = columns.join(", ");
                    progress.pause(|| {
                        context.terminal.warn(&format!(
                            "{name} has no column {columns}: what stood there is not imported"
                        ))
                    });
                }
                Item::Unread(count, columns) => {
                    let left_out = counted(count as u64, "column", "columns");
                    let named =
                        if columns.is_empty() { String::new() } else { format!(": {}", columns.join(", ")) };
                    progress.pause(|| {
                        context.terminal.status(&format!(
                            "{name}: {left_out} left out, without a place in an entry{named}"
                        ))
                    });
                }
                Item::Broken(error) => return Err(Failure::file(Path::new(&*name), "read", &error)),
                Item::Refused(sentence) => return Err(Failure::usage(format!("{name}: {sentence}"))),
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

    /// How rows of another library are read, or what has to be said first.
    fn reading(&self, context: &Context) -> Result<Reading, String> {
        let source =
            self.source.clone().ok_or("name its database by --source, so that its rows are known again")?;
        // The reader's own zone says nothing about the times in somebody else's table: only what was typed counts.
        let is_stated = context.resolved.iter().any(|it| it.key == "tz" && it.origin == Origin::Flag("--tz"));
        let zone = context.appearance.tz.filter(|_| is_stated).ok_or(
            "say by --tz in which zone its times are (utc, unless the application was told otherwise)",
        )?;
        Ok(Reading {
            source,
            zone,
            names: self.map.clone(),
            plain: self.plain.clone(),
            kinds: self.user_kind.clone(),
            user_columns: self.user_columns.clone(),
        })
    }

    async fn send(
        &self,
        context: &mut Context,
        client: &Client,
        batch: &mut Batch,
        report: &mut Report,
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
            report.count(answer);
            if let Some(detail) = &answer.detail {
                report.fail(context, progress, (name, *number), detail);
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
