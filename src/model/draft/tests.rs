//! Preparation of drafts: computed changes, refusals and their messages.

use super::*;
use crate::model::fixtures::now;

/// A draft from the required members and `more`.
fn prepared(more: &str) -> Result<Draft, Refusal> {
    let text = format!(r#"{{"model_type":"connector","model_id":"42","user":{{"id":"7"}},{more}}}"#);
    Draft::prepare(&serde_json::from_str(&text).expect(&text), &Redaction::default(), now())
}

fn refused(more: &str) -> (String, String) {
    match prepared(more) {
        Err(Refusal::Invalid(errors)) if errors.len() == 1 => {
            (errors[0].field.clone(), errors[0].detail.clone())
        }
        other => unreachable!("{more}: {other:?}"),
    }
}

#[test]
fn computes_the_changes_of_each_action() {
    let changes = |more: &str| prepared(more).expect(more).entry().changes.get().to_owned();
    assert_eq!(
        changes(r#""action":"created","after":{"b":1,"a":null}"#),
        r#"[{"field":"b","new":1},{"field":"a","new":null}]"#
    );
    assert_eq!(changes(r#""action":"deleted","before":{"b":1e400}"#), r#"[{"field":"b","old":1e400}]"#);
    assert_eq!(
        changes(r#""action":"updated","before":{"a":1,"b":2},"after":{"b":3,"a":1.0}"#),
        r#"[{"field":"b","old":2,"new":3}]"#
    );
    assert_eq!(
        changes(
            r#""action":"updated","changes":[{"field":"a","old":1,"new":1},{"field":"token","old":"x1","new":"x2"}]"#
        ),
        r#"[{"field":"token","old":"[redacted]","new":"[redacted, changed]","redacted":true}]"#
    );
    assert_eq!(
        prepared(r#""action":"updated","before":{"a":1},"after":{"a":1.0}"#).expect_err("no change"),
        Refusal::NoChange
    );
}

#[test]
fn refuses_missing_and_excess_members() {
    for (more, field, detail) in [
        (
            r#""action":"created","before":{}"#,
            "after",
            "is missing: a created entry needs after (or changes)",
        ),
        (
            r#""action":"created","before":{},"after":{}"#,
            "before",
            "is not allowed in a created entry: send after only",
        ),
        (
            r#""action":"deleted","after":{}"#,
            "before",
            "is missing: a deleted entry needs before (or changes)",
        ),
        (
            r#""action":"updated","after":{}"#,
            "before",
            "is missing: an updated entry needs before and after (or changes)",
        ),
        (r#""action":"updated","before":[1],"after":{}"#, "before", "is not a JSON object"),
        (
            r#""action":"updated","before":{},"changes":[]"#,
            "changes",
            "cannot be combined with before or after: send one or the other",
        ),
        (
            r#""action":"created","changes":[{"field":"a","old":1,"new":2}]"#,
            "changes[0]",
            "must have new and no old: the resource was created",
        ),
        (
            r#""action":"deleted","changes":[{"field":"a","new":2}]"#,
            "changes[0]",
            "must have old and no new: the resource was deleted",
        ),
        (
            r#""action":"updated","changes":[{"field":"a"}]"#,
            "changes[0]",
            "must have old, new or both: the resource was updated",
        ),
        (r#""action":"updated","changes":[{"field":"","new":1}]"#, "changes[0]", "has no field name"),
        (
            r#""action":"updated","changes":[{"field":"a","new":1},{"field":"a","new":2}]"#,
            "changes[1]",
            "repeats the field of an earlier change",
        ),
        (
            r#""action":"created","after":{},"reason":" ""#,
            "reason",
            "is blank: leave it out when it is not known",
        ),
    ] {
        assert_eq!(refused(more), (field.to_owned(), detail.to_owned()), "{more}");
    }
    assert_eq!(refused(r#""action":"created","after":{},"context":{"ip":"localhost"}"#).0, "context.ip");
    assert_eq!(
        refused(r#""action":"created","after":{},"occurred_at":"2026-11-22T08:05:01Z""#).0,
        "occurred_at"
    );
    assert!(prepared(r#""action":"created","after":{},"occurred_at":"2026-11-22T08:05:00Z""#).is_ok());
    let nested = format!(r#""action":"created","after":{{"a":{}1{}}}"#, "[".repeat(70), "]".repeat(70));
    assert_eq!(refused(&nested).0, "after");
    // The nesting of a value does not count the object around it.
    let deep = |levels: usize| format!("{}1{}", "[".repeat(levels), "]".repeat(levels));
    for (levels, taken) in [(64, true), (65, false)] {
        for more in [
            format!(r#""action":"created","after":{{"a":{}}}"#, deep(levels)),
            format!(r#""action":"deleted","before":{{"a":{}}}"#, deep(levels)),
            format!(r#""action":"updated","before":{{}},"after":{{"a":{}}}"#, deep(levels)),
            format!(r#""action":"created","changes":[{{"field":"a","new":{}}}]"#, deep(levels)),
        ] {
            assert_eq!(prepared(&more).is_ok(), taken, "{levels}: {more}");
        }
    }
    let large = format!(r#""action":"created","after":{{"a":"{}"}}"#, "x".repeat(MAX_ENTRY_BYTES));
    assert!(matches!(prepared(&large), Err(Refusal::TooLarge(_))));
}

#[test]
fn a_retry_has_the_same_content_and_another_value_has_not() {
    let more =
        r#""action":"created","uuid":"0193a1f2-6c1e-7c3a-9d55-0f6d2a7b8c11","after":{"a":1,"password":"x1"}"#;
    let stored = prepared(more).expect("a draft").stored_as(9);
    assert!(prepared(more).expect("a draft").same_content(&stored));
    assert!(
        prepared(&more.replace("x1", "x2")).expect("a draft").same_content(&stored),
        "secrets are not kept to compare"
    );
    assert!(!prepared(&more.replace("\"a\":1", "\"a\":2")).expect("a draft").same_content(&stored));
    let timed = format!(r#"{more},"occurred_at":"2026-11-20T00:00:00Z""#);
    assert!(!prepared(&timed).expect("a draft").same_content(&stored), "a time that was given counts");
}

#[test]
fn a_uuid_from_content_is_stable_and_independent_of_secrets() {
    let key = |value: &str| {
        let more = format!(
            r#""action":"created","occurred_at":"2026-11-20T00:00:00Z","after":{{"a":1,"password":"{value}"}}"#
        );
        prepared(&more).expect("a draft").keyed_by_content().entry().uuid
    };
    assert_eq!(key("4711"), key("0815"), "a hash of a secret is a way to guess it");
    let other = r#""action":"created","occurred_at":"2026-11-20T00:00:00Z","after":{"a":2}"#;
    assert_ne!(prepared(other).expect("a draft").keyed_by_content().entry().uuid, key("4711"));
    let given = r#""action":"created","uuid":"0193a1f2-6c1e-7c3a-9d55-0f6d2a7b8c11","after":{}"#;
    let kept = prepared(given).expect("a draft").keyed_by_content().entry().uuid;
    assert_eq!(kept.to_string(), "0193a1f2-6c1e-7c3a-9d55-0f6d2a7b8c11");
}

const TIMED: &str = r#""action":"updated","occurred_at":"2026-11-20T00:00:00Z""#;

#[test]
fn an_updated_secret_tells_which_sides_existed() {
    let changes =
        |more: &str| prepared(&format!("{TIMED},{more}")).expect(more).entry().changes.get().to_owned();
    let gone = r#"[{"field":"password","old":"[redacted]","redacted":true}]"#;
    let came = r#"[{"field":"password","new":"[redacted]","redacted":true}]"#;
    let both = r#"[{"field":"password","old":"[redacted]","new":"[redacted, changed]","redacted":true}]"#;
    for (sent, kept) in [
        (r#""before":{"a":1,"password":"x"},"after":{"a":1}"#, gone),
        (r#""before":{"a":1},"after":{"a":1,"password":"x"}"#, came),
        (r#""before":{"password":"x"},"after":{"password":"y"}"#, both),
        (r#""before":{"password":null},"after":{"password":"y"}"#, both),
        (r#""changes":[{"field":"password","old":"x"}]"#, gone),
        (r#""changes":[{"field":"password","new":"x"}]"#, came),
        (r#""changes":[{"field":"password","old":"[redacted]","new":"[redacted, changed]"}]"#, both),
        // A recorder that withholds secrets may tell no more.
        (r#""changes":[{"field":"password","redacted":true}]"#, r#"[{"field":"password","redacted":true}]"#),
    ] {
        assert_eq!(changes(sent), kept, "{sent}");
        // An exported change is imported unchanged.
        assert_eq!(changes(&format!(r#""changes":{kept}"#)), kept);
    }
    let renamed = r#""before":{"password":"x"},"after":{"passwd":"x"}"#;
    assert_eq!(
        changes(renamed),
        r#"[{"field":"passwd","new":"[redacted]","redacted":true},{"field":"password","old":"[redacted]","redacted":true}]"#
    );
    let refusal = refused(r#""action":"updated","changes":[{"field":"a","old":"x","redacted":true}]"#);
    assert_eq!(refusal.1, "is redacted and has a value: send one or the other");
    let created =
        refused(r#""action":"created","changes":[{"field":"a","old":"[redacted]","redacted":true}]"#);
    assert_eq!(created.1, "must have new and no old: the resource was created");
}

/// Earlier versions knew only that a secret changed.
#[test]
fn a_recording_stays_the_same_one_after_an_upgrade() {
    let more = format!(
        r#"{TIMED},"uuid":"0193a1f2-6c1e-7c3a-9d55-0f6d2a7b8c11","before":{{"a":1,"password":"x"}},"after":{{"a":2}}"#
    );
    let draft = prepared(&more).expect("a draft");
    let mut stored = draft.clone().stored_as(9);
    let text = stored.changes.get().replace(r#""old":"[redacted]","#, "");
    stored.changes = Changes::from_text(text).expect("JSON");
    assert!(draft.same_content(&stored));
    assert!(!prepared(&more.replace("\"a\":2", "\"a\":3")).expect("a draft").same_content(&stored));
    let other = more.replace(r#""after":{"a":2}"#, r#""after":{"a":2,"password":"y"}"#);
    let changed = prepared(&other).expect("a draft");
    assert!(!changed.same_content(&draft.stored_as(9)), "removed is not changed");
    let key = |changes: &str| {
        let more = format!(r#"{TIMED},"changes":{changes}"#);
        prepared(&more).expect("a draft").keyed_by_content().entry().uuid
    };
    assert_eq!(
        key(r#"[{"field":"password","redacted":true},{"field":"a","old":1}]"#),
        key(r#"[{"field":"password","old":"x"},{"field":"a","old":1}]"#)
    );
}

#[test]
fn the_user_an_entry_was_made_for_is_checked_and_redacted_as_the_user() {
    let with = |user: &str| format!(r#""action":"created","after":{{"a":1}},"on_behalf_of":{user}"#);
    for (user, field, detail) in [
        ("{}", "on_behalf_of", "needs an id, an email or a name"),
        (r#"{"kind":"agent"}"#, "on_behalf_of", "needs an id, an email or a name"),
        (r#"{"id":"8","email":" "}"#, "on_behalf_of.email", "is blank: leave it out when it is not known"),
    ] {
        assert_eq!(refused(&with(user)), (field.to_owned(), detail.to_owned()), "{user}");
    }
    let long = format!(r#"{{"id":"{}"}}"#, "x".repeat(MAX_ID_CHARS + 1));
    assert_eq!(refused(&with(&long)).0, "on_behalf_of.id");
    let draft = prepared(&with(r#"{"id":"8","name":"Ana, password: x7Yz90aB","role":"admin"}"#));
    let kept = draft.expect("a draft").entry().on_behalf_of.clone().expect("a user");
    assert_eq!(kept.name.as_deref(), Some("Ana, password: [redacted]"));
    assert_eq!((kept.id.as_deref(), kept.role.as_deref()), (Some("8"), Some("admin")));
}

#[test]
fn the_user_an_entry_was_made_for_is_part_of_its_content() {
    let draft = |more: &str| {
        let more =
            format!(r#""action":"created","occurred_at":"2026-11-20T00:00:00Z","after":{{"a":1}}{more}"#);
        prepared(&more).expect("a draft").keyed_by_content()
    };
    let (alone, for_ana) = (draft(""), draft(r#","on_behalf_of":{"id":"8"}"#));
    // Computed by the version before `on_behalf_of`: an import of an old file adds no entry a second time.
    assert_eq!(alone.entry().uuid.to_string(), "8121a5a9-ddeb-8df9-a934-bcd0b8d422c0");
    assert_ne!(for_ana.entry().uuid, alone.entry().uuid);
    let stored = for_ana.clone().stored_as(9);
    assert!(for_ana.same_content(&stored));
    let other = Entry { on_behalf_of: None, ..stored };
    assert!(!for_ana.same_content(&other), "its user for whom it acted differs");
}
