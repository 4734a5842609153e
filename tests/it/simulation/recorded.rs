//! What a recording looks like in the model.

use krosyn_audit::model::timestamp::Timestamp;
use krosyn_audit::model::words::ModelType;

use crate::simulation::event::{Actor, Place, Recording, Resource};
use crate::simulation::model::{KnownEntry, Who};
use crate::simulation::people::{Fact, PEOPLE, Text, What, Word};

/// The entry of a recording, without id and times.
pub(super) fn known_entry(recording: &Recording) -> KnownEntry {
    let Recording { by, on_behalf_of, about, mention, .. } = recording;
    let of = |person: usize, what| Text::of(Fact { person, what });
    let by = match by {
        Actor::Person(person, snapshot) => Who::Person(*person, *snapshot),
        Actor::TokenOf(person) => {
            let fact = Fact { person: *person, what: What::Email };
            Who::Token(Text(vec![Word::Plain("token of"), Word::Of(fact)]))
        }
    };
    let (model_type, model_id, model_name, mut changes) = match about {
        Resource::Connector(id) => {
            let change = ("status", Some(Text::plain("on")), Text::plain("off"));
            (ModelType::Connector, *id, Text::plain("Orders"), vec![change])
        }
        Resource::Member(person) => {
            let change = ("email", Some(of(*person, What::OldEmail)), of(*person, What::Email));
            (ModelType::Member, PEOPLE[*person].id, of(*person, What::Name), vec![change])
        }
    };
    let mut reason = None;
    match mention {
        Some((Place::Reason, fact)) => {
            reason = Some(Text(vec![Word::Plain("asked by"), Word::Of(*fact)]));
        }
        Some((Place::Value, fact)) => changes.push(("owner", None, Text::of(*fact))),
        Some((Place::Sentence, fact)) => {
            let text = Text(vec![Word::Plain("call"), Word::Of(*fact), Word::Plain("at night")]);
            changes.push(("note", Some(Text::plain("-")), text));
        }
        None => {}
    }
    KnownEntry {
        id: 0,
        uuid: Default::default(),
        occurred_at: Timestamp::MIN,
        recorded_at: Timestamp::MIN,
        model_type,
        model_id: Text::plain(model_id),
        model_name,
        by,
        on_behalf_of: on_behalf_of.map(|(person, snapshot)| Who::Person(person, snapshot)),
        has_address: true,
        reason,
        changes,
    }
}
