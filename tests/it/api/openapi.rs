//! The OpenAPI document: the served, the committed and the generated one are the same.

use std::path::PathBuf;

use krosyn_audit::api::problem::Code;

use crate::support::contract;
use crate::support::test_server::TestServer;

/// `openapi.json` at the root of the repository.
fn checked_in() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("openapi.json")
}

fn written() -> String {
    let document = serde_json::to_string_pretty(&krosyn_audit::server::openapi()).expect("serialises");
    document + "\n"
}

#[test]
fn the_committed_document_matches_the_code() {
    let file = std::fs::read_to_string(checked_in()).unwrap_or_default();
    assert!(
        file == written(),
        "openapi.json is not what the code says; renew it and review the difference:\n    \
         cargo test --test it renew_openapi -- --ignored"
    );
}

#[test]
#[ignore = "it writes openapi.json: run it when the contract was changed"]
fn renew_openapi() {
    std::fs::write(checked_in(), written()).expect("written");
}

#[tokio::test]
async fn the_served_document_is_the_committed_one() {
    let world = TestServer::new().await;
    let served = world.stranger().get("/api/openapi.json").await.expect(200).json();
    assert_eq!(&served, contract::document());
    assert!(served["openapi"].as_str().is_some_and(|version| version.starts_with("3.1")));
}

#[test]
fn the_document_has_exactly_the_routes_of_the_contract() {
    let mut documented: Vec<_> =
        contract::operations().iter().map(|(method, path, _)| format!("{method} {path}")).collect();
    documented.sort();
    assert_eq!(
        documented,
        [
            "get /api/openapi.json",
            "get /api/v1/audit-logs",
            "get /api/v1/audit-logs/checkpoint",
            "get /api/v1/audit-logs/counts",
            "get /api/v1/audit-logs/export",
            "get /api/v1/audit-logs/facets",
            "get /api/v1/audit-logs/prunes",
            "get /api/v1/audit-logs/retention",
            "get /api/v1/audit-logs/tile/{tile}",
            "get /api/v1/audit-logs/{id}",
            "get /api/v1/audit-logs/{id}/proof",
            "get /api/v1/erasures",
            "get /api/v1/holds",
            "get /api/v1/holds/{name}",
            "get /api/v1/trail",
            "get /api/v1/trail/checkpoint",
            "get /api/v1/trail/counts",
            "get /api/v1/trail/export",
            "get /api/v1/trail/facets",
            "get /api/v1/trail/prunes",
            "get /api/v1/trail/retention",
            "get /api/v1/trail/tile/{tile}",
            "get /api/v1/trail/{id}",
            "get /api/v1/trail/{id}/proof",
            "get /api/v1/whoami",
            "get /healthz",
            "get /readyz",
            "post /api/v1/audit-logs",
            "post /api/v1/audit-logs/prune",
            "post /api/v1/erasures",
            "post /api/v1/holds",
            "post /api/v1/holds/{name}/release",
            "post /api/v1/sessions/link",
        ]
    );
}

#[test]
fn the_document_lists_every_code() {
    let codes =
        contract::document()["components"]["schemas"]["Code"]["enum"].as_array().expect("words").len();
    // A client reads codes of later versions as `Unknown`.
    assert!(codes >= 19, "{codes}");
    assert!(serde_json::to_value(Code::NotStored).is_ok());
}

#[test]
fn the_document_declares_security_for_every_operation() {
    for (method, path, operation) in contract::operations() {
        let security =
            operation["security"].as_array().unwrap_or_else(|| panic!("{method} {path} does not say"));
        assert_eq!(security.is_empty(), !path.starts_with("/api/v1/"), "{method} {path}");
    }
    let document = contract::document();
    assert_eq!(document["info"]["license"]["identifier"], "MIT OR Apache-2.0");
    assert_eq!(document["servers"][0]["url"], "/");
    for member in ["before", "after"] {
        let schema = &document["components"]["schemas"]["Proposal"]["properties"][member];
        assert_eq!(schema["type"], serde_json::json!(["object", "null"]), "{member}");
        assert_eq!(schema["additionalProperties"], true, "{member}");
    }
}

#[test]
fn every_reference_in_the_document_resolves() {
    let document = contract::document();
    let mut rest = vec![document];
    let mut references = 0;
    while let Some(value) = rest.pop() {
        if let Some(reference) = value["$ref"].as_str() {
            references += 1;
            assert!(document.pointer(&reference[1..]).is_some(), "{reference}");
        }
        rest.extend(value.as_object().into_iter().flat_map(serde_json::Map::values));
        rest.extend(value.as_array().into_iter().flatten());
    }
    assert!(references > 20, "{references}");
}
