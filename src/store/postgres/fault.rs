//! What the database says went wrong, and what may be tried again: told apart by SQLSTATE, and by messages only where a
//! Citus coordinator drops the SQLSTATE (`citus`). It sends no statement.

use deadpool_postgres::PoolError;
use tokio_postgres::error::{Severity, SqlState};

use crate::store::error::StoreError;
use crate::store::postgres::address::with_cause;
use crate::store::postgres::citus;

/// A failure inside the PostgreSQL store.
#[derive(Debug)]
pub(super) enum Fault {
    /// The transaction was undone for another's sake and can be done again.
    Undone(String),
    /// There was no connection: nothing was asked.
    Away(String),
    /// The connection was lost: what was asked may or may not be done.
    Lost(String),
    /// The database answers, but a node behind it does not: what was asked may or may not be done.
    NodeAway(String),
    /// There is no partition for the month of an entry.
    NoPartition,
    /// An internal error that nothing more is known about: some go away when the work is done again.
    Internal(String),
    /// What trying again does not help.
    Final(StoreError),
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        Self::Final(error)
    }
}

impl From<tokio_postgres::Error> for Fault {
    fn from(error: tokio_postgres::Error) -> Self {
        let Some(database) = error.as_db_error() else {
            let words = with_cause(&error);
            // The driver tells its own faults (a value it cannot read) from lost connections by what caused them.
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

/// Judges an error of the database. One that does not end the session and yet tells of a lost connection tells of
/// another node's.
pub(super) fn judge(code: &SqlState, words: String, ends_session: bool) -> Fault {
    let lost = if ends_session { Fault::Lost } else { Fault::NodeAway };
    match *code {
        SqlState::T_R_SERIALIZATION_FAILURE | SqlState::T_R_DEADLOCK_DETECTED => Fault::Undone(words),
        SqlState::CHECK_VIOLATION => Fault::NoPartition,
        SqlState::LOCK_NOT_AVAILABLE => Fault::Final(StoreError::Locked),
        SqlState::QUERY_CANCELED => Fault::Final(StoreError::TimedOut),
        SqlState::ADMIN_SHUTDOWN
        | SqlState::CRASH_SHUTDOWN
        | SqlState::CANNOT_CONNECT_NOW
        | SqlState::TOO_MANY_CONNECTIONS => lost(words),
        // A standby, or a server that was told to take no writes: another connection may lead to its successor.
        SqlState::READ_ONLY_SQL_TRANSACTION => Fault::Lost(words),
        SqlState::DISK_FULL => Fault::Final(StoreError::Unwritable(words)),
        SqlState::IO_ERROR => citus::lost_code(&words).unwrap_or(Fault::Final(StoreError::Unwritable(words))),
        SqlState::DATA_CORRUPTED | SqlState::INDEX_CORRUPTED => Fault::Final(StoreError::Damaged(words)),
        SqlState::INTERNAL_ERROR => citus::lost_code(&words).unwrap_or(Fault::Internal(words)),
        SqlState::UNDEFINED_TABLE if citus::is_of_moved_shard(&words) => Fault::NodeAway(words),
        _ if code.code().starts_with("08") => lost(words),
        _ => Fault::Final(StoreError::Failed(format!("{words} (SQLSTATE {})", code.code()))),
    }
}

impl From<PoolError> for Fault {
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

impl From<Fault> for StoreError {
    fn from(fault: Fault) -> Self {
        match fault {
            // Undone again and again: others are in the way.
            Fault::Undone(_) => Self::Locked,
            Fault::Away(words) | Fault::Lost(words) | Fault::NodeAway(words) => Self::Unreachable(words),
            Fault::NoPartition => Self::Failed("a month has no partition".to_owned()),
            Fault::Internal(words) => Self::Failed(format!("{words} (SQLSTATE XX000)")),
            Fault::Final(error) => error,
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
            assert!(matches!(judged(code), Fault::Undone(_)), "{code}");
        }
        for code in ["08000", "08006", "57P01", "57P02", "57P03", "53300", "25006"] {
            assert!(matches!(judged(code), Fault::Lost(_)), "{code}");
        }
        assert!(matches!(judged("23514"), Fault::NoPartition));
        assert!(matches!(judged("55P03"), Fault::Final(StoreError::Locked)));
        assert!(matches!(judged("57014"), Fault::Final(StoreError::TimedOut)));
        assert!(matches!(judged("53100"), Fault::Final(StoreError::Unwritable(_))));
        assert!(matches!(judged("58030"), Fault::Final(StoreError::Unwritable(_))));
        assert!(matches!(judged("XX001"), Fault::Final(StoreError::Damaged(_))));
        assert!(matches!(judged("XX000"), Fault::Internal(_)));
        assert!(
            matches!(judged("42P01"), Fault::Final(StoreError::Failed(words)) if words.contains("42P01"))
        );
    }

    #[test]
    fn an_error_that_leaves_the_session_open_is_another_nodes() {
        for code in ["08006", "08003", "57P01", "57P03", "53300"] {
            let fault = judge(&SqlState::from_code(code), "words".to_owned(), false);
            assert!(matches!(fault, Fault::NodeAway(_)), "{code}: {fault:?}");
        }
    }
}
