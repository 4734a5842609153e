//! `browse`: interactive menus for filters, entries, one entry, its neighbours and its history.
//!
//! A filter and an order define each page, so it has an equivalent command. `browse` prints the last one on exit.

mod change_set;
mod detail;
mod entries;
mod filters;
pub(super) mod pick;
mod values;

use clap::Args;

use crate::args::command_line;
use crate::args::connection::ConnectionArgs;
use crate::args::filter::FilterArgs;
use crate::client::Client;
use crate::commands::Context;
use crate::commands::connect::connect_to_read;
use crate::error::Failure;
use crate::exit;
use crate::model::facets::Facets;
use crate::model::filter::Filter;
use crate::model::page::{DEFAULT_LIMIT, Order};
use crate::render::style::{Role, Style};
use crate::terminal::prompt::{FullScreen, PromptPage};

/// Browse entries with interactive menus
///
/// Menus show the number of entries for each value. Esc goes back one step, Ctrl-C quits. At the end, browse prints the
/// command that lists the same entries.
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

/// State shared by all pages.
struct Browser<'a> {
    context: &'a mut Context,
    client: Client,
    screen: FullScreen,
    style: Style,
    connection: ConnectionArgs,
    /// The connection flags to append to the printed command.
    connection_words: Vec<String>,
}

/// The destination after the current page is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Navigation {
    /// The previous page.
    Back,
    /// The first page, which shows the filters.
    ToFilters,
}

impl BrowseArgs {
    pub(crate) async fn run(self, context: &mut Context) -> Result<u8, Failure> {
        let Some(prompts) = context.terminal.prompts() else {
            return Err(Failure::usage("browse is interactive and needs a terminal")
                .hint("`krosyn-audit list` takes the same filters"));
        };
        let (client, filter) = connect_to_read(context, &self.connection, &self.filter).await?;
        let style = context.appearance.style(&context.terminal, context.time, true);
        let style = Style { colour: context.terminal.colours_stderr(), ..style };
        let connection_words = command_line::connection_words(&self.connection, context.demo);
        let (screen, connection) = (prompts.screen()?, self.connection);
        let mut browser = Browser { context, client, screen, style, connection, connection_words };
        let command = browser.filters(filter).await?;
        let Browser { screen, context, client, .. } = browser;
        drop((screen, client));
        writeln!(context.terminal.data(), "{command}")?;
        context.terminal.flush()?;
        Ok(exit::DONE)
    }
}

impl Browser<'_> {
    /// The command that lists these entries; `matched` is their number.
    fn command(&self, filter: &Filter, order: Order, matched: u64) -> String {
        let mut words = vec!["krosyn-audit".to_owned(), "list".to_owned()];
        words.extend(command_line::log_words(self.client.log()));
        words.extend(command_line::filter_words(filter));
        let switches =
            [("--all", matched > u64::from(DEFAULT_LIMIT)), ("--reverse", order == Order::Ascending)];
        words.extend(switches.into_iter().filter(|(_, is_on)| *is_on).map(|(name, _)| name.to_owned()));
        words.extend(self.connection_words.iter().cloned());
        command_line::line(&words)
    }

    async fn facets(&self, filter: &Filter) -> Result<Facets, Failure> {
        Ok(self.client.facets(filter).await?)
    }

    /// Shows a menu with a fixed list of items.
    async fn choose(
        &self,
        head: &[String],
        question: &str,
        items: &[String],
        start: usize,
    ) -> Result<Option<usize>, Failure> {
        let (head, items) = (|_| head.to_vec(), |_| items.to_vec());
        let page =
            PromptPage { head: &head, question: question.to_owned(), items: &items, style: &self.style };
        Ok(self.screen.choose(&page, start).await?)
    }

    /// Asks for a line of text.
    async fn line(&self, head: &[String], question: &str, text: &str) -> Result<Option<String>, Failure> {
        let head = |_| head.to_vec();
        let page = PromptPage {
            head: &head,
            question: question.to_owned(),
            items: &|_| Vec::new(),
            style: &self.style,
        };
        Ok(self.screen.line(&page, text).await?)
    }

    fn dim(&self, text: &str) -> String {
        self.style.paint(Role::Dim, &self.style.text(text))
    }

    fn title(&self, text: &str) -> String {
        self.style.paint(Role::Title, &self.style.text(text))
    }
}
