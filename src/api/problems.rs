//! The problems a call may be answered with, as the OpenAPI document lists them: each set described once.

use std::collections::BTreeMap;

use utoipa::IntoResponses;
use utoipa::openapi::content::ContentBuilder;
use utoipa::openapi::response::{Response, ResponseBuilder};
use utoipa::openapi::{Ref, RefOr};

use crate::api::routes::PROBLEM_JSON;

/// What any call may meet.
pub struct Open;
/// What any call with a token may meet.
pub struct SignedIn;
/// What any call that needs a scope may meet.
pub struct Scoped;
/// What any call with a filter may meet.
pub struct Filtered;
/// What any call with a body may meet.
pub struct WithBody;

type Responses = BTreeMap<String, RefOr<Response>>;

impl IntoResponses for Open {
    fn responses() -> Responses {
        problems([
            ("400", "Malformed"),
            ("414", "The address is too long"),
            ("431", "The headers are too large"),
            ("500", "The server failed; its log has the details under the request id"),
            ("503", "The store cannot be reached, or there is no place for more; see Retry-After"),
        ])
    }
}

impl IntoResponses for SignedIn {
    fn responses() -> Responses {
        let more = problems([
            ("401", "No valid token"),
            ("422", "An unknown parameter"),
            ("429", "Too many requests; see Retry-After"),
        ]);
        Open::responses().into_iter().chain(more).collect()
    }
}

impl IntoResponses for Scoped {
    fn responses() -> Responses {
        SignedIn::responses().into_iter().chain(problems([("403", "The token lacks the scope")])).collect()
    }
}

impl IntoResponses for Filtered {
    fn responses() -> Responses {
        let more = problems([("422", "An unknown parameter or word, or another question's cursor")]);
        Scoped::responses().into_iter().chain(more).collect()
    }
}

impl IntoResponses for WithBody {
    fn responses() -> Responses {
        let more = problems([
            ("408", "The body took too long to arrive"),
            ("413", "Larger than 8 MiB"),
            ("415", "Not of the documented media type"),
            ("422", "Not valid: the code and the errors tell why"),
        ]);
        Scoped::responses().into_iter().chain(more).collect()
    }
}

fn problems<const N: usize>(descriptions: [(&str, &str); N]) -> Responses {
    descriptions.into_iter().map(|(status, description)| (status.to_owned(), problem(description))).collect()
}

fn problem(description: &str) -> RefOr<Response> {
    let content = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).build();
    ResponseBuilder::new().description(description).content(PROBLEM_JSON, content).build().into()
}
