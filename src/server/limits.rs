//! How often one may ask: wrong tokens by address, so that guessing is slow; valid ones by token, so that one cannot
//! starve the others.

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::time::Duration;

use governor::clock::{Clock as _, DefaultClock};
use governor::state::keyed::HashMapStateStore;
use governor::{Quota, RateLimiter};

type Limiter<K> = RateLimiter<K, HashMapStateStore<K>, DefaultClock>;

/// Above this many remembered keys those that are at rest are forgotten.
const MANY_KEYS: usize = 10_000;

/// Both limits.
pub(super) struct Limits {
    wrong: Option<Limiter<IpAddr>>,
    valid: Option<Limiter<[u8; 32]>>,
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
            wrong: wrong_tokens_a_minute.map(|rate| RateLimiter::hashmap(Quota::per_minute(rate))),
            valid: requests_a_second.map(|rate| RateLimiter::hashmap(quota(rate))),
            clock: DefaultClock::default(),
        }
    }

    /// Counts a wrong token from an address.
    pub(super) fn wrong_token(&self, address: IpAddr) -> Result<(), TooOften> {
        let Some(wrong) = &self.wrong else { return Ok(()) };
        if wrong.len() > MANY_KEYS {
            wrong.retain_recent();
        }
        let network = network(address);
        wrong.check_key(&network).map_err(|until| TooOften(until.wait_time_from(self.clock.now())))
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

/// What one caller has: an address, or of the newer kind a whole network of them, which counts as one.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            IpAddr::from([a, b, c, d, 0, 0, 0, 0])
        }
        older @ IpAddr::V4(_) => older,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_address_and_each_token_has_a_limit_of_its_own() {
        let limits = Limits::new(NonZeroU32::new(30), NonZeroU32::new(5));
        let (one, other) = (IpAddr::from([198, 51, 100, 1]), IpAddr::from([198, 51, 100, 2]));
        for _ in 0..30 {
            assert_eq!(limits.wrong_token(one), Ok(()));
        }
        assert!(matches!(limits.wrong_token(one), Err(TooOften(wait)) if wait <= Duration::from_secs(2)));
        assert_eq!(limits.wrong_token(other), Ok(()));
        // Ten at once; what is refused of many more does not hang on how fast this machine is.
        let refused = (0..10_000).filter(|_| limits.valid_token(&[1; 32]).is_err()).count();
        assert!(refused > 1000, "{refused} of 10,000 refused");
        assert_eq!(limits.valid_token(&[2; 32]), Ok(()));
        let unlimited = Limits::new(None, None);
        assert!(
            (0..1000).all(|_| unlimited.valid_token(&[1; 32]).is_ok() && unlimited.wrong_token(one).is_ok())
        );
    }

    #[test]
    fn a_network_of_addresses_counts_as_one() {
        let limits = Limits::new(NonZeroU32::new(1), None);
        let address = |text: &str| text.parse::<IpAddr>().expect(text);
        assert_eq!(limits.wrong_token(address("2001:db8:1:2::1")), Ok(()));
        assert!(limits.wrong_token(address("2001:db8:1:2:ffff::9")).is_err());
        assert_eq!(limits.wrong_token(address("2001:db8:1:3::1")), Ok(()));
        assert_eq!(limits.wrong_token(address("198.51.100.1")), Ok(()));
        assert!(limits.wrong_token(address("::ffff:198.51.100.1")).is_err(), "the same, written anew");
        assert_eq!(limits.wrong_token(address("198.51.100.2")), Ok(()));
    }
}
