//! Taking over what another store held: entries under the ids they have, and what earlier prunes took.

use std::collections::{HashMap, HashSet};

use uuid::Uuid;

use crate::model::entry::Entry;
use crate::model::timestamp::Timestamp;
use crate::store::error::StoreError;
use crate::store::postgres::append::{FIND_USERS, LAST_USER, LOCK_HEAD, digest, snapshot, write};
use crate::store::postgres::fault::Fault;
use crate::store::postgres::pool::Lent;
use crate::store::postgres::{prune, rows, tally};
use crate::store::stored::signed;
use crate::store::{OrgId, Past, PrunedIds};

/// Stores the entries above the head, which then is the last one's id: what was restored before is there already.
pub(super) async fn entries(mut db: Lent, org: OrgId, entries: &[Entry]) -> Result<(), Fault> {
    let transaction = db.transaction().await?;
    let head = transaction.query_opt(LOCK_HEAD, &[&org.0]).await?;
    let head = head.ok_or_else(|| StoreError::Missing(format!("organization number {}", org.0)))?;
    let (head, tallied): (i64, i64) = (head.try_get(0)?, head.try_get(1)?);
    let new: Vec<Entry> = entries.iter().filter(|entry| signed(entry.id) > head).cloned().collect();
    if new.is_empty() {
        return Ok(());
    }
    let digests = new.iter().map(|entry| Ok(digest(&snapshot(&entry.user)?)));
    let digests: Vec<_> = digests.collect::<Result<HashSet<_>, Fault>>()?.into_iter().collect();
    let users = transaction.query(FIND_USERS, &[&org.0, &digests]).await?;
    let users = users.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?)));
    let users = users.collect::<Result<HashMap<Vec<u8>, i64>, tokio_postgres::Error>>()?;
    let last_user: i64 = transaction.query_one(LAST_USER, &[&org.0]).await?.try_get(0)?;
    let head = write(&transaction, org, &new, users, last_user).await?;
    tally::catch_up_if_far_behind(&transaction, org, tallied, head).await?;
    Ok(transaction.commit().await?)
}

pub(super) async fn past(db: Lent, org: OrgId) -> Result<Past, Fault> {
    let head = rows::head(&db, org).await?;
    let sql = "SELECT prune_id, first_id, last_id FROM pruned_ids WHERE org_id = $1 ORDER BY first_id";
    let mut pruned_ids = Vec::new();
    for row in db.query(sql, &[&org.0]).await? {
        let whole = |column: usize| row.try_get::<_, i64>(column).map(i64::unsigned_abs);
        pruned_ids.push(PrunedIds { prune_id: whole(0)?, first_id: whole(1)?, last_id: whole(2)? });
    }
    Ok(Past { head, prunes: prune::list(db, org).await?, pruned_ids })
}

/// Takes over heads, prunes and pruned ids; entries restored before a prune took them go.
pub(super) async fn restore_past(mut db: Lent, org: OrgId, past: &Past) -> Result<(), Fault> {
    let transaction = db.transaction().await?;
    transaction.query_opt(LOCK_HEAD, &[&org.0]).await?;
    let sql = "UPDATE org_heads SET head = greatest(head, $2) WHERE org_id = $1";
    transaction.execute(sql, &[&org.0, &signed(past.head)]).await?;
    transaction.execute("DELETE FROM prunes WHERE org_id = $1", &[&org.0]).await?;
    let sql = "INSERT INTO prunes (org_id, prune_id, started_at, finished_at, by, cutoff, deleted, first_id, last_id, complete) \
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
    let insert = transaction.prepare_cached(sql).await?;
    for prune in &past.prunes {
        let finished_at = prune.finished_at.map(Timestamp::micros);
        transaction
            .execute(
                &insert,
                &[
                    &org.0,
                    &signed(prune.id),
                    &prune.started_at.micros(),
                    &finished_at,
                    &prune.by,
                    &prune.cutoff.micros(),
                    &signed(prune.deleted),
                    &signed(prune.first_id),
                    &signed(prune.last_id),
                    &prune.complete,
                ],
            )
            .await?;
    }
    transaction.execute("DELETE FROM pruned_ids WHERE org_id = $1", &[&org.0]).await?;
    let column =
        |of: fn(&PrunedIds) -> u64| past.pruned_ids.iter().map(|it| signed(of(it))).collect::<Vec<_>>();
    let (prunes, firsts, lasts) =
        (column(|it| it.prune_id), column(|it| it.first_id), column(|it| it.last_id));
    let sql = "INSERT INTO pruned_ids (org_id, prune_id, first_id, last_id) \
               SELECT $1, * FROM unnest($2::bigint[], $3::bigint[], $4::bigint[])";
    transaction.execute(sql, &[&org.0, &prunes, &firsts, &lasts]).await?;
    let sql = "DELETE FROM entries USING unnest($2::bigint[], $3::bigint[]) AS gone (first, last) \
               WHERE org_id = $1 AND id BETWEEN gone.first AND gone.last RETURNING uuid";
    let gone = transaction.query(sql, &[&org.0, &firsts, &lasts]).await?;
    let gone = gone.iter().map(|row| row.try_get(0)).collect::<Result<Vec<Uuid>, _>>()?;
    let sql = "DELETE FROM entry_keys WHERE org_id = $1 AND uuid = ANY($2)";
    transaction.execute(sql, &[&org.0, &gone]).await?;
    // Entries that a prune took while they were copied may have been the last of their users.
    prune::forget_users(&transaction, org).await?;
    tally::begin_anew(&transaction, org).await?;
    Ok(transaction.commit().await?)
}
