//! The frame of a view for a signed-in viewer.

use axum::http::StatusCode;
use axum::response::Response;
use maud::Markup;

use crate::model::words::{Log, Scope};
use crate::page::shell::{Equal, Section, Shell, page};
use crate::server::auth::RequiredScope;
use crate::server::error::ApiError;
use crate::server::page::answer::with_headers;
use crate::server::page::session::{Viewer, viewer_tag};
use crate::server::state::Server;

/// The answer to a signed-in viewer: a view in its frame.
pub(super) fn framed<S: RequiredScope>(
    server: &Server,
    viewer: &Viewer<S>,
    (status, section, title): (StatusCode, Section, &str),
    equal: Equal,
    body: &Markup,
) -> Result<Response, ApiError> {
    let caller = &viewer.caller;
    let markup = page(
        &Shell {
            title,
            section,
            organization: &caller.organization.slug,
            token: &caller.token,
            can_read: caller.scopes.contains(&Scope::Read),
            can_read_trail: caller.scopes.contains(&Scope::Trail),
            form_token: &viewer.form_token,
            viewer: &viewer_tag(caller),
            time: viewer.time,
            equal,
        },
        body,
    );
    let text = markup.into_string().into_bytes();
    let mut response = server.responses.respond(caller.key(), "text/html; charset=utf-8", text)?;
    *response.status_mut() = status;
    Ok(with_headers(response))
}

/// A part of a view, for the page's script.
pub(super) fn fragment<S: RequiredScope>(
    server: &Server,
    viewer: &Viewer<S>,
    markup: Markup,
) -> Result<Response, ApiError> {
    let text = markup.into_string().into_bytes();
    Ok(with_headers(server.responses.respond(viewer.caller.key(), "text/html; charset=utf-8", text)?))
}

/// The part of the navigation that shows a log.
pub(super) const fn section(log: Log) -> Section {
    match log {
        Log::Audit => Section::Audit,
        Log::Trail => Section::Trail,
    }
}
