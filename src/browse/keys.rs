//! The keys of all screens and of documents.

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use crate::browse::content::DocumentContent;
use crate::browse::copy::{self, CopyForm};
use crate::browse::document::Document;
use crate::browse::event::{Effect, Reading};
use crate::browse::layout::document_areas;
use crate::browse::line_input::LineInput;
use crate::browse::list::{Focus, List, ListPurpose};
use crate::browse::state::{Browser, Mode, Screen};
use crate::browse::unknown_key;
use crate::browse::view::help::HELP;
use crate::browse::window::PageAnchor;
use crate::model::entry::Entry;
use crate::model::filter::{Filter, Resource};
use crate::model::page::{Order, Position};

/// The message of a key that needs an entry, in a list without entries.
pub(super) const EMPTY_LIST: &str = "the list is empty";

/// A movement, in rows of the screen.
pub(crate) fn movement(key: KeyEvent, page: i64) -> Option<i64> {
    let is_ctrl = key.modifiers.contains(KeyModifiers::CONTROL);
    Some(match key.code {
        KeyCode::Down => 1,
        KeyCode::Up => -1,
        KeyCode::Char('j') if !is_ctrl => 1,
        KeyCode::Char('k') if !is_ctrl => -1,
        KeyCode::Char('n') if is_ctrl => 1,
        KeyCode::Char('p') if is_ctrl => -1,
        KeyCode::PageDown => page,
        KeyCode::PageUp => -page,
        KeyCode::Char('f') if is_ctrl => page,
        KeyCode::Char('b') if is_ctrl => -page,
        KeyCode::Char('d') if is_ctrl => (page / 2).max(1),
        KeyCode::Char('u') if is_ctrl => -(page / 2).max(1),
        KeyCode::Char('e') if is_ctrl => 1,
        KeyCode::Char('y') if is_ctrl => -1,
        _ => return None,
    })
}

pub(crate) fn resource_of(entry: &Entry) -> Resource {
    Resource { model_type: entry.model_type, model_id: entry.model_id.clone() }
}

impl Browser {
    pub(super) fn key(&mut self, key: KeyEvent, effects: &mut Vec<Effect>) {
        let is_ctrl = key.modifiers.contains(KeyModifiers::CONTROL);
        match key.code {
            KeyCode::Char('c') if is_ctrl => effects.push(Effect::Interrupt),
            KeyCode::Char('z') if is_ctrl => effects.push(Effect::Suspend),
            _ => {
                self.message = None;
                match self.mode {
                    Mode::Normal => self.normal_key(key, effects),
                    _ => self.mode_key(key, effects),
                }
            }
        }
    }

    fn normal_key(&mut self, key: KeyEvent, effects: &mut Vec<Effect>) {
        let in_facets = matches!(self.screen(), Screen::List(list) if list.focus == Focus::Facets);
        if in_facets && self.facet_key(key, effects) {
            return;
        }
        if matches!(key.code, KeyCode::Char(_))
            && key.modifiers.intersects(KeyModifiers::CONTROL | KeyModifiers::ALT)
        {
            self.modified_key(key, effects);
            return;
        }
        match key.code {
            // A stray Esc must not end the command.
            KeyCode::Esc if self.screens.len() == 1 => self.show_message("q quits"),
            KeyCode::Char('q' | 'Q') | KeyCode::Esc => self.back(effects),
            KeyCode::Char('?') | KeyCode::F(1) => {
                if !matches!(self.screen(), Screen::Document(document) if is_help(document)) {
                    self.screens.push(Screen::Document(Box::new(Document::of(DocumentContent::Help(HELP)))));
                }
            }
            KeyCode::Char('/') => self.mode = Mode::Search(LineInput::default()),
            KeyCode::Char('n') => self.find(false),
            KeyCode::Char('N') => self.find(true),
            KeyCode::Char('y') => self.mode = Mode::Copy,
            KeyCode::Char('r') | KeyCode::F(5) => self.refresh(effects),
            KeyCode::Char('h' | 'b' | '=' | 'd' | 'R' | 'c') => self.open_related(key.code, effects),
            _ => match self.screen() {
                Screen::List(_) => self.list_key(key, effects),
                Screen::Document(_) => self.document_key(key),
            },
        }
    }

    /// A letter with Ctrl or Alt, which means something else than the letter alone.
    fn modified_key(&mut self, key: KeyEvent, effects: &mut Vec<Effect>) {
        let page = match self.screen() {
            Screen::List(list) => self.list_areas(list).rows.height,
            Screen::Document(_) => document_areas(self.size).text.height,
        };
        match (key.code, movement(key, i64::from(page.max(2)) - 1)) {
            (_, Some(rows)) => match self.screens.last_mut() {
                Some(Screen::Document(document)) => document.scroll_by(rows),
                _ => self.move_by(rows),
            },
            (KeyCode::Char('l'), _) if key.modifiers.contains(KeyModifiers::CONTROL) => {
                effects.push(Effect::Redraw);
            }
            (KeyCode::Char('r'), _) if key.modifiers.contains(KeyModifiers::CONTROL) => self.refresh(effects),
            _ => self.show_message(unknown_key::answer(key)),
        }
    }

    /// Closes the screen on top, or ends the command if it is the only one.
    pub(super) fn back(&mut self, effects: &mut Vec<Effect>) {
        if self.screens.len() > 1 {
            self.screens.pop();
        } else {
            effects.push(Effect::Quit);
        }
    }

    fn document_key(&mut self, key: KeyEvent) {
        let text = document_areas(self.size).text;
        let (page, columns) = (i64::from(text.height.max(2)) - 1, usize::from(text.width));
        let neighbour = match key.code {
            KeyCode::Char('J' | ']') => Some(1),
            KeyCode::Char('K' | '[') => Some(-1),
            _ => None,
        };
        if let Some(step) = neighbour {
            self.show_neighbour(step);
            return;
        }
        let Some(document) = self.document() else { return };
        match key.code {
            KeyCode::Char('g' | '<') | KeyCode::Home => document.top = 0,
            KeyCode::Char('G' | '>') | KeyCode::End => document.top = usize::MAX,
            KeyCode::Char(' ') | KeyCode::Enter => document.scroll_by(page),
            KeyCode::Char('l') | KeyCode::Right if document.reaches_beyond(columns) => document.left += 8,
            KeyCode::Char('l') | KeyCode::Right => {
                self.show_message("end of the longest line · Left scrolls back")
            }
            KeyCode::Left if document.left > 0 => document.left = document.left.saturating_sub(8),
            KeyCode::Left | KeyCode::Backspace => drop(self.screens.pop()),
            KeyCode::Char('f' | 'x' | 't' | 'm' | 'M' | 'e' | 'F' | 'o' | '0'..='9') | KeyCode::Tab => {
                self.show_message("this key works in a list: q goes back");
            }
            _ => match movement(key, page) {
                Some(rows) => document.scroll_by(rows),
                None => self.show_message(unknown_key::answer(key)),
            },
        }
    }

    /// Shows the next or the previous entry of the list below.
    fn show_neighbour(&mut self, step: i64) {
        let (list, document) = match self.screens.as_mut_slice() {
            [.., Screen::List(list), Screen::Document(document)]
                if matches!(document.content, Some(DocumentContent::Entry(_))) =>
            {
                (list, document)
            }
            _ => {
                self.show_message("this key works in an opened entry: q goes back");
                return;
            }
        };
        let before = list.selected;
        list.move_by(step);
        if list.selected == before {
            let text = match (step > 0, list.window.has_start(), list.window.has_end()) {
                (true, _, true) => "this is the last entry",
                (true, _, false) => "this is the last loaded entry",
                (false, true, _) => "this is the first entry",
                (false, false, _) => "this is the first loaded entry",
            };
            self.show_message(text);
        } else if let Some(entry) = list.entry() {
            document.show(DocumentContent::Entry(Box::new(entry.clone())));
        }
    }

    /// The selected or shown entry.
    pub(super) fn current_entry(&self) -> Option<Entry> {
        match self.screen() {
            Screen::List(list) => list.entry().cloned(),
            Screen::Document(document) => match &document.content {
                Some(DocumentContent::Entry(entry) | DocumentContent::Revert { entry, .. }) => {
                    Some((**entry).clone())
                }
                _ => None,
            },
        }
    }

    /// Opens a view of the current entry or of its resource.
    fn open_related(&mut self, code: KeyCode, effects: &mut Vec<Effect>) {
        let Some(entry) = self.current_entry() else {
            self.show_message(match self.screen() {
                Screen::List(_) => EMPTY_LIST,
                Screen::Document(_) => "this key needs an entry: q goes back",
            });
            return;
        };
        let (resource, at) = (resource_of(&entry), entry.position());
        match code {
            KeyCode::Char('h') => self.open_history(resource, ListPurpose::Browse, effects),
            KeyCode::Char('c') => {
                let Some(request) = entry.context.request_id else {
                    self.show_message("this entry belongs to no request");
                    return;
                };
                let mut filter = Filter::default();
                filter.request_id.include.push(request);
                self.open_list(List::new(filter, Order::Ascending, ListPurpose::Browse), effects);
            }
            KeyCode::Char('b') => self.read(Reading::Blame(resource), effects),
            KeyCode::Char('=') => self.read(Reading::State(resource, at), effects),
            KeyCode::Char('d') => self.compare(&entry, effects),
            KeyCode::Char('R') => self.read(Reading::Revert(Box::new(entry)), effects),
            _ => {}
        }
    }

    /// Compares with the other marked entry of the resource, or lets the user choose one.
    fn compare(&mut self, entry: &Entry, effects: &mut Vec<Effect>) {
        let (resource, at) = (resource_of(entry), entry.position());
        let others: Vec<_> = match self.screen() {
            Screen::List(list) => {
                let marked = list.window.entries().iter();
                let is_other = |it: &&Entry| {
                    list.marks.contains(&it.id) && it.id != entry.id && resource_of(it) == resource
                };
                marked.filter(is_other).map(Entry::position).collect()
            }
            Screen::Document(_) => Vec::new(),
        };
        match others.as_slice() {
            [other] => self.read(Reading::Difference(resource, ordered(at, *other)), effects),
            _ => {
                self.open_history(resource, ListPurpose::CompareWith(at), effects);
                self.show_message(format!("choose the entry to compare with entry {}: Enter", entry.id));
            }
        }
    }

    fn open_history(&mut self, resource: Resource, purpose: ListPurpose, effects: &mut Vec<Effect>) {
        let mut filter = Filter::default();
        filter.resource.include.push(resource);
        self.open_list(List::new(filter, Order::Ascending, purpose), effects);
    }

    fn open_list(&mut self, list: List, effects: &mut Vec<Effect>) {
        self.screens.push(Screen::List(Box::new(list)));
        self.load(PageAnchor::First, effects);
    }

    /// Opens a document that is read from the server.
    pub(super) fn read(&mut self, reading: Reading, effects: &mut Vec<Effect>) {
        let request = self.next_request();
        let document = Document::loading(reading.title(), Some(request), Some(reading.clone()));
        self.screens.push(Screen::Document(Box::new(document)));
        effects.push(Effect::Read(request, reading));
    }

    /// Reloads the screen on top.
    fn refresh(&mut self, effects: &mut Vec<Effect>) {
        let request = self.next_request();
        match self.screens.last_mut() {
            Some(Screen::Document(document)) => {
                let Some(reading) = document.reading.clone() else {
                    self.show_message("nothing to refresh on this screen");
                    return;
                };
                document.request = Some(request);
                effects.push(Effect::Read(request, reading));
            }
            Some(Screen::List(list)) => {
                (list.facets, list.facets_request, list.facets_failed) = (None, None, false);
                list.reselect = list.entry().map(|entry| entry.id);
                let anchor = match (list.failed.take(), list.entry()) {
                    (Some(anchor), _) => anchor,
                    (None, Some(entry)) if !list.window.has_start() => PageAnchor::At(entry.occurred_at),
                    (None, _) => PageAnchor::First,
                };
                self.read_holds(effects);
                self.load(anchor, effects);
            }
            None => {}
        }
        self.refresh = Some(self.last_request);
    }

    /// Copies in the form that a key has chosen.
    pub(super) fn copy(&mut self, form: CopyForm, effects: &mut Vec<Effect>) {
        let entry = self.current_entry();
        let text = match (form, &entry, self.screen()) {
            (CopyForm::Command, Some(entry), Screen::List(_)) => Ok(self.show_command(entry.id)),
            (CopyForm::Command, ..) => Ok(self.command()),
            (CopyForm::Text, Some(entry), Screen::List(_)) => {
                Ok(copy::entry_text(entry, &self.style, &self.holds))
            }
            (CopyForm::Text, _, Screen::Document(document)) => match &document.content {
                Some(content) => Ok(copy::document_text(content, &self.style, &self.holds)),
                None => Err("nothing is loaded yet".to_owned()),
            },
            (CopyForm::Json, Some(entry), _) => copy::entry_json(entry),
            (CopyForm::Link, Some(entry), _) => copy::link(self.web_url.as_deref(), self.log, entry.id),
            (CopyForm::Json, None, _) => Err("only an entry can be copied as JSON".to_owned()),
            (CopyForm::Link, None, _) => Err("only an entry has a link".to_owned()),
            (CopyForm::Text, None, _) => Err("there is no entry to copy".to_owned()),
        };
        match text {
            Ok(text) => {
                let of_entry = entry.map_or_else(String::new, |entry| format!(" of entry {}", entry.id));
                self.show_message(format!(
                    "copied the {}{of_entry} (OSC 52: if the terminal supports it)",
                    form.name()
                ));
                effects.push(Effect::Copy(text));
            }
            Err(error) => self.show_error(error),
        }
    }
}

/// Two positions, the earlier first.
pub(super) fn ordered(one: Position, other: Position) -> [Position; 2] {
    if (one.occurred_at, one.id) <= (other.occurred_at, other.id) { [one, other] } else { [other, one] }
}

fn is_help(document: &Document) -> bool {
    matches!(document.content, Some(DocumentContent::Help(_)))
}
