//! `--demo serve`: the API and the page over invented data in memory.

use std::net::SocketAddr;

use chrono::TimeDelta;

use crate::commands::Context;
use crate::commands::connect::fill_demo;
use crate::commands::serve::process::{bind, stop_signal};
use crate::error::Failure;
use crate::exit;
use crate::model::words::Scope;
use crate::secret::Token;
use crate::server::{self, LocalToken, PageSettings, Settings, session_link};
use crate::store;
use crate::terminal::logs::{self, LogFormat, LogLevel};

/// The token of the demo. Its data are invented, and it may only read.
const TOKEN: &str = "demo";
/// How long the printed link can be used: longer than others, because it gives access to nothing.
const LINK_LIFETIME: TimeDelta = TimeDelta::hours(1);

/// Serves until a signal stops it.
pub(super) async fn run(
    context: &mut Context,
    listen: SocketAddr,
    (format, level): (LogFormat, LogLevel),
) -> Result<u8, Failure> {
    if !listen.ip().is_loopback() {
        return Err(Failure::usage("--demo serve listens only on loopback, because its token is no secret"));
    }
    let listener = bind(listen)?;
    let address = listener.local_addr()?;
    drop(logs::start(format, level));
    let store = store::open_in_memory()?;
    let now = context.time.now;
    let organization = fill_demo(store.as_ref(), now).await?;
    let token = Token::read(TOKEN).map_err(|error| Failure::new(exit::FAILED, error.to_string()))?;
    let local = LocalToken {
        hash: token.hash(),
        name: "demo".to_owned(),
        organization,
        actor: context.actor(),
        scopes: vec![Scope::Read, Scope::Trail],
    };
    let path = session_link(&store, token.hash(), now, now.plus(LINK_LIFETIME)).await?;
    let settings = Settings {
        local: Some(local),
        page: Some(PageSettings { is_https: false }),
        ..Settings::new(context.clock.clone())
    };
    // Before the ready line: a signal may follow it immediately.
    let stop = stop_signal()?;
    writeln!(context.terminal.data(), "listening on http://{address}")?;
    writeln!(context.terminal.data(), "open http://{address}{path}")?;
    context.terminal.flush()?;
    context.terminal.status("the link works once; after that, sign in with the token: demo");
    server::serve(listener.into(), store, settings, stop).await?;
    Ok(exit::DONE)
}
