//! Fills a page by one statement.

use std::time::{Duration, Instant};

use rusqlite::{Connection, params_from_iter};

use crate::model::page::{Order, Position};
use crate::model::timestamp::Timestamp;
use crate::store::calls::PageRequest;
use crate::store::dialect::{EntryQuery, Ids};
use crate::store::entries::Entries;
use crate::store::error::StoreError;
use crate::store::pages::MAX_PAGE_BYTES;
use crate::store::session::{Columns as _, PageProgress, Session as _};
use crate::store::sqlite::consecutive::index_mismatch;
use crate::store::sqlite::reader::{COLUMNS, EntryReader, id};
use crate::store::text::block_of;

/// How long a search reads before it makes way for others.
pub(super) const PART: Duration = Duration::from_millis(100);
/// After how many entries that a search passes it looks at the time.
const PASSED_A_LOOK: u32 = 1024;

/// Fills a page by one statement, until it is full or pauses.
pub(super) fn fill(
    db: &Connection,
    query: &EntryQuery<'_>,
    request: &PageRequest,
    page: &mut Entries,
) -> Result<PageProgress, StoreError> {
    let (begun, may_pause) = (Instant::now(), request.filter.reads_content());
    let wanted = usize::try_from(request.limit).unwrap_or(usize::MAX);
    // One more than asked for tells whether there is a next page. Entries that are judged one by one are read until the
    // page is full.
    let limit = (!may_pause).then(|| wanted.saturating_add(1));
    // In a walk by time to a few blocks, an index has the keys, and only entries in the blocks are read.
    let (columns, blocks) = match query.ids {
        Ids::Blocks(map) => ("key, occurred_at", Some(map)),
        _ => (COLUMNS, None),
    };
    let select = Connection::DIALECT.page(columns, query, (request.order, request.after), limit);
    let mut by_key = db.prepare_cached(&format!("SELECT {COLUMNS} FROM entries WHERE key = ?1"))?;
    let (mut passed, mut read) = (0_u32, 0);
    let mut statement = db.prepare_cached(&select.sql)?;
    let mut rows = statement.query(params_from_iter(&select.parameters))?;
    let mut reader = EntryReader::new(db, query.org);
    let mut last = None;
    while let Some(row) = rows.next()? {
        let mut found;
        let row = match blocks {
            None => row,
            Some(map) if map.get(block_of(id(row.integer(0)?)) as usize) == Some(&1) => {
                found = by_key.query([row.integer(0)?])?;
                found.next()?.ok_or_else(index_mismatch)?
            }
            Some(_) => {
                passed += 1;
                if passed.is_multiple_of(PASSED_A_LOOK) && begun.elapsed() >= PART {
                    return Ok(PageProgress::Paused(Position {
                        occurred_at: row.time(1)?,
                        id: id(row.integer(0)?),
                    }));
                }
                continue;
            }
        };
        let row = reader.row(row)?;
        let key = (row.occurred_at, row.id);
        let is_in_order = last.is_none_or(|last: (Timestamp, u64)| match request.order {
            Order::Descending => key < last,
            Order::Ascending => key > last,
            Order::ById => row.id > last.1,
        });
        if !is_in_order {
            return Err(index_mismatch());
        }
        last = Some(key);
        if row.matches(&request.filter)? {
            if page.len() == wanted || page.text().len() >= MAX_PAGE_BYTES {
                return Ok(PageProgress::Complete { has_more: true });
            }
            page.push(&row)?;
        }
        read += 1;
        if may_pause && (begun.elapsed() >= PART || query.pause_after == Some(read)) {
            return Ok(PageProgress::Paused(row.position()));
        }
    }
    Ok(PageProgress::Complete { has_more: false })
}
