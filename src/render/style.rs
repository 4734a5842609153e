//! Output style: width, colour, theme, character set and time format. The caller decides them.
//!
//! It must not read the terminal or the environment. A mark, a word and a colour repeat the same information, so that
//! output is readable without any one of them.

use std::borrow::Cow;

use owo_colors::{OwoColorize, Style as TextStyle, XtermColors};

use crate::model::time::{TimeContext, format};
use crate::model::timestamp::Timestamp;
use crate::model::words::Action;
use crate::render::sanitize::{cut_front_with, cut_with, sanitize, sanitize_ascii};

/// Xterm's orange, which every common kind of colour blindness can tell from blue.
const ORANGE: u8 = 208;

/// How output is rendered.
#[derive(Clone, Copy)]
pub struct Style {
    /// Width of a line, in terminal cells.
    pub width: usize,
    /// Whether to use colours.
    pub color: bool,
    /// Which colours to use.
    pub theme: Theme,
    /// Whether to write ASCII only.
    pub ascii: bool,
    /// Whether to cut text that is too wide. Without it, lines are as long as their text.
    pub truncate: bool,
    /// Whether times are shown as ages.
    pub relative: bool,
    /// The current time and the reader's time zone.
    pub time: TimeContext,
}

/// A colour theme.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum Theme {
    /// Green, red and yellow.
    #[default]
    Default,
    /// Blue and orange.
    Colorblind,
    /// Bold and dim, no hue.
    Mono,
}

/// The meaning of a piece of text, which decides its colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Role {
    /// No special meaning.
    #[default]
    Plain,
    /// Less important.
    Dim,
    /// A title.
    Title,
    /// Added.
    Added,
    /// Removed.
    Removed,
    /// Changed, or needs attention.
    Changed,
    /// The changed words within an added line.
    AddedWord,
    /// The changed words within a removed line.
    RemovedWord,
    /// A name in JSON.
    Name,
    /// A string in JSON.
    Text,
    /// A number, true, false or null in JSON.
    Literal,
}

impl Style {
    /// Colours text that is already sanitized.
    pub fn paint(&self, role: Role, text: &str) -> String {
        if !self.color || role == Role::Plain || text.is_empty() {
            return text.to_owned();
        }
        text.style(self.theme.style(role)).to_string()
    }

    /// Sanitizes text for display. All untrusted text passes here.
    pub fn text<'a>(&self, text: &'a str) -> Cow<'a, str> {
        if self.ascii { sanitize_ascii(text) } else { sanitize(text) }
    }

    /// Cuts sanitized text to `max` cells.
    pub fn cut(&self, text: &str, max: usize) -> String {
        cut_with(text, max, if self.ascii { "..." } else { "…" })
    }

    /// Keeps the last `max` cells of sanitized text.
    pub fn cut_front(&self, text: &str, max: usize) -> String {
        cut_front_with(text, max, if self.ascii { "..." } else { "…" })
    }

    /// Formats a time as lists show it.
    pub fn moment(&self, at: Timestamp) -> String {
        if self.relative { format::relative(at, self.time.now) } else { format::short(at, &self.time) }
    }
}

impl Theme {
    fn style(self, role: Role) -> TextStyle {
        let style = TextStyle::new();
        let (added, removed, changed) = match self {
            Self::Default => (style.green(), style.red(), style.yellow()),
            Self::Colorblind => (style.blue(), style.color(XtermColors::from(ORANGE)), style.bold()),
            Self::Mono => (style.bold(), style.dimmed(), style.underline()),
        };
        match role {
            Role::Plain => style,
            Role::Dim => style.dimmed(),
            Role::Title => style.bold(),
            Role::Added => added,
            Role::Removed => removed,
            Role::Changed => changed,
            Role::AddedWord => added.bold().underline(),
            Role::RemovedWord => removed.bold().underline(),
            Role::Name | Role::Text | Role::Literal if self == Self::Mono => {
                if role == Role::Name {
                    style.bold()
                } else {
                    style
                }
            }
            Role::Name => style.blue(),
            Role::Text => style.cyan(),
            Role::Literal => style.yellow(),
        }
    }
}

/// The sign shown before an action's name.
pub const fn mark(action: Action) -> &'static str {
    match action {
        Action::Created => "+",
        Action::Updated | Action::Migrated => "~",
        Action::Deleted | Action::Pruned | Action::Erased => "-",
        Action::Read | Action::Exported | Action::Started | Action::Stopped => " ",
    }
}

/// The role that goes with an action.
pub const fn action_role(action: Action) -> Role {
    match action {
        Action::Created => Role::Added,
        Action::Updated | Action::Migrated => Role::Changed,
        Action::Deleted | Action::Pruned | Action::Erased => Role::Removed,
        Action::Read | Action::Exported | Action::Started | Action::Stopped => Role::Plain,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::samples::style;

    #[test]
    fn paints_only_with_color() {
        let plain = style(80);
        assert_eq!(plain.paint(Role::Added, "x"), "x");
        let colored = Style { color: true, ..plain };
        assert_eq!(colored.paint(Role::Added, "x"), "\u{1b}[32mx\u{1b}[0m");
        assert_eq!(colored.paint(Role::Plain, "x"), "x");
    }

    #[test]
    fn themes_distinguish_roles_and_mono_has_no_hue() {
        for theme in [Theme::Default, Theme::Colorblind, Theme::Mono] {
            let style = Style { color: true, theme, ..style(80) };
            let painted = [Role::Added, Role::Removed, Role::Changed].map(|role| style.paint(role, "x"));
            assert!(painted[0] != painted[1] && painted[1] != painted[2] && painted[0] != painted[2]);
            let hue = painted.iter().any(|text| text.contains("[3"));
            assert_eq!(hue, theme != Theme::Mono);
        }
    }
}
