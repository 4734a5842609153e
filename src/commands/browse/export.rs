//! Exports the matching or the marked entries to a file.

use std::path::{Path, PathBuf};

use crate::args::connection::ConnectionArgs;
use crate::args::output::{CsvArgs, OutputArgs};
use crate::browse::event::ExportSource;
use crate::client::Client;
use crate::commands::Context;
use crate::commands::export::{export_to_file, file_format};
use crate::commands::output::EntryWriter;
use crate::error::Failure;
use crate::model::filter::Filter;
use crate::render::filter_summary::counted;
use crate::render::json::DocumentEnd;
use crate::terminal::file::NewFile;

/// Writes the entries, and returns a message about the result.
pub(super) async fn export(
    context: &mut Context,
    client: &Client,
    connection: &ConnectionArgs,
    name: &str,
    source: ExportSource,
) -> Result<String, Failure> {
    let path = &expanded(context, name);
    let count = match source {
        ExportSource::Matching(filter, order) => {
            export_to_file(context, client, connection, (*filter, order), path).await?
        }
        ExportSource::Marked(ids) => marked(context, client, &ids, path).await?,
    };
    Ok(format!("{} written to {}", counted(count, "entry", "entries"), path.display()))
}

/// The file of a typed name. No shell has expanded `~`.
fn expanded(context: &Context, name: &str) -> PathBuf {
    match (name.strip_prefix("~/"), &context.environment.home) {
        (Some(below), Some(home)) => home.join(below),
        _ => PathBuf::from(name),
    }
}

/// Writes the marked entries, newest first.
async fn marked(context: &Context, client: &Client, ids: &[u64], path: &Path) -> Result<u64, Failure> {
    let args = OutputArgs { output: Some(path.to_owned()), ..OutputArgs::default() };
    let format = file_format(&args, CsvArgs::default())?.with_source(client).await?;
    let mut file = NewFile::create(path, false)?;
    let mut entries = Vec::new();
    for id in ids {
        entries.push(client.entry(*id).await?);
    }
    entries.sort_by_key(|entry| std::cmp::Reverse((entry.occurred_at, entry.id)));
    let style = context.appearance.style(&context.terminal, context.time, false);
    let mut writer = EntryWriter::open(&mut file, &format, &style, (client.log(), &Filter::default()))?;
    writer.entries(&entries)?;
    let count = entries.len() as u64;
    writer.finish(DocumentEnd { matched: Some(count), complete: true, next_cursor: None })?;
    file.finish()?;
    Ok(count)
}
