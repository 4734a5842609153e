//! Picking one of the last entries, for a command that was given none.

use crate::api::query::Query;
use crate::client::Client;
use crate::commands::Context;
use crate::commands::browse::entries::table_lines;
use crate::error::Failure;
use crate::exit;
use crate::render::style::Style;
use crate::terminal::prompt::{PromptPage, Prompts};

/// How many of the last entries there are to pick from.
const LAST: u32 = 100;
/// Cells of the text that is searched: enough for most names to be whole.
const SEARCHED: usize = 200;

/// Lets one of the last entries be picked, by its id.
///
/// # Errors
/// [`Failure`], also when none is picked.
pub(in crate::commands) async fn pick(
    context: &Context,
    prompts: &Prompts,
    client: &Client,
) -> Result<u64, Failure> {
    let entries = client.page(&Query { limit: LAST, ..Query::default() }).await?.data;
    if entries.is_empty() {
        return Err(Failure::new(exit::NOT_FOUND, "the log is empty: there is no entry to show"));
    }
    let style = context.appearance.look(&context.terminal, context.time, true);
    let style = Style { colour: context.terminal.colours_stderr(), ..style };
    let (_, keys) = table_lines(&entries, &Style { width: SEARCHED, colour: false, ..style });
    let lines = |width| table_lines(&entries, &Style { width, ..style });
    let head = |width: usize| vec![format!("  {}", lines(width.saturating_sub(2)).0)];
    let items = |width| lines(width).1;
    let page = PromptPage { head: &head, question: "Which entry".to_owned(), items: &items, style: &style };
    let picked = prompts
        .screen()?
        .search(&page, keys, 0, "type to search, arrows move, Enter takes, Esc goes back")
        .await?;
    let picked = picked.ok_or_else(|| Failure::new(exit::INTERRUPTED, "no entry was picked"))?;
    Ok(entries[picked].id)
}
