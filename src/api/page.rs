//! A page of entries, as it goes over the wire.

use std::borrow::Cow;
use std::fmt;

use serde::de::{IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer as _, Serialize};
use utoipa::ToSchema;

use crate::model::entry::{Entry, EntryView};
use crate::model::prune::Pruned;

/// One page of entries. `page` is the first member, so that a client can request the next page before it parses the entries.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Page {
    /// The position of this page in the whole answer.
    pub page: PageInfo,
    /// How many entries match in all; only with `total=true`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total: Option<Total>,
    /// The pruned range that the page may miss. Absent if nothing was pruned, and with `after_id` if it lies before that id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pruned: Option<Pruned>,
    /// The entries, in the requested order.
    pub data: Vec<Entry>,
}

/// A [`Page`] whose entries borrow from the response text.
#[derive(Debug, Deserialize)]
pub struct PageView<'a> {
    /// How many entries match in all.
    #[serde(default)]
    pub total: Option<Total>,
    /// The entries.
    #[serde(borrow)]
    pub data: Vec<EntryView<'a>>,
}

impl PageInfo {
    /// Reads the position of a page and stops there. `None` if the page has none.
    #[must_use]
    pub fn of(page: &str) -> Option<Self> {
        struct UntilFound<'a>(&'a mut Option<PageInfo>);
        impl<'de> Visitor<'de> for UntilFound<'_> {
            type Value = ();
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a page")
            }
            fn visit_map<M: MapAccess<'de>>(self, mut page: M) -> Result<(), M::Error> {
                while let Some(name) = page.next_key::<Cow<'_, str>>()? {
                    if name == "page" {
                        *self.0 = Some(page.next_value()?);
                        return Ok(());
                    }
                    page.next_value::<IgnoredAny>()?;
                }
                Ok(())
            }
        }
        let mut found = None;
        // The rest is deliberately unread, so the parser's error is expected.
        drop(serde_json::Deserializer::from_str(page).deserialize_map(UntilFound(&mut found)));
        found
    }
}

/// The position of a page in the whole answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PageInfo {
    /// The largest number of entries this page could hold.
    #[schema(example = 50)]
    pub limit: u32,
    /// Send it as `cursor` for the next page. Absent on the last page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
    /// The upper bound of this answer: entries with a higher id are left out, on this page and all that follow.
    #[schema(example = 167_301)]
    pub as_of: u64,
}

/// How many entries match.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Total {
    /// The number of entries.
    #[schema(example = 1284)]
    pub count: u64,
    /// Always true.
    pub exact: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn page_info_is_read_from_a_truncated_page() {
        let info = PageInfo { limit: 5, next_cursor: Some("c".to_owned()), as_of: 7 };
        let page = r#"{"x":[{"page":0}],"page":{"limit":5,"next_cursor":"c","as_of":7},"data":["#;
        assert_eq!(PageInfo::of(page), Some(info));
        for none in ["", "[]", r#"{"data":[]}"#, r#"{"page":{"limit":5}}"#, r#"{"data":[nonsense,"page":1}"#]
        {
            assert_eq!(PageInfo::of(none), None, "{none}");
        }
    }
}
