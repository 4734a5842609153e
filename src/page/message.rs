//! A page with a message in place of a view.

use maud::{DOCTYPE, Markup, html};

use crate::page::shell::plain;
use crate::page::text::shown;

/// What the viewer can do next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Next {
    /// Go back to the list.
    List,
    /// Try again after this many seconds.
    Retry(u64),
    /// Look at the prunes.
    Retention,
}

/// Opens a view of this site again, without a script.
pub(crate) fn reopened(target: &str) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="refresh" content={ "0;url=" (target) };
                title { "Krosyn audit logs" }
            }
            body { p { a href=(target) { "Continue" } } }
        }
    }
}

/// A title, the reason, and what to do.
pub(crate) fn view(title: &str, detail: &str, next: Next) -> Markup {
    let body = html! {
        h1 { (title) }
        p { (shown(detail)) }
        @match next {
            Next::List => {}
            Next::Retry(seconds) => {
                p { "Wait " (seconds) @if seconds == 1 { " second" } @else { " seconds" } ", then " a href="" { "try again" } "." }
            }
            Next::Retention => { p { a href="/retention" { "Retention and prunes" } } }
        }
        p { a href="/audit-logs" { "Audit logs" } }
    };
    plain(title, &body)
}
