//! An entry as a store keeps it, for filters that look at it before it is decoded.

/// The texts of an entry as they are stored.
pub struct StoredTexts<'t> {
    /// The changes as JSON.
    pub changes: &'t str,
    /// The user who acted, as JSON.
    pub user: &'t str,
    /// The user for whom another acted, as JSON.
    pub on_behalf_of: Option<&'t str>,
    /// The name of the resource.
    pub model_name: Option<&'t str>,
    /// The reason, the address, the program and the request: see [`crate::model::entry::Entry::origin_texts`].
    pub origin: [Option<&'t str>; 4],
}
