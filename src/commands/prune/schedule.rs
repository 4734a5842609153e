//! `prune --print-cron` and `--print-systemd`: prints a crontab line or systemd units. Installs nothing.

use crate::commands::Context;
use crate::commands::prune::PruneArgs;
use crate::commands::prune::archive::with_day;
use crate::commands::schedule::{ScheduleSettings, absolute_path, flag, in_unit};
use crate::error::Failure;
use crate::exit;

impl PruneArgs {
    pub(super) fn print_schedule(&self, context: &mut Context) -> Result<u8, Failure> {
        let settings = ScheduleSettings::of(context, &self.connection, "schedule a prune of")?;
        let command = command(self, &settings)?;
        let text = if self.print_cron { cron(&command) } else { systemd(&command) };
        context.terminal.data().write_all(text.as_bytes())?;
        if settings.lacks_token {
            context.terminal.warn("KROSYN_AUDIT_TOKEN is not set in a schedule: add --token-file FILE");
        }
        Ok(exit::DONE)
    }
}

/// The scheduled command: this one with `--yes --quiet`. A schedule runs in another directory and environment, so paths are
/// absolute and all settings are written out. Each archive gets the day in its name. A `--dry-run` stays one, and prints its
/// plan.
fn command(args: &PruneArgs, settings: &ScheduleSettings) -> Result<String, Failure> {
    let archive = args.archive.as_deref().map(|path| absolute_path(&with_day(path))).transpose()?;
    let mut words = settings.start("prune");
    let mode = if args.dry_run { &["--dry-run"][..] } else { &["--yes", "--quiet"] };
    words.extend(mode.iter().map(|&word| word.to_owned()));
    words.extend(settings.connection(&args.connection)?);
    let flags = [
        ("older-than", args.older_than.map(|age| age.to_string())),
        ("max-delete", args.max_delete.map(|most| most.to_string())),
        ("max-time", args.max_time.map(|age| age.to_string())),
        ("lock-wait", args.lock_wait.map(|age| age.to_string())),
        ("archive", archive),
        // The zone decides the day in `{date}`.
        ("tz", settings.zone.clone()),
        ("format", args.is_json().then(|| "json".to_owned())),
    ];
    words.extend(flags.into_iter().filter_map(|(name, value)| Some(flag(name, &value?))));
    words.extend(args.connection.insecure_http.then(|| "--insecure-http".to_owned()));
    Ok(words.join(" "))
}

/// A crontab line: every night at 03:15.
fn cron(command: &str) -> String {
    // In a crontab an unescaped percent sign ends the command.
    format!("15 3 * * *  {}\n", command.replace('%', "\\%"))
}

/// A systemd service and timer, each below a comment with its file name.
fn systemd(command: &str) -> String {
    let command = in_unit(command);
    format!(
        "# /etc/systemd/system/krosyn-audit-prune.service\n[Unit]\nDescription=Delete expired Krosyn audit log entries\n\n\
         [Service]\nType=oneshot\nExecStart={command}\n\n\
         # /etc/systemd/system/krosyn-audit-prune.timer\n[Unit]\nDescription=Delete expired Krosyn audit log entries every night\n\n\
         [Timer]\nOnCalendar=*-*-* 03:15:00\nRandomizedDelaySec=15min\nPersistent=true\n\n[Install]\nWantedBy=timers.target\n"
    )
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
            lacks_token: false,
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
