//! Addresses: the password before a host, a token in the place of a user, and paths that are a key in themselves.

use std::sync::LazyLock;

use regex::Regex;

use super::expressions::is_reference;
use super::letters::is_wordy;
use super::marks::is_marked;
use super::scan::Scan;

/// How far behind a broken address its `@` may stand, in bytes.
const MAX_PASSWORD: usize = 512;

struct Patterns {
    dsn: Regex,
    oracle: Regex,
    relative: Regex,
    encoded: Regex,
    hooks: Regex,
}

#[expect(
    clippy::expect_used,
    reason = "the patterns are constants, and the tests of this module compile them"
)]
static PATTERNS: LazyLock<Patterns> = LazyLock::new(|| {
    let compile = |pattern: &str| Regex::new(pattern).expect("a constant pattern");
    Patterns {
        // `user:password@tcp(host:3306)/db`, as Go's drivers want it. Here a password may also hold a slash.
        dsn: compile(r#"[^\s/:@"'<>]+:(?P<value>[^\s"'<>]+)@(?:tcp[46]?|udp[46]?|unix|cloudsql)\("#),
        oracle: compile(r#"(?i:oracle:(?:thin|oci):)[^\s/:@"'<>]+/(?P<value>[^\s"'<>@]+)@"#),
        relative: compile(r#"(?:^|[\s"'(=,])//[^\s/:@"'<>]+:(?P<value>[^\s/@"'<>]+)@[A-Za-z0-9]"#),
        encoded: compile(r"(?i)%(?:25)*3A%(?:25)*2F%(?:25)*2F"),
        hooks: compile(concat!(
            r"(?i)(?:hooks\.slack\.com/(?:services|workflows|triggers)/|discord(?:app)?\.com/api/(?:v[0-9]+/)?webhooks/[0-9]+/",
            r"|/bot[0-9]{5,}:|/incomingwebhook/|/webhookb2/|outlook\.office(?:365)?\.com/webhook/|hooks\.zapier\.com/hooks/(?:catch|standard)/",
            r"|maker\.ifttt\.com/(?:[a-z0-9_./-]*/)?key/|hook\.(?:[a-z0-9]+\.)?(?:make|integromat)\.com/|/bot/v2/hook/|events\.pagerduty\.com/integration/",
            r"|/hooks/(?:[a-z]+/)?|hooks\.chime\.aws/incomingwebhooks/|/workflows/[a-z0-9]+/triggers/|/webhook/send\?key=|webhook\.site/)",
            r#"(?P<value>[A-Za-z0-9_@+/=:~.-]{8,})"#,
        )),
    }
});

/// Hides them.
pub(super) fn find(scan: &mut Scan<'_>) {
    let text = scan.text;
    if scan.has("@") {
        let mut done = 0;
        for (at, _) in text.match_indices("://") {
            if at >= done {
                done = user_info(scan, at + 3);
            }
        }
        if scan.has("(") {
            groups(scan, &PATTERNS.dsn);
        }
        if text.contains("//") {
            groups(scan, &PATTERNS.relative);
        }
        if text.contains("racle") || text.contains("ORACLE") {
            groups(scan, &PATTERNS.oracle);
        }
    }
    if scan.has("%") && text.contains("40") {
        encoded(scan);
    }
    if scan.has("/") {
        for found in PATTERNS.hooks.captures_iter(text) {
            let Some(value) = found.name("value") else { continue };
            // `/hooks/` stands in many addresses: there only what looks made counts.
            let is_own = !found[0].starts_with("/hooks/") && !found[0].starts_with("/HOOKS/");
            let is_key = |piece: &str| piece.len() >= 8 && piece.bytes().any(|byte| byte.is_ascii_digit());
            if is_own && value.as_str().split('/').any(is_key) || is_random(value.as_str()) {
                scan.hide(value.range());
            }
        }
    }
}

/// Hides the password of an address that was encoded to stand in another: `https%3A%2F%2Fsvc%3A…%40host`.
fn encoded(scan: &mut Scan<'_>) {
    let text = scan.text;
    for found in PATTERNS.encoded.find_iter(text) {
        let window = &text[found.end()..super::heads::floor(text, found.end() + MAX_PASSWORD)];
        let ends = |c: char| c.is_whitespace() || matches!(c, '&' | '"' | '\'' | '<' | '>');
        let window = &window[..window.find(ends).unwrap_or(window.len())];
        let code = |code: &str| {
            let codes = window.match_indices('%').map(|(at, _)| at);
            codes
                .filter(|&at| {
                    window[at + 1..].trim_start_matches("25").to_ascii_lowercase().starts_with(code)
                })
                .collect::<Vec<_>>()
        };
        if let (Some(colon), Some(at)) = (code("3a").first(), code("40").last())
            && colon < at
        {
            let start = *colon + window[*colon..].to_ascii_lowercase().find("3a").map_or(0, |it| it + 2);
            if start < *at && !is_reference(&window[start..*at]) {
                scan.hide(found.end() + start..found.end() + at);
            }
        }
    }
}

fn groups(scan: &mut Scan<'_>, pattern: &Regex) {
    for found in pattern.captures_iter(scan.text) {
        if let Some(value) = found.name("value")
            && !is_reference(value.as_str())
        {
            scan.hide(value.range());
        }
    }
}

/// Hides the password before a host, and a user that is a token: such an address has nothing else to sign in by.
/// Returns where the address was read to.
fn user_info(scan: &mut Scan<'_>, start: usize) -> usize {
    let text = &scan.text[start..];
    let ends = |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '<' | '>' | '/' | '?' | '#');
    let authority = text.find(ends).unwrap_or(text.len());
    let at = match text[..authority].rfind('@') {
        Some(at) => at,
        None => match broken(text, authority) {
            Some(at) => at,
            None => return start + authority,
        },
    };
    let user_end = text[..at].find(':').unwrap_or(at);
    let user = &text[..user_end];
    if is_random(user) || user.len() >= 10 && !is_wordy(user) && !is_reference(user) {
        scan.hide(start..start + user_end);
    }
    let password = start + (user_end + 1).min(at)..start + at;
    let value = &scan.text[password.clone()];
    if !value.is_empty() && !is_marked(value) && !is_reference(value) {
        scan.hide(password);
    }
    start + at
}

/// The `@` of an address whose password holds what an address cannot: `https://svc:pa#ss@host`. Nothing else has a
/// colon that no port follows.
fn broken(text: &str, authority: usize) -> Option<usize> {
    let colon = text[..authority].find(':')?;
    let (host, port) = (&text[..colon], &text[colon + 1..authority]);
    let is_port = port.bytes().all(|byte| byte.is_ascii_digit());
    if host.contains(['[', '(']) || is_port && (port.is_empty() || host.contains('.') || host == "localhost")
    {
        return None;
    }
    let text = &text[..super::heads::floor(text, colon + MAX_PASSWORD)];
    let end = text.find(['\n', '\r', '"', '\'', '<', '>']).unwrap_or(text.len());
    let token = text[..end].find(char::is_whitespace).unwrap_or(end).max(colon);
    let is_host = |at: &usize| {
        let host = &text[at + 1..];
        let length =
            host.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '.' | '-'))).unwrap_or(host.len());
        length > 0
            && host[length..].chars().next().is_none_or(|c| {
                c.is_whitespace() || matches!(c, ':' | '/' | '?' | '#' | '"' | '\'' | '<' | ')' | ',' | ';')
            })
    };
    let within = text[colon..token].rmatch_indices('@').map(|(at, _)| colon + at).find(|at| is_host(at));
    within.or_else(|| {
        text[colon..end.max(colon)].match_indices('@').map(|(at, _)| colon + at).find(|at| is_host(at))
    })
}

/// Tells whether letters and digits are mixed for so long that nobody has chosen them: a user is called `svc-sync-2024`,
/// a token `9f86d081884c7d65`.
fn is_random(text: &str) -> bool {
    text.split(|c: char| !c.is_ascii_alphanumeric()).any(|run| {
        run.len() >= 16
            && run.bytes().any(|byte| byte.is_ascii_digit())
            && run.bytes().any(|byte| byte.is_ascii_alphabetic())
    })
}
