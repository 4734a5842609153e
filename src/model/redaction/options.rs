//! Options of a command line that carry a credential: `--password x`, `curl -u user:x`, `mysql -px`, and lines that
//! set a variable without a sign: `ENV DB_PASSWORD x`.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

use super::expressions::is_reference;
use super::judge::{Writing, hides};
use super::scan::Scan;
use super::values::looks_like_prose;

/// Commands, and their short options with a password: `:`, `,` or `%` when it stands behind a user and that sign,
/// `=` when it must be attached, `+` when it may be.
const COMMANDS: &[(&str, &[&str])] = &[
    (
        "curl",
        &[
            "-u:",
            "-U:",
            "--user:",
            "--proxy-user:",
            "--pass",
            "--proxy-pass",
            "--oauth2-bearer",
            "--key-passwd",
            "-b",
            "--cookie",
        ],
    ),
    ("wget", &["--http-password", "--ftp-password", "--proxy-password"]),
    ("http", &["-a:", "--auth:"]),
    ("https", &["-a:", "--auth:"]),
    ("xh", &["-a:", "--auth:"]),
    ("mysql", &["-p="]),
    ("mysqldump", &["-p="]),
    ("mysqladmin", &["-p="]),
    ("mariadb", &["-p="]),
    ("sshpass", &["-p+"]),
    ("docker", &["-p"]),
    ("podman", &["-p"]),
    ("buildah", &["-p"]),
    ("skopeo", &["--creds:", "--src-creds:", "--dest-creds:"]),
    ("redis-cli", &["-a"]),
    ("valkey-cli", &["-a"]),
    ("mongo", &["-p"]),
    ("mongosh", &["-p"]),
    ("mongodump", &["-p"]),
    ("ldapsearch", &["-w"]),
    ("ldapmodify", &["-w"]),
    ("ldapadd", &["-w"]),
    ("mosquitto_pub", &["-P"]),
    ("mosquitto_sub", &["-P"]),
    ("sqlcmd", &["-P"]),
    ("bcp", &["-P"]),
    ("isql", &["-P"]),
    ("tsql", &["-P"]),
    ("az", &["-p"]),
    ("helm", &["-p"]),
    ("oc", &["-p"]),
    ("rabbitmqadmin", &["-p"]),
    ("smbclient", &["-U%"]),
    ("lftp", &["-u,"]),
    ("zip", &["-P"]),
    ("unzip", &["-P"]),
    ("7z", &["-p="]),
    ("net", &["-U%"]),
    ("snmpwalk", &["-A", "-X", "-c"]),
    ("snmpget", &["-A", "-X", "-c"]),
    ("snmpset", &["-A", "-X", "-c"]),
    ("ipmitool", &["-P"]),
    ("xfreerdp", &["/p:"]),
    ("nats", &["--password"]),
    ("influx", &["-password", "-t"]),
    ("cqlsh", &["-p"]),
    ("clickhouse-client", &["--password"]),
    ("gpg", &["--passphrase"]),
    ("restic", &[]),
];

struct Patterns {
    command: Regex,
    option: Regex,
    directive: Regex,
    password: Regex,
    pgpass: Regex,
}

#[expect(
    clippy::expect_used,
    reason = "the patterns are constants, and the tests of this module compile them"
)]
static PATTERNS: LazyLock<Patterns> = LazyLock::new(|| {
    let compile = |pattern: &str| Regex::new(pattern).expect("a constant pattern");
    let names: Vec<_> = COMMANDS.iter().map(|(name, _)| *name).collect();
    Patterns {
        command: compile(&format!(r"(?m)(?:^|[\s|;&(/`$])({})[ \t]", names.join("|"))),
        option: compile(
            r#"(?:^|[\s"'=])--?(?P<name>[A-Za-z][A-Za-z0-9_-]+)[ \t]+(?P<value>"[^"]*"|'[^']*'|[^\s\["'-][^\s"']*)"#,
        ),
        directive: compile(
            r#"(?m)^[ \t]*(?i:#[ \t]*define|ENV|ARG|setx?|export|SetEnv|fastcgi_param|proxy_set_header|add_header|more_set_headers|requirepass|masterauth)[ \t]+(?:(?P<name>[A-Za-z_][A-Za-z0-9_.-]*)[ \t]+)?(?P<value>"[^"\n]*"|'[^'\n]*'|[^\s"'=]+)[ \t;]*$"#,
        ),
        pgpass: compile(
            r"(?m)^[A-Za-z0-9.*_-]+:(?:[0-9]+|\*):[^:\s]+:[^:\s]+:(?P<value>[^\s:]{4,})[ \t]*\r?$",
        ),
        password: compile(r#"(?:-passin|-passout|-pass|-k)[ \t]+(?:pass:)(?P<value>[^\s"']+)"#),
    }
});

/// Hides them.
pub(super) fn find(scan: &mut Scan<'_>) {
    let text = scan.text;
    for found in PATTERNS.option.captures_iter(text) {
        let (Some(name), Some(value)) = (found.name("name"), found.name("value")) else { continue };
        let meaning = scan.judge.meaning(name.as_str());
        let (place, is_quoted) = bare(text, value.range());
        let writing = if is_quoted { Writing::Certain } else { Writing::Loose };
        if meaning.is_credential() && hides(meaning, &text[place.clone()], writing) {
            scan.hide(place);
        }
    }
    for found in PATTERNS.password.captures_iter(text) {
        if let Some(value) = found.name("value") {
            scan.hide(value.range());
        }
    }
    let mut done = 0;
    for found in PATTERNS.command.captures_iter(text) {
        let Some(name) = found.get(1).filter(|name| name.start() >= done) else { continue };
        let options = COMMANDS
            .iter()
            .find(|(command, _)| *command == name.as_str())
            .map_or(&[][..], |(_, options)| *options);
        done = command(scan, name.end(), options);
    }
}

/// Hides the last part of the lines of a `.pgpass`: `host:5432:database:user:…`.
pub(super) fn find_pgpass(scan: &mut Scan<'_>) {
    for found in PATTERNS.pgpass.captures_iter(scan.text) {
        if let Some(value) = found.name("value")
            && !is_reference(value.as_str())
        {
            scan.hide(value.range());
        }
    }
}

/// Hides what lines set that name a variable or a header and then its value.
pub(super) fn find_directives(scan: &mut Scan<'_>) {
    let text = scan.text;
    for found in PATTERNS.directive.captures_iter(text) {
        let Some(value) = found.name("value") else { continue };
        let name = found
            .name("name")
            .map_or_else(|| found[0].trim().split(' ').next().unwrap_or_default(), |name| name.as_str());
        let meaning = scan.judge.meaning(name);
        let place = bare(text, value.range()).0;
        if meaning.is_credential() && hides(meaning, &text[place.clone()], Writing::Certain) {
            scan.hide(place);
        }
    }
}

/// Reads the words of one command. Returns where it ends.
fn command(scan: &mut Scan<'_>, from: usize, options: &[&str]) -> usize {
    let words = words(scan.text, from);
    let end = words.last().map_or(from, |word| word.end);
    for (index, place) in words.iter().enumerate() {
        let (inner, _) = bare(scan.text, place.clone());
        let word = &scan.text[inner.clone()];
        for option in options {
            let kind = option.chars().next_back().filter(|c| matches!(c, ':' | '=' | '%' | ',' | '+'));
            let option = option.trim_end_matches([':', '=', '%', ',', '+']);
            let Some(rest) = word.strip_prefix(option) else { continue };
            let is_long = option.starts_with("--");
            let value = match (rest, kind) {
                ("", Some('=')) => continue,
                ("", _) => match words.get(index + 1) {
                    Some(next) => bare(scan.text, next.clone()).0,
                    None => continue,
                },
                (rest, _) if is_long => match rest.strip_prefix('=') {
                    Some(value) => inner.end - value.len()..inner.end,
                    None => continue,
                },
                (rest, Some(_)) => inner.end - rest.len()..inner.end,
                _ => continue,
            };
            secret(scan, value, kind);
        }
    }
    end
}

fn secret(scan: &mut Scan<'_>, place: Range<usize>, kind: Option<char>) {
    let (place, _) = bare(scan.text, place);
    let text = &scan.text[place.clone()];
    let place = match kind {
        Some(sign) if !matches!(sign, '=' | '+') => match text.find(sign) {
            Some(at) => place.start + at + 1..place.end,
            None => return,
        },
        // A word that names a file or a host is no password: `cp -p a b`.
        _ => place,
    };
    let text = &scan.text[place.clone()];
    let is_port = text.len() <= 5 && text.bytes().all(|byte| byte.is_ascii_digit())
        || text.contains(":") && looks_like_prose(text);
    if !text.starts_with('-') && !is_reference(text) && !is_port {
        scan.hide(place);
    }
}

/// A place without the quotes around it.
fn bare(text: &str, place: Range<usize>) -> (Range<usize>, bool) {
    let word = &text[place.clone()];
    let is_quoted = word.len() >= 2
        && (word.starts_with('"') && word.ends_with('"') || word.starts_with('\'') && word.ends_with('\''));
    if is_quoted { (place.start + 1..place.end - 1, true) } else { (place, false) }
}

/// The words of a command up to the end of its line, as a shell would part them, where they stand.
fn words(text: &str, from: usize) -> Vec<Range<usize>> {
    let mut words = Vec::new();
    let mut start = None;
    let mut quote = None;
    let mut escaped = false;
    for (at, c) in text[from..].char_indices() {
        let at = from + at;
        if std::mem::take(&mut escaped) {
            continue;
        }
        let ends_word = quote.is_none() && (c.is_whitespace() || matches!(c, '|' | ';' | '&'));
        if ends_word {
            if let Some(start) = start.take() {
                words.push(start..at);
            }
            if !matches!(c, ' ' | '\t') {
                return words;
            }
            continue;
        }
        start.get_or_insert(at);
        match quote {
            Some(open) if c == open => quote = None,
            None if matches!(c, '"' | '\'') => quote = Some(c),
            _ => escaped = c == '\\' && quote != Some('\''),
        }
    }
    if let Some(start) = start {
        words.push(start..text.len());
    }
    words
}
