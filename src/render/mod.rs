//! Floor 2: how entries look. Pure functions: data and a writer in, bytes out.
//!
//! Nothing here knows a terminal, a file, the network or the command line; width, colour, zone and the present
//! moment come in with a [`look::Look`]. Text from the log is hostile and passes [`visible`] on its way out.

pub mod alike;
pub mod blame;
pub mod columns;
pub mod companions;
pub mod delimited;
pub mod detail;
pub mod diff;
pub mod grid;
pub mod history;
pub mod json;
pub mod look;
pub mod moment;
pub mod patch;
pub mod prune;
pub mod question;
pub mod revert;
pub mod stats;
pub mod summary;
pub mod table;
pub mod value;
pub mod visible;

#[cfg(test)]
mod hostile;
#[cfg(test)]
mod samples;
#[cfg(test)]
mod times;
