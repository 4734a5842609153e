//! The command tree: one line for each command.

use clap::{CommandFactory as _, Parser, Subcommand};

use crate::args::output::AppearanceArgs;
use crate::commands::Context;
use crate::commands::blame::BlameArgs;
use crate::commands::browse::BrowseArgs;
use crate::commands::export::ExportArgs;
use crate::commands::generate::{CompletionsArgs, ManArgs};
use crate::commands::history::HistoryArgs;
use crate::commands::import::ImportArgs;
use crate::commands::list::ListArgs;
use crate::commands::login::{LoginArgs, LogoutArgs, StatusArgs};
use crate::commands::org::OrgArgs;
use crate::commands::prune::PruneArgs;
use crate::commands::record::RecordArgs;
use crate::commands::serve::ServeArgs;
use crate::commands::show::ShowArgs;
use crate::commands::stats::StatsArgs;
use crate::commands::store::StoreArgs;
use crate::commands::token::TokenArgs;
use crate::commands::verify::VerifyArgs;
use crate::error::Failure;
use crate::exit;

/// Who changed what on the Krosyn integration platform, and the tool to administer that log
#[derive(Debug, Parser)]
#[command(name = "krosyn-audit", version, max_term_width = 100, disable_help_subcommand = true)]
#[command(
    after_help = "Exit codes: 0 done, 1 failed, 2 usage, 3 partly done, 4 not allowed, 5 not found,\n6 refused by a guard, 7 integrity, 8 locked, 9 server not reachable, 10 --exit-code and something\nmatched, 130 interrupted\n\nExamples:\n  krosyn-audit --demo list\n  krosyn-audit show latest"
)]
pub struct Cli {
    #[command(flatten)]
    pub(crate) appearance: AppearanceArgs,

    /// Look around in an invented organization; nothing is kept
    #[arg(long, global = true, help_heading = "Connection")]
    pub(crate) demo: bool,

    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    #[command(visible_alias = "ls")]
    List(ListArgs),
    Show(ShowArgs),
    History(Box<HistoryArgs>),
    Blame(BlameArgs),
    Stats(StatsArgs),
    Browse(BrowseArgs),
    Export(ExportArgs),
    Prune(PruneArgs),
    Record(RecordArgs),
    Import(ImportArgs),
    Verify(VerifyArgs),
    Serve(ServeArgs),
    Org(OrgArgs),
    Token(TokenArgs),
    Store(StoreArgs),
    Login(LoginArgs),
    Logout(LogoutArgs),
    Status(StatusArgs),
    Completions(CompletionsArgs),
    Man(ManArgs),
}

/// What `krosyn-audit` alone says.
const START: &str = "Five commands to start with:

  krosyn-audit --demo list            look around in an invented organization
  krosyn-audit list --since 7d        what changed in the last week
  krosyn-audit show latest            the last change, field by field
  krosyn-audit export -o all.csv      everything, for a spreadsheet or an auditor
  krosyn-audit prune --dry-run        what is past its retention

krosyn-audit --help lists the rest.
";

impl Command {
    /// Whether it needs more than one thread.
    pub(crate) const fn is_server(&self) -> bool {
        matches!(self, Self::Serve(_))
    }

    /// Whether it talks to an audit API, of which the demo is one.
    pub(crate) const fn talks(&self) -> bool {
        !matches!(
            self,
            Self::Serve(_)
                | Self::Org(_)
                | Self::Token(_)
                | Self::Verify(_)
                | Self::Store(_)
                | Self::Completions(_)
                | Self::Man(_)
        )
    }

    /// Whether errors are also told as JSON.
    pub(crate) fn is_json(&self) -> bool {
        match self {
            Self::List(args) => args.is_json(),
            Self::Show(args) => args.is_json(),
            Self::History(args) => args.is_json(),
            Self::Blame(args) => args.is_json(),
            Self::Stats(args) => args.is_json(),
            Self::Export(args) => args.is_json(),
            Self::Prune(args) => args.is_json(),
            _ => false,
        }
    }

    pub(crate) async fn run(self, context: &mut Context) -> Result<u8, Failure> {
        match self {
            Self::List(args) => args.run(context).await,
            Self::Show(args) => args.run(context).await,
            Self::History(args) => args.run(context).await,
            Self::Blame(args) => args.run(context).await,
            Self::Stats(args) => args.run(context).await,
            Self::Browse(args) => args.run(context).await,
            Self::Export(args) => args.run(context).await,
            Self::Prune(args) => args.run(context).await,
            Self::Record(args) => args.run(context).await,
            Self::Import(args) => args.run(context).await,
            Self::Verify(args) => args.run(context),
            Self::Serve(args) => args.run(context).await,
            Self::Org(args) => args.run(context).await,
            Self::Token(args) => args.run(context).await,
            Self::Store(args) => args.run(context).await,
            Self::Login(args) => args.run(context).await,
            Self::Logout(args) => args.run(context),
            Self::Status(args) => args.run(context).await,
            Self::Completions(args) => args.run(context, Cli::command()),
            Self::Man(args) => args.run(context, Cli::command()),
        }
    }
}

/// Says how to start.
pub(crate) fn start(context: &mut Context) -> Result<u8, Failure> {
    context.terminal.data().write_all(START.as_bytes())?;
    context.terminal.flush()?;
    Ok(exit::DONE)
}
