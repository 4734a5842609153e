//! The plan of a prune, as text.

use comfy_table::{CellAlignment, Table, presets};

use crate::api::prune::PruneAnswer;
use crate::model::prune::Prune;
use crate::model::time::format::{milliseconds, span};
use crate::model::time::{Age, TimeContext};
use crate::render::filter_summary::{counted, grouped};
use crate::render::sanitize::sanitize;

/// The plan: the cutoff, and the numbers of deleted and kept entries for each model type and in total.
pub(crate) fn plan(answer: &PruneAnswer, older_than: Option<Age>, context: &TimeContext) -> String {
    let counts = answer.counts;
    let all = counts.expired + counts.kept;
    let (plan, retention) = (answer.plan, answer.retention);
    let (kept, are) = match older_than {
        None => (format!("{plan} plan, entries are kept for {retention}"), "have expired"),
        Some(age) => (
            format!("pruning entries older than {age}; the {plan} plan keeps entries for {retention}"),
            "are older",
        ),
    };
    let cutoff = milliseconds(answer.cutoff, context);
    let mut lines = vec![kept, format!("entries before {cutoff} {are} (server's clock)")];
    if counts.expired == 0 {
        let oldest = answer.oldest.map_or_else(
            || "the log is empty".to_owned(),
            |oldest| format!("the oldest is {} old", span(answer.now.since(oldest))),
        );
        let nothing = match (counts.held, older_than) {
            (0, Some(_)) => "nothing is that old",
            (0, None) => "nothing has expired",
            _ => "nothing goes",
        };
        lines.push(format!("{nothing}: {} kept, {oldest}", counted(counts.kept, "entry", "entries")));
        lines.extend(held(answer));
        return lines.join("\n");
    }
    let mut table = Table::new();
    // Without holds there is no column for them.
    let columns = if counts.held == 0 { 3 } else { 4 };
    table.load_style(presets::NOTHING).set_header(["", "goes", "stays", "of which held"][..columns].to_vec());
    for one in &answer.by_model_type {
        let row =
            [one.model_type.label().to_owned(), grouped(one.expired), grouped(one.kept), grouped(one.held)];
        table.add_row(row[..columns].to_vec());
    }
    let row = ["all".to_owned(), grouped(counts.expired), grouped(counts.kept), grouped(counts.held)];
    table.add_row(row[..columns].to_vec());
    if let Some(column) = table.column_mut(0) {
        column.set_padding((0, 1));
    }
    for column in 1..columns {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    lines.extend(table.lines().map(|line| line.trim_end().to_owned()));
    let percent = counts.expired.saturating_mul(100).div_ceil(all.max(1));
    let oldest = answer.oldest.map_or_else(String::new, |oldest| {
        format!("; the oldest happened at {}", milliseconds(oldest, context))
    });
    lines.push(format!("{} of {} go ({percent} %){oldest}", grouped(counts.expired), grouped(all)));
    lines.extend(held(answer));
    lines.join("\n")
}

/// Names the holds that keep expired entries: `3 expired entries are held: 3 by case-14, 1 by q3-audit`. None if they keep nothing.
fn held(answer: &PruneAnswer) -> Option<String> {
    let by = answer.held_by.iter().map(|by| format!("{} by {}", grouped(by.entries), sanitize(&by.hold)));
    let by = by.collect::<Vec<_>>().join(", ");
    let entries = counted(answer.counts.held, "expired entry is", "expired entries are");
    (answer.counts.held > 0).then(|| format!("{entries} held: {by}"))
}

/// The outcome of a prune in a word or two; empty if it is complete.
pub(crate) const fn outcome(prune: &Prune) -> &'static str {
    match (prune.complete, prune.finished_at) {
        (true, _) => "",
        (false, Some(_)) => "not complete",
        (false, None) => "running or cut off",
    }
}
