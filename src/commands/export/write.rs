//! Writes an export page by page to a file or stdout, with resume points to continue it and evidence to verify it later.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};

use clap::ValueEnum as _;
use clap::builder::PossibleValue;
use sha2::{Digest as _, Sha256};

use crate::api::page::PageView;
use crate::api::problem::Code;
use crate::api::query::Query;
use crate::args::output::Format;
use crate::client::Client;
use crate::client::error::ClientError;
use crate::client::rows::{ExportPage, ExportPages, RowPage};
use crate::commands::Context;
use crate::commands::export::journal::{ExportHeader, Journal, MADE_BY, ResumePoint};
use crate::commands::export::written::WrittenEntries;
use crate::commands::output::{EntryFormat, EntryWriter, SharedBuffer, query};
use crate::error::Failure;
use crate::exit;
use crate::model::evidence::ledger::Ledger;
use crate::model::evidence::manifest::{FileFacts, Manifest, PrunedRange};
use crate::model::evidence::trailer::Trail;
use crate::model::filter::Filter;
use crate::model::merkle::Hash;
use crate::model::page::{Cursor, Order};
use crate::model::words::Log;
use crate::render::filter_summary::{counted, grouped};
use crate::render::json::DocumentEnd;
use crate::render::style::Style;
use crate::terminal::file::{NewFile, decompressed, part_path, with_suffix};
use crate::terminal::progress::Progress;

/// The path of the manifest that belongs to a file.
pub(in crate::commands) fn manifest_of(target: &Path) -> PathBuf {
    with_suffix(target, ".manifest.json")
}

/// Reads to the end in pieces.
pub(in crate::commands) fn read_all(mut from: impl io::Read, mut take: impl FnMut(&[u8])) -> io::Result<()> {
    let mut buffer = vec![0; 256 * 1024];
    loop {
        match from.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(read) => take(&buffer[..read]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// The size and hash of a file.
fn digest(mut file: &File) -> io::Result<(u64, Hash)> {
    let (mut bytes, mut hash) = (0, Sha256::new());
    file.rewind()?;
    read_all(file, |text| {
        bytes += text.len() as u64;
        hash.update(text);
    })?;
    Ok((bytes, hash.finalize().into()))
}

pub(super) enum ExportOutput {
    Stdout,
    File { journal: Journal, file: Box<NewFile>, target: PathBuf },
}

pub(super) struct Export {
    pub(super) header: ExportHeader,
    pub(super) filter: Filter,
    pub(super) format: EntryFormat,
    pub(super) output: ExportOutput,
    written: WrittenEntries,
    /// Hashes of the lines, for the manifest.
    ledger: Option<Ledger>,
    /// The hash of the whole text, for the trailer.
    trail: Option<Trail>,
}

impl Export {
    pub(super) fn new(
        header: ExportHeader,
        (filter, format): (Filter, EntryFormat),
        output: ExportOutput,
    ) -> Self {
        let (ledger, trail) = (header.manifest.then(Ledger::default), header.trailer.then(Trail::default));
        Self { header, filter, format, output, written: WrittenEntries::default(), ledger, trail }
    }

    /// Continues after a resume point. Ledger and trail are rebuilt from what was written before.
    pub(super) fn resumed(mut self, resume_point: &ResumePoint, target: &Path) -> io::Result<Self> {
        self.written = resume_point.written.clone();
        if self.ledger.is_some() || self.trail.is_some() {
            let written = File::open(part_path(target))?.take(resume_point.stored.bytes);
            read_all(decompressed(target, written)?, |text| self.record(text))?;
        }
        Ok(self)
    }

    /// Adds text to the evidence.
    fn record(&mut self, text: &[u8]) {
        if let Some(ledger) = &mut self.ledger {
            ledger.add(text);
        }
        if let Some(trail) = &mut self.trail {
            trail.add(text);
        }
    }

    /// Writes all remaining entries; returns the number of entries, and the root hash if there is a manifest. After a
    /// failure the partial file stays, and a hint says how to resume.
    pub(super) async fn run(
        mut self,
        context: &mut Context,
        client: &Client,
        cursor: Option<Cursor>,
    ) -> Result<(u64, Option<Hash>), Failure> {
        let progress = Progress::start(&context.terminal, "exported");
        progress.add(self.written.count);
        let outcome = self.pages(context, client, cursor, &progress).await;
        let outcome = match outcome {
            Ok(()) => self.evidence(client).await,
            Err(failure) => Err(failure),
        };
        drop(progress);
        if outcome.is_err() {
            context.resume_hint.set(None);
        }
        match outcome {
            Ok(evidence) => self.finish(context, evidence),
            Err(failure) if failure.is_silent => Err(failure),
            Err(failure) => Err(self.cut_short(context, failure)),
        }
    }

    async fn pages(
        &mut self,
        context: &mut Context,
        client: &Client,
        cursor: Option<Cursor>,
        progress: &Progress,
    ) -> Result<(), Failure> {
        let (filter, format) = (self.filter.clone(), self.format.clone());
        let order = if self.header.oldest_first { Order::Ascending } else { Order::Descending };
        // Counting has a cost: only a progress bar needs the total.
        let total = context.terminal.shows_progress() && cursor.is_none();
        let query = Query { filter, order, cursor, total, ..Query::default() };
        let name = format.format.to_possible_value();
        let client = client.exporting(name.as_ref().map_or("other", PossibleValue::get_name));
        let mut pages = ExportPages::new(client.clone(), query, format.row_options()).prefetch()?;
        let style = context.appearance.style(&context.terminal, context.time, false);
        let buffer = SharedBuffer::default();
        let mut out = buffer.clone();
        // Rows are written as they come. Only JSON needs a writer.
        let mut writer = LazyWriter { unopened: Some(&mut out), writer: None };
        if format.row_options().is_none() {
            writer.open(&self.written, &format, &style, (client.log(), &self.filter))?;
        }
        let mut long = 0;
        let outcome = loop {
            let page = match pages.next().await {
                Ok(None) => break Ok(()),
                Ok(Some(page)) => page,
                Err(error) => break Err(error),
            };
            let (count, next) = match page {
                ExportPage::Rows(RowPage { info, text }) => {
                    if let Some(total) = info.total {
                        progress.expect(total);
                    }
                    self.written.add_page(&info);
                    long += info.long;
                    self.put(context, &text)?;
                    (info.count, info.next.map(|cursor| cursor.encode()))
                }
                ExportPage::Json(page) => {
                    let PageView { data, total, .. } = match page.read() {
                        Ok(read) => read,
                        Err(error) => break Err(error),
                    };
                    if let Some(total) = total {
                        progress.expect(total.count);
                    }
                    let writer = writer.open(&self.written, &format, &style, (client.log(), &self.filter))?;
                    self.written.add_entries(&data, page.info.as_of);
                    data.iter().try_for_each(|entry| writer.view(entry))?;
                    writer.flush()?;
                    buffer.drain(|text| self.put(context, text))?;
                    (data.len() as u64, page.info.next_cursor.clone())
                }
            };
            if let Some(cursor) = next {
                self.add_resume_point(context, cursor)?;
            }
            progress.add(count);
        };
        if let Some(writer) = writer.writer {
            long += writer.long();
            writer.finish(DocumentEnd {
                matched: outcome.is_ok().then_some(self.written.count),
                complete: outcome.is_ok(),
                next_cursor: None,
            })?;
            buffer.drain(|text| self.put(context, text))?;
        }
        outcome?;
        self.end_rows(context, long)
    }

    /// Warns of long cells, and writes the trailer.
    fn end_rows(&mut self, context: &mut Context, long: u64) -> Result<(), Failure> {
        let format = self.format.format;
        if long > 0 && format == Format::Csv {
            context.terminal.warn(&format!(
                "{} with a cell of more than 32,767 characters, which spreadsheets cut silently: --explode writes a row for each field, --max-cell 32767 cuts with a mark",
                counted(long, "entry", "entries")
            ));
        }
        if let Some(trail) = &self.trail {
            let trailer = trail.trailer(self.written.count, self.written.as_of);
            let line =
                if format.is_json() { trailer.json().map_err(io::Error::from)? } else { trailer.cell() };
            self.put(context, line.as_bytes())?;
        }
        Ok(())
    }

    fn put(&mut self, context: &mut Context, text: &[u8]) -> io::Result<()> {
        self.record(text);
        match &mut self.output {
            ExportOutput::Stdout => context.terminal.data().write_all(text),
            ExportOutput::File { file, .. } => file.write_all(text),
        }
    }

    fn add_resume_point(&mut self, context: &mut Context, cursor: String) -> io::Result<()> {
        let ExportOutput::File { file, journal, target } = &mut self.output else { return Ok(()) };
        let stored = file.checkpoint()?;
        journal.add(&ResumePoint { cursor, written: self.written.clone(), stored })?;
        if journal.has_resume_point() {
            context.resume_hint.set(Some(resume_hint(target)));
        }
        Ok(())
    }

    /// For the manifest: the pruned ranges that overlap the query, and a checkpoint that covers all exported entries.
    async fn evidence(&self, client: &Client) -> Result<(Vec<PrunedRange>, Option<String>), Failure> {
        if !self.header.manifest {
            return Ok((Vec::new(), None));
        }
        let checkpoint = match client.checkpoint(Log::Audit).await {
            Ok(note) => Some(note),
            // An older server has no tree.
            Err(ClientError::Problem(problem)) if problem.code == Code::NotFound => None,
            Err(error) => return Err(error.into()),
        };
        let since = self.filter.since;
        let concerned = client.prunes().await?.data.into_iter();
        let concerned =
            concerned.filter(|prune| prune.deleted > 0 && since.is_none_or(|since| since < prune.cutoff));
        let range = concerned.map(|prune| PrunedRange {
            first_id: prune.first_id,
            last_id: prune.last_id,
            deleted: prune.deleted,
            before: prune.cutoff,
        });
        Ok((range.collect(), checkpoint))
    }

    /// Renames the complete file to its final name, with its manifest beside it.
    fn finish(
        self,
        context: &mut Context,
        (pruned, checkpoint): (Vec<PrunedRange>, Option<String>),
    ) -> Result<(u64, Option<Hash>), Failure> {
        let Self { header, filter, output, written, ledger, .. } = self;
        let ExportOutput::File { file, journal, target } = output else {
            context.terminal.flush()?;
            return Ok((written.count, None));
        };
        let content = ledger.map(Ledger::finish);
        let root = content.as_ref().map(|content| content.root);
        let finished = file.finish_after(|part| {
            let hashed = content.map(|content| digest(part).map(|digest| (content, digest))).transpose();
            let hashed = hashed.map_err(|error| Failure::file(&part_path(&target), "read", &error))?;
            // The part gets its name next: there is nothing to resume any more.
            context.resume_hint.set(None);
            let Some((content, (bytes, sha256))) = hashed else { return Ok(()) };
            let name =
                target.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
            let parameters = query(header.log(), &filter).into_iter();
            let manifest = Manifest {
                manifest: Manifest::VERSION,
                made_by: MADE_BY.to_owned(),
                exported_at: context.time.now,
                server: header.server.clone(),
                organization: header.organization.clone(),
                query: parameters.map(|(name, values)| (name.to_owned(), values)).collect(),
                first: if header.oldest_first { "oldest" } else { "newest" }.to_owned(),
                as_of: written.as_of,
                format: header.format.clone(),
                columns: header.columns.clone(),
                entries: written.count,
                ids: written.ids,
                pruned,
                checkpoint,
                file: FileFacts { name, bytes, sha256 },
                content,
                seal: Hash::default(),
            };
            let path = manifest_of(&target);
            let mut file = NewFile::create(&path, true)?;
            let document = manifest.write().map_err(io::Error::from)?;
            file.write_all(document.as_bytes()).map_err(|error| Failure::file(&path, "write", &error))?;
            Ok::<_, Failure>(file.finish()?)
        });
        match finished {
            Ok(()) => {
                journal.remove();
                Ok((written.count, root))
            }
            Err(failure) if journal.has_resume_point() && part_path(&target).exists() => {
                let kept = format!(
                    "{} are in {}",
                    counted(written.count, "entry", "entries"),
                    part_path(&target).display()
                );
                Err(Failure { exit: exit::PARTIAL, ..failure }.hint(kept).hint(resume_hint(&target)))
            }
            Err(failure) => Err(failure),
        }
    }

    /// Ends a failed export. What was written stays as a partial file.
    fn cut_short(self, context: &mut Context, failure: Failure) -> Failure {
        let entries = self.written.count;
        if entries == 0 {
            return failure;
        }
        let so_far = format!("{} entries were written", grouped(entries));
        let restart = "run the same command again; it starts from the beginning".to_owned();
        let (kept, next) = match self.output {
            ExportOutput::Stdout => {
                drop(context.terminal.flush());
                (so_far, restart)
            }
            ExportOutput::File { file, journal, target } => {
                let next = if journal.has_resume_point() { resume_hint(&target) } else { restart };
                (format!("{so_far} to {}", file.keep_part().display()), next)
            }
        };
        Failure { exit: exit::PARTIAL, ..failure }.hint(kept).hint(next)
    }
}

/// Renders the pages of JSON from the first one on.
struct LazyWriter<'a> {
    unopened: Option<&'a mut dyn io::Write>,
    writer: Option<EntryWriter<'a>>,
}

impl<'a> LazyWriter<'a> {
    fn open(
        &mut self,
        written: &WrittenEntries,
        format: &'a EntryFormat,
        style: &'a Style,
        query: (Log, &Filter),
    ) -> io::Result<&mut EntryWriter<'a>> {
        if let Some(out) = self.unopened.take() {
            self.writer = Some(match written.count {
                0 => EntryWriter::open(out, format, style, query)?,
                _ => EntryWriter::resume(out, format, style),
            });
        }
        self.writer.as_mut().ok_or_else(|| io::Error::other("the output is closed"))
    }
}

fn resume_hint(target: &Path) -> String {
    format!("resume with: krosyn-audit export --resume {}", target.display())
}
