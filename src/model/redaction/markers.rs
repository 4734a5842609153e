//! Recognizes the markers that replace a credential.

pub(super) use crate::model::change::{REDACTED, REDACTED_CHANGED};

/// The length of the marker at the start of a text, or 0.
pub(super) fn leading(text: &str) -> usize {
    [REDACTED_CHANGED, REDACTED].into_iter().find(|marker| text.starts_with(marker)).map_or(0, str::len)
}

pub(super) fn has_marker(text: &str) -> bool {
    text.contains(REDACTED) || text.contains(REDACTED_CHANGED)
}

/// Whether a text holds a marker, and no letter or digit outside its markers.
pub(super) fn is_only_markers(text: &str) -> bool {
    if !text.contains("[redacted") {
        return false;
    }
    let rest = text.replace(REDACTED_CHANGED, "").replace(REDACTED, "");
    rest.len() < text.len() && !rest.contains(|c: char| c.is_alphanumeric())
}
