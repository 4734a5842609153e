//! TLS to the database: each `sslmode`, against a server that accepts only TLS over the network.

use std::net::TcpListener;
use std::path::Path;

use krosyn_audit::model::filter::Filter;
use krosyn_audit::store;
use tokio_postgres::NoTls;

use crate::postgres::queries::{LOCK, page, waiting};
use crate::support::entries::{append, recording};
use crate::support::postgres::{Server, connect, until};
use crate::support::sandbox::{program, skipped};
use crate::support::stores::organization;

/// An authority, and a certificate it signed for `localhost` alone; and an authority that signed nothing.
fn certificates(directory: &Path) {
    let make = |name: &str, more: &[&str]| {
        let mut openssl = program("openssl").expect("found before");
        openssl.args("req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2".split(' '));
        openssl.args(["-subj", &format!("/CN={name}"), "-keyout", &format!("{name}.key")]);
        openssl.args(["-out", &format!("{name}.pem")]).args(more);
        let made = openssl.current_dir(directory).output().expect("openssl runs");
        assert!(made.status.success(), "{made:?}");
    };
    make("authority", &[]);
    make("other", &[]);
    let signed = ["-CA", "authority.pem", "-CAkey", "authority.key"];
    let names = ["-addext", "subjectAltName=DNS:localhost", "-addext", "basicConstraints=critical,CA:FALSE"];
    make("localhost", &[signed, names].concat());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_sslmode_makes_its_checks() {
    if program("openssl").is_none() {
        return skipped("TLS to PostgreSQL", "openssl");
    }
    // PostgreSQL does not accept port 0, so take a free port from the system first.
    let port = TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).expect("a port").port();
    let started = Server::start_with(|directory| {
        certificates(directory);
        std::fs::write(
            directory.join("hba"),
            "local all all trust\nhostssl all all 127.0.0.1/32 trust\nhost all all 127.0.0.1/32 reject\n",
        )
        .expect("written");
        let at = directory.display();
        format!(
            "-c listen_addresses=127.0.0.1 -p {port} -c hba_file={at}/hba -c ssl=on \
             -c ssl_cert_file={at}/localhost.pem -c ssl_key_file={at}/localhost.key"
        )
    });
    let Some(server) = started else { return };
    let root = |name: &str| format!("sslrootcert={}/{name}.pem", server.directory().display());
    let (right, wrong) = (root("authority"), root("other"));
    let connects = async |host: &str, query: &str| {
        let url = format!("postgres://audit@{host}:{port}/postgres?{query}");
        store::open(&url).await.map(drop).map_err(|error| error.to_string())
    };
    for (host, query) in [
        ("127.0.0.1", "sslmode=prefer"),
        ("127.0.0.1", "sslmode=require"),
        ("127.0.0.1", &format!("sslmode=verify-ca&{right}")),
        ("localhost", &format!("sslmode=verify-full&{right}")),
    ] {
        assert_eq!(connects(host, query).await, Ok(()), "{host} {query}");
    }
    let verified = format!("postgres://audit@localhost:{port}/postgres?sslmode=verify-full&{right}");
    cancels(&server, port, &verified).await;
    let encrypted = encrypted_sessions(&server, port).await;
    assert_eq!(encrypted, (0, true), "none is without TLS, and there was one with it");
    for (host, query, words) in [
        ("127.0.0.1", "sslmode=disable", "no encryption"),
        ("127.0.0.1", &format!("sslmode=verify-full&{right}"), "not valid for name"),
        ("127.0.0.1", &format!("sslmode=verify-ca&{wrong}"), "UnknownIssuer"),
        ("localhost", &format!("sslmode=verify-full&{wrong}"), "UnknownIssuer"),
        ("localhost", "sslmode=verify-full", "UnknownIssuer"),
    ] {
        let told = connects(host, query).await.expect_err(query);
        assert!(told.contains(words), "{host} {query}: {told}");
    }
}

/// The server past the network.
fn socket(server: &Server, port: u16) -> String {
    format!("{}&port={port}", server.url("postgres"))
}

/// A query whose caller goes away is cancelled over TLS as well, which takes a connection of its own.
async fn cancels(server: &Server, port: u16, url: &str) {
    let store = store::open(url).await.expect("opens");
    let org = organization(&store, "acme").await;
    append(&store, org, [recording("1")]).await;
    let past = socket(server, port);
    let (locking, watcher) = (connect(&past).await, connect(&past).await);
    locking.batch_execute(LOCK).await.expect("locked");
    let asked = page(&store, org, Filter::default());
    until("it waits", async || waiting(&watcher).await == 1).await;
    asked.abort();
    until("nothing runs for nobody", async || waiting(&watcher).await == 0).await;
    store.close().await;
}

/// How many of our sessions over the network have no TLS, and whether any has it, as the server itself sees it.
async fn encrypted_sessions(server: &Server, port: u16) -> (i64, bool) {
    let url = socket(server, port);
    let held = format!("postgres://audit@127.0.0.1:{port}/postgres?sslmode=require");
    let store = store::open(&held).await.expect("opens");
    let (client, connection) = tokio_postgres::connect(&url, NoTls).await.expect("a connection");
    tokio::spawn(async { drop(connection.await) });
    let sql = "SELECT count(*) FILTER (WHERE NOT ssl), count(*) FILTER (WHERE ssl) > 0 \
               FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE client_addr IS NOT NULL";
    let row = client.query_one(sql, &[]).await.expect(sql);
    store.close().await;
    (row.get(0), row.get(1))
}
