//! Redacts passwords in SQL and in calls: `IDENTIFIED BY '…'`, `password '…'`, and the rows of `INSERT INTO t (name,
//! password) VALUES …` under columns that name a credential.

use std::sync::LazyLock;

use regex::Regex;

use crate::model::redaction::classifier::{ValueSyntax, is_secret};
use crate::model::redaction::names::NameClass;
use crate::model::redaction::text::scan::{TextScan, regex};
use crate::model::redaction::text::value;

static PASSWORD: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r#"(?i)(?-u:\b)(?:password|identified(?:[ \t]+with[ \t]+\w+)?[ \t]+(?:by|as)(?:[ \t]+values)?|set[ \t]+password[ \t]+for[^=\n]+=|secret|access_key|passphrase)(?:[ \t]+(?:for|to|is)[ \t]+[^\s'"]+)?(?:[ \t]+i?like)?[ \t]*\(?[ \t]*N?["'`]"#,
    )
});
static INSERT: LazyLock<Regex> = LazyLock::new(|| {
    regex(r#"(?i)(?-u:\b)insert[ \t]+into[ \t]+[^\s(]+[ \t]*\((?P<columns>[^()]+)\)\s*values\s*"#)
});
static UNQUOTED: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r#"(?i)(?-u:\b)(?:user|role|login|to)[ \t]+\S+[ \t]+identified[ \t]+by[ \t]+(?P<value>[^\s'"`;,()]+)|(?-u:\b)password[ \t]+\$\$(?P<dollars>[^$]+)\$\$"#,
    )
});
static FUNCTIONS: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r#"(?i)(?-u:\b)(?:crypt\([ \t]*'(?P<value>[^']+)'[ \t]*,[ \t]*gen_salt|pgp_sym_(?:en|de)crypt\([^,]+,[ \t]*'(?P<key>[^']+)'|sp_(?:addlogin|password)[ \t]+N?'[^']*'[ \t]*,[ \t]*N?'(?P<login>[^']+)'|sp_addlinkedsrvlogin[ \t]+(?:[^,'\n]*(?:'[^'\n]*')?,){4}[ \t]*N?'(?P<linked>[^']+)')"#,
    )
});
/// The rows of a dump follow: `COPY users (id, password) FROM stdin;`.
static COPY: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r#"(?i)(?-u:\b)copy[ \t]+[^\s(]+[ \t]*\((?P<columns>[^()]+)\)[ \t]+from[ \t]+stdin(?P<options>[^\n]*)\n"#,
    )
});
/// Words after `IDENTIFIED BY` that are no password.
const KEYWORDS: &[&str] =
    &["values", "value", "externally", "globally", "password", "random", "default", "using"];
/// The longest call that is read, in characters.
const MAX_CALL: usize = 256;
/// The most rows of one statement that are read.
const MAX_ROWS: usize = 1000;

pub(super) fn detect(scan: &mut TextScan<'_>) {
    let text = scan.text;
    let has = |parts: &[&str]| parts.iter().any(|part| text.contains(part));
    if has(&["dentified", "IDENTIFIED", "$$"]) {
        redact_groups(scan, &UNQUOTED);
    }
    if has(&["crypt", "sp_"]) {
        redact_groups(scan, &FUNCTIONS);
    }
    let mut from = 0;
    while let Some(found) = PASSWORD.find_at(text, from) {
        let span = value::value_at(text, found.end() - 1, false);
        let value = &text[span.start..span.end];
        from = found.end();
        // The quote may also close a text, and then no value follows: `'password' 'x'`.
        if span.end < text.len()
            && !value.trim().is_empty()
            && !value.starts_with([',', ')', ']', '}', ':', '=', ' ', '\n', '\r'])
            && is_secret(NameClass::Password, value, ValueSyntax::Explicit)
        {
            scan.redact(span.start..span.end);
            from = span.end;
        }
    }
    if scan.has("(") && has(&["stdin", "STDIN"]) {
        let mut done = 0;
        for found in COPY.captures_iter(text) {
            let (Some(columns), Some(all)) = (found.name("columns"), found.get(0)) else { continue };
            // The rows of a statement are read once.
            if all.start() < done {
                continue;
            }
            let options = found.name("options").map_or("", |it| it.as_str()).to_ascii_lowercase();
            let separator = if options.contains("csv") { ',' } else { '\t' };
            done = redact_copied(scan, all.end(), &classes(scan, columns.as_str()), separator);
        }
    }
    if scan.has("(") && has(&["nsert", "NSERT"]) {
        for found in INSERT.captures_iter(text) {
            let (Some(columns), Some(all)) = (found.name("columns"), found.get(0)) else { continue };
            let classes = classes(scan, columns.as_str());
            if classes.iter().any(|class| class.is_credential()) {
                redact_rows(scan, all.end(), &classes);
            }
        }
    }
}

/// The classes of the columns in brackets.
fn classes(scan: &TextScan<'_>, columns: &str) -> Vec<NameClass> {
    let columns = columns.split(',').map(|it| it.trim().trim_matches(['"', '`', '[', ']']));
    columns.map(|column| scan.classifier.class(column)).collect()
}

/// Redacts the cells of the rows after a `COPY` statement, up to the line `\.`. Returns where the rows end.
fn redact_copied(scan: &mut TextScan<'_>, from: usize, columns: &[NameClass], separator: char) -> usize {
    let text = scan.text;
    let mut start = from;
    if !columns.iter().any(|class| class.is_credential()) {
        return start;
    }
    for line in text[from..].split_inclusive('\n').take(MAX_ROWS) {
        let row = line.trim_end_matches(['\n', '\r']);
        if row == "\\." || row.split(separator).count() != columns.len() {
            return start;
        }
        let mut at = start;
        for (cell, class) in row.split(separator).zip(columns) {
            if cell != "\\N" {
                scan.redact_value(*class, at..at + cell.len(), ValueSyntax::Explicit);
            }
            at += cell.len() + separator.len_utf8();
        }
        start += line.len();
    }
    start
}

/// Redacts the first group of each match, unless it is a keyword.
fn redact_groups(scan: &mut TextScan<'_>, pattern: &Regex) {
    for found in pattern.captures_iter(scan.text) {
        let value = found.iter().skip(1).flatten().next();
        if let Some(value) = value.filter(|value| !KEYWORDS.contains(&&*value.as_str().to_ascii_lowercase()))
        {
            scan.redact_value(NameClass::Password, value.range(), ValueSyntax::Explicit);
        }
    }
}

/// Redacts the values in the columns of these classes.
fn redact_rows(scan: &mut TextScan<'_>, from: usize, columns: &[NameClass]) {
    let text = scan.text;
    let skip = |at: usize, blanks: &[char]| text.len() - text[at..].trim_start_matches(blanks).len();
    let mut at = from;
    for _ in 0..MAX_ROWS {
        at = skip(at, &[' ', ',', '\n', '\r', '\t']);
        if !text[at..].starts_with('(') {
            return;
        }
        at += 1;
        for class in columns {
            at = skip(at, &[' ', '\t', '\n']);
            let mut span = value::value_at(text, at, false);
            if !span.is_quoted
                && let Some(end) = call_without_text(&text[span.start..])
            {
                at = span.start + end;
                if text.as_bytes()[at - 1] == b')' {
                    break;
                }
                continue;
            }
            if !span.is_quoted {
                span.end = at + text[at..].find([',', ')', '\n']).unwrap_or(text.len() - at);
            }
            scan.redact_value(*class, span.start..span.end, ValueSyntax::Explicit);
            let Some(end) = text[span.end..].find([',', ')']) else { return };
            at = span.end + end + 1;
            if text.as_bytes()[at - 1] == b')' {
                break;
            }
        }
    }
}

/// The length of a call without a quoted text and of the comma after it: `crypt($2, gen_salt('bf')),`. The salt is no credential.
fn call_without_text(text: &str) -> Option<usize> {
    let open = text.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).filter(|&open| open > 0)?;
    let mut depth = 0_usize;
    for (at, c) in text.char_indices().skip(open).take(MAX_CALL) {
        match c {
            '(' => depth += 1,
            ')' if depth <= 1 => {
                let inner = text[open..at].replace("gen_salt('bf'", "");
                let rest = text[at + 1..].trim_start();
                let end = rest.starts_with([',', ')']).then(|| text.len() - rest.len() + 1);
                return end.filter(|_| depth == 1 && !inner.contains(['"', '\'']));
            }
            ')' => depth -= 1,
            '\n' => return None,
            _ if depth == 0 => return None,
            _ => {}
        }
    }
    None
}
