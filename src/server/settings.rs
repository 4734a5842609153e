//! How a server behaves. Set once at the start; it reads no flags and no environment.

use std::num::NonZeroU32;
use std::time::Duration;

use crate::clock::Clock;
use crate::model::redaction::Redaction;
use crate::model::words::Scope;
use crate::store::Organization;

/// How many connections there may be at once, unless told otherwise: with the store's files and those who are told that
/// there is no place they stay below the 1,024 open files that a process usually may have.
pub const MAX_CONNECTIONS: usize = 900;

/// How the server behaves.
#[derive(Debug, Clone)]
pub struct Settings {
    /// What time it is.
    pub clock: Clock,
    /// What may not be stored.
    pub redaction: Redaction,
    /// A token that is in no store: that of the one process this server was started for.
    pub local: Option<LocalToken>,
    /// How many entries a prune deletes in one commit at most, however fast the store is.
    pub prune_batch: u32,
    /// How often what has expired is swept by itself; never, when absent.
    pub sweep_every: Option<Duration>,
    /// How often is written when tokens were last used.
    pub token_uses_every: Duration,
    /// How many wrong tokens a minute each address may send, and that many at once; any number, when absent.
    pub wrong_tokens_a_minute: Option<NonZeroU32>,
    /// How many requests a second each token may make, and twice as many at once; any number, when absent.
    pub requests_a_second: Option<NonZeroU32>,
    /// How many connections there may be at once.
    pub max_connections: usize,
    /// How long a question may take; any time, when absent.
    pub query_timeout: Option<Duration>,
    /// Whether this server notes the time in its store for as long as it runs.
    pub notes_time: bool,
    /// Whether callers' addresses are told by a proxy in front.
    pub behind_proxy: bool,
}

impl Settings {
    /// The usual behaviour, by this clock.
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
            notes_time: false,
            behind_proxy: false,
        }
    }
}

/// A token that is in no store.
#[derive(Debug, Clone)]
pub struct LocalToken {
    /// SHA-256 of the token.
    pub hash: [u8; 32],
    /// What prunes by it are recorded as.
    pub name: String,
    /// The organization it opens.
    pub organization: Organization,
    /// What it may do.
    pub scopes: Vec<Scope>,
}
