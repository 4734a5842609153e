//! The contract tests: functions over an empty store of any engine.

pub(crate) mod accounts;
pub(crate) mod append;
pub(crate) mod deletions;
pub(crate) mod erasures;
pub(crate) mod filtering;
pub(crate) mod holds;
pub(crate) mod isolation;
pub(crate) mod paging;
pub(crate) mod pruning;
pub(crate) mod rollup;
pub(crate) mod sessions;
pub(crate) mod stats;
pub(crate) mod sweep;
pub(crate) mod text_index;
pub(crate) mod trail;
pub(crate) mod trees;
pub(crate) mod values;
