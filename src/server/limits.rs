//! How often one may ask: wrong tokens by address, so that guessing is slow; valid ones by token, so that one cannot
//! starve the others.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroU32;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use governor::clock::{Clock as _, DefaultClock};
use governor::state::keyed::HashMapStateStore;
use governor::{Quota, RateLimiter};

/// Above this many remembered keys those that are at rest are forgotten.
const MANY_KEYS: usize = 10_000;

/// Both limits.
pub(super) struct Limits {
    wrong: Option<Guesses>,
    valid: Option<RateLimiter<[u8; 32], HashMapStateStore<[u8; 32]>, DefaultClock>>,
    clock: DefaultClock,
}

/// Too often: try again after this long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TooOften(pub(super) Duration);

impl Limits {
    /// `wrong_tokens_a_minute` from each address, that many at once, and `requests_a_second` for each valid token, twice
    /// as many at once; without a number as many as come.
    pub(super) fn new(
        wrong_tokens_a_minute: Option<NonZeroU32>,
        requests_a_second: Option<NonZeroU32>,
    ) -> Self {
        let quota = |rate: NonZeroU32| {
            Quota::per_second(rate).allow_burst(rate.saturating_mul(NonZeroU32::MIN.saturating_add(1)))
        };
        Self {
            wrong: wrong_tokens_a_minute.map(Guesses::new),
            valid: requests_a_second.map(|rate| RateLimiter::hashmap(quota(rate))),
            clock: DefaultClock::default(),
        }
    }

    /// Lets an address try a token, before the token is looked at.
    pub(super) fn guess(&self, address: IpAddr) -> Result<Guess<'_>, TooOften> {
        match &self.wrong {
            None => Ok(Guess { guesses: None, network: address, is_counted: false }),
            Some(guesses) => guesses.guess(network(address), Instant::now()),
        }
    }

    /// Counts a request by a valid token, known by its hash.
    pub(super) fn valid_token(&self, hash: &[u8; 32]) -> Result<(), TooOften> {
        let Some(valid) = &self.valid else { return Ok(()) };
        if valid.len() > MANY_KEYS {
            valid.retain_recent();
        }
        valid.check_key(hash).map_err(|until| TooOften(until.wait_time_from(self.clock.now())))
    }
}

/// The wrong tokens of each address. An address with none of late may try as many at once as it likes to; from the first
/// wrong one on each try is counted before it is judged, and forgotten when the token was right.
struct Guesses {
    at_once: u32,
    /// How long until one more may be tried.
    interval: Duration,
    /// When each address will have used up nothing any more.
    rested: Mutex<HashMap<IpAddr, Instant>>,
}

/// A token is being tried. Dropped without a word, it counts as it did at first.
#[must_use]
pub(super) struct Guess<'a> {
    guesses: Option<&'a Guesses>,
    network: IpAddr,
    is_counted: bool,
}

impl Guesses {
    fn new(a_minute: NonZeroU32) -> Self {
        Self {
            at_once: a_minute.get(),
            interval: Duration::from_secs(60) / a_minute.get(),
            rested: Mutex::default(),
        }
    }

    fn guess(&self, network: IpAddr, now: Instant) -> Result<Guess<'_>, TooOften> {
        let mut rested = self.rested.lock().unwrap_or_else(PoisonError::into_inner);
        let mut guess = Guess { guesses: Some(self), network, is_counted: false };
        if let Some(at) = rested.get_mut(&network).filter(|at| **at > now) {
            let (after, most) = (*at + self.interval, now + self.interval * self.at_once);
            if after > most {
                return Err(TooOften(after - most));
            }
            *at = after;
            guess.is_counted = true;
        }
        Ok(guess)
    }

    fn count(&self, network: IpAddr, now: Instant) {
        let mut rested = self.rested.lock().unwrap_or_else(PoisonError::into_inner);
        if rested.len() > MANY_KEYS {
            rested.retain(|_, at| *at > now);
        }
        let at = rested.entry(network).or_insert(now);
        // Those that were tried at once with the first are not held against the address for longer than a minute.
        *at = ((*at).max(now) + self.interval).min(now + self.interval * self.at_once);
    }
}

impl Guess<'_> {
    /// The token was wrong.
    pub(super) fn was_wrong(self) {
        self.was_wrong_at(Instant::now());
    }

    fn was_wrong_at(self, now: Instant) {
        if let Some(guesses) = self.guesses.filter(|_| !self.is_counted) {
            guesses.count(self.network, now);
        }
    }

    /// The token was right.
    pub(super) fn was_right(self) {
        let Some(guesses) = self.guesses.filter(|_| self.is_counted) else { return };
        let mut rested = guesses.rested.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(at) = rested.get_mut(&self.network) {
            *at = at.checked_sub(guesses.interval).unwrap_or(*at);
        }
    }
}

/// What one caller has: an address, or of the newer kind a whole network of them, which counts as one.
pub(super) fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            IpAddr::from([a, b, c, d, 0, 0, 0, 0])
        }
        older @ IpAddr::V4(_) => older,
    }
}

/// The address that a proxy in front has added to the forwarded ones: some add the port, and brackets.
pub(super) fn last_forwarded(list: &str) -> Option<IpAddr> {
    let last = list.rsplit(',').next()?.trim();
    let inside = || last.strip_prefix('[')?.strip_suffix(']')?.parse().ok();
    let with_port = || last.parse::<SocketAddr>().ok().map(|address| address.ip());
    last.parse().ok().or_else(with_port).or_else(inside)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MANY: NonZeroU32 = NonZeroU32::new(30).unwrap();

    fn address(text: &str) -> IpAddr {
        text.parse().expect(text)
    }

    #[test]
    fn beyond_the_limit_no_token_of_an_address_is_looked_at() {
        let (guesses, now) = (Guesses::new(MANY), Instant::now());
        let (one, other) = (address("198.51.100.1"), address("198.51.100.2"));
        for number in 0..30 {
            guesses.guess(one, now).expect("may try").was_wrong_at(now);
            assert_eq!(guesses.guess(other, now).map(Guess::was_right), Ok(()), "{number}");
        }
        assert_eq!(guesses.guess(one, now).map(drop), Err(TooOften(Duration::from_secs(2))));
        let later = now + Duration::from_secs(2);
        guesses.guess(one, later).expect("one more").was_wrong_at(later);
        assert!(guesses.guess(one, later).is_err(), "and no more than one");
        let minute = later + Duration::from_secs(60);
        assert!((0..30).all(|_| guesses.guess(one, minute).map(|guess| guess.was_wrong_at(minute)).is_ok()));
        assert!(guesses.guess(one, minute).is_err());
    }

    #[test]
    fn right_tokens_count_nothing_and_tries_at_once_count_before_they_are_judged() {
        let (guesses, now) = (Guesses::new(MANY), Instant::now());
        let one = address("198.51.100.1");
        guesses.guess(one, now).expect("may try").was_wrong_at(now);
        for _ in 0..1000 {
            guesses.guess(one, now).expect("right ones are forgotten").was_right();
        }
        let at_once: Vec<_> = (0..100).map_while(|_| guesses.guess(one, now).ok()).collect();
        assert_eq!(at_once.len(), 29);
        // However many were tried before the first was judged: a minute later all is forgotten.
        let other = address("198.51.100.2");
        let first: Vec<_> = (0..500).filter_map(|_| guesses.guess(other, now).ok()).collect();
        first.into_iter().for_each(|guess| guess.was_wrong_at(now));
        assert!(guesses.guess(other, now).is_err());
        assert!(guesses.guess(other, now + Duration::from_secs(61)).is_ok());
    }

    #[test]
    fn each_valid_token_has_a_limit_of_its_own() {
        let limits = Limits::new(NonZeroU32::new(30), NonZeroU32::new(5));
        // Ten at once; what is refused of many more does not hang on how fast this machine is.
        let refused = (0..10_000).filter(|_| limits.valid_token(&[1; 32]).is_err()).count();
        assert!(refused > 1000, "{refused} of 10,000 refused");
        assert_eq!(limits.valid_token(&[2; 32]), Ok(()));
        let unlimited = Limits::new(None, None);
        let wrong = || unlimited.guess(address("198.51.100.1")).map(Guess::was_wrong).is_ok();
        assert!((0..1000).all(|_| unlimited.valid_token(&[1; 32]).is_ok() && wrong()));
    }

    #[test]
    fn a_network_of_addresses_counts_as_one() {
        let limits = Limits::new(NonZeroU32::new(1), None);
        let wrong = |text: &str| limits.guess(address(text)).map(Guess::was_wrong);
        assert_eq!(wrong("2001:db8:1:2::1"), Ok(()));
        assert!(wrong("2001:db8:1:2:ffff::9").is_err());
        assert_eq!(wrong("2001:db8:1:3::1"), Ok(()));
        assert_eq!(wrong("198.51.100.1"), Ok(()));
        assert!(wrong("::ffff:198.51.100.1").is_err(), "the same, written anew");
        assert_eq!(wrong("198.51.100.2"), Ok(()));
    }

    #[test]
    fn forwarded_addresses_are_read_in_every_usual_form() {
        for (list, last) in [
            ("198.51.100.1", Some("198.51.100.1")),
            ("10.0.0.1, 198.51.100.1", Some("198.51.100.1")),
            ("198.51.100.1:40312", Some("198.51.100.1")),
            ("10.0.0.1:1,  198.51.100.1:40312 ", Some("198.51.100.1")),
            ("2001:db8::7", Some("2001:db8::7")),
            ("[2001:db8::7]", Some("2001:db8::7")),
            ("[2001:db8::7]:443", Some("2001:db8::7")),
            ("unknown", None),
            ("198.51.100.1:", None),
            ("198.51.100.1, ", None),
            ("", None),
        ] {
            assert_eq!(last_forwarded(list), last.map(address), "{list:?}");
        }
    }
}
