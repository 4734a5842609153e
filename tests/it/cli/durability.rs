//! Acknowledged entries survive a crash: `serve` and `import` are killed many times while they work.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::sync::mpsc::{Sender, channel};
use std::thread;

use uuid::Uuid;

use super::acme::SERVER;
use crate::support::sandbox::{Sandbox, wait_until};

/// How many record at the same time.
const RECORDERS: usize = 4;
/// After how many acknowledgements the server is killed, round by round.
const ROUNDS: [usize; 9] = [1, 2, 3, 5, 8, 13, 40, 77, 120];

/// Records entries over one connection until the server is gone, and sends each acknowledged one to the channel.
fn record_until_the_end(address: &str, token: &str, acknowledged: &Sender<(Uuid, u64)>) -> Option<()> {
    let mut stream = TcpStream::connect(address).ok()?;
    let mut answers = BufReader::new(stream.try_clone().ok()?);
    loop {
        let uuid = Uuid::now_v7();
        let entry = format!(
            r#"{{"uuid":"{uuid}","action":"created","model_type":"secret","model_id":"5","user":{{"id":"7"}},"after":{{"name":"X"}}}}"#
        );
        let head = format!(
            "POST /api/v1/audit-logs HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\n\
             content-type: application/json\r\ncontent-length: {}\r\n\r\n{entry}",
            entry.len()
        );
        stream.write_all(head.as_bytes()).ok()?;
        let (mut status, mut length) = (String::new(), 0);
        answers.read_line(&mut status).ok()?;
        loop {
            let mut header = String::new();
            answers.read_line(&mut header).ok().filter(|read| *read > 0)?;
            if header == "\r\n" {
                break;
            }
            let (name, value) = header.split_once(':')?;
            if name.eq_ignore_ascii_case("content-length") {
                length = value.trim().parse().ok()?;
            }
        }
        let mut body = vec![0; length];
        answers.read_exact(&mut body).ok()?;
        assert!(status.starts_with("HTTP/1.1 201 "), "{status} {}", String::from_utf8_lossy(&body));
        let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
        acknowledged.send((uuid, body["id"].as_u64().unwrap())).ok()?;
    }
}

fn stored(sandbox: &Sandbox) -> BTreeMap<u64, Uuid> {
    let export = sandbox.run(&["export", "--format", "jsonl", SERVER[0], SERVER[1]]).ended(0);
    let lines = export.json_lines();
    let stored: BTreeMap<u64, Uuid> = lines
        .iter()
        .map(|entry| (entry["id"].as_u64().unwrap(), entry["uuid"].as_str().unwrap().parse().unwrap()))
        .collect();
    assert_eq!(stored.len(), lines.len(), "every id stands once");
    stored
}

#[test]
fn killing_the_server_loses_no_acknowledged_entry() {
    let sandbox = Sandbox::new();
    let mut acknowledged = BTreeMap::new();
    for enough in ROUNDS {
        let serving = sandbox.serve(&[]);
        let (sender, receiver) = channel();
        let recorders: Vec<_> = (0..RECORDERS)
            .map(|_| {
                let (address, token, sender) =
                    (serving.address().to_owned(), serving.token(), sender.clone());
                thread::spawn(move || record_until_the_end(&address, &token, &sender))
            })
            .collect();
        drop(sender);
        let before = acknowledged.len();
        acknowledged.extend(receiver.iter().take(enough).map(|(uuid, id)| (id, uuid)));
        serving.kill();
        for recorder in recorders {
            assert_eq!(recorder.join().unwrap(), None);
        }
        acknowledged.extend(receiver.iter().map(|(uuid, id)| (id, uuid)));
        assert!(acknowledged.len() >= before + enough, "an id was given twice");

        let stored = stored(&sandbox);
        for (id, uuid) in &acknowledged {
            assert_eq!(stored.get(id), Some(uuid), "entry {id} was acknowledged");
        }
        assert!(stored.keys().copied().eq(1..=stored.len() as u64), "ids have no gap: {:?}", stored.keys());
        let mut uuids: Vec<_> = stored.values().collect();
        uuids.sort_unstable();
        uuids.dedup();
        assert_eq!(uuids.len(), stored.len(), "nothing is stored twice");
    }
}

#[test]
fn a_killed_import_can_be_repeated() {
    const LINES: usize = 8_000;
    let sandbox = Sandbox::new();
    let lines: String = (0..LINES)
        .map(|n| {
            format!(
                "{{\"occurred_at\":\"2021-03-01T09:00:00Z\",\"action\":\"created\",\"model_type\":\"secret\",\
                 \"model_id\":\"{n}\",\"user\":{{\"id\":\"7\"}},\"after\":{{\"name\":\"X\"}}}}\n"
            )
        })
        .collect();
    sandbox.write("log.jsonl", &lines);
    // Of so many lines most are still to come when the first thousand are stored.
    let mut import = sandbox.command(&["import", "log.jsonl", SERVER[0], SERVER[1]]).spawn().unwrap();
    wait_until("the first thousand are stored", || {
        assert!(import.try_wait().unwrap().is_none(), "it is still at work");
        let database = rusqlite::Connection::open(sandbox.path("audit.db"));
        let first = database
            .and_then(|it| it.query_row("SELECT 1 FROM entries WHERE org_id > 0 LIMIT 1", [], |_| Ok(())));
        first.is_ok()
    });
    import.kill().unwrap();
    assert_eq!(sandbox.finish(import).status, None);
    let half = stored(&sandbox).len();
    assert!((1..LINES).contains(&half), "{half}");

    let again = sandbox.run(&["import", "log.jsonl", SERVER[0], SERVER[1]]).ended(0);
    assert!(again.err().contains("were there already"), "{again}");
    let stored = stored(&sandbox);
    assert!(stored.keys().copied().eq(1..=LINES as u64), "one copy of each: {}", stored.len());
}
