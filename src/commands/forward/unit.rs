//! `--print-systemd`: prints a unit that forwards from the start of the machine on. Installs nothing.

use crate::commands::Context;
use crate::commands::forward::address::{Address, OTLP_LOGS, UrlSource};
use crate::commands::forward::{DEFAULT_FORM, DEFAULT_INTERVAL, ForwardArgs};
use crate::commands::schedule::{ScheduleSettings, absolute_path, flag, in_unit, quoted};
use crate::error::Failure;
use crate::exit;
use crate::render::command_line::{filter_words, log_words};

impl ForwardArgs {
    pub(super) fn print_unit(&self, context: &mut Context) -> Result<u8, Failure> {
        let settings = ScheduleSettings::of(context, &self.connection, "forward from")?;
        let filter = self.filter.parse(&context.time)?;
        let mut words = settings.start("forward");
        words.extend(log_words(self.filter.log()).iter().map(|word| quoted(word)));
        words.extend(filter_words(&filter.filter).iter().map(|word| quoted(word)));
        for (name, entry) in [("since", filter.since_entry), ("until", filter.until_entry)] {
            words.extend(entry.map(|id| flag(name, &format!("id:{id}"))));
        }
        words.push(flag("to", &destination(self.to.address()?)?));
        words.extend(options(self)?);
        words.extend(settings.connection(&self.connection)?);
        words.extend(self.connection.insecure_http.then(|| "--insecure-http".to_owned()));
        context.terminal.data().write_all(unit(&words.join(" ")).as_bytes())?;
        if self.cursor_file.is_none() {
            context
                .terminal
                .warn("without --cursor-file, a restart delivers only new entries: add --cursor-file FILE");
        }
        if settings.lacks_token {
            context.terminal.warn("KROSYN_AUDIT_TOKEN is not set in a service: add --token-file FILE");
        }
        Ok(exit::DONE)
    }
}

/// The destination with absolute paths. A unit can be read by everybody, so that a URL with secrets is refused.
fn destination(address: &Address) -> Result<String, Failure> {
    Ok(match address {
        Address::Webhook(UrlSource::File(path)) => format!("webhook:@{}", absolute_path(path)?),
        Address::Otlp(UrlSource::File(path)) => format!("otlp:@{}", absolute_path(path)?),
        Address::Webhook(UrlSource::Typed(url)) if url.path() == "/" && !has_secret(url) => {
            format!("webhook:{url}")
        }
        Address::Otlp(UrlSource::Typed(url)) if matches!(url.path(), "/" | OTLP_LOGS) && !has_secret(url) => {
            format!("otlp:{url}")
        }
        Address::Webhook(_) | Address::Otlp(_) => {
            return Err(Failure::usage(
                "everybody can read a unit, and the URL may hold a secret: it is not printed",
            )
            .hint("put the URL in a file that only its owner can read, and give --to webhook:@FILE or otlp:@FILE"));
        }
        Address::SyslogUnix(path) => format!("syslog+unix:{}", absolute_path(path)?),
        Address::File(path) => format!("file:{}", absolute_path(path)?),
        Address::Exec(words) if words.len() > 1 => {
            return Err(Failure::usage(
                "everybody can read a unit, and the program's arguments may hold a secret: they are not printed",
            )
            .hint("put the command in a script, and give --to exec:/path/to/script without arguments"));
        }
        Address::Exec(words) => {
            format!("exec:{}", words.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(" "))
        }
        Address::Syslog { .. } => address.to_string(),
    })
}

fn has_secret(url: &url::Url) -> bool {
    !url.username().is_empty()
        || url.password().is_some()
        || url.query().is_some()
        || url.fragment().is_some()
}

fn options(args: &ForwardArgs) -> Result<Vec<String>, Failure> {
    let path = |path: &Option<std::path::PathBuf>| path.as_deref().map(absolute_path).transpose();
    let flags = [
        ("as", (args.form != DEFAULT_FORM).then(|| args.form.to_string())),
        ("batch", args.batch.map(|batch| batch.to_string())),
        ("secret-file", path(&args.secret_file)?),
        ("cursor-file", path(&args.cursor_file)?),
        ("from", args.from.map(|from| from.to_string())),
        ("interval", (args.interval != DEFAULT_INTERVAL).then(|| args.interval.to_string())),
        ("metrics", args.metrics.map(|address| address.to_string())),
    ];
    Ok(flags.into_iter().filter_map(|(name, value)| Some(flag(name, &value?))).collect())
}

/// A service that is started again after failures, but not after those that would repeat.
fn unit(command: &str) -> String {
    let command = in_unit(command);
    format!(
        "# /etc/systemd/system/krosyn-audit-forward.service\n[Unit]\nDescription=Forward Krosyn audit log entries\n\
         Wants=network-online.target\nAfter=network-online.target\n\n\
         [Service]\nExecStart={command}\nRestart=on-failure\nRestartSec=30\n\
         # 1: the receiver refuses entries. 2: wrong usage, or a wrong destination. 7: the log went backwards.\nRestartPreventExitStatus=1 2 7\n\
         NoNewPrivileges=yes\nPrivateTmp=yes\n\n[Install]\nWantedBy=multi-user.target\n"
    )
}
