//! Which grams an entry has, and which of them an entry must have to match a text or field search. An index of
//! signatures finds with them the blocks of entries that cannot match.

use crate::model::change::{Change, REDACTED, REDACTED_CHANGED};
use crate::model::entry::User;
use crate::model::field_path::term::FieldTerm;
use crate::model::filter::text::visit_texts;
use crate::model::filter::{Filter, SearchText};
use crate::model::fold::folded;
use crate::model::signature::{Gram, SignatureBuilder};

/// The most grams that one text or path is searched by: a few already reject nearly every block without it.
const MAX_GRAMS: usize = 12;

/// What a signature must have so that an entry below it can match.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GramQuery {
    /// All grams of the query, each once.
    grams: Vec<Gram>,
    /// Every clause must hold. A clause holds when all grams of one of its alternatives are there: indices of `grams`.
    clauses: Vec<Vec<Vec<usize>>>,
}

impl GramQuery {
    /// All grams of the query.
    #[must_use]
    pub fn grams(&self) -> &[Gram] {
        &self.grams
    }

    /// Which of many blocks may match, from one truth value a block for each gram: 1 if the block has it. Any block may
    /// have a gram without truth values.
    #[must_use]
    pub fn blocks<'h>(&self, count: usize, has: impl Fn(usize) -> Option<&'h [u8]>) -> Vec<u8> {
        let mut blocks = vec![1; count];
        for clause in &self.clauses {
            let mut any = vec![0; count];
            for alternative in clause {
                let mut all = vec![1; count];
                for has in alternative.iter().filter_map(|gram| has(*gram)) {
                    all.iter_mut().zip(has).for_each(|(all, has)| *all &= has);
                }
                any.iter_mut().zip(all).for_each(|(any, all)| *any |= all);
            }
            blocks.iter_mut().zip(any).for_each(|(block, any)| *block &= any);
        }
        blocks
    }
}

impl Filter {
    /// The grams that an entry must have to pass [`Filter::matches_content`]; `None` if they reject no entry.
    #[must_use]
    pub fn gram_query(&self) -> Option<GramQuery> {
        let required =
            |texts: &[SearchText]| texts.iter().map(|text| Gram::required(text.folded())).collect::<Vec<_>>();
        let (texts, reasons) = (required(&self.text.include), required(&self.reason.include));
        let paths: Vec<_> = self.field.include.iter().flat_map(alternatives).collect();
        let mut query = GramQuery { grams: Vec::new(), clauses: Vec::new() };
        for clause in [texts, reasons, paths] {
            // An alternative without grams may match everywhere.
            if clause.is_empty() || clause.iter().any(Vec::is_empty) {
                continue;
            }
            let mut numbered = |grams: &Vec<Gram>| -> Vec<usize> {
                let step = grams.len().div_ceil(MAX_GRAMS);
                let number = |gram: &Gram| {
                    query.grams.iter().position(|known| known == gram).unwrap_or_else(|| {
                        query.grams.push(*gram);
                        query.grams.len() - 1
                    })
                };
                grams.iter().step_by(step).map(number).collect()
            };
            let clause = clause.iter().map(&mut numbered).collect();
            query.clauses.push(clause);
        }
        (!query.clauses.is_empty()).then_some(query)
    }
}

/// The grams of a change that touches a path: those of all keys of the path, or those of the field alone, if paths
/// inside it cannot be read from its texts.
fn alternatives(term: &FieldTerm) -> Vec<Vec<Gram>> {
    // In quotes, a key may be written otherwise than it is stored.
    let Some((first, keys)) = term.path().keys() else { return vec![Vec::new()] };
    let first = folded(first);
    let field = Gram::required(&first);
    let mut whole = field.clone();
    keys.into_iter().for_each(|key| whole.extend(Gram::required(&folded(key))));
    if whole.len() == field.len() {
        return vec![field];
    }
    let mut unreadable = vec![Gram::mark(&first)];
    unreadable.extend(field);
    vec![whole, unreadable]
}

impl SignatureBuilder {
    /// Adds the texts of an entry that a filter may search: the resource's name, the users, the origin and the changes.
    pub fn add_entry<'e>(
        &mut self,
        names: (Option<&'e str>, impl Iterator<Item = &'e User>, [Option<&'e str>; 4]),
        changes: &[Change],
    ) {
        visit_texts(names, &[], &mut |text| self.add(text));
        for change in changes {
            let mut is_unreadable = change.redacted;
            let no_names = (None, std::iter::empty(), [None; 4]);
            visit_texts(no_names, std::slice::from_ref(change), &mut |text| {
                is_unreadable |= hides_keys(text);
                self.add(text);
            });
            if is_unreadable {
                self.add_gram(Gram::mark(&folded(first_key(&change.field))));
            }
        }
    }
}

/// Whether paths may lead into the text although it does not contain their keys: a secret, or JSON with escapes.
fn hides_keys(text: &str) -> bool {
    let is_secret = text == REDACTED || text == REDACTED_CHANGED;
    is_secret || text.contains('\\') && text.trim_start().starts_with(['{', '['])
}

/// The start of a field's name, up to the first dot or bracket, as of [`FieldPath::first_key`].
fn first_key(field: &str) -> &str {
    field.split(['.', '[']).next().unwrap_or_default()
}
