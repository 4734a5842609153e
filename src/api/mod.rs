//! Layer 1: the types, parameters and paths of the HTTP API, shared by server and client. It depends on neither of them, nor
//! on a store.

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
