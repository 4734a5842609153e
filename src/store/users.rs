//! Finds the users that a filter admits, by the filter's own definition, and remembers them for the next page.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use crate::model::filter::{Choice, Filter, UserChoices, UserTerm};
use crate::store::calls::OrgId;
use crate::store::codes::{json, user};
use crate::store::condition::UserRefs;
use crate::store::session::{Columns, Session, optional, values};

/// The numbers of the admitted users. It tests each user, because there are few.
pub(super) async fn user_refs<S: Session>(db: &S, org: OrgId, filter: &Filter) -> Result<UserRefs, S::Error> {
    Ok(user_refs_of_each(db, org, &[filter], None).await?.pop().unwrap_or_default())
}

/// The same for several filters, with one pass over the users: all of them, or those with the numbers in `among`.
pub(super) async fn user_refs_of_each<S: Session>(
    db: &S,
    org: OrgId,
    filters: &[&Filter],
    among: Option<&BTreeSet<i64>>,
) -> Result<Vec<UserRefs>, S::Error> {
    let choices: Vec<_> = filters.iter().flat_map(|filter| [&filter.user, &filter.on_behalf_of]).collect();
    let mut refs: Vec<_> = choices.iter().map(|choice| (!choice.is_any()).then(Vec::new)).collect();
    if refs.iter().any(Option::is_some) {
        let choices = UserChoices::new(&choices);
        let add = |row: &dyn Columns| {
            let (user_ref, user) = (row.integer(0)?, user(row.text(1)?)?);
            for (refs, is_admitted) in refs.iter_mut().zip(choices.admit(&user)) {
                refs.as_mut().filter(|_| is_admitted).into_iter().for_each(|refs| refs.push(user_ref));
            }
            Ok(())
        };
        let all = "SELECT user_ref, snapshot FROM users WHERE org_id = ?1";
        match among {
            None => db.visit(all, values![org], add).await?,
            Some(among) => {
                let elements = S::DIALECT.json_elements;
                let sql = format!(
                    "{all} AND user_ref IN (SELECT CAST(value->>0 AS BIGINT) FROM {elements}(?2) AS wanted)"
                );
                let wanted: Vec<_> = among.iter().map(|user_ref| [user_ref]).collect();
                db.visit(&sql, values![org, &json(&wanted)], add).await?;
            }
        }
    }
    let mut refs = refs.into_iter();
    let mut next = || refs.next().flatten();
    Ok(filters.iter().map(|_| UserRefs { user: next(), on_behalf_of: next() }).collect())
}

/// In how many entries a user was erased. What was found for users of earlier entries no longer holds when it grows.
async fn erased_entries<S: Session>(db: &S, org: OrgId) -> Result<u64, S::Error> {
    let sql = "SELECT CAST(coalesce(sum(actors), 0) AS BIGINT) FROM erasures WHERE org_id = ?1";
    Ok(optional(db, sql, values![org], |row| row.unsigned(0)).await?.unwrap_or_default())
}

/// How many answers are remembered.
const MAX_ANSWERS: usize = 16;
/// The most numbers of an answer that is remembered: half a megabyte.
const MAX_REFS: usize = 65_536;

/// The users found for recent questions, each for the entries up to one id. A user of such an entry stays the same until an
/// erasure or a prune, so an answer never becomes wrong: a number that is given to another user belongs to later entries. An
/// export with many users would otherwise test all of them for every page.
#[derive(Default)]
pub(super) struct KnownUsers(Mutex<Vec<(UserQuery, Arc<UserRefs>)>>);

/// What an answer depends on.
#[derive(PartialEq, Eq)]
struct UserQuery {
    org: OrgId,
    user: Choice<UserTerm>,
    on_behalf_of: Choice<UserTerm>,
    as_of: u64,
    /// How many entries were erased: those have another user since.
    erased: u64,
}

impl KnownUsers {
    /// As [`user_refs`], for the entries up to `as_of` only, which must not lie ahead of the log.
    pub(super) async fn refs<S: Session>(
        &self,
        db: &S,
        org: OrgId,
        filter: &Filter,
        as_of: u64,
    ) -> Result<Arc<UserRefs>, S::Error> {
        let Filter { user, on_behalf_of, .. } = filter;
        if user.is_any() && on_behalf_of.is_any() {
            return Ok(Arc::default());
        }
        let erased = erased_entries(db, org).await?;
        let question =
            UserQuery { org, user: user.clone(), on_behalf_of: on_behalf_of.clone(), as_of, erased };
        if let Some(refs) = self.known(&question) {
            return Ok(refs);
        }
        let refs = Arc::new(user_refs(db, org, filter).await?);
        let numbers = |refs: &Option<Vec<i64>>| refs.as_ref().map_or(0, Vec::len);
        if numbers(&refs.user) + numbers(&refs.on_behalf_of) <= MAX_REFS {
            let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            if known.len() == MAX_ANSWERS {
                known.remove(0);
            }
            known.push((question, Arc::clone(&refs)));
        }
        Ok(refs)
    }

    /// Moves an answer to the end of the list if it is there: the first is the next to go.
    fn known(&self, question: &UserQuery) -> Option<Arc<UserRefs>> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let place = known.iter().position(|(known, _)| known == question)?;
        known[place..].rotate_left(1);
        known.last().map(|(_, refs)| Arc::clone(refs))
    }
}
