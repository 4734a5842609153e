//! What is delivered: an entry, or a notice of entries that were pruned before they could be delivered, as one line.

use std::borrow::Cow;

use clap::ValueEnum;
use clap::builder::PossibleValue;
use serde_json::json;

use crate::error::Failure;
use crate::model::entry::Entry;
use crate::model::prune::Pruned;
use crate::model::timestamp::Timestamp;
use crate::render::json;
use crate::render::sanitize::sanitize;
use crate::render::summary;

/// `--as`: the form of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Form {
    /// The entry as JSON, as in `export --format jsonl`.
    Json,
    /// A sentence, as Slack and compatible chats take it.
    Slack,
}

impl std::fmt::Display for Form {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.to_possible_value().as_ref().map_or("", PossibleValue::get_name))
    }
}

/// A range of the log from which entries were pruned before they could be delivered.
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

/// An event to deliver.
#[derive(Debug)]
pub(super) struct Event<'a> {
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

    fn json(&self) -> String {
        json!({
            "notice": "entries_pruned", "after_id": self.after_id, "through_id": self.pruned.through_id,
            "before": self.pruned.before, "noticed_at": self.noticed_at, "message": self.message(),
        })
        .to_string()
    }
}

impl<'a> Event<'a> {
    pub(super) fn entry(form: Form, entry: &'a Entry) -> Result<Self, Failure> {
        let line = match form {
            Form::Json => {
                let mut line = Vec::new();
                json::line(&mut line, &entry.view())?;
                String::from_utf8_lossy(&line).trim_end().to_owned()
            }
            Form::Slack => sentence(entry),
        };
        Ok(Self { subject: Subject::Entry(entry), line })
    }

    pub(super) fn gap(form: Form, gap: &'a Gap) -> Self {
        let line = match form {
            Form::Json => gap.json(),
            Form::Slack => escaped(&gap.message()).into_owned(),
        };
        Self { subject: Subject::Gap(gap), line }
    }

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

/// Escapes the characters that start links and mentions, and shows invisible ones: text of the log can notify nobody.
fn escaped(text: &str) -> Cow<'_, str> {
    let text = sanitize(text);
    if text.contains(['&', '<', '>']) {
        return text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").into();
    }
    text
}

/// The body of a request: one event, or a list of them.
pub(super) fn body(form: Form, events: &[Event<'_>], is_list: bool) -> (String, &'static str) {
    let lines: Vec<_> = events.iter().map(|event| event.line.as_str()).collect();
    let text = match form {
        Form::Json if is_list => format!("[{}]", lines.join(",")),
        Form::Json => lines.join("\n"),
        Form::Slack => json!({ "text": lines.join("\n") }).to_string(),
    };
    (text, "application/json")
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in crate::commands::forward) fn deleted() -> Entry {
        let text = json!({
            "id": 7, "uuid": "0193a1f2-6c1e-7c3a-9d55-0f6d2a7b8c11", "occurred_at": "2026-11-22T08:14:07.412033Z",
            "recorded_at": "2026-11-22T08:14:08Z", "action": "deleted", "model_type": "secret", "model_id": "1",
            "model_name": "<!channel> & co\n", "user": {"email": "ana@acme.example", "role": "admin"},
            "context": {"ip": "198.51.100.23", "user_agent": "curl"},
            "changes": [{"field": "value", "redacted": true}],
        });
        serde_json::from_value(text).expect("an entry")
    }

    #[test]
    fn a_chat_message_cannot_mention_or_link() {
        let entry = deleted();
        let event = Event::entry(Form::Slack, &entry).expect("rendered");
        assert_eq!(
            event.line,
            "*secret &lt;!channel&gt; &amp; co␊* deleted by ana@acme.example: 1 field (entry 7)"
        );
        let (body, _) = body(Form::Slack, &[event], false);
        let body: serde_json::Value = serde_json::from_str(&body).expect("JSON");
        assert!(body["text"].as_str().is_some_and(|text| text.starts_with("*secret ")));
    }

    #[test]
    fn a_batch_is_a_list_and_a_single_entry_is_an_object() {
        let entry = deleted();
        let event = || Event::entry(Form::Json, &entry).expect("rendered");
        let parsed = |events: &[Event<'_>], is_list| {
            let (text, media_type) = body(Form::Json, events, is_list);
            assert_eq!(media_type, "application/json");
            serde_json::from_str::<serde_json::Value>(&text).expect("JSON")
        };
        assert_eq!(parsed(&[event()], false)["id"], 7);
        assert_eq!(parsed(&[event(), event()], true)[1]["id"], 7);
        assert_eq!(parsed(&[event()], true)[0]["id"], 7);
    }

    #[test]
    fn a_notice_names_the_range() {
        let pruned = Pruned { through_id: 12, before: "2026-11-01T00:00:00Z".parse().expect("a time") };
        let gap = Gap { after_id: 3, pruned, noticed_at: Timestamp::MIN };
        let event = Event::gap(Form::Json, &gap);
        let notice: serde_json::Value = serde_json::from_str(&event.line).expect("JSON");
        assert_eq!((&notice["notice"], &notice["through_id"]), (&json!("entries_pruned"), &json!(12)));
        assert_eq!(event.id(), "pruned-3-12");
    }
}
