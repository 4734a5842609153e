//! Floor 2: how entries look. Pure functions: data and a writer in, bytes out.
//!
//! Nothing here knows a terminal, a file, the network or the command line; width, colour, zone and the present
//! moment come in with a [`look::Look`]. Text from the log is hostile and passes [`visible`] on its way out.

pub(crate) mod lookalike;
pub(crate) mod blame;
pub(crate) mod change_set;
pub mod columns;
pub mod delimited;
pub mod detail;
pub(crate) mod diff;
pub(crate) mod filter_summary;
pub(crate) mod grid;
pub(crate) mod history;
pub(crate) mod json;
pub(crate) mod patch;
pub(crate) mod prune;
pub(crate) mod revert;
pub mod sanitize;
pub(crate) mod state;
pub(crate) mod stats;
pub mod style;
pub(crate) mod summary;
pub mod table;
pub(crate) mod value;

#[cfg(test)]
mod hostile_text;
#[cfg(test)]
mod samples;
#[cfg(test)]
mod printed_times;
