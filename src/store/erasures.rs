//! Erasures of people: their records, finding the entries that name somebody, and batches that each leave the log consistent
//! and verifiable. An erasure holds the lease of prunes, so that only one of both changes a log at a time.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::model::entry::{Entry, User};
use crate::model::erasure::{ErasedEntry, Eraser, Erasure, ErasureOptions, Person, label};
use crate::model::hold::Hold;
use crate::model::integrity::leaf::{Part, Seed};
use crate::model::timestamp::Timestamp;
use crate::model::words::Log;
use crate::store::calls::{
    ERASURE, ErasedBatch, ErasureRun, Mention, NewErasure, OrgId, PruneRunning, StoredErasure,
};
use crate::store::codes::{json, user};
use crate::store::error::StoreError;
use crate::store::session::{Columns, ExpiredEntry, LeafIds, Session, list as rows, optional, values};
use crate::store::tree_calls::ErasedLeaf;
use crate::store::{forget, holds, leases, pages, prunes, rollup, text, tree};

const COLUMNS: &str =
    "erasure_id, label, started_at, finished_at, by, reason, with_id, also_values, actors, contents, person";

fn decode(row: &dyn Columns) -> Result<StoredErasure, StoreError> {
    let damaged = |error: serde_json::Error| StoreError::Damaged(format!("an erasure: {error}"));
    let options = ErasureOptions { with_id: row.integer(6)? != 0, also_values: row.integer(7)? != 0 };
    let note: Option<Note> = row.text_or_null(10)?.map(serde_json::from_str).transpose().map_err(damaged)?;
    Ok(StoredErasure {
        despite_holds: note.as_ref().is_some_and(|note| note.despite_holds),
        person: note.map(|note| note.person),
        erasure: Erasure {
            id: row.unsigned(0)?,
            label: row.text(1)?.to_owned(),
            started_at: row.time(2)?,
            finished_at: row.time_or_null(3)?,
            by: row.text(4)?.to_owned(),
            reason: row.text(5)?.to_owned(),
            options,
            actors: row.unsigned(8)?,
            contents: row.unsigned(9)?,
        },
    })
}

/// What an erasure needs until it is finished.
#[derive(Serialize, Deserialize)]
struct Note {
    #[serde(flatten)]
    person: Person,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    despite_holds: bool,
}

/// All erasures of an organization, newest first.
pub(super) async fn list<S: Session>(db: &S, org: OrgId) -> Result<Vec<StoredErasure>, S::Error> {
    let sql = format!("SELECT {COLUMNS} FROM erasures WHERE org_id = ?1 ORDER BY erasure_id DESC");
    rows(db, &sql, values![org], decode).await
}

/// The users of a log, in the order in which they were first recorded.
pub(super) async fn users<S: Session>(db: &S, org: OrgId) -> Result<Vec<User>, S::Error> {
    let sql = "SELECT snapshot FROM users WHERE org_id = ?1 ORDER BY user_ref";
    rows(db, sql, values![org], |row| user(row.text(0)?)).await
}

/// What identifies the lease of an erasure. Another process that resumes it with the same options has the same, so that it need
/// not wait for the lease of one that was killed. Batches of both take turns, and each does what is left.
fn holder(Erasure { label, options, .. }: &Erasure) -> String {
    let ErasureOptions { with_id, also_values } = options;
    format!("{label}-{with_id}-{also_values} {ERASURE}{label}")
}

/// Takes the lease and records the erasure, in a transaction. `random` makes the label.
pub(super) async fn begin<S: Session>(
    db: &S,
    org: OrgId,
    new: &NewErasure,
    random: u32,
    now: Timestamp,
) -> Result<Result<ErasureRun, PruneRunning>, S::Error> {
    let NewErasure { by, reason, options, person, despite_holds } = new;
    let earlier = list(db, org).await?;
    // The answer of an earlier attempt was lost.
    let own = |it: &&StoredErasure| {
        it.erasure.started_at == now && it.erasure.by == *by && it.person.as_ref() == Some(person)
    };
    if let Some(stored) = earlier.iter().find(own) {
        return resume(db, org, stored, now).await;
    }
    let is_taken = |label: &String| earlier.iter().any(|it| it.erasure.label == *label);
    let label = (4..=8).map(|digits| label(random, digits)).find(|label| !is_taken(label));
    let label = label.ok_or_else(|| S::lost_race("an erasure has this label"))?;
    let id = earlier.iter().map(|it| it.erasure.id).max().unwrap_or_default() + 1;
    let erasure = Erasure {
        id,
        label,
        started_at: now,
        finished_at: None,
        by: by.clone(),
        reason: reason.clone(),
        options: *options,
        actors: 0,
        contents: 0,
    };
    let holder = holder(&erasure);
    if let Some(running) = leases::hold_prune(db, org, &holder, now).await? {
        return Ok(Err(running));
    }
    let stored = StoredErasure { erasure, person: Some(person.clone()), despite_holds: *despite_holds };
    insert(db, org, &stored).await?;
    Ok(Ok(ErasureRun { org, stored, holder }))
}

impl StoredErasure {
    /// Adds the options of a request to continue it, and what that knows of the person.
    fn widen(&mut self, asked: &Self) {
        self.erasure.options = self.erasure.options.and(asked.erasure.options);
        self.despite_holds = asked.despite_holds;
        if let (Some(person), Some(known)) = (&mut self.person, &asked.person) {
            person.add(known);
        }
    }

    fn note(&self) -> Option<String> {
        let person = self.person.clone()?;
        Some(json(&Note { person, despite_holds: self.despite_holds }))
    }
}

async fn insert<S: Session>(db: &S, org: OrgId, stored: &StoredErasure) -> Result<(), S::Error> {
    let Erasure { id, label, started_at, finished_at, by, reason, options, actors, contents } =
        &stored.erasure;
    let ErasureOptions { with_id, also_values } = options;
    let note = stored.note();
    let sql = format!(
        "INSERT INTO erasures (org_id, {COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)"
    );
    let values = values![
        org,
        *id,
        label,
        *started_at,
        *finished_at,
        by,
        reason,
        *with_id,
        *also_values,
        *actors,
        *contents,
        note.as_deref(),
    ];
    db.run(&sql, values).await?;
    Ok(())
}

/// Takes the lease for an erasure that was interrupted, in a transaction, and adds to its record what the caller knows and
/// wants. The run has all of it.
pub(super) async fn resume<S: Session>(
    db: &S,
    org: OrgId,
    stored: &StoredErasure,
    now: Timestamp,
) -> Result<Result<ErasureRun, PruneRunning>, S::Error> {
    let holder = holder(&stored.erasure);
    if let Some(running) = leases::hold_prune(db, org, &holder, now).await? {
        return Ok(Err(running));
    }
    // Another request may have widened it since the caller read it, or finished it: then nothing may name the person again.
    let current = list(db, org).await?.into_iter().find(|it| it.erasure.id == stored.erasure.id);
    let unfinished = current.filter(|current| current.person.is_some()).map(|mut current| {
        current.widen(stored);
        current
    });
    let stored = unfinished.unwrap_or_else(|| stored.clone());
    let sql = "UPDATE erasures SET person = ?3, with_id = ?4, also_values = ?5 \
               WHERE org_id = ?1 AND erasure_id = ?2 AND person IS NOT NULL";
    let ErasureOptions { with_id, also_values } = stored.erasure.options;
    db.run(sql, values![org, stored.erasure.id, stored.note().as_deref(), with_id, also_values]).await?;
    Ok(Ok(ErasureRun { org, stored, holder }))
}

/// The entries from one id to another that name a person.
pub(super) async fn mentions<S: Session>(
    db: &S,
    log: OrgId,
    (first, last): (u64, u64),
    eraser: &Eraser,
    holds: &[Hold],
) -> Result<Vec<Mention>, S::Error> {
    let mut found = Vec::new();
    db.visit_leaves(log, LeafIds::Range(first, last), |entry, _| {
        let mentions = eraser.mentions(&entry.parts());
        if mentions.acted || mentions.about || mentions.other {
            let entry = entry.entry()?;
            let erased = eraser.erase(&entry);
            let has = |part| erased.as_ref().is_some_and(|erased| erased.has(part));
            let held = holds.iter().filter(|hold| hold.filter.covers(&entry));
            let held = held.map(|hold| hold.name.to_string());
            found.push(Mention {
                id: entry.id,
                mentions,
                actor: has(Part::Actor),
                content: has(Part::Content),
                held: held.collect(),
            });
        }
        Ok(())
    })
    .await?;
    Ok(found)
}

/// Erases a person from some entries of a log, in a transaction. An entry that no longer names the person, or was deleted
/// meanwhile, stays as it is. So does one that a hold covers, unless the erasure may change it; then the hold covers it under
/// its label.
pub(super) async fn batch<S: Session>(
    db: &S,
    log: OrgId,
    run: &ErasureRun,
    eraser: &Eraser,
    ids: &[u64],
    now: Timestamp,
) -> Result<ErasedBatch, S::Error> {
    leases::renew_prune(db, run.org, &run.holder, now).await?;
    // Holds are about the audit log. One that is created meanwhile waits for the end of this batch.
    let holds = if log.log() == Log::Audit { holds::active(db, log).await? } else { Vec::new() };
    // Recorders wait: a new entry may need the user that is replaced here.
    rollup::lock_head(db, log).await?;
    // An entry that is not in the tree yet has no record that could be kept.
    let size = tree::row::state(db, log).await?.size;
    let ids: Vec<u64> = ids.iter().copied().filter(|id| *id <= size).collect();
    let before = by_ids(db, log, &ids).await?;
    let known = tree::erased::of(db, log, &ids).await?;
    let (mut changed, mut leaves): (Vec<(Entry, ErasedEntry)>, Vec<ErasedLeaf>) = (Vec::new(), Vec::new());
    let mut batch = ErasedBatch::default();
    db.visit_leaves(log, LeafIds::Expired(&before), |entry, seed| {
        let whole = entry.entry()?;
        let Some(erased) = eraser.erase(&whole) else { return Ok(()) };
        if !run.stored.despite_holds && holds.iter().any(|hold| hold.filter.covers(&whole)) {
            batch.held += 1;
            return Ok(());
        }
        let mut leaf = match (seed, known.get(&entry.id)) {
            (Some(seed), _) => ErasedLeaf::of_seed(entry, Seed(seed)),
            (None, Some(leaf)) => *leaf,
            (None, None) => {
                let cause = format!("entry {} has no seed: find the cause with verify --server", entry.id);
                return Err(StoreError::Damaged(cause));
            }
        };
        for part in [Part::Actor, Part::Content].into_iter().filter(|part| erased.has(*part)) {
            leaf.opening = leaf.opening.without(part);
        }
        leaves.push(leaf);
        changed.push((whole, erased));
        Ok(())
    })
    .await?;
    if changed.is_empty() {
        return Ok(batch);
    }
    for hold in holds {
        let pairs = changed.iter().map(|(whole, erased)| (whole, &erased.entry));
        if let Some(filter) = eraser.extended_hold(&hold.filter, pairs) {
            holds::rewrite(db, log, &Hold { filter, ..hold }).await?;
        }
    }
    let ids: Vec<u64> = leaves.iter().map(|leaf| leaf.id).collect();
    let before: Vec<ExpiredEntry> = before.into_iter().filter(|entry| ids.contains(&entry.id)).collect();
    for (_, ErasedEntry { entry, .. }) in &changed {
        let uuid = before.iter().find(|row| row.id == entry.id).map_or(entry.uuid, |row| row.uuid);
        db.rewrite_entry(log, uuid, entry).await?;
    }
    tree::erased::keep(db, log, &leaves).await?;
    rollup::subtract(db, log, &before).await?;
    rollup::add(db, log, &by_ids(db, log, &ids).await?).await?;
    text::stale::note(db, log, &ids).await?;
    let count = |part| changed.iter().filter(|(_, erased)| erased.has(part)).count() as u64;
    (batch.actors, batch.contents) = (count(Part::Actor), count(Part::Content));
    let sql = "UPDATE erasures SET actors = actors + ?3, contents = contents + ?4 WHERE org_id = ?1 AND erasure_id = ?2";
    db.run(sql, values![run.org, run.stored.erasure.id, batch.actors, batch.contents]).await?;
    Ok(batch)
}

/// Entries with these ids, as the rollup counts them.
async fn by_ids<S: Session>(db: &S, log: OrgId, ids: &[u64]) -> Result<Vec<ExpiredEntry>, S::Error> {
    let dialect = &S::DIALECT;
    let columns: Vec<_> = ids.iter().map(|id| [(dialect.id_to_column)(log, *id)]).collect();
    let sql = format!(
        "SELECT {id}, {} FROM {} WHERE org_id = ?1 AND {id} IN \
         (SELECT CAST(value->>0 AS BIGINT) FROM {}(?2) AS wanted)",
        ExpiredEntry::COLUMNS,
        dialect.entries_by_id,
        dialect.json_elements,
        id = dialect.id,
    );
    rows(db, &sql, values![log, &json(&columns)], |row| ExpiredEntry::decode(row, dialect)).await
}

/// How many entries are looked at in the transaction that ends an erasure. Recorders wait meanwhile.
const MAX_UNSEEN: u64 = 1_000;

/// Deletes the last that names the person: the erasure's own note of them, and users without entries. `seen` is up to where
/// each log was searched. Returns false if entries recorded meanwhile name the person, and nothing was done.
pub(super) async fn finish<S: Session>(
    db: &S,
    run: &ErasureRun,
    eraser: &Eraser,
    seen: &[(OrgId, u64)],
    now: Timestamp,
) -> Result<bool, S::Error> {
    leases::renew_prune(db, run.org, &run.holder, now).await?;
    holds::lock(db, run.org, S::DIALECT.for_update).await?;
    for (log, seen) in seen {
        rollup::lock_head(db, *log).await?;
        let head = pages::head(db, *log).await?;
        if head > seen + MAX_UNSEEN {
            return Ok(false);
        }
        let mut is_named = false;
        if head > *seen {
            db.visit_leaves(*log, LeafIds::Range(seen + 1, head), |entry, _| {
                is_named |= eraser.erase(&entry.entry()?).is_some();
                Ok(())
            })
            .await?;
        }
        if is_named {
            return Ok(false);
        }
    }
    // Another run that goes further has stored so: its work is not done.
    let sql = "UPDATE erasures SET person = NULL WHERE org_id = ?1 AND erasure_id = ?2 AND with_id = ?3 \
               AND also_values = ?4 AND (person = ?5 OR person IS NULL)";
    let Erasure { id, options: ErasureOptions { with_id, also_values }, .. } = &run.stored.erasure;
    let note = run.stored.note();
    if db.run(sql, values![run.org, *id, *with_id, *also_values, note.as_deref()]).await? == 0 {
        return Err(StoreError::LeaseLost.into());
    }
    prunes::delete_unused_users(db, run.org, 0, i64::MAX).await?;
    forget::in_records(db, run.org, eraser, &users(db, run.org).await?).await?;
    rollup::delete_empty(db, run.org).await?;
    Ok(true)
}

/// Records the end of an erasure, and releases the lease.
pub(super) async fn close<S: Session>(
    db: &S,
    run: &ErasureRun,
    is_complete: bool,
    now: Timestamp,
) -> Result<Option<Erasure>, S::Error> {
    leases::release_prune(db, run.org, &run.holder).await?;
    if is_complete {
        let sql = "UPDATE erasures SET finished_at = ?3 WHERE org_id = ?1 AND erasure_id = ?2";
        db.run(sql, values![run.org, run.stored.erasure.id, now]).await?;
    }
    let sql = format!("SELECT {COLUMNS} FROM erasures WHERE org_id = ?1 AND erasure_id = ?2");
    let stored = optional(db, &sql, values![run.org, run.stored.erasure.id], decode).await?;
    Ok(stored.map(|it| it.erasure))
}

/// Replaces the erasures of a copy by those of its source.
pub(super) async fn restore<S: Session>(
    db: &S,
    org: OrgId,
    erasures: &[StoredErasure],
) -> Result<(), S::Error> {
    db.run("DELETE FROM erasures WHERE org_id = ?1", values![org]).await?;
    for stored in erasures {
        insert(db, org, stored).await?;
    }
    Ok(())
}

/// Makes the erased entries between two ids of a copy those of its source, in a transaction.
pub(super) async fn restore_leaves<S: Session>(
    db: &S,
    org: OrgId,
    (first, last): (u64, u64),
    leaves: &[ErasedLeaf],
    changed: &[Entry],
) -> Result<(), S::Error> {
    rollup::lock_head(db, org).await?;
    tree::erased::clear(db, org, first, last).await?;
    let there: BTreeSet<u64> = changed.iter().map(|entry| entry.id).collect();
    let rows = by_ids(db, org, &there.into_iter().collect::<Vec<_>>()).await?;
    for entry in changed {
        if let Some(row) = rows.iter().find(|row| row.id == entry.id) {
            db.rewrite_entry(org, row.uuid, entry).await?;
        }
    }
    tree::erased::keep(db, org, leaves).await
}
