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

/// How long a client may read nothing of a response.
pub(super) const WRITE_TIMEOUT: Duration = Duration::from_secs(60);
/// How many connections at once get a 503 response when no slot is free. Above that they are closed without a response.
pub(super) const fn max_refusals(slots: usize) -> usize {
    let share = slots / 8 + 4;
    if share < 64 { share } else { 64 }
}

/// How long a 503 response to a refused connection may take.
const REFUSAL_TIMEOUT: Duration = Duration::from_secs(2);
/// How long, and for how many bytes, an unread request body is drained after the response. If the connection were
/// closed at once, the system would discard the response on its way to a client that is still sending.
const LINGER: (Duration, usize) = (Duration::from_secs(3), 16 * 1024 * 1024);

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
    type Stream = Connection<A::Stream>;
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
                return Ok((Connection::new(stream, slot, WRITE_TIMEOUT), service));
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
    // Drains the request: see `LINGER`.
    let mut rest = [0; 4096];
    while stream.read(&mut rest).await? > 0 {}
    Ok(())
}

/// A connection that holds a slot.
pub(super) struct Connection<S> {
    stream: S,
    write_timeout: Duration,
    /// The timer of a write that the client does not read. An authenticated connection counts as busy meanwhile; an
    /// anonymous one may be evicted.
    unread: Option<(Pin<Box<Sleep>>, Option<BusyGuard>)>,
    /// An error response of the HTTP library with an added body, and how many bytes of it are written.
    replacement: Option<(Vec<u8>, usize)>,
    /// While an unread request body is drained: the timer, and how many bytes may still arrive.
    linger: Option<(Pin<Box<Sleep>>, usize)>,
    evicted: Pin<Box<dyn Future<Output = ()> + Send>>,
    slot: SlotGuard,
}

impl<S> Connection<S> {
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

impl<S: AsyncWrite + Unpin> Connection<S> {
    /// Writes to the stream, and fails when the client reads nothing for too long.
    fn poll_write_in_time<T>(
        &mut self,
        cx: &mut Context<'_>,
        write: impl FnOnce(Pin<&mut S>, &mut Context<'_>) -> Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if let Poll::Ready(written) = write(Pin::new(&mut self.stream), cx) {
            self.unread = None;
            return Poll::Ready(written);
        }
        let (write_timeout, slot) = (self.write_timeout, &self.slot.0);
        let begin = || {
            (Box::pin(tokio::time::sleep(write_timeout)), slot.is_authenticated().then(|| slot.mark_busy()))
        };
        let (unread, _) = self.unread.get_or_insert_with(begin);
        if unread.as_mut().poll(cx).is_pending() {
            ready!(self.poll_evicted(cx));
            return Poll::Ready(Err(evicted_error()));
        }
        Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "the client does not read the response")))
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

impl<S: AsyncRead + Unpin> AsyncRead for Connection<S> {
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

impl<S: AsyncRead + Unpin> Connection<S> {
    /// Drains the request until it ends or a limit of [`LINGER`] is reached.
    fn linger(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.poll_evicted(cx).is_ready() {
            return Poll::Ready(());
        }
        let begin = || (Box::pin(tokio::time::sleep(LINGER.0)) as Pin<Box<Sleep>>, LINGER.1);
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

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Connection<S> {
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
        self.poll_write_in_time(cx, AsyncWrite::poll_flush)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.linger.is_none() {
            ready!(self.poll_write_in_time(cx, AsyncWrite::poll_shutdown))?;
        }
        if self.slot.0.has_unread_body() { self.linger(cx).map(Ok) } else { Poll::Ready(Ok(())) }
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::DuplexStream;

    use super::*;

    fn connection(buffer: usize, write_timeout: Duration) -> (Connection<DuplexStream>, DuplexStream) {
        let (near, far) = tokio::io::duplex(buffer);
        let slot = ConnectionSlots::new(1, false).acquire([127, 0, 0, 1].into()).expect("a slot");
        (Connection::new(near, slot, write_timeout), far)
    }

    #[tokio::test]
    async fn a_response_reaches_a_client_that_is_still_sending() {
        let (mut connection, mut far) = connection(64, WRITE_TIMEOUT);
        let caller = tokio::spawn(async move {
            far.write_all(&[b'x'; 10_000]).await.expect("sent");
            far.shutdown().await.expect("shut down");
            let mut answer = String::new();
            far.read_to_string(&mut answer).await.expect("an answer");
            answer
        });
        connection.slot.0.mark_unread_body();
        connection.write_all(b"no").await.expect("written");
        connection.shutdown().await.expect("shut down");
        drop(connection);
        assert_eq!(caller.await.expect("an answer"), "no");
    }

    #[tokio::test]
    async fn an_evicted_connection_ends_while_it_waits_for_a_request() {
        let slots = ConnectionSlots::new(1, false);
        let (near, _far) = tokio::io::duplex(64);
        let mut first =
            Connection::new(near, slots.acquire([127, 0, 0, 1].into()).expect("a slot"), WRITE_TIMEOUT);
        let reading = tokio::spawn(async move { first.read(&mut [0; 8]).await });
        tokio::task::yield_now().await;
        let _second = slots.acquire([127, 0, 0, 2].into()).expect("evicts another");
        reading.await.expect("ends").expect_err("no more is read");
    }

    #[tokio::test]
    async fn an_evicted_connection_stops_draining_at_once() {
        let slots = ConnectionSlots::new(1, false);
        let (near, _far) = tokio::io::duplex(64);
        let slot = slots.acquire([127, 0, 0, 1].into()).expect("a slot");
        slot.0.mark_unread_body();
        let mut first = Connection::new(near, slot, WRITE_TIMEOUT);
        let ending = tokio::spawn(async move { first.shutdown().await });
        tokio::task::yield_now().await;
        let _second = slots.acquire([127, 0, 0, 2].into()).expect("evicts another");
        // The client is still sending, so without the eviction it would drain for seconds.
        let ended = tokio::time::timeout(LINGER.0 / 2, ending).await;
        ended.expect("at once").expect("ends").expect("shut down");
    }

    #[tokio::test]
    async fn a_client_that_never_reads_is_disconnected() {
        let (mut connection, far) = connection(16, Duration::from_millis(5));
        let error = connection.write_all(&[b'x'; 100]).await.expect_err("nothing is read");
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        drop(far);
    }

    #[tokio::test]
    async fn a_problem_body_is_added_even_when_writes_are_short() {
        let (mut connection, mut far) = connection(7, WRITE_TIMEOUT);
        let head =
            b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
        let writing = tokio::spawn(async move {
            connection.write_all(head).await.expect("written");
            connection.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.expect("written");
        });
        let mut read = String::new();
        far.read_to_string(&mut read).await.expect("read");
        writing.await.expect("written");
        let (first, second) = read.split_once("HTTP/1.1 200").expect("both");
        assert!(first.starts_with("HTTP/1.1 431") && first.ends_with('}'), "{first}");
        assert_eq!(second, " OK\r\n\r\n");
    }
}
