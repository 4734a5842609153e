//! The places that connections take: how many there are in all and for one address, and who makes room for whom.
//!
//! A connection that has shown a valid token has proven itself. Others share the places that are not kept for those, and
//! each address has a share of them; one token has half of all places at most, and one organization three quarters. When
//! there is no place, the connection that has waited longest makes room: one that
//! is in the middle of a request never does.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};
use std::hash::Hash;
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use tokio::sync::Notify;

use crate::server::budget::Holder;
use crate::store::OrgId;

/// The fewest connections that an address, a token or an organization may have.
const FEWEST_OF_ONE: usize = 8;

/// All places.
pub(super) struct Places {
    most: usize,
    /// How many connections that have proven nothing there may be: a quarter of all places is kept from them.
    most_unproven: usize,
    /// How many of those one address may have.
    most_of_one: usize,
    most_of_token: usize,
    most_of_organization: usize,
    taken: Mutex<Taken>,
}

#[derive(Default)]
struct Taken {
    next: u64,
    /// The longest there first.
    seats: BTreeMap<u64, Arc<Seat>>,
    unproven: usize,
    unproven_of: HashMap<IpAddr, usize>,
    proven_by: HashMap<[u8; 32], usize>,
    proven_for: HashMap<OrgId, usize>,
}

/// One connection's place, from its acceptance to its end.
pub(super) struct Seat {
    places: Weak<Places>,
    number: u64,
    network: IpAddr,
    /// The last valid token that was shown.
    shown: Mutex<Option<Holder>>,
    /// Requests that are worked on and answers that are not written yet.
    busy: AtomicU32,
    /// Whether something was sent that nobody has read.
    is_unread: AtomicBool,
    gone: Notify,
}

impl Seat {
    /// Notes that the last request was answered before all of it was read.
    pub(super) fn leave_unread(&self) {
        self.is_unread.store(true, Ordering::Relaxed);
    }

    /// Tells whether [`Self::leave_unread`] was called.
    pub(super) fn is_unread(&self) -> bool {
        self.is_unread.load(Ordering::Relaxed)
    }

    /// Notes that a valid token was shown. Others of the same token or organization may have to make room.
    ///
    /// # Errors
    /// [`TooMany`], when those have all their places and are in the middle of something.
    pub(super) fn prove(&self, holder: Holder) -> Result<(), TooMany> {
        if *lock(&self.shown) == Some(holder) {
            return Ok(());
        }
        match self.places.upgrade() {
            Some(places) => places.prove(self, holder),
            None => Ok(()),
        }
    }

    /// Tells whether this very token was shown here before, and was valid.
    pub(super) fn has_shown(&self, hash: &[u8; 32]) -> bool {
        lock(&self.shown).is_some_and(|holder| holder.token == *hash)
    }

    /// Tells whether a valid token was shown.
    pub(super) fn is_proven(&self) -> bool {
        lock(&self.shown).is_some()
    }

    /// Marks the connection as being worked on, until the guard is dropped.
    pub(super) fn work(self: &Arc<Self>) -> Working {
        self.busy.fetch_add(1, Ordering::Relaxed);
        Working(Arc::clone(self))
    }

    fn is_waiting(&self) -> bool {
        self.busy.load(Ordering::Relaxed) == 0
    }

    /// Resolves when the connection must make room for another.
    pub(super) async fn gone(&self) {
        self.gone.notified().await;
    }
}

/// A token or its organization has all the connections that it may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TooMany;

/// Keeps a connection from making room for another.
pub(super) struct Working(Arc<Seat>);

impl Drop for Working {
    fn drop(&mut self) {
        self.0.busy.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A place that is taken; dropped, it is free again.
pub(super) struct Place(pub(super) Arc<Seat>);

impl Drop for Place {
    fn drop(&mut self) {
        if let Some(places) = self.0.places.upgrade() {
            lock(&places.taken).remove(self.0.number);
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Places {
    /// So many places. Behind a proxy every connection comes from its address, which then says nothing.
    pub(super) fn new(most: usize, is_behind_proxy: bool) -> Arc<Self> {
        let most_unproven = most - most / 4;
        let share = if is_behind_proxy { most_unproven } else { most_unproven / 4 };
        let most_of_one = share.max(FEWEST_OF_ONE).min(most_unproven);
        let (most_of_token, most_of_organization) =
            ((most / 2).max(FEWEST_OF_ONE), (most - most / 4).max(FEWEST_OF_ONE));
        let taken = Mutex::default();
        Arc::new(Self { most, most_unproven, most_of_one, most_of_token, most_of_organization, taken })
    }

    fn prove(&self, seat: &Seat, holder: Holder) -> Result<(), TooMany> {
        let mut taken = lock(&self.taken);
        if !taken.seats.contains_key(&seat.number) {
            // It is on its way out.
            return Ok(());
        }
        loop {
            let count_of_token = taken.proven_by.get(&holder.token).copied().unwrap_or(0);
            let count_of_organization = taken.proven_for.get(&holder.organization).copied().unwrap_or(0);
            let crowd = if count_of_token >= self.most_of_token {
                Crowd::Token(holder.token)
            } else if count_of_organization >= self.most_of_organization {
                Crowd::Organization(holder.organization)
            } else {
                break;
            };
            let longest = taken.longest_waiting(crowd).and_then(|longest| taken.remove(longest));
            longest.ok_or(TooMany)?.gone.notify_one();
        }
        taken.leave_crowds(seat);
        *taken.proven_by.entry(holder.token).or_default() += 1;
        *taken.proven_for.entry(holder.organization).or_default() += 1;
        *lock(&seat.shown) = Some(holder);
        Ok(())
    }

    /// Takes a place for a connection from a network, whose addresses count as one. None, when nobody can make room.
    pub(super) fn take(self: &Arc<Self>, network: IpAddr) -> Option<Place> {
        let mut taken = lock(&self.taken);
        while let Some(crowd) = self.crowd(&taken, network) {
            let longest = taken.longest_waiting(crowd)?;
            taken.remove(longest)?.gone.notify_one();
        }
        let number = taken.next;
        taken.next += 1;
        let seat = Arc::new(Seat {
            places: Arc::downgrade(self),
            number,
            network,
            shown: Mutex::default(),
            busy: AtomicU32::new(0),
            is_unread: AtomicBool::new(false),
            gone: Notify::new(),
        });
        taken.seats.insert(number, Arc::clone(&seat));
        taken.unproven += 1;
        *taken.unproven_of.entry(network).or_default() += 1;
        Some(Place(seat))
    }

    /// Who must make room for another connection from this network; none, when there is a place.
    fn crowd(&self, taken: &Taken, network: IpAddr) -> Option<Crowd> {
        if taken.unproven_of.get(&network).is_some_and(|count| *count >= self.most_of_one) {
            Some(Crowd::UnprovenOf(network))
        } else if taken.unproven >= self.most_unproven {
            Some(Crowd::Unproven)
        } else {
            (taken.seats.len() >= self.most).then_some(Crowd::All)
        }
    }
}

/// Those among whom one makes room.
#[derive(Clone, Copy, PartialEq)]
enum Crowd {
    UnprovenOf(IpAddr),
    Unproven,
    All,
    Token([u8; 32]),
    Organization(OrgId),
}

/// Counts one less; what is counted no more is forgotten.
fn count_down<K: Eq + Hash>(counts: &mut HashMap<K, usize>, key: K) {
    if let Entry::Occupied(mut count) = counts.entry(key) {
        *count.get_mut() -= 1;
        if *count.get() == 0 {
            count.remove();
        }
    }
}

impl Taken {
    fn remove(&mut self, number: u64) -> Option<Arc<Seat>> {
        let seat = self.seats.remove(&number)?;
        self.leave_crowds(&seat);
        Some(seat)
    }

    /// Counts a connection no more where it was counted.
    fn leave_crowds(&mut self, seat: &Seat) {
        match *lock(&seat.shown) {
            None => {
                self.unproven -= 1;
                count_down(&mut self.unproven_of, seat.network);
            }
            Some(holder) => {
                count_down(&mut self.proven_by, holder.token);
                count_down(&mut self.proven_for, holder.organization);
            }
        }
    }

    /// The connection of a crowd that has waited longest. Of several networks it is one of that which has most of them;
    /// of all connections, one that has proven nothing as long as there is one.
    fn longest_waiting(&self, crowd: Crowd) -> Option<u64> {
        let waiting = || self.seats.values().filter(|seat| seat.is_waiting());
        let unproven = || waiting().filter(|seat| !seat.is_proven());
        let shown = |meant: &dyn Fn(Holder) -> bool| {
            waiting().find(|seat| lock(&seat.shown).is_some_and(meant)).map(|seat| seat.number)
        };
        match crowd {
            Crowd::Token(token) => shown(&|holder| holder.token == token),
            Crowd::Organization(organization) => shown(&|holder| holder.organization == organization),
            Crowd::UnprovenOf(network) => {
                unproven().find(|seat| seat.network == network).map(|seat| seat.number)
            }
            Crowd::Unproven => longest_of_most(unproven()),
            Crowd::All => longest_of_most(unproven()).or_else(|| longest_of_most(waiting())),
        }
    }
}

fn longest_of_most<'a>(seats: impl Iterator<Item = &'a Arc<Seat>>) -> Option<u64> {
    let mut networks = HashMap::<IpAddr, (usize, u64)>::new();
    for seat in seats {
        networks.entry(seat.network).or_insert((0, seat.number)).0 += 1;
    }
    let most = networks.into_values().max_by_key(|(count, longest)| (*count, u64::MAX - longest));
    most.map(|(_, longest)| longest)
}

#[cfg(test)]
mod tests;
