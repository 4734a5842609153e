//! Counts what happened to the lines of an import, and reports it.

use std::collections::{BTreeMap, BTreeSet};

use crate::api::record::{LineAnswer, NotRecorded};
use crate::commands::Context;
use crate::error::Failure;
use crate::exit;
use crate::model::foreign::displayable;
use crate::render::filter_summary::counted;
use crate::terminal::progress::Progress;

/// How many failed lines are shown one by one.
const MAX_SHOWN: u64 = 20;

/// The rows with one reason, and where to find the first.
struct AffectedRows {
    count: u64,
    first: String,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum RejectionKind {
    Unmapped,
    Incomplete,
}

#[derive(Default)]
pub(super) struct ImportReport {
    recorded: u64,
    duplicates: u64,
    unchanged: u64,
    failed: u64,
    excluded: u64,
    /// By kind, reason and column.
    rejected: BTreeMap<(RejectionKind, String, Option<&'static str>), AffectedRows>,
    adjusted: BTreeMap<&'static str, u64>,
    prefixed: BTreeSet<Option<String>>,
}

impl ImportReport {
    /// Counts a failed line. The first ones are also shown.
    pub(super) fn fail(
        &mut self,
        context: &mut Context,
        progress: &Progress,
        (name, number): (&str, u64),
        detail: &str,
    ) {
        self.failed += 1;
        if self.failed <= MAX_SHOWN {
            progress.pause(|| context.terminal.show(&format!("{name}:{number}: {detail}")));
        }
    }

    pub(super) fn exclude(&mut self) {
        self.excluded += 1;
    }

    pub(super) fn unmapped(
        &mut self,
        position: (&str, u64),
        what: &'static str,
        column: &'static str,
        word: &str,
    ) {
        // A word that may be a secret is not kept.
        let reason = match displayable(what, word) {
            Some(word) => format!("not mapped: {what} {word}"),
            None => format!("not mapped: {what}"),
        };
        self.reject((RejectionKind::Unmapped, reason, Some(column)), position);
    }

    pub(super) fn incomplete(&mut self, position: (&str, u64), reason: &str) {
        let reason = format!("not imported: {reason}");
        self.reject((RejectionKind::Incomplete, reason, None), position);
    }

    fn reject(&mut self, key: (RejectionKind, String, Option<&'static str>), (name, number): (&str, u64)) {
        let rows = self.rejected.entry(key);
        rows.or_insert_with(|| AffectedRows { count: 0, first: format!("{name}:{number}") }).count += 1;
    }

    pub(super) fn adjusted(&mut self, what: &'static str) {
        *self.adjusted.entry(what).or_default() += 1;
    }

    pub(super) fn prefixed(&mut self, class: &str) {
        self.prefixed.insert(displayable("model type", class).map(str::to_owned));
    }

    pub(super) fn count(&mut self, answer: &LineAnswer) {
        match answer {
            // Counted by `fail`.
            LineAnswer { detail: Some(_), .. } => {}
            LineAnswer { reason: Some(NotRecorded::NoChange), .. } => self.unchanged += 1,
            LineAnswer { status: 200, reason: None, .. } => self.duplicates += 1,
            LineAnswer { .. } => self.recorded += 1,
        }
    }

    pub(super) fn show(&self, context: &mut Context, dry_run: bool) {
        let terminal = &mut context.terminal;
        if self.failed > MAX_SHOWN {
            let more = counted(self.failed - MAX_SHOWN, "more line", "more lines");
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
                "{class}: ids are recorded as CLASS#ID, to keep them apart from those of other classes; {plain} records them unchanged"
            ));
        }
        for ((_, reason, column), AffectedRows { count, first }) in &self.rejected {
            let which = if *count == 1 { "" } else { "first " };
            let column = column.map_or(String::new(), |column| format!(", column {column}"));
            let rows = counted(*count, "row", "rows");
            terminal.show(&format!("{reason}, {rows} ({which}{first}{column})"));
        }
    }

    fn totals(&self, dry_run: bool) -> String {
        let recorded = counted(self.recorded, "entry", "entries");
        let mut parts = vec![format!("{recorded} {}recorded", if dry_run { "would be " } else { "" })];
        let mut add = |number: u64, one: &str, many: &str, fate: &str| {
            if number > 0 {
                parts.push(format!("{} {fate}", counted(number, one, many)));
            }
        };
        add(self.duplicates, "was", "were", "there already");
        add(self.unchanged, "update", "updates", "without changes");
        add(self.excluded, "row", "rows", "left out");
        add(self.failed, "line", "lines", "failed");
        parts.join(", ")
    }

    /// The exit code.
    ///
    /// # Errors
    /// With exit code 3 when lines or rows gave no entry.
    pub(super) fn end(&self, dry_run: bool) -> Result<u8, Failure> {
        let rejected = |kind: RejectionKind| -> u64 {
            self.rejected.iter().filter(|((it, ..), _)| *it == kind).map(|(_, rows)| rows.count).sum()
        };
        let (unmapped, incomplete) = (rejected(RejectionKind::Unmapped), rejected(RejectionKind::Incomplete));
        let mut parts = Vec::new();
        if self.failed > 0 {
            parts.push(counted(self.failed, "line", "lines"));
        }
        if unmapped > 0 {
            parts.push(format!("{} without a mapping", counted(unmapped, "row", "rows")));
        }
        if incomplete > 0 {
            parts.push(format!("{} with incomplete data", counted(incomplete, "row", "rows")));
        }
        if parts.is_empty() {
            return Ok(exit::DONE);
        }
        let failed = parts.join(" and ");
        if dry_run {
            return Err(Failure::new(exit::PARTIAL, format!("{failed} would fail; nothing was recorded")));
        }
        let mut failure = Failure::new(exit::PARTIAL, format!("{failed} failed; all others were imported"));
        if unmapped > 0 {
            failure = failure
                .hint("map the names above with --map NAME=WORD, or leave their rows out with --map NAME=-");
        }
        if self.failed > 0 || unmapped > 0 {
            failure = failure
                .hint("fix the lines named above and import the same file again: nothing is recorded twice");
        }
        Err(failure)
    }
}
