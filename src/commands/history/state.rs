//! `history --at` and `--diff`: the resource at one moment, and between two.

use crate::args::output::Format;
use crate::client::Client;
use crate::commands::Context;
use crate::commands::resource::ResourceHistory;
use crate::error::Failure;
use crate::model::history::diff::StateDiff;
use crate::model::page::Position;
use crate::model::time::{Edge, When, parse};
use crate::render::detail::{DetailOptions, changes};
use crate::render::history::{dotted_path, notes};
use crate::render::state::{difference, document, sentence};

/// A day is longer than this on every clock; less is one time the clocks showed twice.
const NEARLY_A_DAY_HOURS: i64 = 20;

/// The moment a text stands for: right after what happened then. A date alone stands for its end.
pub(super) async fn position(
    context: &mut Context,
    client: &Client,
    flag: &str,
    text: &str,
) -> Result<Position, Failure> {
    let read =
        |edge| parse(text, edge, &context.time).map_err(|error| Failure::usage(format!("{flag}: {error}")));
    let (first, end) = (read(Edge::Since)?, read(Edge::Until)?);
    match (first, end) {
        (When::Entry(id), _) | (_, When::Entry(id)) => {
            let entry = client.entry(id).await?;
            Ok(Position { occurred_at: entry.occurred_at, id })
        }
        (When::At { at: first, note }, When::At { at: end, .. }) => {
            if let Some(note) = note {
                context.terminal.status(&note);
            }
            let is_day = end.since(first).num_hours() >= NEARLY_A_DAY_HOURS;
            let at = if is_day { end.plus(chrono::TimeDelta::microseconds(-1)) } else { first };
            Ok(Position { occurred_at: at, id: u64::MAX })
        }
    }
}

/// Prints the resource as it was.
pub(super) fn show(context: &mut Context, life: &ResourceHistory, at: Position) -> Result<(), Failure> {
    let ResourceHistory { resource, history, .. } = life;
    let Some(state) = history.states().first() else { return Ok(()) };
    for note in notes(history, &context.time) {
        context.terminal.status(&note);
    }
    let said = sentence(history, state, at, &context.time);
    context.terminal.status(&format!("{resource}: {said}"));
    let document = document(resource, history, state, at, &context.time);
    let out = context.terminal.data();
    serde_json::to_writer_pretty(&mut *out, &document).map_err(std::io::Error::from)?;
    writeln!(out)?;
    Ok(context.terminal.flush()?)
}

/// Shows what differs between two moments.
pub(super) fn compare(
    context: &mut Context,
    life: &ResourceHistory,
    [first, last]: [Position; 2],
    format: Option<Format>,
    is_full: bool,
) -> Result<(), Failure> {
    let ResourceHistory { resource, history, .. } = life;
    if (first.occurred_at, first.id) > (last.occurred_at, last.id) {
        context.terminal.warn("the first time lies behind the second: the difference is told backwards");
    }
    let [earlier, later] = history.states() else { return Ok(()) };
    let between = StateDiff::of(earlier, later);
    for (state, at) in [(earlier, first), (later, last)] {
        let said = sentence(history, state, at, &context.time);
        context.terminal.status(&format!("{resource}: {said}"));
    }
    if format.is_some_and(Format::is_json) {
        writeln!(context.terminal.data(), "{}", difference(resource, [first, last], &between))?;
    } else {
        let to_people = context.terminal.out_is_terminal;
        let style = context.appearance.look(&context.terminal, context.time, to_people);
        let options = DetailOptions { full: is_full || !to_people, ..DetailOptions::default() };
        context.page();
        changes(context.terminal.data(), &between.changes, options, &style)?;
    }
    context.terminal.flush()?;
    if between.changes.is_empty() && between.unknown.is_empty() {
        context.terminal.status("nothing differs");
    }
    if !between.unknown.is_empty() {
        let fields: Vec<_> =
            between.unknown.iter().map(|field| dotted_path(std::slice::from_ref(field))).collect();
        context.terminal.status(&format!("cannot compare, for a value is not known: {}", fields.join(", ")));
    }
    Ok(())
}
