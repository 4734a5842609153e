//! `record`: append one entry, from flags and files or as JSON from stdin.

use std::path::{Path, PathBuf};

use clap::Args;
use uuid::Uuid;

use crate::args::connection::ConnectionArgs;
use crate::client::Recorded;
use crate::commands::Context;
use crate::commands::connect::{Need, connect};
use crate::error::Failure;
use crate::exit;
use crate::model::draft::MAX_ENTRY_BYTES;
use crate::model::entry::{Context as Channel, User};
use crate::model::filter::Resource;
use crate::model::json::RawJson;
use crate::model::proposal::Proposal;
use crate::model::time::{self, Edge, When};
use crate::model::words::{Action, UserKind, Via};
use crate::terminal::encoding::decoded;
use crate::terminal::read_stdin;

/// Append one entry, from flags and files or as JSON from stdin
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  krosyn-audit record -a created --resource connector/42 -u ana@acme.example --after new.json\n  krosyn-audit record < entry.json"
)]
pub struct RecordArgs {
    /// What was done: created, updated, deleted
    #[arg(short, long, value_name = "ACTION", requires_all = ["resource", "user"])]
    action: Option<Action>,

    /// What it was done to
    #[arg(long, value_name = "TYPE/ID", requires = "action")]
    resource: Option<Resource>,

    /// The resource's name
    #[arg(long, value_name = "NAME", requires = "action")]
    name: Option<String>,

    /// Who did it: an e-mail, a name, or 'NAME <E-MAIL>'
    #[arg(short, long, value_name = "USER", requires = "action")]
    user: Option<String>,

    /// The user's id
    #[arg(long, value_name = "ID", requires = "action")]
    user_id: Option<String>,

    /// The user's role
    #[arg(long, value_name = "ROLE", requires = "action")]
    user_role: Option<String>,

    /// What kind of identity it is: user, token, service, system
    #[arg(long, value_name = "KIND", default_value = "user")]
    user_kind: UserKind,

    /// A file with the whole resource before, as JSON (for updated and deleted)
    #[arg(long, value_name = "FILE", requires = "action")]
    before: Option<PathBuf>,

    /// A file with the whole resource after, as JSON (for created and updated)
    #[arg(long, value_name = "FILE", requires = "action")]
    after: Option<PathBuf>,

    /// When it happened (default: now)
    #[arg(long, value_name = "TIME", requires = "action")]
    at: Option<String>,

    /// Why
    #[arg(long, value_name = "TEXT", requires = "action")]
    reason: Option<String>,

    /// The channel: web, api, cli, terraform, system
    #[arg(long, value_name = "CHANNEL", default_value = "cli")]
    via: Via,

    /// The request it was part of
    #[arg(long, value_name = "ID", requires = "action")]
    request_id: Option<String>,

    /// The entry's idempotency key: the same again records nothing twice
    #[arg(long, value_name = "UUID", requires = "action")]
    uuid: Option<Uuid>,

    #[command(flatten)]
    connection: ConnectionArgs,
}

impl RecordArgs {
    /// Records.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn run(self, context: &mut Context) -> Result<u8, Failure> {
        let proposal = match self.action {
            Some(action) => self.proposal(action, context)?,
            None => from_stdin(context).await?,
        };
        let text = serde_json::to_string(&proposal)
            .map_err(|error| Failure::new(exit::FAILED, error.to_string()))?;
        let connection = connect(context, &self.connection, Need::Create).await?;
        match connection.client.record(text).await? {
            Recorded::New(entry) => tell(context, "recorded as entry", entry.id)?,
            Recorded::Known(entry) => tell(context, "was there already as entry", entry.id)?,
            Recorded::Nothing => {
                context.terminal.status("nothing differs between before and after: nothing was recorded")
            }
        }
        context.terminal.flush()?;
        connection.close().await?;
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
                    return Err(Failure::usage("--at: expected a moment, not an entry"));
                }
                Err(error) => return Err(Failure::usage(format!("--at: {error}"))),
            };
        let missing = match action {
            Action::Updated | Action::Deleted if self.before.is_none() => Some("--before"),
            Action::Updated | Action::Created if self.after.is_none() => Some("--after"),
            _ => None,
        };
        if let Some(flag) = missing {
            return Err(Failure::usage(format!(
                "an entry about what was {action} needs {flag}: give {flag} FILE"
            )));
        }
        Ok(Proposal {
            uuid: Some(self.uuid.unwrap_or_else(Uuid::now_v7)),
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
            context: Channel {
                via: Some(self.via),
                request_id: self.request_id.clone(),
                ..Channel::default()
            },
            reason: self.reason.clone(),
            before: self.before.as_deref().map(json_file).transpose()?,
            after: self.after.as_deref().map(json_file).transpose()?,
            changes: None,
        })
    }
}

/// Says what became of it, and gives the id to whoever does not read that.
fn tell(context: &mut Context, what: &str, id: u64) -> Result<(), Failure> {
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
    let text =
        decoded(bytes).map_err(|fault| Failure::usage(format!("{} is not JSON: {fault}", path.display())))?;
    // The parser's own words do not quote the value, only where it is broken.
    serde_json::from_str(&text)
        .map_err(|error| Failure::usage(format!("{} is not JSON: {error}", path.display())))
}

async fn from_stdin(context: &Context) -> Result<Proposal, Failure> {
    if context.terminal.in_is_terminal {
        return Err(Failure::usage("what is to be recorded? Give flags, or JSON on stdin")
            .hint("krosyn-audit record --help shows both"));
    }
    // A little more than the server takes, so that it is the server that says what is too large.
    let limit = 4 * MAX_ENTRY_BYTES as u64;
    let text = read_stdin(limit).await;
    let text = text.map_err(|error| Failure::usage(format!("cannot read the entry from stdin: {error}")))?;
    let proposal: Proposal = serde_json::from_str(&text).map_err(|error| {
        Failure::usage(format!("stdin holds no entry: {}", located(&error)))
            .hint("the shape is in openapi.json, under Proposal")
    })?;
    Ok(Proposal { uuid: Some(proposal.uuid.unwrap_or_else(Uuid::now_v7)), ..proposal })
}

/// Where an entry is not what it should be, without what stands there: it may be a secret.
fn located(error: &serde_json::Error) -> String {
    let words = error.to_string();
    let words = words.split(" at line ").next().unwrap_or_default();
    let expected = words.rfind("expected ").map(|at| &words[at..]);
    let fault = match expected {
        // Names of ours, and the parser's own words.
        _ if words.starts_with("missing field") || words.starts_with("duplicate field") => words.to_owned(),
        _ if error.is_syntax() || error.is_eof() => words.to_owned(),
        Some(expected) if words.starts_with("unknown field") => format!("unknown field: {expected}"),
        Some(expected) => format!("another value is needed: {expected}"),
        None => "it is not of the documented shape".to_owned(),
    };
    format!("{fault} at line {} column {}", error.line(), error.column())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_in_an_entry_names_its_place_and_no_value() {
        for (text, expected) in [
            (r#"{"c4nary":1}"#, "unknown field: expected one of"),
            (r#"{"action":"c4nary"}"#, "expected one of created, updated, deleted at line 1 column 19"),
            ("{\n\"uuid\":\"c4nary\"}", "at line 2 column"),
            (r#"{"user":{"c4nary":"x"}}"#, "unknown field: expected one of `id`"),
            (r#"{"action":"created"}"#, "missing field `model_type`"),
            ("{c4nary", "key must be a string at line 1 column 2"),
        ] {
            let error = serde_json::from_str::<Proposal>(text).map(drop).expect_err(text);
            let located = located(&error);
            assert!(located.contains(expected) && !located.contains("c4nary"), "{located}");
        }
    }

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
