//! From `before` and `after` to the fields that differ.
//!
//! Top-level members are the fields; how a nested value changed within is for whoever shows it.

use crate::model::json::Json;

/// A field that differs: its name, its value before and its value after, an absent side being absent.
pub type FieldDifference<'a> = (&'a str, Option<&'a Json>, Option<&'a Json>);

/// The fields that differ, in the order of `after`, then those that are gone in the order of `before`.
/// Values compare by meaning: `1.0` is `1`, members of nested objects may change places.
#[must_use]
pub fn differences<'a>(
    before: &'a [(String, Json)],
    after: &'a [(String, Json)],
) -> Vec<FieldDifference<'a>> {
    let changed = distinct(after).into_iter().filter_map(|(field, new)| match last(before, field) {
        Some(old) if old.same(new) => None,
        old => Some((field, old, Some(new))),
    });
    let gone = distinct(before).into_iter().filter(|(field, _)| last(after, field).is_none());
    changed.chain(gone.map(|(field, old)| (field, Some(old), None))).collect()
}

/// Each field once, where a repeated key first stands, with the value that counts: the last.
fn distinct(members: &[(String, Json)]) -> Vec<(&str, &Json)> {
    let mut seen = std::collections::HashSet::new();
    let first = members.iter().filter(|(field, _)| seen.insert(field.as_str()));
    first.filter_map(|(field, _)| Some((field.as_str(), last(members, field)?))).collect()
}

fn last<'a>(members: &'a [(String, Json)], field: &str) -> Option<&'a Json> {
    members.iter().rev().find(|(name, _)| name == field).map(|(_, value)| value)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    type Members = Vec<(String, Json)>;

    fn members() -> impl Strategy<Value = Members> {
        let leaf = prop_oneof![
            Just(Json::Null),
            any::<bool>().prop_map(Json::Bool),
            prop_oneof!["1", "1.0", "2", "1e400"].prop_map(Json::Number),
            "[a-c]{0,2}".prop_map(Json::String),
        ];
        let value = leaf.prop_recursive(2, 8, 3, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..3).prop_map(Json::Array),
                prop::collection::vec(("[a-c]", inner), 0..3).prop_map(Json::Object),
            ]
        });
        prop::collection::vec(("[a-e]", value), 0..6)
    }

    /// What a reader of the entry does: set each new value, drop each field without one.
    fn apply(before: &Members, differences: &[FieldDifference<'_>]) -> Members {
        let mut after: Members =
            distinct(before).into_iter().map(|(field, value)| (field.to_owned(), value.clone())).collect();
        for (field, _, new) in differences {
            after.retain(|(name, _)| name != field);
            after.extend(new.map(|new| ((*field).to_owned(), new.clone())));
        }
        after
    }

    proptest! {
        #[test]
        fn applying_the_differences_to_before_gives_after(before in members(), after in members()) {
            let found = differences(&before, &after);
            let expected: Members = distinct(&after).into_iter().map(|(field, value)| (field.to_owned(), value.clone())).collect();
            prop_assert!(Json::Object(apply(&before, &found)).same(&Json::Object(expected)));
            for (field, old, new) in &found {
                prop_assert!(!matches!((old, new), (Some(old), Some(new)) if old.same(new)), "{} does not differ", field);
                prop_assert_eq!(*old, last(&before, field));
            }
            prop_assert!(differences(&after, &after).is_empty());
        }
    }

    #[test]
    fn keeps_the_order_sent_and_tells_null_from_absent() {
        let (before, after) = (
            Json::parse(r#"{"z":1,"gone":2,"same":{"a":1,"b":2}}"#).expect("valid"),
            Json::parse(r#"{"new":null,"same":{"b":2.0,"a":1},"z":null}"#).expect("valid"),
        );
        let (Json::Object(before), Json::Object(after)) = (before, after) else {
            unreachable!("both are objects")
        };
        let fields: Vec<_> = differences(&before, &after)
            .into_iter()
            .map(|(field, old, new)| (field, old.is_some(), new.is_some()))
            .collect();
        assert_eq!(fields, [("new", false, true), ("z", true, true), ("gone", true, false)]);
    }
}
