//! Reads and quotes the pieces of a time that someone typed.

use std::str::FromStr;

/// Lower case, with single spaces between words.
pub(super) fn folded(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").to_ascii_lowercase()
}

/// A number of digits only: `parse` alone would accept `+5` as well.
pub(super) fn digits<T: FromStr>(text: &str) -> Option<T> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?
}

/// A text for an error message: escaped, because it may be hostile, and cut, because it may be long.
pub(super) fn quoted(text: &str) -> String {
    const MAX_LENGTH: usize = 60;
    match text.char_indices().nth(MAX_LENGTH) {
        Some((end, _)) => format!("{:?}…", text.get(..end).unwrap_or_default()),
        None => format!("{text:?}"),
    }
}
