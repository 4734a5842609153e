//! Opens files that serve as locks and have no content.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

/// Opens a lock file, or creates it for its owner only. In a directory that others may write to, the name may be their link or
/// FIFO: neither is followed or waited for.
///
/// # Errors
/// The system's error.
pub(crate) fn open_lock_file(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create(true);
    let flags = rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK;
    options.mode(0o600).custom_flags(flags.bits().cast_signed());
    options.open(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_link_is_followed_and_no_fifo_is_waited_for() {
        let directory = tempfile::tempdir().expect("a directory");
        let place = |name: &str| directory.path().join(name);
        open_lock_file(&place("lock")).expect("created");
        open_lock_file(&place("lock")).expect("opened");
        std::os::unix::fs::symlink(place("foreign"), place("link")).expect("a link");
        open_lock_file(&place("link")).expect_err("refused");
        assert!(!place("foreign").exists(), "nothing was created behind the link");
        let mode = rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR;
        let kind = rustix::fs::FileType::Fifo;
        rustix::fs::mknodat(rustix::fs::CWD, place("fifo"), kind, mode, 0).expect("a FIFO");
        open_lock_file(&place("fifo")).expect_err("refused");
    }
}
