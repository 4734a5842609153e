//! Tests of the changes that a path matches, in every spelling of path and field.

use super::*;
use crate::model::fixtures::change;

fn touches(path: &str, change: &Change) -> bool {
    path.parse::<FieldPath>().expect(path).is_touched_by(change)
}

#[test]
fn a_path_matches_everything_under_it() {
    let perform = change(
        r#"{"field":"perform","old":{"url":"a","retry":{"max":3},"list":[1,2]},"new":{"url":"a","retry":{"max":5},"list":[1,3]}}"#,
    );
    for path in [
        "perform",
        "perform.retry",
        "perform.retry.max",
        "perform.list",
        "perform.list.1",
        "perform.list[1]",
        r#""perform"."retry".max"#,
    ] {
        assert!(touches(path, &perform), "{path}");
    }
    for path in [
        "perform.url",
        "perform.list.0",
        "perform.list[0]",
        "perform.list[7]",
        "perform.nothing",
        "perf",
        "retry.max",
        "performance",
        "perform.retry.max.x",
        "",
        ".",
        "[1]",
    ] {
        assert!(!touches(path, &perform), "{path}");
    }
    assert!(touches("perform.retry", &change(r#"{"field":"perform.retry.max","old":3,"new":5}"#)));
    assert!(touches("headers.Authorization", &change(r#"{"field":"headers","redacted":true}"#)));
}

#[test]
fn keys_with_dots_match_with_and_without_quotes() {
    let labels = change(
        r#"{"field":"labels","old":{"app.io/name":"x","a":{"b":1},"a.b":{"c":1}},"new":{"app.io/name":"y","a":{"b":2},"a.b":{"c":1}}}"#,
    );
    for path in [r#"labels."app.io/name""#, "labels.app.io/name", "labels.a.b", "labels.a"] {
        assert!(touches(path, &labels), "{path}");
    }
    // In quotes it is one key.
    for path in [r#"labels."a.b""#, r#"labels."a.b".c"#, "labels.a.b.c", "labels.app", "labels.app.io"] {
        assert!(!touches(path, &labels), "{path}");
    }
    // A field may be recorded by its dotted path, or contain dots in its name.
    let dotted = change(r#"{"field":"labels.app.io/name","old":1,"new":2}"#);
    for path in [r#"labels."app.io/name""#, "labels.app.io/name", "labels", r#""labels.app.io/name""#] {
        assert!(touches(path, &dotted), "{path}");
    }
    let literal = change(r#"{"field":"a.b","old":{"x":1},"new":{"x":2}}"#);
    for path in ["a.b", r#""a.b""#, r#""a.b".x"#, "a.b.x", "a"] {
        assert!(touches(path, &literal), "{path}");
    }
    let odd = change(
        r#"{"field":"odd","old":{"a\"b":1,"c,d":1,"":1,"[3]":1},"new":{"a\"b":2,"c,d":2,"":2,"[3]":2}}"#,
    );
    for path in [
        r#"odd."a\"b""#,
        r#"odd.a"b"#,
        r#"odd."c,d""#,
        "odd.c,d",
        "odd.",
        r#"odd."""#,
        r#"odd."[3]""#,
        "odd.[3]",
    ] {
        assert!(touches(path, &odd), "{path}");
    }
    assert!(touches("items[0].x", &change(r#"{"field":"items[0].x","old":1,"new":2}"#)));
}

#[test]
fn every_path_into_a_changed_secret_matches() {
    let auth = |old: &str, new: &str| {
        change(&format!(
            r#"{{"field":"auth","old":{{"token":{old},"user":"a"}},"new":{{"token":{new},"user":"b"}}}}"#
        ))
    };
    let path = "auth.token.kind";
    assert!(touches(path, &auth(r#""[redacted]""#, r#""[redacted, changed]""#)));
    assert!(touches(path, &auth(r#"{"kind":"x"}"#, r#""[redacted]""#)));
    assert!(!touches(path, &auth(r#""[redacted]""#, r#""[redacted]""#)), "the secret stayed");
    assert!(!touches(path, &auth(r#""plain""#, r#""text""#)), "nothing lies beneath a text");
    assert!(touches(path, &change(r#"{"field":"auth","new":{"token":"[redacted]"}}"#)));
    assert!(touches("token.kind", &change(r#"{"field":"token","redacted":true}"#)));
}

#[test]
fn moved_items_are_followed() {
    let list = |old: &str, new: &str| change(&format!(r#"{{"field":"l","old":{old},"new":{new}}}"#));
    let named = list(
        r#"[{"id":1,"n":"x"},{"id":2,"n":"y"},{"id":3,"n":"z"}]"#,
        r#"[{"id":9,"n":"w"},{"id":1,"n":"x"},{"id":2,"n":"x"},{"id":3,"n":"z"}]"#,
    );
    // The second item moved to the third place, and its `n` changed.
    for path in ["l[0]", "l[0 id=9]", "l[2].n", "l[2 id=2].n"] {
        assert!(touches(path, &named), "{path}");
    }
    assert!(!touches("l[3].n", &named) && !touches("l[1 id=1].n", &named));
    let swapped = list(r#"["a","b","c"]"#, r#"["b","a","c"]"#);
    assert!(touches("l[0]", &swapped) && touches("l[1]", &swapped) && !touches("l[2]", &swapped));
    let text = change(r#"{"field":"t","old":"{\"a\":[1]}","new":"{\"a\":[2]}"}"#);
    assert!(touches("t.a[0]", &text) && touches("t.a", &text) && !touches("t.b", &text));
    let repeated: Change = change(r#"{"field":"r","old":{"k":1,"k":2},"new":{"k":3,"k":2}}"#);
    assert!(touches("r.k", &repeated));
}

#[test]
fn a_leaf_is_covered_by_its_path_and_by_shorter_paths() {
    let covers = |path: &str, leaf: &[&str], is_opaque| {
        let leaf: Vec<_> = leaf.iter().map(|key| (*key).to_owned()).collect();
        path.parse::<FieldPath>().expect(path).covers(&leaf, is_opaque)
    };
    let leaf = ["labels", "app.io/name"];
    for path in ["labels", r#"labels."app.io/name""#, "labels.app.io/name"] {
        assert!(covers(path, &leaf, false), "{path}");
    }
    for path in ["label", "labels.app", "labels.app.io/name.x", r#""labels.app.io/name""#] {
        assert!(!covers(path, &leaf, false), "{path}");
    }
    assert!(covers("perform.mappings[3].from", &["perform", "mappings"], true));
    assert!(
        covers("perform.retry", &["perform.retry.max"], false)
            && covers("perform", &["perform.retry.max"], false)
    );
}
