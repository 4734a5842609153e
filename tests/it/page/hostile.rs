//! Text of the log that tries to be markup or script.

use krosyn_audit::model::words::Scope;
use serde_json::json;

use crate::page::browser::{Browser, server};
use crate::support::test_server::TestServer;

/// Strings that run a script in a page that does not escape: by kind of context, as in OWASP's list.
pub(super) fn payloads() -> Vec<String> {
    let mut all: Vec<String> = [
        "<script>window.hacked=1</script>",
        "<SCRIPT SRC=//evil.example/x.js></SCRIPT>",
        "\"><script>window.hacked=1</script>",
        "'><script>window.hacked=1</script>",
        "</title><script>window.hacked=1</script>",
        "</textarea><script>window.hacked=1</script>",
        "</style><script>window.hacked=1</script>",
        "--><script>window.hacked=1</script>",
        "<scr<script>ipt>window.hacked=1</scr</script>ipt>",
        "<<script>window.hacked=1//<</script>",
        "<a href=\"javascript:window.hacked=1\">x</a>",
        "<a href=\"jav&#x09;ascript:window.hacked=1\">x</a>",
        "javascript:window.hacked=1",
        "data:text/html,<script>window.hacked=1</script>",
        "<iframe srcdoc=\"<script>parent.hacked=1</script>\"></iframe>",
        "<object data=\"data:text/html,<script>window.hacked=1</script>\"></object>",
        "<embed src=\"javascript:window.hacked=1\">",
        "<base href=\"//evil.example/\">",
        "<meta http-equiv=\"refresh\" content=\"0;url=javascript:window.hacked=1\">",
        "<link rel=stylesheet href=//evil.example/x.css>",
        "<form action=javascript:window.hacked=1><button>x",
        "<style>@import'//evil.example/x.css';</style>",
        "<div style=\"background:url(//evil.example/x)\">",
        "<math><mtext><table><mglyph><style><img src=x onerror=window.hacked=1>",
        "<svg><script>window.hacked=1</script></svg>",
        "<svg><animate onbegin=window.hacked=1 attributeName=x dur=1s>",
        "<template><script>window.hacked=1</script></template>",
        "{{constructor.constructor('window.hacked=1')()}}",
        "${window.hacked=1}",
        "`-window.hacked=1-`",
        "\\\";window.hacked=1;//",
        "';window.hacked=1;//",
        "&lt;script&gt;window.hacked=1&lt;/script&gt;",
        "&#60;script&#62;window.hacked=1&#60;/script&#62;",
        "%3Cscript%3Ewindow.hacked=1%3C/script%3E",
        "\u{202e}<script>window.hacked=1</script>",
        "\u{200b}<img src=x onerror=window.hacked=1>\u{0}",
        "\u{feff}+ADw-script+AD4-window.hacked=1+ADw-/script+AD4-",
        "\u{ff1c}script\u{ff1e}window.hacked=1\u{ff1c}/script\u{ff1e}",
        "]]><script>window.hacked=1</script>",
    ]
    .map(str::to_owned)
    .into();
    let tags = [
        "img src=x",
        "svg",
        "body",
        "input autofocus",
        "details open",
        "video src=x",
        "audio src=x",
        "select autofocus",
        "marquee",
        "iframe",
    ];
    let handlers = [
        "onerror",
        "onload",
        "onfocus",
        "ontoggle",
        "onmouseover",
        "onpointerenter",
        "onanimationstart",
        "onstart",
    ];
    for (tag, handler) in tags.iter().flat_map(|tag| handlers.iter().map(move |handler| (tag, handler))) {
        all.push(format!("<{tag} {handler}=window.hacked=1>"));
        all.push(format!("\" {handler}=\"window.hacked=1\" x=\"<{tag}"));
    }
    all
}

/// Records an entry for each payload, with it in every field that takes a text.
pub(super) async fn record_all(server: &TestServer) {
    let caller = server.caller(server.org, "recorder", &[Scope::Record]).await;
    let lines: Vec<_> = payloads()
        .iter()
        .enumerate()
        .map(|(index, text)| {
            json!({
                "occurred_at": "2026-11-22T08:00:00Z", "action": "updated", "model_type": "connector",
                "model_id": format!("{index}{text}"), "model_name": text,
                "user": { "id": text, "email": text, "name": text, "role": text },
                "on_behalf_of": { "name": text },
                "context": { "via": "web", "ip": "198.51.100.23", "user_agent": text, "request_id": text },
                "reason": text,
                "changes": [
                    { "field": text, "old": text, "new": format!("{text}\n{text}") },
                    { "field": format!("nested {text}"), "old": { text: [text] }, "new": { text: [text, 1] } },
                ],
            })
            .to_string()
        })
        .collect();
    let answer = caller.record_lines("", &lines.join("\n")).await;
    assert!(!answer.text().contains("\"error\""), "{}", answer.text());
}

/// Whether the markup has an element or an attribute that only a payload could have made.
fn is_injected(html: &str) -> Option<&str> {
    // The page's own script has a source and no text, and the page has no handlers and no styles.
    let tags = html.split('<').skip(1).map(|tag| tag.split('>').next().unwrap_or_default());
    let mut tags = tags.filter(|tag| !tag.starts_with("script src=\"/page/page.js\"") && *tag != "/script");
    tags.find(|tag| {
        let name = tag.split([' ', '/']).find(|part| !part.is_empty()).unwrap_or_default();
        let outside = tag.split('"').step_by(2).collect::<String>();
        let is_foreign = [
            "script", "img", "svg", "iframe", "object", "embed", "base", "style", "video", "audio",
            "marquee", "math", "template", "SCRIPT",
        ];
        is_foreign.contains(&name) || outside.contains(" on") || outside.contains(" style")
    })
}

#[tokio::test]
async fn no_text_of_the_log_becomes_markup() {
    assert!(payloads().len() >= 200, "{}", payloads().len());
    let server = server().await;
    record_all(&server).await;
    let browser = Browser::signed_in(&server, &[Scope::Read, Scope::Trail]).await;
    let mut next = Some("/audit-logs".to_owned());
    let mut entries = Vec::new();
    while let Some(path) = next {
        let page = browser.get(&path).await;
        assert_eq!(page.status, 200);
        assert_eq!(is_injected(&page.text), None, "{path}");
        assert!(
            !page.text.contains(['\u{202e}', '\u{200b}', '\u{feff}', '\0']),
            "hidden characters are shown"
        );
        let ids = page.text.split("href=\"/audit-logs/").skip(1).filter_map(|it| it.split('"').next());
        entries.extend(ids.filter(|id| id.parse::<u64>().is_ok()).map(str::to_owned));
        let older = page.text.split("\" rel=\"next\"").next().filter(|_| page.text.contains("rel=\"next\""));
        next = older.and_then(|it| it.rsplit("href=\"").next()).map(|it| it.replace("&amp;", "&"));
    }
    entries.sort();
    entries.dedup();
    assert_eq!(entries.len(), payloads().len());
    for (index, text) in payloads().iter().enumerate() {
        let encoded = form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
        let id = form_urlencoded::byte_serialize(format!("{index}{text}").as_bytes()).collect::<String>();
        for path in [
            format!("/audit-logs/{}", index + 1),
            format!("/audit-logs/{}/changes", index + 1),
            format!("/audit-logs/{encoded}/changes"),
            format!("/{encoded}"),
            format!("/audit-logs/resource?type=connector&id={id}&at={encoded}"),
            format!("/audit-logs?q={encoded}&since={encoded}&{encoded}={encoded}"),
            format!("/audit-logs/{encoded}"),
            format!("/sign-in?next={encoded}&link={encoded}"),
        ] {
            let page = browser.get(&path).await;
            assert_eq!(is_injected(&page.text), None, "{path}");
            let is_part = page.status == 200 && path.ends_with("/changes");
            assert!(
                page.text.contains(if is_part { "class=\"diff\"" } else { "<html" }),
                "{} {path}",
                page.status
            );
        }
    }
}
