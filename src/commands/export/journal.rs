//! The journal of an export, from which it can be resumed: a header with the query and the format, then a resume point
//! after each page. One JSON object per line, in `NAME.part.journal` beside the partial file; removed when the file is
//! complete.

use std::io::{self, Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};

use clap::ValueEnum as _;
use serde::{Deserialize, Serialize};

use crate::api::query::{filter_pairs, read_only_filter};
use crate::args::output::{CsvArgs, Format};
use crate::commands::export::written::WrittenEntries;
use crate::commands::output::{EntryFormat, LOG};
use crate::error::Failure;
use crate::exit;
use crate::model::filter::Filter;
use crate::model::words::Log;
use crate::render::delimited::{FIELD_COLUMNS, Spreadsheet};
use crate::terminal::file::{
    ClaimedFile, FileCheckpoint, LockedFile, NewFile, PartFile, TemporaryFile, part_path, with_suffix,
};

/// The version of the journal's format.
const VERSION: u32 = 2;
/// A resumed export must write the same bytes, which only the same version of the tool guarantees.
pub(super) const MADE_BY: &str = concat!("krosyn-audit ", env!("CARGO_PKG_VERSION"));

/// What is exported, from where, and in which format. Files on disk have these fields.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ExportHeader {
    journal: u32,
    made_by: String,
    pub(super) server: String,
    pub(super) organization: String,
    query: Vec<(String, String)>,
    pub(super) oldest_first: bool,
    pub(super) format: String,
    /// The names of the columns; none in JSON.
    pub(super) columns: Vec<String>,
    formula_guard: bool,
    bom: bool,
    #[serde(default)]
    explode: bool,
    #[serde(default)]
    max_cell: Option<usize>,
    /// The zone of a spreadsheet's times, and whether it separates cells by semicolons.
    #[serde(default)]
    spreadsheet: Option<(String, bool)>,
    pub(super) trailer: bool,
    pub(super) manifest: bool,
    pub(super) force: bool,
}

/// How far an export has come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ResumePoint {
    /// The cursor of the next page.
    pub(super) cursor: String,
    #[serde(rename = "tally")]
    pub(super) written: WrittenEntries,
    pub(super) stored: FileCheckpoint,
}

impl ExportHeader {
    /// The header of a new export. Server and organization are empty for stdout, which cannot be resumed.
    pub(super) fn new(
        (log, filter): (Log, &Filter),
        format: &EntryFormat,
        (server, organization): (String, String),
        oldest_first: bool,
    ) -> Self {
        let log = Some((LOG, log.to_string())).filter(|_| log != Log::Audit);
        let pairs = log.into_iter().chain(filter_pairs(filter));
        let format_name = format.format.to_possible_value().map(|value| value.get_name().to_owned());
        let columns = if format.format.has_columns() { &format.columns[..] } else { &[] };
        let columns = columns.iter().map(|column| column.name());
        let fields = FIELD_COLUMNS.into_iter().filter(|_| format.explode);
        Self {
            journal: VERSION,
            made_by: MADE_BY.to_owned(),
            server,
            organization,
            query: pairs.map(|(name, value)| (name.to_owned(), value)).collect(),
            oldest_first,
            format: format_name.unwrap_or_default(),
            columns: columns.chain(fields).map(str::to_owned).collect(),
            explode: format.explode,
            max_cell: format.max_cell,
            spreadsheet: format.spreadsheet.map(Spreadsheet::words),
            formula_guard: !format.csv.no_formula_guard,
            bom: format.csv.bom,
            trailer: false,
            manifest: false,
            force: false,
        }
    }

    /// The log that is exported: no key is the audit log.
    pub(super) fn log(&self) -> Log {
        if self.query.iter().any(|(name, _)| name == LOG) { Log::Trail } else { Log::Audit }
    }

    /// The log, the filter and the format; none when a later version has written words that this one does not know.
    pub(super) fn decode(&self) -> Option<(Log, (Filter, EntryFormat))> {
        let pairs: Vec<_> = self.query.iter().filter(|(name, _)| name != LOG).cloned().collect();
        let columns = self.columns.len().checked_sub(if self.explode { FIELD_COLUMNS.len() } else { 0 })?;
        let columns = self.columns[..columns].iter().map(|name| name.parse());
        let log = self.log();
        let name = Format::from_str(&self.format, false).ok()?;
        let format = EntryFormat {
            format: name,
            columns: columns.collect::<Result<_, _>>().ok()?,
            csv: CsvArgs { no_formula_guard: !self.formula_guard, bom: self.bom },
            explode: self.explode,
            max_cell: self.max_cell,
            // The same version wrote it, so the zone is known.
            spreadsheet: self.spreadsheet.as_ref().and_then(Spreadsheet::from_words),
            source: name.event().map(|_| (log, self.organization.clone())),
        };
        Some((log, (read_only_filter(log, &pairs).ok()?, format)))
    }
}

/// An open journal. Its constructors take the locked partial file as proof of the lock. A resumed export appends to the
/// journal that it has read.
///
/// A journal that this run began is deleted when it is dropped without a resume point: there is nothing to resume.
pub(super) struct Journal {
    // Declared before the file, so that it is removed under the file's lock. None for a journal that stays.
    temporary: Option<TemporaryFile>,
    /// None when the output cannot be resumed.
    file: Option<LockedFile>,
    path: PathBuf,
    has_resume_point: bool,
}

impl Journal {
    fn path(part: &Path) -> PathBuf {
        with_suffix(part, ".journal")
    }

    /// Fails when there is no export to resume. Opens nothing.
    pub(super) fn must_exist(target: &Path) -> Result<(), Failure> {
        // A symbolic link also counts: opening it reports the real problem.
        if std::fs::symlink_metadata(Self::path(&part_path(target))).is_ok() {
            return Ok(());
        }
        Err(nothing_to_resume(target))
    }

    /// Begins a journal for a file whose partial file is locked; replaces an older journal.
    pub(super) fn create(file: &NewFile, target: &Path, header: &ExportHeader) -> Result<Self, Failure> {
        let Some(part) = file.part() else {
            let path = target.to_owned();
            return Ok(Self { temporary: None, file: None, path, has_resume_point: false });
        };
        let path = Self::path(part);
        let (file, temporary) = ClaimedFile::open(&path, target)?.begin();
        let mut journal =
            Self { temporary: Some(temporary), file: Some(file), path, has_resume_point: false };
        journal.restart(header)?;
        Ok(journal)
    }

    /// Opens the journal of an interrupted export, whose partial file is locked. Returns its header and last resume point.
    pub(super) fn open(
        part: &PartFile,
        target: &Path,
    ) -> Result<(Self, ExportHeader, Option<ResumePoint>), Failure> {
        let path = Self::path(part.path());
        let claimed = ClaimedFile::open(&path, target)?;
        if claimed.is_new() {
            // Another run has finished the export since `must_exist` looked.
            return Err(nothing_to_resume(target));
        }
        let mut file = claimed.keep();
        let mut text = String::new();
        file.read_to_string(&mut text).map_err(|error| Failure::file(&path, "read", &error))?;
        let (header, resume_point, complete) = read(&text).ok_or_else(|| {
            let message = format!("cannot resume with {}: {}", path.display(), cause(&text));
            Failure::new(exit::FAILED, message).hint(restart_hint(target))
        })?;
        // Remove an incomplete last line before appending.
        let cut = file.set_len(complete).and_then(|()| file.seek(io::SeekFrom::End(0)));
        cut.map_err(|error| Failure::file(&path, "write", &error))?;
        let has_resume_point = resume_point.is_some();
        Ok((Self { temporary: None, file: Some(file), path, has_resume_point }, header, resume_point))
    }

    /// Empties the journal and writes the header: the export starts from its first page.
    pub(super) fn restart(&mut self, header: &ExportHeader) -> Result<(), Failure> {
        let emptied = self.file.as_mut().map_or(Ok(()), |file| {
            file.set_len(0)?;
            file.rewind()
        });
        self.has_resume_point = false;
        let written = emptied.and_then(|()| self.line(header));
        written.map_err(|error| Failure::file(&self.path, "write", &error))
    }

    pub(super) fn add(&mut self, resume_point: &ResumePoint) -> io::Result<()> {
        self.line(resume_point)?;
        self.has_resume_point = self.file.is_some();
        self.temporary.take().into_iter().for_each(TemporaryFile::keep);
        Ok(())
    }

    pub(super) const fn has_resume_point(&self) -> bool {
        self.has_resume_point
    }

    fn line(&mut self, value: &impl Serialize) -> io::Result<()> {
        let Some(file) = &mut self.file else { return Ok(()) };
        file.write_all(format!("{}\n", serde_json::to_string(value)?).as_bytes())
    }

    /// Removes the journal of a finished export.
    pub(super) fn remove(self) {
        // The lock is held until the file is gone, so that no other run can use it.
        if self.file.is_some() {
            drop(std::fs::remove_file(&self.path));
        }
    }
}

fn nothing_to_resume(target: &Path) -> Failure {
    let message = format!("no interrupted export of {} to resume", target.display());
    Failure::new(exit::NOT_FOUND, message).hint(restart_hint(target))
}

fn restart_hint(target: &Path) -> String {
    format!("start a new export with the same filters: krosyn-audit export -o {}", target.display())
}

/// Why a journal cannot be read.
fn cause(text: &str) -> String {
    #[derive(Deserialize)]
    struct Maker {
        journal: u32,
        made_by: String,
    }
    let maker = text.lines().next().and_then(|line| serde_json::from_str::<Maker>(line).ok());
    match maker {
        Some(Maker { journal, made_by }) if (journal, &*made_by) != (VERSION, MADE_BY) => {
            format!(
                "the export was begun by {made_by} with journals of version {journal}, and only that program can finish it"
            )
        }
        _ => "it is not the journal of an export, or is damaged".to_owned(),
    }
}

/// Reads the header, the last resume point, and the length of all complete lines. An incomplete last line is ignored.
fn read(text: &str) -> Option<(ExportHeader, Option<ResumePoint>, u64)> {
    let complete = text.rfind('\n')? + 1;
    let mut lines = text[..complete].lines();
    let header: ExportHeader = serde_json::from_str(lines.next()?).ok()?;
    if header.journal != VERSION || header.made_by != MADE_BY {
        return None;
    }
    let resume_points =
        lines.map(|line| serde_json::from_str(line).ok()).collect::<Option<Vec<ResumePoint>>>()?;
    Some((header, resume_points.into_iter().next_back(), complete as u64))
}

#[cfg(test)]
mod tests;
