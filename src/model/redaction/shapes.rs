//! Which texts look like a credential, wherever they stand: keys by their well-known prefixes, JWTs, PEM blocks,
//! passwords in URLs, schemes, elements and options. `pairs` knows names and values.

use std::borrow::Cow;
use std::sync::LazyLock;

use regex::{Captures, Regex};

use super::pairs;

/// Tells whether a text is only a reference to a secret, `$secret.NAME`, with an optional scheme word before it.
/// The scheme words are listed: any word at all would let a password stand before the reference.
pub(super) fn is_reference(text: &str) -> bool {
    text.contains("$secret.") && SHAPES.reference.is_match(text)
}

/// Replaces every credential in a text by `marker`. `names_credential` judges the names that stand before a value.
pub(super) fn scrub<'a>(
    text: &'a str,
    marker: &str,
    names_credential: &dyn Fn(&str) -> bool,
) -> Cow<'a, str> {
    let mut scrubbed = Cow::Borrowed(text);
    for (shape, pattern) in PATTERNS.iter().zip(&SHAPES.patterns) {
        // Most texts lack what a shape needs, and a substring is found sooner than a pattern is refused.
        if !text.contains(shape.needs) {
            continue;
        }
        replace(&mut scrubbed, pattern, |found| match shape.kind {
            Kind::Whole => Some(marker.to_owned()),
            Kind::UserInfo => user_info(found, marker),
            Kind::Dsn => (!is_reference(&found["value"]))
                .then(|| format!("{}{marker}{}", &found["before"], &found["after"])),
            Kind::Scheme => {
                (!looks_like_prose(&found["value"])).then(|| format!("{}{marker}", &found["before"]))
            }
            Kind::Element => {
                let value = &found["value"];
                let hide = names_credential(&found["name"]) && value.trim() != marker && !is_reference(value);
                hide.then(|| format!("{}{marker}", &found["before"]))
            }
            Kind::Option => {
                let value = &found["value"];
                let hide =
                    names_credential(&found["name"]) && !is_reference(value) && !looks_like_prose(value);
                hide.then(|| format!("{}{marker}", &found["before"]))
            }
        });
    }
    if let Cow::Owned(paired) = pairs::scrub(&scrubbed, marker, names_credential) {
        scrubbed = Cow::Owned(paired);
    }
    scrubbed
}

/// Hides the password, and a user that is a token: such a URL has nothing else to sign in by.
fn user_info(found: &Captures<'_>, marker: &str) -> Option<String> {
    let user = &found["user"];
    let password = found.name("value").map(|value| value.as_str());
    let hides_user = is_random(user);
    let hides_password = password.is_some_and(|it| !it.is_empty() && it != marker && !is_reference(it));
    if !hides_user && !hides_password {
        return None;
    }
    let user = if hides_user { marker } else { user };
    let password = password
        .map_or_else(String::new, |password| format!(":{}", if hides_password { marker } else { password }));
    Some(format!("{}{user}{password}@", &found["scheme"]))
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

/// Tells whether a text is more likely a word than a credential: short, of letters alone, and in one case.
pub(super) fn looks_like_prose(text: &str) -> bool {
    let word = text.trim_end_matches(['.', '!', '?', ')']);
    let joins = |c: char| matches!(c, '-' | '_' | '.' | '/');
    let mut letters = word.chars().filter(|&c| !joins(c));
    letters.next();
    let rest: Vec<char> = letters.collect();
    word.len() < 24
        && word.chars().all(|c| c.is_alphabetic() || joins(c))
        && !(rest.iter().any(|c| c.is_uppercase()) && rest.iter().any(|c| c.is_lowercase()))
}

/// What a match of a pattern means.
#[derive(Clone, Copy)]
enum Kind {
    /// A credential from end to end.
    Whole,
    /// What stands before a URL's host: a user, and perhaps a password.
    UserInfo,
    /// The same in the addresses of databases that are no URLs.
    Dsn,
    /// An authentication scheme and what follows it.
    Scheme,
    /// An XML element, hidden when its name names a credential.
    Element,
    /// An option of a command line and the word behind it, hidden likewise.
    Option,
}

/// A shape: what its matches mean, a text without which there is none, and the pattern.
struct Shape {
    kind: Kind,
    needs: &'static str,
    pattern: &'static str,
}

const fn shape(kind: Kind, needs: &'static str, pattern: &'static str) -> Shape {
    Shape { kind, needs, pattern }
}

// Names are told by what cannot be in them: a counted repetition of a Unicode class would be a machine of thousands of
// states. The key prefixes need no substring of their own, for the pattern's beginning is one.
const PATTERNS: &[Shape] = &[
    // PEM and PGP private keys, to their end or, when cut off, to the end of the text.
    shape(
        Kind::Whole,
        "PRIVATE KEY",
        r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY[A-Z ]*-----(?s:.*?)(?:-----END [A-Z0-9 ]*PRIVATE KEY[A-Z ]*-----|\z)",
    ),
    // JSON Web Tokens: a base64url header that begins with `{"`.
    shape(Kind::Whole, "eyJ", r"(?-u:\b)eyJ[A-Za-z0-9_-]{6,}\.[A-Za-z0-9_-]{4,}(?:\.[A-Za-z0-9_-]*)*"),
    shape(
        Kind::Whole,
        "",
        concat!(
            r"(?-u:\b)(?:(?:sk|rk)_(?:live|test)_[A-Za-z0-9_]{8,}|sk-[A-Za-z0-9_-]{16,}|gh[pousr]_[A-Za-z0-9_]{16,}",
            r"|github_pat_[A-Za-z0-9_]{16,}|glpat-[A-Za-z0-9_-]{16,}|xox[abeoprs]-[A-Za-z0-9-]{8,}|xapp-[A-Za-z0-9-]{8,}",
            r"|A[KS]IA[A-Z0-9]{12,}|AIza[A-Za-z0-9_-]{20,}|ya29\.[A-Za-z0-9_-]{16,}|npm_[A-Za-z0-9]{16,}|pypi-[A-Za-z0-9_-]{16,}",
            r"|SG\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}|shp(?:at|ca|pa|ss)_[A-Za-z0-9]{16,}|whsec_[A-Za-z0-9+/=_-]{8,}",
            r"|dop_v1_[a-f0-9]{16,}|hf_[A-Za-z0-9]{16,}|hv[sbr]\.[A-Za-z0-9_-]{16,}|sq0(?:atp|csp)-[A-Za-z0-9_-]{16,}",
            r"|do[or]_v1_[a-f0-9]{16,}|gl(?:rt|dt|ptt|cbt|oas|soat|ft|imt)-[A-Za-z0-9_-]{16,}|GOCSPX-[A-Za-z0-9_-]{16,}",
            r"|dckr_pat_[A-Za-z0-9_-]{16,}|rubygems_[a-f0-9]{16,}|sntry[su]_[A-Za-z0-9+/=_-]{16,}|PMAK-[a-f0-9-]{16,}",
            r"|xkeysib-[a-f0-9-]{16,}|lin_api_[A-Za-z0-9]{16,}|figd_[A-Za-z0-9_-]{16,}|gsk_[A-Za-z0-9]{16,}|r8_[A-Za-z0-9]{24,}",
            r"|ATATT3x[A-Za-z0-9_=-]{16,}|dapi[a-f0-9]{32}|tskey-[a-z]+-[A-Za-z0-9-]{16,}|nfp_[A-Za-z0-9]{16,}",
            r"|key-[a-f0-9]{32}|kra_[A-Za-z0-9_-]{20,}|AGE-SECRET-KEY-1[0-9A-Za-z]{16,})",
        ),
    ),
    // By itself, for it does not begin with letters of its own: the others are found by theirs, many at once.
    shape(Kind::Whole, ".atlasv1.", r"(?-u:\b)[A-Za-z0-9]{8,}\.atlasv1\.[A-Za-z0-9_-]{16,}"),
    // Up to the last `@` before the path: a password may hold one.
    shape(
        Kind::UserInfo,
        "://",
        r#"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*://)(?P<user>[^\s/?#:@"'<>]*)(?::(?P<value>[^\s/?#"'<>]*))?@"#,
    ),
    // `user:password@tcp(host:3306)/db`, as Go's drivers want it. Here a password may also hold a slash.
    shape(
        Kind::Dsn,
        "(",
        r#"(?P<before>[^\s/:@"'<>]+:)(?P<value>[^\s"'<>]+)(?P<after>@(?:tcp[46]?|udp[46]?|unix|cloudsql)\()"#,
    ),
    shape(
        Kind::Scheme,
        " ",
        r"(?P<before>(?i:(?-u:\b)(?:bearer|basic)\s+))(?P<value>[A-Za-z0-9._~+/=-]{8,})",
    ),
    shape(Kind::Element, "</", r"(?P<before><(?P<name>[^\s<>/?!]+)[^<>]*>)(?P<value>[^<>]+)"),
    shape(
        Kind::Option,
        "--",
        r"(?P<before>--(?P<name>[A-Za-z][A-Za-z0-9_-]*)[ \t]+)(?P<value>[^\s\[-][^\s]*)",
    ),
];

const REFERENCE: &str = r"(?i)^\s*(?:(?:bearer|basic|token|apikey|api-key|key|jwt|digest|oauth|negotiate|splunk|ssws)\s+)?(?-i:\$secret\.[A-Z][A-Z0-9_]*)\s*$";

struct Shapes {
    /// In the order of [`PATTERNS`].
    patterns: Vec<Regex>,
    reference: Regex,
}

#[expect(
    clippy::expect_used,
    reason = "the patterns are constants, and every test of this module compiles them"
)]
static SHAPES: LazyLock<Shapes> = LazyLock::new(|| {
    let compile = |pattern| Regex::new(pattern).expect("a constant pattern");
    Shapes {
        patterns: PATTERNS.iter().map(|shape| compile(shape.pattern)).collect(),
        reference: compile(REFERENCE),
    }
});

/// Replaces matches for which `with` gives a text; leaves the others and, when there are none, borrows.
fn replace(text: &mut Cow<'_, str>, pattern: &Regex, with: impl Fn(&Captures<'_>) -> Option<String>) {
    let mut changed = false;
    let replaced = pattern.replace_all(text, |found: &Captures<'_>| {
        let replacement = with(found);
        changed |= replacement.is_some();
        replacement.unwrap_or_else(|| found[0].to_owned())
    });
    if let Cow::Owned(owned) = replaced
        && changed
    {
        *text = Cow::Owned(owned);
    }
}
