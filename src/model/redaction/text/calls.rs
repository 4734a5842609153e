//! Redacts credentials among the arguments of calls in programs: `setPassword("…")`, `HTTPBasicAuth("svc", "…")`,
//! `new PDO("mysql:…", "svc", "…")`.

use std::sync::LazyLock;

use regex::Regex;

use crate::model::redaction::classifier::ValueSyntax;
use crate::model::redaction::names::NameClass;
use crate::model::redaction::text::scan::{TextScan, regex};
use crate::model::redaction::values::{looks_generated, looks_like_word};

struct Patterns {
    setter: Regex,
    pair: Regex,
    connection: Regex,
}

static PATTERNS: LazyLock<Patterns> = LazyLock::new(|| Patterns {
    setter: regex(r#"(?-u:\b)[A-Za-z_]\w*\([ \t]*["'`][^"'`\n]+["'`][ \t]*\)"#),
    // The second argument, or the second item of a pair.
    pair: regex(
        r#"(?i)(?-u:\b)(?P<name>NetworkCredential|HTTP(?:Basic|Digest|Proxy)Auth|basic_?auth|UsernamePassword\w*|PasswordAuthentication|set_?basic_?auth|auth|authenticate|log_?in|sign_?in)\s*=?\s*\(\s*(?:"[^"\n]*"|'[^'\n]*'|[\w.$]+)\s*,\s*["'](?P<value>[^"'\n]+)["']"#,
    ),
    // The third one.
    connection: regex(
        r#"(?-u:\b)(?:mysqli?(?:_p?connect|_real_connect)?|PDO|getConnection|pg_connect|odbc_connect|oci_connect)\s*\(\s*[^,()\n]{1,200},\s*(?:"[^"\n]*"|'[^'\n]*'|[\w.$]+)\s*,\s*["'](?P<value>[^"'\n]+)["']"#,
    ),
});

/// First words of a function that takes the credential itself. Others take its name: `getSecret("CRM")`.
const VERBS: &[&str] = &["set", "with", "add", "use", "put", "update", "change", "assign"];

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
        let is_plain = name.as_str().to_ascii_lowercase().contains("log") && looks_like_word(value.as_str());
        if !is_plain {
            scan.redact_value(NameClass::Password, value.range(), ValueSyntax::Explicit);
        }
    }
    for found in PATTERNS.connection.captures_iter(text) {
        if let Some(value) = found.name("value") {
            scan.redact_value(NameClass::Password, value.range(), ValueSyntax::Explicit);
        }
    }
}
