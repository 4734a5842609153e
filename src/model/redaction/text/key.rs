//! Finds the key before a separator: `password=`, `"password":`, `['password'] =`, `user[password]=`, `mot de passe :`.

use crate::model::redaction::vocabulary::{Words, word_set};

/// How far back a key is searched, in bytes.
const MAX_KEY: usize = 160;

/// A key before a separator.
pub(super) struct KeyMatch<'t> {
    /// The last word, the last two words and the last three words.
    pub(super) candidates: [&'t str; 3],
    /// Where the last word begins.
    pub(super) start: usize,
    pub(super) is_quoted: bool,
    /// The character before the quotes.
    pub(super) before: Option<char>,
}

/// Whether a character ends a key without quotes.
fn is_delimiter(c: char) -> bool {
    c.is_whitespace()
        || c.is_ascii_punctuation() && !matches!(c, '!' | '%' | '*' | '+' | '-' | '.' | '^' | '_' | '~')
        || matches!(c, '：' | '，' | '。' | '“' | '„')
}

/// The key before the separator at `end`.
pub(super) fn before(text: &str, end: usize) -> Option<KeyMatch<'_>> {
    let from = text.floor_char_boundary(end.saturating_sub(MAX_KEY));
    // `auth[password][]=`
    let window = text[from..end].trim_end_matches([' ', '\t']).trim_end_matches("[]");
    let mut inner = window.strip_suffix(']').unwrap_or(window);
    let is_index = inner.len() < window.len();
    if let Some(quote) = inner.chars().next_back().filter(|c| matches!(c, '"' | '\'' | '`')) {
        let content = inner[..inner.len() - 1].trim_end_matches('\\');
        if let Some(open) = content.rfind(quote) {
            let key = &content[open + 1..];
            let is_key = !key.is_empty() && !key.contains('\n');
            return is_key.then(|| KeyMatch {
                candidates: [key; 3],
                start: from + open + 1,
                is_quoted: true,
                before: content[..open].trim_end_matches('\\').trim_end().chars().next_back(),
            });
        }
        // The opening quote was cut off.
        inner = inner.trim_end_matches(['"', '\'', '`', '\\']);
    }
    // `token[]=`
    if is_index {
        inner = inner.strip_suffix('[').unwrap_or(inner);
    } else if let Some(named) = without_remark(inner) {
        inner = named;
    }
    let last = last_word(inner);
    if last.is_empty() {
        return None;
    }
    let mut candidates = [last; 3];
    if is_index {
        // `password[new]=`
        if let Some(outer) =
            inner[..inner.len() - last.len()].strip_suffix('[').map(last_word).filter(|it| !it.is_empty())
        {
            candidates = [last, outer, outer];
        }
    } else {
        let mut start = inner.len() - last.len();
        for longer in &mut candidates[1..] {
            let rest = inner[..start].trim_end_matches([' ', '\t']);
            let word = last_word(rest);
            if rest.len() < start && !word.is_empty() {
                start = rest.len() - word.len();
            }
            *longer = &inner[start..];
        }
    }
    Some(KeyMatch { candidates, start: from + inner.len() - last.len(), is_quoted: false, before: None })
}

/// The text before a remark in brackets: `Password (prod):`.
fn without_remark(text: &str) -> Option<&str> {
    let open = text.strip_suffix(')')?.rfind('(').filter(|open| text.len() - open < 48)?;
    let before = text[..open].strip_suffix(' ')?;
    (!text[open..].contains(['"', '\'', '\n', '=', ','])).then_some(before)
}

/// The characters of a key at the end of a text. An apostrophe between letters belongs to it: `parola d'ordine`.
fn last_word(text: &str) -> &str {
    let mut start = text.len();
    for (at, c) in text.char_indices().rev() {
        let is_elision = || {
            let letters = text[..at].chars().rev().take_while(|c| c.is_alphabetic()).count();
            c == '\'' && start < text.len() && (1..=5).contains(&letters)
        };
        if is_delimiter(c) && !is_elision() {
            break;
        }
        start = at;
    }
    &text[start..]
}

/// Types of texts in programming languages.
static TEXT_TYPES: Words = Words::new(|| {
    word_set("str string String string? String? bytes text Text any Any SecretStr SecretString Secret char")
});

/// Whether a text begins with a type and an assignment: `&str = …`.
pub(super) fn is_typed_assignment(text: &str) -> bool {
    let text = text.trim_start_matches('&');
    let end = text.find(|c: char| !(c.is_alphanumeric() || c == '?')).unwrap_or(text.len());
    TEXT_TYPES.contains(&text[..end]) && text[end..].trim_start_matches(' ').starts_with('=')
}

/// The key before a type: `password: str = …`, `const token: string = …`.
pub(super) fn before_type<'t>(text: &'t str, found: &KeyMatch<'_>) -> Option<KeyMatch<'t>> {
    if !TEXT_TYPES.contains(found.candidates[0]) {
        return None;
    }
    let rest = text[..found.start].trim_end_matches([' ', '&']);
    rest.ends_with(':').then(|| before(text, rest.len() - 1)).flatten()
}
