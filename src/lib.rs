//! Krosyn's audit log and the tool to administer it. This page is the map; ARCHITECTURE.md tells why.

pub mod api;
pub mod clock;
pub mod demo;
pub mod model;
pub mod render;
pub mod secret;
pub mod server;
pub mod store;
