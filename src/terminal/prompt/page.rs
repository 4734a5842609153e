//! The content of a full-screen prompt.

use console::truncate_str;

use crate::render::style::{Role, Style};

/// The content of the screen: the head, the question and the items. Lines are made for a width and sanitized.
pub(crate) struct PromptPage<'a> {
    /// The lines above the question.
    pub head: &'a dyn Fn(usize) -> Vec<String>,
    /// The question, unless the head asks it.
    pub question: String,
    pub items: &'a dyn Fn(usize) -> Vec<String>,
    pub style: &'a Style,
}

/// The head, cut to `room` lines; the last line counts the missing ones.
pub(super) fn fitted(mut head: Vec<String>, room: usize, columns: usize, style: &Style) -> Vec<String> {
    let cut = if style.ascii { "..." } else { "…" };
    if head.len() > room {
        let missing = head.len() + 1 - room;
        head.truncate(room.saturating_sub(1));
        if room > 0 {
            head.push(style.paint(Role::Dim, &format!("{cut} {missing} more lines")));
        }
    }
    head.iter().map(|line| truncate_str(line, columns, cut).into_owned()).collect()
}
