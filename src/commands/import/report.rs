//! What became of the lines of an import, and how it is told.

use std::collections::{BTreeMap, BTreeSet};

use crate::api::record::{LineAnswer, NotRecorded};
use crate::commands::Context;
use crate::error::Failure;
use crate::exit;
use crate::model::foreign::readable;
use crate::render::filter_summary::counted;
use crate::terminal::progress::Progress;

/// So many failed lines are named one by one.
const NAMED: u64 = 20;

/// How many rows share a fate, and where the first of them stands.
struct Rows {
    count: u64,
    first: String,
}

/// What became of the lines.
#[derive(Default)]
pub(super) struct Report {
    recorded: u64,
    known: u64,
    unchanged: u64,
    failed: u64,
    left_out: u64,
    /// What stands for nothing here. A word that may be a secret is not kept.
    unmapped: BTreeMap<(&'static str, &'static str, Option<String>), Rows>,
    /// Why rows give no entry.
    unmappable: BTreeMap<&'static str, Rows>,
    adjusted: BTreeMap<&'static str, u64>,
    prefixed: BTreeSet<Option<String>>,
}

impl Report {
    /// Counts a line that failed, and says why, as long as there are few.
    pub(super) fn fail(
        &mut self,
        context: &mut Context,
        progress: &Progress,
        (name, number): (&str, u64),
        detail: &str,
    ) {
        self.failed += 1;
        if self.failed <= NAMED {
            progress.pause(|| context.terminal.show(&format!("{name}:{number}: {detail}")));
        }
    }

    pub(super) fn leave_out(&mut self) {
        self.left_out += 1;
    }

    pub(super) fn unmapped(
        &mut self,
        (name, number): (&str, u64),
        what: &'static str,
        column: &'static str,
        word: &str,
    ) {
        let shown = readable(what, word).map(str::to_owned);
        let rows = self.unmapped.entry((what, column, shown));
        rows.or_insert_with(|| Rows { count: 0, first: format!("{name}:{number}") }).count += 1;
    }

    pub(super) fn unmappable(&mut self, (name, number): (&str, u64), why: &'static str) {
        let rows = self.unmappable.entry(why);
        rows.or_insert_with(|| Rows { count: 0, first: format!("{name}:{number}") }).count += 1;
    }

    pub(super) fn adjusted(&mut self, what: &'static str) {
        *self.adjusted.entry(what).or_default() += 1;
    }

    pub(super) fn prefixed(&mut self, class: &str) {
        self.prefixed.insert(readable("model type", class).map(str::to_owned));
    }

    pub(super) fn count(&mut self, answer: &LineAnswer) {
        match answer {
            // Told and counted by itself.
            LineAnswer { detail: Some(_), .. } => {}
            LineAnswer { reason: Some(NotRecorded::NoChange), .. } => self.unchanged += 1,
            LineAnswer { status: 200, reason: None, .. } => self.known += 1,
            LineAnswer { .. } => self.recorded += 1,
        }
    }

    /// Says what became of all.
    pub(super) fn show(&self, context: &mut Context, dry_run: bool) {
        let terminal = &mut context.terminal;
        if self.failed > NAMED {
            let more = counted(self.failed - NAMED, "more line", "more lines");
            terminal.show(&format!("and {more}"));
        }
        terminal.status(&self.totals(dry_run));
        for (what, rows) in &self.adjusted {
            terminal.status(&format!("{what}: {}", counted(*rows, "row", "rows")));
        }
        for class in &self.prefixed {
            let (class, plain) = match class {
                Some(class) => (class.as_str(), format!("--plain '{class}'")),
                None => ("a class that is not shown here", "--plain CLASS".to_owned()),
            };
            terminal.status(&format!(
                "{class}: ids are kept as CLASS#ID, so that they are not taken for those of another class; {plain} keeps them as they are"
            ));
        }
        for ((what, column, word), rows) in &self.unmapped {
            let word = word.as_ref().map_or(String::new(), |word| format!(" {word}"));
            terminal.show(&format!("not mapped: {what}{word}, {}", rows.place(Some(column))));
        }
        for (why, rows) in &self.unmappable {
            terminal.show(&format!("not imported: {why}, {}", rows.place(None)));
        }
    }

    fn totals(&self, dry_run: bool) -> String {
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

    /// How the command ends.
    ///
    /// # Errors
    /// With exit code 3 when some lines or rows gave no entry.
    pub(super) fn end(&self, dry_run: bool) -> Result<u8, Failure> {
        let unmapped: u64 = self.unmapped.values().map(|rows| rows.count).sum();
        let unmappable: u64 = self.unmappable.values().map(|rows| rows.count).sum();
        let mut parts = Vec::new();
        if self.failed > 0 {
            parts.push(counted(self.failed, "line", "lines"));
        }
        if unmapped > 0 {
            parts.push(format!("{} without a meaning", counted(unmapped, "row", "rows")));
        }
        if unmappable > 0 {
            parts.push(format!("{} without the data of an entry", counted(unmappable, "row", "rows")));
        }
        if parts.is_empty() {
            return Ok(exit::DONE);
        }
        let failed = parts.join(" and ");
        if dry_run {
            return Err(Failure::new(exit::PARTIAL, format!("{failed} would fail; nothing was stored")));
        }
        let mut failure = Failure::new(exit::PARTIAL, format!("{failed} failed; all others are done"));
        if unmapped > 0 {
            failure = failure
                .hint("--map NAME=WORD says what a class or an event stands for, NAME=- leaves its rows out");
        }
        if self.failed > 0 || unmapped > 0 {
            failure = failure.hint(
                "mend the lines named above and import the same file again: what is there is not added twice",
            );
        }
        Err(failure)
    }
}

impl Rows {
    /// How many there are, and where to look.
    fn place(&self, column: Option<&str>) -> String {
        let rows = counted(self.count, "row", "rows");
        let which = if self.count == 1 { "" } else { "first " };
        let column = column.map_or(String::new(), |column| format!(", column {column}"));
        format!("{rows} ({which}{}{column})", self.first)
    }
}
