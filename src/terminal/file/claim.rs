//! Working files (parts, journals) and names in directories that other users may write to.
//!
//! A working file is created exclusively and never through a symbolic link. One that is already there is used only if it
//! is a regular file of this user with a single name. Whoever uses it holds a lock on it, and the name still stands for
//! the locked file: a second process cannot remove, empty or rename what the first one writes.

use std::collections::BTreeSet;
use std::fs::{File, Metadata, OpenOptions, TryLockError};
use std::io;
use std::ops::{Deref, DerefMut};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::terminal::file::FileError;

/// How often a name that changes hands is opened again before it counts as busy.
const ATTEMPTS: usize = 20;
/// A chain of more links leads nowhere.
const MOST_LINKS: usize = 40;

/// The files to remove when the process ends before their owners are dropped.
static TEMPORARY: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());

fn temporary() -> MutexGuard<'static, BTreeSet<PathBuf>> {
    TEMPORARY.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Removes every temporary file: for an end of the process that drops nothing.
pub(crate) fn remove_temporary_files() {
    for path in std::mem::take(&mut *temporary()) {
        drop(std::fs::remove_file(path));
    }
}

/// A file that is removed when this is dropped, or when the process is interrupted.
pub(crate) struct TemporaryFile(PathBuf);

impl TemporaryFile {
    fn new(path: &Path) -> Self {
        temporary().insert(path.to_owned());
        Self(path.to_owned())
    }

    /// Keeps the file.
    pub(crate) fn keep(self) {
        temporary().remove(&self.0);
        // Not dropped: that would remove it.
        std::mem::forget(self);
    }
}

impl Drop for TemporaryFile {
    fn drop(&mut self) {
        drop(std::fs::remove_file(&self.0));
        temporary().remove(&self.0);
    }
}

/// A locked file. Dropped, it is unlocked at once, though a child process that is just being started may still hold it.
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
        // Not every file system has locks.
        drop(self.0.unlock());
    }
}

/// A working file that this process alone uses. Dropped, a file that it created is removed.
pub(crate) struct ClaimedFile {
    // Before the file, whose lock guards the removal.
    created: Option<TemporaryFile>,
    file: LockedFile,
    path: PathBuf,
}

impl ClaimedFile {
    /// Opens and locks the working file at `path`, or creates it; nothing in it is read or changed. `target` is named when
    /// another process uses it.
    ///
    /// # Errors
    /// [`FileError`]: busy, of another user, or the system's refusal.
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
                // Not every file system has locks; those without cannot tell.
                Err(TryLockError::Error(_)) | Ok(()) => {}
            }
            if is_name_of(path, &file) {
                // What an earlier run left there may be open to others.
                #[cfg(unix)]
                if created.is_none() {
                    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o600);
                    file.set_permissions(mode).map_err(failed)?;
                }
                return Ok(Self { created, file: LockedFile(file), path: path.to_owned() });
            }
            // Another process finished with it before the lock was ours: the name is its, or nobody's.
            created.into_iter().for_each(TemporaryFile::keep);
        }
        Err(FileError::Busy(target.to_owned()))
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The file, and what removes it unless it is kept.
    #[must_use]
    pub(crate) fn begin(self) -> (LockedFile, TemporaryFile) {
        let Self { created, file, path } = self;
        let temporary = created.unwrap_or_else(|| TemporaryFile::new(&path));
        (file, temporary)
    }

    /// The file, which stays where it is.
    #[must_use]
    pub(crate) fn keep(self) -> LockedFile {
        self.created.into_iter().for_each(TemporaryFile::keep);
        self.file
    }

    /// Whether it was made by this process just now.
    pub(crate) const fn is_new(&self) -> bool {
        self.created.is_some()
    }
}

fn create(path: &Path) -> io::Result<File> {
    private(OpenOptions::new().read(true).write(true).create_new(true)).open(path)
}

/// Opens no symbolic link, and does not wait for the other end of a FIFO. A new file is its owner's alone.
#[cfg(unix)]
fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    use std::os::unix::fs::OpenOptionsExt as _;
    let flags = rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK;
    options.mode(0o600).custom_flags(flags.bits().cast_signed())
}

#[cfg(not(unix))]
const fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    options
}

fn untrusted(path: &Path, why: impl Into<String>) -> FileError {
    FileError::Untrusted { path: path.to_owned(), why: why.into() }
}

fn untrusted_link(path: &Path) -> Option<FileError> {
    path.is_symlink().then(|| untrusted(path, "it is a symbolic link"))
}

/// Refuses a working file that this user did not make.
fn check_owner(path: &Path, metadata: &Metadata) -> Result<(), FileError> {
    if !metadata.is_file() {
        return Err(untrusted(path, "it is not a regular file"));
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt as _;
        if metadata.uid() != user() {
            return Err(untrusted(path, format!("it belongs to another user (uid {})", metadata.uid())));
        }
        if metadata.nlink() > 1 {
            return Err(untrusted(path, "it has a second name (a hard link)"));
        }
    }
    Ok(())
}

#[cfg(unix)]
fn user() -> u32 {
    rustix::process::geteuid().as_raw()
}

/// Whether `path` is the name of this open file.
fn is_name_of(path: &Path, file: &File) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt as _;
        let identity = |metadata: &Metadata| (metadata.dev(), metadata.ino());
        let (named, open) = (std::fs::symlink_metadata(path), file.metadata());
        matches!((named, open), (Ok(named), Ok(open)) if identity(&named) == identity(&open))
    }
    #[cfg(not(unix))]
    {
        let _ = (path, file);
        true
    }
}

/// Whether this user, the administrator or the owner of the directory put it there. Whoever owns the directory could put
/// anything there anyway.
#[cfg(unix)]
fn is_trusted(path: &Path, metadata: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    let owner = metadata.uid();
    let owns_directory = || std::fs::metadata(directory_of(path)).is_ok_and(|it| it.uid() == owner);
    owner == user() || owner == 0 || owns_directory()
}

#[cfg(not(unix))]
const fn is_trusted(_: &Path, _: &Metadata) -> bool {
    true
}

/// Where a symbolic link leads, through others, whether a file is there or not yet. A link, or a FIFO, that another user
/// put into a shared directory is refused.
pub(super) fn resolve_links(target: &Path) -> Result<PathBuf, FileError> {
    let mut place = target.to_owned();
    for _ in 0..MOST_LINKS {
        let Ok(metadata) = std::fs::symlink_metadata(&place) else { break };
        #[cfg(unix)]
        let is_judged =
            metadata.is_symlink() || std::os::unix::fs::FileTypeExt::is_fifo(&metadata.file_type());
        #[cfg(not(unix))]
        let is_judged = metadata.is_symlink();
        if is_judged && !super::is_own_outlet(target) && !is_trusted(&place, &metadata) {
            let what = if metadata.is_symlink() { "a symbolic link" } else { "a FIFO" };
            return Err(untrusted(&place, format!("it is {what} of another user")));
        }
        let Ok(next) = std::fs::read_link(&place) else { break };
        place = place.parent().map_or(next.clone(), |parent| parent.join(&next));
    }
    Ok(place)
}

/// Reads a text file, unless another user put it, or a link to it, into a shared directory.
///
/// # Errors
/// [`FileError`]; one that is not there is [`FileError::Write`] with that cause.
pub(crate) fn read_trusted(path: &Path) -> Result<String, FileError> {
    let place = resolve_links(path)?;
    let failed = |cause| FileError::Read { path: path.to_owned(), cause };
    let mut file = private(OpenOptions::new().read(true)).open(&place).map_err(failed)?;
    let metadata = file.metadata().map_err(failed)?;
    if !is_trusted(&place, &metadata) {
        return Err(untrusted(path, "it belongs to another user"));
    }
    let mut text = String::new();
    io::Read::read_to_string(&mut file, &mut text).map_err(failed)?;
    Ok(text)
}

fn directory_of(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Gives a file another name in its directory, and makes the name durable.
///
/// # Errors
/// The system's.
pub(super) fn rename(from: &Path, to: &Path) -> io::Result<()> {
    std::fs::rename(from, to)?;
    sync_directory_of(to)
}

/// Makes the names in the directory of `path` durable: without it, a power failure may undo a rename whose file was synced.
///
/// # Errors
/// The system's, but not that directories cannot be synced there, or not be read by this user.
pub(crate) fn sync_directory_of(path: &Path) -> io::Result<()> {
    #[cfg(unix)]
    {
        use io::ErrorKind::{InvalidInput, PermissionDenied, Unsupported};
        let synced = File::open(directory_of(path)).and_then(|directory| directory.sync_all());
        match synced {
            Err(error) if matches!(error.kind(), InvalidInput | PermissionDenied | Unsupported) => Ok(()),
            synced => synced,
        }
    }
    #[cfg(not(unix))]
    {
        let _ = path;
        Ok(())
    }
}
