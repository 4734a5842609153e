//! Limits the number of connections: in total, per network, per token and per organization.
//!
//! A connection is authenticated once it has sent a valid token. A quarter of all slots is reserved for authenticated
//! connections. One token may have half of all slots, and one organization three quarters. When no slot is free, the
//! connection that has been idle longest is evicted. A connection with a request in progress is never evicted.

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, Weak};

use tokio::sync::Notify;

use crate::server::budget::{CallerKey, release};
use crate::server::lock::lock;
use crate::store::OrgId;

/// Every network, token and organization may have this many connections, however few slots there are.
const MIN_SHARE: usize = 8;

pub(super) struct ConnectionSlots {
    max: usize,
    max_anonymous: usize,
    /// Anonymous connections of one network.
    max_per_network: usize,
    max_per_token: usize,
    max_per_organization: usize,
    table: Mutex<SlotTable>,
}

#[derive(Default)]
struct SlotTable {
    next: u64,
    /// Oldest connection first.
    slots: BTreeMap<u64, Arc<Slot>>,
    anonymous: usize,
    anonymous_by_network: HashMap<IpAddr, usize>,
    by_token: HashMap<[u8; 32], usize>,
    by_organization: HashMap<OrgId, usize>,
}

/// The state of one connection, from its acceptance to its end.
pub(super) struct Slot {
    slots: Weak<ConnectionSlots>,
    number: u64,
    network: IpAddr,
    /// The owner of the last valid token.
    caller: Mutex<Option<CallerKey>>,
    /// Requests in progress, and responses that are not fully written.
    busy: AtomicU32,
    has_unread_body: AtomicBool,
    evicted: Notify,
}

impl Slot {
    /// Notes that the last request was answered before its body was read to the end.
    pub(super) fn mark_unread_body(&self) {
        self.has_unread_body.store(true, Ordering::Relaxed);
    }

    pub(super) fn has_unread_body(&self) -> bool {
        self.has_unread_body.load(Ordering::Relaxed)
    }

    /// Counts the connection for the token and its organization. This may evict an idle connection of theirs.
    ///
    /// # Errors
    /// [`TooManyConnections`], when they have no slot left and none of their connections is idle.
    pub(super) fn authenticate(&self, caller: CallerKey) -> Result<(), TooManyConnections> {
        if *lock(&self.caller) == Some(caller) {
            return Ok(());
        }
        match self.slots.upgrade() {
            Some(slots) => slots.authenticate(self, caller),
            None => Ok(()),
        }
    }

    /// Returns whether the last valid token on this connection has this hash.
    pub(super) fn has_authenticated(&self, hash: &[u8; 32]) -> bool {
        lock(&self.caller).is_some_and(|caller| caller.token == *hash)
    }

    pub(super) fn is_authenticated(&self) -> bool {
        lock(&self.caller).is_some()
    }

    /// Protects the connection from eviction until the guard is dropped.
    pub(super) fn mark_busy(self: &Arc<Self>) -> BusyGuard {
        self.busy.fetch_add(1, Ordering::Relaxed);
        BusyGuard(Arc::clone(self))
    }

    fn is_idle(&self) -> bool {
        self.busy.load(Ordering::Relaxed) == 0
    }

    /// Resolves when the connection is evicted.
    pub(super) async fn evicted(&self) {
        self.evicted.notified().await;
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TooManyConnections;

/// Protects a connection from eviction.
pub(super) struct BusyGuard(Arc<Slot>);

impl Drop for BusyGuard {
    fn drop(&mut self) {
        self.0.busy.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Frees the slot when dropped.
pub(super) struct SlotGuard(pub(super) Arc<Slot>);

impl Drop for SlotGuard {
    fn drop(&mut self) {
        if let Some(slots) = self.0.slots.upgrade() {
            lock(&slots.table).remove(self.0.number);
        }
    }
}

impl ConnectionSlots {
    /// Behind a proxy all connections come from the proxy's address, so there is no limit per network.
    pub(super) fn new(max: usize, is_behind_proxy: bool) -> Arc<Self> {
        let max_anonymous = max - max / 4;
        let share = if is_behind_proxy { max_anonymous } else { max_anonymous / 4 };
        let max_per_network = share.max(MIN_SHARE).min(max_anonymous);
        let (max_per_token, max_per_organization) =
            ((max / 2).max(MIN_SHARE), (max - max / 4).max(MIN_SHARE));
        let table = Mutex::default();
        Arc::new(Self { max, max_anonymous, max_per_network, max_per_token, max_per_organization, table })
    }

    fn authenticate(&self, slot: &Slot, caller: CallerKey) -> Result<(), TooManyConnections> {
        let mut table = lock(&self.table);
        if !table.slots.contains_key(&slot.number) {
            // It was evicted meanwhile.
            return Ok(());
        }
        loop {
            let count_of_token = table.by_token.get(&caller.token).copied().unwrap_or(0);
            let count_of_organization = table.by_organization.get(&caller.organization).copied().unwrap_or(0);
            let scope = if count_of_token >= self.max_per_token {
                EvictionScope::Token(caller.token)
            } else if count_of_organization >= self.max_per_organization {
                EvictionScope::Organization(caller.organization)
            } else {
                break;
            };
            let evicted = table.longest_idle(scope).and_then(|number| table.remove(number));
            evicted.ok_or(TooManyConnections)?.evicted.notify_one();
        }
        table.uncount(slot);
        *table.by_token.entry(caller.token).or_default() += 1;
        *table.by_organization.entry(caller.organization).or_default() += 1;
        *lock(&slot.caller) = Some(caller);
        Ok(())
    }

    /// Takes a slot for a new connection, and evicts another if needed. Returns `None` when none can be evicted.
    pub(super) fn acquire(self: &Arc<Self>, network: IpAddr) -> Option<SlotGuard> {
        let mut table = lock(&self.table);
        while let Some(scope) = self.exhausted_scope(&table, network) {
            let number = table.longest_idle(scope)?;
            table.remove(number)?.evicted.notify_one();
        }
        let number = table.next;
        table.next += 1;
        let slot = Arc::new(Slot {
            slots: Arc::downgrade(self),
            number,
            network,
            caller: Mutex::default(),
            busy: AtomicU32::new(0),
            has_unread_body: AtomicBool::new(false),
            evicted: Notify::new(),
        });
        table.slots.insert(number, Arc::clone(&slot));
        table.anonymous += 1;
        *table.anonymous_by_network.entry(network).or_default() += 1;
        Some(SlotGuard(slot))
    }

    /// Returns which connections are too many for another one from this network. `None` when a slot is free.
    fn exhausted_scope(&self, table: &SlotTable, network: IpAddr) -> Option<EvictionScope> {
        if table.anonymous_by_network.get(&network).is_some_and(|count| *count >= self.max_per_network) {
            Some(EvictionScope::AnonymousOf(network))
        } else if table.anonymous >= self.max_anonymous {
            Some(EvictionScope::Anonymous)
        } else {
            (table.slots.len() >= self.max).then_some(EvictionScope::All)
        }
    }
}

/// A set of connections, one of which is to be evicted.
#[derive(Clone, Copy, PartialEq)]
enum EvictionScope {
    AnonymousOf(IpAddr),
    Anonymous,
    All,
    Token([u8; 32]),
    Organization(OrgId),
}

impl SlotTable {
    fn remove(&mut self, number: u64) -> Option<Arc<Slot>> {
        let slot = self.slots.remove(&number)?;
        self.uncount(&slot);
        Some(slot)
    }

    /// Removes the connection from the counters.
    fn uncount(&mut self, slot: &Slot) {
        match *lock(&slot.caller) {
            None => {
                self.anonymous -= 1;
                release(&mut self.anonymous_by_network, &slot.network, 1);
            }
            Some(caller) => {
                release(&mut self.by_token, &caller.token, 1);
                release(&mut self.by_organization, &caller.organization, 1);
            }
        }
    }

    /// The connection of a scope that has been idle longest. If the scope spans several networks, it is one of the
    /// network with most connections. Anonymous connections come before authenticated ones.
    fn longest_idle(&self, scope: EvictionScope) -> Option<u64> {
        let idle = || self.slots.values().filter(|slot| slot.is_idle());
        let anonymous = || idle().filter(|slot| !slot.is_authenticated());
        let of_caller = |is_meant: &dyn Fn(CallerKey) -> bool| {
            idle().find(|slot| lock(&slot.caller).is_some_and(is_meant)).map(|slot| slot.number)
        };
        match scope {
            EvictionScope::Token(token) => of_caller(&|caller| caller.token == token),
            EvictionScope::Organization(organization) => {
                of_caller(&|caller| caller.organization == organization)
            }
            EvictionScope::AnonymousOf(network) => {
                anonymous().find(|slot| slot.network == network).map(|slot| slot.number)
            }
            EvictionScope::Anonymous => longest_idle_of_largest_network(anonymous()),
            EvictionScope::All => longest_idle_of_largest_network(anonymous())
                .or_else(|| longest_idle_of_largest_network(idle())),
        }
    }
}

fn longest_idle_of_largest_network<'a>(slots: impl Iterator<Item = &'a Arc<Slot>>) -> Option<u64> {
    let mut networks = HashMap::<IpAddr, (usize, u64)>::new();
    for slot in slots {
        networks.entry(slot.network).or_insert((0, slot.number)).0 += 1;
    }
    let largest = networks.into_values().max_by_key(|(count, oldest)| (*count, u64::MAX - oldest));
    largest.map(|(_, oldest)| oldest)
}

#[cfg(test)]
mod tests;
