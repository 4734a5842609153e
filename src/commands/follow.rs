//! `list --follow`: the last few entries, then each that is recorded, until somebody says stop.
//!
//! Nothing is dropped and nothing repeated: after a lost connection it goes on behind the last id it has shown. The
//! cursor file is written when stdout has taken what it speaks of, so that a crash between the two shows an entry
//! again rather than never.

use std::path::PathBuf;
use std::time::Duration;

use backon::{BackoffBuilder as _, ExponentialBuilder};
use clap::Args;

use crate::api::query::Query;
use crate::args::connection::ConnectionArgs;
use crate::args::output::{Format, ListOutputArgs};
use crate::client::Client;
use crate::client::error::ClientError;
use crate::client::follower::{Follower, News};
use crate::client::pages::Pages;
use crate::commands::Context;
use crate::commands::cursor_file::CursorFile;
use crate::commands::output::{Held, Sink};
use crate::commands::target::resolve_target;
use crate::error::Failure;
use crate::model::entry::Entry;
use crate::model::filter::Filter;
use crate::model::prune::Pruned;
use crate::model::time::format::full;
use crate::render::columns::Column;
use crate::render::filter_summary::describe;
use crate::render::style::Style;

/// How many entries are shown before those to come, when nobody says.
pub(super) const FOLLOWED: u32 = 10;
/// The first and the longest wait before a lost server is tried again.
const WAITS: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(30));

/// Going on with what is recorded from now on
#[derive(Debug, Args)]
#[command(next_help_heading = "Following")]
pub(super) struct FollowArgs {
    /// Show the last 10 (or -n, or --all), oldest first, then whatever is recorded, until interrupted
    #[arg(short, long, conflicts_with_all = ["reverse", "exit_code", "output", "force"])]
    follow: bool,

    /// Keep in this file how far was shown, and go on from there the next time
    #[arg(long, value_name = "FILE", requires = "follow")]
    cursor_file: Option<PathBuf>,

    /// How often to ask for more, in seconds
    #[arg(long, value_name = "SECONDS", requires = "follow", default_value_t = 2, value_parser = clap::value_parser!(u64).range(1..=3600))]
    interval: u64,
}

/// In which form entries are shown.
pub(super) struct Form<'a> {
    pub(super) format: Format,
    pub(super) columns: &'a [Column],
    pub(super) args: &'a ListOutputArgs,
    pub(super) style: &'a Style,
}

impl FollowArgs {
    pub(super) const fn is_asked(&self) -> bool {
        self.follow
    }

    /// Shows the last `backlog` entries, or all, and then those to come. It ends only by a failure: the reader's going
    /// away and Ctrl-C are such.
    pub(super) async fn run(
        &self,
        context: &mut Context,
        connection: &ConnectionArgs,
        client: Client,
        filter: &Filter,
        backlog: Option<u32>,
        form: &Form<'_>,
    ) -> Result<u8, Failure> {
        if form.format == Format::Json {
            return Err(Failure::usage("--follow never ends, and a JSON document must")
                .hint("--format jsonl writes one entry a line"));
        }
        let held = Held::default();
        let mut tap = held.clone();
        let mut screen = Screen {
            held,
            sink: Sink::open(&mut tap, form.format, form.columns, form.args, form.style, filter)?,
            cursor: self.cursor(context, connection, &client, filter).await?,
            shown_through: None,
        };
        let resumed = match &screen.cursor {
            Some((cursor, path)) => cursor.resumed(path)?,
            None => None,
        };
        let (last_few, after_id) = match (resumed, backlog) {
            (Some(after_id), _) => (Vec::new(), after_id),
            (None, None) => (Vec::new(), 0),
            (None, Some(most)) => last(&client, filter, most).await?,
        };
        context.ends_by_interruption = true;
        context.terminal.status(&match describe(filter, &context.time) {
            asked if asked.is_empty() => format!("following after entry {after_id}; Ctrl-C ends it"),
            asked => format!("following after entry {after_id} · {asked}; Ctrl-C ends it"),
        });
        screen.show(context, &last_few, after_id)?;
        let mut follower = Follower::new(client, filter.clone(), after_id);
        let mut said = None;
        loop {
            let passed = follower.through_id();
            let News { entries, through_id, more, pruned } = news(context, &mut follower).await?;
            if let Some(pruned) = pruned.filter(|_| said != pruned) {
                context.terminal.warn(&gap(&pruned, passed, context));
                said = Some(pruned);
            }
            screen.show(context, &entries, through_id)?;
            if !more {
                tokio::time::sleep(Duration::from_secs(self.interval)).await;
            }
        }
    }

    /// The cursor of this question and where it is kept.
    async fn cursor(
        &self,
        context: &Context,
        connection: &ConnectionArgs,
        client: &Client,
        filter: &Filter,
    ) -> Result<Option<(CursorFile, PathBuf)>, Failure> {
        let Some(path) = &self.cursor_file else { return Ok(None) };
        let server = resolve_target(context, connection)?.to_string();
        if server == "demo:" {
            return Err(Failure::usage(
                "--cursor-file has no meaning with the demo, which is made anew each time",
            ));
        }
        let organization = client.whoami().await?.organization;
        CursorFile::can_be_kept(path)?;
        Ok(Some((CursorFile::new(server, organization, filter, 0), path.clone())))
    }
}

/// Where entries are shown, and how far.
struct Screen<'a> {
    held: Held,
    sink: Sink<'a>,
    cursor: Option<(CursorFile, PathBuf)>,
    shown_through: Option<u64>,
}

impl Screen<'_> {
    /// Shows entries, and only then keeps that everything up to `through_id` was shown.
    fn show(&mut self, context: &mut Context, entries: &[Entry], through_id: u64) -> Result<(), Failure> {
        self.sink.entries(entries)?;
        self.sink.flush()?;
        self.held.hand_on(|text| context.terminal.data().write_all(text))?;
        context.terminal.flush()?;
        if self.shown_through != Some(through_id) {
            self.shown_through = Some(through_id);
            if let Some((cursor, path)) = &mut self.cursor {
                cursor.keep(path, through_id)?;
            }
        }
        Ok(())
    }
}

/// The newest `most` entries, the oldest of them first, and the id up to which they were looked for.
async fn last(client: &Client, filter: &Filter, most: u32) -> Result<(Vec<Entry>, u64), Failure> {
    let query = Query { filter: filter.clone(), ..Query::default() };
    let mut pages = Pages::first(client.clone(), query, most.into());
    let (mut entries, mut as_of) = (Vec::new(), 0);
    while let Some(page) = pages.next().await? {
        as_of = page.page.as_of;
        entries.extend(page.data);
    }
    entries.reverse();
    Ok((entries, as_of))
}

/// What is new, asked for until there is an answer.
async fn news(context: &mut Context, follower: &mut Follower) -> Result<News, Failure> {
    let (first, longest) = WAITS;
    let waits = ExponentialBuilder::default().with_min_delay(first).with_max_delay(longest);
    let mut waits = waits.with_jitter().without_max_times().build();
    let mut lost = false;
    loop {
        match follower.poll().await {
            Ok(news) => {
                if lost {
                    let through = follower.through_id();
                    context.terminal.status(&format!(
                        "the server is back; gone on through entry {through}, nothing was missed"
                    ));
                }
                return Ok(news);
            }
            Err(error) if error.may_pass() => {
                if !lost {
                    context.terminal.warn(&trying_again(&error));
                }
                lost = true;
                tokio::time::sleep(waits.next().unwrap_or(longest)).await;
            }
            Err(error) => return Err(error.into()),
        }
    }
}

fn trying_again(error: &ClientError) -> String {
    format!("{error}; trying again until there is an answer")
}

fn gap(pruned: &Pruned, passed: u64, context: &Context) -> String {
    format!(
        "entries after {passed} are missing: of those up to {}, what happened before {} was pruned before it was read here",
        pruned.through_id,
        full(pruned.before, &context.time)
    )
}
