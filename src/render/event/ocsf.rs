//! Open Cybersecurity Schema Framework, version 1.6.0. Changes are class 3004 Entity Management; reads and exports of a log
//! are class 6003 API Activity.

use std::net::IpAddr;

use crate::model::change::Change;
use crate::model::entry::{EntryView, Text, User};
use crate::model::json::RawJson;
use crate::model::words::{Action, UserKind, Via};
use crate::render::event::facts::{Event, PRODUCT, VENDOR, VERSION, changes_list, user_object};
use crate::render::event::json::{Member, Object, text_of};

/// The version of the schema.
pub(super) const SCHEMA: &str = "1.6.0";

/// The longest IP address, in bytes.
const MAX_IP: usize = 40;

/// A class of events.
struct Class {
    uid: u64,
    name: &'static str,
    category: (u64, &'static str),
}

const ENTITY_MANAGEMENT: Class =
    Class { uid: 3004, name: "Entity Management", category: (3, "Identity & Access Management") };
const API_ACTIVITY: Class = Class { uid: 6003, name: "API Activity", category: (6, "Application Activity") };
/// The activity of an action that a class does not number.
const OTHER: u64 = 99;

/// Appends an event.
pub(super) fn write(event: &Event<'_>, out: &mut Vec<u8>) -> serde_json::Result<()> {
    let EntryView { action, context, user, .. } = event.entry;
    let (class, activity, activity_name) = match action {
        Action::Created => (ENTITY_MANAGEMENT, 1, "Create"),
        Action::Updated => (ENTITY_MANAGEMENT, 3, "Update"),
        Action::Deleted => (ENTITY_MANAGEMENT, 4, "Delete"),
        Action::Read => (API_ACTIVITY, 2, "Read"),
        Action::Exported => (API_ACTIVITY, OTHER, "Export"),
        Action::Pruned => (ENTITY_MANAGEMENT, OTHER, "Prune"),
        Action::Erased => (ENTITY_MANAGEMENT, OTHER, "Erase"),
        Action::Started => (ENTITY_MANAGEMENT, OTHER, "Start"),
        Action::Stopped => (ENTITY_MANAGEMENT, OTHER, "Stop"),
        Action::Migrated => (ENTITY_MANAGEMENT, OTHER, "Migrate"),
    };
    let is_call = class.uid == API_ACTIVITY.uid;
    let type_name = if activity == OTHER { "Other" } else { activity_name };
    let mut object = Object::default()
        .with("metadata", metadata(event))
        .with("time", milliseconds(event.entry.occurred_at.micros()))
        .with("class_uid", class.uid)
        .with("class_name", class.name)
        .with("category_uid", class.category.0)
        .with("category_name", class.category.1)
        .with("activity_id", activity)
        .with("activity_name", activity_name)
        .with("type_uid", class.uid * 100 + activity)
        .with("type_name", format!("{}: {type_name}", class.name))
        .with("severity_id", 1_u64)
        .with("severity", "Informational")
        .with("status_id", 1_u64)
        .with("status", "Success")
        .with("message", event.message())
        .with("actor", Object::default().with("user", actor(user)));
    let ip = context.ip.as_deref().filter(|ip| is_ip(ip));
    let source = Object::default().maybe("ip", ip);
    // A call needs an endpoint: without an address, it is known by its channel.
    let channel = context.via.map_or(PRODUCT, |via| via.as_str());
    let source = if is_call && ip.is_none() { source.with("svc_name", channel) } else { source };
    object = object.maybe("src_endpoint", source.filled());
    let request = Object::default()
        .maybe("uid", context.request_id.as_deref())
        .maybe("user_agent", context.user_agent.as_deref());
    object = object.maybe("http_request", request.filled());
    object = if is_call { call(event, object) } else { managed(event, object) };
    object = object.maybe("unmapped", unmapped(event, is_call).filled());
    out.extend_from_slice(text_of(&object)?.as_bytes());
    Ok(())
}

/// Milliseconds since 1970.
fn milliseconds(micros: i64) -> u64 {
    u64::try_from(micros / 1000).unwrap_or_default()
}

fn metadata<'a>(event: &Event<'a>) -> Object<'a> {
    let entry = event.entry;
    let product =
        Object::default().with("name", PRODUCT).with("vendor_name", VENDOR).with("version", VERSION);
    Object::default()
        .with("version", SCHEMA)
        .with("product", product)
        .with("uid", entry.uuid.to_string())
        .with("sequence", entry.id)
        .with("event_code", event.code())
        .with("log_name", event.source.log.as_str())
        .with("tenant_uid", event.source.organization)
        .with("original_time", entry.occurred_at.to_string())
        .with("logged_time", milliseconds(entry.recorded_at.micros()))
        .maybe("correlation_uid", entry.context.request_id.as_deref())
}

fn actor<'a>(user: &'a User<Text<'a>>) -> Object<'a> {
    let User { id, email, name, role: _, kind } = user;
    let (type_id, kind) = match kind {
        UserKind::User => (1, "User"),
        UserKind::System => (3, "System"),
        UserKind::Service => (4, "Service"),
        UserKind::Token => (OTHER, "Token"),
        UserKind::Agent => (OTHER, "Agent"),
    };
    Object::default()
        .maybe("uid", id.as_deref())
        .with("name", user.label())
        .maybe("full_name", name.as_deref())
        .maybe("email_addr", email.as_deref().filter(|email| is_address(email)))
        .with("type_id", type_id)
        .with("type", kind)
}

/// Whether the schema accepts a text as an e-mail address. The name holds other texts.
fn is_address(text: &str) -> bool {
    let is_local = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~.".contains(c);
    let is_domain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.');
    let Some((local, domain)) = text.rsplit_once('@') else { return false };
    let Some((host, rest)) = domain.split_once('.') else { return false };
    !local.is_empty()
        && local.chars().all(is_local)
        && !host.is_empty()
        && !rest.is_empty()
        && domain.chars().all(is_domain)
}

/// Whether the schema accepts a text as an IP address.
fn is_ip(text: &str) -> bool {
    text.len() <= MAX_IP && text.parse::<IpAddr>().is_ok()
}

/// Whether the fields can be the members of an object: repeated names would be lost.
fn has_unique_fields(changes: &[Change]) -> bool {
    let mut names: Vec<_> = changes.iter().map(|change| change.field.as_str()).collect();
    names.sort_unstable();
    names.windows(2).all(|pair| pair[0] != pair[1])
}

/// The values of one side by field, unless there are none.
fn side<'a>(changes: &'a [Change], value: impl Fn(&'a Change) -> Option<&'a RawJson>) -> Option<Object<'a>> {
    let object = changes
        .iter()
        .fold(Object::default(), |object, change| object.maybe(change.field.as_str(), value(change)));
    object.filled()
}

/// Adds the resource before and after a change.
fn managed<'a>(event: &'a Event<'a>, object: Object<'a>) -> Object<'a> {
    let resource = |data: Option<Object<'a>>| {
        Object::default()
            .with("type", event.entry.model_type.as_str())
            .with("uid", &*event.entry.model_id)
            .maybe("name", event.entry.model_name.as_deref())
            .maybe("data", data)
    };
    let (old, new) = match has_unique_fields(&event.changes) {
        true => (side(&event.changes, |it| it.old.as_ref()), side(&event.changes, |it| it.new.as_ref())),
        false => (None, None),
    };
    object
        .with("entity", resource(old))
        .maybe("entity_result", new.map(|new| resource(Some(new))))
        .maybe("comment", event.entry.reason.as_deref())
}

/// Adds a call of the API, and the log that it read.
fn call<'a>(event: &'a Event<'a>, object: Object<'a>) -> Object<'a> {
    let entry = event.entry;
    let request = entry.context.request_id.as_deref().map(|id| Object::default().with("uid", id));
    let api = Object::default().with("operation", event.code()).maybe("request", request);
    let data = if is_told_by_call(event) { side(&event.changes, |it| it.new.as_ref()) } else { None };
    let resource = Object::default()
        .with("type", entry.model_type.as_str())
        .with("uid", &*entry.model_id)
        .maybe("name", entry.model_name.as_deref())
        .maybe("data", data);
    object.with("api", api).with("resources", vec![resource])
}

/// Whether the data of a call hold all changes: a resource has no place for old values.
fn is_told_by_call(event: &Event<'_>) -> bool {
    has_unique_fields(&event.changes) && event.changes.iter().all(|change| change.old.is_none())
}

/// Everything without an attribute of its own.
fn unmapped<'a>(event: &'a Event<'a>, is_call: bool) -> Object<'a> {
    let entry = event.entry;
    let redacted: Vec<_> =
        event.changes.iter().filter(|change| change.redacted).map(|change| change.field.as_str()).collect();
    let is_told = if is_call { is_told_by_call(event) } else { has_unique_fields(&event.changes) };
    let email = entry.user.email.as_deref().filter(|email| !is_address(email));
    Object::default()
        .with("recorded_at", entry.recorded_at.to_string())
        .maybe("via", entry.context.via.map(Via::as_str))
        .maybe("ip", entry.context.ip.as_deref().filter(|ip| !is_ip(ip)))
        .maybe("user_role", entry.user.role.as_deref())
        .maybe("user_email", email)
        .maybe("on_behalf_of", entry.on_behalf_of.as_ref().map(user_object))
        .maybe("reason", entry.reason.as_deref().filter(|_| is_call))
        .maybe("redacted_fields", Some(redacted).filter(|redacted| !redacted.is_empty()))
        .maybe("changes", Some(changes_list(&event.changes)).filter(|_: &Member<'_>| !is_told))
}
