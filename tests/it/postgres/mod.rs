//! What only PostgreSQL has: several processes over one database, months as partitions, migrations under a lock, TLS,
//! the block for Citus, and the statements themselves. The contract every store keeps is in `store`.

mod copy;
mod nodes;
mod partitions;
mod plans;
mod processes;
mod pruning;
mod queries;
mod schema;
mod statements;
mod tls;
