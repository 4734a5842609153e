//! The record of an erasure, its options and its label.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::model::timestamp::Timestamp;

/// The record of an erasure. It is never deleted, and it does not name the person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Erasure {
    /// Per organization, from 1.
    pub id: u64,
    /// What entries show in place of the person. It is random.
    #[schema(example = "erased-4c1f")]
    pub label: String,
    /// When it began.
    #[schema(value_type = String, format = DateTime)]
    pub started_at: Timestamp,
    /// When it ended; absent while it runs and when it was interrupted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub finished_at: Option<Timestamp>,
    /// Who ran it: the name of a token.
    #[schema(example = "privacy")]
    pub by: String,
    /// Why. It does not name the person.
    #[schema(example = "GDPR request 2026-117")]
    pub reason: String,
    /// How it was done.
    #[serde(flatten)]
    pub options: ErasureOptions,
    /// The number of entries in which the user, the address and the user agent were erased.
    pub actors: u64,
    /// The number of entries in which texts of the resource or of the changes were replaced.
    pub contents: u64,
}

/// How far an erasure goes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ErasureOptions {
    /// The person's id is erased, too.
    #[serde(default)]
    pub with_id: bool,
    /// The person's e-mail address and name are replaced wherever they occur, also in the trail.
    #[serde(default)]
    pub also_values: bool,
}

impl ErasureOptions {
    /// The options of both.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self { with_id: self.with_id || other.with_id, also_values: self.also_values || other.also_values }
    }
}

/// The first part of every label.
const LABEL: &str = "erased-";

/// The label made of a random number.
#[must_use]
pub fn label(random: u32, digits: usize) -> String {
    let hex = format!("{random:08x}");
    format!("{LABEL}{}", &hex[hex.len() - digits.clamp(1, 8)..])
}
