//! Journals: what is read back, what another version has written, and which runs may use one.

use super::*;
use crate::model::evidence::manifest::IdRange;
use crate::render::columns::EXPORT_COLUMNS;

fn query() -> (Filter, EntryFormat) {
    let mut filter = Filter::default();
    filter.action.add_list("updated,!deleted").expect("words");
    filter.text.add("a, b").expect("a text");
    filter.since = Some("2026-11-16T00:00:00Z".parse().expect("a time"));
    let format = EntryFormat {
        format: Format::Csv,
        columns: EXPORT_COLUMNS.to_vec(),
        csv: CsvArgs { no_formula_guard: true, bom: false },
        explode: true,
        max_cell: None,
        spreadsheet: Some(Spreadsheet { semicolon: true, zone: chrono_tz::Europe::Madrid }),
        source: None,
    };
    (filter, format)
}

fn header() -> ExportHeader {
    let (filter, format) = query();
    let header = ExportHeader::new((Log::Audit, &filter), &format, ("s".to_owned(), "o".to_owned()), true);
    ExportHeader { trailer: true, ..header }
}

fn resume_point(entries: u64) -> ResumePoint {
    let written =
        WrittenEntries { count: entries, ids: Some(IdRange { lowest: 1, highest: 2 }), as_of: 9, last: None };
    ResumePoint { cursor: "c".to_owned(), written, stored: FileCheckpoint { bytes: 7, crc32: 1 } }
}

fn opened(target: &Path) -> Result<(ExportHeader, Option<u64>), Failure> {
    let part = PartFile::claim(target)?;
    let (_, header, resume_point) = Journal::open(&part, target)?;
    Ok((header, resume_point.map(|it| it.written.count)))
}

#[test]
fn the_header_and_the_last_complete_resume_point_are_read_back() {
    let directory = tempfile::tempdir().expect("a directory");
    let target = directory.path().join("x.csv");
    assert_eq!(Journal::must_exist(&target).err().map(|failure| failure.exit), Some(exit::NOT_FOUND));
    assert_eq!(opened(&target).err().map(|failure| failure.exit), Some(exit::NOT_FOUND));
    assert_eq!(std::fs::read_dir(directory.path()).expect("read").count(), 0, "nothing is left");
    let file = NewFile::create(&target, false).expect("begun");
    let mut journal = Journal::create(&file, &target, &header()).expect("begun");
    for entries in [1, 2] {
        journal.add(&resume_point(entries)).expect("added");
    }
    assert!(journal.has_resume_point());
    journal.file.as_mut().expect("a file").write_all(b"{\"cursor\":\"cut o").expect("written");
    drop((journal, file));
    for _ in 0..2 {
        let (read, entries) = opened(&target).expect("a journal");
        assert_eq!((&read, entries), (&header(), Some(2)));
        assert_eq!(read.decode(), Some((Log::Audit, query())));
        assert_eq!(read.columns.len(), EXPORT_COLUMNS.len() + 4);
    }
}

#[test]
fn a_journal_of_another_version_says_which_program_can_finish_the_export() {
    let directory = tempfile::tempdir().expect("a directory");
    let target = directory.path().join("x.csv");
    for (text, words) in [
        ("{}\n", "is not the journal of an export"),
        ("cut o", "is not the journal of an export"),
        (
            "{\"journal\":1,\"made_by\":\"krosyn-audit 0.1.0\",\"tarball\":true}\n",
            "begun by krosyn-audit 0.1.0 with journals of version 1,",
        ),
        ("{\"journal\":9,\"made_by\":\"\\u001b[2J\"}\n", "begun by \u{1b}[2J with journals of version 9,"),
    ] {
        std::fs::write(Journal::path(&part_path(&target)), text).expect("written");
        let failure = opened(&target).expect_err("refused");
        assert_eq!(failure.exit, exit::FAILED);
        assert!(failure.message.contains(words), "{}", failure.message);
    }
}

#[test]
fn an_export_of_the_trail_resumes_with_the_trail() {
    let (_, format) = query();
    let mut filter = Filter::default();
    filter.action.include.push(crate::model::words::Action::Read);
    let header = |log| ExportHeader::new((log, &filter), &format, ("s".to_owned(), "o".to_owned()), true);
    assert_eq!(
        header(Log::Trail).decode().map(|(log, (filter, _))| (log, filter)),
        Some((Log::Trail, filter.clone()))
    );
    assert_eq!(header(Log::Audit).decode(), None, "a word of the trail");
}

#[test]
fn a_second_run_fails_and_changes_nothing() {
    let directory = tempfile::tempdir().expect("a directory");
    let target = directory.path().join("x.csv");
    let file = NewFile::create(&target, false).expect("begun");
    let mut journal = Journal::create(&file, &target, &header()).expect("begun");
    for is_resumed in [false, true] {
        let before = std::fs::read(&journal.path).expect("read");
        assert_eq!(opened(&target).err().map(|failure| failure.exit), Some(exit::LOCKED));
        assert!(NewFile::create(&target, true).is_err());
        assert_eq!(std::fs::read(&journal.path).expect("still there"), before, "{is_resumed}");
        journal.add(&resume_point(1)).expect("added");
    }
    // Another process that finishes still holds the journal when the partial file has been renamed.
    assert!(ClaimedFile::open(&journal.path, &target).is_err());
    journal.remove();
    assert!(Journal::must_exist(&target).is_err());
}

#[test]
fn a_new_journal_without_a_resume_point_is_deleted_and_a_resumed_one_stays() {
    let directory = tempfile::tempdir().expect("a directory");
    let target = directory.path().join("x.csv");
    let begin = || {
        let file = NewFile::create(&target, false).expect("begun");
        let journal = Journal::create(&file, &target, &header()).expect("begun");
        (file, journal)
    };
    drop(begin());
    assert!(Journal::must_exist(&target).is_err());
    // A killed process deletes nothing.
    let (file, journal) = begin();
    let Journal { temporary, file: locked, .. } = journal;
    temporary.map(TemporaryFile::keep).expect("its own");
    drop((locked, file));
    for _ in 0..3 {
        let part = PartFile::claim(&target).expect("free");
        let (mut journal, read, resume_point) = Journal::open(&part, &target).expect("a journal");
        assert_eq!((read, resume_point), (header(), None));
        // The run fails here, or after it began to write.
        let file = part.begin(false).expect("begun");
        journal.restart(&header()).expect("begun");
        drop((file, journal));
        Journal::must_exist(&target).expect("still there");
    }
}

#[test]
fn a_symbolic_link_and_its_target_share_one_journal() {
    let directory = tempfile::tempdir().expect("a directory");
    let (link, target) = (directory.path().join("link"), directory.path().join("x.csv"));
    std::os::unix::fs::symlink("x.csv", &link).expect("made");
    let file = NewFile::create(&link, false).expect("begun");
    let mut journal = Journal::create(&file, &link, &header()).expect("begun");
    journal.add(&resume_point(1)).expect("added");
    drop((journal, file));
    assert_eq!(opened(&target).ok().and_then(|(_, entries)| entries), Some(1));
}
