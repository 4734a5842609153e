//! Where settings come from besides the command line, and in which order: flag, environment, profile, default.

pub(crate) mod credentials;
pub(crate) mod env;
pub(crate) mod file;
mod optional_file;

use std::collections::BTreeSet;
use std::fmt;

use crate::config::credentials::{Credentials, CredentialsError, Kept};
use crate::config::env::Environment;
use crate::config::file::{Config, ConfigError, Profile};

/// The profile that is meant when nothing names one.
const DEFAULT_PROFILE: &str = "default";

/// Who says what a setting is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) enum Origin {
    /// A flag.
    Flag(&'static str),
    /// A variable of the environment.
    Variable(&'static str),
    /// A profile of `config.toml`.
    Profile(String),
    /// `config.toml`, outside of profiles.
    Config,
    /// What `login` kept for the profile.
    Login,
    /// Nobody.
    #[default]
    Default,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(name) | Self::Variable(name) => f.write_str(name),
            Self::Profile(name) => write!(f, "profile {name}"),
            Self::Config => f.write_str("config.toml"),
            Self::Login => f.write_str("login"),
            Self::Default => f.write_str("default"),
        }
    }
}

/// The profile that is meant, and what `config.toml` says under its name.
#[derive(Debug, Clone, Default)]
pub(crate) struct Settings {
    /// The profile's name.
    pub name: String,
    /// Who chose it.
    pub origin: Origin,
    /// What `config.toml` says: nothing, when the profile is not there.
    pub profile: Profile,
}

/// Why there are no settings.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SettingsError {
    /// `config.toml` cannot be used.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// What `login` kept cannot be used.
    #[error(transparent)]
    Credentials(#[from] CredentialsError),
    /// The profile that was named is nowhere.
    #[error("there is no profile {name:?}{}", listed(.known))]
    UnknownProfile {
        /// Its name.
        name: String,
        /// Those there are.
        known: BTreeSet<String>,
    },
}

fn listed(known: &BTreeSet<String>) -> String {
    match Vec::from_iter(known.iter().map(String::as_str))[..] {
        [] => ": there are none yet".to_owned(),
        [name] => format!(": there is {name} alone"),
        ref names => format!(": there are {}", names.join(", ")),
    }
}

impl Settings {
    /// Chooses the profile: the one of the flag, else of the environment, else of `config.toml`, else `default`. A
    /// named one has to be there, in `config.toml` or by a `login`, unless `may_be_new`.
    pub(crate) fn read(
        environment: &Environment,
        flag: Option<&str>,
        may_be_new: bool,
    ) -> Result<Self, SettingsError> {
        let path = environment.config_file();
        let mut config = path.map_or_else(|| Ok(Config::default()), |path| Config::read(&path))?;
        let (name, origin) = chosen(flag, environment.profile.as_deref(), config.profile.take());
        let profile = config.profiles.remove(&name);
        if profile.is_none() && origin != Origin::Default && !may_be_new {
            let mut kept = Credentials::of(environment)?.profiles;
            if kept.remove(&name).is_none() {
                let known: BTreeSet<_> = config.profiles.into_keys().chain(kept.into_keys()).collect();
                return Err(SettingsError::UnknownProfile { name, known });
            }
        }
        Ok(Self { name, origin, profile: profile.unwrap_or_default() })
    }

    /// What `login` kept for the profile.
    pub(crate) fn kept(&self, environment: &Environment) -> Result<Kept, CredentialsError> {
        Ok(Credentials::of(environment)?.profiles.remove(&self.name).unwrap_or_default())
    }
}

fn chosen(flag: Option<&str>, variable: Option<&str>, config: Option<String>) -> (String, Origin) {
    match (flag, variable, config) {
        (Some(name), _, _) => (name.to_owned(), Origin::Flag("--profile")),
        (None, Some(name), _) => (name.to_owned(), Origin::Variable("KROSYN_AUDIT_PROFILE")),
        (None, None, Some(name)) => (name, Origin::Config),
        (None, None, None) => (DEFAULT_PROFILE.to_owned(), Origin::Default),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn a_home_that_is_no_directory_holds_no_files() {
        let directory = tempfile::tempdir().expect("a directory");
        let file = directory.path().join("file");
        std::fs::write(&file, "text").expect("written");
        for home in [&file, Path::new("/dev/null"), &directory.path().join("missing")] {
            let environment =
                Environment { config_directory: Some(home.join(".config")), ..Environment::default() };
            let settings = Settings::read(&environment, None, false).expect("no settings");
            assert_eq!(settings.profile, Profile::default());
            assert!(settings.kept(&environment).expect("none kept").tokens.is_empty());
        }
        assert_eq!(optional_file::read(&file).ok().flatten().as_deref(), Some("text"));
        assert!(optional_file::read(directory.path()).is_err(), "a directory of that name is a mistake");
    }
}
