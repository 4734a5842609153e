//! Which values are no secret although their name says so, and which look made by a machine although it does not.

use std::collections::HashSet;
use std::sync::LazyLock;

use regex::Regex;

use super::expressions::is_reference;
use super::letters::is_wordy;
use super::marks::{REDACTED, is_marked};
use super::names::{Meaning, Name};
use crate::model::json::Json;

/// Words for nothing.
const NOTHING: &str =
    "none null nil undefined n/a na empty unset blank false true yes no on off - -- ? todo tbd";

/// Words that choose a way to sign in, a place or a policy, or say what became of a credential.
const CHOICES: &str = "basic bearer oauth oauth1 oauth2 oauth2.0 oidc openid saml saml2 digest ntlm negotiate kerberos ldap jwt apikey \
    api_key api-key token tokens hmac mtls tls ssl ssh sso mfa totp otp webauthn passkey passkeys password cookie cookies session \
    header headers query body anonymous custom manual auto automatic external internal inherit inherited default client_credentials \
    authorization_code implicit device_code refresh_token scram-sha-256 scram trust peer certificate cert aws iam service_account \
    magic_link secret hs256 hs384 hs512 rs256 rs384 rs512 es256 eddsa sha1 sha256 sha512 md5 bcrypt argon2 argon2id aes256 strict lax secure \
    httponly include omit same-origin required optional enabled disabled active inactive expired revoked rotated pending valid invalid \
    set present missing hidden redacted masked encrypted changed reset deleted removed created updated string str integer number boolean \
    object array text email uuid password_hash signature hmac-sha256 aws4 private_key public_key public private static dynamic vault \
    environment env file keychain keyring app user bot system global local internal accept reject allow deny all any never always accepted rejected necessary essential functional analytics marketing statistics preferences";

static WORDS: LazyLock<[HashSet<&str>; 2]> =
    LazyLock::new(|| [NOTHING, CHOICES].map(|words| words.split_whitespace().collect()));

fn is_listed(index: usize, text: &str) -> bool {
    // The longest word listed is shorter than this, and most values are longer.
    text.len() < 24 && WORDS[index].contains(text.to_ascii_lowercase().as_str())
}

/// Tells whether a value under a key that names a credential can be none.
pub(super) fn is_harmless(value: &Json, name: &Name, meaning: Meaning) -> bool {
    match value {
        Json::Null | Json::Bool(_) => true,
        Json::String(text) => is_harmless_text(text, meaning),
        Json::Number(digits) => {
            let length = digits.trim_start_matches('-').len();
            let longest = match (meaning == Meaning::Password, name.is_plural) {
                (true, true) => 3,
                (true, false) => 0,
                (false, true) => 10,
                (false, false) => 4,
            };
            length <= longest
        }
        Json::Array(items) => items.iter().all(|item| is_harmless(item, name, meaning)),
        // What describes a credential, and holds none: a schema, a reference by name.
        Json::Object(members) => members.iter().all(|(key, value)| {
            let own = Name::of(key);
            let meaning = if own.meaning == Meaning::Plain { Meaning::Key } else { own.meaning };
            !shows_value(key) && is_harmless(value, &own, meaning)
        }),
    }
}

/// Whether a key under a credential looks like the credential itself, as it was sent or as it is kept.
fn shows_value(key: &str) -> bool {
    let name = before_value(key);
    looks_made(key) || name.len() < key.len() && looks_made(&format!("{}{REDACTED}", &key[..=name.len()]))
}

/// The part of a key before the value it carries: `aws` of `aws:region`.
pub(super) fn before_value(key: &str) -> &str {
    key.find(['=', ':']).map_or(key, |at| &key[..at])
}

/// Whether a word says what became of a credential, or how it is used: `expired`, `basic`.
pub(super) fn is_choice(text: &str) -> bool {
    is_listed(0, text) || is_listed(1, text)
}

/// The same of a text.
pub(super) fn is_harmless_text(text: &str, meaning: Meaning) -> bool {
    let text = text.trim();
    if text.is_empty() || is_marked(text) || is_listed(0, text) || is_masked(text) || is_reference(text) {
        return true;
    }
    if text.len() < 8 && !text.contains(|c: char| c.is_alphanumeric()) {
        // `[]`, `()`, `{`: the beginning of something in a program.
        return true;
    }
    if meaning == Meaning::Password {
        return false;
    }
    is_listed(1, text)
        || text.len() <= 4 && text.bytes().all(|byte| byte.is_ascii_digit())
        || is_time(text)
        || is_plain_url(text)
        || is_header_name(text)
}

/// Stars, dots, or a text in angle brackets that says what belongs there: `********`, `<your password>`.
fn is_masked(text: &str) -> bool {
    let inner = |open, close| text.strip_prefix(open).and_then(|text: &str| text.strip_suffix(close));
    if let Some(inner) = inner('<', '>') {
        return inner.len() < 64
            && inner.chars().all(|c| c.is_alphabetic() || matches!(c, ' ' | '_' | '-' | '.'));
    }
    text.chars().all(|c| matches!(c, '*' | '•' | '●' | '.' | '…' | '_' | '-' | '#'))
        || text.len() >= 3 && text.chars().all(|c| matches!(c, 'x' | 'X'))
}

/// `X-Api-Key` as a value: the name of the header, not what it holds.
fn is_header_name(text: &str) -> bool {
    let is_spelled = text.starts_with(|c: char| c.is_ascii_uppercase())
        && text.len() < 40
        && text.bytes().all(|byte| byte.is_ascii_alphabetic() || byte == b'-')
        && (text.contains('-') || matches!(text, "Authorization" | "Cookie"));
    is_spelled && Name::of(text).meaning.is_credential()
}

/// A date, with or without a time, as RFC 3339 writes it. It is judged as strictly as that: what only begins like a time
/// may hold anything.
pub(super) fn is_time(text: &str) -> bool {
    #[expect(clippy::expect_used, reason = "the pattern is a constant that every test compiles")]
    static TIME: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(
            r"^[0-9]{4}-[0-9]{2}-[0-9]{2}([Tt ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,9})?)?( ?([Zz]|[+-][0-9]{2}(:?[0-9]{2})?))?)?$",
        )
        .expect("a constant pattern")
    });
    text.len() <= 40 && TIME.is_match(text)
}

/// An address that holds no credential of its own: its other parts are read like any text.
fn is_plain_url(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once("://") else {
        return text.starts_with('/') && text.matches('/').count() > 1 && is_wordy(text);
    };
    scheme.len() < 12
        && scheme.bytes().all(|byte| byte.is_ascii_alphabetic())
        && !rest.contains(['@', ' '])
        && is_wordy(rest)
}

/// Tells whether a value looks made by a machine or chosen as a password: one word of letters and digits mixed. Dates,
/// identifiers, addresses and references are none.
pub(super) fn looks_made(text: &str) -> bool {
    let text = trimmed(text);
    if text.len() < 6 || text.contains(char::is_whitespace) || is_wordy(text) {
        return false;
    }
    !(is_time(text)
        || is_uuid(text)
        || is_email(text)
        || is_plain_url(text)
        || is_marked(text)
        || is_reference(text))
}

/// Tells whether a word that stands where prose tells a credential is one: anything but a word, a number, a time, a
/// ticket or an address.
pub(super) fn is_told(text: &str) -> bool {
    let text = trimmed(text);
    let is_plain = |c: char| c.is_alphabetic() || matches!(c, '-' | '_' | '.' | '/' | '\'' | '’');
    if text.len() < 4 || text.chars().all(is_plain) && !looks_made(text) {
        return false;
    }
    let is_ticket = || {
        text.split_once('-').is_some_and(|(project, number)| {
            project.bytes().all(|byte| byte.is_ascii_uppercase())
                && number.bytes().all(|byte| byte.is_ascii_digit())
        })
    };
    let is_number =
        || text.chars().all(|c| c.is_ascii_digit() || matches!(c, '.' | ',' | ':' | '%' | '-' | '/' | '+'));
    !(is_number()
        || is_ticket()
        || is_time(text)
        || is_uuid(text)
        || is_email(text)
        || text.contains("://")
        || is_harmless_text(text, Meaning::Key))
}

/// A word without the quotes and the punctuation around it.
pub(super) fn trimmed(text: &str) -> &str {
    let around = |c: char| {
        matches!(c, '"' | '\'' | '`' | '“' | '”' | '„' | '«' | '»' | '(' | ')' | ',' | ';' | '.' | ':' | '?')
    };
    text.trim().trim_matches(around)
}

fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

fn is_email(text: &str) -> bool {
    text.split_once('@').is_some_and(|(user, host)| {
        !user.is_empty() && !user.contains([':', '/']) && host.contains('.') && is_wordy(host)
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
