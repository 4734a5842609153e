//! The demo: four months of the log of an invented organization. The same moment always gives the same log.
//!
//! It is what a newcomer sees first, and it holds every hard case for tests. It reads no clock and no outside randomness.
//! Redaction is not known here: like any recorder, the demo leaves it to the server.

mod calendar;
mod cases;
mod connectors;
mod edits;
mod endpoints;
mod fields;
mod founding;
mod history;
mod office;
mod organization;
mod people;
pub mod planted;
mod random;
mod routine;
mod secrets;
mod story;
#[cfg(test)]
mod tests;

use crate::demo::calendar::Schedule;
use crate::demo::random::Random;
use crate::model::proposal::Proposal;
use crate::model::timestamp::Timestamp;

pub use crate::demo::organization::{ORGANIZATION_NAME, SLUG};
pub use crate::demo::planted::PLANTED;

/// About 1,300 proposals over the 120 days before `now`, oldest first.
#[must_use]
pub fn proposals(now: Timestamp) -> Vec<Proposal> {
    let mut random = Random::new(0x7241_4d4f_4e54_414e);
    let mut schedule = Schedule::new(now);
    founding::schedule(&mut schedule, &mut random);
    routine::schedule(&mut schedule, &mut random);
    cases::schedule(&mut schedule);
    story::schedule(&mut schedule);
    schedule.play().into_proposals()
}
