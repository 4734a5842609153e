//! Memory that callers share: how much of it all of them, one organization and one token may hold at once.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};

use crate::store::OrgId;

/// Who holds memory: an organization, and a token of it by its hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Holder {
    pub(super) organization: OrgId,
    pub(super) token: [u8; 32],
}

/// An amount of memory, in bytes. One organization may hold half of it, and one token a quarter.
pub(super) struct Budget {
    most: usize,
    held: Mutex<Held>,
}

#[derive(Default)]
struct Held {
    total: usize,
    organizations: HashMap<OrgId, usize>,
    tokens: HashMap<[u8; 32], usize>,
}

/// What is held, until it is dropped.
pub(super) struct Share {
    budget: Arc<Budget>,
    holder: Holder,
    bytes: usize,
}

/// There is not as much left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Full {
    /// For this token or its organization.
    Own,
    /// For anybody.
    All,
}

impl Budget {
    pub(super) fn new(most: usize) -> Arc<Self> {
        Arc::new(Self { most, held: Mutex::default() })
    }

    /// A share of nothing yet.
    pub(super) fn share(self: &Arc<Self>, holder: Holder) -> Share {
        Share { budget: Arc::clone(self), holder, bytes: 0 }
    }
}

impl Share {
    /// Takes so many bytes more.
    ///
    /// # Errors
    /// [`Full`], and then nothing is taken.
    pub(super) fn grow(&mut self, bytes: usize) -> Result<(), Full> {
        let mut held = self.budget.held.lock().unwrap_or_else(PoisonError::into_inner);
        let of = |map: usize| map.saturating_add(bytes);
        let organization = held.organizations.get(&self.holder.organization).copied().unwrap_or(0);
        let token = held.tokens.get(&self.holder.token).copied().unwrap_or(0);
        if of(token) > self.budget.most / 4 || of(organization) > self.budget.most / 2 {
            return Err(Full::Own);
        }
        if of(held.total) > self.budget.most {
            return Err(Full::All);
        }
        held.add(self.holder, bytes);
        self.bytes += bytes;
        Ok(())
    }

    /// Takes so many bytes more, whatever is left: for what is done already and must be told.
    pub(super) fn grow_anyway(&mut self, bytes: usize) {
        self.budget.held.lock().unwrap_or_else(PoisonError::into_inner).add(self.holder, bytes);
        self.bytes += bytes;
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        let mut held = self.budget.held.lock().unwrap_or_else(PoisonError::into_inner);
        held.total -= self.bytes;
        give_back(&mut held.organizations, &self.holder.organization, self.bytes);
        give_back(&mut held.tokens, &self.holder.token, self.bytes);
    }
}

impl Held {
    fn add(&mut self, holder: Holder, bytes: usize) {
        self.total += bytes;
        *self.organizations.entry(holder.organization).or_default() += bytes;
        *self.tokens.entry(holder.token).or_default() += bytes;
    }
}

/// Those who hold nothing are forgotten.
fn give_back<K: Eq + Hash>(held: &mut HashMap<K, usize>, key: &K, bytes: usize) {
    if let Some(all) = held.get_mut(key) {
        *all -= bytes;
        if *all == 0 {
            held.remove(key);
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in crate::server) async fn organizations<const N: usize>() -> [OrgId; N] {
        use crate::model::plan::Retention;
        use crate::model::words::Plan;
        let store = crate::store::open_in_memory().expect("a store");
        let now = crate::model::timestamp::Timestamp::MIN;
        let mut made = Vec::new();
        for number in 0..N {
            let retention = Retention { plan: Plan::Business, floor: None };
            made.push(
                store.create_organization(format!("org-{number}"), retention, now).await.expect("made").id,
            );
        }
        made.try_into().expect("as many")
    }

    #[tokio::test]
    async fn a_token_takes_a_quarter_and_an_organization_half() {
        let [one, other] = organizations().await;
        let budget = Budget::new(100);
        let share = |organization, token| budget.share(Holder { organization, token: [token; 32] });
        let mut first = share(one, 1);
        assert_eq!(first.grow(25), Ok(()));
        assert_eq!(first.grow(1), Err(Full::Own));
        assert_eq!(share(one, 1).grow(1), Err(Full::Own), "all shares of a token count together");
        let mut second = share(one, 2);
        assert_eq!(second.grow(25), Ok(()));
        assert_eq!(share(one, 3).grow(1), Err(Full::Own), "and all of an organization");
        let mut third = share(other, 4);
        assert_eq!(third.grow(25), Ok(()), "another is not kept out");
        third.grow_anyway(25);
        assert_eq!(share(other, 5).grow(1), Err(Full::Own));
        drop((first, second, third));
        let held = budget.held.lock().expect("held");
        assert_eq!((held.total, held.organizations.len(), held.tokens.len()), (0, 0, 0));
    }

    #[tokio::test]
    async fn all_together_take_no_more_than_there_is() {
        let [one, two, three] = organizations().await;
        let budget = Budget::new(100);
        let mut shares = Vec::new();
        for (organization, token) in [(one, 1), (one, 2), (two, 3), (two, 4)] {
            let mut share = budget.share(Holder { organization, token: [token; 32] });
            assert_eq!(share.grow(25), Ok(()));
            shares.push(share);
        }
        let mut late = budget.share(Holder { organization: three, token: [5; 32] });
        assert_eq!(late.grow(1), Err(Full::All));
        shares.pop();
        assert_eq!(late.grow(25), Ok(()));
    }
}
