//! Reads all environment variables that this tool uses, once. No other module reads the environment.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use chrono_tz::Tz;
use etcetera::BaseStrategy as _;

use crate::model::time;

/// Set by completion scripts to the name of the shell.
pub(crate) const COMPLETE: &str = "KROSYN_AUDIT_COMPLETE";

/// Profiles for everyone who may read the file; packages install it.
const MACHINE_CONFIG_FILE: &str = "/etc/krosyn-audit/config.toml";

#[derive(Debug, Clone, Default)]
pub(crate) struct Environment {
    /// `KROSYN_AUDIT_SERVER`: the server, unless `--server` names one.
    pub server: Option<String>,
    /// `KROSYN_AUDIT_TOKEN`: the token, unless it comes from a file.
    pub token: Option<secrecy::SecretString>,
    /// `KROSYN_AUDIT_PROFILE`: the profile, unless `--profile` names one.
    pub profile: Option<String>,
    /// `KROSYN_AUDIT_COMPLETE`: the shell that requests completions.
    pub complete: Option<String>,
    /// `NO_COLOR` (no-color.org): no colour, if not empty.
    pub no_color: bool,
    /// `CLICOLOR_FORCE` (bixense.com/clicolors): colour also in pipes, unless empty or 0.
    pub force_color: bool,
    /// `TERM=dumb`: a terminal without colours and cursor movement.
    pub dumb: bool,
    /// `KROSYN_AUDIT_PAGER`, else `PAGER`: the pager. Empty means none.
    pub pager: Option<String>,
    /// Which of `LESS`, `LESSCHARSET` and `LV` are not set. Only these get a default for the pager.
    pub unset_for_pagers: Vec<&'static str>,
    /// `CI`: the session is not interactive, unless empty, `false` or `0`.
    pub ci: bool,
    /// `TZ`: the user's time zone.
    pub zone: Option<Tz>,
    /// `TZ`, if it names no known zone.
    pub unknown_zone: Option<String>,
    /// The machine's time zone.
    pub machine_zone: Option<Tz>,
    /// `LC_ALL`, else `LC_NUMERIC`, else `LANG`: the country whose spreadsheets `export --for-excel` writes for.
    pub locale: Option<String>,
    /// `USER` or `USERNAME`: recorded as the author of prunes and tokens in a local store.
    pub user: Option<String>,
    /// The name of this machine: recorded with the user in the trail of a local store.
    pub host: Option<String>,
    /// The home directory (`~`).
    pub home: Option<PathBuf>,
    /// Variables to pass on to a scheduled command: `XDG_CONFIG_HOME`, `SSL_CERT_FILE` and `SSL_CERT_DIR`, if set.
    pub for_schedules: Vec<(&'static str, String)>,
    /// The platform's data directory: `XDG_DATA_HOME` or its equivalent.
    pub data_directory: Option<PathBuf>,
    /// The platform's state directory: `XDG_STATE_HOME` or its equivalent, else the data directory.
    pub state_directory: Option<PathBuf>,
    /// The platform's configuration directory: `XDG_CONFIG_HOME` or its equivalent.
    pub config_directory: Option<PathBuf>,
    /// `config.toml` of the machine, for users who have no profile of that name.
    pub machine_config_file: Option<PathBuf>,
    /// `NOTIFY_SOCKET`: where a service manager expects the message that the server is ready (sd_notify).
    pub notify_socket: Option<OsString>,
}

impl Environment {
    /// Reads the environment of the process.
    #[expect(clippy::disallowed_methods, reason = "the only module that may read the environment")]
    pub(crate) fn read() -> Self {
        let text = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        let base = etcetera::choose_base_strategy().ok();
        let machine_zone = iana_time_zone::get_timezone().ok().and_then(|name| time::zone(&name).ok());
        let tz = std::env::var_os("TZ").map(|value| value.to_string_lossy().into_owned());
        let zone = tz.as_deref().and_then(|tz| zone_of(tz, machine_zone));
        // A relative path would depend on the working directory.
        let absolute = |path: PathBuf| Some(path).filter(|path| path.is_absolute());
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
            unknown_zone: tz.filter(|_| zone.is_none()),
            zone,
            machine_zone,
            locale: text("LC_ALL").or_else(|| text("LC_NUMERIC")).or_else(|| text("LANG")),
            user: text("USER").or_else(|| text("USERNAME")),
            host: host(),
            home: etcetera::home_dir().ok().and_then(absolute),
            for_schedules: ["XDG_CONFIG_HOME", "SSL_CERT_FILE", "SSL_CERT_DIR"]
                .into_iter()
                .filter_map(|name| Some((name, text(name)?)))
                .collect(),
            data_directory: base.as_ref().map(etcetera::BaseStrategy::data_dir).and_then(absolute),
            state_directory: base
                .as_ref()
                .map(|base| base.state_dir().unwrap_or_else(|| base.data_dir()))
                .and_then(absolute),
            config_directory: base.as_ref().map(etcetera::BaseStrategy::config_dir).and_then(absolute),
            machine_config_file: Some(PathBuf::from(MACHINE_CONFIG_FILE)),
            notify_socket: std::env::var_os("NOTIFY_SOCKET").filter(|path| !path.is_empty()),
        }
    }

    pub(crate) fn config_file(&self) -> Option<PathBuf> {
        Some(self.config_directory.as_ref()?.join("krosyn-audit").join("config.toml"))
    }

    pub(crate) fn credentials(&self) -> Option<PathBuf> {
        Some(self.config_directory.as_ref()?.join("krosyn-audit").join("credentials.json"))
    }

    /// The directory of what `verify --server` remembers of each log.
    pub(crate) fn witness_directory(&self) -> Option<PathBuf> {
        Some(self.state_directory.as_ref()?.join("krosyn-audit").join("witness"))
    }

    /// The store that is used when no server is named.
    pub(crate) fn default_store(&self) -> Option<PathBuf> {
        Some(self.data_directory.as_ref()?.join("krosyn-audit").join("audit.db"))
    }
}

/// The name of this machine.
fn host() -> Option<String> {
    let name = rustix::system::uname().nodename().to_string_lossy().into_owned();
    Some(name).filter(|name| !name.is_empty())
}

/// The zone that `TZ` names, directly or through a link such as `/etc/localtime`.
fn zone_of(tz: &str, machine_zone: Option<Tz>) -> Option<Tz> {
    time::zone_of_variable(tz).or_else(|| {
        let path = Path::new(tz.strip_prefix(':').unwrap_or(tz));
        let file = path.is_absolute().then(|| path.canonicalize().ok()).flatten();
        let linked = file.and_then(|file| time::zone_of_variable(file.to_str()?));
        linked.or(machine_zone.filter(|_| path == Path::new("/etc/localtime")))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_resolves_to_its_zone() {
        let zone = |tz: &str| zone_of(tz, Some(Tz::Asia__Kolkata));
        assert_eq!(zone("Europe/Madrid"), Some(Tz::Europe__Madrid));
        assert_eq!(zone("/no/such/file"), None);
        assert_eq!(zone("CET-1CEST"), None);
        assert!(zone(":/etc/localtime").is_some(), "the zone of the link, or the machine's");
        let directory = tempfile::tempdir().expect("a directory");
        let (zones, link) = (directory.path().join("zoneinfo"), directory.path().join("localtime"));
        std::fs::create_dir_all(zones.join("Asia")).expect("made");
        std::fs::write(zones.join("Asia/Tokyo"), "").expect("written");
        std::os::unix::fs::symlink(zones.join("Asia/Tokyo"), &link).expect("made");
        assert_eq!(zone(&format!(":{}", link.display())), Some(Tz::Asia__Tokyo));
    }
}
