//! Opens databases: sets SQLite up, and applies the numbered migrations that bring a file to the current schema.

use std::io::Write as _;
use std::path::Path;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use crate::store::error::StoreError;

/// The migrations, in order. A file's `user_version` is the number of those it has.
const MIGRATIONS: &[&str] = &[
    include_str!("../migrations/0001_entries.sqlite.sql"),
    include_str!("../migrations/0002_token_use.sqlite.sql"),
    include_str!("../migrations/0003_tallies.sqlite.sql"),
    include_str!("../migrations/0004_checksums.sqlite.sql"),
    include_str!("../migrations/0005_integrity.sqlite.sql"),
    include_str!("../migrations/0006_text.sqlite.sql"),
    include_str!("../migrations/0007_sessions.sqlite.sql"),
    include_str!("../migrations/0008_holds.sqlite.sql"),
    include_str!("../migrations/0009_erasures.sqlite.sql"),
];

/// A SQLite file without damage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CheckedFile {
    /// Its schema.
    pub schema: u32,
    /// The newest schema that this version knows.
    pub known: u32,
}

/// Marks a file as ours: "KrAu".
const APPLICATION_ID: i32 = 0x4b72_4175;
/// How long to wait for another process, such as a command on the file a server is using.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

pub(super) fn open_for_writing(path: &Path) -> Result<Connection, StoreError> {
    create_private(path).map_err(|error| cannot_open(path, &error))?;
    // SQLite's message does not name the obstacle. Reading, too, needs its files beside the store.
    if let Err(error) = std::fs::OpenOptions::new().write(true).open(path) {
        return Err(cannot_open(path, &in_the_way(&error)));
    }
    let open = || {
        let connection = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        // Free space is returned page by page, and deleted text is overwritten: pruned text leaves the file.
        connection.busy_timeout(BUSY_TIMEOUT)?;
        connection.execute_batch(
            "PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA secure_delete = ON;",
        )?;
        set_up(&connection)?;
        Ok::<_, StoreError>(connection)
    };
    let connection = open().map_err(|error| explain_opening(path, error))?;
    migrate(&connection, &path.display().to_string())?;
    Ok(connection)
}

pub(super) fn open_for_reading(path: &Path) -> Result<Connection, StoreError> {
    let open = || {
        let connection = connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        connection.busy_timeout(BUSY_TIMEOUT)?;
        set_up(&connection)?;
        // Many connections read, and the kernel caches the file for all of them.
        connection.execute_batch("PRAGMA cache_size = -2048;")?;
        Ok::<_, StoreError>(connection)
    };
    open().map_err(|error| explain_opening(path, error))
}

/// Opens a database of ours for a backup.
pub(super) fn open_for_backup(path: &Path) -> Result<Connection, StoreError> {
    let open = || {
        let connection = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        connection.busy_timeout(BUSY_TIMEOUT)?;
        let application: i32 = connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
        match application {
            APPLICATION_ID => Ok(connection),
            _ => Err(cannot_open(path, &"it is a database of another programme")),
        }
    };
    open().map_err(|error| explain_opening(path, error))
}

/// Deletes the signing key from a copy that nothing else has open. A restored copy gets a new key, so it cannot sign
/// another root for a size that the original has signed.
pub(super) fn forget_signing_key(path: &Path) -> Result<(), StoreError> {
    let copy = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    let sql = "SELECT count(*) FROM sqlite_schema WHERE name = 'signing_keys'";
    if copy.query_row(sql, [], |row| row.get::<_, i64>(0))? > 0 {
        copy.execute_batch("PRAGMA secure_delete = ON; DELETE FROM signing_keys;")?;
    }
    copy.close().map_err(|(_, error)| error.into())
}

/// Whether the file has all migrations.
pub(super) fn is_current(db: &Connection) -> Result<bool, StoreError> {
    let found: i64 = db.pragma_query_value(None, "user_version", |row| row.get(0))?;
    Ok(usize::try_from(found) == Ok(MIGRATIONS.len()))
}

/// The schema of the file, and the newest that this version knows.
pub(super) fn versions(db: &Connection) -> Result<CheckedFile, StoreError> {
    let schema = db.pragma_query_value(None, "user_version", |row| row.get(0))?;
    Ok(CheckedFile { schema, known: u32::try_from(MIGRATIONS.len()).unwrap_or(u32::MAX) })
}

/// Checks a copy that nothing else has open.
pub(super) fn check_copy(path: &Path) -> Result<(), StoreError> {
    check(&connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?)
}

/// Opens the connection of the checkpointer.
pub(super) fn open_for_keeping(path: &Path) -> Result<Connection, StoreError> {
    let connection = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    connection.busy_timeout(Duration::ZERO)?;
    connection.execute_batch("PRAGMA synchronous = FULL;")?;
    Ok(connection)
}

/// Opens a file by its absolute path, which SQLite takes for nothing else: `file:…` would be a URI, and `:memory:` no
/// file.
fn connect(path: &Path, mode: OpenFlags) -> Result<Connection, StoreError> {
    let absolute = std::path::absolute(path).map_err(|error| cannot_open(path, &error))?;
    Ok(Connection::open_with_flags(absolute, mode | OpenFlags::SQLITE_OPEN_NO_MUTEX)?)
}

/// Reads one row, to see whether the database can be read.
pub(super) fn look(db: &Connection) -> Result<(), StoreError> {
    let row = db.query_row("SELECT 1 FROM org_heads LIMIT 1", [], |_| Ok(()));
    match row {
        Err(rusqlite::Error::QueryReturnedNoRows) => Ok(()),
        row => Ok(row?),
    }
}

/// Reads every page and compares the tables with their indexes: pages omit an entry that an index lost, which no checksum
/// detects.
pub(super) fn check(db: &Connection) -> Result<(), StoreError> {
    let found: String = db.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))?;
    if found == "ok" { Ok(()) } else { Err(StoreError::Damaged(found)) }
}

/// Writes an unchanged value, which needs the disk as any write does.
pub(super) fn touch(db: &Connection) -> Result<(), StoreError> {
    let version: i64 = db.pragma_query_value(None, "user_version", |row| row.get(0))?;
    Ok(db.pragma_update(None, "user_version", version)?)
}

/// Runs `work` without waiting for the locks of others.
pub(super) fn without_waiting<T>(
    db: &Connection,
    work: impl FnOnce(&Connection) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    db.busy_timeout(Duration::ZERO)?;
    let outcome = work(db);
    db.busy_timeout(BUSY_TIMEOUT)?;
    outcome
}

pub(super) fn open_in_memory() -> Result<Connection, StoreError> {
    let connection = Connection::open_in_memory()?;
    set_up(&connection)?;
    migrate(&connection, "in memory")?;
    Ok(connection)
}

fn set_up(connection: &Connection) -> Result<(), StoreError> {
    connection
        .execute_batch("PRAGMA foreign_keys = ON; PRAGMA temp_store = MEMORY; PRAGMA cache_size = -8192;")?;
    // Plans do not depend on bound values. Otherwise SQLite would plan each statement again on every use, and never
    // find a better plan, because there are no statistics.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(())
}

/// Creates the file and its directory before SQLite does, readable by the owner only. SQLite's other files get the same
/// mode.
fn create_private(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};

    if path.exists() {
        return Ok(());
    }
    let directory = path.parent().filter(|directory| !directory.as_os_str().is_empty());
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    options.mode(0o600);
    builder.mode(0o700);
    directory.map_or(Ok(()), |directory| builder.create(directory))?;
    match options.open(path) {
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        created => created.map(drop),
    }
}

fn cannot_open(path: &Path, cause: &dyn std::fmt::Display) -> StoreError {
    StoreError::Open { location: path.display().to_string(), cause: cause.to_string() }
}

fn explain_opening(path: &Path, error: StoreError) -> StoreError {
    match error {
        StoreError::Damaged(cause) => cannot_open(path, &format!("it is no database of this tool ({cause})")),
        StoreError::Unwritable(cause) | StoreError::Failed(cause) => match beside(path) {
            Ok(()) => cannot_open(path, &cause),
            Err(error) => cannot_open(path, &in_the_way(&error)),
        },
        other => other,
    }
}

/// Writes as much beside the store as SQLite needs to open it.
fn beside(path: &Path) -> std::io::Result<()> {
    let directory = path.parent().filter(|directory| !directory.as_os_str().is_empty());
    // Without a name that somebody else could have made a link.
    tempfile::tempfile_in(directory.unwrap_or(Path::new(".")))?.write_all(&[1; 64 * 1024])
}

/// Says why a store's files cannot be written, and what to do.
fn in_the_way(error: &std::io::Error) -> String {
    use std::io::ErrorKind;
    match error.kind() {
        ErrorKind::ReadOnlyFilesystem => "the file system is read-only: copy the store elsewhere to read it".to_owned(),
        ErrorKind::PermissionDenied => {
            "this user may not write to it and its directory, which is needed to read it too: copy it elsewhere"
                .to_owned()
        }
        ErrorKind::StorageFull => "the disk is full".to_owned(),
        _ => error.to_string(),
    }
}

/// Applies missing migrations under the write lock, so that of two processes only one does.
fn migrate(connection: &Connection, location: &str) -> Result<(), StoreError> {
    let known = i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX);
    connection.execute_batch("BEGIN IMMEDIATE")?;
    let result = (|| {
        let found: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
        let application: i32 = connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
        let tables: i64 = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
        if application != APPLICATION_ID && tables > 0 {
            let cause = "it is a database of another programme".to_owned();
            return Err(StoreError::Open { location: location.to_owned(), cause });
        }
        if found > known {
            return Err(StoreError::NewerSchema { location: location.to_owned(), found, known });
        }
        for migration in MIGRATIONS.iter().skip(usize::try_from(found).unwrap_or(0)) {
            connection.execute_batch(migration)?;
        }
        connection.pragma_update(None, "user_version", known)?;
        connection.pragma_update(None, "application_id", APPLICATION_ID)?;
        Ok(())
    })();
    connection.execute_batch(if result.is_ok() { "COMMIT" } else { "ROLLBACK" })?;
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_other_programmes_are_refused() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("x.db");
        std::fs::write(&path, "not a database, but long enough to be looked at by the engine ".repeat(20))
            .expect("written");
        let words = open_for_writing(&path).expect_err("no database").to_string();
        assert!(words.contains("x.db") && words.contains("no database of this tool"), "{words}");

        let other = directory.path().join("other.db");
        Connection::open(&other).expect("opens").execute_batch("CREATE TABLE t (a)").expect("made");
        let words = open_for_writing(&other).expect_err("another programme's").to_string();
        assert!(words.contains("another programme"), "{words}");

        let newer = directory.path().join("newer.db");
        open_for_writing(&newer).expect("made").pragma_update(None, "user_version", 99).expect("set");
        assert!(matches!(open_for_writing(&newer), Err(StoreError::NewerSchema { found: 99, .. })));
    }

    #[test]
    fn obstacles_to_writing_are_reported() {
        use std::io::{Error, ErrorKind};
        for (kind, words) in [
            (ErrorKind::ReadOnlyFilesystem, "file system is read-only"),
            (ErrorKind::PermissionDenied, "may not write"),
            (ErrorKind::StorageFull, "the disk is full"),
        ] {
            assert!(in_the_way(&Error::from(kind)).contains(words));
        }
        let directory = tempfile::tempdir().expect("a directory");
        beside(&directory.path().join("audit.db")).expect("room");
        assert_eq!(std::fs::read_dir(directory.path()).expect("read").count(), 0);
        // A directory at the path of the store cannot be written as a file.
        let words = open_for_writing(directory.path()).expect_err("a directory").to_string();
        assert!(words.contains("irectory"), "{words}");
    }

    #[test]
    fn a_failed_opening_writes_behind_no_link() {
        let directory = tempfile::tempdir().expect("a directory");
        let foreign = directory.path().join("foreign");
        std::fs::write(&foreign, "foreign").expect("written");
        // Names that another user can guess.
        for number in 0..8 {
            let name = format!(".krosyn-audit-{}", std::process::id() + number);
            std::os::unix::fs::symlink(&foreign, directory.path().join(name)).expect("a link");
        }
        beside(&directory.path().join("audit.db")).expect("room");
        assert_eq!(std::fs::read_to_string(&foreign).expect("read"), "foreign");
    }

    #[test]
    fn only_the_owner_can_read_files_and_directories() {
        use std::os::unix::fs::PermissionsExt;
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("made/audit.db");
        let _open = open_for_writing(&path).expect("made");
        let mode = |name: &str| {
            std::fs::metadata(directory.path().join(name)).expect("there").permissions().mode() & 0o777
        };
        assert_eq!((mode("made"), mode("made/audit.db"), mode("made/audit.db-wal")), (0o700, 0o600, 0o600));
    }
}
