//! Times as people write and read them. `grammar` parses every time that `format` prints, to the same moment.
//!
//! The present and the zone are passed in: nothing here knows a clock, the environment or a flag.

mod age;
mod error;
pub mod format;
mod grammar;
mod lexer;
mod named;
mod other_forms;
mod spoken;
mod wall_clock;
mod when;
mod zone;

#[cfg(test)]
pub(crate) mod properties;
#[cfg(test)]
mod tests;

pub use crate::model::time::age::{Age, AgeError, AgeErrorKind};
pub use crate::model::time::error::{TimeError, TimeErrorKind};
pub use crate::model::time::grammar::{parse, parse_last};
pub use crate::model::time::when::{Edge, TimeContext, When};
pub use crate::model::time::zone::{UnknownZone, zone, zone_of_variable};
