//! Creates data sets on disk, once, and keeps them for later runs: a store and the token of its first organization.
//!
//! The product records up to a hundred thousand entries. A larger set copies each row of a smaller one ten times, because
//! recording ten million would take an hour.

use std::fs;
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};

use crate::bare;
use crate::data::{self, Numbers};
use crate::http::{Caller, block_on};
use crate::process::{Serve, product};

/// The most entries of the first organization that are recorded and not copied.
const MOST_RECORDED: u64 = 100_000;
/// Above this number of rows, indexes are created at the end, more tightly packed than if they had grown.
const MOST_INDEXED_AT_ONCE: u64 = 1_000_000;

/// A filled store.
pub(crate) struct Set {
    pub(crate) directory: PathBuf,
    /// The number of entries of the first organization.
    pub(crate) entries: u64,
    /// The token of the first organization.
    pub(crate) token: String,
}

impl Set {
    /// Opens the set under `root`, or creates it.
    pub(crate) fn of(root: &Path, entries: u64, now: i64) -> Self {
        let directory = root.join(entries.to_string());
        if !directory.join("whole").exists() {
            fs::remove_dir_all(&directory).unwrap_or(());
            fs::create_dir_all(&directory).expect("a directory");
            match entries {
                ..=MOST_RECORDED => fill(&directory, entries, now),
                _ => tenfold(&Self::of(root, entries / 10, now), &directory),
            }
            fs::write(directory.join("whole"), "").expect("a mark");
        }
        let token = fs::read_to_string(directory.join("0.token")).expect("a token").trim().to_owned();
        Self { directory, entries, token }
    }

    pub(crate) fn store(&self) -> PathBuf {
        self.directory.join("audit.db")
    }

    pub(crate) fn token_file(&self) -> PathBuf {
        self.directory.join("0.token")
    }
}

/// Creates an organization with a token, and the store if necessary.
pub(crate) fn organization(url: &str, number: u64, token_file: &Path) {
    let slug = format!("org-{number}");
    quietly(product().args(["org", "create", &slug, "--plan", "pro", "--store", url]));
    quietly(
        product()
            .args([
                "token",
                "create",
                "--org",
                &slug,
                "--name",
                "bench",
                "--scope",
                "read,record,prune",
                "--store",
                url,
            ])
            .arg("--token-out")
            .arg(token_file),
    );
}

fn quietly(command: &mut Command) {
    let output = command.output().expect("it starts");
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}

fn fill(directory: &Path, entries: u64, now: i64) {
    let store = directory.join("audit.db");
    for number in 0..data::ORGANIZATIONS {
        organization(
            &format!("sqlite:{}", store.display()),
            number,
            &directory.join(format!("{number}.token")),
        );
    }
    let server = Serve::start(&store);
    let begin = Instant::now();
    let mut all = 0;
    for number in 0..data::ORGANIZATIONS {
        let count = data::size(number, entries);
        let mut import = product()
            .args(["import", "-", "--server", &server.base, "--token-file"])
            .arg(directory.join(format!("{number}.token")))
            .stdin(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("import starts");
        let mut lines = BufWriter::new(import.stdin.take().expect("a pipe"));
        for line in data::entries(number, count, now) {
            writeln!(lines, "{line}").expect("import reads");
        }
        drop(lines);
        assert!(import.wait().expect("our child").success(), "every entry is valid");
        all += count;
    }
    let seconds = begin.elapsed().as_secs_f64();
    #[expect(clippy::cast_precision_loss, reason = "a rate to look at")]
    let rate = all as f64 / seconds;
    eprintln!("made {all} entries of {} organizations in {seconds:.0} s ({rate:.0}/s)", data::ORGANIZATIONS);
}

/// The statements that fill the rollup from all entries, from its migration.
const TALLIES: &str = include_str!("../../src/store/migrations/0003_tallies.sqlite.sql");

/// Creates a set from a smaller one: nine copies after each row, at even times until the next.
fn tenfold(smaller: &Set, directory: &Path) {
    let begin = Instant::now();
    for file in fs::read_dir(&smaller.directory).expect("a set") {
        let file = file.expect("a file");
        let ends = |ending: &str| file.file_name().to_string_lossy().ends_with(ending);
        if ends(".token") || ends(".db") {
            fs::copy(file.path(), directory.join(file.file_name())).expect("room for a copy");
        }
    }
    let db = Connection::open(directory.join("audit.db")).expect("a store");
    db.execute_batch(
        "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -1048576; PRAGMA foreign_keys = OFF;",
    )
    .expect("set up");
    db.execute("ATTACH ? AS smaller", [smaller.store().display().to_string()]).expect("the smaller one");
    let schema = bare::schema(&db);
    let (table, indexes) = schema.split_first().expect("a table");
    db.execute_batch(&format!("DROP TABLE entries; {table}")).expect("recreated");
    let at_once = smaller.entries * 10 <= MOST_INDEXED_AT_ONCE;
    if at_once {
        db.execute_batch(&indexes.join(";")).expect("made");
    }
    // Uuids that differ from those of the smaller set.
    multiply(&db, Numbers(u64::MAX / smaller.entries));
    if !at_once {
        db.execute_batch(&indexes.join(";")).expect("made");
    }
    let (_, sums) = TALLIES.split_once("INSERT INTO").expect("a statement");
    db.execute_batch(&format!(
        "UPDATE org_heads SET head = head * 10; DELETE FROM tallies; INSERT INTO{sums}; \
         UPDATE text_indexes SET blocks = 0; DELETE FROM text_blocks; DELETE FROM text_groups; DELETE FROM text_parts; \
         DELETE FROM text_stale; PRAGMA journal_mode = WAL;"
    ))
    .expect("counted");
    // Trees are made again, before anything is measured.
    db.execute_batch(
        "UPDATE trees SET size = 0, leaves = NULL, tile_latest = NULL, checkpoint = NULL; DELETE FROM tree_hashes",
    )
    .expect("reset");
    drop(db);
    let server = Serve::start(&directory.join("audit.db"));
    for number in 0..data::ORGANIZATIONS {
        let token = fs::read_to_string(directory.join(format!("{number}.token"))).expect("a token");
        block_on(Caller::new(&server.base, token.trim()).get("audit-logs/checkpoint"));
    }
    eprintln!("made ten of each entry in {:.0} s", begin.elapsed().as_secs_f64());
}

/// The position of the organization in a key.
const ORG: i64 = 1 << 40;

fn multiply(db: &Connection, mut numbers: Numbers) {
    let mut select = db
        .prepare(
            "SELECT e.*, (SELECT head FROM org_heads WHERE org_id = e.org_id), u.snapshot, b.snapshot \
             FROM smaller.entries e JOIN smaller.users u ON u.org_id = e.org_id AND u.user_ref = e.user_ref \
             LEFT JOIN smaller.users b ON b.org_id = e.org_id AND b.user_ref = e.on_behalf_ref ORDER BY key",
        )
        .expect("a table");
    let columns = select.column_count() - 3;
    let place = |name: &str| select.column_index(name).expect("a column");
    let (key, uuid, at, request) = (place("key"), place("uuid"), place("occurred_at"), place("request_id"));
    let checksum = place("checksum");
    let numbers_in = ["key", "occurred_at", "recorded_at", "action", "model_type", "user_ref"].map(place);
    let via = place("via");
    let texts_in = ["model_id", "model_name", "ip", "user_agent", "request_id", "reason"].map(place);
    let changes = place("changes");
    let marks = vec!["?"; columns].join(",");
    let mut insert = db.prepare(&format!("INSERT INTO entries VALUES ({marks})")).expect("a statement");
    db.execute_batch("BEGIN").expect("begun");
    let mut rows = select.query([]).expect("rows");
    while let Some(row) = rows.next().expect("a row") {
        let mut values: Vec<Value> = (0..columns).map(|column| row.get(column).expect("a value")).collect();
        let (old_key, old_at, head): (i64, i64, i64) =
            (row.get(key).expect("a key"), row.get(at).expect("a time"), row.get(columns).expect("a head"));
        let user: String = row.get(columns + 1).expect("a user");
        let on_behalf_of: Option<String> = row.get(columns + 2).expect("a user or none");
        for copy in 0..10 {
            // Trails have negative numbers.
            let (org, id) = (old_key.div_euclid(ORG), old_key.rem_euclid(ORG));
            values[key] = Value::Integer(org * ORG + (id - 1) * 10 + 1 + copy);
            values[at] = Value::Integer(old_at + copy * (data::SPAN_US / (head * 10)));
            if copy > 0 {
                values[uuid] = Value::Blob(numbers.uuid().into_bytes().to_vec());
                values[request] = Value::Text(numbers.request_id());
            }
            let text = |at: usize| match &values[at] {
                Value::Text(text) => Some(text.as_str()),
                _ => None,
            };
            let [a, b, c, d, e, f] = texts_in.map(text);
            let sum = row_checksum(
                numbers_in.map(|at| integer(&values[at]).expect("a number")),
                integer(&values[via]),
                &values[uuid],
                [a, b, c, d, e, f, Some(&user), text(changes)],
                on_behalf_of.as_deref(),
            );
            values[checksum] = Value::Integer(sum);
            insert.execute(params_from_iter(&values)).expect("inserted");
        }
    }
    db.execute_batch("COMMIT").expect("kept");
}

const fn integer(value: &Value) -> Option<i64> {
    if let Value::Integer(number) = value { Some(*number) } else { None }
}

/// The checksum of a row, as `src/store/sqlite/checksum.rs` defines it: without it the store takes the row for damaged.
fn row_checksum(
    numbers: [i64; 6],
    via: Option<i64>,
    uuid: &Value,
    texts: [Option<&str>; 8],
    on_behalf_of: Option<&str>,
) -> i64 {
    let mut hash = crc32fast::Hasher::new();
    numbers
        .into_iter()
        .chain([via.unwrap_or(i64::MIN)])
        .for_each(|number| hash.update(&number.to_le_bytes()));
    for text in texts {
        hash.update(&text.map_or(u64::MAX, |text| text.len() as u64).to_le_bytes());
    }
    if let Value::Blob(uuid) = uuid {
        hash.update(uuid);
    }
    texts.into_iter().flatten().for_each(|text| hash.update(text.as_bytes()));
    if let Some(text) = on_behalf_of {
        hash.update(&(text.len() as u64).to_le_bytes());
        hash.update(text.as_bytes());
    }
    1 << 62 | i64::from(hash.finalize())
}
