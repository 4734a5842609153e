//! What stands below HTTP: how many connections there may be, how long a caller may leave an answer unread, and a body
//! for what the HTTP library refuses by itself. It knows no route and no token.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum_server::accept::Accept;
use prometheus_client::metrics::counter::Counter;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, ReadBuf};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Sleep;

use crate::server::refusal;

/// How long a caller may take nothing of an answer.
pub(super) const UNREAD_TIME: Duration = Duration::from_secs(60);
/// How many callers at once are told that there is no place, where there are so many places; above that they are hung
/// up on.
pub(super) const fn refusals(places: usize) -> usize {
    let share = places / 8 + 1;
    if share < 64 { share } else { 64 }
}

/// How long telling one may take.
const REFUSAL_TIME: Duration = Duration::from_secs(2);

/// The way in: gives each connection a place, and tells those that find none.
#[derive(Clone)]
pub(super) struct Gate<A> {
    inner: A,
    places: Arc<Semaphore>,
    refusals: Arc<Semaphore>,
    refused: Counter,
}

impl<A> Gate<A> {
    /// With so many places, in front of what else is done with a connection.
    pub(super) fn new(places: usize, refused: Counter, inner: A) -> Self {
        let refusals = Arc::new(Semaphore::new(refusals(places)));
        let places = Arc::new(Semaphore::new(places));
        Self { inner, places, refusals, refused }
    }
}

impl<A, I, S> Accept<I, S> for Gate<A>
where
    A: Accept<I, S>,
    A::Stream: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    A::Service: Send + 'static,
    A::Future: Send + 'static,
{
    type Stream = Connection<A::Stream>;
    type Service = A::Service;
    type Future = Pin<Box<dyn Future<Output = io::Result<(Self::Stream, Self::Service)>> + Send>>;

    fn accept(&self, stream: I, service: S) -> Self::Future {
        let place = Arc::clone(&self.places).try_acquire_owned();
        let refusals = Arc::clone(&self.refusals);
        if place.is_err() {
            self.refused.inc();
        }
        let accepted = self.inner.accept(stream, service);
        Box::pin(async move {
            if let Ok(place) = place {
                let (stream, service) = accepted.await?;
                return Ok((Connection::new(stream, place, UNREAD_TIME), service));
            }
            let _turn = refusals.try_acquire_owned().map_err(io::Error::other)?;
            let told = tokio::time::timeout(REFUSAL_TIME, async { refuse(&mut accepted.await?.0).await });
            told.await??;
            Err(io::Error::other("there are too many connections"))
        })
    }
}

async fn refuse(stream: &mut (impl AsyncRead + AsyncWrite + Unpin)) -> io::Result<()> {
    stream.write_all(&refusal::no_place()).await?;
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
    /// Runs while the caller takes nothing.
    unread: Option<Pin<Box<Sleep>>>,
    /// An answer of the HTTP library's with the body it lacks, and how much of it is written.
    mended: Option<(Vec<u8>, usize)>,
    /// Free again when the connection ends.
    _place: OwnedSemaphorePermit,
}

impl<S: AsyncWrite + Unpin> Connection<S> {
    fn new(stream: S, place: OwnedSemaphorePermit, unread_time: Duration) -> Self {
        Self { stream, unread_time, unread: None, mended: None, _place: place }
    }

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
        let unread_time = self.unread_time;
        let unread = self.unread.get_or_insert_with(|| Box::pin(tokio::time::sleep(unread_time)));
        ready!(unread.as_mut().poll(cx));
        Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "the answer is not read")))
    }

    /// Writes what stands in the place of `bytes`, when they are an answer that lacks its body; none otherwise.
    fn mended(&mut self, cx: &mut Context<'_>, bytes: &[u8]) -> Option<Poll<io::Result<usize>>> {
        if self.mended.is_none() {
            self.mended = Some((refusal::with_body(bytes)?, 0));
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
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Connection<S> {
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
        self.patient(cx, AsyncWrite::poll_shutdown)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn connection(
        buffer: usize,
        unread_time: Duration,
    ) -> (Connection<impl AsyncWrite + Unpin>, impl AsyncRead + Unpin) {
        let (near, far) = tokio::io::duplex(buffer);
        let place = Arc::new(Semaphore::new(1)).try_acquire_owned().expect("a place");
        (Connection::new(near, place, unread_time), far)
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
