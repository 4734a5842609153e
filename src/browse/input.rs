//! Typed input: searches, times, file names, the copy menu and the filter form.

use ratatui::crossterm::event::{KeyCode, KeyEvent};

use crate::browse::copy::CopyForm;
use crate::browse::event::{Delay, Effect, ExportSource};
use crate::browse::form::FormStep;
use crate::browse::state::{Browser, Mode, Screen};
use crate::browse::window::Place;
use crate::model::filter::{Filter, SearchText};
use crate::model::fold::folded;
use crate::model::page::Order;
use crate::model::time::{Edge, When, parse};
use crate::render::spans::line_text;

/// The name of an export if the user types none.
const DEFAULT_EXPORT: &str = "audit.csv";
/// A date spans at least this long, also when clocks change.
const SHORTEST_DAY_HOURS: i64 = 20;

impl Browser {
    pub(super) fn mode_key(&mut self, key: KeyEvent, effects: &mut Vec<Effect>) {
        match &mut self.mode {
            Mode::Normal => {}
            Mode::Copy => {
                self.mode = Mode::Normal;
                if let KeyCode::Char(c) = key.code
                    && let Some(form) = CopyForm::of_key(c)
                {
                    self.copy(form, effects);
                }
            }
            Mode::Form(form) => {
                let step = form.press(key);
                self.form_step(step, effects);
            }
            Mode::Search(input) | Mode::Jump(input) | Mode::Export(input) => match key.code {
                KeyCode::Esc => self.mode = Mode::Normal,
                KeyCode::Backspace if input.text().is_empty() => self.mode = Mode::Normal,
                KeyCode::Enter => self.submit(effects),
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
            // Pasted text is no command.
            Mode::Normal | Mode::Copy => {}
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
                if matches!(&self.mode, Mode::Form(form) if !form.has_error()) {
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

    /// Finds the searched text in what is loaded.
    pub(super) fn find(&mut self, is_backward: bool) {
        let text = self.searched.clone();
        if text.is_empty() {
            self.say("nothing was searched yet: / searches");
            return;
        }
        let is_found = match self.screens.last_mut() {
            Some(Screen::Document(document)) => document.search(&text, is_backward),
            Some(Screen::List(list)) => {
                let (wanted, mut filter) = (folded(&text), Filter::default());
                filter.text.include.extend(text.parse::<SearchText>());
                let matches = |index: u64| {
                    let row = list.row(index).map(|(row, _)| folded(&line_text(row)));
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
            let hint = if self.list().is_some() { ": f searches the whole log" } else { "" };
            self.fail(format!("{text:?} is not in what is loaded{hint}"));
        }
    }

    fn jump_to(&mut self, text: &str, effects: &mut Vec<Effect>) {
        let context = self.style.time;
        let Some(order) = self.list().map(|list| list.order) else { return };
        let read = |edge| parse(text, edge, &context);
        let (first, end) = match (read(Edge::Since), read(Edge::Until)) {
            (Ok(When::Entry(id)), _) | (_, Ok(When::Entry(id))) => {
                let request = self.next_request();
                self.jump = Some(request);
                effects.push(Effect::TimeOf(request, id));
                return;
            }
            (Ok(When::At { at: first, .. }), Ok(When::At { at: end, .. })) => (first, end),
            (Err(error), _) | (_, Err(error)) => {
                self.fail(error.to_string().lines().next().unwrap_or_default());
                return;
            }
        };
        let is_day = end.since(first).num_hours() >= SHORTEST_DAY_HOURS;
        let at = match order {
            // The newest entry of a day comes first.
            Order::Descending if is_day => end.plus(chrono::TimeDelta::microseconds(-1)),
            _ => first,
        };
        self.load(Place::At(at), effects);
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
        self.say("exporting …");
        self.export = Some(request);
        effects.push(Effect::Export(request, name, source));
    }
}
