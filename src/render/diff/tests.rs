//! Tests comparisons against a naive walk over both values.

use proptest::collection::{btree_map, vec};
use proptest::prelude::{Just, ProptestConfig, Strategy, any, prop_oneof, proptest};
use std::collections::BTreeMap;

use super::*;
use crate::model::fixtures::json;

fn differences(old: &str, new: &str) -> Vec<Difference> {
    match compare(&json(old), &json(new)) {
        Some(ValueDiff::Members(found) | ValueDiff::Items(found)) => found,
        None => Vec::new(),
        other => panic!("{other:?}"),
    }
}

fn item(index: usize, diff: ValueDiff) -> Difference {
    Difference { at: PathStep::Item(index), diff }
}

/// Scalars, nested in objects a few levels deep.
fn objects() -> impl Strategy<Value = Json> {
    let scalar = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::Bool),
        (0..4_u8, prop_oneof![Just(""), Just(".0")]).prop_map(|(n, tail)| Json::Number(format!("{n}{tail}"))),
        "[ab\n]{0,2}".prop_map(Json::String),
    ];
    let nested = scalar.prop_recursive(3, 24, 4, |inner| {
        btree_map("[a-d]", inner, 0..4).prop_map(|members| Json::Object(members.into_iter().collect()))
    });
    btree_map("[a-d]", nested, 0..5).prop_map(|members| Json::Object(members.into_iter().collect()))
}

/// Every leaf by its path; an empty object counts as a leaf.
fn flatten(value: &Json, path: &str, leaves: &mut BTreeMap<String, Json>) {
    match value {
        Json::Object(members) if !members.is_empty() => {
            for (key, value) in members {
                flatten(value, &format!("{path}/{key}"), leaves);
            }
        }
        leaf => {
            leaves.insert(path.to_owned(), leaf.clone());
        }
    }
}

/// The leaves of `old` and `new` that a difference reports.
fn reported(
    diff: &ValueDiff,
    path: &str,
    old: &mut BTreeMap<String, Json>,
    new: &mut BTreeMap<String, Json>,
) {
    let text = |text: &String| Json::String(text.clone());
    match diff {
        ValueDiff::Members(found) => {
            for Difference { at, diff } in found {
                let PathStep::Member(key) = at else { panic!("{at:?}") };
                reported(diff, &format!("{path}/{key}"), old, new);
            }
        }
        ValueDiff::Added(value) => flatten(value, path, new),
        ValueDiff::Removed(value) => flatten(value, path, old),
        ValueDiff::Replaced { old: before, new: after } => {
            flatten(before, path, old);
            flatten(after, path, new);
        }
        ValueDiff::Lines { old: before, new: after } => {
            old.insert(path.to_owned(), text(before));
            new.insert(path.to_owned(), text(after));
        }
        other => panic!("{other:?}"),
    }
}

/// The leaves of `one` that `other` lacks.
fn missing(one: &BTreeMap<String, Json>, other: &BTreeMap<String, Json>) -> BTreeMap<String, Json> {
    let differs = |path: &String, leaf: &Json| !other.get(path).is_some_and(|other| other.same(leaf));
    one.iter().filter(|(path, leaf)| differs(path, leaf)).map(|(a, b)| (a.clone(), b.clone())).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// For the walk, an empty object that gained members is a removed leaf; `compare` reports only the members.
    #[test]
    fn reports_exactly_the_differing_leaves(a in objects(), b in objects()) {
        let (mut flat_a, mut flat_b) = (BTreeMap::new(), BTreeMap::new());
        flatten(&a, "", &mut flat_a);
        flatten(&b, "", &mut flat_b);
        let (mut old, mut new) = (BTreeMap::new(), BTreeMap::new());
        if let Some(diff) = compare(&a, &b) {
            reported(&diff, "", &mut old, &mut new);
        }
        let became_members = |leaf: &Json| matches!(leaf, Json::Object(members) if members.is_empty());
        let walk = |mut leaves: BTreeMap<String, Json>, other: &Json| {
            leaves.retain(|path, leaf| {
                let there = path.split('/').skip(1).filter(|key| !key.is_empty()).try_fold(other, Json::get);
                !(became_members(leaf) && matches!(there, Some(Json::Object(_))))
            });
            leaves
        };
        assert_eq!(old, walk(missing(&flat_a, &flat_b), &b));
        assert_eq!(new, walk(missing(&flat_b, &flat_a), &a));
        assert_eq!(compare(&a, &b).is_none(), a.same(&b));
    }

    /// Removing and adding the reported items turns the old list into the new one.
    #[test]
    fn list_differences_rebuild_the_list(old in vec(0_u8..6, 0..9), new in vec(0_u8..6, 0..9)) {
        let list = |items: &[u8]| {
            Json::Array(items.iter().map(|item| Json::Number(item.to_string())).collect())
        };
        let found = match compare(&list(&old), &list(&new)) {
            Some(ValueDiff::Items(found)) => found,
            None => Vec::new(),
            other => panic!("{other:?}"),
        };
        let number = |value: &Json| value.to_string().parse::<u8>().expect("a number");
        let (mut gone, mut came) = (Vec::new(), BTreeMap::new());
        let mut counts = old.clone();
        for Difference { at, diff } in &found {
            let PathStep::Item(index) = at else { panic!("{at:?}") };
            match diff {
                ValueDiff::Removed(value) => gone.push((*index, number(value))),
                ValueDiff::Added(value) => { came.insert(*index, number(value)); }
                ValueDiff::Replaced { old, new } => {
                    let place = counts.iter().position(|item| *item == number(old)).expect("was there");
                    counts[place] = number(new);
                }
                ValueDiff::Moved { from, item } => assert_eq!(old[*from], number(item)),
                other => panic!("{other:?}"),
            }
        }
        for (index, value) in gone {
            assert_eq!(old[index], value);
            counts.remove(counts.iter().position(|item| *item == value).expect("was there"));
        }
        counts.extend(came.iter().map(|(index, value)| { assert_eq!(new[*index], *value); *value }));
        let mut expected = new.clone();
        counts.sort_unstable();
        expected.sort_unstable();
        assert_eq!(counts, expected);
        assert_eq!(found.is_empty(), old == new);
    }
}

#[test]
fn numbers_and_objects_are_compared_by_meaning() {
    assert_eq!(compare(&json(r#"{"a":1,"b":[1,1.0]}"#), &json(r#"{"b":[1.0,1],"a":1.0}"#)), None);
    assert!(compare(&json("9007199254740993"), &json("9007199254740992")).is_some());
    assert!(compare(&json(r#"{"a":1,"a":2}"#), &json(r#"{"a":2,"a":1}"#)).is_some());
    assert!(compare(&json(r#"{"a":null}"#), &json("{}")).is_some());
}

#[test]
fn named_items_are_matched_at_any_position() {
    let found = differences(
        r#"[{"id":1,"n":"a"},{"id":2,"n":"b"},{"id":3,"n":"c"}]"#,
        r#"[{"id":3,"n":"c"},{"id":1,"n":"A"},{"id":4,"n":"d"}]"#,
    );
    let changed = ValueDiff::Members(vec![Difference {
        at: PathStep::Member("n".into()),
        diff: ValueDiff::Replaced { old: json(r#""a""#), new: json(r#""A""#) },
    }]);
    assert_eq!(
        found,
        [
            item(1, ValueDiff::Removed(json(r#"{"id":2,"n":"b"}"#))),
            Difference { at: PathStep::Named(1, "id=1".into()), diff: changed },
            item(2, ValueDiff::Added(json(r#"{"id":4,"n":"d"}"#))),
            item(0, ValueDiff::Moved { from: 2, item: json(r#"{"id":3,"n":"c"}"#) }),
        ]
    );
}

#[test]
fn unnamed_items_are_matched_by_content_then_position() {
    let replaced = ValueDiff::Replaced { old: json("2"), new: json("5") };
    assert_eq!(differences("[1,2,3]", "[1,5,3]"), [item(1, replaced)]);
    assert_eq!(
        differences(r#"["a","b","c"]"#, r#"["b","c","a"]"#),
        [item(2, ValueDiff::Moved { from: 0, item: json(r#""a""#) })]
    );
    assert_eq!(differences("[1,2]", "[1,9,2]"), [item(1, ValueDiff::Added(json("9")))]);
}

#[test]
fn json_in_strings_is_compared_one_level_deep() {
    let (old, new) = (json(r#""{\"a\":\"[1]\"}""#), json(r#""{\"a\":\"[2]\"}""#));
    let Some(ValueDiff::Embedded { diff, .. }) = compare(&old, &new) else { panic!() };
    let ValueDiff::Members(found) = *diff else { panic!() };
    assert!(matches!(&found[0].diff, ValueDiff::Replaced { old: Json::String(_), .. }));
    let spaced = compare(&json(r#""[1]""#), &json(r#""[ 1 ]""#));
    assert!(
        matches!(spaced, Some(ValueDiff::Replaced { .. })),
        "the same JSON in other words is another text"
    );
}

/// The test asserts no time: a quadratic search over these values would take minutes.
#[test]
fn big_values_are_compared_without_a_quadratic_search() {
    let list = |step: usize| format!("[{}]", vec!["1,2,3"; 20_000 / step].join(",\"x\","));
    let numbers = |start: usize| format!("{:?}", (start..start + 20_000).collect::<Vec<_>>());
    let lines = |ends: &str| format!("{:?}", format!("a{ends}\nb\n").repeat(10_000));
    let nested = |n: usize| format!("{}{}{}", "[".repeat(60), numbers(n), "]".repeat(60));
    for (old, new) in
        [(list(1), list(2)), (numbers(0), numbers(7)), (lines(""), lines("x")), (nested(0), nested(7))]
    {
        let diff = compare(&json(&old), &json(&new)).expect("they differ");
        if let ValueDiff::Lines { old, new } = &diff {
            assert!(!text::hunks(old, new).is_empty());
        }
    }
}
