//! The checksum of an entry's row: a flipped bit is reported, and never read as another value.

use crc32fast::Hasher;

use crate::model::entry::{Entry, RequestContext};
use crate::model::words::{Action, ModelType, Via};
use crate::store::condition::code;
use crate::store::entries::StoredEntry;

/// An entry as it is stored: its row, and its users' snapshots from others.
pub(super) struct ChecksumInput<'a> {
    /// Key, times, codes and the user's number.
    pub(super) numbers: [i64; 6],
    pub(super) uuid: [u8; 16],
    pub(super) via: Option<i64>,
    /// The texts, the user's snapshot and the changes last.
    pub(super) texts: [Option<&'a str>; 8],
    /// The snapshot of the user for whom the entry was made.
    pub(super) on_behalf_of: Option<&'a str>,
}

/// The checksum of a row that was read.
pub(super) fn of_row(key: i64, user_ref: i64, row: &StoredEntry<'_>) -> i64 {
    let (action, model_type) = (code(Action::ALL, row.action), code(ModelType::ALL, row.model_type));
    let (occurred_at, recorded_at) = (row.occurred_at.micros(), row.recorded_at.micros());
    let RequestContext { via, ip, user_agent, request_id } = row.context;
    ChecksumInput {
        numbers: [key, occurred_at, recorded_at, action.into(), model_type.into(), user_ref],
        uuid: *row.uuid.as_bytes(),
        via: via.map(|via| code(Via::ALL, via).into()),
        texts: [
            Some(row.model_id),
            row.model_name,
            ip,
            user_agent,
            request_id,
            row.reason,
            Some(row.user.json.get()),
            Some(row.changes.0),
        ],
        on_behalf_of: row.on_behalf_of.map(|user| user.json.get()),
    }
    .checksum()
}

/// The words of an entry as numbers.
pub(super) struct Codes {
    pub(super) action: i64,
    pub(super) model_type: i64,
    pub(super) via: Option<i64>,
}

impl Codes {
    pub(super) fn of(entry: &Entry) -> Self {
        Self {
            action: code(Action::ALL, entry.action).into(),
            model_type: code(ModelType::ALL, entry.model_type).into(),
            via: entry.context.via.map(|via| code(Via::ALL, via).into()),
        }
    }
}

/// The checksum of an entry that is written, with the number of its user and the snapshots of both users.
pub(super) fn of_entry(
    key: i64,
    entry: &Entry,
    (user_ref, snapshot): (i64, &str),
    on_behalf_of: Option<&str>,
) -> i64 {
    let Codes { action, model_type, via } = Codes::of(entry);
    ChecksumInput {
        numbers: [key, entry.occurred_at.micros(), entry.recorded_at.micros(), action, model_type, user_ref],
        uuid: *entry.uuid.as_bytes(),
        via,
        texts: [
            Some(&entry.model_id),
            entry.model_name.as_deref(),
            entry.context.ip.as_deref(),
            entry.context.user_agent.as_deref(),
            entry.context.request_id.as_deref(),
            entry.reason.as_deref(),
            Some(snapshot),
            Some(entry.changes.get()),
        ],
        on_behalf_of,
    }
    .checksum()
}

/// A bit that makes every checksum take eight bytes: SQLite stores a small number in fewer, and a number of four or
/// fewer bytes turns into no number at all when one bit of its header flips.
const WIDE: i64 = 1 << 62;

impl ChecksumInput<'_> {
    /// The CRC-32 of all fields, as the number that is stored: first the numbers and the length of each text, then the
    /// texts, so that it tells where each ends.
    pub(super) fn checksum(&self) -> i64 {
        let lengths = self.texts.map(|text| text.map_or(u64::MAX, |text| text.len() as u64));
        let numbers = self.numbers.into_iter().chain([self.via.unwrap_or(i64::MIN)]).map(i64::cast_unsigned);
        let mut head = [0; 8 * (6 + 1 + 8)];
        for (place, number) in head.chunks_exact_mut(8).zip(numbers.chain(lengths)) {
            place.copy_from_slice(&number.to_le_bytes());
        }
        let mut hash = Gathered { hash: Hasher::new(), bytes: [0; 512], len: 0 };
        hash.update(&head);
        hash.update(&self.uuid);
        for text in self.texts.into_iter().flatten() {
            hash.update(text.as_bytes());
        }
        // Rows without it have the checksum of earlier schemas.
        if let Some(text) = self.on_behalf_of {
            hash.update(&(text.len() as u64).to_le_bytes());
            hash.update(text.as_bytes());
        }
        hash.flush();
        WIDE | i64::from(hash.hash.finalize())
    }
}

/// Gathers short texts: the hash is fast only for 128 bytes and more at once.
struct Gathered {
    hash: Hasher,
    bytes: [u8; 512],
    len: usize,
}

impl Gathered {
    fn update(&mut self, text: &[u8]) {
        if text.len() > self.bytes.len() - self.len {
            self.flush();
        }
        match self.bytes.get_mut(self.len..self.len + text.len()) {
            Some(place) => {
                place.copy_from_slice(text);
                self.len += text.len();
            }
            None => self.hash.update(text),
        }
    }

    fn flush(&mut self) {
        self.hash.update(&self.bytes[..self.len]);
        self.len = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row<'a>(texts: [Option<&'a str>; 8], number: i64) -> ChecksumInput<'a> {
        ChecksumInput {
            numbers: [number, 2, 3, 4, 5, 6],
            uuid: [7; 16],
            via: None,
            texts,
            on_behalf_of: None,
        }
    }

    #[test]
    fn the_checksum_covers_every_field_and_its_length() {
        let texts = [Some("ab"), Some("c"), None, None, Some(""), None, Some("x"), Some("[]")];
        let sum = row(texts, 1).checksum();
        assert_eq!(sum, row(texts, 1).checksum());
        assert_ne!(sum, row(texts, 3).checksum());
        assert_ne!(sum, ChecksumInput { via: Some(0), ..row(texts, 1) }.checksum());
        assert_ne!(sum, ChecksumInput { uuid: [6; 16], ..row(texts, 1) }.checksum());
        let for_ana = |text| ChecksumInput { on_behalf_of: Some(text), ..row(texts, 1) }.checksum();
        assert_ne!(sum, for_ana(""));
        assert_ne!(for_ana("ana"), for_ana("anb"));
        let mut other = texts;
        (other[0], other[1]) = (Some("a"), Some("bc"));
        assert_ne!(sum, row(other, 1).checksum(), "moved from one field to the next");
        other = texts;
        other[4] = None;
        assert_ne!(sum, row(other, 1).checksum(), "nothing is not an empty text");
        assert!(sum >= WIDE);
    }
}
