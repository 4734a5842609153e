//! What only PostgreSQL has: several processes over one database, monthly partitions, migrations under a lock, TLS,
//! distribution by Citus, and the statements themselves. `store` has the contract of every store.

mod checksums;
mod copy;
mod deletions;
mod erasing;
mod holds;
mod nodes;
mod one_tree;
mod partitions;
mod plans;
mod processes;
mod pruning;
mod queries;
mod schema;
mod statements;
mod tls;
