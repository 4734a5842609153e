//! A command's failure: made once, printed once, and what chooses the exit code. Every lower layer's error becomes one
//! here; none of them knows it.

use crate::api::problem::{Code, Problem};
use crate::client::error::ClientError;
use crate::config::ProfileError;
use crate::config::credentials::CredentialsError;
use crate::config::file::{ConfigError, KEYS};
use crate::exit;
use crate::server::ServeError;
use crate::store::error::StoreError;
use crate::terminal::file::FileError;

/// Why a command did not do what it was asked.
#[derive(Debug)]
pub(crate) struct Failure {
    /// The exit code.
    pub exit: u8,
    /// What happened, in one sentence.
    pub message: String,
    /// How to go on; the last is the most useful.
    pub hints: Vec<String>,
    /// A word for programs.
    pub code: String,
    /// The request, when the server answered.
    pub request_id: Option<String>,
    /// Whether the reader went away, which is a quiet end and no failure.
    pub closed_pipe: bool,
    /// Whether the user has been told already.
    pub is_told: bool,
}

impl Failure {
    /// A failure with this exit code.
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
        Self { exit, message, hints: Vec::new(), code, request_id: None, closed_pipe: false, is_told: false }
    }

    /// Wrong usage.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::new(exit::USAGE, message)
    }

    /// Something with a file. One that was to be read and is not there was named wrongly.
    pub(crate) fn file(path: &std::path::Path, doing: &str, error: &std::io::Error) -> Self {
        if doing.starts_with("read") && error.kind() == std::io::ErrorKind::NotFound {
            return Self::usage(format!("there is no file {}", path.display()));
        }
        Self::new(exit::FAILED, format!("cannot {doing} {}: {error}", path.display()))
    }

    /// Adds how to go on.
    #[must_use]
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }
}

impl From<ClientError> for Failure {
    fn from(error: ClientError) -> Self {
        let message = error.to_string();
        match error {
            ClientError::Problem(problem) => (*problem).into(),
            ClientError::Unreachable { .. } => Self::new(exit::UNREACHABLE, message)
                .hint("is it running, and is --server (or KROSYN_AUDIT_SERVER) right? --demo shows the tool without one"),
            ClientError::Untrusted { .. } => Self::new(exit::UNREACHABLE, message)
                .hint("somebody may stand between you and the server: no token was sent")
                .hint("is the name the one on the certificate? An authority of your own, or a certificate that nobody else has signed, must be among the machine's, or in the file that SSL_CERT_FILE names"),
            ClientError::UnexpectedResponse { .. } => Self::new(exit::FAILED, message).hint("is --server the address of a Krosyn audit API?"),
            ClientError::Setup(_) => Self::new(exit::FAILED, message),
        }
    }
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        let (exit, hint) = match problem.code {
            Code::Unauthorized => (
                exit::NOT_ALLOWED,
                Some(
                    "give a token by --token-file or KROSYN_AUDIT_TOKEN; an operator makes one with `krosyn-audit token create`",
                ),
            ),
            Code::Forbidden => (
                exit::NOT_ALLOWED,
                Some("an operator makes a token with more scopes with `krosyn-audit token create --scope …`"),
            ),
            Code::NotFound | Code::Pruned => (exit::NOT_FOUND, None),
            Code::PruneRunning => (exit::LOCKED, None),
            Code::ClockImplausible => {
                (exit::REFUSED, Some("mend the clock; if it is right, run the prune with --clock-is-right"))
            }
            Code::InsideRetention | Code::OverMaxDelete => (exit::REFUSED, None),
            Code::Unavailable => (exit::UNREACHABLE, None),
            _ => (exit::FAILED, None),
        };
        let failure = Self {
            code: problem.code.word(),
            request_id: problem.request_id,
            ..Self::new(exit, problem.detail)
        };
        match hint {
            Some(hint) => failure.hint(hint),
            None => failure,
        }
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
            StoreError::Locked => {
                failure.hint("wait until it has ended, or stop the server that has the store open")
            }
            StoreError::Served(_) => failure
                .hint("stop it first; commands with --server sqlite:… may run beside it")
                .hint("several servers can share a PostgreSQL store"),
            _ => failure,
        }
    }
}

impl From<ServeError> for Failure {
    fn from(error: ServeError) -> Self {
        let exit = if matches!(error, ServeError::Tls { .. }) { exit::USAGE } else { exit::FAILED };
        Self::new(exit, error.to_string())
    }
}

impl From<FileError> for Failure {
    fn from(error: FileError) -> Self {
        let message = error.to_string();
        match error {
            FileError::Exists(_) => {
                Self::new(exit::REFUSED, message).hint("--force replaces it, once the new file is whole")
            }
            FileError::Directory(_) => Self::usage(message),
            FileError::Busy(_) => Self::new(exit::LOCKED, message),
            FileError::Damaged(_) => {
                Self::new(exit::INTEGRITY, message).hint("export it anew; the part can be removed")
            }
            FileError::Untrusted { .. } => Self::new(exit::REFUSED, message).hint(
                "another user may have put it there: remove it, or name a file in a directory of your own",
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
                .hint("`krosyn-audit login --profile NAME --server URL` makes one, or a [profiles.NAME] in config.toml"),
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
                let failure = Self::usage(message).hint(format!(
                    "accepted are profile = NAME, and in each [profiles.NAME] {}",
                    KEYS.join(", ")
                ));
                match nearest {
                    Some(nearest) => failure.hint(format!("did you mean {nearest}?")),
                    None => failure,
                }
            }
        }
    }
}

/// Writing data failed. A reader that went away is a quiet end; a Ctrl-C in a prompt comes as an interruption.
impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        if error.kind() == std::io::ErrorKind::BrokenPipe {
            return Self { closed_pipe: true, ..Self::new(exit::DONE, "the reader went away") };
        }
        if error.kind() == std::io::ErrorKind::Interrupted {
            return Self::new(exit::INTERRUPTED, "interrupted");
        }
        Self::new(exit::FAILED, format!("cannot write: {error}"))
    }
}
