//! The lines of the detail view: a mark, a label, an old and a new value, and a note. It must not know the layout.

use crate::render::style::Role;

/// Text and its role.
#[derive(Debug, Clone)]
pub(crate) struct Span {
    pub(crate) text: String,
    pub(crate) role: Role,
}

/// A line of the detail view.
#[derive(Debug, Clone, Default)]
pub(crate) struct DetailLine {
    pub(crate) depth: usize,
    /// The sign before the label: `+`, `-`, `~`, `>`, `!`.
    pub(crate) mark: Option<LineMark>,
    /// The path of the value. Without a label, the value follows the mark.
    pub(crate) label: Option<String>,
    pub(crate) value: Vec<Span>,
    /// The new value, after an arrow or on the right side.
    pub(crate) new_value: Vec<Span>,
    pub(crate) note: String,
    /// Whether the values are raw text, without quotes or escapes.
    pub(crate) is_text: bool,
}

/// The kind of change that a line describes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LineMark {
    Added,
    Removed,
    Changed,
    Moved,
    Redacted,
}

impl LineMark {
    pub(crate) const fn sign(self) -> &'static str {
        match self {
            Self::Added => "+",
            Self::Removed => "-",
            Self::Changed => "~",
            Self::Moved => ">",
            Self::Redacted => "!",
        }
    }

    pub(crate) const fn role(self) -> Role {
        match self {
            Self::Added => Role::Added,
            Self::Removed => Role::Removed,
            Self::Changed | Self::Moved | Self::Redacted => Role::Changed,
        }
    }
}

impl DetailLine {
    pub(crate) fn has_value(&self) -> bool {
        !self.value.is_empty() || !self.new_value.is_empty()
    }
}
