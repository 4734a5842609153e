//! A query string means the same to client and server, whatever is in it.

use proptest::prelude::*;

use super::*;
use crate::model::filter::{Choice, FilterValue, Resource};
use crate::model::page::Position;
use crate::model::timestamp::Timestamp;
use crate::model::words::{Action, Log, ModelType, Via};

fn choice<T: Clone + std::fmt::Debug + 'static>(
    values: impl Strategy<Value = T> + Clone + 'static,
) -> BoxedStrategy<Choice<T>> {
    let list = || prop::collection::vec(values.clone(), 0..3);
    (list(), list()).prop_map(|(include, exclude)| Choice { include, exclude }).boxed()
}

fn text() -> impl Strategy<Value = String> + Clone {
    "[a-c,!\\\\&=+%é 🤖]{0,8}".prop_map(|text| format!("{text}x"))
}

fn parsed<T: FilterValue<Err: std::fmt::Debug> + std::fmt::Debug>() -> impl Strategy<Value = T> + Clone {
    let text = ("(is:|email:|token/id:|\"|a\\.)?", text(), "(\"|\\[[0-9]\\])?");
    text.prop_map(|(before, text, behind)| format!("{before}{text}{behind}").parse().expect("a value"))
}

fn filter() -> impl Strategy<Value = Filter> {
    let word = |all: &'static [ModelType]| prop::sample::select(all);
    let time = || {
        prop::option::of(
            (0i64..=Timestamp::MAX.micros())
                .prop_map(|micros| Timestamp::from_micros(micros).expect("a time")),
        )
    };
    let resource = (word(ModelType::of(Log::Audit)), text())
        .prop_map(|(model_type, model_id)| Resource { model_type, model_id });
    (
        (
            choice(prop::sample::select(Action::of(Log::Audit))),
            choice(word(ModelType::of(Log::Audit))),
            (choice(parsed()), choice(parsed())),
            choice(resource),
            choice(text()),
        ),
        (
            choice(parsed()),
            choice(prop::sample::select(Via::ALL)),
            choice(text()),
            choice(parsed()),
            choice(
                prop::sample::select(&["198.51.100.23", "10.0.0.0/8", "::1"][..])
                    .prop_map(|it| it.parse().expect("a network")),
            ),
            choice(parsed()),
            time(),
            time(),
        ),
    )
        .prop_map(
            |(
                (action, model_type, (user, on_behalf_of), resource, model_id),
                (field, via, request_id, reason, ip, text, since, until),
            )| Filter {
                action,
                model_type,
                user,
                on_behalf_of,
                resource,
                model_id,
                field,
                via,
                request_id,
                ip,
                reason,
                text,
                since,
                until,
            },
        )
}

fn query() -> impl Strategy<Value = Query> {
    let id = || prop::option::of(0..i64::MAX.unsigned_abs());
    let cursor = prop::option::of((0i64..1_000_000, 0u64..1000, 0u64..1000, any::<[u8; 8]>()).prop_map(
        |(micros, id, as_of, binding)| {
            let occurred_at = Timestamp::from_micros(micros).expect("a time");
            Cursor { position: Position { occurred_at, id }, as_of, binding }
        },
    ));
    (filter(), any::<bool>(), 1..=MAX_LIMIT, cursor, id(), id(), any::<bool>()).prop_map(
        |(filter, ascending, limit, cursor, after_id, as_of, total)| {
            let by_time = if ascending { Order::Ascending } else { Order::Descending };
            let order = if after_id.is_some() { Order::ById } else { by_time };
            Query { filter, order, limit, cursor, after_id, as_of, total }
        },
    )
}

fn read(pairs: &[(&'static str, String)]) -> Result<Query, Vec<FieldError>> {
    Query::read(Log::Audit, pairs)
}

proptest! {
    #[test]
    fn a_query_round_trips(query in query()) {
        prop_assert_eq!(read(&query.pairs()), Ok(query));
    }

    #[test]
    fn arbitrary_pairs_do_not_panic(pairs in prop::collection::vec(("\\PC{0,8}", "\\PC{0,12}"), 0..5)) {
        let _ = Query::read(Log::Audit, &pairs);
    }
}

#[test]
fn invalid_parameters_are_errors() {
    for (name, value, detail) in [
        (
            "actoin",
            "created",
            "is not a parameter of this request: expected one of action, model_type, user, on_behalf_of, resource, model_id, field, via, request_id, ip, reason, q, since, until, order, limit, cursor, after_id, as_of, total",
        ),
        ("action", "made", "unknown action \"made\": expected one of created, updated, deleted"),
        ("user", "", "has an empty value: name at least one, separated by commas"),
        ("resource", "connector", "expected TYPE/ID, such as connector/42, not \"connector\""),
        ("limit", "0", "must be a whole number from 1 to 1000"),
        ("limit", "1001", "must be a whole number from 1 to 1000"),
        ("order", "newest", "must be desc (newest first) or asc (oldest first)"),
        ("after_id", "-1", "must be an entry id, a whole number"),
        ("as_of", "18446744073709551615", "must be an entry id, a whole number"),
        ("cursor", "eyJ", "is not a cursor: send page.next_cursor unchanged"),
        ("total", "yes", "must be true or false"),
        (
            "since",
            "yesterday",
            "is not an RFC 3339 time between the years 1970 and 9999: \"yesterday\" (such as 2026-11-22T08:14:07.412033Z)",
        ),
    ] {
        assert_eq!(Query::read(Log::Audit, &[(name, value)]), Err(vec![FieldError::new(name, detail)]));
    }
    let twice = Query::read(Log::Audit, &[("limit", "5"), ("limit", "6")]).expect_err("twice");
    assert_eq!(twice, [FieldError::new("limit", "appears more than once")]);
    assert!(Query::read(Log::Audit, &[("after_id", "5"), ("order", "asc")]).is_err());
    assert!(read_only_filter(Log::Audit, &[("limit", "5")]).is_err());
}

#[test]
fn a_cursor_is_bound_to_organization_filter_and_order_but_not_to_the_order_of_words() {
    let of = |pairs: &[(&str, &str)]| Query::read(Log::Audit, pairs).expect("valid");
    let one = of(&[("action", "created,updated"), ("user", "ana")]);
    assert_eq!(
        one.binding(1),
        of(&[("user", "ana"), ("action", "updated"), ("action", "created"), ("limit", "7")]).binding(1)
    );
    assert_ne!(one.binding(1), one.binding(2));
    assert_ne!(one.binding(1), of(&[("action", "created"), ("user", "ana")]).binding(1));
    assert_ne!(
        one.binding(1),
        of(&[("action", "created,updated"), ("user", "ana"), ("order", "asc")]).binding(1)
    );
}

#[test]
fn too_many_parameters_or_values_are_refused_by_their_limit_and_not_repeated() {
    let unknown: Vec<_> = (0..20_000).map(|n| (format!("p{n}"), "x".to_owned())).collect();
    let read = |pairs: &[(String, String)]| Query::read(Log::Audit, pairs).expect_err("too many");
    assert_eq!(read(&unknown), [FieldError::new("the query string", "has more than 1000 parameters")]);
    assert_eq!(read(&unknown[..1000]).len(), 1000);
    for (name, most) in [("model_id", 100), ("user", 100), ("field", 100), ("resource", 100), ("action", 100)]
    {
        let value = if name == "resource" { "secret/1" } else { "created" };
        let list = |count: usize| vec![value; count].join(",");
        assert!(Query::read(Log::Audit, &[(name, list(most).as_str())]).is_ok(), "{name}");
        let refused = [FieldError::new(name, format!("has more than {most} values"))];
        assert_eq!(Query::read(Log::Audit, &[(name, list(most + 1).as_str())]), Err(refused.to_vec()));
        assert_eq!(Query::read(Log::Audit, &[(name, list(11_000).as_str())]), Err(refused.to_vec()));
    }
    let words: Vec<_> = (0..400).map(|n| ("q".to_owned(), format!("word{n}"))).collect();
    assert!(read(&words).contains(&FieldError::new("q", "has more than 20 values")));
    assert!(Query::read(Log::Audit, &[("q", "é".repeat(1000).as_str())]).is_ok());
    assert_eq!(
        Query::read(Log::Audit, &[("q", "é".repeat(1001).as_str())]),
        Err(vec![FieldError::new("q", "has a text of more than 1000 characters")])
    );
    let long = "x".repeat(60_000);
    for (name, value) in [
        ("action", &long),
        ("resource", &long),
        ("since", &long),
        ("order", &long),
        ("user", &format!("id:,{long}")),
    ] {
        let errors = Query::read(Log::Audit, &[(name, value.as_str())]).expect_err(name);
        assert!(errors.iter().all(|error| error.detail.len() < 600), "{name}: {errors:?}");
    }
}
