//! The sign-in form, for a token or for a one-time link.

use maud::{Markup, html};

use crate::page::shell::plain;
use crate::page::text::shown;

/// What the form shows and sends.
pub(crate) struct SignIn<'a> {
    pub(crate) form_token: &'a str,
    /// The view that follows.
    pub(crate) next: &'a str,
    /// The code of a one-time link.
    pub(crate) link: Option<&'a str>,
    pub(crate) error: Option<&'a str>,
}

/// The form.
pub(crate) fn view(form: &SignIn<'_>) -> Markup {
    let body = html! {
        h1 { "Krosyn audit logs" }
        @if let Some(error) = form.error { p class="error" role="alert" id="error" { (shown(error)) } }
        form method="post" action="/sign-in" data-submit[form.link.is_some()] {
            input type="hidden" name="form_token" value=(form.form_token);
            input type="hidden" name="next" value=(form.next);
            @if let Some(link) = form.link {
                input type="hidden" name="link" value=(link);
                p { "This link signs you in once, within 60 seconds of its making." }
            } @else {
                p {
                    label for="token" { "API token" }
                    input id="token" name="token" type="password" autocomplete="off" spellcheck="false" required
                        aria-describedby=[form.error.map(|_| "error")];
                }
                p class="dim" {
                    "The token is not kept: a session of at most 8 hours takes its place. It may only read, whatever the token may do. "
                    "In a terminal, " code { "krosyn-audit open" } " signs you in without typing it."
                }
            }
            button class="main" { "Sign in" }
        }
    };
    plain("Sign in", &body)
}
