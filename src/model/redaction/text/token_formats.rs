//! Tokens with a documented format, recognized wherever they occur: API keys by their prefixes, JSON Web Tokens, and the
//! token after an authentication scheme.

use std::sync::LazyLock;

use memchr::memmem::Finder;
use regex::Regex;

use crate::model::redaction::names::NameClass;
use crate::model::redaction::text::scan::{TextScan, regex};
use crate::model::redaction::values::{is_harmless_text, looks_like_word};

/// Letters and digits.
const W: &str = "[A-Za-z0-9]";
/// The same with `_` and `-`.
const U: &str = "[A-Za-z0-9_-]";
/// The characters of base64 and base64url.
const B: &str = "[A-Za-z0-9+/=_-]";
/// Hexadecimal digits.
const H: &str = "[A-Fa-f0-9]";

/// Each service's prefix (a pattern), the characters after it, and how many there are at least.
const PREFIXED: &[(&str, &str, usize)] = &[
    // Payment
    ("[sr]k_(?:live|test)_", "[A-Za-z0-9_]", 8),
    ("whsec_", B, 8),
    ("rzp_(?:live|test)_", W, 10),
    ("FLWSECK(?:_TEST)?-", U, 10),
    ("sq0(?:atp|csp|idp)-", U, 16),
    ("EAAA", U, 50),
    ("shippo_(?:live|test)_", W, 16),
    ("EZ[AT]K", W, 40),
    ("access-(?:sandbox|development|production)-", U, 20),
    ("(?:live|test)_pub_", W, 20),
    ("duffel_(?:live|test)_", U, 16),
    // Code hosts, package registries, builds
    ("gh[pousr]_", "[A-Za-z0-9_]", 16),
    ("github_pat_", "[A-Za-z0-9_]", 16),
    ("gl(?:pat|rt|dt|ptt|cbt|oas|soat|ft|imt|agent|ffct|wt)-", "[A-Za-z0-9_.-]", 16),
    ("GR1348941", U, 16),
    ("npm_", W, 16),
    ("pypi-", U, 16),
    ("rubygems_", H, 16),
    ("CLOJARS_", W, 16),
    ("cio", W, 32),
    ("dckr_(?:pat|oat)_", U, 16),
    ("oy2", "[a-z0-9]", 40),
    ("AKCp", W, 20),
    ("cmVmdGtu", W, 20),
    ("sq[apu]_", W, 30),
    ("CCIP(?:AT|RJ)_", U, 16),
    ("bk[ua]a?_", W, 30),
    ("ATATT3x", "[A-Za-z0-9_=-]", 16),
    ("ATCTT3x", "[A-Za-z0-9_=-]", 16),
    ("ATBB", W, 20),
    ("BBDC-", B, 20),
    ("sgp_", "[A-Za-z0-9_]", 20),
    ("lin_(?:api|oauth)_", W, 16),
    // Clouds
    ("A[KS]IA", "[A-Z0-9]", 12),
    ("A(?:BIA|CCA|3T[A-Z0-9])", "[A-Z0-9]", 16),
    ("ABSK", B, 40),
    ("AIza", U, 20),
    ("ya29\\.", U, 16),
    ("1//0", U, 24),
    ("GOCSPX-", U, 16),
    ("LTAI", W, 12),
    ("AKID", W, 20),
    ("do[por]_v1_", H, 16),
    ("HRKU-", U, 20),
    ("fo1_", U, 20),
    ("FlyV1 fm[12][ar]?_", B, 20),
    ("nfp_", W, 16),
    ("sbp_", H, 16),
    ("sb_secret_", U, 16),
    ("pscale_(?:tkn|oauth|pw)_", U, 16),
    ("pul-", H, 20),
    ("tskey-[a-z]+-", "[A-Za-z0-9-]", 16),
    ("v1\\.0-", "[a-f0-9-]", 40),
    ("sha256~", U, 30),
    ("AQVN", U, 30),
    ("y[0-3]_", U, 30),
    ("dapi", H, 32),
    ("hv[sbr]\\.", U, 16),
    ("dp\\.(?:pt|st|ct|sa|scim|audit)\\.", "[A-Za-z0-9._-]", 20),
    ("ops_eyJ", B, 30),
    ("A3-[A-Z0-9]{6}-", "[A-Z0-9-]", 20),
    ("AGE-SECRET-KEY-1", W, 16),
    ("infisical_st\\.", "[A-Za-z0-9.]", 20),
    ("tk-us-", U, 30),
    ("pnu_", W, 30),
    // AI models
    ("sk-", U, 16),
    ("hf_", W, 16),
    ("api_org_", W, 20),
    ("r8_", W, 24),
    ("gsk_", W, 16),
    ("xai-", W, 20),
    ("pplx-", W, 20),
    ("nvapi-", U, 20),
    ("tgp_v1_", U, 20),
    // Messaging and office software
    ("xox[abceoprs]-", "[A-Za-z0-9.-]", 8),
    ("xox[eo]\\.xox[bp]-", "[A-Za-z0-9-]", 8),
    ("xapp-", "[A-Za-z0-9-]", 8),
    ("SG\\.", "[A-Za-z0-9_.-]", 16),
    ("key-", H, 32),
    ("xkeysib-", "[a-f0-9-]", 16),
    ("SK", "[a-f0-9]", 32),
    ("ntn_", W, 20),
    ("secret_", W, 40),
    ("pat-(?:na|eu|ap)[0-9]-", "[A-Fa-f0-9-]", 20),
    ("pat[A-Za-z0-9]{14}\\.", H, 16),
    ("figd_", U, 16),
    ("CFPAT-", U, 20),
    ("tfp_", U, 30),
    ("fio-u-", U, 20),
    ("sl\\.[A-Za-z]?", U, 60),
    ("shp(?:at|ca|pa|ss)_", W, 16),
    ("PMAK-", "[a-f0-9-]", 16),
    ("rdme_", W, 30),
    ("p8e-", W, 20),
    ("patr?-v[0-9]-", U, 20),
    // Monitoring
    ("sntry[sua]_", B, 16),
    ("gl(?:sa|c)_", B, 16),
    ("NR(?:AK|JS|II|RA)-", U, 16),
    ("dt0[a-z][0-9]{2}\\.", "[A-Za-z0-9.]", 20),
    ("ph[xs]_", W, 20),
    ("zpka_", "[A-Za-z0-9_]", 20),
    // Krosyn
    ("kra_", U, 20),
];

/// Formats without a fixed prefix: a text that every such token contains, and the pattern.
const OTHERS: &[(&str, &str)] = &[
    (":AA", r"(?-u:\b)[0-9]{8,11}:AA[A-Za-z0-9_-]{20,}"),
    (".", r"(?-u:\b)[MNO][A-Za-z0-9]{23,27}\.[A-Za-z0-9_-]{6}\.[A-Za-z0-9_-]{27,}"),
    ("-us", r"(?-u:\b)[a-f0-9]{32}-us[0-9]{1,2}(?-u:\b)"),
    // Hashes of passwords
    ("$2", r"\$2[abxy]\$[0-9]{2}\$[A-Za-z0-9./]{20,}"),
    ("$1$", r"\$1\$[A-Za-z0-9./$]{12,}"),
    ("$5$", r"\$5\$[A-Za-z0-9./$=]{20,}"),
    ("$6$", r"\$6\$[A-Za-z0-9./$=]{20,}"),
    ("$y$", r"\$y\$[A-Za-z0-9./$]{20,}"),
    ("$apr1$", r"\$apr1\$[A-Za-z0-9./$]{8,}"),
    ("$argon2", r"\$argon2(?:id|i|d)\$[A-Za-z0-9./$=,+-]{8,}"),
    ("$pbkdf2", r"\$pbkdf2[a-z0-9-]*\$[A-Za-z0-9./$=,+-]{8,}"),
    ("SHA", r"\{S?SHA(?:256|384|512)?\}[A-Za-z0-9+/=.$]{8,}"),
    ("MD5}", r"\{S?MD5\}[A-Za-z0-9+/=.$]{8,}"),
    ("CRYPT}", r"\{CRYPT\}[A-Za-z0-9+/=.$]{8,}"),
    ("PBKDF2", r"\{PBKDF2(?:-SHA(?:1|256|512))?\}[A-Za-z0-9+/=.$]{8,}"),
    (".atlasv1.", r"(?-u:\b)[A-Za-z0-9]{8,}\.atlasv1\.[A-Za-z0-9_-]{16,}"),
];

/// The shortest text that holds a token with a prefix.
const MIN_LENGTH: usize = 11;

struct Patterns {
    prefixed: Regex,
    others: Vec<(Finder<'static>, Regex)>,
    jwt: Regex,
    scheme: Regex,
}

static PATTERNS: LazyLock<Patterns> = LazyLock::new(|| {
    let prefixed: Vec<_> =
        PREFIXED.iter().map(|(prefix, of, least)| format!("{prefix}{of}{{{least},}}")).collect();
    Patterns {
        prefixed: regex(&format!(r"(?-u:\b)(?:{})", prefixed.join("|"))),
        others: OTHERS.iter().map(|(part, pattern)| (Finder::new(part), regex(pattern))).collect(),
        // The header is base64url that begins with `{"`.
        jwt: regex(r"(?-u:\b)eyJ[A-Za-z0-9_-]{6,}\.[A-Za-z0-9_-]{4,}(?:\.[A-Za-z0-9_-]*)*"),
        scheme: regex(r"(?i:(?-u:\b)(?:bearer|basic|ntlm|negotiate)\s+)(?P<value>[A-Za-z0-9._~+/=-]{8,})"),
    }
});

/// Redacts tokens of known formats.
pub(super) fn detect(scan: &mut TextScan<'_>) {
    let text = scan.text;
    if text.len() < MIN_LENGTH {
        return;
    }
    let others = PATTERNS.others.iter().filter(|(part, _)| part.find(text.as_bytes()).is_some());
    let others = others.map(|(_, pattern)| pattern);
    for pattern in std::iter::once(&PATTERNS.prefixed).chain(others) {
        for found in pattern.find_iter(text) {
            // Characters joined to a token belong to it.
            let joined = |byte: &&u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
            let rest = text.as_bytes()[found.end()..].iter().take_while(joined).count();
            scan.redact(found.start()..found.end() + rest);
        }
    }
    if scan.has(".") && text.contains("eyJ") {
        for found in PATTERNS.jwt.find_iter(text) {
            scan.redact(found.range());
        }
    }
    if scan.has(" \n\t") {
        scan.redact_matches(&PATTERNS.scheme, |value| {
            !looks_like_word(value) && !is_harmless_text(value, NameClass::Key)
        });
    }
}
