//! How a server behaves. Set once at the start; it reads no flags and no environment.

use std::num::NonZeroU32;
use std::time::Duration;

use crate::clock::Clock;
use crate::model::redaction::Redaction;
use crate::model::trail::Actor;
use crate::model::words::Scope;
use crate::server::tree_job::Signer;
use crate::store::Organization;

/// The default limit of connections. With the store's files and refused connections, the process stays below the usual
/// limit of 1,024 open files.
pub const MAX_CONNECTIONS: usize = 900;

/// The settings of a server.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The time source.
    pub clock: Clock,
    /// Removes secrets from recorded entries.
    pub redaction: Redaction,
    /// The token of the process that started this server for itself. It is in no store.
    pub local: Option<LocalToken>,
    /// The most entries that a prune deletes in one commit.
    pub prune_batch: u32,
    /// How often expired entries are pruned automatically. `None` means never.
    pub sweep_every: Option<Duration>,
    /// How often the time of each token's last use is written to the store.
    pub token_uses_every: Duration,
    /// How many invalid tokens each address may send in a minute, and at once. `None` means no limit.
    pub wrong_tokens_a_minute: Option<NonZeroU32>,
    /// How many requests each token may send in a second, and twice as many at once. `None` means no limit.
    pub requests_a_second: Option<NonZeroU32>,
    /// The most connections at the same time.
    pub max_connections: usize,
    /// How long a query may take. `None` means no limit.
    pub query_timeout: Option<Duration>,
    /// Signs checkpoints; the key in the store, when absent.
    pub signer: Option<Signer>,
    /// Whether this server saves the current time in its store while it runs, for the clock guard.
    pub notes_time: bool,
    /// The name of this machine, for the trail, which then records that the server starts and stops.
    pub host: Option<String>,
    /// The page for browsers, if it is served.
    pub page: Option<PageSettings>,
    /// Whether a proxy in front sends clients' addresses in `X-Forwarded-For`.
    pub behind_proxy: bool,
}

impl Settings {
    /// The defaults, with this clock.
    #[must_use]
    pub fn new(clock: Clock) -> Self {
        Self {
            clock,
            redaction: Redaction::default(),
            local: None,
            prune_batch: 10_000,
            sweep_every: None,
            token_uses_every: Duration::from_secs(60),
            wrong_tokens_a_minute: NonZeroU32::new(30),
            requests_a_second: None,
            max_connections: MAX_CONNECTIONS,
            query_timeout: None,
            signer: None,
            notes_time: false,
            host: None,
            page: None,
            behind_proxy: false,
        }
    }
}

/// How the page for browsers is served.
#[derive(Debug, Clone, Copy)]
pub struct PageSettings {
    /// Whether browsers reach it by HTTPS. Its cookies are then sent by HTTPS only.
    pub is_https: bool,
}

/// A token that is valid for one server process and is in no store.
#[derive(Debug, Clone)]
pub struct LocalToken {
    /// SHA-256 of the token.
    pub hash: [u8; 32],
    /// The name under which its prunes are recorded.
    pub name: String,
    /// The organization it gives access to.
    pub organization: Organization,
    /// The account that runs the process: the trail records what it does.
    pub actor: Actor,
    /// Its permissions.
    pub scopes: Vec<Scope>,
}
