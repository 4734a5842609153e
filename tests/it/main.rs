//! The integration tests: one binary, so that everything is linked once. What belongs where:
//!
//! - `store`: what every store promises, told through `dyn Store` alone, on each kind of store there is
//! - `api`: the HTTP contract, spoken by a real client to a real server, one module for each resource
//! - `cli`: the binary as a user runs it, in a home of its own
//! - `postgres`: what only PostgreSQL has; skipped, and said so, where it is not installed
//! - `screens`: how list and show look on the demo data
//! - `fuzz`: every reader of what others wrote, with texts that nobody wrote
//! - `guarantees`: what is promised, and which tests would fail without it
//! - `contributing`: the files and modules that CONTRIBUTING.md and ARCHITECTURE.md name
//! - `layers`: the rules of the source tree itself
//! - `support`: how the tests come by a store, a server, a clock and something to record; no test stands there
//!
//! No test sleeps, takes a fixed port, or asks the machine what time it is.

#[cfg(test)]
mod api;
#[cfg(test)]
mod cli;
#[cfg(test)]
mod contributing;
#[cfg(test)]
mod fuzz;
#[cfg(test)]
mod guarantees;
#[cfg(test)]
mod layers;
#[cfg(test)]
mod postgres;
#[cfg(test)]
mod screens;
#[cfg(test)]
mod store;
#[cfg(test)]
mod support;
