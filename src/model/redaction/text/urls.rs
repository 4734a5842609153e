//! Redacts credentials in URLs: the password before a host, a token in the place of a user, and webhook paths that are a
//! key themselves.

use std::sync::LazyLock;

use regex::Regex;

use crate::model::redaction::markers::is_only_markers;
use crate::model::redaction::normalize::is_wordlike;
use crate::model::redaction::references::is_reference;
use crate::model::redaction::text::scan::{TextScan, find_or_end, regex};

/// How far after the start of a malformed URL its `@` may stand, in bytes.
const MAX_PASSWORD: usize = 512;

struct Patterns {
    dsn: Regex,
    oracle: Regex,
    oracle_login: Regex,
    relative: Regex,
    encoded: Regex,
    webhook: Regex,
}

static PATTERNS: LazyLock<Patterns> = LazyLock::new(|| Patterns {
    // `user:password@tcp(host:3306)/db`, as in Go. Here a password may also contain a slash.
    dsn: regex(r#"[^\s/:@"'<>]+:(?P<value>[^\s"'<>]+)@(?:tcp[46]?|udp[46]?|unix|cloudsql)\("#),
    oracle: regex(r#"(?i:oracle:(?:thin|oci):)[^\s/:@"'<>]+/(?P<value>[^\s"'<>@]+)@"#),
    // `app/…@//host:1521/XE`, `app/…@host:1521/XE`
    oracle_login: regex(
        r#"(?:^|[\s"'=(,])[A-Za-z][\w$#]*/(?P<value>[^\s/@"'<>]+)@(?://[\w.-]|[\w.-]+:1521)"#,
    ),
    relative: regex(r#"(?:^|[\s"'(=,])//[^\s/:@"'<>]+:(?P<value>[^\s/@"'<>]+)@[A-Za-z0-9]"#),
    encoded: regex(r"(?i)%(?:25)*3A%(?:25)*2F%(?:25)*2F"),
    webhook: regex(concat!(
        r"(?i)(?:hooks\.slack\.com/(?:services|workflows|triggers)/|discord(?:app)?\.com/api/(?:v[0-9]+/)?webhooks/[0-9]+/",
        r"|/bot[0-9]{5,}:|/incomingwebhook/|/webhookb2/|outlook\.office(?:365)?\.com/webhook/|hooks\.zapier\.com/hooks/(?:catch|standard)/",
        r"|maker\.ifttt\.com/(?:[a-z0-9_./-]*/)?key/|hook\.(?:[a-z0-9]+\.)?(?:make|integromat)\.com/|/bot/v2/hook/|events\.pagerduty\.com/integration/",
        r"|/hooks/(?:[a-z]+/)?|hooks\.chime\.aws/incomingwebhooks/|/workflows/[a-z0-9]+/triggers/|/webhook/send\?key=|webhook\.site/)",
        r#"(?P<value>[A-Za-z0-9_@+/=:~.-]{8,})"#,
    )),
});

pub(super) fn detect(scan: &mut TextScan<'_>) {
    let text = scan.text;
    if scan.has("@") {
        let mut done = 0;
        for (at, _) in text.match_indices("://") {
            if at >= done {
                done = redact_user_info(scan, at + 3);
            }
        }
        let is_secret = |value: &str| !is_reference(value);
        if scan.has("(") {
            scan.redact_matches(&PATTERNS.dsn, is_secret);
        }
        if text.contains("//") {
            scan.redact_matches(&PATTERNS.relative, is_secret);
        }
        if text.contains("@//") || text.contains(":1521") {
            scan.redact_matches(&PATTERNS.oracle_login, is_secret);
        }
        if text.contains("racle") || text.contains("ORACLE") {
            scan.redact_matches(&PATTERNS.oracle, is_secret);
        }
    }
    if scan.has("%") && text.contains("40") {
        detect_encoded(scan);
    }
    if scan.has("/") {
        for found in PATTERNS.webhook.captures_iter(text) {
            let Some(value) = found.name("value") else { continue };
            // `/hooks/` occurs in many URLs: only a random text after it counts.
            let is_service = !found[0].starts_with("/hooks/") && !found[0].starts_with("/HOOKS/");
            let is_key = |piece: &str| piece.len() >= 8 && piece.bytes().any(|byte| byte.is_ascii_digit());
            if is_service && value.as_str().split('/').any(is_key) || has_random_run(value.as_str()) {
                scan.redact(value.range());
            }
        }
    }
}

/// Redacts the password of a URL that is encoded inside another: `https%3A%2F%2Fsvc%3A…%40host`.
fn detect_encoded(scan: &mut TextScan<'_>) {
    let text = scan.text;
    for found in PATTERNS.encoded.find_iter(text) {
        let window = &text[found.end()..text.floor_char_boundary(found.end() + MAX_PASSWORD)];
        let is_end = |c: char| c.is_whitespace() || matches!(c, '&' | '"' | '\'' | '<' | '>');
        let window = window[..find_or_end(window, 0, is_end)].to_ascii_lowercase();
        let mut percents = window.match_indices('%').map(|(at, _)| at);
        let is_code = |at: usize, code| window[at + 1..].trim_start_matches("25").starts_with(code);
        if let Some(colon) = percents.clone().find(|&at| is_code(at, "3a"))
            && let Some(end) = percents.rfind(|&at| is_code(at, "40"))
            && colon < end
        {
            let start = colon + window[colon..].find("3a").map_or(0, |it| it + 2);
            if start < end && !is_reference(&text[found.end() + start..found.end() + end]) {
                scan.redact(found.end() + start..found.end() + end);
            }
        }
    }
}

/// Redacts the password before a host, or a user that looks like a token. Returns how far the URL was read.
fn redact_user_info(scan: &mut TextScan<'_>, start: usize) -> usize {
    let text = &scan.text[start..];
    let is_end = |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '<' | '>' | '/' | '?' | '#');
    let authority = find_or_end(text, 0, is_end);
    let Some(at) = text[..authority].rfind('@').or_else(|| at_sign_of_malformed(text, authority)) else {
        return start + authority;
    };
    let user_end = text[..at].find(':').unwrap_or(at);
    let user = &text[..user_end];
    if has_random_run(user) || user.len() >= 10 && !is_wordlike(user) && !is_reference(user) {
        scan.redact(start..start + user_end);
    }
    let password = start + (user_end + 1).min(at)..start + at;
    let value = &scan.text[password.clone()];
    if !value.is_empty() && !is_only_markers(value) && !is_reference(value) {
        scan.redact(password);
    }
    start + at
}

/// The `@` of a URL whose password contains a forbidden character: `https://svc:pa#ss@host`. In such a URL the first colon
/// is not followed by a port.
fn at_sign_of_malformed(text: &str, authority: usize) -> Option<usize> {
    let colon = text[..authority].find(':')?;
    let (host, port) = (&text[..colon], &text[colon + 1..authority]);
    let is_port = port.bytes().all(|byte| byte.is_ascii_digit());
    if host.contains(['[', '(']) || is_port && (port.is_empty() || host.contains('.') || host == "localhost")
    {
        return None;
    }
    let text = &text[..text.floor_char_boundary(colon + MAX_PASSWORD)];
    let end = find_or_end(text, 0, |c| matches!(c, '\n' | '\r' | '"' | '\'' | '<' | '>'));
    let token = text[..end].find(char::is_whitespace).unwrap_or(end).max(colon);
    let precedes_host = |at: &usize| {
        let host_end = find_or_end(text, at + 1, |c| !(c.is_ascii_alphanumeric() || matches!(c, '.' | '-')));
        let after = |c: char| {
            c.is_whitespace() || matches!(c, ':' | '/' | '?' | '#' | '"' | '\'' | '<' | ')' | ',' | ';')
        };
        host_end > at + 1 && text[host_end..].chars().next().is_none_or(after)
    };
    let in_token = text[colon..token].rmatch_indices('@').map(|(at, _)| colon + at).find(precedes_host);
    in_token.or_else(|| {
        text[colon..end.max(colon)].match_indices('@').map(|(at, _)| colon + at).find(precedes_host)
    })
}

/// Whether letters and digits are mixed over 16 characters or more, as in a token (`9f86d081884c7d65`) and not in the
/// name of a user (`svc-sync-2024`).
fn has_random_run(text: &str) -> bool {
    text.split(|c: char| !c.is_ascii_alphanumeric()).any(|run| {
        run.len() >= 16
            && run.bytes().any(|byte| byte.is_ascii_digit())
            && run.bytes().any(|byte| byte.is_ascii_alphabetic())
    })
}
