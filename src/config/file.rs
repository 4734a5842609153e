//! `config.toml`: named profiles with settings. Errors give the line and never quote values, because somebody may have
//! put a token in the wrong place.

use std::collections::BTreeMap;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};

use chrono_tz::Tz;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::config::optional_file;
use crate::model::time;

/// The keys of a profile.
pub(crate) const KEYS: &[&str] =
    &["server", "token_command", "org", "insecure_http", "tz", "time", "color", "theme", "ascii"];
/// The keys outside of profiles.
const OUTER_KEYS: &[&str] = &["profile", "profiles"];
/// The words of `time`.
pub(crate) const TIMES: &[&str] = &["absolute", "relative"];
/// The words of `color`.
pub(crate) const COLORS: &[&str] = &["auto", "always", "never"];
/// The words of `theme`.
pub(crate) const THEMES: &[&str] = &["default", "colorblind", "mono"];

/// The content of the file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Config {
    /// The profile to use if neither a flag nor the environment names one.
    pub profile: Option<String>,
    pub profiles: BTreeMap<String, Profile>,
}

/// Settings that apply unless a flag or the environment overrides them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Profile {
    pub server: Option<String>,
    /// A command and its arguments. It prints the token for `server`.
    pub token_command: Option<Vec<String>>,
    /// The organization of a local store.
    pub org: Option<String>,
    /// Whether `server` may use plain HTTP on another machine.
    pub insecure_http: bool,
    /// The user's time zone.
    pub tz: Option<Tz>,
    /// One of [`TIMES`].
    pub time: Option<&'static str>,
    /// One of [`COLORS`].
    pub color: Option<&'static str>,
    /// One of [`THEMES`].
    pub theme: Option<&'static str>,
    /// Whether to write only ASCII.
    pub ascii: Option<bool>,
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum ConfigError {
    #[error("cannot read {}: {cause}", path.display())]
    File { path: PathBuf, cause: io::Error },
    #[error("{}, line {line}: {detail}", path.display())]
    Content {
        path: PathBuf,
        /// Counted from 1.
        line: usize,
        detail: String,
        /// The most similar accepted word.
        nearest: Option<&'static str>,
    },
    /// It contains a command to run, and others could change it.
    #[error("{} names a token_command, and others can write to it (mode {mode:03o})", path.display())]
    WritableByOthers { path: PathBuf, mode: u32 },
}

/// An error at a position of the text.
struct ConfigFault {
    at: Range<usize>,
    detail: String,
    nearest: Option<&'static str>,
}

impl Config {
    /// Reads the file. A missing file sets nothing.
    pub(crate) fn read(path: &Path) -> Result<Self, ConfigError> {
        let failed = |cause| ConfigError::File { path: path.to_owned(), cause };
        let text = optional_file::read(path).map_err(failed)?;
        let Some(text) = text else { return Ok(Self::default()) };
        let config = Self::parse(&text).map_err(|fault| ConfigError::Content {
            path: path.to_owned(),
            line: text.get(..fault.at.start).unwrap_or(&text).matches('\n').count() + 1,
            detail: fault.detail,
            nearest: fault.nearest,
        })?;
        // Users who can write to the file could run any command.
        if config.profiles.values().any(|profile| profile.token_command.is_some())
            && let Some(mode) = optional_file::excess_mode(path, 0o022).map_err(failed)?
        {
            return Err(ConfigError::WritableByOthers { path: path.to_owned(), mode });
        }
        Ok(config)
    }

    /// Reads the machine's file. It applies only to users who may read it.
    pub(crate) fn read_of_machine(path: &Path) -> Result<Self, ConfigError> {
        match Self::read(path) {
            Err(ConfigError::File { cause, .. }) if cause.kind() == io::ErrorKind::PermissionDenied => {
                Ok(Self::default())
            }
            read => read,
        }
    }

    fn parse(text: &str) -> Result<Self, ConfigFault> {
        let document = DeTable::parse(text).map_err(|error| ConfigFault {
            at: error.span().unwrap_or(0..0),
            detail: format!("invalid TOML: {}", error.message()),
            nearest: None,
        })?;
        let mut config = Self::default();
        for (key, value) in document.get_ref() {
            match key.get_ref().as_ref() {
                "profile" => config.profile = Some(text_of(key, value)?),
                "profiles" => {
                    for (name, settings) in table_of(key, value, "[profiles.NAME]")? {
                        let profile = Profile::parse(table_of(name, settings, "[profiles.NAME]")?)?;
                        config.profiles.insert(name.get_ref().to_string(), profile);
                    }
                }
                word if KEYS.contains(&word) => {
                    let detail = format!("{word} belongs in a profile: write it under [profiles.default]");
                    return Err(ConfigFault { at: key.span(), detail, nearest: None });
                }
                word => return Err(unknown(key.span(), word, OUTER_KEYS)),
            }
        }
        Ok(config)
    }
}

impl Profile {
    fn parse(table: &DeTable<'_>) -> Result<Self, ConfigFault> {
        let mut profile = Self::default();
        for (key, value) in table {
            match key.get_ref().as_ref() {
                "server" => profile.server = Some(server_of(key, value)?),
                "token_command" => profile.token_command = Some(command_of(value)?),
                "org" => profile.org = Some(text_of(key, value)?),
                "insecure_http" => profile.insecure_http = bool_of(key, value)?,
                "tz" => {
                    let zone = time::zone(&text_of(key, value)?);
                    let fault = |error: time::UnknownZone| ConfigFault {
                        at: value.span(),
                        detail: error.to_string(),
                        nearest: None,
                    };
                    profile.tz = Some(zone.map_err(fault)?);
                }
                "time" => profile.time = Some(word_of(key, value, TIMES)?),
                "color" => profile.color = Some(word_of(key, value, COLORS)?),
                "theme" => profile.theme = Some(word_of(key, value, THEMES)?),
                "ascii" => profile.ascii = Some(bool_of(key, value)?),
                word => return Err(unknown(key.span(), word, KEYS)),
            }
        }
        let command = table.keys().find(|key| key.get_ref().as_ref() == "token_command");
        match command.filter(|_| profile.server.is_none()) {
            Some(key) => {
                let detail =
                    "token_command needs server in the same profile: a token is valid for one server only"
                        .to_owned();
                Err(ConfigFault { at: key.span(), detail, nearest: None })
            }
            None => Ok(profile),
        }
    }
}

type Key<'a, 'i> = &'a Spanned<std::borrow::Cow<'i, str>>;
type Value<'a, 'i> = &'a Spanned<DeValue<'i>>;

fn wrong(at: Range<usize>, key: &str, expected: &str) -> ConfigFault {
    ConfigFault { at, detail: format!("{key}: expected {expected}"), nearest: None }
}

fn unknown(at: Range<usize>, key: &str, accepted: &[&'static str]) -> ConfigFault {
    ConfigFault { at, detail: format!("unknown key {key:?}"), nearest: nearest(key, accepted) }
}

fn nearest(word: &str, accepted: &[&'static str]) -> Option<&'static str> {
    let scored = accepted.iter().map(|known| (strsim::jaro_winkler(&word.to_lowercase(), known), *known));
    scored.max_by(|a, b| a.0.total_cmp(&b.0)).filter(|(likeness, _)| *likeness >= 0.7).map(|(_, known)| known)
}

fn table_of<'a, 'i>(
    key: Key<'a, 'i>,
    value: Value<'a, 'i>,
    expected: &str,
) -> Result<&'a DeTable<'i>, ConfigFault> {
    value.get_ref().as_table().ok_or_else(|| wrong(value.span(), key.get_ref(), expected))
}

fn text_of(key: Key<'_, '_>, value: Value<'_, '_>) -> Result<String, ConfigFault> {
    let text = value.get_ref().as_str().filter(|text| !text.trim().is_empty());
    text.map(str::to_owned).ok_or_else(|| wrong(value.span(), key.get_ref(), "a quoted string"))
}

/// Reads a server. The path of a store must not depend on the working directory.
fn server_of(key: Key<'_, '_>, value: Value<'_, '_>) -> Result<String, ConfigFault> {
    let text = text_of(key, value)?;
    match text.strip_prefix("sqlite:") {
        Some(path) if !path.starts_with('~') && Path::new(path).is_relative() => {
            let expected = "an absolute path, sqlite:/… or sqlite:~/… (a relative path would depend on the working directory)";
            Err(wrong(value.span(), key.get_ref(), expected))
        }
        _ => Ok(text),
    }
}

fn bool_of(key: Key<'_, '_>, value: Value<'_, '_>) -> Result<bool, ConfigFault> {
    value.get_ref().as_bool().ok_or_else(|| wrong(value.span(), key.get_ref(), "true or false"))
}

fn word_of(
    key: Key<'_, '_>,
    value: Value<'_, '_>,
    accepted: &[&'static str],
) -> Result<&'static str, ConfigFault> {
    let text = text_of(key, value)?;
    let known = accepted.iter().find(|known| known.eq_ignore_ascii_case(&text));
    known.copied().ok_or_else(|| ConfigFault {
        nearest: nearest(&text, accepted),
        ..wrong(value.span(), key.get_ref(), &format!("one of {}", accepted.join(", ")))
    })
}

/// Reads a command as a list of words. A single string would need a shell's quoting rules, and no shell is used.
fn command_of(value: Value<'_, '_>) -> Result<Vec<String>, ConfigFault> {
    let expected = || {
        let expected = r#"a list of words, such as ["pass", "show", "krosyn"] (it is not run by a shell)"#;
        wrong(value.span(), "token_command", expected)
    };
    let words = value.get_ref().as_array().ok_or_else(expected)?;
    let words: Option<Vec<_>> = words.iter().map(|word| word.get_ref().as_str().map(str::to_owned)).collect();
    let words = words.filter(|words| words.first().is_some_and(|program| !program.is_empty()));
    let words = words.ok_or_else(expected)?;
    // A name without a slash is searched for on the PATH.
    if words[0].contains('/') && Path::new(&words[0]).is_relative() {
        let expected = "an absolute path to the program, or only its name (a relative path would depend on the working directory)";
        return Err(wrong(value.span(), "token_command", expected));
    }
    Ok(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> (usize, String, Option<&'static str>) {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("config.toml");
        std::fs::write(&path, text).expect("written");
        match Config::read(&path).expect_err(text) {
            ConfigError::Content { line, detail, nearest, .. } => (line, detail, nearest),
            other => panic!("{other}"),
        }
    }

    #[test]
    fn profiles_are_read() {
        let config = Config::parse(
            r#"
            profile = "work"
            [profiles.work]
            server = "https://audit.krosyn.example"
            token_command = ["pass", "show", "krosyn"]
            tz = "europe/madrid"
            theme = "Mono"
            ascii = true
            [profiles."local store"]
            server = "sqlite:~/audit.db"
            org = "acme"
            "#,
        );
        let config = config.unwrap_or_else(|fault| panic!("{}", fault.detail));
        let work = &config.profiles["work"];
        assert_eq!(config.profile.as_deref(), Some("work"));
        assert_eq!(work.token_command.as_deref(), Some(&["pass", "show", "krosyn"].map(str::to_owned)[..]));
        assert_eq!((work.tz, work.theme, work.ascii), (Some(Tz::Europe__Madrid), Some("mono"), Some(true)));
        assert_eq!(config.profiles["local store"].org.as_deref(), Some("acme"));
        let nothing = tempfile::tempdir().expect("a directory");
        assert_eq!(
            Config::read(&nothing.path().join("config.toml")).expect("a missing file is allowed"),
            Config::default()
        );
    }

    #[test]
    fn errors_give_the_line_and_the_most_similar_word() {
        let servr = refused("[profiles.work]\nservr = \"https://x.example\"\n");
        assert_eq!(servr, (2, "unknown key \"servr\"".to_owned(), Some("server")));
        assert_eq!(refused("\n\nprofles = 1\n"), (3, "unknown key \"profles\"".to_owned(), Some("profiles")));
        assert_eq!(refused("qwxz = 1\n").2, None);
        assert!(refused("server = \"x\"").1.contains("[profiles.default]"));
        assert_eq!(refused("[profiles.a]\ntheme = \"mon\"").2, Some("mono"));
        assert_eq!(refused("[profiles.a]\n\nascii = \"yes\"").0, 3);
        assert!(refused("[profiles.a]\ntz = \"madrid\"").1.contains("did you mean Europe/Madrid?"));
        assert!(refused("[profiles.a]\ntoken_command = [\"x\"]").1.contains("needs server"));
        for no_toml in ["[profiles.a]\nserver = https://x", "[profiles.a\n", "a = 1\na = 2"] {
            assert!(refused(no_toml).1.starts_with("invalid TOML: "), "{no_toml}");
        }
        for wrong in [
            "profile = 1",
            "profiles = 1",
            "[profiles]\na = 1",
            "[profiles.a]\nserver = 1",
            "[profiles.a]\nserver = \" \"",
            "[profiles.a]\nserver = \"x\"\ntoken_command = \"pass show x\"",
            "[profiles.a]\nserver = \"x\"\ntoken_command = []",
            "[profiles.a]\nserver = \"x\"\ntoken_command = [1]",
            "[profiles.a]\nserver = \"sqlite:audit.db\"",
            "[profiles.a]\nserver = \"sqlite:../audit.db\"",
            "[profiles.a]\nserver = \"sqlite:\"",
            "[profiles.a]\nserver = \"x\"\ntoken_command = [\"bin/token\"]",
            "[profiles.a]\nserver = \"x\"\ntoken_command = [\"~/bin/token\"]",
        ] {
            assert!(refused(wrong).1.contains("expected "), "{wrong}");
        }
    }

    #[test]
    fn errors_never_quote_a_value() {
        for text in [
            "[profiles.a]\ntoken = \"kra_hush\"",
            "[profiles.a]\nserver = \"x\"\ntoken_command = \"kra_hush\"",
            "[profiles.a]\nascii = \"kra_hush\"",
            "[profiles.a]\nserver = kra_hush",
            "[profiles.a]\nserver = \"kra_hush",
        ] {
            assert!(!refused(text).1.contains("hush"), "{text}");
        }
    }

    #[test]
    fn a_command_is_accepted_only_from_a_file_that_nobody_else_can_write() {
        use std::os::unix::fs::PermissionsExt as _;
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("config.toml");
        let read = |text: &str, mode| {
            std::fs::write(&path, text).expect("written");
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).expect("set");
            Config::read(&path)
        };
        let with = "[profiles.a]\nserver = \"x\"\ntoken_command = [\"y\"]";
        assert!(read(with, 0o644).is_ok());
        assert!(matches!(read(with, 0o664), Err(ConfigError::WritableByOthers { mode: 0o664, .. })));
        assert!(read("[profiles.a]\nserver = \"x\"", 0o664).is_ok());
    }
}
