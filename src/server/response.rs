//! Responses that may be large. Their memory counts against a budget until the client has received them.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::body::{Body, HttpBody};
use axum::http::HeaderValue;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use http_body::{Frame, SizeHint};
use serde::Serialize;

use crate::api::problem::Code;
use crate::server::budget::{BudgetExceeded, CallerKey, MemoryBudget, Reservation};
use crate::server::error::ApiError;

/// The memory that all responses may take: 64 pages of the largest size.
const MAX_RESPONSES_BYTES: usize = 256 * 1024 * 1024;

pub(super) struct ResponseBudget(Arc<MemoryBudget>);

impl Default for ResponseBudget {
    fn default() -> Self {
        Self(MemoryBudget::new(MAX_RESPONSES_BYTES))
    }
}

/// A response body with its reservation, which is released with the last part of the body.
struct ReservedBytes {
    text: Vec<u8>,
    _reservation: Reservation,
}

impl AsRef<[u8]> for ReservedBytes {
    fn as_ref(&self) -> &[u8] {
        &self.text
    }
}

impl ResponseBudget {
    /// Responds with `text`, unless the caller has too many unread responses.
    pub(super) fn respond(
        &self,
        caller: CallerKey,
        content_type: &'static str,
        text: Vec<u8>,
    ) -> Result<Response, ApiError> {
        Ok(response(self.reserve(caller, text.len())?, content_type, text))
    }

    /// Reserves memory for a response, unless the caller has too many unread responses.
    pub(super) fn reserve(&self, caller: CallerKey, bytes: usize) -> Result<Reservation, ApiError> {
        let mut reservation = self.0.reserve(caller);
        reservation.grow(bytes).map_err(|exceeded| {
            let detail = match exceeded {
                BudgetExceeded::Own => "too many unread responses for this token or its organization: read them, or try again in a moment",
                BudgetExceeded::All => "too many unread responses on this server: try again in a moment",
            };
            ApiError::new(Code::Unavailable, detail)
        })?;
        Ok(reservation)
    }

    pub(super) fn json(&self, caller: CallerKey, value: &impl Serialize) -> Result<Response, ApiError> {
        let text = serde_json::to_vec(value).map_err(|_| ApiError::internal())?;
        self.respond(caller, "application/json", text)
    }
}

/// Responds to a write that is already committed. The response is sent even if it exceeds the budget.
pub(super) fn respond_to_write(
    mut reservation: Reservation,
    content_type: &'static str,
    text: Vec<u8>,
) -> Response {
    reservation.grow_unchecked(text.len());
    response(reservation, content_type, text)
}

fn response(reservation: Reservation, content_type: &'static str, text: Vec<u8>) -> Response {
    let rest = Bytes::from_owner(ReservedBytes { text, _reservation: reservation });
    let body = Body::new(YieldingBody::from(rest));
    ([(CONTENT_TYPE, HeaderValue::from_static(content_type))], body).into_response()
}

/// How many bytes are compressed and written before the task yields: a few milliseconds' work.
const CHUNK_BYTES: usize = 128 * 1024;

/// Bytes that are sent in chunks. The task yields after each: compressing a whole page at once would block the async thread.
#[derive(Default)]
pub(super) struct Chunks {
    /// The bytes that are left.
    pub(super) rest: Bytes,
    must_yield: bool,
}

impl Chunks {
    /// The next chunk; `None` if no bytes are left. More may be added to `rest` later.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Frame<Bytes>>> {
        if self.rest.is_empty() {
            return Poll::Ready(None);
        }
        if std::mem::take(&mut self.must_yield) {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        self.must_yield = true;
        let chunk = CHUNK_BYTES.min(self.rest.len());
        Poll::Ready(Some(Frame::data(self.rest.split_to(chunk))))
    }
}

/// A body of bytes that are there from the beginning.
struct YieldingBody(Chunks);

impl From<Bytes> for YieldingBody {
    fn from(rest: Bytes) -> Self {
        Self(Chunks { rest, must_yield: false })
    }
}

impl HttpBody for YieldingBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.0.poll(cx).map(|chunk| chunk.map(Ok))
    }

    fn is_end_stream(&self) -> bool {
        self.0.rest.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.0.rest.len() as u64)
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt as _;

    use super::*;
    use crate::server::budget::tests::organizations;

    #[tokio::test]
    async fn a_response_counts_until_its_last_part_is_dropped() {
        let [organization] = organizations().await;
        let caller = CallerKey { organization, token: [1; 32] };
        let budget = ResponseBudget(MemoryBudget::new(40));
        let respond = |size: usize| budget.respond(caller, "application/json", vec![b'x'; size]);
        let first = respond(10).expect("room");
        assert_eq!(respond(1).expect_err("the budget is used up").code(), Code::Unavailable);
        let mut text = first.into_body().collect().await.expect("a body").to_bytes();
        let part = text.split_to(1);
        drop(text);
        assert!(respond(1).is_err(), "a part of it is still referenced");
        drop(part);
        assert!(respond(10).is_ok());
        assert_eq!(
            budget
                .json(caller, &[1, 2])
                .expect("room")
                .into_body()
                .collect()
                .await
                .expect("a body")
                .to_bytes(),
            "[1,2]"
        );
    }

    #[tokio::test]
    async fn a_large_body_is_complete_and_yields_after_each_chunk() {
        let text: Vec<u8> = (0..3 * CHUNK_BYTES + 7).map(|at| (at % 251) as u8).collect();
        let mut body = YieldingBody::from(Bytes::from(text.clone()));
        assert_eq!(body.size_hint().exact(), Some(text.len() as u64));
        let (mut read, mut pauses) = (Vec::new(), 0);
        let mut cx = Context::from_waker(std::task::Waker::noop());
        loop {
            match Pin::new(&mut body).poll_frame(&mut cx) {
                Poll::Pending => pauses += 1,
                Poll::Ready(Some(Ok(frame))) => {
                    let chunk = frame.into_data().expect("data");
                    assert!(chunk.len() <= CHUNK_BYTES);
                    read.extend_from_slice(&chunk);
                }
                Poll::Ready(Some(Err(never))) => match never {},
                Poll::Ready(None) => break,
            }
        }
        assert!(read == text && pauses == 3 && body.is_end_stream());
        let whole = Body::new(YieldingBody::from(Bytes::from(text.clone()))).collect().await.expect("a body");
        assert!(whole.to_bytes() == text);
    }
}
