//! The HTTP contract: a real server, spoken to by a real client. One module for each resource, and one for each rule
//! that holds for all of them. Every answer is judged against the OpenAPI document as it arrives.

mod auth;
mod batch;
mod canary;
mod connections;
mod entry;
mod facets;
mod limits;
mod list;
mod openapi;
mod operations;
mod pages;
mod problems;
mod prune;
mod record;
mod retention;
mod stats;
mod tenancy;
mod token_usage;
mod whoami;
