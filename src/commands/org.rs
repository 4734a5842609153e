//! `org`: creates, lists, changes, renames and deletes the organizations of a store. Operator command: works on the store, not
//! the API.

mod delete;
mod list;
mod lookup;
mod rename;
mod set;

use std::str::FromStr;

use clap::{Args, Subcommand};

use crate::commands::Context;
use crate::commands::connect::{self, OpenMode};
use crate::commands::org::lookup::summary;
use crate::error::Failure;
use crate::exit;
use crate::model::plan::Retention;
use crate::model::time::{Age, AgeError};
use crate::model::words::Plan;

pub(super) use crate::commands::org::lookup::{find, open};

/// Create, list, change, rename and delete the organizations of a store (operator)
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  krosyn-audit org create acme --plan business --store sqlite:audit.db\n  krosyn-audit org set acme --plan pro --store sqlite:audit.db"
)]
pub(crate) struct OrgArgs {
    #[command(subcommand)]
    command: OrgCommand,

    /// The store: sqlite:PATH or postgres://… (default: SQLite in the platform's data directory)
    #[arg(long, alias = "server", value_name = "URL", global = true)]
    store: Option<String>,
}

#[derive(Debug, Subcommand)]
enum OrgCommand {
    /// Create an organization
    #[command(
        after_help = "Examples:\n  krosyn-audit org create acme --plan pro\n  krosyn-audit org create acme --plan free --store sqlite:audit.db"
    )]
    Create {
        /// The short name used in commands: lower-case letters, digits and hyphens
        slug: Slug,
        /// The plan, which sets the retention: free, starter, pro, business
        #[arg(long)]
        plan: Plan,
    },
    /// List the organizations with their plans and retention
    #[command(
        after_help = "Examples:\n  krosyn-audit org list\n  krosyn-audit org list --deleted --store sqlite:audit.db"
    )]
    List {
        /// List the organizations that were deleted, with the time, the local account that deleted them, and the number of entries
        #[arg(long)]
        deleted: bool,
    },
    /// Change an organization's plan, or its floor (the shortest age for `prune --older-than`); applies from the next prune
    ///
    /// If more entries expire than before, the command shows how many, the oldest and when they are deleted, and asks.
    #[command(
        after_help = "Examples:\n  krosyn-audit org set acme --plan business\n  krosyn-audit org set acme --floor 30d --yes --store sqlite:audit.db"
    )]
    Set {
        /// The organization
        slug: Slug,
        /// The plan: free, starter, pro, business
        #[arg(long, required_unless_present = "floor")]
        plan: Option<Plan>,
        /// The shortest age that `prune --older-than` may use, such as 30d, if it is below the plan's retention; none removes it
        #[arg(long, value_name = "AGE|none")]
        floor: Option<FloorArg>,
        /// Do not ask although more entries expire; required without a terminal
        #[arg(long)]
        yes: bool,
    },
    /// Give an organization another short name
    ///
    /// Tokens, entries and checkpoints stay valid. Profiles and commands with the old name fail until they are changed.
    #[command(
        after_help = "Examples:\n  krosyn-audit org rename acme acme-eu\n  krosyn-audit org rename acme acme-eu --store sqlite:audit.db"
    )]
    Rename {
        /// The organization
        #[arg(value_name = "OLD")]
        old: Slug,
        /// The new short name: lower-case letters, digits and hyphens
        #[arg(value_name = "NEW")]
        new: Slug,
    },
    /// Delete an organization with its entries, its trail and its tokens, permanently
    ///
    /// Shows how many entries and tokens will be deleted, and asks for the organization's name. The tokens stop working at once;
    /// the rest is deleted in batches. After an interruption, run it again to continue. `org list --deleted` shows the record
    /// that remains.
    #[command(
        after_help = "Examples:\n  krosyn-audit org delete acme\n  krosyn-audit org delete acme --yes --store sqlite:audit.db"
    )]
    Delete {
        /// The organization
        slug: Slug,
        /// Delete without asking; required without a terminal
        #[arg(long)]
        yes: bool,
    },
}

/// The short name of an organization.
#[derive(Debug, Clone)]
struct Slug(String);

impl FromStr for Slug {
    type Err = &'static str;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let fit = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        let sound = (1..=63).contains(&text.len())
            && text.chars().all(fit)
            && !text.starts_with('-')
            && !text.ends_with('-');
        if sound {
            Ok(Self(text.to_owned()))
        } else {
            Err("expected up to 63 lower-case letters, digits and inner hyphens, such as acme-eu")
        }
    }
}

#[derive(Debug, Clone, Copy)]
struct FloorArg(Option<Age>);

impl FromStr for FloorArg {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        if text == "none" {
            return Ok(Self(None));
        }
        text.parse().map(|age| Self(Some(age))).map_err(|error: AgeError| error.to_string())
    }
}

impl OrgArgs {
    /// Exit code 6 when a change that loses entries is not confirmed, or when a hold keeps entries.
    pub(crate) async fn run(self, context: &mut Context) -> Result<u8, Failure> {
        let mode = match self.command {
            OrgCommand::Create { .. } => OpenMode::Create,
            _ => OpenMode::Existing,
        };
        let store = open(context, self.store.as_deref(), mode).await?;
        let store = store.as_ref();
        match self.command {
            OrgCommand::Create { slug, plan } => {
                let retention = Retention { plan, floor: None };
                let created = connect::create_organization(context, store, &slug.0, retention).await??;
                context.terminal.status(&format!("created {}", summary(&created)));
            }
            OrgCommand::List { deleted: false } => list::list(context, store).await?,
            OrgCommand::List { deleted: true } => list::list_deleted(context, store).await?,
            OrgCommand::Set { slug, plan, floor, yes } => {
                let organization = find(store, &slug.0).await?;
                let before = organization.retention;
                let new = Retention {
                    plan: plan.unwrap_or(before.plan),
                    floor: floor.map_or(before.floor, |floor| floor.0),
                };
                set::set(context, store, organization, new, yes).await?;
            }
            OrgCommand::Rename { old, new } => rename::rename(context, store, old.0, new.0).await?,
            OrgCommand::Delete { slug, yes } => delete::delete(context, store, &slug.0, yes).await?,
        }
        Ok(exit::DONE)
    }
}
