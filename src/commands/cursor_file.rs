//! `--cursor-file`: stores the position of `list --follow` and `forward`. The file also holds the server, the organization and the
//! filter, so that a file written for another query is refused.

use std::collections::BTreeMap;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::client::last_entry::{LastEntry, LogPosition};
use crate::commands::output::LOG;
use crate::error::Failure;
use crate::exit;
use crate::model::filter::Filter;
use crate::model::words::Log;
use crate::terminal::file::{ClaimedFile, FileError, NewFile, read_trusted, with_suffix};

/// Comes before what tells two destinations of one name apart. Files of earlier versions have only the name.
pub(super) const MARK: &str = " #";

/// The version of the file format.
const VERSION: u32 = 1;

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CursorFile {
    cursor_file: u32,
    server: String,
    organization: String,
    /// The name of the organization's log in checkpoints, which it keeps when it is renamed. Older files have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    origin: Option<String>,
    query: BTreeMap<String, Vec<String>>,
    /// The destination of `forward`, without secrets.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    destination: Option<String>,
    /// The id up to which all matching entries were printed or delivered.
    after_id: u64,
    /// The last of these entries, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    last: Option<LastEntry>,
}

impl CursorFile {
    /// Creates a cursor for this query without its time window: `--since 2h` means a different time in each run.
    pub(super) fn new(
        server: String,
        (organization, origin): (String, Option<String>),
        (log, filter): (Log, &Filter),
    ) -> Self {
        let filter = Filter { since: None, until: None, ..filter.clone() };
        let query = super::output::query(log, &filter);
        let query = query.into_iter().map(|(name, values)| (name.to_owned(), values)).collect();
        let (destination, after_id, last) = (None, 0, None);
        Self { cursor_file: VERSION, server, organization, origin, query, destination, after_id, last }
    }

    /// The same cursor, for this destination of `forward`.
    pub(super) fn for_destination(self, destination: String) -> Self {
        Self { destination: Some(destination), ..self }
    }

    /// Locks the file at `path`, and reads the position that an earlier run has saved there.
    pub(super) fn open(self, path: &Path) -> Result<OpenCursor, Failure> {
        let lock = Self::lock(path)?;
        let resumed = self.read_position(path)?;
        Ok(OpenCursor { cursor: self, path: path.to_owned(), resumed, _lock: lock })
    }

    /// Locks the cursor file at `path`, until the lock is dropped. A second process would move the position past what this one
    /// has not delivered. The lock has a file of its own, because each save replaces the cursor file.
    fn lock(path: &Path) -> Result<ClaimedFile, Failure> {
        ClaimedFile::open(&with_suffix(path, ".lock"), path).map_err(|error| match error {
            FileError::Busy(path) => {
                let message = format!("{} is in use by another process", path.display());
                Failure::new(exit::LOCKED, message).hint("give each command its own --cursor-file")
            }
            error => error.into(),
        })
    }

    /// Reads the position saved by an earlier run of the same query. `None` if the file does not exist yet.
    fn read_position(&self, path: &Path) -> Result<Option<LogPosition>, Failure> {
        let Some(text) = read_trusted(path)? else { return Ok(None) };
        let hint = "use another --cursor-file, or remove this one to start again";
        let saved: Self = serde_json::from_str(&text)
            .map_err(|_| Failure::usage(format!("{} is not a cursor file", path.display())).hint(hint))?;
        saved.position_for(self).map(Some).map_err(|difference| {
            Failure::usage(format!("{} was written {difference}", path.display())).hint(hint)
        })
    }

    /// Returns the saved position if this file belongs to the `current` query, otherwise an error that names the difference.
    fn position_for(&self, current: &Self) -> Result<LogPosition, String> {
        if self.cursor_file != VERSION {
            return Err(format!("by another version of this tool (format {})", self.cursor_file));
        }
        if self.server != current.server {
            return Err(format!("for {}, not for {}", self.server, current.server));
        }
        let was_renamed = self.origin.is_some() && self.origin == current.origin;
        if self.organization != current.organization && !was_renamed {
            return Err(format!(
                "for the organization {}, not for {}",
                self.organization, current.organization
            ));
        }
        let [saved, wanted] = [self.log(), current.log()];
        if saved != wanted {
            return Err(format!("for the {}, not for the {}", saved.label(), wanted.label()));
        }
        let without_mark = |name: &str| name.split(MARK).next().unwrap_or_default().to_owned();
        let is_same = self.destination == current.destination
            || current
                .destination
                .as_deref()
                .map(without_mark)
                .is_some_and(|it| Some(it) == self.destination);
        if !is_same {
            let name = |it: &Self| it.destination.clone().unwrap_or_else(|| "list --follow".to_owned());
            return Err(format!("for {}, not for {}", name(self), name(current)));
        }
        if self.query != current.query {
            return Err(format!(
                "for another filter: {}, not for {}",
                parameters(&self.query),
                parameters(&current.query)
            ));
        }
        Ok(LogPosition { after_id: self.after_id, last: self.last })
    }

    /// The log: no key is the audit log.
    fn log(&self) -> Log {
        if self.query.contains_key(LOG) { Log::Trail } else { Log::Audit }
    }

    /// Fails when the file cannot be written. Called before the first entry is printed.
    pub(super) fn check_writable(path: &Path) -> Result<(), Failure> {
        drop(NewFile::create(path, true)?);
        Ok(())
    }

    /// Saves the position by replacing the whole file.
    fn save(&mut self, path: &Path, position: LogPosition) -> Result<(), Failure> {
        LogPosition { after_id: self.after_id, last: self.last } = position;
        let text = serde_json::to_string(self).map_err(io::Error::other)?;
        let mut file = NewFile::create(path, true)?;
        writeln!(file, "{text}").map_err(|error| Failure::file(path, "write", &error))?;
        Ok(file.finish()?)
    }
}

/// A cursor and its file, which is locked.
pub(super) struct OpenCursor {
    cursor: CursorFile,
    path: PathBuf,
    /// The position that an earlier run has saved.
    pub(super) resumed: Option<LogPosition>,
    _lock: ClaimedFile,
}

impl OpenCursor {
    /// Saves a position.
    pub(super) fn save(&mut self, position: LogPosition) -> Result<(), Failure> {
        self.cursor.save(&self.path, position)
    }
}

fn parameters(query: &BTreeMap<String, Vec<String>>) -> String {
    let parts: Vec<_> = query.iter().map(|(name, values)| format!("{name} {}", values.join(", "))).collect();
    if parts.is_empty() { "everything".to_owned() } else { parts.join(" · ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cursor_of(server: &str, organization: &str, action: &str) -> CursorFile {
        let mut filter = Filter::default();
        if !action.is_empty() {
            filter.action.add_list(action).expect("words");
        }
        CursorFile::new(server.to_owned(), (organization.to_owned(), None), (Log::Audit, &filter))
    }

    #[test]
    fn resumes_the_same_query_and_refuses_others() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("cursor");
        let mut cursor = cursor_of("https://a", "acme", "updated");
        assert_eq!(cursor.read_position(&path).map_err(|it| it.message), Ok(None));
        let last = Some(LastEntry { id: 15, uuid: uuid::Uuid::from_u128(15) });
        for (after_id, last) in [(0, None), (17, last)] {
            let position = LogPosition { after_id, last };
            cursor.save(&path, position).expect("saved");
            assert_eq!(
                cursor_of("https://a", "acme", "updated").read_position(&path).map_err(|it| it.message),
                Ok(Some(position))
            );
        }
        for (other, words) in [
            (cursor_of("https://b", "acme", "updated"), "for https://a, not for https://b"),
            (cursor_of("https://a", "other", "updated"), "for the organization acme, not for other"),
            (cursor_of("https://a", "acme", "deleted"), "action updated, not for action deleted"),
            (cursor_of("https://a", "acme", ""), "action updated, not for everything"),
        ] {
            let failure = other.read_position(&path).expect_err("another query");
            assert!(failure.message.contains(words), "{}", failure.message);
        }
        std::fs::write(&path, "{}").expect("written");
        assert!(
            cursor.read_position(&path).expect_err("another query").message.ends_with("is not a cursor file")
        );
    }

    #[test]
    fn a_cursor_follows_a_renamed_organization() {
        let of = |organization: &str, origin: Option<&str>| {
            let origin = origin.map(str::to_owned);
            CursorFile::new(
                "s".to_owned(),
                (organization.to_owned(), origin),
                (Log::Audit, &Filter::default()),
            )
        };
        let renamed = of("acme-eu", Some("log 1"));
        assert_eq!(of("acme", Some("log 1")).position_for(&renamed), Ok(LogPosition::default()));
        for other in [of("acme", Some("log 2")), of("acme", None)] {
            let refused = other.position_for(&renamed);
            assert_eq!(refused, Err("for the organization acme, not for acme-eu".to_owned()));
        }
        assert!(of("acme", None).position_for(&of("acme", Some("log 1"))).is_ok(), "of an earlier version");
    }

    #[test]
    fn a_cursor_of_one_log_is_refused_for_the_other() {
        let of = |log| CursorFile::new("s".to_owned(), ("o".to_owned(), None), (log, &Filter::default()));
        assert_eq!(of(Log::Trail).position_for(&of(Log::Trail)), Ok(LogPosition::default()));
        for (saved, wanted, words) in [
            (Log::Audit, Log::Trail, "for the audit log, not for the trail"),
            (Log::Trail, Log::Audit, "for the trail, not for the audit log"),
        ] {
            assert_eq!(of(saved).position_for(&of(wanted)), Err(words.to_owned()));
        }
    }

    #[test]
    fn a_cursor_of_one_destination_is_refused_for_another() {
        let to = |name: &str| cursor_of("s", "o", "").for_destination(name.to_owned());
        assert_eq!(to("file:a").position_for(&to("file:a")), Ok(LogPosition::default()));
        assert_eq!(to("file:a").position_for(&to("file:b")), Err("for file:a, not for file:b".to_owned()));
        let hook = |mark: &str| to(&format!("webhook:https://h/…{mark}"));
        assert_eq!(hook(" #1a2b").position_for(&hook(" #1a2b")), Ok(LogPosition::default()));
        assert!(hook(" #1a2b").position_for(&hook(" #3c4d")).is_err(), "another webhook of the host");
        assert_eq!(
            hook("").position_for(&hook(" #3c4d")),
            Ok(LogPosition::default()),
            "of an earlier version"
        );
        assert_eq!(
            cursor_of("s", "o", "").position_for(&to("file:b")),
            Err("for list --follow, not for file:b".to_owned())
        );
    }

    #[test]
    fn a_cursor_file_has_one_process() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("cursor");
        let lock = CursorFile::lock(&path).map_err(|it| it.message).expect("free");
        let busy = CursorFile::lock(&path).map(drop).expect_err("in use");
        assert!(busy.exit == exit::LOCKED && busy.message.contains("in use"), "{}", busy.message);
        drop(lock);
        CursorFile::lock(&path).map_err(|it| it.message).expect("free again");
        assert_eq!(std::fs::read_dir(directory.path()).expect("read").count(), 0);
    }

    #[test]
    fn check_writable_leaves_no_file() {
        let directory = tempfile::tempdir().expect("a directory");
        CursorFile::check_writable(&directory.path().join("cursor")).expect("writable");
        assert_eq!(std::fs::read_dir(directory.path()).expect("read").count(), 0);
        assert!(CursorFile::check_writable(&directory.path().join("missing/cursor")).is_err());
    }

    #[test]
    fn the_time_window_is_not_part_of_the_query() {
        let since = Filter { since: Some(crate::model::timestamp::Timestamp::MAX), ..Filter::default() };
        let cursor = CursorFile::new("s".to_owned(), ("o".to_owned(), None), (Log::Audit, &since));
        assert_eq!(cursor.position_for(&cursor_of("s", "o", "")), Ok(LogPosition::default()));
    }
}
