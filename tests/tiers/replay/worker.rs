//! Worker processes: this test's own binary, doing what the script says.

use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use tracedeck::session::driver::{Driver, RunRequest, StopHandle};
use tracedeck::session::event::{EndReason, Event};
use tracedeck::session::worker::child;
use tracedeck::session::worker::pool::{WorkerCommand, WorkerPool};
use tracedeck_compiler::options::CompileOptions;

use super::server::{Directory, printf, shape};

/// Tells this binary that it is to be a worker.
const WORKER: &str = "TRACEDECK_TEST_WORKER";

/// The first worker that finds no file of this name makes it and dies.
const FIRST_DIES: &str = "TRACEDECK_TEST_FIRST_DIES";

/// Not a test of its own: what [`pool`] starts.
#[test]
fn acts_as_worker_when_asked() {
    if std::env::var_os(WORKER).is_none() {
        return;
    }
    if let Some(grave) = std::env::var_os(FIRST_DIES)
        && !std::fs::exists(&grave).unwrap()
    {
        std::fs::write(grave, std::process::id().to_string()).unwrap();
        std::process::exit(3);
    }
    let stream = UnixStream::from(std::io::stdin().as_fd().try_clone_to_owned().unwrap());
    let _ = child::serve(stream, || {}, |request| Ok(Box::new(Scripted::start(request))));
    std::process::exit(0);
}

fn command(more: &[(&str, &str)]) -> WorkerCommand {
    let environment = [(WORKER, "1")].iter().chain(more).map(|(name, value)| (name.into(), value.into())).collect();
    WorkerCommand {
        program: std::env::current_exe().unwrap(),
        arguments: ["--exact", "worker::acts_as_worker_when_asked"].map(Into::into).to_vec(),
        environment,
    }
}

fn pool() -> WorkerPool {
    WorkerPool::new(command(&[])).unwrap()
}

/// A driver whose script says what happens.
struct Scripted {
    events: Option<Receiver<Event>>,
    stop: std::sync::mpsc::Sender<Event>,
    stubborn: bool,
}

impl Scripted {
    fn start(request: RunRequest) -> Self {
        let (stop, events) = channel();
        let send = |event| stop.send(event).unwrap();
        match request.source.as_str() {
            "compile for ever" => {}
            script => {
                send(shape());
                send(Event::Attached { probes: 1 });
                send(printf(&format!("{}\n", std::process::id())));
                match script {
                    "exit" => std::process::exit(7),
                    "abort" => std::process::abort(),
                    "end" => send(Event::Ended { reason: EndReason::Finished, exit_code: 0 }),
                    _ => {}
                }
            }
        }
        Self { events: Some(events), stop, stubborn: request.source == "stubborn" }
    }
}

struct Stop(Option<std::sync::mpsc::Sender<Event>>);

impl StopHandle for Stop {
    fn stop(&self) {
        if let Some(sender) = &self.0 {
            let _ = sender.send(Event::Ended { reason: EndReason::Stopped, exit_code: 0 });
        }
    }
}

impl Driver for Scripted {
    fn events(&mut self) -> Option<Receiver<Event>> {
        self.events.take()
    }

    fn stop(&self) {
        self.handle().stop();
    }

    fn handle(&self) -> Box<dyn StopHandle> {
        Box::new(Stop((!self.stubborn).then(|| self.stop.clone())))
    }
}

fn start(pool: &WorkerPool, source: &str) -> (Box<dyn Driver>, Receiver<Event>) {
    let request = RunRequest {
        imported: None,
        source_name: "script".to_owned(),
        source: source.to_owned(),
        options: CompileOptions::default(),
        command: None,
        dry_run: false,
        live_maps: true,
        live_map_entries: 0,
        time_limit_seconds: 0,
        measure: false,
        server: None,
        debug_directories: Vec::new(),
    };
    let mut driver = pool.start(request).unwrap();
    let events = driver.events().unwrap();
    (driver, events)
}

/// The process id that the worker prints, after which it waits.
fn pid(events: &Receiver<Event>) -> u32 {
    loop {
        if let Event::Output(tracedeck::session::event::Output::Printf { text, .. }) = events.recv().unwrap() {
            return String::from_utf8(text).unwrap().trim().parse().unwrap();
        }
    }
}

/// The end of the run; nothing follows it.
fn end(events: &Receiver<Event>) -> EndReason {
    loop {
        if let Event::Ended { reason, .. } = events.recv().unwrap() {
            assert!(events.recv().is_err(), "nothing follows the end");
            return reason;
        }
    }
}

fn is_alive(pid: u32) -> bool {
    // A zombie is as good as gone.
    std::fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| !stat.contains(") Z "))
}

fn died(reason: EndReason) -> String {
    match reason {
        EndReason::WorkerDied { message } => message,
        other => panic!("{other:?}"),
    }
}

#[test]
fn events_come_in_order_and_the_end_is_the_last() {
    let pool = pool();
    let (_driver, events) = start(&pool, "end");
    assert_eq!(events.recv().unwrap(), shape());
    assert_eq!(events.recv().unwrap(), Event::Attached { probes: 1 });
    assert_eq!(end(&events), EndReason::Finished);
}

#[test]
fn every_run_has_a_process_of_its_own() {
    let pool = pool();
    let runs: Vec<_> = (0..3).map(|_| start(&pool, "wait")).collect();
    let mut pids: Vec<_> = runs.iter().map(|(_, events)| pid(events)).collect();
    pids.dedup();
    assert_eq!(pids.len(), 3);
    assert!(!pids.contains(&std::process::id()));
}

#[test]
fn a_killed_worker_ends_its_run_with_a_sentence_and_no_other() {
    let pool = pool();
    let (victim, other) = (start(&pool, "wait"), start(&pool, "wait"));
    let (pid, other_pid) = (pid(&victim.1), pid(&other.1));
    nix::sys::signal::kill(nix::unistd::Pid::from_raw(pid as i32), nix::sys::signal::Signal::SIGKILL).unwrap();
    let message = died(end(&victim.1));
    assert!(message.contains("was killed by SIGKILL"), "{message}");
    assert!(is_alive(other_pid));
    other.0.stop();
    assert_eq!(end(&other.1), EndReason::Stopped);
}

#[test]
fn a_worker_that_exits_or_aborts_is_told_from_one_that_ends() {
    let pool = pool();
    let message = died(end(&start(&pool, "exit").1));
    assert!(message.contains("ended with exit status 7"), "{message}");
    let message = died(end(&start(&pool, "abort").1));
    assert!(message.contains("was killed by SIGABRT"), "{message}");
}

#[test]
fn a_worker_that_compiles_for_ever_is_stopped_at_once() {
    let pool = pool();
    let (driver, events) = start(&pool, "compile for ever");
    driver.stop();
    driver.stop();
    assert_eq!(end(&events), EndReason::Stopped);
}

#[test]
fn a_worker_that_does_not_stop_is_killed() {
    let pool = pool();
    let (driver, events) = start(&pool, "stubborn");
    let pid = pid(&events);
    driver.stop();
    assert_eq!(end(&events), EndReason::Stopped);
    while is_alive(pid) {
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn a_dropped_run_stops() {
    let pool = pool();
    let (driver, events) = start(&pool, "wait");
    let pid = pid(&events);
    drop(driver);
    assert_eq!(end(&events), EndReason::Stopped);
    while is_alive(pid) {
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn a_spare_worker_that_died_is_replaced() {
    let directory = Directory::new();
    std::fs::create_dir(&directory.0).unwrap();
    let grave = directory.0.join("pid");
    let pool = WorkerPool::new(command(&[(FIRST_DIES, grave.to_str().unwrap())])).unwrap();
    let pid = loop {
        match std::fs::read_to_string(&grave).ok().and_then(|text| text.parse().ok()) {
            Some(pid) => break pid,
            None => std::thread::sleep(Duration::from_millis(10)),
        }
    };
    while is_alive(pid) {
        std::thread::sleep(Duration::from_millis(10));
    }
    assert_eq!(end(&start(&pool, "end").1), EndReason::Finished);
}
