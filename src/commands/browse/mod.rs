//! `browse`: the event loop. It reads keys, runs effects and draws; `crate::browse` decides what happens.

mod effects;
mod export;

use clap::Args;
use ratatui::crossterm::event::{Event as TerminalEvent, KeyEventKind};
use ratatui::layout::Size;
use tokio::sync::mpsc;

use crate::args::command_line;
use crate::args::connection::{ConnectionArgs, ServerAddress};
use crate::args::filter::FilterArgs;
use crate::browse::event::{Effect, EffectResult, ScreenEvent};
use crate::browse::state::Browser;
use crate::browse::view::draw;
use crate::client::Client;
use crate::commands::Context;
use crate::commands::browse::effects::Effects;
use crate::commands::browse::export::export;
use crate::commands::connect::connect_to_read;
use crate::commands::target::resolve_target;
use crate::error::Failure;
use crate::exit;
use crate::render::style::Style;
use crate::terminal::screen::FullScreen;

/// Browse entries on a full screen: list, detail, facets, history and blame
///
/// The list stands beside the detail of the selected entry, or above it. The keys are those of less, vim and lazygit, and
/// arrows and the mouse work too: ? shows them all, q goes back. The line above the key hints shows the command that prints
/// the current view. When you quit, browse prints the command for the list.
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

/// How the browser was left.
enum Leave {
    Quit,
    Interrupt,
}

/// The result of an effect.
enum Performed {
    /// It is done or started, and these effects follow.
    Done(Vec<Effect>),
    Leave(Leave),
}

/// The screen, and what effects need.
struct BrowseSession<'a> {
    context: &'a mut Context,
    client: Client,
    connection: ConnectionArgs,
    screen: FullScreen,
    effects: Effects,
}

impl BrowseArgs {
    pub(crate) async fn run(self, context: &mut Context) -> Result<u8, Failure> {
        let Some(prompts) = context.terminal.prompts() else {
            return Err(Failure::usage("browse is interactive and needs a terminal")
                .hint("`krosyn-audit list` takes the same filters"));
        };
        let (client, filter) = connect_to_read(context, &self.connection, &self.filter).await?;
        let page = match resolve_target(context, &self.connection)?.address {
            ServerAddress::Remote(_) => Some(client.server().to_owned()),
            ServerAddress::Demo | ServerAddress::Store(_) => None,
        };
        let style = context.appearance.style(&context.terminal, context.time, true);
        let style = Style { color: context.terminal.colors_stderr(), ..style };
        let words = command_line::connection_words(&self.connection, context.demo);
        let screen = prompts.screen()?;
        let size = screen.size()?;
        let (mut browser, first) = Browser::new(client.log(), filter, (style, size), (words, page));
        let (results, mut done) = mpsc::unbounded_channel();
        let effects = Effects::new(client.clone(), results);
        let mut session = BrowseSession { context, client, connection: self.connection, screen, effects };
        let leave = session.run(&mut browser, first, &mut done).await;
        let BrowseSession { context, screen, .. } = session;
        drop(screen);
        match leave? {
            Leave::Interrupt => Err(Failure::new(exit::INTERRUPTED, "interrupted")),
            Leave::Quit => {
                writeln!(context.terminal.data(), "{}", browser.first_list_command())?;
                context.terminal.flush()?;
                Ok(exit::DONE)
            }
        }
    }
}

impl BrowseSession<'_> {
    /// Draws and reacts until the user leaves.
    async fn run(
        &mut self,
        browser: &mut Browser,
        first: Vec<Effect>,
        done: &mut mpsc::UnboundedReceiver<ScreenEvent>,
    ) -> Result<Leave, Failure> {
        let mut effects = first;
        loop {
            while let Some(effect) = effects.pop() {
                match self.perform(effect, browser).await? {
                    Performed::Done(more) => effects.extend(more),
                    Performed::Leave(leave) => return Ok(leave),
                }
            }
            self.screen.draw(|buffer| draw(browser, buffer))?;
            let event = tokio::select! {
                biased;
                event = self.screen.next() => translated(event?),
                Some(event) = done.recv() => Some(event),
            };
            effects.extend(browser.update(ScreenEvent::Now(self.context.clock.now())));
            effects.extend(event.map(|event| browser.update(event)).unwrap_or_default());
            // Keys that wait already are answered by one drawing.
            while effects.is_empty() {
                let Some(event) = self.screen.ready() else { break };
                effects.extend(translated(event?).map(|event| browser.update(event)).unwrap_or_default());
            }
        }
    }

    /// Runs an effect, or starts it.
    async fn perform(&mut self, effect: Effect, browser: &mut Browser) -> Result<Performed, Failure> {
        match effect {
            Effect::Quit => return Ok(Performed::Leave(Leave::Quit)),
            Effect::Interrupt => return Ok(Performed::Leave(Leave::Interrupt)),
            Effect::Suspend => self.screen.suspend().await?,
            Effect::Redraw => self.screen.redraw()?,
            Effect::Copy(text) => self.screen.copy(&text)?,
            Effect::Export(request, name, source) => {
                let work = export(self.context, &self.client, &self.connection, &name, source);
                let answer = match self.screen.lend(work).await? {
                    Ok(message) => Ok(EffectResult::Exported(message)),
                    // Other failures are shown on the screen.
                    Err(failure) if failure.exit == exit::INTERRUPTED => return Err(failure),
                    Err(Failure { message, hints, .. }) => {
                        Err(hints.last().map_or(message.clone(), |hint| format!("{message}: {hint}")))
                    }
                };
                return Ok(Performed::Done(browser.update(ScreenEvent::Done(request, answer))));
            }
            other => self.effects.start(other),
        }
        Ok(Performed::Done(Vec::new()))
    }
}

/// An event of the terminal, if it concerns the browser.
fn translated(event: TerminalEvent) -> Option<ScreenEvent> {
    match event {
        TerminalEvent::Key(key) if key.kind != KeyEventKind::Release => Some(ScreenEvent::Key(key)),
        TerminalEvent::Mouse(mouse) => Some(ScreenEvent::Mouse(mouse)),
        TerminalEvent::Paste(text) => Some(ScreenEvent::Paste(text)),
        TerminalEvent::Resize(width, height) => Some(ScreenEvent::Resize(Size { width, height })),
        TerminalEvent::Key(_) | TerminalEvent::FocusGained | TerminalEvent::FocusLost => None,
    }
}
