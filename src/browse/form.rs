//! The filter form: one line for each part of a filter. The list narrows while the user types.

use ratatui::crossterm::event::{KeyCode, KeyEvent};

use crate::browse::event::RequestId;
use crate::browse::line_input::LineInput;
use crate::model::filter::Filter;
use crate::model::log_filter::add_text;
use crate::model::time::format::full;
use crate::model::time::{Edge, TimeContext, When, parse};
use crate::model::timestamp::Timestamp;
use crate::model::words::Log;

/// The label and the query parameter of each line.
const FIELDS: [(&str, &str); 7] = [
    ("Text", "q"),
    ("Action", "action"),
    ("Type", "model_type"),
    ("User", "user"),
    ("Field", "field"),
    ("Since", "since"),
    ("Until", "until"),
];

/// One line of the form.
#[derive(Debug)]
pub(crate) struct FormField {
    pub(crate) label: &'static str,
    parameter: &'static str,
    pub(crate) input: LineInput,
    /// Whether the user has changed it. Other parts of the filter stay as they are.
    is_edited: bool,
    /// Why the text is no value.
    pub(crate) error: Option<String>,
}

/// The form.
#[derive(Debug)]
pub(crate) struct Form {
    pub(crate) fields: Vec<FormField>,
    pub(crate) current: usize,
    /// The filter when the form was opened, which Esc restores.
    pub(crate) before: Filter,
    /// The wait after the last key.
    pub(crate) wait: Option<RequestId>,
}

/// What a key does to the form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FormStep {
    Edited,
    Moved,
    Accept,
    Cancel,
    /// The key has no meaning here.
    Nothing,
}

impl Form {
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
        let field = |(label, parameter)| FormField {
            label,
            parameter,
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

    /// The filter with the edited lines. A line that is no value keeps the part of `current`, and shows why.
    pub(crate) fn filter(&mut self, log: Log, current: &Filter, context: &TimeContext) -> Filter {
        let mut filter = current.clone();
        for field in self.fields.iter_mut().filter(|field| field.is_edited) {
            let text = field.input.text();
            field.error = set(&mut filter, log, field.parameter, text.trim(), context).err();
        }
        filter
    }

    pub(crate) fn has_error(&self) -> bool {
        self.fields.iter().any(|field| field.error.is_some())
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
                added.map_err(|error| error.detail)?;
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
