//! Ordinary days and nights: people at their desks, Terraform runs, and rotations by the service account.
//!
//! The number of entries is fixed in advance. Their resources and users are drawn when the time comes, from what exists then.
//! The connectors of the incident and of the hard cases are not changed.

use chrono::TimeDelta;

use crate::demo::calendar::{Schedule, night, office_hours, shifted};
use crate::demo::connectors::{HOSTILE, SAP, WAREHOUSE};
use crate::demo::edits;
use crate::demo::fields::text_at;
use crate::demo::history::{DemoHistory, EntryBuilder};
use crate::demo::office;
use crate::demo::people::{DEPLOY_TOKEN, DemoUser, REGULARS, TERRAFORM};
use crate::demo::random::Random;
use crate::model::json::Json;
use crate::model::timestamp::Timestamp;
use crate::model::words::ModelType::{self, Connector, ConnectorEndpoint, Member, Secret};
use crate::model::words::Via;

const DAILY_ENTRIES: u64 = 904;
const TERRAFORM_RUNS: u64 = 26;
const NIGHTS: u64 = 42;
/// The routine ends this many days before now, when the incident begins.
const LAST_DAY: i64 = 3;

/// Schedules all ordinary changes.
pub(super) fn schedule(schedule: &mut Schedule, random: &mut Random) {
    let days = schedule.working_days(LAST_DAY);
    let mut left = DAILY_ENTRIES;
    while left > 0 && !days.is_empty() {
        let Some(date) = random.pick(&days) else { return };
        let length = (1 + random.below(4)).min(left);
        desk_session(schedule, office_hours(*date, random), length, random);
        left -= length;
    }
    for run in 0..TERRAFORM_RUNS {
        let Some(date) = random.pick(&days) else { return };
        terraform_run(
            schedule,
            office_hours(*date, random),
            &format!("terraform apply {run}"),
            3 + run % 4,
            random,
        );
    }
    for number in 0..NIGHTS {
        let Some(date) = random.pick(&days) else { return };
        rotate(schedule, night(*date, random), &format!("rotation {number}"), 2 + number % 2, random);
    }
}

/// A few changes by one person, one after the other.
fn desk_session(schedule: &mut Schedule, begin: Timestamp, length: u64, random: &mut Random) {
    let (who, mut at) = (random.next(), begin);
    for _ in 0..length {
        let mut draw = random.fork();
        schedule.add(at, move |history, at| change_something(history, at, who, &mut draw));
        at = shifted(at.plus(TimeDelta::seconds(20)), random, 400);
    }
}

fn change_something(history: &mut DemoHistory, at: Timestamp, who: u64, random: &mut Random) {
    match random.below(100) {
        0..=5 => return office::administer(history, at, random),
        6..=17 => return office::change_trial(history, at, editor(history, who).0, random),
        _ => {}
    }
    let (person, usual) = editor(history, who);
    let automatic = who % 100 < 10;
    let via = if who.is_multiple_of(7) { Via::Cli } else { Via::Web };
    let reason = drawn_reason(random);
    let model_type = match random.below(10) {
        0..=6 => Connector,
        7..=8 => ConnectorEndpoint,
        _ => Secret,
    };
    let Some(id) = target(history, model_type, usual + random.below(4)) else { return };
    let act = history.act(at, if automatic { &DEPLOY_TOKEN } else { person });
    let act = if automatic { act } else { act.through(via) };
    let act = if let Some(reason) = reason { act.because(reason) } else { act };
    edit(act, at, model_type, &id, random);
}

/// The changes of one Terraform run: one request, a fraction of a second apart.
fn terraform_run(schedule: &mut Schedule, begin: Timestamp, request: &str, length: u64, random: &mut Random) {
    let (first, types) = (random.next() >> 8, [ConnectorEndpoint, Connector, Secret]);
    for (step, model_type) in (0..length).zip(types.into_iter().cycle()) {
        let (mut draw, request) = (random.fork(), request.to_owned());
        let at = begin.plus(TimeDelta::milliseconds(i64::try_from(step).unwrap_or_default() * 340));
        schedule.add(at, move |history, at| {
            if let Some(id) = target(history, model_type, first + step) {
                edit(history.act(at, &TERRAFORM).in_request(&request), at, model_type, &id, &mut draw);
            }
        });
    }
}

/// The secrets that the service account rotates in one night and one request.
fn rotate(schedule: &mut Schedule, begin: Timestamp, request: &str, length: u64, random: &mut Random) {
    let first = random.next() >> 8;
    for step in 0..length {
        let (draw, request) = (random.word(), request.to_owned());
        let at = begin.plus(TimeDelta::milliseconds(i64::try_from(step).unwrap_or_default() * 1_210));
        schedule.add(at, move |history, at| {
            if let Some(id) = target(history, Secret, first + step) {
                let act = history.act(at, &TERRAFORM).in_request(&request).because("scheduled rotation");
                office::rotate_secret(act.through(Via::Api), &id, &draw);
            }
        });
    }
}

fn edit(act: EntryBuilder<'_>, at: Timestamp, model_type: ModelType, id: &str, random: &mut Random) {
    act.update(model_type, id, |fields| match model_type {
        ConnectorEndpoint => edits::endpoint(fields, at, random),
        Secret => edits::secret(fields, at, random),
        _ => edits::connector(fields, random),
    });
}

/// A person who may currently change connectors, and the index of that person's first connector.
fn editor(history: &DemoHistory, who: u64) -> (&'static DemoUser, u64) {
    let may_edit = |person: &DemoUser| {
        let member = history.fields(Member, person.id);
        member.is_some_and(|fields| {
            text_at(fields, "status") == "active" && matches!(text_at(fields, "role"), "admin" | "editor")
        })
    };
    let present: Vec<_> = (0_u64..).zip(REGULARS).filter(|(_, person)| may_edit(person)).collect();
    let index =
        usize::try_from(who / 100 % u64::try_from(present.len()).unwrap_or(1).max(1)).unwrap_or_default();
    let (number, person) = present.get(index).copied().unwrap_or((0, &REGULARS[0]));
    (person, number * 3)
}

/// The resource at a drawn index among those that the routine may change.
fn target(history: &DemoHistory, model_type: ModelType, index: u64) -> Option<String> {
    let is_excluded = |id: &str, fields: &Json| {
        model_type == Connector
            && (id == WAREHOUSE || id == SAP || HOSTILE.iter().any(|(hostile, _)| *hostile == id))
            || office::is_temporary(model_type, fields)
    };
    let mut ids: Vec<&str> =
        history.all(model_type).filter(|(id, fields)| !is_excluded(id, fields)).map(|(id, _)| id).collect();
    // The order keeps each person's connectors when others are added.
    ids.sort_by_key(|id| (id.len(), *id));
    let count = u64::try_from(ids.len()).ok().filter(|count| *count > 0)?;
    ids.get(usize::try_from(index % count).ok()?).map(|id| (*id).to_owned())
}

fn drawn_reason(random: &mut Random) -> Option<String> {
    match random.below(14) {
        0 => Some(format!("CHG-{}", 1_100 + random.below(400))),
        1 => Some("asked for by support".to_owned()),
        2 => Some(format!("INC-{}", 1_900 + random.below(130))),
        _ => None,
    }
}
