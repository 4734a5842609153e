//! The hard cases of the middle months: odd values, misplaced credentials, members who come and go, and the clocks. The last
//! days are not known here.

use chrono::TimeDelta;

use crate::demo::calendar::Schedule;
use crate::demo::connectors::{HOSTILE, SAP, WAREHOUSE, bare, mapping};
use crate::demo::fields::{edit_list, edit_text, json, object, set, text, unset};
use crate::demo::organization::ORGANIZATION_ID;
use crate::demo::people::{
    ANA, DemoUser, ELENA, JULIA, KWAME, LUCIA, MARC, OMAR, PRIYA, SAM, SSO, TERRAFORM, TOM, YAEL, ZOE, member,
};
use crate::demo::{office, planted};
use crate::model::json::Json;
use crate::model::timestamp::Timestamp;
use crate::model::words::ModelType::{self, Connector, ConnectorEndpoint, Member, Organization, Secret};
use crate::model::words::Via;

/// Schedules all hard cases.
pub(super) fn schedule(schedule: &mut Schedule) {
    lists_and_lines(schedule);
    odd_values(schedule);
    misplaced_credentials(schedule);
    penetration_test(schedule);
    comings_and_goings(schedule);
    one_moment_and_two_hours(schedule);
}

fn update(
    schedule: &mut Schedule,
    at: Timestamp,
    person: &'static DemoUser,
    (model_type, id): (ModelType, &'static str),
    edit: impl FnOnce(&mut Json) + 'static,
) {
    schedule.add(at, move |history, at| history.act(at, person).update(model_type, id, edit));
}

fn lists_and_lines(schedule: &mut Schedule) {
    // One update that moves, adds and removes.
    update(schedule, schedule.office(80, 10, 4), &JULIA, (Connector, SAP), |fields| {
        edit_list(fields, "process.mappings", |list| {
            list.rotate_right(1);
            list.retain(|item| *item != mapping("Total", "amount"));
            list.push(mapping("TotalGross", "amount_gross"));
            list.push(mapping("TotalNet", "amount_net"));
        });
    });
    update(schedule, schedule.office(76, 11, 32), &PRIYA, (Connector, WAREHOUSE), |fields| {
        edit_text(fields, "trigger", |old| old.replace("within 60s", "within 90s"));
    });
    update(schedule, schedule.office(69, 9, 15), &PRIYA, (Connector, WAREHOUSE), |fields| {
        edit_list(fields, "process.mappings", |list| list.insert(2, mapping("Website", "website")));
    });
    update(schedule, schedule.office(61, 16, 40), &JULIA, (Connector, WAREHOUSE), |fields| {
        edit_list(fields, "process.mappings", |list| {
            list.retain(|item| *item != mapping("Website", "website"));
        });
        set(
            fields,
            "process.lookup_query.fields",
            json(r#"["Id", "Name", {"Owner": {"fields": ["Id", "IsActive"]}}]"#),
        );
    });
    schedule.add(schedule.office(57, 12, 21), |history, at| {
        let act = history.act(at, &ZOE).because("the team no longer says Zendesk");
        act.update(Connector, "5", |fields| set(fields, "name", text("Support Desk → Slack")));
    });
}

fn odd_values(schedule: &mut Schedule) {
    let mut set_on_sap =
        |days, minute, path: &'static str, value: Option<&'static str>| {
            update(schedule, schedule.office(days, 15, minute), &TOM, (Connector, SAP), move |fields| {
                match value {
                    Some(value) => set(fields, path, json(value)),
                    None => unset(fields, path),
                }
            });
        };
    // A form sends a number as a text, and then as a number again.
    set_on_sap(72, 10, "perform.retry.max", Some(r#""3""#));
    set_on_sap(72, 50, "perform.retry.max", Some("3"));
    // Absent, null and empty are three different things.
    set_on_sap(66, 2, "perform.body.note", Some("null"));
    set_on_sap(66, 9, "perform.body.note", Some(r#""""#));
    set_on_sap(66, 15, "perform.body.note", None);
    set_on_sap(66, 22, "perform.body.note", Some("[]"));
    set_on_sap(66, 28, "perform.body.note", Some("{}"));
    set_on_sap(66, 36, "perform.body.note", Some("null"));
    // A float cannot hold these numbers.
    set_on_sap(
        63,
        5,
        "perform.body.template",
        Some(r#"{"first_id": 9007199254740992, "ceiling": 1e308, "rate": 1.10}"#),
    );
    set_on_sap(
        63,
        25,
        "perform.body.template",
        Some(r#"{"first_id": 9007199254740993, "ceiling": 1e400, "rate": 1.1000}"#),
    );
    // A whole field is null, then absent, then the empty text.
    set_on_sap(52, 3, "owner_note", Some("null"));
    set_on_sap(52, 13, "owner_note", None);
    set_on_sap(52, 23, "owner_note", Some(r#""""#));
    // JSON inside a text: one leaf changes, and a key was pasted into it.
    let template = |unit: &str| {
        let key = planted::stripe_key();
        text(format!(r#"{{"sku":"{{{{sku}}}}","price":{{"unit":"{unit}","scale":2}},"sent_with":"{key}"}}"#))
    };
    for (minute, unit) in [(12, "EUR"), (47, "CHF")] {
        update(schedule, schedule.office(60, 10, minute), &PRIYA, (Connector, "20"), move |fields| {
            set(fields, "perform.body.template", template(unit));
        });
    }
    update(schedule, schedule.office(36, 9, 30), &ELENA, (Organization, ORGANIZATION_ID), |fields| {
        set(fields, "require_2fa", json("true"));
        set(fields, "contact_email", Json::Null);
    });
    update(schedule, schedule.office(35, 9, 45), &ELENA, (Organization, ORGANIZATION_ID), |fields| {
        set(fields, "contact_email", text("platform@tramontana.example"));
    });
}

/// Credentials in unexpected places. Each must be redacted before anything is stored.
fn misplaced_credentials(schedule: &mut Schedule) {
    let account = object([("user", text("tramontana")), ("password", text(planted::body_password("dhl")))]);
    let places = [
        ("9", "perform.body.certificate_text", text(planted::private_key())),
        ("13", "perform.headers.X-Caller", text(planted::jwt())),
        ("21", "process.lookup_query.requester", text(planted::aws_key())),
        ("2", "perform.body.reference", text(planted::stripe_key())),
        (
            "19",
            "process.lookup_url",
            text(planted::url_with_password("ftp.tramontana.example/export?format=csv")),
        ),
        ("24", "process.lookup_headers.X-Api-Key", text(planted::api_key_header())),
        ("14", "perform.headers.Cookie", text(planted::cookie())),
        ("16", "perform.body.account", account),
        ("3", "perform.headers.Authorization", text(planted::authorization())),
    ];
    for (order, (id, path, value)) in (0_u32..).zip(places) {
        let at = schedule.office(48 - i64::from(order), 13, 5 * order);
        let person = if order % 2 == 0 { &ZOE } else { &MARC };
        update(schedule, at, person, (Connector, id), move |fields| set(fields, path, value));
    }
    // A reference, which may be shown, replaces the literal token.
    update(schedule, schedule.office(71, 17, 20), &MARC, (Connector, WAREHOUSE), |fields| {
        set(fields, "perform.headers.Authorization", text("Bearer $secret.WAREHOUSE_API_KEY"));
    });
    update(schedule, schedule.office(43, 10, 51), &LUCIA, (Secret, "13"), |fields| {
        let old = planted::slack_token();
        set(fields, "description", text(format!("Posts to #releases; {old} was the old bot")));
    });
    schedule.add(schedule.office(40, 18, 6), |history, at| {
        let act = history.act(at, &OMAR).through(Via::Cli);
        let act = act.because(format!("works again with {}, will clean up later", planted::github_token()));
        act.update(Connector, "14", |fields| set(fields, "perform.body.channel", text("#releases")));
    });
}

/// An outside tester gives connectors names that harm programs that print them unescaped.
fn penetration_test(schedule: &mut Schedule) {
    let email = SAM.email.unwrap_or_default();
    schedule.add(schedule.office(33, 9, 2), move |history, at| {
        let act = history.act(at, &ANA).because("PT-7 penetration test");
        act.create_by_changes(Member, SAM.id, member(email, "editor", "pending"));
    });
    update(schedule, schedule.office(33, 9, 40), &SAM, (Member, SAM.id), move |fields| {
        *fields = member(email, "editor", "active");
    });
    for (order, (id, name)) in (0_u32..).zip(HOSTILE) {
        schedule.add(schedule.office(32, 14, 2 + 8 * order), move |history, at| {
            let act = history.act(at, &SAM).because("PT-7 penetration test");
            act.create(Connector, id, bare(name, "order"));
        });
    }
    schedule.add(schedule.office(28, 17, 30), move |history, at| {
        history.act(at, &ANA).because("PT-7 is over").delete(Member, SAM.id);
    });
}

fn comings_and_goings(schedule: &mut Schedule) {
    for (days, id) in [(55, LUCIA.id), (54, KWAME.id)] {
        update(schedule, schedule.office(days, 9, 12), &ANA, (Member, id), |fields| {
            set(fields, "role", text("editor"));
        });
    }
    for (minute, member_role) in [(1, "editor"), (31, "viewer")] {
        update(schedule, schedule.office(24, 10, minute), &SSO, (Member, "4"), move |fields| {
            set(fields, "role", text(member_role));
        });
    }
    schedule.add(schedule.office(30, 17, 55), |history, at| {
        history.act(at, &ANA).because("left the company").delete(Member, OMAR.id);
    });
    schedule.add(schedule.office(29, 9, 20), |history, at| {
        history.act(at, &MARC).because("was only used by Omar").delete(ConnectorEndpoint, "15");
    });
    schedule.add(schedule.office(29, 9, 26), |history, at| {
        history.act(at, &MARC).through(Via::Cli).because("was only used by Omar").delete(Connector, "22");
    });
}

fn one_moment_and_two_hours(schedule: &mut Schedule) {
    // Two people act in the same microsecond.
    let at = schedule.office(21, 11, 11);
    update(schedule, at, &YAEL, (Connector, "8"), |fields| set(fields, "perform.body.site", text("חיפה")));
    update(schedule, at, &ZOE, (Connector, "12"), |fields| set(fields, "perform.body.site", text("Café")));
    // Before and after a change of the clocks. In autumn the later entry shows the earlier local time.
    if let Some(change) = schedule.clock_change() {
        for (minutes, which) in [(-20, "before-the-change"), (20, "after-the-change")] {
            schedule.add(change.plus(TimeDelta::minutes(minutes)), move |history, at| {
                let act = history.act(at, &TERRAFORM).through(Via::Api).because("scheduled rotation");
                office::rotate_secret(act, "1", which);
            });
        }
    }
}
