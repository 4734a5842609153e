//! Legal holds: their records, and the SQL that tells which entries they cover. `HoldFilter::covers` is the meaning.
//!
//! A hold must be effective when its creation is acknowledged, also while another process prunes. SQLite has one writer at a
//! time. On PostgreSQL a batch shares the lock of the organization's row from before it reads the holds until its commit, and
//! the creation of a hold excludes it: it waits for a running batch, and the next batch sees the hold.

use crate::api::hold::{filter_text, read_filter_text};
use crate::model::hold::{Hold, HoldFilter, Release};
use crate::model::words::Log;
use crate::store::calls::OrgId;
use crate::store::codes::json;
use crate::store::condition::{Condition, UserRefs};
use crate::store::error::StoreError;
use crate::store::missing::no_organization;
use crate::store::session::{Columns, Session, list as rows, optional, values};

const COLUMNS: &str =
    "name, filter, reason, created_at, created_by, released_at, released_by, release_reason";

fn decode(row: &dyn Columns) -> Result<Hold, StoreError> {
    let text = |at: usize| row.text(at).map(str::to_owned);
    let damaged = |cause: String| StoreError::Damaged(format!("a hold: {cause}"));
    let release = match row.time_or_null(5)? {
        Some(at) => Some(Release { at, by: text(6)?, reason: text(7)? }),
        None => None,
    };
    Ok(Hold {
        name: row.text(0)?.parse().map_err(|_| damaged("its name is invalid".to_owned()))?,
        filter: filter_from_text(row.text(1)?).map_err(damaged)?,
        reason: text(2)?,
        created_at: row.time(3)?,
        created_by: text(4)?,
        release,
    })
}

/// Reads a stored filter, which is a query string.
fn filter_from_text(text: &str) -> Result<HoldFilter, String> {
    let filter = read_filter_text(text).map_err(|errors| format!("{errors:?}"))?;
    HoldFilter::new(filter).map_err(|error| error.to_string())
}

/// Locks the organization's row until the commit. It comes before the lock of a head, but for the deletion of an organization,
/// which is repeated after a deadlock.
pub(super) async fn lock<S: Session>(db: &S, org: OrgId, mode: &str) -> Result<(), S::Error> {
    let sql = format!("SELECT 1 FROM organizations WHERE org_id = ?1{mode}");
    optional(db, &sql, values![org], |_| Ok(())).await.map(drop)
}

/// Adds a hold, in a transaction. Every batch of a prune that commits afterwards respects it.
pub(super) async fn create<S: Session>(db: &S, org: OrgId, hold: &Hold) -> Result<(), S::Error> {
    lock(db, org, S::DIALECT.for_update).await?;
    // The deletion of the organization takes the head first, and then looks for holds.
    let sql = format!("SELECT 1 FROM org_heads WHERE org_id = ?1{}", S::DIALECT.for_update);
    if optional(db, &sql, values![org], |_| Ok(())).await?.is_none() {
        return Err(no_organization(org).into());
    }
    let Hold { name, filter, reason, created_at, created_by, release } = hold;
    let sql = format!(
        "INSERT INTO holds (org_id, {COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) ON CONFLICT DO NOTHING"
    );
    let (name, filter) = (name.as_str(), filter_text(filter));
    let released_at = release.as_ref().map(|release| release.at);
    let released_by = release.as_ref().map(|release| &release.by);
    let release_reason = release.as_ref().map(|release| &release.reason);
    let values = values![
        org,
        name,
        &filter,
        reason,
        *created_at,
        created_by,
        released_at,
        released_by,
        release_reason
    ];
    match db.run(&sql, values).await? {
        0 => Err(StoreError::Exists(format!("a hold {name:?}")).into()),
        _ => Ok(()),
    }
}

/// Releases a hold, in a transaction; returns whether this call did. The first release stays.
pub(super) async fn release<S: Session>(
    db: &S,
    org: OrgId,
    name: &str,
    release: &Release,
) -> Result<bool, S::Error> {
    let sql = "UPDATE holds SET released_at = ?3, released_by = ?4, release_reason = ?5 \
               WHERE org_id = ?1 AND name = ?2 AND released_at IS NULL";
    let Release { at, by, reason } = release;
    // An erasure that rewrites the hold reads it first.
    lock(db, org, S::DIALECT.for_update).await?;
    Ok(db.run(sql, values![org, name, *at, by, reason]).await? > 0)
}

/// Adds a hold of another store, or updates it, in a transaction. The first release stays.
pub(super) async fn restore<S: Session>(db: &S, org: OrgId, hold: &Hold) -> Result<(), S::Error> {
    lock(db, org, S::DIALECT.for_update).await?;
    let Some(there) = list(db, org).await?.into_iter().find(|it| it.name == hold.name) else {
        return create(db, org, hold).await;
    };
    if let Some(it) = &hold.release {
        release(db, org, hold.name.as_str(), it).await?;
    }
    let release = hold.release.clone().or(there.release);
    rewrite(db, org, &Hold { release, ..hold.clone() }).await
}

/// Every hold, by name.
pub(super) async fn list<S: Session>(db: &S, org: OrgId) -> Result<Vec<Hold>, S::Error> {
    let sql = format!("SELECT {COLUMNS} FROM holds WHERE org_id = ?1 ORDER BY name");
    rows(db, &sql, values![org], decode).await
}

/// Finds the holds that a batch respects: the active ones, and those that its prune has begun with. Locks out new ones until
/// the commit. Only entries of the audit log can be held.
pub(super) async fn of_batch<S: Session>(
    db: &S,
    org: OrgId,
    begun_with: &[String],
) -> Result<Vec<Hold>, S::Error> {
    if org.log() == Log::Trail {
        return Ok(Vec::new());
    }
    lock(db, org, S::DIALECT.for_share).await?;
    // Not all of them: released holds are kept for ever, and recorders wait meanwhile.
    let sql = format!(
        "SELECT {COLUMNS} FROM holds WHERE org_id = ?1 AND (released_at IS NULL OR name IN \
         (SELECT value->>0 FROM {}(?2) AS begun)) ORDER BY name",
        S::DIALECT.json_elements
    );
    let begun: Vec<_> = begun_with.iter().map(|name| [name]).collect();
    rows(db, &sql, values![org, &json(&begun)], decode).await
}

/// The active holds. Locks out new ones until the commit.
pub(super) async fn active<S: Session>(db: &S, org: OrgId) -> Result<Vec<Hold>, S::Error> {
    of_batch(db, org, &[]).await
}

/// Replaces the texts of a hold, in a transaction: after an erasure they name the person by a label.
pub(super) async fn rewrite<S: Session>(db: &S, org: OrgId, hold: &Hold) -> Result<(), S::Error> {
    let sql = "UPDATE holds SET filter = ?3, reason = ?4, created_by = ?5, released_by = ?6, release_reason = ?7 \
               WHERE org_id = ?1 AND name = ?2";
    let (name, filter, release) = (hold.name.as_str(), filter_text(&hold.filter), hold.release.as_ref());
    let (by, reason) = (release.map(|release| &release.by), release.map(|release| &release.reason));
    db.run(sql, values![org, name, &filter, &hold.reason, &hold.created_by, by, reason]).await.map(drop)
}

/// SQL that is true of the entries that these holds cover, and false of others. There is at least one hold. `users` are those
/// of each hold's filter, in order.
pub(super) fn covered(holds: &[Hold], users: &[UserRefs]) -> Condition {
    let mut covered = Condition::default();
    for (hold, users) in holds.iter().zip(users) {
        let mut one = Condition::default();
        one.and("1 = 1", []);
        one.and_filter(hold.filter.filter(), users);
        let or = if covered.sql.is_empty() { "" } else { " OR " };
        covered.sql.push_str(&format!("{or}({})", one.sql));
        covered.parameters.extend(one.parameters);
    }
    // A comparison with NULL is neither true nor false, and an entry must be one of them.
    covered.sql = format!("(({}) IS TRUE)", covered.sql);
    covered
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stored_filter_is_read_back() {
        for text in ["", "action=deleted&user=%21ana&resource=connector%2F42%2Csecret%2Fa%5C%2Cb"] {
            let filter = filter_from_text(text).expect("a filter");
            assert_eq!(filter_from_text(&filter_text(&filter)), Ok(filter), "{text}");
        }
        assert!(filter_from_text("q=x").is_err() && filter_from_text("color=red").is_err());
    }
}
