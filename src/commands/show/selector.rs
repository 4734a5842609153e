//! Which entries `show` prints: `1287`, `latest`, `latest~1`, `1285..1287`.

use std::str::FromStr;

use crate::api::query::Query;
use crate::client::Client;
use crate::client::pages::Pages;
use crate::commands::output::empty;
use crate::error::Failure;
use crate::exit;
use crate::model::entry::Entry;
use crate::model::filter::Resource;
use crate::model::page::MAX_LIMIT;

/// The most entries of one range: all are fetched before any is printed.
const MAX_ENTRIES: u64 = 1_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum EntrySelector {
    Id(u64),
    /// The entry with this many later ones.
    Latest(u32),
    /// The ids from the first to the last, both included.
    Range(u64, u64),
}

impl FromStr for EntrySelector {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        if let Some(id) = id(text) {
            return Ok(Self::Id(id));
        }
        if let Some((first, last)) = text.split_once("..") {
            return range(first, last.trim_start_matches(['.', '=']));
        }
        let (word, back) = text.split_once('~').unwrap_or((text, "0"));
        let is_latest = ["latest", "last", "head"].iter().any(|it| word.eq_ignore_ascii_case(it));
        match back.parse() {
            // `latest~` is one before, as in git.
            _ if is_latest && back.is_empty() => Ok(Self::Latest(1)),
            Ok(back) if is_latest && back < MAX_LIMIT => Ok(Self::Latest(back)),
            _ if is_latest => Err(format!("expected latest~N with N below {MAX_LIMIT}")),
            _ if text.parse::<Resource>().is_ok() => {
                Err(format!("this is a resource, not an entry: see krosyn-audit history {text}"))
            }
            _ if text
                .split_once('-')
                .is_some_and(|(first, last)| id(first).is_some() && id(last).is_some()) =>
            {
                Err(format!("did you mean {}?", text.replacen('-', "..", 1)))
            }
            _ if strsim::jaro_winkler(&text.to_lowercase(), "latest") > 0.85 => {
                Err("did you mean latest?".to_owned())
            }
            _ => Err("expected an entry id, as `list` shows it, latest, latest~1 or 1285..1287".to_owned()),
        }
    }
}

fn id(text: &str) -> Option<u64> {
    text.strip_prefix("id:").unwrap_or(text).parse().ok().filter(|id| *id > 0)
}

fn range(first: &str, last: &str) -> Result<EntrySelector, String> {
    match (id(first), id(last)) {
        (Some(first), Some(last)) if first <= last && last - first < MAX_ENTRIES => {
            Ok(EntrySelector::Range(first, last))
        }
        (Some(first), Some(last)) if first <= last => {
            Err(format!("a range has at most {MAX_ENTRIES} entries: for more, see krosyn-audit list"))
        }
        (Some(first), Some(last)) => Err(format!("did you mean {last}..{first}?")),
        _ => Err("expected a range of ids, such as 1285..1287".to_owned()),
    }
}

/// The entries, in the order in which they were named.
pub(super) async fn find_all(client: &Client, selectors: &[EntrySelector]) -> Result<Vec<Entry>, Failure> {
    let mut entries = Vec::new();
    for selector in selectors {
        match *selector {
            EntrySelector::Id(id) => entries.push(client.entry(id).await?),
            EntrySelector::Latest(back) => entries.push(latest(client, back).await?),
            EntrySelector::Range(first, last) => entries.extend(between(client, first, last).await?),
        }
    }
    Ok(entries)
}

async fn latest(client: &Client, back: u32) -> Result<Entry, Failure> {
    let page = client.page(&Query { limit: back + 1, ..Query::default() }).await?;
    let count = page.data.len();
    page.data.into_iter().nth(back as usize).ok_or_else(|| match count {
        0 => Failure::new(exit::NOT_FOUND, empty(client.log())),
        count => Failure::new(
            exit::NOT_FOUND,
            format!("there is no entry {back} before the latest: the log has {count}"),
        ),
    })
}

/// The entries of a range that are still there. A range without any fails as its first id does.
async fn between(client: &Client, first: u64, last: u64) -> Result<Vec<Entry>, Failure> {
    let mut entries = Pages::between(client.clone(), first, last).all().await?;
    if entries.is_empty() {
        entries.push(client.entry(first).await?);
    }
    Ok(entries)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_ranges_and_places_before_the_latest_are_read() {
        for (text, expected) in [
            ("1287", EntrySelector::Id(1287)),
            ("id:1287", EntrySelector::Id(1287)),
            ("latest", EntrySelector::Latest(0)),
            ("LATEST~2", EntrySelector::Latest(2)),
            ("latest~", EntrySelector::Latest(1)),
            ("last", EntrySelector::Latest(0)),
            ("1285..1287", EntrySelector::Range(1285, 1287)),
            ("id:7..id:7", EntrySelector::Range(7, 7)),
            ("7...9", EntrySelector::Range(7, 9)),
        ] {
            assert_eq!(text.parse(), Ok(expected), "{text}");
        }
        for (text, said) in [
            ("9..7", "did you mean 7..9?"),
            ("7-9", "did you mean 7..9?"),
            ("1..5000", "at most 1000 entries"),
            ("latst", "did you mean latest?"),
            ("connector/42", "krosyn-audit history connector/42"),
            ("0", "expected an entry id"),
            ("latest~x", "latest~N"),
        ] {
            let error = text.parse::<EntrySelector>().expect_err(text);
            assert!(error.contains(said), "{text}: {error}");
        }
    }
}
