//! Tokens with a documented format, recognized wherever they occur: API keys by their prefixes, JSON Web Tokens, and the
//! token after an authentication scheme.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

use crate::model::redaction::names::NameClass;
use crate::model::redaction::text::listed::{ListedPattern, Table};
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
    ("sk_sbox_", W, 16),
    ("key_(?:live|test)_", W, 20),
    ("whsec_", B, 8),
    ("rzp_(?:live|test)_", W, 10),
    ("FLWSECK(?:_TEST)?-", U, 10),
    ("sq0(?:atp|csp|idp)-", U, 16),
    ("EAAA", U, 50),
    ("EAA[A-Z]", W, 30),
    ("shippo_(?:live|test)_", W, 16),
    ("EZ[AT]K", W, 30),
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
    ("vercel_blob_rw_", "[A-Za-z0-9_]", 16),
    ("ddp_", W, 36),
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
    ("cf(?:ut|at|k)_", W, 30),
    ("napi_", W, 40),
    ("rnd_", W, 24),
    ("fm[12][ar]?_", B, 40),
    ("AGE-PLUGIN-", "[A-Z0-9-]", 20),
    ("snyk_[a-z]{3}\\.", "[A-Za-z0-9._-]", 16),
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
    ("sess-", W, 32),
    ("csk-", W, 32),
    ("jina_", W, 32),
    ("pcsk_", "[A-Za-z0-9_]", 24),
    ("tvly-", U, 20),
    ("lsv2_(?:pt|sk)_", "[a-f0-9_]", 32),
    ("pylf_v1_", "[A-Za-z0-9_]", 24),
    ("rpa_", W, 32),
    ("e2b_", H, 32),
    // Messaging and office software
    ("xox[abceoprs]-", "[A-Za-z0-9.-]", 8),
    ("xox[eo]\\.xox[bp]-", "[A-Za-z0-9-]", 8),
    ("xapp-", "[A-Za-z0-9-]", 8),
    ("xwfp-", "[A-Za-z0-9-]", 16),
    ("xsmtpsib-", "[A-Za-z0-9-]", 20),
    ("SG\\.", "[A-Za-z0-9_.-]", 16),
    ("key-", H, 32),
    ("xkeysib-", "[a-f0-9-]", 16),
    ("SK", "[a-f0-9]", 32),
    ("ntn_", W, 20),
    ("secret_", W, 24),
    ("figo_", U, 16),
    ("ATTA", H, 60),
    ("dG9rO", B, 40),
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
    ("eyJrIjoi", B, 16),
    ("hc[aimx]?ik_", W, 32),
    ("(?:sdk|api)-[0-9a-f]{8}-[0-9a-f]{4}-", "[0-9a-f-]", 20),
    // Docker's `auths` and other JSON in base64
    ("eyJhdXRocyI6", B, 16),
    ("eyJhdXRoIjo", B, 16),
    ("zpka_", "[A-Za-z0-9_]", 20),
    // Krosyn
    ("kra_", U, 20),
];

/// Formats without a fixed prefix: a text that every such token contains, and the pattern.
const OTHERS: &[(&str, &str)] = &[
    (":AA", r"(?-u:\b)[0-9]{8,11}:AA[A-Za-z0-9_-]{20,}"),
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
    ("sk_", r"(?-u:\b)sk_[a-f0-9]{40,}"),
    ("re_", r"(?-u:\b)re_[A-Za-z0-9]{8}_[A-Za-z0-9]{16,}"),
    ("pbkdf2", r"pbkdf2[_:]sha[0-9]{1,3}[$:][0-9]+\$[^\s$;,|]+\$[A-Za-z0-9+/=.]{16,}"),
    ("SCRAM-SHA-", r"SCRAM-SHA-[0-9]+\$[0-9]+:[A-Za-z0-9+/=]+\$[A-Za-z0-9+/=]+(?::[A-Za-z0-9+/=]+)?"),
    (
        "scrypt",
        r"\$?scrypt[:$](?:[0-9]+:[0-9]+:[0-9]+|[a-z]+=[^\s$]{1,40})\$[^\s$;,|]+\$[A-Za-z0-9+/=.]{16,}",
    ),
    ("$P$", r"\$P\$[A-Za-z0-9./]{24,}"),
    ("$H$", r"\$H\$[A-Za-z0-9./]{24,}"),
    ("$S$", r"\$S\$[A-Za-z0-9./]{40,}"),
    ("$7$", r"\$7\$[A-Za-z0-9./$]{20,}"),
    ("$gy$", r"\$gy\$[A-Za-z0-9./$]{20,}"),
    ("$md5", r"\$md5[$,][A-Za-z0-9./$=,]{16,}"),
    ("$sha1$", r"\$sha1\$[A-Za-z0-9./$]{20,}"),
    ("$8$", r"\$8\$[A-Za-z0-9./$]{20,}"),
    ("$9$", r"\$9\$[A-Za-z0-9./$]{20,}"),
    ("sha", r"(?-u:\b)sha(?:1|256|512)\$[^\s$;,|]{1,32}\$[a-f0-9]{40,}"),
    ("md5", r"(?-u:\b)md5(?:\$[^\s$;,|]{1,32}\$)?[a-f0-9]{32}(?-u:\b)"),
    (":::", r"[0-9]+:[a-fA-F0-9]{32}:[a-fA-F0-9]{32}:::"),
    ("AQAAAA", r"(?-u:\b)AQAAAA[A-Za-z0-9+/]{60,}={0,2}"),
    ("BCRYPT}", r"\{BCRYPT\}[A-Za-z0-9+/=.$]{8,}"),
    ("PKCS5S2}", r"\{PKCS5S2\}[A-Za-z0-9+/=.$]{8,}"),
    ("8Q~", r"(?-u:\b)[A-Za-z0-9_.-]{3}8Q~[A-Za-z0-9_.~-]{30,}"),
    (".atlasv1.", r"(?-u:\b)[A-Za-z0-9]{8,}\.atlasv1\.[A-Za-z0-9_-]{16,}"),
];

/// The shortest text that holds a token with a prefix.
const MIN_LENGTH: usize = 11;

struct Patterns {
    prefixed: Regex,
    discord: Regex,
    jwt: Regex,
    scheme: Regex,
}

static PATTERNS: LazyLock<Patterns> = LazyLock::new(|| {
    let prefixed: Vec<_> =
        PREFIXED.iter().map(|(prefix, of, least)| format!("{prefix}{of}{{{least},}}")).collect();
    Patterns {
        // A token begins after any sign and `_`, and after an escape such as `%3D`, `\n` or `\u0022`.
        prefixed: regex(&format!(
            r"(?:(?-u:\b)|_|%[0-9A-Fa-f]{{2}}|\\[nrt]|\\u00[0-9a-f]{{2}})(?:{})",
            prefixed.join("|")
        )),
        discord: regex(r"(?-u:\b)[MNO][A-Za-z0-9]{23,27}\.[A-Za-z0-9_-]{6}\.[A-Za-z0-9_-]{27,}"),
        // The header is base64url that begins with `{"`.
        jwt: regex(r"(?-u:\b)eyJ[A-Za-z0-9_-]{6,}\.[A-Za-z0-9_-]{4,}(?:\.[A-Za-z0-9_-]*)*"),
        scheme: regex(r"(?i:(?-u:\b)(?:bearer|basic|ntlm|negotiate)\s+)(?P<value>[A-Za-z0-9._~+/=-]{8,})"),
    }
});

/// The patterns of [`OTHERS`].
pub(super) fn listed() -> Vec<ListedPattern> {
    let pattern = |&(literal, pattern): &(&'static str, &str)| {
        ListedPattern::new(Table::Formats, literal, pattern.to_owned())
    };
    OTHERS.iter().map(pattern).collect()
}

/// Redacts tokens of known formats.
pub(super) fn detect(scan: &mut TextScan<'_>, listed: &[&ListedPattern]) {
    let text = scan.text;
    if text.len() < MIN_LENGTH {
        return;
    }
    for found in PATTERNS.prefixed.find_iter(text) {
        let skipped = match found.as_str().as_bytes() {
            [b'_', ..] => 1,
            [b'%', ..] => 3,
            [b'\\', b'u', ..] => 6,
            [b'\\', ..] => 2,
            _ => 0,
        };
        let start = found.start() + skipped;
        // Within base64, these letters are no prefix.
        let is_in_base64 = text[start..].starts_with("EAA") && text[..start].ends_with(['+', '/']);
        if !is_in_base64 {
            redact_joined(scan, start..found.end());
        }
    }
    for listed in listed.iter().filter(|it| it.table == Table::Formats) {
        for found in listed.regex().find_iter(text) {
            redact_joined(scan, found.range());
        }
    }
    if scan.has(".") && scan.has("MNO") {
        for found in PATTERNS.discord.find_iter(text) {
            redact_joined(scan, found.range());
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

/// Redacts a token and the characters joined to it, which belong to it.
fn redact_joined(scan: &mut TextScan<'_>, range: Range<usize>) {
    let joined = |byte: &&u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    let rest = scan.text.as_bytes()[range.end..].iter().take_while(joined).count();
    scan.redact(range.start..range.end + rest);
}
