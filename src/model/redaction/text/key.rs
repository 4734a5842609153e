//! Finds the key before a separator: `password=`, `"password":`, `['password'] =`, `user[password]=`, `mot de passe :`.

use crate::model::redaction::text::value::ESCAPED_QUOTES;
use crate::model::redaction::vocabulary::{Words, word_set};

/// How far back a key is searched, in bytes.
const MAX_KEY: usize = 160;

/// A key before a separator.
#[derive(Clone, Copy)]
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
    if inner.ends_with([';', '2', '7'])
        && let Some(quote) = ESCAPED_QUOTES.into_iter().find(|quote| inner.ends_with(quote))
    {
        let content = &inner[..inner.len() - quote.len()];
        let open = content.rfind(quote).map(|open| open + quote.len())?;
        let key = &content[open..];
        let candidates = [key; 3];
        return Some(KeyMatch { candidates, start: from + open, is_quoted: true, before: None });
    }
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

/// Types after a name in SQL and Basic, in lower case.
static TYPES_AFTER_NAME: Words = Words::new(|| {
    word_set(
        "string object varchar varchar2 nvarchar nvarchar2 char nchar text ntext clob raw sysname binary varbinary",
    )
});
/// How far before a separator a declaration may begin, in bytes.
const MAX_DECLARATION: usize = 120;

/// The key of a declaration with a type between the key and the separator: `password: Final[str] =`,
/// `API_TOKEN: &'static str =`, `local secret <const> =`, `@password NVARCHAR(50) =`, `password As String =`.
pub(super) fn before_declared_type(text: &str, end: usize) -> Option<KeyMatch<'_>> {
    let statement =
        text[text.floor_char_boundary(end.saturating_sub(MAX_DECLARATION))..end].trim_end_matches(' ');
    let end = end - (text[..end].len() - text[..end].trim_end_matches(' ').len());
    let start = statement.rfind(['\n', ';']).map_or(0, |at| at + 1);
    let statement = &statement[start..];
    let from = end - statement.len();
    let mut colons = statement.rmatch_indices(':').map(|(at, _)| at);
    let is_single =
        |at: &usize| !statement[..*at].ends_with(':') && !statement[at + 1..].starts_with([':', '=', '/']);
    if let Some(colon) = colons.find(is_single) {
        return is_type(&statement[colon + 1..]).then(|| before(text, from + colon)).flatten();
    }
    let attribute = statement.strip_suffix('>').or_else(|| text[end..].starts_with('>').then_some(statement));
    if let Some((name, attribute)) = attribute.and_then(|it| it.rsplit_once(" <")) {
        let is_attribute = matches!(attribute, "const" | "close");
        return is_attribute.then(|| before(text, from + name.len())).flatten();
    }
    let bare = match statement.strip_suffix(')') {
        Some(inner) => &inner[..inner.rfind('(')?],
        None => statement,
    };
    let (name, kind) = bare.rsplit_once(' ')?;
    if kind.len() > 12 || !TYPES_AFTER_NAME.contains(kind.to_ascii_lowercase().as_str()) {
        return None;
    }
    let name =
        ["As", "AS", "as", "CONSTANT"].into_iter().find_map(|it| name.strip_suffix(it)).unwrap_or(name);
    before(text, from + name.trim_end().len())
}

/// Whether a text is the type in a declaration: `Option<String>`, `Token | null`, `&'static str`, `string[]`.
fn is_type(text: &str) -> bool {
    let is_part = |c: char| {
        c.is_ascii_alphanumeric()
            || matches!(
                c,
                '_' | '?'
                    | '['
                    | ']'
                    | '<'
                    | '>'
                    | '|'
                    | '\''
                    | '('
                    | ')'
                    | '&'
                    | ','
                    | '.'
                    | ':'
                    | ' '
                    | '*'
                    | '!'
            )
    };
    let text = text.trim();
    if text.is_empty() || !text.chars().all(is_part) || text.contains(',') && !text.contains(['[', '<', '('])
    {
        return false;
    }
    let ends_word = |word: &str| word.ends_with(|c: char| c.is_ascii_alphanumeric());
    let words: Vec<_> = text.split(' ').collect();
    words.windows(2).all(|pair| {
        let is_modifier =
            pair[0].contains('&') || matches!(pair[0], "readonly" | "dyn" | "mut" | "unique" | "const");
        is_modifier || !ends_word(pair[0]) || !pair[1].starts_with(|c: char| c.is_ascii_alphanumeric())
    })
}

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
