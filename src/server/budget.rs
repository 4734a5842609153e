//! Limits the memory that request bodies and responses take: in total, per organization and per token.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex};

use crate::server::lock::lock;
use crate::store::OrgId;

/// Identifies a caller for limits: the organization and the hash of its token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct CallerKey {
    pub(super) organization: OrgId,
    pub(super) token: [u8; 32],
}

/// A limit in bytes. One token may use a quarter of it. One organization may use as much as it leaves free for the others:
/// half if it is the first, a quarter if it comes second. So something is left for the next one.
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
        let mut usage = lock(&self.budget.usage);
        let with = |used: usize| used.saturating_add(bytes);
        let organization = usage.organizations.get(&self.caller.organization).copied().unwrap_or(0);
        let token = usage.tokens.get(&self.caller.token).copied().unwrap_or(0);
        let free = self.budget.limit.checked_sub(with(usage.total));
        if with(token) > self.budget.limit / 4 || free.is_none_or(|free| with(organization) > free) {
            return Err(if organization > 0 { BudgetExceeded::Own } else { BudgetExceeded::All });
        }
        usage.add(self.caller, bytes);
        self.bytes += bytes;
        Ok(())
    }

    /// Reserves more bytes even beyond the limit, for the response to a write that is already committed.
    pub(super) fn grow_unchecked(&mut self, bytes: usize) {
        lock(&self.budget.usage).add(self.caller, bytes);
        self.bytes += bytes;
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        let mut usage = lock(&self.budget.usage);
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
    async fn however_many_organizations_take_what_they_can_some_is_left_for_the_next() {
        let organizations = organizations::<7>().await;
        let budget = MemoryBudget::new(1_000);
        let mut reservations = Vec::new();
        // Each takes one byte at a time, with as many tokens as it needs.
        for organization in organizations {
            let mut taken = 0;
            for token in 0..16 {
                let mut reservation = budget.reserve(CallerKey { organization, token: [token; 32] });
                while reservation.grow(1).is_ok() {
                    taken += 1;
                }
                reservations.push(reservation);
            }
            assert!(taken > 0, "something is left for {organization:?}");
        }
        let usage = budget.usage.lock().expect("usage");
        assert!(usage.total < budget.limit, "{} of {}", usage.total, budget.limit);
    }

    #[tokio::test]
    async fn all_callers_together_stay_within_the_limit() {
        let [one, two, three] = organizations().await;
        let budget = MemoryBudget::new(100);
        let mut first = budget.reserve(CallerKey { organization: one, token: [1; 32] });
        let mut second = budget.reserve(CallerKey { organization: two, token: [2; 32] });
        assert_eq!((first.grow(25), second.grow(25)), (Ok(()), Ok(())));
        // Beyond the limit, as the response to a write.
        second.grow_unchecked(50);
        let mut late = budget.reserve(CallerKey { organization: three, token: [5; 32] });
        assert_eq!(late.grow(1), Err(BudgetExceeded::All));
        drop(second);
        assert_eq!(late.grow(25), Ok(()));
    }
}
