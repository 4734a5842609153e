//! `list -C`: the entries before and after each match.

use std::collections::BTreeSet;

use crate::args::output::{Format, OutputArgs};
use crate::client::Client;
use crate::client::pages::Pages;
use crate::commands::Context;
use crate::commands::output::{EntryFormat, OutputSink};
use crate::error::Failure;
use crate::model::entry::Entry;
use crate::model::filter::Filter;
use crate::render::filter_summary::{counted, describe_in, grouped, joined};
use crate::render::style::Style;
use crate::render::table::EntryTable;

/// The most entries before and after a match.
const MAX_AROUND: u32 = 100;

/// What was matched, and how many entries to show around each match.
pub(super) struct Matches {
    pub(super) entries: Vec<Entry>,
    pub(super) matched: u64,
    pub(super) around: u32,
    pub(super) reverse: bool,
}

/// Fails unless entries around matches can be shown in this format.
pub(super) fn check(format: Format, around: u32) -> Result<(), Failure> {
    if !matches!(format, Format::Table | Format::Wide) {
        let message = "-C needs --format table or wide: other formats cannot mark the matches";
        return Err(Failure::usage(message));
    }
    if around > MAX_AROUND {
        return Err(Failure::usage(format!("-C takes at most {MAX_AROUND}")));
    }
    Ok(())
}

/// Writes groups of neighbouring entries, in the order of the list, with `--` between two groups.
pub(super) async fn write(
    context: &mut Context,
    client: &Client,
    matches: &Matches,
    (format, args, style): (&EntryFormat, &OutputArgs, &Style),
    filter: &Filter,
) -> Result<(), Failure> {
    let ids: BTreeSet<u64> = matches.entries.iter().map(|entry| entry.id).collect();
    let mut groups = Vec::new();
    for (first, last) in windows(&ids, matches.around.into()) {
        groups.push(Pages::between(client.clone(), first, last).all().await?);
    }
    if !matches.reverse {
        groups.reverse();
        groups.iter_mut().for_each(|group| group.reverse());
    }
    let mut destination = OutputSink::open(&mut context.terminal, args)?;
    let mut table = EntryTable::new(&format.columns, style).marking(ids);
    groups.iter().for_each(|group| table.measure(group));
    for (place, group) in groups.iter().enumerate() {
        if place > 0 {
            writeln!(destination.writer(), "--")?;
        }
        table.entries(destination.writer(), group)?;
    }
    destination.finish()?;
    let shown = matches.entries.len() as u64;
    let parts = vec![
        format!("{} of {}, marked with >", grouped(shown), grouped(matches.matched)),
        format!("{} recorded before and after each", counted(matches.around.into(), "entry", "entries")),
        describe_in(client.log(), filter, &context.time),
    ];
    context.terminal.status(&joined(parts));
    Ok(())
}

/// The ranges of ids around these ids. Ranges that touch are one.
fn windows(ids: &BTreeSet<u64>, around: u64) -> Vec<(u64, u64)> {
    let mut windows: Vec<(u64, u64)> = Vec::new();
    for id in ids {
        let (first, last) = (id.saturating_sub(around).max(1), id.saturating_add(around));
        match windows.last_mut() {
            Some(before) if first <= before.1.saturating_add(1) => before.1 = last,
            _ => windows.push((first, last)),
        }
    }
    windows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_that_touch_are_one() {
        let of = |ids: &[u64], around| windows(&ids.iter().copied().collect(), around);
        assert_eq!(of(&[2, 10, 14, 30], 2), [(1, 4), (8, 16), (28, 32)]);
        assert_eq!(of(&[1], 3), [(1, 4)]);
        assert!(of(&[], 3).is_empty());
    }
}
