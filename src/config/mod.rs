//! Settings outside the command line: environment variables, `config.toml` and saved logins. Order of precedence: flag,
//! environment, profile, default.

pub(crate) mod credentials;
pub(crate) mod env;
pub(crate) mod file;
mod optional_file;

use std::collections::BTreeSet;
use std::fmt;

use crate::config::credentials::{Credentials, CredentialsError, SavedLogin};
use crate::config::env::Environment;
use crate::config::file::{Config, ConfigError, Profile};

const DEFAULT_PROFILE: &str = "default";

/// The source of a setting.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) enum Origin {
    Flag(&'static str),
    Variable(&'static str),
    /// A profile in `config.toml`.
    Profile(String),
    /// `config.toml`, outside of profiles.
    Config,
    /// The profile's saved login.
    Login,
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

/// The selected profile and its settings in `config.toml`.
#[derive(Debug, Clone, Default)]
pub(crate) struct SelectedProfile {
    pub name: String,
    /// The source of the name.
    pub origin: Origin,
    /// Empty if `config.toml` does not contain the profile.
    pub profile: Profile,
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum ProfileError {
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    Credentials(#[from] CredentialsError),
    #[error("there is no profile {name:?}{}", listed(.known))]
    UnknownProfile {
        name: String,
        /// The existing profiles.
        known: BTreeSet<String>,
    },
}

fn listed(known: &BTreeSet<String>) -> String {
    match Vec::from_iter(known.iter().map(String::as_str))[..] {
        [] => ": no profiles exist yet".to_owned(),
        [name] => format!(": the only one is {name}"),
        ref names => format!(": choose one of {}", names.join(", ")),
    }
}

impl SelectedProfile {
    /// Selects the profile named by the flag, else by the environment, else by `config.toml`, else `default`. A named
    /// profile must exist, in `config.toml` or as a saved login, unless `allow_new`.
    pub(crate) fn read(
        environment: &Environment,
        flag: Option<&str>,
        allow_new: bool,
    ) -> Result<Self, ProfileError> {
        let path = environment.config_file();
        let mut config = path.map_or_else(|| Ok(Config::default()), |path| Config::read(&path))?;
        let (name, origin) = select(flag, environment.profile.as_deref(), config.profile.take());
        let profile = config.profiles.remove(&name);
        if profile.is_none() && origin != Origin::Default && !allow_new {
            let mut kept = Credentials::load(environment)?.profiles;
            if kept.remove(&name).is_none() {
                let known: BTreeSet<_> = config.profiles.into_keys().chain(kept.into_keys()).collect();
                return Err(ProfileError::UnknownProfile { name, known });
            }
        }
        Ok(Self { name, origin, profile: profile.unwrap_or_default() })
    }

    /// The profile's saved logins.
    pub(crate) fn saved_login(&self, environment: &Environment) -> Result<SavedLogin, CredentialsError> {
        Ok(Credentials::load(environment)?.profiles.remove(&self.name).unwrap_or_default())
    }
}

fn select(flag: Option<&str>, variable: Option<&str>, config: Option<String>) -> (String, Origin) {
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
    fn a_home_that_is_no_directory_has_no_files() {
        let directory = tempfile::tempdir().expect("a directory");
        let file = directory.path().join("file");
        std::fs::write(&file, "text").expect("written");
        for home in [&file, Path::new("/dev/null"), &directory.path().join("missing")] {
            let environment =
                Environment { config_directory: Some(home.join(".config")), ..Environment::default() };
            let settings = SelectedProfile::read(&environment, None, false).expect("no settings");
            assert_eq!(settings.profile, Profile::default());
            assert!(settings.saved_login(&environment).expect("none kept").tokens.is_empty());
        }
        assert_eq!(optional_file::read(&file).ok().flatten().as_deref(), Some("text"));
        assert!(optional_file::read(directory.path()).is_err(), "a directory of that name is a mistake");
    }
}
