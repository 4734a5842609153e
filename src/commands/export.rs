//! `export`: writes every matching entry to a file or a pipe, in constant memory.

mod journal;
pub(super) mod write;
mod written;

use std::path::{Path, PathBuf};

use clap::Args;

use crate::args::connection::ConnectionArgs;
use crate::args::filter::FilterArgs;
use crate::args::output::{CsvArgs, Format, OutputArgs};
use crate::client::Client;
use crate::commands::Context;
use crate::commands::connect::{OpenMode, connect, connect_to_read};
use crate::commands::export::journal::{ExportHeader, Journal};
use crate::commands::export::write::{Export, ExportOutput, manifest_of};
use crate::commands::output::{EntryFormat, chosen_format, explain_columns, whole_entries};
use crate::commands::target::resolve_target;
use crate::error::Failure;
use crate::exit;
use crate::model::filter::Filter;
use crate::model::page::{Cursor, Order};
use crate::model::timestamp::Timestamp;
use crate::render::columns::Column;
use crate::render::delimited::Spreadsheet;
use crate::render::filter_summary::{counted, describe_in, joined, missing};
use crate::terminal::file::{FileError, NewFile, PartFile, is_passthrough};

const FORMATS: &str = "Output format: csv, tsv, json, jsonl, or events for a SIEM: ocsf, cef, ecs, leef (default: by the file's name, else csv)";

/// Export all matching entries as CSV, TSV, JSON lines, JSON, or events for a SIEM
#[derive(Debug, Args)]
#[command(
    mut_arg("format", |format| format.help(FORMATS)),
    mut_arg("no_trunc", |no_trunc| no_trunc.hide(true)),
    after_help = "Examples:\n  krosyn-audit export -a deleted -o deleted.csv\n  krosyn-audit export --since 2026-11-01 -o november.jsonl.gz --manifest"
)]
pub(crate) struct ExportArgs {
    #[command(flatten)]
    filter: FilterArgs,

    /// Write the oldest entry first
    #[arg(long)]
    reverse: bool,

    /// Also write FILE.manifest.json, with which `krosyn-audit verify` can check the file and find a changed line
    #[arg(long, requires = "output")]
    manifest: bool,

    /// Append a last line with which `krosyn-audit verify` can check that nothing is missing or changed
    #[arg(long)]
    trailer: bool,

    /// Write one row per changed field: the columns field, old, new and redacted replace changes (csv, tsv)
    #[arg(long)]
    explode: bool,

    /// Cut cells longer than N characters and mark them as cut (csv, tsv); spreadsheets accept 32767
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(64..))]
    max_cell: Option<u32>,

    /// Write CSV that a spreadsheet opens by a double click: local times, a byte order mark, and semicolons where the
    /// locale's decimal separator is the comma
    #[arg(long, conflicts_with = "no_formula_guard")]
    for_excel: bool,

    /// Resume an interrupted export to this file, with its original filter and options
    #[arg(long, value_name = "FILE", conflicts_with_all = ["FilterArgs", "BaseFilterArgs", "OutputArgs", "CsvArgs", "reverse", "manifest", "trailer", "explode", "max_cell", "for_excel"])]
    resume: Option<PathBuf>,

    #[command(flatten)]
    output: OutputArgs,
    #[command(flatten)]
    csv: CsvArgs,
    #[command(flatten)]
    connection: ConnectionArgs,
}

impl ExportArgs {
    pub(crate) fn is_json(&self) -> bool {
        self.output.is_json()
    }

    /// Fails with exit code 3 when the connection is lost; what was written stays as `NAME.part`.
    pub(crate) async fn run(self, context: &mut Context) -> Result<u8, Failure> {
        if explain_columns(&mut context.terminal, &self.output)? {
            return Ok(exit::DONE);
        }
        match &self.resume {
            Some(target) => self.resume(context, target).await,
            None => self.start(context).await,
        }
    }

    async fn start(&self, context: &mut Context) -> Result<u8, Failure> {
        let mut format = self.format()?;
        if self.for_excel {
            if format.format != Format::Csv {
                return Err(Failure::usage("--for-excel writes csv: name the file .csv"));
            }
            let sheet = Spreadsheet::of(context.environment.locale.as_deref(), context.time.zone);
            format.spreadsheet = Some(sheet);
            let separator = if sheet.semicolon { "semicolons" } else { "commas" };
            let zone = context.time.zone.name();
            context
                .terminal
                .status(&format!("for spreadsheets: times in {zone}, cells separated by {separator}"));
        }
        let target = self.output.file();
        if self.manifest && target.is_none() {
            return Err(Failure::usage("--manifest needs a file: -o - is stdout")
                .hint("--trailer makes an export through a pipe verifiable"));
        }
        if let Some(target) = target.filter(|target| self.manifest && is_passthrough(target)) {
            let message = format!("--manifest needs a file: {} is not a regular file", target.display());
            return Err(Failure::usage(message));
        }
        let (client, filter) = connect_to_read(context, &self.connection, &self.filter).await?;
        let format = format.with_source(&client).await?;
        let origin = match target {
            None => (String::new(), String::new()),
            Some(_) => origin(context, &client, &self.connection).await?,
        };
        let mut header = ExportHeader::new((client.log(), &filter), &format, origin, self.reverse);
        (header.trailer, header.manifest, header.force) = (self.trailer, self.manifest, self.output.force);
        let output = match target {
            None => ExportOutput::Stdout,
            Some(target) => new_file(target, &header)?,
        };
        finish(context, &client, Export::new(header, (filter, format), output), None).await
    }

    async fn resume(&self, context: &mut Context, target: &Path) -> Result<u8, Failure> {
        Journal::must_exist(target)?;
        // The lock comes first: another run may still be writing this file.
        let part = PartFile::claim(target)?;
        let (mut journal, header, resume_point) = Journal::open(&part, target)?;
        if header.server == "demo:" {
            return Err(Failure::usage(
                "cannot resume a demo export: demo data is regenerated for every command",
            ));
        }
        let is_named =
            self.connection.server.is_some() || context.demo || context.environment.server.is_some();
        let mut args = self.connection.clone();
        if !is_named {
            args.server = Some(header.server.clone());
        }
        let name = target.display();
        let server = resolve_target(context, &args)?.to_string();
        if server != header.server {
            let message = format!("{name} was started from {}, not from {server}", header.server);
            return Err(Failure::usage(message).hint("use the original server, or start a new export"));
        }
        let Some((log, query)) = header.decode() else {
            return Err(Failure::new(exit::FAILED, format!("cannot read the journal of {name}")));
        };
        let client = connect(context, &args, OpenMode::Existing).await?.reading(log);
        let organization = client.whoami().await?.organization;
        if organization != header.organization {
            let message = format!(
                "{name} was started from the organization {}, not from {organization}",
                header.organization
            );
            return Err(
                Failure::usage(message).hint("select it with --org or with its token, or start a new export")
            );
        }
        let target = target.to_owned();
        let Some(resume_point) = resume_point else {
            context.terminal.status("no page was written before: the export starts from its first page");
            let file = Box::new(part.begin(header.force)?);
            journal.restart(&header)?;
            let export = Export::new(header, query, ExportOutput::File { journal, file, target });
            return finish(context, &client, export, None).await;
        };
        if let Some(last) = resume_point.written.last {
            last.check(&client).await?;
        }
        let cursor = Cursor::decode(&resume_point.cursor);
        let file = Box::new(part.resume(header.force, resume_point.stored)?);
        let export = Export::new(header, query, ExportOutput::File { journal, file, target: target.clone() });
        let export = export.resumed(&resume_point, &target);
        let export = export.map_err(|error| Failure::file(&target, "read the partial file of", &error))?;
        finish(context, &client, export, cursor).await
    }

    fn format(&self) -> Result<EntryFormat, Failure> {
        let mut format = file_format(&self.output, self.csv)?;
        for (flag, is_given) in [("--explode", self.explode), ("--max-cell", self.max_cell.is_some())] {
            if is_given && !format.format.has_columns() {
                let others = whole_entries(format.format);
                let message = format!("{flag} is for csv and tsv: {others} contain whole entries");
                return Err(Failure::usage(message));
            }
        }
        format.explode = self.explode;
        format.max_cell = self.max_cell.and_then(|max| usize::try_from(max).ok());
        if self.explode && self.output.columns.is_none() {
            // The fields get columns of their own.
            format.columns.retain(|column| *column != Column::Changes);
        }
        Ok(format)
    }
}

/// Writes matching entries to a new file, as `export -o FILE` does; returns their number.
pub(super) async fn export_to_file(
    context: &mut Context,
    client: &Client,
    connection: &ConnectionArgs,
    (filter, order): (Filter, Order),
    target: &Path,
) -> Result<u64, Failure> {
    let args = OutputArgs { output: Some(target.to_owned()), ..OutputArgs::default() };
    let format = file_format(&args, CsvArgs::default())?.with_source(client).await?;
    let origin = origin(context, client, connection).await?;
    let header = ExportHeader::new((client.log(), &filter), &format, origin, order == Order::Ascending);
    let output = new_file(target, &header)?;
    let export = Export::new(header, (filter, format), output);
    Ok(export.run(context, client, None).await?.0)
}

/// The server and the organization that an export comes from.
async fn origin(
    context: &Context,
    client: &Client,
    connection: &ConnectionArgs,
) -> Result<(String, String), Failure> {
    Ok((resolve_target(context, connection)?.to_string(), client.whoami().await?.organization))
}

/// The format of a file, by its name.
pub(super) fn file_format(args: &OutputArgs, csv: CsvArgs) -> Result<EntryFormat, Failure> {
    match chosen_format(args)?.unwrap_or(Format::Csv) {
        Format::Table | Format::Wide => Err(Failure::usage(
            "export writes csv, tsv, json, jsonl, ocsf, cef, ecs or leef; for a table use `krosyn-audit list --all`",
        )),
        format => EntryFormat::new(format, args, csv),
    }
}

/// Creates the file and its journal. An existing manifest would describe another file.
fn new_file(target: &Path, header: &ExportHeader) -> Result<ExportOutput, Failure> {
    let manifest = manifest_of(target);
    if header.manifest && manifest.exists() && !header.force {
        return Err(FileError::Exists(manifest).into());
    }
    let file = Box::new(NewFile::create(target, header.force)?);
    let journal = Journal::create(&file, target, header)?;
    Ok(ExportOutput::File { journal, file, target: target.to_owned() })
}

/// Runs the export and prints a summary.
async fn finish(
    context: &mut Context,
    client: &Client,
    export: Export,
    cursor: Option<Cursor>,
) -> Result<u8, Failure> {
    let target = match &export.output {
        ExportOutput::Stdout => None,
        ExportOutput::File { target, .. } => Some(target.clone()),
    };
    let filter = export.filter.clone();
    let (entries, root) = export.run(context, client, cursor).await?;
    let into = target.as_ref().map_or(String::new(), |path| format!(" to {}", path.display()));
    let mut parts = vec![format!("{} exported{into}", counted(entries, "entry", "entries"))];
    parts.push(describe_in(client.log(), &filter, &context.time));
    parts.extend(pruned_before(client, &filter).await?.map(|before| missing(before, &context.time)));
    context.terminal.status(&joined(parts));
    let Some(manifest) = target.map(|target| manifest_of(&target)) else { return Ok(exit::DONE) };
    let name = manifest.display();
    match root {
        Some(root) => context
            .terminal
            .status(&format!("verify it later with {name}; note the root hash in a safe place: {root}")),
        // Evidence is not deleted automatically.
        None if manifest.exists() => {
            context.terminal.warn(&format!("{name} belongs to an earlier file, not to this one"));
        }
        None => {}
    }
    Ok(exit::DONE)
}

/// The time before which matching entries may have been pruned.
async fn pruned_before(client: &Client, filter: &Filter) -> Result<Option<Timestamp>, Failure> {
    let prunes = client.prunes().await?.data;
    let latest = prunes.iter().filter(|prune| prune.deleted > 0).map(|prune| prune.cutoff).max();
    Ok(latest.filter(|before| filter.since.is_none_or(|since| since < *before)))
}
