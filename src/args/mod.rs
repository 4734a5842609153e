//! Groups of arguments that several commands share, and what they become: first what was typed, then, once, the types
//! the rest works with. No network, clock or file access here.

pub(crate) mod appearance;
pub(crate) mod command_line;
pub(crate) mod connection;
pub mod filter;
pub(crate) mod output;
pub(crate) mod suggest;

/// Reads how many are wanted.
///
/// # Errors
/// A sentence, for what is no number or nothing.
pub fn at_least_one(text: &str) -> Result<u32, &'static str> {
    text.parse().ok().filter(|number| *number > 0).ok_or("expected a whole number from 1")
}
