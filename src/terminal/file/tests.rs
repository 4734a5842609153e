//! Tests atomic files, resuming from checkpoints, and files of other users.

use std::io::Read as _;

use super::*;

fn names(directory: &Path) -> Vec<OsString> {
    let entries = std::fs::read_dir(directory).expect("read");
    let mut names: Vec<_> = entries.map(|it| it.expect("read").file_name()).collect();
    names.sort();
    names
}

#[test]
fn files_are_written_atomically() {
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
fn resumed_files_are_identical() {
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
        let mut bytes = 0;
        let finished = file.finish_after(|part| {
            bytes = part.metadata().expect("a file").len();
            Ok::<_, FileError>(())
        });
        finished.expect("finished");
        let stored = std::fs::read(&whole).expect("read");
        assert_eq!(bytes, stored.len() as u64, "it is whole before it has its name");

        let (file, checkpoint) = begin(&target);
        drop(file);
        let mut file =
            PartFile::claim(&target).and_then(|part| part.resume(false, checkpoint)).expect("gone on");
        file.write_all(pieces[1]).expect("written");
        file.write_all(pieces[2]).expect("written");
        file.finish().expect("finished");
        assert!(std::fs::read(&target).expect("read") == stored, "{name}");
        let mut text = Vec::new();
        decompressed(&target, &stored[..]).expect("a reader").read_to_end(&mut text).expect("unpacked");
        assert_eq!(text, pieces.concat(), "{name}");
    }
}

#[test]
fn changed_parts_are_not_resumed() {
    let directory = tempfile::tempdir().expect("a directory");
    let target = directory.path().join("x.csv");
    let mut file = NewFile::create(&target, false).expect("begun");
    file.write_all(b"first").expect("written");
    let checkpoint = file.checkpoint().expect("a checkpoint");
    drop(file);
    for other in ["firs", "First", "First and more"] {
        std::fs::write(part_path(&target), other).expect("written");
        let refused = PartFile::claim(&target).and_then(|part| part.resume(false, checkpoint));
        assert!(refused.is_err_and(|error| matches!(error, FileError::Damaged(_))), "{other}");
        assert_eq!(std::fs::read_to_string(part_path(&target)).expect("read"), other);
    }
}

#[test]
fn links_are_followed() {
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

#[test]
fn devices_are_written_directly() {
    use std::os::unix::fs::FileTypeExt as _;
    let device = Path::new("/dev/null");
    let mut new = NewFile::create(device, false).expect("begun");
    new.write_all(b"x").expect("written");
    new.checkpoint().expect("kept");
    new.finish().expect("finished");
    drop(NewFile::create(device, true).expect("begun"));
    assert!(std::fs::metadata(device).expect("there").file_type().is_char_device());
    assert!(!Path::new("/dev/null.part").exists());
    assert!(is_own_stream(Path::new("/dev/fd/1")) && !is_own_stream(Path::new("/dev/shm/log.csv")));
}

#[test]
fn extensions_are_case_insensitive() {
    let directory = tempfile::tempdir().expect("a directory");
    for (name, magic) in [
        ("x.csv.GZ", &[0x1f, 0x8b][..]),
        ("X.CSV.Gz", &[0x1f, 0x8b]),
        ("x.jsonl.ZST", &[0x28, 0xb5, 0x2f, 0xfd]),
        ("x.GZ.csv", b"text"),
    ] {
        let target = directory.path().join(name);
        let mut file = NewFile::create(&target, false).expect("begun");
        file.write_all(b"text").expect("written");
        file.finish().expect("finished");
        let stored = std::fs::read(&target).expect("read");
        assert!(stored.starts_with(magic), "{name}");
        let mut text = String::new();
        decompressed(&target, &stored[..]).expect("a reader").read_to_string(&mut text).expect("unpacked");
        assert_eq!(text, "text", "{name}");
    }
}

#[test]
fn parts_that_are_links_are_rejected_untouched() {
    use std::os::unix::fs::symlink;
    let directory = tempfile::tempdir().expect("a directory");
    let (target, victim) = (directory.path().join("x.csv"), directory.path().join("victim"));
    let part = part_path(&target);
    std::fs::write(&victim, "precious").expect("written");
    let links: [(&str, &dyn Fn()); 4] = [
        ("symbolic link", &|| symlink(&victim, &part).expect("made")),
        ("symbolic link", &|| symlink(directory.path().join("new"), &part).expect("made")),
        ("hard link", &|| std::fs::hard_link(&victim, &part).expect("made")),
        ("regular file", &|| {
            let mode = rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR;
            rustix::fs::mknodat(rustix::fs::CWD, &part, rustix::fs::FileType::Fifo, mode, 0).expect("made");
        }),
    ];
    for (why, put) in links {
        put();
        let checkpoint = FileCheckpoint { bytes: 0, crc32: 0 };
        for refused in [
            NewFile::create(&target, true).err(),
            PartFile::claim(&target).and_then(|part| part.resume(true, checkpoint)).err(),
        ] {
            let refused = refused.expect(why);
            assert!(matches!(refused, FileError::Untrusted { .. }), "{refused}");
            assert!(refused.to_string().contains(why), "{refused}");
        }
        assert_eq!(std::fs::read(&victim).expect("read"), b"precious");
        assert!(!directory.path().join("new").exists() && !target.exists());
        std::fs::remove_file(&part).expect("removed");
    }
    NewFile::create(&target, true).expect("its own again").finish().expect("finished");
}

#[test]
fn files_of_other_users_in_shared_directories_are_rejected() {
    let directory = tempfile::tempdir().expect("a directory");
    let target = directory.path().join("x.csv");
    std::fs::write(part_path(&target), "").expect("written");
    let other = 12345;
    // Only an administrator can change the owner of files.
    if std::os::unix::fs::chown(part_path(&target), Some(other), None).is_err() {
        return;
    }
    let refused = NewFile::create(&target, true).err().expect("refused").to_string();
    assert!(refused.contains("another user (uid 12345)"), "{refused}");
    std::fs::remove_file(part_path(&target)).expect("removed");

    std::os::unix::fs::symlink("elsewhere", &target).expect("made");
    std::os::unix::fs::lchown(&target, Some(other), None).expect("given");
    let refused = NewFile::create(&target, true).err().expect("refused").to_string();
    assert!(refused.contains("symbolic link of another user"), "{refused}");
    assert!(read_trusted(&target).is_err_and(|error| matches!(error, FileError::Untrusted { .. })));
    std::fs::remove_file(&target).expect("removed");

    std::fs::write(&target, "text").expect("written");
    std::os::unix::fs::chown(&target, Some(other), None).expect("given");
    assert!(read_trusted(&target).is_err_and(|error| matches!(error, FileError::Untrusted { .. })));
    // In a directory of that user, its own files are trusted.
    std::os::unix::fs::chown(directory.path(), Some(other), None).expect("given");
    assert_eq!(read_trusted(&target).expect("trusted").as_deref(), Some("text"));
}

#[test]
fn replaced_parts_are_opened_again() {
    let directory = tempfile::tempdir().expect("a directory");
    let target = directory.path().join("x.csv");
    let mut first = NewFile::create(&target, false).expect("begun");
    first.write_all(b"first").expect("written");
    // The first file is still locked during its rename, so that another process that opened the part tries again.
    first
        .finish_after(|_| {
            assert!(PartFile::claim(&target).is_err_and(|error| matches!(error, FileError::Busy(_))));
            Ok::<_, FileError>(())
        })
        .expect("finished");
    drop(NewFile::create(&target, true).expect("begun"));
    assert_eq!(std::fs::read(&target).expect("read"), b"first");
}
