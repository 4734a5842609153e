//! What is delivered: an entry, or a notice of entries that were pruned before they could be delivered, as one line.

use std::borrow::Cow;

use clap::ValueEnum;
use clap::builder::PossibleValue;
use serde_json::json;

use crate::error::Failure;
use crate::model::entry::Entry;
use crate::model::prune::Pruned;
use crate::model::timestamp::Timestamp;
use crate::model::words::Log;
use crate::render::event::{EventFormat, EventSource, write_event};
use crate::render::sanitize::sanitize;
use crate::render::summary;

/// `--as`: the format of a delivered entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum DeliveryForm {
    /// The entry as JSON, as in `export --format jsonl`
    Json,
    /// Open Cybersecurity Schema Framework, as JSON
    Ocsf,
    /// ArcSight Common Event Format
    Cef,
    /// Elastic Common Schema, as JSON
    Ecs,
    /// QRadar Log Event Extended Format
    Leef,
    /// A sentence, for webhooks of Slack and compatible chats
    Slack,
}

impl DeliveryForm {
    /// The format of the events that SIEMs read; none for a chat.
    pub(super) const fn event_format(self) -> Option<EventFormat> {
        match self {
            Self::Json => Some(EventFormat::Json),
            Self::Ocsf => Some(EventFormat::Ocsf),
            Self::Cef => Some(EventFormat::Cef),
            Self::Ecs => Some(EventFormat::Ecs),
            Self::Leef => Some(EventFormat::Leef),
            Self::Slack => None,
        }
    }
}

impl std::fmt::Display for DeliveryForm {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.to_possible_value().as_ref().map_or("", PossibleValue::get_name))
    }
}

const JSON: &str = "application/json";
const NOTICE: &str = "entries_pruned";
const PRODUCT: &str = "krosyn-audit";
const OCSF_VERSION: &str = "1.6.0";

/// A range of the log from which entries were pruned before they could be delivered. A notice reports it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Gap {
    /// The id up to which entries were delivered.
    pub(super) after_id: u64,
    pub(super) pruned: Pruned,
    pub(super) noticed_at: Timestamp,
}

/// The source of an event.
#[derive(Debug, Clone, Copy)]
pub(super) enum Subject<'a> {
    Entry(&'a Entry),
    Gap(&'a Gap),
}

/// An entry or a notice, rendered for delivery.
#[derive(Debug)]
pub(super) struct OutgoingEvent<'a> {
    pub(super) subject: Subject<'a>,
    /// The rendered text, without a line break.
    pub(super) line: String,
}

impl Gap {
    pub(super) fn message(&self) -> String {
        format!(
            "entries are missing between {} and {}: changes before {} were pruned before they could be delivered",
            self.after_id, self.pruned.through_id, self.pruned.before
        )
    }
}

/// Renders entries and notices in one format.
pub(super) struct Renderer {
    pub(super) form: DeliveryForm,
    pub(super) log: Log,
    pub(super) organization: String,
}

impl Renderer {
    pub(super) fn entry<'a>(&self, entry: &'a Entry) -> Result<OutgoingEvent<'a>, Failure> {
        let line = match self.form.event_format() {
            None => sentence(entry),
            Some(format) => {
                let source = EventSource { log: self.log, organization: &self.organization };
                let mut line = Vec::new();
                write_event(format, source, &entry.view(), &mut line)?;
                String::from_utf8_lossy(&line).into_owned()
            }
        };
        Ok(OutgoingEvent { subject: Subject::Entry(entry), line })
    }

    pub(super) fn gap<'a>(&self, gap: &'a Gap) -> OutgoingEvent<'a> {
        let line = match self.form.event_format() {
            None => escaped(&gap.message()).into_owned(),
            Some(format) => notice(format, gap),
        };
        OutgoingEvent { subject: Subject::Gap(gap), line }
    }

    /// The body of a request and its media type: one event, or a list of them.
    pub(super) fn body(&self, events: &[OutgoingEvent<'_>], is_list: bool) -> (String, &'static str) {
        let lines: Vec<_> = events.iter().map(|event| event.line.as_str()).collect();
        match self.form.event_format() {
            None => (json!({ "text": lines.join("\n") }).to_string(), JSON),
            Some(format) if format.is_json() && is_list => (format!("[{}]", lines.join(",")), JSON),
            Some(format) if format.is_json() => (lines.join("\n"), JSON),
            Some(_) => (lines.join("\n"), "text/plain; charset=utf-8"),
        }
    }
}

/// A notice in one of the formats that SIEMs read. It contains no text of the log.
fn notice(format: EventFormat, gap: &Gap) -> String {
    let (message, version) = (gap.message(), env!("CARGO_PKG_VERSION"));
    let Gap { after_id, pruned, noticed_at } = gap;
    let facts = json!({
        "notice": NOTICE, "after_id": after_id, "through_id": pruned.through_id, "before": pruned.before,
        "noticed_at": noticed_at,
    });
    match format {
        EventFormat::Json => {
            let mut notice = facts;
            notice["message"] = message.into();
            notice.to_string()
        }
        EventFormat::Ocsf => json!({
            "class_uid": 0, "category_uid": 0, "activity_id": 99, "activity_name": NOTICE, "type_uid": 99,
            "severity_id": 3, "time": noticed_at.micros() / 1000, "message": message, "unmapped": facts,
            "metadata": {"version": OCSF_VERSION, "product": {"name": PRODUCT, "vendor_name": "Krosyn", "version": version}},
        })
        .to_string(),
        EventFormat::Ecs => json!({
            "@timestamp": noticed_at, "message": message, "krosyn": facts,
            "event": {"kind": "pipeline_error", "action": NOTICE, "provider": PRODUCT},
        })
        .to_string(),
        EventFormat::Cef => format!("CEF:0|Krosyn|{PRODUCT}|{version}|{NOTICE}|Entries pruned|6|msg={message}"),
        EventFormat::Leef => format!("LEEF:2.0|Krosyn|{PRODUCT}|{version}|{NOTICE}|x09|msg={message}"),
    }
}

impl OutgoingEvent<'_> {
    /// The idempotency key: the same for each attempt to deliver the event.
    pub(super) fn id(&self) -> String {
        match self.subject {
            Subject::Entry(entry) => entry.uuid.to_string(),
            Subject::Gap(gap) => format!("pruned-{}-{}", gap.after_id, gap.pruned.through_id),
        }
    }
}

/// `secret SF_CLIENT_SECRET deleted by ana@acme.example (entry 1287)`, and the changes of an update.
fn sentence(entry: &Entry) -> String {
    let name = entry.model_name.as_deref().unwrap_or(&entry.model_id);
    let user = entry.user.label_for(entry.on_behalf_of.as_ref());
    let changes = summary::summary_of(entry);
    let reason = entry.reason.as_deref().map(|reason| format!(" — {}", escaped(reason)));
    format!(
        "*{} {}* {} by {}: {} (entry {}){}",
        entry.model_type,
        escaped(name),
        entry.action,
        escaped(&user),
        escaped(&changes),
        entry.id,
        reason.unwrap_or_default()
    )
}

/// Escapes the characters that start links, mentions and styles, and shows invisible ones, so that text of the log notifies no user.
///
/// Chats have no common escape of Markdown, so that look-alikes replace its characters. A word joiner after `@` ends a mention.
fn escaped(text: &str) -> Cow<'_, str> {
    let text = sanitize(text);
    if !text.contains(['&', '<', '>', '@', '*', '_', '~', '`', '[']) {
        return text;
    }
    let (mut escaped, mut before) = (String::with_capacity(text.len()), None);
    let mut rest = text.chars().peekable();
    while let Some(character) = rest.next() {
        let is_inner = |it: Option<char>| it.is_some_and(char::is_alphanumeric);
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '@' => escaped.push_str("@\u{2060}"),
            '*' => escaped.push('∗'),
            '~' => escaped.push('∼'),
            '`' => escaped.push('ˋ'),
            '[' => escaped.push('［'),
            // Inside a word, as in SF_CLIENT_SECRET, it starts no style.
            '_' if !(is_inner(before) && is_inner(rest.peek().copied())) => escaped.push('＿'),
            _ => escaped.push(character),
        }
        before = Some(character);
    }
    escaped.into()
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::model::fixtures::entry_with;

    pub(in crate::commands::forward) fn deleted() -> Entry {
        entry_with([json!({
            "recorded_at": "2026-11-22T08:14:08Z", "action": "deleted", "model_type": "secret", "model_id": "1",
            "model_name": "<!channel> & co\n", "user": {"email": "ana@acme.example", "role": "admin"},
            "context": {"ip": "198.51.100.23", "user_agent": "curl"},
            "changes": [{"field": "value", "redacted": true}],
        })])
    }

    pub(in crate::commands::forward) fn renderer(form: DeliveryForm) -> Renderer {
        Renderer { form, log: Log::Audit, organization: "acme".to_owned() }
    }

    #[test]
    fn a_chat_message_cannot_mention_or_link() {
        let entry = deleted();
        let renderer = renderer(DeliveryForm::Slack);
        let event = renderer.entry(&entry).expect("rendered");
        assert_eq!(
            event.line,
            "*secret &lt;!channel&gt; &amp; co⏎* deleted by ana@\u{2060}acme.example: value (redacted) (entry 7)"
        );
        let (body, _) = renderer.body(&[event], false);
        let body: serde_json::Value = serde_json::from_str(&body).expect("JSON");
        assert!(body["text"].as_str().is_some_and(|text| text.starts_with("*secret ")));
    }

    #[test]
    fn text_of_the_log_has_no_markdown_and_mentions_nobody() {
        assert_eq!(
            escaped("@channel *a* _b_ ~c~ `d` [e](f) SF_CLIENT_SECRET"),
            "@\u{2060}channel ∗a∗ ＿b＿ ∼c∼ ˋdˋ ［e](f) SF_CLIENT_SECRET"
        );
    }

    #[test]
    fn a_batch_is_a_list_and_a_single_entry_is_an_object() {
        let entry = deleted();
        let renderer = renderer(DeliveryForm::Json);
        let event = || renderer.entry(&entry).expect("rendered");
        let parsed = |events: &[OutgoingEvent<'_>], is_list| {
            let (text, media_type) = renderer.body(events, is_list);
            assert_eq!(media_type, "application/json");
            serde_json::from_str::<serde_json::Value>(&text).expect("JSON")
        };
        assert_eq!(parsed(&[event()], false)["id"], 7);
        assert_eq!(parsed(&[event(), event()], true)[1]["id"], 7);
        assert_eq!(parsed(&[event()], true)[0]["id"], 7);
    }

    #[test]
    fn a_notice_names_the_range_in_every_form() {
        let pruned = Pruned { through_id: 12, before: "2026-11-01T00:00:00Z".parse().expect("a time") };
        let gap = Gap { after_id: 3, pruned, noticed_at: Timestamp::MIN };
        for &form in DeliveryForm::value_variants() {
            let event = renderer(form).gap(&gap);
            assert!(event.line.contains("between 3 and 12"), "{form}: {}", event.line);
            assert_eq!((event.id().as_str(), event.line.lines().count()), ("pruned-3-12", 1), "{form}");
            let is_json = form.event_format().is_some_and(EventFormat::is_json);
            assert_eq!(serde_json::from_str::<serde_json::Value>(&event.line).is_ok(), is_json, "{form}");
        }
    }
}
