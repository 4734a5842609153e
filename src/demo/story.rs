//! The last two days: incident INC-2041, and other changes. Earlier days are not known here.
//!
//! Júlia sets the retries of the warehouse connector to ten. At night the warehouse receives masses of duplicates. Marc switches
//! the connector off. A token is found in a public log, and all credentials are rotated. Kwame switches the connector on again,
//! and this morning Ana disables it to repair it. The newest entries are the first screen that a newcomer sees.

use crate::demo::calendar::Schedule;
use crate::demo::connectors::{HOSTILE, SAP, WAREHOUSE, mapping};
use crate::demo::edits::toggle_status;
use crate::demo::endpoints::{endpoint, expiry};
use crate::demo::fields::{edit_list, edit_text, json, number, set, text, unset};
use crate::demo::history::EntryBuilder;
use crate::demo::people::{
    ANA, ASSISTANT, DemoUser, JULIA, KWAME, MARC, MISAKI, NOOR, PRIYA, SSO, TERRAFORM, YAEL, ZOE,
};
use crate::demo::planted;
use crate::demo::secrets::secret;
use crate::model::json::Json;
use crate::model::words::ModelType::{Connector, ConnectorEndpoint, Member, Secret};
use crate::model::words::Via;

const INCIDENT: &str = "INC-2041";

/// Schedules the last two days.
pub(super) fn schedule(schedule: &mut Schedule) {
    for (ago, person, id, path, value) in EDITS {
        step(schedule, *ago, person, move |act| {
            act.update(Connector, id, |fields| set(fields, path, json(value)));
        });
    }
    before_the_incident(schedule);
    incident(schedule);
    rotation_and_recovery(schedule);
    other_business(schedule);
    first_screen(schedule);
}

/// The time before now: hours, minutes and milliseconds.
type TimeAgo = (i64, i64, i64);

/// Edits of one value of a connector: its id, the path, and the new JSON value.
const EDITS: &[(TimeAgo, &DemoUser, &str, &str, &str)] = &[
    ((47, 31, 40_903), &JULIA, WAREHOUSE, "process.lookup_query.page_size", "200"),
    ((46, 2, 12_551), &MISAKI, "6", "perform.body.batch_size", "120"),
    ((45, 48, 3_077), &ZOE, "12", "perform.body.greeting", r#""Benvinguts 👋🏽""#),
    ((44, 20, 51_230), &YAEL, "8", "process.lookup_query.locale", r#""he-IL""#),
    ((43, 9, 27_614), &PRIYA, SAP, "perform.body.template.first_id", "9007199254740995"),
    ((32, 40, 18_022), &MARC, "20", "perform.circuit_breaker.window_s", "10"),
    ((27, 39, 36_504), &MARC, "20", "perform.circuit_breaker.window_s", "60"),
    ((26, 12, 15_093), &PRIYA, WAREHOUSE, "process.lookup_query.page_size", "50"),
    ((25, 30, 7_431), &MISAKI, "6", "process.lookup_query.倉庫", r#""品川""#),
    ((25, 3, 22_950), &JULIA, "10", "perform.body.language", r#""العربية""#),
    ((24, 11, 50_006), &YAEL, "8", "perform.body.on_empty", r#""דלג""#),
    ((23, 34, 14_880), &MISAKI, "23", "perform.body.flags", r#""🇯🇵🇪🇸""#),
    ((22, 30, 48_263), &ANA, HOSTILE[3].0, "status", r#""active""#),
    ((20, 14, 33_119), &JULIA, "11", "perform.body.household", r#""👨‍👩‍👦 family of 3""#),
];

fn step(
    schedule: &mut Schedule,
    (hours, minutes, millis): TimeAgo,
    person: &'static DemoUser,
    action: impl FnOnce(EntryBuilder<'_>) + 'static,
) {
    let at = schedule.ago(hours, minutes, millis);
    schedule.add(at, move |history, at| action(history.act(at, person)));
}

fn before_the_incident(schedule: &mut Schedule) {
    step(schedule, (49, 5, 19_220), &JULIA, |act| {
        let value = planted::secret_value("salesforce-1");
        let fields = secret("SF_CLIENT_SECRET", value, "Connected app of the new Salesforce org");
        act.create(Secret, "16", fields);
    });
    step(schedule, (47, 52, 8_120), &JULIA, |act| {
        let act = act.because("retries run out when the warehouse restarts");
        act.update(Connector, WAREHOUSE, |fields| {
            set(fields, "perform.retry.max", number(10));
            set(fields, "perform.circuit_breaker.threshold", number(50));
        });
    });
}

fn incident(schedule: &mut Schedule) {
    step(schedule, (33, 14, 31_408), &MARC, |act| {
        let act = act.through(Via::Cli).because(INCIDENT);
        act.update(Connector, WAREHOUSE, toggle_status);
    });
    step(schedule, (33, 2, 5_716), &MARC, |act| {
        act.through(Via::Cli).because(INCIDENT).update(Connector, WAREHOUSE, |fields| {
            set(fields, "perform.retry.max", number(3));
            set(fields, "perform.circuit_breaker.threshold", number(5));
        });
    });
    step(schedule, (31, 55, 44_390), &KWAME, |act| {
        act.because(INCIDENT).update(Connector, WAREHOUSE, |fields| {
            edit_text(fields, "trigger", |old| old.replace("limit 100 per minute", "limit 20 per minute"));
        });
    });
}

fn rotation_and_recovery(schedule: &mut Schedule) {
    step(schedule, (30, 37, 9_845), &ANA, |act| {
        let act = act.because("INC-2041: token seen in a public build log");
        act.update(Secret, "3", |fields| {
            set(fields, "value", text(planted::secret_value("warehouse-inc-2041")));
        });
    });
    step(schedule, (30, 33, 20_301), &ANA, |act| {
        act.because(INCIDENT).update(ConnectorEndpoint, "3", |fields| {
            set(fields, "bearer_token", text(planted::bearer_token("inc-2041")));
            set(fields, "webhook_secret", text(planted::webhook_secret("inc-2041")));
            set(fields, "custom_auth_headers.X-Tramontana-Auth", text(planted::auth_header("inc-2041")));
        });
    });
    step(schedule, (30, 29, 58_117), &ANA, |act| {
        act.because(INCIDENT).update(ConnectorEndpoint, "3", |fields| {
            edit_list(fields, "allowed_urls", |urls| urls.insert(0, text("https://eu27.salesforce.example")));
        });
    });
    for (order, (id, name)) in (0..).zip([("1", "crm"), ("11", "shopify"), ("5", "telemetry"), ("8", "sap")])
    {
        step(schedule, (29, 58, 30_000 - 410 * order), &TERRAFORM, move |act| {
            let value = text(planted::secret_value(&format!("{name}-inc-2041")));
            act.on_behalf_of(&ANA).in_request("rotate after INC-2041").because(INCIDENT).update(
                Secret,
                id,
                |fields| set(fields, "value", value),
            );
        });
    }
    step(schedule, (27, 41, 2_760), &KWAME, |act| {
        act.because(INCIDENT).update(Connector, WAREHOUSE, toggle_status)
    });
}

fn other_business(schedule: &mut Schedule) {
    for (order, ago) in [(22, 44), (22, 43), (22, 41)].into_iter().enumerate() {
        let (id, _) = HOSTILE[order];
        step(schedule, (ago.0, ago.1, 11_207), &ANA, move |act| {
            act.because("PT-7 clean-up").delete(Connector, id);
        });
    }
    step(schedule, (21, 17, 29_954), &ANA, |act| {
        act.because("PT-7 clean-up").delete(Connector, HOSTILE[4].0)
    });
    step(schedule, (20, 50, 17_338), &ZOE, |act| {
        act.update(Connector, "12", |fields| {
            set(fields, "name", text("Cafe\u{301} Noe\u{308}l Re\u{301}servations ☕️"));
        });
    });
}

/// Edits that members left to the assistant: as [`EDITS`].
const DELEGATED_EDITS: &[(TimeAgo, &DemoUser, &str, &str, &str)] = &[
    ((3, 58, 55_512), &MISAKI, "6", "perform.retry.max", "9"),
    ((1, 55, 41_007), &JULIA, "11", "name", r#""👩‍👩‍👧‍👦 Family Robots 🇪🇸🇵🇹 → CRM""#),
];

/// The newest entries, oldest first.
fn first_screen(schedule: &mut Schedule) {
    for (ago, person, id, path, value) in DELEGATED_EDITS {
        step(schedule, *ago, &ASSISTANT, move |act| {
            act.on_behalf_of(person).update(Connector, id, |fields| set(fields, path, json(value)));
        });
    }
    step(schedule, (1, 36, 24_415), &MARC, |act| {
        let reason = "replaced by Invoices → Datev";
        act.through(Via::Cli).because(reason).delete(Connector, "19");
    });
    step(schedule, (1, 12, 13_688), &SSO, |act| {
        act.update(Member, NOOR.id, |fields| set(fields, "role", text("admin")));
    });
    step(schedule, (0, 41, 8_940), &TERRAFORM, |act| {
        let act = act.on_behalf_of(&ANA).in_request("endpoint for the new org").because(INCIDENT);
        act.update(Secret, "16", |fields| {
            set(fields, "value", text(planted::secret_value("salesforce-2")));
        });
    });
    let at = schedule.ago(0, 41, 8_610);
    schedule.add(at, |history, at| {
        let mut fields = endpoint("16", WAREHOUSE, "https://eu27.salesforce.example", at);
        set(&mut fields, "token_expires_at", expiry(at));
        let act = history.act(at, &TERRAFORM).on_behalf_of(&ANA);
        let act = act.in_request("endpoint for the new org").because(INCIDENT);
        act.create(ConnectorEndpoint, "16", fields);
    });
    step(schedule, (0, 4, 12_588), &ANA, |act| {
        act.because(INCIDENT).update(Connector, WAREHOUSE, fix_connector);
    });
}

/// The change in `show latest`: a bit of everything, and all of it visible.
fn fix_connector(fields: &mut Json) {
    set(fields, "status", text("disabled"));
    edit_text(fields, "trigger", |old| old.replace("= Account.Email", "= lower(Account.Email)"));
    edit_list(fields, "process.mappings", |list| {
        list.retain(|item| *item != mapping("Fax", "fax"));
        list.rotate_right(1);
        list.push(mapping("Phone", "phone_e164"));
    });
    set(fields, "perform.retry.max", number(5));
    set(fields, "perform.retry.jitter", text("full"));
    unset(fields, "perform.retry.legacy_backoff");
}
