//! The binary as its users meet it: arguments in; stdout, stderr and exit code out. One module for each topic.
//!
//! What can be shown by a lower test is not repeated here: this is wiring, words and exit codes.

#![cfg(test)]

mod acme;
mod asking;
mod blame;
mod browse;
mod completions;
mod confirm;
mod conversation;
mod demo_log;
mod durability;
mod evidence;
mod examples;
mod export;
mod follow;
mod generated;
mod help;
mod history;
mod homes;
mod import;
mod import_cases;
mod interrupted;
mod leaks;
mod list;
mod migrate;
mod outlets;
mod pager;
mod pairs;
mod paths;
mod profiles;
mod prompts;
mod prune;
mod record;
mod resume;
mod revert;
mod serve;
mod serve_process;
mod show;
mod stats;
mod strangers;
mod token;
mod unattended;
mod words;
