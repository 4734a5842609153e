//! Describes a filter in words, for the line that says which entries were searched.

use crate::model::filter::Filter;
use crate::model::time::TimeContext;
use crate::model::time::format::full;
use crate::model::timestamp::Timestamp;
use crate::model::words::Log;
use crate::render::sanitize::sanitize;

/// Describes the filter, its parts separated by ` · `. Empty if it selects everything.
pub(crate) fn describe(filter: &Filter, context: &TimeContext) -> String {
    let mut parts = Vec::new();
    for (parameter, list) in filter.lists() {
        // Line breaks in a typed value would start lines of their own.
        let [include, exclude] =
            list.labels().map(|labels| labels.into_iter().map(|it| sanitize(&it).into_owned()));
        let values: Vec<_> = include.chain(exclude.map(|value| format!("not {value}"))).collect();
        if !values.is_empty() {
            let name = match parameter {
                "model_type" => "type",
                "model_id" => "id",
                "request_id" => "request",
                "on_behalf_of" => "on behalf of",
                "q" => "text",
                name => name,
            };
            parts.push(format!("{name} {}", values.join(", ")));
        }
    }
    parts.extend(filter.since.map(|at| format!("since {}", brief(at, context))));
    parts.extend(filter.until.map(|at| format!("until {}", brief(at, context))));
    joined(parts)
}

/// Joins the parts of a line by ` · `, without the empty ones.
pub(crate) fn joined(mut parts: Vec<String>) -> String {
    parts.retain(|part| !part.is_empty());
    parts.join(" · ")
}

/// As [`describe`], and names the log unless it is the audit log.
pub(crate) fn describe_in(log: Log, filter: &Filter, context: &TimeContext) -> String {
    let filter = describe(filter, context);
    match log {
        Log::Audit => filter,
        Log::Trail if filter.is_empty() => "log trail".to_owned(),
        Log::Trail => format!("log trail · {filter}"),
    }
}

/// Notice shown when the requested range may include pruned entries.
pub(crate) fn missing(before: Timestamp, context: &TimeContext) -> String {
    format!("entries before {} were pruned", full(before, context))
}

/// A time without seconds and fractions if they are zero, as at most ends of a range.
fn brief(at: Timestamp, context: &TimeContext) -> String {
    full(at, context).replacen(":00.000 ", " ", 1).replacen(".000 ", " ", 1)
}

/// Formats a whole number with its digits in groups of three.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let groups: Vec<_> = digits.as_bytes().rchunks(3).rev().map(String::from_utf8_lossy).collect();
    groups.join(" ")
}

/// A number and its noun, in the singular or the plural.
pub(crate) fn counted(number: u64, one: &str, many: &str) -> String {
    format!("{} {}", grouped(number), if number == 1 { one } else { many })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::words::{Action, ModelType};

    #[test]
    fn each_part_of_a_filter_is_described() {
        let context = TimeContext {
            now: "2026-11-22T08:00:00Z".parse().expect("a time"),
            zone: chrono_tz::Europe::Madrid,
        };
        assert_eq!(describe(&Filter::default(), &context), "");
        assert_eq!(describe_in(Log::Audit, &Filter::default(), &context), "");
        assert_eq!(describe_in(Log::Trail, &Filter::default(), &context), "log trail");
        let mut filter =
            Filter { since: Some("2026-11-15T23:00:00Z".parse().expect("a time")), ..Filter::default() };
        filter.action.include = vec![Action::Updated, Action::Deleted];
        filter.model_type.exclude = vec![ModelType::ConnectorEndpoint];
        filter.on_behalf_of.include.extend("ana".parse());
        assert_eq!(
            describe(&filter, &context),
            "action updated, deleted · type not endpoint · on behalf of ana · since 2026-11-16 00:00 CET"
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
