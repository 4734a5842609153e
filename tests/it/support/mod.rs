//! Shared by the tests: stores, a server, a client that checks every answer, and recordings.

pub(crate) mod answer;
pub(crate) mod citus;
pub(crate) mod contract;
pub(crate) mod entries;
pub(crate) mod files;
pub(crate) mod log;
pub(crate) mod page_gate;
pub(crate) mod postgres;
pub(crate) mod properties;
pub(crate) mod pty;
pub(crate) mod sandbox;
pub(crate) mod stores;
pub(crate) mod test_server;
