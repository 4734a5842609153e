//! A destination that takes events. One attempt each; `delivery` repeats them.

use crate::clock::Clock;
use crate::commands::forward::address::Address;
use crate::commands::forward::delivery_error::DeliveryError;
use crate::commands::forward::event::{OutgoingEvent, Renderer};
use crate::commands::forward::file::LogFile;
use crate::commands::forward::otlp::Otlp;
use crate::commands::forward::program::Program;
use crate::commands::forward::signature::Secrets;
use crate::commands::forward::syslog::SyslogStream;
use crate::commands::forward::syslog_unix::SyslogSocket;
use crate::commands::forward::webhook::Webhook;
use crate::error::Failure;

/// The number of entries in one request of OpenTelemetry, unless `--batch` says otherwise.
const OTLP_BATCH: usize = 500;

/// What a destination needs besides its address.
pub(super) struct DestinationOptions {
    pub(super) secrets: Option<Secrets>,
    pub(super) clock: Clock,
    pub(super) organization: String,
    /// The name of this machine.
    pub(super) host: String,
}

pub(super) enum Destination {
    Webhook(Webhook),
    Otlp(Otlp),
    Syslog(SyslogStream),
    SyslogSocket(SyslogSocket),
    File(LogFile),
    Program(Program),
}

impl Destination {
    pub(super) fn new(address: &Address, options: DestinationOptions) -> Result<Self, Failure> {
        let DestinationOptions { secrets, clock, organization, host: sender } = options;
        Ok(match address {
            Address::Webhook(url) => Self::Webhook(Webhook::new(url.read()?, secrets, clock)?),
            Address::Otlp(url) => Self::Otlp(Otlp::new(url.read()?, organization, clock)?),
            Address::Syslog { host, port, is_tls } => {
                Self::Syslog(SyslogStream::new(host, *port, *is_tls, address.to_string(), sender)?)
            }
            Address::SyslogUnix(path) => Self::SyslogSocket(SyslogSocket::new(path.clone())),
            Address::File(path) => Self::File(LogFile::new(path.clone())),
            Address::Exec(words) => Self::Program(Program::new(words.clone())),
        })
    }

    /// The most events of one delivery.
    pub(super) fn batch(&self, chosen: Option<usize>) -> usize {
        chosen.unwrap_or(match self {
            Self::Webhook(_) => 1,
            Self::Otlp(_) => OTLP_BATCH,
            Self::Syslog(_) | Self::SyslogSocket(_) | Self::File(_) | Self::Program(_) => usize::MAX,
        })
    }

    /// Delivers events, to a webhook as a list or alone, after the last delivery if that may not have been used. After an error,
    /// any of them may have arrived.
    pub(super) async fn deliver(
        &mut self,
        renderer: &Renderer,
        events: &[OutgoingEvent<'_>],
        is_list: bool,
    ) -> Result<(), DeliveryError> {
        match self {
            Self::Webhook(webhook) => webhook.deliver(events, renderer.body(events, is_list)).await,
            Self::Otlp(otlp) => otlp.deliver(events).await,
            Self::Syslog(stream) => stream.deliver(events).await,
            Self::SyslogSocket(socket) => socket.deliver(events).await,
            Self::File(file) => file.deliver(events).await,
            Self::Program(program) => program.deliver(events).await,
        }
    }

    /// Whether the last delivery was read, and may not have been used.
    pub(super) const fn has_unused_delivery(&self) -> bool {
        matches!(self, Self::Program(program) if program.has_unused_lines())
    }

    /// Whether the last delivery repeated the one before.
    pub(super) const fn has_repeated(&self) -> bool {
        matches!(self, Self::Program(program) if program.has_repeated())
    }

    /// Whether the destination has failed since the last delivery, so that it needs it again.
    pub(super) fn has_failed(&mut self) -> bool {
        match self {
            Self::Program(program) => program.has_failed(),
            _ => false,
        }
    }

    /// Ends what was started. An error says why the last delivery may not have been used.
    pub(super) async fn finish(&mut self) -> Result<(), String> {
        match self {
            Self::Program(program) => program.finish().await,
            _ => Ok(()),
        }
    }
}
