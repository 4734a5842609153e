//! The name before a sign: `password=`, `"password":`, `['password'] =`, `user[password]=`, `mot de passe :`.

/// How far back a name is looked for, in bytes.
const MAX_NAME: usize = 160;

/// A name as it stands before a sign.
pub(super) struct Head<'t> {
    /// The name: the last word, then with one and with two words before it.
    pub(super) names: [&'t str; 3],
    /// Where the last word begins.
    pub(super) start: usize,
    /// Whether it stands in quotes.
    pub(super) is_quoted: bool,
    /// What stands before its quote.
    pub(super) before: Option<char>,
}

/// What cannot be in a name without quotes.
fn is_end(c: char) -> bool {
    c.is_whitespace()
        || matches!(
            c,
            '&' | ';'
                | ','
                | '"'
                | '\''
                | '`'
                | '<'
                | '>'
                | '='
                | '?'
                | '#'
                | '/'
                | ':'
                | '@'
                | '{'
                | '}'
                | '('
                | ')'
                | '$'
                | '['
                | ']'
                | '\\'
                | '|'
                | '：'
                | '，'
                | '。'
                | '“'
                | '„'
        )
}

/// The last place at or before `at` where a character begins.
pub(super) fn floor(text: &str, mut at: usize) -> usize {
    at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// The name that ends before `sign`.
pub(super) fn before(text: &str, sign: usize) -> Option<Head<'_>> {
    let from = floor(text, sign.saturating_sub(MAX_NAME));
    let window = text[from..sign].trim_end_matches([' ', '\t']);
    let inner = window.strip_suffix(']').unwrap_or(window);
    let is_index = inner.len() < window.len();
    let quote = inner.chars().next_back().filter(|c| matches!(c, '"' | '\'' | '`'));
    if let Some(quote) = quote {
        let content = inner[..inner.len() - 1].trim_end_matches('\\');
        if let Some(open) = content.rfind(quote) {
            let before = content[..open].trim_end_matches('\\').trim_end();
            let name = &content[open + 1..];
            let is_name = !name.is_empty() && !name.contains('\n');
            return is_name.then(|| Head {
                names: [name; 3],
                start: from + open + 1,
                is_quoted: true,
                before: before.chars().next_back(),
            });
        }
    }
    // A quote without another before it closes a name that was cut off.
    let inner = if quote.is_some() { inner.trim_end_matches(['"', '\'', '`', '\\']) } else { inner };
    // `token[]=`
    let inner = if is_index { inner.strip_suffix('[').unwrap_or(inner) } else { inner };
    let word = word(inner)?;
    if is_index || word.is_empty() {
        let word = word.trim_start_matches(':');
        return (!word.is_empty()).then(|| Head {
            names: [word; 3],
            start: from + inner.len() - word.len(),
            is_quoted: false,
            before: None,
        });
    }
    let mut names = [word; 3];
    let mut start = inner.len() - word.len();
    for index in 1..3 {
        let rest = inner[..start].trim_end_matches([' ', '\t']);
        if rest.len() == start || rest.is_empty() {
            names[index] = names[index - 1];
            continue;
        }
        let Some(more) = self::word(rest).filter(|more| !more.is_empty()) else {
            names[index] = names[index - 1];
            continue;
        };
        start = rest.len() - more.len();
        names[index] = &inner[start..];
    }
    let start = from + inner.len() - word.len();
    Some(Head { names, start, is_quoted: false, before: None })
}

/// The run of name characters a text ends with. An apostrophe within letters belongs to it: `parola d'ordine`.
fn word(text: &str) -> Option<&str> {
    let mut start = text.len();
    let mut chars = text.char_indices().rev().peekable();
    while let Some((at, c)) = chars.next() {
        let is_apostrophe = matches!(c, '\'' | '’')
            && start < text.len()
            && chars.peek().is_some_and(|(_, c)| c.is_alphabetic());
        let is_short =
            is_apostrophe && text[..at].chars().rev().take_while(|c| c.is_alphabetic()).count() <= 5;
        if is_end(c) && !is_short {
            break;
        }
        start = at;
    }
    Some(&text[start..])
}

/// Types of texts in programs.
const TYPES: &[&str] = &[
    "str",
    "string",
    "String",
    "bytes",
    "text",
    "Text",
    "any",
    "Any",
    "SecretStr",
    "SecretString",
    "Secret",
    "char",
    "string?",
    "String?",
];

/// Whether a text begins with a type, and what is assigned follows: `&str = …`.
pub(super) fn is_type(rest: &str) -> bool {
    let rest = rest.trim_start_matches('&');
    let end = rest.find(|c: char| !(c.is_alphanumeric() || c == '?')).unwrap_or(rest.len());
    TYPES.contains(&&rest[..end]) && rest[end..].trim_start_matches(' ').starts_with('=')
}

/// The name before a type: `password: str = …`, `const token: string = …`.
pub(super) fn typed<'t>(text: &'t str, head: &Head<'_>) -> Option<Head<'t>> {
    if !TYPES.contains(&head.names[0]) {
        return None;
    }
    let rest = text[..head.start].trim_end_matches([' ', '&']);
    rest.ends_with(':').then(|| before(text, rest.len() - 1)).flatten()
}
