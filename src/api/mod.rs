//! Floor 1: the HTTP API's types, parameters and paths, shared by server and client. It knows neither of them, and no
//! store.

pub mod account;
pub mod counts;
pub mod erase;
pub mod hold;
pub mod page;
pub mod parameters;
pub mod problem;
pub mod problems;
pub mod prune;
pub mod purpose;
pub mod query;
pub mod record;
pub mod routes;
pub mod rows;
pub mod tree;
