//! Marks a response whose body is a page for browsers, not a problem document.

/// An extension of such a response.
#[derive(Debug, Clone, Copy)]
pub(super) struct PageBody;
