//! What `serve` logs about data checksums, with which PostgreSQL detects damaged pages.

use crate::support::postgres::{Server, connect};
use crate::support::sandbox::Sandbox;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn serve_tells_whether_the_database_detects_damaged_pages() {
    let Some(server) = Server::start() else { return };
    let url = server.database().await;
    let show = connect(&url).await.query_one("SHOW data_checksums", &[]).await.expect("a setting");
    // The default depends on the version of PostgreSQL.
    let both = [
        ("enable", "INFO", "the database detects damaged pages"),
        ("disable", "WARN", "the database does not detect damaged pages: data checksums are off"),
    ];
    let is_on = show.get::<_, &str>(0) == "on";
    for (word, level, line) in if is_on { [both[1], both[0]] } else { both } {
        server.tell("fast");
        server.tell(word);
        server.tell("start");
        let (sandbox, url) = (Sandbox::new(), server.database().await);
        drop(sandbox.serve_on(&url, &[]));
        let log = sandbox.text("serve.log");
        let told: Vec<_> = log.lines().filter(|it| it.contains("damaged pages")).collect();
        assert!(matches!(told[..], [told] if told.contains(level) && told.contains(line)), "{word}: {log}");
    }
}
