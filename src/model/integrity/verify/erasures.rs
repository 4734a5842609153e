//! The erasures of a log: which parts of which entries they may have erased. The trail records each before it changes an entry.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::model::integrity::leaf::{EntryParts, Part};

/// Ranges of ids, the first and the last of each.
pub type IdRanges = Vec<(u64, u64)>;

/// Entries of one log that an erasure was about to change, as the trail recorded it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ErasureRule {
    /// Its number.
    pub erasure: u64,
    /// What the entries show in place of the person.
    pub label: String,
    /// The entries whose actor part it erases.
    pub actor: IdRanges,
    /// The entries whose content part it erases.
    pub content: IdRanges,
}

impl ErasureRule {
    /// The members of a JSON object that state the rule, without the label.
    #[must_use]
    pub fn members(&self) -> [(&'static str, Value); 3] {
        [("erasure", json!(self.erasure)), ("actor", json!(self.actor)), ("content", json!(self.content))]
    }

    /// Reads a rule from the members of a JSON object.
    #[must_use]
    pub fn read<'a>(label: &str, member: &impl Fn(&str) -> Option<&'a Value>) -> Option<Self> {
        let ranges = |name: &str| serde_json::from_value(member(name)?.clone()).ok();
        let (erasure, label) = (member("erasure")?.as_u64()?, label.to_owned());
        Some(Self { erasure, label, actor: ranges("actor")?, content: ranges("content")? })
    }
}

/// Ranges sorted by first id: (first, highest last id of this and all earlier ranges, the erasure of that range). A binary
/// search finds an erasure that covers an id.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Reach(Vec<(u64, u64, u64)>);

impl Reach {
    fn of_rules(rules: &[&ErasureRule], ranges: fn(&ErasureRule) -> &IdRanges) -> Self {
        let mut all = Vec::new();
        for rule in rules {
            all.extend(ranges(rule).iter().map(|(first, last)| (*first, *last, rule.erasure)));
        }
        all.sort_unstable();
        let mut reach = (0, 0);
        for (_, last, erasure) in &mut all {
            reach = reach.max((*last, *erasure));
            (*last, *erasure) = reach;
        }
        Self(all)
    }

    fn of(&self, id: u64) -> Option<u64> {
        let until = self.0.partition_point(|(first, ..)| *first <= id);
        let (_, last, erasure) = self.0.get(until.checked_sub(1)?)?;
        (id <= *last).then_some(*erasure)
    }
}

/// The erasures of one log.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ErasureRules {
    rules: Vec<ErasureRule>,
    actor: Reach,
    content: Reach,
    /// The actors that each label replaces.
    by_label: BTreeMap<String, Reach>,
}

impl ErasureRules {
    /// The erasures that these rules state together.
    #[must_use]
    pub fn new(rules: Vec<ErasureRule>) -> Self {
        let all: Vec<_> = rules.iter().collect();
        let actor = Reach::of_rules(&all, |rule| &rule.actor);
        let content = Reach::of_rules(&all, |rule| &rule.content);
        let mut of_label: BTreeMap<&str, Vec<&ErasureRule>> = BTreeMap::new();
        for rule in all {
            of_label.entry(&rule.label).or_default().push(rule);
        }
        let reach = |rules: Vec<&ErasureRule>| Reach::of_rules(&rules, |rule| &rule.actor);
        let by_label = of_label.into_iter().map(|(label, rules)| (label.to_owned(), reach(rules))).collect();
        Self { rules, actor, content, by_label }
    }

    /// An erasure that may have erased this part of an entry.
    #[must_use]
    pub fn of(&self, id: u64, part: Part) -> Option<u64> {
        match part {
            Part::Actor => &self.actor,
            Part::Content => &self.content,
        }
        .of(id)
    }

    /// Whether a user, the IP address or the user agent of an entry contains the label of an erasure that erased its actor. If none
    /// does, the actor was rewritten by something else.
    #[must_use]
    pub(super) fn is_shown_in(&self, entry: &EntryParts<'_>) -> bool {
        let users = std::iter::once(&entry.user).chain(&entry.on_behalf_of);
        let texts = users.flat_map(|user| [user.id, user.email, user.name]);
        let mut texts = texts.chain([entry.context.ip, entry.context.user_agent]).flatten();
        texts.any(|text| {
            let mut labels = self.by_label.iter();
            labels.any(|(label, erased)| text.contains(label.as_str()) && erased.of(entry.id).is_some())
        })
    }

    /// The rules that `kept` does not contain, merged into one for each erasure.
    #[must_use]
    pub fn not_covered_by(&self, kept: &Self) -> Vec<ErasureRule> {
        let mut merged: BTreeMap<(u64, &str), ErasureRule> = BTreeMap::new();
        for rule in self.rules.iter().filter(|rule| !kept.rules.contains(rule)) {
            let all = merged.entry((rule.erasure, &rule.label)).or_default();
            (all.erasure, all.label) = (rule.erasure, rule.label.clone());
            all.actor.extend(&rule.actor);
            all.content.extend(&rule.content);
        }
        let tidy = |mut ranges: IdRanges| {
            ranges.sort_unstable();
            ranges.dedup();
            ranges
        };
        let rules = merged.into_values();
        rules
            .map(|rule| ErasureRule { actor: tidy(rule.actor), content: tidy(rule.content), ..rule })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(erasure: u64, actor: &[(u64, u64)], content: &[(u64, u64)]) -> ErasureRule {
        let label = format!("erased-{erasure}");
        ErasureRule { erasure, label, actor: actor.to_vec(), content: content.to_vec() }
    }

    #[test]
    fn a_part_is_explained_by_a_range_of_its_erasure() {
        let erasures = ErasureRules::new(vec![
            rule(1, &[(1, 100), (200, 200)], &[(50, 60)]),
            rule(2, &[(20, 30), (90, 110)], &[]),
        ]);
        for (id, actor, content) in [
            (0, None, None),
            (1, Some(1), None),
            (50, Some(1), Some(1)),
            (105, Some(2), None),
            (111, None, None),
            (200, Some(1), None),
            (201, None, None),
        ] {
            assert_eq!(erasures.of(id, Part::Actor), actor, "{id}");
            assert_eq!(erasures.of(id, Part::Content), content, "{id}");
        }
        assert_eq!(ErasureRules::default().of(1, Part::Actor), None);
    }

    #[test]
    fn rules_of_one_erasure_are_restated_as_one() {
        let all = [rule(1, &[(7, 9)], &[]), rule(1, &[(1, 3)], &[(2, 2)]), rule(2, &[(5, 5)], &[])];
        let restated =
            ErasureRules::new(all.to_vec()).not_covered_by(&ErasureRules::new(vec![all[2].clone()]));
        assert_eq!(restated, [rule(1, &[(1, 3), (7, 9)], &[(2, 2)])]);
        let member = restated[0].members();
        let find = |name: &str| member.iter().find(|(it, _)| *it == name).map(|(_, value)| value);
        assert_eq!(ErasureRule::read("erased-1", &find), Some(restated[0].clone()));
    }
}
