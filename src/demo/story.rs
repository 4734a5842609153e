//! The last two days, written by hand: incident INC-2041, and what else went on.
//!
//! Júlia lets the warehouse connector retry ten times. At night the warehouse drowns in duplicates; Marc switches the
//! connector off, a token turns up in a public log and everything is rotated, Kwame switches it on again, and this
//! morning Ana stops it to mend it for good. Its newest entries are the first screen a newcomer sees.

use crate::demo::calendar::Plan;
use crate::demo::connectors::{HOSTILE, SAP, WAREHOUSE, mapping};
use crate::demo::edits::turn;
use crate::demo::endpoints::{endpoint, expiry};
use crate::demo::fields::{edit_list, edit_text, json, number, set, text, unset};
use crate::demo::history::Act;
use crate::demo::people::{ANA, JULIA, KWAME, MARC, MISAKI, NOOR, PRIYA, Person, SSO, TERRAFORM, YAEL, ZOE};
use crate::demo::planted;
use crate::demo::secrets::secret;
use crate::model::json::Json;
use crate::model::words::ModelType::{self, Connector, ConnectorEndpoint, Member, Secret};
use crate::model::words::Via;

const INCIDENT: &str = "INC-2041";

/// Plans the last two days.
pub(super) fn tell(plan: &mut Plan) {
    it_begins(plan);
    it_burns(plan);
    it_is_rotated(plan);
    other_business(plan);
    first_screen(plan);
}

/// How long ago: hours, minutes, and milliseconds so that times look lived in.
type Ago = (i64, i64, i64);

/// One step of the story.
fn step(plan: &mut Plan, ago: Ago, person: &'static Person, deed: impl FnOnce(Act<'_>) + 'static) {
    let at = plan.ago(ago.0, ago.1, ago.2);
    plan.add(at, move |history, at| deed(history.act(at, person)));
}

/// A step that changes one value.
fn put(
    plan: &mut Plan,
    ago: Ago,
    person: &'static Person,
    place: (ModelType, &'static str, &'static str),
    value: Json,
) {
    let (model_type, id, path) = place;
    step(plan, ago, person, move |act| act.update(model_type, id, |fields| set(fields, path, value)));
}

fn it_begins(plan: &mut Plan) {
    step(plan, (49, 5, 19_220), &JULIA, |act| {
        let value = planted::secret_value("salesforce-1");
        let fields = secret("SF_CLIENT_SECRET", value, "Connected app of the new Salesforce org");
        act.create(Secret, "16", fields);
    });
    step(plan, (47, 52, 8_120), &JULIA, |act| {
        let act = act.because("retries run out when the warehouse restarts");
        act.update(Connector, WAREHOUSE, |fields| {
            set(fields, "perform.retry.max", number(10));
            set(fields, "perform.circuit_breaker.threshold", number(50));
        });
    });
    put(
        plan,
        (47, 31, 40_903),
        &JULIA,
        (Connector, WAREHOUSE, "process.lookup_query.page_size"),
        number(200),
    );
    put(plan, (46, 2, 12_551), &MISAKI, (Connector, "6", "perform.body.batch_size"), number(120));
    put(plan, (45, 48, 3_077), &ZOE, (Connector, "12", "perform.body.greeting"), text("Benvinguts 👋🏽"));
    put(plan, (44, 20, 51_230), &YAEL, (Connector, "8", "process.lookup_query.locale"), text("he-IL"));
    put(
        plan,
        (43, 9, 27_614),
        &PRIYA,
        (Connector, SAP, "perform.body.template.first_id"),
        json("9007199254740995"),
    );
}

fn it_burns(plan: &mut Plan) {
    step(plan, (33, 14, 31_408), &MARC, |act| {
        let act = act.through(Via::Cli).because(INCIDENT);
        act.update(Connector, WAREHOUSE, turn);
    });
    step(plan, (33, 2, 5_716), &MARC, |act| {
        act.through(Via::Cli).because(INCIDENT).update(Connector, WAREHOUSE, |fields| {
            set(fields, "perform.retry.max", number(3));
            set(fields, "perform.circuit_breaker.threshold", number(5));
        });
    });
    put(plan, (32, 40, 18_022), &MARC, (Connector, "20", "perform.circuit_breaker.window_s"), number(10));
    step(plan, (31, 55, 44_390), &KWAME, |act| {
        act.because(INCIDENT).update(Connector, WAREHOUSE, |fields| {
            edit_text(fields, "trigger", |old| old.replace("limit 100 per minute", "limit 20 per minute"));
        });
    });
}

fn it_is_rotated(plan: &mut Plan) {
    step(plan, (30, 37, 9_845), &ANA, |act| {
        let act = act.because("INC-2041: token seen in a public build log");
        act.update(Secret, "3", |fields| {
            set(fields, "value", text(planted::secret_value("warehouse-inc-2041")));
        });
    });
    step(plan, (30, 33, 20_301), &ANA, |act| {
        act.because(INCIDENT).update(ConnectorEndpoint, "3", |fields| {
            set(fields, "bearer_token", text(planted::bearer_token("inc-2041")));
            set(fields, "webhook_secret", text(planted::webhook_secret("inc-2041")));
            set(fields, "custom_auth_headers.X-Tramontana-Auth", text(planted::auth_header("inc-2041")));
        });
    });
    step(plan, (30, 29, 58_117), &ANA, |act| {
        act.because(INCIDENT).update(ConnectorEndpoint, "3", |fields| {
            edit_list(fields, "allowed_urls", |urls| urls.insert(0, text("https://eu27.salesforce.example")));
        });
    });
    for (order, (id, name)) in (0..).zip([("1", "crm"), ("11", "shopify"), ("5", "telemetry"), ("8", "sap")])
    {
        step(plan, (29, 58, 30_000 - 410 * order), &TERRAFORM, move |act| {
            let value = text(planted::secret_value(&format!("{name}-inc-2041")));
            act.in_request("rotate after INC-2041")
                .because(INCIDENT)
                .update(Secret, id, |fields| set(fields, "value", value));
        });
    }
    step(plan, (27, 41, 2_760), &KWAME, |act| act.because(INCIDENT).update(Connector, WAREHOUSE, turn));
    put(plan, (27, 39, 36_504), &MARC, (Connector, "20", "perform.circuit_breaker.window_s"), number(60));
    put(plan, (26, 12, 15_093), &PRIYA, (Connector, WAREHOUSE, "process.lookup_query.page_size"), number(50));
}

fn other_business(plan: &mut Plan) {
    put(plan, (25, 30, 7_431), &MISAKI, (Connector, "6", "process.lookup_query.倉庫"), text("品川"));
    put(plan, (25, 3, 22_950), &JULIA, (Connector, "10", "perform.body.language"), text("العربية"));
    put(plan, (24, 11, 50_006), &YAEL, (Connector, "8", "perform.body.on_empty"), text("דלג"));
    put(plan, (23, 34, 14_880), &MISAKI, (Connector, "23", "perform.body.flags"), text("🇯🇵🇪🇸"));
    put(plan, (20, 14, 33_119), &JULIA, (Connector, "11", "perform.body.household"), text("👨‍👩‍👦 family of 3"));
    for (order, ago) in [(22, 44), (22, 43), (22, 41)].into_iter().enumerate() {
        let (id, _) = HOSTILE[order];
        step(plan, (ago.0, ago.1, 11_207), &ANA, move |act| {
            act.because("PT-7 clean-up").delete(Connector, id);
        });
    }
    let (formula, _) = HOSTILE[3];
    put(plan, (22, 30, 48_263), &ANA, (Connector, formula, "status"), text("active"));
    step(plan, (21, 17, 29_954), &ANA, |act| act.because("PT-7 clean-up").delete(Connector, HOSTILE[4].0));
    step(plan, (20, 50, 17_338), &ZOE, |act| {
        act.update(Connector, "12", |fields| {
            set(fields, "name", text("Cafe\u{301} Noe\u{308}l Re\u{301}servations ☕️"));
        });
    });
    put(plan, (3, 58, 55_512), &MISAKI, (Connector, "6", "perform.retry.max"), number(9));
}

/// Told from the oldest to the newest of them.
fn first_screen(plan: &mut Plan) {
    put(plan, (1, 55, 41_007), &JULIA, (Connector, "11", "name"), text("👩‍👩‍👧‍👦 Family Robots 🇪🇸🇵🇹 → CRM"));
    step(plan, (1, 36, 24_415), &MARC, |act| {
        let reason = "replaced by Invoices → Datev";
        act.through(Via::Cli).because(reason).delete(Connector, "19");
    });
    step(plan, (1, 12, 13_688), &SSO, |act| {
        act.update(Member, NOOR.id, |fields| set(fields, "role", text("admin")));
    });
    step(plan, (0, 41, 8_940), &TERRAFORM, |act| {
        let act = act.in_request("endpoint for the new org").because(INCIDENT);
        act.update(Secret, "16", |fields| {
            set(fields, "value", text(planted::secret_value("salesforce-2")));
        });
    });
    let at = plan.ago(0, 41, 8_610);
    plan.add(at, |history, at| {
        let mut fields = endpoint("16", WAREHOUSE, "https://eu27.salesforce.example", at);
        set(&mut fields, "token_expires_at", expiry(at));
        let act = history.act(at, &TERRAFORM).in_request("endpoint for the new org").because(INCIDENT);
        act.create(ConnectorEndpoint, "16", fields);
    });
    step(plan, (0, 4, 12_588), &ANA, |act| {
        act.because(INCIDENT).update(Connector, WAREHOUSE, mend);
    });
}

/// What `show latest` shows: something of everything, and all of it visible.
fn mend(fields: &mut Json) {
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
