//! The HTTP contract, tested by a real client against a real server: one module per resource, and one per rule that
//! holds for all of them. Every answer is checked against the OpenAPI document.

mod auth;
mod batch;
mod canary;
mod connections;
mod entry;
mod erase;
mod facets;
mod holds;
mod limits;
mod list;
mod openapi;
mod operations;
mod pages;
mod problems;
mod prune;
mod record;
mod retention;
pub(crate) mod rows;
mod stats;
mod tenancy;
mod token_usage;
mod trail;
mod trail_records;
mod tree;
mod whoami;
