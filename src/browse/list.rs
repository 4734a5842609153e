//! A list of entries: filter, loaded window, selection, marks, facets and the detail of the selected entry.

use std::collections::BTreeSet;

use crate::browse::change_set::positions;
use crate::browse::event::RequestId;
use crate::browse::layout::ListAreas;
use crate::browse::window::{Place, Window};
use crate::model::entry::Entry;
use crate::model::facets::{Facet, Facets};
use crate::model::filter::Filter;
use crate::model::page::{Order, Position};
use crate::render::columns::{Column, TABLE_COLUMNS};
use crate::render::detail::line::Span;
use crate::render::detail::{DetailOptions, detail};
use crate::render::spans::{SpanLine, span_lines};
use crate::render::style::{Role, Style};
use crate::render::table::EntryTable;

/// The cells left of a row: pointer, mark and bracket.
pub(crate) const GUTTER: u16 = 4;

/// The most rows that may be owed: a key that is held down must stop soon after it is released.
const MOST_OWED: i64 = 400;

/// Narrower lists have no times.
const LEAST_FOR_TIME: u16 = 56;

/// What Enter does in a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ListPurpose {
    Browse,
    /// Chooses the other entry of a difference.
    CompareWith(Position),
}

/// The pane that the keys go to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Focus {
    Entries,
    Facets,
}

/// One property of the facets pane: its title, its query parameter and its counts.
pub(crate) type FacetGroup<'f> = (&'static str, &'static str, &'f [Facet]);

/// The rows of the loaded entries at one width.
#[derive(Debug, Default)]
pub(crate) struct Rows {
    width: u16,
    pub(crate) header: SpanLine,
    pub(crate) lines: Vec<SpanLine>,
    pub(crate) brackets: Vec<&'static str>,
}

/// The detail of the selected entry at one width.
#[derive(Debug, Default)]
pub(crate) struct Preview {
    id: u64,
    width: u16,
    pub(crate) lines: Vec<SpanLine>,
}

/// A list and its view.
#[derive(Debug)]
pub(crate) struct List {
    pub(crate) filter: Filter,
    pub(crate) order: Order,
    pub(crate) purpose: ListPurpose,
    pub(crate) window: Window,
    /// The index of the selected entry in the whole list.
    pub(crate) selected: u64,
    /// The index of the entry in the first row.
    pub(crate) top: u64,
    pub(crate) marks: BTreeSet<u64>,
    pub(crate) facets: Option<Facets>,
    pub(crate) focus: Focus,
    /// The selected line of the facets pane.
    pub(crate) facet: usize,
    /// The wait or request by which the list is followed.
    pub(crate) follow: Option<RequestId>,
    /// Rows that keys have moved beyond what is loaded.
    pub(crate) owed: i64,
    /// The entry to select after a reload.
    pub(crate) keep: Option<u64>,
    /// Whether a first page has arrived.
    pub(crate) is_loaded: bool,
    pub(crate) page_request: Option<(RequestId, Place)>,
    pub(crate) facets_request: Option<RequestId>,
    /// The pages that failed, to be asked for again by the user and not by themselves.
    pub(crate) failed: Option<Place>,
    pub(crate) rows: Rows,
    pub(crate) preview: Preview,
}

impl List {
    pub(crate) fn new(filter: Filter, order: Order, purpose: ListPurpose) -> Self {
        Self {
            filter,
            order,
            purpose,
            window: Window::default(),
            selected: 0,
            top: 0,
            marks: BTreeSet::new(),
            facets: None,
            focus: Focus::Entries,
            facet: 0,
            follow: None,
            owed: 0,
            keep: None,
            is_loaded: false,
            page_request: None,
            facets_request: None,
            failed: None,
            rows: Rows::default(),
            preview: Preview::default(),
        }
    }

    pub(crate) fn entry(&self) -> Option<&Entry> {
        self.window.get(self.selected)
    }

    /// Moves the selection; it stays within the loaded entries.
    pub(crate) fn select(&mut self, index: u64) {
        let last = self.window.end().saturating_sub(1);
        self.selected = index.clamp(self.window.first().min(last), last);
    }

    /// Moves the selection. Rows beyond the loaded ones are owed until their page arrives.
    pub(crate) fn move_by(&mut self, rows: i64) {
        let wanted = self.selected.cast_signed() + rows + self.owed;
        self.select(u64::try_from(wanted).unwrap_or(0));
        let owed = wanted - self.selected.cast_signed();
        let has_more = if owed < 0 { !self.window.has_start() } else { !self.window.has_end() };
        self.owed =
            if has_more && self.page_request.is_some() { owed.clamp(-MOST_OWED, MOST_OWED) } else { 0 };
    }

    /// Scrolls to the selection, and renders what the screen shows. Returns the page that is needed next.
    pub(crate) fn settle(&mut self, areas: &ListAreas, style: &Style) -> Option<Place> {
        let rows = u64::from(areas.rows.height);
        self.select(self.selected);
        if self.selected < self.top {
            self.top = self.selected;
        } else if rows > 0 && self.selected >= self.top + rows {
            self.top = self.selected + 1 - rows;
        }
        let last_top = self.window.end().saturating_sub(rows).max(self.window.first());
        self.top = self.top.clamp(self.window.first().min(last_top), last_top);
        let is_beside = areas.detail.is_some_and(|detail| detail.y == areas.header.y);
        self.render_rows(areas.rows.width, is_beside, style);
        self.render_preview(areas.detail.map_or(0, |detail| detail.width), style);
        if self.page_request.is_some() || self.failed.is_some() {
            return None;
        }
        self.window.missing(self.top, rows)
    }

    /// Renders rows and detail again: the entries, the style or the time have changed.
    pub(crate) fn invalidate(&mut self) {
        self.rows.width = 0;
        self.preview.width = 0;
    }

    fn render_rows(&mut self, width: u16, is_beside: bool, style: &Style) {
        if self.rows.width == width {
            return;
        }
        let entries = self.window.entries();
        let columns = self.columns(width, is_beside);
        let style = Style { width: usize::from(width.saturating_sub(GUTTER)), ..*style };
        let mut lines =
            span_lines(&style, |out, style| EntryTable::new(columns, style).entries(out, entries));
        let header = if lines.is_empty() { Vec::new() } else { lines.remove(0) };
        let brackets = positions(entries).into_iter().map(|position| position.bracket(style.ascii)).collect();
        self.rows = Rows { width, header, lines, brackets };
    }

    /// The columns of the list. The history of one resource does not repeat its name, the detail beside a list has the
    /// changes, and a very narrow list has room for what matters most.
    fn columns(&self, width: u16, is_beside: bool) -> &'static [Column] {
        use Column::{Action, Id, Resource, Summary, Time, User};
        match (self.is_history(), width < LEAST_FOR_TIME, is_beside) {
            (true, true, _) => &[Id, Action, User],
            (true, false, _) => &[Id, Time, User, Action, Summary],
            (false, true, _) => &[Id, Action, Resource],
            (false, false, true) => &[Id, Time, User, Action, Resource],
            (false, false, false) => TABLE_COLUMNS,
        }
    }

    /// Whether the list is the history of one resource.
    pub(crate) fn is_history(&self) -> bool {
        let Filter { resource, .. } = &self.filter;
        resource.include.len() == 1
            && resource.exclude.is_empty()
            && self.order == Order::Ascending
            && self.filter == Filter { resource: resource.clone(), ..Filter::default() }
    }

    fn render_preview(&mut self, width: u16, style: &Style) {
        let Some(entry) = self.entry().filter(|_| width > 0) else {
            self.preview = Preview::default();
            return;
        };
        if (self.preview.id, self.preview.width) == (entry.id, width) {
            return;
        }
        let style = Style { width: usize::from(width), ..*style };
        let lines = span_lines(&style, |out, style| detail(out, entry, DetailOptions::default(), style));
        self.preview = Preview { id: entry.id, width, lines };
    }

    /// The facets pane: each property, with its query parameter and counts.
    pub(crate) fn facet_groups(&self) -> Vec<FacetGroup<'_>> {
        let Some(Facets { action, model_type, user, .. }) = &self.facets else { return Vec::new() };
        vec![("ACTION", "action", action), ("TYPE", "model_type", model_type), ("USER", "user", user)]
    }

    /// The values of the facets pane in their order, each with its query parameter.
    pub(crate) fn facet_values(&self) -> Vec<(&'static str, &Facet)> {
        let groups = self.facet_groups().into_iter();
        groups.flat_map(|(_, parameter, facets)| facets.iter().map(move |facet| (parameter, facet))).collect()
    }

    /// A row of the loaded entries, and its bracket.
    pub(crate) fn row(&self, index: u64) -> Option<(&[Span], &'static str)> {
        let at = usize::try_from(index.checked_sub(self.window.first())?).ok()?;
        Some((self.rows.lines.get(at)?, self.rows.brackets.get(at)?))
    }

    /// The role of the mark before a row.
    pub(crate) const MARK: Role = Role::Changed;
}
