//! Random edits of a connector, an endpoint or a secret. Each changes something, so each gives an entry. Who makes them and
//! when is not decided here.

use crate::demo::connectors::{example_payload, mapping};
use crate::demo::endpoints::expiry;
use crate::demo::fields::{edit_list, edit_text, number, number_at, set, text, text_at};
use crate::demo::planted;
use crate::demo::random::Random;
use crate::model::json::Json;
use crate::model::timestamp::Timestamp;

/// Mappings that may be added.
const EXTRA: &[(&str, &str)] = &[
    ("Phone", "phone_e164"),
    ("VatId", "vat_id"),
    ("Language", "locale"),
    ("Notes", "remarks"),
    ("Region", "region"),
    ("ParentId", "parent_id"),
    ("Tags", "labels"),
    ("ModifiedAt", "modified_at"),
];

/// Changes a connector that has all three steps.
pub(super) fn connector(fields: &mut Json, random: &mut Random) {
    match random.below(20) {
        0..=2 => step(fields, "perform.retry.max", 2, 8, random),
        3 => choose(fields, "perform.retry.jitter", &["full", "equal", "none", "decorrelated"], random),
        4 => step(fields, "perform.retry.base_ms", 100, 2_000, random),
        5 => step(fields, "perform.circuit_breaker.threshold", 3, 20, random),
        6 => step(fields, "perform.circuit_breaker.cooldown_s", 15, 300, random),
        7..=9 => limit(fields, random),
        10..=12 => mappings(fields, random),
        13 => step(fields, "process.lookup_query.page_size", 20, 200, random),
        14 => {
            choose(fields, "process.lookup_query.expand", &["owner", "items", "owner,items", "none"], random);
        }
        15 => choose(fields, "perform.headers.X-Team", &["crm", "data", "logistics", "finance"], random),
        16 => step(fields, "perform.body.batch_size", 10, 100, random),
        17 => choose(fields, "perform.method", &["POST", "PUT", "PATCH"], random),
        18 => set(fields, "example_payload", example_payload("sample", &random.word())),
        _ => toggle_status(fields),
    }
}

pub(super) fn endpoint(fields: &mut Json, at: Timestamp, random: &mut Random) {
    let word = random.word();
    match random.below(6) {
        0 => {
            set(fields, "bearer_token", text(planted::bearer_token(&word)));
            set(fields, "token_expires_at", expiry(at));
        }
        1 => set(fields, "webhook_secret", text(planted::webhook_secret(&word))),
        2 => set(fields, "secret_token", text(planted::secret_token(&word))),
        3 => set(fields, "custom_auth_headers.X-Tramontana-Auth", text(planted::auth_header(&word))),
        _ => edit_list(fields, "allowed_urls", |urls| {
            if urls.len() > 2 {
                urls.remove(1);
            } else {
                urls.push(text(format!("https://node-{}.tramontana.example", word.get(..4).unwrap_or("0"))));
            }
        }),
    }
}

/// Rotates a secret, or sometimes changes its description.
pub(super) fn secret(fields: &mut Json, at: Timestamp, random: &mut Random) {
    if random.chance(75) {
        set(fields, "value", text(planted::secret_value(&random.word())));
    } else {
        let base = text_at(fields, "description").split(" — ").next().unwrap_or_default().to_owned();
        let (day, ticket) = (at.datetime().date_naive(), random.below(900) + 100);
        set(fields, "description", text(format!("{base} — reviewed {day}, SEC-{ticket}")));
    }
}

/// Sets the number at `path` to another one from `low..=high`.
fn step(fields: &mut Json, path: &str, low: u64, high: u64, random: &mut Random) {
    let old = number_at(fields, path);
    let drawn = low + random.below(high - low + 1);
    let other = if drawn == high { low } else { drawn + 1 };
    set(fields, path, number(if old == Some(drawn) { other } else { drawn }));
}

/// Sets the text at `path` to another one of `words`.
fn choose(fields: &mut Json, path: &str, words: &[&'static str], random: &mut Random) {
    let old = text_at(fields, path);
    let others: Vec<&str> = words.iter().copied().filter(|word| *word != old).collect();
    if let Some(word) = random.pick(&others) {
        set(fields, path, text(*word));
    }
}

/// Changes the trigger's line with the limit of events per minute.
fn limit(fields: &mut Json, random: &mut Random) {
    let drawn = 50 + 10 * random.below(40);
    let relimited = |line: &str| {
        let other = if line == format!("limit {drawn} per minute") { drawn + 10 } else { drawn };
        if line.starts_with("limit ") { format!("limit {other} per minute") } else { line.to_owned() }
    };
    edit_text(fields, "trigger", |old| old.lines().map(relimited).collect::<Vec<_>>().join("\n"));
}

/// Moves a mapping, adds one, or removes it if it exists.
fn mappings(fields: &mut Json, random: &mut Random) {
    let draw = random.below(3);
    let (from, to) = random.pick(EXTRA).copied().unwrap_or(("Extra", "extra"));
    edit_list(fields, "process.mappings", |list| {
        let new = mapping(from, to);
        let known = list.contains(&new);
        match draw {
            0 => list.rotate_left(1),
            _ if known => list.retain(|item| *item != new),
            _ => list.insert(1, new),
        }
    });
}

/// Switches the connector off, or on again.
pub(super) fn toggle_status(fields: &mut Json) {
    let other = if text_at(fields, "status") == "active" { "disabled" } else { "active" };
    set(fields, "status", text(other));
}
