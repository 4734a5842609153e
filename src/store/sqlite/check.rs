//! Checks a database file that may be in use, and changes nothing in it.

use std::path::Path;

use crate::store::error::StoreError;
use crate::store::sqlite::schema::{self, CheckedFile};

/// Reads every page, compares tables with their indexes, and looks for rows of organizations that do not exist.
pub(in crate::store) fn check_file(path: &Path) -> Result<CheckedFile, StoreError> {
    let db = schema::open_for_backup(path)?;
    let checked = schema::versions(&db)?;
    if checked.schema > checked.known {
        return Err(StoreError::NewerSchema {
            location: path.display().to_string(),
            found: checked.schema.into(),
            known: checked.known.into(),
        });
    }
    schema::check(&db)?;
    let mut orphans = db.prepare("PRAGMA foreign_key_check")?;
    let table = orphans.query([])?.next()?.map(|row| row.get::<_, String>(0)).transpose()?;
    match table {
        Some(table) => {
            Err(StoreError::Damaged(format!("the table {table} has rows of an organization that is missing")))
        }
        None => Ok(checked),
    }
}
