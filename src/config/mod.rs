//! Where settings come from besides the command line.

pub mod credentials;
pub mod env;
