//! A Citus cluster in place of the private PostgreSQL, when one is named.
//!
//! `KROSYN_AUDIT_TEST_CITUS=postgres://postgres@coordinator/postgres cargo test --test it` names a database on a
//! coordinator in which the workers are added (`citus_add_node`). The workers must be reachable from here under the
//! names they were added by, with the same user. Each test gets a database of its own on every node, with four shards.
//! One run at a time may use a cluster: a run begins by dropping what earlier ones left.

use std::io::Write as _;
use std::sync::atomic::{AtomicU32, Ordering};

use tokio::sync::OnceCell;
use tokio_postgres::{Client, NoTls};
use url::Url;

/// The variable that names the cluster.
const VARIABLE: &str = "KROSYN_AUDIT_TEST_CITUS";
/// The prefix of test database names.
const PREFIX: &str = "krosyn_audit_test_";

/// A Citus cluster.
pub(crate) struct Cluster {
    coordinator: Url,
    nodes: OnceCell<Vec<Url>>,
    databases: AtomicU32,
}

impl Cluster {
    /// The cluster named by the environment. Without one it prints a warning.
    #[expect(
        clippy::disallowed_methods,
        reason = "tests alone ask for a cluster, and must say when there is none"
    )]
    pub(crate) fn named() -> Option<Self> {
        let Some(url) = std::env::var_os(VARIABLE) else {
            let words = format!("NOT TESTED on Citus: {VARIABLE} names no coordinator\n");
            std::io::stderr().write_all(words.as_bytes()).expect("stderr");
            return None;
        };
        let url = url.to_str().expect("UTF-8");
        let coordinator =
            Url::parse(url).expect("a URL such as postgres://postgres@coordinator:5432/postgres");
        Some(Self { coordinator, nodes: OnceCell::new(), databases: AtomicU32::new(0) })
    }

    /// The coordinator first, then the workers.
    async fn nodes(&self) -> &[Url] {
        self.nodes
            .get_or_init(async || {
                let sql =
                    "SELECT nodename, nodeport FROM pg_dist_node WHERE groupid <> 0 AND noderole = 'primary'";
                let workers = connect(&self.coordinator).await.query(sql, &[]).await.expect(sql);
                let mut nodes = vec![self.coordinator.clone()];
                for worker in workers {
                    let mut url = self.coordinator.clone();
                    url.set_host(Some(worker.get(0))).expect("a host");
                    let port = u16::try_from(worker.get::<_, i32>(1)).expect("a port");
                    url.set_port(Some(port)).expect("a port");
                    nodes.push(url);
                }
                assert!(nodes.len() > 1, "{VARIABLE}: no worker was added in this database");
                for node in &nodes {
                    drop_databases(node).await;
                }
                nodes
            })
            .await
    }

    /// Creates an empty database on every node, connects the nodes, and returns the URL on the coordinator.
    pub(crate) async fn database(&self) -> String {
        let name = format!("{PREFIX}{}", self.databases.fetch_add(1, Ordering::Relaxed));
        let nodes = self.nodes().await;
        for node in nodes {
            execute(node, &format!("CREATE DATABASE {name}")).await;
            execute(&within(node, &name), "CREATE EXTENSION citus").await;
        }
        let coordinator = within(&nodes[0], &name);
        let node =
            |url: &Url| format!("'{}', {}", url.host_str().expect("a host"), url.port().unwrap_or(5432));
        execute(&coordinator, &format!("SELECT citus_set_coordinator_host({})", node(&nodes[0]))).await;
        for worker in &nodes[1..] {
            execute(&coordinator, &format!("SELECT citus_add_node({})", node(worker))).await;
        }
        execute(&coordinator, &format!("ALTER DATABASE {name} SET citus.shard_count = 4")).await;
        coordinator.into()
    }
}

fn within(node: &Url, database: &str) -> Url {
    let mut url = node.clone();
    url.set_path(database);
    url
}

async fn connect(node: &Url) -> Client {
    let (client, connection) = tokio_postgres::connect(node.as_str(), NoTls).await.expect("a connection");
    tokio::spawn(async { drop(connection.await) });
    client
}

async fn execute(node: &Url, sql: &str) {
    connect(node).await.batch_execute(sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
}

/// Drops the databases of earlier runs, except those in use.
async fn drop_databases(node: &Url) {
    let client = connect(node).await;
    let sql = format!("SELECT datname FROM pg_database WHERE datname LIKE '{PREFIX}%'");
    for row in client.query(&sql, &[]).await.expect("read") {
        drop(client.batch_execute(&format!("DROP DATABASE {}", row.get::<_, &str>(0))).await);
    }
}
