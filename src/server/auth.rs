//! Who asks, and whether they may: an organization comes out of a token that has the handler's scope, or not at all.
//!
//! The scope stands in the handler's signature. A handler without a `Caller` has no organization to ask a store about.

use std::marker::PhantomData;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use subtle::ConstantTimeEq as _;

use crate::api::problem::Code;
use crate::model::timestamp::Timestamp;
use crate::model::words::Scope;
use crate::secret::Token;
use crate::server::budget::Holder;
use crate::server::error::ApiError;
use crate::server::limits::{Guess, TooOften, last_forwarded};
use crate::server::places::{Seat, TooMany};
use crate::server::state::Server;
use crate::store::Organization;

/// What a handler asks of its caller's token.
pub(super) trait Grant: Send {
    /// The scope the token must have; none, when any valid token will do.
    const SCOPE: Option<Scope>;
}

/// May read.
pub(super) struct Read;
impl Grant for Read {
    const SCOPE: Option<Scope> = Some(Scope::Read);
}

/// May record.
pub(super) struct Record;
impl Grant for Record {
    const SCOPE: Option<Scope> = Some(Scope::Record);
}

/// May prune.
pub(super) struct Prune;
impl Grant for Prune {
    const SCOPE: Option<Scope> = Some(Scope::Prune);
}

/// Has a valid token.
pub(super) struct Anyone;
impl Grant for Anyone {
    const SCOPE: Option<Scope> = None;
}

/// A caller whose token was found, is in force and has the scope.
pub(super) struct Caller<G> {
    pub(super) organization: Organization,
    pub(super) token: String,
    pub(super) scopes: Vec<Scope>,
    pub(super) expires_at: Option<Timestamp>,
    hash: [u8; 32],
    grant: PhantomData<G>,
}

impl<G: Grant> Caller<G> {
    /// Who holds the memory that this caller takes.
    pub(super) const fn holder(&self) -> Holder {
        Holder { organization: self.organization.id, token: self.hash }
    }

    /// The same caller as things stand now: a body may arrive long after its head, and its token may have ended since.
    pub(super) async fn again(self, server: &Server) -> Result<Self, ApiError> {
        let found = find(server, self.hash).await?.ok_or_else(unknown)?;
        found.within_scope()
    }

    fn within_scope(self) -> Result<Self, ApiError> {
        match G::SCOPE {
            Some(scope) if !self.scopes.contains(&scope) => {
                let detail = format!(
                    "this call needs the scope {scope}, and the token {:?} has {}",
                    self.token,
                    listed(&self.scopes)
                );
                Err(ApiError::new(Code::Forbidden, detail))
            }
            _ => Ok(self),
        }
    }
}

impl<G: Grant> FromRequestParts<Server> for Caller<G> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, server: &Server) -> Result<Self, ApiError> {
        let hash = bearer(parts)?.hash();
        let seat = parts.extensions.get::<Arc<Seat>>();
        // What this connection has shown before is no guess. Everything else is judged only as far as its address may
        // guess: beyond that a right token must look like a wrong one.
        let guess = match address(server, parts) {
            Some(address) if seat.is_none_or(|seat| !seat.has_shown(&hash)) => {
                let guess = server.limits.guess(address);
                Some(guess.map_err(|TooOften(wait)| ApiError::too_many_requests(wait))?)
            }
            _ => None,
        };
        let Some(caller) = find(server, hash).await? else {
            guess.into_iter().for_each(Guess::was_wrong);
            return Err(unknown());
        };
        guess.into_iter().for_each(Guess::was_right);
        let proven = seat.map_or(Ok(()), |seat| seat.prove(caller.holder()));
        proven.map_err(|TooMany| {
            let detail = "this token or its organization has as many connections as it may: use them again, or try again in a moment";
            ApiError::new(Code::Unavailable, detail)
        })?;
        if !is_local(server, &hash) {
            server.uses.note(caller.organization.id, &caller.token, server.settings.clock.now());
            let allowed = server.limits.valid_token(&hash);
            allowed.map_err(|TooOften(wait)| ApiError::too_many_requests(wait))?;
        }
        caller.within_scope()
    }
}

fn listed(scopes: &[Scope]) -> String {
    let words: Vec<_> = scopes.iter().map(|scope| scope.as_str()).collect();
    if words.is_empty() { "none".to_owned() } else { words.join(", ") }
}

/// The caller's address: the connection's, or what the proxy in front has added to the forwarded ones.
fn address(server: &Server, parts: &Parts) -> Option<IpAddr> {
    if server.settings.behind_proxy {
        let forwarded = parts.headers.get_all("x-forwarded-for").iter().next_back();
        let last = forwarded.and_then(|list| last_forwarded(list.to_str().ok()?));
        if last.is_some() {
            return last;
        }
    }
    parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(address)| address.ip())
}

fn unknown() -> ApiError {
    unauthorized("the token is unknown, was revoked or has expired")
}

fn unauthorized(detail: &str) -> ApiError {
    ApiError::new(Code::Unauthorized, detail)
}

/// The token of `Authorization: Bearer …` (RFC 6750; the scheme word is case-blind).
fn bearer(parts: &Parts) -> Result<Token, ApiError> {
    let missing = || unauthorized("no token was sent: Authorization: Bearer TOKEN");
    let header = parts.headers.get(AUTHORIZATION).ok_or_else(missing)?;
    let (scheme, token) =
        header.to_str().ok().and_then(|header| header.split_once(' ')).ok_or_else(missing)?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(missing());
    }
    Token::read(token).map_err(|_| missing())
}

fn is_same(one: &[u8; 32], other: &[u8; 32]) -> bool {
    bool::from(one.ct_eq(other))
}

/// Tells whether this is the hash of the one token that is in no store.
fn is_local(server: &Server, hash: &[u8; 32]) -> bool {
    server.settings.local.as_ref().is_some_and(|local| is_same(&local.hash, hash))
}

/// The caller with a token of this hash, when it is in force.
async fn find<G>(server: &Server, hash: [u8; 32]) -> Result<Option<Caller<G>>, ApiError> {
    if let Some(local) = server.settings.local.as_ref().filter(|local| is_same(&local.hash, &hash)) {
        return Ok(Some(Caller {
            organization: local.organization.clone(),
            token: local.name.clone(),
            scopes: local.scopes.clone(),
            expires_at: None,
            hash,
            grant: PhantomData,
        }));
    }
    let now = server.settings.clock.now();
    let found = server.store.find_tokens(hash).await?;
    let found = found.into_iter().find(|(token, _)| is_same(&token.hash, &hash));
    let in_force =
        found.filter(|(token, _)| token.revoked_at.is_none() && token.expires_at.is_none_or(|end| now < end));
    Ok(in_force.map(|(token, organization)| Caller {
        organization,
        token: token.name,
        scopes: token.scopes,
        expires_at: token.expires_at,
        hash,
        grant: PhantomData,
    }))
}
