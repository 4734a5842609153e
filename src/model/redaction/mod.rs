//! Redacts credentials. Every change is redacted before it is stored.
//!
//! Take a connector's field `perform` with the value `{"url": "https://x", "run": "curl -u svc:x7Yz9 https://x"}`:
//! 1. `rules` looks up the field. Some fields are always secret; `perform` is not, so its value is read.
//! 2. `json_walk` visits the members. For each, `rules` and `json_pairs` decide by its key and by the names beside it, and
//!    `field_names` redacts a value inside a key.
//! 3. `text` runs its detectors over each string, one file for each format. `text::command_line` recognizes `curl -u`.
//! 4. A detector that finds a name and a value asks `classifier`, the one rule for both. It uses `names` (with `normalize`
//!    and `vocabulary`) for the name and `values` (with `references`) for the value.
//! 5. A marker replaces the secret: `curl -u svc:[redacted] https://x`. The result is read again, until nothing changes.

#[cfg(test)]
mod cases;
#[cfg(test)]
mod held_out;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;

mod classifier;
mod field_names;
mod json_pairs;
mod json_walk;
mod markers;
mod names;
mod normalize;
mod references;
mod rules;
mod text;
mod values;
mod vocabulary;

use std::borrow::Cow;

use crate::model::change::Change;
use crate::model::json::{Json, RawJson};
use crate::model::redaction::classifier::Classifier;
use crate::model::redaction::json_walk::{JsonRedactor, is_redacted};
use crate::model::words::ModelType;

pub use crate::model::change::{REDACTED, REDACTED_CHANGED};

/// The rules that decide what is redacted: the built-in ones, which cannot be removed, and an operator's additions.
///
/// ```
/// use krosyn_audit::model::json::Json;
/// use krosyn_audit::model::redaction::Redaction;
/// use krosyn_audit::model::words::ModelType;
///
/// let redaction = Redaction::default();
/// assert_eq!(redaction.text("the password is x7Yz90aB"), "the password is [redacted]");
/// // A reference to a secret stays readable.
/// assert_eq!(redaction.text("token: $secret.CRM_TOKEN"), "token: $secret.CRM_TOKEN");
///
/// let value = Json::parse(r#"{"user": "svc", "password": "x7Yz90aB"}"#)?;
/// let change = redaction.change(ModelType::Connector, "login", None, Some(&value));
/// assert_eq!(change.new.unwrap().get(), r#"{"user":"svc","password":"[redacted]"}"#);
/// # Ok::<(), krosyn_audit::model::json::JsonError>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct Redaction {
    classifier: Classifier,
}

/// How often a value is read at most. A value that still shows new secrets is redacted as a whole.
const MAX_PASSES: usize = 6;

impl Redaction {
    /// The built-in rules and `additional_names`: further keys, in any spelling, that name a credential.
    #[must_use]
    pub fn new(additional_names: &[String]) -> Self {
        let redaction = Self::default();
        redaction.set_additional_names(additional_names);
        redaction
    }

    /// Replaces the additional names, also in all clones: a server reads them again without a restart.
    pub fn set_additional_names(&self, names: &[String]) {
        self.classifier.set_additional_names(names.iter().map(|name| normalize::joined(name)));
    }

    /// The change of a field as it may be stored.
    #[must_use]
    pub fn change(
        &self,
        model_type: ModelType,
        field: &str,
        old: Option<&Json>,
        new: Option<&Json>,
    ) -> Change {
        let rule = field_names::rule(&self.classifier, model_type, field);
        let name = field_names::last(field);
        let is_secret = |side: Option<&Json>| side.is_some_and(|value| is_redacted(rule, &name, value));
        let field = self.field(model_type, field);
        let redactor = JsonRedactor { classifier: &self.classifier, model_type, strings: 0 };
        let (mut kept_old, mut kept_new) = (old.map(Cow::Borrowed), new.map(Cow::Borrowed));
        // A marker may show that the value beside it is a secret too. Most values hold no secret and are read once.
        for _ in 0..MAX_PASSES {
            if is_secret(kept_old.as_deref()) || is_secret(kept_new.as_deref()) {
                break;
            }
            let read_old = kept_old.as_deref().map(|value| redactor.value(rule, &name, value, None));
            let read_new =
                kept_new.as_deref().map(|value| redactor.value(rule, &name, value, kept_old.as_deref()));
            if read_old.as_ref() == kept_old.as_deref() && read_new.as_ref() == kept_new.as_deref() {
                let [old, new] = [read_old, read_new].map(|side| side.as_ref().map(RawJson::from));
                return Change { field, old, new, redacted: false };
            }
            (kept_old, kept_new) = (read_old.map(Cow::Owned), read_new.map(Cow::Owned));
        }
        Change { field, old: None, new: None, redacted: true }
    }

    /// A field's name without the values in it.
    #[must_use]
    pub fn field(&self, model_type: ModelType, field: &str) -> String {
        field_names::redact_field(&self.classifier, model_type, field)
    }

    /// A name, a description or a reason without the credentials in it.
    #[must_use]
    pub fn text<'a>(&self, text: &'a str) -> Cow<'a, str> {
        text::redact(text, REDACTED, &self.classifier, true)
    }
}
