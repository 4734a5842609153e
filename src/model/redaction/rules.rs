//! The rule for each field of Krosyn's models: which fields are always secret, which hold prose, and the rule for others.

use crate::model::redaction::classifier::Classifier;
use crate::model::redaction::names::{KeyName, NameClass};
use crate::model::redaction::vocabulary::{Words, word_set};
use crate::model::words::ModelType;

/// The treatment of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FieldRule {
    /// A known field with prose: only credentials within its texts are redacted.
    Prose,
    /// The same, but a single word after the name of a credential is redacted too.
    Open,
    /// As `Open`, and a word that looks generated is redacted.
    Guarded,
    /// The headers of a connector: credentials are redacted, and under unknown names words that look generated.
    Headers,
    /// Redacted unless it is certainly harmless. Members of an object are judged one by one.
    Credential(NameClass),
    /// A text is treated as prose, anything else is redacted.
    TextOnly,
    /// A time, a flag, a number or an identifier is kept, anything else is redacted.
    Lifecycle,
    /// A map of authentication headers: names are kept, every value is redacted.
    SecretHeaders,
    /// Always redacted.
    Secret,
}

/// The object that a key belongs to.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Parent {
    /// The model itself: the key is a field.
    Model(ModelType),
    /// A value with this rule.
    Member(ModelType, FieldRule),
}

/// Known fields with sentences, names or programs, where no credential is expected.
const PROSE: &[(ModelType, &[&str])] = &[
    (ModelType::Connector, &["name", "description", "status", "trigger"]),
    (ModelType::ConnectorEndpoint, &["name", "description", "status"]),
    (
        ModelType::Organization,
        &["name", "slug", "contactemail", "description", "require2fa", "graceperioddays"],
    ),
    (ModelType::Member, &["name", "email", "role", "status"]),
];
/// Other known fields of an endpoint, which hold no credential. All its further fields are guarded.
static ENDPOINT_FIELDS: Words = Words::new(|| {
    word_set(
        "id connectorid url triggerurl endpointurl allowedurls allowedorigins allowedips origins \
         tokenexpiresat expiresat createdat updatedat lastusedat enabled active ratelimit timeout method \
         path slug domain organizationid version environment createdby updatedby tags labels owner",
    )
});
/// Fields of a secret that describe its life cycle.
static LIFECYCLE_FIELDS: Words = Words::new(|| {
    word_set(
        "id uuid organizationid connectorid version enabled active status createdby updatedby rotatedby isset length size \
         deleted archived disabled locked expired rotated revoked readonly shared masked",
    )
});
/// Members of a credential object that describe it.
static DESCRIPTIONS: Words = Words::new(|| {
    word_set(
        "type kind method methods scheme schemes mode in name username user login url uri scope scopes \
         role roles enabled provider providers algorithm alg realm issuer audience email clientid \
         granttype grant flow required description label host port tenant tenantid region service policy \
         policies permission permissions format location helper id title version strategy",
    )
});
/// Short names of the example payload.
static PAYLOAD_FIELDS: Words =
    Words::new(|| word_set("payload payloads example examples sample samples payloadjson jsonpayload"));
/// Headers that hold no credential.
static HARMLESS_HEADERS: Words = Words::new(|| {
    word_set(
        "accept acceptcharset acceptencoding acceptlanguage contenttype contentlength contentencoding \
         contentlanguage contentmd5 useragent host origin referer date expect from via connection upgrade \
         pragma range cachecontrol idempotencykey etag ifmatch ifnonematch ifmodifiedsince \
         ifunmodifiedsince traceparent tracestate baggage prefer te trailer transferencoding location \
         retryafter vary xforwardedfor xforwardedproto xforwardedhost xrequestedwith xhttpmethodoverride \
         digest cachekey routingkey partitionkey",
    )
});

/// The rule for a key.
pub(super) fn rule(classifier: &Classifier, parent: Parent, key: &str) -> FieldRule {
    let name = KeyName::of(key);
    let class = classifier.class_of(&name);
    let (model_type, above) = match parent {
        Parent::Model(model_type) => (model_type, None),
        Parent::Member(model_type, rule) => (model_type, Some(rule)),
    };
    match above {
        Some(FieldRule::Secret | FieldRule::SecretHeaders | FieldRule::TextOnly | FieldRule::Lifecycle) => {
            return FieldRule::Secret;
        }
        Some(FieldRule::Headers) => return header_rule(&name, class),
        // `{"type": "header", "map": {"X-Partner": …}}`
        Some(FieldRule::Credential(_))
            if model_type == ModelType::ConnectorEndpoint
                && matches!(name.joined.as_str(), "map" | "values") =>
        {
            return FieldRule::SecretHeaders;
        }
        Some(FieldRule::Credential(above)) if class == NameClass::Ordinary || name.is_attribute() => {
            return credential_member(&name, above);
        }
        _ => {}
    }
    match model_type {
        ModelType::Secret if above.is_none() => return secret_field(&name),
        ModelType::Connector if is_payload(&name, above.is_none()) => return FieldRule::Secret,
        ModelType::ConnectorEndpoint => {
            if let Some(rule) = endpoint_rule(&name, class, above) {
                return rule;
            }
        }
        _ => {}
    }
    if class.is_credential() {
        return FieldRule::Credential(class);
    }
    if model_type != ModelType::ConnectorEndpoint && is_headers(&name) {
        return FieldRule::Headers;
    }
    let is_prose = above.is_none()
        && PROSE.iter().any(|(of, fields)| *of == model_type && fields.contains(&name.joined.as_str()));
    match above {
        _ if is_prose => FieldRule::Prose,
        _ if class == NameClass::Ambiguous => FieldRule::Guarded,
        Some(FieldRule::Guarded) => FieldRule::Guarded,
        _ => FieldRule::Open,
    }
}

/// A secret has a name and a description; all its other fields are secret.
fn secret_field(name: &KeyName) -> FieldRule {
    match name.joined.as_str() {
        "name" | "secretname" | "description" | "secretdescription" => FieldRule::TextOnly,
        joined if LIFECYCLE_FIELDS.contains(joined) || is_measure(name) => FieldRule::Lifecycle,
        _ => FieldRule::Secret,
    }
}

/// Whether a field of a secret is a time, a number, an identifier or a flag by its name: `rotation_days`, `created_by_id`, `is_shared`.
fn is_measure(name: &KeyName) -> bool {
    name.words.len() > 1
        && (matches!(name.last(), "at" | "id" | "uuid" | "count" | "days" | "hours" | "length" | "size")
            || matches!(name.words[0].as_str(), "is" | "has"))
}

fn endpoint_rule(name: &KeyName, class: NameClass, above: Option<FieldRule>) -> Option<FieldRule> {
    let is_named = |part: &str| name.joined.contains(part);
    let is_always = is_named("bearertoken") || is_named("secrettoken") || is_named("webhooksecret");
    if is_always && class.is_credential() {
        return Some(FieldRule::Secret);
    }
    // The names of headers are no secret.
    let names_headers = name.words.iter().any(|word| word == "names");
    let has_header = !names_headers
        && name.words.iter().any(|word| matches!(word.as_str(), "header" | "headers"))
        || name.joined.ends_with("headers");
    if has_header && !name.is_harmless_attribute() {
        return Some(FieldRule::SecretHeaders);
    }
    if class.is_credential() {
        return Some(FieldRule::Credential(class));
    }
    // An unknown field of an endpoint may hold what authenticates its callers.
    let is_known = ENDPOINT_FIELDS.contains(name.joined.as_str())
        || PROSE.iter().any(|(of, fields)| {
            *of == ModelType::ConnectorEndpoint && fields.contains(&name.joined.as_str())
        });
    match above {
        None if !is_known && !name.is_harmless_attribute() => Some(FieldRule::Guarded),
        None => None,
        Some(rule) => (rule == FieldRule::Guarded && !name.is_attribute()).then_some(FieldRule::Guarded),
    }
}

/// Whether a field is the example payload, in any spelling: `example_payload`, `samplePayloadJson`, `sample_data`.
fn is_payload(name: &KeyName, is_field: bool) -> bool {
    let has = |words: &[&str]| name.words.iter().any(|word| words.contains(&word.as_str()));
    let is_sample = has(&["example", "examples", "sample", "samples"]);
    let is_example = is_sample || has(&["test", "last", "demo", "mock", "dummy", "fixture", "preview"]);
    let is_content = has(&[
        "json", "data", "event", "events", "body", "input", "request", "record", "document", "message",
        "response",
    ]);
    let is_sample_content = (is_sample || is_example && has(&["event", "body", "input"])) && is_content;
    let is_joined = ["examplepayload", "samplepayload", "payloadexample", "payloadsample"]
        .iter()
        .any(|part| name.joined.contains(part));
    is_joined
        || is_field && PAYLOAD_FIELDS.contains(name.joined.as_str())
        || !name.is_harmless_attribute() && (is_example && has(&["payload", "payloads"]) || is_sample_content)
}

fn is_headers(name: &KeyName) -> bool {
    name.joined.ends_with("headers")
        || name.last() == "header" && name.words.len() < 3
        || name.words.iter().any(|word| word == "headers") && !name.is_attribute()
}

/// The rule for a header of a connector.
fn header_rule(name: &KeyName, class: NameClass) -> FieldRule {
    if class.is_credential() {
        return FieldRule::Credential(class);
    }
    if HARMLESS_HEADERS.contains(name.joined.as_str()) {
        return FieldRule::Open;
    }
    match name.last() {
        "key" | "access" | "hmac" | "signature" => FieldRule::Credential(NameClass::Key),
        _ if name.is_attribute() => FieldRule::Open,
        _ if name.is_name_member() || name.joined == "names" || name.joined == "values" => FieldRule::Headers,
        _ => FieldRule::Guarded,
    }
}

/// Whether a member of a credential only describes it.
pub(super) fn describes(name: &KeyName) -> bool {
    DESCRIPTIONS.contains(name.joined.as_str()) || name.is_attribute()
}

/// The rule for a member of a credential.
fn credential_member(name: &KeyName, above: NameClass) -> FieldRule {
    if describes(name) { FieldRule::Guarded } else { FieldRule::Credential(above) }
}
