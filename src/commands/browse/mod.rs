//! `browse`: look around by menus: filters, entries, one entry, and from there to its neighbours and its history.
//!
//! Every page is a filter and an order, so each can be said as a command, and the last one is, on leaving.

mod change_set;
mod detail;
mod entries;
mod filters;
mod pick;
mod values;

use clap::Args;

use crate::args::command_line;
use crate::args::connection::ConnectionArgs;
use crate::args::filter::FilterArgs;
use crate::client::Client;
use crate::commands::connect::{Need, connect};
use crate::commands::{Context, resolve};
use crate::error::Failure;
use crate::exit;
use crate::model::facets::Facets;
use crate::model::filter::Filter;
use crate::model::page::{DEFAULT_LIMIT, Order};
use crate::render::style::{Role, Style};
use crate::terminal::prompt::{Page, Screen};

pub(super) use crate::commands::browse::pick::pick;

/// Look around by menus: filters, entries, one entry and its neighbours
///
/// Menus show how many entries each value has. Esc goes one step back and Ctrl-C quits. On leaving, the command that
/// lists the same entries is printed.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  krosyn-audit browse --demo\n  krosyn-audit browse -t connector --since 30d"
)]
pub(crate) struct BrowseArgs {
    #[command(flatten)]
    filter: FilterArgs,
    #[command(flatten)]
    connection: ConnectionArgs,
}

/// What all pages need.
struct Browser<'a> {
    context: &'a mut Context,
    client: Client,
    screen: Screen,
    style: Style,
    connection: ConnectionArgs,
    /// The flags that lead to the same place.
    place: Vec<String>,
}

/// Where somebody who leaves a page goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// To the page before.
    Back,
    /// To the filters, wherever they are.
    ToFilters,
}

impl BrowseArgs {
    /// Browses.
    ///
    /// # Errors
    /// [`Failure`]; with exit code 2 where nobody can be asked.
    pub(crate) async fn run(self, context: &mut Context) -> Result<u8, Failure> {
        let Some(prompts) = context.terminal.prompts() else {
            return Err(Failure::usage("browse asks questions, and nobody can be asked here")
                .hint("`krosyn-audit list` takes the same filters and asks nothing"));
        };
        let question = self.filter.parse(&context.time)?;
        let connection = connect(context, &self.connection, Need::Existing).await?;
        let filter = resolve(context, &connection.client, question).await?;
        let style = context.appearance.look(&context.terminal, context.time, true);
        let style = Style { colour: context.terminal.paints_conversation(), ..style };
        let place = command_line::connection_words(&self.connection, context.demo);
        let client = connection.client.clone();
        let screen = prompts.screen()?;
        let mut browser = Browser { context, client, screen, style, connection: self.connection, place };
        let command = browser.filters(filter).await?;
        let Browser { screen, context, client, .. } = browser;
        drop((screen, client));
        writeln!(context.terminal.data(), "{command}")?;
        context.terminal.flush()?;
        Ok(exit::DONE)
    }
}

impl Browser<'_> {
    /// The command that lists these entries, of which there are so many.
    fn command(&self, filter: &Filter, order: Order, matched: u64) -> String {
        let mut words = vec!["krosyn-audit".to_owned(), "list".to_owned()];
        words.extend(command_line::filter_words(filter));
        let switches =
            [("--all", matched > u64::from(DEFAULT_LIMIT)), ("--reverse", order == Order::Ascending)];
        words.extend(switches.into_iter().filter(|(_, is_on)| *is_on).map(|(name, _)| name.to_owned()));
        words.extend(self.place.iter().cloned());
        command_line::line(&words)
    }

    async fn facets(&self, filter: &Filter) -> Result<Facets, Failure> {
        Ok(self.client.facets(filter).await?)
    }

    /// A page whose items are words.
    async fn choose(
        &self,
        head: &[String],
        question: &str,
        items: &[String],
        start: usize,
    ) -> Result<Option<usize>, Failure> {
        let (head, items) = (|_| head.to_vec(), |_| items.to_vec());
        let page = Page { head: &head, question: question.to_owned(), items: &items, style: &self.style };
        Ok(self.screen.choose(&page, start).await?)
    }

    /// Asks for a line of text.
    async fn line(&self, head: &[String], question: &str, text: &str) -> Result<Option<String>, Failure> {
        let head = |_| head.to_vec();
        let page =
            Page { head: &head, question: question.to_owned(), items: &|_| Vec::new(), style: &self.style };
        Ok(self.screen.line(&page, text).await?)
    }

    fn dim(&self, text: &str) -> String {
        self.style.paint(Role::Dim, &self.style.text(text))
    }

    fn title(&self, text: &str) -> String {
        self.style.paint(Role::Title, &self.style.text(text))
    }
}
