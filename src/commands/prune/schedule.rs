//! What puts a prune into a schedule: a line for cron, units for systemd. Printed, never installed.

use std::path::{Path, PathBuf, absolute};

use chrono::NaiveDate;

use crate::commands::prune::PruneArgs;
use crate::error::Failure;

/// What stands in an archive's name for the day on which it is written.
const DAY: &str = "{date}";

/// What decides a prune's result and is not among its own flags.
#[derive(Debug, Default)]
pub(super) struct Around {
    /// The path of this programme.
    pub(super) program: String,
    /// Variables of the environment that a schedule would lack.
    pub(super) variables: Vec<(&'static str, String)>,
    /// The profile, unless it is the one that is meant without a word.
    pub(super) profile: Option<String>,
    /// The zone, by which `{date}` is a day, unless it is the machine's.
    pub(super) zone: Option<String>,
    /// The server or store, unless the profile names it.
    pub(super) server: Option<String>,
}

/// The command a schedule runs: this one, without its question and without words on success. A schedule runs in another
/// directory and environment, so every path is whole and every setting is written out; and it runs every night, so an
/// archive is one of its day. With `--dry-run` the plan is what somebody wants to be sent.
pub(super) fn command(args: &PruneArgs, around: &Around) -> Result<String, Failure> {
    let connection = &args.connection;
    let whole = |path: &Path| {
        let path = absolute(path).map_err(|error| Failure::file(path, "find", &error))?;
        Ok::<_, Failure>(path.display().to_string())
    };
    let server = match around.server.as_deref().map(|url| (url, url.strip_prefix("sqlite:"))) {
        Some((_, Some(path))) => Some(format!("sqlite:{}", whole(Path::new(path))?)),
        Some((url, None)) => Some(url.to_owned()),
        None => None,
    };
    let token_file = connection.token_file.as_deref();
    if token_file.is_some_and(|path| path.as_os_str() == "-") {
        return Err(Failure::usage(
            "a schedule has nobody to give it a token on stdin: name a file by --token-file",
        ));
    }
    let archive = args.archive.as_deref().map(|path| whole(&dated(path))).transpose()?;

    let mut words = Vec::new();
    if !around.variables.is_empty() {
        words.push("/usr/bin/env".to_owned());
        words.extend(around.variables.iter().map(|(name, value)| quoted(&format!("{name}={value}"))));
    }
    words.extend([quoted(&around.program), "prune".to_owned()]);
    let mode = if args.dry_run { &["--dry-run"][..] } else { &["--yes", "--quiet"] };
    words.extend(mode.iter().map(|&word| word.to_owned()));
    let mut flag = |name: &str, value: Option<String>| {
        words.extend(value.map(|value| format!("--{name} {}", quoted(&value))))
    };
    flag("profile", around.profile.clone());
    flag("server", server);
    flag("token-file", token_file.map(whole).transpose()?);
    flag("org", connection.org.clone());
    flag("older-than", args.older_than.map(|age| age.to_string()));
    flag("max-delete", args.max_delete.map(|most| most.to_string()));
    flag("max-time", args.max_time.map(|age| age.to_string()));
    flag("lock-wait", args.lock_wait.map(|age| age.to_string()));
    flag("archive", archive);
    flag("tz", around.zone.clone());
    flag("format", args.is_json().then(|| "json".to_owned()));
    words.extend(connection.insecure_http.then(|| "--insecure-http".to_owned()));
    Ok(words.join(" "))
}

/// The archive's name with a place for the day in it: before the endings, as in `old-{date}.jsonl.gz`.
fn dated(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    if name.contains(DAY) {
        return path.to_owned();
    }
    let stem = name.char_indices().skip(1).find(|(_, c)| *c == '.').map_or(name.len(), |(at, _)| at);
    let (stem, endings) = name.split_at(stem);
    path.with_file_name(format!("{stem}-{DAY}{endings}"))
}

/// The archive of a day.
pub(super) fn of_day(path: &Path, day: NaiveDate) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    if name.contains(DAY) {
        path.with_file_name(name.replace(DAY, &day.to_string()))
    } else {
        path.to_owned()
    }
}

/// A line for a crontab: every night at a quarter past three.
pub(super) fn cron(command: &str) -> String {
    // In a crontab a bare per cent sign ends the command.
    format!("15 3 * * *  {}\n", command.replace('%', "\\%"))
}

/// A service and a timer for systemd, each under the name it is to have.
pub(super) fn systemd(command: &str) -> String {
    // There a per cent sign begins a specifier, and a dollar sign a variable.
    let command = command.replace('%', "%%").replace('$', "$$");
    format!(
        "# /etc/systemd/system/krosyn-audit-prune.service\n[Unit]\nDescription=Delete expired Krosyn audit log entries\n\n\
         [Service]\nType=oneshot\nExecStart={command}\n\n\
         # /etc/systemd/system/krosyn-audit-prune.timer\n[Unit]\nDescription=Delete expired Krosyn audit log entries every night\n\n\
         [Timer]\nOnCalendar=*-*-* 03:15:00\nRandomizedDelaySec=15min\nPersistent=true\n\n[Install]\nWantedBy=timers.target\n"
    )
}

/// A word as a shell, and systemd, take it.
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
    fn a_schedule_holds_every_flag_and_survives_odd_words() {
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
        let around = Around {
            program: "/bin/krosyn-audit".to_owned(),
            variables: vec![("XDG_CONFIG_HOME", "/etc/night shift".to_owned())],
            profile: Some("night shift".to_owned()),
            zone: Some("Asia/Tokyo".to_owned()),
            server: Some("https://k.example/50%".to_owned()),
        };
        let command = command(&args, &around).expect("a command");
        let told = "--profile 'night shift' --server https://k.example/50% --token-file '/etc/krosyn audit/it'\\''s' \
                    --org acme --older-than 120d --max-delete 10% --max-time 10min --lock-wait 1h \
                    --archive '/backup/old-{date}.jsonl.gz' --tz Asia/Tokyo --insecure-http";
        let start = "/usr/bin/env 'XDG_CONFIG_HOME=/etc/night shift' /bin/krosyn-audit prune --yes --quiet";
        assert_eq!(command, format!("{start} {told}"));
        assert!(cron(&command).contains("--max-delete 10\\% "));
        let units = systemd(&command);
        assert!(units.contains("--max-delete 10%% "), "{units}");
        assert!(units.contains("OnCalendar=*-*-* 03:15:00\n") && units.contains("WantedBy=timers.target\n"));
    }

    #[test]
    fn paths_are_whole_and_stdin_is_refused() {
        let with = |token_file: &str| PruneArgs {
            connection: ConnectionArgs { token_file: Some(token_file.into()), ..ConnectionArgs::default() },
            ..PruneArgs::default()
        };
        let here = std::env::current_dir().expect("a directory").display().to_string();
        let server = Some("sqlite:srv/audit.db".to_owned());
        let around = Around { program: "k".to_owned(), server, ..Around::default() };
        let command_of = |args| command(&args, &around);
        let command = command_of(with("srv/t")).expect("a command");
        assert!(command.contains(&format!("sqlite:{here}/srv/audit.db")), "{command}");
        assert!(command.contains(&format!("--token-file {here}/srv/t")), "{command}");
        assert!(command_of(with("-")).is_err());
    }

    #[test]
    fn an_archive_is_one_of_its_day() {
        for (name, named) in
            [("a.jsonl.gz", "a-{date}.jsonl.gz"), ("x/old", "x/old-{date}"), ("{date}.jsonl", "{date}.jsonl")]
        {
            assert_eq!(dated(Path::new(name)), Path::new(named));
        }
    }
}
