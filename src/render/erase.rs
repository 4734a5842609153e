//! The plan of an erasure, as text.

use crate::api::erase::{EntryPlace, ErasureAnswer, ErasureRequest};
use crate::model::entry::User;
use crate::model::words::Log;
use crate::render::filter_summary::counted;
use crate::render::sanitize::sanitize;

/// The plan: who is erased, from which entries, and what stays.
pub(crate) fn plan(answer: &ErasureAnswer, request: &ErasureRequest) -> String {
    let ErasureAnswer { snapshots, acted, about, other, other_entries, held, .. } = answer;
    let mut lines: Vec<String> = Vec::new();
    for user in snapshots {
        let title = if lines.is_empty() { "person" } else { "" };
        lines.push(line(title, &described(user)));
    }
    let entries = |count: u64| counted(count, "entry", "entries");
    lines.push(line("by them", &format!("{}: name, address and user agent are erased", entries(*acted))));
    lines.push(line("about them", &format!("{}: e-mail address and name are replaced", entries(*about))));
    let elsewhere = match (other, request.also_values) {
        (0, _) => "no other entry names them".to_owned(),
        (_, true) => format!("{}: e-mail address and name are replaced", entries(*other)),
        (_, false) => format!("{} still name them: add --also-values to replace that, too", entries(*other)),
    };
    lines.push(line("elsewhere", &elsewhere));
    if !other_entries.is_empty() {
        lines.push(line("", &places(other_entries)));
    }
    if let Some(id) = snapshots.iter().find_map(|user| user.id.as_deref()).filter(|_| !request.with_id) {
        lines.push(line("stays", &format!("the id {}: add --with-id to erase it", sanitize(id))));
    }
    for hold in held {
        lines.push(line("held", &format!("{} by {}", entries(hold.entries), sanitize(&hold.name))));
    }
    lines.push(line("not reached", "exports and backups made before"));
    lines.join("\n")
}

fn line(title: &str, text: &str) -> String {
    format!("{title:<12} {text}")
}

fn described(user: &User) -> String {
    let mut text = user.label().to_owned();
    for (name, value) in [("name", &user.name), ("id", &user.id), ("role", &user.role)] {
        if let Some(value) = value.as_deref().filter(|value| *value != user.label()) {
            text += &format!(", {name} {value}");
        }
    }
    sanitize(&text).into_owned()
}

/// Ids of entries by log: `17, 25; in the trail 4`.
fn places(entries: &[EntryPlace]) -> String {
    let of = |log: Log| {
        let ids = entries.iter().filter(|place| place.log == log).map(|place| place.id.to_string());
        ids.collect::<Vec<_>>().join(", ")
    };
    let (audit, trail) = (of(Log::Audit), of(Log::Trail));
    match (audit.is_empty(), trail.is_empty()) {
        (false, true) => audit,
        (true, _) => format!("in the trail {trail}"),
        (false, false) => format!("{audit}; in the trail {trail}"),
    }
}
