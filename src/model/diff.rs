//! Compares the states before and after a change: finds the fields that differ.
//!
//! The fields are the top-level members. Differences inside a nested value are computed where they are shown.

use std::collections::{HashMap, HashSet};

use crate::model::json::Json;

/// A field that differs: its name, its value before and its value after.
pub type FieldDifference<'a> = (&'a str, Option<&'a Json>, Option<&'a Json>);

/// The fields that differ, in the order of `after`, followed by the removed fields in the order of `before`. Values are
/// compared by meaning: `1.0` equals `1`, and the order of members does not matter.
///
/// ```
/// use krosyn_audit::model::diff::differences;
/// use krosyn_audit::model::json::{Json, JsonError, RawJson};
///
/// let members = |text: &str| RawJson::from_text(text.to_owned())?.parse_members();
/// let before = members(r#"{"name": "a", "port": 1, "old": true}"#)?.unwrap();
/// let after = members(r#"{"port": 1.0, "name": "b"}"#)?.unwrap();
/// let fields: Vec<&str> = differences(&before, &after).iter().map(|(field, ..)| *field).collect();
/// assert_eq!(fields, ["name", "old"]);
/// # Ok::<(), JsonError>(())
/// ```
#[must_use]
pub fn differences<'a>(
    before: &'a [(String, Json)],
    after: &'a [(String, Json)],
) -> Vec<FieldDifference<'a>> {
    let (before_last, after_last) = (last(before), last(after));
    let changed = distinct(after).into_iter().filter_map(|field| {
        let (old, new) = (before_last.get(field).copied(), after_last.get(field).copied());
        let differs = !matches!((old, new), (Some(old), Some(new)) if old.same(new));
        differs.then_some((field, old, new))
    });
    let gone = distinct(before).into_iter().filter(|field| !after_last.contains_key(field));
    changed.chain(gone.map(|field| (field, before_last.get(field).copied(), None))).collect()
}

/// The distinct fields, in the order of their first occurrence.
fn distinct(members: &[(String, Json)]) -> Vec<&str> {
    let mut seen = HashSet::new();
    members.iter().map(|(field, _)| field.as_str()).filter(|field| seen.insert(*field)).collect()
}

/// The last value of each field, which is the one that counts. A map, because a search for each field would be quadratic.
fn last(members: &[(String, Json)]) -> HashMap<&str, &Json> {
    members.iter().map(|(field, value)| (field.as_str(), value)).collect()
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

    /// Applies the differences: sets each new value and removes each field without one.
    fn apply(before: &Members, differences: &[FieldDifference<'_>]) -> Members {
        let mut after: Members = distinct(before)
            .into_iter()
            .map(|field| (field.to_owned(), last(before)[field].clone()))
            .collect();
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
            let expected: Members = distinct(&after).into_iter().map(|field| (field.to_owned(), last(&after)[field].clone())).collect();
            prop_assert!(Json::Object(apply(&before, &found)).same(&Json::Object(expected)));
            for (field, old, new) in &found {
                prop_assert!(!matches!((old, new), (Some(old), Some(new)) if old.same(new)), "{} does not differ", field);
                prop_assert_eq!(*old, last(&before).get(field).copied());
            }
            prop_assert!(differences(&after, &after).is_empty());
        }
    }

    #[test]
    fn order_is_kept_and_null_differs_from_absent() {
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
