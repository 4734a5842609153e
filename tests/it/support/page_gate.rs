//! A proxy that passes a number of pages, then closes the connection or holds the request. It asks for pages of a thousand
//! entries, so that a test needs few entries for several pages, and can hide that the server answers rows.

#![cfg(test)]

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread;

/// What happens to the first request over the limit.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Beyond {
    Cut,
    Hold,
}

pub(crate) struct PageGate {
    url: String,
    state: Arc<Mutex<(usize, Beyond)>>,
    reached: Receiver<()>,
}

impl PageGate {
    /// Starts in front of the server at `address`, without a limit.
    pub(crate) fn before(address: &str) -> Self {
        Self::start(address, false)
    }

    /// As [`Self::before`], for a server that answers only JSON: to it, the parameters of rows are unknown.
    pub(crate) fn before_older(address: &str) -> Self {
        Self::start(address, true)
    }

    fn start(address: &str, is_older: bool) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let state = Arc::new(Mutex::new((usize::MAX, Beyond::Cut)));
        let (tell, reached) = channel();
        let (address, gate) = (address.to_owned(), Arc::clone(&state));
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let Ok(server) = TcpStream::connect(&address) else { return };
                let (gate, tell) = (Arc::clone(&gate), tell.clone());
                let (mut answers, mut back) = (server.try_clone().unwrap(), client.try_clone().unwrap());
                thread::spawn(move || drop(std::io::copy(&mut answers, &mut back)));
                thread::spawn(move || forward(client, server, &gate, &tell, is_older));
            }
        });
        Self { url, state, reached }
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Passes this many more pages.
    pub(crate) fn allow(&self, pages: usize, beyond: Beyond) {
        *self.state.lock().unwrap() = (pages, beyond);
    }

    /// Waits for a request over the limit.
    pub(crate) fn wait(&self) {
        self.reached.recv().unwrap();
    }
}

fn forward(
    mut client: TcpStream,
    mut server: TcpStream,
    gate: &Mutex<(usize, Beyond)>,
    tell: &Sender<()>,
    is_older: bool,
) {
    let mut request = vec![0; 64 * 1024];
    while let Ok(length @ 1..) = client.read(&mut request) {
        if request.starts_with(b"GET /api/v1/audit-logs?") {
            let mut state = gate.lock().unwrap();
            let (left, beyond) = &mut *state;
            if *left == 0 {
                tell.send(()).unwrap_or(());
                if *beyond == Beyond::Cut {
                    drop((client.shutdown(Shutdown::Both), server.shutdown(Shutdown::Both)));
                    return;
                }
                continue;
            }
            *left = left.saturating_sub(1);
        }
        let mut text = String::from_utf8(request[..length].to_vec()).unwrap();
        if is_older {
            text = text
                .replace("accept: text/", "x-accept: text/")
                .replace("accept: application/x-", "x-accept: ");
        } else {
            text = text.replacen("limit=4000", "limit=1000", 1);
        }
        if server.write_all(text.as_bytes()).is_err() {
            return;
        }
    }
    drop(server.shutdown(Shutdown::Both));
}
