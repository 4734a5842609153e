//! Sentences that tell a credential: `the password is x7Yz`, `new token for svc: x7Yz`, `login svc password x7Yz`.
//!
//! Only what is no word, number, date or ticket counts here, and only where the sentence says that it comes.

use std::sync::LazyLock;

use regex::Regex;

use super::judge::is_code;
use super::scan::Scan;
use super::values::{is_told, looks_made, trimmed};
use super::{expressions, heads, marks};

/// The nouns that are looked for in sentences; their last words, where there are several.
const NOUNS: &str = "passwords?|passwd|passphrase|passcode|passwort|pwd|pw|secret|tokens?|api[ _-]?key|access[ _-]?key|private key|credentials?|creds|pin|otp|\
    contraseña|clave|mot de passe|mdp|jeton|kennwort|senha|segredo|parola d[’']ordine|segreto|hasło|пароль|токен|секрет|密码|パスワード|\
    bearer|authorization";
/// Words that may stand between the noun and what it is.
const FILLERS: &[&str] = &[
    "is", "was", "to", "as", "set", "changed", "now", "new", "be", "reads", "equals", "from", "with",
    "using", "ist", "lautet", "war", "est", "était", "es", "era", "é", "è", "jest", "to:", "-", "–", "—",
    "was:", "is:", "are", "/", "=:", "это", "是", "は", "val", "value", "called", "use", "via", "becomes",
    "sat", "0", "5", "7", "8", "9",
];
/// How many words there may be before a colon that follows the noun: `password for the new db: …`.
const MAX_WORDS: usize = 6;

#[expect(clippy::expect_used, reason = "the pattern is a constant, and the tests of this module compile it")]
static NOUN: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(&format!("(?i)(?:{NOUNS})")).expect("a constant pattern"));

#[expect(clippy::expect_used, reason = "the pattern is a constant, and the tests of this module compile it")]
static JOINED: LazyLock<Regex> = LazyLock::new(|| {
    let nouns = "密码|密碼|口令|令牌|密钥|密鑰|私钥|暗号|パスワード|トークン|シークレット|暗証番号|秘密鍵|비밀번호|암호|토큰";
    Regex::new(&format!(
        "(?:{nouns})[\\s]*(?:是|为|為|改为|は|が|을|는|가|=|:|：|「|“)*[\\s]*(?P<value>[!-~]{{4,}})"
    ))
    .expect("a constant pattern")
});

/// Hides what sentences tell.
pub(super) fn find(scan: &mut Scan<'_>) {
    let text = scan.text;
    let mut done = 0;
    for noun in NOUN.find_iter(text) {
        if noun.start() < done {
            continue;
        }
        let before = text[..noun.start()].chars().next_back();
        let after = text[noun.end()..].chars().next();
        let is_within = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
        if is_within(before) && noun.as_str().is_ascii() || is_within(after) {
            continue;
        }
        // `$password`, `path/to/token`, `--token`: read elsewhere, or no sentence.
        if before.is_some_and(|c| matches!(c, '$' | '.' | '/' | '-' | '{' | '%' | '=')) {
            continue;
        }
        if let Some(end) = tell(scan, noun.start(), noun.end()) {
            done = end;
        }
    }
}

/// Hides what stands behind a noun in languages that part no words: `新密码是…`, `パスワードは…です`.
pub(super) fn find_joined(scan: &mut Scan<'_>) {
    for found in JOINED.captures_iter(scan.text) {
        if let Some(value) = found.name("value")
            && is_told(value.as_str())
        {
            scan.hide(value.range());
        }
    }
}

/// Looks for what a noun is said to be. Returns where it ends, when it was hidden.
fn tell(scan: &mut Scan<'_>, noun: usize, from: usize) -> Option<usize> {
    let text = scan.text;
    let line = &text[from..heads::floor(text, from + 200)];
    let line = &line[..line.find('\n').unwrap_or(line.len())];
    let is_login = is_login(&text[heads::floor(text, noun.saturating_sub(64))..noun]);
    let mut words = line.split([' ', '\t']).scan(0, |at, word| {
        let start = *at;
        *at += word.len() + 1;
        Some((from + start, word))
    });
    let is_pair = text[noun..from].to_ascii_lowercase().starts_with("cred");
    let mut is_direct = true;
    let mut fillers = 0;
    for (index, (at, word)) in words.by_ref().enumerate() {
        let bare = trimmed(word);
        if index > MAX_WORDS {
            return None;
        }
        if bare.is_empty() || FILLERS.contains(&word) || is_direct && FILLERS.contains(&bare) {
            fillers += usize::from(!word.is_empty());
            is_direct |= word.ends_with(':') || word == "is";
            continue;
        }
        if index == 0 {
            // What is joined to the noun is no word of its own: `password-policy`, `token=…`.
            if !word.is_empty() && !word.starts_with(['"', '”', '“', '»', '\'', ')', ',', ':', '(']) {
                return None;
            }
        }
        if bare.contains(['=', '<', '>', '{', '(']) {
            return None;
        }
        let is_found = if is_direct {
            is_told(word) && !(fillers == 0 && is_plain_next(word))
                || is_login && fillers == 0 && !bare.is_empty() && index <= 1
        } else {
            looks_made(word)
        };
        if is_found && (is_direct || is_pair || ends_with_colon(line, at - from)) {
            let start = at + word.find(bare).unwrap_or(0);
            // Marks at its end may belong to it: `x7Yz9!`.
            let mut place = start..start + bare.len();
            if at + word.len() == from + line.len() {
                // The line was read up to here only, and the word may go on.
                place.end += text[place.end..].find(char::is_whitespace).unwrap_or(text.len() - place.end);
            }
            if marks::is_marked(bare)
                || is_code(&text[at..])
                || word.starts_with(['{', '$', '<', '%', '[', '&'])
                || expressions::is_reference(bare)
            {
                return None;
            }
            scan.hide(place.clone());
            return Some(place.end);
        }
        if is_direct && word.ends_with(['.', '!', '?', ';', ',']) {
            return None;
        }
        is_direct = false;
    }
    None
}

/// Whether the words before a place end with a colon: `password for the db: …`.
fn ends_with_colon(line: &str, at: usize) -> bool {
    let before = line[..at].trim_end();
    before.ends_with([':', '=', '→'])
        || before.ends_with(" is")
        || before.ends_with(" to")
        || before.ends_with("->")
}

/// Directly behind the noun stands often the name of something: `token svc-7f`; only what is surely made counts there.
fn is_plain_next(word: &str) -> bool {
    !looks_made(word)
}

/// Whether a `.netrc` stands before: `login svc password x`.
fn is_login(before: &str) -> bool {
    let mut words = before.split_whitespace().rev().take(4);
    words.any(|word| matches!(word, "login" | "account"))
}
