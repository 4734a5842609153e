//! The connector endpoints of the demo as they are created. Later changes are not known here.

use chrono::TimeDelta;

use crate::demo::fields::{json, object, text};
use crate::demo::planted;
use crate::model::json::Json;
use crate::model::timestamp::Timestamp;

/// The lasting endpoints: id, connector, and the origin that may call it.
pub(super) const ENDPOINTS: &[(&str, &str, &str)] = &[
    ("1", "1", "https://hooks.hubspot.example"),
    ("2", "2", "https://events.stripe.example"),
    ("3", "42", "https://eu12.salesforce.example"),
    ("4", "3", "https://jira.tramontana.example"),
    ("5", "4", "https://fleet.tramontana.example"),
    ("6", "5", "https://tramontana.zendesk.example"),
    ("7", "6", "https://受注.example"),
    ("8", "7", "https://shop.tramontana.example"),
    ("9", "8", "https://wms-haifa.example"),
    ("10", "9", "https://bank.example"),
    ("11", "13", "https://erp.tramontana.example"),
    ("12", "15", "https://stock.tramontana.example"),
    ("13", "16", "https://push.dhl.example"),
    ("14", "18", "https://ci.tramontana.example"),
    ("15", "22", "https://returns.tramontana.example"),
];

/// The fields of an endpoint created at `at`.
pub(super) fn endpoint(id: &str, connector_id: &str, origin: &str, at: Timestamp) -> Json {
    let headers = object([("X-Tramontana-Auth", text(planted::auth_header(id)))]);
    object([
        ("connector_id", json(connector_id)),
        ("url", text(format!("https://tramontana.krosyn.example/api/v1/connectors/{connector_id}/trigger"))),
        ("bearer_token", text(planted::bearer_token(id))),
        ("secret_token", text(planted::secret_token(id))),
        ("webhook_secret", text(planted::webhook_secret(id))),
        ("custom_auth_headers", headers),
        ("allowed_urls", Json::Array(vec![text(origin)])),
        ("token_expires_at", expiry(at)),
    ])
}

/// The expiry of a token created at `at`.
pub(super) fn expiry(at: Timestamp) -> Json {
    let day = at.plus(TimeDelta::days(90)).datetime().date_naive();
    text(format!("{day}T00:00:00Z"))
}
