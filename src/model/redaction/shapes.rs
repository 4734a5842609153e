//! Which texts look like a credential, wherever they stand: keys by their well-known prefixes, JWTs, PEM blocks,
//! passwords in URLs, `name=value` and header lines whose name names a credential.

use std::borrow::Cow;
use std::sync::LazyLock;

use regex::{Captures, Regex};

/// Tells whether a text is only a reference to a secret, `$secret.NAME`, with an optional scheme word before it.
/// The scheme words are listed: any word at all would let a password stand before the reference.
pub(super) fn is_reference(text: &str) -> bool {
    static REFERENCE: LazyLock<Option<Regex>> = LazyLock::new(|| {
        compile(
            r"(?i)^\s*(?:(?:bearer|basic|token|apikey|api-key|key|jwt|digest|oauth|negotiate|splunk|ssws)\s+)?(?-i:\$secret\.[A-Z][A-Z0-9_]*)\s*$",
        )
    });
    REFERENCE.as_ref().is_some_and(|reference| reference.is_match(text))
}

/// Replaces every credential in a text by `marker`. `names_credential` judges the names of `name=value` pairs.
pub(super) fn scrub<'a>(
    text: &'a str,
    marker: &str,
    names_credential: &dyn Fn(&str) -> bool,
) -> Cow<'a, str> {
    // Nothing shorter than the shortest shape can hold one, and most values are that short.
    if text.len() < 6 {
        return Cow::Borrowed(text);
    }
    let mut scrubbed = Cow::Borrowed(text);
    for whole in WHOLE.iter().flatten() {
        replace(&mut scrubbed, whole, |_| Some(marker.to_owned()));
    }
    if let Some(user_info) = &*USER_INFO {
        replace(&mut scrubbed, user_info, |found| {
            (!is_reference(&found["value"])).then(|| format!("{}{marker}@", &found["before"]))
        });
    }
    if let Some(scheme) = &*SCHEME {
        replace(&mut scrubbed, scheme, |found| {
            let value = &found["value"];
            let looks_random = value.len() >= 24 || value.bytes().any(|byte| byte.is_ascii_digit());
            looks_random.then(|| format!("{}{marker}", &found["before"]))
        });
    }
    for pair in PAIRS.iter().flatten() {
        replace(&mut scrubbed, pair, |found| {
            let value = &found["value"];
            let hide = names_credential(&found["name"]) && !value.contains(marker) && !is_reference(value);
            hide.then(|| format!("{}{marker}", &found["before"]))
        });
    }
    scrubbed
}

/// Shapes that are a credential from end to end.
static WHOLE: LazyLock<Vec<Option<Regex>>> = LazyLock::new(|| {
    [
        // PEM and PGP private keys, to their end or, when cut off, to the end of the text.
        r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY[A-Z ]*-----(?s:.*?)(?:-----END [A-Z0-9 ]*PRIVATE KEY[A-Z ]*-----|\z)",
        // JSON Web Tokens: a base64url header that begins with `{"`.
        r"\beyJ[A-Za-z0-9_-]{6,}\.[A-Za-z0-9_-]{4,}(?:\.[A-Za-z0-9_-]*)*",
        concat!(
            r"\b(?:(?:sk|rk)_(?:live|test)_[A-Za-z0-9_]{8,}|sk-[A-Za-z0-9_-]{16,}|gh[pousr]_[A-Za-z0-9_]{16,}|github_pat_[A-Za-z0-9_]{16,}",
            r"|glpat-[A-Za-z0-9_-]{16,}|xox[abeoprs]-[A-Za-z0-9-]{8,}|xapp-[A-Za-z0-9-]{8,}|A[KS]IA[A-Z0-9]{12,}|AIza[A-Za-z0-9_-]{20,}",
            r"|ya29\.[A-Za-z0-9_-]{16,}|npm_[A-Za-z0-9]{16,}|pypi-[A-Za-z0-9_-]{16,}|SG\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}",
            r"|shp(?:at|ca|pa|ss)_[A-Za-z0-9]{16,}|whsec_[A-Za-z0-9+/=_-]{8,}|dop_v1_[a-f0-9]{16,}|hf_[A-Za-z0-9]{16,}|hv[sbr]\.[A-Za-z0-9_-]{16,}",
            r"|sq0(?:atp|csp)-[A-Za-z0-9_-]{16,}|kra_[A-Za-z0-9_-]{20,})",
        ),
        r"\bAGE-SECRET-KEY-1[0-9A-Za-z]{16,}",
    ]
    .into_iter()
    .map(compile)
    .collect()
});

/// The password in a URL's user-info, up to the last `@` before the path.
static USER_INFO: LazyLock<Option<Regex>> = LazyLock::new(|| {
    compile(r#"(?P<before>[A-Za-z][A-Za-z0-9+.-]*://[^\s/?#:@"'<>]*:)(?P<value>[^\s/?#"'<>]+)@"#)
});

/// An authentication scheme and what follows it.
static SCHEME: LazyLock<Option<Regex>> =
    LazyLock::new(|| compile(r"(?P<before>(?i:\b(?:bearer|basic)\s+))(?P<value>[A-Za-z0-9._~+/=-]{8,})"));

/// `name=value` as in query strings and connection strings, `Name: value` as in header lines.
static PAIRS: LazyLock<Vec<Option<Regex>>> = LazyLock::new(|| {
    [
        r#"(?P<before>(?P<name>[\p{Alphabetic}\p{Nd}_.\-\[\]]{2,64})=["']?)(?P<value>[^\s&;,"'<>=][^\s&;,"'<>]*)"#,
        r#"(?m)(?P<before>(?:^|[\s"'])(?P<name>[\p{Alphabetic}\p{Nd}_-]{2,64})["']?:[ \t]*["']?(?:(?i:bearer|basic|token)[ \t]+)?)(?P<value>[^\s"',;{}\[\]]*[0-9][^\s"',;{}\[\]]*)"#,
    ]
    .into_iter()
    .map(compile)
    .collect()
});

/// The patterns are constants; a test compiles each, so none is ever missing.
fn compile(pattern: &str) -> Option<Regex> {
    Regex::new(pattern).ok()
}

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

#[cfg(test)]
mod tests {
    #[test]
    fn every_pattern_compiles() {
        assert!(super::WHOLE.iter().all(Option::is_some));
        assert!(super::PAIRS.iter().all(Option::is_some));
        assert!(super::USER_INFO.is_some() && super::SCHEME.is_some());
        assert!(super::is_reference("$secret.A"));
    }
}
