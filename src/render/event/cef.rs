//! ArcSight Common Event Format, version 0: a header with `|`, then `key=value` pairs.

use std::net::IpAddr;

use crate::model::entry::EntryView;
use crate::model::words::Via;
use crate::render::event::facts::{Event, PRODUCT, VENDOR, VERSION, changes_list, user_object};
use crate::render::event::json::{Object, text_of};
use crate::render::sanitize::sanitize;

/// Appends an event.
pub(super) fn write(event: &Event<'_>, out: &mut Vec<u8>) -> serde_json::Result<()> {
    let EntryView { user, context, .. } = event.entry;
    let entry = event.entry;
    let mut pairs = Pairs::default();
    pairs.add("externalId", &entry.id.to_string());
    pairs.add("rt", &(entry.recorded_at.micros() / 1000).to_string());
    pairs.add("start", &(entry.occurred_at.micros() / 1000).to_string());
    pairs.add("act", entry.action.as_str());
    pairs.add("outcome", "success");
    pairs.add("cat", event.source.log.as_str());
    pairs.add("msg", &event.message());
    pairs.maybe("suid", user.id.as_deref());
    pairs.add("suser", user.label());
    pairs.maybe("spriv", user.role.as_deref());
    match context.ip.as_deref().map(|ip| (ip, ip.parse::<IpAddr>())) {
        Some((ip, Ok(IpAddr::V4(_)))) => pairs.add("src", ip),
        Some((ip, Ok(IpAddr::V6(_)))) => pairs.labelled("c6a2", "Source IPv6 Address", Some(ip)),
        Some((ip, Err(_))) => pairs.add("krosynIp", ip),
        None => {}
    }
    pairs.maybe("requestClientApplication", context.user_agent.as_deref());
    pairs.maybe("reason", entry.reason.as_deref());
    pairs.labelled("cs1", "resourceType", Some(entry.model_type.as_str()));
    pairs.labelled("cs2", "resourceId", Some(&*entry.model_id));
    pairs.labelled("cs3", "resourceName", entry.model_name.as_deref());
    pairs.labelled("cs4", "channel", context.via.map(Via::as_str));
    pairs.labelled("cs5", "requestId", context.request_id.as_deref());
    pairs.labelled("cs6", "changedFields", Some(&event.fields().collect::<Vec<_>>().join(", ")));
    pairs.add("krosynUuid", &entry.uuid.to_string());
    pairs.add("krosynOrganization", event.source.organization);
    pairs.add("krosynOccurredAt", &entry.occurred_at.to_string());
    pairs.add("krosynRecordedAt", &entry.recorded_at.to_string());
    pairs.add("krosynUserKind", user.kind.as_str());
    // The label is one of these, and does not say which.
    pairs.maybe("krosynUserEmail", user.email.as_deref());
    pairs.maybe("krosynUserName", user.name.as_deref());
    if let Some(principal) = &entry.on_behalf_of {
        pairs.json("krosynOnBehalfOf", &text_of(&user_object(principal))?);
    }
    pairs.json("krosynChanges", &text_of(&changes_list(&event.changes))?);
    let exact = pairs.exact()?;
    let (code, title, severity) = (event.code(), event.title(), event.severity());
    let header = format!("CEF:0|{VENDOR}|{PRODUCT}|{VERSION}|{code}|{title}|{severity}|");
    out.extend_from_slice(header.as_bytes());
    out.extend_from_slice(pairs.text.as_bytes());
    out.extend_from_slice(exact.as_bytes());
    Ok(())
}

/// The extension of an event.
#[derive(Default)]
struct Pairs {
    text: String,
    /// The exact texts of values that cannot be written as they are.
    altered: Vec<(&'static str, String)>,
}

impl Pairs {
    /// Adds a pair. Empty values are left out, because many readers cannot read them.
    fn add(&mut self, key: &'static str, value: &str) {
        if value.is_empty() {
            return;
        }
        self.key(key);
        // Readers drop spaces around values.
        if !push_value(value, &mut self.text) || value.trim() != value {
            self.altered.push((key, value.to_owned()));
        }
    }

    fn key(&mut self, key: &str) {
        if !self.text.is_empty() {
            self.text.push(' ');
        }
        self.text.push_str(key);
        self.text.push('=');
    }

    /// Adds JSON unaltered: its hidden characters are escaped already.
    fn json(&mut self, key: &str, text: &str) {
        self.key(key);
        push_escaped(text, &mut self.text);
    }

    fn maybe(&mut self, key: &'static str, value: Option<&str>) {
        self.add(key, value.unwrap_or_default());
    }

    /// Adds a custom field with its label.
    fn labelled(&mut self, key: &'static str, label: &str, value: Option<&str>) {
        let value = value.unwrap_or_default();
        if value.is_empty() {
            return;
        }
        self.add(key, value);
        for part in [" ", key, "Label=", label] {
            self.text.push_str(part);
        }
    }

    /// The pair with the exact texts of altered values.
    fn exact(&mut self) -> serde_json::Result<String> {
        let altered = std::mem::take(&mut self.altered);
        let object =
            altered.iter().fold(Object::default(), |object, (key, value)| object.with(key, value.as_str()));
        let Some(object) = object.filled() else { return Ok(String::new()) };
        let mut pair = " krosynExact=".to_owned();
        push_escaped(&text_of(&object)?, &mut pair);
        Ok(pair)
    }
}

/// Appends a value. The specification has escapes for line breaks, `\` and `=`. Other hidden characters become visible:
/// returns whether there was none.
fn push_value(value: &str, out: &mut String) -> bool {
    let mut is_exact = true;
    for (index, line) in value.split('\n').enumerate() {
        if index > 0 {
            out.push_str("\\n");
        }
        for (index, part) in line.split('\r').enumerate() {
            if index > 0 {
                out.push_str("\\r");
            }
            let visible = sanitize(part);
            is_exact &= visible == part;
            push_escaped(&visible, out);
        }
    }
    is_exact
}

/// Appends a text with `\` before each `\` and `=`.
fn push_escaped(text: &str, out: &mut String) {
    for c in text.chars() {
        if matches!(c, '\\' | '=') {
            out.push('\\');
        }
        out.push(c);
    }
}
