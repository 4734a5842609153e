//! Keeps a legal hold effective when a person whom its filter names is erased: the hold then covers the entries as they are
//! afterwards. It never covers fewer of the recorded entries than before.

use crate::model::entry::{Entry, User};
use crate::model::erasure::eraser::Eraser;
use crate::model::filter::{Choice, Filter, MAX_VALUES, Resource, UserTerm};
use crate::model::hold::{Hold, HoldFilter, Release};
use crate::model::words::ModelType;

impl Eraser {
    /// The filter of a hold for a log in which entries change, each given as it is before and afterwards. It covers those that
    /// it has covered, and later entries with the id of the person unless that is erased. `None` if it needs no change.
    #[must_use]
    pub fn extended_hold<'a>(
        &self,
        hold: &HoldFilter,
        changed: impl Iterator<Item = (&'a Entry, &'a Entry)>,
    ) -> Option<HoldFilter> {
        let mut filter = hold.filter().clone();
        let names_person = |term: &UserTerm| self.person.users.iter().any(|user| term.matches(user));
        for (_, after) in changed.filter(|(before, _)| hold.covers(before)) {
            for users in [&mut filter.user, &mut filter.on_behalf_of] {
                if users.include.iter().any(names_person) {
                    self.add_labels(users);
                }
            }
            cover(&mut filter, after);
        }
        HoldFilter::new(filter).ok().filter(|extended| extended != hold)
    }

    /// A hold that no longer names the person in texts that the options include. `None` if it needs no change. `users` are those of the
    /// log when no entry names the person: others whom a removed term matches are still covered.
    #[must_use]
    pub fn forgetful_hold(&self, hold: &Hold, users: &[User]) -> Option<Hold> {
        let mut filter = hold.filter.filter().clone();
        for choice in [&mut filter.user, &mut filter.on_behalf_of] {
            let include = std::mem::take(&mut choice.include);
            let (named, kept): (Vec<_>, Vec<_>) = include.into_iter().partition(|it| self.is_named_by(it));
            choice.include = kept;
            if !named.is_empty() {
                let is_other = |user: &&User| !self.person.users.contains(user);
                let others = users.iter().filter(is_other);
                let others = others.filter(|user| named.iter().any(|term| term.matches(user)));
                let terms = self.labels().into_iter().chain(others.map(exact));
                set(choice, terms.collect());
            }
            // Without an excluded person the hold covers more.
            choice.exclude.retain(|term| !self.is_named_by(term));
        }
        for resources in [&mut filter.resource.include, &mut filter.resource.exclude] {
            rename(resources, |it| {
                let model_id = self.erased_id(Some(it.model_type), &it.model_id);
                Resource { model_id: model_id.unwrap_or(it.model_id), ..it }
            });
        }
        for ids in [&mut filter.model_id, &mut filter.request_id] {
            for ids in [&mut ids.include, &mut ids.exclude] {
                rename(ids, |id| self.erased_id(None, &id).unwrap_or(id));
            }
        }
        let mut after = hold.clone();
        if let Ok(filter) = HoldFilter::new(filter) {
            after.filter = filter;
        }
        if self.options().also_values {
            let text = |text: &str| self.replaced(text).unwrap_or_else(|| text.to_owned());
            (after.reason, after.created_by) = (text(&hold.reason), text(&hold.created_by));
            let without = |it: &Release| Release { at: it.at, by: text(&it.by), reason: text(&it.reason) };
            after.release = hold.release.as_ref().map(without);
        }
        (after != *hold).then_some(after)
    }

    /// Terms for the label of the person, and for their ids if these are kept.
    fn labels(&self) -> Vec<UserTerm> {
        let ids = self.person.users.iter().filter(|user| user.id.is_some() && !self.options().with_id);
        let mut terms = vec![UserTerm::shown_as(&self.label)];
        for term in ids.map(exact) {
            if !terms.contains(&term) {
                terms.push(term);
            }
        }
        terms
    }

    fn add_labels(&self, choice: &mut Choice<UserTerm>) {
        set(choice, self.labels());
    }

    /// What an erasure makes of an id in all entries; without a type, of the id of any resource or request.
    fn erased_id(&self, model_type: Option<ModelType>, id: &str) -> Option<String> {
        let is_member = model_type == Some(ModelType::Member);
        if is_member && self.options().with_id && self.person.is_member(ModelType::Member, id) {
            return Some(self.label.clone());
        }
        // Entries about members lose the texts in any case.
        if is_member || self.options().also_values { self.replaced(id) } else { None }
    }

    /// Whether a term has an e-mail address or name of the person, or the id if that is erased.
    fn is_named_by(&self, term: &UserTerm) -> bool {
        let has_id = |id| self.person.users.iter().any(|user| user.id.as_deref() == Some(id));
        self.is_named_in(term.value()) || self.options().with_id && term.exact_id().is_some_and(has_id)
    }
}

/// The term that matches all users with the same id, or who are shown the same.
fn exact(user: &User) -> UserTerm {
    let text = match &user.id {
        Some(id) => format!("{}/id:{id}", user.kind),
        None => format!("{}/is:{}", user.kind, user.label()),
    };
    text.parse().unwrap_or_else(|_| UserTerm::shown_as(user.label()))
}

/// Makes a filter cover an entry, if it does not.
fn cover(filter: &mut Filter, entry: &Entry) {
    if !filter.user.admits_user(&entry.user) {
        add(&mut filter.user, exact(&entry.user));
    }
    let principal = entry.on_behalf_of.as_ref();
    if !filter.on_behalf_of.admits_optional_user(principal) {
        principal.into_iter().for_each(|user| add(&mut filter.on_behalf_of, exact(user)));
    }
    let (model_type, model_id) = (entry.model_type, &entry.model_id);
    let is_same = |it: &Resource| it.model_type == model_type && it.model_id == *model_id;
    if !filter.resource.admits(is_same) {
        add(&mut filter.resource, Resource { model_type, model_id: model_id.clone() });
    }
    if !filter.model_id.admits(|id| id == model_id) {
        add(&mut filter.model_id, model_id.clone());
    }
    let request = entry.context.request_id.as_ref();
    if !filter.request_id.admits(|id| Some(id) == request) {
        request.into_iter().for_each(|id| add(&mut filter.request_id, id.clone()));
    }
}

/// Replaces values, each of which stays there once.
fn rename<T: PartialEq>(values: &mut Vec<T>, new: impl Fn(T) -> T) {
    for value in std::mem::take(values).into_iter().map(new) {
        if !values.contains(&value) {
            values.push(value);
        }
    }
}

/// Adds a value that the choice does not admit. A choice that only excludes admits all afterwards: with the value alone it
/// would admit fewer than before.
fn add<T: PartialEq>(choice: &mut Choice<T>, value: T) {
    choice.exclude.clear();
    if !choice.include.is_empty() {
        set(choice, vec![value]);
    }
}

/// Adds values to those that are included. Instead of too many values, the choice admits all.
fn set<T: PartialEq>(choice: &mut Choice<T>, values: Vec<T>) {
    for value in values {
        if !choice.include.contains(&value) {
            choice.include.push(value);
        }
    }
    if choice.include.len() + choice.exclude.len() > MAX_VALUES {
        *choice = Choice::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::hold::{filter_text, read_filter_text};
    use crate::model::erasure::{ErasureOptions, Person};
    use crate::model::fixtures::entry_with;

    const ANA: &str = r#"{"id":"7","email":"ana@acme.example","name":"Ana Ruiz","kind":"user"}"#;

    fn user(json: &str) -> User {
        serde_json::from_str(json).expect("a user")
    }

    fn eraser(with_id: bool, also_values: bool) -> Eraser {
        let person = Person { users: vec![user(ANA)], ..Person::default() };
        Eraser::new(person, "erased-4c1f", ErasureOptions { with_id, also_values })
    }

    fn hold(filter: &str) -> Hold {
        Hold {
            name: "case".parse().expect("a name"),
            filter: HoldFilter::new(read_filter_text(filter).expect("a filter")).expect("cheap"),
            reason: "claims of Ana Ruiz".to_owned(),
            created_at: crate::model::timestamp::Timestamp::MIN,
            created_by: "legal".to_owned(),
            release: None,
        }
    }

    fn entry(changed: &str) -> Entry {
        let deleted = format!(
            r#"{{"action":"deleted","model_type":"member","model_id":"7","model_name":"Ana Ruiz","user":{ANA},"on_behalf_of":{ANA}}}"#
        );
        entry_with([&deleted, changed].map(|members| serde_json::from_str(members).expect("JSON")))
    }

    fn text(filter: &HoldFilter) -> String {
        let text = filter_text(filter);
        percent_encoding::percent_decode_str(&text).decode_utf8_lossy().into_owned()
    }

    /// The filter while an entry changes, and when the erasure is complete.
    fn filters(eraser: &Eraser, hold: &Hold, before: &Entry, users: &[User]) -> [String; 2] {
        let after = eraser.erase(before).expect("erased").entry;
        let extend = |hold: &HoldFilter| eraser.extended_hold(hold, [(before, &after)].into_iter());
        let extended = extend(&hold.filter).unwrap_or_else(|| hold.filter.clone());
        assert!(!hold.filter.covers(before) || extended.covers(&after), "{}", text(&extended));
        assert_eq!(extend(&extended), None);
        let extended = Hold { filter: extended, ..hold.clone() };
        let forgetful = eraser.forgetful_hold(&extended, users).unwrap_or_else(|| extended.clone());
        assert!(
            !hold.filter.covers(before) || forgetful.filter.covers(&after),
            "{}",
            text(&forgetful.filter)
        );
        [text(&extended.filter), text(&forgetful.filter)]
    }

    #[test]
    fn a_hold_covers_erased_entries_by_their_label_and_then_forgets_the_person() {
        for (filter, with_id, extended, forgetful) in [
            (
                "user=email%3Aana%40acme.example&action=deleted",
                false,
                "action=deleted&user=email:ana@acme.example&user=is:erased-4c1f&user=user/id:7",
                "action=deleted&user=is:erased-4c1f&user=user/id:7",
            ),
            ("user=ana", true, "user=ana&user=is:erased-4c1f", "user=ana&user=is:erased-4c1f"),
            ("user=%21ana", false, "user=!ana", "user=!ana"),
            // The label has the word.
            ("user=%21erased", false, "", ""),
            ("user=bo", false, "user=bo", "user=bo"),
            (
                "on_behalf_of=id%3A7",
                true,
                "on_behalf_of=id:7&on_behalf_of=is:erased-4c1f",
                "on_behalf_of=is:erased-4c1f",
            ),
            ("resource=member%2F7", false, "resource=member/7", "resource=member/7"),
            (
                "resource=member%2F7",
                true,
                "resource=member/7&resource=member/erased-4c1f",
                "resource=member/erased-4c1f",
            ),
            ("model_id=7", true, "model_id=7&model_id=erased-4c1f", "model_id=7&model_id=erased-4c1f"),
            ("", true, "", ""),
        ] {
            let found = filters(&eraser(with_id, false), &hold(filter), &entry("{}"), &[]);
            assert_eq!(found, [extended, forgetful], "{filter}");
        }
    }

    #[test]
    fn others_whom_a_term_matches_are_still_covered() {
        let other = user(r#"{"id":"9","email":"ana@acme.example.org"}"#);
        let [_, forgetful] =
            filters(&eraser(true, false), &hold("user=ana%40acme.example"), &entry("{}"), &[other]);
        assert_eq!(forgetful, "user=is:erased-4c1f&user=user/id:9");
        // A token with the address in its name.
        let token = entry(r#"{"user":{"name":"token of ana@acme.example","kind":"token"}}"#);
        let after = eraser(false, true).erase(&token).expect("erased").entry;
        let [_, forgetful] =
            filters(&eraser(false, true), &hold("user=ana%40acme.example"), &token, &[after.user]);
        assert_eq!(forgetful, "user=is:erased-4c1f&user=user/id:7&user=token/is:token+of+erased-4c1f");
    }

    #[test]
    fn excluded_people_are_held_afterwards_and_reasons_lose_the_name() {
        let not_ana = hold("user=%21email%3Aana%40acme.example");
        let held = eraser(false, false).forgetful_hold(&not_ana, &[]).expect("it names her");
        assert_eq!((text(&held.filter).as_str(), held.reason.as_str()), ("", "claims of Ana Ruiz"));
        assert_eq!(eraser(false, false).forgetful_hold(&hold("user=bo"), &[]), None);
        let forgetful =
            eraser(false, true).forgetful_hold(&hold("user=bo"), &[]).expect("its reason names her");
        assert_eq!(forgetful.reason, "claims of erased-4c1f");
    }

    #[test]
    fn a_full_list_covers_everybody_instead() {
        let users: Vec<_> = (1..100).map(|number| format!("u{number}")).collect();
        let full = hold(&format!("user=ana,{}", users.join(",")));
        assert_eq!(filters(&eraser(true, false), &full, &entry("{}"), &[])[0], "");
    }
}
