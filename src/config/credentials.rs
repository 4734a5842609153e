//! The file in which `login` saves tokens: one per profile and server, and each profile's last server. It must be
//! readable only by its owner.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::config::env::Environment;
use crate::config::optional_file;

/// The content of the file.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Credentials {
    #[serde(default)]
    pub profiles: BTreeMap<String, SavedLogin>,
}

/// The saved logins of a profile.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SavedLogin {
    /// The server of the last login, used when no other is named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server: Option<String>,
    /// Tokens by server.
    #[serde(default)]
    pub tokens: BTreeMap<String, String>,
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum CredentialsError {
    #[error("cannot {doing} {}: {cause}", path.display())]
    File {
        /// The failed operation.
        doing: &'static str,
        path: PathBuf,
        cause: io::Error,
    },
    #[error("{} can be read by others (mode {mode:03o})", path.display())]
    ReadableByOthers { path: PathBuf, mode: u32 },
    #[error("{} is not a valid credentials file (line {line})", path.display())]
    Shape { path: PathBuf, line: usize },
}

impl Credentials {
    /// Reads the user's credentials file. Without a home directory it is empty.
    pub(crate) fn load(environment: &Environment) -> Result<Self, CredentialsError> {
        environment.credentials().map_or_else(|| Ok(Self::default()), |path| Self::read(&path))
    }

    /// Reads the file. A missing file is empty. Errors never quote its content.
    pub(crate) fn read(path: &Path) -> Result<Self, CredentialsError> {
        let failed = |cause| CredentialsError::File { doing: "read", path: path.to_owned(), cause };
        let Some(text) = optional_file::read(path).map_err(failed)? else { return Ok(Self::default()) };
        refuse_readable_by_others(path)?;
        serde_json::from_str(&text)
            .map_err(|error| CredentialsError::Shape { path: path.to_owned(), line: error.line() })
    }

    /// The text to write to the file.
    pub(crate) fn to_text(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string_pretty(self)
    }
}

pub(crate) fn refuse_readable_by_others(path: &Path) -> Result<(), CredentialsError> {
    match optional_file::excess_mode(path, 0o077) {
        Ok(None) => Ok(()),
        Ok(Some(mode)) => Err(CredentialsError::ReadableByOthers { path: path.to_owned(), mode }),
        Err(cause) => Err(CredentialsError::File { doing: "read", path: path.to_owned(), cause }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_read_only_if_nobody_else_can_read_it() {
        use std::os::unix::fs::PermissionsExt as _;
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("credentials.json");
        assert!(Credentials::read(&path).expect("none yet").profiles.is_empty());
        let tokens = BTreeMap::from([("https://a.example".to_owned(), "t0k3n".to_owned())]);
        let profiles = BTreeMap::from([("work".to_owned(), SavedLogin { server: None, tokens })]);
        let text = Credentials { profiles }.to_text().expect("a text");
        let write = |text: &str, mode| {
            std::fs::write(&path, text).expect("written");
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).expect("set");
        };
        write(&text, 0o600);
        let read = Credentials::read(&path).expect("read");
        assert_eq!(read.profiles["work"].tokens["https://a.example"], "t0k3n");
        write(&text, 0o640);
        assert!(matches!(
            Credentials::read(&path),
            Err(CredentialsError::ReadableByOthers { mode: 0o640, .. })
        ));
        write("{\n\"profiles\": s3cr3t}", 0o600);
        let words = Credentials::read(&path).err().expect("no JSON").to_string();
        assert!(words.contains("line 2") && !words.contains("s3cr3t"), "{words}");
    }
}
