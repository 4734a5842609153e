//! Which connection gets a slot, and which one is evicted.

use std::future::Future as _;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use super::*;
use crate::server::budget::tests::organizations;

async fn holders<const N: usize>() -> [CallerKey; N] {
    let organizations: [OrgId; N] = organizations().await;
    organizations.map(|organization| CallerKey { organization, token: [1; 32] })
}

fn with_token(holder: CallerKey, token: u8) -> CallerKey {
    CallerKey { token: [token; 32], ..holder }
}

fn address(last: u8) -> IpAddr {
    IpAddr::from([198, 51, 100, last])
}

fn is_evicted(slot: &SlotGuard) -> bool {
    let waiting = pin!(slot.0.evicted());
    waiting.poll(&mut Context::from_waker(Waker::noop())) == Poll::Ready(())
}

#[tokio::test]
async fn one_address_gets_its_share_and_its_longest_idle_connection_is_evicted() {
    let [one] = holders().await;
    // 75 slots for anonymous connections, 18 of them for one network.
    let slots = ConnectionSlots::new(100, false);
    let flood: Vec<_> = (0..200).map(|_| slots.acquire(address(1)).expect("evicts another")).collect();
    assert_eq!(flood.iter().filter(|slot| !is_evicted(slot)).count(), 18);
    assert!(flood[182..].iter().all(|slot| !is_evicted(slot)), "the latest stay");
    let other = slots.acquire(address(2)).expect("a slot");
    let more: Vec<_> = (0..100).map(|_| slots.acquire(address(1)).expect("evicts another")).collect();
    assert!(!is_evicted(&other));
    drop((flood, more));
    let counts = || {
        let table = lock(&slots.table);
        (table.slots.len(), table.anonymous, table.anonymous_by_network.len(), table.by_token.len())
    };
    assert_eq!(counts(), (1, 1, 1, 0));
    other.0.authenticate(one).expect("a slot");
    other.0.authenticate(with_token(one, 2)).expect("a slot");
    assert_eq!(counts(), (1, 0, 0, 1));
}

#[tokio::test]
async fn many_addresses_do_not_evict_authenticated_connections() {
    let [one] = holders().await;
    let slots = ConnectionSlots::new(100, false);
    let mut authenticated = Vec::new();
    let mut flood = Vec::new();
    for number in 0..200 {
        flood.push(slots.acquire(address(number)).expect("evicts another"));
        if number % 8 == 0 {
            let slot = slots.acquire(address(201)).expect("a slot");
            slot.0.authenticate(one).expect("a slot");
            authenticated.push(slot);
        }
    }
    assert_eq!(authenticated.len(), 25);
    assert!(authenticated.iter().all(|slot| !is_evicted(slot)), "authenticated connections stay");
    assert!(lock(&slots.table).slots.len() <= 100);
}

#[tokio::test]
async fn a_connection_with_a_request_in_progress_is_not_evicted() {
    let [one] = holders().await;
    let slots = ConnectionSlots::new(4, true);
    let busy: Vec<_> = (0..3).map(|_| slots.acquire(address(1)).expect("a slot")).collect();
    let guards: Vec<_> = busy.iter().map(|slot| slot.0.mark_busy()).collect();
    assert!(slots.acquire(address(2)).is_none(), "anonymous connections may have three of four slots");
    busy[0].0.authenticate(one).expect("a slot");
    let fourth =
        slots.acquire(address(2)).expect("an authenticated connection no longer counts as anonymous");
    drop(guards);
    // The network with most connections loses the one that has been idle longest.
    let fifth = slots.acquire(address(3)).expect("evicts another");
    assert_eq!(
        [&busy[0], &busy[1], &busy[2], &fourth, &fifth].map(is_evicted),
        [false, true, false, false, false]
    );
    assert!(busy[0].0.has_authenticated(&[1; 32]) && !busy[0].0.has_authenticated(&[2; 32]));
}

#[tokio::test]
async fn an_idle_authenticated_connection_is_evicted_when_all_slots_are_authenticated() {
    let [one] = holders().await;
    let slots = ConnectionSlots::new(3, true);
    let all: Vec<_> = (0..3)
        .map(|number| {
            let slot = slots.acquire(address(number)).expect("a slot");
            slot.0.authenticate(with_token(one, number)).expect("a slot");
            slot
        })
        .collect();
    let new = slots.acquire(address(9)).expect("evicts another");
    assert_eq!(all.iter().filter(|slot| is_evicted(slot)).count(), 1);
    assert!(!is_evicted(&new));
    // A single slot is usable.
    assert!(ConnectionSlots::new(1, false).acquire(address(1)).is_some());
}

#[tokio::test]
async fn a_token_gets_half_of_the_slots_and_an_organization_three_quarters() {
    let [one, other] = holders().await;
    let slots = ConnectionSlots::new(100, true);
    let mut busy = Vec::new();
    let mut enter = |holder: CallerKey| {
        let slot = slots.acquire(address(1)).expect("a slot");
        let outcome = slot.0.authenticate(holder);
        busy.push((slot.0.mark_busy(), slot));
        outcome
    };
    assert!((0..50).all(|_| enter(one) == Ok(())));
    assert_eq!(enter(one), Err(TooManyConnections));
    assert!((0..25).all(|_| enter(with_token(one, 2)) == Ok(())));
    assert_eq!(enter(with_token(one, 3)), Err(TooManyConnections));
    assert_eq!(enter(with_token(other, 4)), Ok(()), "another organization has its own slots");
    // An idle connection is evicted for a newer one of the same token.
    let (working, waiting) = busy.remove(0);
    drop(working);
    let slot = slots.acquire(address(1)).expect("a slot");
    assert_eq!(slot.0.authenticate(one), Ok(()));
    assert!(is_evicted(&waiting));
}
