//! Judges values by their form: which are harmless under the name of a credential, and which look generated under any other.

use std::sync::LazyLock;

use regex::Regex;

use crate::model::json::Json;
use crate::model::redaction::markers::{REDACTED, is_only_markers};
use crate::model::redaction::names::{KeyName, NameClass};
use crate::model::redaction::normalize::is_wordlike;
use crate::model::redaction::references::is_reference;
use crate::model::redaction::vocabulary::{Words, word_set};

/// Words for an absent value.
static ABSENT: Words = Words::new(|| {
    word_set("none null nil undefined n/a na empty unset blank false true yes no on off - -- ? todo tbd")
});

/// Words for a way to sign in, a place, a policy, or the state of a credential.
static SETTINGS: Words = Words::new(|| {
    word_set(
        "basic bearer oauth oauth1 oauth2 oauth2.0 oidc openid saml saml2 digest ntlm negotiate kerberos ldap jwt apikey \
    api_key api-key token tokens hmac mtls tls ssl ssh sso mfa totp otp webauthn passkey passkeys password cookie cookies session \
    header headers query body anonymous custom manual auto automatic external internal inherit inherited default client_credentials \
    authorization_code implicit device_code refresh_token scram-sha-256 scram trust peer certificate cert aws iam service_account \
    magic_link secret hs256 hs384 hs512 rs256 rs384 rs512 es256 eddsa sha1 sha256 sha512 md5 bcrypt argon2 argon2id aes256 strict lax secure \
    httponly include omit same-origin required optional enabled disabled active inactive expired revoked rotated pending valid invalid \
    set present missing hidden redacted masked encrypted changed reset deleted removed created updated string str integer number boolean \
    object array text email uuid password_hash signature hmac-sha256 aws4 private_key public_key public private static dynamic vault \
    environment env file keychain keyring app user bot system global local internal accept reject allow deny all any never always accepted rejected necessary essential functional analytics marketing statistics preferences",
    )
});

fn is_listed(words: &Words, text: &str) -> bool {
    // Most values are longer than every listed word: they need no look-up.
    text.len() < 24 && words.contains(text.to_ascii_lowercase().as_str())
}

/// Whether a value under a key of this class is certainly no credential.
pub(super) fn is_harmless(value: &Json, name: &KeyName, class: NameClass) -> bool {
    match value {
        Json::Null | Json::Bool(_) => true,
        Json::String(text) => is_harmless_text(text, class),
        Json::Number(digits) => {
            let length = digits.trim_start_matches('-').len();
            let longest = match (class == NameClass::Password, name.is_plural) {
                (true, true) => 3,
                (true, false) => 0,
                (false, true) => 10,
                (false, false) => 4,
            };
            length <= longest
        }
        Json::Array(items) => items.iter().all(|item| is_harmless(item, name, class)),
        // Perhaps the object only describes a credential: a schema, or a reference by name.
        Json::Object(members) => members.iter().all(|(key, value)| {
            let own = KeyName::of(key);
            let class = if own.class == NameClass::Ordinary { NameClass::Key } else { own.class };
            !contains_credential(key) && (is_harmless(value, &own, class) || is_rule_member(key, value))
        }),
    }
}

/// Whether a member is part of a rule for the values of a field: `{"pattern": "^.{12,}$", "message": "too short"}`.
pub(super) fn is_rule_member(key: &str, value: &Json) -> bool {
    let Json::String(text) = value else { return false };
    match key {
        "pattern" | "regex" => text.starts_with('^') && text.ends_with('$'),
        "message" => text.contains(' ') && is_wordlike(text),
        _ => false,
    }
}

/// Whether a key contains the credential itself, as it was sent or redacted. The object then does not only describe one.
fn contains_credential(key: &str) -> bool {
    let name = before_value(key);
    looks_generated(key)
        || name.len() < key.len() && looks_generated(&format!("{}{REDACTED}", &key[..=name.len()]))
}

/// The part of a key before a value in it: `aws` in `aws:region`.
pub(super) fn before_value(key: &str) -> &str {
    key.find(['=', ':']).map_or(key, |at| &key[..at])
}

/// Whether a word is a setting, or the state of a credential: `basic`, `expired`.
pub(super) fn is_known_word(text: &str) -> bool {
    is_listed(&ABSENT, text) || is_listed(&SETTINGS, text)
}

/// Whether a text under a key of this class is certainly no credential.
pub(super) fn is_harmless_text(text: &str, class: NameClass) -> bool {
    let text = text.trim();
    if text.is_empty()
        || is_only_markers(text)
        || is_listed(&ABSENT, text)
        || is_masked(text)
        || is_reference(text)
    {
        return true;
    }
    if text.len() < 8 && !text.contains(|c: char| c.is_alphanumeric()) {
        // `[]`, `()`, `{`: part of a program.
        return true;
    }
    if is_validation(text) || is_required_type(text) {
        return true;
    }
    if class == NameClass::Password {
        return false;
    }
    is_listed(&SETTINGS, text)
        || text.len() <= 4 && text.bytes().all(|byte| byte.is_ascii_digit())
        || is_time(text)
        || is_plain_url(text)
        || is_header_name(text)
        || is_challenge(text)
}

/// Whether a text is a challenge that names only its realm: `Basic realm="Warehouse"`.
fn is_challenge(text: &str) -> bool {
    let realm = text.split_once(' ').and_then(|(_, rest)| rest.trim_start().strip_prefix("realm="));
    realm.is_some_and(|realm| is_wordlike(realm) && !realm.contains([',', '=']))
}

/// Whether a text is a required type in GraphQL: `String!`, `[ID!]!`.
fn is_required_type(text: &str) -> bool {
    let inner = text.strip_suffix('!').map(|text| text.trim_matches(['[', ']', '!']));
    inner.is_some_and(|kind| matches!(kind, "String" | "ID" | "Int" | "Float" | "Boolean"))
}

/// Whether a text is a rule for the values of a field: `required|string|min:8`.
pub(super) fn is_validation(text: &str) -> bool {
    let is_rule = |rule: &str| {
        let (name, argument) = rule.split_once(':').unwrap_or((rule, ""));
        !name.is_empty()
            && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
            && argument.bytes().all(|byte| byte.is_ascii_digit() || byte == b',')
    };
    let is_known = |rule: &str| {
        matches!(rule, "required" | "string" | "nullable" | "sometimes" | "confirmed" | "optional")
    };
    text.contains('|') && text.split('|').all(is_rule) && text.split('|').any(is_known)
}

/// Whether a text is a mask or a placeholder: `********`, `<your password>`.
fn is_masked(text: &str) -> bool {
    let inner = |open, close| text.strip_prefix(open).and_then(|text: &str| text.strip_suffix(close));
    if let Some(inner) = inner('<', '>') {
        return inner.len() < 64
            && inner.chars().all(|c| c.is_alphabetic() || matches!(c, ' ' | '_' | '-' | '.'));
    }
    // `(unchanged)`, `(sensitive value)`
    if let Some(inner) = inner('(', ')') {
        const STATES: [&str; 4] = ["unchanged", "known", "not", "value"];
        return inner.len() < 32
            && inner
                .split(' ')
                .any(|word| STATES.contains(&word) || is_known_word(word) || word == "sensitive")
            && inner.chars().all(|c| c.is_ascii_lowercase() || c == ' ');
    }
    if is_placeholder(text) {
        return true;
    }
    text.chars().all(|c| matches!(c, '*' | '•' | '●' | '.' | '…' | '_' | '-' | '#'))
        || text.len() >= 3 && text.chars().all(|c| matches!(c, 'x' | 'X'))
}

/// Whether a text asks for the value: `YOUR_API_KEY`, `your-password-here`, `REPLACE_ME`.
fn is_placeholder(text: &str) -> bool {
    let is_asking =
        |prefix: &&str| text.get(..prefix.len()).is_some_and(|it| it.eq_ignore_ascii_case(prefix));
    text.len() < 40
        && text.bytes().all(|byte| byte.is_ascii_alphabetic() || matches!(byte, b'_' | b'-'))
        && ["your_", "your-", "replace_", "insert_"].iter().any(is_asking)
}

/// Whether a text is the name of a header and not its value: `X-Api-Key`.
fn is_header_name(text: &str) -> bool {
    let is_spelled = text.starts_with(|c: char| c.is_ascii_uppercase())
        && text.len() < 40
        && text.bytes().all(|byte| byte.is_ascii_alphabetic() || byte == b'-')
        && (text.contains('-') || matches!(text, "Authorization" | "Cookie"));
    is_spelled && KeyName::of(text).class.is_credential()
}

/// Whether a text is a date, or a date and a time, as in RFC 3339. The whole text must be one, because a text that only
/// begins like a time may contain anything.
pub(super) fn is_time(text: &str) -> bool {
    #[expect(clippy::expect_used, reason = "the pattern is a constant, and the tests compile it")]
    static TIME: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(
            r"^[0-9]{4}-[0-9]{2}-[0-9]{2}([Tt ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,9})?)?( ?([Zz]|[+-][0-9]{2}(:?[0-9]{2})?))?)?$",
        )
        .expect("a constant pattern")
    });
    text.len() <= 40 && TIME.is_match(text)
}

/// Whether a text is a URL or a path of plain words, without a user.
fn is_plain_url(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once("://") else {
        return text.starts_with('/') && text.matches('/').count() > 1 && is_wordlike(text);
    };
    scheme.len() < 12
        && scheme.bytes().all(|byte| byte.is_ascii_alphabetic())
        && !rest.contains(['@', ' '])
        && is_wordlike(rest)
}

/// Whether a value looks generated or chosen as a password: one word of mixed letters and digits that is no date,
/// identifier, address or reference.
pub(super) fn looks_generated(text: &str) -> bool {
    let text = trim_punctuation(text);
    if text.len() < 6 || text.contains(char::is_whitespace) || is_wordlike(text) {
        return false;
    }
    !(is_time(text)
        || is_uuid(text)
        || is_email(text)
        || is_plain_url(text)
        || is_only_markers(text)
        || is_reference(text))
}

/// Whether a word is certainly generated: a run of ten or more letters and digits changes between the two three times or
/// more, or a run of sixteen or more changes between capitals, small letters and digits at two of five places.
pub(super) fn is_random(word: &str) -> bool {
    let changes = |run: &str, kind: fn(u8) -> u8| {
        run.as_bytes().windows(2).filter(|pair| kind(pair[0]) != kind(pair[1])).count()
    };
    let is_digit = |byte: u8| u8::from(byte.is_ascii_digit());
    let case = |byte: u8| u8::from(byte.is_ascii_digit()) + 2 * u8::from(byte.is_ascii_uppercase());
    word.split(|c: char| !c.is_ascii_alphanumeric()).any(|run| {
        run.len() >= 10 && changes(run, is_digit) >= 3
            || run.len() >= 16 && changes(run, case) * 5 >= run.len() * 2
    }) && looks_generated(word)
}

/// Whether a word is a credential where a sentence announces one: anything but a word, number, time, ticket or address.
pub(super) fn is_secret_word(text: &str) -> bool {
    let text = trim_punctuation(text).trim_matches(['[', ']', '{', '}']);
    let is_plain = |c: char| c.is_alphabetic() || matches!(c, '-' | '_' | '.' | '/' | '\'' | '’');
    if text.len() < 4 || text.chars().all(is_plain) && !looks_generated(text) {
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
        || is_harmless_text(text, NameClass::Key))
}

/// A word without the quotes and the punctuation around it.
pub(super) fn trim_punctuation(text: &str) -> &str {
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
        !user.is_empty() && !user.contains([':', '/']) && host.contains('.') && is_wordlike(host)
    })
}

/// Whether a text is more likely a word than a credential: short, of letters and `-_./`, no mixed case after the first letter.
pub(super) fn looks_like_word(text: &str) -> bool {
    let word = text.trim_end_matches(['.', '!', '?', ')']);
    let joins = |c: char| matches!(c, '-' | '_' | '.' | '/');
    let mut letters = word.chars().filter(|&c| !joins(c));
    letters.next();
    let rest: Vec<char> = letters.collect();
    word.len() < 24
        && word.chars().all(|c| c.is_alphabetic() || joins(c))
        && !(rest.iter().any(|c| c.is_uppercase()) && rest.iter().any(|c| c.is_lowercase()))
}
