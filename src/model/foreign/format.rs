//! The audit libraries whose tables are known, and the columns by which.

use std::fmt;
use std::str::FromStr;

use crate::model::foreign::{activitylog, audited, django_auditlog, laravel, paper_trail, simple_history};

/// An audit library whose table can be imported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    /// owen-it/laravel-auditing.
    LaravelAuditing,
    /// spatie/laravel-activitylog.
    ActivityLog,
    /// django-auditlog.
    DjangoAuditlog,
    /// django-simple-history.
    SimpleHistory,
    /// Rails: `PaperTrail`.
    PaperTrail,
    /// Rails: audited.
    Audited,
}

/// The columns of a format that are read before the row as a whole is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Layout {
    /// The row's own id.
    pub id: &'static str,
    /// When the row was written.
    pub time: &'static str,
    /// Columns of which one holds the user's id.
    pub(super) user_id: &'static [&'static str],
    /// The column with the user's class, where there is one.
    pub(super) user_type: &'static str,
    /// Every other column that is read, or that says nothing beside those that are.
    pub(super) others: &'static [&'static str],
}

impl Layout {
    /// Whether a column is read, or says nothing beside those that are.
    pub(crate) fn has(&self, name: &str) -> bool {
        [self.id, self.time, self.user_type].contains(&name)
            || self.user_id.contains(&name)
            || self.others.contains(&name)
    }
}

impl Format {
    /// Every format, in the order they are documented.
    pub(crate) const ALL: [Self; 6] = [
        Self::LaravelAuditing,
        Self::ActivityLog,
        Self::DjangoAuditlog,
        Self::SimpleHistory,
        Self::PaperTrail,
        Self::Audited,
    ];

    /// The name it is chosen by.
    #[must_use]
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::LaravelAuditing => "laravel-auditing",
            Self::ActivityLog => "laravel-activitylog",
            Self::DjangoAuditlog => "django-auditlog",
            Self::SimpleHistory => "django-simple-history",
            Self::PaperTrail => "paper-trail",
            Self::Audited => "audited",
        }
    }

    /// The format whose table has these columns.
    pub(crate) fn of<'a>(columns: impl IntoIterator<Item = &'a str>) -> Option<Self> {
        let columns: Vec<&str> = columns.into_iter().collect();
        let has = |name: &str| columns.contains(&name);
        if has("audited_changes") || has("auditable_type") && has("action") && !has("event") {
            Some(Self::Audited)
        } else if has("auditable_type") {
            Some(Self::LaravelAuditing)
        } else if has("subject_type") && (has("causer_id") || has("causer_type") || has("log_name")) {
            Some(Self::ActivityLog)
        } else if has("object_pk") && (has("content_type_id") || has("content_type")) {
            Some(Self::DjangoAuditlog)
        } else if has("history_date") && has("history_type") {
            Some(Self::SimpleHistory)
        } else if has("item_type") && has("item_id") && has("event") {
            Some(Self::PaperTrail)
        } else {
            None
        }
    }

    /// The columns that are read apart from the rest.
    #[must_use]
    pub(crate) const fn layout(self) -> Layout {
        match self {
            Self::LaravelAuditing => laravel::LAYOUT,
            Self::ActivityLog => activitylog::LAYOUT,
            Self::DjangoAuditlog => django_auditlog::LAYOUT,
            Self::SimpleHistory => simple_history::LAYOUT,
            Self::PaperTrail => paper_trail::LAYOUT,
            Self::Audited => audited::LAYOUT,
        }
    }

    /// Whether a row holds the whole resource, so that only the row before it tells what changed.
    #[must_use]
    pub(crate) const fn needs_previous(self) -> bool {
        matches!(self, Self::SimpleHistory)
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Format {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let folded = |text: &str| text.to_lowercase().replace(['-', '_', ' '], "");
        let given = folded(text.rsplit('/').next().unwrap_or(text));
        let found = Self::ALL.into_iter().find(|format| folded(format.name()) == given);
        found
            .or_else(|| (given == "activitylog").then_some(Self::ActivityLog))
            .ok_or_else(|| format!("expected one of {}", Self::ALL.map(Self::name).join(", ")))
    }
}
