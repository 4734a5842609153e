//! The resource at one moment, each field of it exact, redacted or unknown.

use std::collections::BTreeSet;

use crate::model::history::known_state::KnownState;
use crate::model::history::leaf::{Content, Leaf};
use crate::model::history::replay::Existence;
use crate::model::history::{History, KeyPath};
use crate::model::json::Json;
use crate::model::redaction::REDACTED;

/// The resource at one moment.
#[derive(Debug, Clone)]
pub struct State {
    /// Whether it is there.
    pub existence: Existence,
    known: KnownState,
    /// Fields that some entry names, and of which nothing is known then.
    unknown: Vec<String>,
    /// Whether the moment lies where entries may be missing.
    pub is_beyond_horizon: bool,
}

/// How sure a field's value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Confidence {
    /// It had this value, or was not there.
    Exact,
    /// It was set, and was redacted: as a whole, or in part.
    Redacted,
    /// Parts of it are exact, others are not known.
    Partial,
    /// Not known.
    Unknown,
}

impl Confidence {
    /// The word for it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::Redacted => "redacted",
            Self::Partial => "partial",
            Self::Unknown => "unknown",
        }
    }
}

impl History {
    /// The resource after the last entry.
    #[must_use]
    pub fn now(&self) -> State {
        let is_there = self.end.existence == Existence::Exists;
        let known = if is_there { self.end.known.clone() } else { KnownState::default() };
        State::new(self.end.existence, known, &self.fields)
    }
}

impl State {
    fn new(existence: Existence, known: KnownState, fields: &[String]) -> Self {
        let is_unknown = |field: &&String| {
            let path = std::slice::from_ref(*field);
            !known.is_known(path) && known.beneath(path).next().is_none()
        };
        let is_gone = matches!(existence, Existence::Absent(_));
        let unknown = fields.iter().filter(|field| !is_gone && is_unknown(field)).cloned().collect();
        Self { existence, known, unknown, is_beyond_horizon: false }
    }

    /// A moment of which entries may be missing.
    pub(super) fn beyond_horizon(fields: &[String]) -> Self {
        Self { is_beyond_horizon: true, ..Self::new(Existence::Unknown, KnownState::default(), fields) }
    }

    /// A moment, by what the entries before it leave there and what those behind it show of it.
    pub(super) fn between(
        earlier: (Existence, KnownState),
        later: (Existence, KnownState),
        fields: &[String],
    ) -> Self {
        let nothing = |existence| Self::new(existence, KnownState::default(), fields);
        match (earlier.0, later.0) {
            (Existence::Unknown, there @ (Existence::Unknown | Existence::Absent(_))) => nothing(there),
            (not_there @ Existence::Absent(_), Existence::Unknown | Existence::Absent(_)) => {
                nothing(not_there)
            }
            (Existence::Unknown, Existence::Exists) => Self::new(Existence::Exists, later.1, fields),
            (Existence::Exists, Existence::Unknown | Existence::Exists) => {
                let mut known = earlier.1;
                known.merge(&later.1);
                Self::new(Existence::Exists, known, fields)
            }
            // It came or went and nobody recorded it: when, is not known.
            (Existence::Exists, Existence::Absent(_)) | (Existence::Absent(_), Existence::Exists) => {
                nothing(Existence::Unknown)
            }
        }
    }

    pub(super) const fn known(&self) -> &KnownState {
        &self.known
    }

    /// Whether it is sure that there are no other fields than those told of.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        match self.existence {
            Existence::Unknown => false,
            Existence::Absent(_) => true,
            Existence::Exists => self.known.is_known(&[]),
        }
    }

    /// The leaves, in the order of their objects' members.
    #[must_use]
    pub fn leaves(&self) -> Vec<(&KeyPath, &Leaf)> {
        self.known.in_order()
    }

    /// The object as far as it is known. What was redacted is marked as in the log; what is not known is left out.
    #[must_use]
    pub fn object(&self) -> Json {
        object(self.leaves(), 0)
    }

    /// Each field with how sure it is: first those of the object in its order, then those of which nothing is known.
    #[must_use]
    pub fn fields(&self) -> Vec<(String, Confidence)> {
        let mut fields: Vec<(String, Confidence)> = Vec::new();
        for (path, _) in self.leaves() {
            // The leaves of one field stand together.
            if fields.last().is_none_or(|(field, _)| *field != path[0]) {
                fields.push((path[0].clone(), self.confidence(&path[..1])));
            }
        }
        fields.extend(self.unknown.iter().map(|field| (field.clone(), Confidence::Unknown)));
        fields
    }

    /// How sure it is what stands at a place.
    #[must_use]
    pub fn confidence(&self, path: &[String]) -> Confidence {
        // Of a resource that is not there it is known that it has no fields.
        if matches!(self.existence, Existence::Absent(_)) {
            return Confidence::Exact;
        }
        let mut counts = [0_usize; 3];
        let [exact, redacted, unclear] = &mut counts;
        for (_, leaf) in self.known.beneath(path) {
            match &leaf.content {
                Content::Unknown(_) => *unclear += 1,
                content if content.is_exact() => *exact += 1,
                _ => *redacted += 1,
            }
        }
        match (self.known.is_known(path), counts) {
            (true, [_, 0, 0]) => Confidence::Exact,
            (true, [0, _, 0]) => Confidence::Redacted,
            (_, [0, 0, _]) => Confidence::Unknown,
            (true, [_, _, 0]) => Confidence::Redacted,
            _ => Confidence::Partial,
        }
    }

    /// The leaves whose value was redacted, as a whole or in part.
    #[must_use]
    pub fn redacted(&self) -> Vec<&KeyPath> {
        let is_redacted =
            |leaf: &Leaf| !leaf.content.is_exact() && !matches!(leaf.content, Content::Unknown(_));
        self.leaves().into_iter().filter(|(_, leaf)| is_redacted(leaf)).map(|(path, _)| path).collect()
    }

    /// The places known only in part or not at all: a place, and the entry that makes it unclear, if one does.
    #[must_use]
    pub fn unknown_places(&self) -> Vec<(KeyPath, Option<usize>)> {
        let mut places: Vec<(KeyPath, Option<usize>)> = Vec::new();
        let mut told = BTreeSet::new();
        for (path, leaf) in self.leaves() {
            if let Content::Unknown(index) = leaf.content {
                places.push((path.clone(), Some(index)));
                told.insert(&path[0]);
            }
        }
        for (field, certainty) in self.fields() {
            let is_whole = self.known.is_known(std::slice::from_ref(&field));
            if certainty == Confidence::Unknown && !told.contains(&field)
                || certainty == Confidence::Partial && !is_whole
            {
                places.push((vec![field], None));
            }
        }
        places
    }
}

/// Builds the object of leaves that stand in their order, all of the same beginning of `depth` keys.
pub(super) fn object(leaves: Vec<(&KeyPath, &Leaf)>, depth: usize) -> Json {
    let mut members: Vec<(String, Vec<(&KeyPath, &Leaf)>)> = Vec::new();
    let mut places = std::collections::HashMap::new();
    for (path, leaf) in leaves {
        if matches!(leaf.content, Content::Unknown(_)) {
            continue;
        }
        let place = *places.entry(&path[depth]).or_insert_with(|| {
            members.push((path[depth].clone(), Vec::new()));
            members.len() - 1
        });
        members[place].1.push((path, leaf));
    }
    let value = |leaves: Vec<(&KeyPath, &Leaf)>| match leaves.as_slice() {
        [(path, leaf)] if path.len() == depth + 1 => match &leaf.content {
            Content::Value(value) => value.clone(),
            Content::Redacted | Content::Unknown(_) => Json::String(REDACTED.to_owned()),
        },
        _ => object(leaves, depth + 1),
    };
    Json::Object(members.into_iter().map(|(key, leaves)| (key, value(leaves))).collect())
}
