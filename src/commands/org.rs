//! `org`: the organizations of a store. An operator's command: it works on the store, not over the API.

use std::str::FromStr;

use clap::{Args, Subcommand};

use crate::commands::connect::{self, Need};
use crate::commands::operator_table::{OperatorValue, listing};
use crate::commands::{Context, target};
use crate::error::Failure;
use crate::exit;
use crate::model::plan::Retention;
use crate::model::time::Age;
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
    #[arg(long, value_name = "URL", global = true)]
    store: Option<String>,
}

#[derive(Debug, Subcommand)]
enum OrgCommand {
    /// Make an organization
    #[command(
        after_help = "Examples:\n  krosyn-audit org create acme --plan pro\n  krosyn-audit org create acme --plan free --store sqlite:audit.db"
    )]
    Create {
        /// Its name in commands: lower-case letters, digits and hyphens
        slug: Slug,
        /// Its plan: free, starter, pro, business
        #[arg(long)]
        plan: Plan,
    },
    /// List the organizations, their plans and what these keep
    #[command(
        after_help = "Examples:\n  krosyn-audit org list\n  krosyn-audit org list --store sqlite:audit.db"
    )]
    List,
    /// Change an organization's plan, or how short an age prunes may name; it counts from the next prune on
    #[command(
        after_help = "Examples:\n  krosyn-audit org set acme --plan business\n  krosyn-audit org set acme --floor 30d --store sqlite:audit.db"
    )]
    Set {
        /// The organization
        slug: Slug,
        /// The plan: free, starter, pro, business
        #[arg(long, required_unless_present = "floor")]
        plan: Option<Plan>,
        /// The shortest age a prune may name, such as 30d, though the plan keeps entries longer; or none
        #[arg(long, value_name = "AGE|none")]
        floor: Option<Floor>,
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
struct Floor(Option<Age>);

impl FromStr for Floor {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        if text == "none" {
            return Ok(Self(None));
        }
        text.parse()
            .map(|age| Self(Some(age)))
            .map_err(|error: crate::model::time::AgeError| error.to_string())
    }
}

impl OrgArgs {
    /// Does it.
    pub(crate) async fn run(self, context: &mut Context) -> Result<u8, Failure> {
        let need =
            if matches!(self.command, OrgCommand::Create { .. }) { Need::Create } else { Need::Existing };
        let store = open(context, self.store.as_deref(), need).await?;
        match self.command {
            OrgCommand::Create { slug, plan } => {
                let made = store
                    .create_organization(slug.0, Retention { plan, floor: None }, context.time.now)
                    .await?;
                context.terminal.status(&format!("made {}", said(&made)));
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
                        .status("the store holds no organization: `krosyn-audit org create` makes one");
                }
                listing(context, &["slug", "plan", "kept for", "floor", "made at"], rows)?;
            }
            OrgCommand::Set { slug, plan, floor } => {
                let organization = find(store.as_ref(), &slug.0).await?;
                let before = organization.retention;
                let retention = Retention {
                    plan: plan.unwrap_or(before.plan),
                    floor: floor.map_or(before.floor, |floor| floor.0),
                };
                let changed = Organization { retention, ..organization };
                store.set_retention(changed.id, retention).await?;
                context.terminal.status(&format!("now {}: it counts from the next prune on", said(&changed)));
            }
        }
        Ok(exit::DONE)
    }
}

fn said(organization: &Organization) -> String {
    let Retention { plan, floor } = organization.retention;
    let floor = floor.map_or_else(String::new, |floor| format!(", prunes may name {floor} or longer"));
    format!("{}, {plan} plan, entries kept for {}{floor}", organization.slug, plan.retention())
}

pub(super) async fn open(
    context: &mut Context,
    url: Option<&str>,
    need: Need,
) -> Result<std::sync::Arc<dyn Store>, Failure> {
    let url = url.map_or_else(|| target::default_store(context), |url| Ok(url.to_owned()))?;
    connect::open(context, &url, need).await.map_err(|failure| match failure.exit {
        exit::NOT_FOUND => Failure::new(exit::NOT_FOUND, failure.message)
            .hint("`krosyn-audit org create` makes one; --store names another"),
        _ => failure,
    })
}

pub(super) async fn find(store: &dyn Store, slug: &str) -> Result<Organization, Failure> {
    let organizations = store.organizations().await?;
    let slugs: Vec<_> = organizations.iter().map(|it| it.slug.clone()).collect();
    let missing = || {
        Failure::new(exit::NOT_FOUND, format!("there is no organization {slug:?}"))
            .hint(format!("the store holds {}", slugs.join(", ")))
    };
    organizations.into_iter().find(|it| it.slug == slug).ok_or_else(missing)
}
