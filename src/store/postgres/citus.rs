//! Errors of worker nodes that reach the client through a Citus coordinator without their SQLSTATE.
//!
//! Citus inserts arrays by a COPY on the shard. A worker's error comes back from it as XX000 with the worker's message;
//! so does a lost connection to a worker, with libpq's message. The message is all there is to go by. It is compared
//! without relation names, which carry a shard's number. Messages are English where `lc_messages` of the workers is.

use tokio_postgres::error::SqlState;

/// Messages of PostgreSQL and libpq for a connection that was lost or refused, and of Citus for a node or a shard
/// placement that is unavailable.
const NODE_AWAY: &[&str] = &[
    "server closed the connection unexpectedly",
    "terminating connection",
    "connection to server",
    "could not connect to server",
    "could not receive data from server",
    "could not send data to server",
    "could not send startup packet",
    "no connection to the server",
    "connection not open",
    "connection pointer is NULL",
    "SSL SYSCALL error",
    "SSL error",
    "SSL connection has been closed",
    "lost synchronization with server",
    "could not translate host name",
    "the database system is",
    "remaining connection slots are reserved",
    "too many clients already",
    "too many connections",
    "recovery is in progress",
    "read-only transaction",
    "connection error:",
    "connection to the remote node",
    "could not establish any connections to the node",
    "could not open connection",
    "failure on connection marked as essential",
    "failed to complete COPY on",
    "failed to COPY to shard",
    "failed to assign",
    "failed to execute task",
    "cannot open new connections",
    "could not find any shard placements",
    "could not find any placements",
    "could not find any active placements",
    "could not find length of shard",
    "could not find valid entry for shard",
    "could not find shard",
    "there are no nodes in that group",
    "no active worker",
];

/// Their messages for a lock that was not granted, or was taken away: the transaction can be retried.
const UNDONE: &[&str] = &[
    "deadlock detected",
    "distributed deadlock",
    "could not serialize access",
    "could not acquire the lock required to",
    "could not obtain lock",
    "tuple concurrently updated",
    "tuple concurrently deleted",
];

/// The SQLSTATE that a worker's error had before it was lost, or one that is handled alike; none if the message is unknown.
pub(super) fn lost_code(words: &str) -> Option<SqlState> {
    let has = |part: &str| words.contains(part);
    let any = |parts: &[&str]| parts.iter().any(|part| has(part));
    Some(match () {
        () if has("no partition of relation") && has("found for row") => SqlState::CHECK_VIOLATION,
        () if has("canceling statement due to lock timeout") => SqlState::LOCK_NOT_AVAILABLE,
        () if has("canceling statement due to") => SqlState::QUERY_CANCELED,
        () if any(UNDONE) => SqlState::T_R_SERIALIZATION_FAILURE,
        () if any(NODE_AWAY) || is_of_moved_shard(words) => SqlState::CONNECTION_FAILURE,
        () if has("No space left on device") => SqlState::DISK_FULL,
        () => return None,
    })
}

/// Whether a missing table is a shard, which was moved or dropped after the statement was planned. Shards are numbered
/// from 102008; months have two digits.
pub(super) fn is_of_moved_shard(words: &str) -> bool {
    let relation = words.split_once("relation \"").and_then(|(_, rest)| rest.split_once("\" does not exist"));
    let number = relation.and_then(|(name, _)| name.rsplit_once('_')).map(|(_, number)| number);
    number.is_some_and(|number| number.len() >= 6 && number.bytes().all(|byte| byte.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::error::StoreError;
    use crate::store::postgres::error::{DatabaseError, judge};

    fn internal(words: &str) -> DatabaseError {
        judge(&SqlState::INTERNAL_ERROR, words.to_owned(), false)
    }

    #[test]
    fn a_missing_partition_is_recognized_by_its_message() {
        for relation in ["entries", "entries_102040", "krosyn_audit.entries_1020401"] {
            let words = format!("no partition of relation \"{relation}\" found for row");
            assert!(matches!(internal(&words), DatabaseError::NoPartition), "{words}");
        }
    }

    #[test]
    fn a_lost_worker_is_reported_as_an_unavailable_node() {
        for words in [
            "server closed the connection unexpectedly\n\tThis probably means the server terminated abnormally",
            "connection to the remote node postgres@worker-2:5432 failed with the following error: Connection refused",
            "connection to server at \"10.0.0.7\", port 5432 failed: Connection refused",
            "terminating connection due to administrator command",
            "terminating connection due to unexpected postmaster exit",
            "the database system is in recovery mode",
            "the database system is starting up",
            "could not receive data from server: Connection reset by peer",
            "SSL SYSCALL error: EOF detected",
            "connection not open",
            "failure on connection marked as essential: worker-2:5432",
            "failed to assign 1 task(s) to worker nodes",
            "could not find any shard placements for shardId 102040",
            "could not find valid entry for shard 102040",
            "relation \"krosyn_audit.entries_2026_11_102077\" does not exist",
        ] {
            assert!(matches!(internal(words), DatabaseError::NodeAway(_)), "{words}");
            let told = StoreError::from(internal(words));
            assert!(matches!(told, StoreError::Unreachable(_)), "503 with Retry-After: {told}");
        }
        let copy = judge(&SqlState::IO_ERROR, "failed to complete COPY on worker-2:5432".to_owned(), false);
        assert!(matches!(copy, DatabaseError::NodeAway(_)), "{copy:?}");
    }

    #[test]
    fn lock_errors_of_shard_moves_are_retried() {
        for words in [
            "could not acquire the lock required to move krosyn_audit.entries",
            "canceling the transaction since it was involved in a distributed deadlock",
            "deadlock detected",
        ] {
            assert!(matches!(internal(words), DatabaseError::Undone(_)), "{words}");
        }
        let waited = internal("canceling statement due to lock timeout");
        assert!(matches!(waited, DatabaseError::Final(StoreError::Locked)), "{waited:?}");
        let cancelled = internal("canceling statement due to statement timeout");
        assert!(matches!(cancelled, DatabaseError::Final(StoreError::TimedOut)), "{cancelled:?}");
    }

    #[test]
    fn a_full_disk_of_a_worker_is_reported() {
        let full = internal("could not extend file \"base/1/2\": No space left on device");
        assert!(matches!(full, DatabaseError::Final(StoreError::Unwritable(_))), "{full:?}");
    }

    #[test]
    fn an_unknown_internal_error_is_a_failure() {
        for words in
            ["invalid memory alloc request size 18446744073709551613", "cache lookup failed for type 1"]
        {
            assert!(matches!(internal(words), DatabaseError::Internal(_)), "{words}");
            assert!(matches!(StoreError::from(internal(words)), StoreError::Failed(_)), "{words}");
        }
        assert!(!is_of_moved_shard("relation \"entries_2026_11\" does not exist"), "a month is no shard");
        let gone = judge(&SqlState::UNDEFINED_TABLE, "relation \"entries\" does not exist".to_owned(), false);
        assert!(matches!(gone, DatabaseError::Final(StoreError::Failed(_))), "{gone:?}");
        let moved = "relation \"krosyn_audit.entries_102040\" does not exist".to_owned();
        assert!(matches!(judge(&SqlState::UNDEFINED_TABLE, moved, false), DatabaseError::NodeAway(_)));
    }
}
