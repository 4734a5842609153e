//! Files are whole or not there, and a part that is gone on from becomes the same file.

use super::*;

fn names(directory: &Path) -> Vec<OsString> {
    let entries = std::fs::read_dir(directory).expect("read");
    let mut names: Vec<_> = entries.map(|it| it.expect("read").file_name()).collect();
    names.sort();
    names
}

#[test]
fn a_file_is_whole_or_not_there() {
    let directory = tempfile::tempdir().expect("a directory");
    let target = directory.path().join("x.csv");
    let mut file = NewFile::create(&target, false).expect("begun");
    file.write_all(b"half").expect("written");
    assert_eq!(names(directory.path()), ["x.csv.part"]);
    assert!(NewFile::create(&target, false).is_err_and(|error| matches!(error, FileError::Busy(_))));
    drop(file);
    assert!(names(directory.path()).is_empty());
    let mut file = NewFile::create(&target, false).expect("begun");
    file.write_all(b"whole").expect("written");
    file.finish().expect("finished");
    assert_eq!(std::fs::read(&target).expect("read"), b"whole");
    assert!(NewFile::create(&target, false).is_err_and(|error| matches!(error, FileError::Exists(_))));
    let mut file = NewFile::create(&target, true).expect("begun");
    file.write_all(b"half").expect("written");
    assert_eq!(std::fs::read(file.keep_part()).expect("read"), b"half");
    assert_eq!(
        std::fs::read(&target).expect("read"),
        b"whole",
        "the old file stands until the new one is whole"
    );
}

#[test]
fn a_part_that_is_gone_on_from_becomes_the_same_file() {
    let pieces = [&b"first,\n"[..], b"second,\n", b"third\n"];
    for name in ["x.csv", "x.csv.gz", "x.csv.zst"] {
        let directory = tempfile::tempdir().expect("a directory");
        let (whole, target) = (directory.path().join(format!("whole-{name}")), directory.path().join(name));
        let begin = |target: &Path| {
            let mut file = NewFile::create(target, false).expect("begun");
            file.write_all(pieces[0]).expect("written");
            let checkpoint = file.checkpoint().expect("a checkpoint");
            file.write_all(pieces[1]).expect("written");
            (file, checkpoint)
        };
        let (mut file, _) = begin(&whole);
        file.write_all(pieces[2]).expect("written");
        let mut told = None;
        let finished = file.finish_after(|stored| {
            told = Some(stored);
            Ok::<_, FileError>(())
        });
        finished.expect("finished");
        let stored = std::fs::read(&whole).expect("read");
        assert_eq!(told, Some(Stored { bytes: stored.len() as u64, sha256: Hash::of(&stored) }));

        let (file, checkpoint) = begin(&target);
        drop(file);
        let mut file = NewFile::resume(&target, false, checkpoint).expect("gone on");
        file.write_all(pieces[1]).expect("written");
        file.write_all(pieces[2]).expect("written");
        file.finish().expect("finished");
        assert!(std::fs::read(&target).expect("read") == stored, "{name}");
        let mut text = Vec::new();
        unpacked(&target, &stored[..]).expect("a reader").read_to_end(&mut text).expect("unpacked");
        assert_eq!(text, pieces.concat(), "{name}");
    }
}

#[test]
fn a_part_that_was_changed_is_not_gone_on_from() {
    let directory = tempfile::tempdir().expect("a directory");
    let target = directory.path().join("x.csv");
    let mut file = NewFile::create(&target, false).expect("begun");
    file.write_all(b"first").expect("written");
    let checkpoint = file.checkpoint().expect("a checkpoint");
    drop(file);
    for other in ["firs", "First"] {
        std::fs::write(part_of(&target), other).expect("written");
        let refused = NewFile::resume(&target, false, checkpoint);
        assert!(refused.is_err_and(|error| matches!(error, FileError::Damaged(_))), "{other}");
        assert_eq!(std::fs::read_to_string(part_of(&target)).expect("read"), other);
    }
}

#[cfg(unix)]
#[test]
fn a_link_leads_to_the_file_that_is_written() {
    let directory = tempfile::tempdir().expect("a directory");
    let (link, file) = (directory.path().join("link"), directory.path().join("file"));
    std::os::unix::fs::symlink("file", &link).expect("made");
    for force in [false, true] {
        let mut new = NewFile::create(&link, force).expect("begun");
        new.write_all(b"x").expect("written");
        assert!(directory.path().join("file.part").exists());
        new.finish().expect("finished");
        assert!(link.is_symlink() && !file.is_symlink());
        assert_eq!(std::fs::read(&file).expect("read"), b"x");
    }
    assert!(matches!(NewFile::create(directory.path(), true), Err(FileError::Directory(_))));
}

#[cfg(unix)]
#[test]
fn a_device_stays_one() {
    use std::os::unix::fs::FileTypeExt as _;
    let device = Path::new("/dev/null");
    let mut new = NewFile::create(device, false).expect("begun");
    new.write_all(b"x").expect("written");
    new.checkpoint().expect("kept");
    new.finish().expect("finished");
    drop(NewFile::create(device, true).expect("begun"));
    assert!(std::fs::metadata(device).expect("there").file_type().is_char_device());
    assert!(!Path::new("/dev/null.part").exists());
    assert!(is_own_outlet(Path::new("/dev/fd/1")) && !is_own_outlet(Path::new("/dev/shm/log.csv")));
}
