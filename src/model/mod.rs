//! The terms of the log: entries, changes, filters, times, redaction. No I/O, no clap, no SQL, no HTTP.

pub mod change;
pub mod diff;
pub mod draft;
pub mod entry;
pub mod erasure;
pub(crate) mod evidence;
pub mod facets;
pub mod field_path;
pub mod filter;
#[cfg(test)]
pub(crate) mod fixtures;
pub(crate) mod fold;
pub(crate) mod foreign;
pub mod history;
pub mod hold;
pub mod integrity;
pub mod json;
pub mod log_filter;
pub mod merkle;
pub mod page;
pub mod plan;
pub mod proposal;
pub mod prune;
pub mod ranges;
pub mod redaction;
pub mod signature;
pub mod stats;
pub mod time;
pub mod timestamp;
pub mod trail;
pub mod words;
