//! Limits the memory that request bodies and responses take: in total, per organization and per token.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};

use crate::store::OrgId;

/// Identifies a caller for limits: the organization and the hash of its token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct CallerKey {
    pub(super) organization: OrgId,
    pub(super) token: [u8; 32],
}

/// A limit in bytes. One organization may use half of it, and one token a quarter.
pub(super) struct MemoryBudget {
    limit: usize,
    usage: Mutex<BudgetUsage>,
}

#[derive(Default)]
struct BudgetUsage {
    total: usize,
    organizations: HashMap<OrgId, usize>,
    tokens: HashMap<[u8; 32], usize>,
}

/// Memory reserved for a caller, released when dropped.
pub(super) struct Reservation {
    budget: Arc<MemoryBudget>,
    caller: CallerKey,
    bytes: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BudgetExceeded {
    /// The share of the token or of its organization is used up.
    Own,
    All,
}

impl MemoryBudget {
    pub(super) fn new(limit: usize) -> Arc<Self> {
        Arc::new(Self { limit, usage: Mutex::default() })
    }

    /// An empty reservation, to be grown.
    pub(super) fn reserve(self: &Arc<Self>, caller: CallerKey) -> Reservation {
        Reservation { budget: Arc::clone(self), caller, bytes: 0 }
    }
}

impl Reservation {
    /// Reserves more bytes, or none on failure.
    pub(super) fn grow(&mut self, bytes: usize) -> Result<(), BudgetExceeded> {
        let mut usage = self.budget.usage.lock().unwrap_or_else(PoisonError::into_inner);
        let with = |used: usize| used.saturating_add(bytes);
        let organization = usage.organizations.get(&self.caller.organization).copied().unwrap_or(0);
        let token = usage.tokens.get(&self.caller.token).copied().unwrap_or(0);
        if with(token) > self.budget.limit / 4 || with(organization) > self.budget.limit / 2 {
            return Err(BudgetExceeded::Own);
        }
        if with(usage.total) > self.budget.limit {
            return Err(BudgetExceeded::All);
        }
        usage.add(self.caller, bytes);
        self.bytes += bytes;
        Ok(())
    }

    /// Reserves more bytes even beyond the limit, for the response to a write that is already committed.
    pub(super) fn grow_unchecked(&mut self, bytes: usize) {
        self.budget.usage.lock().unwrap_or_else(PoisonError::into_inner).add(self.caller, bytes);
        self.bytes += bytes;
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        let mut usage = self.budget.usage.lock().unwrap_or_else(PoisonError::into_inner);
        usage.total -= self.bytes;
        release(&mut usage.organizations, &self.caller.organization, self.bytes);
        release(&mut usage.tokens, &self.caller.token, self.bytes);
    }
}

impl BudgetUsage {
    fn add(&mut self, caller: CallerKey, bytes: usize) {
        self.total += bytes;
        *self.organizations.entry(caller.organization).or_default() += bytes;
        *self.tokens.entry(caller.token).or_default() += bytes;
    }
}

/// Subtracts from a counter, and removes it at zero.
pub(super) fn release<K: Eq + Hash>(counters: &mut HashMap<K, usize>, key: &K, amount: usize) {
    if let Some(count) = counters.get_mut(key) {
        *count -= amount;
        if *count == 0 {
            counters.remove(key);
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
    async fn a_token_may_reserve_a_quarter_and_an_organization_half() {
        let [one, other] = organizations().await;
        let budget = MemoryBudget::new(100);
        let reservation =
            |organization, token| budget.reserve(CallerKey { organization, token: [token; 32] });
        let mut first = reservation(one, 1);
        assert_eq!(first.grow(25), Ok(()));
        assert_eq!(first.grow(1), Err(BudgetExceeded::Own));
        assert_eq!(
            reservation(one, 1).grow(1),
            Err(BudgetExceeded::Own),
            "all reservations of a token count"
        );
        let mut second = reservation(one, 2);
        assert_eq!(second.grow(25), Ok(()));
        assert_eq!(reservation(one, 3).grow(1), Err(BudgetExceeded::Own), "and all of an organization");
        let mut third = reservation(other, 4);
        assert_eq!(third.grow(25), Ok(()), "another organization is not affected");
        third.grow_unchecked(25);
        assert_eq!(reservation(other, 5).grow(1), Err(BudgetExceeded::Own));
        drop((first, second, third));
        let usage = budget.usage.lock().expect("usage");
        assert_eq!((usage.total, usage.organizations.len(), usage.tokens.len()), (0, 0, 0));
    }

    #[tokio::test]
    async fn all_callers_together_stay_within_the_limit() {
        let [one, two, three] = organizations().await;
        let budget = MemoryBudget::new(100);
        let mut reservations = Vec::new();
        for (organization, token) in [(one, 1), (one, 2), (two, 3), (two, 4)] {
            let mut reservation = budget.reserve(CallerKey { organization, token: [token; 32] });
            assert_eq!(reservation.grow(25), Ok(()));
            reservations.push(reservation);
        }
        let mut late = budget.reserve(CallerKey { organization: three, token: [5; 32] });
        assert_eq!(late.grow(1), Err(BudgetExceeded::All));
        reservations.pop();
        assert_eq!(late.grow(25), Ok(()));
    }
}
