//! Floor 0: what the words mean. No I/O, no clap, no SQL, no HTTP.

pub mod change;
pub mod entry;
pub mod json;
pub mod proposal;
pub mod timestamp;
pub mod words;
