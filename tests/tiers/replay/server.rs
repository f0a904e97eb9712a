//! A real server on a real port, whose runs do what a test says.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex};

use tokio::net::TcpListener;
use tokio::sync::{Notify, Semaphore, watch};
use tokio::task::JoinHandle;
use tracedeck::host::bpf_holders::Holder;
use tracedeck::host::process_list::Process;
use tracedeck::host::search::{Child, Index};
use tracedeck::http::auth::Auth;
use tracedeck::http::guard::Hosts;
use tracedeck::http::probes::Catalogue;
use tracedeck::http::protocol::{HostInfo, LimitsInfo};
use tracedeck::http::table::{RunLimits, RunTable};
use tracedeck::http::{self, App, accept, socket};
use tracedeck::session::driver::{Driver, RunRequest, StopHandle};
use tracedeck::session::event::{EndReason, Event, MapShape, Output, RunShape};
use tracedeck::store::{Quota, Store, shares, users};
use tracedeck_compiler::abi::value::{MapSnapshot, Number, Value};
use tracedeck_compiler::kernel::Feature;
use tracedeck_compiler::kernel::fixture::FixtureKernel;
use tracedeck_compiler::manifest::{MapId, PrintfStream};
use tracedeck_compiler::source::Span;
use tracedeck_compiler::types::{Aggregate, Type};

/// A directory that is removed with its content.
pub struct Directory(pub PathBuf);

impl Directory {
    pub fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("tracedeck-replay-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        Self(std::env::temp_dir().join(name))
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A machine with two probes.
struct FewProbes;

impl Catalogue for FewProbes {
    fn search(&self, query: &str, limit: usize) -> (usize, Vec<String>) {
        let index = Index::new(["tracepoint:sched:sched_switch", "software:faults:"].map(str::to_owned).to_vec());
        let (total, best) = index.search(query, limit);
        (total, best.into_iter().map(|found| found.name.to_owned()).collect())
    }

    fn arguments(&self, attach_point: &str) -> Vec<String> {
        if attach_point.ends_with("sched_switch") { vec!["char prev_comm[16]".to_owned()] } else { Vec::new() }
    }

    fn children(&self, prefix: &str) -> Vec<Child> {
        Index::new(["tracepoint:sched:sched_switch", "software:faults:"].map(str::to_owned).to_vec()).children(prefix)
    }

    fn of_binary(&self, path: &str, _: Option<u32>, _: &str, _: usize) -> Result<(usize, Vec<String>), String> {
        if path == "/bin/bash" { Ok((1, vec![format!("uprobe:{path}:main")])) } else { Err("No such file".to_owned()) }
    }

    fn processes(&self) -> Vec<Process> {
        vec![Process { pid: 7, name: "bash".to_owned(), program: "/bin/bash".into() }]
    }

    fn bpf_holders(&self) -> Vec<Holder> {
        let (name, user) = ("cilium-agent".to_owned(), "root".to_owned());
        vec![Holder { pid: 7, parent: 1, name, user, programs: [(42, 26)].into(), links: 1, ..Holder::default() }]
    }

    fn files(&self, _: u32) -> Vec<String> {
        vec!["/bin/bash".to_owned()]
    }
}

/// A run under way, from the side that makes its events.
#[derive(Clone)]
pub struct Stage {
    pub request: RunRequest,
    events: SyncSender<Event>,
}

impl Stage {
    pub fn send(&self, event: Event) {
        self.events.send(event).expect("the session takes events until the last one");
    }

    /// Compiled with a map `@` of counts by name, and attached.
    pub fn begin(&self) {
        self.send(shape());
        self.send(Event::Attached { probes: 2 });
    }

    pub fn end(&self) {
        self.send(Event::Ended { reason: EndReason::Finished, exit_code: 0 });
    }
}

pub fn shape() -> Event {
    Event::Compiled(Arc::new(RunShape {
        probes: Vec::new(),
        maps: vec![MapShape {
            name: "@".to_owned(),
            key: Some(Type::String { capacity: 16 }),
            value: Type::Aggregate(Aggregate::Count),
        }],
        strings: Vec::new(),
        settings: Default::default(),
    }))
}

pub fn printf(text: &str) -> Event {
    let (text, stream) = (text.as_bytes().to_vec(), PrintfStream::Out);
    Event::Output(Output::Printf {
        stream,
        text,
        foreign: Vec::new(),
        span: Span::default(),
        expanded_from: Vec::new(),
    })
}

pub fn counts(entries: &[(&str, u64)]) -> Vec<(MapId, MapSnapshot)> {
    let entry = |(name, count): &(&str, u64)| {
        let key = Value::String { bytes: name.as_bytes().to_vec(), truncated: false };
        (Some(key), Value::Number(Number::Unsigned(*count)))
    };
    vec![(MapId(0), MapSnapshot { entries: entries.iter().map(entry).collect(), omitted: 0 })]
}

/// Ends with `Stopped` when it is asked to stop.
struct StagedDriver {
    events: Option<Receiver<Event>>,
    sender: SyncSender<Event>,
}

struct StagedStop(SyncSender<Event>);

impl StopHandle for StagedStop {
    fn stop(&self) {
        // After the end nobody listens.
        let _ = self.0.try_send(Event::Ended { reason: EndReason::Stopped, exit_code: 0 });
    }
}

impl Driver for StagedDriver {
    fn events(&mut self) -> Option<Receiver<Event>> {
        self.events.take()
    }

    fn stop(&self) {
        self.handle().stop();
    }

    fn handle(&self) -> Box<dyn StopHandle> {
        Box::new(StagedStop(self.sender.clone()))
    }
}

pub struct Server {
    pub address: SocketAddr,
    pub app: App,
    pub api_token: String,
    stages: Arc<Mutex<Vec<Stage>>>,
    down: watch::Sender<bool>,
    serving: JoinHandle<()>,
}

pub const API_TOKEN: &str = "the token for programs, which is long enough";

impl Server {
    pub async fn start(directory: &Directory) -> Self {
        Self::start_with(directory, RunLimits::default()).await
    }

    pub async fn start_with(directory: &Directory, limits: RunLimits) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let store = Arc::new(Store::open(&directory.0, Quota::default()).unwrap());
        let auth = Auth::new(address.port(), API_TOKEN, "view secret");
        auth.refresh(store.read(users::list).unwrap(), store.read(shares::list).unwrap());
        auth.restore(store.logins().unwrap());
        let stages = Arc::new(Mutex::new(Vec::new()));
        let made = Arc::clone(&stages);
        let start = move |request: RunRequest| {
            let (sender, events) = sync_channel(1 << 16);
            made.lock().unwrap().push(Stage { request, events: sender.clone() });
            Ok(Box::new(StagedDriver { events: Some(events), sender }) as Box<dyn Driver>)
        };
        let (down, shutdown) = watch::channel(false);
        let app = App {
            runs: Arc::new(RunTable::new(store, Box::new(start), limits)),
            auth: Arc::new(auth),
            kernel: Arc::new(FixtureKernel::new("6.12.0", 2).without(Feature::HardwareEvents)),
            probes: Arc::new(FewProbes),
            host: Arc::new(host()),
            viewers: Arc::new(Semaphore::new(socket::MAX_VIEWERS)),
            workers: Arc::new(Semaphore::new(2)),
            shutdown: shutdown.clone(),
            token_used: Arc::new(Notify::new()),
        };
        let router = http::router(app.clone());
        let serving = tokio::spawn(accept::serve(listener, router, Hosts::new(address.port(), []), shutdown));
        Self { address, app, api_token: API_TOKEN.to_owned(), stages, down, serving }
    }

    /// The run that was begun last.
    pub fn stage(&self) -> Stage {
        self.stages.lock().unwrap().last().expect("a run was begun").clone()
    }

    pub fn stage_count(&self) -> usize {
        self.stages.lock().unwrap().len()
    }

    /// Ends as after a signal.
    pub async fn stop(self) {
        let runs = Arc::clone(&self.app.runs);
        tokio::task::spawn_blocking(move || runs.close(std::time::Duration::from_secs(10))).await.unwrap();
        self.vanish().await;
    }

    /// Ends without a word to the runs, as after `kill -9`: what was not written is lost.
    pub async fn vanish(self) {
        self.down.send_replace(true);
        self.serving.await.unwrap();
        self.app.runs.store().close();
    }
}

fn host() -> HostInfo {
    HostInfo {
        hostname: "box".to_owned(),
        kernel: "6.12.0".to_owned(),
        cpus: 2,
        version: "0".to_owned(),
        user: "root".to_owned(),
        features: Vec::new(),
        limits: LimitsInfo {
            source_bytes: 0,
            probes: 0,
            map_bytes: 0,
            time_limit_seconds: 0,
            runs_at_once: 0,
            viewers: 0,
            storage_bytes: 1 << 30,
        },
    }
}
