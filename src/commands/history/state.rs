//! `history --at` and `--diff`: the state of a resource at one time, and the difference between two times.

use std::io::Write as _;

use crate::args::output::Format;
use crate::client::Client;
use crate::commands::Context;
use crate::error::Failure;
use crate::model::filter::Resource;
use crate::model::history::History;
use crate::model::history::diff::StateDiff;
use crate::model::page::Position;
use crate::model::time::{When, parse_last};
use crate::render::detail::{DetailOptions, changes};
use crate::render::history::{dotted_path, notes};
use crate::render::json_paint::JsonPainter;
use crate::render::state::{difference, document, sentence};

/// The position in the log that a text names: after all entries of that time. A date alone means its end.
pub(super) async fn position(
    context: &mut Context,
    client: &Client,
    flag: &str,
    text: &str,
) -> Result<Position, Failure> {
    match parse_last(text, &context.time).map_err(|error| Failure::usage(format!("{flag}: {error}")))? {
        When::Entry(id) => {
            let entry = client.entry(id).await?;
            Ok(Position { occurred_at: entry.occurred_at, id })
        }
        When::At { at, note } => {
            if let Some(note) = note {
                context.terminal.status(&note);
            }
            Ok(Position { occurred_at: at, id: u64::MAX })
        }
    }
}

pub(super) fn show(
    context: &mut Context,
    (resource, history): (&Resource, &History),
    at: Position,
) -> Result<(), Failure> {
    let Some(state) = history.states().first() else { return Ok(()) };
    for note in notes(history, &context.time) {
        context.terminal.status(&note);
    }
    let summary = sentence(history, state, at, &context.time);
    context.terminal.status(&format!("{resource}: {summary}"));
    let document = document(resource, history, state, at, &context.time);
    let on_screen = context.terminal.out_is_terminal;
    let style = context.appearance.style(&context.terminal, context.time, on_screen);
    context.page();
    let mut painter = JsonPainter::new(context.terminal.data(), style);
    serde_json::to_writer_pretty(&mut painter, &document).map_err(std::io::Error::from)?;
    writeln!(painter)?;
    painter.finish()?;
    Ok(context.terminal.flush()?)
}

pub(super) fn compare(
    context: &mut Context,
    (resource, history): (&Resource, &History),
    [first, last]: [Position; 2],
    format: Option<Format>,
    is_full: bool,
) -> Result<(), Failure> {
    if (first.occurred_at, first.id) > (last.occurred_at, last.id) {
        context.terminal.warn(
            "--diff times are in reverse order: the difference is shown from the later to the earlier time",
        );
    }
    let [earlier, later] = history.states() else { return Ok(()) };
    let diff = StateDiff::of(earlier, later);
    for (state, at) in [(earlier, first), (later, last)] {
        let summary = sentence(history, state, at, &context.time);
        context.terminal.status(&format!("{resource}: {summary}"));
    }
    if format.is_some_and(Format::is_json) {
        writeln!(context.terminal.data(), "{}", difference(resource, [first, last], &diff))?;
    } else {
        let on_screen = context.terminal.out_is_terminal;
        let style = context.appearance.style(&context.terminal, context.time, on_screen);
        let options = DetailOptions { full: is_full || !on_screen, ..DetailOptions::default() };
        context.page();
        changes(context.terminal.data(), &diff.changes, options, &style)?;
    }
    context.terminal.flush()?;
    if diff.changes.is_empty() && diff.unknown.is_empty() {
        context.terminal.status("no difference");
    }
    if !diff.unknown.is_empty() {
        let fields: Vec<_> =
            diff.unknown.iter().map(|field| dotted_path(std::slice::from_ref(field))).collect();
        context.terminal.status(&format!("not compared, because a value is unknown: {}", fields.join(", ")));
    }
    Ok(())
}
