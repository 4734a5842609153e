//! Krosyn's audit log and the tool to administer it. This page is the map; ARCHITECTURE.md tells why.

pub mod api;
pub mod app;
pub mod args;
pub mod cli;
pub mod client;
pub mod clock;
pub mod commands;
pub mod config;
pub mod demo;
pub mod error;
pub mod exit;
pub mod model;
pub mod render;
pub mod secret;
pub mod server;
pub mod store;
pub mod terminal;
