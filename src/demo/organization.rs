//! The invented organization. Its people and resources are not known here.

use crate::demo::fields::{json, object, text};
use crate::model::json::Json;

/// The organization's slug.
pub const SLUG: &str = "tramontana-robotics";
/// The organization's name.
pub const ORGANIZATION_NAME: &str = "Tramontana Robotics";

/// The id of its settings.
pub(super) const ORGANIZATION_ID: &str = "1";

/// Its first settings.
pub(super) fn settings() -> Json {
    object([
        ("name", text(ORGANIZATION_NAME)),
        ("slug", text(SLUG)),
        ("contact_email", text("hello@tramontana.example")),
        ("require_2fa", json("false")),
        ("grace_period_days", json("14")),
    ])
}
