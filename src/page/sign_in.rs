//! The sign-in form, for a token or for a one-time link.

use maud::{Markup, html};

use crate::model::time::TimeContext;
use crate::model::time::format::zone_label;
use crate::model::timestamp::Timestamp;
use crate::page::shell::plain;
use crate::page::text::{shown, time};

/// The content of the form.
pub(crate) struct SignIn<'a> {
    pub(crate) form_token: &'a str,
    /// The path to go to after signing in.
    pub(crate) next: &'a str,
    pub(crate) link: Option<&'a Link<'a>>,
    pub(crate) error: Option<&'a str>,
}

/// A one-time link, and the token for which it was made.
pub(crate) struct Link<'a> {
    pub(crate) code: &'a str,
    pub(crate) token: &'a str,
    pub(crate) organization: &'a str,
    pub(crate) expires_at: Timestamp,
    pub(crate) time: TimeContext,
}

pub(crate) fn view(form: &SignIn<'_>) -> Markup {
    let body = html! {
        h1 { "Krosyn audit logs" }
        @if let Some(error) = form.error { p class="error" role="alert" id="error" { (shown(error)) } }
        form method="post" action="/sign-in" {
            input type="hidden" name="form_token" value=(form.form_token);
            input type="hidden" name="next" value=(form.next);
            @if let Some(link) = form.link {
                input type="hidden" name="link" value=(link.code);
                p { "Sign in with the token " b { (shown(link.token)) } " of the organization " b { (shown(link.organization)) } "?" }
                p class="dim" {
                    "Continue only if you made this link yourself, with " code { "krosyn-audit open" } ": what you read is recorded under "
                    "this token. The link works once, until " (time(link.expires_at, &link.time)) " " (zone_label(link.expires_at, link.time.zone)) "."
                }
            } @else {
                p {
                    label for="token" { "API token" }
                    input id="token" name="token" type="password" autocomplete="off" spellcheck="false" required
                        aria-describedby=[form.error.map(|_| "error")];
                }
                p class="dim" {
                    "The token is not stored. You get a read-only session of at most 8 hours, whatever the token may do. "
                    "In a terminal, " code { "krosyn-audit open" } " signs you in without typing the token."
                }
            }
            button class="main" { "Sign in" }
        }
    };
    plain("Sign in", &body)
}
