//! One function per route. Handlers only translate between the API types and the store.

pub(super) mod account;
pub(super) mod counts;
pub(super) mod entries;
pub(super) mod erase;
pub(super) mod health;
pub(super) mod hold;
mod json_body;
pub(super) mod prune;
pub(super) mod question;
pub(super) mod record;
pub(super) mod rows;
pub(super) mod trail;
pub(super) mod tree;
