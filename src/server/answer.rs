//! Answers that may be large: their memory is accounted for until the caller has taken them.

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
use crate::server::budget::{Budget, Full, Holder, Share};
use crate::server::error::ApiError;

/// How much of all answers together may be in memory: sixty-four pages of the largest kind.
const MAX_ANSWERS_BYTES: usize = 256 * 1024 * 1024;

/// The answers that were made and not taken yet.
pub(super) struct Answers(Arc<Budget>);

impl Default for Answers {
    fn default() -> Self {
        Self(Budget::new(MAX_ANSWERS_BYTES))
    }
}

/// An answer's text and its share, which lasts as long as any part of the text does.
struct Held {
    text: Vec<u8>,
    _share: Share,
}

impl AsRef<[u8]> for Held {
    fn as_ref(&self) -> &[u8] {
        &self.text
    }
}

impl Answers {
    /// An answer of this type, unless its caller has too much unread already.
    pub(super) fn answer(
        &self,
        holder: Holder,
        content_type: &'static str,
        text: Vec<u8>,
    ) -> Result<Response, ApiError> {
        let mut share = self.0.share(holder);
        share.grow(text.len()).map_err(|full| {
            let detail = match full {
                Full::Own => "this token or its organization has as many unread answers as it may: read them, or try again in a moment",
                Full::All => "the server holds as many unread answers as it can: try again in a moment",
            };
            ApiError::new(Code::Unavailable, detail)
        })?;
        Ok(held(share, content_type, text))
    }

    /// The same for a value as JSON.
    pub(super) fn json(&self, holder: Holder, value: &impl Serialize) -> Result<Response, ApiError> {
        let text = serde_json::to_vec(value).map_err(|_| ApiError::internal())?;
        self.answer(holder, "application/json", text)
    }
}

/// An answer to what is done already: its memory counts with what the share holds, and it is always told.
pub(super) fn told(mut share: Share, content_type: &'static str, text: Vec<u8>) -> Response {
    share.grow_anyway(text.len());
    held(share, content_type, text)
}

fn held(share: Share, content_type: &'static str, text: Vec<u8>) -> Response {
    let rest = Bytes::from_owner(Held { text, _share: share });
    let body = Body::new(Paced { rest, must_pause: false });
    ([(CONTENT_TYPE, HeaderValue::from_static(content_type))], body).into_response()
}

/// How much of an answer is compressed and written before others have their turn: a few milliseconds' work.
const PIECE: usize = 128 * 1024;

/// A body in pieces, with a pause after each: compressing a whole page at once would hold up a thread that others wait for.
struct Paced {
    rest: Bytes,
    must_pause: bool,
}

impl HttpBody for Paced {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if self.rest.is_empty() {
            return Poll::Ready(None);
        }
        self.must_pause = !self.must_pause;
        if !self.must_pause {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        let piece = PIECE.min(self.rest.len());
        Poll::Ready(Some(Ok(Frame::data(self.rest.split_to(piece)))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.rest.len() as u64)
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt as _;

    use super::*;
    use crate::server::budget::tests::organizations;

    #[tokio::test]
    async fn an_answer_counts_until_its_last_part_is_gone() {
        let [organization] = organizations().await;
        let holder = Holder { organization, token: [1; 32] };
        let answers = Answers(Budget::new(40));
        let answer = |size: usize| answers.answer(holder, "application/json", vec![b'x'; size]);
        let first = answer(10).expect("room");
        assert_eq!(answer(1).expect_err("none is left").code(), Code::Unavailable);
        let mut text = first.into_body().collect().await.expect("a body").to_bytes();
        let part = text.split_to(1);
        drop(text);
        assert!(answer(1).is_err(), "a part of it is still there");
        drop(part);
        assert!(answer(10).is_ok());
        assert_eq!(
            answers
                .json(holder, &[1, 2])
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
    async fn a_large_answer_is_whole_and_lets_others_have_their_turn() {
        let text: Vec<u8> = (0..3 * PIECE + 7).map(|at| (at % 251) as u8).collect();
        let mut body = Paced { rest: text.clone().into(), must_pause: false };
        assert_eq!(body.size_hint().exact(), Some(text.len() as u64));
        let (mut read, mut pauses) = (Vec::new(), 0);
        let mut cx = Context::from_waker(std::task::Waker::noop());
        loop {
            match Pin::new(&mut body).poll_frame(&mut cx) {
                Poll::Pending => pauses += 1,
                Poll::Ready(Some(Ok(frame))) => {
                    let piece = frame.into_data().expect("data");
                    assert!(piece.len() <= PIECE);
                    read.extend_from_slice(&piece);
                }
                Poll::Ready(Some(Err(never))) => match never {},
                Poll::Ready(None) => break,
            }
        }
        assert!(read == text && pauses == 3 && body.is_end_stream());
        let whole = Body::new(Paced { rest: text.clone().into(), must_pause: false })
            .collect()
            .await
            .expect("a body");
        assert!(whole.to_bytes() == text);
    }
}
