//! Full-screen menus: choose one item, mark several, search one. dialoguer handles the keys, this module draws.

use std::collections::HashMap;
use std::io;

use console::truncate_str;
use dialoguer::{FuzzySelect, MultiSelect, Select};

use crate::render::sanitize::sanitize;
use crate::render::style::Role;
use crate::terminal::prompt::drawing::{ScreenSize, draw_lines, run_prompt, size};
use crate::terminal::prompt::page::{PromptPage, fitted};
use crate::terminal::prompt::recorder::{MenuItem, MenuState, Recorder};
use crate::terminal::prompt::screen::FullScreen;

/// The fewest items shown, whatever is above them.
const LEAST_ITEMS: usize = 6;
/// Lines besides head and items: a blank one, the question, the keys.
const FRAME: usize = 3;

impl FullScreen {
    /// Asks for one item, starting at `start`. Returns none on Esc; Ctrl-C fails with `Interrupted`.
    pub(crate) async fn choose(&self, page: &PromptPage<'_>, start: usize) -> io::Result<Option<usize>> {
        let keys = page.numbers();
        let (rows, last) = (page.rows_for(keys.len()), keys.len().saturating_sub(1));
        let hint = "arrows move, left and right turn pages, Enter takes, Esc goes back";
        self.ask(page, keys, hint, move |recorder, keys| {
            let select = Select::with_theme(recorder).with_prompt("").report(false).items(keys);
            select.default(start.min(last)).max_length(rows).interact_on_opt(&recorder.term())
        })
        .await
    }

    /// Asks for several items, starting with `marked`. Returns none on Esc.
    pub(crate) async fn mark(
        &self,
        page: &PromptPage<'_>,
        marked: Vec<bool>,
    ) -> io::Result<Option<Vec<usize>>> {
        let keys = page.numbers();
        let rows = page.rows_for(keys.len());
        let hint = "arrows move, Space marks, a marks all, Enter takes, Esc goes back";
        self.ask(page, keys, hint, move |recorder, keys| {
            let select = MultiSelect::with_theme(recorder).with_prompt("").report(false);
            let items = keys.into_iter().zip(marked);
            select.items_checked(items).max_length(rows).interact_on_opt(&recorder.term())
        })
        .await
    }

    /// Asks for one item by a fuzzy search of its key, starting at `start`. Returns none on Esc.
    pub(crate) async fn search(
        &self,
        page: &PromptPage<'_>,
        keys: Vec<String>,
        start: usize,
        hint: &str,
    ) -> io::Result<Option<usize>> {
        let rows = page.rows_for(keys.len());
        self.ask(page, keys, hint, move |recorder, keys| {
            let select = FuzzySelect::with_theme(recorder).with_prompt("").report(false).items(keys);
            select.default(start).max_length(rows).interact_on_opt(&recorder.term())
        })
        .await
    }

    async fn ask<T: Send + 'static>(
        &self,
        page: &PromptPage<'_>,
        keys: Vec<String>,
        hint: &str,
        menu: impl FnOnce(&Recorder, Vec<String>) -> dialoguer::Result<Option<T>> + Send + 'static,
    ) -> io::Result<Option<T>> {
        if keys.is_empty() {
            return Ok(None);
        }
        let recorder = Recorder::default();
        let (reader, items) = (recorder.clone(), keys.clone());
        let places: HashMap<&str, usize> = keys.iter().map(String::as_str).zip(0..).collect();
        let draw = |size| match recorder.shown() {
            // dialoguer has reported nothing yet.
            shown if shown.items.is_empty() && shown.query.is_none() => Ok(()),
            shown => draw_lines(&page.lines(&shown, &places, hint, size)),
        };
        let read = move || menu(&reader, items).map_err(|dialoguer::Error::IO(error)| error);
        run_prompt(draw, recorder.changed(), read).await
    }
}

impl PromptPage<'_> {
    /// Short keys for a menu without search: dialoguer measures keys in bytes.
    fn numbers(&self) -> Vec<String> {
        let (_, columns) = size();
        (0..(self.items)(columns).len()).map(|number| number.to_string()).collect()
    }

    /// The rows of a menu with this many items, as dialoguer counts them: two more.
    fn rows_for(&self, items: usize) -> usize {
        let (rows, columns) = size();
        self.room(rows, (self.head)(columns).len()).min(items) + 2
    }

    /// The number of items that fit. The last row stays free: a line that ends there would scroll the screen.
    fn room(&self, rows: usize, head: usize) -> usize {
        let room = rows.saturating_sub(head + FRAME + 1).max(LEAST_ITEMS);
        room.min(rows.saturating_sub(FRAME)).max(1)
    }

    /// The whole screen without its last row.
    fn lines(
        &self,
        shown: &MenuState,
        places: &HashMap<&str, usize>,
        hint: &str,
        (rows, columns): ScreenSize,
    ) -> Vec<String> {
        let head = (self.head)(columns);
        let room = self.room(rows, head.len());
        let for_head = rows.saturating_sub(shown.items.len().min(room) + FRAME + 1);
        let mut lines = fitted(head, for_head, columns, self.style);
        if !self.question.is_empty() {
            if !lines.is_empty() {
                lines.push(String::new());
            }
            lines.push(self.question(shown, columns));
        }
        let labels = (self.items)(columns.saturating_sub(2));
        let active = shown.items.iter().position(|item| item.is_active).unwrap_or(0);
        for item in shown.items.iter().skip((active + 1).saturating_sub(room)).take(room) {
            let label = places.get(item.key.as_str()).and_then(|place| labels.get(*place));
            lines.push(self.item(item, label.map_or("", String::as_str), columns));
        }
        if shown.items.is_empty() {
            lines.push(self.style.paint(Role::Dim, "  nothing matches"));
        }
        lines.push(self.style.paint(Role::Dim, &self.style.cut(hint, columns)));
        lines.truncate(rows.saturating_sub(1).max(1));
        lines
    }

    fn question(&self, shown: &MenuState, columns: usize) -> String {
        let Some((before, behind)) = &shown.query else {
            return self.style.paint(Role::Title, &self.style.cut(&self.question, columns));
        };
        let query =
            self.style.cut(&format!("{}: {}_{}", self.question, sanitize(before), sanitize(behind)), columns);
        self.style.paint(Role::Title, &query)
    }

    fn item(&self, item: &MenuItem, label: &str, columns: usize) -> String {
        let pointer = if item.is_active { self.style.paint(Role::Title, ">") } else { " ".to_owned() };
        let mark = item.mark.map_or("", |is_marked| if is_marked { "[x] " } else { "[ ] " });
        let cut = if self.style.ascii { "..." } else { "…" };
        format!("{pointer} {}", truncate_str(&format!("{mark}{label}"), columns.saturating_sub(2), cut))
    }
}
