//! What an export remembers so that it can be gone on with: what was asked and in which form, and behind each page how
//! far it came. One JSON object a line, in `NAME.part.journal` beside the part; gone when the file is whole.

use std::io::{self, Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};

use clap::ValueEnum as _;
use serde::{Deserialize, Serialize};

use crate::api::query::{filter_pairs, read_only_filter};
use crate::args::output::{Format, ListOutputArgs};
use crate::error::Failure;
use crate::exit;
use crate::model::evidence::manifest::IdRange;
use crate::model::filter::Filter;
use crate::render::columns::Column;
use crate::render::delimited::FIELD_COLUMNS;
use crate::terminal::file::{
    ClaimedFile, FileDigest, LockedFile, NewFile, PartFile, TemporaryFile, part_path, with_suffix,
};

/// The form of a journal; another one gets another number.
const VERSION: u32 = 1;
/// Whoever goes on must write the same bytes, and only the same version is known to.
pub(super) const MADE_BY: &str = concat!("krosyn-audit ", env!("CARGO_PKG_VERSION"));

/// What was asked, of whom, and in which form.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Plan {
    journal: u32,
    made_by: String,
    pub(super) server: String,
    pub(super) organization: String,
    query: Vec<(String, String)>,
    pub(super) oldest_first: bool,
    pub(super) format: String,
    columns: Vec<String>,
    formula_guard: bool,
    bom: bool,
    #[serde(default)]
    explode: bool,
    #[serde(default)]
    max_cell: Option<usize>,
    pub(super) trailer: bool,
    pub(super) manifest: bool,
    pub(super) force: bool,
}

/// How far an export came.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Checkpoint {
    /// The next page.
    pub(super) cursor: String,
    pub(super) tally: Tally,
    pub(super) stored: FileDigest,
}

/// What was written so far.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Tally {
    pub(super) entries: u64,
    pub(super) ids: Option<IdRange>,
    pub(super) as_of: u64,
}

/// A plan as the rest works with it.
pub(super) struct Form {
    pub(super) filter: Filter,
    pub(super) format: Format,
    pub(super) columns: Vec<Column>,
    pub(super) args: ListOutputArgs,
}

impl Plan {
    pub(super) fn new(
        form: &Form,
        (server, organization): (String, String),
        oldest_first: bool,
        (trailer, manifest): (bool, bool),
    ) -> Self {
        let Form { filter, format, columns, args } = form;
        let pairs = filter_pairs(filter).into_iter();
        let format_name = format.to_possible_value().map(|value| value.get_name().to_owned());
        let columns = if format.is_json() { &[][..] } else { columns };
        let columns = columns.iter().map(|column| column.name());
        let fields = FIELD_COLUMNS.into_iter().filter(|_| args.explode);
        Self {
            journal: VERSION,
            made_by: MADE_BY.to_owned(),
            server,
            organization,
            query: pairs.map(|(name, value)| (name.to_owned(), value)).collect(),
            oldest_first,
            format: format_name.unwrap_or_default(),
            columns: columns.chain(fields).map(str::to_owned).collect(),
            explode: args.explode,
            max_cell: args.max_cell,
            formula_guard: !args.no_formula_guard,
            bom: args.bom,
            trailer,
            manifest,
            force: args.force,
        }
    }

    /// The form this was planned in; none when a later version wrote words that this one does not know.
    pub(super) fn form(&self, target: &Path) -> Option<Form> {
        let pairs = self.query.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let format = Format::from_str(&self.format, false).ok()?;
        let args = ListOutputArgs {
            format: Some(format),
            output: Some(target.to_owned()),
            force: self.force,
            no_formula_guard: !self.formula_guard,
            bom: self.bom,
            explode: self.explode,
            max_cell: self.max_cell,
            ..ListOutputArgs::default()
        };
        let columns = self.columns.len().checked_sub(if self.explode { FIELD_COLUMNS.len() } else { 0 })?;
        let columns = self.columns[..columns].iter().map(|name| name.parse());
        let columns = columns.collect::<Result<_, _>>().ok()?;
        Some(Form { filter: read_only_filter(pairs).ok()?, format, columns, args })
    }

    /// The columns, by name; none in JSON.
    pub(super) fn columns(&self) -> Vec<String> {
        self.columns.clone()
    }
}

/// The journal of an export. It is opened behind the lock on the part, whose proof its constructors take, and there is one
/// for a run: an export that is resumed writes on in the journal that it has read.
///
/// Dropped without a checkpoint, a journal that this run began takes its file with it: there is nothing to resume.
pub(super) struct Journal {
    // Before the file, whose lock guards the removal. None for a journal that stays.
    temporary: Option<TemporaryFile>,
    /// None where nothing can be resumed.
    file: Option<LockedFile>,
    path: PathBuf,
    has_checkpoint: bool,
}

impl Journal {
    fn path(part: &Path) -> PathBuf {
        with_suffix(part, ".journal")
    }

    /// Refuses to resume an export of which there is no journal, before anything is opened.
    pub(super) fn must_exist(target: &Path) -> Result<(), Failure> {
        // A link too, wherever it leads: it is refused for what it is when it is opened.
        if std::fs::symlink_metadata(Self::path(&part_path(target))).is_ok() {
            return Ok(());
        }
        let message = format!("there is no export of {} to go on with", target.display());
        Err(Failure::new(exit::NOT_FOUND, message).hint(begin_anew(target)))
    }

    /// Begins a journal, in place of an older one, for a file whose part is locked.
    pub(super) fn create(file: &NewFile, target: &Path, plan: &Plan) -> Result<Self, Failure> {
        let Some(part) = file.part() else {
            let path = target.to_owned();
            return Ok(Self { temporary: None, file: None, path, has_checkpoint: false });
        };
        let path = Self::path(part);
        let (file, temporary) = ClaimedFile::open(&path, target)?.begin();
        let mut journal = Self { temporary: Some(temporary), file: Some(file), path, has_checkpoint: false };
        journal.restart(plan)?;
        Ok(journal)
    }

    /// Opens the journal of an export that was cut short, whose part is locked: its plan, and how far it came, if it came
    /// anywhere.
    pub(super) fn open(part: &PartFile, target: &Path) -> Result<(Self, Plan, Option<Checkpoint>), Failure> {
        let path = Self::path(part.path());
        let claimed = ClaimedFile::open(&path, target)?;
        if claimed.is_new() {
            // It was finished, and its journal removed, since it was looked for.
            let message = format!("there is no export of {} to go on with", target.display());
            return Err(Failure::new(exit::NOT_FOUND, message).hint(begin_anew(target)));
        }
        let mut file = claimed.keep();
        let mut text = String::new();
        file.read_to_string(&mut text).map_err(|error| Failure::file(&path, "read", &error))?;
        let (plan, checkpoint, whole) = read(&text).ok_or_else(|| {
            let message = format!("{} is no journal of {MADE_BY}", path.display());
            Failure::new(exit::FAILED, message).hint(begin_anew(target))
        })?;
        // A line that was cut off would spoil the next.
        let cut = file.set_len(whole).and_then(|()| file.seek(io::SeekFrom::End(0)));
        cut.map_err(|error| Failure::file(&path, "write", &error))?;
        let has_checkpoint = checkpoint.is_some();
        Ok((Self { temporary: None, file: Some(file), path, has_checkpoint }, plan, checkpoint))
    }

    /// Holds this plan and nothing else: the export begins at its first page.
    pub(super) fn restart(&mut self, plan: &Plan) -> Result<(), Failure> {
        let emptied = self.file.as_mut().map_or(Ok(()), |file| {
            file.set_len(0)?;
            file.rewind()
        });
        self.has_checkpoint = false;
        let written = emptied.and_then(|()| self.line(plan));
        written.map_err(|error| Failure::file(&self.path, "write", &error))
    }

    /// Keeps how far it came.
    pub(super) fn add(&mut self, checkpoint: &Checkpoint) -> io::Result<()> {
        self.line(checkpoint)?;
        self.has_checkpoint = self.file.is_some();
        self.temporary.take().into_iter().for_each(TemporaryFile::keep);
        Ok(())
    }

    /// Whether the export can be gone on with.
    pub(super) const fn has_checkpoint(&self) -> bool {
        self.has_checkpoint
    }

    fn line(&mut self, value: &impl Serialize) -> io::Result<()> {
        let Some(file) = &mut self.file else { return Ok(()) };
        file.write_all(format!("{}\n", serde_json::to_string(value)?).as_bytes())
    }

    /// Ends it: there is nothing to resume any more.
    pub(super) fn remove(self) {
        // Its lock is held until it is gone, so that no other run has begun to use it.
        if self.file.is_some() {
            drop(std::fs::remove_file(&self.path));
        }
    }
}

fn begin_anew(target: &Path) -> String {
    format!("`krosyn-audit export -o {}` begins anew", target.display())
}

/// The plan, the last checkpoint, and how many bytes of the text are whole lines. A last line that was cut off counts
/// as not written.
fn read(text: &str) -> Option<(Plan, Option<Checkpoint>, u64)> {
    let whole = text.rfind('\n')? + 1;
    let mut lines = text[..whole].lines();
    let plan: Plan = serde_json::from_str(lines.next()?).ok()?;
    if plan.journal != VERSION || plan.made_by != MADE_BY {
        return None;
    }
    let checkpoints =
        lines.map(|line| serde_json::from_str(line).ok()).collect::<Option<Vec<Checkpoint>>>()?;
    Some((plan, checkpoints.into_iter().next_back(), whole as u64))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::evidence::merkle::Hash;
    use crate::render::columns::EXPORT_COLUMNS;

    fn form() -> Form {
        let mut filter = Filter::default();
        filter.action.add_list("updated,!deleted").expect("words");
        filter.text.add("a, b").expect("a text");
        filter.since = Some("2026-11-16T00:00:00Z".parse().expect("a time"));
        let args = ListOutputArgs { no_formula_guard: true, explode: true, ..ListOutputArgs::default() };
        Form { filter, format: Format::Csv, columns: EXPORT_COLUMNS.to_vec(), args }
    }

    fn plan() -> Plan {
        Plan::new(&form(), ("s".to_owned(), "o".to_owned()), true, (true, false))
    }

    fn checkpoint(entries: u64) -> Checkpoint {
        let tally = Tally { entries, ids: Some(IdRange { lowest: 1, highest: 2 }), as_of: 9 };
        Checkpoint { cursor: "c".to_owned(), tally, stored: FileDigest { bytes: 7, sha256: Hash::of(b"x") } }
    }

    fn opened(target: &Path) -> Result<(Plan, Option<u64>), Failure> {
        let part = PartFile::claim(target)?;
        let (_, plan, checkpoint) = Journal::open(&part, target)?;
        Ok((plan, checkpoint.map(|it| it.tally.entries)))
    }

    #[test]
    fn a_plan_and_the_last_whole_checkpoint_are_read_back() {
        let directory = tempfile::tempdir().expect("a directory");
        let target = directory.path().join("x.csv");
        assert_eq!(Journal::must_exist(&target).err().map(|failure| failure.exit), Some(exit::NOT_FOUND));
        assert_eq!(opened(&target).err().map(|failure| failure.exit), Some(exit::NOT_FOUND));
        assert_eq!(std::fs::read_dir(directory.path()).expect("read").count(), 0, "nothing is left");
        let file = NewFile::create(&target, false).expect("begun");
        let mut journal = Journal::create(&file, &target, &plan()).expect("begun");
        for entries in [1, 2] {
            journal.add(&checkpoint(entries)).expect("added");
        }
        assert!(journal.has_checkpoint());
        journal.file.as_mut().expect("a file").write_all(b"{\"cursor\":\"cut o").expect("written");
        drop((journal, file));
        for _ in 0..2 {
            let (read, entries) = opened(&target).expect("a journal");
            assert_eq!((&read, entries), (&plan(), Some(2)));
            let back = read.form(&target).expect("a form");
            assert_eq!(
                (back.filter, back.format, back.columns),
                (form().filter, Format::Csv, form().columns)
            );
            assert!(back.args.no_formula_guard && !back.args.bom && back.args.explode);
            assert_eq!(read.columns().len(), EXPORT_COLUMNS.len() + 4);
        }
        std::fs::write(Journal::path(&part_path(&target)), "{}\n").expect("written");
        assert_eq!(opened(&target).err().map(|failure| failure.exit), Some(exit::FAILED));
    }

    #[test]
    fn a_second_run_is_refused_and_changes_nothing() {
        let directory = tempfile::tempdir().expect("a directory");
        let target = directory.path().join("x.csv");
        let file = NewFile::create(&target, false).expect("begun");
        let mut journal = Journal::create(&file, &target, &plan()).expect("begun");
        for is_resumed in [false, true] {
            let before = std::fs::read(&journal.path).expect("read");
            assert_eq!(opened(&target).err().map(|failure| failure.exit), Some(exit::LOCKED));
            assert!(NewFile::create(&target, true).is_err());
            assert_eq!(std::fs::read(&journal.path).expect("still there"), before, "{is_resumed}");
            journal.add(&checkpoint(1)).expect("added");
        }
        // Another process that finishes still holds the journal when the part has got its name.
        assert!(ClaimedFile::open(&journal.path, &target).is_err());
        journal.remove();
        assert!(Journal::must_exist(&target).is_err());
    }

    #[test]
    fn a_journal_without_a_checkpoint_goes_with_its_run_and_a_resumed_one_stays() {
        let directory = tempfile::tempdir().expect("a directory");
        let target = directory.path().join("x.csv");
        let begin = || {
            let file = NewFile::create(&target, false).expect("begun");
            let journal = Journal::create(&file, &target, &plan()).expect("begun");
            (file, journal)
        };
        drop(begin());
        assert!(Journal::must_exist(&target).is_err());
        // A killed process drops nothing.
        let (file, journal) = begin();
        let Journal { temporary, file: locked, .. } = journal;
        temporary.map(TemporaryFile::keep).expect("its own");
        drop((locked, file));
        for _ in 0..3 {
            let part = PartFile::claim(&target).expect("free");
            let (mut journal, read, checkpoint) = Journal::open(&part, &target).expect("a journal");
            assert_eq!((read, checkpoint), (plan(), None));
            // It fails here, or after it began to write.
            let file = part.begin(false).expect("begun");
            journal.restart(&plan()).expect("begun");
            drop((file, journal));
            Journal::must_exist(&target).expect("still there");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_link_and_its_file_have_one_journal() {
        let directory = tempfile::tempdir().expect("a directory");
        let (link, target) = (directory.path().join("link"), directory.path().join("x.csv"));
        std::os::unix::fs::symlink("x.csv", &link).expect("made");
        let file = NewFile::create(&link, false).expect("begun");
        let mut journal = Journal::create(&file, &link, &plan()).expect("begun");
        journal.add(&checkpoint(1)).expect("added");
        drop((journal, file));
        assert_eq!(opened(&target).ok().and_then(|(_, entries)| entries), Some(1));
    }
}
