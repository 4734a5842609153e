//! `--max-delete`: the most that one prune may take, in number or as a share.

use std::str::FromStr;

/// The most that may go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum MaxDelete {
    Entries(u64),
    Percent(u64),
}

impl FromStr for MaxDelete {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let expected =
            || "expected a number of entries, such as 5000, or a share of all, such as 50%".to_owned();
        match text.strip_suffix('%') {
            Some(percent) => percent
                .trim()
                .parse()
                .ok()
                .filter(|percent| *percent <= 100)
                .map(Self::Percent)
                .ok_or_else(expected),
            None => text.parse().map(Self::Entries).map_err(|_| expected()),
        }
    }
}

impl MaxDelete {
    /// That many entries, of all there are.
    pub(super) fn entries(self, all: u64) -> u64 {
        match self {
            Self::Entries(entries) => entries,
            Self::Percent(percent) => {
                u64::try_from(u128::from(all) * u128::from(percent) / 100).unwrap_or(all)
            }
        }
    }
}

impl std::fmt::Display for MaxDelete {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Entries(entries) => write!(f, "{entries}"),
            Self::Percent(percent) => write!(f, "{percent}%"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_that_may_go_is_a_number_or_a_share() {
        let entries = |text: &str, all| text.parse::<MaxDelete>().map(|max| max.entries(all));
        assert_eq!(
            (entries("50%", 1301), entries("7", 1301), entries("100%", u64::MAX)),
            (Ok(650), Ok(7), Ok(u64::MAX))
        );
        for bad in ["", "%", "-1", "101%", "half"] {
            assert!(entries(bad, 1).is_err(), "{bad}");
        }
    }
}
