//! What a log must hold after any history: a simple model, without storage, hashes or searches in texts.

use std::collections::{BTreeMap, BTreeSet};

use krosyn_audit::model::change::{Change, Changes};
use krosyn_audit::model::entry::{Entry, RequestContext, User};
use krosyn_audit::model::filter::Filter;
use krosyn_audit::model::prune::Pruned;
use krosyn_audit::model::timestamp::Timestamp;
use krosyn_audit::model::words::{Action, ModelType, UserKind, Via};
use serde_json::json;
use uuid::Uuid;

use crate::simulation::people::{Fact, PEOPLE, Snapshot, Text, What, emails};

/// Who acted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Who {
    Person(usize, Snapshot),
    /// A token, by its name.
    Token(Text),
    Erased {
        id: Option<&'static str>,
        label: String,
    },
}

impl Who {
    pub(super) fn user(&self) -> User {
        let (id, name, kind) = match self {
            Self::Person(person, snapshot) => return snapshot.user(*person),
            Self::Token(name) => (None, name.shown(), UserKind::Token),
            Self::Erased { id, label } => (id.map(str::to_owned), label.clone(), UserKind::User),
        };
        User { id, email: None, name: Some(name), role: None, kind }
    }
}

/// An entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct KnownEntry {
    pub(super) id: u64,
    pub(super) uuid: Uuid,
    pub(super) occurred_at: Timestamp,
    pub(super) recorded_at: Timestamp,
    pub(super) model_type: ModelType,
    pub(super) model_id: Text,
    pub(super) model_name: Text,
    pub(super) by: Who,
    pub(super) on_behalf_of: Option<Who>,
    pub(super) has_address: bool,
    pub(super) reason: Option<Text>,
    pub(super) changes: Vec<(&'static str, Option<Text>, Text)>,
}

impl KnownEntry {
    pub(super) fn entry(&self) -> Entry {
        let value = |text: &Text| serde_json::from_value(json!(text.shown())).expect("JSON");
        let change = |(field, old, new): &(&str, Option<Text>, Text)| Change {
            field: (*field).to_owned(),
            old: old.as_ref().map(value),
            new: Some(value(new)),
            redacted: false,
        };
        let context = |text: &str| self.has_address.then(|| text.to_owned());
        Entry {
            id: self.id,
            uuid: self.uuid,
            occurred_at: self.occurred_at,
            recorded_at: self.recorded_at,
            action: Action::Updated,
            model_type: self.model_type,
            model_id: self.model_id.shown(),
            model_name: Some(self.model_name.shown()),
            user: self.by.user(),
            on_behalf_of: self.on_behalf_of.as_ref().map(Who::user),
            context: RequestContext {
                via: Some(Via::Web),
                ip: context("203.0.113.9"),
                user_agent: context("Netscape"),
                request_id: None,
            },
            reason: self.reason.as_ref().map(Text::shown),
            changes: Changes::from(&self.changes.iter().map(change).collect::<Vec<_>>()[..]),
        }
    }

    fn people(&self) -> impl Iterator<Item = &Who> {
        std::iter::once(&self.by).chain(&self.on_behalf_of)
    }

    fn contents(&mut self) -> impl Iterator<Item = &mut Text> {
        let changed = self.changes.iter_mut().flat_map(|(_, old, new)| old.iter_mut().chain([new]));
        [&mut self.model_id, &mut self.model_name].into_iter().chain(&mut self.reason).chain(changed)
    }

    fn is_member(&self, person: usize) -> bool {
        self.model_type == ModelType::Member && self.model_id.shown() == PEOPLE[person].id
    }

    /// Whether a user of the entry has the id of a person.
    pub(super) fn has_id_of(&self, person: usize) -> bool {
        let entry = self.entry();
        entry.users().any(|user| user.id.as_deref() == Some(PEOPLE[person].id))
    }

    /// The entry after an erasure, and whether its actor and its content were erased.
    fn erased(&self, erasure: &KnownErasure) -> Option<(Self, bool, bool)> {
        let KnownErasure { person, with_id, also_values, identity, label, .. } = erasure;
        let (facts, addresses) = (&identity.facts, emails(&identity.facts));
        let is_them = |who: &Who| matches!(who, Who::Person(of, snapshot) if of == person && identity.snapshots.contains(snapshot));
        let acted = self.people().any(is_them);
        let is_named = self.clone().contents().any(|text| text.is_about(facts));
        let is_in_content = is_named || *with_id && self.is_member(*person);
        let about = is_in_content && self.model_type == ModelType::Member;
        let mut after = self.clone();
        for who in [&mut after.by].into_iter().chain(&mut after.on_behalf_of) {
            let id = || Some(PEOPLE[*person].id).filter(|_| !with_id);
            let was_them = is_them(who);
            match who {
                Who::Person(_, snapshot) if was_them => {
                    let id = id().filter(|_| *snapshot != Snapshot::OnlyEmail);
                    *who = Who::Erased { id, label: label.clone() };
                }
                Who::Token(name) if *also_values => *name = name.erased(&addresses, label),
                _ => {}
            }
        }
        after.has_address &= !acted;
        if about || is_in_content && *also_values {
            if *with_id && self.is_member(*person) {
                after.model_id = Text::label(label);
            }
            after.contents().for_each(|text| *text = text.erased(facts, label));
        }
        let (before, now) = (self.entry(), after.entry());
        let actor = (&before.user, &before.on_behalf_of, &before.context)
            != (&now.user, &now.on_behalf_of, &now.context);
        let content = Entry {
            user: now.user.clone(),
            on_behalf_of: now.on_behalf_of.clone(),
            context: now.context.clone(),
            ..before
        } != now;
        (actor || content).then_some((after, actor, content))
    }
}

/// What is known of a person.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Identity {
    pub(super) snapshots: BTreeSet<Snapshot>,
    pub(super) facts: BTreeSet<Fact>,
}

/// An erasure.
#[derive(Debug, Clone)]
pub(super) struct KnownErasure {
    pub(super) person: usize,
    pub(super) with_id: bool,
    pub(super) also_values: bool,
    pub(super) identity: Identity,
    pub(super) label: String,
}

/// A legal hold.
#[derive(Debug, Clone)]
pub(super) struct KnownHold {
    pub(super) name: String,
    pub(super) filter: Filter,
    pub(super) is_active: bool,
    /// Every entry that it has covered while it was active: none of them may go before its release.
    pub(super) covered: BTreeSet<u64>,
}

#[derive(Debug, Clone, Default)]
pub(super) struct Model {
    pub(super) entries: BTreeMap<u64, KnownEntry>,
    pub(super) holds: Vec<KnownHold>,
    pub(super) pruned: Option<Pruned>,
    /// Erasures that were interrupted, by person.
    pub(super) unfinished: BTreeMap<usize, KnownErasure>,
    /// How many erasures have begun.
    pub(super) erasures: u64,
    /// The entries of which the actor or the content was erased.
    pub(super) erased_actors: BTreeSet<u64>,
    pub(super) erased_contents: BTreeSet<u64>,
}

impl Model {
    /// The highest id.
    pub(super) fn head(&self) -> u64 {
        let last = self.entries.keys().next_back().copied().unwrap_or(0);
        last.max(self.pruned.map_or(0, |pruned| pruned.through_id))
    }

    /// All entries as a list shows them, the oldest first.
    pub(super) fn list(&self, filter: &Filter) -> Vec<Entry> {
        let mut entries: Vec<_> = self.entries.values().map(KnownEntry::entry).collect();
        entries.retain(|entry| filter.matches(entry));
        entries.sort_by_key(|entry| (entry.occurred_at, entry.id));
        entries
    }

    /// The names of the active holds that cover an entry.
    pub(super) fn holds_of(&self, entry: &Entry) -> Vec<&str> {
        let covering = self.holds.iter().filter(|hold| hold.is_active && hold.filter.matches(entry));
        covering.map(|hold| hold.name.as_str()).collect()
    }

    pub(super) fn record(&mut self, entry: KnownEntry) {
        self.entries.insert(entry.id, entry);
        self.note_covered();
    }

    pub(super) fn note_covered(&mut self) {
        let entries: Vec<Entry> = self.entries.values().map(KnownEntry::entry).collect();
        for hold in self.holds.iter_mut().filter(|hold| hold.is_active) {
            let covered = entries.iter().filter(|entry| hold.filter.matches(entry));
            hold.covered.extend(covered.map(|entry| entry.id));
        }
    }

    /// Entries before a cutoff: those that a prune deletes, and those that holds keep.
    pub(super) fn expired(&self, cutoff: Timestamp) -> (Vec<u64>, Vec<u64>) {
        let entries = self.entries.values().filter(|entry| entry.occurred_at < cutoff);
        let (held, gone): (Vec<_>, Vec<_>) =
            entries.partition(|entry| !self.holds_of(&entry.entry()).is_empty());
        let ids = |entries: Vec<&KnownEntry>| entries.iter().map(|entry| entry.id).collect();
        (ids(gone), ids(held))
    }

    /// Returns the number of deleted entries.
    pub(super) fn prune(&mut self, cutoff: Timestamp) -> u64 {
        let (gone, _) = self.expired(cutoff);
        self.entries.retain(|id, _| !gone.contains(id));
        if let Some(last) = gone.last() {
            let before = self.pruned.unwrap_or(Pruned { through_id: 0, before: cutoff });
            let (through_id, before) = (before.through_id.max(*last), before.before.max(cutoff));
            self.pruned = Some(Pruned { through_id, before });
        }
        gone.len() as u64
    }

    /// Whom an erasure by id means.
    pub(super) fn identity(&self, person: usize) -> Option<Identity> {
        let earlier = self.unfinished.get(&person).map(|it| it.identity.clone()).unwrap_or_default();
        let people = self.entries.values().flat_map(KnownEntry::people);
        let mut seen = earlier.snapshots;
        seen.extend(people.filter_map(|who| match who {
            Who::Person(of, snapshot) if *of == person => Some(*snapshot),
            _ => None,
        }));
        let has_only_email = seen.remove(&Snapshot::OnlyEmail);
        if seen.is_empty() {
            // Nothing has the id, by which a simulation asks.
            return None;
        }
        let mut facts = earlier.facts;
        facts.extend(seen.iter().flat_map(|snapshot| snapshot.facts(person)));
        for entry in self.entries.values().filter(|entry| entry.is_member(person)) {
            facts.extend(entry.model_name.fact());
            let changes = entry.changes.iter().filter(|(field, ..)| *field == "email");
            facts.extend(changes.flat_map(|(_, old, new)| old.iter().chain([new]).filter_map(Text::fact)));
        }
        // The address is known to be theirs.
        if has_only_email && facts.contains(&Fact { person, what: What::Email }) {
            seen.insert(Snapshot::OnlyEmail);
        }
        let snapshots = seen;
        Some(Identity { snapshots, facts })
    }

    /// What an erasure changes: the entries afterwards, with the erased parts.
    pub(super) fn changed_by(&self, erasure: &KnownErasure) -> Vec<(KnownEntry, bool, bool)> {
        self.entries.values().filter_map(|entry| entry.erased(erasure)).collect()
    }

    /// How many entries are by the person or for them, and about them.
    pub(super) fn acted(&self, person: usize, identity: &Identity) -> u64 {
        let is_them = |who: &Who| matches!(who, Who::Person(of, snapshot) if *of == person && identity.snapshots.contains(snapshot));
        self.entries.values().filter(|entry| entry.people().any(is_them)).count() as u64
    }

    /// Returns in how many entries the actor and the content were erased.
    pub(super) fn erase(&mut self, erasure: &KnownErasure) -> (u64, u64) {
        let changed = self.changed_by(erasure);
        let (mut actors, mut contents) = (0, 0);
        for (entry, actor, content) in changed {
            if actor {
                self.erased_actors.insert(entry.id);
            }
            if content {
                self.erased_contents.insert(entry.id);
            }
            (actors, contents) = (actors + u64::from(actor), contents + u64::from(content));
            self.entries.insert(entry.id, entry);
        }
        (actors, contents)
    }
}
