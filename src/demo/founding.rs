//! The first weeks: the organization is set up, its people arrive, and what lasts is created.

use chrono::TimeDelta;

use crate::demo::calendar::Plan;
use crate::demo::connectors::{BLUEPRINTS, Blueprint, from_blueprint};
use crate::demo::endpoints::{ENDPOINTS, endpoint};
use crate::demo::organization::{ORGANIZATION_ID, settings};
use crate::demo::people::{
    ANA, ELENA, INGRID, JULIA, KWAME, LUCIA, MARC, MISAKI, NOOR, OMAR, PRIYA, Person, TOM, YAEL, ZOE, member,
};
use crate::demo::random::Random;
use crate::demo::secrets::{CLOUD_KEY, SECRETS, first_value, secret};
use crate::model::timestamp::Timestamp;
use crate::model::words::ModelType::{Connector, ConnectorEndpoint, Member, Organization, Secret};

/// Who is invited, as what, on which working day.
const ARRIVALS: &[(&Person, &str, usize)] = &[
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

/// How many of the first secrets, connectors and endpoints stand on the first day already.
const FIRST_DAY: usize = 3;

/// Plans the creation of everything that lasts.
pub(super) fn found(plan: &mut Plan, random: &mut Random) {
    let day = Days::of(plan);
    plan.add(day.at(0, 0), |history, at| {
        history.act(at, &ELENA).create(Organization, ORGANIZATION_ID, settings());
    });
    plan.add(day.at(0, 1), |history, at| {
        history.act(at, &ELENA).create(
            Member,
            ELENA.id,
            member(ELENA.email.unwrap_or_default(), "owner", "active"),
        );
    });
    invite_everyone(plan, &day);
    create_secrets(plan, &day);
    for (order, blueprint) in BLUEPRINTS.iter().enumerate() {
        create_connector(plan, &day, order, blueprint, random.fork());
    }
    for (order, (id, connector, origin)) in ENDPOINTS.iter().enumerate() {
        let position = BLUEPRINTS.iter().position(|blueprint| blueprint.id == *connector).unwrap_or(order);
        let minutes = 200 + 5 * i64::try_from(order).unwrap_or_default();
        plan.add(day.at(working_day(position), minutes), move |history, at| {
            let creator = if order % 2 == 0 { &MARC } else { &ANA };
            history.act(at, creator).create(ConnectorEndpoint, id, endpoint(id, connector, origin, at));
        });
    }
}

/// An invitation is recorded by its changes alone; accepting it is an update like any other.
fn invite_everyone(plan: &mut Plan, day: &Days) {
    for (order, (person, role, arrival)) in ARRIVALS.iter().enumerate() {
        let email = person.email.unwrap_or_default();
        let minutes = 6 + 4 * i64::try_from(order).unwrap_or_default();
        plan.add(day.at(*arrival, minutes), move |history, at| {
            let invited = member(email, role, "pending");
            let inviter = if order < 2 { &ELENA } else { &ANA };
            history.act(at, inviter).create_by_changes(Member, person.id, invited);
        });
        plan.add(day.at(*arrival, minutes + 2), move |history, at| {
            let accept = |fields: &mut _| *fields = member(email, role, "active");
            history.act(at, person).update(Member, person.id, accept);
        });
    }
}

fn create_secrets(plan: &mut Plan, day: &Days) {
    let cloud = (CLOUD_KEY.0, CLOUD_KEY.1, "Feedback bucket, write only");
    for (order, (id, name, description)) in SECRETS.iter().copied().chain([cloud]).enumerate() {
        let minutes = 90 + 3 * i64::try_from(order).unwrap_or_default();
        plan.add(day.at(working_day(order), minutes), move |history, at| {
            let creator = if order % 3 == 0 { &ANA } else { &MARC };
            history.act(at, creator).create(Secret, id, secret(name, first_value(id, name), description));
        });
    }
}

fn create_connector(
    plan: &mut Plan,
    day: &Days,
    order: usize,
    blueprint: &'static Blueprint,
    mut random: Random,
) {
    let minutes = 150 + 7 * i64::try_from(order % 5).unwrap_or_default();
    let creator = match blueprint.id {
        "6" | "23" => &MISAKI,
        "8" => &YAEL,
        "9" | "13" => &TOM,
        _ => random.pick(&[&JULIA, &PRIYA, &MARC]).copied().unwrap_or(&MARC),
    };
    plan.add(day.at(working_day(order), minutes), move |history, at| {
        history.act(at, creator).create(Connector, blueprint.id, from_blueprint(blueprint));
    });
}

/// The working day on which the thing at `order` is created: a few on the first, then about one a day.
const fn working_day(order: usize) -> usize {
    if order < FIRST_DAY { 0 } else { order - FIRST_DAY + 1 }
}

/// Working days counted from the founding.
struct Days(Vec<Timestamp>);

impl Days {
    fn of(plan: &Plan) -> Self {
        Self(plan.mornings())
    }

    /// `minutes` after that day's beginning.
    fn at(&self, day: usize, minutes: i64) -> Timestamp {
        let morning = self.0.get(day).or(self.0.last()).copied().unwrap_or(Timestamp::MIN);
        let odd = TimeDelta::milliseconds((minutes * 7_919 + 211) % 50_000);
        morning.plus(TimeDelta::minutes(minutes) + odd)
    }
}
