//! Completion values from the log: its users, and the latest entries. There is a short time limit, no prompt, no token
//! command, and no reading from stdin.

use std::collections::{BTreeMap, HashSet};
use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::{Mutex, mpsc};
use std::time::Duration;

use clap::{ArgMatches, Command};

use crate::api::query::Query;
use crate::args::connection::ConnectionArgs;
use crate::client::Client;
use crate::commands::Context;
use crate::commands::complete::candidate::Candidate;
use crate::commands::connect::{OpenMode, connect};
use crate::config::SelectedProfile;
use crate::config::credentials::Credentials;
use crate::config::file::Config;
use crate::demo;
use crate::error::Failure;
use crate::model::draft::Draft;
use crate::model::entry::Entry;
use crate::model::facets::Facet;
use crate::model::filter::{Filter, UserTerm};
use crate::model::proposal::Proposal;
use crate::model::redaction::Redaction;
use crate::model::words::Log;

/// The longest wait after a Tab.
const TIME_LIMIT: Duration = Duration::from_millis(300);
/// The number of latest entries to take values from.
const RECENT_ENTRIES: u32 = 200;

/// Which values of the latest entries to offer.
#[derive(Clone, Copy)]
pub(super) enum RecentField {
    Resources,
    /// Resources by id and by name.
    Named,
    Fields,
    Requests,
    Addresses,
    Ids,
}

/// Reads completion values from the log that the command line selects.
pub(super) struct LiveValues {
    /// Taken by the first query: there is one per Tab.
    connection: Mutex<Option<(Context, ConnectionArgs)>>,
    /// The recordings of the demo, oldest first, if the command line selects it: a server for them would take too long.
    demo: Option<Vec<Proposal>>,
    profiles: Vec<String>,
    commands: Vec<String>,
    /// The log that the command line selects.
    pub(super) log: Log,
}

impl LiveValues {
    /// Reads the connection flags typed so far.
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
        let log = levels.iter().rev().find_map(|it| it.try_get_one::<Log>("log").ok()?.copied());
        let args = ConnectionArgs {
            server: text("server"),
            token_file: path("token_file").filter(|path| path.as_os_str() != "-"),
            org: text("org"),
            insecure_http: flag("insecure_http"),
        };
        context.demo = flag("demo");
        let log = log.unwrap_or(Log::Audit);
        let is_demo = context.demo || args.server.as_deref() == Some("demo:");
        let demo =
            is_demo.then(|| if log == Log::Audit { demo::proposals(context.time.now) } else { Vec::new() });
        let settings = SelectedProfile::read(&context.environment, text("profile").as_deref(), true);
        context.settings = settings.unwrap_or_default();
        // A token command might prompt.
        context.settings.profile.token_command = None;
        let profiles = profiles(&context);
        let commands = tree.get_subcommands().map(|it| it.get_name().to_owned()).collect();
        Self { connection: Mutex::new(Some((context, args))), demo, profiles, commands, log }
    }

    pub(super) fn commands(&self) -> Vec<Candidate> {
        self.commands.iter().map(|name| Candidate::new(name.clone(), "")).collect()
    }

    pub(super) fn profiles(&self) -> Vec<Candidate> {
        self.profiles.iter().map(|name| Candidate::new(name.clone(), "")).collect()
    }

    pub(super) fn users(&self) -> Vec<Candidate> {
        let entries = |count: u64| format!("{count} entries");
        self.facets().into_iter().map(|it| Candidate::new(it.value, entries(it.count))).collect()
    }

    /// The users as filter terms that match exactly one user; each can be completed from the user's name.
    pub(super) fn exact_users(&self) -> Vec<Candidate> {
        let exact = |it: Facet| {
            let term = UserTerm::shown_as(&it.value).to_string();
            Candidate::new(term, format!("{} entries", it.count)).with_alias(&it.value)
        };
        self.facets().into_iter().map(exact).collect()
    }

    /// The active holds.
    pub(super) fn holds(&self) -> Vec<Candidate> {
        let holds = self.query(async |client| Ok(client.holds().await?.data)).unwrap_or_default();
        let active = holds.into_iter().filter(|hold| hold.released_at.is_none());
        active.map(|hold| Candidate::new(hold.name, hold.reason)).collect()
    }

    fn facets(&self) -> Vec<Facet> {
        if let Some(proposals) = &self.demo {
            let mut counts = BTreeMap::<&str, u64>::new();
            proposals.iter().for_each(|proposal| *counts.entry(proposal.user.label()).or_default() += 1);
            let facets = counts.into_iter().map(|(value, count)| Facet { value: value.to_owned(), count });
            let mut facets: Vec<_> = facets.collect();
            facets.sort_by_key(|facet| std::cmp::Reverse(facet.count));
            return facets;
        }
        let facets = self.query(async |client| Ok(client.facets(&Filter::default()).await?.user));
        facets.unwrap_or_default()
    }

    /// Values of the latest entries, newest first, without duplicates.
    pub(super) fn recent(&self, field: RecentField) -> Vec<Candidate> {
        let query = Query { limit: RECENT_ENTRIES, ..Query::default() };
        let entries = match &self.demo {
            Some(proposals) => latest_entries(proposals),
            None => self.query(async move |client| Ok(client.page(&query).await?.data)).unwrap_or_default(),
        };
        let mut seen = HashSet::new();
        let newest = matches!(field, RecentField::Ids).then(|| Candidate::new("latest", "the newest entry"));
        let found = entries.iter().flat_map(|entry| values(entry, field));
        newest.into_iter().chain(found).filter(|value| seen.insert(value.text.clone())).collect()
    }

    /// Runs a query on another thread, with a time limit that also covers locked stores and DNS lookups.
    fn query<T: Send + 'static>(
        &self,
        read: impl AsyncFnOnce(&Client) -> Result<T, Failure> + Send + 'static,
    ) -> Option<T> {
        let (mut context, args) = self.connection.lock().ok()?.take()?;
        let log = self.log;
        let (answer, answered) = mpsc::channel();
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().ok()?;
            let work = async {
                let found = async {
                    let client = connect(&mut context, &args, OpenMode::Existing).await.ok()?;
                    read(&client.reading(log)).await.ok()
                };
                // The receiver is gone after the time limit.
                answer.send(found.await).unwrap_or(());
                context.opened.close().await.ok()
            };
            runtime.block_on(work)
        });
        answered.recv_timeout(TIME_LIMIT).ok().flatten()
    }
}

/// The latest entries that a store would make of these recordings, newest first.
fn latest_entries(proposals: &[Proposal]) -> Vec<Entry> {
    let redaction = Redaction::default();
    let entry = |(id, proposal): (u64, &Proposal)| {
        let draft = Draft::prepare(proposal, &redaction, proposal.occurred_at?).ok()?;
        Some(draft.stored_as(id))
    };
    let numbered: Vec<_> = (1..).zip(proposals).collect();
    numbered.into_iter().rev().take(RECENT_ENTRIES as usize).filter_map(entry).collect()
}

fn values(entry: &Entry, field: RecentField) -> Vec<Candidate> {
    let name = entry.model_name.as_deref().unwrap_or_default();
    match field {
        RecentField::Resources => {
            vec![Candidate::new(format!("{}/{}", entry.model_type, entry.model_id), name)]
        }
        RecentField::Named => {
            let mut found = values(entry, RecentField::Resources);
            found.push(Candidate::new(name, format!("{}/{}", entry.model_type, entry.model_id)));
            found
        }
        RecentField::Ids => {
            vec![Candidate::new(
                entry.id.to_string(),
                format!("{} {} {name}", entry.action, entry.model_type),
            )]
        }
        RecentField::Requests => {
            let id = entry.context.request_id.iter();
            id.map(|id| Candidate::new(id.clone(), entry.occurred_at.to_string())).collect()
        }
        RecentField::Addresses => {
            let address = entry.context.ip.iter();
            address.map(|ip| Candidate::new(ip.clone(), entry.user.label())).collect()
        }
        RecentField::Fields => {
            let changes = entry.changes.list().unwrap_or_default();
            changes.into_iter().map(|change| Candidate::new(change.field, "")).collect()
        }
    }
}

fn profiles(context: &Context) -> Vec<String> {
    let environment = &context.environment;
    let files = environment.config_file().into_iter().chain(environment.machine_config_file.clone());
    let configs = files.filter_map(|path| Config::read(&path).ok());
    let kept = Credentials::load(environment).ok();
    let mut names: Vec<_> = configs.flat_map(|config| config.profiles.into_keys()).collect();
    names.extend(kept.into_iter().flat_map(|kept| kept.profiles.into_keys()));
    names.sort();
    names.dedup();
    names
}
