//! The accept loop: `axum::serve` 0.8 has no time-outs, so a silent client could hold a connection for ever.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::response::IntoResponse;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tower::ServiceExt;

use super::guard::{self, Hosts};

/// From the first byte, or from the end of the request before, to the end of the headers.
const HEADER_DEADLINE: Duration = Duration::from_secs(5);
const MAX_CONNECTIONS: usize = 512;
/// Bytes of headers, and of what is read ahead of a body.
const MAX_HEADER_BYTES: usize = 64 << 10;
/// Bytes that the kernel keeps for a client that does not read. 1,000 stuck viewers cost 256 MB at most.
const SEND_BUFFER: usize = 256 << 10;
/// How long to wait when the process has no file descriptors left.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// How long connections may take to end when the server shuts down.
const DRAIN: Duration = Duration::from_secs(3);

/// Serves until `shutdown` turns true, then lets requests under way finish.
pub async fn serve(listener: TcpListener, router: Router, hosts: Hosts, mut shutdown: watch::Receiver<bool>) {
    let (hosts, permits) = (Arc::new(hosts), Arc::new(Semaphore::new(MAX_CONNECTIONS)));
    let mut complained: Option<Instant> = None;
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = super::shut_down(&mut shutdown) => break,
        };
        match accepted {
            Ok((stream, peer)) => {
                // Beyond the cap a client is hung up on at once rather than left to wonder.
                let Ok(permit) = Arc::clone(&permits).try_acquire_owned() else { continue };
                let (router, hosts, shutdown) = (router.clone(), Arc::clone(&hosts), shutdown.clone());
                tokio::spawn(async move {
                    connection(stream, peer, router, hosts, shutdown).await;
                    drop(permit);
                });
            }
            Err(error) => {
                if complained.is_none_or(|at| at.elapsed() > Duration::from_secs(60)) {
                    tracing::error!(%error, "cannot accept connections");
                    complained = Some(Instant::now());
                }
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    drop(listener);
    // All permits back: all connections have ended.
    let _ = tokio::time::timeout(DRAIN, permits.acquire_many(MAX_CONNECTIONS as u32)).await;
}

async fn connection(
    stream: TcpStream,
    peer: SocketAddr,
    router: Router,
    hosts: Arc<Hosts>,
    mut shutdown: watch::Receiver<bool>,
) {
    // Both only make a good connection better.
    let _ = stream.set_nodelay(true);
    let _ = nix::sys::socket::setsockopt(&stream, nix::sys::socket::sockopt::SndBuf, &SEND_BUFFER);
    let service = hyper::service::service_fn(move |request: hyper::Request<Incoming>| {
        let (router, hosts) = (router.clone(), Arc::clone(&hosts));
        async move {
            let mut request = request.map(Body::new);
            if let Err(error) = hosts.check(&request) {
                return Ok::<_, Infallible>(guard::harden(error.into_response()));
            }
            request.extensions_mut().insert(ConnectInfo(peer));
            let Ok(response) = router.oneshot(request).await;
            Ok(guard::harden(response))
        }
    });
    let serving = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_DEADLINE)
        .max_buf_size(MAX_HEADER_BYTES)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    tokio::pin!(serving);
    let result = tokio::select! {
        result = serving.as_mut() => result,
        () = super::shut_down(&mut shutdown) => {
            serving.as_mut().graceful_shutdown();
            serving.await
        }
    };
    if let Err(error) = result {
        tracing::debug!(%peer, %error, "connection ended");
    }
}
