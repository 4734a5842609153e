//! What each route answers. Handlers translate between the contract and the store, and decide nothing else.

pub(super) mod account;
pub(super) mod counts;
pub(super) mod entries;
pub(super) mod health;
pub(super) mod prune;
pub(super) mod record;
