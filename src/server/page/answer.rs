//! Answers of the page: HTML with its headers, and errors as pages.

use axum::http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE, LOCATION, REFERRER_POLICY, RETRY_AFTER};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use maud::Markup;

use crate::api::problem::{Code, Problem};
use crate::page::message::{self, Next};
use crate::server::error::ApiError;
use crate::server::page_body::PageBody;

/// Headers of every answer of the page, in addition to those of every response.
const HEADERS: [(HeaderName, HeaderValue); 4] = [
    (
        CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
             form-action 'self'; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'",
        ),
    ),
    // Other sites learn nothing. Under `no-referrer`, browsers would send forms with the origin `null`.
    (REFERRER_POLICY, HeaderValue::from_static("same-origin")),
    (HeaderName::from_static("cross-origin-opener-policy"), HeaderValue::from_static("same-origin")),
    (HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("same-origin")),
];

/// Why a view cannot be shown.
#[derive(Debug)]
pub(super) enum PageError {
    /// There is no session: the sign-in page comes first and then opens this view.
    SignIn(String),
    /// The browser followed a link of another site, so it sent no session: a page of this site opens the view again.
    CrossSiteLink(String),
    /// A form of another site, or of a session that has ended.
    InvalidForm,
    /// The page that sent the request was made for another viewer than this one, who has signed in since.
    OtherViewer { token: String, organization: String },
    /// As in the API.
    Api(ApiError),
}

impl From<ApiError> for PageError {
    fn from(error: ApiError) -> Self {
        Self::Api(error)
    }
}

impl From<crate::store::error::StoreError> for PageError {
    fn from(error: crate::store::error::StoreError) -> Self {
        Self::Api(error.into())
    }
}

impl IntoResponse for PageError {
    fn into_response(self) -> Response {
        match self {
            Self::SignIn(target) => {
                let next = form_urlencoded::byte_serialize(target.as_bytes()).collect::<String>();
                redirect(&format!("/sign-in?next={next}"))
            }
            // That page makes the second request, so it is not cross-site and gets the view.
            Self::CrossSiteLink(target) => html(StatusCode::OK, message::reopened(&target)),
            Self::InvalidForm => {
                let text = "The form has expired, or another site sent it. Open the page again and repeat what you did.";
                html(StatusCode::FORBIDDEN, message::view("This form was refused", text, Next::List))
            }
            Self::OtherViewer { token, organization } => {
                let text = format!(
                    "You are now signed in as {token} of {organization}, and this page was made for another sign-in: reload it."
                );
                html(StatusCode::CONFLICT, message::view("Another sign-in", &text, Next::List))
            }
            Self::Api(error) => of_problem(&error),
        }
    }
}

/// A problem of the API as a page.
pub(super) fn of_problem(error: &ApiError) -> Response {
    let Problem { status, code, detail, .. } = error.problem();
    let status = StatusCode::from_u16(*status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let title = match code {
        Code::NotFound => "Not found",
        Code::Pruned => "This entry was pruned",
        Code::Forbidden => "Not permitted",
        Code::Unavailable | Code::Unwritable => "The log is not available now",
        Code::TooManyRequests => "Too many requests",
        Code::Unauthorized => "Not signed in",
        Code::Internal => "Internal error",
        _ => "This request cannot be answered",
    };
    let next = match error.retry_seconds() {
        Some(seconds) => Next::Retry(seconds),
        None if *code == Code::Pruned => Next::Retention,
        None => Next::List,
    };
    let mut response = html(status, message::view(title, detail, next));
    if let Some(seconds) = error.retry_seconds() {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

/// An HTML page.
pub(super) fn html(status: StatusCode, markup: Markup) -> Response {
    text(status, "text/html; charset=utf-8", markup.into_string())
}

/// A text of the page: HTML, a style sheet or a script.
pub(super) fn text(
    status: StatusCode,
    content_type: &'static str,
    body: impl Into<axum::body::Body>,
) -> Response {
    with_headers(
        (status, [(CONTENT_TYPE, HeaderValue::from_static(content_type))], body.into()).into_response(),
    )
}

/// Marks a response as the page's.
pub(super) fn with_headers(mut response: Response) -> Response {
    response.headers_mut().extend(HEADERS);
    response.extensions_mut().insert(PageBody);
    response
}

/// Sends the browser to another view, by GET.
pub(super) fn redirect(target: &str) -> Response {
    let mut response = with_headers(StatusCode::SEE_OTHER.into_response());
    let target = HeaderValue::from_str(target).unwrap_or(HeaderValue::from_static("/audit-logs"));
    response.headers_mut().insert(LOCATION, target);
    response
}
