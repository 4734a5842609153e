//! `prune --archive`: writes the entries to a file and reads it back before they are deleted.

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};

use chrono::NaiveDate;

use crate::api::hold::read_filter_text;
use crate::api::prune::PruneAnswer;
use crate::api::query::Query;
use crate::args::output::Format;
use crate::client::Client;
use crate::client::pages::Pages;
use crate::commands::output::format_by_name;
use crate::error::Failure;
use crate::exit;
use crate::model::entry::Entry;
use crate::model::filter::Filter;
use crate::model::hold::HoldFilter;
use crate::model::page::{MAX_LIMIT, Order};
use crate::model::prune::HeldBy;
use crate::render::filter_summary::grouped;
use crate::render::json::line;
use crate::terminal::file::{FileError, NewFile, decompressed, is_passthrough};

/// The placeholder for the day in an archive's name.
const DAY: &str = "{date}";

/// The archive of a day.
pub(super) fn path_of_day(path: &Path, day: NaiveDate) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    if name.contains(DAY) {
        path.with_file_name(name.replace(DAY, &day.to_string()))
    } else {
        path.to_owned()
    }
}

/// The archive's name with a placeholder for the day before the file endings, as in `old-{date}.jsonl.gz`.
pub(super) fn with_day(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    if name.contains(DAY) {
        return path.to_owned();
    }
    let stem = name.char_indices().skip(1).find(|(_, c)| *c == '.').map_or(name.len(), |(at, _)| at);
    let (stem, endings) = name.split_at(stem);
    path.with_file_name(format!("{stem}-{DAY}{endings}"))
}

/// Refuses a file name with the ending of another format than JSON lines.
pub(super) fn check_format(path: &Path) -> Result<(), Failure> {
    match format_by_name(path)? {
        None | Some(Format::Jsonl) => Ok(()),
        Some(_) => {
            let message = format!("--archive writes JSON lines: {} names another format", path.display());
            Err(Failure::usage(message).hint("name it .jsonl, with .gz or .zst to compress it"))
        }
    }
}

/// Returns why the archive cannot be written, if a check without writing shows it.
pub(super) fn refusal(path: &Path) -> Option<Failure> {
    if path.exists() && !is_passthrough(path) {
        return Some(exists(&FileError::Exists(path.to_owned())));
    }
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    let missing = directory.filter(|directory| !directory.is_dir())?;
    let message = format!("cannot write {}: there is no directory {}", path.display(), missing.display());
    Some(Failure::new(exit::FAILED, message))
}

fn exists(error: &FileError) -> Failure {
    Failure::new(exit::REFUSED, format!("{error}: nothing was deleted"))
        .hint("an existing archive is never replaced: choose another file with --archive")
}

/// Writes the planned entries, oldest first, as JSON lines that `import` can read; then reads the file back and compares it
/// with the plan. Held entries are left out: they stay in the log.
pub(super) async fn archive(client: &Client, planned: &PruneAnswer, path: &Path) -> Result<(), Failure> {
    let mut file = NewFile::create(path, false).map_err(|error| match error {
        FileError::Exists(_) => exists(&error),
        other => other.into(),
    })?;
    let filter = Filter { until: Some(planned.cutoff), ..Filter::default() };
    let query = Query {
        filter,
        order: Order::Ascending,
        limit: MAX_LIMIT,
        as_of: Some(planned.as_of),
        ..Query::default()
    };
    let holds = holds(planned)?;
    let mut pages = Pages::new(client.clone(), query);
    while let Some(page) = pages.next().await? {
        let goes = |entry: &&Entry| !holds.iter().any(|hold| hold.covers(entry));
        page.data.iter().filter(goes).try_for_each(|entry| line(&mut file, &entry.view()))?;
    }
    file.finish()?;
    let archived = read_back(path, planned).map_err(|error| Failure::file(path, "read back", &error))?;
    if archived != planned.counts.expired {
        let message = format!(
            "{} holds {} entries, but the plan has {}: nothing was deleted",
            path.display(),
            grouped(archived),
            grouped(planned.counts.expired)
        );
        return Err(Failure::new(exit::INTEGRITY, message)
            .hint("the log was pruned meanwhile: remove the file and run the command again"));
    }
    Ok(())
}

/// The filters of the plan's holds.
fn holds(planned: &PruneAnswer) -> Result<Vec<HoldFilter>, Failure> {
    let read = |by: &HeldBy| HoldFilter::new(read_filter_text(by.filter.as_deref()?).ok()?).ok();
    let read_or_refuse = |by: &HeldBy| {
        read(by).ok_or_else(|| {
            let message =
                format!("cannot archive: this version does not know the filter of the hold {:?}", by.hold);
            Failure::new(exit::FAILED, message).hint("update krosyn-audit to the version of the server")
        })
    };
    planned.held_by.iter().map(read_or_refuse).collect()
}

/// Counts the entries of an archive. Each must be complete and belong to the plan.
fn read_back(path: &Path, planned: &PruneAnswer) -> io::Result<u64> {
    let file = File::open(path)?;
    let mut archived = 0;
    for line in BufReader::new(decompressed(path, file)?).lines() {
        let entry: Entry = serde_json::from_str(&line?)?;
        if entry.occurred_at >= planned.cutoff || entry.id > planned.as_of {
            return Err(io::Error::other(format!("entry {} is not in the plan", entry.id)));
        }
        archived += 1;
    }
    Ok(archived)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scheduled_archive_has_the_day_in_its_name() {
        for (name, expected) in
            [("a.jsonl.gz", "a-{date}.jsonl.gz"), ("x/old", "x/old-{date}"), ("{date}.jsonl", "{date}.jsonl")]
        {
            assert_eq!(with_day(Path::new(name)), Path::new(expected));
        }
    }
}
