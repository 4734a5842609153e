//! The marks that stand where a credential stood.

/// Stands inside a value where a credential stood.
pub const REDACTED: &str = "[redacted]";
/// Stands on the new side where a credential stood on both sides and was not the same.
pub const REDACTED_CHANGED: &str = "[redacted, changed]";

/// The length of the mark a text begins with, or 0.
pub(super) fn leading(text: &str) -> usize {
    [REDACTED_CHANGED, REDACTED].into_iter().find(|mark| text.starts_with(mark)).map_or(0, str::len)
}

/// Whether a text holds a mark.
pub(super) fn has_mark(text: &str) -> bool {
    text.contains(REDACTED) || text.contains(REDACTED_CHANGED)
}

/// Whether a text holds a mark, and beside marks no letter and no digit.
pub(super) fn is_marked(text: &str) -> bool {
    if !text.contains("[redacted") {
        return false;
    }
    let rest = text.replace(REDACTED_CHANGED, "").replace(REDACTED, "");
    rest.len() < text.len() && !rest.contains(|c: char| c.is_alphanumeric())
}
