//! Rate limits: invalid tokens and unknown sessions by address, to slow down guessing; requests by token, so that one
//! token cannot starve the others.

use std::collections::{HashMap, HashSet};
use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroU32;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use crate::server::lock::lock;

use governor::clock::{Clock as _, DefaultClock};
use governor::state::keyed::HashMapStateStore;
use governor::{Quota, RateLimiter};

/// Above this many keys, those at rest are removed.
const CLEAN_UP_ABOVE: usize = 10_000;

pub(super) struct Limits {
    wrong: Option<FailedAttempts>,
    /// Unknown sessions of the page. They are counted apart, so that wrong tokens lock no viewer out.
    unknown_sessions: Option<FailedAttempts>,
    /// One-time links that are used or unknown. They are counted apart, because any site can make a browser look one up.
    unknown_links: Option<FailedAttempts>,
    /// The hashes of sessions that this server has found. They may be shown again without an attempt.
    found_sessions: Mutex<HashSet<[u8; 32]>>,
    valid: Option<TokenLimiter>,
    /// Reads that the trail records, each with an entry that is kept for a year.
    recorded_reads: Option<TokenLimiter>,
    clock: DefaultClock,
}

type TokenLimiter = RateLimiter<[u8; 32], HashMapStateStore<[u8; 32]>, DefaultClock>;

/// How many reads of a token the trail records at once, and in an hour after that. A token that may only read could otherwise
/// fill the disk.
const RECORDED_READS_AN_HOUR: NonZeroU32 = NonZeroU32::new(20_000).unwrap();

/// The limit is exceeded until this much later.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct RateLimited(pub(super) Duration);

impl Limits {
    /// `failures_per_minute` is per address and allows that many at once. `requests_per_second` is per valid token and
    /// allows twice as many at once. `None` means no limit.
    pub(super) fn new(
        failures_per_minute: Option<NonZeroU32>,
        requests_per_second: Option<NonZeroU32>,
    ) -> Self {
        let quota = |rate: NonZeroU32| {
            Quota::per_second(rate).allow_burst(rate.saturating_mul(NonZeroU32::MIN.saturating_add(1)))
        };
        Self {
            wrong: failures_per_minute.map(FailedAttempts::new),
            unknown_sessions: failures_per_minute.map(FailedAttempts::new),
            unknown_links: failures_per_minute.map(FailedAttempts::new),
            found_sessions: Mutex::default(),
            valid: requests_per_second.map(|rate| RateLimiter::hashmap(quota(rate))),
            recorded_reads: requests_per_second
                .map(|_| RateLimiter::hashmap(Quota::per_hour(RECORDED_READS_AN_HOUR))),
            clock: DefaultClock::default(),
        }
    }

    /// Allows an address to try a token, before the token is looked up.
    pub(super) fn attempt(&self, address: IpAddr) -> Result<TokenAttempt<'_>, RateLimited> {
        attempt(self.wrong.as_ref(), address)
    }

    /// Allows an address to show a one-time link, before the link is looked up.
    pub(super) fn link_attempt(&self, address: IpAddr) -> Result<TokenAttempt<'_>, RateLimited> {
        attempt(self.unknown_links.as_ref(), address)
    }

    /// Allows an address to show a session with this hash, before the session is looked up. A session that was found
    /// before is no attempt, so other callers at the same address cannot lock its viewer out.
    pub(super) fn session_attempt(
        &self,
        address: IpAddr,
        hash: &[u8; 32],
    ) -> Result<TokenAttempt<'_>, RateLimited> {
        let is_found = lock(&self.found_sessions).contains(hash);
        attempt(self.unknown_sessions.as_ref().filter(|_| !is_found), address)
    }

    /// Notes whether the session with this hash exists.
    pub(super) fn note_session(&self, hash: [u8; 32], exists: bool) {
        let mut found = lock(&self.found_sessions);
        if !exists {
            found.remove(&hash);
            return;
        }
        if found.len() >= CLEAN_UP_ABOVE {
            // The others count as attempts once more.
            found.clear();
        }
        found.insert(hash);
    }

    /// Counts a request with a valid token.
    pub(super) fn count_request(&self, hash: &[u8; 32]) -> Result<(), RateLimited> {
        self.count(self.valid.as_ref(), hash)
    }

    /// Counts a read of a token that the trail records.
    pub(super) fn count_recorded_read(&self, hash: &[u8; 32]) -> Result<(), RateLimited> {
        self.count(self.recorded_reads.as_ref(), hash)
    }

    fn count(&self, limiter: Option<&TokenLimiter>, hash: &[u8; 32]) -> Result<(), RateLimited> {
        let Some(limiter) = limiter else { return Ok(()) };
        if limiter.len() > CLEAN_UP_ABOVE {
            limiter.retain_recent();
        }
        limiter.check_key(hash).map_err(|until| RateLimited(until.wait_time_from(self.clock.now())))
    }
}

/// Allows an attempt of an address. Without a limit, every attempt is allowed.
fn attempt(failures: Option<&FailedAttempts>, address: IpAddr) -> Result<TokenAttempt<'_>, RateLimited> {
    match failures {
        Some(failures) => failures.attempt(network(address), Instant::now()),
        None => Ok(TokenAttempt::unlimited(address)),
    }
}

/// Counts invalid tokens per network. The first attempts of a network are counted only once they have failed. After a
/// failure, each attempt counts when it begins, and is refunded if the token is valid.
struct FailedAttempts {
    burst: u32,
    /// The time after which one more attempt is allowed.
    interval: Duration,
    /// When each network will have all its attempts again.
    recovered_at: Mutex<HashMap<IpAddr, Instant>>,
}

/// An attempt in progress. If dropped without an outcome, it stays counted or uncounted as it began.
#[must_use]
pub(super) struct TokenAttempt<'a> {
    failures: Option<&'a FailedAttempts>,
    network: IpAddr,
    is_counted: bool,
}

impl FailedAttempts {
    fn new(per_minute: NonZeroU32) -> Self {
        Self {
            burst: per_minute.get(),
            interval: Duration::from_secs(60) / per_minute.get(),
            recovered_at: Mutex::default(),
        }
    }

    fn attempt(&self, network: IpAddr, now: Instant) -> Result<TokenAttempt<'_>, RateLimited> {
        let mut recovered_at = lock(&self.recovered_at);
        let mut attempt = TokenAttempt { failures: Some(self), network, is_counted: false };
        if let Some(at) = recovered_at.get_mut(&network).filter(|at| **at > now) {
            let (after, most) = (*at + self.interval, now + self.interval * self.burst);
            if after > most {
                return Err(RateLimited(after - most));
            }
            *at = after;
            attempt.is_counted = true;
        }
        Ok(attempt)
    }

    fn count(&self, network: IpAddr, now: Instant) {
        let mut recovered_at = lock(&self.recovered_at);
        if recovered_at.len() > CLEAN_UP_ABOVE {
            recovered_at.retain(|_, at| *at > now);
        }
        let at = recovered_at.entry(network).or_insert(now);
        // However many attempts ran at the same time as the first failure, they block the network for a minute at most.
        *at = ((*at).max(now) + self.interval).min(now + self.interval * self.burst);
    }
}

impl TokenAttempt<'_> {
    const fn unlimited(network: IpAddr) -> Self {
        Self { failures: None, network, is_counted: false }
    }

    pub(super) fn failed(self) {
        self.failed_at(Instant::now());
    }

    fn failed_at(self, now: Instant) {
        if let Some(failures) = self.failures.filter(|_| !self.is_counted) {
            failures.count(self.network, now);
        }
    }

    pub(super) fn succeeded(self) {
        let Some(failures) = self.failures.filter(|_| self.is_counted) else { return };
        let mut recovered_at = lock(&failures.recovered_at);
        if let Some(at) = recovered_at.get_mut(&self.network) {
            *at = at.checked_sub(failures.interval).unwrap_or(*at);
        }
    }
}

/// The unit that limits count: an IPv4 address, or the /64 network of an IPv6 address.
pub(super) fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            IpAddr::from([a, b, c, d, 0, 0, 0, 0])
        }
        address @ IpAddr::V4(_) => address,
    }
}

/// The last address in `X-Forwarded-For`, which the proxy in front has added. Some proxies add a port or brackets.
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
    fn an_address_beyond_its_limit_may_not_try_tokens() {
        let (failures, now) = (FailedAttempts::new(MANY), Instant::now());
        let (one, other) = (address("198.51.100.1"), address("198.51.100.2"));
        for number in 0..30 {
            failures.attempt(one, now).expect("may try").failed_at(now);
            assert_eq!(failures.attempt(other, now).map(TokenAttempt::succeeded), Ok(()), "{number}");
        }
        assert_eq!(failures.attempt(one, now).map(drop), Err(RateLimited(Duration::from_secs(2))));
        let later = now + Duration::from_secs(2);
        failures.attempt(one, later).expect("one more").failed_at(later);
        assert!(failures.attempt(one, later).is_err(), "and no more than one");
        let minute = later + Duration::from_secs(60);
        assert!(
            (0..30).all(|_| failures.attempt(one, minute).map(|attempt| attempt.failed_at(minute)).is_ok())
        );
        assert!(failures.attempt(one, minute).is_err());
    }

    #[test]
    fn valid_tokens_are_not_counted_and_concurrent_attempts_count_at_their_beginning() {
        let (failures, now) = (FailedAttempts::new(MANY), Instant::now());
        let one = address("198.51.100.1");
        failures.attempt(one, now).expect("may try").failed_at(now);
        for _ in 0..1000 {
            failures.attempt(one, now).expect("right ones are forgotten").succeeded();
        }
        let burst: Vec<_> = (0..100).map_while(|_| failures.attempt(one, now).ok()).collect();
        assert_eq!(burst.len(), 29);
        // However many attempts ran before the first one failed, the network may try again a minute later.
        let other = address("198.51.100.2");
        let first: Vec<_> = (0..500).filter_map(|_| failures.attempt(other, now).ok()).collect();
        first.into_iter().for_each(|attempt| attempt.failed_at(now));
        assert!(failures.attempt(other, now).is_err());
        assert!(failures.attempt(other, now + Duration::from_secs(61)).is_ok());
    }

    #[test]
    fn a_session_that_was_found_is_no_attempt_and_wrong_tokens_do_not_count_for_sessions() {
        let limits = Limits::new(NonZeroU32::new(2), None);
        let one = address("198.51.100.1");
        while limits.attempt(one).map(TokenAttempt::failed).is_ok() {}
        let show = |hash: [u8; 32]| limits.session_attempt(one, &hash);
        show([1; 32]).expect("tokens are counted apart").succeeded();
        limits.note_session([1; 32], true);
        while show([2; 32]).map(TokenAttempt::failed).is_ok() {}
        assert!(show([3; 32]).is_err(), "unknown sessions are limited");
        assert!(show([1; 32]).is_ok(), "this one is known");
        limits.note_session([1; 32], false);
        assert!(show([1; 32]).is_err(), "it has ended");
        let elsewhere = limits.session_attempt(address("198.51.100.2"), &[3; 32]);
        assert!(elsewhere.is_ok(), "each address has its own attempts");
    }

    #[test]
    fn each_valid_token_has_its_own_limit() {
        let limits = Limits::new(NonZeroU32::new(30), NonZeroU32::new(5));
        // Ten are allowed at once. The number refused of many more does not depend on the machine's speed.
        let refused = (0..10_000).filter(|_| limits.count_request(&[1; 32]).is_err()).count();
        assert!(refused > 1000, "{refused} of 10,000 refused");
        assert_eq!(limits.count_request(&[2; 32]), Ok(()));
        let unlimited = Limits::new(None, None);
        let wrong = || unlimited.attempt(address("198.51.100.1")).map(TokenAttempt::failed).is_ok();
        assert!((0..1000).all(|_| unlimited.count_request(&[1; 32]).is_ok() && wrong()));
    }

    #[test]
    fn the_trail_records_a_limited_number_of_reads_of_each_token() {
        let limits = Limits::new(None, Some(MANY));
        let allowed = (0..30_000).filter(|_| limits.count_recorded_read(&[1; 32]).is_ok()).count();
        assert!((20_000..20_100).contains(&allowed), "{allowed}");
        assert!(limits.count_recorded_read(&[2; 32]).is_ok(), "another token has its own");
        let unlimited = Limits::new(None, None);
        assert!((0..30_000).all(|_| unlimited.count_recorded_read(&[1; 32]).is_ok()));
    }

    #[test]
    fn a_network_of_addresses_counts_as_one() {
        let limits = Limits::new(NonZeroU32::new(1), None);
        let wrong = |text: &str| limits.attempt(address(text)).map(TokenAttempt::failed);
        assert_eq!(wrong("2001:db8:1:2::1"), Ok(()));
        assert!(wrong("2001:db8:1:2:ffff::9").is_err());
        assert_eq!(wrong("2001:db8:1:3::1"), Ok(()));
        assert_eq!(wrong("198.51.100.1"), Ok(()));
        assert!(wrong("::ffff:198.51.100.1").is_err(), "the same address as IPv6");
        assert_eq!(wrong("198.51.100.2"), Ok(()));
    }

    #[test]
    fn forwarded_addresses_are_read_in_every_common_form() {
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
