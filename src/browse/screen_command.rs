//! The command that prints what the screen shows.

use crate::browse::list::List;
use crate::browse::state::{Browser, Screen};
use crate::model::page::{DEFAULT_LIMIT, Order};
use crate::render::command_line::{filter_words, line, log_words};

impl Browser {
    /// The command of the screen on top.
    pub(crate) fn command(&self) -> String {
        match self.screen() {
            Screen::List(list) => self.list_command(list),
            Screen::Document(document) => match &document.content {
                Some(content) => self.line(content.words()),
                None => String::new(),
            },
        }
    }

    /// The command of the first list on the stack, printed when `browse` ends.
    pub(crate) fn first_list_command(&self) -> String {
        let lists = self.screens.iter().filter_map(|screen| match screen {
            Screen::List(list) => Some(list),
            Screen::Document(_) => None,
        });
        lists.map(|list| self.list_command(list)).next().unwrap_or_default()
    }

    /// The command that shows one entry.
    pub(crate) fn show_command(&self, id: u64) -> String {
        self.line(vec!["show".to_owned(), id.to_string()])
    }

    fn list_command(&self, list: &List) -> String {
        if list.is_history() {
            let resource = list.filter.resource.include.first().map(ToString::to_string);
            return self.line(std::iter::once("history".to_owned()).chain(resource).collect());
        }
        let mut words = vec!["list".to_owned()];
        words.extend(filter_words(&list.filter));
        let is_following = list.follow.is_some();
        let switches = [
            ("--all", !is_following && list.window.total > u64::from(DEFAULT_LIMIT)),
            ("--reverse", list.order == Order::Ascending),
            ("--follow", is_following),
        ];
        words.extend(switches.into_iter().filter(|(_, is_on)| *is_on).map(|(name, _)| name.to_owned()));
        self.line(words)
    }

    /// A command with the flags that name the log and the server.
    fn line(&self, words: Vec<String>) -> String {
        let mut line_words = vec!["krosyn-audit".to_owned()];
        line_words.extend(words);
        line_words.extend(log_words(self.log));
        line_words.extend(self.connection_words.iter().cloned());
        line(&line_words)
    }
}
