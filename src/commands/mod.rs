//! The commands, one file each: its arguments, whose doc comments are the help, and `run`.

pub(crate) mod blame;
pub(crate) mod browse;
pub(crate) mod complete;
mod confirm;
mod connect;
mod cursor_file;
pub(crate) mod erase;
pub(crate) mod export;
mod follow;
pub(crate) mod forward;
pub(crate) mod generate;
pub(crate) mod history;
pub(crate) mod hold;
pub(crate) mod import;
mod json_input;
pub(crate) mod list;
pub(crate) mod login;
pub(crate) mod open;
mod opened;
mod operator_table;
pub(crate) mod org;
mod output;
mod private_file;
pub(crate) mod prune;
pub(crate) mod record;
mod resource;
mod schedule;
pub(crate) mod serve;
pub(crate) mod show;
pub(crate) mod stats;
pub(crate) mod store;
mod target;
pub(crate) mod token;
mod token_source;
pub(crate) mod verify;
mod witness;

use chrono_tz::Tz;

use crate::args::appearance::ResolvedSetting;
use crate::args::filter::BadValue;
use crate::args::output::AppearanceArgs;
use crate::clock::Clock;
use crate::commands::opened::Opened;
use crate::config::SelectedProfile;
use crate::config::env::Environment;
use crate::error::Failure;
use crate::model::redaction::Redaction;
use crate::model::time::TimeContext;
use crate::model::trail::{Actor, TrailEvent};
use crate::model::words::Log;
use crate::server::trail;
use crate::store::{OrgId, Store};
use crate::terminal::pager::Pager;
use crate::terminal::signals::ResumeHint;
use crate::terminal::{Terminal, TerminalOptions};

/// What every command receives.
pub(crate) struct Context {
    pub terminal: Terminal,
    pub environment: Environment,
    pub clock: Clock,
    /// The time at which the command started, and the user's zone.
    pub time: TimeContext,
    /// The selected profile.
    pub settings: SelectedProfile,
    pub appearance: AppearanceArgs,
    /// The appearance settings one by one, with their origins.
    pub resolved: Vec<ResolvedSetting>,
    pub demo: bool,
    /// How to resume the command, if a signal ends it now. Also read by the thread that handles signals.
    pub resume_hint: ResumeHint,
    pub opened: Opened,
}

impl Context {
    /// A context without a profile and with the default appearance.
    pub(crate) fn new(environment: Environment, options: TerminalOptions) -> Self {
        let clock = Clock::System;
        Self {
            terminal: Terminal::open(options),
            environment,
            time: TimeContext { now: clock.now(), zone: Tz::UTC },
            clock,
            settings: SelectedProfile::default(),
            appearance: AppearanceArgs::default(),
            resolved: Vec::new(),
            demo: false,
            resume_hint: ResumeHint::default(),
            opened: Opened::default(),
        }
    }

    /// The local account, as the trail names it.
    pub(crate) fn actor(&self) -> Actor {
        let Environment { user, host, .. } = &self.environment;
        let user = user.clone().unwrap_or_else(user_number);
        Actor::account(&user, host.as_deref().unwrap_or("unknown"))
    }

    /// Records in the trail what this command is about to do.
    async fn record_in_trail(&self, store: &Store, org: OrgId, event: &TrailEvent) -> Result<(), Failure> {
        let (redaction, now) = (Redaction::default(), self.clock.now());
        Ok(trail::record(store, org, event, &self.actor(), &redaction, now).await?)
    }

    /// Sends the following output through a pager when it is taller than the screen.
    fn page(&mut self) {
        self.page_table(false);
    }

    /// As [`Self::page`]. The pager keeps the first line on the screen if it is a header.
    fn page_table(&mut self, has_header: bool) {
        let Environment { pager, unset_for_pagers, .. } = &self.environment;
        let words = match pager {
            _ if self.appearance.no_pager => Vec::new(),
            None => vec!["less".to_owned()],
            Some(pager) => shell_words::split(pager).unwrap_or_default(),
        };
        // less: F exits if the text fits, R shows colours, X leaves the text on the screen. lv: -c shows colours.
        let mut variables = vec![("LESS", "FRX"), ("LESSCHARSET", "utf-8"), ("LV", "-c")];
        variables.retain(|(name, _)| unset_for_pagers.contains(name));
        if words != ["cat"] {
            self.terminal.page(Pager { words, variables, has_header });
        }
    }
}

/// The account where the environment names none, as in cron.
fn user_number() -> String {
    format!("uid {}", rustix::process::getuid().as_raw())
}

impl From<BadValue> for Failure {
    fn from(error: BadValue) -> Self {
        let failure = Self::usage(error.to_string());
        match error.found_in {
            Some(Log::Trail) => failure.hint("--log trail reads the trail"),
            Some(Log::Audit) => failure.hint("leave out --log trail to read the audit log"),
            None => failure.nearest(error.nearest),
        }
    }
}
