//! Lets the user pick one of the latest entries, for `show` without an entry id.

use crate::api::query::Query;
use crate::client::Client;
use crate::commands::Context;
use crate::commands::output::empty;
use crate::error::Failure;
use crate::exit;
use crate::model::entry::Entry;
use crate::render::columns::TABLE_COLUMNS;
use crate::render::style::Style;
use crate::render::summary::summary_of;
use crate::render::table::EntryTable;
use crate::terminal::prompt::{MenuLine, Prompts};

/// The number of entries to pick from.
const OFFERED: u32 = 100;
/// The cells that the menu needs beside a line.
const BESIDE: usize = 3;

/// Returns the id of the picked entry; fails if the user leaves without picking one.
pub(super) async fn pick(context: &Context, prompts: &Prompts, client: &Client) -> Result<u64, Failure> {
    let entries = client.page(&Query { limit: OFFERED, ..Query::default() }).await?.data;
    if entries.is_empty() {
        return Err(Failure::new(exit::NOT_FOUND, empty(client.log())));
    }
    let style = context.appearance.style(&context.terminal, context.time, true);
    // The menu colours the lines itself.
    let width = style.width.saturating_sub(BESIDE);
    let style = Style { color: false, width, ..style };
    let mut text = Vec::new();
    // Writing to memory cannot fail.
    drop(EntryTable::new(TABLE_COLUMNS, &style).entries(&mut text, &entries));
    let text = String::from_utf8_lossy(&text);
    // The first line is the header.
    let rows = text.lines().skip(1).zip(&entries);
    let lines: Vec<_> =
        rows.map(|(row, entry)| MenuLine { shown: row.to_owned(), searched: searched(entry) }).collect();
    let picked = prompts.pick("Which entry (type to search)", &lines).await?;
    let entry = picked.and_then(|index| entries.get(index));
    entry.map(|entry| entry.id).ok_or_else(|| Failure::new(exit::INTERRUPTED, "no entry was picked"))
}

/// What a row may have cut.
fn searched(entry: &Entry) -> String {
    let name = entry.model_name.as_deref().unwrap_or_default();
    let users = entry.users().flat_map(|user| [user.name.as_deref().unwrap_or_default(), user.label()]);
    let users = users.collect::<Vec<_>>().join(" ");
    format!("{name} {}/{} {users} {}", entry.model_type, entry.model_id, summary_of(entry))
}
