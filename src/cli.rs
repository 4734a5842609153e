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
#[command(after_help = AFTER_HELP, after_long_help = AFTER_LONG_HELP)]
pub struct Cli {
    #[command(flatten)]
    pub(crate) appearance: AppearanceArgs,

    /// Look around in an invented organization; nothing is kept
    #[arg(long, global = true, help_heading = "Connection")]
    pub(crate) demo: bool,

    /// Use the settings of this profile of config.toml [env: KROSYN_AUDIT_PROFILE]
    #[arg(long, value_name = "NAME", global = true, help_heading = "Connection")]
    pub(crate) profile: Option<String>,

    /// Show each request and answer with its headers, tokens hidden, bodies left out
    #[arg(long, global = true, help_heading = "Connection")]
    pub(crate) debug_http: bool,

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

macro_rules! exit_codes_and_examples {
    () => {
        "Exit codes: 0 done, 1 failed, 2 usage, 3 partly done, 4 not allowed, 5 not found,
6 refused by a guard, 7 integrity, 8 locked, 9 server not reachable, 10 --exit-code and something
matched, 130 interrupted (129 by a hang-up, 143 by SIGTERM)

Examples:
  krosyn-audit --demo list
  krosyn-audit show latest"
    };
}

/// What stands at the end of `-h`.
const AFTER_HELP: &str = exit_codes_and_examples!();

/// What stands at the end of `--help` and of the manual page.
const AFTER_LONG_HELP: &str = concat!(
    "Configuration: profiles in ~/.config/krosyn-audit/config.toml, or under $XDG_CONFIG_HOME.
  profile = \"work\"                            # meant when nothing names another
  [profiles.work]
  server = \"https://audit.krosyn.example\"     # as --server
  token_command = [\"pass\", \"show\", \"krosyn\"]  # prints the token for this server; no shell is run
  tz = \"Europe/Madrid\"                        # as --tz; so are time, color, theme, ascii, org,
                                              # insecure_http
A flag outranks the environment, the environment the profile. `status -v` says who says what.
The token is that of --token-file, else of KROSYN_AUDIT_TOKEN, else of token_command, else the one
that login kept for the profile and the server.

Environment:
  KROSYN_AUDIT_SERVER   as --server
  KROSYN_AUDIT_TOKEN    the token; for KROSYN_AUDIT_SERVER alone, when both are set
  KROSYN_AUDIT_PROFILE  as --profile
  NO_COLOR, CLICOLOR_FORCE, TERM=dumb  whether to paint
  TZ                    as --tz, also as the path of a zone file, or a fixed offset such as JST-9
  XDG_CONFIG_HOME, XDG_DATA_HOME  where config.toml and credentials.json, and the store, are

",
    exit_codes_and_examples!()
);

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

    /// Whether it heeds `config.toml`. A server has settings of its own, and what explains the tool always works.
    pub(crate) const fn has_profile(&self) -> bool {
        !matches!(self, Self::Serve(_) | Self::Completions(_) | Self::Man(_))
    }

    /// Whether it may make the profile it names.
    pub(crate) const fn makes_profile(&self) -> bool {
        matches!(self, Self::Login(_))
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
            Self::Completions(args) => args.run(context),
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
