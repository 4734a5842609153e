//! Renders entries, histories and counts. Pure functions: data and a writer in, bytes out.
//!
//! It must not know the terminal, files, the network or the command line. Width, colour, zone and the current time come
//! in with a [`style::Style`]. Log text is untrusted and passes [`sanitize`] on its way out.

pub(crate) mod blame;
pub(crate) mod change_set;
pub mod columns;
pub(crate) mod command_line;
pub mod delimited;
pub mod detail;
pub(crate) mod diff;
pub(crate) mod erase;
pub mod event;
pub(crate) mod filter_summary;
pub(crate) mod grid;
pub(crate) mod history;
pub(crate) mod json;
pub(crate) mod json_paint;
pub(crate) mod lookalike;
pub(crate) mod patch;
pub(crate) mod prune;
pub(crate) mod revert;
pub mod sanitize;
pub(crate) mod spans;
pub(crate) mod state;
pub(crate) mod stats;
pub mod style;
pub(crate) mod summary;
pub mod table;
pub(crate) mod value;

#[cfg(test)]
mod hostile_text;
#[cfg(test)]
mod printed_times;
#[cfg(test)]
pub(crate) mod samples;
