//! What a prune would delete, as text.

use comfy_table::{CellAlignment, Table, presets};

use crate::api::prune::{Prune, PruneAnswer};
use crate::model::time::TimeContext;
use crate::model::time::format::{full, span};
use crate::render::question::{counted, grouped};
use crate::render::visible::visible;

/// The plan: what goes and what stays, by model type and in all, and from where the line is drawn.
#[must_use]
pub fn plan(answer: &PruneAnswer, context: &TimeContext) -> String {
    let counts = answer.counts;
    let all = counts.expired + counts.kept;
    let mut lines = vec![format!(
        "{} plan, kept for {}: entries before {} have expired (by the server's clock)",
        answer.plan,
        answer.retention,
        full(answer.cutoff, context)
    )];
    if counts.expired == 0 {
        let oldest = answer.oldest.map_or_else(
            || "the log is empty".to_owned(),
            |oldest| format!("the oldest is {} old", span(answer.now.since(oldest))),
        );
        lines.push(format!(
            "nothing has expired: {} kept, {oldest}",
            counted(counts.kept, "entry", "entries")
        ));
        return lines.join("\n");
    }
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_header(["", "goes", "stays"]);
    for one in &answer.by_model_type {
        table.add_row([one.model_type.label().to_owned(), grouped(one.expired), grouped(one.kept)]);
    }
    table.add_row(["all".to_owned(), grouped(counts.expired), grouped(counts.kept)]);
    for column in [1, 2] {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    lines.extend(table.lines().map(|line| line.trim_end().to_owned()));
    let percent = counts.expired.saturating_mul(100).div_ceil(all.max(1));
    let oldest = answer
        .oldest
        .map_or_else(String::new, |oldest| format!("; the oldest happened at {}", full(oldest, context)));
    lines.push(format!("{} of {} go ({percent} %){oldest}", grouped(counts.expired), grouped(all)));
    lines.join("\n")
}

/// Earlier prunes, newest first, a line each: when, by whom, how many, up to where.
#[must_use]
pub fn log(prunes: &[Prune], context: &TimeContext) -> String {
    let line = |prune: &Prune| {
        let outcome = match (prune.complete, prune.finished_at) {
            (true, _) => "",
            (false, Some(_)) => ", not complete",
            (false, None) => ", running or cut off",
        };
        format!(
            "{:>4}  {}  {}  {} deleted, ids {} to {}, older than {}{outcome}\n",
            prune.id,
            full(prune.started_at, context),
            visible(&prune.by),
            counted(prune.deleted, "entry", "entries"),
            prune.first_id,
            prune.last_id,
            full(prune.cutoff, context)
        )
    };
    prunes.iter().map(line).collect()
}
