//! `prune --archive`: what is about to go, written to a file and read back before anything is deleted.

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::Path;

use crate::api::prune::PruneAnswer;
use crate::api::query::Query;
use crate::args::output::Format;
use crate::client::Client;
use crate::client::pages::Pages;
use crate::commands::output::by_name;
use crate::error::Failure;
use crate::exit;
use crate::model::entry::Entry;
use crate::model::filter::Filter;
use crate::model::page::{MAX_LIMIT, Order};
use crate::render::filter_summary::grouped;
use crate::render::json::line;
use crate::terminal::file::{FileError, NewFile, decompressed, is_passthrough};

/// Refuses a name that promises another form than JSON lines.
pub(super) fn must_be_lines(path: &Path) -> Result<(), Failure> {
    match by_name(path)? {
        None | Some(Format::Jsonl) => Ok(()),
        Some(_) => {
            Err(Failure::usage(format!("--archive writes JSON lines, and {} ends otherwise", path.display()))
                .hint("name it .jsonl, with .gz or .zst to compress it"))
        }
    }
}

/// Why an archive cannot be written there, as far as can be seen without writing.
pub(super) fn refusal(path: &Path) -> Option<Failure> {
    if path.exists() && !is_passthrough(path) {
        return Some(is_there(&FileError::Exists(path.to_owned())));
    }
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    let missing = directory.filter(|directory| !directory.is_dir())?;
    let message = format!("cannot write {}: there is no directory {}", path.display(), missing.display());
    Some(Failure::new(exit::FAILED, message))
}

fn is_there(error: &FileError) -> Failure {
    Failure::new(exit::REFUSED, format!("{error}: nothing was deleted"))
        .hint("an earlier archive is not replaced: name another by --archive")
}

/// Writes what a plan would delete, oldest first, as JSON lines that `import` takes back; then reads the file and holds
/// it against the plan.
pub(super) async fn archive(client: &Client, planned: &PruneAnswer, path: &Path) -> Result<(), Failure> {
    let mut file = NewFile::create(path, false).map_err(|error| match error {
        FileError::Exists(_) => is_there(&error),
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
    let mut pages = Pages::new(client.clone(), query);
    while let Some(page) = pages.next().await? {
        page.data.iter().try_for_each(|entry| line(&mut file, &entry.view()))?;
    }
    file.finish()?;
    let archived = read_back(path, planned).map_err(|error| Failure::file(path, "read back", &error))?;
    if archived != planned.counts.expired {
        let message = format!(
            "{} holds {} entries and the plan {}: nothing was deleted",
            path.display(),
            grouped(archived),
            grouped(planned.counts.expired)
        );
        return Err(Failure::new(exit::INTEGRITY, message)
            .hint("others pruned or recorded meanwhile; remove the file and run the command again"));
    }
    Ok(())
}

/// Counts the entries of an archive, each of which must be whole and one that the plan deletes.
fn read_back(path: &Path, planned: &PruneAnswer) -> io::Result<u64> {
    let file = File::open(path)?;
    let mut archived = 0;
    for line in BufReader::new(decompressed(path, file)?).lines() {
        let entry: Entry = serde_json::from_str(&line?)?;
        if entry.occurred_at >= planned.cutoff || entry.id > planned.as_of {
            return Err(io::Error::other(format!("entry {} is none of those that go", entry.id)));
        }
        archived += 1;
    }
    Ok(archived)
}
