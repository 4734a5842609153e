//! A list of entries: filter, loaded window, selection, marks, facets and the detail of the selected entry.

use std::collections::BTreeSet;

use ratatui::layout::Rect;

use crate::browse::change_set::change_set_positions;
use crate::browse::event::EffectId;
use crate::browse::layout::ListAreas;
use crate::browse::window::{PageAnchor, Window};
use crate::model::entry::Entry;
use crate::model::facets::{Facet, Facets};
use crate::model::filter::Filter;
use crate::model::fold::folded;
use crate::model::hold::{ActiveHold, covering};
use crate::model::page::{Order, Position};
use crate::render::columns::{Column, TABLE_COLUMNS};
use crate::render::detail::line::Span;
use crate::render::detail::{DetailOptions, detail};
use crate::render::spans::{SpanLine, span_lines};
use crate::render::style::{Role, Style};
use crate::render::table::EntryTable;

/// The cells left of a row: pointer, mark and bracket.
const GUTTER: u16 = 4;
/// The cells for the sign of a hold, in a log that has holds.
const HOLD_CELLS: u16 = 1;

/// The most pending rows, so that scrolling stops soon after a key that was held down is released.
const MAX_PENDING_ROWS: i64 = 400;

/// A detail pane with fewer rows than this shows only changes, not facts such as address and user agent.
const MIN_ROWS_FOR_FACTS: u16 = 16;

/// Lists narrower than this have no time column.
const MIN_WIDTH_FOR_TIME: u16 = 56;

/// The purpose of a list, which decides the effect of Enter.
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
pub(crate) struct RenderedRows {
    width: u16,
    /// The cells left of each row.
    pub(crate) gutter: u16,
    pub(crate) header: SpanLine,
    pub(crate) lines: Vec<SpanLine>,
    pub(crate) brackets: Vec<&'static str>,
    /// Whether a hold covers the entry. Empty without holds.
    pub(crate) are_held: Vec<bool>,
}

/// The row of one entry.
pub(crate) struct ListRow<'l> {
    pub(crate) spans: &'l [Span],
    pub(crate) bracket: &'static str,
    /// Whether a hold covers the entry. None if there are no holds.
    pub(crate) is_held: Option<bool>,
}

/// The detail of the selected entry at one width.
#[derive(Debug, Default)]
pub(crate) struct DetailPane {
    id: u64,
    width: u16,
    is_brief: bool,
    pub(crate) lines: Vec<SpanLine>,
    /// The first line that is shown.
    pub(crate) top: usize,
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
    pub(crate) selected_facet: usize,
    /// While the list follows new entries: the running timer or request.
    pub(crate) follow: Option<EffectId>,
    /// Key movement beyond the loaded rows, applied when the next page arrives.
    pub(crate) pending_rows: i64,
    /// The entry to select after a reload.
    pub(crate) reselect: Option<u64>,
    /// Whether a first page has arrived.
    pub(crate) is_loaded: bool,
    pub(crate) page_request: Option<(EffectId, PageAnchor)>,
    pub(crate) facets_request: Option<EffectId>,
    pub(crate) facets_failed: bool,
    /// Whether the last poll for new entries failed.
    pub(crate) follow_failed: bool,
    /// The page that could not be loaded. Only the user's `r` requests it again.
    pub(crate) failed: Option<PageAnchor>,
    pub(crate) rows: RenderedRows,
    pub(crate) detail: DetailPane,
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
            selected_facet: 0,
            follow: None,
            pending_rows: 0,
            reselect: None,
            is_loaded: false,
            page_request: None,
            facets_request: None,
            facets_failed: false,
            follow_failed: false,
            failed: None,
            rows: RenderedRows::default(),
            detail: DetailPane::default(),
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

    /// Moves the selection. Movement beyond the loaded rows is pending until their page arrives.
    pub(crate) fn move_by(&mut self, rows: i64) {
        let wanted = self.selected.cast_signed() + rows + self.pending_rows;
        self.select(u64::try_from(wanted).unwrap_or(0));
        let pending = wanted - self.selected.cast_signed();
        let has_more = if pending < 0 { !self.window.has_start() } else { !self.window.has_end() };
        let is_loading = has_more && self.page_request.is_some();
        self.pending_rows = if is_loading { pending.clamp(-MAX_PENDING_ROWS, MAX_PENDING_ROWS) } else { 0 };
    }

    /// Scrolls to the selection, and renders what the screen shows. Returns the page that is needed next.
    pub(crate) fn update_view(
        &mut self,
        areas: &ListAreas,
        (style, holds): (&Style, &[ActiveHold]),
    ) -> Option<PageAnchor> {
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
        self.render_rows(areas.rows.width, is_beside, (style, holds));
        self.render_detail(areas.detail.unwrap_or_default(), (style, holds));
        let height = areas.detail.map_or(0, |detail| usize::from(detail.height));
        self.detail.top = self.detail.top.min(self.detail.lines.len().saturating_sub(height));
        if self.page_request.is_some() || self.failed.is_some() {
            return None;
        }
        self.window.missing(self.top, rows)
    }

    /// Renders rows and detail again: the entries, the style or the time have changed.
    pub(crate) fn invalidate(&mut self) {
        self.rows.width = 0;
        self.detail.width = 0;
    }

    fn render_rows(&mut self, width: u16, is_beside: bool, (style, holds): (&Style, &[ActiveHold])) {
        if self.rows.width == width {
            return;
        }
        let entries = self.window.entries();
        let columns = self.columns(width, is_beside);
        let gutter = if holds.is_empty() { GUTTER } else { GUTTER + HOLD_CELLS };
        let style = Style { width: usize::from(width.saturating_sub(gutter)), ..*style };
        let mut lines =
            span_lines(&style, |out, style| EntryTable::new(columns, style).entries(out, entries));
        let header = if lines.is_empty() { Vec::new() } else { lines.remove(0) };
        let brackets =
            change_set_positions(entries).into_iter().map(|position| position.bracket(style.ascii)).collect();
        let is_held = |entry: &Entry| holds.iter().any(|hold| hold.filter.matches(entry));
        let are_held = if holds.is_empty() { Vec::new() } else { entries.iter().map(is_held).collect() };
        self.rows = RenderedRows { width, gutter, header, lines, brackets, are_held };
    }

    /// The columns of the list. The history of one resource does not repeat its name, the detail beside a list has the
    /// changes, and a very narrow list has only three columns.
    fn columns(&self, width: u16, is_beside: bool) -> &'static [Column] {
        use Column::{Action, Id, Resource, Summary, Time, User};
        match (self.is_history(), width < MIN_WIDTH_FOR_TIME, is_beside) {
            (true, true, _) => &[Id, Action, User],
            (true, false, _) => &[Id, Time, User, Action, Summary],
            (false, true, _) => &[Id, Action, Resource],
            (false, false, true) => &[Id, Time, User, Action, Resource],
            (false, false, false) => TABLE_COLUMNS,
        }
    }

    /// Whether the list is the history of one resource: no other filter, oldest first.
    pub(crate) fn is_history(&self) -> bool {
        let Filter { resource, .. } = &self.filter;
        resource.include.len() == 1
            && resource.exclude.is_empty()
            && self.order == Order::Ascending
            && self.filter == Filter { resource: resource.clone(), ..Filter::default() }
    }

    fn render_detail(&mut self, area: Rect, (style, holds): (&Style, &[ActiveHold])) {
        let (width, brief) = (area.width, area.height < MIN_ROWS_FOR_FACTS);
        let Some(entry) = self.entry().filter(|_| width > 0) else {
            self.detail = DetailPane::default();
            return;
        };
        let shown = &self.detail;
        if (shown.id, shown.width, shown.is_brief) == (entry.id, width, brief) {
            return;
        }
        let style = Style { width: usize::from(width), ..*style };
        let holds = covering(holds, entry);
        let options = DetailOptions { brief, holds: &holds, ..DetailOptions::default() };
        let lines = span_lines(&style, |out, style| detail(out, entry, options, style));
        let top = if self.detail.id == entry.id { self.detail.top } else { 0 };
        self.detail = DetailPane { id: entry.id, width, is_brief: brief, lines, top };
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

    /// Moves the selection of the facets pane.
    pub(crate) fn move_facet(&mut self, rows: i64) {
        let last = self.facet_values().len().saturating_sub(1);
        let rows = isize::try_from(rows).unwrap_or(0);
        self.selected_facet = self.selected_facet.saturating_add_signed(rows).min(last);
    }

    /// Selects the next facet value (the previous one if `is_backward`) that contains this folded text. Returns whether one does.
    pub(crate) fn search_facets(&mut self, wanted: &str, is_backward: bool) -> bool {
        let values: Vec<_> = self.facet_values().iter().map(|(_, facet)| folded(&facet.value)).collect();
        let count = values.len();
        let mut indexes = (1..=count).map(|step| match is_backward {
            false => (self.selected_facet + step) % count,
            true => (self.selected_facet + count - step) % count,
        });
        let found = indexes.find(|index| values[*index].contains(wanted));
        self.selected_facet = found.unwrap_or(self.selected_facet);
        found.is_some()
    }

    /// The row of a loaded entry.
    pub(crate) fn row(&self, index: u64) -> Option<ListRow<'_>> {
        let at = usize::try_from(index.checked_sub(self.window.first())?).ok()?;
        Some(ListRow {
            spans: self.rows.lines.get(at)?,
            bracket: self.rows.brackets.get(at)?,
            is_held: self.rows.are_held.get(at).copied(),
        })
    }

    /// The role of the mark before a row.
    pub(crate) const MARK: Role = Role::Changed;
}
