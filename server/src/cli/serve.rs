//! `tracedeck serve`: the dashboard.

use std::io::{IsTerminal, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{Notify, Semaphore, watch};
use tracedeck_compiler::kernel::Kernel;

use crate::host::{LiveKernel, features};
use crate::http::auth::{self, Auth};
use crate::http::guard::Hosts;
use crate::http::protocol::{FeatureInfo, HostInfo, LimitsInfo};
use crate::http::table::{RunLimits, RunTable};
use crate::http::{self, App, accept, housekeeping, socket};
use crate::session::worker::pool::{WorkerCommand, WorkerPool};
use crate::store::{Quota, Store, secrets, shares, users};

mod catalogue;

/// Ports below 1024 cannot be taken by other users of the machine while the server is down. Browsers block some of
/// them, but none of these.
const ROOT_PORTS: [u16; 4] = [733, 734, 735, 738];
const USER_PORTS: [u16; 4] = [7333, 7334, 7335, 7338];
/// How long runs may take to end when the server is asked to.
const STOP_WAIT: Duration = Duration::from_secs(12);

/// Serve the dashboard.
///
/// Prints one address with a token that works once, within ten minutes. Whoever opens it may trace everything on this
/// machine, so do not pass it on: to show a run to somebody, use Share in the page.
#[derive(Debug, Clone, clap::Args)]
#[command(after_long_help = AFTER_HELP)]
pub struct ServeArguments {
    /// Address and port to listen on. Default: 127.0.0.1 and port 733 (7333 without root), or the next free one
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub listen: Option<SocketAddr>,

    /// Where runs are stored. Only the user that runs tracedeck may enter it [default: /var/lib/tracedeck as root]
    #[arg(long, value_name = "DIRECTORY")]
    pub data_dir: Option<PathBuf>,

    /// The longest that a script may run, such as 90s, 10m or 2h; 0: as long as it likes
    #[arg(long, value_name = "TIME", default_value = "10m", value_parser = parse_time)]
    pub time_limit: Duration,

    /// How many scripts may run at once
    #[arg(long, value_name = "NUMBER", default_value_t = 32, value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub max_runs: u16,

    /// The most that stored runs may take; the oldest make room
    #[arg(long, value_name = "MIB", default_value_t = 1024, value_parser = clap::value_parser!(u64).range(8..))]
    pub max_storage: u64,

    /// Another name and port by which browsers reach this server, such as box.example:733. May be given several times
    #[arg(long, value_name = "NAME:PORT")]
    pub host: Vec<String>,

    /// Listen on an address that other machines can reach. Everything, tokens included, then crosses the network as
    /// it is: only for networks where everybody may be root here
    #[arg(long)]
    pub insecure_remote: bool,
}

const AFTER_HELP: &str = "\
From another machine, forward the port and open the printed address there:
    ssh -L 733:127.0.0.1:733 root@box

Another address with a fresh token, while the server runs:
    kill -USR1 PID        (it is also in the file login-url of the data directory)

From scripts, with the token in the file api-token of the data directory:
    curl -H \"Authorization: Bearer $(cat /var/lib/tracedeck/api-token)\" http://127.0.0.1:733/api/runs

Accounts of others, each with an address of its own (viewer, operator or admin):
    tracedeck user add ada --role operator

Ctrl-C or SIGTERM stops all runs, stores them and ends the server.";

/// Serves until a signal ends it.
pub fn run(options: &ServeArguments) -> anyhow::Result<u8> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(std::thread::available_parallelism().map_or(2, |count| count.get().clamp(2, 4)))
        .max_blocking_threads(64)
        .enable_all()
        .build()
        .context("the runtime")?;
    let result = runtime.block_on(serve(options));
    // Reads of the store that nobody waits for any more.
    runtime.shutdown_timeout(Duration::from_secs(1));
    result.map(|()| 0)
}

async fn serve(options: &ServeArguments) -> anyhow::Result<()> {
    let listener = listen(options).await?;
    let address = listener.local_addr().context("the address of the socket")?;
    let directory = options.data_dir.clone().map_or_else(default_directory, Ok)?;
    let quota = Quota { database_bytes: options.max_storage << 20, ..Quota::default() };
    let store = Arc::new(Store::open(&directory, quota)?);
    let api_token = secrets::keep(&directory.join("api-token"))?;
    let auth = Arc::new(Auth::new(address.port(), &api_token, &secrets::keep(&directory.join("view-secret"))?));
    auth.refresh(store.read(users::list)?, store.read(shares::list)?);
    auth.restore(store.logins()?);

    let pool = WorkerPool::new(WorkerCommand::own()).context("worker processes")?;
    let limits = RunLimits {
        time_limit_seconds: options.time_limit.as_secs(),
        runs_at_once: usize::from(options.max_runs),
        ..RunLimits::default()
    };
    let kernel = LiveKernel::shared();
    let host = Arc::new(describe(&kernel, &limits, options.max_storage << 20));
    let runs = Arc::new(RunTable::new(Arc::clone(&store), Box::new(move |request| pool.start(request)), limits));
    let (down, shutdown) = watch::channel(false);
    let app = App {
        runs: Arc::clone(&runs),
        auth: Arc::clone(&auth),
        probes: Arc::new(catalogue::LiveCatalogue::new(kernel.clone())),
        kernel: kernel as Arc<dyn Kernel>,
        host,
        viewers: Arc::new(Semaphore::new(socket::MAX_VIEWERS)),
        workers: Arc::new(Semaphore::new(4)),
        shutdown: shutdown.clone(),
        token_used: Arc::new(Notify::new()),
    };
    tokio::spawn(housekeeping::keep(app.clone()));
    let token_used = Arc::clone(&app.token_used);
    let viewers = Arc::clone(&app.viewers);
    let mut others = options.host.clone();
    if options.insecure_remote {
        others.push(address.to_string());
    }
    let serving =
        tokio::spawn(accept::serve(listener, http::router(app), Hosts::new(address.port(), others), shutdown));

    let invitation = Invitation { auth, address, file: directory.join("login-url") };
    invitation.issue(true)?;
    wait_for_end(&invitation, &token_used).await?;

    tracing::info!("stopping all runs");
    tokio::task::spawn_blocking(move || runs.close(STOP_WAIT)).await.context("stopping the runs")?;
    down.send_replace(true);
    let _ = serving.await;
    // All permits back: all viewers have been told.
    let _ = tokio::time::timeout(Duration::from_secs(2), viewers.acquire_many(socket::MAX_VIEWERS as u32)).await;
    invitation.withdraw();
    tokio::task::spawn_blocking(move || store.close()).await.context("closing the store")?;
    Ok(())
}

/// Answers signals until one ends the server. A second one ends the process at once.
async fn wait_for_end(invitation: &Invitation, token_used: &Notify) -> anyhow::Result<()> {
    let mut interrupt = signal(SignalKind::interrupt()).context("SIGINT")?;
    let mut terminate = signal(SignalKind::terminate()).context("SIGTERM")?;
    let mut invite = signal(SignalKind::user_defined1()).context("SIGUSR1")?;
    loop {
        tokio::select! {
            _ = interrupt.recv() => break,
            _ = terminate.recv() => break,
            _ = invite.recv() => invitation.issue(false)?,
            () = token_used.notified() => {
                invitation.withdraw();
                tracing::info!("the address was used; kill -USR1 {} prints another", std::process::id());
            }
        }
    }
    tokio::spawn(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        std::process::exit(130);
    });
    Ok(())
}

/// The address with a token that is good for one login.
struct Invitation {
    auth: Arc<Auth>,
    address: SocketAddr,
    file: PathBuf,
}

impl Invitation {
    /// Prints the address with a new token and puts it into a file that only we can read.
    fn issue(&self, is_first: bool) -> anyhow::Result<()> {
        let token = self.auth.new_token().context("random bytes")?;
        let minutes = auth::TOKEN_LIFE.as_secs() / 60;
        let url = format!("http://{}/#k={token}", browsable(self.address));
        secrets::write(&self.file, &url)?;
        let mut out = std::io::stdout().lock();
        if is_first {
            writeln!(
                out,
                "tracedeck {} is ready. Open this address; it works once, within {minutes} minutes:",
                env!("CARGO_PKG_VERSION")
            )?;
        }
        writeln!(out, "\n    {url}\n")?;
        if is_first {
            let (port, name) = (self.address.port(), hostname());
            writeln!(out, "From another machine: ssh -L {port}:127.0.0.1:{port} {name}, then the same address there.")?;
            writeln!(out, "Another address: kill -USR1 {}. To stop: {}.", std::process::id(), stop_key())?;
        }
        out.flush()?;
        Ok(())
    }

    /// The token is not good for anything any more.
    fn withdraw(&self) {
        let _ = std::fs::remove_file(&self.file);
    }
}

fn stop_key() -> &'static str {
    if std::io::stdin().is_terminal() { "Ctrl-C" } else { "SIGTERM" }
}

/// The address as a browser on this machine reaches it.
fn browsable(address: SocketAddr) -> SocketAddr {
    match address.ip() {
        ip if ip.is_unspecified() => SocketAddr::new(Ipv4Addr::LOCALHOST.into(), address.port()),
        _ => address,
    }
}

async fn listen(options: &ServeArguments) -> anyhow::Result<TcpListener> {
    if let Some(address) = options.listen {
        if !address.ip().is_loopback() && !options.insecure_remote {
            bail!(
                "{} can be reached from other machines, and there is no encryption: listen on 127.0.0.1 and forward the \
                 port with ssh, or say --insecure-remote",
                address.ip()
            );
        }
        return TcpListener::bind(address).await.with_context(|| format!("cannot listen on {address}"));
    }
    let ports = if nix::unistd::geteuid().is_root() { ROOT_PORTS } else { USER_PORTS };
    for port in ports {
        match TcpListener::bind((IpAddr::from(Ipv4Addr::LOCALHOST), port)).await {
            Ok(listener) => return Ok(listener),
            Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => {
                eprintln!("Port {port} is taken; trying the next one.");
            }
            Err(error) => return Err(error).with_context(|| format!("cannot listen on port {port}")),
        }
    }
    bail!("the ports {ports:?} are all taken; choose one with --listen 127.0.0.1:PORT")
}

pub fn default_directory() -> anyhow::Result<PathBuf> {
    if nix::unistd::geteuid().is_root() {
        return Ok(PathBuf::from("/var/lib/tracedeck"));
    }
    let state = std::env::var_os("XDG_STATE_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    let home = || std::env::var_os("HOME").map(|home| Path::new(&home).join(".local/state"));
    let state = state.or_else(home).context("no home directory; name one with --data-dir")?;
    Ok(state.join("tracedeck"))
}

fn describe(kernel: &LiveKernel, limits: &RunLimits, storage_bytes: u64) -> HostInfo {
    let uid = nix::unistd::geteuid();
    let user = nix::unistd::User::from_uid(uid).ok().flatten().map_or_else(|| uid.to_string(), |user| user.name);
    HostInfo {
        hostname: hostname(),
        kernel: kernel.release().to_owned(),
        cpus: kernel.online_cpus().len() as u32,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        user,
        features: features::report(kernel)
            .into_iter()
            .map(|report| FeatureInfo {
                name: report.name.to_owned(),
                available: report.available,
                since: report.since.to_owned(),
            })
            .collect(),
        limits: LimitsInfo {
            source_bytes: limits.compile.max_source_bytes as u64,
            probes: limits.compile.max_probes as u64,
            map_bytes: limits.compile.max_map_bytes,
            time_limit_seconds: limits.time_limit_seconds,
            runs_at_once: limits.runs_at_once as u32,
            viewers: socket::MAX_VIEWERS as u32,
            storage_bytes,
        },
    }
}

fn hostname() -> String {
    std::fs::read_to_string("/proc/sys/kernel/hostname")
        .map_or_else(|_| "this-box".to_owned(), |name| name.trim().to_owned())
}

/// A time such as `90s`, `10m`, `2h`, or a number of seconds.
fn parse_time(text: &str) -> Result<Duration, String> {
    let (digits, factor) = match text.char_indices().last() {
        Some((at, 's')) => (&text[..at], 1),
        Some((at, 'm')) => (&text[..at], 60),
        Some((at, 'h')) => (&text[..at], 3600),
        _ => (text, 1),
    };
    let number: u64 = digits.parse().map_err(|_| "a time is a number and s, m or h, such as 10m".to_owned())?;
    number.checked_mul(factor).map(Duration::from_secs).ok_or_else(|| "that is longer than time itself".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_units_or_are_seconds() {
        for (text, seconds) in [("90", 90), ("90s", 90), ("10m", 600), ("2h", 7200), ("0", 0)] {
            assert_eq!(parse_time(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
        for text in ["", "m", "10x", "-1s", "1.5h", "99999999999999999999", "9999999999999999999h", "10ä"] {
            assert!(parse_time(text).is_err(), "{text}");
        }
    }

    #[test]
    fn the_default_ports_are_not_blocked_by_browsers() {
        // From the fetch standard's list of bad ports, those near ours.
        let blocked = [587, 601, 636, 989, 990, 993, 995, 1719, 1720, 1723, 6665, 6666, 6667, 6668, 6669, 6679, 6697];
        for port in ROOT_PORTS.into_iter().chain(USER_PORTS) {
            assert!(!blocked.contains(&port), "{port}");
        }
    }
}
