//! Terms of the user filter: a name that may match several users, or exactly one user.
//!
//! `ana` matches an id, e-mail or name, or whole words of an e-mail or name, case-insensitively. A prefix makes the
//! match exact: `id:7`, `email:ana@acme.example`, `name:Ana`, or `is:Ana` for the user shown as `Ana` (by e-mail, else
//! name, else id). A kind before the prefix separates users that share it: `token/id:7`.

use std::fmt;
use std::str::FromStr;

use crate::model::entry::User;
use crate::model::filter::choice::{Choice, FilterValue};
use crate::model::fold::folded;
use crate::model::words::UserKind;

/// A term of the user filter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserTerm {
    written: String,
    pub(super) matcher: Matcher,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Matcher {
    /// The case-folded text, and its words.
    Named { whole: String, words: String },
    /// Exactly this text of a user.
    Exactly { kind: Option<UserKind>, part: UserText, text: String },
}

/// The text of a user that is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum UserText {
    Id,
    Email,
    Name,
    Shown,
}

impl UserText {
    pub(super) fn of(self, user: &User) -> Option<&str> {
        match self {
            Self::Id => user.id.as_deref(),
            Self::Email => user.email.as_deref(),
            Self::Name => user.name.as_deref(),
            Self::Shown => Some(user.label()),
        }
    }
}

const PREFIXES: [(&str, UserText); 4] =
    [("id:", UserText::Id), ("email:", UserText::Email), ("name:", UserText::Name), ("is:", UserText::Shown)];

/// A prefix without a value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("has no value after {0:?}: write the whole id, e-mail or name there")]
pub struct InvalidUser(String);

impl FilterValue for UserTerm {}

impl FromStr for UserTerm {
    type Err = InvalidUser;

    fn from_str(text: &str) -> Result<Self, InvalidUser> {
        let kind = UserKind::ALL
            .iter()
            .find_map(|kind| Some((Some(*kind), text.strip_prefix(kind.as_str())?.strip_prefix('/')?)));
        let (kind, rest) = kind.unwrap_or((None, text));
        let exact = PREFIXES.iter().find_map(|(prefix, part)| Some((*part, rest.strip_prefix(prefix)?)));
        let matcher = match exact {
            Some((_, "")) => return Err(InvalidUser(text.to_owned())),
            Some((part, value)) => Matcher::Exactly { kind, part, text: value.to_owned() },
            None => {
                let whole = folded(text.trim());
                let words = words(&whole);
                Matcher::Named { whole, words }
            }
        };
        Ok(Self { written: text.to_owned(), matcher })
    }
}

impl fmt::Display for UserTerm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.written)
    }
}

impl UserTerm {
    /// The term for the users shown as `label`.
    #[must_use]
    pub fn shown_as(label: &str) -> Self {
        let matcher = Matcher::Exactly { kind: None, part: UserText::Shown, text: label.to_owned() };
        Self { written: format!("is:{label}"), matcher }
    }

    /// The label of a term made by [`UserTerm::shown_as`].
    #[must_use]
    pub fn shown(&self) -> Option<&str> {
        match &self.matcher {
            Matcher::Exactly { kind: None, part: UserText::Shown, text } => Some(text),
            _ => None,
        }
    }

    /// What is compared: the text without its prefix.
    #[must_use]
    pub fn value(&self) -> &str {
        match &self.matcher {
            Matcher::Named { whole, .. } => whole,
            Matcher::Exactly { text, .. } => text,
        }
    }

    /// The id of a term such as `id:7`.
    #[must_use]
    pub fn exact_id(&self) -> Option<&str> {
        match &self.matcher {
            Matcher::Exactly { part: UserText::Id, text, .. } => Some(text),
            _ => None,
        }
    }

    /// Whether the term matches the user. The comparison is case-insensitive unless the term has a prefix.
    #[must_use]
    pub fn matches(&self, user: &User) -> bool {
        self.matches_subject(&FoldedUser::new(user))
    }

    fn matches_subject(&self, subject: &FoldedUser<'_>) -> bool {
        let user = subject.user;
        match &self.matcher {
            Matcher::Exactly { kind, part, text } => {
                part.of(user) == Some(text) && kind.is_none_or(|kind| kind == user.kind)
            }
            Matcher::Named { whole, words } => {
                subject.texts.iter().flatten().any(|text| text == whole)
                    || words.trim() != "" && subject.words.iter().flatten().any(|text| text.contains(words))
            }
        }
    }
}

impl Choice<UserTerm> {
    /// Whether the choice admits the user. Folds the texts of the user once for all terms.
    #[must_use]
    pub fn admits_user(&self, user: &User) -> bool {
        if self.is_any() {
            return true;
        }
        let subject = FoldedUser::new(user);
        self.admits(|term| term.matches_subject(&subject))
    }

    /// As [`Self::admits_user`]; no term matches an absent user.
    #[must_use]
    pub fn admits_optional_user(&self, user: Option<&User>) -> bool {
        user.map_or_else(|| self.admits(|_| false), |user| self.admits_user(user))
    }
}

/// A user with its case-folded texts.
pub(super) struct FoldedUser<'u> {
    user: &'u User,
    /// Id, e-mail and name.
    pub(super) texts: [Option<String>; 3],
    /// The words of e-mail and name.
    pub(super) words: [Option<String>; 2],
}

impl<'u> FoldedUser<'u> {
    pub(super) fn new(user: &'u User) -> Self {
        let texts = [&user.id, &user.email, &user.name].map(|text| text.as_deref().map(folded));
        let words = [&texts[1], &texts[2]].map(|text| text.as_deref().map(words));
        Self { user, texts, words }
    }
}

/// The words of a text, each between single blanks: a run of whole words is then a substring.
fn words(text: &str) -> String {
    let words = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words.fold(" ".to_owned(), |text, word| text + word + " ")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn user(id: Option<&str>, email: Option<&str>, name: Option<&str>, kind: UserKind) -> User {
        let [id, email, name] = [id, email, name].map(|it| it.map(str::to_owned));
        User { id, email, name, role: None, kind }
    }

    fn person(email: &str, name: &str) -> User {
        user(Some("7"), Some(email), Some(name), UserKind::User)
    }

    fn means(term: &str, user: &User) -> bool {
        term.parse::<UserTerm>().expect(term).matches(user)
    }

    #[test]
    fn a_name_matches_id_email_name_or_whole_words() {
        let ana = person("ana.ruiz@acme.example", "Ana María Ruiz");
        for wanted in [
            "7",
            "ana",
            "ANA",
            "Ana.Ruiz",
            "ana.ruiz@acme.example",
            "maría",
            "MARI\u{301}A",
            "ana maría",
            "acme",
            "Ana María Ruiz",
        ] {
            assert!(means(wanted, &ana), "{wanted}");
        }
        for wanted in ["an", "na", "diana", "ruiz ana", "77", "", " ", "@", ".", "maria"] {
            assert!(!means(wanted, &ana), "{wanted}");
        }
        assert!(!means("ana", &person("diana@acme.example", "Diana")));
        assert!(means("李", &person("li@acme.example", "李 雷")));
        assert!(means("🤖", &person("bot@acme.example", "🤖")));
        assert!(means("IŞIK", &person("x@acme.example", "Ayşe ışık")));
    }

    #[test]
    fn an_exact_term_matches_one_user() {
        let ana = user(Some("7"), None, Some("Ana"), UserKind::User);
        let ana_ruiz = person("ana@acme.example", "Ana Ruiz");
        let shouting = user(Some("8"), Some("ANA@acme.example"), Some("Ana"), UserKind::User);
        let token = user(Some("7"), None, Some("Ana"), UserKind::Token);
        let odd = user(Some("admin:7,!\"x\\"), None, None, UserKind::User);
        let all = [&ana, &ana_ruiz, &shouting, &token, &odd];
        for (term, meant) in [
            ("Ana", &[0, 1, 2, 3][..]),
            ("is:Ana", &[0, 3]),
            ("user/is:Ana", &[0]),
            ("token/is:Ana", &[3]),
            ("name:Ana", &[0, 2, 3]),
            ("id:7", &[0, 1, 3]),
            ("token/id:7", &[3]),
            ("email:ana@acme.example", &[1]),
            ("is:ana@acme.example", &[1]),
            ("is:ANA@acme.example", &[2]),
            ("is:ana", &[]),
            ("id:admin:7,!\"x\\", &[4]),
            ("is:admin:7,!\"x\\", &[4]),
            ("service/id:7", &[]),
        ] {
            let found: Vec<_> = (0..all.len()).filter(|place| means(term, all[*place])).collect();
            assert_eq!(found, meant, "{term}");
        }
        assert!("id:".parse::<UserTerm>().is_err() && "token/is:".parse::<UserTerm>().is_err());
        assert!(means("token/7", &user(None, None, Some("token/7"), UserKind::Token)), "no exact term");
    }

    proptest! {
        #[test]
        fn an_exact_term_survives_escaping_in_a_list(labels in prop::collection::vec("[a:!,\\\\\"/ é=]{1,8}", 1..4)) {
            let choice = Choice { include: labels.iter().map(|it| UserTerm::shown_as(it)).collect(), exclude: vec![] };
            let mut read = Choice::<UserTerm>::default();
            read.add_list(&choice.written().collect::<Vec<_>>().join(",")).expect("what was written");
            prop_assert_eq!(&read, &choice);
            for label in &labels {
                prop_assert!(read.admits_user(&user(None, None, Some(label), UserKind::Service)));
                let longer = format!("{label} x");
                prop_assert!(labels.contains(&longer) || !read.admits_user(&user(None, None, Some(&longer), UserKind::User)));
            }
        }
    }
}
