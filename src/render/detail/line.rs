//! The lines of the detail view: a mark, a label, a value and what it became, a note. What stands where, and what does
//! not fit, is the next step's business.

use crate::render::style::Role;

/// A piece of text and how it is painted.
#[derive(Debug, Clone)]
pub(super) struct Span {
    pub(super) text: String,
    pub(super) role: Role,
}

/// One line.
#[derive(Debug, Clone, Default)]
pub(super) struct DetailLine {
    pub(super) depth: usize,
    /// A mark and a blank before the label: `+`, `-`, `~`, `>`, `!`.
    pub(super) mark: Option<LineMark>,
    /// What the value belongs to; a line without one is text that follows its mark at once.
    pub(super) label: Option<String>,
    pub(super) value: Vec<Span>,
    /// What the value became, behind an arrow or on the other side.
    pub(super) became: Vec<Span>,
    pub(super) note: String,
    /// Whether the value, and what it became, is text as it is: without quotes or escapes.
    pub(super) is_text: bool,
}

/// What a line tells of its value.
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
        !self.value.is_empty() || !self.became.is_empty()
    }
}
