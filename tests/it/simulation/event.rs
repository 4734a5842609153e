//! What happens in a simulation: random recordings, holds, prunes, erasures and checks, as shrinking can shorten them.

use std::fmt;

use proptest::prelude::*;
use proptest::sample::select;

use crate::simulation::people::{Fact, PEOPLE, Snapshot, What};

/// A history: what happens, and at which server.
#[derive(Clone)]
pub(super) struct History(pub(super) Vec<(usize, Event)>);

/// One event on each line.
impl fmt::Debug for History {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, (server, event)) in self.0.iter().enumerate() {
            write!(f, "\n  {number:>2}. at server {server}: {event:?}")?;
        }
        Ok(())
    }
}

#[derive(Debug, Clone)]
pub(super) enum Event {
    Record(Recording),
    CreateHold(Cover),
    /// Releases an active hold; the number selects one.
    ReleaseHold(usize),
    Prune {
        older_than: Option<&'static str>,
    },
    Sweep,
    Erase {
        person: usize,
        with_id: bool,
        also_values: bool,
        despite_holds: bool,
        /// The erasure begins, and is interrupted before its first batch.
        is_interrupted: bool,
    },
    RenameOrganization,
    PassDays(i64),
    Check,
}

/// An entry to record.
#[derive(Debug, Clone)]
pub(super) struct Recording {
    pub(super) by: Actor,
    pub(super) on_behalf_of: Option<(usize, Snapshot)>,
    pub(super) about: Resource,
    /// Where it names a person.
    pub(super) mention: Option<(Place, Fact)>,
    /// How many days ago it happened.
    pub(super) days_ago: i64,
}

#[derive(Debug, Clone)]
pub(super) enum Actor {
    Person(usize, Snapshot),
    /// A token with a person's address in its name.
    TokenOf(usize),
}

#[derive(Debug, Clone)]
pub(super) enum Resource {
    Connector(&'static str),
    Member(usize),
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Place {
    Reason,
    /// A whole value.
    Value,
    /// A part of a value.
    Sentence,
}

/// What a hold covers.
#[derive(Debug, Clone)]
pub(super) enum Cover {
    Connector(&'static str),
    Member(usize),
    MembersOnly,
    UserById(usize),
    UserByEmail(usize),
    UserByName(usize),
    /// Everybody but one.
    NotUser(usize),
    OnBehalfOf(usize),
    /// What a person did between so many days ago and now.
    UserSince(usize, i64),
}

fn person() -> impl Strategy<Value = usize> {
    0..PEOPLE.len()
}

fn snapshot() -> impl Strategy<Value = Snapshot> {
    prop_oneof![
        4 => Just(Snapshot::Full),
        2 => Just(Snapshot::OldEmail),
        1 => Just(Snapshot::OnlyId),
        1 => Just(Snapshot::OnlyEmail),
    ]
}

fn recording() -> impl Strategy<Value = Recording> {
    let by = prop_oneof![
        6 => (person(), snapshot()).prop_map(|(person, snapshot)| Actor::Person(person, snapshot)),
        1 => person().prop_map(Actor::TokenOf),
    ];
    let about = prop_oneof![
        3 => select(vec!["1", "2"]).prop_map(Resource::Connector),
        2 => person().prop_map(Resource::Member),
    ];
    let fact = (person(), select(vec![What::Email, What::OldEmail, What::Name]));
    let place = select(vec![Place::Reason, Place::Value, Place::Sentence]);
    let mention = (place, fact.prop_map(|(person, what)| Fact { person, what }));
    let on_behalf_of = prop::option::weighted(0.2, (person(), snapshot()));
    // The plan keeps entries for 90 days.
    let days_ago = select(vec![0, 1, 60, 89, 91, 130, 400]);
    (by, on_behalf_of, about, prop::option::weighted(0.4, mention), days_ago).prop_map(
        |(by, on_behalf_of, about, mention, days_ago)| Recording {
            by,
            on_behalf_of,
            about,
            mention,
            days_ago,
        },
    )
}

fn cover() -> impl Strategy<Value = Cover> {
    prop_oneof![
        select(vec!["1", "2"]).prop_map(Cover::Connector),
        person().prop_map(Cover::Member),
        Just(Cover::MembersOnly),
        person().prop_map(Cover::UserById),
        person().prop_map(Cover::UserByEmail),
        person().prop_map(Cover::UserByName),
        person().prop_map(Cover::NotUser),
        person().prop_map(Cover::OnBehalfOf),
        (person(), select(vec![50, 100, 200])).prop_map(|(person, days)| Cover::UserSince(person, days)),
    ]
}

fn event() -> impl Strategy<Value = Event> {
    let erase = (person(), any::<bool>(), any::<bool>(), any::<bool>(), prop::bool::weighted(0.3)).prop_map(
        |(person, with_id, also_values, despite_holds, is_interrupted)| Event::Erase {
            person,
            with_id,
            also_values,
            despite_holds,
            is_interrupted,
        },
    );
    prop_oneof![
        12 => recording().prop_map(Event::Record),
        3 => cover().prop_map(Event::CreateHold),
        1 => (0..4_usize).prop_map(Event::ReleaseHold),
        3 => select(vec![None, None, Some("120d")]).prop_map(|older_than| Event::Prune { older_than }),
        1 => Just(Event::Sweep),
        4 => erase,
        1 => Just(Event::RenameOrganization),
        2 => select(vec![1, 30, 100, 380]).prop_map(Event::PassDays),
        1 => Just(Event::Check),
    ]
}

/// Histories over so many servers.
pub(super) fn histories(servers: usize) -> impl Strategy<Value = History> {
    prop::collection::vec((0..servers, event()), 1..32).prop_map(History)
}
