//! The sets of error responses in the OpenAPI document.

use std::collections::BTreeMap;

use utoipa::IntoResponses;
use utoipa::openapi::content::ContentBuilder;
use utoipa::openapi::response::{Response, ResponseBuilder};
use utoipa::openapi::{Ref, RefOr};

use crate::api::routes::PROBLEM_JSON;

/// Errors of all calls.
pub struct CommonProblems;
/// Errors of calls with a token.
pub struct TokenProblems;
/// Errors of calls that need a scope.
pub struct ScopeProblems;
/// Errors of calls with a filter.
pub struct FilterProblems;
/// Errors of calls with a body.
pub struct BodyProblems;

type Responses = BTreeMap<String, RefOr<Response>>;

impl IntoResponses for CommonProblems {
    fn responses() -> Responses {
        problems([
            ("400", "Malformed"),
            ("414", "The URL is too long"),
            ("431", "The headers are too large"),
            ("500", "Internal error; the server's log has the details under the request id"),
            (
                "503",
                "The store cannot be reached, a query took too long, or a limit of connections or memory is reached; see Retry-After",
            ),
        ])
    }
}

impl IntoResponses for TokenProblems {
    fn responses() -> Responses {
        let more = problems([
            ("401", "No valid token"),
            ("422", "An unknown parameter"),
            ("429", "Too many requests; see Retry-After"),
        ]);
        CommonProblems::responses().into_iter().chain(more).collect()
    }
}

impl IntoResponses for ScopeProblems {
    fn responses() -> Responses {
        TokenProblems::responses()
            .into_iter()
            .chain(problems([("403", "The token lacks the scope")]))
            .collect()
    }
}

impl IntoResponses for FilterProblems {
    fn responses() -> Responses {
        let more = problems([("422", "An invalid parameter, or a cursor of another query")]);
        ScopeProblems::responses().into_iter().chain(more).collect()
    }
}

impl IntoResponses for BodyProblems {
    fn responses() -> Responses {
        let more = problems([
            ("408", "The body took too long to arrive"),
            ("413", "Larger than 8 MiB"),
            ("415", "Unsupported media type"),
            ("422", "Invalid: see code and errors"),
        ]);
        ScopeProblems::responses().into_iter().chain(more).collect()
    }
}

fn problems<const N: usize>(descriptions: [(&str, &str); N]) -> Responses {
    descriptions.into_iter().map(|(status, description)| (status.to_owned(), problem(description))).collect()
}

fn problem(description: &str) -> RefOr<Response> {
    let content = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).build();
    ResponseBuilder::new().description(description).content(PROBLEM_JSON, content).build().into()
}
