//! Adds texts to a filter of one of the logs: each log has its own actions and model types.

use std::fmt::Display;

use crate::model::filter::{BadText, Choice, Filter, FilterValue, InvalidResource, Resource};
use crate::model::words::{Action, Log, ModelType};

/// Adds a text to the list of a query parameter. `None` when the parameter names no list.
///
/// # Errors
/// [`BadText`] for the first value that is no value of the list, or a word of the other log.
pub fn add_text(filter: &mut Filter, log: Log, parameter: &str, text: &str) -> Option<Result<(), BadText>> {
    Some(match (log, parameter) {
        (Log::Trail, "action") => add_words(&mut filter.action, text, |text| Action::read_in(log, text)),
        (Log::Trail, "model_type") => {
            add_words(&mut filter.model_type, text, |text| ModelType::read_in(log, text))
        }
        (Log::Trail, "resource") => add_words(&mut filter.resource, text, |text| resource_in(log, text)),
        _ => return filter.list_mut(parameter).map(|list| list.add_text(text)),
    })
}

/// The resource of this log that a text names.
///
/// # Errors
/// [`InvalidResource`]
pub fn resource_in(log: Log, text: &str) -> Result<Resource, InvalidResource> {
    match text.split_once('/') {
        Some((model_type, id)) if !id.is_empty() => {
            let model_type = ModelType::read_in(log, model_type).map_err(InvalidResource::Type)?;
            Ok(Resource { model_type, model_id: id.to_owned() })
        }
        _ => Err(InvalidResource::Form(text.to_owned())),
    }
}

/// Adds the values of a list, which may name words that `FromStr` refuses.
fn add_words<T: FilterValue<Err: Display>>(
    choice: &mut Choice<T>,
    list: &str,
    read: impl Fn(&str) -> Result<T, T::Err>,
) -> Result<(), BadText> {
    let mut texts = Choice::<String>::default();
    let bad = |error: &dyn Display| BadText { detail: error.to_string(), nearest: None };
    texts.add_list(list).map_err(|error| bad(&error))?;
    for (texts, values) in [(texts.include, &mut choice.include), (texts.exclude, &mut choice.exclude)] {
        for text in texts {
            let value = read(&text);
            values.push(value.map_err(|error| BadText { nearest: T::nearest(&error), ..bad(&error) })?);
        }
    }
    if choice.include.len() + choice.exclude.len() > T::MAX {
        return Err(bad(&format!("has more than {} values", T::MAX)));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn added(log: Log, parameter: &str, text: &str) -> Result<Filter, BadText> {
        let mut filter = Filter::default();
        add_text(&mut filter, log, parameter, text).expect("a list").map(|()| filter)
    }

    #[test]
    fn a_filter_of_the_trail_takes_the_words_of_the_trail() {
        let filter = added(Log::Trail, "action", "read,!exported").expect("words");
        assert_eq!(filter.action, Choice { include: vec![Action::Read], exclude: vec![Action::Exported] });
        let filter = added(Log::Trail, "model_type", "Token,organization").expect("words");
        assert_eq!(filter.model_type.include, [ModelType::Token, ModelType::Organization]);
        let filter = added(Log::Trail, "resource", r"token/a\,b,!audit_log/audit").expect("resources");
        assert_eq!(filter.resource.include[0].model_id, "a,b");
        assert_eq!(filter.resource.exclude[0].to_string(), "audit_log/audit");
        assert_eq!(
            added(Log::Trail, "user", "cron").expect("a user"),
            added(Log::Audit, "user", "cron").expect("a user")
        );
        assert_eq!(add_text(&mut Filter::default(), Log::Trail, "limit", "5"), None);
    }

    #[test]
    fn a_word_of_the_other_log_is_refused_and_its_log_named() {
        for (log, parameter, text, words) in [
            (
                Log::Audit,
                "action",
                "read",
                r#"action "read" occurs only in the trail: expected one of created"#,
            ),
            (Log::Audit, "resource", "token/cron", r#"model type "token" occurs only in the trail"#),
            (Log::Trail, "model_type", "connector", r#"model type "connector" occurs only in the audit log"#),
            (Log::Trail, "resource", "secret/1", r#"model type "secret" occurs only in the audit log"#),
            (Log::Trail, "resource", "token", "expected TYPE/ID"),
            (Log::Trail, "action", "", "has an empty value"),
        ] {
            let error = added(log, parameter, text).expect_err(text);
            assert!(error.detail.starts_with(words), "{text}: {error}");
        }
        assert_eq!(added(Log::Trail, "action", "prunned").expect_err("unknown").nearest, Some("pruned"));
        let many = vec!["read"; crate::model::filter::MAX_VALUES + 1].join(",");
        assert!(added(Log::Trail, "action", &many).expect_err("too many").detail.contains("more than 100"));
    }
}
