//! The columns of an audit library's table. What their values mean is not known here.

/// The columns that most libraries have, each under its own name.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ColumnLayout {
    pub(crate) id: &'static str,
    /// When the row was written.
    pub(crate) time: &'static str,
    pub(super) event: &'static str,
    /// The class of the resource. Messages name this column.
    pub(super) class: &'static str,
    pub(super) resource_id: &'static str,
    /// The columns that may hold the user's id. The first one with a value counts.
    pub(super) user_id: &'static [&'static str],
    pub(super) user_class: &'static str,
    pub(super) ip: Option<&'static str>,
    pub(super) user_agent: Option<&'static str>,
    pub(super) request_id: Option<&'static str>,
    /// Other columns that are read, or that add nothing to those that are.
    pub(super) others: &'static [&'static str],
}

impl ColumnLayout {
    /// Whether the import uses the column or can ignore it without loss.
    pub(super) fn has(&self, name: &str) -> bool {
        [self.id, self.time, self.event, self.class, self.resource_id, self.user_class].contains(&name)
            || [self.ip, self.user_agent, self.request_id].contains(&Some(name))
            || self.user_id.contains(&name)
            || self.others.contains(&name)
    }
}
