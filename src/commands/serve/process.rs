//! What `serve` sets about its process: no core dumps, enough open files, and signals.

use std::path::PathBuf;

use axum_server::tls_rustls::RustlsConfig;

use crate::error::Failure;
use crate::{exit, server};

/// Keeps tokens out of core dumps: the process writes none.
#[cfg(unix)]
pub(super) fn without_core_dumps() -> std::io::Result<()> {
    use rustix::process::{Resource, Rlimit, setrlimit};
    Ok(setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) })?)
}

#[cfg(not(unix))]
pub(super) fn without_core_dumps() -> std::io::Result<()> {
    Ok(())
}

/// How many connections there may be, and what to say where that is fewer than wanted.
pub(super) struct Connections {
    pub(super) most: usize,
    pub(super) warning: Option<String>,
}

/// How many of the wanted connections the limit on open files leaves room for. The soft limit is raised as far as the
/// hard one goes.
///
/// # Errors
/// [`Failure`] when there is room for none.
#[cfg(unix)]
pub(super) fn connections_within_limit(wanted: usize) -> Result<Connections, Failure> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let needed = u64::try_from(server::open_files(wanted)).unwrap_or(u64::MAX);
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    if current.is_none_or(|current| current >= needed) {
        return Ok(Connections { most: wanted, warning: None });
    }
    let raised = maximum.map_or(needed, |maximum| needed.min(maximum));
    let limit = match setrlimit(Resource::Nofile, Rlimit { current: Some(raised), maximum }) {
        Ok(()) => raised,
        Err(_) => current.unwrap_or(raised),
    };
    let most = fitting(limit, wanted).ok_or_else(|| {
        Failure::new(exit::FAILED, format!("the limit on open files, {limit}, leaves none for connections"))
            .hint("raise it: ulimit -n 1024, or LimitNOFILE=1024 in a unit of systemd")
    })?;
    let warning = (most < wanted).then(|| {
        format!(
            "the limit on open files is {limit}: at most {most} connections at once in place of {wanted}; \
             raise it with ulimit -n {needed}, or LimitNOFILE={needed} in a unit of systemd"
        )
    });
    Ok(Connections { most, warning })
}

#[cfg(not(unix))]
pub(super) fn connections_within_limit(wanted: usize) -> Result<Connections, Failure> {
    Ok(Connections { most: wanted, warning: None })
}

/// The most connections for which so many open files are enough.
fn fitting(limit: u64, wanted: usize) -> Option<usize> {
    let fits =
        |connections: &usize| u64::try_from(server::open_files(*connections)).is_ok_and(|it| it <= limit);
    (1..=wanted).rev().find(fits)
}

/// Listens from now on for what asks the process to stop; resolves when it does.
pub(super) fn stop_signal() -> std::io::Result<impl Future<Output = ()> + Send + 'static> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let (mut terminate, mut interrupt) =
            (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
        Ok(async move {
            let name = tokio::select! {
                _ = terminate.recv() => "SIGTERM",
                _ = interrupt.recv() => "SIGINT",
            };
            tracing::info!("{name}: stopping once running requests have finished");
        })
    }
    #[cfg(not(unix))]
    Ok(async { drop(tokio::signal::ctrl_c().await) })
}

/// A certificate that is served, and the files it came from.
pub(super) struct Certificate {
    pub(super) served: RustlsConfig,
    pub(super) certificate: PathBuf,
    pub(super) key: PathBuf,
}

/// Listens from now on for signals that would end the process without a word. SIGHUP reads the certificate and its key
/// again; the others do nothing.
pub(super) fn other_signals(
    certificate: Option<Certificate>,
) -> std::io::Result<impl Future<Output = ()> + Send + 'static> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let mut hangup = signal(SignalKind::hangup())?;
        let (mut first, mut second) =
            (signal(SignalKind::user_defined1())?, signal(SignalKind::user_defined2())?);
        Ok(async move {
            loop {
                tokio::select! {
                    _ = hangup.recv() => reload(certificate.as_ref()).await,
                    _ = first.recv() => tracing::info!("SIGUSR1 ignored"),
                    _ = second.recv() => tracing::info!("SIGUSR2 ignored"),
                }
            }
        })
    }
    #[cfg(not(unix))]
    {
        drop(certificate);
        Ok(std::future::pending())
    }
}

/// Serves the certificate that the files hold now to every connection from now on. One that cannot be used changes
/// nothing.
#[cfg(unix)]
async fn reload(certificate: Option<&Certificate>) {
    let Some(Certificate { served, certificate, key }) = certificate else {
        return tracing::info!(
            "SIGHUP ignored: there is no certificate to read again; other settings need a restart"
        );
    };
    match server::reload_tls(served, certificate, key).await {
        Ok(()) => tracing::info!(
            "SIGHUP: the certificate and its key were read again; other settings need a restart"
        ),
        Err(error) => tracing::error!("SIGHUP: {error}: still serving the certificate read before"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
