//! `otlp:URL`: posts entries as log records of OpenTelemetry (OTLP 1.x over HTTP).
//!
//! The JSON encoding needs no generated code: every OTLP/HTTP receiver accepts it beside protobuf, and the crates of
//! OpenTelemetry would double the HTTP stack. The body is the entry in the form of `--as`, as one string, so that no number
//! changes; attributes repeat what is searched for, by the semantic conventions where they have a name.

use reqwest::Url;
use reqwest::header::{CONTENT_TYPE, HeaderMap};
use serde_json::{Value, json};

use crate::clock::Clock;
use crate::commands::forward::address::otlp_logs;
use crate::commands::forward::delivery_error::DeliveryError;
use crate::commands::forward::event::{OutgoingEvent, Subject};
use crate::commands::forward::http::HttpReceiver;
use crate::error::Failure;
use crate::exit;
use crate::model::entry::{Entry, User};
use crate::model::timestamp::Timestamp;

const SEVERITY_INFO: u8 = 9;
const SEVERITY_WARN: u8 = 13;

pub(super) struct Otlp {
    receiver: HttpReceiver,
    organization: String,
}

impl Otlp {
    pub(super) fn new(url: Url, organization: String, clock: Clock) -> Result<Self, Failure> {
        let on_refusal =
            "check that the receiver takes OTLP logs over HTTP as JSON, and the user and password in the URL";
        Ok(Self { receiver: HttpReceiver::new(otlp_logs(url), on_refusal, clock)?, organization })
    }

    pub(super) async fn deliver(&self, events: &[OutgoingEvent<'_>]) -> Result<(), DeliveryError> {
        let body = request(&self.organization, events).to_string();
        let response = self.receiver.post(HeaderMap::new(), "application/json", body, events.len()).await?;
        let media_type = response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let is_json = media_type.is_some_and(|text| text.to_ascii_lowercase().contains("json"));
        let answer = self.receiver.read(response).await?;
        match rejected(&answer) {
            // A proxy may answer in another form; half an answer in JSON may have lost a rejection.
            Err(_) if is_json => Err(self.receiver.unreadable()),
            Ok(None) | Err(_) => Ok(()),
            Ok(Some((count, words))) => {
                let message =
                    format!("the receiver rejected {count} of {} log records: {words}", events.len());
                Err(DeliveryError::Permanent(Failure::new(exit::FAILED, message)))
            }
        }
    }
}

/// An `ExportLogsServiceRequest`.
fn request(organization: &str, events: &[OutgoingEvent<'_>]) -> Value {
    let records: Vec<_> = events.iter().map(record).collect();
    let version = env!("CARGO_PKG_VERSION");
    let resource = [
        ("service.name", "krosyn-audit"),
        ("service.version", version),
        ("krosyn.organization", organization),
    ];
    json!({"resourceLogs": [{
        "resource": {"attributes": resource.map(|(key, value)| attribute(key, value))},
        "scopeLogs": [{"scope": {"name": "krosyn-audit", "version": version}, "logRecords": records}],
    }]})
}

fn record(event: &OutgoingEvent<'_>) -> Value {
    let body = json!({ "stringValue": event.line });
    let uid = attribute("log.record.uid", &event.id());
    match event.subject {
        Subject::Entry(entry) => {
            let mut attributes = vec![uid];
            attributes.extend(attributes_of(entry));
            json!({
                "timeUnixNano": nanos(entry.occurred_at), "observedTimeUnixNano": nanos(entry.recorded_at),
                "severityNumber": SEVERITY_INFO, "severityText": "INFO",
                "eventName": format!("krosyn.{}.{}", entry.model_type, entry.action),
                "body": body, "attributes": attributes,
            })
        }
        Subject::Gap(gap) => json!({
            "timeUnixNano": nanos(gap.noticed_at), "observedTimeUnixNano": nanos(gap.noticed_at),
            "severityNumber": SEVERITY_WARN, "severityText": "WARN",
            "eventName": "krosyn.entries_pruned", "body": body, "attributes": [uid],
        }),
    }
}

fn attributes_of(entry: &Entry) -> Vec<Value> {
    let user = |user: &User, prefix: &str, kind_key: &str| {
        let User { id, email, name, role, kind } = user;
        let texts = [("id", id), ("email", email), ("full_name", name)];
        let mut attributes: Vec<_> = texts
            .into_iter()
            .filter_map(|(key, text)| Some(attribute(&format!("{prefix}.{key}"), text.as_deref()?)))
            .collect();
        if let Some(role) = role {
            let roles = json!({"arrayValue": {"values": [{"stringValue": role}]}});
            attributes.push(json!({"key": format!("{prefix}.roles"), "value": roles}));
        }
        attributes.push(attribute(kind_key, kind.as_str()));
        attributes
    };
    let context = &entry.context;
    let texts = [
        ("krosyn.action", Some(entry.action.as_str())),
        ("krosyn.model.type", Some(entry.model_type.as_str())),
        ("krosyn.model.id", Some(&*entry.model_id)),
        ("krosyn.model.name", entry.model_name.as_deref()),
        ("krosyn.via", context.via.as_ref().map(|via| via.as_str())),
        ("krosyn.request.id", context.request_id.as_deref()),
        ("krosyn.reason", entry.reason.as_deref()),
        ("client.address", context.ip.as_deref()),
        ("user_agent.original", context.user_agent.as_deref()),
    ];
    let mut attributes = vec![json!({"key": "krosyn.entry.id", "value": {"intValue": entry.id.to_string()}})];
    attributes.extend(texts.into_iter().filter_map(|(key, text)| Some(attribute(key, text?))));
    attributes.extend(user(&entry.user, "user", "krosyn.user.kind"));
    let principal = "krosyn.on_behalf_of";
    attributes
        .extend(entry.on_behalf_of.iter().flat_map(|it| user(it, principal, "krosyn.on_behalf_of.kind")));
    attributes
}

fn attribute(key: &str, value: &str) -> Value {
    json!({"key": key, "value": {"stringValue": value}})
}

/// OTLP writes 64-bit integers as text.
fn nanos(at: Timestamp) -> String {
    format!("{}000", at.micros())
}

/// The number of rejected records and the reason, of an `ExportLogsServiceResponse`. Readers of protobuf's JSON accept both
/// spellings of a name.
fn rejected(answer: &[u8]) -> Result<Option<(u64, String)>, serde_json::Error> {
    if answer.trim_ascii().is_empty() {
        return Ok(None);
    }
    let answer: Value = serde_json::from_slice(answer)?;
    let field =
        |value: &Value, name: &str, other: &str| value.get(name).or_else(|| value.get(other)).cloned();
    let Some(partial) = field(&answer, "partialSuccess", "partial_success") else { return Ok(None) };
    let count = field(&partial, "rejectedLogRecords", "rejected_log_records");
    let count = count.and_then(|count| count.as_u64().or_else(|| count.as_str()?.parse().ok())).unwrap_or(0);
    let words = field(&partial, "errorMessage", "error_message");
    let words = words.as_ref().and_then(Value::as_str).unwrap_or("no reason given");
    Ok((count > 0).then(|| (count, words.chars().take(200).collect())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::forward::event::tests::{deleted, renderer};
    use crate::commands::forward::event::{DeliveryForm, Gap};
    use crate::model::prune::Pruned;

    #[test]
    fn a_record_follows_the_json_encoding_of_otlp() {
        let entry = deleted();
        let event = renderer(DeliveryForm::Json).entry(&entry).expect("rendered");
        let request = request("acme", &[event]);
        let resource = &request["resourceLogs"][0];
        assert_eq!(resource["resource"]["attributes"][0], attribute("service.name", "krosyn-audit"));
        let record = &resource["scopeLogs"][0]["logRecords"][0];
        assert_eq!(record["timeUnixNano"], "1795335247412033000");
        assert_eq!(record["eventName"], "krosyn.secret.deleted");
        let value = |key: &str| {
            let all = record["attributes"].as_array().expect("a list");
            all.iter().find(|it| it["key"] == key).unwrap_or_else(|| panic!("{key}"))["value"].clone()
        };
        assert_eq!(value("krosyn.entry.id"), json!({"intValue": "7"}));
        assert_eq!(value("log.record.uid"), json!({"stringValue": entry.uuid.to_string()}));
        assert_eq!(value("user.email"), json!({"stringValue": "ana@acme.example"}));
        assert_eq!(value("client.address"), json!({"stringValue": "198.51.100.23"}));
        let body = record["body"]["stringValue"].as_str().expect("a text");
        assert_eq!(serde_json::from_str::<Entry>(body).expect("an entry"), entry);
    }

    #[test]
    fn a_notice_is_a_warning() {
        let pruned = Pruned { through_id: 12, before: Timestamp::MIN };
        let gap = Gap { after_id: 3, pruned, noticed_at: Timestamp::MIN };
        let record = record(&renderer(DeliveryForm::Json).gap(&gap));
        assert_eq!(
            (&record["severityNumber"], &record["eventName"]),
            (&json!(13), &json!("krosyn.entries_pruned"))
        );
    }

    #[test]
    fn a_partial_success_is_noticed() {
        for (answer, count) in [
            ("{}", None),
            ("", None),
            (r#"{"partialSuccess":{"rejectedLogRecords":"0"}}"#, None),
            (r#"{"partialSuccess":{"rejectedLogRecords":"2","errorMessage":"too old"}}"#, Some(2)),
            (r#"{"partialSuccess":{"rejectedLogRecords":3}}"#, Some(3)),
            (r#"{"partial_success":{"rejected_log_records":"4"}}"#, Some(4)),
        ] {
            let found = rejected(answer.as_bytes()).expect("readable");
            assert_eq!(found.map(|(count, _)| count), count, "{answer}");
        }
        assert!(rejected(br#"{"partialSuccess":{"rejectedLogRecords":"2","err"#).is_err());
    }
}
