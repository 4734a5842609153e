//! `--cursor-file`: how far a follower has come, bound to what was asked and of whom, so that another question's file
//! is refused and never misread.

use std::collections::BTreeMap;
use std::io::{self, Write as _};
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::error::Failure;
use crate::model::filter::Filter;
use crate::terminal::file::{FileError, NewFile, read_trusted};

/// The layout of the file; another one gets another number.
const VERSION: u32 = 1;

/// What is in the file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CursorFile {
    cursor_file: u32,
    server: String,
    organization: String,
    query: BTreeMap<String, Vec<String>>,
    /// Up to which id the log was shown.
    after_id: u64,
}

impl CursorFile {
    /// A cursor of this question. The window is no part of it: `--since 2h` names another moment each time, and where
    /// to go on is what the file itself says.
    pub(super) fn new(server: String, organization: String, filter: &Filter, after_id: u64) -> Self {
        let filter = Filter { since: None, until: None, ..filter.clone() };
        let query = super::output::query(&filter);
        let query = query.into_iter().map(|(name, values)| (name.to_owned(), values)).collect();
        Self { cursor_file: VERSION, server, organization, query, after_id }
    }

    /// The id that an earlier run of the same question has come to; none when there is no file yet.
    pub(super) fn resumed(&self, path: &Path) -> Result<Option<u64>, Failure> {
        let text = match read_trusted(path) {
            Ok(text) => text,
            Err(FileError::Read { cause, .. }) if cause.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let begin_anew = "name another file by --cursor-file, or remove this one to begin anew";
        let kept: Self = serde_json::from_str(&text)
            .map_err(|_| Failure::usage(format!("{} is no cursor file", path.display())).hint(begin_anew))?;
        kept.judged(self)
            .map(Some)
            .map_err(|why| Failure::usage(format!("{} was made {why}", path.display())).hint(begin_anew))
    }

    /// Where to go on, when this was kept for the question that is asked now; or for what else it was made.
    fn judged(&self, asked: &Self) -> Result<u64, String> {
        if self.cursor_file != VERSION {
            return Err(format!("by another version of this tool (layout {})", self.cursor_file));
        }
        if self.server != asked.server {
            return Err(format!("for {}, and this is {}", self.server, asked.server));
        }
        if self.organization != asked.organization {
            return Err(format!(
                "for the organization {}, and this is {}",
                self.organization, asked.organization
            ));
        }
        if self.query != asked.query {
            return Err(format!(
                "for another filter: {}, and now it is {}",
                said(&self.query),
                said(&asked.query)
            ));
        }
        Ok(self.after_id)
    }

    /// Tries whether a cursor can be kept there: before anything is shown, for what was shown must be noted.
    pub(super) fn can_be_kept(path: &Path) -> Result<(), Failure> {
        drop(NewFile::create(path, true)?);
        Ok(())
    }

    /// Keeps that all up to `after_id` was shown: the file is whole, old or new, at every moment.
    pub(super) fn keep(&mut self, path: &Path, after_id: u64) -> Result<(), Failure> {
        self.after_id = after_id;
        let text = serde_json::to_string(self).map_err(io::Error::other)?;
        let mut file = NewFile::create(path, true)?;
        writeln!(file, "{text}").map_err(|error| Failure::file(path, "write", &error))?;
        Ok(file.finish()?)
    }
}

fn said(query: &BTreeMap<String, Vec<String>>) -> String {
    let parts: Vec<_> = query.iter().map(|(name, values)| format!("{name} {}", values.join(", "))).collect();
    if parts.is_empty() { "everything".to_owned() } else { parts.join(" · ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(server: &str, organization: &str, action: &str) -> CursorFile {
        let mut filter = Filter::default();
        if !action.is_empty() {
            filter.action.add_list(action).expect("words");
        }
        CursorFile::new(server.to_owned(), organization.to_owned(), &filter, 0)
    }

    #[test]
    fn goes_on_where_the_same_question_has_come_to() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("cursor");
        let mut cursor = asked("https://a", "acme", "updated");
        assert_eq!(cursor.resumed(&path).map_err(|it| it.message), Ok(None));
        for after_id in [0, 17] {
            cursor.keep(&path, after_id).expect("kept");
            assert_eq!(
                asked("https://a", "acme", "updated").resumed(&path).map_err(|it| it.message),
                Ok(Some(after_id))
            );
        }
        for (other, words) in [
            (asked("https://b", "acme", "updated"), "for https://a, and this is https://b"),
            (asked("https://a", "other", "updated"), "for the organization acme, and this is other"),
            (asked("https://a", "acme", "deleted"), "action updated, and now it is action deleted"),
            (asked("https://a", "acme", ""), "action updated, and now it is everything"),
        ] {
            let failure = other.resumed(&path).expect_err("refused");
            assert!(failure.message.contains(words), "{}", failure.message);
        }
        std::fs::write(&path, "{}").expect("written");
        assert!(cursor.resumed(&path).expect_err("refused").message.ends_with("is no cursor file"));
    }

    #[test]
    fn whether_it_can_be_kept_is_tried_without_leaving_anything() {
        let directory = tempfile::tempdir().expect("a directory");
        CursorFile::can_be_kept(&directory.path().join("cursor")).expect("room");
        assert_eq!(std::fs::read_dir(directory.path()).expect("read").count(), 0);
        assert!(CursorFile::can_be_kept(&directory.path().join("missing/cursor")).is_err());
    }

    #[test]
    fn the_window_is_no_part_of_the_question() {
        let since = Filter { since: Some(crate::model::timestamp::Timestamp::MAX), ..Filter::default() };
        let cursor = CursorFile::new("s".to_owned(), "o".to_owned(), &since, 3);
        assert_eq!(cursor.judged(&asked("s", "o", "")), Ok(3));
    }
}
