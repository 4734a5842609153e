//! An address that a change came from, or a network of addresses: `198.51.100.23`, `198.51.100.0/24`, `2001:db8::/32`.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use crate::model::filter::choice::{Choice, FilterValue};
use crate::model::words::shortened;

/// An address, or all addresses with the same leading bits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IpNetwork {
    address: IpAddr,
    /// The number of leading bits that count.
    bits: u8,
}

/// A text that names no address and no network.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}expected an address or a network, such as 198.51.100.23 or 198.51.100.0/24, not {:?}", meant(.0), shortened(.0))]
pub struct InvalidIp(String);

/// `198.51.100` and `198.51.100.*` as a network.
fn meant(text: &str) -> String {
    let octets: Vec<&str> = text.trim_end_matches(['*', '.']).split('.').collect();
    let is_part = octets.len() < 4 && octets.iter().all(|octet| octet.parse::<u8>().is_ok());
    let zeros = ".0".repeat(4_usize.saturating_sub(octets.len()));
    if is_part {
        format!("did you mean {}{zeros}/{}? ", octets.join("."), 8 * octets.len())
    } else {
        String::new()
    }
}

impl FilterValue for IpNetwork {}

impl FromStr for IpNetwork {
    type Err = InvalidIp;

    fn from_str(text: &str) -> Result<Self, InvalidIp> {
        let invalid = || InvalidIp(text.to_owned());
        let (address, bits) = match text.trim().split_once('/') {
            Some((address, bits)) => (address, Some(bits)),
            None => (text.trim(), None),
        };
        let address = address.parse::<IpAddr>().map_err(|_| invalid())?.to_canonical();
        let all = width(address);
        let bits = bits.map_or(Ok(all), |bits| bits.parse().map_err(|_| invalid()))?;
        if bits > all { Err(invalid()) } else { Ok(Self { address, bits }) }
    }
}

impl fmt::Display for IpNetwork {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.bits == width(self.address) {
            write!(f, "{}", self.address)
        } else {
            write!(f, "{}/{}", self.address, self.bits)
        }
    }
}

impl IpNetwork {
    /// Whether the address lies in the network.
    fn contains(&self, address: IpAddr) -> bool {
        let all = width(self.address);
        let number = |address| match address {
            IpAddr::V4(it) => u128::from(it.to_bits()),
            IpAddr::V6(it) => it.to_bits(),
        };
        let differing = number(self.address) ^ number(address);
        width(address) == all && differing.checked_shr(u32::from(all - self.bits)).unwrap_or(0) == 0
    }
}

impl Choice<IpNetwork> {
    /// Whether the choice admits an entry from this address. An entry without an address is in no network.
    #[must_use]
    pub fn admits_address(&self, address: Option<&str>) -> bool {
        if self.is_any() {
            return true;
        }
        let address = address.and_then(|text| text.trim().parse::<IpAddr>().ok()).map(|it| it.to_canonical());
        self.admits(|network| address.is_some_and(|address| network.contains(address)))
    }
}

/// The number of bits of an address.
const fn width(address: IpAddr) -> u8 {
    if address.is_ipv4() { 32 } else { 128 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn has(network: &str, address: &str) -> bool {
        let choice = Choice { include: vec![network.parse().expect("a network")], exclude: Vec::new() };
        choice.admits_address(Some(address))
    }

    #[test]
    fn a_network_has_the_addresses_with_its_leading_bits() {
        assert!(has("198.51.100.23", "198.51.100.23") && !has("198.51.100.23", "198.51.100.24"));
        assert!(has("198.51.100.0/24", "198.51.100.255") && !has("198.51.100.0/24", "198.51.101.0"));
        assert!(has("0.0.0.0/0", "203.0.113.9") && !has("0.0.0.0/0", "::1") && has("::/0", "::1"));
        assert!(has("2001:db8::/32", "2001:db8:ffff::1") && !has("2001:db8::/32", "2001:db9::1"));
        assert!(has("::ffff:198.51.100.23", "198.51.100.23") && has("198.51.100.23", "::ffff:198.51.100.23"));
        assert!(!has("198.51.100.23", "unknown"));
    }

    #[test]
    fn what_is_written_is_read_back() {
        for text in ["198.51.100.23", "198.51.100.0/24", "2001:db8::/32", "::1"] {
            assert_eq!(text.parse::<IpNetwork>().expect(text).to_string(), text);
        }
        for text in ["", "198.51.100", "198.51.100.0/33", "::/129", "x", "198.51.100.0/-1"] {
            let error = text.parse::<IpNetwork>().expect_err(text);
            let is_part = text == "198.51.100";
            assert_eq!(error.to_string().starts_with("did you mean 198.51.100.0/24? "), is_part, "{error}");
            assert!(error.to_string().contains("such as 198.51.100.23 or 198.51.100.0/24"), "{error}");
        }
    }
}
