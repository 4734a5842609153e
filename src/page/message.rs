//! A page with a message in place of a view.

use maud::{Markup, html};

use crate::page::shell::plain;
use crate::page::text::shown;

/// A title, the reason, and what to do.
pub(crate) fn view(title: &str, detail: &str, next: Option<&str>) -> Markup {
    let body = html! {
        h1 { (title) }
        p { (shown(detail)) }
        @if let Some(next) = next { p { (shown(next)) } }
        p { a href="/audit-logs" { "Audit logs" } }
    };
    plain(title, &body)
}
