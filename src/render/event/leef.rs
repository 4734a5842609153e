//! QRadar Log Event Extended Format, version 2.0: a header with `|`, then `key=value` pairs with tabs between them.

use std::net::IpAddr;

use crate::model::entry::EntryView;
use crate::model::words::Via;
use crate::render::event::facts::{Event, PRODUCT, VENDOR, VERSION, changes_list, user_object};
use crate::render::event::json::text_of;
use crate::render::sanitize::{is_hidden, json_escape};

/// Appends an event.
pub(super) fn write(event: &Event<'_>, out: &mut Vec<u8>) -> serde_json::Result<()> {
    let entry = event.entry;
    let EntryView { user, context, .. } = entry;
    let mut line = format!("LEEF:2.0|{VENDOR}|{PRODUCT}|{VERSION}|{}|x09|", event.code());
    let mut pairs = Pairs { line: &mut line, is_first: true };
    pairs.add("devTime", &entry.occurred_at.datetime().format("%Y-%m-%dT%H:%M:%S%.3f%z").to_string());
    pairs.add("devTimeFormat", "yyyy-MM-dd'T'HH:mm:ss.SSSZ");
    pairs.add("cat", event.source.log.as_str());
    pairs.add("sev", &event.severity().to_string());
    pairs.add("usrName", user.label());
    pairs.maybe("role", user.role.as_deref());
    if let Some(ip) = context.ip.as_deref() {
        pairs.add(if ip.parse::<IpAddr>().is_ok() { "src" } else { "krosynIp" }, ip);
    }
    pairs.add("resource", &format!("{}/{}", entry.model_type, &*entry.model_id));
    pairs.add("krosynMessage", &event.message());
    pairs.add("krosynId", &entry.id.to_string());
    pairs.add("krosynUuid", &entry.uuid.to_string());
    pairs.add("krosynOrganization", event.source.organization);
    pairs.add("krosynOccurredAt", &entry.occurred_at.to_string());
    pairs.add("krosynRecordedAt", &entry.recorded_at.to_string());
    pairs.add("krosynAction", entry.action.as_str());
    pairs.add("krosynResourceType", entry.model_type.as_str());
    pairs.add("krosynResourceId", &entry.model_id);
    pairs.maybe("krosynResourceName", entry.model_name.as_deref());
    pairs.maybe("krosynUserId", user.id.as_deref());
    // The label is one of these, and does not say which.
    pairs.maybe("krosynUserEmail", user.email.as_deref());
    pairs.maybe("krosynUserName", user.name.as_deref());
    pairs.add("krosynUserKind", user.kind.as_str());
    pairs.maybe("krosynVia", context.via.map(Via::as_str));
    pairs.maybe("krosynUserAgent", context.user_agent.as_deref());
    pairs.maybe("krosynRequestId", context.request_id.as_deref());
    pairs.maybe("krosynReason", entry.reason.as_deref());
    pairs.add("krosynFields", &event.fields().collect::<Vec<_>>().join(", "));
    if let Some(principal) = &entry.on_behalf_of {
        pairs.json("krosynOnBehalfOf", &text_of(&user_object(principal))?);
    }
    pairs.json("krosynChanges", &text_of(&changes_list(&event.changes))?);
    out.extend_from_slice(line.as_bytes());
    Ok(())
}

struct Pairs<'l> {
    line: &'l mut String,
    is_first: bool,
}

impl Pairs<'_> {
    fn key(&mut self, key: &str) {
        if !self.is_first {
            self.line.push('\t');
        }
        self.is_first = false;
        self.line.push_str(key);
        self.line.push('=');
    }

    /// Adds a text. LEEF has no escapes, so these are ours: those of JSON, without `\"` and `\/`. Empty texts are left out.
    fn add(&mut self, key: &str, value: &str) {
        if value.is_empty() {
            return;
        }
        self.key(key);
        for c in value.chars() {
            match c {
                '\\' => self.line.push_str("\\\\"),
                '\t' => self.line.push_str("\\t"),
                '\n' => self.line.push_str("\\n"),
                '\r' => self.line.push_str("\\r"),
                c if is_hidden(c) => self.line.push_str(&json_escape(c)),
                c => self.line.push(c),
            }
        }
    }

    fn maybe(&mut self, key: &str, value: Option<&str>) {
        self.add(key, value.unwrap_or_default());
    }

    /// Adds JSON unchanged: it has no tab and no other character that needs an escape.
    fn json(&mut self, key: &str, text: &str) {
        self.key(key);
        self.line.push_str(text);
    }
}
