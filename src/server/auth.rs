//! Authentication and authorization. A handler gets its organization only from a valid token with the required scope.
//!
//! The scope is part of the handler's signature. A handler without a `Caller` has no organization to query.

use std::marker::PhantomData;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::header::{AUTHORIZATION, USER_AGENT};
use axum::http::request::Parts;
use axum::http::{Extensions, HeaderMap, HeaderName, HeaderValue};
use subtle::ConstantTimeEq as _;
use tracing::Span;

use crate::api::problem::Code;
use crate::api::purpose::PURPOSE;
use crate::model::timestamp::Timestamp;
use crate::model::trail::Actor;
use crate::model::words::{Log, Scope};
use crate::secret::Token;
use crate::server::budget::CallerKey;
use crate::server::connection_slots::{Slot, TooManyConnections};
use crate::server::error::ApiError;
use crate::server::limits::{RateLimited, TokenAttempt, last_forwarded};
use crate::server::state::Server;
use crate::store::{OrgId, Organization};

pub(super) trait RequiredScope: Send {
    /// `None` accepts every valid token.
    const SCOPE: Option<Scope>;
}

/// A scope that reads a log.
pub(super) trait ReadScope: RequiredScope {
    const LOG: Log;
}

pub(super) struct CanRead;
impl RequiredScope for CanRead {
    const SCOPE: Option<Scope> = Some(Scope::Read);
}
impl ReadScope for CanRead {
    const LOG: Log = Log::Audit;
}

pub(super) struct CanReadTrail;
impl RequiredScope for CanReadTrail {
    const SCOPE: Option<Scope> = Some(Scope::Trail);
}
impl ReadScope for CanReadTrail {
    const LOG: Log = Log::Trail;
}

pub(super) struct CanRecord;
impl RequiredScope for CanRecord {
    const SCOPE: Option<Scope> = Some(Scope::Record);
}

pub(super) struct CanPrune;
impl RequiredScope for CanPrune {
    const SCOPE: Option<Scope> = Some(Scope::Prune);
}

pub(super) struct CanHold;
impl RequiredScope for CanHold {
    const SCOPE: Option<Scope> = Some(Scope::Hold);
}

pub(super) struct CanErase;
impl RequiredScope for CanErase {
    const SCOPE: Option<Scope> = Some(Scope::Erase);
}

pub(super) struct AnyToken;
impl RequiredScope for AnyToken {
    const SCOPE: Option<Scope> = None;
}

/// A caller with a valid token that has the scope.
pub(super) struct Caller<S> {
    pub(super) organization: Organization,
    pub(super) token: String,
    pub(super) scopes: Vec<Scope>,
    pub(super) expires_at: Option<Timestamp>,
    /// Where the request comes from.
    pub(super) source: RequestSource,
    hash: [u8; 32],
    /// The hash of the page's session that stands for the token, if there is one.
    session: Option<[u8; 32]>,
    scope: PhantomData<S>,
}

/// Where a request comes from, and what it is for.
#[derive(Debug, Clone, Default)]
pub(super) struct RequestSource {
    ip: Option<IpAddr>,
    user_agent: Option<String>,
    id: Option<RequestId>,
    /// The header `Krosyn-Purpose`.
    pub(super) purpose: Option<String>,
}

/// The id of a request, as the middleware has chosen it.
#[derive(Debug, Clone)]
pub(super) struct RequestId(pub(super) Arc<str>);

impl RequestSource {
    fn of(server: &Server, parts: &Parts) -> Self {
        let header = |name| parts.headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
        Self {
            ip: client_address(server, &parts.headers, &parts.extensions),
            user_agent: header(USER_AGENT).map(str::to_owned),
            id: parts.extensions.get().cloned(),
            purpose: header(HeaderName::from_static(PURPOSE)).map(str::to_owned),
        }
    }
}

impl<S: ReadScope> Caller<S> {
    /// The number of the log that the scope reads.
    pub(super) const fn log(&self) -> OrgId {
        self.organization.log(S::LOG)
    }
}

impl<S: RequiredScope> Caller<S> {
    pub(super) const fn key(&self) -> CallerKey {
        CallerKey { organization: self.organization.id, token: self.hash }
    }

    /// The caller in the trail.
    pub(super) fn actor(&self, server: &Server) -> Actor {
        if let Some(local) = server.settings.local.as_ref().filter(|_| is_local(server, &self.hash)) {
            return local.actor.clone();
        }
        let RequestSource { ip, user_agent, id, .. } = &self.source;
        let (ip, id) = (ip.map(|ip| ip.to_canonical().to_string()), id.as_ref().map(|id| &*id.0));
        Actor::token(&self.token).with_request(ip, user_agent.as_deref(), id)
    }

    /// Counts a read that the trail records.
    pub(super) fn count_recorded_read(&self, server: &Server) -> Result<(), ApiError> {
        if is_local(server, &self.hash) {
            return Ok(());
        }
        let counted = server.limits.count_recorded_read(&self.hash);
        counted.map_err(|RateLimited(wait)| ApiError::too_many_requests(wait))
    }

    /// Checks the token again. A body may arrive long after its head, and the token may have expired meanwhile.
    pub(super) async fn reauthenticate(self, server: &Server) -> Result<Self, ApiError> {
        let found: Self = find(server, self.hash).await?.ok_or_else(unknown_token)?;
        Self { source: self.source, session: self.session, ..found }.with_scope()
    }

    /// The same caller for another scope, which its token must have.
    pub(super) fn narrowed<T: RequiredScope>(&self) -> Result<Caller<T>, ApiError> {
        let Self { organization, token, scopes, expires_at, source, hash, session, .. } = self;
        let caller = Caller {
            organization: organization.clone(),
            token: token.clone(),
            scopes: scopes.clone(),
            expires_at: *expires_at,
            source: source.clone(),
            hash: *hash,
            session: *session,
            scope: PhantomData,
        };
        caller.with_scope()
    }

    /// What an answer in several parts checks again between them.
    pub(super) const fn permit(&self) -> Permit {
        Permit { token: self.hash, session: self.session, scope: S::SCOPE }
    }

    fn with_scope(self) -> Result<Self, ApiError> {
        match S::SCOPE {
            Some(scope) if !self.scopes.contains(&scope) => {
                let detail = format!(
                    "this call needs the scope {scope}; the token {:?} has {}",
                    self.token,
                    listed(&self.scopes)
                );
                Err(ApiError::new(Code::Forbidden, detail))
            }
            _ => Ok(self),
        }
    }
}

impl<S: RequiredScope> FromRequestParts<Server> for Caller<S> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, server: &Server) -> Result<Self, ApiError> {
        let hash = bearer(parts)?.hash();
        Self::authenticate(parts, server, hash).await
    }
}

impl<S: RequiredScope> Caller<S> {
    /// Finds the caller of a request by the hash of its token, and counts the attempt and the request.
    pub(super) async fn authenticate(
        parts: &Parts,
        server: &Server,
        hash: [u8; 32],
    ) -> Result<Self, ApiError> {
        let slot = parts.extensions.get::<Arc<Slot>>();
        // A token that this connection has used before is not a new attempt. All others count against the attempts of
        // the address: beyond the limit, a valid token must be answered like an invalid one.
        let source = RequestSource::of(server, parts);
        let attempt = match source.ip {
            Some(address) if slot.is_none_or(|slot| !slot.has_authenticated(&hash)) => {
                let attempt = server.limits.attempt(address);
                Some(attempt.map_err(|RateLimited(wait)| ApiError::too_many_requests(wait))?)
            }
            _ => None,
        };
        let Some(caller) = find::<S>(server, hash).await? else {
            attempt.into_iter().for_each(TokenAttempt::failed);
            return Err(unknown_token());
        };
        attempt.into_iter().for_each(TokenAttempt::succeeded);
        Caller { source, ..caller }.admitted(parts, server)
    }

    /// Finds the caller of a request by the token of its session or link. The session or link was found, so the token is
    /// no attempt. `session` is absent for a link.
    pub(super) async fn of_session(
        parts: &Parts,
        server: &Server,
        token: [u8; 32],
        session: Option<[u8; 32]>,
    ) -> Result<Self, ApiError> {
        let caller = find::<S>(server, token).await?.ok_or_else(unknown_token)?;
        Caller { source: RequestSource::of(server, parts), session, ..caller }.admitted(parts, server)
    }

    /// Counts the request of a caller with a valid token, and checks its scope.
    fn admitted(self, parts: &Parts, server: &Server) -> Result<Self, ApiError> {
        let (slot, hash) = (parts.extensions.get::<Arc<Slot>>(), self.hash);
        // For the log line, also if the call is refused.
        let span = Span::current();
        span.record("token", &*self.token).record("organization", &*self.organization.slug);
        let counted = slot.map_or(Ok(()), |slot| slot.authenticate(self.key()));
        counted.map_err(|TooManyConnections| {
            let detail = "too many connections for this token or its organization: reuse them, or try again in a moment";
            ApiError::new(Code::Unavailable, detail)
        })?;
        if !is_local(server, &hash) {
            server.token_usage.note(self.organization.id, &self.token, server.settings.clock.now());
            let allowed = server.limits.count_request(&hash);
            allowed.map_err(|RateLimited(wait)| ApiError::too_many_requests(wait))?;
        }
        self.with_scope()
    }
}

/// What an answer in several parts depends on: a token with a scope, and the session that stands for it.
pub(super) struct Permit {
    token: [u8; 32],
    session: Option<[u8; 32]>,
    scope: Option<Scope>,
}

impl Permit {
    /// Checks that neither the token nor the session was revoked or has expired meanwhile.
    pub(super) async fn check(&self, server: &Server) -> Result<(), ApiError> {
        let caller = find::<AnyToken>(server, self.token).await?.ok_or_else(unknown_token)?;
        if self.scope.is_some_and(|scope| !caller.scopes.contains(&scope)) {
            return Err(unknown_token());
        }
        if let Some(hash) = self.session {
            // It is in use, so only its end counts and not its last request.
            let now = server.settings.clock.now();
            let session = server.store.find_session(hash).await?.filter(|it| now < it.expires_at);
            session.ok_or_else(|| unauthorized("the session has ended"))?;
        }
        Ok(())
    }
}

/// The caller that a one-time link would sign in, if its token is valid.
pub(super) async fn owner(server: &Server, token: [u8; 32]) -> Result<Option<Caller<AnyToken>>, ApiError> {
    find(server, token).await
}

/// Counts an attempt of a request to show a session with this hash.
pub(super) fn session_attempt<'a>(
    parts: &Parts,
    server: &'a Server,
    hash: &[u8; 32],
) -> Result<Option<TokenAttempt<'a>>, ApiError> {
    let Some(address) = client_address(server, &parts.headers, &parts.extensions) else { return Ok(None) };
    let attempt = server.limits.session_attempt(address, hash);
    Ok(Some(attempt.map_err(|RateLimited(wait)| ApiError::too_many_requests(wait))?))
}

/// Counts an attempt of a request to show a one-time link.
pub(super) fn link_attempt<'a>(
    parts: &Parts,
    server: &'a Server,
) -> Result<Option<TokenAttempt<'a>>, ApiError> {
    let Some(address) = client_address(server, &parts.headers, &parts.extensions) else { return Ok(None) };
    let attempt = server.limits.link_attempt(address);
    Ok(Some(attempt.map_err(|RateLimited(wait)| ApiError::too_many_requests(wait))?))
}

/// Counts an attempt of a request to sign in by a text that is no token.
pub(super) fn attempt<'a>(parts: &Parts, server: &'a Server) -> Result<Option<TokenAttempt<'a>>, ApiError> {
    let Some(address) = client_address(server, &parts.headers, &parts.extensions) else { return Ok(None) };
    let attempt = server.limits.attempt(address);
    Ok(Some(attempt.map_err(|RateLimited(wait)| ApiError::too_many_requests(wait))?))
}

fn listed(scopes: &[Scope]) -> String {
    let words: Vec<_> = scopes.iter().map(|scope| scope.as_str()).collect();
    if words.is_empty() { "none".to_owned() } else { words.join(", ") }
}

/// The client's address: the last one in `X-Forwarded-For` behind a proxy, else the connection's.
pub(super) fn client_address(
    server: &Server,
    headers: &HeaderMap,
    extensions: &Extensions,
) -> Option<IpAddr> {
    if server.settings.behind_proxy {
        let forwarded = headers.get_all("x-forwarded-for").iter().next_back();
        let last = forwarded.and_then(|list| last_forwarded(list.to_str().ok()?));
        if last.is_some() {
            return last;
        }
    }
    extensions.get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(address)| address.ip())
}

fn unknown_token() -> ApiError {
    unauthorized("the token is unknown, revoked or expired")
}

fn unauthorized(detail: &str) -> ApiError {
    ApiError::new(Code::Unauthorized, detail)
}

/// The token of `Authorization: Bearer …` (RFC 6750; the scheme is case-insensitive).
fn bearer(parts: &Parts) -> Result<Token, ApiError> {
    let missing = || unauthorized("no token: send the header Authorization: Bearer TOKEN");
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

fn is_local(server: &Server, hash: &[u8; 32]) -> bool {
    server.settings.local.as_ref().is_some_and(|local| is_same(&local.hash, hash))
}

/// Finds the caller by the hash of a valid token.
async fn find<S>(server: &Server, hash: [u8; 32]) -> Result<Option<Caller<S>>, ApiError> {
    if let Some(local) = server.settings.local.as_ref().filter(|local| is_same(&local.hash, &hash)) {
        return Ok(Some(Caller {
            organization: local.organization.clone(),
            token: local.name.clone(),
            scopes: local.scopes.clone(),
            expires_at: None,
            source: RequestSource::default(),
            hash,
            session: None,
            scope: PhantomData,
        }));
    }
    let now = server.settings.clock.now();
    let found = server.store.find_tokens(hash).await?;
    let found = found.into_iter().find(|(token, _)| is_same(&token.hash, &hash));
    let valid =
        found.filter(|(token, _)| token.revoked_at.is_none() && token.expires_at.is_none_or(|end| now < end));
    Ok(valid.map(|(token, organization)| Caller {
        organization,
        token: token.name,
        scopes: token.scopes,
        expires_at: token.expires_at,
        source: RequestSource::default(),
        hash,
        session: None,
        scope: PhantomData,
    }))
}
