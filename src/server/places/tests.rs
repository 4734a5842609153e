//! Who gets a place, and who makes room.

use std::future::Future as _;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use super::*;
use crate::server::budget::tests::organizations;

async fn holders<const N: usize>() -> [Holder; N] {
    let organizations: [OrgId; N] = organizations().await;
    organizations.map(|organization| Holder { organization, token: [1; 32] })
}

fn with_token(holder: Holder, token: u8) -> Holder {
    Holder { token: [token; 32], ..holder }
}

fn address(last: u8) -> IpAddr {
    IpAddr::from([198, 51, 100, last])
}

fn is_gone(place: &Place) -> bool {
    let waiting = pin!(place.0.gone());
    waiting.poll(&mut Context::from_waker(Waker::noop())) == Poll::Ready(())
}

#[tokio::test]
async fn one_address_takes_its_share_and_its_longest_waiting_connection_makes_room() {
    let [one] = holders().await;
    // 75 for those who have proven nothing, 18 of them for one address.
    let places = Places::new(100, false);
    let flood: Vec<_> = (0..200).map(|_| places.take(address(1)).expect("room is made")).collect();
    assert_eq!(flood.iter().filter(|place| !is_gone(place)).count(), 18);
    assert!(flood[182..].iter().all(|place| !is_gone(place)), "the latest stay");
    let other = places.take(address(2)).expect("a place");
    let more: Vec<_> = (0..100).map(|_| places.take(address(1)).expect("room is made")).collect();
    assert!(!is_gone(&other));
    drop((flood, more));
    let counts = || {
        let taken = lock(&places.taken);
        (taken.seats.len(), taken.unproven, taken.unproven_of.len(), taken.proven_by.len())
    };
    assert_eq!(counts(), (1, 1, 1, 0));
    other.0.prove(one).expect("a place");
    other.0.prove(with_token(one, 2)).expect("a place");
    assert_eq!(counts(), (1, 0, 0, 1));
}

#[tokio::test]
async fn many_addresses_leave_the_places_of_those_who_have_shown_a_token() {
    let [one] = holders().await;
    let places = Places::new(100, false);
    let mut proven = Vec::new();
    let mut flood = Vec::new();
    for number in 0..200 {
        flood.push(places.take(address(number)).expect("room is made"));
        if number % 8 == 0 {
            let place = places.take(address(201)).expect("a place");
            place.0.prove(one).expect("a place");
            proven.push(place);
        }
    }
    assert_eq!(proven.len(), 25);
    assert!(proven.iter().all(|place| !is_gone(place)), "nobody else makes them go");
    assert!(lock(&places.taken).seats.len() <= 100);
}

#[tokio::test]
async fn who_is_in_the_middle_of_a_request_makes_no_room() {
    let [one] = holders().await;
    let places = Places::new(4, true);
    let busy: Vec<_> = (0..3).map(|_| places.take(address(1)).expect("a place")).collect();
    let guards: Vec<_> = busy.iter().map(|place| place.0.work()).collect();
    assert!(places.take(address(2)).is_none(), "three of four places are for those without a token");
    busy[0].0.prove(one).expect("a place");
    let fourth = places.take(address(2)).expect("the one that has proven itself counts no more");
    drop(guards);
    // Of two that wait the one of the larger crowd goes, and of that the one that has waited longer.
    let fifth = places.take(address(3)).expect("room is made");
    assert_eq!(
        [&busy[0], &busy[1], &busy[2], &fourth, &fifth].map(is_gone),
        [false, true, false, false, false]
    );
    assert!(busy[0].0.has_shown(&[1; 32]) && !busy[0].0.has_shown(&[2; 32]));
}

#[tokio::test]
async fn idle_connections_with_a_token_make_room_as_well_when_all_places_are_theirs() {
    let [one] = holders().await;
    let places = Places::new(3, true);
    let all: Vec<_> = (0..3)
        .map(|number| {
            let place = places.take(address(number)).expect("a place");
            place.0.prove(with_token(one, number)).expect("a place");
            place
        })
        .collect();
    let new = places.take(address(9)).expect("room is made");
    assert_eq!(all.iter().filter(|place| is_gone(place)).count(), 1);
    assert!(!is_gone(&new));
    // One place is one place, and still opens.
    assert!(Places::new(1, false).take(address(1)).is_some());
}

#[tokio::test]
async fn a_token_has_half_of_the_places_and_an_organization_three_quarters() {
    let [one, other] = holders().await;
    let places = Places::new(100, true);
    let mut busy = Vec::new();
    let mut enter = |holder: Holder| {
        let place = places.take(address(1)).expect("a place");
        let outcome = place.0.prove(holder);
        busy.push((place.0.work(), place));
        outcome
    };
    assert!((0..50).all(|_| enter(one) == Ok(())));
    assert_eq!(enter(one), Err(TooMany));
    assert!((0..25).all(|_| enter(with_token(one, 2)) == Ok(())));
    assert_eq!(enter(with_token(one, 3)), Err(TooMany));
    assert_eq!(enter(with_token(other, 4)), Ok(()), "another organization has its places");
    // One that only waits makes room for a newer one of the same token.
    let (working, waiting) = busy.remove(0);
    drop(working);
    let place = places.take(address(1)).expect("a place");
    assert_eq!(place.0.prove(one), Ok(()));
    assert!(is_gone(&waiting));
}
