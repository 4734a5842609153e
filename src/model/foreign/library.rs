//! The audit libraries whose tables can be imported, and their detection by column names.

use std::fmt;
use std::str::FromStr;

use crate::model::foreign::layout::ColumnLayout;
use crate::model::foreign::{activitylog, audited, django_auditlog, laravel, paper_trail, simple_history};

/// An audit library whose table can be imported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AuditLibrary {
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

impl AuditLibrary {
    /// All libraries, in the order of the documentation.
    pub(crate) const ALL: [Self; 6] = [
        Self::LaravelAuditing,
        Self::ActivityLog,
        Self::DjangoAuditlog,
        Self::SimpleHistory,
        Self::PaperTrail,
        Self::Audited,
    ];

    /// The name for `--from`.
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

    /// Detects the library whose table has these columns.
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

    pub(crate) const fn layout(self) -> ColumnLayout {
        match self {
            Self::LaravelAuditing => laravel::LAYOUT,
            Self::ActivityLog => activitylog::LAYOUT,
            Self::DjangoAuditlog => django_auditlog::LAYOUT,
            Self::SimpleHistory => simple_history::LAYOUT,
            Self::PaperTrail => paper_trail::LAYOUT,
            Self::Audited => audited::LAYOUT,
        }
    }

    /// Whether each row holds the whole resource, so that its changes are computed from the resource's previous row.
    pub(crate) const fn needs_previous(self) -> bool {
        matches!(self, Self::SimpleHistory)
    }
}

impl fmt::Display for AuditLibrary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for AuditLibrary {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let folded = |text: &str| text.to_lowercase().replace(['-', '_', ' '], "");
        let given = folded(text.rsplit('/').next().unwrap_or(text));
        let found = Self::ALL.into_iter().find(|library| folded(library.name()) == given);
        found
            .or_else(|| (given == "activitylog").then_some(Self::ActivityLog))
            .ok_or_else(|| format!("expected one of {}", Self::ALL.map(Self::name).join(", ")))
    }
}
