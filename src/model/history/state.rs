//! The state of the resource at one time; each field is exact, redacted or unknown.

use std::collections::BTreeSet;

use crate::model::history::known_state::KnownState;
use crate::model::history::leaf::{Leaf, LeafContent};
use crate::model::history::path::KeyPath;
use crate::model::history::replay::Existence;
use crate::model::json::Json;
use crate::model::redaction::REDACTED;

/// The state of the resource at one time.
#[derive(Debug, Clone)]
pub struct State {
    pub(crate) existence: Existence,
    known: KnownState,
    /// Fields that entries name, but whose value at this time is unknown.
    unknown: Vec<String>,
}

/// How reliable a field's value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Confidence {
    /// It had this value, or did not exist.
    Exact,
    /// It was set, but redacted in full or in part.
    Redacted,
    /// Parts of it are exact, others unknown.
    Partial,
    Unknown,
}

impl Confidence {
    /// Its name in output.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::Redacted => "redacted",
            Self::Partial => "partial",
            Self::Unknown => "unknown",
        }
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
        Self { existence, known, unknown }
    }

    /// The state at a time whose entries may have been pruned.
    pub(super) fn beyond_horizon(fields: &[String]) -> Self {
        Self::new(Existence::Unknown, KnownState::default(), fields)
    }

    /// Combines the state after all earlier entries with the state that later entries show.
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
            // It was created or deleted at an unknown time, without an entry.
            (Existence::Exists, Existence::Absent(_)) | (Existence::Absent(_), Existence::Exists) => {
                nothing(Existence::Unknown)
            }
        }
    }

    pub(super) const fn known(&self) -> &KnownState {
        &self.known
    }

    /// Whether it is certain that there are no other fields.
    pub(crate) fn is_complete(&self) -> bool {
        match self.existence {
            Existence::Unknown => false,
            Existence::Absent(_) => true,
            Existence::Exists => self.known.is_known(&[]),
        }
    }

    pub(crate) fn leaves(&self) -> Vec<(&KeyPath, &Leaf)> {
        self.known.in_order()
    }

    /// The known part of the object. Redacted values are marked as in the log; unknown ones are left out.
    pub fn object(&self) -> Json {
        object(self.leaves(), 0)
    }

    /// Each field with its confidence: fields of the object in order, then unknown fields.
    pub(crate) fn fields(&self) -> Vec<(String, Confidence)> {
        let mut fields: Vec<(String, Confidence)> = Vec::new();
        for (path, _) in self.leaves() {
            // The leaves of one field are adjacent.
            if fields.last().is_none_or(|(field, _)| *field != path[0]) {
                fields.push((path[0].clone(), self.confidence(&path[..1])));
            }
        }
        fields.extend(self.unknown.iter().map(|field| (field.clone(), Confidence::Unknown)));
        fields
    }

    /// The confidence in the value at a path.
    pub(crate) fn confidence(&self, path: &[String]) -> Confidence {
        // A resource that does not exist has no fields: that is exact.
        if matches!(self.existence, Existence::Absent(_)) {
            return Confidence::Exact;
        }
        let mut counts = [0_usize; 3];
        let [exact, redacted, unclear] = &mut counts;
        for (_, leaf) in self.known.beneath(path) {
            match &leaf.content {
                LeafContent::Unknown(_) => *unclear += 1,
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

    /// The paths of leaves redacted in full or in part.
    pub(crate) fn redacted(&self) -> Vec<&KeyPath> {
        let is_redacted =
            |leaf: &Leaf| !leaf.content.is_exact() && !matches!(leaf.content, LeafContent::Unknown(_));
        self.leaves().into_iter().filter(|(_, leaf)| is_redacted(leaf)).map(|(path, _)| path).collect()
    }

    /// The paths that are partly or entirely unknown, each with the entry that makes it unknown, if any.
    pub(crate) fn unknown_places(&self) -> Vec<(KeyPath, Option<usize>)> {
        let mut places: Vec<(KeyPath, Option<usize>)> = Vec::new();
        let mut listed = BTreeSet::new();
        for (path, leaf) in self.leaves() {
            if let LeafContent::Unknown(index) = leaf.content {
                places.push((path.clone(), Some(index)));
                listed.insert(&path[0]);
            }
        }
        for (field, certainty) in self.fields() {
            let is_whole = self.known.is_known(std::slice::from_ref(&field));
            if certainty == Confidence::Unknown && !listed.contains(&field)
                || certainty == Confidence::Partial && !is_whole
            {
                places.push((vec![field], None));
            }
        }
        places
    }
}

/// Builds an object of ordered leaves that share their first `depth` keys.
pub(super) fn object(leaves: Vec<(&KeyPath, &Leaf)>, depth: usize) -> Json {
    let mut members: Vec<(String, Vec<(&KeyPath, &Leaf)>)> = Vec::new();
    let mut places = std::collections::HashMap::new();
    for (path, leaf) in leaves {
        if matches!(leaf.content, LeafContent::Unknown(_)) {
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
            LeafContent::Value(value) => value.clone(),
            LeafContent::Redacted | LeafContent::Unknown(_) => Json::String(REDACTED.to_owned()),
        },
        _ => object(leaves, depth + 1),
    };
    Json::Object(members.into_iter().map(|(key, leaves)| (key, value(leaves))).collect())
}
