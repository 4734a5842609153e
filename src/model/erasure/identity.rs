//! Tells which snapshots of users belong to one identity: its e-mail address, name and role may have changed over time.

use std::collections::{BTreeSet, HashMap, HashSet};

use serde::{Deserialize, Serialize};

use crate::model::entry::{Entry, User};
use crate::model::filter::UserTerm;
use crate::model::fold::folded;
use crate::model::json::RawJson;
use crate::model::words::{ModelType, UserKind};

/// One identity, with every snapshot of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// The snapshots, the latest last.
    pub users: Vec<User>,
    /// E-mail addresses and names that only entries about the person have.
    pub more_texts: BTreeSet<String>,
}

impl Person {
    /// The person as people know them, by the latest snapshot.
    #[must_use]
    pub fn label(&self) -> &str {
        self.users.last().map_or("", User::label)
    }

    /// Every e-mail address and name.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        let own = self.users.iter().flat_map(|user| [&user.email, &user.name]).flatten();
        own.chain(&self.more_texts).map(|text| &**text)
    }

    /// Adds what else is known of the same person.
    pub fn add(&mut self, known: &Self) {
        for user in &known.users {
            if !self.users.contains(user) {
                self.users.insert(0, user.clone());
            }
        }
        self.more_texts.extend(known.more_texts.iter().cloned());
    }

    /// Whether a member of the organization has the id of this person.
    pub(super) fn is_member(&self, model_type: ModelType, model_id: &str) -> bool {
        let is_same = |user: &User| user.kind == UserKind::User && user.id.as_deref() == Some(model_id);
        model_type == ModelType::Member && self.users.iter().any(is_same)
    }

    /// Adds snapshots without an id that have an e-mail address of the person, which an entry about them may have stated. If
    /// somebody with another id has the address, too, nothing tells whose they are.
    pub fn join(&mut self, users: &[User]) {
        let addresses: BTreeSet<String> =
            self.texts().filter(|text| text.contains('@')).map(folded).collect();
        let address = |user: &User| user.email.as_deref().map(folded).filter(|it| addresses.contains(it));
        let of_others = users.iter().filter(|user| user.id.is_some() && !self.users.contains(user));
        let of_others: BTreeSet<String> = of_others.filter_map(address).collect();
        let is_own = |user: &&User| {
            user.id.is_none()
                && self.users.iter().any(|own| own.kind == user.kind)
                && !self.users.contains(user)
                && address(user).is_some_and(|address| !of_others.contains(&address))
        };
        let own: Vec<User> = users.iter().filter(is_own).cloned().collect();
        // The latest snapshot has the id.
        self.users.splice(0..0, own);
    }

    /// Adds the addresses and names that an entry about the person states.
    pub fn learn(&mut self, entry: &Entry) {
        if !self.is_member(entry.model_type, &entry.model_id) {
            return;
        }
        self.more_texts.extend(entry.model_name.clone());
        for change in entry.changes.list().unwrap_or_default() {
            if ["email", "name"].contains(&change.field.as_str()) {
                let text = |value: &RawJson| serde_json::from_str::<String>(value.get()).ok();
                self.more_texts.extend([&change.old, &change.new].into_iter().flatten().filter_map(text));
            }
        }
    }
}

/// The identities that a term matches, each with all of its snapshots. `users` are those of the log in the order in which
/// they were first recorded; `labels` are those of earlier erasures, whose users are no identity any more.
#[must_use]
pub fn identities(users: Vec<User>, term: &UserTerm, labels: &BTreeSet<String>) -> Vec<Person> {
    let is_erased =
        |user: &User| user.email.is_none() && user.name.as_ref().is_some_and(|name| labels.contains(name));
    let (with_id, without): (Vec<_>, Vec<_>) =
        users.into_iter().filter(|user| !is_erased(user)).partition(|user| user.id.is_some());
    let mut groups = Groups::default();
    let mut by_id = HashMap::new();
    for user in with_id {
        let place = *by_id.entry((user.kind, user.id.clone())).or_insert_with(|| groups.begin());
        groups.add(place, user);
    }
    for user in without {
        let place = match groups.named_like(&user) {
            Some(one) => one,
            // Nothing tells to which of several people it belongs: it must not be erased with the wrong one.
            None => groups.begin(),
        };
        groups.add(place, user);
    }
    let is_meant = |group: &Vec<User>| group.iter().any(|user| term.matches(user));
    let groups = groups.users.into_iter().filter(is_meant);
    groups.map(|users| Person { users, ..Person::default() }).collect()
}

/// What names a snapshot without an id: its kind with the e-mail address, or with the name if it has no address.
type NameKey = (UserKind, bool, Option<String>);

fn name_key(user: &User) -> NameKey {
    let text = user.email.as_deref().or(user.name.as_deref());
    (user.kind, user.email.is_some(), text.map(folded))
}

/// Snapshots of the same identity, found by their names: a comparison of each snapshot with all others would take hours in a
/// large organization.
#[derive(Default)]
struct Groups {
    users: Vec<Vec<User>>,
    /// The groups of each name.
    named: HashMap<NameKey, HashSet<usize>>,
}

impl Groups {
    fn begin(&mut self) -> usize {
        self.users.push(Vec::new());
        self.users.len() - 1
    }

    fn add(&mut self, place: usize, user: User) {
        // A name tells nothing about a user who has an id.
        if user.email.is_some() || user.id.is_none() {
            self.named.entry(name_key(&user)).or_default().insert(place);
        }
        self.users[place].push(user);
    }

    /// The group of a snapshot without an id, if there is exactly one: it has the e-mail address of one of its snapshots, or the
    /// name if neither has an address or an id.
    fn named_like(&self, user: &User) -> Option<usize> {
        let places = self.named.get(&name_key(user))?;
        if places.len() == 1 { places.iter().next().copied() } else { None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(id: &str, email: &str, name: &str, kind: UserKind) -> User {
        let [id, email, name] = [id, email, name].map(|text| (!text.is_empty()).then(|| text.to_owned()));
        User { id, email, name, role: None, kind }
    }

    #[test]
    fn an_address_that_only_entries_about_a_person_state_is_theirs() {
        let person = |id: &str, email: &str| user(id, email, "", UserKind::User);
        let users = [person("7", "old@acme.example"), person("", "Ana@acme.example")];
        let joined = |users: &[User]| {
            let more_texts = BTreeSet::from(["ana@acme.example".to_owned()]);
            let mut ana = Person { users: vec![users[0].clone()], more_texts };
            ana.join(users);
            ana.users
        };
        assert_eq!(joined(&users), [users[1].clone(), users[0].clone()]);
        let others = [&users[..], &[person("9", "ana@acme.example")]].concat();
        assert_eq!(joined(&others), [users[0].clone()], "it may be of 9");
        let robot = [users[0].clone(), user("", "ana@acme.example", "", UserKind::Service)];
        assert_eq!(joined(&robot), [users[0].clone()]);
    }

    #[test]
    fn snapshots_of_one_person_are_one_identity() {
        let person = |id: &str, email: &str, name: &str| user(id, email, name, UserKind::User);
        let users = vec![
            person("7", "ana@acme.example", "Ana"),
            person("7", "ana.ruiz@acme.example", "Ana Ruiz"),
            person("8", "bo@acme.example", "Bo"),
            // Recorded by another program, without the id.
            person("", "ANA@acme.example", ""),
            // Another person who got the address later has another id.
            person("9", "ana@acme.example", "Ana Li"),
            user("7", "", "robot", UserKind::Service),
            person("", "", "erased-4c1f"),
        ];
        let found = |term: &str| {
            let labels = BTreeSet::from(["erased-4c1f".to_owned()]);
            let people = identities(users.clone(), &term.parse().expect(term), &labels);
            people.into_iter().map(|person| person.users.len()).collect::<Vec<_>>()
        };
        assert_eq!(found("bo"), [1]);
        assert_eq!(found("service/id:7"), [1]);
        assert_eq!(found("erased-4c1f"), [0; 0], "erased before");
        assert_eq!(found("nobody"), [0; 0]);
        // The snapshot without an id may be of 7 or of 9.
        assert_eq!(found("ana"), [2, 1, 1]);
        assert_eq!(found("id:7"), [2, 1], "two kinds");
        let without: Vec<_> = users.iter().filter(|user| user.id.as_deref() != Some("9")).cloned().collect();
        let people = identities(without, &"user/id:7".parse().expect("a term"), &BTreeSet::new());
        assert_eq!(people.len(), 1);
        assert_eq!(
            people[0].texts().collect::<Vec<_>>(),
            ["ana@acme.example", "Ana", "ana.ruiz@acme.example", "Ana Ruiz", "ANA@acme.example",]
        );
    }

    #[test]
    fn a_million_comparisons_are_not_made() {
        let number = |at: usize| if at.is_multiple_of(2) { at.to_string() } else { String::new() };
        let users: Vec<_> = (0..40_000)
            .map(|at| user(&number(at), &format!("user{at}@acme.example"), "", UserKind::User))
            .collect();
        let people =
            identities(users, &"email:user7@acme.example".parse().expect("a term"), &BTreeSet::new());
        assert_eq!(people.len(), 1);
    }
}
