//! Settings outside the command line: environment variables, `config.toml` and saved logins. Order of precedence: flag,
//! environment, the user's profile, the machine's profile, default.

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
    /// Whether the profile is in the `config.toml` of the machine, and not in the user's.
    pub is_of_machine: bool,
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
    /// profile must exist, in `config.toml` or as a saved login, unless `allow_new`. A profile or login of the user hides the
    /// machine's profile of that name.
    pub(crate) fn read(
        environment: &Environment,
        flag: Option<&str>,
        allow_new: bool,
    ) -> Result<Self, ProfileError> {
        let path = environment.config_file();
        let mut config = path.map_or_else(|| Ok(Config::default()), |path| Config::read(&path))?;
        let path = environment.machine_config_file.as_deref();
        let mut machine = path.map_or_else(|| Ok(Config::default()), Config::read_of_machine)?;
        let in_files = config.profile.take().or(machine.profile.take());
        let (name, origin) = select(flag, environment.profile.as_deref(), in_files);
        if let Some(profile) = config.profiles.remove(&name) {
            return Ok(Self { name, origin, profile, is_of_machine: false });
        }
        let of_machine = machine.profiles.remove(&name);
        if of_machine.is_some() || (origin != Origin::Default && !allow_new) {
            let mut logins = Credentials::load(environment)?.profiles;
            match (logins.remove(&name), of_machine) {
                (Some(_), _) => {}
                (None, Some(profile)) => return Ok(Self { name, origin, profile, is_of_machine: true }),
                (None, None) => {
                    let configured = config.profiles.into_keys().chain(machine.profiles.into_keys());
                    let known = configured.chain(logins.into_keys()).collect();
                    return Err(ProfileError::UnknownProfile { name, known });
                }
            }
        }
        Ok(Self { name, origin, ..Self::default() })
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
    use std::os::unix::fs::PermissionsExt as _;
    use std::path::Path;

    use super::*;

    /// An environment with these texts in the user's and the machine's `config.toml`, and in the user's credentials.
    fn environment(directory: &Path, user: &str, machine: &str, logins: &str) -> Environment {
        let own = directory.join("krosyn-audit");
        std::fs::create_dir_all(&own).expect("a directory");
        let machine_file = directory.join("machine.toml");
        let files = [
            (own.join("config.toml"), user),
            (machine_file.clone(), machine),
            (own.join("credentials.json"), logins),
        ];
        for (path, text) in files.iter().filter(|(_, text)| !text.is_empty()) {
            std::fs::write(path, text).expect("written");
            std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).expect("set");
        }
        Environment {
            config_directory: Some(directory.to_owned()),
            machine_config_file: Some(machine_file),
            ..Environment::default()
        }
    }

    #[test]
    fn the_machine_file_applies_unless_the_user_has_the_profile_or_a_login() {
        let machine = "[profiles.default]\nserver = \"http://127.0.0.1:1\"\n[profiles.other]\ntz = \"UTC\"\n";
        let own = "[profiles.default]\nserver = \"http://127.0.0.1:2\"\n";
        let login = r#"{"profiles":{"default":{"server":"http://127.0.0.1:3","tokens":{}}}}"#;
        for (user, logins, expected) in [
            ("", "", Some("http://127.0.0.1:1")),
            (own, "", Some("http://127.0.0.1:2")),
            ("", login, None),
            ("[profiles.work]\ntz = \"UTC\"\n", "", Some("http://127.0.0.1:1")),
        ] {
            let directory = tempfile::tempdir().expect("a directory");
            let environment = environment(directory.path(), user, machine, logins);
            let selected = SelectedProfile::read(&environment, None, false).expect("settings");
            assert_eq!(selected.profile.server.as_deref(), expected, "{user:?} {logins:?}");
            assert_eq!(selected.is_of_machine, expected == Some("http://127.0.0.1:1"), "{user:?} {logins:?}");
            let other = SelectedProfile::read(&environment, Some("other"), false).expect("of the machine");
            assert!(other.is_of_machine && other.profile.tz.is_some());
            let unknown = SelectedProfile::read(&environment, Some("missing"), false).expect_err("unknown");
            assert!(unknown.to_string().contains("other"), "{unknown}");
        }
    }

    #[test]
    fn an_error_in_the_machine_file_names_the_file() {
        let directory = tempfile::tempdir().expect("a directory");
        let environment = environment(directory.path(), "", "profle = \"a\"\n", "");
        let error = SelectedProfile::read(&environment, None, false).expect_err("a wrong key").to_string();
        assert!(error.contains("machine.toml, line 1: unknown key \"profle\""), "{error}");
    }

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
