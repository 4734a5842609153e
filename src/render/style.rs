//! How output looks: width, colour, theme, characters and time, decided elsewhere and passed in.
//!
//! It never asks the terminal or the environment. Mark, word and colour say the same thing three times, so that
//! none of them is needed to understand the others.

use std::borrow::Cow;

use owo_colors::{OwoColorize, Style as TextStyle, XtermColors};

use crate::model::time::{TimeContext, format};
use crate::model::timestamp::Timestamp;
use crate::model::words::Action;
use crate::render::sanitize::{cut_front_with, cut_with, sanitize, sanitize_ascii};

/// Xterm's orange, which stays apart from blue for every usual kind of colour blindness.
const ORANGE: u8 = 208;

/// How output looks.
#[derive(Clone, Copy)]
pub struct Style {
    /// Cells in a line.
    pub width: usize,
    /// Whether to paint at all.
    pub colour: bool,
    /// With which colours.
    pub theme: Theme,
    /// Whether to write ASCII alone.
    pub ascii: bool,
    /// Whether to cut what is too wide; without it lines are as long as they are.
    pub truncate: bool,
    /// Whether times are told as ages.
    pub relative: bool,
    /// The present moment and the reader's zone.
    pub time: TimeContext,
}

/// A choice of colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Theme {
    /// Green, red and yellow.
    #[default]
    Default,
    /// Blue and orange.
    Colorblind,
    /// No hue: bold and dim.
    Mono,
}

/// What a piece of text says, from which its colour follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Role {
    /// Nothing in particular.
    #[default]
    Plain,
    /// Of lesser weight.
    Dim,
    /// A title.
    Title,
    /// Came to be.
    Added,
    /// Went away.
    Removed,
    /// Became another, or needs attention.
    Changed,
    /// The very words within an added line that differ.
    AddedWord,
    /// The very words within a removed line that differ.
    RemovedWord,
}

impl Style {
    /// Paints text that is already fit to be shown.
    #[must_use]
    pub fn paint(&self, role: Role, text: &str) -> String {
        if !self.colour || role == Role::Plain || text.is_empty() {
            return text.to_owned();
        }
        text.style(self.theme.style(role)).to_string()
    }

    /// Text from the log, or ours, as it may be shown: the one door for hostile text.
    #[must_use]
    pub fn text<'a>(&self, text: &'a str) -> Cow<'a, str> {
        if self.ascii { sanitize_ascii(text) } else { sanitize(text) }
    }

    /// Cuts shown text to `max` cells.
    #[must_use]
    pub fn cut(&self, text: &str, max: usize) -> String {
        cut_with(text, max, if self.ascii { "..." } else { "…" })
    }

    /// Cuts shown text to its last `max` cells.
    #[must_use]
    pub fn cut_front(&self, text: &str, max: usize) -> String {
        cut_front_with(text, max, if self.ascii { "..." } else { "…" })
    }

    /// A moment as a list shows it.
    #[must_use]
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
        }
    }
}

/// The mark before an action's word.
#[must_use]
pub const fn mark(action: Action) -> &'static str {
    match action {
        Action::Created => "+",
        Action::Updated => "~",
        Action::Deleted => "-",
    }
}

/// The role that says the same as the mark and the word.
#[must_use]
pub const fn action_role(action: Action) -> Role {
    match action {
        Action::Created => Role::Added,
        Action::Updated => Role::Changed,
        Action::Deleted => Role::Removed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::samples::style;

    #[test]
    fn paints_only_when_told_to() {
        let plain = style(80);
        assert_eq!(plain.paint(Role::Added, "x"), "x");
        let coloured = Style { colour: true, ..plain };
        assert_eq!(coloured.paint(Role::Added, "x"), "\u{1b}[32mx\u{1b}[0m");
        assert_eq!(coloured.paint(Role::Plain, "x"), "x");
    }

    #[test]
    fn no_theme_shows_added_and_removed_alike_and_mono_has_no_hue() {
        for theme in [Theme::Default, Theme::Colorblind, Theme::Mono] {
            let style = Style { colour: true, theme, ..style(80) };
            let painted = [Role::Added, Role::Removed, Role::Changed].map(|role| style.paint(role, "x"));
            assert!(painted[0] != painted[1] && painted[1] != painted[2] && painted[0] != painted[2]);
            let hue = painted.iter().any(|text| text.contains("[3"));
            assert_eq!(hue, theme != Theme::Mono);
        }
    }
}
