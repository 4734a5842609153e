//! `syslog+unix:PATH`: one datagram for each entry to a local socket, such as `/dev/log`. The system keeps datagrams until the
//! receiver reads them; what it has not read when it ends is lost.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use crate::commands::forward::delivery_error::DeliveryError;
use crate::commands::forward::event::OutgoingEvent;
use crate::commands::forward::syslog_message::local_message;
use crate::error::Failure;
use crate::exit;

const SEND_LIMIT: Duration = Duration::from_secs(30);

pub(super) struct SyslogSocket {
    path: PathBuf,
    socket: Option<tokio::net::UnixDatagram>,
}

impl SyslogSocket {
    pub(super) const fn new(path: PathBuf) -> Self {
        Self { path, socket: None }
    }

    pub(super) async fn deliver(&mut self, events: &[OutgoingEvent<'_>]) -> Result<(), DeliveryError> {
        let socket = match self.socket.take() {
            Some(socket) => socket,
            None => self.connect().map_err(|error| self.failed(&error))?,
        };
        for event in events {
            let sent = tokio::time::timeout(SEND_LIMIT, socket.send(local_message(event).as_bytes())).await;
            sent.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
                .map_err(|error| self.failed(&error))?;
        }
        self.socket = Some(socket);
        Ok(())
    }

    fn connect(&self) -> io::Result<tokio::net::UnixDatagram> {
        let socket = tokio::net::UnixDatagram::unbound()?;
        socket.connect(&self.path)?;
        Ok(socket)
    }

    fn failed(&self, error: &io::Error) -> DeliveryError {
        use rustix::io::Errno;
        let cause = format!("cannot send to the socket {}: {error}", self.path.display());
        let is = |errno: Errno| error.raw_os_error() == Some(errno.raw_os_error());
        if is(Errno::MSGSIZE) {
            return DeliveryError::Permanent(
                Failure::new(exit::FAILED, format!("{cause}: an entry is larger than a datagram may be"))
                    .hint("send to the receiver over TCP: --to syslog:HOST:PORT"),
            );
        }
        if is(Errno::PROTOTYPE) {
            return DeliveryError::Permanent(
                Failure::usage(format!("{cause}: it is not a datagram socket"))
                    .hint("send to the receiver over TCP: --to syslog:HOST:PORT"),
            );
        }
        DeliveryError::transient(cause).hint("check that a syslog receiver is running, and the path in --to")
    }
}
