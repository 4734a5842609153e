//! Tests of redaction: values that must be redacted, values that must stay readable, and changes that stay visible.

use super::*;

const CANARY: &str = "c4n4ry-7f3a";

fn json(text: &str) -> Json {
    Json::parse(text).expect(text)
}

fn kept(model_type: ModelType, field: &str, old: &str, new: &str) -> String {
    let change = Redaction::default().change(model_type, field, Some(&json(old)), Some(&json(new)));
    serde_json::to_string(&change).expect("a change serialises")
}

#[test]
fn secret_fields_are_never_stored() {
    for (model_type, field) in [
        (ModelType::Secret, "value"),
        (ModelType::ConnectorEndpoint, "bearer_token"),
        (ModelType::ConnectorEndpoint, "secret_token"),
        (ModelType::ConnectorEndpoint, "webhook_secret"),
        (ModelType::ConnectorEndpoint, "custom_auth_headers.X-Key"),
        (ModelType::Connector, "example_payload"),
        (ModelType::Connector, "example_payload.customer.email"),
    ] {
        for value in
            [format!("\"{CANARY}\""), format!("{{\"a\":[\"{CANARY}\"]}}"), "42".into(), "null".into()]
        {
            let text = kept(model_type, field, &value, "\"other\"");
            assert_eq!(text, format!(r#"{{"field":"{field}","redacted":true}}"#), "{model_type} {value}");
        }
        // A reference, which is readable under other keys, is redacted too.
        let text = kept(model_type, field, "null", "\"$secret.CRM_API_KEY\"");
        assert_eq!(text, format!(r#"{{"field":"{field}","redacted":true}}"#), "{model_type}");
    }
}

#[test]
fn authentication_headers_keep_their_names_and_lose_their_values() {
    for map in [
        format!(r#"{{"X-Tenant":"{CANARY}","Accept":"{CANARY}","n":7}}"#),
        format!(r#""{{\"X-Tenant\":\"{CANARY}\"}}""#),
        format!(r#""X-Tenant: {CANARY}""#),
        format!(r#"[{{"name":"Accept","value":"{CANARY}"}}]"#),
    ] {
        for field in ["custom_auth_headers", "customHeaders", "headers", "auth_headers"] {
            let text = kept(ModelType::ConnectorEndpoint, field, "{}", &map);
            assert!(!text.contains(CANARY) && text.contains("[redacted"), "{text}");
        }
    }
    let text = kept(
        ModelType::ConnectorEndpoint,
        "custom_auth_headers",
        r#"{"X-A":"1","X-B":"2"}"#,
        r#"{"X-A":"1","X-B":"3"}"#,
    );
    assert!(text.contains(r#""new":{"X-A":"[redacted]","X-B":"[redacted, changed]"}"#), "{text}");
}

#[test]
fn values_of_credential_keys_are_redacted_at_any_depth() {
    for key in [
        "password",
        "Passwd",
        "db_password",
        "DBPassword",
        "client-secret",
        "clientSecret",
        "CLIENT_SECRET",
        "token",
        "access_token",
        "accessTokens",
        "refresh.token",
        "api key",
        "apiKey",
        "X-API-Key",
        "API_KEY_2",
        "private_key",
        "privateKeyBase64",
        "Authorization",
        "proxy-authorization",
        "Cookie",
        "Set-Cookie",
        "credentials",
        "aws_secret_access_key",
        "passphrase",
        "pwd",
        "smtp_pass",
        "ｐａｓｓｗｏｒｄ",
        "pаsswоrd",
        "pass\u{200b}word",
        "PASSWORD_HASH",
        "secret_value",
        "old_password",
        "oauth2Token",
        "sessionId",
    ] {
        for value in [format!("\"{CANARY}\""), format!("[\"{CANARY}\"]"), format!("{{\"x\":\"{CANARY}\"}}")] {
            let text =
                kept(ModelType::Connector, "settings", "{}", &format!(r#"{{"a":[{{"{key}":{value}}}]}}"#));
            assert!(!text.contains(CANARY), "{key}: {text}");
            let inner = Json::String(format!(r#"{{"{key}":{value}}}"#)).to_string();
            let text = kept(ModelType::Member, "notes", "null", &inner);
            assert!(!text.contains(CANARY), "{key} in a string: {text}");
        }
        let header = format!(r#"[{{"key":"{key}","value":"{CANARY}"}}]"#);
        let text = kept(ModelType::Connector, "perform", "null", &header);
        assert!(!text.contains(CANARY), "{key} as a pair: {text}");
    }
}

#[test]
fn similar_keys_and_texts_stay_readable() {
    for key in [
        "token_expires_at",
        "secret_name",
        "token_type",
        "tokenizer",
        "secretary",
        "password_changed_at",
        "cookie_domain",
        "api_key_id",
        "max_tokens",
        "key",
        "keys",
        "idempotency_key",
        "authorized_by",
        "author",
        "pass_rate",
        "bypass",
        "compass",
        "public_key",
        "passed",
        "secret_count",
        "monkey",
        "session_length",
        "oauth_provider",
    ] {
        let text = kept(ModelType::Connector, "settings", "{}", &format!(r#"{{"{key}":"{CANARY}"}}"#));
        assert!(text.contains(CANARY), "{key}: {text}");
    }
    for value in [
        "$secret.CRM_API_KEY",
        "Bearer $secret.CRM_API_KEY",
        " token $secret.X ",
        "",
        "https://api.example/v1/tokens?page=2",
        "https://api.example:8443/path@v2",
        "basic authentication",
        "The token expired on Monday",
        "sk_live",
        "eyJ",
        "ana@acme.example",
        "token_expires_at=2026-01-01",
        "row.email = lower(row.Email)",
        "https://user@host.example/",
    ] {
        let text = kept(ModelType::Connector, "note", "null", &Json::String(value.to_owned()).to_string());
        assert!(text.contains(&Json::String(value.to_owned()).to_string()), "{value}: {text}");
    }
    for value in ["\"$secret.CRM_API_KEY\"", "\"Bearer $secret.X\"", "null", "true", "\"\"", "{}"] {
        let text = kept(ModelType::Connector, "perform", "{}", &format!(r#"{{"Authorization":{value}}}"#));
        assert!(text.contains(value), "{value}: {text}");
    }
}

#[test]
fn texts_with_the_format_of_a_credential_are_redacted_anywhere() {
    let pem = format!("-----BEGIN RSA PRIVATE KEY-----\n{CANARY}\n-----END RSA PRIVATE KEY-----");
    let cut_pem = format!("-----BEGIN OPENSSH PRIVATE KEY-----\n{CANARY}");
    let long = "c4n4ry0123456789abcdefABCDEF";
    for text in [
        pem,
        cut_pem,
        format!("eyJhbGciOiJIUzI1NiJ9.{CANARY}.{CANARY}"),
        format!("postgres://svc:{CANARY}@db.example/x"),
        format!("https://svc:{CANARY}@p@ss@db.example/x"),
        format!("see https://x.example/?a=1&api_key={CANARY}&b=2"),
        format!("Authorization: Bearer {CANARY}"),
        format!("curl -H 'X-Api-Key: {CANARY}' https://x.example"),
        format!("Server=db;Password={CANARY};"),
        format!("password='{CANARY}'"),
        format!("hunter2{CANARY} $secret.X").replace("hunter2", "password="),
        concat!("sk", "_live_").to_owned() + long,
        concat!("gh", "p_").to_owned() + long,
        concat!("xox", "b-").to_owned() + long,
        concat!("gl", "pat-").to_owned() + long,
        concat!("wh", "sec_").to_owned() + long,
        "kra_".to_owned() + long,
        concat!("AK", "IA").to_owned() + "C4N4RY0123456789",
    ] {
        let kept = Redaction::default().text(&text).to_lowercase();
        assert!(!kept.contains("c4n4ry") && kept.contains(REDACTED), "{text:?} became {kept:?}");
        let again = Redaction::default().text(&kept).into_owned();
        assert_eq!(again, kept, "redacting twice is redacting once");
    }
}

#[test]
fn the_change_of_a_redacted_value_stays_visible() {
    let text = kept(
        ModelType::Connector,
        "perform",
        r#"{"url":"https://a:one1@h","headers":{"Authorization":"Bearer one1","Cookie":"same"}}"#,
        r#"{"url":"https://a:two2@h","headers":{"Authorization":"Bearer two2","Cookie":"same"}}"#,
    );
    assert!(text.contains(r#""new":{"url":"https://a:[redacted, changed]@h","headers":{"Authorization":"[redacted, changed]","Cookie":"[redacted]"}}"#), "{text}");
}

#[test]
fn an_operator_can_add_names_but_remove_none() {
    let redaction = Redaction::new(&["Tax-Number".to_owned()]);
    let change = redaction.change(ModelType::Member, "taxNumber", None, Some(&json("\"DE123\"")));
    assert!(change.redacted);
    assert!(redaction.change(ModelType::Member, "password", None, Some(&json("\"x\""))).redacted);
    assert!(!redaction.change(ModelType::Member, "tax_number_country", None, Some(&json("\"DE\""))).redacted);
}

#[test]
fn only_the_cell_of_the_credential_is_redacted() {
    for (text, kept) in [
        ("| password | bluebell |\n| host | db1 |", "| password | [redacted] |\n| host | db1 |"),
        (
            "| password | host |\n|---|---|\n| bluebell | db1 |",
            "| password | host |\n|---|---|\n| [redacted] | db1 |",
        ),
        ("password  bluebell\nhost  db1", "password  [redacted]\nhost  db1"),
        ("key,value\npassword,bluebell\nhost,db1", "key,value\npassword,[redacted]\nhost,db1"),
        ("|| system || token ||\n| crm | thistle |", "|| system || token ||\n| crm | [redacted] |"),
        (
            "COPY t (id, password, name) FROM stdin;\n1\tthistle\tanna\n\\.\nx",
            "COPY t (id, password, name) FROM stdin;\n1\t[redacted]\tanna\n\\.\nx",
        ),
        ("db_password: cobblestone -> $secret.DB", "db_password: [redacted] -> $secret.DB"),
        ("password: thistle -> foxglove\nhost: a -> b", "password: [redacted] -> [redacted]\nhost: a -> b"),
        ("Bearer <token> with each request", "Bearer <token> with each request"),
        (
            "define('DB_PASSWORD','x7Yz');\ndefine('DB_HOST','localhost');",
            "define('DB_PASSWORD','[redacted]');\ndefine('DB_HOST','localhost');",
        ),
        (
            "$ua->credentials(\"h:443\", \"realm\", \"svc\", \"foxglove\");",
            "$ua->credentials(\"h:443\", \"realm\", \"svc\", \"[redacted]\");",
        ),
        ("expect \"Password:\"\nsend \"foxglove\\r\"", "expect \"Password:\"\nsend \"[redacted]\\r\""),
    ] {
        let value = Json::String(text.to_owned());
        let change = Redaction::default().change(ModelType::Connector, "config", None, Some(&value));
        assert_eq!(change.new.unwrap().get(), Json::String(kept.to_owned()).to_string());
    }
}

#[test]
fn field_names_lose_the_values_in_them() {
    let redaction = Redaction::default();
    for (model_type, field, kept) in [
        (ModelType::Secret, "value=c4n4ry-7f3a", "value=[redacted]"),
        (ModelType::Secret, "c4n4ry-7f3a", "[redacted]"),
        (
            ModelType::ConnectorEndpoint,
            "custom_auth_headers.X-Shop.c4n4ry-7f3a",
            "custom_auth_headers.X-Shop.[redacted]",
        ),
        (
            ModelType::ConnectorEndpoint,
            "custom_auth_headers[X-Shop]: c4n4ry-7f3a",
            "custom_auth_headers[X-Shop]:[redacted]",
        ),
        (ModelType::Connector, "settings.password.c4n4ry-7f3a", "settings.password.[redacted]"),
        (ModelType::Connector, "perform.headers.Authorization", "perform.headers.Authorization"),
        (ModelType::ConnectorEndpoint, "custom_auth_headers.X-Tenant", "custom_auth_headers.X-Tenant"),
    ] {
        assert_eq!(redaction.field(model_type, field), kept, "{model_type} {field}");
    }
}
