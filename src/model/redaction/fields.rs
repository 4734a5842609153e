//! The fields of Krosyn's models: under which prose may stay, which are secret always, and the rule everywhere else.

use super::judge::Judge;
use super::names::{Meaning, Name};
use crate::model::words::ModelType;

/// How a value is treated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rule {
    /// A known field of prose: texts stay, but for what looks like a credential in them.
    Prose,
    /// The same, and a single word after the name of a credential is hidden too.
    Open,
    /// A word that looks made by a machine is hidden as well.
    Guarded,
    /// A connector's headers: credentials are hidden, and so is what looks made under a name that is not known.
    Headers,
    /// Hidden unless it can be no credential. A way to sign in may be an object: its members are judged one by one.
    Credential(Meaning),
    /// A text stays like prose; anything else is hidden.
    TextOnly,
    /// A time, a flag, a number or an identifier stays; anything else is hidden.
    Bookkeeping,
    /// A map of authentication headers: names stay, every value is hidden.
    SecretHeaders,
    /// Hidden always.
    Secret,
}

/// Where a key stands.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Parent {
    /// It is a field of the model.
    Model(ModelType),
    /// It is a member of a value with this rule.
    Member(ModelType, Rule),
}

/// The known fields under which people write sentences and names, and programs: no credential is expected there.
const PROSE: &[(ModelType, &[&str])] = &[
    (ModelType::Connector, &["name", "description", "status", "trigger"]),
    (ModelType::ConnectorEndpoint, &["name", "description", "status"]),
    (
        ModelType::Organization,
        &["name", "slug", "contactemail", "description", "require2fa", "graceperioddays"],
    ),
    (ModelType::Member, &["name", "email", "role", "status"]),
];
/// The other known fields of an endpoint, which hold no credential. Whatever else it has is guarded.
const ENDPOINT: &[&str] = &[
    "id",
    "connectorid",
    "url",
    "triggerurl",
    "endpointurl",
    "allowedurls",
    "allowedorigins",
    "allowedips",
    "origins",
    "tokenexpiresat",
    "expiresat",
    "createdat",
    "updatedat",
    "lastusedat",
    "enabled",
    "active",
    "ratelimit",
    "timeout",
    "method",
    "path",
    "slug",
    "domain",
    "organizationid",
    "version",
    "environment",
    "createdby",
    "updatedby",
    "note",
    "notes",
    "tags",
    "labels",
    "owner",
    "ownernote",
];
/// Fields of a secret that say what happens to it.
const BOOKKEEPING: &[&str] = &[
    "id",
    "organizationid",
    "connectorid",
    "version",
    "enabled",
    "active",
    "status",
    "createdby",
    "updatedby",
    "isset",
    "length",
];
/// Members of a way to sign in that describe it.
const DESCRIPTIONS: &[&str] = &[
    "type",
    "kind",
    "method",
    "methods",
    "scheme",
    "schemes",
    "mode",
    "in",
    "name",
    "username",
    "user",
    "login",
    "url",
    "uri",
    "scope",
    "scopes",
    "role",
    "roles",
    "enabled",
    "provider",
    "providers",
    "algorithm",
    "alg",
    "realm",
    "issuer",
    "audience",
    "email",
    "clientid",
    "granttype",
    "grant",
    "flow",
    "required",
    "description",
    "label",
    "host",
    "port",
    "tenant",
    "tenantid",
    "region",
    "service",
    "policy",
    "policies",
    "permission",
    "permissions",
    "format",
    "location",
    "helper",
    "id",
    "title",
    "version",
    "strategy",
];
/// Headers that hold no credential.
const HARMLESS_HEADERS: &[&str] = &[
    "accept",
    "acceptcharset",
    "acceptencoding",
    "acceptlanguage",
    "contenttype",
    "contentlength",
    "contentencoding",
    "contentlanguage",
    "contentmd5",
    "useragent",
    "host",
    "origin",
    "referer",
    "date",
    "expect",
    "from",
    "via",
    "connection",
    "upgrade",
    "pragma",
    "range",
    "cachecontrol",
    "idempotencykey",
    "etag",
    "ifmatch",
    "ifnonematch",
    "ifmodifiedsince",
    "ifunmodifiedsince",
    "traceparent",
    "tracestate",
    "baggage",
    "prefer",
    "te",
    "trailer",
    "transferencoding",
    "location",
    "retryafter",
    "vary",
    "xforwardedfor",
    "xforwardedproto",
    "xforwardedhost",
    "xrequestedwith",
    "xhttpmethodoverride",
    "digest",
    "cachekey",
    "routingkey",
    "partitionkey",
];

/// The rule of a key beneath a parent.
pub(super) fn rule(judge: &Judge, parent: Parent, key: &str) -> Rule {
    let name = Name::of(key);
    let meaning = judge.meaning_of(&name);
    let (model_type, above) = match parent {
        Parent::Model(model_type) => (model_type, None),
        Parent::Member(model_type, rule) => (model_type, Some(rule)),
    };
    match above {
        Some(Rule::Secret | Rule::SecretHeaders | Rule::TextOnly | Rule::Bookkeeping) => return Rule::Secret,
        Some(Rule::Headers) => return header(&name, meaning),
        Some(Rule::Credential(above)) if meaning == Meaning::Plain || name.is_attribute() => {
            return within(&name, above);
        }
        _ => {}
    }
    match model_type {
        ModelType::Secret if above.is_none() => return of_secret(&name),
        ModelType::Connector if is_payload(&name, above.is_none()) => return Rule::Secret,
        ModelType::ConnectorEndpoint => {
            if let Some(rule) = of_endpoint(&name, meaning, above) {
                return rule;
            }
        }
        _ => {}
    }
    if meaning.is_credential() {
        return Rule::Credential(meaning);
    }
    if model_type != ModelType::ConnectorEndpoint && is_headers(&name) {
        return Rule::Headers;
    }
    let is_prose = above.is_none()
        && PROSE.iter().any(|(of, fields)| *of == model_type && fields.contains(&name.joined.as_str()));
    match above {
        _ if is_prose => Rule::Prose,
        _ if meaning == Meaning::Unsure => Rule::Guarded,
        Some(Rule::Guarded) => Rule::Guarded,
        _ => Rule::Open,
    }
}

/// A secret has a name and a description, and everything else of it is the secret.
fn of_secret(name: &Name) -> Rule {
    match name.joined.as_str() {
        "name" | "secretname" | "description" | "secretdescription" => Rule::TextOnly,
        joined if BOOKKEEPING.contains(&joined) || name.last() == "at" && name.words.len() > 1 => {
            Rule::Bookkeeping
        }
        _ => Rule::Secret,
    }
}

fn of_endpoint(name: &Name, meaning: Meaning, above: Option<Rule>) -> Option<Rule> {
    let is_named = |part: &str| name.joined.contains(part);
    let is_always = is_named("bearertoken") || is_named("secrettoken") || is_named("webhooksecret");
    if is_always && meaning.is_credential() {
        return Some(Rule::Secret);
    }
    let has_header = name.words.iter().any(|word| matches!(word.as_str(), "header" | "headers"))
        || name.joined.ends_with("headers");
    if has_header && !name.is_label() {
        return Some(Rule::SecretHeaders);
    }
    if meaning.is_credential() {
        return Some(Rule::Credential(meaning));
    }
    // Elsewhere than in the fields that are known, an endpoint holds what lets callers in.
    let is_known = ENDPOINT.contains(&name.joined.as_str())
        || PROSE.iter().any(|(of, fields)| {
            *of == ModelType::ConnectorEndpoint && fields.contains(&name.joined.as_str())
        });
    match above {
        None if !is_known && !name.is_label() => Some(Rule::Guarded),
        None => None,
        Some(rule) => (rule == Rule::Guarded && !name.is_attribute()).then_some(Rule::Guarded),
    }
}

/// The example payload, however it is spelled: `example_payload`, `samplePayloadJson`, `sample_data`.
fn is_payload(name: &Name, is_field: bool) -> bool {
    let has = |words: &[&str]| name.words.iter().any(|word| words.contains(&word.as_str()));
    let is_example = has(&[
        "example", "examples", "sample", "samples", "test", "last", "demo", "mock", "dummy", "fixture",
        "preview",
    ]);
    let is_data = has(&["payload", "payloads"]);
    let is_content = has(&[
        "json", "data", "event", "events", "body", "input", "request", "record", "document", "message",
        "response",
    ]);
    let says_example =
        has(&["example", "examples", "sample", "samples"]) || is_example && has(&["event", "body", "input"]);
    let is_joined = ["examplepayload", "samplepayload", "payloadexample", "payloadsample"]
        .iter()
        .any(|part| name.joined.contains(part));
    let is_bare = is_field
        && matches!(
            name.joined.as_str(),
            "payload"
                | "payloads"
                | "example"
                | "examples"
                | "sample"
                | "samples"
                | "payloadjson"
                | "jsonpayload"
        );
    is_joined || is_bare || !name.is_label() && (is_example && is_data || says_example && is_content)
}

fn is_headers(name: &Name) -> bool {
    name.joined.ends_with("headers")
        || name.last() == "header" && name.words.len() < 3
        || name.words.iter().any(|word| word == "headers") && !name.is_attribute()
}

/// A header of a connector.
fn header(name: &Name, meaning: Meaning) -> Rule {
    if meaning.is_credential() {
        return Rule::Credential(meaning);
    }
    if HARMLESS_HEADERS.contains(&name.joined.as_str()) {
        return Rule::Open;
    }
    match name.last() {
        "key" | "access" | "hmac" | "signature" => Rule::Credential(Meaning::Key),
        _ if name.is_attribute() => Rule::Open,
        _ if name.tells_name() || name.joined == "names" || name.joined == "values" => Rule::Headers,
        _ => Rule::Guarded,
    }
}

/// A member of a value that is a credential.
fn within(name: &Name, above: Meaning) -> Rule {
    let describes = DESCRIPTIONS.contains(&name.joined.as_str()) || name.is_attribute();
    if describes { Rule::Guarded } else { Rule::Credential(above) }
}
