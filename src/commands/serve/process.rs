//! Process settings of `serve`: core dumps, the limit on open files, and signals.

use std::ffi::OsStr;
use std::net::{SocketAddr, TcpListener};

use crate::commands::serve::reload::ReloadedSettings;
use crate::error::Failure;
use crate::{exit, server};

/// Disables core dumps, which would contain tokens.
pub(super) fn without_core_dumps() -> std::io::Result<()> {
    use rustix::process::{Resource, Rlimit, setrlimit};
    Ok(setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) })?)
}

/// The allowed number of connections, and a warning if it is lower than requested.
pub(super) struct ConnectionLimit {
    pub(super) most: usize,
    pub(super) warning: Option<String>,
}

/// Reduces the number of connections to what the limit on open files allows, after raising the soft limit up to the hard
/// limit. Fails when no connection is possible.
pub(super) fn connection_limit(wanted: usize) -> Result<ConnectionLimit, Failure> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let needed = u64::try_from(server::open_files(wanted)).unwrap_or(u64::MAX);
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    if current.is_none_or(|current| current >= needed) {
        return Ok(ConnectionLimit { most: wanted, warning: None });
    }
    let raised = maximum.map_or(needed, |maximum| needed.min(maximum));
    let limit = match setrlimit(Resource::Nofile, Rlimit { current: Some(raised), maximum }) {
        Ok(()) => raised,
        Err(_) => current.unwrap_or(raised),
    };
    let most = fitting(limit, wanted).ok_or_else(|| {
        Failure::new(exit::FAILED, format!("the limit on open files ({limit}) is too low for any connection"))
            .hint("raise it: ulimit -n 1024, or LimitNOFILE=1024 in a systemd unit")
    })?;
    let warning = (most < wanted).then(|| {
        format!(
            "the limit on open files is {limit}: allowing {most} connections instead of {wanted}; \
             raise it with ulimit -n {needed}, or LimitNOFILE={needed} in a systemd unit"
        )
    });
    Ok(ConnectionLimit { most, warning })
}

/// The largest number of connections that a limit on open files allows.
fn fitting(limit: u64, wanted: usize) -> Option<usize> {
    let fits =
        |connections: &usize| u64::try_from(server::open_files(*connections)).is_ok_and(|it| it <= limit);
    (1..=wanted).rev().find(fits)
}

/// Installs handlers for SIGTERM and SIGINT; the future resolves when one arrives.
pub(super) fn stop_signal() -> std::io::Result<impl Future<Output = ()> + Send + 'static> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    Ok(async move {
        let name = tokio::select! {
            _ = terminate.recv() => "SIGTERM",
            _ = interrupt.recv() => "SIGINT",
        };
        tracing::info!("{name}: stopping after running requests have finished");
    })
}

/// Installs handlers for signals that would end the process. SIGHUP reads settings again; SIGUSR1 and SIGUSR2 are ignored.
pub(super) fn other_signals(
    reloaded: ReloadedSettings,
) -> std::io::Result<impl Future<Output = ()> + Send + 'static> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut hangup = signal(SignalKind::hangup())?;
    let (mut first, mut second) =
        (signal(SignalKind::user_defined1())?, signal(SignalKind::user_defined2())?);
    Ok(async move {
        loop {
            tokio::select! {
                _ = hangup.recv() => reloaded.reload().await,
                _ = first.recv() => tracing::info!("SIGUSR1 ignored"),
                _ = second.recv() => tracing::info!("SIGUSR2 ignored"),
            }
        }
    })
}

/// Tells the service manager that the server is ready (`sd_notify`), so that units which start after it find it listening.
pub(super) fn notify_ready(socket: &OsStr) -> std::io::Result<()> {
    use std::os::unix::net::{SocketAddr, UnixDatagram};
    let address = match socket.as_encoded_bytes() {
        // An abstract socket has no file.
        #[cfg(target_os = "linux")]
        [b'@', name @ ..] => {
            use std::os::linux::net::SocketAddrExt as _;
            SocketAddr::from_abstract_name(name)?
        }
        _ => SocketAddr::from_pathname(socket)?,
    };
    UnixDatagram::unbound()?.send_to_addr(b"READY=1", &address).map(drop)
}

/// Listens on an address.
pub(in crate::commands) fn bind(address: SocketAddr) -> Result<TcpListener, Failure> {
    TcpListener::bind(address)
        .map_err(|error| Failure::new(exit::FAILED, format!("cannot listen on {address}: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_service_manager_receives_one_message() {
        use std::os::unix::net::UnixDatagram;
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("notify");
        let manager = UnixDatagram::bind(&path).expect("bound");
        manager.set_nonblocking(true).expect("set");
        notify_ready(path.as_os_str()).expect("sent");
        let mut message = [0; 64];
        let length = manager.recv(&mut message).expect("a message");
        assert_eq!(&message[..length], b"READY=1");
        assert!(notify_ready(directory.path().join("none").as_os_str()).is_err());
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn an_abstract_socket_is_reached() {
        use std::os::linux::net::SocketAddrExt as _;
        use std::os::unix::net::{SocketAddr, UnixDatagram};
        let name = format!("krosyn-audit-test-{}", std::process::id());
        let address = SocketAddr::from_abstract_name(&name).expect("a name");
        let manager = UnixDatagram::bind_addr(&address).expect("bound");
        manager.set_nonblocking(true).expect("set");
        notify_ready(OsStr::new(&format!("@{name}"))).expect("sent");
        let mut message = [0; 64];
        assert_eq!(manager.recv(&mut message).expect("a message"), b"READY=1".len());
    }

    #[test]
    fn connections_fit_into_the_limit_on_open_files() {
        assert_eq!(fitting(1024, 900), Some(900), "the usual limit is enough for the usual number");
        for limit in [60, 64, 100, 256, 512, 1000] {
            let fits = fitting(limit, 900).expect("some");
            assert!(fits < 900 && server::open_files(fits) as u64 <= limit, "{limit}: {fits}");
            assert!(server::open_files(fits + 1) as u64 > limit, "{limit}: {fits} is not the most");
        }
        assert_eq!(fitting(10, 900), None);
        assert_eq!(fitting(u64::MAX, 7), Some(7));
    }
}
