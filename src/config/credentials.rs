//! The file in which `login` keeps tokens: for each profile one for each server, and which server was signed in to last.
//! Readable by its owner alone, and refused when it is not.

use std::collections::BTreeMap;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::config::env::Environment;
use crate::config::read_if_there;
use crate::terminal::file::{FileError, NewFile, sync_directory_of};

/// What the file holds.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Credentials {
    /// What is kept for each profile.
    #[serde(default)]
    pub profiles: BTreeMap<String, Kept>,
}

/// What is kept for a profile.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Kept {
    /// The server that is meant when nothing names one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server: Option<String>,
    /// Each server's token.
    #[serde(default)]
    pub tokens: BTreeMap<String, String>,
}

/// Why the file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CredentialsError {
    /// It cannot be read or written.
    #[error("cannot {doing} {}: {cause}", path.display())]
    File {
        /// What was tried.
        doing: &'static str,
        /// The file.
        path: PathBuf,
        /// The system's words.
        cause: io::Error,
    },
    /// Others can read it.
    #[error("{} can be read by others (mode {mode:03o})", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// It is not what `login` writes.
    #[error("{} is not what login writes, at line {line}", path.display())]
    Shape {
        /// The file.
        path: PathBuf,
        /// Where it goes wrong.
        line: usize,
    },
}

impl Credentials {
    /// Reads the file where the environment says it is; none when there is no home.
    ///
    /// # Errors
    /// As [`Credentials::read`].
    pub fn of(environment: &Environment) -> Result<Self, CredentialsError> {
        environment.credentials().map_or_else(|| Ok(Self::default()), |path| Self::read(&path))
    }

    /// Reads the file; none when there is none.
    ///
    /// # Errors
    /// [`CredentialsError`], without a word of what the file holds.
    pub fn read(path: &Path) -> Result<Self, CredentialsError> {
        let failed = |cause| CredentialsError::File { doing: "read", path: path.to_owned(), cause };
        let Some(text) = read_if_there(path).map_err(failed)? else { return Ok(Self::default()) };
        refuse_open(path)?;
        serde_json::from_str(&text)
            .map_err(|error| CredentialsError::Shape { path: path.to_owned(), line: error.line() })
    }

    /// Writes the file, whole or not at all.
    ///
    /// # Errors
    /// [`CredentialsError`]; then the old file stands.
    pub fn write(&self, path: &Path) -> Result<(), CredentialsError> {
        let failed = |cause| CredentialsError::File { doing: "write", path: path.to_owned(), cause };
        if let Some(directory) = path.parent() {
            let mut builder = std::fs::DirBuilder::new();
            builder.recursive(true);
            #[cfg(unix)]
            std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
            // The name of a directory that was just made has to last as well.
            let made = builder.create(directory).and_then(|()| sync_directory_of(directory));
            made.map_err(failed)?;
        }
        let refused = |error| match error {
            FileError::Write { cause, .. } | FileError::Read { cause, .. } => failed(cause),
            other => failed(io::Error::other(other.to_string())),
        };
        let text = serde_json::to_string_pretty(self).map_err(io::Error::from).map_err(failed)?;
        let mut file = NewFile::create(path, true).map_err(refused)?;
        file.write_all(text.as_bytes()).map_err(failed)?;
        file.finish().map_err(refused)
    }
}

/// Refuses a file that others can read.
///
/// # Errors
/// [`CredentialsError::Open`], or that its mode cannot be told.
pub fn refuse_open(path: &Path) -> Result<(), CredentialsError> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let metadata = std::fs::metadata(path);
        let metadata = metadata.map_err(|cause| CredentialsError::File {
            doing: "read",
            path: path.to_owned(),
            cause,
        })?;
        let mode = metadata.permissions().mode() & 0o777;
        if mode & 0o077 != 0 {
            return Err(CredentialsError::Open { path: path.to_owned(), mode });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn what_is_written_is_the_owners_alone_and_read_back() {
        use std::os::unix::fs::PermissionsExt as _;
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("made/credentials.json");
        assert!(Credentials::read(&path).expect("none yet").profiles.is_empty());
        let tokens = BTreeMap::from([("https://a.example".to_owned(), "t0k3n".to_owned())]);
        let profiles = BTreeMap::from([("work".to_owned(), Kept { server: None, tokens })]);
        Credentials { profiles }.write(&path).expect("written");
        let read = Credentials::read(&path).expect("read");
        assert_eq!(read.profiles["work"].tokens["https://a.example"], "t0k3n");
        let mode = |path: &Path| std::fs::metadata(path).expect("there").permissions().mode() & 0o777;
        assert_eq!((mode(path.parent().expect("a directory")), mode(&path)), (0o700, 0o600));
        let part = crate::terminal::file::part_of(&path);
        std::fs::write(&part, "left over").expect("written");
        std::fs::set_permissions(&part, std::fs::Permissions::from_mode(0o644)).expect("set");
        Credentials::read(&path).expect("read").write(&path).expect("written over what was left");
        assert_eq!(mode(&path), 0o600);
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).expect("set");
        assert!(matches!(Credentials::read(&path), Err(CredentialsError::Open { mode: 0o640, .. })));
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).expect("set");
        std::fs::write(&path, "{\n\"profiles\": s3cr3t}").expect("written");
        let words = Credentials::read(&path).err().expect("no JSON").to_string();
        assert!(words.contains("line 2") && !words.contains("s3cr3t"), "{words}");
    }
}
