//! Letters of keys: words, folding of case, accents and look-alikes, and the disguises a key may come in.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

/// A key without the disguise of a query string (`pass%77ord`) or of a program's string (`pass\u0077ord`).
pub(super) fn decoded(key: &str) -> Cow<'_, str> {
    let key =
        if key.contains('%') { percent_decode_str(key).decode_utf8_lossy() } else { Cow::Borrowed(key) };
    if !key.contains("\\u") {
        return key;
    }
    let mut plain = String::with_capacity(key.len());
    let mut rest = &*key;
    while let Some(at) = rest.find("\\u") {
        plain.push_str(&rest[..at]);
        let code = rest.get(at + 2..at + 6).and_then(|code| u32::from_str_radix(code, 16).ok());
        match code.and_then(char::from_u32) {
            Some(c) => plain.push(c),
            None => plain.push_str("\\u"),
        }
        rest = &rest[if code.is_some() { at + 6 } else { at + 2 }..];
    }
    plain.push_str(rest);
    Cow::Owned(plain)
}

/// A key with letters for the digits and signs that stand for them, when it has any among letters: `p4$$w0rd`.
pub(super) fn plain_digits(key: &str) -> Option<String> {
    let letter = |c: char| match c {
        '0' => Some('o'),
        '1' | '!' => Some('i'),
        '3' => Some('e'),
        '4' | '@' => Some('a'),
        '5' | '$' => Some('s'),
        '7' => Some('t'),
        _ => None,
    };
    let is_among_letters = key
        .char_indices()
        .any(|(at, c)| letter(c).is_some() && key[..at].chars().next_back().is_some_and(char::is_alphabetic));
    is_among_letters.then(|| key.chars().map(|c| letter(c).unwrap_or(c)).collect())
}

/// The letters and digits of a key, folded.
pub(super) fn joined(key: &str) -> String {
    key.chars().filter_map(folded).collect()
}

fn letter(index: u32) -> Option<char> {
    char::from_u32(u32::from(b'a') + index)
}

/// Splits a key at separators and at camel-case borders: `x-APIKey2` is `x api key 2`.
pub(super) fn words(key: &str) -> Vec<String> {
    let chars: Vec<char> = key.chars().collect();
    let mut words = vec![String::new()];
    for (at, &c) in chars.iter().enumerate() {
        let before = at.checked_sub(1).map(|before| chars[before]);
        let begins_word = c.is_uppercase()
            && (before.is_some_and(|b| b.is_lowercase() || b.is_numeric())
                || before.is_some_and(char::is_uppercase)
                    && chars.get(at + 1).is_some_and(|next| next.is_lowercase()));
        let begins_number = c.is_numeric() && before.is_some_and(char::is_alphabetic);
        let letter = folded(c);
        if begins_word || begins_number || letter.is_none() && !is_invisible(c) {
            words.push(String::new());
        }
        if let (Some(letter), Some(word)) = (letter, words.last_mut()) {
            word.push(letter);
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
pub(super) fn folded(c: char) -> Option<char> {
    if c.is_ascii() {
        return c.is_ascii_alphanumeric().then(|| c.to_ascii_lowercase());
    }
    let c = match c {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(c as u32 - 0xfee0)?,
        // Mathematical alphabets, each with 26 capitals and 26 small letters, and letters in circles.
        '\u{1d400}'..='\u{1d6a3}' => letter((c as u32 - 0x1d400) % 26)?,
        '\u{24b6}'..='\u{24e9}' => letter((c as u32 - 0x24b6) % 26)?,
        'à'..='å' | 'À'..='Å' | 'ą' | 'Ą' | 'ă' | 'Ă' => 'a',
        'ç' | 'Ç' | 'ć' | 'Ć' | 'č' | 'Č' => 'c',
        'è'..='ë' | 'È'..='Ë' | 'ę' | 'Ę' | 'ě' | 'Ě' => 'e',
        'ì'..='ï' | 'Ì'..='Ï' => 'i',
        'ł' | 'Ł' => 'l',
        'ñ' | 'Ñ' | 'ń' | 'Ń' => 'n',
        'ò'..='ö' | 'Ò'..='Ö' | 'ø' | 'Ø' | 'ő' | 'Ő' | 'օ' => 'o',
        'ś' | 'Ś' | 'š' | 'Š' | 'ş' | 'Ş' | 'ß' => 's',
        'ù'..='ü' | 'Ù'..='Ü' | 'ů' | 'ű' => 'u',
        'ź' | 'Ź' | 'ż' | 'Ż' | 'ž' | 'Ž' => 'z',
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

/// Tells whether a text is made of words and numbers: `svc-sync-2024`, `v2`, `oauth2`, and not of letters and digits mixed.
pub(super) fn is_wordy(text: &str) -> bool {
    text.split(|c: char| !c.is_alphanumeric()).all(is_word)
}

/// Letters, digits, or letters and at most three digits on one side of them.
fn is_word(piece: &str) -> bool {
    let digits = piece.chars().filter(char::is_ascii_digit).count();
    if digits == 0 {
        // A long run in both cases is no word: `dGhpcyBpcyBhIHNlY3JldA`, but `CustomerAccountId` is three.
        let capitals = piece.chars().filter(|c| c.is_uppercase()).count();
        let small = piece.chars().filter(|c| c.is_lowercase()).count();
        return piece.len() < 20 || capitals == 0 || small == 0 || small >= capitals * 3;
    }
    let letters = piece.chars().count() - digits;
    let around = |text: &str| text.trim_matches(|c: char| c.is_ascii_digit()).len();
    let is_one_run =
        piece.trim_start_matches(|c: char| c.is_ascii_digit()).chars().all(|c| !c.is_ascii_digit())
            || piece.trim_end_matches(|c: char| c.is_ascii_digit()).chars().all(|c| !c.is_ascii_digit());
    letters == 0 || is_one_run && (digits <= 4 && letters <= 24 || letters <= 2) && around(piece) > 0
}
