//! Values that only the log knows: who is in it, and what was changed lately. Asked within a time that nobody notices, and
//! without a question: no prompt, no token command, nothing read from stdin.

use std::collections::HashSet;
use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::{Mutex, mpsc};
use std::time::Duration;

use clap::{ArgMatches, Command};

use crate::api::query::Query;
use crate::args::connection::ConnectionArgs;
use crate::client::Client;
use crate::commands::Context;
use crate::commands::complete::Value;
use crate::commands::connect::{Need, connect};
use crate::config::Settings;
use crate::config::credentials::Credentials;
use crate::config::file::Config;
use crate::error::Failure;
use crate::model::entry::Entry;
use crate::model::facets::Facet;
use crate::model::filter::{Filter, UserTerm};

/// How long somebody who pressed Tab is kept waiting.
const TIME_LIMIT: Duration = Duration::from_millis(300);
/// How many of the newest entries are looked at for what changed lately.
const LATELY: u32 = 200;

/// What of recent entries is meant.
#[derive(Clone, Copy)]
pub(super) enum Recent {
    Resources,
    /// Resources, also by their names.
    Named,
    Fields,
    Requests,
    Ids,
}

/// The log that the command line names, not yet asked.
pub(super) struct Live {
    /// Taken by the one question there is for each Tab.
    asked: Mutex<Option<(Context, ConnectionArgs)>>,
    profiles: Vec<String>,
    commands: Vec<String>,
}

impl Live {
    /// Reads, as far as they are typed, the flags that say where the log is.
    pub(super) fn new(tree: &Command, words: &[OsString], mut context: Context) -> Self {
        let matches = tree.clone().ignore_errors(true).try_get_matches_from(words);
        let chain = |matches: &ArgMatches| {
            let mut chain = vec![matches.clone()];
            while let Some((_, matches)) = chain.last().and_then(ArgMatches::subcommand) {
                chain.push(matches.clone());
            }
            chain
        };
        let levels = matches.map_or_else(|_| Vec::new(), |matches| chain(&matches));
        let text = |id: &str| levels.iter().rev().find_map(|it| it.try_get_one::<String>(id).ok()?.cloned());
        let flag = |id: &str| levels.iter().any(|it| matches!(it.try_get_one::<bool>(id), Ok(Some(true))));
        let path = |id: &str| levels.iter().rev().find_map(|it| it.try_get_one::<PathBuf>(id).ok()?.cloned());
        let args = ConnectionArgs {
            server: text("server"),
            token_file: path("token_file").filter(|path| path.as_os_str() != "-"),
            org: text("org"),
            insecure_http: flag("insecure_http"),
        };
        context.demo = flag("demo");
        let settings = Settings::read(&context.environment, text("profile").as_deref(), true);
        context.settings = settings.unwrap_or_default();
        // A password manager may well ask for something.
        context.settings.profile.token_command = None;
        let profiles = profiles(&context);
        let commands = tree.get_subcommands().map(|it| it.get_name().to_owned()).collect();
        Self { asked: Mutex::new(Some((context, args))), profiles, commands }
    }

    /// The commands there are.
    pub(super) fn commands(&self) -> Vec<Value> {
        self.commands.iter().map(|name| Value::new(name.clone(), "")).collect()
    }

    /// The profiles there are.
    pub(super) fn profiles(&self) -> Vec<Value> {
        self.profiles.iter().map(|name| Value::new(name.clone(), "")).collect()
    }

    /// Who is in the log.
    pub(super) fn users(&self) -> Vec<Value> {
        let about = |count: u64| format!("{count} entries");
        self.shown_users().into_iter().map(|it| Value::new(it.value, about(it.count))).collect()
    }

    /// Who is in the log, each meant exactly: a filter takes them so, and they are begun by their names.
    pub(super) fn exact_users(&self) -> Vec<Value> {
        let exact = |it: Facet| {
            let term = UserTerm::shown_as(&it.value).to_string();
            Value::new(term, format!("{} entries", it.count)).called(&it.value)
        };
        self.shown_users().into_iter().map(exact).collect()
    }

    fn shown_users(&self) -> Vec<Facet> {
        let facets = self.ask(async |client| Ok(client.facets(&Filter::default()).await?.user));
        facets.unwrap_or_default()
    }

    /// What recent entries hold, the newest first, each once.
    pub(super) fn recent(&self, what: Recent) -> Vec<Value> {
        let query = Query { limit: LATELY, ..Query::default() };
        let entries = self.ask(async move |client| Ok(client.page(&query).await?.data)).unwrap_or_default();
        let mut seen = HashSet::new();
        let newest = matches!(what, Recent::Ids).then(|| Value::new("latest", "the newest entry"));
        let values = entries.iter().flat_map(|entry| of(entry, what));
        newest.into_iter().chain(values).filter(|value| seen.insert(value.text.clone())).collect()
    }

    /// Asks on a thread of its own, which is not waited for longer than the limit: nor is a store that is locked, or a name
    /// server that does not answer.
    fn ask<T: Send + 'static>(
        &self,
        question: impl AsyncFnOnce(&Client) -> Result<T, Failure> + Send + 'static,
    ) -> Option<T> {
        let (mut context, args) = self.asked.lock().ok()?.take()?;
        let (answer, answered) = mpsc::channel();
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().ok()?;
            let work = async {
                let found = async {
                    let connection = connect(&mut context, &args, Need::Existing).await.ok()?;
                    question(&connection.client).await.ok()
                };
                // Nobody may be waiting any more.
                answer.send(found.await).unwrap_or(());
                context.opened.close().await.ok()
            };
            runtime.block_on(work)
        });
        answered.recv_timeout(TIME_LIMIT).ok().flatten()
    }
}

fn of(entry: &Entry, what: Recent) -> Vec<Value> {
    let name = entry.model_name.as_deref().unwrap_or_default();
    match what {
        Recent::Resources => vec![Value::new(format!("{}/{}", entry.model_type, entry.model_id), name)],
        Recent::Named => {
            let mut values = of(entry, Recent::Resources);
            values.push(Value::new(name, format!("{}/{}", entry.model_type, entry.model_id)));
            values
        }
        Recent::Ids => {
            vec![Value::new(entry.id.to_string(), format!("{} {} {name}", entry.action, entry.model_type))]
        }
        Recent::Requests => {
            let id = entry.context.request_id.iter();
            id.map(|id| Value::new(id.clone(), entry.occurred_at.to_string())).collect()
        }
        Recent::Fields => {
            let changes = entry.changes.list().unwrap_or_default();
            changes.into_iter().map(|change| Value::new(change.field, "")).collect()
        }
    }
}

fn profiles(context: &Context) -> Vec<String> {
    let config = context.environment.config_file().and_then(|path| Config::read(&path).ok());
    let kept = Credentials::of(&context.environment).ok();
    let mut names: Vec<_> = config.into_iter().flat_map(|config| config.profiles.into_keys()).collect();
    names.extend(kept.into_iter().flat_map(|kept| kept.profiles.into_keys()));
    names.sort();
    names.dedup();
    names
}
