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
    setter: regex(
        r#"(?-u:\b)(?P<name>[A-Za-z_]\w*)\([ \t]*(?P<quote>["'`])(?P<value>[^"'`\n]+)["'`][ \t]*\)"#,
    ),
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
    for found in PATTERNS.setter.captures_iter(text) {
        let (Some(name), Some(value)) = (found.name("name"), found.name("value")) else { continue };
        let class = scan.classifier.class(name.as_str());
        let verb = name.as_str().find(|c: char| c.is_ascii_uppercase() || c == '_');
        let verb = name.as_str()[..verb.unwrap_or(0)].to_ascii_lowercase();
        let is_setter = VERBS.contains(&verb.as_str()) || verb.is_empty() && class == NameClass::Password;
        if is_setter
            && class.is_credential()
            && (class == NameClass::Password || looks_generated(value.as_str()))
        {
            scan.redact_value(class, value.range(), ValueSyntax::Explicit);
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
