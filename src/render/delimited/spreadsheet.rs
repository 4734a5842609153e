//! CSV as the spreadsheets of a country open it by a double click: with their separator, and with local times that they
//! recognise as dates.

use chrono_tz::Tz;

use crate::model::time;
use crate::model::timestamp::Timestamp;

/// How a spreadsheet reads CSV. It always gets a byte order mark and the formula guard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spreadsheet {
    /// Whether cells are separated by `;`, because the comma separates decimals.
    pub semicolon: bool,
    /// The zone of its times, which have no mark of a zone.
    pub zone: Tz,
}

/// Languages whose spreadsheets separate cells by semicolons.
const WITH_SEMICOLON: &str = "bg ca cs da de el es et eu fi fr gl hr hu id is it lt lv mk nb nl nn no pl pt ro ru sk sl sq sr sv tr uk vi";
/// Places that use the decimal point, although their language mostly has the comma.
const WITH_POINT: &str = "es_MX es_US es_PR es_GT es_HN es_NI es_PA es_SV es_DO es_PE";

impl Spreadsheet {
    /// The dialect of a POSIX locale, such as `de_DE.UTF-8`.
    pub fn of(locale: Option<&str>, zone: Tz) -> Self {
        let locale = locale.unwrap_or_default().split(['.', '@']).next().unwrap_or_default();
        let language = locale.split(['_', '-']).next().unwrap_or_default();
        let is_in = |list: &str, word: &str| !word.is_empty() && list.split(' ').any(|it| it == word);
        Self { semicolon: is_in(WITH_SEMICOLON, language) && !is_in(WITH_POINT, locale), zone }
    }

    /// The name of the zone, and whether cells are separated by semicolons.
    pub fn words(self) -> (String, bool) {
        (self.zone.name().to_owned(), self.semicolon)
    }

    /// Reads [`Self::words`].
    pub fn from_words((zone, semicolon): &(String, bool)) -> Option<Self> {
        Some(Self { zone: time::zone(zone).ok()?, semicolon: *semicolon })
    }

    pub(super) const fn separator(self) -> u8 {
        if self.semicolon { b';' } else { b',' }
    }

    /// A time without a zone and without fractions, which spreadsheets would take for text.
    pub(super) fn time(self, at: Timestamp) -> String {
        at.datetime().with_timezone(&self.zone).format("%F %T").to_string()
    }
}

/// Appends a cell, quoted if it holds either separator.
pub(super) fn push_cell(cell: &str, out: &mut Vec<u8>) {
    if cell.contains(['"', ',', ';', '\n', '\r']) {
        out.extend_from_slice(format!("\"{}\"", cell.replace('"', "\"\"")).as_bytes());
    } else {
        out.extend_from_slice(cell.as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_locale_decides_the_separator() {
        let of = |locale| Spreadsheet::of(locale, Tz::UTC).separator();
        for locale in ["de_DE.UTF-8", "fr_FR", "es_ES@euro", "pt_BR.UTF-8"] {
            assert_eq!(of(Some(locale)), b';', "{locale}");
        }
        for locale in [Some("en_US.UTF-8"), Some("es_MX.UTF-8"), Some("C"), Some("POSIX"), Some(""), None] {
            assert_eq!(of(locale), b',', "{locale:?}");
        }
    }

    #[test]
    fn times_are_local_and_cells_quoted() {
        let madrid = Spreadsheet::of(None, Tz::Europe__Madrid);
        assert_eq!(madrid.time("2026-11-22T08:14:07.412Z".parse().expect("a time")), "2026-11-22 09:14:07");
        let mut out = Vec::new();
        ["a", "a;b", "\"a\",b"].iter().for_each(|cell| push_cell(cell, &mut out));
        assert_eq!(String::from_utf8_lossy(&out), "a\"a;b\"\"\"\"a\"\",b\"");
    }
}
