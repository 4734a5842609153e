//! Opens the store of an operator command, and finds an organization in it.

use std::sync::Arc;

use crate::commands::connect::{self, OpenMode};
use crate::commands::{Context, target};
use crate::error::Failure;
use crate::exit;
use crate::model::plan::Retention;
use crate::store::{Organization, Store};

/// `acme: plan pro, retention 1y, floor 30d`
pub(super) fn summary(organization: &Organization) -> String {
    let Retention { plan, floor } = organization.retention;
    let floor = floor.map_or_else(String::new, |floor| format!(", floor {floor}"));
    format!("{}: plan {plan}, retention {}{floor}", organization.slug, plan.retention())
}

/// Opens the store of `--store`, or the default one.
pub(in crate::commands) async fn open(
    context: &mut Context,
    url: Option<&str>,
    mode: OpenMode,
) -> Result<Arc<Store>, Failure> {
    let url = url.map_or_else(|| target::default_store(context), |url| Ok(url.to_owned()))?;
    connect::open(context, &url, mode).await.map_err(|failure| match failure.exit {
        exit::NOT_FOUND => Failure::new(exit::NOT_FOUND, failure.message)
            .hint("create a store with `krosyn-audit org create`; --store selects another"),
        _ => failure,
    })
}

/// The organization with this slug.
pub(in crate::commands) async fn find(store: &Store, slug: &str) -> Result<Organization, Failure> {
    let organizations = store.organizations().await?;
    match organizations.iter().find(|it| it.slug == slug) {
        Some(found) => Ok(found.clone()),
        None => Err(connect::no_organization(slug, &organizations)),
    }
}
