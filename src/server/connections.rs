//! What stands below HTTP: the places of connections, how long a caller may leave an answer unread or keep sending what
//! nobody reads, and a body for what the HTTP library refuses by itself. It knows no route and no token.

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

use crate::server::early_response;
use crate::server::limits::network;
use crate::server::places::{Place, Places, Seat, Working};

/// How long a caller may take nothing of an answer.
pub(super) const UNREAD_TIME: Duration = Duration::from_secs(60);
/// How many callers at once are told that there is no place, where there are so many places; above that they are hung
/// up on.
pub(super) const fn refusals(places: usize) -> usize {
    let share = places / 8 + 4;
    if share < 64 { share } else { 64 }
}

/// How long telling one may take.
const REFUSAL_TIME: Duration = Duration::from_secs(2);
/// How long, and for how many bytes, a caller may go on sending what nobody reads once it was answered: the answer would
/// be lost on the way to one who has not finished.
const LINGER: (Duration, usize) = (Duration::from_secs(3), 16 * 1024 * 1024);

/// The way in: gives each connection a place, and tells those that find none.
#[derive(Clone)]
pub(super) struct Gate<A> {
    inner: A,
    places: Arc<Places>,
    refusals: Arc<Semaphore>,
    refused: Counter,
}

impl<A> Gate<A> {
    /// With so many places, in front of what else is done with a connection.
    pub(super) fn new(most: usize, is_behind_proxy: bool, refused: Counter, inner: A) -> Self {
        let refusals = Arc::new(Semaphore::new(refusals(most)));
        Self { inner, places: Places::new(most, is_behind_proxy), refusals, refused }
    }
}

impl<A, S> Accept<TcpStream, S> for Gate<A>
where
    A: Accept<TcpStream, S>,
    A::Stream: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    A::Service: Send + 'static,
    A::Future: Send + 'static,
{
    type Stream = Connection<A::Stream>;
    type Service = AddExtension<A::Service, Arc<Seat>>;
    type Future = Pin<Box<dyn Future<Output = io::Result<(Self::Stream, Self::Service)>> + Send>>;

    fn accept(&self, stream: TcpStream, service: S) -> Self::Future {
        let place = match stream.peer_addr() {
            Ok(address) => self.places.take(network(address.ip())),
            Err(error) => return Box::pin(std::future::ready(Err(error))),
        };
        let refusals = Arc::clone(&self.refusals);
        if place.is_none() {
            self.refused.inc();
        }
        let accepted = self.inner.accept(stream, service);
        Box::pin(async move {
            if let Some(place) = place {
                let (stream, service) = tokio::select! {
                    accepted = accepted => accepted?,
                    () = place.0.gone() => return Err(made_room()),
                };
                let service = Extension(Arc::clone(&place.0)).layer(service);
                return Ok((Connection::new(stream, place, UNREAD_TIME), service));
            }
            let _turn = refusals.try_acquire_owned().map_err(io::Error::other)?;
            let told = tokio::time::timeout(REFUSAL_TIME, async { refuse(&mut accepted.await?.0).await });
            told.await??;
            Err(io::Error::other("there are too many connections"))
        })
    }
}

fn made_room() -> io::Error {
    io::Error::other("it made room for another connection")
}

async fn refuse(stream: &mut (impl AsyncRead + AsyncWrite + Unpin)) -> io::Result<()> {
    stream.write_all(&early_response::no_place()).await?;
    stream.shutdown().await?;
    // Were anything left unread, the system would take the answer back from a caller who has not read it yet.
    let mut rest = [0; 4096];
    while stream.read(&mut rest).await? > 0 {}
    Ok(())
}

/// A connection in its place.
pub(super) struct Connection<S> {
    stream: S,
    unread_time: Duration,
    /// Runs while the caller takes nothing. Whoever has shown a token is in the middle of something then; others may have
    /// to make room.
    unread: Option<(Pin<Box<Sleep>>, Option<Working>)>,
    /// An answer of the HTTP library's with the body it lacks, and how much of it is written.
    mended: Option<(Vec<u8>, usize)>,
    /// Runs while the caller sends what nobody reads, and how much of that may still come.
    linger: Option<(Pin<Box<Sleep>>, usize)>,
    /// Resolves when the connection must make room.
    gone: Pin<Box<dyn Future<Output = ()> + Send>>,
    /// Free again when the connection ends.
    place: Place,
}

impl<S> Connection<S> {
    fn new(stream: S, place: Place, unread_time: Duration) -> Self {
        let seat = Arc::clone(&place.0);
        let gone = Box::pin(async move { seat.gone().await });
        Self { stream, unread_time, unread: None, mended: None, linger: None, gone, place }
    }

    /// Ready, from then on, when the connection must make room for another.
    fn must_go(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        ready!(self.gone.as_mut().poll(cx));
        // A future is not asked again once it is ready.
        self.gone = Box::pin(std::future::ready(()));
        Poll::Ready(())
    }
}

impl<S: AsyncWrite + Unpin> Connection<S> {
    /// Hands a write on, and gives the connection up when the caller takes nothing for too long.
    fn patient<T>(
        &mut self,
        cx: &mut Context<'_>,
        write: impl FnOnce(Pin<&mut S>, &mut Context<'_>) -> Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if let Poll::Ready(written) = write(Pin::new(&mut self.stream), cx) {
            self.unread = None;
            return Poll::Ready(written);
        }
        let (unread_time, seat) = (self.unread_time, &self.place.0);
        let begin = || (Box::pin(tokio::time::sleep(unread_time)), seat.is_proven().then(|| seat.work()));
        let (unread, _) = self.unread.get_or_insert_with(begin);
        if unread.as_mut().poll(cx).is_pending() {
            ready!(self.must_go(cx));
            return Poll::Ready(Err(made_room()));
        }
        Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "the answer is not read")))
    }

    /// Writes what stands in the place of `bytes`, when they are an answer that lacks its body; none otherwise.
    fn mended(&mut self, cx: &mut Context<'_>, bytes: &[u8]) -> Option<Poll<io::Result<usize>>> {
        if self.mended.is_none() {
            self.mended = Some((early_response::with_body(bytes)?, 0));
            self.place.0.leave_unread();
        }
        while let Some((answer, written)) = self.mended.take() {
            if written == answer.len() {
                return Some(Poll::Ready(Ok(bytes.len())));
            }
            let outcome = self.patient(cx, |stream, cx| stream.poll_write(cx, &answer[written..]));
            match outcome {
                Poll::Ready(Ok(0)) => return Some(Poll::Ready(Err(io::ErrorKind::WriteZero.into()))),
                Poll::Ready(Ok(more)) => self.mended = Some((answer, written + more)),
                Poll::Ready(Err(error)) => return Some(Poll::Ready(Err(error))),
                Poll::Pending => {
                    self.mended = Some((answer, written));
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
        if self.must_go(cx).is_ready() {
            return Poll::Ready(Err(made_room()));
        }
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl<S: AsyncRead + Unpin> Connection<S> {
    /// Reads on and forgets it until the caller has finished, the time is up or enough has come: were anything left
    /// unread, the system would take the answer back from a caller who has not read it yet.
    fn linger(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.must_go(cx).is_ready() {
            return Poll::Ready(());
        }
        let begin = || (Box::pin(tokio::time::sleep(LINGER.0)) as Pin<Box<Sleep>>, LINGER.1);
        let (end, left) = self.linger.get_or_insert_with(begin);
        let mut forgotten = [0; 16 * 1024];
        loop {
            if end.as_mut().poll(cx).is_ready() {
                return Poll::Ready(());
            }
            let mut buffer = ReadBuf::new(&mut forgotten);
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
        if let Some(mended) = self.mended(cx, bytes) {
            return mended;
        }
        self.patient(cx, |stream, cx| stream.poll_write(cx, bytes))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        // An answer without a body is one slice.
        if let [only] = slices
            && let Some(mended) = self.mended(cx, only)
        {
            return mended;
        }
        self.patient(cx, |stream, cx| stream.poll_write_vectored(cx, slices))
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.patient(cx, AsyncWrite::poll_flush)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.linger.is_none() {
            ready!(self.patient(cx, AsyncWrite::poll_shutdown))?;
        }
        if self.place.0.is_unread() { self.linger(cx).map(Ok) } else { Poll::Ready(Ok(())) }
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::DuplexStream;

    use super::*;

    fn connection(buffer: usize, unread_time: Duration) -> (Connection<DuplexStream>, DuplexStream) {
        let (near, far) = tokio::io::duplex(buffer);
        let place = Places::new(1, false).take([127, 0, 0, 1].into()).expect("a place");
        (Connection::new(near, place, unread_time), far)
    }

    #[tokio::test]
    async fn an_answer_reaches_who_is_still_sending() {
        let (mut connection, mut far) = connection(64, UNREAD_TIME);
        let caller = tokio::spawn(async move {
            far.write_all(&[b'x'; 10_000]).await.expect("everything is taken");
            far.shutdown().await.expect("shut down");
            let mut answer = String::new();
            far.read_to_string(&mut answer).await.expect("an answer");
            answer
        });
        connection.place.0.leave_unread();
        connection.write_all(b"no").await.expect("written");
        connection.shutdown().await.expect("shut down");
        drop(connection);
        assert_eq!(caller.await.expect("an answer"), "no");
    }

    #[tokio::test]
    async fn a_connection_that_makes_room_ends_while_it_waits_for_a_request() {
        let places = Places::new(1, false);
        let (near, _far) = tokio::io::duplex(64);
        let mut first =
            Connection::new(near, places.take([127, 0, 0, 1].into()).expect("a place"), UNREAD_TIME);
        let reading = tokio::spawn(async move { first.read(&mut [0; 8]).await });
        tokio::task::yield_now().await;
        let _second = places.take([127, 0, 0, 2].into()).expect("room is made");
        reading.await.expect("ends").expect_err("no more is read");
    }

    #[tokio::test]
    async fn a_connection_that_only_reads_on_makes_room_at_once() {
        let places = Places::new(1, false);
        let (near, _far) = tokio::io::duplex(64);
        let place = places.take([127, 0, 0, 1].into()).expect("a place");
        place.0.leave_unread();
        let mut first = Connection::new(near, place, UNREAD_TIME);
        let ending = tokio::spawn(async move { first.shutdown().await });
        tokio::task::yield_now().await;
        let _second = places.take([127, 0, 0, 2].into()).expect("room is made");
        // Its caller has not finished: by itself it would read on for seconds.
        let ended = tokio::time::timeout(LINGER.0 / 2, ending).await;
        ended.expect("at once").expect("ends").expect("shut down");
    }

    #[tokio::test]
    async fn who_never_reads_an_answer_is_given_up() {
        let (mut connection, far) = connection(16, Duration::from_millis(5));
        let error = connection.write_all(&[b'x'; 100]).await.expect_err("nobody reads");
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        drop(far);
    }

    #[tokio::test]
    async fn what_lacks_its_body_gets_it_however_little_fits_at_once() {
        let (mut connection, mut far) = connection(7, UNREAD_TIME);
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
