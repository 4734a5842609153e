//! The first weeks: the organization is set up, its members join, and the lasting resources are created. Later changes are not
//! known here.

use chrono::TimeDelta;

use crate::demo::calendar::Schedule;
use crate::demo::connectors::{CONNECTORS, Template, from_template};
use crate::demo::endpoints::{ENDPOINTS, endpoint};
use crate::demo::organization::{ORGANIZATION_ID, settings};
use crate::demo::people::{
    ANA, DemoUser, ELENA, INGRID, JULIA, KWAME, LUCIA, MARC, MISAKI, NOOR, OMAR, PRIYA, TOM, YAEL, ZOE,
    member,
};
use crate::demo::random::Random;
use crate::demo::secrets::{CLOUD_KEY, SECRETS, first_value, secret};
use crate::model::timestamp::Timestamp;
use crate::model::words::ModelType::{Connector, ConnectorEndpoint, Member, Organization, Secret};

/// Who is invited, with which role, on which working day.
const ARRIVALS: &[(&DemoUser, &str, usize)] = &[
    (&ANA, "admin", 0),
    (&MARC, "admin", 0),
    (&JULIA, "editor", 0),
    (&PRIYA, "editor", 0),
    (&NOOR, "viewer", 1),
    (&OMAR, "editor", 1),
    (&TOM, "editor", 3),
    (&ZOE, "editor", 4),
    (&MISAKI, "editor", 3),
    (&YAEL, "editor", 5),
    (&LUCIA, "viewer", 9),
    (&KWAME, "viewer", 13),
    (&INGRID, "viewer", 16),
];

/// How many secrets, connectors and endpoints are created on the first day.
const FIRST_DAY: usize = 3;

/// Schedules the creation of all lasting resources.
pub(super) fn schedule(schedule: &mut Schedule, random: &mut Random) {
    let day = WorkingDays::of(schedule);
    schedule.add(day.at(0, 0), |history, at| {
        history.act(at, &ELENA).create(Organization, ORGANIZATION_ID, settings());
    });
    schedule.add(day.at(0, 1), |history, at| {
        history.act(at, &ELENA).create(
            Member,
            ELENA.id,
            member(ELENA.email.unwrap_or_default(), "owner", "active"),
        );
    });
    invite_everyone(schedule, &day);
    create_secrets(schedule, &day);
    for (order, template) in CONNECTORS.iter().enumerate() {
        create_connector(schedule, &day, order, template, random.fork());
    }
    for (order, (id, connector, origin)) in ENDPOINTS.iter().enumerate() {
        let position = CONNECTORS.iter().position(|(id, ..)| id == connector).unwrap_or(order);
        let minutes = 200 + 5 * i64::try_from(order).unwrap_or_default();
        schedule.add(day.at(working_day(position), minutes), move |history, at| {
            let creator = if order % 2 == 0 { &MARC } else { &ANA };
            history.act(at, creator).create(ConnectorEndpoint, id, endpoint(id, connector, origin, at));
        });
    }
}

/// An invitation is recorded by changes, its acceptance by whole objects.
fn invite_everyone(schedule: &mut Schedule, day: &WorkingDays) {
    for (order, (person, role, arrival)) in ARRIVALS.iter().enumerate() {
        let email = person.email.unwrap_or_default();
        let minutes = 6 + 4 * i64::try_from(order).unwrap_or_default();
        schedule.add(day.at(*arrival, minutes), move |history, at| {
            let invited = member(email, role, "pending");
            let inviter = if order < 2 { &ELENA } else { &ANA };
            history.act(at, inviter).create_by_changes(Member, person.id, invited);
        });
        schedule.add(day.at(*arrival, minutes + 2), move |history, at| {
            let accept = |fields: &mut _| *fields = member(email, role, "active");
            history.act(at, person).update(Member, person.id, accept);
        });
    }
}

fn create_secrets(schedule: &mut Schedule, day: &WorkingDays) {
    let cloud = (CLOUD_KEY.0, CLOUD_KEY.1, "Feedback bucket, write only");
    for (order, (id, name, description)) in SECRETS.iter().copied().chain([cloud]).enumerate() {
        let minutes = 90 + 3 * i64::try_from(order).unwrap_or_default();
        schedule.add(day.at(working_day(order), minutes), move |history, at| {
            let creator = if order % 3 == 0 { &ANA } else { &MARC };
            history.act(at, creator).create(Secret, id, secret(name, first_value(id, name), description));
        });
    }
}

fn create_connector(
    schedule: &mut Schedule,
    day: &WorkingDays,
    order: usize,
    template: &'static Template,
    mut random: Random,
) {
    let minutes = 150 + 7 * i64::try_from(order % 5).unwrap_or_default();
    let (id, ..) = template;
    let creator = match *id {
        "6" | "23" => &MISAKI,
        "8" => &YAEL,
        "9" | "13" => &TOM,
        _ => random.pick(&[&JULIA, &PRIYA, &MARC]).copied().unwrap_or(&MARC),
    };
    schedule.add(day.at(working_day(order), minutes), move |history, at| {
        history.act(at, creator).create(Connector, id, from_template(template));
    });
}

/// The working day on which the resource at `order` is created: some on the first, then one a day.
const fn working_day(order: usize) -> usize {
    if order < FIRST_DAY { 0 } else { order - FIRST_DAY + 1 }
}

/// The beginnings of the working days since the founding.
struct WorkingDays(Vec<Timestamp>);

impl WorkingDays {
    fn of(schedule: &Schedule) -> Self {
        Self(schedule.mornings())
    }

    /// A time `minutes` after the beginning of a day.
    fn at(&self, day: usize, minutes: i64) -> Timestamp {
        let morning = self.0.get(day).or(self.0.last()).copied().unwrap_or(Timestamp::MIN);
        let odd = TimeDelta::milliseconds((minutes * 7_919 + 211) % 50_000);
        morning.plus(TimeDelta::minutes(minutes) + odd)
    }
}
