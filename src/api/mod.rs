//! Floor 1: the contract both wings speak. Types, parameters and paths; no server, no client, no store.

pub mod account;
pub mod counts;
pub mod page;
pub mod parameters;
pub mod problem;
pub mod problems;
pub mod prune;
pub mod query;
pub mod record;
pub mod routes;
