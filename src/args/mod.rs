//! Groups of arguments that several commands share, and what they become: first what was typed, then, once, the types
//! the rest works with. No network, clock or file access here.

pub mod connection;
pub mod filter;
pub mod output;
pub mod settled;
pub mod spelled;
