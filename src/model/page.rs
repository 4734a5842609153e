//! Keyset pagination: pages are read by key and not by offset, so that concurrent recordings and prunes cause no gaps and
//! no duplicates.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::model::timestamp::Timestamp;

/// The default page size.
pub const DEFAULT_LIMIT: u32 = 50;
/// The largest page.
pub const MAX_LIMIT: u32 = 1000;

/// The largest page of rows. Rows cost less than JSON, and each page has a cost of its own.
pub const MAX_ROWS: u32 = 10_000;

/// The order of entries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// By `(occurred_at, id)`, newest first.
    Descending,
    /// By `(occurred_at, id)`, oldest first.
    Ascending,
    /// By id, which is the commit order: for followers.
    ById,
}

/// The key of the last entry of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// The time of the entry.
    pub occurred_at: Timestamp,
    /// The id of the entry.
    pub id: u64,
}

/// The position after a page, bound to its query.
///
/// ```
/// use krosyn_audit::model::page::{Cursor, Position};
///
/// let position = Position { occurred_at: "2026-11-22T08:14:07Z".parse()?, id: 1287 };
/// let cursor = Cursor { position, as_of: 1300, binding: *b"a digest" };
/// assert_eq!(Cursor::decode(&cursor.encode()), Some(cursor));
/// assert_eq!(Cursor::decode("not a cursor"), None);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor {
    /// The end of the last page.
    pub position: Position,
    /// The highest id at the time of the first page: later entries are not included.
    pub as_of: u64,
    /// A digest of organization, filter and order, by which the cursor of another query is refused.
    pub binding: [u8; 8],
}

/// The version of the layout: the first byte of every cursor.
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

    /// Decodes a cursor, or `None` when the text is not a cursor.
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
        fn only_an_encoded_cursor_is_decoded(
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
