//! Opens working files (parts, journals) safely in directories that other users may write to.
//!
//! A working file is created exclusively and never through a symbolic link. An existing one must be a regular file of
//! this user with a single name. It is locked, and its name is checked against the locked file, so that a second process
//! cannot remove, truncate or rename it.

use std::collections::BTreeSet;
use std::fs::{File, Metadata, OpenOptions, TryLockError};
use std::io;
use std::ops::{Deref, DerefMut};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::terminal::file::error::FileError;

/// How often a path that another process replaces is opened again.
const ATTEMPTS: usize = 20;
/// The most symbolic links followed.
const MAX_LINKS: usize = 40;

/// Files to remove if the process exits before their owners are dropped.
static TEMPORARY: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());

fn temporary() -> MutexGuard<'static, BTreeSet<PathBuf>> {
    TEMPORARY.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Removes every temporary file, for an exit that drops nothing.
pub(crate) fn remove_temporary_files() {
    for path in std::mem::take(&mut *temporary()) {
        drop(std::fs::remove_file(path));
    }
}

/// Removes a file when dropped, or when the process is interrupted.
pub(crate) struct TemporaryFile(PathBuf);

impl TemporaryFile {
    fn new(path: &Path) -> Self {
        temporary().insert(path.to_owned());
        Self(path.to_owned())
    }

    pub(crate) fn keep(self) {
        temporary().remove(&self.0);
        // Dropping it would remove the file.
        std::mem::forget(self);
    }
}

impl Drop for TemporaryFile {
    fn drop(&mut self) {
        drop(std::fs::remove_file(&self.0));
        temporary().remove(&self.0);
    }
}

/// A locked file. Drop unlocks it explicitly, because a starting child process may still hold its descriptor.
pub(crate) struct LockedFile(File);

impl From<File> for LockedFile {
    fn from(file: File) -> Self {
        Self(file)
    }
}

impl Deref for LockedFile {
    type Target = File;
    fn deref(&self) -> &File {
        &self.0
    }
}

impl DerefMut for LockedFile {
    fn deref_mut(&mut self) -> &mut File {
        &mut self.0
    }
}

impl Drop for LockedFile {
    fn drop(&mut self) {
        // Some file systems have no locks.
        drop(self.0.unlock());
    }
}

/// A working file that only this process uses. If dropped, it is removed if it was created.
pub(crate) struct ClaimedFile {
    // Dropped before the file, whose lock guards the removal.
    created: Option<TemporaryFile>,
    file: LockedFile,
    path: PathBuf,
}

impl ClaimedFile {
    /// Opens and locks the working file at `path`, or creates it, without reading or changing it. If another process uses
    /// it, the error names `target`.
    pub(crate) fn open(path: &Path, target: &Path) -> Result<Self, FileError> {
        let failed = |cause| FileError::Write { path: path.to_owned(), cause };
        for _ in 0..ATTEMPTS {
            let (file, created) = match create(path) {
                Ok(file) => (file, Some(TemporaryFile::new(path))),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                    match private(OpenOptions::new().read(true).write(true)).open(path) {
                        Ok(file) => (file, None),
                        Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                        Err(error) => return Err(untrusted_link(path).unwrap_or_else(|| failed(error))),
                    }
                }
                Err(error) => return Err(failed(error)),
            };
            if created.is_none() {
                check_owner(path, &file.metadata().map_err(failed)?)?;
            }
            match file.try_lock() {
                Err(TryLockError::WouldBlock) => {
                    created.into_iter().for_each(TemporaryFile::keep);
                    return Err(FileError::Busy(target.to_owned()));
                }
                // Some file systems have no locks.
                Err(TryLockError::Error(_)) | Ok(()) => {}
            }
            if is_name_of(path, &file) {
                // A file left by an earlier run may be readable by others.
                if created.is_none() {
                    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o600);
                    file.set_permissions(mode).map_err(failed)?;
                }
                return Ok(Self { created, file: LockedFile(file), path: path.to_owned() });
            }
            // Another process renamed or removed it before this one got the lock.
            created.into_iter().for_each(TemporaryFile::keep);
        }
        Err(FileError::Busy(target.to_owned()))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The file, and a guard that removes it.
    #[must_use]
    pub(crate) fn begin(self) -> (LockedFile, TemporaryFile) {
        let Self { created, file, path } = self;
        let temporary = created.unwrap_or_else(|| TemporaryFile::new(&path));
        (file, temporary)
    }

    /// The file, which is not removed.
    #[must_use]
    pub(crate) fn keep(self) -> LockedFile {
        self.created.into_iter().for_each(TemporaryFile::keep);
        self.file
    }

    /// Whether this process created it.
    pub(crate) const fn is_new(&self) -> bool {
        self.created.is_some()
    }
}

fn create(path: &Path) -> io::Result<File> {
    private(OpenOptions::new().read(true).write(true).create_new(true)).open(path)
}

/// Options that follow no symbolic link and do not wait for the other end of a FIFO. New files are readable by their owner
/// only.
fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    use std::os::unix::fs::OpenOptionsExt as _;
    let flags = rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK;
    options.mode(0o600).custom_flags(flags.bits().cast_signed())
}

fn untrusted(path: &Path, why: impl Into<String>) -> FileError {
    FileError::Untrusted { path: path.to_owned(), why: why.into() }
}

fn untrusted_link(path: &Path) -> Option<FileError> {
    path.is_symlink().then(|| untrusted(path, "it is a symbolic link"))
}

/// Rejects a working file that this user did not create.
fn check_owner(path: &Path, metadata: &Metadata) -> Result<(), FileError> {
    if !metadata.is_file() {
        return Err(untrusted(path, "it is not a regular file"));
    }
    if metadata.uid() != user() {
        return Err(untrusted(path, format!("it belongs to another user (uid {})", metadata.uid())));
    }
    if metadata.nlink() > 1 {
        return Err(untrusted(path, "it has a second name (a hard link)"));
    }
    Ok(())
}

fn user() -> u32 {
    rustix::process::geteuid().as_raw()
}

fn is_name_of(path: &Path, file: &File) -> bool {
    let identity = |metadata: &Metadata| (metadata.dev(), metadata.ino());
    let (named, open) = (std::fs::symlink_metadata(path), file.metadata());
    matches!((named, open), (Ok(named), Ok(open)) if identity(&named) == identity(&open))
}

/// Whether the file belongs to this user, the administrator or the owner of its directory, who could replace it anyway.
fn is_trusted(path: &Path, metadata: &Metadata) -> bool {
    let owner = metadata.uid();
    let owns_directory = || std::fs::metadata(directory_of(path)).is_ok_and(|it| it.uid() == owner);
    owner == user() || owner == 0 || owns_directory()
}

/// Follows symbolic links to the target, which need not exist. Links and FIFOs of other users in shared directories are
/// rejected.
pub(crate) fn resolve_links(target: &Path) -> Result<PathBuf, FileError> {
    let mut place = target.to_owned();
    for _ in 0..MAX_LINKS {
        let Ok(metadata) = std::fs::symlink_metadata(&place) else { break };
        let is_judged =
            metadata.is_symlink() || std::os::unix::fs::FileTypeExt::is_fifo(&metadata.file_type());
        if is_judged && !is_own_stream(target) && !is_trusted(&place, &metadata) {
            let what = if metadata.is_symlink() { "a symbolic link" } else { "a FIFO" };
            return Err(untrusted(&place, format!("it is {what} of another user")));
        }
        let Ok(next) = std::fs::read_link(&place) else { break };
        place = place.parent().map_or(next.clone(), |parent| parent.join(&next));
    }
    Ok(place)
}

/// Reads a text file; `None` if it does not exist. Files and links of other users in shared directories are rejected.
pub(crate) fn read_trusted(path: &Path) -> Result<Option<String>, FileError> {
    let place = resolve_links(path)?;
    let failed = |cause| FileError::Read { path: path.to_owned(), cause };
    let mut file = match private(OpenOptions::new().read(true)).open(&place) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        opened => opened.map_err(failed)?,
    };
    let metadata = file.metadata().map_err(failed)?;
    if !is_trusted(&place, &metadata) {
        return Err(untrusted(path, "it belongs to another user"));
    }
    let mut text = String::new();
    io::Read::read_to_string(&mut file, &mut text).map_err(failed)?;
    Ok(Some(text))
}

/// Whether a path names an open stream of this process, which may be a regular file with content.
pub(super) fn is_own_stream(target: &Path) -> bool {
    ["/dev/stdout", "/dev/stderr", "/dev/fd", "/proc/self/fd"].iter().any(|outlet| target.starts_with(outlet))
}

fn directory_of(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Renames a file within its directory, durably.
pub(crate) fn rename(from: &Path, to: &Path) -> io::Result<()> {
    std::fs::rename(from, to)?;
    sync_directory_of(to)
}

/// Syncs the directory of `path`: without it, a power failure may undo the rename of a synced file. Ignores file systems
/// that cannot sync directories, and directories that this user cannot read.
pub(crate) fn sync_directory_of(path: &Path) -> io::Result<()> {
    use io::ErrorKind::{InvalidInput, PermissionDenied, Unsupported};
    let synced = File::open(directory_of(path)).and_then(|directory| directory.sync_all());
    match synced {
        Err(error) if matches!(error.kind(), InvalidInput | PermissionDenied | Unsupported) => Ok(()),
        synced => synced,
    }
}
