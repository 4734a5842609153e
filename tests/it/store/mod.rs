//! What every store promises, through `dyn Store` alone and on each kind of store. No SQL and no HTTP.

mod accounts;
mod append;
mod counting;
mod faults;
mod file;
mod filtering;
mod isolation;
mod paging;
pub(crate) mod pruning;
mod restore;
mod schemas;
mod sweep;
mod tallies;
mod values;
