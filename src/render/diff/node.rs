//! JSON values with a digest for each part, so that equal parts are recognised without comparing them at each level.
//!
//! Numbers are compared by value and objects without regard to order, as in [`Json::same`]. Each comparison uses a random
//! key, so that an attacker cannot construct values with equal digests.

use std::hash::{BuildHasher as _, Hash as _, Hasher as _, RandomState};

use crate::model::json::Json;

/// The digest of a value and those of its parts.
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
                // The sort is stable: equal keys keep their order.
                named.sort_by_key(|(key, _)| *key);
                named.hash(&mut hasher);
            }
        }
        Self { sum: hasher.finish(), parts }
    }
}

#[derive(Clone, Copy)]
pub(super) struct Node<'a> {
    pub(super) value: &'a Json,
    digest: &'a Digest,
}

impl<'a> Node<'a> {
    pub(super) const fn new(value: &'a Json, digest: &'a Digest) -> Self {
        Self { value, digest }
    }

    /// Equal values have equal digests.
    pub(super) const fn sum(self) -> u64 {
        self.digest.sum
    }

    pub(super) fn items(self, items: &'a [Json]) -> Vec<Self> {
        items.iter().zip(&self.digest.parts).map(|(value, digest)| Self { value, digest }).collect()
    }

    pub(super) fn members(self, members: &'a [(String, Json)]) -> Vec<(&'a str, Self)> {
        let with_digests = members.iter().zip(&self.digest.parts);
        with_digests.map(|((key, value), digest)| (key.as_str(), Self { value, digest })).collect()
    }
}
