//! The erasure of a person: who one person is, where the log names them, and what an entry says afterwards. No I/O.

mod eraser;
mod held;
mod identity;
mod record;
mod replace;

pub use crate::model::erasure::eraser::{ErasedEntry, Eraser, Mentions};
pub use crate::model::erasure::identity::{Person, identities};
pub use crate::model::erasure::record::{Erasure, ErasureOptions, label};
