//! A question in words, for the line that says what was searched.

use std::fmt::Display;

use crate::model::filter::{Choice, Filter};
use crate::model::time::TimeContext;
use crate::model::time::format::full;
use crate::model::timestamp::Timestamp;
use crate::model::words::ModelType;
use crate::render::sanitize::sanitize;

/// The filter as a reader says it, parts between ` · `; empty when everything is meant.
pub(crate) fn describe(filter: &Filter, context: &TimeContext) -> String {
    let mut parts = Vec::new();
    choice(&mut parts, "action", &filter.action);
    let label = |types: &[ModelType]| types.iter().map(|it| it.label()).collect();
    let types =
        Choice { include: label(&filter.model_type.include), exclude: label(&filter.model_type.exclude) };
    choice(&mut parts, "type", &types);
    choice(&mut parts, "user", &filter.user);
    choice(&mut parts, "resource", &filter.resource);
    choice(&mut parts, "id", &filter.model_id);
    choice(&mut parts, "field", &filter.field);
    choice(&mut parts, "via", &filter.via);
    choice(&mut parts, "request", &filter.request_id);
    choice(&mut parts, "text", &filter.text);
    parts.extend(filter.since.map(|at| format!("since {}", brief(at, context))));
    parts.extend(filter.until.map(|at| format!("until {}", brief(at, context))));
    parts.join(" · ")
}

/// What is said where entries were asked for that may have been pruned.
pub(crate) fn missing(before: Timestamp, context: &TimeContext) -> String {
    format!("entries before {} were pruned", full(before, context))
}

/// A moment without the seconds and fractions that are nothing, as most ends of a window have none.
fn brief(at: Timestamp, context: &TimeContext) -> String {
    full(at, context).replacen(":00.000 ", " ", 1).replacen(".000 ", " ", 1)
}

fn choice<T: Display>(parts: &mut Vec<String>, name: &str, choice: &Choice<T>) {
    // Values are whatever was typed, and a line break in one would begin a line of its own.
    let said = |value: &T| sanitize(&value.to_string()).into_owned();
    let include = choice.include.iter().map(said);
    let exclude = choice.exclude.iter().map(|value| format!("not {}", said(value)));
    let values: Vec<_> = include.chain(exclude).collect();
    if !values.is_empty() {
        parts.push(format!("{name} {}", values.join(", ")));
    }
}

/// A whole number with its digits in groups of three.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let groups: Vec<_> = digits.as_bytes().rchunks(3).rev().map(String::from_utf8_lossy).collect();
    groups.join(" ")
}

/// A number and what is counted, in the singular or the plural.
pub(crate) fn counted(number: u64, one: &str, many: &str) -> String {
    format!("{} {}", grouped(number), if number == 1 { one } else { many })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::words::Action;

    #[test]
    fn says_what_was_asked() {
        let context = TimeContext {
            now: "2026-11-22T08:00:00Z".parse().expect("a time"),
            zone: chrono_tz::Europe::Madrid,
        };
        assert_eq!(describe(&Filter::default(), &context), "");
        let mut filter =
            Filter { since: Some("2026-11-15T23:00:00Z".parse().expect("a time")), ..Filter::default() };
        filter.action.include = vec![Action::Updated, Action::Deleted];
        filter.model_type.exclude = vec![ModelType::ConnectorEndpoint];
        assert_eq!(
            describe(&filter, &context),
            "action updated, deleted · type not endpoint · since 2026-11-16 00:00 CET"
        );
        assert_eq!(
            (grouped(7), grouped(1284), grouped(1_000_000)),
            ("7".into(), "1 284".into(), "1 000 000".into())
        );
        assert_eq!(
            (counted(1, "entry", "entries"), counted(0, "entry", "entries")),
            ("1 entry".into(), "0 entries".into())
        );
    }
}
