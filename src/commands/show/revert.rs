//! `show --revert`: prints how to undo an entry. It changes nothing.

use crate::args::output::Format;
use crate::client::Client;
use crate::commands::Context;
use crate::commands::resource::read_history;
use crate::error::Failure;
use crate::exit;
use crate::model::entry::Entry;
use crate::model::filter::Resource;
use crate::model::history::reader::HistoryRequest;
use crate::render::json::value;
use crate::render::json_paint::JsonPainter;
use crate::render::revert::{document, sentences, text};

pub(super) async fn revert(
    context: &mut Context,
    client: &Client,
    entry: &Entry,
    format: Format,
) -> Result<(), Failure> {
    let wanted = HistoryRequest { revert: Some(entry.id), ..HistoryRequest::default() };
    let resource = Resource { model_type: entry.model_type, model_id: entry.model_id.clone() };
    let history = read_history(client, &resource, wanted).await?;
    let plan = history
        .revert()
        .ok_or_else(|| Failure::new(exit::NOT_FOUND, format!("entry {} was pruned", entry.id)))?;
    let on_screen = context.terminal.out_is_terminal;
    let style = context.appearance.style(&context.terminal, context.time, on_screen);
    context.page();
    if !format.is_json() {
        text(context.terminal.data(), (entry, &plan, &history), !style.truncate, &style)?;
        context.terminal.flush()?;
        context.terminal.status(&format!(
            "the patch for programs: krosyn-audit show {} --revert --format json",
            entry.id
        ));
        return Ok(());
    }
    let document = document(entry, &plan, &history)
        .map_err(|error| Failure::new(exit::FAILED, format!("cannot write the revert plan: {error}")))?;
    let mut out = JsonPainter::new(context.terminal.data(), style);
    value(&mut out, &document, on_screen)?;
    out.finish()?;
    context.terminal.flush()?;
    for sentence in sentences(entry, &plan, &history, &context.time) {
        context.terminal.status(&sentence);
    }
    Ok(())
}
