//! A log of any size that is computed and not stored: entry N happened N seconds after the first.

use serde_json::json;

use crate::browse::content::DocumentContent;
use crate::browse::event::{Effect, EffectResult, LoadRequest, Reading, ScreenEvent};
use crate::browse::window::{LoadedPage, PAGE, PageAnchor};
use crate::model::entry::Entry;
use crate::model::facets::{Facet, Facets};
use crate::model::filter::{Filter, Resource};
use crate::model::history::History;
use crate::model::history::reader::{HistoryReader, HistoryRequest, PassResult};
use crate::model::hold::ActiveHold;
use crate::model::page::{Order, Position};
use crate::model::timestamp::Timestamp;

/// 2026-01-01T00:00:00Z.
const START: i64 = 1_767_225_600_000_000;
const SECOND: i64 = 1_000_000;

pub(super) fn time_of(id: u64) -> Timestamp {
    Timestamp::from_micros(START + id.cast_signed() * SECOND).expect("a time")
}

/// An entry of this id. Higher ids are newer.
pub(crate) fn entry(id: u64) -> Entry {
    let at = time_of(id).to_string();
    let action = if id <= 3 { "created" } else { "updated" };
    let users = [("7", "ana.ruiz@acme.io", "Ana Ruiz"), ("8", "marc.weber@acme.io", "Marc Weber")];
    let (user_id, email, name) = users[usize::from(id.is_multiple_of(4))];
    let changes = if id <= 3 {
        json!([{"field": "limit", "new": id}, {"field": "status", "new": "active"}])
    } else {
        json!([{"field": "limit", "old": id - 3, "new": id}])
    };
    let entry = json!({
        "id": id, "uuid": uuid::Uuid::nil(), "occurred_at": at, "recorded_at": at, "action": action,
        "model_type": "connector", "model_id": format!("{}", id % 3), "model_name": format!("Connector {}", id % 3),
        "user": {"id": user_id, "email": email, "name": name},
        "context": {"via": "web", "request_id": format!("req_{}", id / 2)},
        "changes": changes,
    });
    serde_json::from_value(entry).expect("an entry")
}

pub(in crate::browse) struct FakeLog {
    pub(super) entries: u64,
    pub(super) holds: Vec<ActiveHold>,
}

impl FakeLog {
    pub(super) const fn can_answer(effect: &Effect) -> bool {
        matches!(
            effect,
            Effect::Load(..)
                | Effect::CountFacets(..)
                | Effect::ReadHolds(_)
                | Effect::Read(..)
                | Effect::TimeOf(..)
        )
    }

    pub(super) fn answer(&self, effect: Effect) -> ScreenEvent {
        match effect {
            Effect::Load(request, page) => {
                ScreenEvent::Done(request, Ok(EffectResult::Page(self.page(&page))))
            }
            Effect::CountFacets(request, filter) => {
                let total = self.count(&filter);
                let facet = |value: &str, count| Facet { value: value.to_owned(), count };
                let facets = Facets {
                    total,
                    action: vec![facet("updated", self.entries.saturating_sub(3)), facet("created", 3)],
                    model_type: vec![facet("connector", self.entries)],
                    user: vec![
                        facet("ana.ruiz@acme.io", self.entries - self.entries / 4),
                        facet("marc.weber@acme.io", self.entries / 4),
                    ],
                    day: Vec::new(),
                };
                ScreenEvent::Done(request, Ok(EffectResult::Facets(facets)))
            }
            Effect::ReadHolds(request) => {
                ScreenEvent::Done(request, Ok(EffectResult::Holds(self.holds.clone())))
            }
            Effect::Read(request, reading) => {
                ScreenEvent::Done(request, Ok(EffectResult::Content(Box::new(self.content(reading)))))
            }
            Effect::TimeOf(request, id) => ScreenEvent::Done(request, Ok(EffectResult::Time(time_of(id)))),
            other => panic!("no answer to {other:?}"),
        }
    }

    /// The matching ids, oldest first. All ids of a filter without parts are not listed but computed.
    fn ids(&self, filter: &Filter) -> Vec<u64> {
        assert!(self.entries < 100_000 || *filter == Filter::default(), "too many to filter");
        (1..=self.entries).filter(|id| filter.matches(&entry(*id))).collect()
    }

    fn count(&self, filter: &Filter) -> u64 {
        if *filter == Filter::default() { self.entries } else { self.ids(filter).len() as u64 }
    }

    fn page(&self, request: &LoadRequest) -> LoadedPage {
        let LoadRequest { filter, order, anchor, .. } = request;
        let is_all = *filter == Filter::default();
        let ids = if is_all { Vec::new() } else { self.ids(filter) };
        let count = if is_all { self.entries } else { ids.len() as u64 };
        // The id at an index of the list, and the number of ids up to one.
        let oldest =
            |index: u64| if is_all { index + 1 } else { ids[usize::try_from(index).expect("small")] };
        let id_at =
            |index: u64| if *order == Order::Descending { oldest(count - 1 - index) } else { oldest(index) };
        let up_to = |id: u64| if is_all { id.min(count) } else { ids.partition_point(|it| *it <= id) as u64 };
        let index_of = |id: u64| match order {
            Order::Descending => count - up_to(id),
            _ => up_to(id).saturating_sub(1),
        };
        let limit = u64::from(PAGE);
        let (start, end) = match *anchor {
            PageAnchor::First => (0, limit.min(count)),
            PageAnchor::Last => (count.saturating_sub(limit), count),
            PageAnchor::After(Position { id, .. }) => {
                (index_of(id) + 1, (index_of(id) + 1 + limit).min(count))
            }
            PageAnchor::Before(Position { id, .. }) => (index_of(id).saturating_sub(limit), index_of(id)),
            PageAnchor::At(at) => {
                let id = u64::try_from((at.micros() - START) / SECOND).unwrap_or(0);
                let start = index_of(id);
                (start, (start + limit).min(count))
            }
            PageAnchor::Recorded(id) => {
                let entries =
                    (id + 1..=self.entries).map(entry).filter(|entry| filter.matches(entry)).collect();
                return LoadedPage {
                    anchor: *anchor,
                    entries,
                    is_end: true,
                    total: None,
                    before: None,
                    as_of: self.entries,
                };
            }
        };
        let is_backward = matches!(anchor, PageAnchor::Last | PageAnchor::Before(_));
        LoadedPage {
            anchor: *anchor,
            entries: (start..end).map(|index| entry(id_at(index))).collect(),
            is_end: if is_backward { start == 0 } else { end == count },
            total: matches!(anchor, PageAnchor::First | PageAnchor::Last | PageAnchor::At(_))
                .then_some(count),
            before: matches!(anchor, PageAnchor::At(_)).then_some(start),
            as_of: self.entries,
        }
    }

    fn content(&self, reading: Reading) -> DocumentContent {
        let history = |resource: &Resource, wanted| Box::new(self.history(resource, wanted));
        match reading {
            Reading::Blame(resource) => {
                DocumentContent::Blame { history: history(&resource, HistoryRequest::default()), resource }
            }
            Reading::State(resource, at) => {
                let wanted = HistoryRequest { moments: vec![at], revert: None };
                DocumentContent::State { history: history(&resource, wanted), resource, at }
            }
            Reading::Difference(resource, positions) => {
                let wanted = HistoryRequest { moments: positions.to_vec(), revert: None };
                DocumentContent::Difference { history: history(&resource, wanted), resource, positions }
            }
            Reading::Revert(entry) => {
                let wanted = HistoryRequest { moments: Vec::new(), revert: Some(entry.id) };
                let resource = crate::browse::keys::resource_of(&entry);
                DocumentContent::Revert { history: history(&resource, wanted), entry }
            }
        }
    }

    fn history(&self, resource: &Resource, wanted: HistoryRequest) -> History {
        let mut filter = Filter::default();
        filter.resource.include.push(resource.clone());
        let mut reader = Box::new(HistoryReader::new(wanted));
        loop {
            for id in self.ids(&filter) {
                reader.read(&entry(id)).expect("readable");
            }
            match reader.end_pass() {
                PassResult::Done(history) => return *history,
                PassResult::AnotherPass(again) => reader = again,
            }
        }
    }
}
