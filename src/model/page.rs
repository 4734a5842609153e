//! How a long answer is read in pages: by key and never by offset, so that nothing is skipped or shown twice while
//! others record and prune.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::model::timestamp::Timestamp;

/// The page size when none is asked for.
pub const DEFAULT_LIMIT: u32 = 50;
/// The largest page.
pub const MAX_LIMIT: u32 = 1000;

/// The order entries are read in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// By `(occurred_at, id)`, newest first.
    Descending,
    /// By `(occurred_at, id)`, oldest first.
    Ascending,
    /// By id, which is commit order: for followers, who want everything, once.
    ById,
}

/// Where a page ended: the key of its last entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// The last entry's time.
    pub occurred_at: Timestamp,
    /// The last entry's id.
    pub id: u64,
}

/// A bookmark between two pages, bound to its question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor {
    /// Where the last page ended.
    pub position: Position,
    /// The bound of the first page: entries recorded later are left out.
    pub as_of: u64,
    /// A digest of organization, filter and order. Another question's cursor is refused, not misread.
    pub binding: [u8; 8],
}

/// The first byte of every cursor; another layout gets another number.
const VERSION: u8 = 1;

impl Cursor {
    /// The cursor as opaque text.
    #[must_use]
    pub fn encode(&self) -> String {
        let mut bytes = vec![VERSION];
        bytes.extend(self.position.occurred_at.micros().to_be_bytes());
        bytes.extend(self.position.id.to_be_bytes());
        bytes.extend(self.as_of.to_be_bytes());
        bytes.extend(self.binding);
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// Reads a cursor back; none when the text never was one.
    #[must_use]
    pub fn decode(text: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let (&VERSION, rest) = bytes.split_first()? else { return None };
        let (parts, []) = rest.as_chunks::<8>() else { return None };
        let &[occurred_at, id, as_of, binding] = parts else { return None };
        let occurred_at = Timestamp::from_micros(i64::from_be_bytes(occurred_at))?;
        let position = Position { occurred_at, id: u64::from_be_bytes(id) };
        Some(Self { position, as_of: u64::from_be_bytes(as_of), binding })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_cursor_is_read_back_and_nothing_else_is(
            micros in 0i64..=Timestamp::MAX.micros(), id: u64, as_of: u64, binding: [u8; 8], garbage in "\\PC{0,60}",
        ) {
            let occurred_at = Timestamp::from_micros(micros).expect("within the range");
            let cursor = Cursor { position: Position { occurred_at, id }, as_of, binding };
            let text = cursor.encode();
            prop_assert_eq!(Cursor::decode(&text), Some(cursor));
            prop_assert_eq!(Cursor::decode(&text[1..]), None);
            prop_assert_eq!(Cursor::decode(&format!("{text}A")), None);
            if let Some(read) = Cursor::decode(&garbage) {
                prop_assert_eq!(read.encode(), garbage);
            }
        }
    }
}
