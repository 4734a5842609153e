//! Sign-in by token or one-time link, and sign-out.

use std::time::Duration;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;

use crate::api::account::SessionLink;
use crate::api::problem::Code;
use crate::api::problems::TokenProblems;
use crate::model::time::TimeContext;
use crate::model::trail::TrailEvent;
use crate::model::words::Scope;
use crate::page::sign_in::{Link, SignIn, view};
use crate::secret::Token;
use crate::server::auth::{self, AnyToken, Caller};
use crate::server::body::NoParameters;
use crate::server::error::ApiError;
use crate::server::limits::TokenAttempt;
use crate::server::page::answer::{PageError, html, redirect};
use crate::server::page::link::session_link;
use crate::server::page::session::{self, LINK_LIFETIME, Secret, safe_target};
use crate::server::state::Server;

/// The longest form, in bytes. It holds a token and a view to return to.
const MAX_FORM: usize = 16 * 1024;
/// How long a form may take to arrive.
const FORM_TIMEOUT: Duration = Duration::from_secs(30);

/// Makes a link that signs a browser in to the page: for 60 seconds, and once.
#[utoipa::path(
    post, path = crate::api::routes::SESSION_LINK, operation_id = "create_session_link", security(("bearer" = [])),
    responses(
        (status = 200, description = "The link's path", body = SessionLink),
        (status = 403, description = "The token can read neither the audit log nor the trail", body = crate::api::problem::Problem, content_type = "application/problem+json"),
        (status = 404, description = "The server has no page", body = crate::api::problem::Problem, content_type = "application/problem+json"),
        TokenProblems,
    ))]
pub(crate) async fn link(
    State(server): State<Server>,
    caller: Caller<AnyToken>,
    _: NoParameters,
) -> Result<Json<SessionLink>, ApiError> {
    if server.settings.page.is_none() {
        return Err(ApiError::new(Code::NotFound, "this server has no page: it was started with --no-page"));
    }
    check_scopes(&caller)?;
    let now = server.settings.clock.now();
    let expires_at = now.plus(LINK_LIFETIME);
    let path = session_link(&server.store, caller.key().token, now, expires_at).await?;
    Ok(Json(SessionLink { path, expires_at }))
}

/// The page shows only what these scopes read.
fn check_scopes(caller: &Caller<AnyToken>) -> Result<(), ApiError> {
    if [Scope::Read, Scope::Trail].iter().any(|scope| caller.scopes.contains(scope)) {
        return Ok(());
    }
    Err(ApiError::new(
        Code::Forbidden,
        "this token can read neither the audit log (scope read) nor the trail (scope trail)",
    ))
}

/// Shows the form. It changes nothing, so a link that a mail scanner fetches stays valid. A link does not sign in by itself,
/// and the form names its token: somebody else's link would let the viewer work, and be recorded, under another name.
pub(super) async fn form(State(server): State<Server>, request: Request) -> Result<Response, PageError> {
    let (parts, _) = request.into_parts();
    let query = parts.uri.query().unwrap_or_default();
    let (mut next, mut code) = (String::new(), None);
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        match &*name {
            "next" => next = value.into_owned(),
            "link" => code = Some(value.into_owned()),
            _ => {}
        }
    }
    let form = SignInForm { server: &server, headers: &parts.headers, next: &next };
    let Some(code) = code else { return form.show(StatusCode::OK, None, None) };
    let attempt = auth::link_attempt(&parts, &server)?;
    let now = server.settings.clock.now();
    let link = server.store.find_session(Secret(code.clone()).hash()).await?;
    let link = link.filter(|it| it.is_link && now < it.expires_at);
    let owner = match &link {
        Some(link) => auth::owner(&server, link.token_hash).await?,
        None => None,
    };
    let (Some(link), Some(owner)) = (link, owner) else {
        attempt.into_iter().for_each(TokenAttempt::failed);
        return form.show(StatusCode::UNAUTHORIZED, None, Some(USED_LINK));
    };
    attempt.into_iter().for_each(TokenAttempt::succeeded);
    let link = Link {
        code: &code,
        token: &owner.token,
        organization: &owner.organization.slug,
        expires_at: link.expires_at,
        time: TimeContext { now, zone: session::viewer_zone(&parts.headers) },
    };
    form.show(StatusCode::OK, Some(&link), None)
}

const USED_LINK: &str = "This link was used before, or has expired. Make a new one: krosyn-audit open";

/// The form of a request.
struct SignInForm<'a> {
    server: &'a Server,
    headers: &'a HeaderMap,
    /// The view that follows.
    next: &'a str,
}

impl SignInForm<'_> {
    fn show(
        &self,
        status: StatusCode,
        link: Option<&Link<'_>>,
        error: Option<&str>,
    ) -> Result<Response, PageError> {
        let secret = session::browser(self.server, self.headers)?;
        let next = safe_target(self.next);
        let markup = view(&SignIn { form_token: &secret.form_token(), next, link, error });
        let mut response = html(status, markup);
        response.headers_mut().extend([session::set_form(self.server, self.headers, &secret)?]);
        Ok(response)
    }
}

/// The fields of a form.
#[derive(Default)]
struct Fields {
    form_token: String,
    token: String,
    link: String,
    next: String,
}

async fn read_form(request: Request) -> Result<(Parts, Fields), PageError> {
    let (parts, body) = request.into_parts();
    let too_large = |_| ApiError::new(Code::TooLarge, "the form is too large");
    let read = tokio::time::timeout(FORM_TIMEOUT, axum::body::to_bytes(body, MAX_FORM)).await;
    let read = read.map_err(|_| ApiError::new(Code::Timeout, "the form did not arrive within 30 seconds"))?;
    let bytes: Bytes = read.map_err(too_large)?;
    let mut fields = Fields::default();
    for (name, value) in form_urlencoded::parse(&bytes) {
        match &*name {
            "form_token" => fields.form_token = value.into_owned(),
            "token" => fields.token = value.into_owned(),
            "link" => fields.link = value.into_owned(),
            "next" => fields.next = value.into_owned(),
            _ => {}
        }
    }
    Ok((parts, fields))
}

/// Signs in by a token or a link.
pub(super) async fn sign_in(State(server): State<Server>, request: Request) -> Result<Response, PageError> {
    let (parts, fields) = read_form(request).await?;
    session::check_sign_in_form(&server, &parts.headers, &fields.form_token)?;
    let form = SignInForm { server: &server, headers: &parts.headers, next: &fields.next };
    let by_link = !fields.link.is_empty();
    let caller = if by_link {
        let attempt = auth::link_attempt(&parts, &server)?;
        let now = server.settings.clock.now();
        let taken = server.store.take_session(Secret(fields.link).hash()).await?;
        let Some(link) = taken.filter(|it| it.is_link && now < it.expires_at) else {
            attempt.into_iter().for_each(TokenAttempt::failed);
            return form.show(StatusCode::UNAUTHORIZED, None, Some(USED_LINK));
        };
        attempt.into_iter().for_each(TokenAttempt::succeeded);
        Caller::<AnyToken>::of_session(&parts, &server, link.token_hash, None).await
    } else {
        match Token::read(&fields.token) {
            Ok(token) => Caller::authenticate(&parts, &server, token.hash()).await,
            Err(error) => {
                let attempt = auth::attempt(&parts, &server)?;
                attempt.into_iter().for_each(TokenAttempt::failed);
                let error = format!("This is not a token: {error}.");
                return form.show(StatusCode::UNPROCESSABLE_ENTITY, None, Some(&error));
            }
        }
    };
    let caller = match caller {
        Err(error) if error.code() == Code::Unauthorized => {
            let error = "This token is unknown, revoked or expired.";
            return form.show(StatusCode::UNAUTHORIZED, None, Some(error));
        }
        caller => caller?,
    };
    check_scopes(&caller)?;
    // The trail records each.
    caller.count_recorded_read(&server)?;
    // A browser has one session: the earlier one would stay valid without a way to end it.
    if let Some(earlier) = session::session(&server, &parts.headers) {
        end(&server, &parts, &earlier).await?;
    }
    let secret = session::begin(&server, caller.key().token).await?;
    let event = TrailEvent::SignedIn { session: secret.name(), by_link };
    server.record(caller.organization.id, &event, &caller.actor(&server)).await?;
    let target = match safe_target(&fields.next) {
        "/audit-logs" if !caller.scopes.contains(&Scope::Read) => "/trail",
        target => target,
    };
    let mut response = redirect(target);
    response.headers_mut().extend([session::set_session(&server, &parts.headers, &secret)?]);
    Ok(response)
}

/// Ends the session.
pub(super) async fn sign_out(State(server): State<Server>, request: Request) -> Result<Response, PageError> {
    let (parts, fields) = read_form(request).await?;
    if let Some(secret) = session::session(&server, &parts.headers) {
        session::check_form(&server, &parts.headers, &secret, &fields.form_token)?;
        end(&server, &parts, &secret).await?;
    }
    let mut response = redirect("/sign-in");
    response.headers_mut().extend([session::clear_session(&server, &parts.headers)?]);
    Ok(response)
}

/// Ends a session of the browser, if it exists.
async fn end(server: &Server, parts: &Parts, secret: &Secret) -> Result<(), PageError> {
    let hash = secret.hash();
    let attempt = auth::session_attempt(parts, server, &hash)?;
    let ended = server.store.take_session(hash).await?.filter(|it| !it.is_link);
    server.limits.note_session(hash, false);
    let Some(ended) = ended else {
        attempt.into_iter().for_each(TokenAttempt::failed);
        return Ok(());
    };
    attempt.into_iter().for_each(TokenAttempt::succeeded);
    // The session has ended, whether or not its token is still valid.
    if let Ok(caller) = Caller::<AnyToken>::of_session(parts, server, ended.token_hash, None).await {
        let event = TrailEvent::SignedOut { session: secret.name() };
        server.record(caller.organization.id, &event, &caller.actor(server)).await?;
    }
    Ok(())
}
