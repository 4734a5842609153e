//! Sessions: how they begin, what they may do, and when they end.

use std::num::NonZeroU32;

use chrono::TimeDelta;
use krosyn_audit::model::words::Scope;
use krosyn_audit::server::PageSettings;

use crate::page::browser::{Browser, server, token};
use crate::support::entries::{NOW, recording};
use crate::support::test_server::TestServer;

/// A server that allows two wrong tokens a minute.
async fn limited() -> TestServer {
    TestServer::with_settings(|settings, _| {
        settings.page = Some(PageSettings { is_https: false });
        settings.wrong_tokens_a_minute = NonZeroU32::new(2);
    })
    .await
}

#[tokio::test]
async fn a_token_becomes_a_session_that_ends_with_the_token() {
    let server = server().await;
    let browser = Browser::new(&server);
    let asked = browser.get("/audit-logs?action=created&q=a%20b").await;
    assert_eq!(asked.status, 303);
    assert_eq!(asked.header("location"), "/sign-in?next=%2Faudit-logs%3Faction%3Dcreated%26q%3Da%2520b");
    let form = browser.get(asked.header("location")).await;
    assert_eq!(form.hidden("next"), "/audit-logs?action=created&amp;q=a%20b");
    let token = token(&server, "ana", &[Scope::Read]).await;
    let wrong = browser.sign_in("kra_wrong").await;
    assert_eq!(wrong.status, 401);
    assert!(wrong.text.contains("unknown, revoked or expired") && !wrong.text.contains("kra_wrong"));
    let form_token = browser.get("/sign-in").await.hidden("form_token");
    let fields =
        [("form_token", &*form_token), ("token", &token), ("next", "/audit-logs?action=created&q=a%20b")];
    let signed_in = browser.post("/sign-in", &fields).await;
    assert_eq!((signed_in.status, signed_in.header("location")), (303, "/audit-logs?action=created&q=a%20b"));
    let cookie = signed_in.header("set-cookie");
    let port = server.address().rsplit(':').next().expect("a port");
    assert!(
        cookie.starts_with(&format!("krosyn-audit-session-{port}=")),
        "servers on one host are apart: {cookie}"
    );
    assert!(cookie.contains("; HttpOnly; SameSite=Strict;") && !cookie.contains("Secure"), "{cookie}");
    let list = browser.get("/audit-logs").await;
    assert_eq!(list.status, 200);
    assert!(list.text.contains("No entry matches") && !list.text.contains(&token));
    server.store.revoke_token(server.org, "ana".to_owned(), NOW).await.expect("revoked");
    assert_eq!(browser.get("/audit-logs").await.status, 303, "the session ends with its token");
}

#[tokio::test]
async fn a_session_ends_after_an_hour_without_use_and_after_eight_hours() {
    let server = server().await;
    let browser = Browser::signed_in(&server, &[Scope::Read]).await;
    for minutes in [59, 118, 177] {
        server.set_now(NOW.plus(TimeDelta::minutes(minutes)));
        assert_eq!(browser.get("/audit-logs").await.status, 200, "used after {minutes} minutes");
    }
    server.set_now(NOW.plus(TimeDelta::minutes(177 + 61)));
    assert_eq!(browser.get("/audit-logs").await.status, 303, "idle for an hour");
    server.set_now(NOW);
    let busy = Browser::new(&server);
    assert_eq!(busy.sign_in(&token(&server, "busy", &[Scope::Read]).await).await.status, 303);
    for minutes in (0..480).step_by(30) {
        server.set_now(NOW.plus(TimeDelta::minutes(minutes)));
        assert_eq!(busy.get("/audit-logs").await.status, 200, "{minutes}");
    }
    server.set_now(NOW.plus(TimeDelta::hours(8)));
    assert_eq!(busy.get("/audit-logs").await.status, 303);
}

#[tokio::test]
async fn a_link_of_another_site_opens_the_view_again_once() {
    let server = server().await;
    // A browser keeps the strict cookie back from such a request.
    let stranger = Browser::new(&server);
    let foreign =
        |site, mode, dest| [("sec-fetch-site", site), ("sec-fetch-mode", mode), ("sec-fetch-dest", dest)];
    let path = "/audit-logs?q=%22%3Ea&user=id:7";
    let bounced = stranger.get_with(&foreign("cross-site", "navigate", "document"), path).await;
    assert_eq!(bounced.status, 200);
    let refresh = "<meta http-equiv=\"refresh\" content=\"0;url=/audit-logs?q=%22%3Ea&amp;user=id:7\">";
    assert!(bounced.text.contains(refresh) && !bounced.text.contains("<script"), "{}", bounced.text);
    assert_eq!((bounced.header("set-cookie"), bounced.header("cache-control")), ("", "no-store"));
    // The second request comes from that page. Without a session it leads to the sign-in form, so nothing loops.
    for fetched in [
        foreign("same-origin", "navigate", "document"),
        foreign("none", "navigate", "document"),
        foreign("cross-site", "no-cors", "image"),
        foreign("cross-site", "navigate", "iframe"),
    ] {
        assert_eq!(stranger.get_with(&fetched, path).await.status, 303, "{fetched:?}");
    }
    // Only views of this site are opened.
    for path in ["//evil.example/audit-logs", "/sign-out"] {
        let answer = stranger.get_with(&foreign("cross-site", "navigate", "document"), path).await;
        assert!(!answer.text.contains("http-equiv=\"refresh\""), "{path}");
    }
    let browser = Browser::signed_in(&server, &[Scope::Read]).await;
    let shown = browser.get_with(&foreign("same-origin", "navigate", "document"), path).await;
    assert_eq!(shown.status, 200);
    // A forged form is refused as before.
    let form_token = browser.get("/audit-logs").await.hidden("form_token");
    let headers = foreign("cross-site", "navigate", "document");
    let refused = browser.post_with(&headers, "/sign-out", &[("form_token", &form_token)]).await;
    assert_eq!(refused.status, 403);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_view_does_not_wait_for_a_store_that_another_process_has_locked() {
    let server = TestServer::in_a_file_with(|settings, _| {
        settings.page = Some(PageSettings { is_https: false });
    })
    .await;
    let browser = Browser::signed_in(&server, &[Scope::Read]).await;
    server.set_now(NOW.plus(TimeDelta::minutes(5)));
    let other = rusqlite::Connection::open(server.directory().join("audit.db")).expect("opens");
    other.execute_batch("BEGIN IMMEDIATE").expect("locked");
    let begun = std::time::Instant::now();
    assert_eq!(browser.get("/audit-logs").await.status, 200);
    // SQLite waits for five seconds.
    assert!(begun.elapsed() < std::time::Duration::from_secs(4), "{:?}", begun.elapsed());
    other.execute_batch("ROLLBACK").expect("unlocked");
}

#[tokio::test]
async fn a_link_signs_in_once_and_for_a_minute() {
    let server = server().await;
    let caller = server.caller(server.org, "cli", &[Scope::Read]).await;
    let link = async || caller.client().session_link().await.expect("a link");
    let path = |link: &str| {
        link.split_once("/sign-in").map(|(_, query)| format!("/sign-in{query}")).expect("a link")
    };
    let (first, browser) = (path(&link().await), Browser::new(&server));
    // Fetching it, as mail scanners and previews do, does not use it.
    let form = browser.get(&first).await;
    let (form_token, code) = (browser.get(&first).await.hidden("form_token"), form.hidden("link"));
    let fields = [("form_token", &*form_token), ("link", &*code)];
    assert_eq!(browser.post("/sign-in", &fields).await.status, 303);
    assert_eq!(browser.get("/audit-logs").await.status, 200);
    let thief = Browser::new(&server);
    let used = thief.get(&first).await;
    assert!(used.status == 401 && used.text.contains("used before"), "{}", used.text);
    let form_token = used.hidden("form_token");
    let stolen = thief.post("/sign-in", &[("form_token", &form_token), ("link", &code)]).await;
    assert_eq!(stolen.status, 401, "a link works once");
    assert_eq!(thief.get("/audit-logs").await.status, 303);
    let late = path(&link().await);
    let form = thief.get(&late).await;
    assert!(form.text.contains("until <time datetime=\"2026-11-22T08:01:00.000000Z\""), "{}", form.text);
    server.set_now(NOW.plus(TimeDelta::seconds(60)));
    assert_eq!(thief.get(&late).await.status, 401);
    let fields = [("form_token", form.hidden("form_token")), ("link", form.hidden("link"))];
    let fields = fields.each_ref().map(|(name, value)| (*name, value.as_str()));
    assert_eq!(thief.post("/sign-in", &fields).await.status, 401, "a link lasts a minute");
    // A link is no session.
    let answer = thief.get("/audit-logs").await;
    assert_eq!(answer.status, 303);
}

#[tokio::test]
async fn forms_of_other_sites_are_refused() {
    let server = server().await;
    let browser = Browser::signed_in(&server, &[Scope::Read]).await;
    let page = browser.get("/audit-logs").await;
    let form_token = page.hidden("form_token");
    let (ours, referer) = (browser.base(), format!("{}/audit-logs", browser.base()));
    let lookalike = format!("{ours}0/audit-logs");
    for (headers, form_token) in [
        (&[("origin", "https://evil.example")][..], form_token.as_str()),
        (&[("origin", "null")], &form_token),
        (&[("origin", "null"), ("referer", "https://evil.example/")], &form_token),
        (&[("referer", &lookalike)], &form_token),
        (&[("origin", ours), ("sec-fetch-site", "same-site")], &form_token),
        (&[("origin", ours), ("sec-fetch-site", "cross-site")], &form_token),
        (&[], &form_token),
        (&[("origin", ours)], ""),
        (&[("origin", ours)], "guessed"),
        (&[("origin", "null"), ("sec-fetch-site", "same-origin")], "guessed"),
    ] {
        let answer = browser.post_with(headers, "/sign-out", &[("form_token", form_token)]).await;
        assert_eq!(answer.status, 403, "{headers:?} {form_token}");
    }
    assert_eq!(browser.get("/audit-logs").await.status, 200, "still signed in");
    let token = token(&server, "other", &[Scope::Read]).await;
    let fields = [("form_token", "guessed"), ("token", &*token)];
    assert_eq!(browser.post("/sign-in", &fields).await.status, 403, "another site cannot sign a viewer in");
    // Browsers differ in what they tell about the sender of a form.
    for headers in [
        &[("origin", "null"), ("sec-fetch-site", "same-origin")][..],
        &[("origin", ours)],
        &[("origin", "null"), ("referer", &referer)],
        &[("referer", &referer)],
    ] {
        let other = Browser::new(&server);
        let form_token = other.get("/sign-in").await.hidden("form_token");
        let fields = [("form_token", &*form_token), ("token", &*token)];
        assert_eq!(other.post_with(headers, "/sign-in", &fields).await.status, 303, "{headers:?}");
    }
    assert_eq!(browser.post("/sign-out", &[("form_token", &form_token)]).await.status, 303);
    assert_eq!(browser.get("/audit-logs").await.status, 303);
}

#[tokio::test]
async fn a_link_asks_before_it_signs_in_and_only_from_the_browser_that_was_asked() {
    let server = server().await;
    let caller = server.caller(server.org, "cli", &[Scope::Read]).await;
    let link = caller.client().session_link().await.expect("a link");
    let path = link.strip_prefix(&format!("http://{}", server.address())).expect("a path").to_owned();
    let (viewer, attacker) = (Browser::new(&server), Browser::new(&server));
    let form = viewer.get(&path).await;
    assert!(form.text.contains("<b>cli</b>") && form.text.contains("<b>acme</b>"), "{}", form.text);
    assert!(!form.text.contains("data-submit"), "no script sends the form");
    let theirs = attacker.get(&path).await.hidden("form_token");
    let code = form.hidden("link");
    let forged = viewer.post("/sign-in", &[("form_token", &theirs), ("link", &code)]).await;
    assert_eq!(forged.status, 403, "the form of another browser");
    let stranger = Browser::new(&server);
    let ours = form.hidden("form_token");
    let forged = stranger.post("/sign-in", &[("form_token", &ours), ("link", &code)]).await;
    assert_eq!(forged.status, 403, "a form without the browser's cookie");
    // A second form does not invalidate the first.
    viewer.get("/sign-in").await;
    let fields = [("form_token", &*ours), ("link", &code)];
    assert_eq!(viewer.post("/sign-in", &fields).await.status, 303);
}

#[tokio::test]
async fn signing_in_again_ends_the_earlier_session_of_the_browser() {
    let server = server().await;
    let browser = Browser::signed_in(&server, &[Scope::Read]).await;
    let earlier = browser.copied();
    let token = token(&server, "other", &[Scope::Read, Scope::Trail]).await;
    assert_eq!(browser.sign_in("kra_wrong").await.status, 401);
    assert_eq!(earlier.get("/audit-logs").await.status, 200, "a failed attempt ends nothing");
    assert_eq!(browser.sign_in(&token).await.status, 303);
    assert_eq!(earlier.get("/audit-logs").await.status, 303);
    let trail = browser.get("/trail?model_type=session&action=updated").await;
    assert!(trail.text.contains("<b>1</b> entry") && trail.text.contains("<td>viewer"), "{}", trail.text);
}

#[tokio::test]
async fn sessions_outlast_the_wrong_tokens_and_sessions_of_others() {
    let server = limited().await;
    let browser = Browser::signed_in(&server, &[Scope::Read]).await;
    let stranger = Browser::new(&server);
    let session = format!("krosyn-audit-session-{}", server.address().rsplit(':').next().expect("a port"));
    let mut statuses = Vec::new();
    for number in 0..4 {
        stranger.set_cookie(&session, &format!("{number:0>43}"));
        statuses.push(stranger.get("/audit-logs").await.status);
    }
    assert_eq!(statuses, [303, 303, 429, 429], "random sessions are limited");
    let other = Browser::new(&server);
    assert_eq!(other.sign_in("kra_wrong").await.status, 401, "tokens are counted apart");
    assert_eq!(other.sign_in("kra_wrong").await.status, 401);
    assert_eq!(other.sign_in("kra_wrong").await.status, 429);
    assert_eq!(browser.copied().get("/audit-logs").await.status, 200);
}

#[tokio::test]
async fn a_session_reads_only_what_its_token_may_read() {
    let server = server().await;
    let recorder = Browser::new(&server);
    let refused = recorder.sign_in(&token(&server, "recorder", &[Scope::Record, Scope::Prune]).await).await;
    assert_eq!(refused.status, 403);
    assert!(refused.text.contains("scope read"), "{}", refused.text);
    let reader = Browser::signed_in(&server, &[Scope::Read]).await;
    let list = reader.get("/audit-logs").await;
    assert!(!list.text.contains("href=\"/trail\""));
    assert_eq!(reader.get("/trail").await.status, 403);
    let warden = Browser::new(&server);
    warden.sign_in(&token(&server, "warden", &[Scope::Trail]).await).await;
    let trail = warden.get("/trail").await;
    assert_eq!(trail.status, 200);
    assert!(trail.text.contains("session") && trail.text.contains("<td>viewer"), "{}", trail.text);
    assert_eq!(warden.get("/audit-logs").await.status, 403);
    assert_eq!(
        [warden.get("/").await, reader.get("/").await].map(|it| it.header("location").to_owned()),
        ["/trail", "/audit-logs"]
    );
}

#[tokio::test]
async fn wrong_tokens_and_links_are_limited_apart() {
    for attempts in [
        [("token", "x", 401), ("token", "ä", 422)],
        [("token", "ä", 422), ("token", "x y", 422)],
        [("link", "x", 401); 2],
    ] {
        let server = limited().await;
        let browser = Browser::new(&server);
        let form_token = browser.get("/sign-in").await.hidden("form_token");
        let (field, ..) = attempts[0];
        for (field, text, status) in attempts.into_iter().chain([(field, "x", 429), (field, "y", 429)]) {
            let answer = browser.post("/sign-in", &[("form_token", &*form_token), (field, text)]).await;
            assert_eq!(answer.status, status, "{field} {text}: {}", answer.text);
        }
        let looked_up = browser.get("/sign-in?link=x").await.status;
        assert_eq!(looked_up, if field == "link" { 429 } else { 401 }, "the form looks links up, too");
    }
}

#[tokio::test]
async fn links_that_another_site_makes_a_browser_look_up_lock_no_token_out() {
    let server = limited().await;
    let browser = Browser::new(&server);
    let mut statuses = Vec::new();
    for number in 0..40 {
        statuses.push(browser.get(&format!("/sign-in?link=x{number}")).await.status);
    }
    assert_eq!((statuses[0], statuses[39]), (401, 429), "look-ups are limited");
    // The token is new to this connection.
    let recorder = server.caller(server.org, "recorder", &[Scope::Record]).await;
    recorder.record(&recording("1")).await.expect(201);
    assert_eq!(browser.sign_in(&token(&server, "ana", &[Scope::Read]).await).await.status, 303);
}

#[tokio::test]
async fn over_https_cookies_are_bound_to_the_host() {
    let server =
        TestServer::with_settings(|settings, _| settings.page = Some(PageSettings { is_https: true })).await;
    let browser = Browser::new(&server);
    let form_token = browser.get("/sign-in").await.hidden("form_token");
    let token = token(&server, "ana", &[Scope::Read]).await;
    let fields = [("form_token", &*form_token), ("token", &*token)];
    let origin = browser.base().replacen("http", "https", 1);
    let answer = browser.post_with(&[("origin", &origin)], "/sign-in", &fields).await;
    let cookie = answer.header("set-cookie");
    assert!(cookie.starts_with("__Host-krosyn-audit-session=") && cookie.ends_with("; Secure"), "{cookie}");
}

#[tokio::test]
async fn without_the_page_there_is_only_the_api() {
    let server = TestServer::new().await;
    let browser = Browser::new(&server);
    for path in ["/", "/audit-logs", "/sign-in", "/page/page.css"] {
        assert_eq!(browser.get(path).await.status, 404, "{path}");
    }
    let caller = server.admin().await;
    let answer = caller.client().session_link().await.expect_err("no page");
    assert!(answer.to_string().contains("--no-page"), "{answer}");
}
