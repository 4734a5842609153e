//! What an export remembers so that it can be gone on with: what was asked and in which form, and behind each page how
//! far it came. One JSON object a line, in `NAME.part.journal` beside the part; gone when the file is whole.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
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
use crate::terminal::file::{Stored, beside, passes_on};

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
    pub(super) stored: Stored,
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

/// The journal of an export that is running. Dropped without a checkpoint it takes its file with it: there would be
/// nothing to go on with.
pub(super) struct Journal {
    /// None where nothing could be gone on with.
    file: Option<File>,
    path: PathBuf,
    has_checkpoint: bool,
}

impl Journal {
    fn path(target: &Path) -> PathBuf {
        beside(target, ".part.journal")
    }

    /// Begins a journal, in place of an older one.
    pub(super) fn create(target: &Path, plan: &Plan) -> Result<Self, Failure> {
        let path = Self::path(target);
        if passes_on(target) {
            return Ok(Self { file: None, path, has_checkpoint: false });
        }
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(&path).map_err(|error| Failure::file(&path, "write", &error))?;
        let mut journal = Self { file: Some(file), path, has_checkpoint: false };
        journal.line(plan).map_err(|error| Failure::file(&journal.path, "write", &error))?;
        Ok(journal)
    }

    /// Opens the journal of an export that was cut short: its plan, and how far it came, if it came anywhere.
    pub(super) fn open(target: &Path) -> Result<(Self, Plan, Option<Checkpoint>), Failure> {
        let path = Self::path(target);
        let anew = format!("`krosyn-audit export -o {}` begins anew", target.display());
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let message = format!("there is no export of {} to go on with", target.display());
                return Err(Failure::new(exit::NOT_FOUND, message).hint(anew));
            }
            Err(error) => return Err(Failure::file(&path, "read", &error)),
        };
        let (plan, checkpoint, whole) = read(&text).ok_or_else(|| {
            let message = format!("{} is no journal of {MADE_BY}", path.display());
            Failure::new(exit::FAILED, message).hint(anew)
        })?;
        let failed = |error| Failure::file(&path, "write", &error);
        let file = OpenOptions::new().append(true).open(&path).map_err(failed)?;
        // A line that was cut off would spoil the next.
        file.set_len(whole).map_err(failed)?;
        Ok((Self { file: Some(file), path, has_checkpoint: checkpoint.is_some() }, plan, checkpoint))
    }

    /// Keeps how far it came.
    pub(super) fn add(&mut self, checkpoint: &Checkpoint) -> io::Result<()> {
        self.line(checkpoint)?;
        self.has_checkpoint = self.file.is_some();
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

    /// Ends it: there is nothing to go on with any more.
    pub(super) fn remove(mut self) {
        self.has_checkpoint = false;
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        if self.file.is_some() && !self.has_checkpoint {
            drop(std::fs::remove_file(&self.path));
        }
    }
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

    #[test]
    fn a_plan_and_the_last_whole_checkpoint_are_read_back() {
        let directory = tempfile::tempdir().expect("a directory");
        let target = directory.path().join("x.csv");
        assert_eq!(Journal::open(&target).err().map(|failure| failure.exit), Some(exit::NOT_FOUND));
        let plan = Plan::new(&form(), ("s".to_owned(), "o".to_owned()), true, (true, false));
        let mut journal = Journal::create(&target, &plan).expect("begun");
        for entries in [1, 2] {
            let tally = Tally { entries, ids: Some(IdRange { lowest: 1, highest: 2 }), as_of: 9 };
            let stored = Stored { bytes: 7, sha256: Hash::of(b"x") };
            journal.add(&Checkpoint { cursor: "c".to_owned(), tally, stored }).expect("added");
        }
        assert!(journal.has_checkpoint());
        let file = journal.file.as_mut().expect("a file");
        file.write_all(b"{\"cursor\":\"cut o").expect("written");
        for _ in 0..2 {
            let (_, read, checkpoint) = Journal::open(&target).expect("a journal");
            assert_eq!((&read, checkpoint.map(|it| it.tally.entries)), (&plan, Some(2)));
            let back = read.form(&target).expect("a form");
            assert_eq!(
                (back.filter, back.format, back.columns),
                (form().filter, Format::Csv, form().columns)
            );
            assert!(back.args.no_formula_guard && !back.args.bom && back.args.explode);
            assert_eq!(read.columns().len(), EXPORT_COLUMNS.len() + 4);
        }
        std::fs::write(Journal::path(&target), "{}\n").expect("written");
        assert_eq!(Journal::open(&target).err().map(|failure| failure.exit), Some(exit::FAILED));
    }
}
