//! What puts a prune into a schedule: a line for cron, units for systemd. Printed, never installed.

use crate::args::connection::ConnectionArgs;

/// The command a schedule runs: this one, without its question and without words on success.
fn command(args: &ConnectionArgs, profile: Option<&str>, program: &str) -> String {
    let mut words = vec![program.to_owned(), "prune".to_owned(), "--yes".to_owned(), "--quiet".to_owned()];
    let mut flag = |name: &str, value: Option<String>| {
        words.extend(value.map(|value| format!("--{name} {}", quoted(&value))))
    };
    flag("profile", profile.map(str::to_owned));
    flag("server", args.server.clone());
    flag("token-file", args.token_file.as_ref().map(|path| path.display().to_string()));
    flag("org", args.org.clone());
    words.join(" ")
}

/// A line for a crontab: every night at a quarter past three.
pub(super) fn cron(args: &ConnectionArgs, profile: Option<&str>, program: &str) -> String {
    // In a crontab a bare per cent sign ends the command.
    format!("15 3 * * *  {}\n", command(args, profile, program).replace('%', "\\%"))
}

/// A service and a timer for systemd, each under the name it is to have.
pub(super) fn systemd(args: &ConnectionArgs, profile: Option<&str>, program: &str) -> String {
    // There a per cent sign begins a specifier, and a dollar sign a variable.
    let command = command(args, profile, program).replace('%', "%%").replace('$', "$$");
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

    #[test]
    fn a_schedule_says_where_and_with_which_token_and_survives_odd_words() {
        let args = ConnectionArgs {
            server: Some("https://audit.krosyn.example/50%".to_owned()),
            token_file: Some("/etc/krosyn audit/it's".into()),
            ..ConnectionArgs::default()
        };
        assert_eq!(
            cron(&args, Some("night shift"), "/usr/bin/krosyn-audit"),
            "15 3 * * *  /usr/bin/krosyn-audit prune --yes --quiet --profile 'night shift' --server https://audit.krosyn.example/50\\% --token-file '/etc/krosyn audit/it'\\''s'\n"
        );
        let units = systemd(&args, None, "/usr/bin/krosyn-audit");
        assert!(units.contains("ExecStart=/usr/bin/krosyn-audit prune --yes --quiet --server https://audit.krosyn.example/50%% "), "{units}");
        assert!(units.contains("OnCalendar=*-*-* 03:15:00\n") && units.contains("WantedBy=timers.target\n"));
    }
}
