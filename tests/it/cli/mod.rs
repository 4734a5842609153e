//! The binary as users run it: arguments in; stdout, stderr and exit code out. One module per topic.
//!
//! What a unit test can show is not repeated here. These tests are about wiring, messages and exit codes.

#![cfg(test)]

pub(crate) mod acme;
mod bad_servers;
mod blame;
mod browse;
mod completions;
mod confirm;
mod demo_log;
mod diagnostics;
mod durability;
mod erase;
mod erase_processes;
mod evidence;
mod examples;
mod export;
mod field_paths;
mod file_locations;
mod filter_pairs;
mod follow;
mod formats;
mod generated;
mod habits;
mod help;
mod history;
mod hold;
mod hold_processes;
mod import;
mod import_cases;
mod interrupted;
mod list;
mod log_flag;
mod migrate;
mod monitoring;
mod non_interactive;
mod open;
mod org;
mod output_streams;
mod pager;
mod profiles;
mod prompts;
mod prune;
mod record;
mod request_count;
mod resume;
mod revert;
mod secrets;
mod serve;
mod serve_process;
mod show;
mod signing_key;
mod silent_log;
mod stats;
mod token;
mod trail;
mod usage_errors;
mod verify_prunes;
mod verify_server;
