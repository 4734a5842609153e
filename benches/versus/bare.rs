//! The baseline for stores: rusqlite in a loop, with the same schema, indexes and durability.

use std::path::Path;
use std::time::Instant;

use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};

use crate::process::{Cost, cpu};

/// The rows of the entries table, and the statements that create the table and its indexes.
pub(crate) struct Rows {
    schema: Vec<String>,
    rows: Vec<Vec<Value>>,
}

impl Rows {
    pub(crate) fn of(store: &Path) -> Self {
        let db = Connection::open(store).expect("a store");
        let schema = schema(&db);
        let mut statement = db.prepare("SELECT * FROM entries ORDER BY key").expect("a table");
        let columns = statement.column_count();
        let rows = statement
            .query_map([], |row| (0..columns).map(|column| row.get(column)).collect())
            .expect("rows")
            .collect::<Result<_, _>>()
            .expect("values");
        Self { schema, rows }
    }

    /// Inserts the first `count` rows into a new file, `batch` rows per transaction. Returns the cost of one row.
    pub(crate) fn insert(&self, into: &Path, count: usize, batch: usize) -> Cost {
        std::fs::remove_file(into).unwrap_or(());
        let db = open(into);
        db.execute_batch(&self.schema.join(";")).expect("made");
        let marks = vec!["?"; self.rows[0].len()].join(",");
        let mut insert = db.prepare(&format!("INSERT INTO entries VALUES ({marks})")).expect("a statement");
        let rows = &self.rows[..count.min(self.rows.len())];
        let (begin, before) = (Instant::now(), cpu(std::process::id()));
        for chunk in rows.chunks(batch) {
            db.execute_batch("BEGIN IMMEDIATE").expect("begun");
            for row in chunk {
                insert.execute(params_from_iter(row)).expect("inserted");
            }
            db.execute_batch("COMMIT").expect("durable");
        }
        #[expect(clippy::cast_precision_loss, reason = "a count of rows")]
        let each = |seconds: f64| seconds / rows.len() as f64;
        let (wall_s, cpu_s) = (begin.elapsed().as_secs_f64(), cpu(std::process::id()) - before);
        Cost { wall_s: each(wall_s), cpu_s: each(cpu_s), ..Cost::default() }
    }
}

/// The statements that create the entries table and its indexes, the table first.
pub(crate) fn schema(db: &Connection) -> Vec<String> {
    db.prepare("SELECT sql FROM sqlite_schema WHERE tbl_name = 'entries' AND sql IS NOT NULL ORDER BY type = 'index'")
        .and_then(|mut schema| schema.query_map([], |row| row.get(0))?.collect())
        .expect("a schema")
}

/// Deletes the first organization's entries before `cutoff_us`, a thousand per transaction. Returns the cost of one row.
pub(crate) fn delete(store: &Path, cutoff_us: i64) -> Cost {
    let db = open(store);
    let sql = "DELETE FROM entries WHERE key IN (SELECT key FROM entries WHERE org_id = \
        (SELECT org_id FROM organizations WHERE slug = 'org-0') AND occurred_at < ? ORDER BY occurred_at LIMIT 1000)";
    let mut delete = db.prepare(sql).expect("a statement");
    let begin = Instant::now();
    let mut deleted = 0;
    loop {
        match delete.execute([cutoff_us]).expect("deleted") {
            0 => break,
            count => deleted += count,
        }
    }
    #[expect(clippy::cast_precision_loss, reason = "a count of rows")]
    let wall_s = begin.elapsed().as_secs_f64() / deleted as f64;
    Cost { wall_s, ..Cost::default() }
}

fn open(path: &Path) -> Connection {
    let db = Connection::open(path).expect("a file");
    db.execute_batch(
        "PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA secure_delete = ON; \
         PRAGMA cache_size = -16384; PRAGMA foreign_keys = OFF;",
    )
    .expect("set up");
    db
}
