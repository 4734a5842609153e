//! Redacts credentials that a command takes by their position or from a pipe: `vault login …`, `echo … | sudo -S`,
//! `sqlplus svc/…@db`, `rabbitmqctl add_user svc …`; and lines of configuration files such as `bindpw …`.

use std::sync::LazyLock;

use regex::Regex;

use crate::model::redaction::references::is_reference;
use crate::model::redaction::text::listed::{ListedPattern, Table};
use crate::model::redaction::text::scan::{TextScan, regex};
use crate::model::redaction::values::looks_generated;

/// A word of a command, in quotes or without.
const WORD: &str = r#"(?:'[^'\n]*'|"[^"\n]*"|[^\s'"|;&<>-][^\s'"|;&<>]*)"#;

/// A login of Oracle's tools.
const ORACLE_LOGIN: &str = r"\b(?:sqlplus|expdp|impdp|sqlldr|rman|sqlcl)[ \t]+(?:-\S+[ \t]+)*(?:target[ \t]+|userid=)?['\x22]?[^\s/@'\x22]+/(?P<value>[^\s@/'\x22]+)(?:[@\s'\x22]|$)";

/// Each pattern with a text that every match contains. `{}` stands for the credential.
const POSITIONS: &[(&str, &str)] = &[
    (
        "echo",
        r"\becho[ \t]+(?:-[neE]+[ \t]+)?{}[ \t]*\|[^|\n]*(?:--password-stdin|--with-token|--passphrase-fd|sudo[ \t]+-S|chpasswd|passwd[ \t]+--stdin|docker[ \t]+login|kinit|vault[ \t]+login|secrets?[ \t]+(?:create|set|put|add|versions)|--data-file=-)",
    ),
    (
        "printf",
        r"\bprintf[ \t]+(?:['\x22]%s(?:\\n)?['\x22][ \t]+)?{}[ \t]*\|[^|\n]*(?:--password-stdin|--with-token|--passphrase-fd|sudo[ \t]+-S|chpasswd|passwd[ \t]+--stdin|docker[ \t]+login|kinit|vault[ \t]+login|secrets?[ \t]+(?:create|set|put|add|versions)|--data-file=-)",
    ),
    (
        "<(",
        r"(?i)[\w-]*(?:pass|secret|key|token|cred|data-file|auth)[\w-]*[= \t]+(?:<[ \t]+)?<\([ \t]*(?:echo|printf)[ \t]+(?:-n[ \t]+)?(?:['\x22]%s(?:\\n)?['\x22][ \t]+)?(?P<value>'[^'\n]*'|\x22[^\x22\n]*\x22|[^\s)]+)[ \t]*\)",
    ),
    (
        "<<",
        r"(?:--password-stdin|--with-token|chpasswd|secrets?[ \t]+(?:create|set|put|add)|login)\b[^\n<]*<<-?[ \t]*['\x22]?\w+['\x22]?[ \t]*\n[ \t]*(?P<value>[^\n]+)",
    ),
    (
        "pulumi",
        r"\bpulumi[ \t]+config[ \t]+set[^\n|;&]*?--secret(?:[ \t]+(?:--(?:stack|cwd|config-file)[= \t]+\S+|--?[a-z]\S*))*[ \t]+[^\s-]\S*[ \t]+{}",
    ),
    ("pulumi", r"\bpulumi[ \t]+config[ \t]+set[ \t]+[^\s-]\S*[ \t]+{}[^\n|;&]*--secret"),
    ("snyk", r"\bsnyk[ \t]+auth[ \t]+{}"),
    ("authtoken", r"\bngrok[ \t]+(?:config[ \t]+add-)?authtoken[ \t]+{}"),
    ("cargo login", r"\bcargo[ \t]+login(?:[ \t]+--registry[= \t]+\S+|[ \t]+--\S+)*[ \t]+{}"),
    ("http-basic", r"\bhttp-basic\.\S+[ \t]+\S+[ \t]+{}"),
    ("-oauth.", r"\b(?:github|gitlab|bitbucket)-oauth\.\S+[ \t]+(?:\S+[ \t]+)?{}"),
    ("-token.", r"\b(?:pypi|gitlab)-token\.\S+[ \t]+{}"),
    ("/:_", r"/:_(?:password|authToken|auth)[ \t]+{}"),
    ("wpa_passphrase", r"\bwpa_passphrase[ \t]+(?:'[^'\n]*'|\x22[^\x22\n]*\x22|\S+)[ \t]+{}"),
    ("nmcli", r"\bnmcli\b[^\n]*?[ \t](?:password|wifi-sec\.psk)[ \t]+{}"),
    ("set_network", r"\bset_network[ \t]+[0-9]+[ \t]+(?:psk|password|sae_password)[ \t]+{}"),
    (" alias set", r"\bmc[ \t]+alias[ \t]+set[ \t]+\S+[ \t]+\S+[ \t]+\S+[ \t]+{}"),
    (
        "AUTH",
        r"(?m)(?:^|[;>|])[ \t]*(?:redis-cli[^\n;|]*?[ \t])?AUTH[ \t]+(?:[\w-]+[ \t]+)?{}[ \t]*(?:$|[;|])",
    ),
    ("secret set", r"\bkeyvault[ \t]+secret[ \t]+set\b[^\n]*?--value[= \t]+{}"),
    ("put-parameter", r"\bput-parameter\b[^\n]*?SecureString[^\n]*?--value[= \t]+{}"),
    ("put-parameter", r"\bput-parameter\b[^\n]*?--value[= \t]+{}[^\n]*?SecureString"),
    ("encrypt_string", r"\bencrypt_string[ \t]+(?:--\S+[ \t]+)*{}"),
    ("/rp", r"(?i)\bschtasks\b[^\n]*?[ \t]/rp[ \t]+{}"),
    ("winrs", r"(?i)\bwinrs\b[^\n]*?[ \t][-/]p(?:assword)?:{}"),
    ("gem push", r"\bgem[ \t]+push\b[^\n]*?[ \t](?:--key|-k)[ \t]+{}"),
    ("-A bearer", r"-A[ \t]+bearer\b[^\n]*?[ \t]-a[ \t]+{}"),
    ("configure set", r"\bconfigure[ \t]+set[ \t]+\S*(?:token|password|secret\S*|api[_-]?key)[ \t]+{}"),
    ("CONFIG SET", r"\bCONFIG[ \t]+SET[ \t]+(?:requirepass|masterauth)[ \t]+{}"),
    (
        "<<<",
        r"(?:--password-stdin|--with-token|kinit|passwd|login|sudo[ \t]+-S|secrets?[ \t]+(?:put|set|create)[ \t]+\S+)\b[^|\n<]*<<<[ \t]*{}",
    ),
    ("vault", r"\bvault[ \t]+login[ \t]+(?:-[a-z-]+(?:=\S+)?[ \t]+)*{}[ \t]*(?:$|[;&|\n])"),
    ("--from-literal", r"--from-literal[= \t]['\x22]?[^=\s]+={}"),
    ("htpasswd", r"\bhtpasswd[ \t]+-\w*b\w*(?:[ \t]+[^\s-]\S*){1,2}[ \t]+{}[ \t]*(?:$|[;&|\n])"),
    ("sqlplus", ORACLE_LOGIN),
    ("expdp", ORACLE_LOGIN),
    ("impdp", ORACLE_LOGIN),
    ("sqlldr", ORACLE_LOGIN),
    ("rman", ORACLE_LOGIN),
    ("sqlcl", ORACLE_LOGIN),
    ("rabbitmqctl", r"\brabbitmqctl[ \t]+(?:add_user|change_password)[ \t]+\S+[ \t]+{}"),
    (
        "net",
        r"(?i)\bnet[ \t]+use[ \t]+(?:[a-z*]:?[ \t]+)?\S+[ \t]+(?P<value>[^\s/*][^\s/]*)[ \t]+/user|\bnet[ \t]+user[ \t]+\S+[ \t]+(?P<other>[^\s/*][^\s/]*)[ \t]+/",
    ),
    ("secret set", r"\bgh[ \t]+secret[ \t]+set\b[^\n]*?(?:--body|-b)[ =]+{}"),
    ("rclone", r"\brclone[ \t]+config\b[^\n]*?[ \t]pass(?:word)?[ \t]+{}"),
    (
        "config set",
        r"(?i)\bconfig[ \t]+set[ \t]+\S*(?:token|password|secret|_auth|api[_-]?key|requirepass|masterauth)[ \t]+{}",
    ),
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

/// The patterns of [`POSITIONS`].
pub(super) fn listed() -> Vec<ListedPattern> {
    let value = format!("(?P<value>{WORD})");
    let position = |&(literal, pattern): &(&'static str, &str)| {
        let pattern = pattern.replace("{}", &value).replace(r"\b", r"(?-u:\b)");
        ListedPattern::new(Table::Positions, literal, pattern)
    };
    POSITIONS.iter().map(position).collect()
}

static VAULT: LazyLock<Regex> =
    LazyLock::new(|| regex(r"(?-u:\b)vault[ \t]+(?:kv[ \t]+)?(?:put|patch|write)(?-u:\b)[^\n|;&]*"));

pub(super) fn detect(scan: &mut TextScan<'_>, listed: &[&ListedPattern]) {
    let text = scan.text;
    for listed in listed.iter().filter(|it| it.table == Table::Positions) {
        for found in listed.regex().captures_iter(text) {
            let Some(value) = found.name("value").or_else(|| found.name("other")) else { continue };
            let bare = value.as_str().trim_matches(['"', '\'']);
            // `user ann pass reset` may be a sentence.
            let may_be_sentence = matches!(listed.literal, "user" | "AUTH" | "gem push");
            let is_sentence = may_be_sentence && !looks_generated(bare);
            if is_sentence || bare.is_empty() || is_reference(bare) || bare.starts_with(['$', '<', '/']) {
                continue;
            }
            let start = value.start() + value.as_str().find(bare).unwrap_or(0);
            scan.redact(start..start + bare.len());
        }
    }
    if text.contains("vault") {
        for command in VAULT.find_iter(text) {
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
