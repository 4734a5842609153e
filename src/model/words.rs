//! The closed words of the log: what may stand for an action, a model type, a channel, a kind of user, a plan.
//!
//! Forgiving to read (`Updated`, `update`, `Connector Endpoint`, `connector-endpoint`), one way to write.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A word that is none of the accepted ones.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownWord {
    /// What the word should have named, such as `action`.
    pub what: &'static str,
    /// The word as typed.
    pub given: String,
    /// Every accepted word, in its written form.
    pub accepted: Vec<&'static str>,
}

impl UnknownWord {
    /// The accepted word most like the given one, when one is like it at all.
    #[must_use]
    pub fn nearest(&self) -> Option<&'static str> {
        let given = folded(&shortened(&self.given));
        let likeness = |word: &&'static str| (strsim::jaro_winkler(&given, &folded(word)), *word);
        let best = self.accepted.iter().map(likeness).max_by(|a, b| a.0.total_cmp(&b.0))?;
        (best.0 >= 0.75).then_some(best.1)
    }
}

impl fmt::Display for UnknownWord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { what, given, accepted } = self;
        write!(f, "unknown {what} {:?}: expected one of {}", shortened(given), accepted.join(", "))
    }
}
impl std::error::Error for UnknownWord {}

/// How much of a wrong value a message repeats, in characters.
const REPEATED: usize = 64;

/// The beginning of a wrong value, for a message: what was sent may be long, and the sender knows it.
#[must_use]
pub fn shortened(given: &str) -> std::borrow::Cow<'_, str> {
    match given.char_indices().nth(REPEATED) {
        Some((end, _)) => format!("{}…", &given[..end]).into(),
        None => given.into(),
    }
}

/// Lower-cases and drops separators, so that every way to write a compound word meets in one.
fn folded(word: &str) -> String {
    word.chars().filter(|c| !matches!(c, ' ' | '-' | '_')).flat_map(char::to_lowercase).collect()
}

/// Declares one closed set: the written word of each variant, then other words that are read as it.
macro_rules! closed_words {
    ($(#[$doc:meta])* $name:ident ($what:literal) { $($(#[$variant_doc:meta])* $variant:ident = $word:literal $(| $other:literal)*,)+ }) => {
        $(#[$doc])*
        // Each word is its variant in snake case. A rename by `$word` would be lost on the way to the OpenAPI document.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, ToSchema)]
        #[serde(rename_all = "snake_case")]
        pub enum $name {
            $($(#[$variant_doc])* $variant,)+
        }

        impl $name {
            /// Every word, in the order they are documented.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The one way it is written.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }
        }

        impl FromStr for $name {
            type Err = UnknownWord;
            fn from_str(text: &str) -> Result<Self, UnknownWord> {
                // As programs write it.
                if let Some(word) = Self::ALL.iter().find(|word| word.as_str() == text) {
                    return Ok(*word);
                }
                let given = folded(text);
                $(if [$word $(, $other)*].iter().any(|word| folded(word) == given) { return Ok(Self::$variant); })+
                let accepted = Self::ALL.iter().map(|word| word.as_str()).collect();
                Err(UnknownWord { what: $what, given: text.to_owned(), accepted })
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

closed_words! {
    /// What was done to the resource.
    Action ("action") {
        /// The resource came to be; the entry holds every field's first value.
        Created = "created" | "create" | "added" | "add",
        /// Fields changed; the entry holds the old and the new value of each.
        Updated = "updated" | "update" | "changed" | "change",
        /// The resource went away; the entry holds every field's last value.
        Deleted = "deleted" | "delete" | "removed" | "remove",
    }
}

closed_words! {
    /// What kind of thing the resource is.
    ModelType ("model type") {
        /// A connector: trigger, process and perform steps.
        Connector = "connector" | "connectors",
        /// An endpoint through which a connector is triggered.
        ConnectorEndpoint = "connector_endpoint" | "connector_endpoints" | "endpoint" | "endpoints",
        /// A secret, whose value is never kept.
        Secret = "secret" | "secrets",
        /// The organization's own settings.
        Organization = "organization" | "organizations" | "organisation" | "org",
        /// A member of the organization.
        Member = "member" | "members",
    }
}

impl ModelType {
    /// The word on a screen, where `connector_endpoint` reads as `endpoint`.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::ConnectorEndpoint => "endpoint",
            other => other.as_str(),
        }
    }
}

closed_words! {
    /// The channel a change came through.
    Via ("channel") {
        /// The web application.
        Web = "web",
        /// The public API.
        Api = "api",
        /// The command line.
        Cli = "cli",
        /// Terraform.
        Terraform = "terraform",
        /// The platform itself.
        System = "system",
    }
}

closed_words! {
    /// What kind of identity acted.
    UserKind ("user kind") {
        /// A person.
        User = "user",
        /// An API token acting for itself.
        Token = "token",
        /// A service account.
        Service = "service",
        /// The platform itself.
        System = "system",
    }
}

closed_words! {
    /// A commercial plan, which fixes how long entries are kept.
    Plan ("plan") {
        /// 90 days.
        Free = "free",
        /// One year.
        Starter = "starter",
        /// One year.
        Pro = "pro",
        /// Three years.
        Business = "business",
    }
}

closed_words! {
    /// What a token may do.
    Scope ("scope") {
        /// Read entries, counts and retention.
        Read = "read",
        /// Record entries.
        Record = "record",
        /// Delete what has expired.
        Prune = "prune",
    }
}

closed_words! {
    /// What entries are counted by.
    Dimension ("dimension") {
        /// The date.
        Day = "day" | "date",
        /// The hour of the day, over all days.
        Hour = "hour",
        /// The day of the week, over all weeks.
        Weekday = "weekday",
        /// The ISO week.
        Week = "week",
        /// The month.
        Month = "month",
        /// What was done.
        Action = "action",
        /// What kind of resource it was done to.
        ModelType = "model_type" | "type",
        /// Who did it, as a reader knows them: the e-mail address, else the name, else the id.
        User = "user",
        /// Each field that changed: an entry counts once for each of its fields.
        Field = "field",
        /// The channel.
        Via = "via",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_every_usual_spelling_and_writes_one() {
        for word in [
            "connector_endpoint",
            "connector-endpoint",
            "ConnectorEndpoint",
            "Connector Endpoint",
            "endpoint",
        ] {
            assert_eq!(word.parse(), Ok(ModelType::ConnectorEndpoint), "{word}");
        }
        for word in ["updated", "Updated", "UPDATE", "update"] {
            assert_eq!(word.parse(), Ok(Action::Updated), "{word}");
        }
        for &word in ModelType::ALL {
            assert_eq!(word.as_str().parse(), Ok(word));
            assert_eq!(serde_json::to_string(&word).expect("a word"), format!("\"{word}\""));
        }
    }

    #[test]
    fn an_unknown_word_lists_the_accepted_ones_and_the_nearest() {
        let error = "updatd".parse::<Action>().expect_err("unknown");
        assert_eq!(
            error.to_string(),
            r#"unknown action "updatd": expected one of created, updated, deleted"#
        );
        assert_eq!(error.nearest(), Some("updated"));
        assert_eq!("xyzzy".parse::<Action>().expect_err("unknown").nearest(), None);
        assert!("".parse::<Action>().is_err());
    }
}
