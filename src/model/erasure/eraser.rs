//! Tells in which parts an entry names a person, and makes the entry that no longer does.

use std::ops::Deref;

use uuid::Uuid;

use crate::model::change::Changes;
use crate::model::entry::{Entry, User};
use crate::model::erasure::identity::Person;
use crate::model::erasure::record::ErasureOptions;
use crate::model::erasure::replace::Texts;
use crate::model::integrity::leaf::{EntryParts, Part};
use crate::model::words::ModelType;

/// The version of uuids that are made of the content of an entry.
const CONTENT_HASH: usize = 8;

/// Where an entry names a person.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Mentions {
    /// The person acted, or another acted on their behalf.
    pub acted: bool,
    /// The resource is the person as a member of the organization.
    pub about: bool,
    /// Their e-mail address or name occurs elsewhere.
    pub other: bool,
}

/// An entry after an erasure, with the parts that were erased.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErasedEntry {
    /// The entry.
    pub entry: Entry,
    /// Whether the user, the address and the user agent were erased.
    pub actor: bool,
    /// Whether texts of the resource, the reason, the request id or the changes were replaced.
    pub content: bool,
}

impl ErasedEntry {
    /// Whether this part was erased.
    #[must_use]
    pub const fn has(&self, part: Part) -> bool {
        match part {
            Part::Actor => self.actor,
            Part::Content => self.content,
        }
    }
}

/// Erases one person from entries.
#[derive(Debug, Clone)]
pub struct Eraser {
    pub(super) person: Person,
    pub(super) label: String,
    options: ErasureOptions,
    texts: Texts,
    emails: Texts,
}

impl Eraser {
    /// Erases this person in favour of the label.
    #[must_use]
    pub fn new(person: Person, label: &str, options: ErasureOptions) -> Self {
        let texts = Texts::new(person.texts(), label);
        Self { emails: texts.only_emails(), texts, person, label: label.to_owned(), options }
    }

    /// How far the erasure goes.
    #[must_use]
    pub const fn options(&self) -> ErasureOptions {
        self.options
    }

    /// Whether a text names the person.
    #[must_use]
    pub fn is_named_in(&self, text: &str) -> bool {
        self.texts.replace(text).is_some()
    }

    /// A text without the person; `None` if it does not name them.
    #[must_use]
    pub fn replaced(&self, text: &str) -> Option<String> {
        self.texts.replace(text)
    }

    /// Where the entry names the person, also where the options leave it.
    #[must_use]
    pub fn mentions(&self, entry: &EntryParts<'_>) -> Mentions {
        let users = || std::iter::once(&entry.user).chain(&entry.on_behalf_of);
        let is_member = self.is_member(entry);
        let content = [Some(entry.model_id), entry.model_name, entry.reason, entry.context.request_id];
        let is_in_content = is_member && self.options.with_id
            || content.into_iter().flatten().any(|text| self.texts.replace(text).is_some())
            || self.texts.replace_in_json(entry.changes).is_some();
        let is_in_actor = || {
            let texts = [entry.context.ip, entry.context.user_agent];
            let of_users = users().flat_map(|user| [user.id, user.email, user.name]);
            texts.into_iter().chain(of_users).flatten().any(|text| self.emails.replace(text).is_some())
        };
        let acted = users().any(|user| self.is_person(user));
        let about = is_in_content && entry.model_type == ModelType::Member;
        Mentions { acted, about, other: is_in_content && !about || !acted && is_in_actor() }
    }

    /// The entry after the erasure; `None` if it stays as it is.
    #[must_use]
    pub fn erase(&self, entry: &Entry) -> Option<ErasedEntry> {
        let mentions = self.mentions(&entry.parts());
        let mut erased = ErasedEntry { entry: entry.clone(), actor: false, content: false };
        if mentions.acted || mentions.other && self.options.also_values {
            self.erase_actor(&mut erased.entry, mentions.acted);
            erased.actor = erased.entry != *entry;
        }
        if mentions.about || mentions.other && self.options.also_values {
            let before = erased.entry.clone();
            self.erase_content(&mut erased.entry);
            erased.content = erased.entry != before;
        }
        // Such a uuid was made of the whole entry: it tells whether a guess is right. An id that stays tells more.
        let is_hash = erased.entry.uuid.get_version_num() == CONTENT_HASH;
        if is_hash && (erased.content || erased.actor && self.options.with_id) {
            erased.entry.uuid = Uuid::now_v7();
            erased.content = true;
        }
        (erased.actor || erased.content).then_some(erased)
    }

    fn is_person<T: Deref<Target = str>>(&self, user: &User<T>) -> bool {
        self.person.users.iter().any(|of_person| of_person.parts() == user.parts())
    }

    /// Whether the resource is the person, by the id.
    fn is_member(&self, entry: &EntryParts<'_>) -> bool {
        self.person.is_member(entry.model_type, entry.model_id)
    }

    fn erase_actor(&self, entry: &mut Entry, acted: bool) {
        for user in std::iter::once(&mut entry.user).chain(&mut entry.on_behalf_of) {
            if self.is_person(user) {
                let id = user.id.take().filter(|_| !self.options.with_id);
                *user = User { id, email: None, name: Some(self.label.clone()), ..user.clone() };
            } else if self.options.also_values {
                // Another user, such as a token with the person's address in its name.
                for text in [&mut user.id, &mut user.email, &mut user.name].into_iter().flatten() {
                    replace(text, self.emails.replace(text));
                }
            }
        }
        let context = &mut entry.context;
        if acted {
            (context.ip, context.user_agent) = (None, None);
        }
        for text in [&mut context.ip, &mut context.user_agent].into_iter().flatten() {
            replace(text, self.emails.replace(text));
        }
    }

    fn erase_content(&self, entry: &mut Entry) {
        if self.is_member(&entry.parts()) && self.options.with_id {
            entry.model_id = self.label.clone();
        }
        let texts = [&mut entry.model_name, &mut entry.reason, &mut entry.context.request_id];
        for text in texts.into_iter().flatten().chain([&mut entry.model_id]) {
            replace(text, self.texts.replace(text));
        }
        let changes = self.texts.replace_in_json(entry.changes.get());
        if let Some(changes) = changes.and_then(|text| Changes::from_text(text).ok()) {
            entry.changes = changes;
        }
    }
}

fn replace(text: &mut String, replaced: Option<String>) {
    if let Some(replaced) = replaced {
        *text = replaced;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::fixtures::entry_with;

    fn entry(json: &str) -> Entry {
        let by_bo =
            r#"{"user":{"id":"8","name":"Bo"},"context":{"ip":"203.0.113.9","user_agent":"Firefox"}}"#;
        entry_with([by_bo, json].map(|members| serde_json::from_str(members).expect("JSON")))
    }

    const ANA: &str =
        r#"{"id":"7","email":"ana@acme.example","name":"Ana Ruiz","role":"admin","kind":"user"}"#;

    fn eraser(options: ErasureOptions) -> Eraser {
        let users = vec![serde_json::from_str(ANA).expect("a user")];
        Eraser::new(Person { users, ..Person::default() }, "erased-4c1f", options)
    }

    /// What an erasure leaves of an entry, and which parts it erased.
    fn erased(json: &str, options: ErasureOptions) -> Option<(String, bool, bool)> {
        let erased = eraser(options).erase(&entry(json))?;
        Some((serde_json::to_string(&erased.entry).expect("JSON"), erased.actor, erased.content))
    }

    #[test]
    fn entries_by_a_person_or_for_them_lose_user_address_and_agent() {
        let kept = r#"{"id":"7","name":"erased-4c1f","role":"admin","kind":"user"}"#;
        for member in ["user", "on_behalf_of"] {
            let json = format!(r#"{{"{member}":{ANA}}}"#);
            let (text, actor, content) = erased(&json, ErasureOptions::default()).expect("erased");
            assert!((actor, content) == (true, false) && text.contains(kept), "{text}");
            assert!(!text.contains("203.0.113.9") && !text.contains("Firefox"), "{text}");
            let (text, ..) =
                erased(&json, ErasureOptions { with_id: true, also_values: false }).expect("erased");
            assert!(text.contains(r#"{"name":"erased-4c1f","role":"admin","kind":"user"}"#), "{text}");
        }
    }

    #[test]
    fn entries_about_a_member_lose_the_texts_and_others_only_on_request() {
        let (default, all) =
            (ErasureOptions::default(), ErasureOptions { with_id: false, also_values: true });
        let member = r#"{"model_type":"member","model_id":"7","model_name":"Ana Ruiz",
            "changes":[{"field":"email","new":"ANA@acme.example"},{"field":"role","new":"admin"}]}"#;
        let (text, actor, content) = erased(member, default).expect("erased");
        assert_eq!((actor, content), (false, true));
        assert!(text.contains(r#""model_id":"7","model_name":"erased-4c1f""#), "{text}");
        assert!(
            text.contains(r#"{"field":"email","new":"erased-4c1f"},{"field":"role","new":"admin"}"#),
            "{text}"
        );
        let (text, ..) =
            erased(member, ErasureOptions { with_id: true, also_values: false }).expect("erased");
        assert!(text.contains(r#""model_id":"erased-4c1f""#), "{text}");
        for other in [
            r#"{"reason":"asked by ana@acme.example"}"#,
            r#"{"changes":[{"field":"owner","new":"Ana Ruiz"}]}"#,
            r#"{"user":{"name":"token of ana@acme.example","kind":"token"}}"#,
            r#"{"context":{"user_agent":"cli (ana@acme.example)"}}"#,
        ] {
            assert_eq!(erased(other, default), None, "{other}");
            assert!(eraser(default).mentions(&entry(other).parts()).other, "{other}");
            let (text, ..) = erased(other, all).expect(other);
            assert!(text.contains("erased-4c1f") && !text.contains("ana@acme.example"), "{text}");
        }
        // Another person of the same name.
        let namesake =
            r#"{"user":{"id":"9","email":"ana.ruiz@other.example","name":"Ana Ruiz","kind":"user"}}"#;
        assert_eq!(erased(namesake, all), None);
        assert_eq!(erased("{}", all), None);
    }

    #[test]
    fn a_uuid_made_of_the_content_goes_with_it() {
        let all = ErasureOptions { with_id: false, also_values: true };
        let hashed = Uuid::new_v8([7; 16]);
        let json = format!(
            r#"{{"uuid":"{hashed}","changes":[{{"field":"filter","new":"user=ana%40acme.example"}}]}}"#
        );
        let (text, ..) = erased(&json, all).expect("erased");
        assert!(!text.contains(&hashed.to_string()) && text.contains("user=erased-4c1f"), "{text}");
        for with_id in [false, true] {
            let json = format!(r#"{{"uuid":"{hashed}","user":{ANA}}}"#);
            let (text, _, content) =
                erased(&json, ErasureOptions { with_id, also_values: false }).expect("erased");
            assert_eq!((text.contains(&hashed.to_string()), content), (!with_id, with_id));
        }
    }
}
