//! Redacts credentials in sentences: `the password is x7Yz`, `new token for svc: x7Yz`, `login svc password x7Yz`.
//!
//! Only a text that is no word, number, date or ticket counts, and only where the sentence announces a value.

use std::sync::LazyLock;

use regex::Regex;

use crate::model::redaction::classifier::is_code;
use crate::model::redaction::markers::is_only_markers;
use crate::model::redaction::references::is_reference;
use crate::model::redaction::text::scan::{TextScan, find_or_end, regex};
use crate::model::redaction::values::{is_secret_word, looks_generated, trim_punctuation};

/// Words between a noun and its value.
const FILLERS: &[&str] = &[
    "is", "was", "to", "as", "set", "changed", "now", "new", "be", "reads", "equals", "from", "with",
    "using", "ist", "lautet", "war", "est", "était", "es", "era", "é", "è", "jest", "to:", "-", "–", "—",
    "was:", "is:", "are", "/", "=:", "это", "是", "は", "val", "value", "called", "use", "via", "becomes",
    "sat", "0", "5", "7", "8", "9",
];
/// The most words between a noun and a colon: `password for the new db: …`.
const MAX_WORDS: usize = 6;
/// How far a sentence is read after a noun, in bytes.
const MAX_SENTENCE: usize = 200;

/// The nouns; the last words of those that have several.
static NOUN: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        "(?i)(?:passwords?|passwd|passphrase|passcode|passwort|pwd|pw|secret|tokens?|api[ _-]?key|access[ _-]?key|private key|\
         credentials?|creds|pin|otp|contraseña|clave|mot de passe|mdp|jeton|kennwort|senha|segredo|parola d[’']ordine|segreto|\
         hasło|пароль|токен|секрет|密码|パスワード|bearer|authorization)",
    )
});

static UNSPACED: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        "(?:密码|密碼|口令|令牌|密钥|密鑰|私钥|暗号|パスワード|トークン|シークレット|暗証番号|秘密鍵|비밀번호|암호|토큰)\
         [\\s]*(?:是|为|為|改为|は|が|을|는|가|=|:|：|「|“)*[\\s]*(?P<value>[!-~]{4,})",
    )
});

pub(super) fn detect(scan: &mut TextScan<'_>) {
    let text = scan.text;
    let mut done = 0;
    for noun in NOUN.find_iter(text) {
        if noun.start() < done {
            continue;
        }
        let before = text[..noun.start()].chars().next_back();
        let after = text[noun.end()..].chars().next();
        let is_part_of_word = before.is_some_and(char::is_alphanumeric) && noun.as_str().is_ascii()
            || after.is_some_and(char::is_alphanumeric);
        // `$password`, `path/to/token` and `--token` belong to other formats.
        let is_identifier = before.is_some_and(|c| matches!(c, '$' | '.' | '/' | '-' | '{' | '%' | '='));
        if !is_part_of_word
            && !is_identifier
            && let Some(end) = redact_announced(scan, noun.start(), noun.end())
        {
            done = end;
        }
    }
}

/// Redacts the value after a noun in languages without spaces between words: `新密码是…`, `パスワードは…です`.
pub(super) fn detect_unspaced(scan: &mut TextScan<'_>) {
    scan.redact_matches(&UNSPACED, is_secret_word);
}

/// Redacts the value that the words after a noun announce. Returns where the value ends.
fn redact_announced(scan: &mut TextScan<'_>, noun: usize, from: usize) -> Option<usize> {
    let text = scan.text;
    let line = &text[from..text.floor_char_boundary(from + MAX_SENTENCE)];
    let line = &line[..find_or_end(line, 0, |c| c == '\n')];
    let is_netrc = is_netrc(&text[text.floor_char_boundary(noun.saturating_sub(64))..noun]);
    let is_pair = text[noun..from].to_ascii_lowercase().starts_with("cred");
    // Whether only fillers stand between the noun and the word.
    let mut is_direct = true;
    let mut fillers = 0;
    let mut next = from;
    for (index, word) in line.split([' ', '\t']).enumerate() {
        let at = next;
        next += word.len() + 1;
        let bare = within_quotes(word).unwrap_or_else(|| trim_punctuation(word));
        if index > MAX_WORDS {
            return None;
        }
        if bare.is_empty() || FILLERS.contains(&word) || is_direct && FILLERS.contains(&bare) {
            fillers += usize::from(!word.is_empty());
            is_direct |= word.ends_with(':') || word == "is";
            continue;
        }
        // A text joined to the noun is part of another format: `password-policy`, `token=…`.
        let is_joined = index == 0 && !word.starts_with(['"', '”', '“', '»', '\'', ')', ',', ':', '(']);
        if is_joined || bare.contains(['=', '<', '>', '{', '(']) {
            return None;
        }
        let is_value = if is_direct {
            // Directly after the noun, a plain word is often the name of something: `token svc-7f`.
            is_secret_word(bare) && (fillers > 0 || looks_generated(bare))
                || is_netrc && fillers == 0 && index <= 1
        } else {
            looks_generated(bare)
        };
        if is_value && (is_direct || is_pair || announces(&line[..at - from])) {
            let start = at + word.find(bare).unwrap_or(0);
            // Punctuation at the end may belong to the value: `x7Yz9!`.
            let mut range = start..start + bare.len();
            if at + word.len() == from + line.len() && within_quotes(word).is_none() {
                // The line was cut here, and the word may continue.
                range.end = find_or_end(text, range.end, char::is_whitespace);
            }
            if is_only_markers(bare)
                || is_code(&text[at..])
                || word.starts_with(['{', '$', '<', '%', '[', '&'])
                || is_reference(bare)
                || word.starts_with('!') && is_reference(line[at - from..].trim_end())
            {
                return None;
            }
            scan.redact(range.clone());
            return Some(range.end);
        }
        if is_direct && word.ends_with(['.', '!', '?', ';', ',']) {
            return None;
        }
        is_direct = false;
    }
    None
}

/// The text between the quotes at the start of a word: `"x7Yz"}`.
fn within_quotes(word: &str) -> Option<&str> {
    let quote = word.chars().next().filter(|c| matches!(c, '"' | '\'' | '`'))?;
    word[1..].split_once(quote).map(|(inner, _)| inner).filter(|inner| !inner.is_empty())
}

/// Whether the end of these words announces a value: `password for the db: …`.
fn announces(words: &str) -> bool {
    let words = words.trim_end();
    words.ends_with([':', '=', '→']) || [" is", " to", "->"].iter().any(|end| words.ends_with(end))
}

/// Whether these words are the login in a line of a `.netrc` file: `login svc password x`.
fn is_netrc(before: &str) -> bool {
    let mut words = before.split_whitespace().rev().take(4);
    words.any(|word| matches!(word, "login" | "account"))
}
