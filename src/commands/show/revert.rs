//! `show --revert`: prints how to undo an entry. It changes nothing.

use crate::client::Client;
use crate::commands::Context;
use crate::commands::resource::read_history;
use crate::error::Failure;
use crate::exit;
use crate::model::entry::Entry;
use crate::model::filter::Resource;
use crate::model::history::reader::HistoryRequest;
use crate::render::json::value;
use crate::render::revert::{document, sentences};

pub(super) async fn revert(context: &mut Context, client: &Client, entry: &Entry) -> Result<(), Failure> {
    let wanted = HistoryRequest { revert: Some(entry.id), ..HistoryRequest::default() };
    let resource = Resource { model_type: entry.model_type, model_id: entry.model_id.clone() };
    let history = read_history(client, &resource, wanted).await?;
    let plan = history
        .revert()
        .ok_or_else(|| Failure::new(exit::NOT_FOUND, format!("entry {} was pruned", entry.id)))?;
    let document = document(entry, &plan, &history)
        .map_err(|error| Failure::new(exit::FAILED, format!("cannot write the revert plan: {error}")))?;
    let is_indented = context.terminal.out_is_terminal;
    value(context.terminal.data(), &document, is_indented)?;
    context.terminal.flush()?;
    for sentence in sentences(entry, &plan, &history, &context.time) {
        context.terminal.status(&sentence);
    }
    Ok(())
}
