//! The connectors of the demo as they are created: names, steps, and one long trigger. Later changes are not known here.

use crate::demo::fields::{json, object, set, text};
use crate::demo::planted;
use crate::model::json::Json;

/// A connector: its id, its name, the noun of what it carries (such as `order`), the host it sends to, and its secret.
pub(super) type Template = (&'static str, &'static str, &'static str, &'static str, &'static str);

/// The connector of the incident.
pub(super) const WAREHOUSE: &str = "42";
/// The connector of the cases about lists and odd values. The routine does not change it.
pub(super) const SAP: &str = "7";

/// The lasting connectors in the order of creation.
pub(super) const CONNECTORS: &[Template] = &[
    ("1", "HubSpot Leads → Salesforce", "lead", "salesforce.example", "CRM_API_KEY"),
    ("2", "Stripe Payments → Ledger", "payment", "ledger.tramontana.example", "STRIPE_API_KEY"),
    ("42", "Salesforce Accounts → Warehouse", "account", "warehouse.tramontana.example", "WAREHOUSE_API_KEY"),
    ("3", "Jira Incidents → PagerDuty", "ticket", "pagerduty.example", "PAGERDUTY_ROUTING_KEY"),
    ("4", "Robot Telemetry → Timescale", "device", "telemetry.tramontana.example", "TELEMETRY_TOKEN"),
    ("5", "Zendesk Tickets", "ticket", "slack.example", "SUPPORT_API_KEY"),
    ("6", "受注データ同期 → 東京倉庫", "order", "wms-tokyo.example", "TOKYO_WMS_KEY"),
    ("7", "Shopify Orders → SAP", "order", "sap.tramontana.example", "SAP_PASSWORD"),
    ("8", "סנכרון מלאי ← מחסן חיפה", "product", "wms-haifa.example", "HAIFA_WMS_KEY"),
    ("9", "SEPA Direct Debits", "payment", "bank.example", "BANK_SIGNING_KEY"),
    ("10", "مزامنة العملاء", "customer", "crm-gulf.example", "CRM_API_KEY"),
    ("11", "👩‍👩‍👧‍👦 Family Robots 🇪🇸 → CRM", "customer", "salesforce.example", "CRM_API_KEY"),
    (
        "12",
        "Cafe\u{301} Noe\u{308}l Re\u{301}servations",
        "order",
        "cafe.tramontana.example",
        "SHOPIFY_TOKEN",
    ),
    ("13", "Invoices → Datev", "invoice", "datev.example", "DATEV_TOKEN"),
    ("14", "GitHub Releases → Slack", "release", "slack.example", "SLACK_BOT_TOKEN"),
    ("15", "Warehouse Stock → Shopify", "product", "shopify.example", "SHOPIFY_TOKEN"),
    ("16", "DHL Shipments", "shipment", "dhl.example", "DHL_API_KEY"),
    ("17", "Employee Onboarding", "customer", "people.tramontana.example", "CRM_API_KEY"),
    ("18", "Firmware Rollouts", "device", "firmware.tramontana.example", "TELEMETRY_TOKEN"),
    ("19", "Old FTP Bridge (legacy)", "invoice", "ftp.tramontana.example", "SAP_PASSWORD"),
    ("20", "Supplier Catalogue → PIM", "product", "pim.tramontana.example", "WAREHOUSE_API_KEY"),
    ("21", "Customer Feedback → BigQuery", "ticket", "bigquery.example", "AWS_ACCESS_KEY"),
    ("22", "Returns → Repair Shop", "shipment", "repair.tramontana.example", "WAREHOUSE_API_KEY"),
    ("23", "🤖🔧 Spare Parts 🇯🇵", "product", "wms-tokyo.example", "TOKYO_WMS_KEY"),
    ("24", "RMA Labels", "shipment", "dhl.example", "DHL_API_KEY"),
    ("25", "Time Sheets → Payroll", "invoice", "payroll.tramontana.example", "DATEV_TOKEN"),
];

/// Connector names of the penetration tester, with ids. Terminals and spreadsheets must survive them.
pub(super) const HOSTILE: &[(&str, &str)] = &[
    ("31", "\u{1b}[31mRed Alert\u{1b}[0m\u{7}"),
    ("32", "=HYPERLINK(\"http://evil.example\",\"click\")"),
    ("33", "+SUM(1+1)*cmd|' /C calc'!A0"),
    ("34", "@channel notifier"),
    ("35", "Orders, \"priority\"\nEU only"),
    ("36", "invoice\u{202e}gpj.exe\u{200b}\u{feff}"),
];

pub(super) fn from_template((id, name, noun, host, secret): &Template) -> Json {
    let mut fields = object([
        ("name", text(*name)),
        ("example_payload", example_payload(noun, id)),
        ("status", text("active")),
        ("trigger", text(trigger(noun))),
        ("process", process(noun, host, secret)),
        ("perform", perform(noun, host, secret)),
    ]);
    if *id == WAREHOUSE {
        set(&mut fields, "trigger", text(WAREHOUSE_TRIGGER));
        set(&mut fields, "process.mappings", mappings(WAREHOUSE_MAPPINGS));
        let retry = json(r#"{"max": 3, "base_ms": 250, "legacy_backoff": true}"#);
        set(&mut fields, "perform.retry", retry);
        set(&mut fields, "perform.headers.Authorization", text(planted::authorization()));
    }
    fields
}

/// A connector with a trigger only, for trials.
pub(super) fn bare(name: &str, noun: &str) -> Json {
    object([
        ("name", text(name)),
        ("example_payload", example_payload(noun, "bare")),
        ("status", text("disabled")),
        ("trigger", text(trigger(noun))),
        ("process", Json::Null),
        ("perform", Json::Null),
    ])
}

/// An example event. It is a customer's data and must never be shown.
pub(super) fn example_payload(noun: &str, which: &str) -> Json {
    let sent = text(planted::payload(which));
    let line = json(r#"{"quantity": 2, "currency": "EUR"}"#);
    object([("type", text(noun)), ("sent_by", sent), ("lines", Json::Array(vec![line]))])
}

fn trigger(noun: &str) -> String {
    format!(
        "let event = request.body\nlet {noun} = event.{noun}\n\n# Test events are marked by the sender.\n\
         reject when event.test == true\nreject when {noun}.id == null\n\nlimit 100 per minute\n\n\
         emit {{\n  id: {noun}.id,\n  at: event.created_at,\n  {noun}: {noun},\n}}"
    )
}

fn process(noun: &str, host: &str, secret: &str) -> Json {
    let headers = object([
        ("Accept", text("application/json")),
        ("Authorization", text(format!("Bearer $secret.{secret}"))),
    ]);
    let fields: &[(&str, &str)] = match noun {
        "order" => {
            &[("Id", "order_id"), ("Customer", "customer_id"), ("Total", "amount"), ("Currency", "currency")]
        }
        "payment" => &[("Id", "payment_id"), ("Amount", "amount"), ("Mandate", "mandate_ref")],
        "ticket" => {
            &[("Id", "ticket_id"), ("Subject", "title"), ("Priority", "severity"), ("Requester", "from")]
        }
        "device" => &[("Serial", "serial"), ("Firmware", "version"), ("Site", "site_id")],
        "product" => &[("Sku", "sku"), ("Title", "name"), ("Stock", "on_hand")],
        "shipment" => &[("Tracking", "tracking_no"), ("Carrier", "carrier"), ("Weight", "grams")],
        _ => &[("Id", "id"), ("Name", "name"), ("CreatedAt", "created_at")],
    };
    object([
        ("lookup_url", text(format!("https://{host}/lookup/{noun}s"))),
        ("lookup_headers", headers),
        ("lookup_query", json(r#"{"expand": "owner", "page_size": 50}"#)),
        ("mappings", mappings(fields)),
    ])
}

fn perform(noun: &str, host: &str, secret: &str) -> Json {
    let headers = object([
        ("Content-Type", text("application/json")),
        ("Authorization", text(format!("Bearer $secret.{secret}"))),
    ]);
    object([
        ("url", text(format!("https://{host}/v1/{noun}s"))),
        ("method", text("POST")),
        ("headers", headers),
        ("body", json(r#"{"source": "krosyn", "batch_size": 25}"#)),
        ("retry", json(r#"{"max": 3, "base_ms": 250, "jitter": "equal"}"#)),
        ("circuit_breaker", json(r#"{"threshold": 5, "window_s": 60, "cooldown_s": 30}"#)),
    ])
}

fn mappings(pairs: &[(&str, &str)]) -> Json {
    Json::Array(pairs.iter().map(|(from, to)| mapping(from, to)).collect())
}

pub(super) fn mapping(from: &str, to: &str) -> Json {
    object([("from", text(from)), ("to", text(to))])
}

const WAREHOUSE_MAPPINGS: &[(&str, &str)] = &[
    ("Id", "account_id"),
    ("Name", "name"),
    ("Email", "email"),
    ("Fax", "fax"),
    ("BillingCity", "city"),
    ("BillingCountry", "country"),
    ("Industry", "industry"),
    ("Owner", "owner_id"),
];

const WAREHOUSE_TRIGGER: &str = r#"# Accounts from Salesforce, one row of the warehouse each.
let event = request.body
let row = {}

reject when event.sobject != "Account"
reject when event.test == true

let Account = event.account
row.account_id = Account.Id
row.name = trim(Account.Name)
row.website = Account.Website
row.email = Account.Email
row.phone = Account.Phone
row.city = Account.BillingCity
row.country = iso_country(Account.BillingCountry)

# Owners who left keep their accounts until the nightly hand-over.
let owner = Account.Owner
row.owner_id = owner.Id
row.owner_active = owner.IsActive

match Account.Type {
  "Customer" => row.kind = "customer",
  "Partner" => row.kind = "partner",
  "Prospect" => row.kind = "lead",
  _ => row.kind = "other",
}

# Revenue comes as text in the currency of the account.
let revenue = number(Account.AnnualRevenue)
row.revenue_eur = convert(revenue, Account.CurrencyIsoCode, "EUR")
row.segment = if row.revenue_eur > 1000000 { "enterprise" } else { "standard" }

# The same account arrives up to three times within a minute.
dedupe by row.account_id within 60s
limit 100 per minute

emit {
  op: event.operation,
  at: event.timestamp,
  row: row,
}"#;
