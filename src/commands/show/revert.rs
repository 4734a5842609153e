//! `show --revert`: how an entry could be undone. It changes nothing.

use crate::client::Client;
use crate::commands::Context;
use crate::commands::resource::of_entry;
use crate::error::Failure;
use crate::exit;
use crate::model::entry::Entry;
use crate::model::history::reader::HistoryRequest;
use crate::render::json::value;
use crate::render::revert::{document, sentences};

pub(super) async fn revert(context: &mut Context, client: &Client, entry: &Entry) -> Result<(), Failure> {
    let wanted = HistoryRequest { revert: Some(entry.id), ..HistoryRequest::default() };
    let history = of_entry(client, entry, wanted).await?;
    let plan = history
        .revert()
        .ok_or_else(|| Failure::new(exit::NOT_FOUND, format!("entry {} is gone", entry.id)))?;
    let document = document(entry, &plan, &history)
        .map_err(|error| Failure::new(exit::FAILED, format!("the plan cannot be written: {error}")))?;
    let is_indented = context.terminal.out_is_terminal;
    value(context.terminal.data(), &document, is_indented)?;
    context.terminal.flush()?;
    for sentence in sentences(entry, &plan, &history, &context.time) {
        context.terminal.status(&sentence);
    }
    Ok(())
}
