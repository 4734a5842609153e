//! The file in which `login` keeps tokens: for each profile one for each server, and which server was signed in to
//! last. Readable by its owner alone, and refused when it is not.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::config::env::Environment;
use crate::config::optional_file;

/// What the file holds.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Credentials {
    /// What is kept for each profile.
    #[serde(default)]
    pub profiles: BTreeMap<String, Kept>,
}

/// What is kept for a profile.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Kept {
    /// The server that is meant when nothing names one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server: Option<String>,
    /// Each server's token.
    #[serde(default)]
    pub tokens: BTreeMap<String, String>,
}

/// Why the file cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CredentialsError {
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
    pub(crate) fn of(environment: &Environment) -> Result<Self, CredentialsError> {
        environment.credentials().map_or_else(|| Ok(Self::default()), |path| Self::read(&path))
    }

    /// Reads the file; none when there is none.
    ///
    /// # Errors
    /// [`CredentialsError`], without a word of what the file holds.
    pub(crate) fn read(path: &Path) -> Result<Self, CredentialsError> {
        let failed = |cause| CredentialsError::File { doing: "read", path: path.to_owned(), cause };
        let Some(text) = optional_file::read(path).map_err(failed)? else { return Ok(Self::default()) };
        refuse_open(path)?;
        serde_json::from_str(&text)
            .map_err(|error| CredentialsError::Shape { path: path.to_owned(), line: error.line() })
    }

    /// What the file is to hold.
    ///
    /// # Errors
    /// None that is known of.
    pub(crate) fn to_text(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string_pretty(self)
    }
}

/// Refuses a file that others can read.
///
/// # Errors
/// [`CredentialsError::Open`], or that its mode cannot be told.
pub(crate) fn refuse_open(path: &Path) -> Result<(), CredentialsError> {
    match optional_file::excess_mode(path, 0o077) {
        Ok(None) => Ok(()),
        Ok(Some(mode)) => Err(CredentialsError::Open { path: path.to_owned(), mode }),
        Err(cause) => Err(CredentialsError::File { doing: "read", path: path.to_owned(), cause }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn a_file_is_read_when_it_is_the_owners_alone() {
        use std::os::unix::fs::PermissionsExt as _;
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("credentials.json");
        assert!(Credentials::read(&path).expect("none yet").profiles.is_empty());
        let tokens = BTreeMap::from([("https://a.example".to_owned(), "t0k3n".to_owned())]);
        let profiles = BTreeMap::from([("work".to_owned(), Kept { server: None, tokens })]);
        let text = Credentials { profiles }.to_text().expect("a text");
        let write = |text: &str, mode| {
            std::fs::write(&path, text).expect("written");
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).expect("set");
        };
        write(&text, 0o600);
        let read = Credentials::read(&path).expect("read");
        assert_eq!(read.profiles["work"].tokens["https://a.example"], "t0k3n");
        write(&text, 0o640);
        assert!(matches!(Credentials::read(&path), Err(CredentialsError::Open { mode: 0o640, .. })));
        write("{\n\"profiles\": s3cr3t}", 0o600);
        let words = Credentials::read(&path).err().expect("no JSON").to_string();
        assert!(words.contains("line 2") && !words.contains("s3cr3t"), "{words}");
    }
}
