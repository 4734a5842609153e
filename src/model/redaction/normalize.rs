//! Normalizes names: splits them into words, folds case, accents and look-alike letters, and decodes escapes.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

/// A key with its percent-encoding (`pass%77ord`) and its Unicode escapes (`pass\u0077ord`) decoded.
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

/// A key with letters in place of digits and signs that resemble them (`p4$$w0rd`), or `None` when no such character follows a letter.
pub(super) fn without_leetspeak(key: &str) -> Option<String> {
    let letter = |c: char| match c {
        '0' => Some('o'),
        '1' | '!' => Some('i'),
        '3' => Some('e'),
        '4' | '@' => Some('a'),
        '5' | '$' => Some('s'),
        '7' => Some('t'),
        _ => None,
    };
    let follows_letter = key
        .char_indices()
        .any(|(at, c)| letter(c).is_some() && key[..at].chars().next_back().is_some_and(char::is_alphabetic));
    follows_letter.then(|| key.chars().map(|c| letter(c).unwrap_or(c)).collect())
}

/// The letters and digits of a key, folded.
pub(super) fn joined(key: &str) -> String {
    key.chars().filter_map(folded).collect()
}

/// Splits a key at separators and at the borders of camel case: `x-APIKey2` becomes `x api key 2`.
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
    // `base64` is one word.
    let mut merged: Vec<String> = Vec::new();
    for word in words {
        match merged.last_mut() {
            Some(last) if matches!(last.as_str(), "b" | "base") && word == "64" => last.push_str(&word),
            _ => merged.push(word),
        }
    }
    merged
}

/// A letter or digit in lower case, or `None` for another character. Full-width, mathematical, accented, Cyrillic and
/// Greek letters become the Latin letter they resemble.
pub(super) fn folded(c: char) -> Option<char> {
    let latin = |index: u32| char::from_u32(u32::from(b'a') + index % 26);
    if c.is_ascii() {
        return c.is_ascii_alphanumeric().then(|| c.to_ascii_lowercase());
    }
    let c = match c {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(c as u32 - 0xfee0)?,
        // Mathematical alphabets of 26 capitals and 26 small letters each, and circled letters.
        '\u{1d400}'..='\u{1d6a3}' => latin(c as u32 - 0x1d400)?,
        '\u{24b6}'..='\u{24e9}' => latin(c as u32 - 0x24b6)?,
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

/// Invisible characters, which separate no words: soft hyphens, zero-width characters, combining marks.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2060}'..='\u{2064}' | '\u{feff}' | '\u{300}'..='\u{36f}')
}

/// Whether a text consists of words and numbers (`svc-sync-2024`, `v2`, `oauth2`) and not of mixed letters and digits.
pub(super) fn is_wordlike(text: &str) -> bool {
    text.split(|c: char| !c.is_alphanumeric()).all(is_word)
}

/// Letters alone, digits alone, or letters with a few digits before or after them.
fn is_word(piece: &str) -> bool {
    let digits = piece.chars().filter(char::is_ascii_digit).count();
    if digits == 0 {
        // A long text in mixed case is no word: `dGhpcyBpcyBhIHNlY3JldA`. `CustomerAccountId` has few capitals.
        let capitals = piece.chars().filter(|c| c.is_uppercase()).count();
        let small = piece.chars().filter(|c| c.is_lowercase()).count();
        return piece.len() < 20 || capitals == 0 || small == 0 || small >= capitals * 3;
    }
    let letters = piece.chars().count() - digits;
    let has_digit = |text: &str| text.bytes().any(|byte| byte.is_ascii_digit());
    let is_one_run = !has_digit(piece.trim_start_matches(|c: char| c.is_ascii_digit()))
        || !has_digit(piece.trim_end_matches(|c: char| c.is_ascii_digit()));
    letters == 0 || is_one_run && (digits <= 4 && letters <= 24 || letters <= 2)
}
