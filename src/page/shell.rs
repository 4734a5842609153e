//! The frame of every view: head, navigation, the equal command, and the sign-out form.

use maud::{DOCTYPE, Markup, html};

use crate::model::time::TimeContext;
use crate::model::time::format::zone_label;
use crate::page::text::shown;
use crate::render::command_line::line;

/// The view that the navigation marks as current.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Section {
    Audit,
    Trail,
    Retention,
}

/// The command lines that show the same as a view.
pub(crate) enum Equal {
    /// The words of each, after the program's name.
    Commands(Vec<Vec<String>>),
    /// There is none, for this reason.
    Note(String),
}

/// What the frame shows.
pub(crate) struct Shell<'a> {
    pub(crate) title: &'a str,
    pub(crate) section: Section,
    pub(crate) organization: &'a str,
    pub(crate) token: &'a str,
    pub(crate) can_read: bool,
    pub(crate) can_read_trail: bool,
    pub(crate) form_token: &'a str,
    /// Names the viewer to whom the requests of the page's script belong.
    pub(crate) viewer: &'a str,
    pub(crate) time: TimeContext,
    pub(crate) equal: Equal,
}

/// The head of a document.
fn head(title: &str) -> Markup {
    html! {
        head {
            meta charset="utf-8";
            meta name="viewport" content="width=device-width, initial-scale=1";
            meta name="color-scheme" content="light dark";
            title { (shown(title)) " · Krosyn audit logs" }
            link rel="icon" href="/page/icon.svg" type="image/svg+xml";
            link rel="stylesheet" href="/page/page.css";
            script src="/page/page.js" defer {}
        }
    }
}

/// A document without navigation.
pub(crate) fn plain(title: &str, body: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            (head(title))
            body class="plain" { main { (body) } }
        }
    }
}

/// A document of a signed-in viewer.
pub(crate) fn page(shell: &Shell<'_>, body: &Markup) -> Markup {
    let link = |section: Section, path: &str, name: &str| {
        let current = (shell.section == section).then_some("page");
        html! { a href=(path) aria-current=[current] { (name) } }
    };
    html! {
        (DOCTYPE)
        html lang="en" {
            (head(shell.title))
            body data-zone=(shell.time.zone.name()) data-viewer=(shell.viewer) {
                a class="skip" href="#main" { "Skip to content" }
                header {
                    p class="brand" { b { "Krosyn" } " audit " span { (shown(shell.organization)) } }
                    nav aria-label="Views" {
                        @if shell.can_read { (link(Section::Audit, "/audit-logs", "Audit logs")) }
                        @if shell.can_read_trail { (link(Section::Trail, "/trail", "Trail")) }
                        (link(Section::Retention, "/retention", "Retention"))
                    }
                    form method="post" action="/sign-out" {
                        input type="hidden" name="form_token" value=(shell.form_token);
                        span class="dim" { (shown(shell.token)) }
                        button { "Sign out" }
                    }
                }
                main id="main" tabindex="-1" {
                    (body)
                    (equal(&shell.equal))
                    p class="dim foot" {
                        "Times in " span id="zone" { (shell.time.zone.name()) " (" (zone_label(shell.time.now, shell.time.zone)) ")" }
                        "."
                    }
                }
            }
        }
    }
}

/// The equal command lines, each in one piece to be copied.
fn equal(equal: &Equal) -> Markup {
    let text = |words: &[String]| line(&[&["krosyn-audit".to_owned()], words].concat());
    html! {
        @match equal {
            Equal::Commands(commands) => {
                @for words in commands {
                    section class="command" aria-label="Equal command" {
                        span class="dim" { "Same on the command line" }
                        code tabindex="0" { (shown(&text(words))) }
                    }
                }
            }
            Equal::Note(note) => p class="dim" { (shown(note)) },
        }
    }
}
