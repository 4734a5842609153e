//! Sessions of the page: cookies, the checks of each request, and tokens against forged forms.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::FromRequestParts;
use axum::http::header::{COOKIE, HOST, ORIGIN, REFERER, SET_COOKIE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, Uri};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::TimeDelta;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use crate::api::problem::Code;
use crate::model::time::{TimeContext, zone};
use crate::model::timestamp::Timestamp;
use crate::server::auth::{self, AnyToken, Caller, RequiredScope};
use crate::server::error::ApiError;
use crate::server::limits::TokenAttempt;
use crate::server::page::answer::PageError;
pub(super) use crate::server::page::link::Secret;
use crate::server::state::Server;
use crate::store::StoredSession;

/// How long a session lasts, used or not.
const LIFETIME: TimeDelta = TimeDelta::hours(8);
/// How long a session lasts without a request.
const IDLE: TimeDelta = TimeDelta::hours(1);
/// How often the last use of a session is written.
const TOUCH_AFTER: TimeDelta = TimeDelta::minutes(1);
/// How long a view waits until the last use of its session is written.
const TOUCH_WAIT: Duration = Duration::from_millis(100);
/// How long a one-time link can be used.
pub(super) const LINK_LIFETIME: TimeDelta = TimeDelta::seconds(60);

/// The parameter by which a page's requests name the viewer for whom the page was made.
pub(super) const VIEWER: &str = "viewer";

/// The cookie of a session.
const SESSION: &str = "krosyn-audit-session";
/// The cookie of a browser that is not signed in: its sign-in form must show that it is from the same browser.
const FORM: &str = "krosyn-audit-form";
/// The cookie in which the page's script puts the viewer's time zone.
const ZONE: &str = "krosyn-audit-tz";

/// Random text for a session or a form.
pub(super) fn secret() -> Result<Secret, ApiError> {
    Secret::generate().map_err(|_| ApiError::internal())
}

impl Secret {
    /// The session's name in the trail: the beginning of its hash.
    pub(super) fn name(&self) -> String {
        self.hash()[..6].iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// The token that each form of the session must send.
    pub(super) fn form_token(&self) -> String {
        // HMAC takes keys of any length.
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(self.0.as_bytes()) else { return String::new() };
        mac.update(b"form");
        URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes())
    }
}

/// A caller who is signed in to the page, with a token that has the scope.
pub(super) struct Viewer<S> {
    pub(super) caller: Caller<S>,
    /// For the forms of the page.
    pub(super) form_token: String,
    /// The present and the viewer's zone.
    pub(super) time: TimeContext,
}

impl<S: RequiredScope> FromRequestParts<Server> for Viewer<S> {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, server: &Server) -> Result<Self, PageError> {
        let (viewer, session) = Self::signed_in(parts, server).await?;
        let now = viewer.time.now;
        if now.since(session.last_used_at) >= TOUCH_AFTER {
            // The view does not wait for a store that another process has locked. Reading goes on if the time cannot be
            // written: the session then ends early.
            let store = Arc::clone(&server.store);
            let touched = tokio::spawn(async move { store.touch_session(session.hash, now).await });
            drop(tokio::time::timeout(TOUCH_WAIT, touched).await);
        }
        Ok(viewer)
    }
}

/// A viewer whose request the page's script sends by itself: it does not count as a use of the session.
pub(super) struct Watcher<S>(pub(super) Viewer<S>);

impl<S: RequiredScope> FromRequestParts<Server> for Watcher<S> {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, server: &Server) -> Result<Self, PageError> {
        Ok(Self(Viewer::signed_in(parts, server).await?.0))
    }
}

impl<S: RequiredScope> Viewer<S> {
    /// Finds the session of a request, and its token.
    async fn signed_in(parts: &Parts, server: &Server) -> Result<(Self, StoredSession), PageError> {
        let sign_in = || PageError::SignIn(local_target(&parts.uri));
        let secret = session(server, &parts.headers).ok_or_else(|| {
            if follows_foreign_link(&parts.method, &parts.headers) {
                PageError::CrossSiteLink(safe_target(&local_target(&parts.uri)).to_owned())
            } else {
                sign_in()
            }
        })?;
        let now = server.settings.clock.now();
        let hash = secret.hash();
        let attempt = auth::session_attempt(parts, server, &hash)?;
        let found = server.store.find_session(hash).await.map_err(ApiError::from)?;
        let found = found.filter(|it| is_valid(it, now));
        server.limits.note_session(hash, found.is_some());
        let Some(session) = found else {
            attempt.into_iter().for_each(TokenAttempt::failed);
            return Err(sign_in());
        };
        attempt.into_iter().for_each(TokenAttempt::succeeded);
        let caller = match Caller::<AnyToken>::of_session(parts, server, session.token_hash, Some(hash)).await
        {
            // The token was revoked or has expired: its sessions end.
            Err(error) if error.code() == Code::Unauthorized => {
                server.store.take_session(session.hash).await.map_err(ApiError::from)?;
                server.limits.note_session(hash, false);
                return Err(sign_in());
            }
            caller => caller?,
        };
        // Before the scope: the other token may have it or not.
        check_viewer(&parts.uri, &caller)?;
        let caller = caller.narrowed()?;
        let time = TimeContext { now, zone: viewer_zone(&parts.headers) };
        Ok((Self { caller, form_token: secret.form_token(), time }, session))
    }
}

/// Names a viewer, without a secret: the same for each session of a token, and another for each token and organization.
pub(super) fn viewer_tag<S: RequiredScope>(caller: &Caller<S>) -> String {
    let hash =
        Sha256::new().chain_update(caller.organization.slug.as_bytes()).chain_update(caller.key().token);
    hash.finalize()[..6].iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Refuses a request of a page that was made for another viewer: its answer would be shown among that viewer's entries.
fn check_viewer(uri: &Uri, caller: &Caller<AnyToken>) -> Result<(), PageError> {
    let query = uri.query().unwrap_or_default().as_bytes();
    let mut viewers = form_urlencoded::parse(query).filter(|(name, _)| name == VIEWER).peekable();
    if viewers.peek().is_none() {
        return Ok(());
    }
    let tag = viewer_tag(caller);
    if viewers.all(|(_, value)| value == tag) {
        return Ok(());
    }
    Err(PageError::OtherViewer {
        token: caller.token.clone(),
        organization: caller.organization.slug.clone(),
    })
}

/// Whether a session or link can still be used.
pub(super) fn is_valid(session: &StoredSession, now: Timestamp) -> bool {
    !session.is_link && now < session.expires_at && now < session.last_used_at.plus(IDLE)
}

/// Starts a session for a valid token.
pub(super) async fn begin(server: &Server, token_hash: [u8; 32]) -> Result<Secret, ApiError> {
    let (secret, now) = (secret()?, server.settings.clock.now());
    let (hash, is_link, expires_at) = (secret.hash(), false, now.plus(LIFETIME));
    let session = StoredSession { hash, is_link, token_hash, created_at: now, last_used_at: now, expires_at };
    server.store.add_session(session).await?;
    server.limits.note_session(hash, true);
    Ok(secret)
}

/// The session's secret in a request.
pub(super) fn session(server: &Server, headers: &HeaderMap) -> Option<Secret> {
    secret_of(headers, &name(server, headers, SESSION))
}

/// The random text in a cookie.
fn secret_of(headers: &HeaderMap, name: &str) -> Option<Secret> {
    let is_sound = |text: &&str| {
        text.len() == 43 && text.bytes().all(|it| it.is_ascii_alphanumeric() || matches!(it, b'-' | b'_'))
    };
    cookie(headers, name).filter(is_sound).map(|text| Secret(text.to_owned()))
}

/// The secret of a browser that is not signed in, or a new one. It is kept, so that several open forms work.
pub(super) fn browser(server: &Server, headers: &HeaderMap) -> Result<Secret, ApiError> {
    secret_of(headers, &name(server, headers, FORM)).map_or_else(secret, Ok)
}

/// The zone that the page's script has told, or UTC.
pub(super) fn viewer_zone(headers: &HeaderMap) -> chrono_tz::Tz {
    cookie(headers, ZONE).and_then(|text| zone(text).ok()).unwrap_or(chrono_tz::Tz::UTC)
}

/// The value of a cookie.
fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let all = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = all.flat_map(|list| list.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find_map(|(found, value)| (found == name).then_some(value))
}

fn is_https(server: &Server) -> bool {
    server.settings.page.is_some_and(|page| page.is_https)
}

/// A browser accepts the prefix only over HTTPS, for this host and for all paths. Without it, the name has the port that the
/// browser asked: cookies do not tell ports apart, and servers on one host would sign each other's viewers out.
fn name(server: &Server, headers: &HeaderMap, name: &str) -> String {
    if is_https(server) {
        return format!("__Host-{name}");
    }
    let host = headers.get(HOST).and_then(|value| value.to_str().ok());
    let port = host.and_then(|host| host.rsplit_once(':')?.1.parse::<u16>().ok());
    port.map_or_else(|| name.to_owned(), |port| format!("{name}-{port}"))
}

fn set(
    server: &Server,
    headers: &HeaderMap,
    cookie: &str,
    value: &str,
    age: i64,
) -> Result<(axum::http::HeaderName, HeaderValue), ApiError> {
    let secure = if is_https(server) { "; Secure" } else { "" };
    let text = format!(
        "{}={value}; Path=/; HttpOnly; SameSite=Strict; Max-Age={age}{secure}",
        name(server, headers, cookie)
    );
    Ok((SET_COOKIE, HeaderValue::from_str(&text).map_err(|_| ApiError::internal())?))
}

/// The header that gives a browser its session.
pub(super) fn set_session(
    server: &Server,
    headers: &HeaderMap,
    secret: &Secret,
) -> Result<(axum::http::HeaderName, HeaderValue), ApiError> {
    set(server, headers, SESSION, &secret.0, LIFETIME.num_seconds())
}

/// The header that ends a browser's session.
pub(super) fn clear_session(
    server: &Server,
    headers: &HeaderMap,
) -> Result<(axum::http::HeaderName, HeaderValue), ApiError> {
    set(server, headers, SESSION, "", 0)
}

/// The header of the sign-in form's cookie.
pub(super) fn set_form(
    server: &Server,
    headers: &HeaderMap,
    secret: &Secret,
) -> Result<(axum::http::HeaderName, HeaderValue), ApiError> {
    set(server, headers, FORM, &secret.0, LIFETIME.num_seconds())
}

/// Checks a form that was sent without a session: it came from a page of ours, in the same browser.
pub(super) fn check_sign_in_form(server: &Server, headers: &HeaderMap, sent: &str) -> Result<(), PageError> {
    let secret = secret_of(headers, &name(server, headers, FORM)).ok_or(PageError::InvalidForm)?;
    check_form(server, headers, &secret, sent)
}

/// Checks a form of a session.
pub(super) fn check_form(
    server: &Server,
    headers: &HeaderMap,
    secret: &Secret,
    sent: &str,
) -> Result<(), PageError> {
    check_origin(server, headers)?;
    if is_same(&secret.form_token(), sent) { Ok(()) } else { Err(PageError::InvalidForm) }
}

fn is_same(one: &str, other: &str) -> bool {
    bool::from(one.as_bytes().ct_eq(other.as_bytes()))
}

/// Whether a browser opens a view in a tab by a link of another site. It then sends no session, because the cookie is
/// `SameSite=Strict`. No page can set these headers.
fn follows_foreign_link(method: &Method, headers: &HeaderMap) -> bool {
    let is = |name: &str, value: &str| headers.get(name).is_some_and(|found| found == value);
    method == Method::GET
        && is("sec-fetch-site", "cross-site")
        && is("sec-fetch-mode", "navigate")
        && is("sec-fetch-dest", "document")
}

/// Refuses a form of another site. `Sec-Fetch-Site` decides if the browser sends it, because no page can set it. Browsers
/// omit it over plain HTTP, and older ones always: then the origin must be ours, or else the page that sent the form.
fn check_origin(server: &Server, headers: &HeaderMap) -> Result<(), PageError> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let scheme = if is_https(server) { "https" } else { "http" };
    let host = text(HOST.as_str()).filter(|host| !host.is_empty());
    let ours = host.map(|host| format!("{scheme}://{host}")).ok_or(PageError::InvalidForm)?;
    let is_ours = match (text("sec-fetch-site"), text(ORIGIN.as_str()), text(REFERER.as_str())) {
        (Some(site), ..) => site == "same-origin",
        (None, Some(origin), _) if origin != "null" => origin == ours,
        (None, _, Some(page)) => page.strip_prefix(&ours).is_some_and(|rest| rest.starts_with('/')),
        _ => false,
    };
    if is_ours { Ok(()) } else { Err(PageError::InvalidForm) }
}

/// A path and query of this server, as text.
fn local_target(uri: &Uri) -> String {
    uri.path_and_query().map_or_else(|| "/audit-logs".to_owned(), ToString::to_string)
}

/// The view to return to after sign-in, if it is one of the page's: another site would be an open redirect.
pub(super) fn safe_target(text: &str) -> &str {
    let is_view = ["/audit-logs", "/trail", "/retention"].iter().any(|view| {
        text.strip_prefix(view).is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '?']))
    });
    let is_plain = text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    if is_view && is_plain && text.len() < 8192 { text } else { "/audit-logs" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_views_of_the_page_are_targets() {
        for target in ["/audit-logs?action=created&q=%0a", "/trail", "/audit-logs/17", "/retention"] {
            assert_eq!(safe_target(target), target);
        }
        for target in
            ["//evil.example", "https://evil.example", "/audit-logs\\..", "/audit-logsx", "", "/audit-logs\n"]
        {
            assert_eq!(safe_target(target), "/audit-logs", "{target:?}");
        }
    }

    #[test]
    fn a_cookie_is_found_among_others() {
        let mut headers = HeaderMap::new();
        headers.append(COOKIE, HeaderValue::from_static("a=1; krosyn-audit-tz=Europe/Madrid"));
        headers.append(COOKIE, HeaderValue::from_static("xa=2"));
        assert_eq!(cookie(&headers, "a"), Some("1"));
        assert_eq!(cookie(&headers, "xa"), Some("2"));
        assert_eq!(cookie(&headers, "b"), None);
        assert_eq!(viewer_zone(&headers), chrono_tz::Europe::Madrid);
    }

    #[test]
    fn a_form_token_depends_on_the_session_and_does_not_reveal_it() {
        let (one, other) = (Secret("a".repeat(43)), Secret("b".repeat(43)));
        assert_ne!(one.form_token(), other.form_token());
        assert!(!one.form_token().contains(&one.0) && one.name().len() == 12);
    }
}
