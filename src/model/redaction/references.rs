//! Recognizes values that only refer to a credential: `$secret.NAME`, `${VAR}`, `vault:path`, `row.Token`, `getenv("X")`.

use crate::model::redaction::names::is_noun;
use crate::model::redaction::normalize::is_wordlike;
use crate::model::redaction::vocabulary::{Words, word_set};

/// Authentication schemes. They are listed, because any other word before a reference may be a password.
static SCHEMES: Words = Words::new(|| {
    word_set(
        "bearer basic token apikey api-key key jwt digest oauth negotiate ntlm splunk ssws hawk kerberos \
         geniekey aws4-hmac-sha256 sso-key discogs bot mac hmac signature private-token",
    )
});
/// First names of dotted paths in programs and templates.
static ROOTS: Words = Words::new(|| {
    word_set(
        "headers header row self this config cfg conf env process os params request req res response user input output \
         data event ctx context item items record trigger vars var local secrets steps body payload \
         settings options args state props module inputs outputs source target account customer lookup \
         msg message session app form query values $secret system import",
    )
});
/// Functions that look up the credential their argument names.
static LOOKUPS: Words = Words::new(|| {
    word_set(
        "getenv env get lookup secret fetch config vault environ var param ref getsecret getproperty \
         encode decode trim strip split parse format input prompt getpass readline \
         getstring getheader getparameter getattribute getfield getvalue getsecretvalue getoption getitem header \
         lookupvalue resolve load read readfile require param getparam accesssecretversion",
    )
});
/// Stores of secrets, before the colon of a reference.
static STORES: Words = Words::new(|| {
    word_set(
        "vault env secret secrets secretref ref ssm file op arn aws awssm gcp gcpsm akv azure keyvault \
         keyring keychain doppler k8s kubernetes bitwarden bws sops config parameter infisical ref+vault \
         awsssm sm secretkeyref secretKeyRef valueFrom resolve",
    )
});
/// The deepest nesting of calls that is parsed.
const MAX_DEPTH: usize = 4;
/// The longest expression that is parsed, in bytes.
const MAX_LENGTH: usize = 256;

/// Whether a word is an authentication scheme, which may stand between a header's name and its credential.
pub(super) fn is_scheme(word: &str) -> bool {
    // No scheme is longer.
    word.len() <= 16 && SCHEMES.contains(word.to_ascii_lowercase().as_str())
}

/// Whether a text is only a reference to a credential, perhaps after an authentication scheme.
pub(super) fn is_reference(text: &str) -> bool {
    let text = without_scheme(text.trim());
    !text.is_empty()
        && text.len() <= MAX_LENGTH
        && (is_store_path(text) || is_template(text) || is_expression(text))
}

fn without_scheme(text: &str) -> &str {
    match text.split_once([' ', '\t']) {
        Some((word, rest)) if is_scheme(word) => rest.trim_start(),
        _ => text,
    }
}

/// The length of the expression at the start of a text, when the next character ends a value.
pub(super) fn leading_expression(text: &str) -> Option<usize> {
    let length = expression(&text[..text.floor_char_boundary(MAX_LENGTH)], 0)?;
    let follows = text[length..].chars().next();
    follows
        .is_none_or(|c| c.is_whitespace() || matches!(c, ';' | ',' | ')' | '}' | ']' | '&' | '?'))
        .then_some(length)
}

/// Whether a text begins with a template after which a value ends: `{{ vault.password }}`.
pub(super) fn begins_with_template(text: &str) -> bool {
    let Some((open, close)) = BRACKETS.iter().find(|(open, _)| text.starts_with(open)) else { return false };
    let Some(at) = text.find(close).filter(|&at| at >= open.len() && at < MAX_LENGTH) else { return false };
    let end = at + close.len();
    let follows = text[end..].chars().next();
    follows.is_none_or(|c| c.is_whitespace() || matches!(c, '"' | '\'' | ';' | ',' | ')' | '&' | '@' | '/'))
        && is_template(&text[..end])
}

fn is_expression(text: &str) -> bool {
    expression(text, 0) == Some(text.len())
}

/// Whether a text is a path in a store of secrets: `vault:secret/data/crm#token`, `op://vault/item/field`, `arn:aws:secretsmanager:…`, `@Microsoft.KeyVault(…)`.
fn is_store_path(text: &str) -> bool {
    if text.starts_with("@Microsoft.KeyVault(") || text.starts_with("#/") {
        return is_wordlike(text);
    }
    // A file or a URL of a store: `/run/secrets/db`, `https://x.vault.azure.net/secrets/db`.
    if text.starts_with('/') || text.starts_with("https://") && text.contains(".vault.") {
        return text.contains("/secrets/") && !text.contains(['@', '?', ' ']) && is_wordlike(text);
    }
    // A tag of YAML: `!Ref DbPassword`, `!secret db`.
    if let Some(tag) = text.strip_prefix('!') {
        const TAGS: [&str; 8] = ["Ref", "GetAtt", "ImportValue", "secret", "env_var", "env", "ENV", "vault"];
        let Some((tag, value)) = tag.split_once(' ') else { return false };
        let value = value.trim().trim_matches(['"', '\'']);
        let has_template = || value.contains("${") || value.contains("{{resolve:");
        return tag == "Sub" && (is_template(value) || has_template() && is_wordlike(value))
            || TAGS.contains(&tag) && !value.is_empty() && (is_wordlike(value) || is_template(value));
    }
    if let Some(path) = text.strip_prefix("projects/") {
        return path.contains("/secrets/") && is_wordlike(path);
    }
    let Some((store, path)) = text.split_once(':') else { return false };
    let is_path = path.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-./#:+@?=".contains(&byte));
    !path.is_empty() && is_path && !path.contains('@') && STORES.contains(store) && is_wordlike(path)
}

/// The delimiters of templates.
const BRACKETS: &[(&str, &str)] = &[
    ("${{", "}}"),
    ("{{", "}}"),
    ("${", "}"),
    ("$(", ")"),
    ("#{", "}"),
    ("<%", "%>"),
    ("%(", ")s"),
    ("%", "%"),
    ("{", "}"),
];

/// Whether a text consists of templates and the punctuation between them: `${VAR}`, `$(command)`, `{{ expression }}`,
/// `%VAR%`, `<%= … %>`, `:name`, `?`.
fn is_template(text: &str) -> bool {
    if text == "?" {
        return true;
    }
    if let Some(name) = text.strip_prefix([':', '@']) {
        return is_name(name)
            && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
            && is_wordlike(name);
    }
    // `__DB_PASSWORD__`
    if let Some(name) = text.strip_prefix("__").and_then(|text| text.strip_suffix("__")) {
        return name.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_') && is_noun(name);
    }
    let mut rest = if text.starts_with("#{") { text.trim_end_matches('#') } else { text };
    let mut parts = 0;
    while !rest.is_empty() {
        let sign = |c: char| matches!(c, ':' | '/' | '-' | '_' | '.' | ' ' | '@');
        rest = rest.trim_start_matches(sign);
        let Some((open, close)) = BRACKETS.iter().find(|(open, _)| rest.starts_with(open)) else {
            return rest.is_empty() && parts > 0;
        };
        let inner = &rest[open.len()..];
        let Some(end) = inner.find(close) else { return false };
        // A literal or a default value may be the credential: `${DB_PASSWORD:-hunter2}`.
        let content = inner[..end].trim();
        let has_literal = content.is_empty()
            || content.contains(['"', '\'']) && !is_expression(content)
            || content.contains(":-")
            || content.contains("||");
        let is_named = *open != "{" && *open != "%" || is_name(content);
        if has_literal || !is_named || !is_wordlike(content) {
            return false;
        }
        rest = &inner[end + close.len()..];
        parts += 1;
    }
    parts > 0
}

fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// The length of the path, call or variable at the start of a text.
fn expression(text: &str, depth: usize) -> Option<usize> {
    if depth == MAX_DEPTH {
        return None;
    }
    let path = path(text);
    // `headers.X-API-Key`
    if let Some(name) = path.strip_prefix("headers.")
        && text[path.len()..].starts_with('-')
    {
        let end = text[path.len()..].find(|c: char| !(c.is_ascii_alphabetic() || c == '-'));
        let end = end.map_or(text.len(), |end| path.len() + end);
        let is_word = is_wordlike(name) && is_wordlike(&text[path.len()..end]);
        return is_word.then_some(end);
    }
    let begins = path.starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '_' | '$'));
    if !begins || !(is_wordlike(path) || path.starts_with("$secret.")) {
        return None;
    }
    let bytes = text.as_bytes();
    let mut end = path.len();
    let mut is_expression = is_variable(path) || is_dotted(path) || path.contains("::");
    loop {
        // `Token![if](span)`: a macro.
        let open = end + usize::from(bytes.get(end) == Some(&b'!'));
        let Some(bracket) = bytes.get(open).copied().filter(|open| matches!(open, b'(' | b'[')) else {
            break;
        };
        let is_lookup = bracket == b'[' || path.rsplit(['.', ':']).next().is_some_and(is_lookup);
        end = arguments(text, open, is_lookup, depth)?;
        is_expression = true;
        // `row.map(x).token`
        if bytes.get(end) == Some(&b'.') {
            let tail = self::path(&text[end + 1..]);
            if is_wordlike(tail) {
                end += 1 + tail.len();
            }
        }
    }
    is_expression.then_some(end)
}

/// The names joined by `.` or `::` at the start of a text.
fn path(text: &str) -> &str {
    let mut end = 0;
    for (at, c) in text.char_indices() {
        let is_joint = c == ':' && (text[at + 1..].starts_with(':') || text[..at].ends_with(':'));
        if !(c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '$') || is_joint) {
            break;
        }
        end = at + c.len_utf8();
    }
    text[..end].trim_end_matches(['.', ':'])
}

/// Whether a text begins with names of letters joined by dots, as in programs: `Name.Function`.
pub(super) fn begins_with_names(text: &str) -> bool {
    let path = path(text);
    let follows = text[path.len()..].chars().next();
    path.contains('.')
        && path.split('.').all(|name| is_name(name) && !name.bytes().any(|byte| byte.is_ascii_digit()))
        && is_wordlike(path)
        && follows.is_none_or(|c| c.is_whitespace() || matches!(c, ';' | ',' | ')'))
}

fn is_lookup(function: &str) -> bool {
    let function = function.to_ascii_lowercase().replace('_', "");
    LOOKUPS.contains(function.as_str())
}

/// The index after the brackets at `open`. They may contain expressions, words and short numbers, and in a lookup also
/// quoted words.
fn arguments(text: &str, open: usize, is_lookup: bool, depth: usize) -> Option<usize> {
    let close = if text.as_bytes()[open] == b'(' { ')' } else { ']' };
    let mut at = open + 1;
    loop {
        at = text.len() - text[at..].trim_start_matches([' ', ',', ':', '&', '*', '!', '+']).len();
        let next = text[at..].chars().next()?;
        at += match next {
            c if c == close => return Some(at + 1),
            '"' | '\'' if is_lookup => {
                let end = text[at + 1..].find(next)?;
                is_wordlike(&text[at + 1..at + 1 + end]).then_some(end + 2)?
            }
            c if c.is_ascii_digit() => {
                text[at..].find(|c: char| !c.is_ascii_digit()).filter(|&length| length <= 6)?
            }
            _ => {
                // `get_secret(SecretId='prod/db')`
                let name = text[at..].find(|c: char| !(c.is_ascii_alphabetic() || c == '_')).unwrap_or(0);
                let is_named = text[at + name..].starts_with('=') && !text[at + name..].starts_with("==")
                    || is_lookup && text[at + name..].starts_with(':');
                if name > 0 && is_named {
                    at += name + 1;
                    continue;
                }
                let length = expression(&text[at..], depth + 1);
                length.or_else(|| {
                    let length = text[at..]
                        .find(|c: char| !(c.is_ascii_alphabetic() || matches!(c, '_' | '.')))
                        .filter(|&length| length > 0)?;
                    is_wordlike(&text[at..at + length]).then_some(length)
                })?
            }
        };
    }
}

/// Whether a path is a variable: `$TOKEN`, `$password`. A name in mixed case may be a value, unless it is a noun.
fn is_variable(path: &str) -> bool {
    let Some(name) = path.strip_prefix('$') else { return false };
    let one_case = !(name.bytes().any(|byte| byte.is_ascii_lowercase())
        && name.bytes().any(|byte| byte.is_ascii_uppercase()));
    if let Some(secret) = name.strip_prefix("secret.") {
        return secret.starts_with(|c: char| c.is_ascii_uppercase())
            && secret.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_');
    }
    is_name(name) && (one_case || is_noun(name)) || name.contains('.') && is_dotted(name)
}

/// Whether a path has a usual first name or ends with the name of a credential: `row.Token`, `process.env.API_KEY`.
fn is_dotted(path: &str) -> bool {
    let Some((root, rest)) = path.split_once('.') else { return false };
    let last = rest.rsplit('.').next().unwrap_or(rest);
    path.split('.').all(is_name)
        && (ROOTS.contains(root.trim_start_matches('$').to_ascii_lowercase().as_str())
            || is_noun(last)
            || last == "length")
}
