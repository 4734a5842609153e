//! What may never be stored: the built-in table of credentials, applied to every change before it can be written.
//!
//! A redacted field still says that it changed. From the outside in:
//! - `fields` knows Krosyn's fields: which are secret always, under which prose may stay, and the rule elsewhere;
//!   `walk`, `lists` and `paths` apply it to values, to names beside values, and to names of fields;
//! - `text` reads a text by every format it may hold, one file a format: `pairs` (with `heads` and `tails`), `yaml`,
//!   `xml`, `php`, `forms`, `urls`, `options`, `calls`, `prose`, `pem`, `shapes` (with `tokens`);
//! - `judge` is the one rule for a name and a value, by what `names` (with `letters` and `vocabulary`) and `values` (with
//!   `expressions`) say of them.

#[cfg(test)]
mod cases;
#[cfg(test)]
mod held_out;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;

mod calls;
mod expressions;
mod fields;
mod forms;
mod heads;
mod judge;
mod letters;
mod lists;
mod marks;
mod names;
mod options;
mod pairs;
mod paths;
mod pem;
mod php;
mod prose;
mod scan;
mod shapes;
mod tails;
mod text;
mod tokens;
mod urls;
mod values;
mod vocabulary;
mod walk;
mod xml;
mod yaml;

use std::borrow::Cow;

use crate::model::change::Change;
use crate::model::json::{Json, RawJson};
use crate::model::redaction::judge::Judge;
use crate::model::redaction::walk::Walk;
use crate::model::words::ModelType;

pub use crate::model::redaction::marks::{REDACTED, REDACTED_CHANGED};

/// The table: the built-in rules, which nothing removes, and an operator's additions.
#[derive(Debug, Clone, Default)]
pub struct Redaction {
    judge: Judge,
}

/// How often a value is read at most. One that still shows new secrets then is hidden as a whole.
const MOST_READINGS: usize = 6;

impl Redaction {
    /// Makes the built-in table with `additional_names`: further keys, in any spelling, that name a credential.
    #[must_use]
    pub fn new(additional_names: &[String]) -> Self {
        let additional_names = additional_names.iter().map(|name| letters::joined(name)).collect();
        Self { judge: Judge { additional_names } }
    }

    /// Makes the change that may be kept of a field that differs.
    #[must_use]
    pub fn change(
        &self,
        model_type: ModelType,
        field: &str,
        old: Option<&Json>,
        new: Option<&Json>,
    ) -> Change {
        let rule = paths::rule(&self.judge, model_type, field);
        let name = paths::last(field);
        let hidden = |side: Option<&Json>| side.is_some_and(|value| walk::hides(rule, &name, value));
        let field = self.field(model_type, field);
        let walk = Walk { judge: &self.judge, model_type, inner_json: 0 };
        let (mut kept_old, mut kept_new) = (old.map(Cow::Borrowed), new.map(Cow::Borrowed));
        // A mark may show that what stands beside it is a secret too: read again until nothing more is found. Most values
        // hold no secret and are read once.
        for _ in 0..MOST_READINGS {
            if hidden(kept_old.as_deref()) || hidden(kept_new.as_deref()) {
                break;
            }
            let read_old = kept_old.as_deref().map(|value| walk.value(rule, &name, value, None));
            let read_new =
                kept_new.as_deref().map(|value| walk.value(rule, &name, value, kept_old.as_deref()));
            if read_old.as_ref() == kept_old.as_deref() && read_new.as_ref() == kept_new.as_deref() {
                let [old, new] = [read_old, read_new].map(|side| side.as_ref().map(RawJson::from));
                return Change { field, old, new, redacted: false };
            }
            (kept_old, kept_new) = (read_old.map(Cow::Owned), read_new.map(Cow::Owned));
        }
        Change { field, old: None, new: None, redacted: true }
    }

    /// A field's name without a value that it carries.
    #[must_use]
    pub fn field(&self, model_type: ModelType, field: &str) -> String {
        paths::field(&self.judge, model_type, field)
    }

    /// A text without what looks like a credential in it. Sentences may stand there: a name, a reason.
    #[must_use]
    pub fn text<'a>(&self, text: &'a str) -> Cow<'a, str> {
        text::scrub(text, REDACTED, &self.judge, true)
    }
}
