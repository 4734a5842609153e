//! Where settings come from besides the command line.

pub mod env;
