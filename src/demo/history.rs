//! The state of the organization at one moment of the demo, and the entries recorded so far.
//!
//! The `before` of an entry is the last `after` of its resource, because both come from this state. The times of entries are
//! not decided here.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::demo::fields::text_at;
use crate::demo::people::DemoUser;
use crate::model::change::Change;
use crate::model::entry::{RequestContext, User};
use crate::model::json::{Json, RawJson};
use crate::model::proposal::Proposal;
use crate::model::timestamp::Timestamp;
use crate::model::words::{Action, ModelType, UserKind, Via};

/// Determines the uuids and request ids.
const SEED: &str = "krosyn-audit demo: tramontana-robotics";

#[derive(Default)]
pub(super) struct DemoHistory {
    resources: BTreeMap<(ModelType, String), Json>,
    proposals: Vec<Proposal>,
}

impl DemoHistory {
    pub(super) fn into_proposals(self) -> Vec<Proposal> {
        self.proposals
    }

    pub(super) fn fields(&self, model_type: ModelType, id: &str) -> Option<&Json> {
        self.resources.get(&(model_type, id.to_owned()))
    }

    pub(super) fn all(&self, model_type: ModelType) -> impl Iterator<Item = (&str, &Json)> {
        let of_type = self.resources.iter().filter(move |((kind, _), _)| *kind == model_type);
        of_type.map(|((_, id), fields)| (id.as_str(), fields))
    }

    /// An unused id. Lasting resources have the small numbers.
    pub(super) fn next_id(&self) -> String {
        (self.proposals.len() + 100).to_string()
    }

    pub(super) const fn act<'a>(&'a mut self, at: Timestamp, person: &'a DemoUser) -> EntryBuilder<'a> {
        EntryBuilder {
            via: person.via,
            reason: None,
            request_id: None,
            principal: None,
            history: self,
            at,
            person,
        }
    }
}

/// An entry to be recorded.
pub(super) struct EntryBuilder<'a> {
    history: &'a mut DemoHistory,
    at: Timestamp,
    person: &'a DemoUser,
    /// For whom the person acts.
    principal: Option<&'a DemoUser>,
    via: Via,
    reason: Option<String>,
    request_id: Option<String>,
}

impl<'a> EntryBuilder<'a> {
    pub(super) fn because(mut self, reason: impl Into<String>) -> Self {
        self.reason = Some(reason.into());
        self
    }

    /// Gives the entry the request id that belongs to `name`.
    pub(super) fn in_request(mut self, name: &str) -> Self {
        self.request_id = Some(request_id(name));
        self
    }

    pub(super) const fn on_behalf_of(mut self, principal: &'a DemoUser) -> Self {
        self.principal = Some(principal);
        self
    }

    pub(super) const fn through(mut self, via: Via) -> Self {
        self.via = via;
        self
    }

    pub(super) fn create(self, model_type: ModelType, id: &str, fields: Json) {
        self.record(Action::Created, model_type, id, None, Some(fields));
    }

    /// Creates a resource and records `changes`, as a recorder without whole objects does.
    pub(super) fn create_by_changes(self, model_type: ModelType, id: &str, fields: Json) {
        let changes = as_changes(&fields);
        let proposal = self.record(Action::Created, model_type, id, None, Some(fields));
        proposal.after = None;
        proposal.changes = Some(changes);
    }

    /// Changes a resource. Without a resource or a difference there is no entry.
    pub(super) fn update(self, model_type: ModelType, id: &str, edit: impl FnOnce(&mut Json)) {
        let Some(before) = self.history.fields(model_type, id).cloned() else { return };
        let mut after = before.clone();
        edit(&mut after);
        if !before.same(&after) {
            self.record(Action::Updated, model_type, id, Some(&before), Some(after));
        }
    }

    /// Deletes a resource, if it exists.
    pub(super) fn delete(self, model_type: ModelType, id: &str) {
        if let Some(before) = self.history.fields(model_type, id).cloned() {
            self.record(Action::Deleted, model_type, id, Some(&before), None);
        }
    }

    fn record(
        self,
        action: Action,
        model_type: ModelType,
        id: &str,
        before: Option<&Json>,
        after: Option<Json>,
    ) -> &'a mut Proposal {
        let (user, on_behalf_of) =
            (self.user(self.person), self.principal.map(|principal| self.user(principal)));
        let Self { history, at, person, via, reason, request_id: request, .. } = self;
        let sequence = history.proposals.len().to_string();
        let ip = person.ip.map(str::to_owned);
        let user_agent = person.user_agent(via).map(str::to_owned);
        let request_id = Some(request.unwrap_or_else(|| request_id(&sequence)));
        let name = after.as_ref().or(before).map(|fields| name_of(model_type, fields));
        let proposal = history.proposals.push_mut(Proposal {
            uuid: Some(uuid(&sequence)),
            occurred_at: Some(at),
            action,
            model_type,
            model_id: id.to_owned(),
            model_name: name,
            user,
            on_behalf_of,
            context: RequestContext { via: Some(via), ip, user_agent, request_id },
            reason,
            before: before.map(RawJson::from),
            after: after.as_ref().map(RawJson::from),
            changes: None,
        });
        let key = (model_type, id.to_owned());
        match after {
            Some(fields) => drop(history.resources.insert(key, fields)),
            None => drop(history.resources.remove(&key)),
        }
        proposal
    }

    /// The person with the current role. The founder is the owner before any member is recorded.
    fn user(&self, person: &DemoUser) -> User {
        let DemoUser { id, name, email, kind, .. } = *person;
        let member = self.history.fields(ModelType::Member, id);
        let role = member.map_or("owner", |fields| text_at(fields, "role"));
        User {
            id: Some(id.to_owned()),
            email: email.map(str::to_owned),
            name: Some(name.to_owned()),
            role: (kind == UserKind::User).then(|| role.to_owned()),
            kind,
        }
    }
}

fn as_changes(after: &Json) -> Vec<Change> {
    let Json::Object(members) = after else { return Vec::new() };
    let change = |(field, new): &(String, Json)| Change {
        field: field.clone(),
        old: None,
        new: Some(RawJson::from(new)),
        redacted: false,
    };
    members.iter().map(change).collect()
}

/// The name that the platform shows. An endpoint has no name, so its path is shown.
fn name_of(model_type: ModelType, fields: &Json) -> String {
    match model_type {
        ModelType::Member => text_at(fields, "email").to_owned(),
        ModelType::ConnectorEndpoint => {
            let url = text_at(fields, "url");
            format!("POST {}", url.split_once("/api/v1").map_or(url, |(_, path)| path))
        }
        _ => text_at(fields, "name").to_owned(),
    }
}

fn digest(what: &str, name: &str) -> [u8; 16] {
    let hash = Sha256::digest(format!("{SEED}/{what}/{name}"));
    std::array::from_fn(|index| hash.get(index).copied().unwrap_or_default())
}

fn uuid(sequence: &str) -> Uuid {
    uuid::Builder::from_custom_bytes(digest("entry", sequence)).into_uuid()
}

fn request_id(name: &str) -> String {
    const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    let letters = digest("request", name).map(|byte| char::from(ALPHABET[usize::from(byte % 32)]));
    format!("req_{}", letters.iter().collect::<String>())
}
