//! The enumerations of the logs: actions, model types, channels, kinds of users, plans, scopes and dimensions.
//!
//! Many spellings are accepted (`Updated`, `update`, `Connector Endpoint`, `connector-endpoint`), and one is written. Some
//! words occur only in the trail: where a person or a program types a word, `FromStr` accepts those of the audit log, and
//! `read_in` those of either log. What a server or a store has written is deserialized from the words of both.

mod log;

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A word that is not accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownWord {
    /// The expected kind of word, such as `action`.
    pub what: &'static str,
    /// The word as typed.
    pub given: String,
    /// The accepted words, in their written form.
    pub accepted: Vec<&'static str>,
    /// The log that has this word, if it is not the one asked.
    pub found_in: Option<Log>,
}

impl UnknownWord {
    /// The most similar accepted word, if one is similar.
    #[must_use]
    pub fn nearest(&self) -> Option<&'static str> {
        let given = folded(&shortened(&self.given));
        let similarity = |word: &&'static str| (strsim::jaro_winkler(&given, &folded(word)), *word);
        let best = self.accepted.iter().map(similarity).max_by(|a, b| a.0.total_cmp(&b.0))?;
        (best.0 >= 0.75).then_some(best.1)
    }
}

impl fmt::Display for UnknownWord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { what, given, accepted, found_in } = self;
        let (given, accepted) = (shortened(given), accepted.join(", "));
        match found_in {
            Some(log) => {
                write!(f, "{what} {given:?} occurs only in the {}: expected one of {accepted}", log.label())
            }
            None => write!(f, "unknown {what} {given:?}: expected one of {accepted}"),
        }
    }
}
impl std::error::Error for UnknownWord {}

/// The most characters of a wrong value that a message quotes.
const MAX_QUOTED: usize = 64;

/// The start of a wrong value for a message, because the value may be long.
#[must_use]
pub fn shortened(given: &str) -> std::borrow::Cow<'_, str> {
    match given.char_indices().nth(MAX_QUOTED) {
        Some((end, _)) => format!("{}…", &given[..end]).into(),
        None => given.into(),
    }
}

/// The word in lower case without separators, so that all spellings of a compound are equal.
fn folded(word: &str) -> String {
    word.chars().filter(|c| !matches!(c, ' ' | '-' | '_')).flat_map(char::to_lowercase).collect()
}

/// Declares an enumeration: for each variant its written word, and other words that are accepted. The second list has the
/// words that occur only in the trail.
macro_rules! words {
    (
        $(#[$doc:meta])* $name:ident ($what:literal) {
            $($(#[$variant_doc:meta])* $variant:ident = $word:literal $(| $other:literal)*,)+
        } $(trail {
            $($(#[$trail_doc:meta])* $trail_variant:ident = $trail_word:literal,)+
        })?
    ) => {
        $(#[$doc])*
        // Each word is its variant in snake case. `rename = $word` would not reach the OpenAPI document.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, ToSchema)]
        #[serde(rename_all = "snake_case")]
        pub enum $name {
            $($(#[$variant_doc])* $variant,)+
            $($($(#[$trail_doc])* $trail_variant,)+)?
        }

        impl $name {
            /// All words, in the documented order. The place of a word is its code in a store.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+ $($(Self::$trail_variant,)+)?];
            /// The words that [`FromStr`] accepts: all but those that occur only in the trail.
            const TYPED: &'static [Self] = &[$(Self::$variant,)+];

            /// The written form.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ $($(Self::$trail_variant => $trail_word,)+)? }
            }

            /// The word that a text spells.
            fn spelled(text: &str) -> Option<Self> {
                // Programs send the written form.
                if let Some(word) = Self::ALL.iter().find(|word| word.as_str() == text) {
                    return Some(*word);
                }
                let given = folded(text);
                $(if [$word $(, $other)*].iter().any(|word| folded(word) == given) { return Some(Self::$variant); })+
                Self::ALL.iter().find(|word| folded(word.as_str()) == given).copied()
            }

            /// The word that a text spells, if it is one of these.
            fn spelled_among(text: &str, accepted: &[Self]) -> Result<Self, UnknownWord> {
                let spelled = Self::spelled(text);
                if let Some(word) = spelled.filter(|word| accepted.contains(word)) {
                    return Ok(word);
                }
                let found_in = spelled.map(|word| if Self::TYPED.contains(&word) { Log::Audit } else { Log::Trail });
                let accepted = accepted.iter().map(|word| word.as_str()).collect();
                Err(UnknownWord { what: $what, given: text.to_owned(), accepted, found_in })
            }
        }

        impl FromStr for $name {
            type Err = UnknownWord;
            fn from_str(text: &str) -> Result<Self, UnknownWord> {
                Self::spelled_among(text, Self::TYPED)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                Self::spelled_among(&text, Self::ALL).map_err(serde::de::Error::custom)
            }
        }
    };
}

words! {
    /// A log of an organization.
    Log ("log") {
        /// What users and programs did on the platform.
        Audit = "audit",
        /// Every use of the logs, and every change to them: reads, exports, prunes, tokens, plans.
        Trail = "trail",
    }
}

words! {
    /// The action on the resource.
    Action ("action") {
        /// The resource was created; the entry holds the initial value of each field.
        Created = "created" | "create" | "added" | "add",
        /// Fields were changed; the entry holds the old and the new value of each.
        Updated = "updated" | "update" | "changed" | "change",
        /// The resource was deleted; the entry holds the last value of each field.
        Deleted = "deleted" | "delete" | "removed" | "remove",
    } trail {
        /// A log was queried; the entry holds the query.
        Read = "read",
        /// An export began or ended.
        Exported = "exported",
        /// Expired entries were deleted: one entry before the first is deleted, and one at the end.
        Pruned = "pruned",
        /// A person's data were deleted from entries.
        Erased = "erased",
        /// A server started.
        Started = "started",
        /// A server stopped, or a sweep was paused.
        Stopped = "stopped",
        /// The schema of the store was upgraded.
        Migrated = "migrated",
    }
}

words! {
    /// The type of the resource.
    ModelType ("model type") {
        /// A connector: trigger, process and perform steps.
        Connector = "connector" | "connectors",
        /// An endpoint that triggers a connector.
        ConnectorEndpoint = "connector_endpoint" | "connector_endpoints" | "endpoint" | "endpoints",
        /// A secret, whose value is never stored.
        Secret = "secret" | "secrets",
        /// The settings of the organization.
        Organization = "organization" | "organizations" | "organisation" | "org",
        /// A member of the organization.
        Member = "member" | "members",
    } trail {
        /// A log: its id is `audit` or `trail`.
        AuditLog = "audit_log",
        /// An API token: its id is its name.
        Token = "token",
        /// A hold, which keeps entries beyond their retention.
        Hold = "hold",
        /// A person in the log.
        User = "user",
        /// A server, or the store that it serves.
        Server = "server",
        /// A session of the page: its id is the beginning of a hash.
        Session = "session",
    }
}

impl ModelType {
    /// The word for display, where `connector_endpoint` becomes `endpoint`.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::ConnectorEndpoint => "endpoint",
            other => other.as_str(),
        }
    }
}

words! {
    /// The channel of a change.
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
        /// The Model Context Protocol.
        Mcp = "mcp",
    }
}

words! {
    /// The kind of identity that acted.
    UserKind ("user kind") {
        /// A person.
        User = "user",
        /// An API token that acts for no user.
        Token = "token",
        /// A service account.
        Service = "service",
        /// The platform itself.
        System = "system",
        /// An AI agent or other autonomous program.
        Agent = "agent",
    }
}

words! {
    /// A commercial plan, which determines the retention of entries.
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

words! {
    /// A permission of a token.
    Scope ("scope") {
        /// Read entries, counts and retention.
        Read = "read",
        /// Record entries.
        Record = "record",
        /// Delete expired entries.
        Prune = "prune",
        /// Read the trail: who read, exported or changed the logs.
        Trail = "trail",
        /// Create, show and release legal holds.
        Hold = "hold",
        /// Erase people from the logs.
        Erase = "erase",
    }
}

words! {
    /// The dimension by which entries are counted.
    Dimension ("dimension") {
        /// The date.
        Day = "day" | "date",
        /// The hour of the day, summed over all days.
        Hour = "hour",
        /// The day of the week, summed over all weeks.
        Weekday = "weekday",
        /// The ISO week.
        Week = "week",
        /// The month.
        Month = "month",
        /// The action.
        Action = "action",
        /// The type of the resource.
        ModelType = "model_type" | "type",
        /// The user: the e-mail address, else the name, else the id.
        User = "user",
        /// The changed field: an entry counts once for each of its fields.
        Field = "field",
        /// The channel.
        Via = "via",
        /// The resource, as its type and id.
        Resource = "resource",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn common_spellings_are_accepted_and_one_is_written() {
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
            assert_eq!(serde_json::from_str::<ModelType>(&format!("\"{word}\"")).ok(), Some(word));
            assert_eq!(serde_json::to_string(&word).expect("a word"), format!("\"{word}\""));
        }
    }

    #[test]
    fn an_unknown_word_lists_the_accepted_words_and_the_nearest() {
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
