//! Every environment variable this tool looks at, read here, once, and nowhere else.

use std::path::{Path, PathBuf};

use chrono_tz::Tz;

use crate::model::time;

/// The variable by which a shell that completes a command line names itself.
pub(crate) const COMPLETE: &str = "KROSYN_AUDIT_COMPLETE";

/// What the environment says.
#[derive(Debug, Clone, Default)]
pub(crate) struct Environment {
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
    /// `TZ`: the reader's zone.
    pub zone: Option<Tz>,
    /// `TZ` as it is, when it names no zone that is known here.
    pub unknown_zone: Option<String>,
    /// The machine's own zone.
    pub machine_zone: Option<Tz>,
    /// `USER` or `USERNAME`: by whom a prune of a local store is recorded and a token made.
    pub user: Option<String>,
    /// The home directory, for which `~` stands.
    pub home: Option<PathBuf>,
    /// Variables that a scheduled command needs as well: `XDG_CONFIG_HOME`, `SSL_CERT_FILE` and `SSL_CERT_DIR`, those
    /// set.
    pub for_schedules: Vec<(&'static str, String)>,
    /// The platform's data directory: `XDG_DATA_HOME` or what stands for it.
    pub data_directory: Option<PathBuf>,
    /// The platform's configuration directory: `XDG_CONFIG_HOME` or what stands for it.
    pub config_directory: Option<PathBuf>,
}

impl Environment {
    /// Reads the process's environment.
    #[expect(clippy::disallowed_methods, reason = "this is the door the ban points to")]
    pub(crate) fn read() -> Self {
        let text = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        let base = etcetera::choose_base_strategy().ok();
        let machine_zone = iana_time_zone::get_timezone().ok().and_then(|name| time::zone(&name).ok());
        let tz = std::env::var_os("TZ").map(|value| value.to_string_lossy().into_owned());
        let zone = tz.as_deref().and_then(|tz| zone_of(tz, machine_zone));
        // One in the working directory would be another for each command.
        let whole = |path: PathBuf| Some(path).filter(|path| path.is_absolute());
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
            user: text("USER").or_else(|| text("USERNAME")),
            home: etcetera::home_dir().ok().and_then(whole),
            for_schedules: ["XDG_CONFIG_HOME", "SSL_CERT_FILE", "SSL_CERT_DIR"]
                .into_iter()
                .filter_map(|name| Some((name, text(name)?)))
                .collect(),
            data_directory: base.as_ref().map(etcetera::BaseStrategy::data_dir).and_then(whole),
            config_directory: base.as_ref().map(etcetera::BaseStrategy::config_dir).and_then(whole),
        }
    }

    /// The file of profiles.
    pub(crate) fn config_file(&self) -> Option<PathBuf> {
        Some(self.config_directory.as_ref()?.join("krosyn-audit").join("config.toml"))
    }

    /// The file `login` keeps tokens in.
    pub(crate) fn credentials(&self) -> Option<PathBuf> {
        Some(self.config_directory.as_ref()?.join("krosyn-audit").join("credentials.json"))
    }

    /// The store that is used when nothing names a server.
    pub(crate) fn default_store(&self) -> Option<PathBuf> {
        Some(self.data_directory.as_ref()?.join("krosyn-audit").join("audit.db"))
    }
}

/// The zone that `TZ` names, by itself or through a link such as `/etc/localtime`.
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
    fn a_path_leads_to_its_zone() {
        let zone = |tz: &str| zone_of(tz, Some(Tz::Asia__Kolkata));
        assert_eq!(zone("Europe/Madrid"), Some(Tz::Europe__Madrid));
        assert_eq!(zone("/no/such/file"), None);
        assert_eq!(zone("CET-1CEST"), None);
        assert!(zone(":/etc/localtime").is_some(), "its link, or the machine's zone");
        #[cfg(unix)]
        {
            let directory = tempfile::tempdir().expect("a directory");
            let (zones, link) = (directory.path().join("zoneinfo"), directory.path().join("localtime"));
            std::fs::create_dir_all(zones.join("Asia")).expect("made");
            std::fs::write(zones.join("Asia/Tokyo"), "").expect("written");
            std::os::unix::fs::symlink(zones.join("Asia/Tokyo"), &link).expect("made");
            assert_eq!(zone(&format!(":{}", link.display())), Some(Tz::Asia__Tokyo));
        }
    }
}
