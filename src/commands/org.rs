//! `org`: creates, lists and changes the organizations of a store. Operator command: works on the store, not the API.

use std::str::FromStr;

use clap::{Args, Subcommand};

use crate::commands::connect::{self, OpenMode};
use crate::commands::operator_table::{OperatorValue, print_table};
use crate::commands::{Context, target};
use crate::error::Failure;
use crate::exit;
use crate::model::plan::Retention;
use crate::model::time::{Age, AgeError};
use crate::model::trail::TrailEvent;
use crate::model::words::Plan;
use crate::store::{Organization, Store};

/// Create, list and change the organizations of a store (operator)
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
        after_help = "Examples:\n  krosyn-audit org list\n  krosyn-audit org list --store sqlite:audit.db"
    )]
    List,
    /// Change an organization's plan, or its shortest allowed retention; applies from the next prune
    #[command(
        after_help = "Examples:\n  krosyn-audit org set acme --plan business\n  krosyn-audit org set acme --floor 30d --store sqlite:audit.db"
    )]
    Set {
        /// The organization
        slug: Slug,
        /// The plan: free, starter, pro, business
        #[arg(long, required_unless_present = "floor")]
        plan: Option<Plan>,
        /// Allow `prune --older-than` down to this age, such as 30d, although the plan keeps entries longer; or none
        #[arg(long, value_name = "AGE|none")]
        floor: Option<FloorArg>,
    },
}

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
    pub(crate) async fn run(self, context: &mut Context) -> Result<u8, Failure> {
        let mode = match self.command {
            OrgCommand::Create { .. } => OpenMode::Create,
            OrgCommand::List | OrgCommand::Set { .. } => OpenMode::Existing,
        };
        let store = open(context, self.store.as_deref(), mode).await?;
        match self.command {
            OrgCommand::Create { slug, plan } => {
                let retention = Retention { plan, floor: None };
                let created = connect::create_organization(context, store.as_ref(), &slug.0, retention);
                let created = created.await??;
                context.terminal.status(&format!("created {}", summary(&created)));
            }
            OrgCommand::List => {
                let row = |organization: Organization| {
                    let Retention { plan, floor } = organization.retention;
                    vec![
                        OperatorValue::Text(organization.slug),
                        OperatorValue::Text(plan.to_string()),
                        OperatorValue::Text(plan.retention().to_string()),
                        OperatorValue::Text(floor.map_or_else(|| "-".to_owned(), |floor| floor.to_string())),
                        OperatorValue::Time(Some(organization.created_at)),
                    ]
                };
                let rows: Vec<_> = store.organizations().await?.into_iter().map(row).collect();
                if rows.is_empty() {
                    context
                        .terminal
                        .status("the store has no organization: create one with `krosyn-audit org create`");
                }
                print_table(context, &["slug", "plan", "retention", "floor", "created at"], rows)?;
            }
            OrgCommand::Set { slug, plan, floor } => {
                let organization = find(store.as_ref(), &slug.0).await?;
                let before = organization.retention;
                let retention = Retention {
                    plan: plan.unwrap_or(before.plan),
                    floor: floor.map_or(before.floor, |floor| floor.0),
                };
                let changed = Organization { retention, ..organization };
                let slug = changed.slug.clone();
                let event = TrailEvent::RetentionChanged { slug, old: before, new: retention };
                context.record_in_trail(store.as_ref(), changed.id, &event).await?;
                store.set_retention(changed.id, retention).await?;
                context.terminal.status(&format!("{} (applies from the next prune)", summary(&changed)));
            }
        }
        Ok(exit::DONE)
    }
}

/// `acme: plan pro, retention 1y, floor 30d`
fn summary(organization: &Organization) -> String {
    let Retention { plan, floor } = organization.retention;
    let floor = floor.map_or_else(String::new, |floor| format!(", floor {floor}"));
    format!("{}: plan {plan}, retention {}{floor}", organization.slug, plan.retention())
}

pub(super) async fn open(
    context: &mut Context,
    url: Option<&str>,
    mode: OpenMode,
) -> Result<std::sync::Arc<Store>, Failure> {
    let url = url.map_or_else(|| target::default_store(context), |url| Ok(url.to_owned()))?;
    connect::open(context, &url, mode).await.map_err(|failure| match failure.exit {
        exit::NOT_FOUND => Failure::new(exit::NOT_FOUND, failure.message)
            .hint("create a store with `krosyn-audit org create`; --store selects another"),
        _ => failure,
    })
}

pub(super) async fn find(store: &Store, slug: &str) -> Result<Organization, Failure> {
    let organizations = store.organizations().await?;
    let slugs: Vec<_> = organizations.iter().map(|it| it.slug.clone()).collect();
    let missing = || {
        Failure::new(exit::NOT_FOUND, format!("there is no organization {slug:?}"))
            .hint(format!("the store holds {}", slugs.join(", ")))
    };
    organizations.into_iter().find(|it| it.slug == slug).ok_or_else(missing)
}
