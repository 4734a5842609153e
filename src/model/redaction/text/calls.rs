//! Redacts credentials among the arguments of calls in programs: `setPassword("…")`, `HTTPBasicAuth("svc", "…")`,
//! `new PDO("mysql:…", "svc", "…")`.

use std::sync::LazyLock;

use memchr::memmem::find_iter;
use regex::Regex;

use crate::model::redaction::classifier::ValueSyntax;
use crate::model::redaction::names::NameClass;
use crate::model::redaction::text::listed::{ListedPattern, Table};
use crate::model::redaction::text::scan::{TextScan, regex};
use crate::model::redaction::values::{looks_generated, looks_like_word};

struct Patterns {
    setter: Regex,
    pair: Regex,
}

static PATTERNS: LazyLock<Patterns> = LazyLock::new(|| Patterns {
    setter: regex(r#"(?-u:\b)[A-Za-z_]\w*\([ \t]*["'`][^"'`\n]+["'`][ \t]*\)"#),
    // The second argument, or the second item of a pair.
    pair: regex(
        r#"(?i)(?-u:\b)(?P<name>\w*Credentials?|HTTP(?:Basic|Digest|Proxy)Auth|basic_?auth|UsernamePassword\w*|PasswordAuthentication|set_?basic_?auth|auth|authenticate|log_?in|sign_?in)\s*=?\s*\(\s*(?:"[^"\n]*"|'[^'\n]*'|[\w.$]+)\s*,\s*["'](?P<value>[^"'\n]+)["']"#,
    ),
});
/// The third argument.
static CONNECTION: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r#"(?-u:\b)(?:mysqli?(?:_p?connect|_real_connect)?|PDO|getConnection|pg_connect|odbc_connect|oci_connect)\s*\(\s*[^,()\n]+,\s*(?:"[^"\n]*"|'[^'\n]*'|[\w.$]+)\s*,\s*["'](?P<value>[^"'\n]+)["']"#,
    )
});

/// A call that stores a secret under a name.
const SECRET_SETTER: &str = r"(?i)\b(?:set_?secret|put_?secret|add_?secret|secrets?\.(?:set|put|create|store|add))\(\s*\W[\w./-]+\W\s*,\s*{}";
/// A login in base64: `Buffer.from('svc:…')`, `btoa("svc:…")`.
const ENCODED_LOGIN: &str = r"(?:Buffer\.from|btoa|b64encode|base64_encode|encode64|ncodeToString|ToBase64String)\([^\x22'`\n)]{0,48}?[\x22'`][\w.@-]+:(?P<value>[^\s\x22'`]+)[\x22'`]";
/// Calls of libraries whose argument is a credential, each with a text that every match contains. `{}` stands for the credential in quotes.
const CALLS: &[(&str, &str)] = &[
    ("ConvertTo-SecureString", r"ConvertTo-SecureString[ \t]+(?:-String[ \t]+)?{}"),
    ("hmac.", r"\bhmac\.(?:new|digest)\(\s*{}"),
    ("Hmac(", r"(?:create|new|set)Hmac\(\s*\W[\w-]+\W\s*,\s*{}"),
    ("hash_hmac", r"\bhash_hmac\([^,\n]+,[^,\n]+,\s*{}"),
    ("jwt", r"(?i)jwt(?:\.|::|->)(?:encode|sign|decode|verify)\(\s*(?:\{[^}\n]*\}|[^,\n{]+)\s*,\s*{}"),
    ("Fernet(", r"\bFernet\(\s*{}"),
    ("openssl_", r"\bopenssl_(?:en|de)crypt\([^,\n]+,[^,\n]+,\s*{}"),
    ("SecurityKey(", r"SecurityKey\([^\x22'\n]*?{}"),
    ("set_secret", SECRET_SETTER),
    ("setSecret", SECRET_SETTER),
    ("SetSecret", SECRET_SETTER),
    ("put_secret", SECRET_SETTER),
    ("putSecret", SECRET_SETTER),
    ("add_secret", SECRET_SETTER),
    ("addSecret", SECRET_SETTER),
    ("secrets.set", SECRET_SETTER),
    ("secrets.put", SECRET_SETTER),
    ("secrets.create", SECRET_SETTER),
    ("bearer_auth", r"\bbearer_auth\(\s*{}"),
    ("earerAuth", r"[bB]earerAuth\(\s*{}"),
    ("basic_auth", r"\bbasic_auth\([^,\n]+,\s*(?:Some\(\s*)?{}"),
    ("DBI->connect", r"\bDBI->connect(?:_cached)?\([^,\n]+,[^,\n]+,\s*{}"),
    ("->credentials", r"->credentials\([^,\n]+,[^,\n]+,[^,\n]+,\s*{}"),
    ("Buffer.from(", ENCODED_LOGIN),
    ("btoa(", ENCODED_LOGIN),
    ("b64encode(", ENCODED_LOGIN),
    ("base64_encode(", ENCODED_LOGIN),
    ("encode64(", ENCODED_LOGIN),
    ("encodeToString(", ENCODED_LOGIN),
    ("EncodeToString(", ENCODED_LOGIN),
    ("ToBase64String(", ENCODED_LOGIN),
    // A script of `expect` that answers a prompt.
    (
        "send",
        r"(?i)(?:password|passphrase|passcode|passwd|PIN|token)[^\n]{0,32}[\x22}]\s*(?:\{\s*|;\s*)?(?:exp_)?send[ \t]+(?:-[a-z-]+[ \t]+)*[\x22{](?P<value>[^\x22\n\\}]+)(?:\\[rn])?[\x22}]",
    ),
    ("CURLOPT_", r"CURLOPT_(?:PROXY)?USERPWD\s*,\s*[\x22'][^:\x22'\n]*:(?P<value>[^\x22'\n]+)"),
];
/// The same for calls that may also take a word which is none: a text that looks generated counts.
const GENERATED: &[(&str, &str)] = &[
    ("Secret", r"\bSecret(?:String|Str|Bytes|Box)?(?:::new|::from|\.of)?\(\s*{}"),
    (
        "new ",
        r"\bnew[ \t]+(?:Stripe|OpenAI|Octokit|WebClient|Telegraf|Resend|Anthropic|Mailgun|[A-Z]\w*Client)\(\s*{}",
    ),
    ("login(", r"\.login\(\s*{}\s*\)"),
];
/// An option with a default value.
const DEFAULT: &str = r"\(\s*(?:[\x22'][^\x22'\n]*[\x22']\s*,\s*)?[\x22']-{0,2}(?P<name>[\w.-]+)[\x22'][^()]*?\bdefault(?:_?[Vv]alue)?\s*[=:]\s*{}";
/// Calls and lists that name a credential and hold it: `add_argument("--token", default="…")`.
const NAMED: &[(&str, &str)] = &[
    ("default=", DEFAULT),
    ("default =", DEFAULT),
    ("default: ", DEFAULT),
    ("default_value", DEFAULT),
    ("defaultValue", DEFAULT),
    ("Var", r"Var[PE]?\([^,\n]+,\s*[\x22'](?P<name>[\w.-]+)[\x22']\s*,\s*{}"),
    // The output of `var_dump` in PHP.
    ("\"]=>", r"\[\x22(?P<name>[\w.-]+)\x22\]=>\s*string\([0-9]+\)\s*{}"),
    ("<<\"", r"\{\s*(?P<name>\w+)\s*,\s*<<{}"),
    (" . \"", r"\(\s*:?(?P<name>[\w-]+)\s+\.\s+{}"),
];

/// The patterns of the three tables.
pub(super) fn listed() -> Vec<ListedPattern> {
    const TEXT: &str = r#"[brN@$]?(?:"(?P<value>[^"\n]+)"|'(?P<other>[^'\n]+)')"#;
    let tables =
        [(Table::Calls, CALLS), (Table::GeneratedArguments, GENERATED), (Table::NamedArguments, NAMED)];
    let complete = |(table, &(literal, pattern)): (Table, &(&'static str, &str))| {
        let pattern = pattern.replace("{}", TEXT).replace(r"\b", r"(?-u:\b)");
        ListedPattern::new(table, literal, pattern)
    };
    tables
        .into_iter()
        .flat_map(|(table, calls)| calls.iter().map(move |call| (table, call)))
        .map(complete)
        .collect()
}

/// Redacts the credentials in the calls of the tables.
pub(super) fn detect_listed(scan: &mut TextScan<'_>, listed: &[&ListedPattern]) {
    detect_braces(scan);
    let text = scan.text;
    for listed in listed {
        let needs_generated = match listed.table {
            Table::Calls | Table::NamedArguments => false,
            Table::GeneratedArguments => true,
            Table::Formats | Table::Positions => continue,
        };
        for found in listed.regex().captures_iter(text) {
            let Some(value) = found.name("value").or_else(|| found.name("other")) else { continue };
            let class =
                found.name("name").map_or(NameClass::Key, |name| scan.classifier.class(name.as_str()));
            if !needs_generated || looks_generated(value.as_str()) {
                scan.redact_value(class, value.range(), ValueSyntax::Explicit);
            }
        }
    }
}

/// First words of a function that takes the credential itself. Others take its name: `getSecret("CRM")`.
const VERBS: &[&str] = &["set", "with", "add", "use", "put", "update", "change", "assign"];

/// Redacts the text in the braces after a declared name: `std::string token{"…"}`.
fn detect_braces(scan: &mut TextScan<'_>) {
    let text = scan.text;
    for open in find_iter(text.as_bytes(), "{\"") {
        let declared = text[..open].trim_end_matches(|c: char| c.is_ascii_alphanumeric() || c == '_');
        let kind = declared.trim_end_matches([' ', '\t', '*', '&']);
        let is_declared = declared.len() < open
            && kind.len() < declared.len()
            && kind.ends_with(|c: char| c.is_ascii_alphanumeric() || c == '>');
        let start = open + 2;
        if is_declared && let Some(end) = text[start..].find(['"', '\n']).map(|end| start + end) {
            let class = scan.classifier.class(&text[declared.len()..open]);
            if class.is_credential() && text[end..].starts_with("\"}") {
                scan.redact_value(class, start..end, ValueSyntax::Explicit);
            }
        }
    }
}

pub(super) fn detect(scan: &mut TextScan<'_>) {
    let text = scan.text;
    for found in PATTERNS.setter.find_iter(text) {
        let is_quote = |c: char| matches!(c, '"' | '\'' | '`');
        let Some((name, argument)) = found.as_str().split_once('(') else { continue };
        let (Some(open), Some(close)) = (argument.find(is_quote), argument.rfind(is_quote)) else { continue };
        let verb = &name[..name.find(|c: char| c.is_ascii_uppercase() || c == '_').unwrap_or(0)];
        if !verb.is_empty() && !VERBS.contains(&verb) {
            continue;
        }
        let class = scan.classifier.class(name);
        let value = found.end() - argument.len() + open + 1..found.end() - argument.len() + close;
        let is_value = class == NameClass::Password
            || !verb.is_empty() && class.is_credential() && looks_generated(&text[value.clone()]);
        if is_value {
            scan.redact_value(class, value, ValueSyntax::Explicit);
        }
    }
    for found in PATTERNS.pair.captures_iter(text) {
        let (Some(name), Some(value)) = (found.name("name"), found.name("value")) else { continue };
        // `login("home", "page")`
        let is_method = text[..name.start()].ends_with('.');
        let is_plain = name.as_str().to_ascii_lowercase().contains("log")
            && looks_like_word(value.as_str())
            && !is_method;
        // `$ua->credentials(host, realm, user, password)`
        let has_more =
            name.as_str() == "credentials" && text[value.end() + 1..].trim_start().starts_with(',');
        if !is_plain && !has_more {
            scan.redact_value(NameClass::Password, value.range(), ValueSyntax::Explicit);
        }
    }
    for found in CONNECTION.captures_iter(text) {
        if let Some(value) = found.name("value") {
            scan.redact_value(NameClass::Password, value.range(), ValueSyntax::Explicit);
        }
    }
}
