//! Redacts credentials that a command takes by their position or from a pipe: `vault login …`, `echo … | sudo -S`,
//! `sqlplus svc/…@db`, `rabbitmqctl add_user svc …`; and lines of configuration files such as `bindpw …`.

use std::sync::LazyLock;

use memchr::memmem::Finder;
use regex::Regex;

use crate::model::redaction::references::is_reference;
use crate::model::redaction::text::scan::{TextScan, regex};
use crate::model::redaction::values::looks_generated;

/// A word of a command, in quotes or without.
const WORD: &str = r#"(?:'[^'\n]*'|"[^"\n]*"|[^\s'"|;&<>-][^\s'"|;&<>]*)"#;

/// Each pattern with a text that every match contains. `{}` stands for the credential.
const POSITIONS: &[(&str, &str)] = &[
    (
        "|",
        r"\becho[ \t]+(?:-[neE]+[ \t]+)?{}[ \t]*\|[^|\n]*(?:--password-stdin|--with-token|--passphrase-fd|sudo[ \t]+-S|chpasswd|passwd[ \t]+--stdin|docker[ \t]+login|kinit)",
    ),
    ("<<<", r"(?:--password-stdin|--with-token|kinit|passwd|login|sudo[ \t]+-S)\b[^|\n<]*<<<[ \t]*{}"),
    ("vault", r"\bvault[ \t]+login[ \t]+(?:-[a-z-]+(?:=\S+)?[ \t]+)*{}[ \t]*(?:$|[;&|\n])"),
    ("--from-literal", r"--from-literal[= \t]['\x22]?[^=\s]+={}"),
    ("htpasswd", r"\bhtpasswd[ \t]+-\w*b\w*(?:[ \t]+[^\s-]\S*){1,2}[ \t]+{}[ \t]*(?:$|[;&|\n])"),
    ("sqlplus", r"\bsqlplus[ \t]+(?:-\S+[ \t]+)*[^\s/@]+/(?P<value>[^\s@/]+)(?:@|\s|$)"),
    ("rabbitmqctl", r"\brabbitmqctl[ \t]+(?:add_user|change_password)[ \t]+\S+[ \t]+{}"),
    (
        "net",
        r"(?i)\bnet[ \t]+use[ \t]+\S+[ \t]+(?P<value>[^\s/*][^\s/]*)[ \t]+/user|\bnet[ \t]+user[ \t]+\S+[ \t]+(?P<other>[^\s/*][^\s/]*)[ \t]+/",
    ),
    ("secret set", r"\bgh[ \t]+secret[ \t]+set\b[^\n]*?(?:--body|-b)[ =]+{}"),
    ("rclone", r"\brclone[ \t]+config\b[^\n]*?[ \t]pass(?:word)?[ \t]+{}"),
    ("config set", r"(?i)\bconfig[ \t]+set[ \t]+\S*(?:token|password|secret|_auth|api[_-]?key)[ \t]+{}"),
    (
        "community",
        r"(?m)^[ \t]*(?:snmp-server[ \t]+|rocommunity6?[ \t]+|rwcommunity6?[ \t]+)?community[ \t]+{}(?:[ \t]+(?:RO|RW|ro|rw)\b|[ \t]*$)",
    ),
    ("bindpw", r"(?m)^[ \t]*bindpw[ \t]+{}[ \t]*$"),
    ("rootpw", r"(?m)^[ \t]*rootpw[ \t]+{}[ \t]*$"),
    ("-key", r"(?m)^[ \t]*(?:pre-shared-key|secret-key)[ \t]+{}[ \t]*$"),
    ("key-string", r"(?m)^[ \t]*key-string[ \t]+{}[ \t]*$"),
    ("masterauth", r"(?m)^[ \t]*masterauth[ \t]+{}[ \t]*$"),
    ("auth-pass", r"(?m)^[ \t]*auth-pass[ \t]+{}[ \t]*$"),
    ("requirepass", r"(?m)^[ \t]*requirepass[ \t]+{}[ \t]*$"),
    ("user", r"\b(?:user|login)[ \t]+\S+[ \t]+pass(?:word)?[ \t]+{}(?:[ \t;]|$)"),
];

struct Patterns {
    positions: Vec<(Finder<'static>, Regex)>,
    vault: Regex,
}

static PATTERNS: LazyLock<Patterns> = LazyLock::new(|| {
    let value = format!("(?P<value>{WORD})");
    let position = |&(part, pattern): &(&'static str, &str)| {
        (Finder::new(part), regex(&pattern.replace("{}", &value).replace(r"\b", r"(?-u:\b)")))
    };
    Patterns {
        positions: POSITIONS.iter().map(position).collect(),
        vault: regex(r"(?-u:\b)vault[ \t]+(?:kv[ \t]+)?(?:put|patch|write)(?-u:\b)[^\n|;&]*"),
    }
});

pub(super) fn detect(scan: &mut TextScan<'_>) {
    let text = scan.text;
    for (part, pattern) in PATTERNS.positions.iter().filter(|(part, _)| part.find(text.as_bytes()).is_some())
    {
        for found in pattern.captures_iter(text) {
            let Some(value) = found.name("value").or_else(|| found.name("other")) else { continue };
            let bare = value.as_str().trim_matches(['"', '\'']);
            // `user ann pass reset` may be a sentence.
            let is_sentence = part.needle() == b"user" && !looks_generated(bare);
            if is_sentence || bare.is_empty() || is_reference(bare) || bare.starts_with(['$', '<', '/']) {
                continue;
            }
            let start = value.start() + value.as_str().find(bare).unwrap_or(0);
            scan.redact(start..start + bare.len());
        }
    }
    if text.contains("vault") {
        for command in PATTERNS.vault.find_iter(text) {
            redact_pairs(scan, command.start(), command.as_str());
        }
    }
}

/// Redacts the values of `vault kv put PATH KEY=VALUE …`: all of them are secret.
fn redact_pairs(scan: &mut TextScan<'_>, from: usize, command: &str) {
    let mut at = from;
    for word in command.split_inclusive([' ', '\t']) {
        let start = at;
        at += word.len();
        let word = word.trim_end();
        if let Some((key, value)) = word.split_once('=').filter(|(key, _)| !key.starts_with('-')) {
            let is_file = value.starts_with('@') || value == "-";
            if !value.is_empty() && !is_file && !is_reference(value) {
                scan.redact(start + key.len() + 1..start + word.len());
            }
        }
    }
}
