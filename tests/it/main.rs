//! The integration tests: one binary, so that everything is linked once. What belongs where:
//!
//! - `store`: the contract of every store, tested through `Store` on each engine
//! - `api`: the HTTP contract, tested by a real client against a real server, one module per resource
//! - `cli`: the binary as a user runs it, in a sandbox
//! - `forward`: deliveries to receivers of our own and to real ones, which are skipped with a message where they are missing
//! - `page`: the page for browsers, by plain HTTP and in Chromium
//! - `postgres`: what only PostgreSQL has; skipped with a message where it is not installed
//! - `screens`: how list and show look on the demo data
//! - `simulation`: random histories of recordings, holds, prunes and erasures on servers, compared with a model
//! - `fuzz`: every parser of foreign input, with random changes of valid texts
//! - `guarantees`: the promises to users, and the tests that hold them
//! - `contributing`: the files and modules that CONTRIBUTING.md and ARCHITECTURE.md name
//! - `layers`: the rules of the source tree itself
//! - `support`: stores, servers, clocks and recordings for tests; it has no tests
//!
//! No test waits for a fixed time, takes a fixed port, or depends on the machine's clock. To wait for something, a test
//! looks for it again until a deadline.

#[cfg(test)]
mod api;
#[cfg(test)]
mod cli;
#[cfg(test)]
mod contributing;
#[cfg(test)]
mod forward;
#[cfg(test)]
mod fuzz;
#[cfg(test)]
mod guarantees;
#[cfg(test)]
mod layers;
#[cfg(test)]
mod page;
#[cfg(test)]
mod postgres;
#[cfg(test)]
mod screens;
#[cfg(test)]
mod simulation;
#[cfg(test)]
mod store;
#[cfg(test)]
mod support;
