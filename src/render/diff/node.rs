//! A value with a digest of what it means at every level, so that equal parts are known without comparing them again at
//! each level they are nested in.
//!
//! Numbers count by value and objects without regard to order, as in [`Json::same`]. The digests are keyed by chance at
//! each comparison: nobody can choose two values that are taken for equal.

use std::hash::{BuildHasher as _, Hash as _, Hasher as _, RandomState};

use crate::model::json::Json;

/// The digest of a value, and those of its parts in their order.
pub(super) struct Digest {
    sum: u64,
    parts: Vec<Digest>,
}

impl Digest {
    pub(super) fn of(value: &Json, key: &RandomState) -> Self {
        let mut hasher = key.build_hasher();
        std::mem::discriminant(value).hash(&mut hasher);
        let mut parts = Vec::new();
        match value {
            Json::Null => {}
            Json::Bool(value) => value.hash(&mut hasher),
            Json::Number(text) => Json::hash_number(text, &mut hasher),
            Json::String(text) => text.hash(&mut hasher),
            Json::Array(items) => {
                parts = items.iter().map(|item| Self::of(item, key)).collect();
                parts.iter().for_each(|part| hasher.write_u64(part.sum));
            }
            Json::Object(members) => {
                parts = members.iter().map(|(_, value)| Self::of(value, key)).collect();
                let mut named: Vec<_> =
                    members.iter().zip(&parts).map(|((key, _), part)| (key, part.sum)).collect();
                // The sort is stable: repeats of a key stay in their order.
                named.sort_by_key(|(key, _)| *key);
                named.hash(&mut hasher);
            }
        }
        Self { sum: hasher.finish(), parts }
    }
}

/// A value and its digest.
#[derive(Clone, Copy)]
pub(super) struct Node<'a> {
    pub(super) value: &'a Json,
    digest: &'a Digest,
}

impl<'a> Node<'a> {
    pub(super) const fn new(value: &'a Json, digest: &'a Digest) -> Self {
        Self { value, digest }
    }

    /// Equal numbers mean equal values.
    pub(super) const fn sum(self) -> u64 {
        self.digest.sum
    }

    /// These items of the value, when it is a list.
    pub(super) fn items(self, items: &'a [Json]) -> Vec<Self> {
        items.iter().zip(&self.digest.parts).map(|(value, digest)| Self { value, digest }).collect()
    }

    /// These members of the value, when it is an object.
    pub(super) fn members(self, members: &'a [(String, Json)]) -> Vec<(&'a str, Self)> {
        let with_digests = members.iter().zip(&self.digest.parts);
        with_digests.map(|((key, value), digest)| (key.as_str(), Self { value, digest })).collect()
    }
}
