//! Which keys name a credential: by their last words, whatever the case, the separators and look-alike letters.
//!
//! The head of an English compound stands last: `bearer_token` is a token, `token_expires_at` is a time and
//! `secret_name` a name. So a key names a credential when it ends with the noun of one.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

/// What a credential is called, letters only.
const NOUNS: &[&str] = &[
    "password",
    "passwords",
    "passwd",
    "passphrase",
    "passcode",
    "pwd",
    "secret",
    "secrets",
    "token",
    "tokens",
    "jwt",
    "bearer",
    "authorization",
    "authentication",
    "cookie",
    "cookies",
    "credential",
    "credentials",
    "apikey",
    "apikeys",
    "privatekey",
    "privatekeys",
    "secretkey",
    "accesskey",
    "accesskeyid",
    "signingkey",
    "encryptionkey",
    "masterkey",
    "sharedkey",
    "accountkey",
    "subscriptionkey",
    "functionskey",
    "sshkey",
    "authkey",
    "clientkey",
    "hmackey",
    "serviceaccountkey",
    "recoverycode",
    "recoverycodes",
    "backupcode",
    "backupcodes",
    "otp",
    "totp",
    "sessionid",
    "sessid",
    "passkey",
    "deploykey",
    "basicauth",
    "seedphrase",
    "mnemonic",
    "amzsignature",
    "googsignature",
];

/// Words that may follow the noun without changing what it is.
const QUALIFIERS: &[&str] = &[
    "value",
    "values",
    "hash",
    "plain",
    "plaintext",
    "text",
    "raw",
    "base64",
    "b64",
    "encoded",
    "encrypted",
    "old",
    "new",
    "current",
    "previous",
    "confirmation",
    "confirm",
    "header",
    "data",
    "string",
];

/// Words before `token` that make it a measure of text and not a credential.
const MEASURES: &[&str] =
    &["max", "min", "maximum", "minimum", "num", "count", "total", "prompt", "completion", "used"];

/// Words that end with the letters of a noun and are none of it.
const INNOCENT: &[&str] =
    &["secretary", "requiresauthentication", "requireauthentication", "twofactorauthentication"];

/// The longest key that is remembered, in bytes, and how many are: keys come from outside.
const MAX_REMEMBERED: (usize, usize) = (64, 1024);

/// What a key says.
pub(super) struct Name {
    /// Its letters and digits, folded: one form for `Api-Key`, `apiKey`, `API_KEY` and look-alikes.
    pub(super) joined: String,
    /// Whether it names a credential.
    pub(super) is_credential: bool,
}

impl Name {
    /// Reads a key. The same few come in entry after entry, so each thread remembers what it has read.
    pub(super) fn of(key: &str) -> Rc<Self> {
        thread_local! {
            static REMEMBERED: RefCell<HashMap<String, Rc<Name>>> = RefCell::default();
        }
        let read = || Rc::new(Self { joined: joined(key), is_credential: is_credential(key) });
        if key.len() > MAX_REMEMBERED.0 {
            return read();
        }
        REMEMBERED.with_borrow_mut(|remembered| {
            if let Some(name) = remembered.get(key) {
                return Rc::clone(name);
            }
            if remembered.len() == MAX_REMEMBERED.1 {
                remembered.clear();
            }
            Rc::clone(remembered.entry(key.to_owned()).or_insert_with(read))
        })
    }
}

/// Tells whether a key names a credential.
fn is_credential(key: &str) -> bool {
    let mut words = words(key);
    while words.len() > 1 && words.last().is_some_and(|last| is_qualifier(last)) {
        words.pop();
    }
    if words.iter().rev().nth(1).is_some_and(|word| MEASURES.contains(&word.as_str()))
        && words.last().is_some_and(|last| last.starts_with("token"))
    {
        return false;
    }
    if words.last().is_some_and(|last| matches!(last.as_str(), "pass" | "sig" | "csrf" | "xsrf")) {
        return true;
    }
    let joined = words.concat();
    !INNOCENT.contains(&joined.as_str()) && NOUNS.iter().any(|noun| joined.ends_with(noun))
}

/// The letters and digits of a key, folded.
pub(super) fn joined(key: &str) -> String {
    key.chars().filter_map(fold).collect()
}

fn letter(index: u32) -> Option<char> {
    char::from_u32(u32::from(b'a') + index)
}

fn is_qualifier(word: &str) -> bool {
    QUALIFIERS.contains(&word) || word.bytes().all(|byte| byte.is_ascii_digit())
}

/// Splits a key at separators and at camel-case borders: `x-APIKey2` is `x api key 2`.
fn words(key: &str) -> Vec<String> {
    let chars: Vec<char> = key.chars().collect();
    let mut words = vec![String::new()];
    for (at, &c) in chars.iter().enumerate() {
        let before = at.checked_sub(1).map(|before| chars[before]);
        let begins_word = c.is_uppercase()
            && (before.is_some_and(|b| b.is_lowercase() || b.is_numeric())
                || before.is_some_and(char::is_uppercase)
                    && chars.get(at + 1).is_some_and(|next| next.is_lowercase()));
        let begins_number = c.is_numeric() && before.is_some_and(char::is_alphabetic);
        let folded = fold(c);
        if begins_word || begins_number || folded.is_none() && !is_invisible(c) {
            words.push(String::new());
        }
        if let (Some(folded), Some(word)) = (folded, words.last_mut()) {
            word.push(folded);
        }
    }
    words.retain(|word| !word.is_empty());
    // A number within a word, as in `oauth2token` or `base64`, does not end it.
    let mut merged: Vec<String> = Vec::new();
    for word in words {
        match merged.last_mut() {
            Some(last) if matches!(last.as_str(), "b" | "base") && word == "64" => last.push_str(&word),
            _ => merged.push(word),
        }
    }
    merged
}

/// A letter or digit in lower case, with full-width, mathematical, accented, Cyrillic and Greek look-alikes read as
/// the Latin letter they pass for; none for anything else.
fn fold(c: char) -> Option<char> {
    if c.is_ascii() {
        return c.is_ascii_alphanumeric().then(|| c.to_ascii_lowercase());
    }
    let c = match c {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(c as u32 - 0xfee0)?,
        // Mathematical alphabets, each with 26 capitals and 26 small letters, and letters in circles.
        '\u{1d400}'..='\u{1d6a3}' => letter((c as u32 - 0x1d400) % 26)?,
        '\u{24b6}'..='\u{24e9}' => letter((c as u32 - 0x24b6) % 26)?,
        'à'..='å' | 'À'..='Å' => 'a',
        'ç' | 'Ç' => 'c',
        'è'..='ë' | 'È'..='Ë' => 'e',
        'ì'..='ï' | 'Ì'..='Ï' => 'i',
        'ñ' | 'Ñ' => 'n',
        'ò'..='ö' | 'Ò'..='Ö' | 'օ' => 'o',
        'ù'..='ü' | 'Ù'..='Ü' => 'u',
        'а' | 'А' | 'α' | 'Α' | 'ɑ' => 'a',
        'в' | 'В' | 'Β' => 'b',
        'с' | 'С' | 'ϲ' => 'c',
        'ԁ' => 'd',
        'е' | 'Е' | 'Ε' | 'ё' => 'e',
        'һ' | 'Н' | 'Η' => 'h',
        'і' | 'І' | 'ι' | 'Ι' | 'ı' => 'i',
        'ј' | 'Ј' => 'j',
        'к' | 'К' | 'κ' | 'Κ' => 'k',
        'М' | 'Μ' => 'm',
        'Ν' => 'n',
        'о' | 'О' | 'ο' | 'Ο' => 'o',
        'р' | 'Р' | 'ρ' | 'Ρ' => 'p',
        'ѕ' | 'Ѕ' => 's',
        'т' | 'Т' | 'τ' | 'Τ' => 't',
        'ѵ' | 'ν' => 'v',
        'ԝ' => 'w',
        'х' | 'Х' | 'Χ' => 'x',
        'у' | 'У' | 'υ' | 'Υ' => 'y',
        other => other,
    };
    c.is_alphanumeric().then(|| c.to_lowercase().next()).flatten()
}

/// Characters that show nothing and so separate nothing: soft hyphen, zero-width characters, combining marks.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2060}'..='\u{2064}' | '\u{feff}' | '\u{300}'..='\u{36f}')
}
