//! Takes the results of effects. A result is dropped unless a screen still waits for it.

use crate::browse::document::Document;
use crate::browse::event::{Delay, Effect, EffectId, EffectResult, LoadRequest};
use crate::browse::list::{List, ListPurpose};
use crate::browse::state::{Browser, Mode, Screen};
use crate::browse::window::{LoadedPage, PageAnchor};
use crate::model::page::{Order, Position};

impl Browser {
    pub(super) fn done(
        &mut self,
        request: EffectId,
        answer: Result<EffectResult, String>,
        effects: &mut Vec<Effect>,
    ) {
        if self.holds_request == Some(request) {
            self.holds_request = None;
            match answer {
                Ok(EffectResult::Holds(holds)) => {
                    self.holds = holds.into();
                    self.invalidate();
                }
                Ok(_) => {}
                // An error of the list is already shown, and is more useful.
                Err(_) if self.message.as_ref().is_some_and(|message| message.is_error) => {}
                Err(error) => {
                    self.show_error(format!("cannot tell which entries are held: {error} · r retries"))
                }
            }
        } else if self.export == Some(request) {
            self.export = None;
            match answer {
                Ok(EffectResult::Exported(text)) => self.show_message(text),
                Ok(_) => {}
                Err(error) => self.show_error(error),
            }
        } else if let Some((_, id)) = self.jump.filter(|(jump, _)| *jump == request) {
            self.jump = None;
            match answer {
                Ok(EffectResult::Time(at)) => {
                    // Several entries may have that time: select this one.
                    if let Some(list) = self.list() {
                        list.reselect = Some(id);
                    }
                    self.load(PageAnchor::At(at), effects);
                }
                Ok(_) => {}
                Err(error) => self.show_error(error),
            }
        } else {
            self.done_for_screen(request, answer, effects);
        }
    }

    /// Gives a result to the screen that waits for it.
    fn done_for_screen(
        &mut self,
        request: EffectId,
        answer: Result<EffectResult, String>,
        effects: &mut Vec<Effect>,
    ) {
        let was_refresh = self.refresh.take_if(|refresh| *refresh == request).is_some();
        let Some(screen) = self.screens.iter_mut().find(|screen| screen.waits_for(request)) else { return };
        let mut is_jump = false;
        let report = match screen {
            Screen::List(list) if list.follow == Some(request) => {
                // The next poll reuses the request id.
                effects.push(Effect::Wait(request, Delay::Follow));
                follow_done(list, answer).map_err(|error| format!("{error} · trying again"))
            }
            Screen::List(list) if list.facets_request == Some(request) => {
                facets_done(list, answer).map_err(|error| format!("{error} · r retries"))
            }
            Screen::List(list) => {
                is_jump = matches!(list.page_request, Some((_, PageAnchor::At(_)))) && answer.is_ok();
                page_done(list, answer).map_err(|error| format!("{error} · r retries"))
            }
            Screen::Document(document) => {
                document_done(document, answer).map_err(|error| format!("{error} · r retries"))
            }
        };
        match report {
            Ok(Some(text)) => self.show_message(text),
            Ok(None) if was_refresh => self.show_message("refreshed"),
            Ok(None) => {}
            Err(error) => self.show_error(error),
        }
        let is_beyond_end = |list: &mut List| list.window.entries().is_empty() && list.window.total > 0;
        if is_jump && self.list().is_some_and(is_beyond_end) {
            self.show_message("that time is past the end of the list: this is its last entry");
            self.load(PageAnchor::Last, effects);
        }
    }

    pub(super) fn elapsed(&mut self, request: EffectId, effects: &mut Vec<Effect>) {
        if let Mode::Form(form) = &mut self.mode
            && form.wait == Some(request)
        {
            form.wait = None;
            self.apply_form(effects);
            return;
        }
        let followed = self.screens.iter().find_map(|screen| match screen {
            Screen::List(list) if list.follow == Some(request) => Some(list),
            _ => None,
        });
        if let Some(list) = followed {
            let anchor = PageAnchor::Recorded(list.window.as_of);
            let (filter, order) = (list.filter.clone(), list.order);
            let page = LoadRequest { filter, order, anchor, as_of: None };
            effects.push(Effect::Load(request, Box::new(page)));
        }
    }

    /// Lists the entries that the form selects.
    pub(super) fn apply_form(&mut self, effects: &mut Vec<Effect>) {
        let (log, context) = (self.log, self.style.time);
        let Some(current) = self.list().map(|list| list.filter.clone()) else { return };
        let Mode::Form(form) = &mut self.mode else { return };
        let filter = form.filter(log, &current, &context);
        self.refilter(filter, effects);
    }
}

impl Screen {
    fn waits_for(&self, request: EffectId) -> bool {
        match self {
            Self::List(list) => {
                list.page_request.is_some_and(|(id, _)| id == request)
                    || [list.facets_request, list.follow].contains(&Some(request))
            }
            Self::Document(document) => document.request == Some(request),
        }
    }
}

/// The message about a result, if it needs one.
type ResultMessage = Result<Option<String>, String>;

fn page_done(list: &mut List, answer: Result<EffectResult, String>) -> ResultMessage {
    let anchor = list.page_request.take().map(|(_, anchor)| anchor);
    let answer = answer.inspect_err(|_| (list.failed, list.pending_rows) = (anchor, 0))?;
    let EffectResult::Page(page) = answer else { return Ok(None) };
    take_page(list, page);
    Ok(match (list.purpose, list.window.total) {
        (ListPurpose::CompareWith(Position { id, .. }), 0 | 1) => {
            Some(format!("entry {id} is the only one of its resource: nothing to compare with · q goes back"))
        }
        _ => None,
    })
}

fn facets_done(list: &mut List, answer: Result<EffectResult, String>) -> ResultMessage {
    // After an error the request stays set, so that it is not repeated at once.
    let answer = answer.inspect_err(|_| list.facets_failed = true)?;
    if let EffectResult::Facets(facets) = answer {
        (list.facets, list.facets_request) = (Some(facets), None);
        list.selected_facet = list.selected_facet.min(list.facet_values().len().saturating_sub(1));
    }
    Ok(None)
}

fn follow_done(list: &mut List, answer: Result<EffectResult, String>) -> ResultMessage {
    let had_failed = std::mem::replace(&mut list.follow_failed, answer.is_err());
    let EffectResult::Page(page) = answer? else { return Ok(None) };
    take_page(list, page);
    Ok(had_failed.then(|| "reconnected: following".to_owned()))
}

fn document_done(document: &mut Document, answer: Result<EffectResult, String>) -> ResultMessage {
    document.request = None;
    if let EffectResult::Content(content) = answer? {
        document.show(*content);
    }
    Ok(None)
}

/// Takes a page, and keeps the selected entry selected.
fn take_page(list: &mut List, page: LoadedPage) {
    let anchor = page.anchor;
    let newest_is_selected = match list.order {
        Order::Descending => list.selected == 0,
        _ => list.selected + 1 >= list.window.end() && list.window.has_end(),
    };
    let shift = list.window.take(page, list.order);
    list.is_loaded = true;
    match anchor {
        PageAnchor::First => (list.selected, list.top) = (0, 0),
        PageAnchor::Last => {
            list.selected = list.window.end().saturating_sub(1);
            list.top = list.selected;
        }
        PageAnchor::At(_) => (list.selected, list.top) = (list.window.first(), list.window.first()),
        PageAnchor::After(_) => list.move_by(0),
        // While following, a selection at the newest entry stays there.
        PageAnchor::Recorded(_) if newest_is_selected => {
            list.selected =
                if list.order == Order::Descending { 0 } else { list.window.end().saturating_sub(1) };
        }
        PageAnchor::Before(_) | PageAnchor::Recorded(_) => {
            list.selected = list.selected.saturating_add_signed(shift);
            list.top = list.top.saturating_add_signed(shift);
            list.move_by(0);
        }
    }
    if matches!(anchor, PageAnchor::First | PageAnchor::Last | PageAnchor::At(_)) {
        list.pending_rows = 0;
    }
    if let Some(index) = list.reselect.take().and_then(|id| list.window.index_of(id)) {
        list.selected = index;
    }
    list.invalidate();
}
