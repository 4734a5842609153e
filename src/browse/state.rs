//! The state of `browse`: a stack of screens, the input at the bottom, and a message.

use std::sync::Arc;

use ratatui::layout::Size;

use crate::browse::document::Document;
use crate::browse::event::{Effect, EffectId, LoadRequest, ScreenEvent};
use crate::browse::form::FilterEditor;
use crate::browse::layout::{ListAreas, document_areas, list_areas};
use crate::browse::line_input::LineInput;
use crate::browse::list::{Focus, List, ListPurpose};
use crate::browse::window::PageAnchor;
use crate::model::filter::Filter;
use crate::model::hold::ActiveHold;
use crate::model::page::Order;
use crate::model::words::Log;
use crate::render::style::Style;

/// Relative times are refreshed at this interval, in seconds, not every second: all rows must be rendered again.
const CLOCK_STEP: i64 = 10;

/// A screen of the stack.
#[derive(Debug)]
pub(crate) enum Screen {
    List(Box<List>),
    Document(Box<Document>),
}

/// The input mode.
#[derive(Debug)]
pub(crate) enum Mode {
    Normal,
    Search(LineInput),
    Jump(LineInput),
    Export(LineInput),
    /// The next key chooses what is copied.
    Copy,
    Form(Box<FilterEditor>),
}

/// A message in the last line, until the next key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Message {
    pub(crate) text: String,
    pub(crate) is_error: bool,
}

/// The state of `browse`.
pub(crate) struct Browser {
    pub(crate) log: Log,
    pub(crate) style: Style,
    pub(crate) size: Size,
    /// Never empty; the last one is shown.
    pub(crate) screens: Vec<Screen>,
    pub(crate) mode: Mode,
    pub(crate) message: Option<Message>,
    /// The last text that was searched.
    pub(crate) searched: String,
    /// The lookup of the time of an entry to jump to, and the id of the entry.
    pub(crate) jump: Option<(EffectId, u64)>,
    /// The running export.
    pub(crate) export: Option<EffectId>,
    /// The request that `r` has made.
    pub(crate) refresh: Option<EffectId>,
    /// The active holds that the token may see.
    pub(crate) holds: Arc<[ActiveHold]>,
    pub(crate) holds_request: Option<EffectId>,
    /// The connection flags of commands.
    pub(crate) connection_words: Vec<String>,
    /// The base URL of the web page, if the server has one.
    pub(crate) web_url: Option<String>,
    pub(super) last_request: EffectId,
}

impl Browser {
    /// The first screen, and the effects that load it.
    pub(crate) fn new(
        log: Log,
        filter: Filter,
        (style, size): (Style, Size),
        (connection_words, web_url): (Vec<String>, Option<String>),
    ) -> (Self, Vec<Effect>) {
        let list = List::new(filter, Order::Descending, ListPurpose::Browse);
        let mut browser = Self {
            log,
            style,
            size,
            screens: vec![Screen::List(Box::new(list))],
            mode: Mode::Normal,
            message: None,
            searched: String::new(),
            jump: None,
            export: None,
            refresh: None,
            holds: Arc::default(),
            holds_request: None,
            connection_words,
            web_url,
            last_request: 0,
        };
        let mut effects = Vec::new();
        browser.read_holds(&mut effects);
        browser.load(PageAnchor::First, &mut effects);
        browser.update_view(&mut effects);
        (browser, effects)
    }

    /// Reacts to an event. The caller runs the effects, and draws.
    #[must_use]
    pub(crate) fn update(&mut self, event: ScreenEvent) -> Vec<Effect> {
        let mut effects = Vec::new();
        match event {
            ScreenEvent::Key(key) => self.key(key, &mut effects),
            ScreenEvent::Mouse(mouse) => self.mouse(mouse, &mut effects),
            ScreenEvent::Paste(text) => self.paste(&text, &mut effects),
            ScreenEvent::Resize(size) => self.size = size,
            ScreenEvent::Done(request, answer) => self.done(request, answer, &mut effects),
            ScreenEvent::Elapsed(request) => self.elapsed(request, &mut effects),
            ScreenEvent::Now(now) if now.since(self.style.time.now).num_seconds() >= CLOCK_STEP => {
                self.style.time.now = now;
                if self.style.relative {
                    self.invalidate();
                }
            }
            ScreenEvent::Now(_) => {}
        }
        self.update_view(&mut effects);
        effects
    }

    #[expect(clippy::expect_used, reason = "the first screen is never removed")]
    pub(crate) fn screen(&self) -> &Screen {
        self.screens.last().expect("a screen")
    }

    /// The list on top, if the screen is one.
    pub(crate) fn list(&mut self) -> Option<&mut List> {
        match self.screens.last_mut() {
            Some(Screen::List(list)) => Some(list),
            _ => None,
        }
    }

    /// The document on top, if the screen is one.
    pub(crate) fn document(&mut self) -> Option<&mut Document> {
        match self.screens.last_mut() {
            Some(Screen::Document(document)) => Some(document),
            _ => None,
        }
    }

    pub(crate) fn next_request(&mut self) -> EffectId {
        self.last_request += 1;
        self.last_request
    }

    pub(crate) fn show_message(&mut self, text: impl Into<String>) {
        self.message = Some(Message { text: text.into(), is_error: false });
    }

    pub(crate) fn show_error(&mut self, text: impl Into<String>) {
        self.message = Some(Message { text: text.into(), is_error: true });
    }

    /// Loads a page of the list on top.
    pub(crate) fn load(&mut self, anchor: PageAnchor, effects: &mut Vec<Effect>) {
        let request = self.next_request();
        let Some(list) = self.list() else { return };
        list.failed = None;
        list.page_request = Some((request, anchor));
        let is_new = matches!(anchor, PageAnchor::First | PageAnchor::Last | PageAnchor::At(_));
        let as_of = (!is_new && list.window.as_of > 0).then_some(list.window.as_of);
        let (filter, order) = (list.filter.clone(), list.order);
        effects.push(Effect::Load(request, Box::new(LoadRequest { filter, order, anchor, as_of })));
    }

    /// Asks for the holds. Only the audit log has any.
    pub(super) fn read_holds(&mut self, effects: &mut Vec<Effect>) {
        if self.log == Log::Audit {
            let request = self.next_request();
            self.holds_request = Some(request);
            effects.push(Effect::ReadHolds(request));
        }
    }

    /// Shows the list of another filter instead of the one on top.
    pub(crate) fn refilter(&mut self, filter: Filter, effects: &mut Vec<Effect>) {
        let Some(list) = self.list() else { return };
        if list.filter == filter {
            return;
        }
        (list.filter, list.facets, list.facets_request, list.reselect) = (filter, None, None, None);
        list.facets_failed = false;
        if list.follow.take().is_some() {
            self.show_message("no longer following");
        }
        self.load(PageAnchor::First, effects);
    }

    pub(crate) fn list_areas(&self, list: &List) -> ListAreas {
        list_areas(self.size, list.focus == Focus::Facets)
    }

    /// Brings the screen on top up to date: scrolls, renders, and asks for what is missing.
    fn update_view(&mut self, effects: &mut Vec<Effect>) {
        let (size, style, holds) = (self.size, self.style, Arc::clone(&self.holds));
        let Some(Screen::List(list)) = self.screens.last() else {
            let text = document_areas(size).text;
            if let Some(document) = self.document() {
                document.update_view(text.width, text.height, (&style, &holds));
            }
            return;
        };
        let areas = self.list_areas(list);
        let Some(list) = self.list() else { return };
        let missing = list.update_view(&areas, (&style, &holds));
        let filter = (areas.facets.is_some()
            && list.facets.is_none()
            && list.facets_request.is_none()
            && list.is_loaded)
            .then(|| list.filter.clone());
        if let Some(anchor) = missing {
            self.load(anchor, effects);
        }
        if let Some(filter) = filter {
            let request = self.next_request();
            if let Some(list) = self.list() {
                list.facets_request = Some(request);
            }
            effects.push(Effect::CountFacets(request, Box::new(filter)));
        }
    }

    pub(super) fn invalidate(&mut self) {
        for screen in &mut self.screens {
            match screen {
                Screen::List(list) => list.invalidate(),
                Screen::Document(document) => document.invalidate(),
            }
        }
    }
}
