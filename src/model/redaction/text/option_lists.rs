//! Redacts the values of options in lists: `["--user", "svc", "--password", "x"]`, and the items of `args:` in YAML.

use std::sync::LazyLock;

use regex::Regex;

use crate::model::redaction::classifier::ValueSyntax;
use crate::model::redaction::text::scan::{TextScan, regex};

struct Patterns {
    quoted: Regex,
    items: Regex,
}

static PATTERNS: LazyLock<Patterns> = LazyLock::new(|| Patterns {
    quoted: regex(
        r#"["'`]--?(?P<name>[A-Za-z][A-Za-z0-9_-]*)\\?["'`]\s*(?:,|=>)\s*\\?["'`](?P<value>[^"'`\n\\]+)\\?["'`]"#,
    ),
    items: regex(
        r#"(?m)^[ \t]*-[ \t]+["']?--?(?P<name>[A-Za-z][A-Za-z0-9_-]*)["']?[ \t]*\r?\n[ \t]*-[ \t]+["']?(?P<value>[^\s"'-][^\n"']*?)["']?[ \t]*\r?$"#,
    ),
});

pub(super) fn detect(scan: &mut TextScan<'_>) {
    let text = scan.text;
    let has = |starts: &[&str]| starts.iter().any(|start| text.contains(start));
    if scan.has(",>") && has(&["\"-", "'-", "`-"]) {
        redact(scan, &PATTERNS.quoted);
    }
    if scan.has("\n") && has(&["- -", "- \"-", "- '-"]) {
        redact(scan, &PATTERNS.items);
    }
}

fn redact(scan: &mut TextScan<'_>, pattern: &Regex) {
    let mut from = 0;
    while let Some(found) = pattern.captures_at(scan.text, from) {
        let (Some(name), Some(value)) = (found.name("name"), found.name("value")) else { return };
        // The value may be the next option.
        from = name.end();
        let class = scan.classifier.class(name.as_str());
        if class.is_credential() && !value.as_str().starts_with('-') {
            scan.redact_value(class, value.range(), ValueSyntax::Explicit);
        }
    }
}
