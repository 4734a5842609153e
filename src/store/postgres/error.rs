//! Errors of the database, and which of them may be retried. They are classified by SQLSTATE, and by messages only where
//! a Citus coordinator drops the SQLSTATE (`citus`). It sends no statement.

use deadpool_postgres::PoolError;
use tokio_postgres::error::{Severity, SqlState};

use crate::store::error::StoreError;
use crate::store::postgres::address::with_cause;
use crate::store::postgres::citus;

/// An error inside the PostgreSQL store.
#[derive(Debug)]
pub(in crate::store) enum DatabaseError {
    /// The transaction was rolled back because of another one, and can be retried.
    Undone(String),
    /// There was no connection: nothing was sent.
    Away(String),
    /// The connection was lost: the work may or may not be done.
    Lost(String),
    /// The database answers, but a node behind it does not: the work may or may not be done.
    NodeAway(String),
    /// There is no partition for the month of an entry.
    NoPartition,
    /// An unknown internal error: some disappear when the work is retried.
    Internal(String),
    /// An error that a retry does not help.
    Final(StoreError),
}

impl From<StoreError> for DatabaseError {
    fn from(error: StoreError) -> Self {
        Self::Final(error)
    }
}

impl From<tokio_postgres::Error> for DatabaseError {
    fn from(error: tokio_postgres::Error) -> Self {
        let Some(database) = error.as_db_error() else {
            let words = with_cause(&error);
            // An I/O error as the cause means a lost connection; other errors are the driver's own.
            let is_io =
                std::error::Error::source(&error).is_some_and(<dyn std::error::Error>::is::<std::io::Error>);
            return if error.is_closed() || is_io {
                Self::Lost(words)
            } else {
                Self::Final(StoreError::Failed(words))
            };
        };
        let ends_session = matches!(database.parsed_severity(), Some(Severity::Fatal | Severity::Panic));
        // The message alone: details quote values.
        judge(database.code(), database.message().to_owned(), ends_session)
    }
}

/// Classifies an error of the database. A lost connection that does not end the session is another node's.
pub(super) fn judge(code: &SqlState, words: String, ends_session: bool) -> DatabaseError {
    let lost = if ends_session { DatabaseError::Lost } else { DatabaseError::NodeAway };
    match *code {
        SqlState::T_R_SERIALIZATION_FAILURE | SqlState::T_R_DEADLOCK_DETECTED => DatabaseError::Undone(words),
        SqlState::CHECK_VIOLATION => DatabaseError::NoPartition,
        SqlState::LOCK_NOT_AVAILABLE => DatabaseError::Final(StoreError::Locked),
        SqlState::QUERY_CANCELED => DatabaseError::Final(StoreError::TimedOut),
        SqlState::ADMIN_SHUTDOWN
        | SqlState::CRASH_SHUTDOWN
        | SqlState::CANNOT_CONNECT_NOW
        | SqlState::TOO_MANY_CONNECTIONS => lost(words),
        // A standby or a read-only server: another connection may lead to its successor.
        SqlState::READ_ONLY_SQL_TRANSACTION => DatabaseError::Lost(words),
        SqlState::DISK_FULL => DatabaseError::Final(StoreError::Unwritable(words)),
        SqlState::IO_ERROR | SqlState::INTERNAL_ERROR => match citus::lost_code(&words) {
            Some(code) => judge(&code, words, false),
            None if *code == SqlState::IO_ERROR => DatabaseError::Final(StoreError::Unwritable(words)),
            None => DatabaseError::Internal(words),
        },
        SqlState::DATA_CORRUPTED | SqlState::INDEX_CORRUPTED => {
            DatabaseError::Final(StoreError::Damaged(words))
        }
        SqlState::UNDEFINED_TABLE if citus::is_of_moved_shard(&words) => DatabaseError::NodeAway(words),
        _ if code.code().starts_with("08") => lost(words),
        _ => DatabaseError::Final(StoreError::Failed(format!("{words} (SQLSTATE {})", code.code()))),
    }
}

impl From<PoolError> for DatabaseError {
    fn from(error: PoolError) -> Self {
        match error {
            PoolError::Closed => Self::Final(StoreError::Closed),
            PoolError::Timeout(_) => Self::Final(StoreError::Locked),
            // A wrong password or database stays wrong.
            PoolError::Backend(error) => match Self::from(error) {
                Self::Final(StoreError::Failed(words)) | Self::Internal(words) => {
                    Self::Final(StoreError::Unreachable(words))
                }
                Self::Final(error) => Self::Final(error),
                Self::Undone(words) | Self::Away(words) | Self::Lost(words) | Self::NodeAway(words) => {
                    Self::Away(words)
                }
                Self::NoPartition => Self::NoPartition,
            },
            other => Self::Away(with_cause(&other)),
        }
    }
}

impl From<DatabaseError> for StoreError {
    fn from(fault: DatabaseError) -> Self {
        match fault {
            // Rolled back repeatedly: other transactions are in the way.
            DatabaseError::Undone(_) => Self::Locked,
            DatabaseError::Away(words) | DatabaseError::Lost(words) | DatabaseError::NodeAway(words) => {
                Self::Unreachable(words)
            }
            DatabaseError::NoPartition => Self::Failed("a month has no partition".to_owned()),
            DatabaseError::Internal(words) => Self::Failed(format!("{words} (SQLSTATE XX000)")),
            DatabaseError::Final(error) => error,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retries_are_decided_by_sqlstate() {
        let judged = |code: &str| judge(&SqlState::from_code(code), "words".to_owned(), true);
        for code in ["40001", "40P01"] {
            assert!(matches!(judged(code), DatabaseError::Undone(_)), "{code}");
        }
        for code in ["08000", "08006", "57P01", "57P02", "57P03", "53300", "25006"] {
            assert!(matches!(judged(code), DatabaseError::Lost(_)), "{code}");
        }
        assert!(matches!(judged("23514"), DatabaseError::NoPartition));
        assert!(matches!(judged("55P03"), DatabaseError::Final(StoreError::Locked)));
        assert!(matches!(judged("57014"), DatabaseError::Final(StoreError::TimedOut)));
        assert!(matches!(judged("53100"), DatabaseError::Final(StoreError::Unwritable(_))));
        assert!(matches!(judged("58030"), DatabaseError::Final(StoreError::Unwritable(_))));
        assert!(matches!(judged("XX001"), DatabaseError::Final(StoreError::Damaged(_))));
        assert!(matches!(judged("XX000"), DatabaseError::Internal(_)));
        assert!(
            matches!(judged("42P01"), DatabaseError::Final(StoreError::Failed(words)) if words.contains("42P01"))
        );
    }

    #[test]
    fn an_error_that_leaves_the_session_open_is_of_another_node() {
        for code in ["08006", "08003", "57P01", "57P03", "53300"] {
            let fault = judge(&SqlState::from_code(code), "words".to_owned(), false);
            assert!(matches!(fault, DatabaseError::NodeAway(_)), "{code}: {fault:?}");
        }
    }
}
