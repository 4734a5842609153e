//! Menus for filter values, with counts. Short lists are checklists; long lists are searched by typing.

use crate::commands::browse::Browser;
use crate::error::Failure;
use crate::model::facets::Facet;
use crate::model::filter::{Choice, UserTerm};
use crate::render::filter_summary::grouped;
use crate::terminal::prompt::PromptPage;

/// The most values of a checklist. Longer lists are searched by typing.
const MAX_IN_LIST: usize = 12;

impl Browser<'_> {
    /// Shows a checklist of a fixed set of values.
    pub(super) async fn choose_values<T: Copy + PartialEq + ToString>(
        &self,
        question: &str,
        choice: &mut Choice<T>,
        all: &[T],
        counts: Option<&[Facet]>,
        label: impl Fn(&T) -> String,
    ) -> Result<(), Failure> {
        let labels = all.iter().map(|value| {
            let count = counts.map(|counts| count_of(counts, &value.to_string()));
            label_with_count(count, &label(value))
        });
        let labels = labels.collect();
        let marked = all.iter().map(|value| choice.include.contains(value)).collect();
        if let Some(chosen) = self.show_checklist(question, labels, marked).await? {
            choice.include = chosen.into_iter().map(|index| all[index]).collect();
            // The marked values replace the excluded ones.
            choice.exclude.clear();
        }
        Ok(())
    }

    /// Shows a menu of users: those in the log, each matched exactly, then earlier choices that are not among them.
    pub(super) async fn users(&self, choice: &mut Choice<UserTerm>, counts: &[Facet]) -> Result<(), Failure> {
        let mut users: Vec<_> = counts.iter().map(|facet| UserTerm::shown_as(&facet.value)).collect();
        let unlisted = choice.include.iter().filter(|user| !users.contains(user));
        users.extend(unlisted.cloned().collect::<Vec<_>>());
        if users.is_empty() {
            return Ok(());
        }
        // Only a term that matches one user exactly has a count.
        let label = |user: &UserTerm| match user.shown() {
            Some(shown) => label_with_count(Some(count_of(counts, shown)), &self.style.text(shown)),
            None => format!("{:>9}  {}", "", self.style.text(&user.to_string())),
        };
        let labels: Vec<_> = users.iter().map(label).collect();
        let mut marked: Vec<bool> = users.iter().map(|user| choice.include.contains(user)).collect();
        let before = marked.clone();
        if users.len() <= MAX_IN_LIST {
            let Some(chosen) = self.show_checklist("User", labels, marked).await? else { return Ok(()) };
            choice.include = chosen.into_iter().map(|index| users[index].clone()).collect();
            choice.exclude.clear();
            return Ok(());
        }
        loop {
            let some = marked.iter().filter(|is_marked| **is_marked).count();
            let take = if some == 0 { "any user".to_owned() } else { format!("use the {some} marked") };
            let items = |_| {
                let mark = |is_marked: &bool| if *is_marked { "[x]" } else { "[ ]" };
                let listed = labels.iter().zip(&marked).map(|(label, it)| format!("{} {label}", mark(it)));
                std::iter::once(take.clone()).chain(listed).collect()
            };
            let keys = users.iter().map(|user| user.shown().map_or_else(|| user.to_string(), str::to_owned));
            let keys = std::iter::once(take.clone()).chain(keys).collect();
            let page = PromptPage {
                head: &|_| Vec::new(),
                question: "User".to_owned(),
                items: &items,
                style: &self.style,
            };
            let hint = "type to search, arrows move, Enter marks, Esc goes back and keeps the marks";
            match self.screen.search(&page, keys, 0, hint).await? {
                None if marked == before => return Ok(()),
                None => break,
                Some(0) => break,
                Some(index) => marked[index - 1] = !marked[index - 1],
            }
        }
        let chosen = users.into_iter().zip(marked).filter(|(_, is_marked)| *is_marked);
        choice.include = chosen.map(|(user, _)| user).collect();
        choice.exclude.clear();
        Ok(())
    }

    async fn show_checklist(
        &self,
        question: &str,
        labels: Vec<String>,
        marked: Vec<bool>,
    ) -> Result<Option<Vec<usize>>, Failure> {
        let items = |_| labels.clone();
        let page = PromptPage {
            head: &|_| Vec::new(),
            question: question.to_owned(),
            items: &items,
            style: &self.style,
        };
        Ok(self.screen.mark(&page, marked).await?)
    }
}

fn count_of(counts: &[Facet], value: &str) -> u64 {
    counts.iter().find(|facet| facet.value == value).map_or(0, |facet| facet.count)
}

/// Puts the count before the label, so that a narrow terminal never cuts it off.
fn label_with_count(count: Option<u64>, label: &str) -> String {
    match count {
        Some(count) => format!("{:>9}  {label}", grouped(count)),
        None => label.to_owned(),
    }
}
