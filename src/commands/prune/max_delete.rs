//! `--max-delete`: the largest number or percentage of entries that one prune may delete.

use std::str::FromStr;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum MaxDelete {
    Entries(u64),
    Percent(u64),
}

impl FromStr for MaxDelete {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let expected =
            || "expected a number of entries, such as 5000, or a percentage of all, such as 50%".to_owned();
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
    /// The limit as a number, for a log of `all` entries.
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
    fn the_limit_is_a_number_or_a_percentage() {
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
