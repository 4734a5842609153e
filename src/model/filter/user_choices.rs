//! Compares users with the terms of many choices at once: it looks up the texts of a user, so the cost of a user grows only
//! with the terms that begin with the same word. `Choice::admits_user` is the meaning.

use std::collections::HashMap;

use crate::model::entry::User;
use crate::model::filter::choice::Choice;
use crate::model::filter::user::{FoldedUser, Matcher, UserTerm, UserText};
use crate::model::words::UserKind;

/// Several choices of users.
pub struct UserChoices<'c> {
    choices: &'c [&'c Choice<UserTerm>],
    /// Terms that compare a whole text, case-folded.
    wholes: HashMap<&'c str, Vec<Term>>,
    /// Terms that compare a run of words, by the first word. Each word of the run stands between single blanks.
    runs: HashMap<&'c str, Vec<(&'c str, Term)>>,
    /// Terms that compare a text exactly.
    exact: HashMap<(UserText, &'c str), Vec<Term>>,
}

/// The place of a term.
#[derive(Clone, Copy)]
struct Term {
    choice: usize,
    is_excluded: bool,
    /// The only kind of user that the term matches, if it names one.
    kind: Option<UserKind>,
}

/// Whether a choice has terms that match a user.
#[derive(Clone, Copy, Default)]
struct Matched {
    included: bool,
    excluded: bool,
}

impl<'c> UserChoices<'c> {
    /// Sorts the terms of these choices by what they compare.
    #[must_use]
    pub fn new(choices: &'c [&'c Choice<UserTerm>]) -> Self {
        let (wholes, runs, exact) = (HashMap::new(), HashMap::new(), HashMap::new());
        let mut all = Self { choices, wholes, runs, exact };
        for (choice, Choice { include, exclude }) in choices.iter().enumerate() {
            for (terms, is_excluded) in [(include, false), (exclude, true)] {
                terms
                    .iter()
                    .for_each(|term| all.add(&term.matcher, Term { choice, is_excluded, kind: None }));
            }
        }
        all
    }

    fn add(&mut self, matcher: &'c Matcher, term: Term) {
        match matcher {
            Matcher::Exactly { kind, part, text } => {
                self.exact.entry((*part, text)).or_default().push(Term { kind: *kind, ..term });
            }
            Matcher::Named { whole, words } => {
                self.wholes.entry(whole).or_default().push(term);
                if let Some(first) = words.split_whitespace().next() {
                    self.runs.entry(first).or_default().push((words, term));
                }
            }
        }
    }

    /// The most terms that are compared with one word of a user.
    #[must_use]
    pub fn most_with_a_word(&self) -> usize {
        self.runs.values().map(Vec::len).max().unwrap_or_default()
    }

    /// Whether each choice admits the user.
    pub fn admit(&self, user: &User) -> impl Iterator<Item = bool> {
        let subject = FoldedUser::new(user);
        let mut matched = vec![Matched::default(); self.choices.len()];
        let mut note = |term: Term| {
            let matched = &mut matched[term.choice];
            *(if term.is_excluded { &mut matched.excluded } else { &mut matched.included }) = true;
        };
        for text in subject.texts.iter().flatten() {
            self.wholes.get(text.as_str()).into_iter().flatten().for_each(|term| note(*term));
        }
        for text in subject.words.iter().flatten() {
            for (at, _) in text.match_indices(' ') {
                let rest = &text[at..];
                let first = rest[1..].split(' ').next().unwrap_or_default();
                let runs = self.runs.get(first).into_iter().flatten();
                runs.filter(|(words, _)| rest.starts_with(words)).for_each(|(_, term)| note(*term));
            }
        }
        for part in [UserText::Id, UserText::Email, UserText::Name, UserText::Shown] {
            let Some(text) = part.of(user) else { continue };
            let exact = self.exact.get(&(part, text)).into_iter().flatten();
            exact.filter(|term| term.kind.is_none_or(|kind| kind == user.kind)).for_each(|term| note(*term));
        }
        let is_admitted = |(choice, matched): (&&Choice<UserTerm>, Matched)| {
            (choice.include.is_empty() || matched.included) && !matched.excluded
        };
        self.choices.iter().zip(matched).map(is_admitted)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// As many as the holds of an organization may have. No time is asserted: comparing each user with each term would take
    /// minutes.
    #[test]
    fn many_users_are_compared_with_many_terms() {
        let terms = |first: usize| {
            (first..first + 100).map(|number| format!("user{number}").parse().expect("a term"))
        };
        let choice = |hold: usize| Choice { include: terms(hold * 100).collect(), exclude: vec![] };
        let choices: Vec<Choice<UserTerm>> = (0..32).map(choice).collect();
        let choices: Vec<_> = choices.iter().collect();
        let choices = UserChoices::new(&choices);
        assert_eq!(choices.most_with_a_word(), 1);
        let mut admitted = [0; 32];
        for number in 0..40_000 {
            let email = Some(format!("user{number}@acme.example"));
            let user = User { id: None, email, name: None, role: None, kind: UserKind::User };
            for (count, is_admitted) in admitted.iter_mut().zip(choices.admit(&user)) {
                *count += usize::from(is_admitted);
            }
        }
        assert_eq!(admitted, [100; 32]);
    }

    #[test]
    fn terms_that_begin_with_the_same_word_are_counted_together() {
        let terms = |words: &[&str]| words.iter().map(|word| word.parse().expect("a term")).collect();
        let choice = Choice {
            include: terms(&["ana ruiz", "ana gil", "eva"]),
            exclude: terms(&["Ana b", "id:ana x"]),
        };
        assert_eq!(UserChoices::new(&[&choice]).most_with_a_word(), 3);
    }

    fn texts() -> impl Strategy<Value = String> {
        const WORDS: &[&str] =
            &["ana", "Ana", "Ruiz", "maría", "MARI\u{301}A", "7", "acme.example", "@", "-", "李", "IŞIK"];
        const JOINS: &[&str] = &[" ", ".", "@", ""];
        let pieces = (prop::sample::select(WORDS), prop::sample::select(JOINS));
        prop::collection::vec(pieces, 1..5)
            .prop_map(|pieces| pieces.into_iter().map(|(word, join)| format!("{word}{join}")).collect())
    }

    fn terms() -> impl Strategy<Value = Vec<UserTerm>> {
        const PREFIXES: &[&str] = &["", "", "", "id:", "name:", "email:", "is:", "token/id:", "user/is:"];
        let prefix = prop::sample::select(PREFIXES);
        let term = (prefix, texts())
            .prop_filter_map("a term", |(prefix, text)| format!("{prefix}{text}").parse().ok());
        prop::collection::vec(term, 0..4)
    }

    proptest! {
        #[test]
        fn many_choices_admit_whom_each_admits(
            choices in prop::collection::vec((terms(), terms()), 0..4),
            [id, email, name] in prop::array::uniform3(prop::option::of(texts())),
            kind in prop::sample::select(UserKind::ALL),
        ) {
            let user = User { id, email, name, role: None, kind };
            let choices: Vec<_> =
                choices.into_iter().map(|(include, exclude)| Choice { include, exclude }).collect();
            let each: Vec<_> = choices.iter().map(|choice| choice.admits_user(&user)).collect();
            let choices: Vec<_> = choices.iter().collect();
            prop_assert_eq!(UserChoices::new(&choices).admit(&user).collect::<Vec<_>>(), each);
        }
    }
}
