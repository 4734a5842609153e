//! The people of a simulation, and texts that name them. A text knows whom it names, so that the model need not search it.

use std::collections::BTreeSet;

use krosyn_audit::model::entry::User;
use krosyn_audit::model::words::UserKind;

pub(super) struct PersonData {
    pub(super) id: &'static str,
    email: &'static str,
    old_email: &'static str,
    name: &'static str,
}

/// Ids, addresses and names contain those of others.
pub(super) const PEOPLE: [PersonData; 3] = [
    PersonData { id: "7", email: "ana@acme.example", old_email: "ana.ruiz@acme.example", name: "Ana Ruiz" },
    PersonData {
        id: "77",
        email: "juana@acme.example",
        old_email: "ana@acme.example.org",
        name: "Juana Ruiz",
    },
    PersonData { id: "8", email: "Bo@Acme.example", old_email: "b.o+x@acme.example", name: "Bo" },
];

/// What an entry may say of its user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Snapshot {
    Full,
    OldEmail,
    OnlyId,
    OnlyEmail,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum What {
    Email,
    OldEmail,
    Name,
}

/// An address or a name of a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Fact {
    pub(super) person: usize,
    pub(super) what: What,
}

impl Fact {
    pub(super) fn text(self) -> &'static str {
        let PersonData { email, old_email, name, .. } = &PEOPLE[self.person];
        match self.what {
            What::Email => email,
            What::OldEmail => old_email,
            What::Name => name,
        }
    }

    fn is_email(self) -> bool {
        self.what != What::Name
    }

    /// Whether others may be called the same, so that it names the person only where it is the whole text.
    pub(super) fn is_ambiguous(self) -> bool {
        !self.is_email() && !self.text().contains(' ')
    }

    /// Every fact, the longest first.
    pub(super) fn all() -> Vec<Self> {
        let of = |person| [What::Email, What::OldEmail, What::Name].map(|what| Self { person, what });
        let mut all: Vec<_> = (0..PEOPLE.len()).flat_map(of).collect();
        all.sort_by_key(|fact| std::cmp::Reverse(fact.text().len()));
        all
    }
}

impl Snapshot {
    pub(super) fn user(self, person: usize) -> User {
        let PersonData { id, email, old_email, name } = &PEOPLE[person];
        let (id, email, name) = match self {
            Self::Full => (Some(id), Some(email), Some(name)),
            Self::OldEmail => (Some(id), Some(old_email), Some(name)),
            Self::OnlyId => (Some(id), None, None),
            Self::OnlyEmail => (None, Some(email), None),
        };
        let [id, email, name] = [id, email, name].map(|text| text.map(|text| (*text).to_owned()));
        User { id, email, name, role: None, kind: UserKind::User }
    }

    pub(super) fn facts(self, person: usize) -> impl Iterator<Item = Fact> {
        let what = match self {
            Self::Full => &[What::Email, What::Name][..],
            Self::OldEmail => &[What::OldEmail, What::Name],
            Self::OnlyId => &[],
            Self::OnlyEmail => &[What::Email],
        };
        what.iter().map(move |what| Fact { person, what: *what })
    }
}

/// A part of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Word {
    Plain(&'static str),
    Of(Fact),
    Label(String),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Text(pub(super) Vec<Word>);

impl Text {
    pub(super) fn of(fact: Fact) -> Self {
        Self(vec![Word::Of(fact)])
    }

    pub(super) fn plain(text: &'static str) -> Self {
        Self(vec![Word::Plain(text)])
    }

    pub(super) fn label(label: &str) -> Self {
        Self(vec![Word::Label(label.to_owned())])
    }

    pub(super) fn shown(&self) -> String {
        let words = self.0.iter().map(|word| match word {
            Word::Plain(text) => (*text).to_owned(),
            Word::Of(fact) => fact.text().to_owned(),
            Word::Label(label) => label.clone(),
        });
        words.collect::<Vec<_>>().join(" ")
    }

    fn names(&self, word: &Word, facts: &BTreeSet<Fact>) -> bool {
        matches!(word, Word::Of(fact) if facts.contains(fact) && (self.0.len() == 1 || !fact.is_ambiguous()))
    }

    pub(super) fn is_about(&self, facts: &BTreeSet<Fact>) -> bool {
        self.0.iter().any(|word| self.names(word, facts))
    }

    /// The text without the person.
    pub(super) fn erased(&self, facts: &BTreeSet<Fact>, label: &str) -> Self {
        let erase = |word: &Word| match self.names(word, facts) {
            true => Word::Label(label.to_owned()),
            false => word.clone(),
        };
        Self(self.0.iter().map(erase).collect())
    }

    /// The facts that are a whole text.
    pub(super) fn fact(&self) -> Option<Fact> {
        match self.0[..] {
            [Word::Of(fact)] => Some(fact),
            _ => None,
        }
    }
}

/// The facts that are e-mail addresses.
pub(super) fn emails(facts: &BTreeSet<Fact>) -> BTreeSet<Fact> {
    facts.iter().copied().filter(|fact| fact.is_email()).collect()
}
