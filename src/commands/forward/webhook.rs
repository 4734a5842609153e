//! `webhook:URL`: posts entries as Standard Webhooks says.

use std::time::Duration;

use reqwest::Url;
use reqwest::header::{HeaderMap, HeaderValue};
use tokio::time::timeout;

use crate::clock::Clock;
use crate::commands::forward::delivery_error::DeliveryError;
use crate::commands::forward::event::OutgoingEvent;
use crate::commands::forward::http::HttpReceiver;
use crate::commands::forward::signature::Secrets;
use crate::error::Failure;
use crate::exit;

/// How long the body of an accepted request is read.
const DRAIN_LIMIT: Duration = Duration::from_secs(1);

pub(super) struct Webhook {
    receiver: HttpReceiver,
    secrets: Option<Secrets>,
    clock: Clock,
}

impl Webhook {
    pub(super) fn new(url: Url, secrets: Option<Secrets>, clock: Clock) -> Result<Self, Failure> {
        let on_refusal = match secrets {
            Some(_) => {
                "check that --secret-file holds the secret that the receiver verifies with, and that both clocks are right"
            }
            None => "the receiver may expect a signature: give its secret with --secret-file",
        };
        let receiver = HttpReceiver::new(url, on_refusal, clock.clone())?;
        Ok(Self { receiver, secrets, clock })
    }

    /// Posts events as one body of this media type.
    pub(super) async fn deliver(
        &self,
        events: &[OutgoingEvent<'_>],
        (body, media_type): (String, &'static str),
    ) -> Result<(), DeliveryError> {
        let (Some(first), Some(last)) = (events.first(), events.last()) else { return Ok(()) };
        // A later attempt may hold more entries, and is then another message.
        let id = if events.len() == 1 { first.id() } else { format!("{}_{}", first.id(), last.id()) };
        let timestamp = self.clock.now().micros() / 1_000_000;
        let signature = self.secrets.as_ref().map(|secrets| secrets.sign(&id, timestamp, &body));
        let mut headers = HeaderMap::new();
        let values = [
            ("webhook-id", Some(id)),
            ("webhook-timestamp", Some(timestamp.to_string())),
            ("webhook-signature", signature),
        ];
        for (name, value) in values {
            let Some(value) = value else { continue };
            let value = HeaderValue::try_from(value);
            let invalid =
                |_| DeliveryError::Permanent(Failure::new(exit::FAILED, format!("invalid header {name}")));
            headers.insert(name, value.map_err(invalid)?);
        }
        let response = self.receiver.post(headers, media_type, body, events.len()).await?;
        // The status decides. The body is read only so that the connection can be used again.
        drop(timeout(DRAIN_LIMIT, self.receiver.read(response)).await);
        Ok(())
    }
}
