//! Which entries a query selects. `Filter::matches` defines it; every store must agree with it.
//!
//! The query string is written and read by `api::query`; how a store finds the entries is up to the store. To add a
//! filter, add a field here: the compiler then names every place that must decide about it, because each takes a
//! `Filter` apart by naming all fields.

mod choice;
pub mod grams;
mod ip;
mod list;
mod prefilter;
mod resource;
mod stored_texts;
mod text;
mod user;
mod user_choices;

use crate::model::entry::Entry;
use crate::model::field_path::term::FieldTerm;
pub(crate) use crate::model::filter::choice::escaped;
pub use crate::model::filter::choice::{Choice, ChoiceError, FilterValue, MAX_VALUES};
pub use crate::model::filter::ip::{InvalidIp, IpNetwork};
pub use crate::model::filter::list::{BadText, FilterList};
pub use crate::model::filter::resource::{InvalidResource, Resource};
pub use crate::model::filter::stored_texts::StoredTexts;
pub use crate::model::filter::text::{MAX_TEXT_LENGTH, MAX_TEXTS, SearchText, TooLong};
pub use crate::model::filter::user::{InvalidUser, UserTerm};
pub use crate::model::filter::user_choices::UserChoices;
use crate::model::timestamp::Timestamp;
use crate::model::words::{Action, ModelType, Via};

/// A filter. Fields combine with AND; the included values of one field combine with OR, and no excluded value may match.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// The action.
    pub action: Choice<Action>,
    /// The type of the resource.
    pub model_type: Choice<ModelType>,
    /// The user: everyone of that name, or exactly one. See [`UserTerm`].
    pub user: Choice<UserTerm>,
    /// The user for whom another acted. An entry without one matches no user.
    pub on_behalf_of: Choice<UserTerm>,
    /// The resource, by type and id.
    pub resource: Choice<Resource>,
    /// The resource, by id alone.
    pub model_id: Choice<String>,
    /// The changed field, or a path into one, and its values. See [`FieldTerm`].
    pub field: Choice<FieldTerm>,
    /// The channel. An entry without one matches no channel.
    pub via: Choice<Via>,
    /// The request the entry was part of.
    pub request_id: Choice<String>,
    /// The address that it came from, or a network of addresses. An entry without one is in no network.
    pub ip: Choice<IpNetwork>,
    /// Text in the reason, compared case-folded. An entry without a reason contains no text.
    pub reason: Choice<SearchText>,
    /// Text in the resource's name, the users, field names, visible values, the reason, the address, the program or the
    /// request, compared case-folded.
    pub text: Choice<SearchText>,
    /// The earliest `occurred_at`, inclusive.
    pub since: Option<Timestamp>,
    /// The latest `occurred_at`, exclusive.
    pub until: Option<Timestamp>,
}

/// The lists of a filter, borrowed as the filter is: shared or mutable.
macro_rules! lists {
    ($filter:expr) => {{
        let Filter {
            action,
            model_type,
            user,
            on_behalf_of,
            resource,
            model_id,
            field,
            via,
            request_id,
            ip,
            reason,
            text,
            since: _,
            until: _,
        } = $filter;
        [
            ("action", action),
            ("model_type", model_type),
            ("user", user),
            ("on_behalf_of", on_behalf_of),
            ("resource", resource),
            ("model_id", model_id),
            ("field", field),
            ("via", via),
            ("request_id", request_id),
            ("ip", ip),
            ("reason", reason),
            ("q", text),
        ]
    }};
}

impl Filter {
    /// The query parameters that hold times.
    pub const TIMES: [&'static str; 2] = ["since", "until"];

    /// The lists by their query parameters, in the order of the documentation.
    #[must_use]
    pub fn lists(&self) -> [(&'static str, &dyn FilterList); 12] {
        lists!(self)
    }

    /// The list of a query parameter.
    pub fn list_mut(&mut self, parameter: &str) -> Option<&mut dyn FilterList> {
        let lists: [(&'static str, &mut dyn FilterList); 12] = lists!(self);
        lists.into_iter().find_map(|(name, list)| (name == parameter).then_some(list))
    }

    /// Whether the filter selects an entry: the definition.
    #[must_use]
    pub fn matches(&self, entry: &Entry) -> bool {
        let Self {
            since,
            until,
            action,
            model_type,
            model_id,
            resource,
            via,
            request_id,
            user,
            on_behalf_of,
            // In `matches_content`.
            field: _,
            ip: _,
            reason: _,
            text: _,
        } = self;
        since.is_none_or(|since| entry.occurred_at >= since)
            && until.is_none_or(|until| entry.occurred_at < until)
            && action.admits(|action| *action == entry.action)
            && model_type.admits(|model_type| *model_type == entry.model_type)
            && model_id.admits(|id| *id == entry.model_id)
            && resource.admits(|it| it.model_type == entry.model_type && it.model_id == entry.model_id)
            && via.admits(|via| Some(*via) == entry.context.via)
            && request_id.admits(|id| Some(id) == entry.context.request_id.as_ref())
            && user.admits_user(&entry.user)
            && on_behalf_of.admits_optional_user(entry.on_behalf_of.as_ref())
            && self.matches_content(entry)
    }

    /// The part of [`Filter::matches`] that reads changes, searches text or compares addresses, which no index answers.
    #[must_use]
    pub fn matches_content(&self, entry: &Entry) -> bool {
        if !self.reads_content() {
            return true;
        }
        if !self.ip.admits_address(entry.context.ip.as_deref())
            || !self.reason.admits_text(entry.reason.as_deref())
        {
            return false;
        }
        if self.field.is_any() && self.text.is_any() {
            return true;
        }
        let changes = entry.changes.list().unwrap_or_default();
        self.field.admits_changes(&changes) && self.text.admits_entry(entry, &changes)
    }

    /// Whether [`Filter::matches_content`] could reject an entry.
    #[must_use]
    pub const fn reads_content(&self) -> bool {
        !self.field.is_any() || !self.text.is_any() || !self.reason.is_any() || !self.ip.is_any()
    }

    /// Whether it admits every entry of its time window.
    #[must_use]
    pub fn has_only_times(&self) -> bool {
        *self == Self { since: self.since, until: self.until, ..Self::default() }
    }

    /// Whether it names users.
    #[must_use]
    pub const fn names_users(&self) -> bool {
        !self.user.include.is_empty() || !self.on_behalf_of.include.is_empty()
    }

    /// Whether it names resources or requests, of which each has few entries.
    #[must_use]
    pub const fn names_resources_or_requests(&self) -> bool {
        !self.resource.include.is_empty()
            || !self.model_id.include.is_empty()
            || !self.request_id.include.is_empty()
    }

    /// Whether the rollup can answer: it counts by action, model type, channel, user and day alone.
    #[must_use]
    pub const fn fits_rollup(&self) -> bool {
        let Self {
            on_behalf_of,
            resource,
            model_id,
            request_id,
            field,
            ip,
            reason,
            text,
            // The dimensions of the rollup.
            action: _,
            model_type: _,
            via: _,
            user: _,
            since: _,
            until: _,
        } = self;
        on_behalf_of.is_any()
            && resource.is_any()
            && model_id.is_any()
            && request_id.is_any()
            && field.is_any()
            && ip.is_any()
            && reason.is_any()
            && text.is_any()
    }

    /// Whether every action, model type, channel and user is admitted.
    #[must_use]
    pub const fn admits_all_dimensions(&self) -> bool {
        self.action.is_any() && self.model_type.is_any() && self.via.is_any() && self.user.is_any()
    }
}
