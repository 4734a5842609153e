//! The lines of the detail view: a mark, a label, an old and a new value, and a note. It must not know the layout.

use crate::render::style::Role;

/// Text and its role.
#[derive(Debug, Clone)]
pub(super) struct Span {
    pub(super) text: String,
    pub(super) role: Role,
}

/// A line of the detail view.
#[derive(Debug, Clone, Default)]
pub(super) struct DetailLine {
    pub(super) depth: usize,
    /// The sign before the label: `+`, `-`, `~`, `>`, `!`.
    pub(super) mark: Option<LineMark>,
    /// The path of the value. Without a label, the value follows the mark.
    pub(super) label: Option<String>,
    pub(super) value: Vec<Span>,
    /// The new value, after an arrow or on the right side.
    pub(super) new_value: Vec<Span>,
    pub(super) note: String,
    /// Whether the values are raw text, without quotes or escapes.
    pub(super) is_text: bool,
}

/// The kind of change that a line describes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LineMark {
    Added,
    Removed,
    Changed,
    Moved,
    Redacted,
}

impl LineMark {
    pub(super) const fn sign(self) -> &'static str {
        match self {
            Self::Added => "+",
            Self::Removed => "-",
            Self::Changed => "~",
            Self::Moved => ">",
            Self::Redacted => "!",
        }
    }

    pub(super) const fn role(self) -> Role {
        match self {
            Self::Added => Role::Added,
            Self::Removed => Role::Removed,
            Self::Changed | Self::Moved | Self::Redacted => Role::Changed,
        }
    }
}

impl DetailLine {
    pub(super) fn has_value(&self) -> bool {
        !self.value.is_empty() || !self.new_value.is_empty()
    }
}
