//! The secrets of the demo as they are created. Later changes are not known here.

use crate::demo::fields::{object, text};
use crate::demo::planted;
use crate::model::json::Json;

/// The lasting secrets: id, name and description.
pub(super) const SECRETS: &[(&str, &str, &str)] = &[
    ("1", "CRM_API_KEY", "Salesforce and the Gulf CRM, read and write"),
    ("2", "STRIPE_API_KEY", "Restricted key: payments, read only"),
    ("3", "WAREHOUSE_API_KEY", "Warehouse ingest API, team Data"),
    ("4", "PAGERDUTY_ROUTING_KEY", "Routing key of the integrations service"),
    ("5", "TELEMETRY_TOKEN", "Robots' telemetry, write only"),
    ("6", "SUPPORT_API_KEY", "Zendesk, shared with support"),
    ("7", "TOKYO_WMS_KEY", "東京倉庫の API キー"),
    ("8", "SAP_PASSWORD", "Technical user KROSYN_RFC"),
    ("9", "HAIFA_WMS_KEY", "מפתח המחסן בחיפה"),
    ("10", "BANK_SIGNING_KEY", "Signs SEPA files; renewed by the bank each spring"),
    ("11", "SHOPIFY_TOKEN", "Custom app \"Tramontana Sync\""),
    ("12", "DATEV_TOKEN", "Tax adviser's portal"),
    ("13", "SLACK_BOT_TOKEN", "Posts to #releases and #support"),
    ("14", "DHL_API_KEY", "Business account 6.2"),
];

/// A secret whose value has the format of a well-known key.
pub(super) const CLOUD_KEY: (&str, &str) = ("15", "AWS_ACCESS_KEY");

pub(super) fn secret(name: &str, value: String, description: &str) -> Json {
    object([("name", text(name)), ("value", text(value)), ("description", text(description))])
}

/// The first value of a secret, in the format of its service where the name tells one.
pub(super) fn first_value(id: &str, name: &str) -> String {
    match name {
        "STRIPE_API_KEY" => planted::stripe_key(),
        "BANK_SIGNING_KEY" => planted::private_key(),
        "DATEV_TOKEN" => planted::jwt(),
        "SLACK_BOT_TOKEN" => planted::slack_token(),
        "AWS_ACCESS_KEY" => planted::aws_key(),
        _ => planted::secret_value(id),
    }
}
