//! Takes the results of effects. A result is dropped unless the screen that asked still waits for it.

use crate::browse::event::{Answer, Delay, Effect, PageRequest, RequestId};
use crate::browse::list::{List, ListPurpose};
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
        if self.holds_request == Some(request) {
            self.holds_request = None;
            match answer {
                Ok(Answer::Holds(holds)) => {
                    self.holds = holds.into();
                    self.invalidate();
                }
                Ok(_) => {}
                // The failure of the list says more.
                Err(_) if self.message.as_ref().is_some_and(|message| message.is_error) => {}
                Err(error) => self.fail(format!("cannot tell which entries are held: {error} · r retries")),
            }
        } else if self.export == Some(request) {
            self.export = None;
            match answer {
                Ok(Answer::Exported(text)) => self.say(text),
                Ok(_) => {}
                Err(error) => self.fail(error),
            }
        } else if let Some((_, id)) = self.jump.filter(|(jump, _)| *jump == request) {
            self.jump = None;
            match answer {
                Ok(Answer::Time(at)) => {
                    // Others may have happened at the same time.
                    if let Some(list) = self.list() {
                        list.keep = Some(id);
                    }
                    self.load(Place::At(at), effects);
                }
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
        let (mut failure, mut follow_news, mut is_beyond_end) = (None, None, false);
        let mut only_entry = None;
        for screen in &mut self.screens {
            match screen {
                Screen::List(list) => {
                    if let Some((_, place)) = list.page_request.filter(|(id, _)| *id == request) {
                        list.page_request = None;
                        match answer {
                            Ok(Answer::Page(page)) => {
                                is_beyond_end = matches!(place, Place::At(_))
                                    && page.entries.is_empty()
                                    && page.total.is_some_and(|total| total > 0);
                                take_page(list, page);
                                only_entry = match (list.purpose, list.window.total) {
                                    (ListPurpose::CompareWith(entry), 0 | 1) => Some(entry.id),
                                    _ => None,
                                };
                            }
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
                            Err(error) => (list.has_facets_failed, failure) = (true, Some(error)),
                        }
                        break;
                    }
                    if list.follow == Some(request) {
                        let had_failed = list.has_follow_failed;
                        list.has_follow_failed = answer.is_err();
                        follow_news = match answer {
                            Ok(Answer::Page(page)) => {
                                take_page(list, page);
                                had_failed.then(|| Ok("reconnected: following".to_owned()))
                            }
                            Ok(_) => None,
                            Err(error) => Some(Err(format!("{error} · trying again"))),
                        };
                        // The next look has the same number: nothing else waits for it.
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
        let was_refresh = self.refresh.take_if(|refresh| *refresh == request).is_some();
        match failure {
            Some(error) => self.fail(format!("{error} · r retries")),
            None if was_refresh => self.say("refreshed"),
            None => {}
        }
        match follow_news {
            Some(Ok(text)) => self.say(text),
            Some(Err(text)) => self.fail(text),
            None => {}
        }
        if let Some(id) = only_entry {
            self.say(format!(
                "entry {id} is the only one of its resource: nothing to compare with · q goes back"
            ));
        }
        if is_beyond_end && self.list().is_some_and(|list| list.window.entries().is_empty()) {
            self.say("no entry lies beyond that time: this is the last one");
            self.load(Place::Last, effects);
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
