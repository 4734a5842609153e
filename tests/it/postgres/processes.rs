//! Several `serve` processes over one database, with restarts and crashes while sixteen clients record. No
//! acknowledged entry is lost, ids have no gaps or duplicates, and followers see each entry once, in order.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::process::Stdio;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use krosyn_audit::store;
use reqwest::{Client, Response, StatusCode};
use serde_json::{Value, json};
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::support::entries::everything;
use crate::support::postgres::{Server, shared};
use crate::support::sandbox::{Sandbox, Serving};

const RECORDERS: usize = 16;
/// How many entries each recorder has acknowledged before it stops.
const ENTRIES: usize = 30;
const ALL: usize = RECORDERS * ENTRIES;
/// How long a client waits before it tries again, as any client of a server that is away does.
const PAUSE: Duration = Duration::from_millis(20);

/// State shared by the clients: servers, token, and the number of acknowledged entries.
struct Clients {
    http: Client,
    servers: Mutex<Vec<String>>,
    token: String,
    acknowledged: AtomicUsize,
}

impl Clients {
    fn new(servers: &[&Serving]) -> Arc<Self> {
        let http = Client::builder().no_proxy().timeout(Duration::from_secs(20)).build().expect("a client");
        Arc::new(Self {
            http,
            servers: Mutex::new(servers.iter().map(|it| it.url().to_owned()).collect()),
            token: servers[0].token(),
            acknowledged: AtomicUsize::new(0),
        })
    }

    /// Where to ask at this turn.
    fn address(&self, turn: usize) -> String {
        let servers = self.servers.lock().expect("unharmed");
        format!("{}/api/v1/audit-logs", servers[turn % servers.len()])
    }

    fn replace(&self, gone: &str, new: Option<&str>) {
        let mut servers = self.servers.lock().expect("unharmed");
        servers.retain(|server| server != gone);
        servers.extend(new.map(str::to_owned));
    }

    /// Retries at the next server until one succeeds. Only a lost connection and a 503 with `retry-after` are allowed.
    async fn insist(&self, mut turn: usize, ask: impl Fn(String) -> reqwest::RequestBuilder) -> Response {
        loop {
            match ask(self.address(turn)).bearer_auth(&self.token).send().await {
                Ok(answer) if answer.status() == StatusCode::SERVICE_UNAVAILABLE => {
                    assert!(answer.headers().contains_key("retry-after"), "{answer:?}");
                }
                Ok(answer) => {
                    let status = answer.status();
                    assert!(status.is_success(), "{status} {}", answer.text().await.unwrap_or_default());
                    return answer;
                }
                Err(_) => {}
            }
            turn += 1;
            tokio::time::sleep(PAUSE).await;
        }
    }

    async fn json(&self, turn: usize, ask: impl Fn(String) -> reqwest::RequestBuilder) -> Value {
        for again in 0.. {
            if let Ok(value) = self.insist(turn + again, &ask).await.json().await {
                return value;
            }
        }
        unreachable!("a server answers in the end")
    }

    /// Records entries one by one, and returns the acknowledged ones.
    async fn record(self: Arc<Self>, recorder: usize) -> Vec<(u64, Uuid)> {
        let mut acknowledged = Vec::new();
        for turn in 0..ENTRIES {
            let uuid = Uuid::now_v7();
            let entry = json!({"uuid": uuid.to_string(), "action": "created", "model_type": "secret",
                "model_id": format!("{recorder}-{turn}"), "user": {"id": "7"}, "after": {"name": "X"}});
            let answer = self.json(recorder + turn, |url| self.http.post(url).json(&entry)).await;
            acknowledged.push((answer["id"].as_u64().expect("an id"), uuid));
            self.acknowledged.fetch_add(1, Ordering::SeqCst);
        }
        acknowledged
    }

    /// Follows in id order to the end; fails when an id is seen before the one below it, or twice.
    async fn follow(self: Arc<Self>, follower: usize) {
        let mut seen = 0;
        for turn in follower.. {
            let query = format!("?after_id={seen}&limit=100");
            let page = self.json(turn, |url| self.http.get(url + &query)).await;
            for entry in page["data"].as_array().expect("entries") {
                seen += 1;
                assert_eq!(entry["id"], seen, "in order, each once");
            }
            if seen as usize >= ALL {
                assert_eq!(seen as usize, ALL);
                return;
            }
        }
    }

    /// Waits until so many are acknowledged.
    async fn reach(&self, enough: usize) {
        while self.acknowledged.load(Ordering::SeqCst) < enough {
            tokio::time::sleep(PAUSE / 10).await;
        }
    }
}

/// Sixteen record and two follow while `happen` happens; afterwards everything is there.
async fn under_load(url: &str, clients: &Arc<Clients>, happen: impl AsyncFnOnce()) {
    let mut recorders = JoinSet::new();
    for recorder in 0..RECORDERS {
        recorders.spawn(Arc::clone(clients).record(recorder));
    }
    let mut followers = JoinSet::new();
    for follower in 0..2 {
        followers.spawn(Arc::clone(clients).follow(follower));
    }
    happen().await;
    let acknowledged: Vec<_> = recorders.join_all().await.into_iter().flatten().collect();
    followers.join_all().await;
    assert_eq!(acknowledged.len(), ALL);

    let store = store::open(url).await.expect("a store");
    let org = store.organizations().await.expect("one").remove(0).id;
    let entries = everything(&store, org).await;
    let stored: BTreeMap<u64, Uuid> = entries.iter().map(|entry| (entry.id, entry.uuid)).collect();
    assert!(stored.keys().copied().eq(1..=ALL as u64), "no gap and nothing twice: {:?}", stored.keys());
    assert_eq!(stored, acknowledged.into_iter().collect(), "each under the id it was acknowledged by");
    store.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn killing_one_of_two_servers_loses_no_acknowledged_entry() {
    let Some(server) = shared() else { return };
    let (sandbox, url) = (Sandbox::new(), server.database().await);
    let (one, other) = (sandbox.serve_on(&url, &[]), sandbox.serve_on(&url, &[]));
    let clients = Clients::new(&[&one, &other]);
    under_load(&url, &clients, async || {
        clients.reach(ALL / 4).await;
        one.kill();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn servers_survive_an_immediate_database_restart() {
    let Some(server) = Server::start() else { return };
    let (sandbox, url) = (Sandbox::new(), server.database().await);
    let (one, other) = (sandbox.serve_on(&url, &[]), sandbox.serve_on(&url, &[]));
    let clients = Clients::new(&[&one, &other]);
    under_load(&url, &clients, async || {
        for part in [4, 2] {
            clients.reach(ALL / part).await;
            server.tell("immediate");
            let ready = clients.http.get(format!("{}/readyz", one.url())).send().await.expect("an answer");
            assert_eq!(ready.status(), StatusCode::SERVICE_UNAVAILABLE);
            assert!(ready.headers().contains_key("retry-after"));
            server.tell("start");
        }
    })
    .await;
    let ready = clients.http.get(format!("{}/readyz", one.url())).send().await.expect("an answer");
    assert_eq!(ready.status(), StatusCode::OK);
    for serving in [one, other] {
        serving.terminate();
        assert_eq!(serving.wait(), Some(0), "it never ended by itself");
    }
    let log = sandbox.text("serve.log");
    assert!(log.contains("the database is unreachable") && !log.contains("panicked"), "{log}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_rolling_restart_fails_no_request_of_retrying_clients() {
    let Some(server) = shared() else { return };
    let (sandbox, url) = (Sandbox::new(), server.database().await);
    let mut running = vec![sandbox.serve_on(&url, &[]), sandbox.serve_on(&url, &[])];
    let clients = Clients::new(&[&running[0], &running[1]]);
    under_load(&url, &clients, async || {
        for part in [6, 3] {
            clients.reach(ALL / part).await;
            let (old, new) = (running.remove(0), sandbox.serve_on(&url, &[]));
            clients.replace(old.url(), Some(new.url()));
            running.push(new);
            old.terminate();
            assert_eq!(tokio::task::spawn_blocking(|| old.wait()).await.expect("waited"), Some(0));
        }
    })
    .await;
}

#[test]
fn servers_starting_together_on_an_empty_database_all_serve() {
    let Some(server) = shared() else { return };
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    for round in 0..4 {
        let (sandbox, url) = (Sandbox::new(), runtime.block_on(server.bare_database()));
        let mut started: Vec<_> = (0..4)
            .map(|number| {
                let serve = ["serve", "--store", &url, "--listen", "127.0.0.1:0", "--token-out"];
                let mut command = sandbox.command(&serve);
                command.arg(format!("token-{number}")).stdout(Stdio::piped()).stderr(Stdio::piped());
                command.spawn().expect("started")
            })
            .collect();
        for child in &mut started {
            let mut line = String::new();
            let read = BufReader::new(child.stdout.take().expect("piped")).read_line(&mut line);
            read.expect("a line, or the end");
            assert!(line.starts_with("listening on "), "round {round}: {line:?}");
        }
        let tokens: Vec<_> = sandbox.names().into_iter().filter(|name| name.starts_with("token-")).collect();
        assert_eq!(tokens.len(), 1, "one created the organization and its token: {tokens:?}");
        assert!(!sandbox.text(&tokens[0]).trim().is_empty());
        for mut child in started {
            child.kill().expect("killed");
            child.wait().expect("waited");
        }
        // Those who record come upon each other in the same way.
        let url = runtime.block_on(server.bare_database());
        sandbox.write("secret.json", r#"{"name": "X"}"#);
        let what = ["-a", "created", "--resource", "secret/1", "-u", "ana", "--after", "secret.json"];
        let record = [&["record", "--server", &url], &what[..]].concat();
        let recording: Vec<_> = (0..4)
            .map(|_| sandbox.command(&record).stdout(Stdio::null()).spawn().expect("started"))
            .collect();
        for child in recording {
            sandbox.finish(child).ended(0);
        }
    }
}
