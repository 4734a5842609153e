//! The keys of a list and of its facets.

use std::collections::BTreeSet;

use ratatui::crossterm::event::{KeyCode, KeyEvent};
use ratatui::layout::Rect;

use crate::browse::content::DocumentContent;
use crate::browse::document::Document;
use crate::browse::event::{Delay, Effect, Reading};
use crate::browse::facet_filter::toggled;
use crate::browse::form::FilterEditor;
use crate::browse::keys::{EMPTY_LIST, movement, ordered, resource_of};
use crate::browse::line_input::LineInput;
use crate::browse::list::{Focus, ListPurpose};
use crate::browse::state::{Browser, Mode, Screen};
use crate::browse::unknown_key;
use crate::browse::window::PageAnchor;
use crate::model::filter::Filter;
use crate::model::page::Order;
use crate::render::filter_summary::counted;

impl Browser {
    pub(super) fn list_key(&mut self, key: KeyEvent, effects: &mut Vec<Effect>) {
        let Screen::List(list) = self.screen() else { return };
        let areas = self.list_areas(list);
        let page = i64::from(areas.rows.height.max(2)) - 1;
        let (filter, time) = (list.filter.clone(), self.style.time);
        match key.code {
            KeyCode::Enter | KeyCode::Right | KeyCode::Char('l') => self.open_entry(effects),
            KeyCode::Left | KeyCode::Backspace if self.screens.len() > 1 => self.back(effects),
            KeyCode::Backspace => self.show_message("q quits"),
            KeyCode::Char('g' | '<') | KeyCode::Home => self.go_to_end(false, effects),
            KeyCode::Char('G' | '>') | KeyCode::End => self.go_to_end(true, effects),
            KeyCode::Char('f') => self.mode = Mode::Form(Box::new(FilterEditor::new(&filter, &time))),
            KeyCode::Char('t') => self.mode = Mode::Jump(LineInput::default()),
            // A number is an id, as `show` takes it.
            KeyCode::Char(digit @ '0'..='9') => {
                self.mode = Mode::Jump(LineInput::new(&format!("id:{digit}")))
            }
            KeyCode::Char('e') => self.mode = Mode::Export(LineInput::default()),
            KeyCode::Char('F') => self.toggle_follow(effects),
            KeyCode::Char('o') => self.reverse(effects),
            KeyCode::Char('x') if filter == Filter::default() => self.show_message("no filter is set"),
            KeyCode::Char('x') => self.refilter(Filter::default(), effects),
            KeyCode::Char('J' | ']') => self.scroll_detail(1, areas.detail),
            KeyCode::Char('K' | '[') => self.scroll_detail(-1, areas.detail),
            KeyCode::Tab | KeyCode::BackTab | KeyCode::Left => {
                if let Some(list) = self.list() {
                    list.focus = Focus::Facets;
                }
            }
            KeyCode::Char('m') => self.toggle_mark(),
            KeyCode::Char('M') => {
                let marks = self.list().map_or_else(BTreeSet::new, |list| std::mem::take(&mut list.marks));
                self.show_message(match marks.len() {
                    0 => "nothing is marked".to_owned(),
                    count => counted(count as u64, "mark", "marks") + " removed",
                });
            }
            KeyCode::Char(' ') => self.move_by(page),
            _ => match movement(key, page) {
                Some(rows) => self.move_by(rows),
                None => self.show_message(unknown_key::answer(key)),
            },
        }
    }

    /// Moves the selection of the list, or of its facets.
    pub(super) fn move_by(&mut self, rows: i64) {
        let Some(list) = self.list() else { return };
        if list.focus == Focus::Facets {
            list.move_facet(rows);
            return;
        }
        let before = list.selected;
        list.move_by(rows);
        if list.selected == before && list.failed.is_some() {
            self.show_message("the next entries could not be loaded · r retries");
        }
    }

    /// Shows the same entries in the opposite order, from the first one; while following, from the newest.
    fn reverse(&mut self, effects: &mut Vec<Effect>) {
        let Some(list) = self.list() else { return };
        list.order = if list.order == Order::Descending { Order::Ascending } else { Order::Descending };
        let is_last = list.follow.is_some() && list.order == Order::Ascending;
        self.load(if is_last { PageAnchor::Last } else { PageAnchor::First }, effects);
    }

    fn scroll_detail(&mut self, lines: isize, area: Option<Rect>) {
        let Some(area) = area else {
            self.show_message("no room for the detail: Enter opens it");
            return;
        };
        let Some(list) = self.list() else { return };
        if list.detail.lines.len() > usize::from(area.height) {
            list.detail.top = list.detail.top.saturating_add_signed(lines);
        } else {
            self.show_message("the detail has no further lines");
        }
    }

    fn toggle_mark(&mut self) {
        let Some(list) = self.list() else { return };
        let Some(id) = list.entry().map(|entry| entry.id) else {
            self.show_message(EMPTY_LIST);
            return;
        };
        if !list.marks.remove(&id) {
            list.marks.insert(id);
        }
        list.move_by(1);
    }

    /// Opens the selected entry, or compares with it.
    pub(super) fn open_entry(&mut self, effects: &mut Vec<Effect>) {
        let Screen::List(list) = self.screen() else { return };
        let Some(entry) = list.entry().cloned() else {
            self.show_message(EMPTY_LIST);
            return;
        };
        match list.purpose {
            ListPurpose::CompareWith(other) if other.id == entry.id => {
                self.show_message("this entry is already selected for the comparison: choose another one");
            }
            ListPurpose::CompareWith(other) => {
                let positions = ordered(entry.position(), other);
                self.screens.pop();
                self.read(Reading::Difference(resource_of(&entry), positions), effects);
            }
            ListPurpose::Browse => {
                let document = Document::of(DocumentContent::Entry(Box::new(entry)));
                self.screens.push(Screen::Document(Box::new(document)));
            }
        }
    }

    /// Goes to the first or last entry of the list, which may have to be loaded.
    fn go_to_end(&mut self, is_last: bool, effects: &mut Vec<Effect>) {
        let Some(list) = self.list() else { return };
        let (is_loaded, index, anchor) = match is_last {
            false => (list.window.has_start(), list.window.first(), PageAnchor::First),
            true => (list.window.has_end(), list.window.end(), PageAnchor::Last),
        };
        if is_loaded {
            list.select(index);
        } else {
            self.load(anchor, effects);
        }
    }

    fn toggle_follow(&mut self, effects: &mut Vec<Effect>) {
        let request = self.next_request();
        let Some(list) = self.list() else { return };
        if list.follow.take().is_some() {
            self.show_message("no longer following");
            return;
        }
        list.follow = Some(request);
        let is_newest_last = list.order != Order::Descending;
        self.go_to_end(is_newest_last, effects);
        effects.push(Effect::Wait(request, Delay::Follow));
        self.show_message("following: new entries appear by themselves · F stops");
    }

    /// A key of the facets pane. Returns whether it has a meaning there.
    pub(super) fn facet_key(&mut self, key: KeyEvent, effects: &mut Vec<Effect>) -> bool {
        let log = self.log;
        let Some(list) = self.list() else { return false };
        let last = list.facet_values().len().saturating_sub(1);
        match key.code {
            KeyCode::Tab
            | KeyCode::BackTab
            | KeyCode::Esc
            | KeyCode::Left
            | KeyCode::Right
            | KeyCode::Char('q' | 'l') => {
                list.focus = Focus::Entries;
            }
            KeyCode::Char('g') | KeyCode::Home => list.selected_facet = 0,
            KeyCode::Char('G') | KeyCode::End => list.selected_facet = last,
            KeyCode::Enter | KeyCode::Char(' ') => {
                let chosen = list
                    .facet_values()
                    .get(list.selected_facet)
                    .map(|(parameter, facet)| (*parameter, facet.value.clone()));
                if let Some((parameter, value)) = chosen {
                    let filter = toggled(&list.filter, log, parameter, &value);
                    self.refilter(filter, effects);
                }
            }
            _ => {
                let Some(rows) = movement(key, 10) else { return false };
                list.move_facet(rows);
            }
        }
        true
    }
}
