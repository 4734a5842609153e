//! The mouse: a click selects and opens, the wheel scrolls.

use ratatui::crossterm::event::{KeyCode, MouseButton, MouseEvent, MouseEventKind};
use ratatui::layout::{Position, Rect};

use crate::browse::event::Effect;
use crate::browse::list::Focus;
use crate::browse::state::{Browser, Mode, Screen};
use crate::browse::view::facets::facet_at;

/// The rows of one step of the wheel.
const WHEEL: i64 = 3;

impl Browser {
    pub(super) fn mouse(&mut self, mouse: MouseEvent, effects: &mut Vec<Effect>) {
        if !matches!(self.mode, Mode::Normal) {
            return;
        }
        let at = Position { x: mouse.column, y: mouse.row };
        match mouse.kind {
            MouseEventKind::ScrollDown => self.wheel(at, WHEEL),
            MouseEventKind::ScrollUp => self.wheel(at, -WHEEL),
            MouseEventKind::Down(MouseButton::Left) => self.click(at, effects),
            _ => {}
        }
    }

    /// Scrolls the pane under the mouse.
    fn wheel(&mut self, at: Position, rows: i64) {
        let areas = match self.screen() {
            Screen::List(list) => Some(self.list_areas(list)),
            Screen::Document(_) => None,
        };
        let is_over = |pane: Option<Rect>| pane.is_some_and(|pane| pane.contains(at));
        match self.screens.last_mut() {
            Some(Screen::List(list)) if is_over(areas.and_then(|areas| areas.facets)) => {
                list.move_facet(rows)
            }
            Some(Screen::List(list)) if is_over(areas.and_then(|areas| areas.detail)) => {
                let lines = isize::try_from(rows).unwrap_or(0);
                list.detail.top = list.detail.top.saturating_add_signed(lines);
            }
            Some(Screen::List(list)) => list.move_by(rows),
            Some(Screen::Document(document)) => document.scroll_by(rows),
            None => {}
        }
    }

    /// Selects the row under the mouse; a click on the selected row or on the detail opens the entry.
    fn click(&mut self, at: Position, effects: &mut Vec<Effect>) {
        let Screen::List(list) = self.screen() else { return };
        let areas = self.list_areas(list);
        let Some(list) = self.list() else { return };
        if areas.facets.is_some_and(|facets| facets.contains(at)) {
            list.focus = Focus::Facets;
            if let Some(index) = areas.facets.and_then(|area| facet_at(list, area, at)) {
                list.selected_facet = index;
                self.facet_key(KeyCode::Enter.into(), effects);
            }
        } else if areas.detail.is_some_and(|detail| detail.contains(at)) {
            self.open_entry(effects);
        } else if areas.rows.contains(at) {
            list.focus = Focus::Entries;
            let index = list.top + u64::from(at.y - areas.rows.y);
            if index == list.selected {
                self.open_entry(effects);
            } else if index < list.window.end() {
                list.select(index);
            }
        }
    }
}
