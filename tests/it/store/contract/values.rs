//! Values are returned unchanged: every digit, and keys in order.

use std::sync::Arc;

use krosyn_audit::model::filter::Filter;
use krosyn_audit::model::page::Order;
use krosyn_audit::store::{Lookup, Store};

use crate::support::entries::{draft, everything, first_page, listed};
use crate::support::stores::organization;

/// Values that a careless store would round, sort, merge or refuse.
const VALUES: &[&str] = &[
    "1e400",
    "-0.0",
    "1.10",
    "9007199254740993",
    "123456789012345678901234567890",
    r#"{"z":1,"a":2,"m":{"b":null,"a":[]}}"#,
    r#"{"same":1,"same":2}"#,
    "null",
    r#""""#,
    "{}",
    "[]",
    r#"[1,"1",1.0]"#,
    r#""tab\tline\nquote\"back\\slash\u0000nul""#,
    "\"日本 🤖 \u{202e}\"",
];

pub(crate) async fn values_round_trip_unchanged(store: Arc<Store>) {
    let org = organization(&store, "acme").await;
    for (place, value) in VALUES.iter().enumerate() {
        let changes = format!(r#"[{{"field":"v","old":{value},"new":"x"}},{{"field":"w","new":{value}}}]"#);
        let text = format!(
            r#"{{"action":"updated","model_type":"connector","model_id":"1","user":{{"id":"7"}},"changes":{changes}}}"#
        );
        store.append(org, vec![draft(&text)], false).await.expect("appended");
        let Lookup::Found(entry) = store.entry(org, place as u64 + 1).await.expect("read") else {
            panic!("{value} is not found");
        };
        assert_eq!(entry.changes.get(), changes, "by id");
    }
    let read = store.page(org, first_page(&Filter::default(), Order::Ascending, 100)).await.expect("a page");
    assert_eq!(read.entries.len(), VALUES.len());
    assert_eq!(listed(&read), everything(&store, org).await, "every way to read gives the same");
}

pub(crate) async fn fields_keep_their_order(store: Arc<Store>) {
    let org = organization(&store, "acme").await;
    let text = r#"{"action":"created","model_type":"connector","model_id":"1","user":{"id":"7"},"after":{"z":1,"a":2,"m":1e400}}"#;
    store.append(org, vec![draft(text)], false).await.expect("appended");
    let entry = everything(&store, org).await.remove(0);
    assert_eq!(
        entry.changes.get(),
        r#"[{"field":"z","new":1},{"field":"a","new":2},{"field":"m","new":1e400}]"#
    );
}
