//! A command's failure. It is created once, printed once, and chooses the exit code. The errors of lower layers are
//! converted here; those layers do not know this type.

use crate::api::problem::{Code, Problem};
use crate::client::error::ClientError;
use crate::client::last_entry::FollowError;
use crate::config::ProfileError;
use crate::config::credentials::CredentialsError;
use crate::config::file::{ConfigError, KEYS};
use crate::exit;
use crate::server::ServeError;
use crate::store::error::StoreError;
use crate::terminal::file::FileError;

#[derive(Debug)]
pub(crate) struct Failure {
    pub exit: u8,
    /// One sentence.
    pub message: String,
    /// What the user can do next, the most useful last.
    pub hints: Vec<String>,
    /// A stable word for programs.
    pub code: String,
    /// The request that the server answered with an error.
    pub request_id: Option<String>,
    /// Whether nothing is to be printed: it was printed before, or this is a normal way to end (a closed pipe, or Ctrl-C in a
    /// command that runs until Ctrl-C).
    pub is_silent: bool,
}

impl Failure {
    pub(crate) fn new(exit: u8, message: impl Into<String>) -> Self {
        let code = match exit {
            exit::USAGE => "usage",
            exit::PARTIAL => "partial",
            exit::NOT_ALLOWED => "not_allowed",
            exit::NOT_FOUND => "not_found",
            exit::REFUSED => "refused",
            exit::INTEGRITY => "integrity",
            exit::LOCKED => "locked",
            exit::UNREACHABLE => "unreachable",
            code if exit::is_interruption(code) => "interrupted",
            _ => "failed",
        };
        let (message, code) = (message.into(), code.to_owned());
        Self { exit, message, hints: Vec::new(), code, request_id: None, is_silent: false }
    }

    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::new(exit::USAGE, message)
    }

    /// A file operation that failed. A missing input file is a usage error: its name is wrong.
    pub(crate) fn file(path: &std::path::Path, doing: &str, error: &std::io::Error) -> Self {
        if doing.starts_with("read") && error.kind() == std::io::ErrorKind::NotFound {
            return Self::usage(format!("there is no file {}", path.display()));
        }
        Self::new(exit::FAILED, format!("cannot {doing} {}: {error}", path.display()))
    }

    #[must_use]
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// Adds the nearest accepted word, if there is one.
    #[must_use]
    pub(crate) fn nearest(self, nearest: Option<impl std::fmt::Display>) -> Self {
        nearest.into_iter().fold(self, |failure, word| failure.hint(format!("did you mean {word}?")))
    }
}

impl From<ClientError> for Failure {
    fn from(error: ClientError) -> Self {
        let message = error.to_string();
        match error {
            ClientError::Problem(problem) => (*problem).into(),
            ClientError::Unreachable { .. } => Self::new(exit::UNREACHABLE, message)
                .hint("check that the server is running and that --server (or KROSYN_AUDIT_SERVER) is right; --demo needs no server"),
            ClientError::Untrusted { .. } => Self::new(exit::UNREACHABLE, message)
                .hint("the connection may be intercepted: no token was sent")
                .hint("check that the host name matches the certificate; a private CA or a self-signed certificate must be in the system's trust store or in the file named by SSL_CERT_FILE"),
            ClientError::UnexpectedResponse { .. } => Self::new(exit::FAILED, message).hint("check that --server is the address of a Krosyn audit API"),
            ClientError::Setup(_) => Self::new(exit::FAILED, message),
        }
    }
}

impl From<FollowError> for Failure {
    fn from(error: FollowError) -> Self {
        let message = error.to_string();
        match error {
            FollowError::Client(error) => error.into(),
            FollowError::WentBackwards(_) => Self::new(exit::INTEGRITY, message)
                .hint("the server was restored from an older backup, or its log was replaced: `verify --server` tells more")
                .hint("start again from an id before the change, with a new file"),
        }
    }
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        let (exit, hint) = match problem.code {
            Code::Unauthorized => (
                exit::NOT_ALLOWED,
                Some(
                    "give a token with --token-file or KROSYN_AUDIT_TOKEN; an operator creates one with `krosyn-audit token create`",
                ),
            ),
            Code::Forbidden => (
                exit::NOT_ALLOWED,
                Some(
                    "an operator can create a token with more scopes: `krosyn-audit token create --scope …`",
                ),
            ),
            Code::NotFound | Code::Pruned => (exit::NOT_FOUND, None),
            Code::PruneRunning => (exit::LOCKED, None),
            Code::HoldConflict => (exit::REFUSED, None),
            Code::ClockImplausible => (
                exit::REFUSED,
                Some("correct the server's clock; if it is right, run the prune with --clock-is-right"),
            ),
            Code::InsideRetention | Code::OverMaxDelete | Code::Held => (exit::REFUSED, None),
            Code::Unavailable => (exit::UNREACHABLE, None),
            Code::Unwritable => (
                exit::FAILED,
                Some("free space on the disk of the store, or make it writable; then run the command again"),
            ),
            _ => (exit::FAILED, None),
        };
        let failure = Self {
            code: problem.code.word(),
            request_id: problem.request_id,
            ..Self::new(exit, problem.detail)
        };
        hint.into_iter().fold(failure, Failure::hint)
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        let exit = match error {
            StoreError::UnknownUrl(_) | StoreError::Address { .. } | StoreError::NewerSchema { .. } => {
                exit::USAGE
            }
            StoreError::Unreachable(_) => exit::UNREACHABLE,
            StoreError::Locked | StoreError::TimedOut | StoreError::LeaseLost | StoreError::Served(_) => {
                exit::LOCKED
            }
            StoreError::Damaged(_) => exit::INTEGRITY,
            StoreError::Missing(_) => exit::NOT_FOUND,
            StoreError::Exists(_) => exit::REFUSED,
            _ => exit::FAILED,
        };
        let failure = Self::new(exit, error.to_string());
        match error {
            StoreError::Unwritable(_) => failure
                .hint("free space on the disk of the store, or make it writable; then run the command again"),
            StoreError::Locked => {
                failure.hint("wait until it has finished, or stop the server that has the store open")
            }
            StoreError::Served(_) => failure
                .hint("stop it first; commands with --server sqlite:… can run at the same time")
                .hint("several servers can share a PostgreSQL store"),
            _ => failure,
        }
    }
}

impl From<ServeError> for Failure {
    fn from(error: ServeError) -> Self {
        let exit = match error {
            ServeError::Tls { .. } | ServeError::SigningKey { .. } | ServeError::Signed { .. } => exit::USAGE,
            ServeError::Listener(_) | ServeError::Trail(_) => exit::FAILED,
        };
        let failure = Self::new(exit, error.to_string());
        match error {
            ServeError::Signed { .. } => failure.hint(
                "--signed names the directory. A new key needs a new one. Without its files, the key signs any log again, also one that was changed",
            ),
            _ => failure,
        }
    }
}

impl From<FileError> for Failure {
    fn from(error: FileError) -> Self {
        let message = error.to_string();
        match error {
            FileError::Exists(_) => Self::new(exit::REFUSED, message)
                .hint("add --force to replace it when the new file is complete"),
            FileError::Directory(_) => Self::usage(message),
            FileError::Busy(_) => Self::new(exit::LOCKED, message),
            FileError::Damaged(_) => Self::new(exit::INTEGRITY, message)
                .hint("start the export again; the partial file can be removed"),
            FileError::Untrusted { .. } => Self::new(exit::REFUSED, message).hint(
                "another user may have created it: remove it, or choose a file in a directory of your own",
            ),
            FileError::Read { path, cause } => Self::file(&path, "read", &cause),
            FileError::Write { .. } => Self::new(exit::FAILED, message),
        }
    }
}

impl From<CredentialsError> for Failure {
    fn from(error: CredentialsError) -> Self {
        let message = error.to_string();
        match error {
            CredentialsError::ReadableByOthers { path, .. } => {
                Self::new(exit::NOT_ALLOWED, message).hint(format!("chmod 600 {}", path.display()))
            }
            CredentialsError::File { path, doing, cause } => Self::file(&path, doing, &cause),
            CredentialsError::Shape { .. } => Self::usage(message).hint("remove it and sign in again"),
        }
    }
}

impl From<ProfileError> for Failure {
    fn from(error: ProfileError) -> Self {
        match error {
            ProfileError::Config(error) => error.into(),
            ProfileError::Credentials(error) => error.into(),
            ProfileError::UnknownProfile { .. } => Self::usage(error.to_string())
                .hint("create it with `krosyn-audit login --profile NAME --server URL`, or as [profiles.NAME] in config.toml"),
        }
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        let message = error.to_string();
        match error {
            ConfigError::File { .. } => Self::new(exit::FAILED, message),
            ConfigError::WritableByOthers { path, .. } => {
                Self::new(exit::NOT_ALLOWED, message).hint(format!("chmod go-w {}", path.display()))
            }
            ConfigError::Content { nearest, .. } => {
                let keys =
                    format!("accepted keys: profile = NAME, and in each [profiles.NAME] {}", KEYS.join(", "));
                Self::usage(message).hint(keys).nearest(nearest)
            }
        }
    }
}

/// A failed write, mostly to stdout. A closed pipe is a normal end. A prompt reports Ctrl-C as an interrupted read.
impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        if error.kind() == std::io::ErrorKind::BrokenPipe {
            return Self { is_silent: true, ..Self::new(exit::DONE, "the output pipe was closed") };
        }
        if error.kind() == std::io::ErrorKind::Interrupted {
            return Self::new(exit::INTERRUPTED, "interrupted");
        }
        Self::new(exit::FAILED, format!("cannot write: {error}"))
    }
}
