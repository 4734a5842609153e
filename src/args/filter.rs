//! The filter flags that commands share, and the filter they make.

use std::fmt::Display;

use clap::Args;

use crate::model::filter::{BadText, Filter};
use crate::model::log_filter::add_text;
use crate::model::time::{self, Edge, TimeContext, When};
use crate::model::words::Log;
use crate::render::command_line::filter_flag;

/// Filters. Repeats and commas are alternatives, different flags combine, `!value` and `^value` exclude.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = HEADING)]
pub struct FilterArgs {
    /// All filters except `--reason`, which `hold` uses for its own reason.
    #[command(flatten)]
    pub base: BaseFilterArgs,

    /// Text in the reason that the recorder gave, in any case (can be repeated; commas do not separate values)
    #[arg(long, value_name = "TEXT")]
    pub reason: Vec<String>,
}

const HEADING: &str =
    "Filters (repeats and commas are alternatives; different flags combine; ^VALUE or '!VALUE' excludes)";

/// The filters of a command whose `--reason` says why it is run.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = HEADING)]
pub struct BaseFilterArgs {
    /// The log to read: audit (changes on the platform) or trail (who read, exported or changed the logs) [default: audit]
    #[arg(long, value_name = "LOG")]
    pub log: Option<Log>,

    /// The action: created, updated, deleted; in the trail also read, exported, pruned, erased, started, stopped, migrated
    /// (can be repeated)
    #[arg(short, long, value_name = "ACTION", allow_hyphen_values = false)]
    pub action: Vec<String>,

    /// The type of the resource: connector, endpoint, secret, organization, member; in the trail audit_log, token, hold,
    /// user, server, organization (can be repeated)
    #[arg(short = 't', long, value_name = "TYPE")]
    pub model_type: Vec<String>,

    /// The user: an id, e-mail address or name, or whole words of one, in any case; id:7, email:…, name:… or is:LABEL (the
    /// name that the list shows) select exactly one, and token/id:7 also fixes the kind (can be repeated)
    #[arg(short, long, value_name = "USER")]
    pub user: Vec<String>,

    /// The user for whom another acted, matched as --user (can be repeated)
    #[arg(long, value_name = "USER")]
    pub on_behalf_of: Vec<String>,

    /// One resource, such as connector/42 (can be repeated)
    #[arg(long, value_name = "TYPE/ID")]
    pub resource: Vec<String>,

    /// A field that changed, or a path into one as show and blame print it: perform.retry, list[3], labels."app.io/name";
    /// status=disabled is the value after the change, 'role:viewer→admin' both values ('->' works, too; * is any value; an
    /// empty side is an absent value: 'role:→admin') (can be repeated)
    #[arg(long, value_name = "PATH[=VALUE]")]
    pub field: Vec<String>,

    /// The channel: web, api, cli, terraform, system, mcp (can be repeated)
    #[arg(long, value_name = "CHANNEL")]
    pub via: Vec<String>,

    /// Entries of one request (can be repeated)
    #[arg(long, value_name = "ID")]
    pub request_id: Vec<String>,

    /// The client's IP address, or a network: 198.51.100.23, 198.51.100.0/24 (can be repeated)
    #[arg(long, value_name = "ADDRESS")]
    pub ip: Vec<String>,

    /// Text in names, users, field names, visible values, the reason, address, user agent or request id, in any case
    /// (can be repeated; commas do not separate values)
    #[arg(short = 'g', long, value_name = "TEXT")]
    pub grep: Vec<String>,

    /// At or after this time: 2h, 14:03, yesterday, 'monday 9:00', 2026-11-20, '2026-11-20 14:03', 2026-11, 'last week',
    /// RFC 3339, @UNIX, id:1287, or as logs, git and mail print it
    #[arg(short = 'S', long, value_name = "TIME", allow_hyphen_values = true)]
    pub since: Option<String>,

    /// Before this time (exclusive); a date alone includes that whole day
    #[arg(short = 'U', long, value_name = "TIME", allow_hyphen_values = true)]
    pub until: Option<String>,
}

/// A filter whose start or end may still be an entry: its time is not looked up yet.
#[derive(Debug, Clone, Default)]
pub struct UnresolvedFilter {
    /// The filter, without the ends that are entries.
    pub filter: Filter,
    /// The entry whose time is the start.
    pub since_entry: Option<u64>,
    /// The entry whose time is the end.
    pub until_entry: Option<u64>,
    /// Notes for the reader about how times were interpreted.
    pub notes: Vec<String>,
}

/// An invalid value of a flag.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{flag}: {detail}")]
pub struct BadValue {
    /// The flag.
    pub flag: &'static str,
    /// Why the value is invalid.
    pub detail: String,
    /// The nearest accepted word.
    pub nearest: Option<&'static str>,
    /// The log that has the value, if it is not the one to read.
    pub found_in: Option<Log>,
}

impl From<BaseFilterArgs> for FilterArgs {
    fn from(base: BaseFilterArgs) -> Self {
        Self { base, reason: Vec::new() }
    }
}

impl FilterArgs {
    /// The log to read.
    #[must_use]
    pub fn log(&self) -> Log {
        self.base.log.unwrap_or(Log::Audit)
    }

    /// Reads the flags as a filter.
    ///
    /// # Errors
    /// [`BadValue`] for the first invalid value.
    pub fn parse(&self, context: &TimeContext) -> Result<UnresolvedFilter, BadValue> {
        let Self { base, reason } = self;
        let BaseFilterArgs {
            // Used by `self.log()`: it decides which words are accepted.
            log: _,
            action,
            model_type,
            user,
            on_behalf_of,
            resource,
            field,
            via,
            request_id,
            ip,
            grep,
            since,
            until,
        } = base;
        let mut filter = Filter::default();
        for (parameter, values) in [
            ("action", action),
            ("model_type", model_type),
            ("user", user),
            ("on_behalf_of", on_behalf_of),
            ("resource", resource),
            ("field", field),
            ("via", via),
            ("request_id", request_id),
            ("ip", ip),
            ("reason", reason),
            ("q", grep),
        ] {
            let Some(flag) = filter_flag(parameter) else { continue };
            for value in values {
                let added = add_text(&mut filter, self.log(), parameter, value).unwrap_or(Ok(()));
                added.map_err(|BadText { detail, nearest }| {
                    let other = [Log::Audit, Log::Trail].into_iter().find(|log| *log != self.log());
                    let found_in = other.filter(|log| {
                        matches!(add_text(&mut Filter::default(), *log, parameter, value), Some(Ok(())))
                    });
                    BadValue { flag, detail, nearest, found_in }
                })?;
            }
        }
        let mut unresolved = UnresolvedFilter { filter, ..UnresolvedFilter::default() };
        let end = |flag, text: Option<&String>, edge| {
            text.map(|text| time::parse(text, edge, context))
                .transpose()
                .map_err(|error| bad_time(flag, &error))
        };
        match end("--since", since.as_ref(), Edge::Since)? {
            Some(When::At { at, note }) => {
                unresolved.filter.since = Some(at);
                unresolved.notes.extend(note);
            }
            Some(When::Entry(id)) => unresolved.since_entry = Some(id),
            None => {}
        }
        match end("--until", until.as_ref(), Edge::Until)? {
            Some(When::At { at, note }) => {
                unresolved.filter.until = Some(at);
                unresolved.notes.extend(note);
            }
            Some(When::Entry(id)) => unresolved.until_entry = Some(id),
            None => {}
        }
        Ok(unresolved)
    }
}

fn bad_time(flag: &'static str, error: &dyn Display) -> BadValue {
    BadValue { flag, detail: error.to_string(), nearest: None, found_in: None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::fixtures::in_madrid;
    use crate::model::words::{Action, ModelType};

    #[test]
    fn every_list_but_model_id_has_a_flag() {
        let command = FilterArgs::augment_args(clap::Command::new("list"));
        let flags: Vec<_> = command.get_arguments().filter_map(clap::Arg::get_long).collect();
        for (parameter, _) in Filter::default().lists() {
            let flag = filter_flag(parameter).map(|flag| flag.trim_start_matches("--"));
            assert_eq!(flag.is_none(), parameter == "model_id", "{parameter}");
            assert!(flag.is_none_or(|flag| flags.contains(&flag)), "{parameter}");
        }
    }

    #[test]
    fn flags_become_a_filter() {
        let base = BaseFilterArgs {
            action: vec!["update,Deleted".into(), "!created".into()],
            model_type: vec!["connector-endpoint".into(), "Secret".into()],
            resource: vec!["endpoint/a,secret/b".into()],
            grep: vec!["a, b".into()],
            since: Some("2026-11-20".into()),
            until: Some("id:12".into()),
            ..BaseFilterArgs::default()
        };
        let unresolved = FilterArgs::from(base).parse(&in_madrid()).expect("valid flags");
        let filter = unresolved.filter;
        assert_eq!(
            (filter.action.include, filter.action.exclude),
            (vec![Action::Updated, Action::Deleted], vec![Action::Created])
        );
        assert_eq!(filter.model_type.include, [ModelType::ConnectorEndpoint, ModelType::Secret]);
        assert_eq!(filter.text.include.iter().map(ToString::to_string).collect::<Vec<_>>(), ["a, b"]);
        assert_eq!(filter.since.map(|at| at.to_string()).as_deref(), Some("2026-11-19T23:00:00.000000Z"));
        assert_eq!((filter.until, unresolved.until_entry), (None, Some(12)));
    }

    #[test]
    fn a_bad_value_names_its_flag_and_the_nearest_word() {
        let args = FilterArgs::from;
        let base = BaseFilterArgs { model_type: vec!["conector".into()], ..BaseFilterArgs::default() };
        let error = args(base).parse(&in_madrid()).expect_err("unknown");
        assert_eq!((error.flag, error.nearest), ("--model-type", Some("connector")));
        let base = BaseFilterArgs { action: vec!["created,read".into()], ..BaseFilterArgs::default() };
        assert_eq!(
            args(base.clone()).parse(&in_madrid()).expect_err("of the trail").found_in,
            Some(Log::Trail)
        );
        let of_trail = args(BaseFilterArgs { log: Some(Log::Trail), ..base });
        let filter = of_trail.parse(&in_madrid()).expect("words of the trail").filter;
        assert_eq!(filter.action.include, [Action::Created, Action::Read]);
        let base = BaseFilterArgs { since: Some("someday".into()), ..BaseFilterArgs::default() };
        assert!(args(base).parse(&in_madrid()).expect_err("no time").to_string().starts_with("--since: "));
    }
}
