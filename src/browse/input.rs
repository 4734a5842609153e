//! Typed input: searches, times, file names, the copy menu and the filter form.

use ratatui::crossterm::event::{KeyCode, KeyEvent};

use crate::browse::copy::CopyForm;
use crate::browse::event::{Delay, Effect, ExportSource};
use crate::browse::form::FormStep;
use crate::browse::line_input::LineInput;
use crate::browse::list::Focus;
use crate::browse::state::{Browser, Mode, Screen};
use crate::browse::unknown_key;
use crate::browse::window::PageAnchor;
use crate::model::filter::{Filter, SearchText};
use crate::model::fold::folded;
use crate::model::page::Order;
use crate::model::time::{Edge, TimeErrorKind, When, parse, parse_last};
use crate::render::spans::line_text;

/// The name of an export if the user types none.
const DEFAULT_EXPORT: &str = "audit.csv";

impl Browser {
    pub(super) fn mode_key(&mut self, key: KeyEvent, effects: &mut Vec<Effect>) {
        let is_search = matches!(self.mode, Mode::Search(_));
        match &mut self.mode {
            Mode::Normal => {}
            Mode::Copy => {
                self.mode = Mode::Normal;
                let form = match key.code {
                    KeyCode::Char(c) => CopyForm::of_key(c),
                    _ => None,
                };
                match form {
                    Some(form) => self.copy(form, effects),
                    None => self.show_message("nothing was copied"),
                }
            }
            Mode::Form(form) => match form.press(key) {
                FormStep::Nothing => self.show_message(unknown_key::answer(key)),
                step => self.form_step(step, effects),
            },
            Mode::Search(input) | Mode::Jump(input) | Mode::Export(input) => match key.code {
                KeyCode::Esc => self.mode = Mode::Normal,
                KeyCode::Backspace if input.text().is_empty() => self.mode = Mode::Normal,
                KeyCode::Enter => self.submit(effects),
                KeyCode::Up if is_search => *input = LineInput::new(&self.searched),
                _ => drop(input.press(key)),
            },
        }
    }

    pub(super) fn paste(&mut self, text: &str, effects: &mut Vec<Effect>) {
        match &mut self.mode {
            Mode::Search(input) | Mode::Jump(input) | Mode::Export(input) => input.insert(text),
            Mode::Form(form) => {
                form.paste(text);
                self.form_step(FormStep::Edited, effects);
            }
            Mode::Normal | Mode::Copy => {
                self.show_message("pasted text is not a command: / searches, f filters")
            }
        }
    }

    fn submit(&mut self, effects: &mut Vec<Effect>) {
        let mode = std::mem::replace(&mut self.mode, Mode::Normal);
        match mode {
            Mode::Search(input) => {
                if !input.text().is_empty() {
                    self.searched = input.text();
                }
                if let Some(document) = self.document() {
                    document.found = None;
                }
                self.find(false);
            }
            Mode::Jump(input) => self.jump_to(&input.text(), effects),
            Mode::Export(input) => self.start_export(input.text().trim(), effects),
            Mode::Normal | Mode::Copy | Mode::Form(_) => {}
        }
    }

    fn form_step(&mut self, step: FormStep, effects: &mut Vec<Effect>) {
        match step {
            FormStep::Moved | FormStep::Nothing => {}
            FormStep::Edited => {
                let request = self.next_request();
                if let Mode::Form(form) = &mut self.mode {
                    form.wait = Some(request);
                    effects.push(Effect::Wait(request, Delay::Typing));
                }
            }
            FormStep::Accept => {
                self.apply_form(effects);
                let has_error = match &mut self.mode {
                    Mode::Form(form) => form.go_to_error(),
                    _ => false,
                };
                if !has_error {
                    self.mode = Mode::Normal;
                }
            }
            FormStep::Cancel => {
                if let Mode::Form(form) = std::mem::replace(&mut self.mode, Mode::Normal) {
                    self.refilter(form.before, effects);
                }
            }
        }
    }

    /// Searches the loaded entries, the facets or the document.
    pub(super) fn find(&mut self, is_backward: bool) {
        let text = self.searched.clone();
        if text.is_empty() {
            self.show_message("no search yet: / searches");
            return;
        }
        let is_found = match self.screens.last_mut() {
            Some(Screen::Document(document)) => document.search(&text, is_backward),
            Some(Screen::List(list)) if list.focus == Focus::Facets => {
                list.search_facets(&folded(&text), is_backward)
            }
            Some(Screen::List(list)) => {
                let (wanted, mut filter) = (folded(&text), Filter::default());
                filter.text.include.extend(text.parse::<SearchText>());
                let matches = |index: u64| {
                    let row = list.row(index).map(|row| folded(&line_text(row.spans)));
                    row.is_some_and(|row| row.contains(&wanted))
                        || list.window.get(index).is_some_and(|entry| filter.matches(entry))
                };
                let (first, end, start) = (list.window.first(), list.window.end(), list.selected);
                let found = match is_backward {
                    false => (start + 1..end).chain(first..start.min(end)).find(|index| matches(*index)),
                    true => (first..start).rev().chain((start + 1..end).rev()).find(|index| matches(*index)),
                };
                let found = found.or_else(|| (start < end && matches(start)).then_some(start));
                if let Some(index) = found {
                    list.select(index);
                }
                found.is_some()
            }
            None => false,
        };
        if !is_found {
            let place = match self.list() {
                Some(list) if list.focus == Focus::Facets => "the facets: f searches the whole log",
                Some(_) => "the loaded list: f searches the whole log",
                None => "this document",
            };
            self.show_error(format!("{text:?} was not found in {place}"));
        }
    }

    fn jump_to(&mut self, text: &str, effects: &mut Vec<Effect>) {
        let context = self.style.time;
        let Some(order) = self.list().map(|list| list.order) else { return };
        // In descending order, a day means its end: its newest entry comes first.
        let read = match order {
            Order::Descending => parse_last(text, &context),
            Order::Ascending | Order::ById => parse(text, Edge::Since, &context),
        };
        match read {
            Ok(When::At { at, note }) => {
                self.load(PageAnchor::At(at), effects);
                if let Some(note) = note {
                    self.show_message(note);
                }
            }
            Ok(When::Entry(id)) => self.jump_to_entry(id, effects),
            // A plain number is an entry id, as for `show`.
            Err(error) => match number(text)
                .filter(|_| matches!(error.kind, TimeErrorKind::BareNumber | TimeErrorKind::BareYear))
            {
                Some(id) => self.jump_to_entry(id, effects),
                None => self.show_error(error.to_string().lines().next().unwrap_or_default()),
            },
        }
    }

    fn jump_to_entry(&mut self, id: u64, effects: &mut Vec<Effect>) {
        let request = self.next_request();
        self.jump = Some((request, id));
        effects.push(Effect::TimeOf(request, id));
    }

    fn start_export(&mut self, name: &str, effects: &mut Vec<Effect>) {
        let request = self.next_request();
        let Some(list) = self.list() else { return };
        let source = if list.marks.is_empty() {
            ExportSource::Matching(Box::new(list.filter.clone()), list.order)
        } else {
            ExportSource::Marked(list.marks.iter().copied().collect())
        };
        let name = if name.is_empty() { DEFAULT_EXPORT } else { name }.to_owned();
        self.show_message("exporting …");
        self.export = Some(request);
        effects.push(Effect::Export(request, name, source));
    }
}

/// A text of digits alone.
fn number(text: &str) -> Option<u64> {
    let text = text.trim();
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?
}
