//! Elastic Common Schema, version 8.11. Fields of ours are below `krosyn`, and each has one type for ever, because an index
//! refuses documents whose fields change their type.

use std::net::IpAddr;

use crate::model::change::Change;
use crate::model::entry::{EntryView, Text, User};
use crate::model::json::RawJson;
use crate::model::words::{Action, ModelType, Via};
use crate::render::event::facts::{Event, PRODUCT, VENDOR, VERSION};
use crate::render::event::json::{Object, text_of};

/// The version of the schema.
pub(super) const SCHEMA: &str = "8.11.0";

/// Appends an event.
pub(super) fn write(event: &Event<'_>, out: &mut Vec<u8>) -> serde_json::Result<()> {
    let entry = event.entry;
    let EntryView { user, on_behalf_of, context, .. } = entry;
    let ip = context.ip.as_deref();
    let is_ip = ip.is_some_and(|ip| ip.parse::<IpAddr>().is_ok());
    let source = Object::default().maybe("address", ip).maybe("ip", ip.filter(|_| is_ip));
    let request = context.request_id.as_deref().map(|id| Object::default().with("id", id));
    let agent = context.user_agent.as_deref().map(|agent| Object::default().with("original", agent));
    let effective = on_behalf_of.as_ref().map(identity);
    let object = Object::default()
        .with("@timestamp", entry.occurred_at.to_string())
        .with("ecs", Object::default().with("version", SCHEMA))
        .with("message", event.message())
        .with("event", classified(event))
        .with("organization", Object::default().with("id", event.source.organization))
        .with("user", identity(user).maybe("effective", effective))
        .maybe("source", source.filled())
        .maybe("user_agent", agent)
        .maybe("http", request.map(|request| Object::default().with("request", request)))
        .with("related", related(event, ip.filter(|_| is_ip)))
        .with(
            "observer",
            Object::default().with("vendor", VENDOR).with("product", PRODUCT).with("version", VERSION),
        )
        .with("krosyn", own(event)?);
    out.extend_from_slice(text_of(&object)?.as_bytes());
    Ok(())
}

fn classified<'a>(event: &Event<'a>) -> Object<'a> {
    let entry = event.entry;
    let category = match (entry.action, entry.model_type) {
        (Action::Started | Action::Stopped, _) => "process",
        (Action::Read | Action::Exported, _) => "api",
        (_, ModelType::Session) => "session",
        (_, ModelType::Member | ModelType::Token | ModelType::User | ModelType::Secret) => "iam",
        _ => "configuration",
    };
    let kind = match (entry.action, entry.model_type) {
        (Action::Read | Action::Exported, _) => "access",
        (Action::Created, ModelType::Session) | (Action::Started, _) => "start",
        (_, ModelType::Session) | (Action::Stopped, _) => "end",
        (Action::Created, _) => "creation",
        (Action::Updated | Action::Migrated, _) => "change",
        (Action::Deleted | Action::Pruned | Action::Erased, _) => "deletion",
    };
    Object::default()
        .with("kind", "event")
        .with("category", vec![category])
        .with("type", vec![kind])
        .with("action", event.code())
        .with("outcome", "success")
        .with("id", entry.uuid.to_string())
        .with("sequence", entry.id)
        .with("created", entry.recorded_at.to_string())
        .with("severity", u64::from(event.severity()))
        .with("module", "krosyn")
        .with("dataset", format!("krosyn.{}", event.source.log))
        .with("provider", PRODUCT)
        .maybe("reason", entry.reason.as_deref())
}

fn identity<'a>(user: &'a User<Text<'a>>) -> Object<'a> {
    let User { id, email, name, role, kind: _ } = user;
    Object::default()
        .maybe("id", id.as_deref())
        .with("name", user.label())
        .maybe("full_name", name.as_deref())
        .maybe("email", email.as_deref())
        .maybe("roles", role.as_deref().map(|role| vec![role]))
}

/// The users and addresses by which events of other sources are found.
fn related<'a>(event: &Event<'a>, ip: Option<&'a str>) -> Object<'a> {
    let mut users: Vec<&str> = Vec::new();
    for user in event.entry.users() {
        for name in [&user.id, &user.email, &user.name].into_iter().flatten() {
            if !users.contains(&&**name) {
                users.push(name);
            }
        }
    }
    Object::default().with("user", users).maybe("ip", ip.map(|ip| vec![ip]))
}

fn own<'a>(event: &'a Event<'a>) -> serde_json::Result<Object<'a>> {
    let entry = event.entry;
    let resource = Object::default()
        .with("type", entry.model_type.as_str())
        .with("id", &*entry.model_id)
        .maybe("name", entry.model_name.as_deref());
    let changes = event.changes.iter().map(change).collect::<Result<Vec<_>, _>>()?;
    let effective =
        entry.on_behalf_of.as_ref().map(|user| Object::default().with("kind", user.kind.as_str()));
    Ok(Object::default()
        .with("log", event.source.log.as_str())
        .with("action", entry.action.as_str())
        .with("resource", resource)
        .with("user", Object::default().with("kind", entry.user.kind.as_str()).maybe("effective", effective))
        .maybe("via", entry.context.via.map(Via::as_str))
        .with("changes", changes))
}

/// A change whose values are texts: of a string its content, of any other value its JSON, with its type.
fn change(change: &Change) -> serde_json::Result<Object<'_>> {
    let Change { field, old, new, redacted } = change;
    let mut object = Object::default().with("field", field.as_str());
    for (value, text_key, type_key) in [(old, "old", "old_type"), (new, "new", "new_type")] {
        let Some(value) = value else { continue };
        let (text, kind) = as_text(value)?;
        object = object.with(text_key, text).maybe(type_key, kind);
    }
    Ok(if *redacted { object.with("redacted", true) } else { object })
}

fn as_text(value: &RawJson) -> serde_json::Result<(String, Option<&'static str>)> {
    let json = value.get().trim_start();
    let kind = match json.as_bytes().first() {
        Some(b'"') => return Ok((serde_json::from_str(json)?, None)),
        Some(b'{') => "object",
        Some(b'[') => "array",
        Some(b't' | b'f') => "boolean",
        Some(b'n') => "null",
        _ => "number",
    };
    Ok((json.trim_end().to_owned(), Some(kind)))
}
