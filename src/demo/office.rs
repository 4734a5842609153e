//! Demo changes other than those of connectors: contractors join and leave, settings are tuned, and trial resources are
//! created and deleted. The callers choose the times.

use crate::demo::connectors::bare;
use crate::demo::endpoints::endpoint;
use crate::demo::fields::{number, set, text, text_at};
use crate::demo::history::{DemoHistory, EntryBuilder};
use crate::demo::organization::ORGANIZATION_ID;
use crate::demo::people::{ANA, DemoUser, ELENA, MARC, SSO, member};
use crate::demo::planted;
use crate::demo::random::Random;
use crate::demo::secrets::secret;
use crate::model::json::Json;
use crate::model::timestamp::Timestamp;
use crate::model::words::ModelType::{self, Connector, ConnectorEndpoint, Member, Organization, Secret};

/// The e-mail domain of contractors.
const CONTRACTORS: &str = "@partner.example";
const SANDBOX: &str = "Sandbox: ";
const TEMPORARY: &str = "TMP_";
const TRIAL: &str = "?trial=";

/// Whether a resource is a trial or a contractor.
pub(super) fn is_temporary(model_type: ModelType, fields: &Json) -> bool {
    match model_type {
        Connector => text_at(fields, "name").starts_with(SANDBOX),
        Secret => text_at(fields, "name").starts_with(TEMPORARY),
        ConnectorEndpoint => text_at(fields, "url").contains(TRIAL),
        Member => text_at(fields, "email").ends_with(CONTRACTORS),
        _ => false,
    }
}

pub(super) fn rotate_secret(act: EntryBuilder<'_>, id: &str, which: &str) {
    act.update(Secret, id, |fields| set(fields, "value", text(planted::secret_value(which))));
}

/// Creates a trial resource, or deletes the oldest one if three of its type exist.
pub(super) fn change_trial(history: &mut DemoHistory, at: Timestamp, person: &DemoUser, random: &mut Random) {
    let model_type = *random.pick(&[Connector, Secret, ConnectorEndpoint]).unwrap_or(&Connector);
    let trials: Vec<String> = temporary(history, model_type);
    if let Some(oldest) = trials.first().filter(|_| trials.len() >= 3) {
        return history.act(at, person).delete(model_type, oldest);
    }
    let word = random.word();
    let short = word.get(..5).unwrap_or(&word);
    let noun = random.pick(&["order", "customer", "ticket", "device"]).copied().unwrap_or("order");
    let id = history.next_id();
    let fields = match model_type {
        Connector => bare(&format!("{SANDBOX}{noun}s {short}"), noun),
        Secret => {
            let name = format!("{TEMPORARY}{}_{}", noun.to_uppercase(), short.to_uppercase());
            secret(&name, planted::secret_value(&word), "for a trial, delete me")
        }
        _ => {
            let mut fields = endpoint(&word, "1", "https://localhost", at);
            set(
                &mut fields,
                "url",
                text(format!("https://tramontana.krosyn.example/api/v1/connectors/1/trigger{TRIAL}{short}")),
            );
            fields
        }
    };
    history.act(at, person).create(model_type, &id, fields);
}

/// Makes an administrator's change: usually to contractors, sometimes to settings.
pub(super) fn administer(history: &mut DemoHistory, at: Timestamp, random: &mut Random) {
    let admin = random.pick(&[&ANA, &ANA, &MARC, &ELENA]).copied().unwrap_or(&ANA);
    if random.chance(25) {
        return tune_settings(history, at, admin, random);
    }
    let contractors = temporary(history, Member);
    let pending = contractors
        .iter()
        .find(|id| history.fields(Member, id).is_some_and(|fields| text_at(fields, "status") == "pending"));
    match pending {
        // An invitation is accepted through single sign-on, or withdrawn.
        Some(id) if random.chance(75) => {
            history.act(at, &SSO).update(Member, id, |fields| set(fields, "status", text("active")));
        }
        Some(id) => history.act(at, admin).because("invited by mistake").delete(Member, id),
        None => match contractors.first() {
            Some(oldest) if contractors.len() >= 3 => history.act(at, admin).delete(Member, oldest),
            _ => invite(history, at, admin, random),
        },
    }
}

fn invite(history: &mut DemoHistory, at: Timestamp, admin: &DemoUser, random: &mut Random) {
    let given = random.pick(&["lea", "kenji", "paulo", "dana", "sven", "aisha", "mirjam", "tariq"]);
    let family = random.pick(&["moreau", "ito", "silva", "novak", "lind", "demir", "costa", "weiss"]);
    let name = format!("{}.{}", given.unwrap_or(&"kim"), family.unwrap_or(&"doe"));
    let id = history.next_id();
    let role = if random.chance(60) { "viewer" } else { "editor" };
    let invited = member(&format!("{name}{CONTRACTORS}"), role, "pending");
    history.act(at, admin).create_by_changes(Member, &id, invited);
}

fn tune_settings(history: &mut DemoHistory, at: Timestamp, admin: &DemoUser, random: &mut Random) {
    let days = 7 + random.below(24);
    history.act(at, admin).update(Organization, ORGANIZATION_ID, |fields| {
        let same = fields.get("grace_period_days") == Some(&number(days));
        set(fields, "grace_period_days", number(if same { days + 1 } else { days }));
    });
}

/// The temporary resources of a type, oldest first.
fn temporary(history: &DemoHistory, model_type: ModelType) -> Vec<String> {
    let temporary = history.all(model_type).filter(|(_, fields)| is_temporary(model_type, fields));
    let mut ids: Vec<String> = temporary.map(|(id, _)| id.to_owned()).collect();
    ids.sort_by_key(|id| id.parse::<u64>().unwrap_or_default());
    ids
}
