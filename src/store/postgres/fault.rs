//! What the database says went wrong, told apart by SQLSTATE alone (on Citus, names in messages carry a shard's suffix),
//! and what may be tried again. It sends no statement.

use deadpool_postgres::PoolError;
use tokio_postgres::error::SqlState;

use crate::store::error::StoreError;
use crate::store::postgres::address::with_cause;

/// A failure inside the PostgreSQL store.
#[derive(Debug)]
pub(super) enum Fault {
    /// The transaction was undone for another's sake and can be done again.
    Undone(String),
    /// There was no connection: nothing was asked.
    Away(String),
    /// The connection was lost: what was asked may or may not be done.
    Lost(String),
    /// There is no partition for the month of an entry.
    NoPartition,
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
        // The message alone: details quote values.
        judge(database.code(), database.message().to_owned())
    }
}

fn judge(code: &SqlState, words: String) -> Fault {
    match *code {
        SqlState::T_R_SERIALIZATION_FAILURE | SqlState::T_R_DEADLOCK_DETECTED => Fault::Undone(words),
        SqlState::CHECK_VIOLATION => Fault::NoPartition,
        SqlState::LOCK_NOT_AVAILABLE | SqlState::QUERY_CANCELED => Fault::Final(StoreError::Locked),
        SqlState::ADMIN_SHUTDOWN
        | SqlState::CRASH_SHUTDOWN
        | SqlState::CANNOT_CONNECT_NOW
        | SqlState::TOO_MANY_CONNECTIONS => Fault::Lost(words),
        // A standby, or a server that was told to take no writes: another connection may lead to its successor.
        SqlState::READ_ONLY_SQL_TRANSACTION => Fault::Lost(words),
        SqlState::DISK_FULL | SqlState::IO_ERROR => Fault::Final(StoreError::Unwritable(words)),
        SqlState::DATA_CORRUPTED | SqlState::INDEX_CORRUPTED => Fault::Final(StoreError::Damaged(words)),
        _ if code.code().starts_with("08") => Fault::Lost(words),
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
                Self::Final(StoreError::Failed(words)) => Self::Final(StoreError::Unreachable(words)),
                Self::Final(error) => Self::Final(error),
                Self::Undone(words) | Self::Away(words) | Self::Lost(words) => Self::Away(words),
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
            Fault::Away(words) | Fault::Lost(words) => Self::Unreachable(words),
            Fault::NoPartition => Self::Failed("a month has no partition".to_owned()),
            Fault::Final(error) => error,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_tried_again_is_told_by_its_code() {
        let judged = |code: &str| judge(&SqlState::from_code(code), "words".to_owned());
        for code in ["40001", "40P01"] {
            assert!(matches!(judged(code), Fault::Undone(_)), "{code}");
        }
        for code in ["08000", "08006", "57P01", "57P02", "57P03", "53300", "25006"] {
            assert!(matches!(judged(code), Fault::Lost(_)), "{code}");
        }
        assert!(matches!(judged("23514"), Fault::NoPartition));
        assert!(matches!(judged("55P03"), Fault::Final(StoreError::Locked)));
        assert!(matches!(judged("57014"), Fault::Final(StoreError::Locked)));
        assert!(matches!(judged("53100"), Fault::Final(StoreError::Unwritable(_))));
        assert!(
            matches!(judged("42P01"), Fault::Final(StoreError::Failed(words)) if words.contains("42P01"))
        );
    }
}
