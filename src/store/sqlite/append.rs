//! Appending drafts: ids without gaps in commit order, each uuid once.

use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension as _, params};

use crate::model::draft::Draft;
use crate::model::entry::Entry;
use crate::store::calls::{Appended, OrgId};
use crate::store::codes::{random_seed, to_signed_saturating};
use crate::store::error::StoreError;
use crate::store::missing::no_organization;
use crate::store::rollup::{MAX_BEHIND, catch_up};
use crate::store::sqlite::checksum::{self, Codes};
use crate::store::sqlite::reader::{COLUMNS, EntryReader, key};
use crate::store::sqlite::session::run_now;
use crate::store::sqlite::snapshots::Users;
use crate::store::sqlite::threads::control;

pub(super) fn append(
    db: &Connection,
    org: OrgId,
    drafts: Vec<Draft>,
    atomic: bool,
) -> Result<Vec<Appended>, StoreError> {
    // A single draft that conflicts stores nothing anyway.
    let undoes = atomic && drafts.len() > 1;
    if undoes {
        control(db, "SAVEPOINT append")?;
    }
    let before = known_head(db, org)?;
    let mut head = before;
    let mut users = Users::new(db, org);
    let mut appended = Vec::with_capacity(drafts.len());
    for draft in drafts {
        let seed = Some(random_seed()?);
        let one = if insert(db, org, head + 1, &mut users, draft.entry(), seed)? {
            head += 1;
            Appended::New(Arc::new(draft.stored_as(head)))
        } else {
            let stored = by_uuid(db, org, draft.entry())?;
            if draft.same_content(&stored) { Appended::Known(Arc::new(stored)) } else { Appended::Conflict }
        };
        appended.push(one);
    }
    if undoes && appended.iter().any(|one| matches!(one, Appended::Conflict)) {
        control(db, "ROLLBACK TO append")?;
    } else if head > before {
        set_head(db, org, head)?;
    }
    if undoes {
        control(db, "RELEASE append")?;
    }
    Ok(appended)
}

/// The highest id given out by a log that exists.
fn known_head(db: &Connection, org: OrgId) -> Result<u64, StoreError> {
    let mut select = db.prepare_cached("SELECT head FROM org_heads WHERE org_id = ?1")?;
    let head: Option<i64> = select.query_row(params![org.0], |row| row.get(0)).optional()?;
    head.map(i64::unsigned_abs).ok_or_else(|| no_organization(org))
}

/// Stores the highest id given out, and adds to the rollup once it is far behind.
pub(super) fn set_head(db: &Connection, org: OrgId, head: u64) -> Result<(), StoreError> {
    let mut set =
        db.prepare_cached("UPDATE org_heads SET head = max(head, ?2) WHERE org_id = ?1 RETURNING tallied")?;
    let rolled_up: Option<i64> =
        set.query_row(params![org.0, to_signed_saturating(head)], |row| row.get(0)).optional()?;
    let rolled_up = rolled_up.ok_or_else(|| no_organization(org))?;
    run_now(catch_up(db, org, rolled_up.unsigned_abs(), head, MAX_BEHIND))
}

/// Stores entries of another store above the head, which then is the last one's id. Those up to the head are there
/// already.
pub(super) fn restore(
    db: &Connection,
    org: OrgId,
    entries: &[(Entry, Option<[u8; 16]>)],
) -> Result<(), StoreError> {
    let before = known_head(db, org)?;
    let mut users = Users::new(db, org);
    let mut last = before;
    for (entry, seed) in entries.iter().filter(|(entry, _)| entry.id > before) {
        if !insert(db, org, entry.id, &mut users, entry, *seed)? {
            return Err(StoreError::Failed(format!("entry {} repeats the uuid of another", entry.id)));
        }
        last = entry.id;
    }
    set_head(db, org, last)
}

/// Inserts the entry under `id`, unless its uuid is taken.
pub(super) fn insert(
    db: &Connection,
    org: OrgId,
    id: u64,
    users: &mut Users<'_>,
    entry: &Entry,
    seed: Option<[u8; 16]>,
) -> Result<bool, StoreError> {
    let (user_ref, snapshot) = users.find_or_add(&entry.user)?;
    let on_behalf_of = entry.on_behalf_of.as_ref().map(|user| users.find_or_add(user)).transpose()?;
    let (on_behalf_ref, on_behalf_of) = on_behalf_of.unzip();
    let key = key(org, id);
    let codes = Codes::of(entry);
    let (occurred_at, recorded_at) = (entry.occurred_at.micros(), entry.recorded_at.micros());
    let checksum = checksum::of_entry(key, entry, (user_ref, &snapshot), on_behalf_of.as_deref());
    let mut insert = db.prepare_cached(
        "INSERT INTO entries (key, org_id, uuid, occurred_at, recorded_at, action, model_type, model_id, model_name, user_ref, via, ip, \
         user_agent, request_id, reason, changes, checksum, seed, on_behalf_ref) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19) \
         ON CONFLICT (org_id, uuid) DO NOTHING",
    )?;
    let inserted = insert.execute(params![
        key,
        org.0,
        entry.uuid.as_bytes(),
        occurred_at,
        recorded_at,
        codes.action,
        codes.model_type,
        entry.model_id,
        entry.model_name,
        user_ref,
        codes.via,
        entry.context.ip,
        entry.context.user_agent,
        entry.context.request_id,
        entry.reason,
        entry.changes.get(),
        checksum,
        seed,
        on_behalf_ref,
    ])?;
    Ok(inserted == 1)
}

fn by_uuid(db: &Connection, org: OrgId, wanted: &Entry) -> Result<Entry, StoreError> {
    let mut select =
        db.prepare_cached(&format!("SELECT {COLUMNS} FROM entries WHERE org_id = ?1 AND uuid = ?2"))?;
    let mut rows = select.query(params![org.0, wanted.uuid.as_bytes()])?;
    match rows.next()? {
        Some(row) => EntryReader::new(db, org).row(row)?.entry(),
        None => Err(StoreError::Damaged("the index of uuids and the entries disagree".to_owned())),
    }
}
