//! Floor 2: how entries look. Pure functions: data and a writer in, bytes out.
//!
//! Nothing here knows a terminal, a file, the network or the command line; width, colour, zone and the present
//! moment come in with a [`look::Look`]. Text from the log is hostile and passes [`visible`] on its way out.

pub mod alike;
pub mod blame;
pub mod change_set;
pub mod columns;
pub mod delimited;
pub mod detail;
pub mod diff;
pub mod filter_summary;
pub mod grid;
pub mod history;
pub mod json;
pub mod patch;
pub mod prune;
pub mod revert;
pub mod sanitize;
pub mod state;
pub mod stats;
pub mod style;
pub mod summary;
pub mod table;
pub mod value;

#[cfg(test)]
mod hostile_text;
#[cfg(test)]
mod samples;
#[cfg(test)]
mod times;
