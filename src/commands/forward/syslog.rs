//! `syslog:HOST:PORT` and `syslog+tls:HOST:PORT`: streams of messages over TCP, and over TLS (RFC 5425).
//!
//! Syslog has no acknowledgement, and a sender does not notice that bytes are lost with a receiver that ends. Therefore each
//! batch has a connection of its own, which is closed for writing after the batch: the receiver closes its side when it has
//! read everything. A second connection, opened before, shows that the receiver is still the same process and did not close
//! the first one by ending. Only then the batch counts as delivered. What a receiver keeps in its own queue is its own matter.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use crate::client::transport::{TransportError, plain_tls};
use crate::commands::forward::delivery_error::DeliveryError;
use crate::commands::forward::event::OutgoingEvent;
use crate::commands::forward::http::untrusted;
use crate::commands::forward::syslog_message::{frame, message};
use crate::error::Failure;
use crate::exit;

const CONNECT_LIMIT: Duration = Duration::from_secs(10);
const WRITE_LIMIT: Duration = Duration::from_secs(30);
/// How long a receiver may take to close its side.
const CLOSE_LIMIT: Duration = Duration::from_secs(30);
/// How long the end of a process may take to reach its second connection.
const SETTLE: Duration = Duration::from_millis(20);

trait Connection: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Connection for T {}

pub(super) struct SyslogStream {
    host: String,
    port: u16,
    tls: Option<(TlsConnector, ServerName<'static>)>,
    /// For messages.
    name: String,
    /// This machine, as messages name it.
    sender: String,
    /// The connection of the next batch.
    idle: Option<Box<dyn Connection>>,
    close_limit: Duration,
}

impl SyslogStream {
    pub(super) fn new(
        host: &str,
        port: u16,
        is_tls: bool,
        name: String,
        sender: String,
    ) -> Result<Self, Failure> {
        let host = host.trim_matches(['[', ']']).to_owned();
        let tls = if is_tls {
            let config = plain_tls();
            let config =
                config.map_err(|cause| Failure::new(exit::FAILED, format!("cannot set up TLS: {cause}")))?;
            let server = ServerName::try_from(host.clone());
            let server = server.map_err(|_| Failure::usage(format!("{host} is not a host name")))?;
            Some((TlsConnector::from(Arc::new(config)), server))
        } else {
            None
        };
        Ok(Self { host, port, tls, name, sender, idle: None, close_limit: CLOSE_LIMIT })
    }

    pub(super) async fn deliver(&mut self, events: &[OutgoingEvent<'_>]) -> Result<(), DeliveryError> {
        let mut frames = Vec::new();
        events.iter().for_each(|event| frame(&mut frames, &message(event, &self.sender)));
        let mut idle = self.idle.take();
        if let Some(stream) = &mut idle
            && !is_open(stream, Duration::ZERO).await
        {
            idle = None;
        }
        let mut stream = match idle {
            Some(stream) => stream,
            None => self.connect().await?,
        };
        let written = async {
            stream.write_all(&frames).await?;
            stream.flush().await
        };
        let written = timeout(WRITE_LIMIT, written).await;
        written.map_err(|_| self.failed("it reads nothing"))?.map_err(|error| self.broken(&error))?;
        let mut witness = self.connect().await?;
        stream.shutdown().await.map_err(|error| self.broken(&error))?;
        // The system accepts connections and bytes for a process that hangs: only the close shows that they were read.
        let closed = timeout(self.close_limit, read_to_end(&mut stream)).await;
        let closed = closed.map_err(|_| {
            let seconds = self.close_limit.as_secs();
            self.failed(&format!(
                "the receiver has not read the entries to their end within {seconds} seconds"
            ))
        })?;
        closed.map_err(|error| self.broken(&error))?;
        if !is_open(&mut witness, SETTLE).await {
            return Err(self.failed("it ended while it was reading"));
        }
        self.idle = Some(witness);
        Ok(())
    }

    async fn connect(&self) -> Result<Box<dyn Connection>, DeliveryError> {
        let connecting = async {
            let stream = TcpStream::connect((self.host.as_str(), self.port)).await?;
            stream.set_nodelay(true)?;
            Ok::<Box<dyn Connection>, io::Error>(match &self.tls {
                Some((connector, server)) => Box::new(connector.connect(server.clone(), stream).await?),
                None => Box::new(stream),
            })
        };
        let connected =
            timeout(CONNECT_LIMIT, connecting).await.map_err(|_| self.failed("it does not answer"))?;
        connected.map_err(|error| match TransportError::of(&error) {
            TransportError::Untrusted(cause) => DeliveryError::Permanent(untrusted(&self.name, &cause)),
            TransportError::Network(cause) => self.failed(&cause),
        })
    }

    fn broken(&self, error: &io::Error) -> DeliveryError {
        self.failed(&format!("the connection broke: {error}"))
    }

    fn failed(&self, cause: &str) -> DeliveryError {
        DeliveryError::transient(format!("cannot reach {}: {cause}", self.name)).hint(
            "check that a syslog receiver listens there for TCP (rsyslog: imtcp), and that the address in --to is right",
        )
    }
}

/// Reads until the peer closes its side, and discards what it says.
async fn read_to_end(stream: &mut Box<dyn Connection>) -> io::Result<()> {
    let mut buffer = [0; 1024];
    loop {
        match stream.read(&mut buffer).await {
            Ok(0) => return Ok(()),
            Ok(_) => {}
            // Some receivers close TLS without saying so.
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(()),
            Err(error) => return Err(error),
        }
    }
}

/// Whether the peer has not closed the connection within this time.
async fn is_open(stream: &mut Box<dyn Connection>, time: Duration) -> bool {
    let mut buffer = [0; 1024];
    match timeout(time, stream.read(&mut buffer)).await {
        Err(_) => true,
        Ok(read) => read.is_ok_and(|bytes| bytes > 0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::forward::event::DeliveryForm;
    use crate::commands::forward::event::tests::{deleted, renderer};

    #[tokio::test]
    async fn a_receiver_that_reads_nothing_has_accepted_nothing() {
        // The system accepts connections for it.
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("bound").port();
        let name = "syslog:test".to_owned();
        let mut stream = SyslogStream::new("127.0.0.1", port, false, name, "h".to_owned()).expect("made");
        stream.close_limit = Duration::from_millis(50);
        let entry = deleted();
        let event = renderer(DeliveryForm::Json).entry(&entry).expect("rendered");
        let Err(DeliveryError::Transient { cause, .. }) = stream.deliver(&[event]).await else {
            panic!("a failure that is tried again");
        };
        assert!(cause.contains("has not read the entries"), "{cause}");
    }
}
