//! The filter form: one line for each part of a filter. The list narrows while the user types.

use ratatui::crossterm::event::{KeyCode, KeyEvent};

use crate::browse::event::EffectId;
use crate::browse::line_input::LineInput;
use crate::model::filter::{BadText, Filter};
use crate::model::log_filter::add_text;
use crate::model::time::format::full;
use crate::model::time::{Edge, TimeContext, When, parse};
use crate::model::timestamp::Timestamp;
use crate::model::words::Log;

/// The label, the query parameter and an example of each line, the most used first.
const FIELDS: [(&str, &str, &str); 13] = [
    ("Text", "q", "names, users, values: warehouse"),
    ("Action", "action", "updated,deleted"),
    ("Type", "model_type", "connector,secret"),
    ("User", "user", "ana.ruiz, !terraform"),
    ("Field", "field", "perform.retry, status=disabled, role:*->admin"),
    ("Since", "since", "2h, yesterday, monday 9:00, 2026-11-20 14:03"),
    ("Until", "until", "now, 2026-11-20"),
    ("Reason", "reason", "INC-2041"),
    ("Address", "ip", "198.51.100.23, 198.51.100.0/24"),
    ("Channel", "via", "web,terraform"),
    ("Resource", "resource", "connector/42"),
    ("Request", "request_id", "req_01JD9"),
    ("For", "on_behalf_of", "the user for whom another acted"),
];

/// One line of the form.
#[derive(Debug)]
pub(crate) struct FormField {
    pub(crate) label: &'static str,
    parameter: &'static str,
    /// Shown while the line is empty.
    pub(crate) example: &'static str,
    pub(crate) input: LineInput,
    /// Whether the user has changed it. Other parts of the filter stay as they are.
    is_edited: bool,
    /// Why the text is invalid.
    pub(crate) error: Option<String>,
}

/// The state of the filter form.
#[derive(Debug)]
pub(crate) struct FilterEditor {
    pub(crate) fields: Vec<FormField>,
    pub(crate) current: usize,
    /// The filter when the form was opened, which Esc restores.
    pub(crate) before: Filter,
    /// The timer since the last key, after which the list is loaded.
    pub(crate) wait: Option<EffectId>,
}

/// The effect of a key on the form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FormStep {
    Edited,
    Moved,
    Accept,
    Cancel,
    /// The key has no meaning here.
    Nothing,
}

impl FilterEditor {
    pub(crate) fn new(filter: &Filter, context: &TimeContext) -> Self {
        let text = |parameter| match parameter {
            "since" => filter.since.map(|at| full(at, context)).unwrap_or_default(),
            "until" => filter.until.map(|at| full(at, context)).unwrap_or_default(),
            _ => {
                let lists = filter.lists().into_iter();
                let texts = lists.filter(|(name, _)| *name == parameter).flat_map(|(_, list)| list.texts());
                texts.collect::<Vec<_>>().join(",")
            }
        };
        let field = |(label, parameter, example)| FormField {
            label,
            parameter,
            example,
            input: LineInput::new(&text(parameter)),
            is_edited: false,
            error: None,
        };
        Self { fields: FIELDS.map(field).into(), current: 0, before: filter.clone(), wait: None }
    }

    pub(crate) fn press(&mut self, key: KeyEvent) -> FormStep {
        let last = self.fields.len() - 1;
        match key.code {
            KeyCode::Enter => return FormStep::Accept,
            KeyCode::Esc => return FormStep::Cancel,
            KeyCode::PageUp => self.current = 0,
            KeyCode::PageDown => self.current = last,
            KeyCode::Up | KeyCode::BackTab => self.current = self.current.checked_sub(1).unwrap_or(last),
            KeyCode::Down | KeyCode::Tab => {
                self.current = if self.current == last { 0 } else { self.current + 1 }
            }
            _ => {
                let field = &mut self.fields[self.current];
                let before = field.input.text();
                if !field.input.press(key) {
                    return FormStep::Nothing;
                }
                if field.input.text() != before {
                    field.is_edited = true;
                    return FormStep::Edited;
                }
            }
        }
        FormStep::Moved
    }

    pub(crate) fn paste(&mut self, text: &str) {
        let field = &mut self.fields[self.current];
        field.input.insert(text);
        field.is_edited = true;
    }

    /// The filter with the edited lines. A line with invalid text keeps that part of `current` and gets an
    /// error.
    pub(crate) fn filter(&mut self, log: Log, current: &Filter, context: &TimeContext) -> Filter {
        let mut filter = current.clone();
        for field in self.fields.iter_mut().filter(|field| field.is_edited) {
            let text = field.input.text();
            field.error = set(&mut filter, log, field.parameter, text.trim(), context).err();
        }
        filter
    }

    /// The error of the current line.
    pub(crate) fn error(&self) -> Option<&str> {
        self.fields.get(self.current)?.error.as_deref()
    }

    /// Selects the first line with an error, unless the current line has one. Returns whether any line has an error.
    pub(crate) fn go_to_error(&mut self) -> bool {
        let first = self.fields.iter().position(|field| field.error.is_some());
        if self.error().is_none() {
            self.current = first.unwrap_or(self.current);
        }
        first.is_some()
    }
}

/// Replaces one part of a filter. An empty text removes it.
fn set(
    filter: &mut Filter,
    log: Log,
    parameter: &str,
    text: &str,
    context: &TimeContext,
) -> Result<(), String> {
    match parameter {
        "since" => filter.since = time(text, Edge::Since, context)?,
        "until" => filter.until = time(text, Edge::Until, context)?,
        _ => {
            let mut read = filter.clone();
            if let Some(list) = read.list_mut(parameter) {
                list.clear();
            }
            if !text.is_empty() {
                let added = add_text(&mut read, log, parameter, text).unwrap_or(Ok(()));
                added.map_err(|BadText { detail, nearest }| match nearest {
                    Some(word) => format!("did you mean {word}? {detail}"),
                    None => detail,
                })?;
            }
            *filter = read;
        }
    }
    Ok(())
}

fn time(text: &str, edge: Edge, context: &TimeContext) -> Result<Option<Timestamp>, String> {
    if text.is_empty() {
        return Ok(None);
    }
    match parse(text, edge, context) {
        Ok(When::At { at, .. }) => Ok(Some(at)),
        Ok(When::Entry(_)) => Err("enter a time, not an entry: each entry shows its time".to_owned()),
        Err(error) => Err(error.to_string().lines().next().unwrap_or_default().to_owned()),
    }
}
