//! Appends drafts: ids without gaps in commit order, each uuid once. One transaction serves several callers of one
//! organization: it locks the head row, looks up existing rows, decides here, and writes everything at once.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use deadpool_postgres::Object;
use sha2::{Digest as _, Sha256};
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use crate::model::draft::Draft;
use crate::model::entry::{Entry, User};
use crate::model::words::{Action, ModelType, Via};
use crate::store::calls::{Appended, OrgId};
use crate::store::codes::{random_seed, to_signed_saturating};
use crate::store::condition::code;
use crate::store::error::StoreError;
use crate::store::missing::no_organization;
use crate::store::postgres::error::DatabaseError;
use crate::store::postgres::scan::EntryReader;
use crate::store::postgres::session::{COLUMNS, in_transaction};
use crate::store::rollup::{MAX_BEHIND, catch_up};
use crate::store::session::Columns as _;

/// The drafts of one caller.
#[derive(Clone)]
pub(super) struct AppendRequest {
    pub(super) drafts: Vec<Draft>,
    pub(super) atomic: bool,
}

const LOCK_HEAD: &str = "SELECT head, tallied FROM org_heads WHERE org_id = $1 FOR UPDATE";
// One look in the index for each uuid. `uuid = ANY($2)` made PostgreSQL read all keys of the organization for each batch: 4.5 s
// instead of 0.1 s for 60,000 new entries.
const FIND_KEYS: &str = "SELECT found.uuid, found.id, found.occurred_at FROM unnest($2::uuid[]) AS wanted (uuid), LATERAL \
     (SELECT uuid, id, occurred_at FROM entry_keys WHERE org_id = $1 AND uuid = wanted.uuid LIMIT 1) AS found";
const FIND_USERS: &str = "SELECT digest, user_ref FROM users WHERE org_id = $1 AND digest = ANY($2)";
const LAST_USER: &str = "SELECT coalesce(max(user_ref), 0) FROM users WHERE org_id = $1";
const SET_HEAD: &str = "UPDATE org_heads SET head = $2 WHERE org_id = $1";
const ADD_USERS: &str = "INSERT INTO users (org_id, user_ref, digest, snapshot) \
     SELECT $1, * FROM unnest($2::bigint[], $3::bytea[], $4::text[])";
const ADD_KEYS: &str = "INSERT INTO entry_keys (org_id, uuid, id, occurred_at) \
     SELECT $1, * FROM unnest($2::uuid[], $3::bigint[], $4::bigint[])";
const ADD_ENTRIES: &str = "INSERT INTO entries (org_id, id, occurred_at, recorded_at, user_ref, uuid, action, model_type, \
     via, model_id, model_name, ip, user_agent, request_id, reason, changes, seed, on_behalf_ref) \
     SELECT $1, * FROM unnest($2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::uuid[], $7::smallint[], \
     $8::smallint[], $9::smallint[], $10::bytea[], $11::bytea[], $12::bytea[], $13::bytea[], $14::bytea[], \
     $15::bytea[], $16::text[], $17::bytea[], $18::bigint[])";

/// Appends in order, and commits. If the outcome of an earlier attempt is unknown, existing entries that equal these drafts
/// were stored by it.
pub(super) async fn append(
    db: &Object,
    org: OrgId,
    wanted: &[AppendRequest],
    tried_before: bool,
) -> Result<Vec<Vec<Appended>>, DatabaseError> {
    in_transaction(db, async {
        let found = look(db, org, wanted).await?;
        let users = found.users;
        let decided = decide(wanted, found.head, found.entries, tried_before);
        if !decided.new.is_empty() {
            let seeds = decided.new.iter().map(|_| random_seed().map(Some)).collect::<Result<Vec<_>, _>>()?;
            let head = write(db, org, (&decided.new, &seeds), users, found.last_user).await?;
            catch_up(db, org, found.rolled_up, head, MAX_BEHIND).await?;
        }
        Ok(decided.answers)
    })
    .await
}

/// Stores entries of another store above the head, which then is the last one's id. Those up to the head are there
/// already.
pub(super) async fn restore(
    db: &Object,
    org: OrgId,
    entries: &[(Entry, Option<[u8; 16]>)],
) -> Result<(), DatabaseError> {
    in_transaction(db, async {
        let head = db.query_opt(LOCK_HEAD, &[&org.0]).await?;
        let head = head.ok_or_else(|| no_organization(org))?;
        let (head, rolled_up) = (head.unsigned(0)?, head.unsigned(1)?);
        let new = entries
            .iter()
            .filter(|(entry, _)| entry.id > head)
            .map(|(entry, seed)| (Arc::new(entry.clone()), *seed));
        let (new, seeds): (Vec<_>, Vec<_>) = new.unzip();
        if new.is_empty() {
            return Ok(());
        }
        let snapshots = EncodedUsers::of(new.iter().flat_map(|entry| entry.users()))?;
        let refs = user_refs(&db.query(FIND_USERS, &[&org.0, &snapshots.digests()]).await?)?;
        let users = Users { snapshots, refs };
        let last_user: i64 = db.query_one(LAST_USER, &[&org.0]).await?.try_get(0)?;
        let head = write(db, org, (&new, &seeds), users, last_user).await?;
        catch_up(db, org, rolled_up, head, MAX_BEHIND).await
    })
    .await
}

/// The numbers of users by the digests of their snapshots.
fn user_refs(rows: &[Row]) -> Result<HashMap<Vec<u8>, i64>, tokio_postgres::Error> {
    rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect()
}

/// The distinct users of some entries.
struct EncodedUsers(HashMap<User, EncodedUser>);

/// A user as it is stored.
struct EncodedUser {
    text: String,
    digest: Vec<u8>,
}

impl EncodedUsers {
    fn of<'a>(users: impl Iterator<Item = &'a User>) -> Result<Self, DatabaseError> {
        let mut all = HashMap::new();
        for user in users {
            if !all.contains_key(user) {
                let text =
                    serde_json::to_string(user).map_err(|error| StoreError::Failed(error.to_string()))?;
                let digest = Sha256::digest(&text).to_vec();
                all.insert(user.clone(), EncodedUser { text, digest });
            }
        }
        Ok(Self(all))
    }

    fn digests(&self) -> Vec<&[u8]> {
        self.0.values().map(|snapshot| &*snapshot.digest).collect()
    }
}

/// The users of some entries, with the numbers of those that are stored, by their digests.
struct Users {
    snapshots: EncodedUsers,
    refs: HashMap<Vec<u8>, i64>,
}

/// Existing rows that concern the drafts, read under the lock of the head row.
struct ExistingRows {
    head: u64,
    rolled_up: u64,
    entries: HashMap<Uuid, Arc<Entry>>,
    users: Users,
    last_user: i64,
}

async fn look(db: &Object, org: OrgId, wanted: &[AppendRequest]) -> Result<ExistingRows, DatabaseError> {
    let drafts = || wanted.iter().flat_map(|one| &one.drafts).map(Draft::entry);
    let uuids: HashSet<Uuid> = drafts().map(|entry| entry.uuid).collect();
    let uuids: Vec<Uuid> = uuids.into_iter().collect();
    let snapshots = EncodedUsers::of(drafts().flat_map(Entry::users))?;
    let digests = snapshots.digests();
    let lock = db.prepare_cached(LOCK_HEAD).await?;
    let find_keys = db.prepare_cached(FIND_KEYS).await?;
    let find_users = db.prepare_cached(FIND_USERS).await?;
    let last_user = db.prepare_cached(LAST_USER).await?;
    // Sent together and answered in this order: all but the first see what was committed before the lock was granted.
    let (head, keys, users, last_user) = tokio::try_join!(
        biased;
        async { db.query_opt(&lock, &[&org.0]).await },
        async { db.query(&find_keys, &[&org.0, &uuids]).await },
        async { db.query(&find_users, &[&org.0, &digests]).await },
        async { db.query_one(&last_user, &[&org.0]).await },
    )?;
    let head = head.ok_or_else(|| no_organization(org))?;
    Ok(ExistingRows {
        head: head.unsigned(0)?,
        rolled_up: head.unsigned(1)?,
        entries: if keys.is_empty() { HashMap::new() } else { entries_of(db, org, &keys).await? },
        users: Users { refs: user_refs(&users)?, snapshots },
        last_user: last_user.try_get(0)?,
    })
}

/// The entries of keys.
async fn entries_of(
    db: &Object,
    org: OrgId,
    keys: &[Row],
) -> Result<HashMap<Uuid, Arc<Entry>>, DatabaseError> {
    let column = |number| keys.iter().map(move |row| row.try_get::<_, i64>(number));
    let ids = column(1).collect::<Result<Vec<_>, _>>()?;
    let times = column(2).collect::<Result<Vec<_>, _>>()?;
    let sql =
        format!("SELECT {COLUMNS} FROM entries WHERE org_id = $1 AND id = ANY($2) AND occurred_at = ANY($3)");
    let select = db.prepare_cached(&sql).await?;
    let rows = db.query(&select, &[&org.0, &ids, &times]).await?;
    if rows.len() != keys.len() {
        return Err(StoreError::Damaged("the keys and the entries disagree".to_owned()).into());
    }
    let mut reader = EntryReader::default();
    let entry = |row| reader.row(row)?.entry().map(|entry| (entry.uuid, Arc::new(entry)));
    Ok(rows.iter().map(entry).collect::<Result<_, _>>()?)
}

/// The entries to write, and the results for each caller.
struct AppendPlan {
    new: Vec<Arc<Entry>>,
    answers: Vec<Vec<Appended>>,
}

fn decide(
    wanted: &[AppendRequest],
    head: u64,
    mut there: HashMap<Uuid, Arc<Entry>>,
    tried_before: bool,
) -> AppendPlan {
    let mut new: Vec<Arc<Entry>> = Vec::new();
    let mut answers = Vec::with_capacity(wanted.len());
    for AppendRequest { drafts, atomic } in wanted {
        let before = new.len();
        let mut answer = Vec::with_capacity(drafts.len());
        for draft in drafts {
            answer.push(match there.get(&draft.entry().uuid) {
                None => {
                    let entry = Arc::new(draft.clone().stored_as(head + new.len() as u64 + 1));
                    there.insert(entry.uuid, Arc::clone(&entry));
                    new.push(Arc::clone(&entry));
                    Appended::New(entry)
                }
                // An earlier attempt, whose answer was lost, stored it.
                Some(stored) if tried_before && draft.clone().stored_as(stored.id) == **stored => {
                    Appended::New(Arc::clone(stored))
                }
                Some(stored) if draft.same_content(stored) => Appended::Known(Arc::clone(stored)),
                Some(_) => Appended::Conflict,
            });
        }
        if *atomic && answer.iter().any(|one| matches!(one, Appended::Conflict)) {
            for undone in new.drain(before..) {
                there.remove(&undone.uuid);
            }
        }
        answers.push(answer);
    }
    AppendPlan { new, answers }
}

/// The numbers of the users of some entries, and the users to add.
#[derive(Default)]
struct UserNumbers<'a> {
    acted: Vec<i64>,
    on_behalf_of: Vec<Option<i64>>,
    added: Vec<i64>,
    digests: Vec<&'a [u8]>,
    snapshots: Vec<&'a str>,
}

impl<'a> UserNumbers<'a> {
    /// Finds the users by their digests. Users that are not stored yet get the numbers after `last`.
    fn assign(
        entries: &[Arc<Entry>],
        encoded: &'a EncodedUsers,
        mut refs: HashMap<Vec<u8>, i64>,
        last: i64,
    ) -> Result<Self, DatabaseError> {
        let mut numbers = Self::default();
        let mut number = |user: &User| -> Result<i64, DatabaseError> {
            let EncodedUser { text, digest } =
                encoded.0.get(user).ok_or_else(|| StoreError::Failed("a user has no snapshot".to_owned()))?;
            if let Some(user_ref) = refs.get(digest) {
                return Ok(*user_ref);
            }
            let next = last + numbers.added.len() as i64 + 1;
            refs.insert(digest.clone(), next);
            numbers.added.push(next);
            numbers.digests.push(digest);
            numbers.snapshots.push(text);
            Ok(next)
        };
        for entry in entries {
            numbers.acted.push(number(&entry.user)?);
            numbers.on_behalf_of.push(entry.on_behalf_of.as_ref().map(&mut number).transpose()?);
        }
        Ok(numbers)
    }
}

/// Writes entries above the head, in the order of their ids; returns the new head.
async fn write(
    db: &Object,
    org: OrgId,
    (new, seeds): (&[Arc<Entry>], &[Option<[u8; 16]>]),
    users: Users,
    last_user: i64,
) -> Result<u64, DatabaseError> {
    let Users { snapshots, refs } = users;
    let users = UserNumbers::assign(new, &snapshots, refs, last_user)?;
    let ids: Vec<i64> = new.iter().map(|entry| to_signed_saturating(entry.id)).collect();
    let head = new.last().map(|entry| entry.id).unwrap_or_default();
    let occurred: Vec<i64> = new.iter().map(|entry| entry.occurred_at.micros()).collect();
    let recorded: Vec<i64> = new.iter().map(|entry| entry.recorded_at.micros()).collect();
    let uuids: Vec<Uuid> = new.iter().map(|entry| entry.uuid).collect();
    let actions: Vec<i16> = new.iter().map(|entry| code(Action::ALL, entry.action)).collect();
    let model_types: Vec<i16> = new.iter().map(|entry| code(ModelType::ALL, entry.model_type)).collect();
    let vias: Vec<Option<i16>> =
        new.iter().map(|entry| entry.context.via.map(|via| code(Via::ALL, via))).collect();
    let model_ids: Vec<&[u8]> = new.iter().map(|entry| entry.model_id.as_bytes()).collect();
    let names = bytes(new, |entry| &entry.model_name);
    let ips = bytes(new, |entry| &entry.context.ip);
    let agents = bytes(new, |entry| &entry.context.user_agent);
    let requests = bytes(new, |entry| &entry.context.request_id);
    let reasons = bytes(new, |entry| &entry.reason);
    let seeds: Vec<Option<&[u8]>> = seeds.iter().map(|seed| seed.as_ref().map(|seed| &seed[..])).collect();
    let changes: Vec<&str> = new.iter().map(|entry| entry.changes.get()).collect();
    let add_users = db.prepare_cached(ADD_USERS).await?;
    let add_keys = db.prepare_cached(ADD_KEYS).await?;
    let add_entries = db.prepare_cached(ADD_ENTRIES).await?;
    let set_head = db.prepare_cached(SET_HEAD).await?;
    let entries: &[&(dyn ToSql + Sync)] = &[
        &org.0,
        &ids,
        &occurred,
        &recorded,
        &users.acted,
        &uuids,
        &actions,
        &model_types,
        &vias,
        &model_ids,
        &names,
        &ips,
        &agents,
        &requests,
        &reasons,
        &changes,
        &seeds,
        &users.on_behalf_of,
    ];
    tokio::try_join!(
        biased;
        async {
            if users.added.is_empty() {
                return Ok(0);
            }
            db.execute(&add_users, &[&org.0, &users.added, &users.digests, &users.snapshots]).await
        },
        async { db.execute(&add_keys, &[&org.0, &uuids, &ids, &occurred]).await },
        async { db.execute(&add_entries, entries).await },
        async { db.execute(&set_head, &[&org.0, &to_signed_saturating(head)]).await },
    )?;
    Ok(head)
}

fn bytes(entries: &[Arc<Entry>], text: fn(&Entry) -> &Option<String>) -> Vec<Option<&[u8]>> {
    entries.iter().map(|entry| text(entry).as_deref().map(str::as_bytes)).collect()
}
