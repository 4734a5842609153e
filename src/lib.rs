//! Krosyn's audit log and the tool to administer it.
//!
//! The public modules are for the binary, the tests and the benchmarks. Read `model` first: it defines the terms.
//! ARCHITECTURE.md describes the layers and the data flow.

// Private files, locks and signals need it: without file modes, tokens and stores would be open to other users.
#[cfg(not(unix))]
compile_error!("krosyn-audit needs a Unix system, such as Linux or macOS");

pub mod api;
pub mod app;
pub mod args;
pub mod browse;
pub mod cli;
pub mod client;
pub mod clock;
mod commands;
mod config;
pub mod demo;
mod error;
pub mod exit;
pub mod model;
pub mod page;
pub mod parallel;
pub mod render;
pub mod secret;
pub mod server;
pub mod store;
mod terminal;
mod tls;
