//! The demo: four months of the log of one invented organization, the same for the same moment.
//!
//! It is what a newcomer sees first, and the test bed for every hard case. It reads no clock and draws on no
//! chance from outside. Nothing is redacted here: like any recorder, it leaves that to the server.

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

use crate::demo::calendar::Plan;
use crate::demo::random::Random;
use crate::model::proposal::Proposal;
use crate::model::timestamp::Timestamp;

pub use crate::demo::organization::{ORGANIZATION_NAME, SLUG};
pub use crate::demo::planted::PLANTED;

/// About 1,300 proposals over the 120 days before `now`, oldest first.
#[must_use]
pub fn proposals(now: Timestamp) -> Vec<Proposal> {
    let mut random = Random::new(0x7241_4d4f_4e54_414e);
    let mut plan = Plan::new(now);
    founding::found(&mut plan, &mut random);
    routine::live(&mut plan, &mut random);
    cases::add(&mut plan);
    story::tell(&mut plan);
    plan.play().into_proposals()
}
