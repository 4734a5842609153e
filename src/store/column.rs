//! Reads one column of many entries.

use crate::store::calls::OrgId;
use crate::store::error::StoreError;
use crate::store::session::{Columns, Session, list, values};

/// A column of the entries between two ids, each with its id.
pub(super) async fn column_by_id<S: Session, T>(
    db: &S,
    org: OrgId,
    column: &str,
    (first, last): (u64, u64),
    decode: impl Fn(&dyn Columns, usize) -> Result<T, StoreError>,
) -> Result<Vec<(u64, T)>, S::Error> {
    let dialect = &S::DIALECT;
    let (id, key) = (dialect.id, |id| (dialect.id_to_column)(org, id));
    let sql = format!(
        "SELECT {id}, {column} FROM {} WHERE org_id = ?1 AND {id} >= ?2 AND {id} <= ?3",
        dialect.entries_by_id
    );
    let read = |row: &dyn Columns| Ok(((dialect.id_from_column)(row.integer(0)?), decode(row, 1)?));
    list(db, &sql, values![org, key(first), key(last)], read).await
}
