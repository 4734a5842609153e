//! What the tests share: stores, a server, a client that checks every answer, and things to record.

pub(crate) mod entries;
pub(crate) mod places;
