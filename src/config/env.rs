//! Every environment variable this tool looks at, read here, once, and nowhere else.

use std::path::PathBuf;

use chrono_tz::Tz;

use crate::model::time;

/// The variable by which a shell that completes a command line names itself.
pub const COMPLETE: &str = "KROSYN_AUDIT_COMPLETE";

/// What the environment says.
#[derive(Debug, Clone, Default)]
pub struct Environment {
    /// `KROSYN_AUDIT_SERVER`: the server, when `--server` does not name one.
    pub server: Option<String>,
    /// `KROSYN_AUDIT_TOKEN`: the token, when no file gives one.
    pub token: Option<secrecy::SecretString>,
    /// `KROSYN_AUDIT_PROFILE`: the profile, when `--profile` does not name one.
    pub profile: Option<String>,
    /// `KROSYN_AUDIT_COMPLETE`: the shell that asks what may come next on its command line. Set by completion scripts.
    pub complete: Option<String>,
    /// `NO_COLOR` (no-color.org): no colour, when not empty.
    pub no_color: bool,
    /// `CLICOLOR_FORCE` (bixense.com/clicolors): colour also into pipes, when neither empty nor 0.
    pub force_color: bool,
    /// `TERM=dumb`: a terminal that can neither paint nor move.
    pub dumb: bool,
    /// `KROSYN_AUDIT_PAGER`, else `PAGER`: the pager. Empty: none.
    pub pager: Option<String>,
    /// `LESS`, `LESSCHARSET` and `LV`: what these pagers are told, which is not overruled. Those that are not set.
    pub unset_for_pagers: Vec<&'static str>,
    /// `CI`: nobody sits at the terminal, when neither empty nor false nor 0.
    pub ci: bool,
    /// `TZ`: the reader's zone, when it is an IANA name.
    pub zone: Option<Tz>,
    /// The machine's own zone.
    pub machine_zone: Option<Tz>,
    /// `USER` or `USERNAME`: by whom a prune of a local store is recorded and a token made.
    pub user: Option<String>,
    /// The platform's data directory: `XDG_DATA_HOME` or what stands for it.
    pub data_directory: Option<PathBuf>,
    /// The platform's configuration directory: `XDG_CONFIG_HOME` or what stands for it.
    pub config_directory: Option<PathBuf>,
}

impl Environment {
    /// Reads the process's environment.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "this is the door the ban points to")]
    pub fn read() -> Self {
        let text = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        let base = etcetera::choose_base_strategy().ok();
        Self {
            server: text("KROSYN_AUDIT_SERVER"),
            token: text("KROSYN_AUDIT_TOKEN").map(Into::into),
            profile: text("KROSYN_AUDIT_PROFILE"),
            complete: text(COMPLETE),
            no_color: text("NO_COLOR").is_some(),
            force_color: text("CLICOLOR_FORCE").is_some_and(|value| value != "0"),
            dumb: text("TERM").is_some_and(|value| value == "dumb"),
            pager: std::env::var("KROSYN_AUDIT_PAGER").or_else(|_| std::env::var("PAGER")).ok(),
            unset_for_pagers: ["LESS", "LESSCHARSET", "LV"]
                .into_iter()
                .filter(|name| std::env::var_os(name).is_none())
                .collect(),
            ci: text("CI").is_some_and(|value| value != "0" && value != "false"),
            zone: text("TZ").and_then(|name| time::zone(name.trim_start_matches(':')).ok()),
            machine_zone: iana_time_zone::get_timezone().ok().and_then(|name| time::zone(&name).ok()),
            user: text("USER").or_else(|| text("USERNAME")),
            data_directory: base.as_ref().map(etcetera::BaseStrategy::data_dir),
            config_directory: base.as_ref().map(etcetera::BaseStrategy::config_dir),
        }
    }

    /// The file of profiles.
    #[must_use]
    pub fn config_file(&self) -> Option<PathBuf> {
        Some(self.config_directory.as_ref()?.join("krosyn-audit").join("config.toml"))
    }

    /// The file `login` keeps tokens in.
    #[must_use]
    pub fn credentials(&self) -> Option<PathBuf> {
        Some(self.config_directory.as_ref()?.join("krosyn-audit").join("credentials.json"))
    }

    /// The store that is used when nothing names a server.
    #[must_use]
    pub fn default_store(&self) -> Option<PathBuf> {
        Some(self.data_directory.as_ref()?.join("krosyn-audit").join("audit.db"))
    }
}
