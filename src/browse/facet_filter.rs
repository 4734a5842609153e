//! Adds a facet's value to a filter, or removes it.

use crate::model::filter::{Filter, UserTerm};
use crate::model::log_filter::add_text;
use crate::model::words::Log;

/// The text of a facet's value in the list of its query parameter.
fn text_of(log: Log, parameter: &str, value: &str) -> Option<String> {
    let mut filter = Filter::default();
    if parameter == "user" {
        filter.user.include.push(UserTerm::shown_as(value));
    } else {
        add_text(&mut filter, log, parameter, value)?.ok()?;
    }
    filter.list_mut(parameter)?.texts().pop()
}

/// Whether the filter selects this value by name.
pub(crate) fn is_chosen(filter: &Filter, log: Log, parameter: &str, value: &str) -> bool {
    let texts: Vec<_> = filter
        .lists()
        .into_iter()
        .filter(|(name, _)| *name == parameter)
        .flat_map(|(_, list)| list.texts())
        .collect();
    // This runs for every value that is drawn: skip the conversion if the filter has no values of this parameter.
    !texts.is_empty() && text_of(log, parameter, value).is_some_and(|text| texts.contains(&text))
}

/// The filter with the value added, or removed if it was there.
pub(crate) fn toggled(filter: &Filter, log: Log, parameter: &str, value: &str) -> Filter {
    let mut changed = filter.clone();
    let Some(text) = text_of(log, parameter, value) else { return changed };
    let Some(list) = changed.list_mut(parameter) else { return changed };
    let mut texts = list.texts();
    list.clear();
    match texts.iter().position(|it| *it == text) {
        Some(at) => drop(texts.remove(at)),
        None => texts.push(text),
    }
    for text in texts {
        if !matches!(add_text(&mut changed, log, parameter, &text), Some(Ok(()))) {
            return filter.clone();
        }
    }
    changed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_added_and_removed_beside_others() {
        let mut filter = Filter::default();
        filter.user.include.push("ana".parse().expect("a user"));
        for (parameter, value) in
            [("action", "updated"), ("model_type", "connector_endpoint"), ("user", "it's, !a\\b")]
        {
            assert!(!is_chosen(&filter, Log::Audit, parameter, value), "{value}");
            let changed = toggled(&filter, Log::Audit, parameter, value);
            assert!(is_chosen(&changed, Log::Audit, parameter, value), "{value} {changed:?}");
            assert_eq!(toggled(&changed, Log::Audit, parameter, value), filter, "{value}");
        }
        let trail = toggled(&Filter::default(), Log::Trail, "action", "read");
        assert!(is_chosen(&trail, Log::Trail, "action", "read"));
        assert_eq!(toggled(&filter, Log::Audit, "action", "nonsense"), filter);
    }
}
