//! Settings of `serve` that SIGHUP reads again: the certificate with its key, and the file of `--settings`. No connection is
//! dropped, and a file that cannot be used changes nothing.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use axum_server::tls_rustls::RustlsConfig;
use toml::de::{DeTable, DeValue};

use crate::error::Failure;
use crate::model::redaction::Redaction;
use crate::server;
use crate::terminal::logs::{LogLevel, LogLevelControl};

/// The certificate in use, and its files.
pub(super) struct ServedCertificate {
    pub(super) served: RustlsConfig,
    pub(super) certificate: PathBuf,
    pub(super) key: PathBuf,
}

/// The content of the file of `--settings`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct SettingsFile {
    /// Names of fields whose values are redacted, in addition to those of `--redact`.
    pub(super) redact: Vec<String>,
    /// Replaces `--log-level`.
    pub(super) log_level: Option<LogLevel>,
}

/// The largest file of settings, in bytes.
const MAX_BYTES: u64 = 256 * 1024;

/// Opens a file. A FIFO does not wait for its other end: the server must go on.
fn open_without_waiting(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true);
    options.custom_flags(rustix::fs::OFlags::NONBLOCK.bits().cast_signed());
    options.open(path)
}

impl SettingsFile {
    /// Reads a file. Errors name the key, and never quote a value.
    pub(super) fn read(path: &Path) -> Result<Self, Failure> {
        let failed = |error: io::Error| Failure::file(path, "read", &error);
        let file = open_without_waiting(path).map_err(failed)?;
        if !file.metadata().map_err(failed)?.is_file() {
            return Err(Failure::usage(format!("cannot use the settings {}: not a file", path.display())));
        }
        let mut text = String::new();
        file.take(MAX_BYTES + 1).read_to_string(&mut text).map_err(failed)?;
        let parsed = match text.len() as u64 {
            0..=MAX_BYTES => Self::parse(&text),
            _ => Err(format!("it is larger than {} KiB", MAX_BYTES / 1024)),
        };
        parsed.map_err(|cause| {
            Failure::usage(format!("cannot use the settings {}: {cause}", path.display()))
                .hint("it may have: redact = [\"NAME\", …] and log_level = \"info\"")
        })
    }

    fn parse(text: &str) -> Result<Self, String> {
        let table = DeTable::parse(text).map_err(|error| error.message().to_owned())?;
        let mut settings = Self::default();
        for (key, value) in table.into_inner() {
            let name = key.into_inner();
            match (&*name, value.into_inner()) {
                ("redact", DeValue::Array(names)) => {
                    for name in names {
                        match name.into_inner() {
                            DeValue::String(name) if !name.trim().is_empty() => {
                                settings.redact.push(name.into_owned());
                            }
                            _ => return Err("redact must be a list of names".to_owned()),
                        }
                    }
                }
                ("log_level", DeValue::String(word)) => {
                    let is_level = ["error", "warn", "info", "debug", "trace"].contains(&&*word);
                    let level = word.parse().ok().filter(|_| is_level);
                    settings.log_level =
                        Some(level.ok_or("log_level must be error, warn, info, debug or trace")?);
                }
                ("redact", _) => return Err("redact must be a list of names".to_owned()),
                ("log_level", _) => return Err("log_level must be a text".to_owned()),
                _ => return Err(format!("unknown key {name}")),
            }
        }
        Ok(settings)
    }
}

/// What SIGHUP reads again.
pub(super) struct ReloadedSettings {
    pub(super) certificate: Option<ServedCertificate>,
    /// The path of `--settings`.
    pub(super) file: Option<PathBuf>,
    /// The names of `--redact`.
    pub(super) redact: Vec<String>,
    /// The level of `--log-level`.
    pub(super) log_level: LogLevel,
    /// The redaction of the running server.
    pub(super) redaction: Redaction,
    /// The level of the running log.
    pub(super) log: LogLevelControl,
}

impl ReloadedSettings {
    /// Applies the settings of a file, which follow those of the flags.
    pub(super) fn apply(&self, settings: &SettingsFile) {
        let names: Vec<_> = self.redact.iter().chain(&settings.redact).cloned().collect();
        self.redaction.set_additional_names(&names);
        self.log.set(settings.log_level.unwrap_or(self.log_level));
    }

    /// Reads everything again, and logs what changed or why it did not.
    pub(super) async fn reload(&self) {
        if self.certificate.is_none() && self.file.is_none() {
            return tracing::info!(
                "SIGHUP ignored: neither --tls-cert nor --settings is in use; other settings need a restart"
            );
        }
        if let Some(ServedCertificate { served, certificate, key }) = &self.certificate {
            match server::reload_tls(served, certificate, key).await {
                Ok(()) => tracing::info!("SIGHUP: reloaded the certificate and key"),
                Err(error) => tracing::error!("SIGHUP: {error}: keeping the previous certificate"),
            }
        }
        if let Some(file) = &self.file {
            match SettingsFile::read(file) {
                Ok(settings) => {
                    // Logged at the old level or at the new one, whichever shows it.
                    let names = settings.redact.len();
                    tracing::info!(redact = names, "SIGHUP: reloaded the settings");
                    self.apply(&settings);
                    tracing::debug!(redact = names, "SIGHUP: the settings are in force");
                }
                Err(failure) => tracing::error!("SIGHUP: {}: keeping the previous settings", failure.message),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_settings_file_has_names_and_a_level() {
        let read =
            SettingsFile::parse("redact = [\"iban\", \"tax id\"]\nlog_level = \"debug\"\n").expect("sound");
        assert_eq!(read.redact, ["iban", "tax id"]);
        assert_eq!(read.log_level, Some(LogLevel::DEBUG));
        assert_eq!(SettingsFile::parse(""), Ok(SettingsFile::default()));
    }

    #[test]
    fn what_is_no_small_file_is_refused_at_once() {
        let directory = tempfile::tempdir().expect("a directory");
        let place = |name: &str| directory.path().join(name);
        rustix::fs::mknodat(
            rustix::fs::CWD,
            place("fifo"),
            rustix::fs::FileType::Fifo,
            rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR,
            0,
        )
        .expect("a FIFO");
        std::fs::write(place("large"), " ".repeat(300 * 1024)).expect("written");
        std::fs::write(place("binary"), [0xff, 0xfe]).expect("written");
        std::os::unix::fs::symlink("/dev/zero", place("endless")).expect("a link");
        for (path, words) in [
            (place("fifo"), "not a file"),
            (directory.path().to_owned(), "not a file"),
            (place("endless"), "not a file"),
            (place("large"), "larger than 256 KiB"),
            (place("binary"), "valid UTF-8"),
            (place("missing"), "missing"),
        ] {
            let failure = SettingsFile::read(&path).expect_err(words);
            assert!(failure.message.contains(words), "{}", failure.message);
        }
    }

    #[test]
    fn a_bad_settings_file_is_refused_without_its_values() {
        for (text, words) in [
            ("redact = \"hush\"", "redact must be a list"),
            ("redact = [1]", "redact must be a list"),
            ("redact = [\" \"]", "redact must be a list"),
            ("log_level = \"hush\"", "log_level must be error"),
            ("log_level = 3", "log_level must be a text"),
            ("token = \"hush\"", "unknown key token"),
            ("redact = [\"hush\"", ""),
        ] {
            let error = SettingsFile::parse(text).expect_err(text);
            assert!(error.contains(words) && !error.contains("hush"), "{text}: {error}");
        }
    }
}
