//! Organizations and tokens.

use std::sync::Arc;

use chrono::TimeDelta;
use krosyn_audit::model::plan::Retention;
use krosyn_audit::model::words::{Plan, Scope};
use krosyn_audit::store::error::StoreError;
use krosyn_audit::store::{Organization, Store, StoredToken, TokenUse};

use crate::support::entries::{NOW, days_ago};
use crate::support::stores::organization;

fn token(name: &str, hash: [u8; 32]) -> StoredToken {
    StoredToken {
        name: name.to_owned(),
        hash,
        scopes: vec![Scope::Read, Scope::Prune],
        created_at: NOW,
        created_by: Some("ana".to_owned()),
        expires_at: Some(NOW.plus(TimeDelta::days(90))),
        revoked_at: None,
        last_used_at: None,
    }
}

pub(crate) async fn organizations_are_listed_by_slug_and_a_slug_is_unique(store: Arc<Store>) {
    assert!(store.organizations().await.expect("none").is_empty());
    let floor = Some("30d".parse().expect("an age"));
    let make = async |slug: &str, plan, floor| {
        store.create_organization(slug.to_owned(), Retention { plan, floor }, days_ago(1)).await
    };
    let zeta = make("zeta", Plan::Business, floor).await.expect("made");
    let alpha = make("alpha", Plan::Free, None).await.expect("made");
    assert_ne!(alpha.id, zeta.id);
    let retention = Retention { plan: Plan::Business, floor };
    let Organization { id, uuid, .. } = zeta;
    assert_eq!(zeta, Organization { id, uuid, slug: "zeta".into(), retention, created_at: days_ago(1) });
    assert_eq!(store.organizations().await.expect("two"), [alpha.clone(), zeta.clone()]);
    let again = make("zeta", Plan::Free, None).await.expect_err("taken");
    assert!(matches!(&again, StoreError::Exists(words) if words.contains("zeta")), "{again}");
    assert_eq!(store.organizations().await.expect("two"), [alpha, zeta]);
}

pub(crate) async fn set_retention_changes_one_organization(store: Arc<Store>) {
    let (one, other) = (organization(&store, "one").await, organization(&store, "other").await);
    let lowered = Retention { plan: Plan::Pro, floor: Some("7d".parse().expect("an age")) };
    let plain = Retention { plan: Plan::Starter, floor: None };
    for retention in [lowered, plain] {
        store.set_retention(one, retention).await.expect("set");
        let organizations = store.organizations().await.expect("two");
        let of = |id| organizations.iter().find(|it| it.id == id).expect("there").retention;
        assert_eq!((of(one), of(other)), (retention, Retention { plan: Plan::Free, floor: None }));
    }
}

pub(crate) async fn tokens_are_listed_by_name_and_found_by_hash(store: Arc<Store>) {
    let (one, other) = (organization(&store, "one").await, organization(&store, "other").await);
    let cron = token("cron", [1; 32]);
    let bare = StoredToken { scopes: vec![], expires_at: None, created_by: None, ..token("a", [2; 32]) };
    store.create_token(one, cron.clone()).await.expect("kept");
    store.create_token(one, bare.clone()).await.expect("kept");
    let elsewhere = token("cron", [3; 32]);
    store.create_token(other, elsewhere.clone()).await.expect("a name is taken in its organization only");
    let taken = store.create_token(one, token("cron", [4; 32])).await.expect_err("taken");
    assert!(matches!(&taken, StoreError::Exists(words) if words.contains("cron")), "{taken}");
    assert_eq!(store.tokens(one).await.expect("two"), [bare, cron.clone()]);
    assert_eq!(store.tokens(other).await.expect("one"), [elsewhere]);

    let found = store.find_tokens([1; 32]).await.expect("found");
    let [(found, organization)] = &found[..] else { panic!("{found:?}") };
    assert_eq!((found, organization.id, organization.slug.as_str()), (&cron, one, "one"));
    assert!(store.find_tokens([4; 32]).await.expect("none").is_empty(), "what was refused is not kept");
}

pub(crate) async fn tokens_with_the_same_hash_prefix_are_distinct(store: Arc<Store>) {
    let org = organization(&store, "acme").await;
    let mut alike = [1; 32];
    alike[31] = 9;
    store.create_token(org, token("one", [1; 32])).await.expect("kept");
    store.create_token(org, token("other", alike)).await.expect("kept");
    for (name, hash) in [("one", [1; 32]), ("other", alike)] {
        let found = store.find_tokens(hash).await.expect("found");
        let same: Vec<_> = found.iter().filter(|(token, _)| token.hash == hash).collect();
        assert_eq!(same.len(), 1);
        assert_eq!(same[0].0.name, name);
    }
}

pub(crate) async fn a_second_revocation_keeps_the_first_time(store: Arc<Store>) {
    let (org, other) = (organization(&store, "acme").await, organization(&store, "other").await);
    store.create_token(org, token("cron", [1; 32])).await.expect("kept");
    store.create_token(other, token("cron", [2; 32])).await.expect("kept");
    for moment in [days_ago(2), days_ago(1)] {
        store.revoke_token(org, "cron".into(), moment).await.expect("revoked");
        let kept = store.find_tokens([1; 32]).await.expect("found").remove(0).0;
        assert_eq!(kept.revoked_at, Some(days_ago(2)), "the first revocation counts");
    }
    assert_eq!(store.tokens(other).await.expect("one")[0].revoked_at, None);
    let missing = store.revoke_token(org, "corn".into(), NOW).await.expect_err("no such token");
    assert!(matches!(&missing, StoreError::Missing(words) if words.contains("corn")), "{missing}");
}

pub(crate) async fn last_used_at_keeps_the_latest_use_in_any_order(store: Arc<Store>) {
    let (org, other) = (organization(&store, "acme").await, organization(&store, "other").await);
    store.create_token(org, token("cron", [1; 32])).await.expect("kept");
    store.create_token(other, token("cron", [2; 32])).await.expect("kept");
    let used = |name: &str, at| TokenUse { name: name.to_owned(), at };
    let last = async || store.tokens(org).await.expect("one")[0].last_used_at;
    for (told, kept) in [(days_ago(3), days_ago(3)), (days_ago(1), days_ago(1)), (days_ago(2), days_ago(1))] {
        let uses = vec![used("nobody", NOW), used("cron", told)];
        store.note_token_uses(org, uses).await.expect("noted");
        assert_eq!(last().await, Some(kept));
    }
    assert_eq!(store.find_tokens([1; 32]).await.expect("found")[0].0.last_used_at, Some(days_ago(1)));
    assert_eq!(store.tokens(other).await.expect("one")[0].last_used_at, None, "another's of that name");
    store.note_token_uses(org, vec![]).await.expect("nothing to note");
}

pub(crate) async fn calls_to_a_closed_store_fail(store: Arc<Store>) {
    let org = organization(&store, "acme").await;
    store.ready().await.expect("ready");
    store.close().await;
    assert!(matches!(store.ready().await, Err(StoreError::Closed)));
    assert!(matches!(store.prunes(org).await, Err(StoreError::Closed)));
    assert!(matches!(store.revoke_token(org, "x".into(), NOW).await, Err(StoreError::Closed)));
}
