//! A private PostgreSQL, made of the binaries installed here, or a Citus cluster in its place (`citus`): one server for
//! all tests of this process, one database for each test. The private server listens on a Unix socket in a directory of its own, runs as nobody when the tests run as root, and
//! ends with this process however that ends, for a shell that waits for the end of its input stops it.

use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::fs::{MetadataExt as _, chown};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{LazyLock, Mutex, PoisonError};
use std::time::Duration;

use krosyn_audit::store;
use tokio::sync::OnceCell;
use tokio_postgres::NoTls;

// A relative path, because benches/versus includes this file too.
use super::citus::Cluster;

/// The user id of `nobody` on every Linux.
const NOBODY: u32 = 65_534;

/// What the shell does: `start`, the modes of `pg_ctl stop` and of `pg_checksums`, one a line, each answered with a line; at
/// the end of its input, which is the end of the tests, it stops the server and removes all of it. A signal to the whole
/// process group, such as Ctrl-C, does not end it before that.
const SHELL: &str = r#"
trap : HUP INT TERM
cd "$1"
while read -r word; do
    case $word in
        start) "$2/pg_ctl" -s -w -D data -l log -o "$3" start ;;
        enable | disable) "$2/pg_checksums" --no-sync -D data --"$word" >&2 ;;
        *) "$2/pg_ctl" -s -w -D data -m "$word" stop ;;
    esac </dev/null >/dev/null 2>>said && echo done || echo failed
done
"$2/pg_ctl" -s -w -D data -m immediate stop >/dev/null 2>&1
cd / && rm -rf "$1"
"#;

/// The data need not survive a machine crash. It survives an immediate stop, because the kernel has the writes.
const SETTINGS: &str = "-c fsync=off -c full_page_writes=off -c max_connections=400 -c listen_addresses= \
    -c shared_buffers=64MB -c autovacuum_naptime=1h -c log_line_prefix=%d: -c log_min_messages=log";

/// The shell that starts and stops a server.
struct Shell {
    child: Child,
    /// `None` after shutdown.
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

/// A PostgreSQL server, or a Citus cluster.
pub(crate) struct Server {
    backend: Backend,
    template: OnceCell<()>,
    databases: AtomicU32,
}

enum Backend {
    /// A server of our own, in this directory.
    Private {
        directory: PathBuf,
        shell: Mutex<Shell>,
    },
    Cluster(Cluster),
}

/// The server or cluster that tests share, unless PostgreSQL is not installed.
pub(crate) fn shared() -> Option<&'static Server> {
    static SHARED: LazyLock<Option<Server>> = LazyLock::new(|| match Cluster::named() {
        Some(cluster) => Some(Server::at(Backend::Cluster(cluster))),
        None => Server::start(),
    });
    SHARED.as_ref()
}

/// Never a cluster: for tests that read the server's log or plans, or that simulate Citus.
pub(crate) fn private() -> Option<&'static Server> {
    static PRIVATE: LazyLock<Option<Server>> = LazyLock::new(Server::start);
    match shared() {
        Some(Server { backend: Backend::Cluster(_), .. }) => PRIVATE.as_ref(),
        shared => shared,
    }
}

impl Server {
    /// Starts a server. Without PostgreSQL it prints a warning and returns `None`, or fails in CI.
    pub(crate) fn start() -> Option<Self> {
        Self::start_with(|_| String::new())
    }

    /// The same with further settings. The server will own the files that `prepare` writes into its directory.
    pub(crate) fn start_with(prepare: impl FnOnce(&Path) -> String) -> Option<Self> {
        let Some(binaries) = binaries() else {
            absent();
            return None;
        };
        let directory = tempfile::Builder::new().prefix("pg-").tempdir().expect("a directory").keep();
        let is_root = std::fs::metadata(&directory).expect("there").uid() == 0;
        if is_root {
            chown(&directory, Some(NOBODY), Some(NOBODY)).expect("given to nobody");
        }
        let command = |program: &Path| match is_root {
            false => Command::new(program),
            true => {
                let mut command = Command::new("setpriv");
                let nobody = NOBODY.to_string();
                command.args(["--reuid", &nobody, "--regid", &nobody, "--clear-groups", "--"]).arg(program);
                command
            }
        };
        let mut initdb = command(&binaries.join("initdb"));
        initdb.args([
            "-A",
            "trust",
            "-U",
            "audit",
            "-E",
            "UTF8",
            "--locale=C",
            "--no-sync",
            "--no-instructions",
            "-D",
        ]);
        let made = initdb.arg(directory.join("data")).current_dir("/").output().expect("initdb runs");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let more = prepare(&directory);
        for file in std::fs::read_dir(&directory).expect("there").flatten().filter(|_| is_root) {
            chown(file.path(), Some(NOBODY), Some(NOBODY)).expect("given to nobody");
        }
        let mut shell = command(Path::new("sh"));
        shell.args(["-c", SHELL, "sh"]).arg(&directory).arg(&binaries);
        shell.arg(format!("{} -k {} {more}", SETTINGS, directory.display()));
        let mut child = shell.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("a shell");
        let (input, output) = (child.stdin.take(), BufReader::new(child.stdout.take().expect("piped")));
        let shell = Mutex::new(Shell { child, input, output });
        let server = Self::at(Backend::Private { directory, shell });
        server.tell("start");
        Some(server)
    }

    fn at(backend: Backend) -> Self {
        Self { backend, template: OnceCell::new(), databases: AtomicU32::new(0) }
    }

    /// Runs `start`, or a stop in mode `smart`, `fast` or `immediate`, and waits for its end. While the server is stopped,
    /// `enable` and `disable` change its data checksums.
    pub(crate) fn tell(&self, word: &str) {
        let Backend::Private { shell, .. } = &self.backend else { panic!("a cluster is not told to {word}") };
        let mut shell = shell.lock().unwrap_or_else(PoisonError::into_inner);
        let input = shell.input.as_mut().expect("the tests are not over");
        writeln!(input, "{word}").expect("the shell listens");
        let mut answer = String::new();
        shell.output.read_line(&mut answer).expect("the shell answers");
        assert_eq!(answer, "done\n", "{word}: {} {}", self.file("said"), self.file("log"));
    }

    fn file(&self, name: &str) -> String {
        std::fs::read_to_string(self.directory().join(name)).unwrap_or_default()
    }

    /// Where its files are.
    pub(crate) fn directory(&self) -> &Path {
        let Backend::Private { directory, .. } = &self.backend else {
            panic!("a cluster has no directory here")
        };
        directory
    }

    /// What the server has logged so far.
    pub(crate) fn log(&self) -> String {
        self.file("log")
    }

    /// The URL of a database here.
    pub(crate) fn url(&self, database: &str) -> String {
        format!("postgres://audit@/{database}?host={}", self.directory().display())
    }

    /// Creates an empty database of the current schema and returns its URL.
    pub(crate) async fn database(&self) -> String {
        if matches!(self.backend, Backend::Cluster(_)) {
            let url = self.bare_database().await;
            store::open(&url).await.expect("a store").close().await;
            return url;
        }
        self.template
            .get_or_init(async || {
                self.execute("postgres", "CREATE DATABASE model").await;
                let store = store::open(&self.url("model")).await.expect("a store");
                store.close().await;
            })
            .await;
        self.create("model").await
    }

    /// Creates a database without a schema and returns its URL.
    pub(crate) async fn bare_database(&self) -> String {
        match &self.backend {
            Backend::Private { .. } => self.create("template1").await,
            Backend::Cluster(cluster) => cluster.database().await,
        }
    }

    async fn create(&self, template: &str) -> String {
        let name = format!("test_{}", self.databases.fetch_add(1, Ordering::Relaxed));
        self.execute("postgres", &format!("CREATE DATABASE {name} TEMPLATE {template}")).await;
        self.url(&name)
    }

    async fn execute(&self, database: &str, sql: &str) {
        connect(&self.url(database)).await.batch_execute(sql).await.expect(sql);
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let Backend::Private { shell, .. } = &mut self.backend else { return };
        let shell = shell.get_mut().unwrap_or_else(PoisonError::into_inner);
        // The shell waits for the end of its input.
        shell.input.take();
        drop(shell.child.wait());
    }
}

/// Connects without a store, for queries that only tests need.
pub(crate) async fn connect(url: &str) -> tokio_postgres::Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.expect("a connection");
    tokio::spawn(async { drop(connection.await) });
    client.batch_execute("SET search_path TO krosyn_audit").await.expect("set");
    client
}

/// The directory of `initdb`: the newest Debian version, else the one on the path.
fn binaries() -> Option<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let number = |path: &PathBuf| path.file_name()?.to_str()?.parse::<u32>().ok();
    let newest = versions.map(|version| version.path()).max_by_key(number).map(|it| it.join("bin"));
    let on_path = || {
        let found = Command::new("pg_config").arg("--bindir").output().ok()?;
        Some(PathBuf::from(String::from_utf8(found.stdout).ok()?.trim()))
    };
    newest.or_else(on_path).filter(|bin| bin.join("initdb").exists())
}

/// Prints to stderr directly, because the harness hides the output of passing tests.
#[expect(
    clippy::disallowed_methods,
    reason = "a test that was skipped must be seen, and in CI there may be none"
)]
fn absent() {
    assert!(std::env::var_os("CI").is_none(), "PostgreSQL is not installed, and in CI its tests must run");
    let words =
        "SKIPPED: everything on PostgreSQL: it is not installed here (Debian: apt-get install postgresql)\n";
    std::io::stderr().write_all(words.as_bytes()).expect("stderr");
}

/// The deadline of a wait.
const PATIENCE: Duration = Duration::from_secs(60);

/// Waits until a condition holds, and fails after the deadline.
pub(crate) async fn until(what: &str, ask: impl AsyncFn() -> bool) {
    let asking = async {
        while !ask().await {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    tokio::time::timeout(PATIENCE, asking).await.unwrap_or_else(|_| panic!("in vain: {what}"));
}
