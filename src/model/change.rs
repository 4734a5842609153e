//! A changed field with its old and new value, and the list of an entry's changes.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::ToSchema;

use crate::model::json::{Json, JsonError, RawJson, null_is_default, present};

/// Replaces a credential within a value.
pub const REDACTED: &str = "[redacted]";
/// Replaces a credential on the new side, where both sides held one and they differ.
pub const REDACTED_CHANGED: &str = "[redacted, changed]";

/// One changed field. A side may be absent (`created` has only `new`, `deleted` only `old`); `null` is a value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Change {
    /// The field's name, as the platform shows it.
    #[schema(example = "status")]
    pub field: String,
    /// The value before, any JSON.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<serde_json::Value>, nullable, example = "active")]
    pub old: Option<RawJson>,
    /// The value after, any JSON.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<serde_json::Value>, nullable, example = "disabled")]
    pub new: Option<RawJson>,
    /// True when the values were not stored because they are secret. In an update, `[redacted]` then marks each side that
    /// existed, or `[redacted, changed]` the new side when both existed. Both sides are absent in a creation or deletion,
    /// and where it is unknown which sides existed.
    #[serde(default, deserialize_with = "null_is_default", skip_serializing_if = "std::ops::Not::not")]
    pub redacted: bool,
}

impl Change {
    /// The change of a secret: it shows which sides existed, but not their values.
    #[must_use]
    pub fn of_secret(field: String, had_old: bool, has_new: bool) -> Self {
        let mark = |text: &str| RawJson::from(&Json::String(text.to_owned()));
        let old = had_old.then(|| mark(REDACTED));
        let new = has_new.then(|| mark(if had_old { REDACTED_CHANGED } else { REDACTED }));
        Self { field, old, new, redacted: true }
    }
}

/// An entry's changes as the JSON array that is stored and sent. It is parsed only where needed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Changes(RawJson);

impl Changes {
    /// Takes a stored text.
    ///
    /// # Errors
    /// [`JsonError`] when it is not JSON: the store's file was damaged.
    pub fn from_text(text: String) -> Result<Self, JsonError> {
        RawJson::from_text(text).map(Self)
    }

    /// The JSON array as text.
    #[must_use]
    pub fn get(&self) -> &str {
        self.0.get()
    }

    pub(super) fn raw(&self) -> &RawValue {
        self.0.raw()
    }

    /// Parses the changes.
    ///
    /// # Errors
    /// [`JsonError`] when the text is no list of changes.
    pub fn list(&self) -> Result<Vec<Change>, JsonError> {
        Ok(serde_json::from_str(self.get())?)
    }

    /// The changes in the format of earlier versions, which did not store the sides of secrets; `None` when the two are
    /// equal.
    pub(super) fn without_secret_sides(&self) -> Option<Self> {
        // Most entries change no secret, which shows without parsing.
        if !self.get().contains(r#""redacted":true"#) {
            return None;
        }
        let mut changes = self.list().ok()?;
        let mut secrets = changes.iter_mut().filter(|change| change.redacted).peekable();
        secrets.peek()?;
        secrets.for_each(|change| (change.old, change.new) = (None, None));
        Some(Self::from(changes.as_slice())).filter(|changes| changes != self)
    }

    /// The names of the fields, without parsing their values.
    ///
    /// # Errors
    /// As [`Changes::list`].
    pub fn fields(&self) -> Result<Vec<String>, JsonError> {
        #[derive(Deserialize)]
        struct Name {
            field: String,
        }
        let names: Vec<Name> = serde_json::from_str(self.get())?;
        Ok(names.into_iter().map(|name| name.field).collect())
    }
}

impl From<&[Change]> for Changes {
    #[expect(clippy::expect_used, reason = "changes hold strings and JSON that always serialize")]
    fn from(changes: &[Change]) -> Self {
        let text = serde_json::to_string(changes).expect("changes serialize");
        Self(RawJson::from_text(text).expect("serialized changes are JSON"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::fixtures::change;

    #[test]
    fn null_is_a_value_and_absence_is_not() {
        let text = r#"{"field":"email","old":null,"new":1e400}"#;
        assert_eq!(serde_json::to_string(&change(text)).expect("serialises"), text);
        let created = change(r#"{"field":"email","new":""}"#);
        assert!(created.old.is_none() && created.new.is_some());
        assert!(serde_json::from_str::<Change>(r#"{"field":"a","nwe":1}"#).is_err());
    }

    #[test]
    fn a_secret_shows_its_sides_unless_they_are_left_out() {
        let secret = |had_old, has_new| Change::of_secret("token".to_owned(), had_old, has_new);
        let told: Vec<_> = [(true, true), (true, false), (false, true)]
            .map(|(old, new)| serde_json::to_string(&secret(old, new)).expect("serialises"))
            .into();
        assert_eq!(
            told,
            [
                r#"{"field":"token","old":"[redacted]","new":"[redacted, changed]","redacted":true}"#,
                r#"{"field":"token","old":"[redacted]","redacted":true}"#,
                r#"{"field":"token","new":"[redacted]","redacted":true}"#,
            ]
        );
        let changes = Changes::from([secret(true, false), change(r#"{"field":"a","old":1.0}"#)].as_slice());
        let before = changes.without_secret_sides().expect("it has a secret");
        assert_eq!(before.get(), r#"[{"field":"token","redacted":true},{"field":"a","old":1.0}]"#);
        assert!(before.without_secret_sides().is_none());
    }

    #[test]
    fn changes_keep_their_text() {
        let text = r#"[{"field":"n","old":1.10,"new":2e0}]"#;
        let changes: Changes = serde_json::from_str(text).expect("a list");
        assert_eq!(serde_json::to_string(&changes).expect("serialises"), text);
        assert_eq!(changes.list().expect("a list").len(), 1);
    }
}
