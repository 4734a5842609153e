//! Connections below HTTP: slots, write timeouts, unread request bodies, and problem bodies for the HTTP library's own
//! error responses. It knows no route and no token.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::Extension;
use axum::middleware::AddExtension;
use axum_server::accept::Accept;
use prometheus_client::metrics::counter::Counter;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::time::Sleep;
use tower::Layer as _;

use crate::server::connection_slots::{BusyGuard, ConnectionSlots, Slot, SlotGuard};
use crate::server::early_response;
use crate::server::limits::network;

/// How long a client that is behind may take to read [`WRITE_BYTES`] of a response.
pub(super) const WRITE_TIMEOUT: Duration = Duration::from_secs(60);
/// The least that a client must read within [`WRITE_TIMEOUT`]: a byte a minute would hold the memory of a response for days.
const WRITE_BYTES: usize = 64 * 1024;
/// How many connections at once get a 503 response when no slot is free. Above that they are closed without a response.
pub(super) const fn max_refusals(slots: usize) -> usize {
    let share = slots / 8 + 4;
    if share < 64 { share } else { 64 }
}

/// How long a 503 response to a refused connection may take.
const REFUSAL_TIMEOUT: Duration = Duration::from_secs(2);
/// How long an unread request body is drained after the response, and up to how many bytes. If the connection were
/// closed at once, the system would discard the response on its way to a client that is still sending.
const LINGER_TIME: Duration = Duration::from_secs(3);
const LINGER_BYTES: usize = 16 * 1024 * 1024;

/// Gives each connection a slot, and refuses connections when no slot is free.
#[derive(Clone)]
pub(super) struct SlotAcceptor<A> {
    inner: A,
    slots: Arc<ConnectionSlots>,
    refusals: Arc<Semaphore>,
    refused: Counter,
}

impl<A> SlotAcceptor<A> {
    pub(super) fn new(max: usize, is_behind_proxy: bool, refused: Counter, inner: A) -> Self {
        let refusals = Arc::new(Semaphore::new(max_refusals(max)));
        Self { inner, slots: ConnectionSlots::new(max, is_behind_proxy), refusals, refused }
    }
}

impl<A, S> Accept<TcpStream, S> for SlotAcceptor<A>
where
    A: Accept<TcpStream, S>,
    A::Stream: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    A::Service: Send + 'static,
    A::Future: Send + 'static,
{
    type Stream = ClientConnection<A::Stream>;
    type Service = AddExtension<A::Service, Arc<Slot>>;
    type Future = Pin<Box<dyn Future<Output = io::Result<(Self::Stream, Self::Service)>> + Send>>;

    fn accept(&self, stream: TcpStream, service: S) -> Self::Future {
        let slot = match stream.peer_addr() {
            Ok(address) => self.slots.acquire(network(address.ip())),
            Err(error) => return Box::pin(std::future::ready(Err(error))),
        };
        let refusals = Arc::clone(&self.refusals);
        if slot.is_none() {
            self.refused.inc();
        }
        let accepted = self.inner.accept(stream, service);
        Box::pin(async move {
            if let Some(slot) = slot {
                let (stream, service) = tokio::select! {
                    accepted = accepted => accepted?,
                    () = slot.0.evicted() => return Err(evicted_error()),
                };
                let service = Extension(Arc::clone(&slot.0)).layer(service);
                return Ok((ClientConnection::new(stream, slot, WRITE_TIMEOUT), service));
            }
            let _permit = refusals.try_acquire_owned().map_err(io::Error::other)?;
            let sent = tokio::time::timeout(REFUSAL_TIMEOUT, async { refuse(&mut accepted.await?.0).await });
            sent.await??;
            Err(io::Error::other("too many connections"))
        })
    }
}

fn evicted_error() -> io::Error {
    io::Error::other("evicted for another connection")
}

async fn refuse(stream: &mut (impl AsyncRead + AsyncWrite + Unpin)) -> io::Result<()> {
    stream.write_all(&early_response::no_free_slot()).await?;
    stream.shutdown().await?;
    // Drains the request: see `LINGER_TIME`.
    let mut rest = [0; 4096];
    while stream.read(&mut rest).await? > 0 {}
    Ok(())
}

/// A connection that holds a slot.
pub(super) struct ClientConnection<S> {
    stream: S,
    write_timeout: Duration,
    /// Set while the client is behind.
    unread: Option<SlowReader>,
    /// An error response of the HTTP library with an added body, and how many bytes of it are written.
    replacement: Option<(Vec<u8>, usize)>,
    /// While an unread request body is drained: the timer, and how many bytes may still arrive.
    linger: Option<(Pin<Box<Sleep>>, usize)>,
    evicted: Pin<Box<dyn Future<Output = ()> + Send>>,
    slot: SlotGuard,
}

/// The state of a client that does not read as fast as the server writes.
struct SlowReader {
    timer: Pin<Box<Sleep>>,
    /// How many bytes it must read before the timer ends.
    missing: usize,
    /// An authenticated connection counts as busy meanwhile; an anonymous one may be evicted.
    _busy: Option<BusyGuard>,
}

impl<S> ClientConnection<S> {
    fn new(stream: S, slot: SlotGuard, write_timeout: Duration) -> Self {
        let shared = Arc::clone(&slot.0);
        let evicted = Box::pin(async move { shared.evicted().await });
        Self { stream, write_timeout, unread: None, replacement: None, linger: None, evicted, slot }
    }

    /// Stays ready once the connection is evicted.
    fn poll_evicted(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        ready!(self.evicted.as_mut().poll(cx));
        // A completed future must not be polled again.
        self.evicted = Box::pin(std::future::ready(()));
        Poll::Ready(())
    }
}

impl<S: AsyncWrite + Unpin> ClientConnection<S> {
    /// Writes to the stream, and fails when the client reads too little for too long.
    fn poll_write_in_time(
        &mut self,
        cx: &mut Context<'_>,
        write: impl FnOnce(Pin<&mut S>, &mut Context<'_>) -> Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        let written = write(Pin::new(&mut self.stream), cx);
        match (&written, &mut self.unread) {
            (Poll::Ready(Ok(bytes)), Some(unread)) if *bytes < unread.missing => unread.missing -= bytes,
            (Poll::Ready(_), _) => self.unread = None,
            (Poll::Pending, _) => {}
        }
        if written.is_ready() {
            return written;
        }
        self.poll_unread(cx).map(Err)
    }

    /// Like `poll_write_in_time`, for flush and shutdown, which complete only when all bytes are written.
    fn poll_all_in_time(
        &mut self,
        cx: &mut Context<'_>,
        step: impl FnOnce(Pin<&mut S>, &mut Context<'_>) -> Poll<io::Result<()>>,
    ) -> Poll<io::Result<()>> {
        self.poll_write_in_time(cx, |stream, cx| step(stream, cx).map_ok(|()| usize::MAX)).map_ok(drop)
    }

    /// Waits until the client has been behind for too long, or is evicted.
    fn poll_unread(&mut self, cx: &mut Context<'_>) -> Poll<io::Error> {
        let (write_timeout, slot) = (self.write_timeout, &self.slot.0);
        let unread = self.unread.get_or_insert_with(|| SlowReader {
            timer: Box::pin(tokio::time::sleep(write_timeout)),
            missing: WRITE_BYTES,
            _busy: slot.is_authenticated().then(|| slot.mark_busy()),
        });
        if unread.timer.as_mut().poll(cx).is_pending() {
            ready!(self.poll_evicted(cx));
            return Poll::Ready(evicted_error());
        }
        Poll::Ready(io::Error::new(io::ErrorKind::TimedOut, "the client does not read the response"))
    }

    /// Writes a response with a problem body in place of `bytes`, if they are an error response without one.
    fn replacement(&mut self, cx: &mut Context<'_>, bytes: &[u8]) -> Option<Poll<io::Result<usize>>> {
        if self.replacement.is_none() {
            self.replacement = Some((early_response::with_body(bytes)?, 0));
            self.slot.0.mark_unread_body();
        }
        while let Some((answer, written)) = self.replacement.take() {
            if written == answer.len() {
                return Some(Poll::Ready(Ok(bytes.len())));
            }
            let outcome = self.poll_write_in_time(cx, |stream, cx| stream.poll_write(cx, &answer[written..]));
            match outcome {
                Poll::Ready(Ok(0)) => return Some(Poll::Ready(Err(io::ErrorKind::WriteZero.into()))),
                Poll::Ready(Ok(more)) => self.replacement = Some((answer, written + more)),
                Poll::Ready(Err(error)) => return Some(Poll::Ready(Err(error))),
                Poll::Pending => {
                    self.replacement = Some((answer, written));
                    return Some(Poll::Pending);
                }
            }
        }
        None
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for ClientConnection<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.poll_evicted(cx).is_ready() {
            return Poll::Ready(Err(evicted_error()));
        }
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl<S: AsyncRead + Unpin> ClientConnection<S> {
    /// Drains the request until it ends or [`LINGER_TIME`] or [`LINGER_BYTES`] is reached.
    fn linger(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.poll_evicted(cx).is_ready() {
            return Poll::Ready(());
        }
        let begin = || (Box::pin(tokio::time::sleep(LINGER_TIME)) as Pin<Box<Sleep>>, LINGER_BYTES);
        let (end, left) = self.linger.get_or_insert_with(begin);
        let mut drained = [0; 16 * 1024];
        loop {
            if end.as_mut().poll(cx).is_ready() {
                return Poll::Ready(());
            }
            let mut buffer = ReadBuf::new(&mut drained);
            match ready!(Pin::new(&mut self.stream).poll_read(cx, &mut buffer)) {
                Ok(()) if !buffer.filled().is_empty() && buffer.filled().len() <= *left => {
                    *left -= buffer.filled().len();
                }
                Ok(()) | Err(_) => return Poll::Ready(()),
            }
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for ClientConnection<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if let Some(replacement) = self.replacement(cx, bytes) {
            return replacement;
        }
        self.poll_write_in_time(cx, |stream, cx| stream.poll_write(cx, bytes))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        // The library writes a response without a body as one slice.
        if let [only] = slices
            && let Some(replacement) = self.replacement(cx, only)
        {
            return replacement;
        }
        self.poll_write_in_time(cx, |stream, cx| stream.poll_write_vectored(cx, slices))
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_all_in_time(cx, AsyncWrite::poll_flush)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.linger.is_none() {
            ready!(self.poll_all_in_time(cx, AsyncWrite::poll_shutdown))?;
        }
        if self.slot.0.has_unread_body() { self.linger(cx).map(Ok) } else { Poll::Ready(Ok(())) }
    }
}

#[cfg(test)]
mod tests;
