//! The two logs of an organization, and the words that occur in each.

use crate::model::words::{Action, Log, ModelType, UnknownWord};

impl Log {
    /// The log in a sentence.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Audit => "audit log",
            Self::Trail => "trail",
        }
    }
}

impl Action {
    /// The actions that occur in a log.
    #[must_use]
    pub const fn of(log: Log) -> &'static [Self] {
        match log {
            Log::Audit => Self::TYPED,
            Log::Trail => Self::ALL,
        }
    }

    /// The action of this log that a text spells.
    ///
    /// # Errors
    /// [`UnknownWord`], with the actions of the log.
    pub fn read_in(log: Log, text: &str) -> Result<Self, UnknownWord> {
        Self::spelled_among(text, Self::of(log))
    }

    /// Whether the resource has another state afterwards.
    #[must_use]
    pub const fn is_change(self) -> bool {
        matches!(self, Self::Created | Self::Updated | Self::Deleted)
    }
}

impl ModelType {
    /// The types that occur in a log.
    #[must_use]
    pub const fn of(log: Log) -> &'static [Self] {
        match log {
            Log::Audit => Self::TYPED,
            Log::Trail => &[
                Self::AuditLog,
                Self::Token,
                Self::Session,
                Self::Hold,
                Self::User,
                Self::Server,
                Self::Organization,
            ],
        }
    }

    /// The type of this log that a text spells.
    ///
    /// # Errors
    /// [`UnknownWord`], with the types of the log.
    pub fn read_in(log: Log, text: &str) -> Result<Self, UnknownWord> {
        Self::spelled_among(text, Self::of(log))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_log_accepts_its_own_words_and_says_which_log_has_the_others() {
        for log in Log::ALL {
            for action in Action::ALL {
                assert_eq!(
                    Action::read_in(*log, action.as_str()).is_ok(),
                    Action::of(*log).contains(action),
                    "{log} {action}"
                );
            }
            for model_type in ModelType::ALL {
                let is_there = ModelType::of(*log).contains(model_type);
                assert_eq!(
                    ModelType::read_in(*log, model_type.as_str()).is_ok(),
                    is_there,
                    "{log} {model_type}"
                );
            }
        }
        assert_eq!(
            "Read".parse::<Action>().expect_err("of the trail").to_string(),
            r#"action "Read" occurs only in the trail: expected one of created, updated, deleted"#
        );
        assert_eq!(
            ModelType::read_in(Log::Trail, "connector").expect_err("of the audit log").to_string(),
            r#"model type "connector" occurs only in the audit log: expected one of audit_log, token, session, hold, user, server, organization"#
        );
        assert_eq!(ModelType::read_in(Log::Trail, "Audit Log"), Ok(ModelType::AuditLog));
        assert_eq!(Action::read_in(Log::Trail, "prune").expect_err("no word").nearest(), Some("pruned"));
    }
}
