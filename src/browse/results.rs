//! Takes the results of effects. A result is dropped unless the screen that asked still waits for it.

use crate::browse::event::{Answer, Delay, Effect, PageRequest, RequestId};
use crate::browse::list::List;
use crate::browse::state::{Browser, Mode, Screen};
use crate::browse::window::{LoadedPage, Place};
use crate::model::page::Order;

impl Browser {
    pub(super) fn done(
        &mut self,
        request: RequestId,
        answer: Result<Answer, String>,
        effects: &mut Vec<Effect>,
    ) {
        if self.export == Some(request) {
            self.export = None;
            match answer {
                Ok(Answer::Exported(text)) => self.say(text),
                Ok(_) => {}
                Err(error) => self.fail(error),
            }
        } else if self.jump == Some(request) {
            self.jump = None;
            match answer {
                Ok(Answer::Time(at)) => self.load(Place::At(at), effects),
                Ok(_) => {}
                Err(error) => self.fail(error),
            }
        } else {
            self.done_for_screen(request, answer, effects);
        }
    }

    fn done_for_screen(
        &mut self,
        request: RequestId,
        answer: Result<Answer, String>,
        effects: &mut Vec<Effect>,
    ) {
        let mut failure = None;
        for screen in &mut self.screens {
            match screen {
                Screen::List(list) => {
                    if let Some((_, place)) = list.page_request.filter(|(id, _)| *id == request) {
                        list.page_request = None;
                        match answer {
                            Ok(Answer::Page(page)) => take_page(list, page),
                            Ok(_) => {}
                            Err(error) => {
                                (list.failed, list.owed) = (Some(place), 0);
                                failure = Some(error);
                            }
                        }
                        break;
                    }
                    if list.facets_request == Some(request) {
                        match answer {
                            Ok(Answer::Facets(facets)) => {
                                (list.facets, list.facets_request) = (Some(facets), None);
                                list.facet = list.facet.min(list.facet_values().len().saturating_sub(1));
                            }
                            Ok(_) => {}
                            // The request stays set, so that it is not repeated at once.
                            Err(error) => failure = Some(error),
                        }
                        break;
                    }
                    if list.follow == Some(request) {
                        match answer {
                            Ok(Answer::Page(page)) => take_page(list, page),
                            Ok(_) => {}
                            Err(error) => failure = Some(error),
                        }
                        // The next look has the same number: nobody else waits for it.
                        effects.push(Effect::Wait(request, Delay::Follow));
                        break;
                    }
                }
                Screen::Document(document) if document.request == Some(request) => {
                    document.request = None;
                    match answer {
                        Ok(Answer::Content(content)) => document.show(*content),
                        Ok(_) => {}
                        Err(error) => failure = Some(error),
                    }
                    break;
                }
                Screen::Document(_) => {}
            }
        }
        if let Some(error) = failure {
            self.fail(format!("{error} · r retries"));
        }
    }

    pub(super) fn elapsed(&mut self, request: RequestId, effects: &mut Vec<Effect>) {
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
            let place = Place::Recorded(list.window.as_of);
            let (filter, order) = (list.filter.clone(), list.order);
            let page = PageRequest { filter, order, place, as_of: None };
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

/// Takes a page, and keeps the selected entry selected.
fn take_page(list: &mut List, page: LoadedPage) {
    let place = page.place;
    let newest_is_selected = match list.order {
        Order::Descending => list.selected == 0,
        _ => list.selected + 1 >= list.window.end() && list.window.has_end(),
    };
    let shift = list.window.take(page, list.order);
    list.is_loaded = true;
    match place {
        Place::First => (list.selected, list.top) = (0, 0),
        Place::Last => {
            list.selected = list.window.end().saturating_sub(1);
            list.top = list.selected;
        }
        Place::At(_) => (list.selected, list.top) = (list.window.first(), list.window.first()),
        Place::After(_) => list.move_by(0),
        // While following, a selection at the newest entry stays there.
        Place::Recorded(_) if newest_is_selected => {
            list.selected =
                if list.order == Order::Descending { 0 } else { list.window.end().saturating_sub(1) };
        }
        Place::Before(_) | Place::Recorded(_) => {
            list.selected = list.selected.saturating_add_signed(shift);
            list.top = list.top.saturating_add_signed(shift);
            list.move_by(0);
        }
    }
    if matches!(place, Place::First | Place::Last | Place::At(_)) {
        list.owed = 0;
    }
    if let Some(index) = list.keep.take().and_then(|id| list.window.index_of(id)) {
        list.selected = index;
    }
    list.invalidate();
}
