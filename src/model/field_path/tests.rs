//! Which changes a path means, however the path and the field are written.

use super::*;

fn change(text: &str) -> Change {
    serde_json::from_str(text).expect(text)
}

fn touches(path: &str, change: &Change) -> bool {
    path.parse::<FieldPath>().expect(path).is_touched_by(change)
}

#[test]
fn a_path_covers_what_lies_beneath_it_and_a_leaf_only_itself() {
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
fn keys_with_dots_are_found_as_they_are_printed_and_as_they_are_typed() {
    let labels = change(
        r#"{"field":"labels","old":{"app.io/name":"x","a":{"b":1},"a.b":{"c":1}},"new":{"app.io/name":"y","a":{"b":2},"a.b":{"c":1}}}"#,
    );
    for path in [r#"labels."app.io/name""#, "labels.app.io/name", "labels.a.b", "labels.a"] {
        assert!(touches(path, &labels), "{path}");
    }
    // In quotes it is that key and no path.
    for path in [r#"labels."a.b""#, r#"labels."a.b".c"#, "labels.a.b.c", "labels.app", "labels.app.io"] {
        assert!(!touches(path, &labels), "{path}");
    }
    // A field may be recorded under its dotted path, or be called so.
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
fn beneath_a_secret_every_path_counts_when_the_secret_changed() {
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
fn items_are_followed_when_they_move() {
    let list = |old: &str, new: &str| change(&format!(r#"{{"field":"l","old":{old},"new":{new}}}"#));
    let named = list(
        r#"[{"id":1,"n":"x"},{"id":2,"n":"y"},{"id":3,"n":"z"}]"#,
        r#"[{"id":9,"n":"w"},{"id":1,"n":"x"},{"id":2,"n":"x"},{"id":3,"n":"z"}]"#,
    );
    // The second became the third, and its name what the third had before... and the others' did not.
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
fn leaves_are_covered_by_their_own_and_by_wider_paths() {
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
