//! The calls that read a log, as the trail names them.

/// A call that reads a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ReadCall {
    /// The pages of a query.
    List,
    /// New entries again and again, in the order of their ids.
    Follow,
    /// One entry.
    Show,
    /// Counts by value.
    Facets,
    /// Counts by one or two dimensions.
    Counts,
}

impl ReadCall {
    /// The written form.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::List => "list",
            Self::Follow => "follow",
            Self::Show => "show",
            Self::Facets => "facets",
            Self::Counts => "counts",
        }
    }
}
