//! `org rename`: gives an organization another slug.

use crate::commands::Context;
use crate::commands::org::lookup::find;
use crate::error::Failure;
use crate::model::trail::{OrganizationEvent, TrailEvent};
use crate::store::Store;
use crate::store::error::StoreError;

pub(super) async fn rename(
    context: &mut Context,
    store: &Store,
    old: String,
    new: String,
) -> Result<(), Failure> {
    let organization = find(store, &old).await?;
    if old == new {
        return Err(Failure::usage(format!("the organization is already named {new}")));
    }
    // The trail does not record a rename that cannot be done.
    if store.organizations().await?.iter().any(|it| it.slug == new) {
        return Err(StoreError::Exists(format!("an organization {new:?}")).into());
    }
    let event = OrganizationEvent::Renamed { old: old.clone(), new: new.clone() };
    context.record_in_trail(store, organization.id, &TrailEvent::Organization(event)).await?;
    store.rename_organization(organization.id, new.clone()).await?;
    context.terminal.status(&format!("{old} is now {new}; its tokens stay valid"));
    context.terminal.hint(&format!(
        "change {old} in scripts (--org), in profiles (org), and in cursor files of `list --follow` and `forward` (organization)"
    ));
    Ok(())
}
