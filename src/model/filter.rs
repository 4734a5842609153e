//! Which entries a question is about, and what that means: `Filter::matches` is the meaning every store must keep to.
//!
//! How a filter is written in a query string is `api::query`'s business, how a store finds entries fast the store's.

mod quick;

use std::fmt;
use std::str::FromStr;

use crate::model::change::Change;
use crate::model::entry::{Entry, User};
use crate::model::json::RawJson;
use crate::model::timestamp::Timestamp;
use crate::model::words::{Action, ModelType, UnknownWord, Via};

/// A filter: every part must agree (AND); within a part any included value will do (OR) and no excluded one may.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// What was done.
    pub action: Choice<Action>,
    /// What kind of resource it was done to.
    pub model_type: Choice<ModelType>,
    /// Who did it: an id, an e-mail or a name, or whole words of either, case-blind. See [`user_matches`].
    pub user: Choice<String>,
    /// Which resource, by type and id.
    pub resource: Choice<Resource>,
    /// Which resource, by id alone.
    pub model_id: Choice<String>,
    /// Which field changed: a field, or a dotted path into one.
    pub field: Choice<String>,
    /// The channel. An entry without one matches no channel.
    pub via: Choice<Via>,
    /// The request the entry was part of.
    pub request_id: Choice<String>,
    /// Text found in the resource's name, the user, the names of fields or visible values, case-blind.
    pub text: Choice<String>,
    /// The first moment that counts.
    pub since: Option<Timestamp>,
    /// The first moment that no longer counts.
    pub until: Option<Timestamp>,
}

/// Values to include (any of them; all, when there are none) and to exclude.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice<T> {
    /// Any of these will do.
    pub include: Vec<T>,
    /// None of these may be.
    pub exclude: Vec<T>,
}

impl<T> Default for Choice<T> {
    fn default() -> Self {
        Self { include: Vec::new(), exclude: Vec::new() }
    }
}

impl<T> Choice<T> {
    /// Tells whether every value will do.
    #[must_use]
    pub const fn is_any(&self) -> bool {
        self.include.is_empty() && self.exclude.is_empty()
    }

    /// Tells whether the choice admits something, given how to test it against one value.
    pub fn admits(&self, mut is: impl FnMut(&T) -> bool) -> bool {
        (self.include.is_empty() || self.include.iter().any(&mut is)) && !self.exclude.iter().any(is)
    }
}

impl<T: FromStr> Choice<T> {
    /// Adds the values of a comma-separated text. A leading `!` excludes a value; `\` takes the next character
    /// (`,`, `!` or `\`) as itself.
    ///
    /// # Errors
    /// A sentence when a value is empty or is not one of the accepted words.
    pub fn add_list(&mut self, text: &str) -> Result<(), ChoiceError<T::Err>> {
        split_unescaped(text).into_iter().try_for_each(|value| self.add(&value))
    }

    /// Adds one value, in which a comma is a comma.
    ///
    /// # Errors
    /// As [`Choice::add_list`].
    pub fn add(&mut self, text: &str) -> Result<(), ChoiceError<T::Err>> {
        let (values, text) = match text.strip_prefix('!') {
            Some(rest) => (&mut self.exclude, rest),
            None => (&mut self.include, text),
        };
        let text = unescaped(text);
        if text.trim().is_empty() {
            return Err(ChoiceError::Empty);
        }
        values.push(text.parse().map_err(ChoiceError::Value)?);
        Ok(())
    }
}

impl<T: fmt::Display> Choice<T> {
    /// Each value as [`Choice::add_list`] reads it back.
    pub fn written(&self) -> impl Iterator<Item = String> {
        let include = self.include.iter().map(|value| escaped(&value.to_string()));
        include.chain(self.exclude.iter().map(|value| format!("!{}", escaped(&value.to_string()))))
    }
}

/// Why a value of a filter cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChoiceError<E> {
    /// Nothing between two commas.
    #[error("has an empty value: name at least one, separated by commas")]
    Empty,
    /// The value itself.
    #[error("{0}")]
    Value(E),
}

/// A resource: its type and its id, written `connector/42`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Resource {
    /// The type.
    pub model_type: ModelType,
    /// The id, which may hold any character.
    pub model_id: String,
}

/// Why a text names no resource.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidResource {
    /// No slash, or nothing on one side of it.
    #[error("expected TYPE/ID, such as connector/42, not {0:?}")]
    Form(String),
    /// The type is unknown.
    #[error("{0}")]
    Type(UnknownWord),
}

impl FromStr for Resource {
    type Err = InvalidResource;
    fn from_str(text: &str) -> Result<Self, InvalidResource> {
        match text.split_once('/') {
            Some((model_type, id)) if !id.is_empty() => {
                let model_type = model_type.parse().map_err(InvalidResource::Type)?;
                Ok(Self { model_type, model_id: id.to_owned() })
            }
            _ => Err(InvalidResource::Form(text.to_owned())),
        }
    }
}

impl fmt::Display for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.model_type, self.model_id)
    }
}

impl Filter {
    /// Tells whether an entry is meant: the reference meaning.
    #[must_use]
    pub fn matches(&self, entry: &Entry) -> bool {
        self.since.is_none_or(|since| entry.occurred_at >= since)
            && self.until.is_none_or(|until| entry.occurred_at < until)
            && self.action.admits(|action| *action == entry.action)
            && self.model_type.admits(|model_type| *model_type == entry.model_type)
            && self.model_id.admits(|id| *id == entry.model_id)
            && self.resource.admits(|it| it.model_type == entry.model_type && it.model_id == entry.model_id)
            && self.via.admits(|via| Some(*via) == entry.context.via)
            && self.request_id.admits(|id| Some(id) == entry.context.request_id.as_ref())
            && self.user.admits(|user| user_matches(user, &entry.user))
            && self.matches_content(entry)
    }

    /// The parts of the meaning that look into the changes or search text: those no index answers.
    #[must_use]
    pub fn matches_content(&self, entry: &Entry) -> bool {
        if !self.looks_inside() {
            return true;
        }
        let changes = entry.changes.list().unwrap_or_default();
        self.field.admits(|path| changes.iter().any(|change| change.touches(path)))
            && self.text.admits(|needle| found(&needle.to_lowercase(), entry, &changes))
    }

    /// Tells whether [`Filter::matches_content`] could refuse an entry.
    #[must_use]
    pub const fn looks_inside(&self) -> bool {
        !self.field.is_any() || !self.text.is_any()
    }

    /// Tells whether it asks for nothing but actions, model types, channels, users and times, by which sums are kept.
    #[must_use]
    pub const fn is_tallied(&self) -> bool {
        let names_resource = !self.resource.is_any() || !self.model_id.is_any();
        !self.looks_inside() && !names_resource && self.request_id.is_any()
    }

    /// Tells whether any action, model type, channel and user will do.
    #[must_use]
    pub const fn admits_all_dimensions(&self) -> bool {
        self.action.is_any() && self.model_type.is_any() && self.via.is_any() && self.user.is_any()
    }
}

/// Tells whether `wanted` names the user: it is the id, the e-mail or the name, or whole words of the e-mail or the
/// name, case-blind. So `ana` and `ana.ruiz` name `ana.ruiz@acme.example`, and neither names `diana@acme.example`.
#[must_use]
pub fn user_matches(wanted: &str, user: &User) -> bool {
    let wanted = wanted.trim().to_lowercase();
    let equals = |text: &Option<String>| text.as_ref().is_some_and(|text| text.to_lowercase() == wanted);
    if equals(&user.id) || equals(&user.email) || equals(&user.name) {
        return true;
    }
    let wanted_words = words(&wanted);
    let has = |text: &Option<String>| {
        text.as_ref().is_some_and(|text| words(&text.to_lowercase()).contains(&wanted_words))
    };
    wanted_words.trim() != "" && (has(&user.email) || has(&user.name))
}

/// The words of a text, each between single blanks, so that a run of whole words is a plain substring.
fn words(text: &str) -> String {
    let words = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words.fold(" ".to_owned(), |text, word| text + word + " ")
}

fn found(needle: &str, entry: &Entry, changes: &[Change]) -> bool {
    let mut has = |text: &str| text.to_lowercase().contains(needle);
    let user = &entry.user;
    let texts = [&entry.model_name, &user.id, &user.email, &user.name];
    let in_side = |side: &Option<RawJson>, has: &mut dyn FnMut(&str) -> bool| {
        side.as_ref().and_then(|raw| raw.parse().ok()).is_some_and(|value| value.any_text(has))
    };
    texts.into_iter().flatten().any(|text| has(text))
        || changes.iter().any(|change| {
            has(&change.field) || in_side(&change.old, &mut has) || in_side(&change.new, &mut has)
        })
}

fn split_unescaped(text: &str) -> Vec<String> {
    let mut values = vec![String::new()];
    let mut after_backslash = false;
    for c in text.chars() {
        match values.last_mut() {
            Some(value) if c != ',' || after_backslash => value.push(c),
            _ => values.push(String::new()),
        }
        after_backslash = c == '\\' && !after_backslash;
    }
    values
}

/// Takes away the backslashes that make a comma, a `!` or a backslash stand for itself; any other backslash is one.
fn unescaped(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match chars.peek() {
            Some(&next) if c == '\\' && matches!(next, ',' | '!' | '\\') => {
                plain.push(next);
                chars.next();
            }
            _ => plain.push(c),
        }
    }
    plain
}

fn escaped(text: &str) -> String {
    let escaped = text.replace('\\', "\\\\").replace(',', "\\,");
    if escaped.starts_with('!') { format!("\\{escaped}") } else { escaped }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::words::UserKind;

    fn user(email: &str, name: &str) -> User {
        User {
            id: Some("7".into()),
            email: Some(email.into()),
            name: Some(name.into()),
            role: None,
            kind: UserKind::User,
        }
    }

    #[test]
    fn a_user_is_named_by_id_address_name_or_whole_words_of_them() {
        let ana = user("ana.ruiz@acme.example", "Ana María Ruiz");
        for wanted in [
            "7",
            "ana",
            "ANA",
            "Ana.Ruiz",
            "ana.ruiz@acme.example",
            "maría",
            "ana maría",
            "acme",
            "Ana María Ruiz",
        ] {
            assert!(user_matches(wanted, &ana), "{wanted}");
        }
        for wanted in ["an", "na", "diana", "ruiz ana", "77", "", " ", "@", "."] {
            assert!(!user_matches(wanted, &ana), "{wanted}");
        }
        assert!(!user_matches("ana", &user("diana@acme.example", "Diana")));
        assert!(user_matches("李", &user("li@acme.example", "李 雷")));
        assert!(user_matches("🤖", &user("bot@acme.example", "🤖")));
    }

    #[test]
    fn values_combine_and_exclude() {
        let mut action = Choice::default();
        action.add_list("created,!deleted").expect("words");
        assert_eq!(action, Choice { include: vec![Action::Created], exclude: vec![Action::Deleted] });
        assert!(action.admits(|it| *it == Action::Created) && !action.admits(|it| *it == Action::Updated));
        let only_excluded = Choice { include: vec![], exclude: vec![Action::Deleted] };
        assert!(
            only_excluded.admits(|it| *it == Action::Updated)
                && !only_excluded.admits(|it| *it == Action::Deleted)
        );
        for bad in ["", "created,", "!", "created,,deleted"] {
            assert_eq!(Choice::<Action>::default().add_list(bad), Err(ChoiceError::Empty), "{bad}");
        }
        let mut names = Choice::<String>::default();
        names.add_list(r"Ruiz\, Ana,\!bang,a\\b,C:\dir").expect("texts");
        assert_eq!(names.include, ["Ruiz, Ana", "!bang", r"a\b", r"C:\dir"]);
    }

    #[test]
    fn a_resource_is_a_type_and_an_id() {
        let it: Resource = "Connector Endpoint/a/b".parse().expect("a resource");
        assert_eq!(it.to_string(), "connector_endpoint/a/b");
        for bad in ["connector", "connector/", "/42", "robot/1"] {
            assert!(bad.parse::<Resource>().is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(include in prop::collection::vec("[a!,\\\\é ]{1,6}", 0..4), exclude in prop::collection::vec("[a!,\\\\]{1,6}", 0..3)) {
            prop_assume!(include.iter().chain(&exclude).all(|value| !value.trim().is_empty()));
            let choice = Choice { include, exclude };
            let mut read = Choice::<String>::default();
            let list = choice.written().collect::<Vec<_>>().join(",");
            if !choice.is_any() {
                read.add_list(&list).expect("what was written");
            }
            prop_assert_eq!(read, choice);
        }
    }
}
