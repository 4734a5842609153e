//! The path of a value in a resource.

/// A field name, then the keys beneath it.
pub(crate) type KeyPath = Vec<String>;
