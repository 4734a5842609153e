//! `record`: appends one entry, from flags and files or as JSON from stdin.

use std::path::{Path, PathBuf};

use clap::Args;
use uuid::Uuid;

use crate::api::query::Query;
use crate::args::connection::ConnectionArgs;
use crate::client::{Client, Recorded};
use crate::commands::connect::{OpenMode, connect};
use crate::commands::{Context, json_input};
use crate::error::Failure;
use crate::exit;
use crate::model::draft::MAX_ENTRY_BYTES;
use crate::model::entry::{RequestContext, User};
use crate::model::filter::{Filter, Resource};
use crate::model::json::RawJson;
use crate::model::proposal::Proposal;
use crate::model::time::{self, Edge, When};
use crate::model::words::{Action, UserKind, Via};
use crate::terminal::encoding::decoded;
use crate::terminal::read_stdin;

/// How many of a resource's latest entries are searched for its name.
const NAME_LOOKUP: u32 = 10;

/// Record one entry, from flags and files or as JSON from stdin
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  krosyn-audit record -a created --resource connector/42 --name Alerts -u Ana --after new.json\n  krosyn-audit record < entry.json"
)]
pub(crate) struct RecordArgs {
    /// The action: created, updated, deleted
    #[arg(short, long, value_name = "ACTION", requires_all = ["resource", "user"])]
    action: Option<Action>,

    /// The changed resource
    #[arg(long, value_name = "TYPE/ID", requires = "action")]
    resource: Option<Resource>,

    /// The resource's name (default: its latest name in the log, unless --uuid is given)
    #[arg(long, value_name = "NAME", requires = "action")]
    name: Option<String>,

    /// The user who did it: an e-mail, a name, or 'NAME <E-MAIL>'
    #[arg(short, long, value_name = "USER", requires = "action")]
    user: Option<String>,

    /// The user's id
    #[arg(long, value_name = "ID", requires = "action")]
    user_id: Option<String>,

    /// The user's role
    #[arg(long, value_name = "ROLE", requires = "action")]
    user_role: Option<String>,

    /// The kind of user: user, token, service, system, agent
    #[arg(long, value_name = "KIND", default_value = "user")]
    user_kind: UserKind,

    /// The user for whom the user acted, written as for --user
    #[arg(long, value_name = "USER", requires = "action")]
    on_behalf_of: Option<String>,

    /// A JSON file with the whole resource before the change (for updated and deleted)
    #[arg(long, value_name = "FILE", requires = "action")]
    before: Option<PathBuf>,

    /// A JSON file with the whole resource after the change (for created and updated)
    #[arg(long, value_name = "FILE", requires = "action")]
    after: Option<PathBuf>,

    /// The time of the change (default: now)
    #[arg(long, value_name = "TIME", requires = "action")]
    at: Option<String>,

    /// The reason for the change
    #[arg(long, value_name = "TEXT", requires = "action")]
    reason: Option<String>,

    /// The channel: web, api, cli, terraform, system, mcp
    #[arg(long, value_name = "CHANNEL", default_value = "cli")]
    via: Via,

    /// The id of the request that made the change
    #[arg(long, value_name = "ID", requires = "action")]
    request_id: Option<String>,

    /// The idempotency key: recording the same entry again has no effect
    #[arg(long, value_name = "UUID", requires = "action")]
    uuid: Option<Uuid>,

    #[command(flatten)]
    connection: ConnectionArgs,
}

impl RecordArgs {
    pub(crate) async fn run(self, context: &mut Context) -> Result<u8, Failure> {
        let mut proposal = match self.action {
            Some(action) => self.proposal(action, context)?,
            None => from_stdin(context).await?,
        };
        let client = connect(context, &self.connection, OpenMode::Create).await?;
        // An entry with a uuid must be the same when it is sent again, also after the resource was renamed.
        if proposal.uuid.is_none() {
            if proposal.model_name.is_none() {
                proposal.model_name = known_name(&client, &proposal).await;
            }
            proposal.uuid = Some(Uuid::now_v7());
        }
        let text = serde_json::to_string(&proposal)
            .map_err(|error| Failure::new(exit::FAILED, error.to_string()))?;
        match client.record(text).await? {
            Recorded::New(entry) => print_id(context, "recorded as entry", entry.id)?,
            Recorded::Known(entry) => print_id(context, "already recorded as entry", entry.id)?,
            Recorded::Nothing => context.terminal.status("before and after are equal: nothing was recorded"),
        }
        context.terminal.flush()?;
        Ok(exit::DONE)
    }

    fn proposal(&self, action: Action, context: &Context) -> Result<Proposal, Failure> {
        let (Some(resource), Some(user)) = (&self.resource, &self.user) else {
            return Err(Failure::usage("--action needs --resource and --user"));
        };
        let (name, email) = name_and_email(user);
        let occurred_at =
            match self.at.as_ref().map(|text| time::parse(text, Edge::Since, &context.time)).transpose() {
                Ok(Some(When::At { at, .. })) => Some(at),
                Ok(None) => None,
                Ok(Some(When::Entry(_))) => {
                    return Err(Failure::usage("--at: expected a time, not an entry"));
                }
                Err(error) => return Err(Failure::usage(format!("--at: {error}"))),
            };
        let missing = match action {
            Action::Updated | Action::Deleted if self.before.is_none() => Some("--before"),
            Action::Updated | Action::Created if self.after.is_none() => Some("--after"),
            _ => None,
        };
        if let Some(flag) = missing {
            return Err(Failure::usage(format!("an entry with action {action} needs {flag} FILE")));
        }
        Ok(Proposal {
            uuid: self.uuid,
            occurred_at,
            action,
            model_type: resource.model_type,
            model_id: resource.model_id.clone(),
            model_name: self.name.clone(),
            user: User {
                id: self.user_id.clone(),
                email,
                name,
                role: self.user_role.clone(),
                kind: self.user_kind,
            },
            on_behalf_of: self.on_behalf_of.as_deref().map(|user| {
                let (name, email) = name_and_email(user);
                User { id: None, email, name, role: None, kind: UserKind::User }
            }),
            context: RequestContext {
                via: Some(self.via),
                request_id: self.request_id.clone(),
                ..RequestContext::default()
            },
            reason: self.reason.clone(),
            before: self.before.as_deref().map(json_file).transpose()?,
            after: self.after.as_deref().map(json_file).transpose()?,
            changes: None,
        })
    }
}

/// The resource's name in its latest entries. None if the token may not read: recording does not depend on it.
async fn known_name(client: &Client, proposal: &Proposal) -> Option<String> {
    let mut filter = Filter::default();
    let resource = Resource { model_type: proposal.model_type, model_id: proposal.model_id.clone() };
    filter.resource.include.push(resource);
    let query = Query { filter, limit: NAME_LOOKUP, ..Query::default() };
    let page = client.page(&query).await.ok()?;
    page.data.into_iter().find_map(|entry| entry.model_name)
}

/// Prints the id: in a sentence for people, and on stdout for scripts.
fn print_id(context: &mut Context, what: &str, id: u64) -> Result<(), Failure> {
    let terminal = &mut context.terminal;
    terminal.status(&format!("{what} {id}"));
    if !terminal.out_is_terminal || !terminal.err_is_terminal() || context.appearance.quiet {
        writeln!(terminal.data(), "{id}")?;
    }
    Ok(())
}

/// `Ana Ruiz <ana@acme.example>`, `ana@acme.example` or `Ana Ruiz`.
fn name_and_email(user: &str) -> (Option<String>, Option<String>) {
    let some = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
    match user.trim().strip_suffix('>').and_then(|user| user.split_once('<')) {
        Some((name, email)) => (some(name), some(email)),
        None if user.contains('@') && !user.trim().contains(char::is_whitespace) => (None, some(user)),
        None => (some(user), None),
    }
}

fn json_file(path: &Path) -> Result<RawJson, Failure> {
    let bytes = std::fs::read(path).map_err(|error| Failure::file(path, "read", &error))?;
    let not_json = |error: String| Failure::usage(format!("{} is not JSON: {error}", path.display()));
    let text = decoded(bytes).map_err(|error| not_json(error.to_owned()))?;
    // The parser's message names the position and does not quote the value.
    serde_json::from_str(&text).map_err(|error| not_json(error.to_string()))
}

async fn from_stdin(context: &Context) -> Result<Proposal, Failure> {
    if context.terminal.in_is_terminal {
        return Err(Failure::usage("nothing to record: give flags, or JSON on stdin")
            .hint("krosyn-audit record --help explains both"));
    }
    // More than the server accepts, so that the server reports the limit.
    let limit = 4 * MAX_ENTRY_BYTES as u64;
    let text = read_stdin(limit).await;
    let text = text.map_err(|error| Failure::usage(format!("cannot read the entry from stdin: {error}")))?;
    json_input::read(&text).map_err(|error| {
        Failure::usage(format!("stdin does not contain an entry: {error}"))
            .hint("the format is described in openapi.json, under Proposal")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_is_a_name_an_address_or_both() {
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(
            name_and_email("Ana Ruiz <ana@acme.example>"),
            (some("Ana Ruiz"), some("ana@acme.example"))
        );
        assert_eq!(name_and_email("ana@acme.example"), (None, some("ana@acme.example")));
        assert_eq!(name_and_email(" Ana Ruiz "), (some("Ana Ruiz"), None));
        assert_eq!(name_and_email("<ana@acme.example>"), (None, some("ana@acme.example")));
    }
}
