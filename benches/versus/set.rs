//! A data set on disk: a store filled over HTTP once and kept for later runs, and the token of its first organization.

use std::fs;
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use crate::data;
use crate::process::{Serve, product};

/// A filled store.
pub(crate) struct Set {
    pub(crate) directory: PathBuf,
    /// How many entries the first organization holds.
    pub(crate) entries: u64,
    /// The token of the first organization.
    pub(crate) token: String,
}

impl Set {
    /// Finds the set under `root`, or makes it.
    pub(crate) fn of(root: &Path, entries: u64, now: i64) -> Self {
        let directory = root.join(entries.to_string());
        if !directory.join("whole").exists() {
            fs::remove_dir_all(&directory).unwrap_or(());
            fs::create_dir_all(&directory).expect("a directory");
            fill(&directory, entries, now);
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

/// An organization with a token of its own, in a store that is made when it is not there.
pub(crate) fn organization(store: &Path, number: u64, token_file: &Path) {
    let url = format!("sqlite:{}", store.display());
    let slug = format!("org-{number}");
    quietly(product().args(["org", "create", &slug, "--plan", "pro", "--store", &url]));
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
                &url,
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
        organization(&store, number, &directory.join(format!("{number}.token")));
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
        assert!(import.wait().expect("our child").success(), "every entry is sound");
        all += count;
    }
    let seconds = begin.elapsed().as_secs_f64();
    #[expect(clippy::cast_precision_loss, reason = "a rate to look at")]
    let rate = all as f64 / seconds;
    eprintln!("made {all} entries of {} organizations in {seconds:.0} s ({rate:.0}/s)", data::ORGANIZATIONS);
}
