//! A redacted value is nowhere. Secrets are planted in everything a recorder can send, then searched for in the
//! store's files, in every answer, and in the log at TRACE.

use krosyn_audit::model::words::Scope;
use krosyn_audit::secret::Token;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::answer::Answer;
use crate::support::entries::{days_ago, recording, recording_at, with};
use crate::support::files::contents;
use crate::support::log::Log;
use crate::support::test_server::{Caller, LOGS, TestServer};

/// Makes words that stand nowhere else, and remembers them.
#[derive(Default)]
struct Canaries(Vec<String>);

impl Canaries {
    /// A word without any shape of its own.
    fn word(&mut self) -> String {
        let word = format!("c4nary{:03}x{}", self.0.len(), uuid::Uuid::now_v7().simple());
        self.0.push(word.clone());
        word
    }

    /// The same words, in pairs of a value before and a value after.
    fn pair(&mut self) -> (String, String) {
        (self.word(), self.word())
    }
}

/// Headers and bodies of the answers.
#[derive(Default)]
struct Answers(Vec<String>);

impl Answers {
    fn keep(&mut self, answer: &Answer) -> u16 {
        self.0.push(format!("{:?}\n{}", answer.headers, answer.text()));
        answer.status
    }
}

/// Everything a secret could have come to: the store's files, the answers and the log.
struct Searched(Vec<(String, String)>);

impl Searched {
    fn of(world: &TestServer, answers: &Answers, log: &Log) -> Self {
        let mut places = contents(world.directory());
        places.extend(answers.0.iter().map(|answer| (answer.clone(), answer.clone())));
        places.push(("the log".to_owned(), log.text()));
        assert!(
            places.iter().any(|(name, _)| name == "audit.db")
                && places.iter().any(|(name, _)| name == "audit.db-wal")
        );
        Self(places)
    }

    fn places_of(&self, word: &str) -> Vec<&str> {
        let found = self.0.iter().filter(|(_, content)| content.contains(word));
        found.map(|(name, _)| name.as_str()).collect()
    }
}

/// Everything that can be read of an organization.
async fn read_everything(admin: &Caller, answers: &mut Answers, entries: u64) {
    for path in ["", "/facets", "/retention", "/prunes"] {
        answers.keep(&admin.get(&format!("{LOGS}{path}?").replace("prunes?", "prunes")).await);
    }
    for query in ["order=asc&limit=1000&total=true", "after_id=0&limit=1000", "q=c4nary", "field=password"] {
        answers.keep(&admin.list(query).await);
    }
    for id in 0..=entries + 1 {
        answers.keep(&admin.get(&format!("{LOGS}/{id}")).await);
    }
    for path in ["/api/v1/whoami", "/readyz"] {
        answers.keep(&admin.get(path).await);
    }
}

/// Resources with a secret in every place and under every name that must be kept out.
fn under_credential_names(canaries: &mut Canaries) -> Vec<(&'static str, Value, Value)> {
    let mut resources = Vec::new();
    let mut plant = |model_type: &'static str, make: &dyn Fn(&str) -> Value| {
        let (before, after) = canaries.pair();
        resources.push((model_type, make(&before), make(&after)));
    };
    for key in [
        "password",
        "Passwd",
        "PASSPHRASE",
        "client_secret",
        "apiKey",
        "X-Api-Key",
        "api key",
        "private-key",
        "access_token",
        "Authorization",
        "Set-Cookie",
        "credentials",
        "signing_key",
        "otp",
        "pаssword",
    ] {
        plant("connector", &|word| json!({key: word, "name": "n"}));
        plant("organization", &|word| json!({"settings": {"deep": [{"er": {key: word}}]}}));
        plant("member", &|word| json!({key: {"nested": [word, {"x": word}]}}));
        plant("connector", &|word| json!({"perform": {"headers": [{"name": key, "value": word}]}}));
        plant("connector", &|word| json!({"body": json!({"inner": {key: word}}).to_string()}));
    }
    plant("secret", &|word| json!({"value": word, "description": "d"}));
    plant("secret", &|word| json!({"value": {"object": word}}));
    for field in ["bearer_token", "secret_token", "webhook_secret"] {
        plant("connector_endpoint", &|word| json!({field: word, "url": "https://a.example"}));
    }
    plant("connector_endpoint", &|word| json!({"custom_auth_headers": {"X-Anything": word}}));
    plant("connector", &|word| json!({"example_payload": {"order": {"note": word}}}));
    plant("connector", &|word| json!({"example_payload": word}));
    plant("connector", &|word| json!({"samplePayloads": [{"order": word}]}));
    plant("secret", &|word| json!({"name": "N", "value_preview": word, "data": {"a": [word]}, "pin": word}));
    for field in ["custom_authentication_headers", "customAuthHeadersJson", "auth", "header_auth"] {
        plant("connector_endpoint", &|word| json!({field: {"X-Anything": word}}));
    }
    for field in ["hmac", "hmac_sha256", "signing_secret_v2", "token_prod"] {
        plant("connector_endpoint", &|word| json!({field: word}));
    }
    for shape in [
        |word: &str| json!([{"headerName": "Authorization", "headerValue": word}]),
        |word: &str| json!([["Authorization", "Basic", word]]),
        |word: &str| json!({"names": ["Authorization"], "values": [word]}),
        |word: &str| json!(["-----BEGIN PRIVATE KEY-----", word, "-----END PRIVATE KEY-----"]),
    ] {
        plant("connector", &|word| json!({"perform": {"headers": shape(word)}}));
    }
    plant("connector", &|word| json!({"process": {"mappings": [{"target": "password", "source": word}]}}));
    plant("connector", &|word| json!({"settings": {"contraseña": word, "hasło": word, "密码": word}}));
    plant(
        "connector",
        &|word| json!({"process": {"lookup_headers": {"Authorization": format!("Bearer {word}")}}}),
    );
    resources
}

/// Texts that hold a secret in the shape of a credential.
fn in_credential_shapes(canaries: &mut Canaries) -> Vec<String> {
    let shapes: &[fn(&str) -> String] = &[
        |word| format!("sk_live_{word}"),
        |word| format!("ghp_{word}"),
        |word| format!("kra_{word}"),
        |word| format!("whsec_{word}"),
        |word| format!("eyJhbGciOiJI.{word}.{word}"),
        |word| format!("-----BEGIN PRIVATE KEY-----{word}-----END PRIVATE KEY-----"),
        |word| format!("-----BEGIN RSA PRIVATE KEY-----{word}"),
        |word| format!("https://user:{word}@db.example/x"),
        |word| format!("Bearer {word}"),
        |word| format!("password={word}"),
        |word| format!("a=1&api_key={word}&b=2"),
        |word| format!("Authorization: {word}"),
        |word| format!("user[pass%77ord]={word}&x=1"),
        |word| format!("<password><![CDATA[{word}]]></password>"),
        |word| format!("$cfg['db']['password'] = '{word}';"),
        |word| format!("curl -u svc:{word} https://api.example"),
        |word| format!("https://svc:pa#ss{word}@db.example/x"),
        |word| format!("https://x.example/?next=https%3A%2F%2Fy.example%2F%3Ftoken%3D{word}"),
        |word| format!("s:8:\"password\";s:4:\"{word}\";"),
        |word| format!("password: |\n  {word}\n"),
        |word| format!("ALTER USER a PASSWORD '{word}'"),
        |word| format!("the new password is {word}"),
    ];
    shapes.iter().map(|shape| shape(&canaries.word())).collect()
}

fn updated(model_type: &str, before: &Value, after: &Value) -> Value {
    let user = json!({"name": "Ana"});
    json!({"action": "updated", "model_type": model_type, "model_id": "1", "user": user, "before": before, "after": after})
}

/// A recording that is refused whatever else a test makes of it.
fn unsound() -> Value {
    with(recording("1"), "reason", " ")
}

/// A recording that carries a text wherever a recorder may write one.
fn with_text_everywhere(text: &str) -> Value {
    let short: String = text.chars().take(255).collect();
    json!({
        "action": "created", "model_type": "connector", "model_id": short, "model_name": text, "reason": format!("why {text}"),
        "user": {"id": short, "email": short, "name": text, "role": short},
        "context": {"user_agent": text, "request_id": short},
        "changes": [{"field": text, "new": text}, {"field": "list", "new": [{text: [text]}, json!({"in": text}).to_string()]}],
    })
}

#[tokio::test]
async fn a_recorded_secret_is_in_no_file_answer_or_log() {
    let log = Log::listen();
    let world = TestServer::in_a_file().await;
    let admin = world.admin().await;
    let (mut canaries, mut answers) = (Canaries::default(), Answers::default());
    let mut recordings: Vec<Value> = under_credential_names(&mut canaries)
        .iter()
        .flat_map(|(model_type, before, after)| {
            let created = json!({"action": "created", "model_type": model_type, "model_id": "1", "user": {"id": "1"}, "after": after});
            [updated(model_type, before, after), updated(model_type, &json!({}), after), created]
        })
        .collect();
    let word = canaries.word();
    recordings.extend(["value", "bearer_token", "custom_auth_headers.X-Shop"].iter().flat_map(|field| {
        let paths = [format!("{field}={word}"), format!("{field}.{word}"), format!("{field}[a]: {word}")];
        let model_type = if *field == "value" { "secret" } else { "connector_endpoint" };
        paths.map(|path| {
            let changes = json!([{"field": path, "old": "a", "new": "b"}, {"field": format!("{path}x"), "redacted": true}]);
            json!({"action": "updated", "model_type": model_type, "model_id": "1", "user": {"id": "1"}, "changes": changes})
        })
    }));
    recordings.extend(in_credential_shapes(&mut canaries).iter().map(|text| with_text_everywhere(text)));
    let entries = 2 * recordings.len() as u64;
    let lines: Vec<_> = recordings.iter().map(Value::to_string).collect();
    for recorded in &recordings {
        assert_eq!(answers.keep(&admin.record(recorded).await), 201, "{recorded}");
    }
    answers.keep(&admin.record_lines("", &lines.join("\n")).await);
    read_everything(&admin, &mut answers, entries).await;
    answers.0.push(world.metrics().await);

    let visible = "v1sible-and-unlogged";
    answers.keep(&admin.record(&with(recording("1"), "reason", visible)).await);
    let searched = Searched::of(&world, &answers, log);
    assert!(searched.places_of(visible).len() >= 2, "the search finds what may be kept");
    assert!(!log.text().contains(visible), "and that is not logged either");
    for word in &canaries.0 {
        assert!(searched.places_of(word).is_empty(), "{word} is in {:?}", searched.places_of(word));
    }
    assert!(canaries.0.len() > 150);
}

#[tokio::test]
async fn malformed_input_is_quoted_nowhere() {
    let log = Log::listen();
    let world = TestServer::in_a_file().await;
    let admin = world.admin().await;
    let (mut canaries, mut answers) = (Canaries::default(), Answers::default());
    let mut bodies: Vec<String> = vec![
        canaries.word(),
        format!("{{{}", canaries.word()),
        format!(r#"{{"action":"{}"}}"#, canaries.word()),
        format!(r#"{{"{}":1}}"#, canaries.word()),
        format!(r#"["{}"]"#, canaries.word()),
        format!(r#""{}""#, canaries.word()),
    ];
    for member in [
        "action",
        "model_type",
        "model_id",
        "user",
        "uuid",
        "occurred_at",
        "context",
        "before",
        "after",
        "changes",
        "dry_run",
        "older_than",
        "max_delete",
    ] {
        let word = canaries.word();
        for value in [json!(word), json!({&word: &word}), json!([word]), json!([[{&word: 1}]])] {
            bodies.push(with(unsound(), member, value.clone()).to_string());
            bodies.push(json!({member: value}).to_string());
        }
    }
    for (object, member) in
        [("user", "kind"), ("user", "shoe"), ("context", "via"), ("context", "ip"), ("user", "id")]
    {
        let (one, other) = canaries.pair();
        bodies.push(with(unsound(), object, json!({"name": "", member: one})).to_string());
        bodies.push(with(unsound(), object, json!({other.as_str(): {member: other}})).to_string());
    }
    let word = canaries.word();
    bodies.push(
        with(recording("1"), "after", json!({&word: "\u{0}", "deep": 1}))
            .to_string()
            .replace("\\u0000", "\\ud800"),
    );
    for body in &bodies {
        for (path, media_type) in [
            (LOGS, "application/json"),
            (LOGS, "application/x-ndjson"),
            ("/api/v1/audit-logs/prune", "application/json"),
            (LOGS, body.as_str()),
        ] {
            if media_type == body && !body.bytes().all(|byte| byte.is_ascii_graphic()) {
                continue;
            }
            let status = answers.keep(&admin.post_as(path, media_type, body.clone()).await);
            assert!(status >= 400 || media_type == "application/x-ndjson", "{status} {body}");
        }
    }
    let mut binary = canaries.word().into_bytes();
    binary.push(0xff);
    answers.keep(&admin.post_as(LOGS, "application/json", binary).await.expect(400));
    let searched = Searched::of(&world, &answers, log);
    for word in &canaries.0 {
        assert!(searched.places_of(word).is_empty(), "{word} is in {:?}", searched.places_of(word));
    }
    assert_eq!(admin.list("total=true").await.json()["total"]["count"], 0);
}

#[tokio::test]
async fn the_log_holds_no_tokens_query_strings_or_paths() {
    let log = Log::listen();
    let world = TestServer::in_a_file().await;
    let mut canaries = Canaries::default();
    let mut answers = Answers::default();
    let org = crate::support::stores::organization(&world.store, "quetzal-org").await;
    let admin = world.caller(org, "quetzal-token", Scope::ALL).await;
    let token = Token::generate().expect("randomness");
    let wrong = admin.with_token(token.expose());
    wrong.list("").await.expect(401);
    for parameter in
        ["q", "user", "model_id", "field", "request_id", "action", "since", "cursor", "order", "nothing"]
    {
        admin.list(&format!("{parameter}={}", canaries.word())).await;
        admin.get(&format!("{LOGS}/facets?{parameter}={}", canaries.word())).await;
    }
    for query in [format!("{}=1", canaries.word()), format!("atomic={}", canaries.word())] {
        admin.record_lines(&query, &recording("1").to_string()).await.expect(422);
    }
    for path in [format!("{LOGS}/{}", canaries.word()), format!("/{}", canaries.word())] {
        answers.keep(&admin.get(&path).await.expect(404));
    }
    let header = canaries.word();
    answers
        .keep(&admin.send(admin.request(Method::GET, LOGS).header("user-agent", &header)).await.expect(200));
    admin.record(&recording_at(&canaries.word(), days_ago(100))).await.expect(201);
    admin.post("/api/v1/audit-logs/prune", &json!({})).await.expect(200);
    let marker = format!("req{}", uuid::Uuid::now_v7().simple());
    admin.send(admin.request(Method::GET, LOGS).header("x-request-id", &marker)).await.expect(200);
    let logged = log.text();
    assert!(
        logged.contains(&marker) && logged.contains("TRACE"),
        "the log listens: each request leaves a line"
    );
    for word in canaries.0.iter().map(String::as_str).chain([token.expose()]) {
        assert!(!logged.contains(word), "{word} is in the log");
    }
    let searched = Searched::of(&world, &answers, log);
    assert!(searched.places_of(token.expose()).is_empty(), "{:?}", searched.places_of(token.expose()));
}
