//! The commands, one file each: the arguments, whose docs are the help, and what is done.

pub(crate) mod blame;
pub(crate) mod browse;
pub(crate) mod complete;
mod connect;
mod cursor_file;
pub(crate) mod export;
mod follow;
pub(crate) mod generate;
pub(crate) mod history;
pub(crate) mod import;
pub(crate) mod list;
pub(crate) mod login;
mod operator_table;
pub(crate) mod org;
mod output;
pub(crate) mod prune;
pub(crate) mod record;
mod resource;
pub(crate) mod serve;
mod shape;
pub(crate) mod show;
pub(crate) mod stats;
pub(crate) mod store;
mod target;
pub(crate) mod token;
mod token_source;
pub(crate) mod verify;

pub(crate) use crate::commands::connect::Opened;

use crate::args::appearance::ResolvedSetting;
use crate::args::filter::{BadValue, UnresolvedFilter};
use crate::args::output::AppearanceArgs;
use crate::client::Client;
use crate::clock::Clock;
use crate::config::SelectedProfile;
use crate::config::env::Environment;
use crate::error::Failure;
use crate::model::filter::Filter;
use crate::model::time::TimeContext;
use crate::terminal::Terminal;
use crate::terminal::pager::Pager;
use crate::terminal::signals::ResumeHint;

/// What every command is given.
pub(crate) struct Context {
    /// The outlets.
    pub terminal: Terminal,
    /// What the environment says.
    pub environment: Environment,
    /// What time it is.
    pub clock: Clock,
    /// The moment the command began, and the reader's zone.
    pub time: TimeContext,
    /// The profile that is meant.
    pub settings: SelectedProfile,
    /// How everything looks.
    pub appearance: AppearanceArgs,
    /// The same, setting by setting, and who says so.
    pub settled: Vec<ResolvedSetting>,
    /// Whether the demo organization was asked for.
    pub demo: bool,
    /// Whether the command talks to a server elsewhere, which has a log of its own.
    pub is_remote: bool,
    /// How to go on with what a Ctrl-C would leave undone.
    pub if_interrupted: ResumeHint,
    /// Whether a Ctrl-C is how the command is meant to end, of which nothing is said.
    pub ends_by_interruption: bool,
    /// The stores and servers that this process has opened, to be closed when the command has ended.
    pub opened: Opened,
}

impl Context {
    /// Lets what follows be read in a pager, when it is taller than the screen.
    fn page(&mut self) {
        let Environment { pager, unset_for_pagers, .. } = &self.environment;
        let words = match pager {
            _ if self.appearance.no_pager => Vec::new(),
            None => vec!["less".to_owned()],
            Some(pager) => shell_words::split(pager).unwrap_or_default(),
        };
        // Colours as they are, no pager for what fits after all, and the text stays on the screen afterwards.
        let mut variables = vec![("LESS", "FRX"), ("LESSCHARSET", "utf-8"), ("LV", "-c")];
        variables.retain(|(name, _)| unset_for_pagers.contains(name));
        if words != ["cat"] {
            self.terminal.page(Pager { words, variables });
        }
    }
}

impl From<BadValue> for Failure {
    fn from(error: BadValue) -> Self {
        let failure = Self::usage(error.to_string());
        match error.nearest {
            Some(nearest) => failure.hint(format!("did you mean {nearest}?")),
            None => failure,
        }
    }
}

/// Looks up the entries that a question's ends name, and tells the reader how times were taken.
async fn resolve(
    context: &mut Context,
    client: &Client,
    question: UnresolvedFilter,
) -> Result<Filter, Failure> {
    for note in &question.notes {
        context.terminal.status(note);
    }
    let mut filter = question.filter;
    if let Some(id) = question.since_entry {
        filter.since = Some(client.entry(id).await?.occurred_at);
    }
    if let Some(id) = question.until_entry {
        filter.until = Some(client.entry(id).await?.occurred_at);
    }
    if filter.since.zip(filter.until).is_some_and(|(since, until)| since >= until) {
        context
            .terminal
            .warn("--since does not lie before --until, so the window is empty: nothing can match");
    }
    Ok(filter)
}
