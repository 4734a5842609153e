//! The flags that say which entries are meant.

use std::fmt::Display;

use clap::Args;

use crate::model::filter::{Choice, ChoiceError, Filter, FilterValue, InvalidResource};
use crate::model::time::{self, Edge, TimeContext, When};
use crate::model::words::UnknownWord;

/// Filters. Repeats and commas are alternatives, different flags combine, `!value` excludes.
#[derive(Debug, Clone, Default, Args)]
#[command(
    next_help_heading = "Filters (repeats and commas are alternatives; different flags combine; !VALUE excludes)"
)]
pub struct FilterArgs {
    /// What was done: created, updated, deleted (can be repeated)
    #[arg(short, long, value_name = "ACTION", allow_hyphen_values = false)]
    pub action: Vec<String>,

    /// What it was done to: connector, endpoint, secret, organization, member (can be repeated)
    #[arg(short = 't', long, value_name = "TYPE")]
    pub model_type: Vec<String>,

    /// Who did it: an id, e-mail or name, or whole words of one, case-blind; exactly one user by id:7, email:…, name:…
    /// or is:… (as the user is shown), and of one kind by token/id:7 (can be repeated)
    #[arg(short, long, value_name = "USER")]
    pub user: Vec<String>,

    /// One resource, such as connector/42 (can be repeated)
    #[arg(long, value_name = "TYPE/ID")]
    pub resource: Vec<String>,

    /// A field that changed, or a path into one as show and blame print it: perform.retry, list[3], labels."app.io/name"
    /// (can be repeated)
    #[arg(long, value_name = "PATH")]
    pub field: Vec<String>,

    /// The channel: web, api, cli, terraform, system (can be repeated)
    #[arg(long, value_name = "CHANNEL")]
    pub via: Vec<String>,

    /// Entries of one request (can be repeated)
    #[arg(long, value_name = "ID")]
    pub request_id: Vec<String>,

    /// Text in names, users, field names or visible values, case-blind (can be repeated; a comma is a comma)
    #[arg(short = 'g', long, value_name = "TEXT")]
    pub grep: Vec<String>,

    /// From this moment on: 2h, 3d, yesterday, 2026-11-20, "2026-11-20 14:03", RFC 3339, @UNIX, id:1287
    #[arg(short = 'S', long, value_name = "TIME", allow_hyphen_values = true)]
    pub since: Option<String>,

    /// Up to, and without, this moment; a date alone includes the whole day
    #[arg(short = 'U', long, value_name = "TIME", allow_hyphen_values = true)]
    pub until: Option<String>,
}

/// A filter whose ends may still be entries to be looked up.
#[derive(Debug, Clone, Default)]
pub struct UnresolvedFilter {
    /// The filter, but for ends that are entries.
    pub filter: Filter,
    /// From this entry's time on.
    pub since_entry: Option<u64>,
    /// Up to this entry's time.
    pub until_entry: Option<u64>,
    /// What a reader should know about how times were taken.
    pub notes: Vec<String>,
}

/// A value of a flag that cannot be used, and what might have been meant.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{flag}: {detail}")]
pub struct BadValue {
    /// The flag.
    pub flag: &'static str,
    /// What is wrong with its value.
    pub detail: String,
    /// The nearest accepted word.
    pub nearest: Option<&'static str>,
}

impl FilterArgs {
    /// What was typed, as a filter.
    ///
    /// # Errors
    /// [`BadValue`], for the first value that cannot be used.
    pub fn parse(&self, context: &TimeContext) -> Result<UnresolvedFilter, BadValue> {
        let mut filter = Filter::default();
        add_all("--action", &self.action, &mut filter.action, nearest_word)?;
        add_all("--model-type", &self.model_type, &mut filter.model_type, nearest_word)?;
        add_all("--user", &self.user, &mut filter.user, |_| None)?;
        add_all("--resource", &self.resource, &mut filter.resource, |error| match error {
            InvalidResource::Type(word) => word.nearest(),
            InvalidResource::Form(_) => None,
        })?;
        add_all("--field", &self.field, &mut filter.field, |_| None)?;
        add_all("--via", &self.via, &mut filter.via, nearest_word)?;
        add_all("--request-id", &self.request_id, &mut filter.request_id, |_| None)?;
        for text in &self.grep {
            filter.text.add(text).map_err(|error| bad("--grep", &error, None))?;
        }
        let mut question = UnresolvedFilter { filter, ..UnresolvedFilter::default() };
        let end = |flag, text: Option<&String>, edge| {
            text.map(|text| time::parse(text, edge, context))
                .transpose()
                .map_err(|error| bad(flag, &error, None))
        };
        match end("--since", self.since.as_ref(), Edge::Since)? {
            Some(When::At { at, note }) => {
                question.filter.since = Some(at);
                question.notes.extend(note);
            }
            Some(When::Entry(id)) => question.since_entry = Some(id),
            None => {}
        }
        match end("--until", self.until.as_ref(), Edge::Until)? {
            Some(When::At { at, note }) => {
                question.filter.until = Some(at);
                question.notes.extend(note);
            }
            Some(When::Entry(id)) => question.until_entry = Some(id),
            None => {}
        }
        Ok(question)
    }
}

fn nearest_word(error: &UnknownWord) -> Option<&'static str> {
    error.nearest()
}

fn add_all<T: FilterValue<Err: Display>>(
    flag: &'static str,
    values: &[String],
    choice: &mut Choice<T>,
    nearest: impl Fn(&T::Err) -> Option<&'static str>,
) -> Result<(), BadValue> {
    for value in values {
        choice.add_list(value).map_err(|error| {
            let nearest = match &error {
                ChoiceError::Value(error) => nearest(error),
                ChoiceError::Empty | ChoiceError::TooMany(_) => None,
            };
            bad(flag, &error, nearest)
        })?;
    }
    Ok(())
}

fn bad(flag: &'static str, error: &dyn Display, nearest: Option<&'static str>) -> BadValue {
    BadValue { flag, detail: error.to_string(), nearest }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::words::{Action, ModelType};

    fn context() -> TimeContext {
        TimeContext { now: "2026-11-22T08:00:00Z".parse().expect("a time"), zone: chrono_tz::Europe::Madrid }
    }

    #[test]
    fn flags_become_a_filter() {
        let args = FilterArgs {
            action: vec!["update,Deleted".into(), "!created".into()],
            model_type: vec!["connector-endpoint".into(), "Secret".into()],
            resource: vec!["endpoint/a,secret/b".into()],
            grep: vec!["a, b".into()],
            since: Some("2026-11-20".into()),
            until: Some("id:12".into()),
            ..FilterArgs::default()
        };
        let question = args.parse(&context()).expect("a question");
        let filter = question.filter;
        assert_eq!(
            (filter.action.include, filter.action.exclude),
            (vec![Action::Updated, Action::Deleted], vec![Action::Created])
        );
        assert_eq!(filter.model_type.include, [ModelType::ConnectorEndpoint, ModelType::Secret]);
        assert_eq!(filter.text.include.iter().map(ToString::to_string).collect::<Vec<_>>(), ["a, b"]);
        assert_eq!(filter.since.map(|at| at.to_string()).as_deref(), Some("2026-11-19T23:00:00.000000Z"));
        assert_eq!((filter.until, question.until_entry), (None, Some(12)));
    }

    #[test]
    fn a_bad_value_names_its_flag_and_the_nearest_word() {
        let args = FilterArgs { model_type: vec!["conector".into()], ..FilterArgs::default() };
        let error = args.parse(&context()).expect_err("unknown");
        assert_eq!((error.flag, error.nearest), ("--model-type", Some("connector")));
        let args = FilterArgs { since: Some("someday".into()), ..FilterArgs::default() };
        assert!(args.parse(&context()).expect_err("no time").to_string().starts_with("--since: "));
    }
}
