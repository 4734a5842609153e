//! The command tree: one line for each command.

use clap::{CommandFactory as _, Parser, Subcommand};

use crate::args::output::AppearanceArgs;
use crate::commands::Context;
use crate::commands::blame::BlameArgs;
use crate::commands::browse::BrowseArgs;
use crate::commands::erase::EraseArgs;
use crate::commands::export::ExportArgs;
use crate::commands::forward::ForwardArgs;
use crate::commands::generate::{CompletionsArgs, ManArgs};
use crate::commands::history::HistoryArgs;
use crate::commands::hold::HoldArgs;
use crate::commands::import::ImportArgs;
use crate::commands::list::ListArgs;
use crate::commands::login::{LoginArgs, LogoutArgs, StatusArgs};
use crate::commands::open::OpenArgs;
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

/// Audit log of the Krosyn integration platform: search, export, verify and administer it
#[derive(Debug, Parser)]
#[command(name = "krosyn-audit", version, max_term_width = 100, disable_help_subcommand = true)]
#[command(after_help = AFTER_HELP, after_long_help = AFTER_LONG_HELP)]
pub struct Cli {
    #[command(flatten)]
    pub(crate) appearance: AppearanceArgs,

    /// Use an invented organization as data; nothing is stored
    #[arg(long, global = true, help_heading = "Connection")]
    pub(crate) demo: bool,

    /// Use this profile of config.toml [env: KROSYN_AUDIT_PROFILE]
    #[arg(long, value_name = "NAME", global = true, help_heading = "Connection")]
    pub(crate) profile: Option<String>,

    /// Log each HTTP request and response with headers; tokens are hidden, bodies omitted
    #[arg(long, global = true, help_heading = "Connection")]
    pub(crate) debug_http: bool,

    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

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
    Forward(Box<ForwardArgs>),
    Prune(PruneArgs),
    Hold(HoldArgs),
    Erase(EraseArgs),
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
    Open(OpenArgs),
    Completions(CompletionsArgs),
    Man(ManArgs),
}

macro_rules! exit_codes_and_examples {
    () => {
        "Exit codes: 0 done, 1 failed, 2 wrong usage, 3 partly done, 4 not allowed, 5 not found,
6 refused by a safety check, 7 integrity check failed, 8 locked, 9 server unreachable,
10 entries matched (--exit-code) or the newest entry is older than --max-age (status),
129 hang-up, 130 interrupted, 143 SIGTERM

Examples:
  krosyn-audit --demo list
  krosyn-audit show latest"
    };
}

/// The end of `-h`.
const AFTER_HELP: &str = exit_codes_and_examples!();

/// The end of `--help` and of the manual page.
const AFTER_LONG_HELP: &str = concat!(
    "Configuration: profiles in ~/.config/krosyn-audit/config.toml, or under $XDG_CONFIG_HOME.
  profile = \"work\"                            # the default profile
  [profiles.work]
  server = \"https://audit.krosyn.example\"     # as --server
  token_command = [\"pass\", \"show\", \"krosyn\"]  # prints the token for this server; run without a shell
  tz = \"Europe/Madrid\"                        # as --tz; also: time, color, theme, ascii, org,
                                              # insecure_http
Flags override the environment, and the environment overrides the profile. `status -v` shows where
each setting comes from.
The token comes from --token-file, else KROSYN_AUDIT_TOKEN, else token_command, else the token that
login saved for the profile and the server.

Environment:
  KROSYN_AUDIT_SERVER   as --server
  KROSYN_AUDIT_TOKEN    the token; sent only to KROSYN_AUDIT_SERVER when both are set
  KROSYN_AUDIT_PROFILE  as --profile
  NO_COLOR, CLICOLOR_FORCE, TERM=dumb  whether to use colour
  TZ                    as --tz; also the path of a zone file, or a fixed offset such as JST-9
  XDG_CONFIG_HOME       directory of krosyn-audit/config.toml and credentials.json
  XDG_DATA_HOME         directory of the default store
  XDG_STATE_HOME        directory of the keys and checkpoints that verify --server has seen

",
    exit_codes_and_examples!()
);

/// The output of `krosyn-audit` without arguments.
const START: &str = "Five commands to start with:

  krosyn-audit --demo list            try it with invented data
  krosyn-audit list --since 7d        list the changes of the last week
  krosyn-audit show latest            show the last change, field by field
  krosyn-audit export -o all.csv      export everything, for a spreadsheet or an auditor
  krosyn-audit prune --dry-run        show which entries are past their retention

krosyn-audit --help lists all commands.
";

/// Global options that matter to no command without tables.
const OF_TABLES: &[&str] = &["theme", "time", "no_pager"];
/// Global options that text without data from a log does not need.
const OF_DATA: &[&str] =
    &["color", "theme", "ascii", "tz", "time", "no_pager", "verbose", "demo", "profile", "debug_http"];

/// The command tree. The help of a command leaves out global options that do nothing there; they are accepted anyway.
pub(crate) fn tree() -> clap::Command {
    let tree = Cli::command();
    let globals: Vec<_> = tree.get_arguments().filter(|arg| arg.is_global_set()).cloned().collect();
    tree.mut_subcommands(|command| {
        let hidden = match command.get_name() {
            "completions" | "man" => OF_DATA,
            "serve" => &["theme", "time", "no_pager", "tz", "profile", "debug_http"][..],
            "org" | "token" | "store" | "logout" => &["theme", "time", "no_pager", "demo", "debug_http"][..],
            "login" | "open" => &["theme", "time", "no_pager", "demo"][..],
            "export" | "record" | "import" | "forward" | "verify" | "status" => OF_TABLES,
            _ => &[],
        };
        let hide = |arg: &clap::Arg| hidden.contains(&arg.get_id().as_str());
        command.args(globals.iter().filter(|arg| hide(arg)).map(|arg| arg.clone().hide(true)))
    })
}

impl Command {
    /// Whether it serves requests: it needs several threads.
    pub(crate) const fn is_server(&self) -> bool {
        matches!(self, Self::Serve(_))
    }

    /// Whether it handles signals itself, to finish what is in flight.
    pub(crate) const fn handles_signals(&self) -> bool {
        matches!(self, Self::Serve(_) | Self::Forward(_))
    }

    /// Whether it runs until the user interrupts it.
    pub(crate) const fn is_endless(&self) -> bool {
        matches!(self, Self::List(args) if args.is_endless())
    }

    /// Whether it uses the audit API, of a server or of the demo.
    pub(crate) const fn is_client(&self) -> bool {
        match self {
            Self::Verify(args) => args.is_client(),
            Self::Serve(_)
            | Self::Org(_)
            | Self::Token(_)
            | Self::Store(_)
            | Self::Completions(_)
            | Self::Man(_) => false,
            _ => true,
        }
    }

    /// Whether it reads `config.toml`. A server has its own settings, and documentation works without any.
    pub(crate) const fn has_profile(&self) -> bool {
        !matches!(self, Self::Serve(_) | Self::Completions(_) | Self::Man(_))
    }

    /// Whether it may create the profile it names.
    pub(crate) const fn creates_profile(&self) -> bool {
        matches!(self, Self::Login(_))
    }

    /// Whether errors are also printed as JSON.
    pub(crate) fn is_json(&self) -> bool {
        match self {
            Self::List(args) => args.is_json(),
            Self::Show(args) => args.is_json(),
            Self::History(args) => args.is_json(),
            Self::Blame(args) => args.is_json(),
            Self::Stats(args) => args.is_json(),
            Self::Export(args) => args.is_json(),
            Self::Prune(args) => args.is_json(),
            Self::Hold(args) => args.is_json(),
            Self::Erase(args) => args.is_json(),
            Self::Verify(args) => args.is_json(),
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
            Self::Forward(args) => args.run(context).await,
            Self::Prune(args) => args.run(context).await,
            Self::Hold(args) => args.run(context).await,
            Self::Erase(args) => args.run(context).await,
            Self::Record(args) => args.run(context).await,
            Self::Import(args) => args.run(context).await,
            Self::Verify(args) => args.run(context).await,
            Self::Serve(args) => args.run(context).await,
            Self::Org(args) => args.run(context).await,
            Self::Token(args) => args.run(context).await,
            Self::Store(args) => args.run(context).await,
            Self::Login(args) => args.run(context).await,
            Self::Logout(args) => args.run(context),
            Self::Status(args) => args.run(context).await,
            Self::Open(args) => args.run(context).await,
            Self::Completions(args) => args.run(context),
            Self::Man(args) => args.run(context, tree()),
        }
    }
}

/// Prints the first commands to try.
pub(crate) fn start(context: &mut Context) -> Result<u8, Failure> {
    context.terminal.data().write_all(START.as_bytes())?;
    context.terminal.flush()?;
    Ok(exit::DONE)
}

#[cfg(test)]
mod tests {
    use super::tree;
    use crate::args::connection::{GLOBAL_WITH_VALUE, GROUPS, WITH_VALUE};

    #[test]
    fn flags_before_a_command_are_recognized() {
        let tree = tree();
        let groups = tree.get_subcommands().filter(|command| command.has_subcommands());
        let mut groups: Vec<_> = groups.map(clap::Command::get_name).collect();
        groups.sort_unstable();
        assert_eq!(groups, GROUPS);
        let flags = |command: &clap::Command, is_wanted: fn(&clap::Arg) -> bool| {
            let args =
                command.get_arguments().filter(|arg| arg.get_action().takes_values() && is_wanted(arg));
            let names = args.flat_map(|arg| arg.get_long_and_visible_aliases().unwrap_or_default());
            names.map(|name| format!("--{name}")).collect::<Vec<_>>()
        };
        assert_eq!(flags(&tree, clap::Arg::is_global_set), GLOBAL_WITH_VALUE);
        let open = tree.find_subcommand("open").expect("a command with only connection flags");
        let of_connection = flags(open, |arg| arg.get_help_heading() == Some("Connection"));
        assert!(of_connection.iter().all(|flag| WITH_VALUE.contains(&flag.as_str())), "{of_connection:?}");
    }
}
