//! The work of an export: page by page into a file or a pipe, with what is needed to go on after a loss and to prove
//! the whole later.

use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use crate::api::page::PageView;
use crate::api::query::Query;
use crate::args::output::Format;
use crate::client::Client;
use crate::client::pages::Pages;
use crate::commands::Context;
use crate::commands::export::journal::{Checkpoint, Form, Journal, MADE_BY, Plan, Tally};
use crate::commands::output::{Held, Sink, query};
use crate::error::Failure;
use crate::exit;
use crate::model::evidence::ledger::Ledger;
use crate::model::evidence::manifest::{FileFacts, IdRange, Manifest, PrunedRange};
use crate::model::evidence::merkle::Hash;
use crate::model::evidence::trailer::Trail;
use crate::model::page::{Cursor, MAX_LIMIT, Order};
use crate::render::filter_summary::{counted, grouped};
use crate::render::json::DocumentEnd;
use crate::terminal::file::{FileDigest, NewFile, decompressed, part_path, with_suffix};
use crate::terminal::progress::Progress;

/// The name under which the manifest of a file stands.
pub(in crate::commands) fn manifest_of(target: &Path) -> PathBuf {
    with_suffix(target, ".manifest.json")
}

/// Where the text goes.
pub(super) enum Outlet {
    Stdout,
    File { journal: Journal, file: Box<NewFile>, target: PathBuf },
}

/// An export on its way.
pub(super) struct Export {
    pub(super) plan: Plan,
    pub(super) form: Form,
    pub(super) outlet: Outlet,
    tally: Tally,
    /// What is kept of the text: for a manifest, and for a trailer.
    ledger: Option<Ledger>,
    trail: Option<Trail>,
}

impl Export {
    pub(super) fn new(plan: Plan, form: Form, outlet: Outlet) -> Self {
        let (ledger, trail) = (plan.manifest.then(Ledger::default), plan.trailer.then(Trail::default));
        Self { plan, form, outlet, tally: Tally::default(), ledger, trail }
    }

    /// The same export, gone on with behind a checkpoint: the books are made again of what is written.
    pub(super) fn resumed(self, checkpoint: &Checkpoint, target: &Path) -> io::Result<Self> {
        let mut export = Self { tally: checkpoint.tally.clone(), ..self };
        if export.ledger.is_some() || export.trail.is_some() {
            let written = File::open(part_path(target))?.take(checkpoint.stored.bytes);
            let mut text = decompressed(target, written)?;
            let mut buffer = vec![0; 256 * 1024];
            loop {
                let read = text.read(&mut buffer)?;
                if read == 0 {
                    break;
                }
                export.note(&buffer[..read]);
            }
        }
        Ok(export)
    }

    fn note(&mut self, text: &[u8]) {
        if let Some(ledger) = &mut self.ledger {
            ledger.add(text);
        }
        if let Some(trail) = &mut self.trail {
            trail.add(text);
        }
    }

    /// Writes all that is still to be written. On a failure what there is stays, and how to go on is said.
    pub(super) async fn run(
        mut self,
        context: &mut Context,
        client: &Client,
        cursor: Option<Cursor>,
    ) -> Result<(u64, Option<Hash>), Failure> {
        let progress = Progress::start(&context.terminal, "exported");
        progress.add(self.tally.entries);
        let outcome = self.pages(context, client, cursor, &progress).await;
        let outcome = match outcome {
            Ok(()) => self.pruned(client).await,
            Err(failure) => Err(failure),
        };
        drop(progress);
        context.if_interrupted.set(None);
        match outcome {
            Ok(pruned) => self.finish(context, pruned),
            Err(failure) if failure.closed_pipe => Err(failure),
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
        let Form { filter, format, columns, args } = &self.form;
        let (filter, format, columns, args) = (filter.clone(), *format, columns.clone(), args.clone());
        let order = if self.plan.oldest_first { Order::Ascending } else { Order::Descending };
        // Counting costs a little; only somebody who watches wants to know how much is left.
        let total = context.terminal.shows_progress() && cursor.is_none();
        let question =
            Query { filter: filter.clone(), order, limit: MAX_LIMIT, cursor, total, ..Query::default() };
        let mut pages = Pages::new(client.clone(), question).prefetch()?;
        let style = context.appearance.look(&context.terminal, context.time, false);
        let held = Held::default();
        let mut tap = held.clone();
        let mut sink = match self.tally.entries {
            0 => Sink::open(&mut tap, format, &columns, &args, &style, &filter)?,
            _ => Sink::reopen(&mut tap, format, &columns, &args, &style)?,
        };
        let outcome = loop {
            let page = match pages.next().await {
                Ok(None) => break Ok(()),
                Ok(Some(page)) => page,
                Err(error) => break Err(error),
            };
            let PageView { data, total, .. } = match page.read() {
                Ok(read) => read,
                Err(error) => break Err(error),
            };
            if let Some(total) = total {
                progress.expect(total.count);
            }
            self.tally.entries += data.len() as u64;
            self.tally.ids =
                data.iter().fold(self.tally.ids, |ids, entry| Some(IdRange::with(ids, entry.id)));
            self.tally.as_of = page.info.as_of;
            data.iter().try_for_each(|entry| sink.view(entry))?;
            sink.flush()?;
            held.hand_on(|text| self.put(context, text))?;
            if let Some(cursor) = &page.info.next_cursor {
                self.checkpoint(context, cursor.clone())?;
            }
            progress.add(data.len() as u64);
        };
        let long = sink.long();
        sink.finish(DocumentEnd {
            matched: outcome.is_ok().then_some(self.tally.entries),
            complete: outcome.is_ok(),
            next_cursor: None,
        })?;
        held.hand_on(|text| self.put(context, text))?;
        outcome?;
        if long > 0 && format == Format::Csv {
            context.terminal.warn(&format!(
                "{} with a cell of more than 32,767 characters, where spreadsheets cut without a word: --explode writes a row for each field, --max-cell 32767 cuts with a mark",
                counted(long, "entry", "entries")
            ));
        }
        if let Some(trail) = &self.trail {
            let trailer = trail.trailer(self.tally.entries, self.tally.as_of);
            let line =
                if format.is_json() { trailer.json().map_err(io::Error::from)? } else { trailer.cell() };
            self.put(context, line.as_bytes())?;
        }
        Ok(())
    }

    fn put(&mut self, context: &mut Context, text: &[u8]) -> io::Result<()> {
        self.note(text);
        match &mut self.outlet {
            Outlet::Stdout => context.terminal.data().write_all(text),
            Outlet::File { file, .. } => file.write_all(text),
        }
    }

    fn checkpoint(&mut self, context: &mut Context, cursor: String) -> io::Result<()> {
        let Outlet::File { file, journal, target } = &mut self.outlet else { return Ok(()) };
        let stored = file.checkpoint()?;
        journal.add(&Checkpoint { cursor, tally: self.tally.clone(), stored })?;
        context.if_interrupted.set(Some(go_on(target)));
        Ok(())
    }

    /// What had been pruned of what was asked for, for the manifest.
    async fn pruned(&self, client: &Client) -> Result<Vec<PrunedRange>, Failure> {
        if !self.plan.manifest {
            return Ok(Vec::new());
        }
        let since = self.form.filter.since;
        let concerned = client.prunes().await?.data.into_iter();
        let concerned =
            concerned.filter(|prune| prune.deleted > 0 && since.is_none_or(|since| since < prune.cutoff));
        let range = concerned.map(|prune| PrunedRange {
            first_id: prune.first_id,
            last_id: prune.last_id,
            deleted: prune.deleted,
            before: prune.cutoff,
        });
        Ok(range.collect())
    }

    /// Gives the file its name, with its manifest beside it; tells how many entries there are, and the root.
    fn finish(self, context: &mut Context, pruned: Vec<PrunedRange>) -> Result<(u64, Option<Hash>), Failure> {
        let Self { plan, form, outlet, tally, ledger, .. } = self;
        let Outlet::File { file, journal, target } = outlet else {
            context.terminal.flush()?;
            return Ok((tally.entries, None));
        };
        let content = ledger.map(Ledger::finish);
        let root = content.as_ref().map(|content| content.root);
        file.finish_after(|FileDigest { bytes, sha256 }| {
            let Some(content) = content else { return Ok(()) };
            let name =
                target.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
            let asked = query(&form.filter).into_iter();
            let manifest = Manifest {
                manifest: Manifest::VERSION,
                made_by: MADE_BY.to_owned(),
                exported_at: context.time.now,
                server: plan.server.clone(),
                organization: plan.organization.clone(),
                query: asked.map(|(name, values)| (name.to_owned(), values)).collect(),
                first: if plan.oldest_first { "oldest" } else { "newest" }.to_owned(),
                as_of: tally.as_of,
                format: plan.format.clone(),
                columns: plan.columns(),
                entries: tally.entries,
                ids: tally.ids,
                pruned,
                file: FileFacts { name, bytes, sha256 },
                content,
                seal: Hash::default(),
            };
            let path = manifest_of(&target);
            let mut file = NewFile::create(&path, true)?;
            let document = manifest.write().map_err(io::Error::from)?;
            file.write_all(document.as_bytes()).map_err(|error| Failure::file(&path, "write", &error))?;
            Ok::<_, Failure>(file.finish()?)
        })?;
        journal.remove();
        Ok((tally.entries, root))
    }

    /// Ends an export that lost its server or its disk: what there is stays, under a name that says it is a part.
    fn cut_short(self, context: &mut Context, failure: Failure) -> Failure {
        let entries = self.tally.entries;
        if entries == 0 {
            return failure;
        }
        let so_far = format!("{} entries were written before", grouped(entries));
        let anew = "run the same command again; it begins anew".to_owned();
        let (kept, next) = match self.outlet {
            Outlet::Stdout => {
                drop(context.terminal.flush());
                (so_far, anew)
            }
            Outlet::File { file, journal, target } => {
                let next = if journal.has_checkpoint() { go_on(&target) } else { anew };
                (format!("{so_far}; they are kept in {}", file.keep_part().display()), next)
            }
        };
        Failure { exit: exit::PARTIAL, ..failure }.hint(kept).hint(next)
    }
}

/// How to go on with an export that was cut short.
fn go_on(target: &Path) -> String {
    format!("go on with: krosyn-audit export --resume {}", target.display())
}
