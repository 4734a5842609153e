//! Krosyn's audit log and the tool to administer it. This page is the map; ARCHITECTURE.md tells why.

pub mod clock;
pub mod model;
