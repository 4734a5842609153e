//! Commands that run without a person: what a crontab or a systemd unit must write out, because it has another environment
//! and another directory.

use std::path::{Path, absolute};

use crate::args::connection::{ConnectionArgs, ServerAddress};
use crate::commands::Context;
use crate::commands::target::resolve_target;
use crate::config::Origin;
use crate::error::Failure;

/// What a scheduled command needs beside its flags.
#[derive(Debug, Default)]
pub(super) struct ScheduleSettings {
    /// The path of this program.
    pub(super) program: String,
    /// Environment variables that a schedule would lack.
    pub(super) variables: Vec<(&'static str, String)>,
    /// The profile, unless it is the default one.
    pub(super) profile: Option<String>,
    /// The time zone, unless it is the machine's.
    pub(super) zone: Option<String>,
    /// The server or store, unless the profile names it.
    pub(super) server: Option<String>,
    /// Whether the token comes from a variable, which a schedule does not have.
    pub(super) lacks_token: bool,
}

impl ScheduleSettings {
    /// The settings of this process. `doing` completes `cannot … the demo`.
    pub(super) fn of(context: &Context, connection: &ConnectionArgs, doing: &str) -> Result<Self, Failure> {
        // The full path, because a schedule has another search path.
        let program = std::env::current_exe()
            .map_or_else(|_| "krosyn-audit".to_owned(), |path| path.display().to_string());
        let target = resolve_target(context, connection)?;
        // A schedule has another environment, and may run as a user with another data directory.
        let server = match (&target.address, &target.origin) {
            (ServerAddress::Demo, _) => {
                return Err(Failure::usage(format!(
                    "cannot {doing} the demo: demo data is regenerated for every command"
                )));
            }
            (_, Origin::Profile(_) | Origin::Config | Origin::Login) => None,
            (ServerAddress::Store(url), _) => Some(url.clone()),
            (ServerAddress::Remote(base), _) => Some(base.to_string()),
        };
        let settings = &context.settings;
        let is_chosen = settings.origin != Origin::Default || matches!(target.origin, Origin::Profile(_));
        let zone = context.resolved.iter().find(|it| it.key == "tz" && it.origin != Origin::Default);
        let is_remote = matches!(target.address, ServerAddress::Remote(_));
        Ok(Self {
            program,
            variables: context.environment.for_schedules.clone(),
            profile: Some(settings.name.clone()).filter(|_| is_chosen),
            zone: zone.map(|it| it.value.clone()),
            server,
            lacks_token: is_remote && connection.token_file.is_none() && context.environment.token.is_some(),
        })
    }

    /// The words that start the command.
    pub(super) fn start(&self, command: &str) -> Vec<String> {
        let mut words = Vec::new();
        if !self.variables.is_empty() {
            words.push("/usr/bin/env".to_owned());
            words.extend(self.variables.iter().map(|(name, value)| quoted(&format!("{name}={value}"))));
        }
        words.extend([quoted(&self.program), command.to_owned()]);
        words
    }

    /// The flags of the connection, with absolute paths.
    pub(super) fn connection(&self, connection: &ConnectionArgs) -> Result<Vec<String>, Failure> {
        let server = match self.server.as_deref().map(|url| (url, url.strip_prefix("sqlite:"))) {
            Some((_, Some(path))) => Some(format!("sqlite:{}", absolute_path(Path::new(path))?)),
            Some((url, None)) => Some(url.to_owned()),
            None => None,
        };
        let token_file = connection.token_file.as_deref();
        if token_file.is_some_and(|path| path.as_os_str() == "-") {
            return Err(Failure::usage(
                "a schedule cannot read a token from stdin: give a file with --token-file",
            ));
        }
        let flags = [
            ("profile", self.profile.clone()),
            ("server", server),
            ("token-file", token_file.map(absolute_path).transpose()?),
            ("org", connection.org.clone()),
        ];
        Ok(flags.into_iter().filter_map(|(name, value)| Some(flag(name, &value?))).collect())
    }
}

/// A flag with its value.
pub(super) fn flag(name: &str, value: &str) -> String {
    format!("--{name} {}", quoted(value))
}

/// The path from the root.
pub(super) fn absolute_path(path: &Path) -> Result<String, Failure> {
    let path = absolute(path).map_err(|error| Failure::file(path, "find", &error))?;
    Ok(path.display().to_string())
}

/// The command as a line of a systemd unit, where a percent sign starts a specifier, and a dollar sign a variable.
pub(super) fn in_unit(command: &str) -> String {
    command.replace('%', "%%").replace('$', "$$")
}

/// A word quoted for a shell and for systemd.
pub(super) fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:@=+,%".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}
