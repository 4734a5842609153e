//! Redacts credentials in command lines: `--password x`, `curl -u user:x`, `mysql -px`; in directives that set a variable
//! without a separator: `ENV DB_PASSWORD x`; and in lines of a `.pgpass` file.

use std::ops::Range;
use std::rc::Rc;
use std::sync::LazyLock;

use memchr::memchr_iter;
use regex::Regex;

use crate::model::redaction::classifier::ValueSyntax;
use crate::model::redaction::names::NameClass;
use crate::model::redaction::references::is_reference;
use crate::model::redaction::text::scan::{TextScan, find_or_end, regex};
use crate::model::redaction::values::{is_harmless_text, looks_generated, looks_like_word};

/// Commands, with `+` before a subcommand, and their options that take a credential. The last character of an option may be a sign: with `:`, `,` or `%`
/// the credential follows a user name and that sign; with `=` it must be attached to the option; with `+` it may be.
const COMMANDS: &[(&str, &str)] = &[
    ("curl", "-u: -U: --user: --proxy-user: --pass --proxy-pass --oauth2-bearer --key-passwd -b --cookie"),
    ("wget", "--http-password --ftp-password --proxy-password"),
    ("http https xh", "-a: --auth:"),
    ("mysql mysqldump mysqladmin mariadb 7z 7za unrar rar", "-p="),
    ("useradd usermod", "-p"),
    ("ssh-keygen", "-N -P"),
    ("openssl", "-k -K"),
    ("sshpass", "-p+"),
    ("keytool jarsigner", "-storepass -keypass -srcstorepass -deststorepass -srckeypass -destkeypass"),
    ("mongo mongosh mongodump beeline hdbsql az helm oc rabbitmqadmin cqlsh", "-p"),
    ("docker+login podman+login buildah+login nerdctl+login helm+registry+login", "-p"),
    ("twine poetry+publish eas+login psexec smbmap crackmapexec nxc netexec evil-winrm", "-p"),
    ("doctl flyctl", "-t"),
    ("ab", "-A: -P:"),
    ("knife", "-P"),
    ("skopeo", "--creds: --src-creds: --dest-creds:"),
    ("redis-cli valkey-cli", "-a"),
    ("ldapsearch ldapmodify ldapadd ldapdelete ldapwhoami ldappasswd", "-w+"),
    ("mosquitto_pub mosquitto_sub sqlcmd bcp isql tsql zip unzip ipmitool", "-P"),
    ("smbclient net", "-U%"),
    ("lftp", "-u,"),
    ("snmpwalk snmpget snmpset", "-A -X -c"),
    ("xfreerdp", "/p:"),
    ("nats clickhouse-client", "--password"),
    ("influx", "-password -t"),
    ("gpg", "--passphrase"),
];
/// The first words of lines that set a variable or a header, beside `#define`.
const DIRECTIVES: [&str; 12] = [
    "ENV",
    "ARG",
    "set",
    "setx",
    "export",
    "SetEnv",
    "fastcgi_param",
    "proxy_set_header",
    "add_header",
    "more_set_headers",
    "requirepass",
    "masterauth",
];
/// The signs after an option in [`COMMANDS`].
const SIGNS: [char; 5] = [':', '=', '%', ',', '+'];

struct Patterns {
    command: Regex,
    option: Regex,
    directive: Regex,
    password: Regex,
    pgpass: Regex,
}

static PATTERNS: LazyLock<Patterns> = LazyLock::new(|| {
    let names: Vec<_> = COMMANDS.iter().flat_map(|(names, _)| names.split(' ')).collect();
    Patterns {
        command: regex(&format!(r"(?m)(?:^|[\s|;&(/`$])({})[ \t]", names.join("|").replace('+', r"[ \t]+"))),
        option: regex(
            r#"(?:^|[\s"'=])--?(?P<name>[A-Za-z][A-Za-z0-9_-]+),?[ \t]+(?P<value>"[^"]*"|'[^']*'|[^\s\["'-][^\s"']*)"#,
        ),
        directive: regex(&format!(
            r#"^[ \t]*(?i:#[ \t]*define|{})[ \t]+(?:(?P<name>[A-Za-z_][A-Za-z0-9_.-]*)[ \t]+)?(?P<value>"[^"\n]*"|'[^'\n]*'|[^\s"'=]+)(?:[ \t]+/[mM])?[ \t;]*\r?$"#,
            DIRECTIVES.join("|")
        )),
        pgpass: regex(r"^[A-Za-z0-9.*_-]+:(?:[0-9]+|\*):[^:\s]+:[^:\s]+:(?P<value>[^\s:]{4,})[ \t]*\r?$"),
        password: regex(r#"(?:-passin|-passout|-pass|-k)[ \t]+(?:pass:)(?P<value>[^\s"']+)"#),
    }
});

/// Redacts the values of options that name a credential, and of the options in [`COMMANDS`].
pub(super) fn detect(scan: &mut TextScan<'_>) {
    let text = scan.text;
    scan.redact_matches(&PATTERNS.password, |_| true);
    // `/p:` is the only option without a hyphen.
    if !has_option(text) && !text.contains("xfreerdp") {
        return;
    }
    for found in PATTERNS.option.captures_iter(text) {
        let (Some(name), Some(value)) = (found.name("name"), found.name("value")) else { continue };
        let class = scan.classifier.class(name.as_str());
        let (range, is_quoted) = unquoted(text, value.range());
        // `--secret dbPassword …`: a name, and the value after it.
        if class.is_credential()
            && let Some(value) = value_after_name(scan, &range)
        {
            scan.redact_value(class, value, ValueSyntax::Explicit);
            continue;
        }
        if class.is_credential() {
            let syntax = if is_quoted { ValueSyntax::Explicit } else { ValueSyntax::MaybeProse };
            scan.redact_value(class, range, syntax);
        }
    }
    let mut done = 0;
    for found in PATTERNS.command.captures_iter(text) {
        let Some(name) = found.get(1).filter(|name| name.start() >= done) else { continue };
        let words = name.as_str().split_whitespace().collect::<Vec<_>>().join("+");
        let is_named = |(names, _): &&(&str, &str)| names.split(' ').any(|it| it == words);
        let options = COMMANDS.iter().find(is_named).map_or("", |(_, options)| *options);
        done = read_command(scan, name.end(), options);
    }
}

/// The word after a word that names a credential itself, unless an option follows.
fn value_after_name(scan: &TextScan<'_>, name: &Range<usize>) -> Option<Range<usize>> {
    let text = scan.text;
    if !looks_like_word(&text[name.clone()]) && !text[name.clone()].contains(':')
        || !scan.classifier.is_credential(&text[name.clone()])
    {
        return None;
    }
    let start = text.len() - text[name.end..].trim_start_matches([' ', '\t', '"', '\'']).len();
    let end = find_or_end(text, start, |c| c.is_whitespace() || matches!(c, '"' | '\''));
    // `--password PASSWORD   Password of the user`: a list of options.
    let is_next = !text[name.end..start].contains("  ");
    let is_value = is_next
        && start > name.end
        && end > start
        && !text[start..].starts_with(['-', '|', '&', ';', '>', '<']);
    is_value.then_some(start..end)
}

/// Whether a word of the text may be an option: it begins with one or two hyphens and a letter. Most texts have none, and need no
/// further search.
fn has_option(text: &str) -> bool {
    let bytes = text.as_bytes();
    memchr_iter(b'-', bytes).any(|at| {
        let follows_word =
            at > 0 && matches!(bytes[at - 1], b'!'..=b'~') && !matches!(bytes[at - 1], b'"' | b'\'' | b'=');
        let name = bytes[at + 1..].strip_prefix(b"-").unwrap_or(&bytes[at + 1..]);
        !follows_word && name.first().is_some_and(u8::is_ascii_alphabetic)
    })
}

/// Redacts the passwords in lines of a `.pgpass` file: `host:5432:database:user:…`.
pub(super) fn detect_pgpass(scan: &mut TextScan<'_>) {
    for line in Rc::clone(&scan.lines).iter() {
        let text = &scan.text[line.clone()];
        if memchr_iter(b':', text.as_bytes()).count() == 4
            && let Some(value) = PATTERNS.pgpass.captures(text).and_then(|found| found.name("value"))
            && !is_reference(value.as_str())
        {
            scan.redact(line.start + value.start()..line.start + value.end());
        }
    }
}

/// Redacts the value in lines that consist of a directive, the name of a credential and its value.
pub(super) fn detect_directives(scan: &mut TextScan<'_>) {
    for line in Rc::clone(&scan.lines).iter() {
        let text = &scan.text[line.clone()];
        let content = text.trim_start_matches([' ', '\t']);
        let word = content.find([' ', '\t']).map_or(content, |end| &content[..end]);
        // A property: `ssl.key.password x7Yz90aB`.
        let value = content[word.len()..].trim();
        if value.len() > 5
            && !value.contains(' ')
            && word.contains('.')
            && looks_generated(value)
            && !word.contains(['=', ':', '/'])
            && scan.classifier.is_credential(word)
        {
            let start = line.start + text.find(value).unwrap_or(0);
            scan.redact(start..start + value.len());
        }
        // Most lines begin with another word.
        let may_match = word.starts_with('#')
            || !word.is_ascii()
            || DIRECTIVES.iter().any(|directive| directive.eq_ignore_ascii_case(word));
        if !may_match {
            continue;
        }
        let Some(found) = PATTERNS.directive.captures(text) else { continue };
        let Some(value) = found.name("value") else { continue };
        // `requirepass x` names the credential itself.
        let directive = || found[0].trim().split(' ').next().unwrap_or_default();
        let name = found.name("name").map_or_else(directive, |name| name.as_str());
        let class = scan.classifier.class(name);
        if class.is_credential() {
            let value = line.start + value.start()..line.start + value.end();
            scan.redact_value(class, unquoted(scan.text, value).0, ValueSyntax::Explicit);
        }
    }
}

/// Redacts the credentials among the words of one command. Returns where the command ends.
fn read_command(scan: &mut TextScan<'_>, from: usize, options: &str) -> usize {
    let words = words(scan.text, from);
    let end = words.last().map_or(from, |word| word.end);
    for (index, range) in words.iter().enumerate() {
        let (inner, _) = unquoted(scan.text, range.clone());
        let word = &scan.text[inner.clone()];
        for option in options.split(' ') {
            let sign = option.chars().next_back().filter(|c| SIGNS.contains(c));
            let option = option.trim_end_matches(SIGNS);
            let Some(rest) = word.strip_prefix(option) else { continue };
            let value = match (rest, sign) {
                ("", Some('=')) => continue,
                ("", _) => match words.get(index + 1) {
                    Some(next) => unquoted(scan.text, next.clone()).0,
                    None => continue,
                },
                (rest, _) if option.starts_with("--") => match rest.strip_prefix('=') {
                    Some(value) => inner.end - value.len()..inner.end,
                    None => continue,
                },
                (rest, Some(_)) => inner.end - rest.len()..inner.end,
                _ => continue,
            };
            redact_option(scan, value, sign);
        }
    }
    end
}

fn redact_option(scan: &mut TextScan<'_>, range: Range<usize>, sign: Option<char>) {
    let (mut range, _) = unquoted(scan.text, range);
    if let Some(sign) = sign.filter(|sign| !matches!(sign, '=' | '+')) {
        let Some(at) = scan.text[range.clone()].find(sign) else { return };
        range.start += at + 1;
    }
    let text = &scan.text[range.clone()];
    let is_port = text.len() <= 5 && text.bytes().all(|byte| byte.is_ascii_digit())
        || text.contains(':') && looks_like_word(text);
    if !text.starts_with('-') && !is_harmless_text(text, NameClass::Password) && !is_port {
        scan.redact(range);
    }
}

/// A range without the quotes around it, and whether there were any.
fn unquoted(text: &str, range: Range<usize>) -> (Range<usize>, bool) {
    let word = &text[range.clone()];
    let is_quoted = word.len() >= 2 && ['"', '\''].iter().any(|&c| word.starts_with(c) && word.ends_with(c));
    if is_quoted { (range.start + 1..range.end - 1, true) } else { (range, false) }
}

/// The ranges of a command's words up to the end of its line, split as a shell splits them.
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
