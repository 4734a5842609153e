//! `store copy` from SQLite to PostgreSQL, killed twice and repeated: the copy is complete.

use std::process::Stdio;
use std::time::Duration;

use krosyn_audit::model::words::Scope;
use krosyn_audit::store::{self, StoredToken};

use crate::support::entries::{NOW, append, days_ago, everything, recording_at};
use crate::support::postgres::{connect, shared};
use crate::support::sandbox::Sandbox;
use crate::support::stores::organization;

/// Entries of the large organization: a copy reads a thousand at a time.
const ENTRIES: i64 = 5000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_killed_twice_resumes_and_is_complete() {
    let Some(server) = shared() else { return };
    let (sandbox, url) = (Sandbox::new(), server.bare_database().await);
    let from = store::open(&format!("sqlite:{}", sandbox.path("audit.db").display())).await.expect("a store");
    let (small, large) = (organization(&from, "a-small").await, organization(&from, "large").await);
    append(&from, small, [recording_at("1", days_ago(100)), recording_at("2", days_ago(1))]).await;
    for number in 0..ENTRIES / 1000 {
        append(&from, large, (0..1000).map(|it| recording_at("1", days_ago(number * 20 + it % 20)))).await;
    }
    let run = from.begin_prune(large, "cron".into(), days_ago(80), NOW).await.expect("asked").expect("free");
    from.prune_batch(large, run.clone(), 500, NOW).await.expect("a batch");
    from.finish_prune(large, run, true, NOW).await.expect("finished");
    let token = StoredToken {
        name: "cron".to_owned(),
        hash: [7; 32],
        scopes: vec![Scope::Read, Scope::Prune],
        created_at: days_ago(3),
        created_by: Some("ana".to_owned()),
        expires_at: None,
        revoked_at: None,
        last_used_at: None,
    };
    from.create_token(large, token).await.expect("kept");
    from.revoke_token(large, "cron".to_owned(), days_ago(2)).await.expect("revoked");

    for enough in [1, 2000] {
        let copying =
            sandbox.command(&["store", "copy", "sqlite:audit.db", &url]).stdout(Stdio::null()).spawn();
        let mut copying = copying.expect("started");
        let target = connect(&url).await;
        loop {
            let count = target.query("SELECT count(*) FROM entries WHERE org_id = 2", &[]).await;
            if count.is_ok_and(|rows| rows[0].get::<_, i64>(0) >= enough) {
                break;
            }
            assert!(copying.try_wait().expect("asked").is_none(), "it copies still");
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        copying.kill().expect("killed");
        assert_eq!(sandbox.finish(copying).status, None, "in the middle");
    }
    let copy = |status| {
        let outcome = sandbox.run(&["store", "copy", "sqlite:audit.db", &url]);
        outcome.ended(status)
    };
    // Each copy is an entry of the trail.
    let audit_logs = |told: &str| {
        let lines = told.lines().filter(|line| !line.contains("/trail"));
        lines
            .map(|line| line.rsplit_once('\t').expect("a digest"))
            .map(|(log, digest)| (log.to_owned(), digest.to_owned()))
            .collect::<Vec<_>>()
    };
    let told = audit_logs(copy(0).out());
    assert_eq!(told.iter().map(|(log, _)| log.as_str()).collect::<Vec<_>>(), ["a-small\t2", "large\t4500"]);
    let digest = &told[1].1;
    assert!(digest.len() == 64 && digest.bytes().all(|byte| byte.is_ascii_hexdigit()), "{told:?}");
    assert_eq!(audit_logs(copy(0).out()), told, "once more changes nothing");

    let to = store::open(&url).await.expect("a store");
    for (here, there) in
        from.organizations().await.expect("two").iter().zip(&to.organizations().await.expect("two"))
    {
        assert_eq!(
            (&here.slug, here.retention, here.created_at),
            (&there.slug, there.retention, there.created_at)
        );
        assert_eq!(everything(&from, here.id).await, everything(&to, there.id).await);
        assert_eq!(from.past(here.id).await.expect("a past"), to.past(there.id).await.expect("a past"));
        assert_eq!(from.tokens(here.id).await.expect("tokens"), to.tokens(there.id).await.expect("tokens"));
    }
    // Somebody changes the copy: it is found out.
    let changed = "UPDATE entries SET reason = 'x' WHERE org_id = 2 AND id = 1";
    assert_eq!(connect(&url).await.execute(changed, &[]).await.expect("changed"), 1);
    let outcome = copy(krosyn_audit::exit::INTEGRITY);
    assert!(outcome.err().contains("the copies of large differ"), "{outcome}");
    for store in [from, to] {
        store.close().await;
    }
}
