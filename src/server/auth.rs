//! Who asks, and whether they may: an organization comes out of a token that has the handler's scope, or not at all.
//!
//! The scope stands in the handler's signature. A handler without a `Caller` has no organization to ask a store about.

use std::marker::PhantomData;
use std::net::{IpAddr, SocketAddr};

use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use subtle::ConstantTimeEq as _;

use crate::api::problem::Code;
use crate::model::timestamp::Timestamp;
use crate::model::words::Scope;
use crate::secret::Token;
use crate::server::Server;
use crate::server::error::ApiError;
use crate::server::limits::TooOften;
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
    grant: PhantomData<G>,
}

impl<G: Grant> FromRequestParts<Server> for Caller<G> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, server: &Server) -> Result<Self, ApiError> {
        let token = bearer(parts)?;
        let caller = identify(server, &token).await?.ok_or_else(|| wrong_token(server, parts))?;
        match G::SCOPE {
            Some(scope) if !caller.scopes.contains(&scope) => {
                let detail = format!(
                    "this call needs the scope {scope}, and the token {:?} has {}",
                    caller.token,
                    listed(&caller.scopes)
                );
                Err(ApiError::new(Code::Forbidden, detail))
            }
            _ => Ok(caller),
        }
    }
}

fn listed(scopes: &[Scope]) -> String {
    let words: Vec<_> = scopes.iter().map(|scope| scope.as_str()).collect();
    if words.is_empty() { "none".to_owned() } else { words.join(", ") }
}

/// A wrong token, or one too many from this address.
fn wrong_token(server: &Server, parts: &Parts) -> ApiError {
    let allowed = address(server, parts).map_or(Ok(()), |address| server.limits.wrong_token(address));
    match allowed {
        Ok(()) => unauthorized("the token is unknown, was revoked or has expired"),
        Err(TooOften(wait)) => ApiError::too_many_requests(wait),
    }
}

/// The caller's address: the connection's, or what the proxy in front has added to the forwarded ones.
fn address(server: &Server, parts: &Parts) -> Option<IpAddr> {
    if server.settings.behind_proxy {
        let forwarded = parts.headers.get_all("x-forwarded-for").iter().next_back();
        let last = forwarded.and_then(|list| list.to_str().ok()?.rsplit(',').next()?.trim().parse().ok());
        if last.is_some() {
            return last;
        }
    }
    parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(address)| address.ip())
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

async fn identify<G>(server: &Server, token: &Token) -> Result<Option<Caller<G>>, ApiError> {
    let hash = token.hash();
    let same = |other: &[u8; 32]| bool::from(hash.ct_eq(other));
    if let Some(local) = server.settings.local.as_ref().filter(|local| same(&local.hash)) {
        return Ok(Some(Caller {
            organization: local.organization.clone(),
            token: local.name.clone(),
            scopes: local.scopes.clone(),
            expires_at: None,
            grant: PhantomData,
        }));
    }
    let now = server.settings.clock.now();
    let found = server.store.find_tokens(hash).await?;
    let found = found.into_iter().find(|(token, _)| same(&token.hash));
    let in_force =
        found.filter(|(token, _)| token.revoked_at.is_none() && token.expires_at.is_none_or(|end| now < end));
    let Some((token, organization)) = in_force else { return Ok(None) };
    server.uses.note(organization.id, &token.name, now);
    server.limits.valid_token(&hash).map_err(|TooOften(wait)| ApiError::too_many_requests(wait))?;
    Ok(Some(Caller {
        organization,
        token: token.name,
        scopes: token.scopes,
        expires_at: token.expires_at,
        grant: PhantomData,
    }))
}
