//! A document: text that scrolls and can be searched.

use crate::browse::content::DocumentContent;
use crate::browse::event::{EffectId, Reading};
use crate::model::fold::folded;
use crate::model::hold::ActiveHold;
use crate::render::sanitize::width;
use crate::render::spans::{SpanLine, line_text};
use crate::render::style::Style;

/// A document, which may still be loading.
#[derive(Debug)]
pub(crate) struct Document {
    pub(crate) content: Option<DocumentContent>,
    /// The title while it loads.
    pub(crate) title: String,
    pub(crate) request: Option<EffectId>,
    /// What to read again after a failure.
    pub(crate) reading: Option<Reading>,
    pub(crate) lines: Vec<SpanLine>,
    /// The width for which the lines were made.
    width: u16,
    /// The cells of the widest line.
    widest: usize,
    pub(crate) top: usize,
    /// Cells scrolled to the right.
    pub(crate) left: usize,
    /// The line that a search found.
    pub(crate) found: Option<usize>,
}

impl Document {
    pub(crate) fn of(content: DocumentContent) -> Self {
        Self { content: Some(content), ..Self::loading(String::new(), None, None) }
    }

    pub(crate) const fn loading(title: String, request: Option<EffectId>, reading: Option<Reading>) -> Self {
        Self {
            content: None,
            title,
            request,
            reading,
            lines: Vec::new(),
            width: 0,
            widest: 0,
            top: 0,
            left: 0,
            found: None,
        }
    }

    /// Shows another content from its top.
    pub(crate) fn show(&mut self, content: DocumentContent) {
        *self = Self { reading: self.reading.take(), ..Self::of(content) };
    }

    pub(crate) fn title(&self) -> String {
        self.content.as_ref().map_or_else(|| self.title.clone(), DocumentContent::title)
    }

    /// Renders for this width, and keeps the view within the text.
    pub(crate) fn update_view(&mut self, columns: u16, rows: u16, (style, holds): (&Style, &[ActiveHold])) {
        if self.width != columns
            && let Some(content) = &self.content
        {
            self.lines = content.lines(&Style { width: usize::from(columns), ..*style }, holds);
            self.widest = self.lines.iter().map(|line| width(&line_text(line))).max().unwrap_or(0);
            self.width = columns;
        }
        self.top = self.top.min(self.lines.len().saturating_sub(usize::from(rows)));
        self.left = self.left.min(self.widest.saturating_sub(usize::from(columns)));
    }

    /// Whether a line ends to the right of the view.
    pub(crate) const fn reaches_beyond(&self, columns: usize) -> bool {
        self.left + columns < self.widest
    }

    pub(crate) fn invalidate(&mut self) {
        self.width = 0;
    }

    pub(crate) fn scroll_by(&mut self, rows: i64) {
        let rows = isize::try_from(rows).unwrap_or(isize::MAX);
        self.top = self.top.saturating_add_signed(rows);
    }

    /// Goes to the next line that has the text, or to the previous one. Returns whether there is one.
    pub(crate) fn search(&mut self, text: &str, is_backward: bool) -> bool {
        let wanted = folded(text);
        let has = |index: &usize| folded(&line_text(&self.lines[*index])).contains(&wanted);
        let count = self.lines.len();
        let start = self.found.unwrap_or(if is_backward { self.top } else { self.top.wrapping_sub(1) });
        let mut indexes = (1..=count).map(|step| match is_backward {
            false => (start.wrapping_add(step)) % count,
            true => (start + count - step % count) % count,
        });
        let found = indexes.find(|index| has(index));
        if let Some(found) = found {
            self.found = Some(found);
            self.top = found.saturating_sub(2);
        }
        found.is_some()
    }
}
