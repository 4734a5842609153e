//! `status --max-age`: the alarm for a log that went silent.

use super::acme::{self, SERVER};
use crate::support::sandbox::Sandbox;

#[test]
fn an_old_or_missing_newest_entry_exits_10() {
    let sandbox = acme::sandbox();
    let silent = acme::run(&sandbox, &["status", "--max-age", "24h"]).ended(10);
    assert!(silent.out().contains("newest        2021-03-"), "{silent}");
    assert!(silent.err().contains("the log went silent: its newest entry is older than 1d"), "{silent}");
    acme::run(&sandbox, &["status", "--max-age", "1000y"]).ended(0);
    acme::record_update(&sandbox, "{\"a\":1}", "{\"a\":2}");
    acme::run(&sandbox, &["status", "--max-age", "24h"]).ended(0);
    acme::run(&sandbox, &["status", "--max-age", "0d"]).ended(2);

    let empty = Sandbox::new();
    empty.run(&["org", "create", "acme", "--plan", "pro", "--store", "sqlite:audit.db"]).ended(0);
    empty.run(&[&["status", "--max-age", "24h"], &SERVER[..]].concat()).ended(10);
}
