//! `prune --print-cron` and `--print-systemd`: prints a crontab line or systemd units. Installs nothing.

use std::path::{Path, absolute};

use crate::args::connection::ServerAddress;
use crate::commands::Context;
use crate::commands::prune::PruneArgs;
use crate::commands::prune::archive::with_day;
use crate::commands::target::resolve_target;
use crate::config::Origin;
use crate::error::Failure;
use crate::exit;

/// SelectedProfile outside of the flags that a scheduled command needs.
#[derive(Debug, Default)]
struct ScheduleSettings {
    /// The path of this program.
    program: String,
    /// Environment variables that a schedule would lack.
    variables: Vec<(&'static str, String)>,
    /// The profile, unless it is the default one.
    profile: Option<String>,
    /// The zone that decides the day in `{date}`, unless it is the machine's.
    zone: Option<String>,
    /// The server or store, unless the profile names it.
    server: Option<String>,
}

impl PruneArgs {
    pub(super) fn print_schedule(&self, context: &mut Context) -> Result<u8, Failure> {
        // The full path, because a schedule has another search path.
        let program = std::env::current_exe()
            .map_or_else(|_| "krosyn-audit".to_owned(), |path| path.display().to_string());
        let target = resolve_target(context, &self.connection)?;
        // A schedule has another environment, and may run as a user with another data directory.
        let server = match (&target.address, &target.origin) {
            (ServerAddress::Demo, _) => {
                return Err(Failure::usage(
                    "cannot schedule a prune of the demo: demo data is regenerated for every command",
                ));
            }
            (_, Origin::Profile(_) | Origin::Config | Origin::Login) => None,
            (ServerAddress::Store(url), _) => Some(url.clone()),
            (ServerAddress::Remote(base), _) => Some(base.to_string()),
        };
        let settings = &context.settings;
        let is_chosen = settings.origin != Origin::Default || matches!(target.origin, Origin::Profile(_));
        let zone = context.resolved.iter().find(|it| it.key == "tz" && it.origin != Origin::Default);
        let settings = ScheduleSettings {
            program,
            variables: context.environment.for_schedules.clone(),
            profile: Some(settings.name.clone()).filter(|_| is_chosen),
            zone: zone.map(|it| it.value.clone()),
            server,
        };
        let command = command(self, &settings)?;
        let text = if self.print_cron { cron(&command) } else { systemd(&command) };
        context.terminal.data().write_all(text.as_bytes())?;
        let is_remote = matches!(target.address, ServerAddress::Remote(_));
        if is_remote && self.connection.token_file.is_none() && context.environment.token.is_some() {
            context.terminal.warn("KROSYN_AUDIT_TOKEN is not set in a schedule: add --token-file FILE");
        }
        Ok(exit::DONE)
    }
}

/// The scheduled command: this one with `--yes --quiet`. A schedule runs in another directory and environment, so paths are
/// absolute and all settings are written out. Each archive gets the day in its name. A `--dry-run` stays one, and prints its
/// plan.
fn command(args: &PruneArgs, settings: &ScheduleSettings) -> Result<String, Failure> {
    let connection = &args.connection;
    let absolute_path = |path: &Path| {
        let path = absolute(path).map_err(|error| Failure::file(path, "find", &error))?;
        Ok::<_, Failure>(path.display().to_string())
    };
    let server = match settings.server.as_deref().map(|url| (url, url.strip_prefix("sqlite:"))) {
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
    let archive = args.archive.as_deref().map(|path| absolute_path(&with_day(path))).transpose()?;

    let mut words = Vec::new();
    if !settings.variables.is_empty() {
        words.push("/usr/bin/env".to_owned());
        words.extend(settings.variables.iter().map(|(name, value)| quoted(&format!("{name}={value}"))));
    }
    words.extend([quoted(&settings.program), "prune".to_owned()]);
    let mode = if args.dry_run { &["--dry-run"][..] } else { &["--yes", "--quiet"] };
    words.extend(mode.iter().map(|&word| word.to_owned()));
    let mut flag = |name: &str, value: Option<String>| {
        words.extend(value.map(|value| format!("--{name} {}", quoted(&value))))
    };
    flag("profile", settings.profile.clone());
    flag("server", server);
    flag("token-file", token_file.map(absolute_path).transpose()?);
    flag("org", connection.org.clone());
    flag("older-than", args.older_than.map(|age| age.to_string()));
    flag("max-delete", args.max_delete.map(|most| most.to_string()));
    flag("max-time", args.max_time.map(|age| age.to_string()));
    flag("lock-wait", args.lock_wait.map(|age| age.to_string()));
    flag("archive", archive);
    flag("tz", settings.zone.clone());
    flag("format", args.is_json().then(|| "json".to_owned()));
    words.extend(connection.insecure_http.then(|| "--insecure-http".to_owned()));
    Ok(words.join(" "))
}

/// A crontab line: every night at 03:15.
fn cron(command: &str) -> String {
    // In a crontab an unescaped percent sign ends the command.
    format!("15 3 * * *  {}\n", command.replace('%', "\\%"))
}

/// A systemd service and timer, each below a comment with its file name.
fn systemd(command: &str) -> String {
    // In a unit a percent sign starts a specifier, and a dollar sign a variable.
    let command = command.replace('%', "%%").replace('$', "$$");
    format!(
        "# /etc/systemd/system/krosyn-audit-prune.service\n[Unit]\nDescription=Delete expired Krosyn audit log entries\n\n\
         [Service]\nType=oneshot\nExecStart={command}\n\n\
         # /etc/systemd/system/krosyn-audit-prune.timer\n[Unit]\nDescription=Delete expired Krosyn audit log entries every night\n\n\
         [Timer]\nOnCalendar=*-*-* 03:15:00\nRandomizedDelaySec=15min\nPersistent=true\n\n[Install]\nWantedBy=timers.target\n"
    )
}

/// A word quoted for a shell and for systemd.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:@=+,%".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::connection::ConnectionArgs;

    #[test]
    fn a_schedule_contains_every_flag_quoted() {
        let args = PruneArgs {
            older_than: "120d".parse().ok(),
            max_delete: "10%".parse().ok(),
            max_time: "10min".parse().ok(),
            lock_wait: "1h".parse().ok(),
            archive: Some("/backup/old.jsonl.gz".into()),
            connection: ConnectionArgs {
                token_file: Some("/etc/krosyn audit/it's".into()),
                org: Some("acme".to_owned()),
                insecure_http: true,
                ..ConnectionArgs::default()
            },
            ..PruneArgs::default()
        };
        let settings = ScheduleSettings {
            program: "/bin/krosyn-audit".to_owned(),
            variables: vec![("XDG_CONFIG_HOME", "/etc/night shift".to_owned())],
            profile: Some("night shift".to_owned()),
            zone: Some("Asia/Tokyo".to_owned()),
            server: Some("https://k.example/50%".to_owned()),
        };
        let command = command(&args, &settings).expect("a command");
        let flags = "--profile 'night shift' --server https://k.example/50% --token-file '/etc/krosyn audit/it'\\''s' \
                    --org acme --older-than 120d --max-delete 10% --max-time 10min --lock-wait 1h \
                    --archive '/backup/old-{date}.jsonl.gz' --tz Asia/Tokyo --insecure-http";
        let start = "/usr/bin/env 'XDG_CONFIG_HOME=/etc/night shift' /bin/krosyn-audit prune --yes --quiet";
        assert_eq!(command, format!("{start} {flags}"));
        assert!(cron(&command).contains("--max-delete 10\\% "));
        let units = systemd(&command);
        assert!(units.contains("--max-delete 10%% "), "{units}");
        assert!(units.contains("OnCalendar=*-*-* 03:15:00\n") && units.contains("WantedBy=timers.target\n"));
    }

    #[test]
    fn paths_are_absolute_and_stdin_is_refused() {
        let with = |token_file: &str| PruneArgs {
            connection: ConnectionArgs { token_file: Some(token_file.into()), ..ConnectionArgs::default() },
            ..PruneArgs::default()
        };
        let here = std::env::current_dir().expect("a directory").display().to_string();
        let server = Some("sqlite:srv/audit.db".to_owned());
        let settings = ScheduleSettings { program: "k".to_owned(), server, ..ScheduleSettings::default() };
        let command_of = |args| command(&args, &settings);
        let command = command_of(with("srv/t")).expect("a command");
        assert!(command.contains(&format!("sqlite:{here}/srv/audit.db")), "{command}");
        assert!(command.contains(&format!("--token-file {here}/srv/t")), "{command}");
        assert!(command_of(with("-")).is_err());
    }
}
