//! Lets the user pick one of the latest entries, for a command without an entry id.

use crate::api::query::Query;
use crate::client::Client;
use crate::commands::Context;
use crate::commands::browse::entries::table_lines;
use crate::commands::output::empty;
use crate::error::Failure;
use crate::exit;
use crate::render::style::Style;
use crate::terminal::prompt::{PromptPage, Prompts};

/// The number of entries to pick from.
const OFFERED: u32 = 100;
/// The width of the text that is searched: most names are complete in it.
const SEARCH_WIDTH: usize = 200;

/// Returns the id of the picked entry; fails if the user leaves without picking one.
pub(in crate::commands) async fn pick(
    context: &Context,
    prompts: &Prompts,
    client: &Client,
) -> Result<u64, Failure> {
    let entries = client.page(&Query { limit: OFFERED, ..Query::default() }).await?.data;
    if entries.is_empty() {
        return Err(Failure::new(exit::NOT_FOUND, empty(client.log())));
    }
    let style = context.appearance.style(&context.terminal, context.time, true);
    let style = Style { colour: context.terminal.colours_stderr(), ..style };
    let (_, keys) = table_lines(&entries, &Style { width: SEARCH_WIDTH, colour: false, ..style });
    let lines = |width| table_lines(&entries, &Style { width, ..style });
    let head = |width: usize| vec![format!("  {}", lines(width.saturating_sub(2)).0)];
    let items = |width| lines(width).1;
    let page = PromptPage { head: &head, question: "Which entry".to_owned(), items: &items, style: &style };
    let picked = prompts
        .screen()?
        .search(&page, keys, 0, "type to search, arrows move, Enter selects, Esc goes back")
        .await?;
    let picked = picked.ok_or_else(|| Failure::new(exit::INTERRUPTED, "no entry was picked"))?;
    Ok(entries[picked].id)
}
