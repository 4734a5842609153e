//! What the machine can do, beside what we do: the bytes of an answer at loopback speed, the bytes of the database through
//! `cat`, and durable writes of one page. No work of ours can be faster.

use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::Instant;

use crate::process::{Cost, run};
use crate::report::{Bar, Outcome, median};

/// A row that compares our cost with the limit for the same work.
pub(crate) fn row(what: &str, ours: Cost, limit: Cost) -> Outcome {
    let ratio = ours.wall_s / limit.wall_s;
    Outcome { what: format!("limit: {what}"), bar: Bar::None, ratio, ours, theirs: limit }
}

/// A file read to its end.
pub(crate) fn read(path: &Path, rounds: usize) -> Cost {
    let script = format!("cat {} > /dev/null", path.display());
    middle(rounds, || run(Command::new("bash").args(["-c", &script])))
}

/// A file sent over HTTP by a bare loop, and written to a file by curl.
pub(crate) fn loopback(path: &Path, rounds: usize) -> Cost {
    let target = path.with_extension("loopback");
    let cost = middle(rounds, || {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}/", listener.local_addr().expect("an address"));
        thread::scope(|scope| {
            scope.spawn(|| {
                let (mut stream, _) = listener.accept().expect("curl");
                let mut file = File::open(path).expect("the answer");
                let size = file.metadata().expect("a size").len();
                // The request is smaller than this.
                let _head = stream.read(&mut [0; 4096]).expect("a request");
                write!(stream, "HTTP/1.1 200 OK\r\ncontent-length: {size}\r\n\r\n").expect("sent");
                std::io::copy(&mut file, &mut stream).expect("sent");
            });
            run(Command::new("curl").args(["-sSf", "-o", &target.display().to_string(), &url]))
        })
    });
    fs::remove_file(&target).unwrap_or(());
    cost
}

/// A write of one page that is durable when it returns, in a file of its own.
pub(crate) fn durable_write(root: &Path) -> Cost {
    const WRITES: usize = 200;
    let path = root.join("durable");
    let mut file = File::create(&path).expect("a file");
    let seconds = (0..WRITES).map(|_| {
        let begin = Instant::now();
        file.write_all(&[7; 4096]).expect("room");
        file.sync_all().expect("durable");
        begin.elapsed().as_secs_f64()
    });
    let wall_s = median(seconds.collect::<Vec<_>>().into_iter());
    fs::remove_file(&path).unwrap_or(());
    Cost { wall_s, ..Cost::default() }
}

fn middle(rounds: usize, work: impl Fn() -> Cost) -> Cost {
    let costs: Vec<Cost> = (0..rounds).map(|_| work()).collect();
    Cost {
        wall_s: median(costs.iter().map(|cost| cost.wall_s)),
        cpu_s: median(costs.iter().map(|cost| cost.cpu_s)),
        peak_kib: 0,
    }
}
