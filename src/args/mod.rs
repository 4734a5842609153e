//! Argument groups that several commands share, and their conversion to model types. No network, clock or file access.

pub(crate) mod appearance;
pub(crate) mod command_line;
pub(crate) mod connection;
pub mod filter;
pub(crate) mod output;
pub(crate) mod suggest;

/// Parses a positive integer.
///
/// # Errors
/// A message for clap when `text` is not a whole number of at least 1.
pub fn at_least_one(text: &str) -> Result<u32, &'static str> {
    text.parse().ok().filter(|number| *number > 0).ok_or("expected a whole number of at least 1")
}
