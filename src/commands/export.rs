//! `export`: every entry that matches, to a file or a pipe, in constant memory.

mod journal;
pub(super) mod write;

use std::path::{Path, PathBuf};

use clap::Args;

use crate::args::connection::ConnectionArgs;
use crate::args::filter::FilterArgs;
use crate::args::output::{Format, ListOutputArgs};
use crate::client::Client;
use crate::commands::connect::{Need, connect};
use crate::commands::export::journal::{Form, Journal, Plan};
use crate::commands::export::write::{Export, Outlet, manifest_of};
use crate::commands::output::{by_name, columns, explains_columns};
use crate::commands::target::resolve_target;
use crate::commands::{Context, resolve};
use crate::error::Failure;
use crate::exit;
use crate::model::evidence::merkle::Hash;
use crate::model::filter::Filter;
use crate::model::page::{Cursor, Order};
use crate::model::timestamp::Timestamp;
use crate::render::filter_summary::{counted, describe, missing};
use crate::terminal::file::{FileError, NewFile, PartFile, is_passthrough};

/// Export every entry that matches, as CSV, JSON lines or JSON
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  krosyn-audit export -a deleted -o deleted.csv\n  krosyn-audit export --since 2026-11-01 -o november.jsonl.gz --manifest"
)]
pub(crate) struct ExportArgs {
    #[command(flatten)]
    filter: FilterArgs,

    /// Write the oldest entry first
    #[arg(long)]
    reverse: bool,

    /// Also write FILE.manifest.json, by which `krosyn-audit verify` proves the file later and names a wrong line
    #[arg(long, requires = "output")]
    manifest: bool,

    /// End with a line that proves that nothing before it is missing or changed
    #[arg(long)]
    trailer: bool,

    /// Write a row for each changed field, with columns field, old, new and redacted in place of changes (csv, tsv)
    #[arg(long)]
    explode: bool,

    /// Cut longer cells to N characters, with a mark that says so (csv, tsv); spreadsheets keep 32767
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(64..))]
    max_cell: Option<u32>,

    /// Go on with an export to this file that was cut short, as it was asked for then
    #[arg(long, value_name = "FILE", conflicts_with_all = ["FilterArgs", "ListOutputArgs", "reverse", "manifest", "trailer", "explode", "max_cell"])]
    resume: Option<PathBuf>,

    #[command(flatten)]
    output: ListOutputArgs,
    #[command(flatten)]
    connection: ConnectionArgs,
}

impl ExportArgs {
    /// Whether errors are also told as JSON.
    pub(crate) fn is_json(&self) -> bool {
        self.output.format.is_some_and(Format::is_json)
    }

    /// Exports.
    ///
    /// # Errors
    /// [`Failure`]; after a lost connection with exit code 3, and what there is stays as `NAME.part`.
    pub(crate) async fn run(mut self, context: &mut Context) -> Result<u8, Failure> {
        self.output.explode = self.explode;
        self.output.max_cell = self.max_cell.and_then(|max| usize::try_from(max).ok());
        if explains_columns(&mut context.terminal, &self.output)? {
            return Ok(exit::DONE);
        }
        match &self.resume {
            Some(target) => self.go_on(context, target).await,
            None => self.begin(context).await,
        }
    }

    async fn begin(&self, context: &mut Context) -> Result<u8, Failure> {
        let format = format(&self.output)?;
        let columns = columns(format, &self.output)?;
        let target = self.output.output.as_deref().filter(|path| path.as_os_str() != "-");
        if self.manifest && target.is_none() {
            return Err(Failure::usage("--manifest describes a file, and -o - is none")
                .hint("--trailer proves an export that goes through a pipe"));
        }
        if let Some(target) = target.filter(|target| self.manifest && is_passthrough(target)) {
            let message = format!("--manifest describes a file, and {} is none", target.display());
            return Err(Failure::usage(message));
        }
        let question = self.filter.parse(&context.time)?;
        let connection = connect(context, &self.connection, Need::Existing).await?;
        let form = Form {
            filter: resolve(context, &connection.client, question).await?,
            format,
            columns,
            args: self.output.clone(),
        };
        let origin = match target {
            None => (String::new(), String::new()),
            Some(_) => (
                resolve_target(context, &self.connection)?.to_string(),
                connection.client.whoami().await?.organization,
            ),
        };
        let plan = Plan::new(&form, origin, self.reverse, (self.trailer, self.manifest));
        let outlet = match target {
            None => Outlet::Stdout,
            Some(target) => file(target, &plan, self.output.force)?,
        };
        finish(context, &connection.client, Export::new(plan, form, outlet), None).await
    }

    /// Goes on with an export that was cut short.
    async fn go_on(&self, context: &mut Context, target: &Path) -> Result<u8, Failure> {
        Journal::must_exist(target)?;
        // Before anything is read: a run that still writes this file is not disturbed.
        let part = PartFile::claim(target)?;
        let (mut journal, plan, checkpoint) = Journal::open(&part, target)?;
        if plan.server == "demo:" {
            return Err(Failure::usage(
                "the demo is made anew for every command: its export cannot be gone on with",
            ));
        }
        let named = self.connection.server.is_some() || context.demo || context.environment.server.is_some();
        let from = if named { None } else { Some(plan.server.clone()) };
        let args =
            ConnectionArgs { server: self.connection.server.clone().or(from), ..self.connection.clone() };
        let server = resolve_target(context, &args)?.to_string();
        if server != plan.server {
            let message =
                format!("{} was begun from {}, and this is {server}", target.display(), plan.server);
            return Err(Failure::usage(message).hint("name the server it was begun from, or begin anew"));
        }
        let Some(form) = plan.form(target) else {
            return Err(Failure::new(exit::FAILED, "the journal of that export cannot be understood"));
        };
        let connection = connect(context, &args, Need::Existing).await?;
        let organization = connection.client.whoami().await?.organization;
        if organization != plan.organization {
            let message = format!(
                "{} was begun for the organization {}, and this is {organization}",
                target.display(),
                plan.organization
            );
            return Err(Failure::usage(message).hint("name it by --org, or give its token; or begin anew"));
        }
        let Some(checkpoint) = checkpoint else {
            context.terminal.status("nothing had been written yet: the export begins at its first page");
            let file = Box::new(part.begin(plan.force)?);
            journal.restart(&plan)?;
            let outlet = Outlet::File { journal, file, target: target.to_owned() };
            return finish(context, &connection.client, Export::new(plan, form, outlet), None).await;
        };
        let cursor = Cursor::decode(&checkpoint.cursor);
        let file = Box::new(part.resume(plan.force, checkpoint.stored)?);
        let outlet = Outlet::File { journal, file, target: target.to_owned() };
        let export = Export::new(plan, form, outlet).resumed(&checkpoint, target);
        let export = export.map_err(|error| Failure::file(target, "read the part of", &error))?;
        finish(context, &connection.client, export, cursor).await
    }
}

/// Writes what matches to a new file, as `export -o FILE` does; tells how many entries that are.
pub(super) async fn write_out(
    context: &mut Context,
    client: &Client,
    connection: &ConnectionArgs,
    (filter, order): (Filter, Order),
    target: &Path,
) -> Result<u64, Failure> {
    let args = ListOutputArgs { output: Some(target.to_owned()), ..ListOutputArgs::default() };
    let format = format(&args)?;
    let form = Form { filter, format, columns: columns(format, &args)?, args };
    let origin = (resolve_target(context, connection)?.to_string(), client.whoami().await?.organization);
    let plan = Plan::new(&form, origin, order == Order::Ascending, (false, false));
    let outlet = file(target, &plan, false)?;
    let (entries, _) = Export::new(plan, form, outlet).run(context, client, None).await?;
    Ok(entries)
}

/// The form that is asked for, by its name or by the file's.
fn format(args: &ListOutputArgs) -> Result<Format, Failure> {
    let format = match (args.format, &args.output) {
        (Some(format), _) => Some(format),
        (None, Some(path)) => by_name(path)?,
        (None, None) => None,
    };
    match format.unwrap_or(Format::Csv) {
        Format::Table | Format::Wide => Err(Failure::usage(
            "export writes csv, tsv, json or jsonl; `krosyn-audit list --all` writes tables",
        )),
        format if args.explode && format.is_json() => {
            Err(Failure::usage("--explode is for csv and tsv; in json and jsonl an entry holds its fields"))
        }
        format if args.max_cell.is_some() && format.is_json() => {
            Err(Failure::usage("--max-cell is for csv and tsv; json and jsonl hold whole values"))
        }
        format => Ok(format),
    }
}

/// A new file and its journal. An old manifest would speak of another file.
fn file(target: &Path, plan: &Plan, force: bool) -> Result<Outlet, Failure> {
    let manifest = manifest_of(target);
    if plan.manifest && manifest.exists() && !force {
        return Err(FileError::Exists(manifest).into());
    }
    let file = Box::new(NewFile::create(target, force)?);
    let journal = Journal::create(&file, target, plan)?;
    Ok(Outlet::File { journal, file, target: target.to_owned() })
}

/// Writes all there is, and says so.
async fn finish(
    context: &mut Context,
    client: &Client,
    export: Export,
    cursor: Option<Cursor>,
) -> Result<u8, Failure> {
    let target = export.form.args.output.clone();
    let filter = export.form.filter.clone();
    let (entries, root) = export.run(context, client, cursor).await?;
    let into = target.as_ref().map_or(String::new(), |path| format!(" to {}", path.display()));
    let mut parts = vec![format!("{} exported{into}", counted(entries, "entry", "entries"))];
    parts.push(describe(&filter, &context.time));
    parts.extend(pruned(client, &filter).await?.map(|before| missing(before, &context.time)));
    parts.retain(|part| !part.is_empty());
    context.terminal.status(&parts.join(" · "));
    match (root, target) {
        (Some(root), Some(target)) => context.terminal.status(&proof(&root, &target)),
        // Evidence is not taken away unasked.
        (None, Some(target)) if manifest_of(&target).exists() => {
            let manifest = manifest_of(&target);
            context
                .terminal
                .warn(&format!("{} tells of an earlier file, not of this one", manifest.display()));
        }
        _ => {}
    }
    Ok(exit::DONE)
}

/// Up to where entries that were asked for may be missing because they were pruned.
async fn pruned(client: &Client, filter: &Filter) -> Result<Option<Timestamp>, Failure> {
    let prunes = client.prunes().await?.data;
    let latest = prunes.iter().filter(|prune| prune.deleted > 0).map(|prune| prune.cutoff).max();
    Ok(latest.filter(|before| filter.since.is_none_or(|since| since < *before)))
}

/// What to do with a manifest, so that it is worth something.
fn proof(root: &Hash, target: &Path) -> String {
    format!("{} proves it; note its root where nobody can change it: {root}", manifest_of(target).display())
}
