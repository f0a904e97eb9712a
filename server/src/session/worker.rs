//! A driver over a worker process: one process per run, so that whatever a script does to the compiler, to memory or to
//! the kernel is that run's business alone. A worker that dies ends its run with a sentence; the kernel has then
//! detached all it had attached.

use std::io::{self, Write};
use std::os::unix::net::UnixStream;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, ExitStatus};
use std::sync::mpsc::{self, Receiver, SyncSender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use self::frame::{FrameReader, FromWorker, Received, ToWorker, VERSION};
use self::pool::Spare;
use super::driver::{Driver, RunRequest, StopHandle};
use super::event::{EndReason, Event};

pub mod child;
pub mod frame;
pub mod pool;

/// Events that wait for the session; a full channel slows the worker, which counts what it then loses.
const CHANNEL: usize = 4096;
/// How often deadlines are looked at.
const TICK: Duration = Duration::from_millis(200);
/// The most time from the request until the script is compiled.
const COMPILE_DEADLINE: Duration = Duration::from_secs(30);
/// The most time from Stop until the run has ended; then the worker is killed.
const STOP_DEADLINE: Duration = Duration::from_secs(10);
/// How much longer than its time limit a run may take to end by itself.
const LIMIT_GRACE: Duration = Duration::from_secs(15);

pub struct WorkerDriver {
    events: Option<Receiver<Event>>,
    control: Arc<Control>,
    process: u32,
}

/// What Stop needs, from any thread.
struct Control {
    socket: Mutex<UnixStream>,
    stopped_at: Mutex<Option<Instant>>,
}

impl WorkerDriver {
    pub fn start(spare: Spare, request: RunRequest) -> io::Result<Self> {
        let Spare { child, stream } = spare;
        let process = child.id();
        stream.set_read_timeout(Some(TICK))?;
        let control = Arc::new(Control { socket: Mutex::new(stream.try_clone()?), stopped_at: Mutex::new(None) });
        let limit = match request.time_limit_seconds {
            0 => None,
            seconds => Some((seconds, Duration::from_secs(seconds).saturating_add(LIMIT_GRACE))),
        };
        // A worker that is already dead is found out by the reader, which says so as the end of the run.
        let _ = control.send(&ToWorker::Start(Box::new(request)));
        let (sender, events) = mpsc::sync_channel(CHANNEL);
        let keeper = Keeper {
            child,
            limit,
            control: Arc::clone(&control),
            sender: Some(sender),
            begun: Instant::now(),
            compiled: false,
        };
        thread::Builder::new().name("worker-reader".to_owned()).spawn(move || keeper.keep(stream))?;
        Ok(Self { events: Some(events), control, process })
    }
}

impl Driver for WorkerDriver {
    fn events(&mut self) -> Option<Receiver<Event>> {
        self.events.take()
    }

    fn stop(&self) {
        self.control.stop();
    }

    fn process(&self) -> Option<u32> {
        Some(self.process)
    }

    fn handle(&self) -> Box<dyn StopHandle> {
        Box::new(Arc::clone(&self.control))
    }
}

impl Drop for WorkerDriver {
    fn drop(&mut self) {
        self.control.stop();
    }
}

impl StopHandle for Arc<Control> {
    fn stop(&self) {
        Control::stop(self);
    }
}

impl Control {
    fn stop(&self) {
        {
            let mut stopped_at = self.stopped_at.lock().unwrap_or_else(PoisonError::into_inner);
            if stopped_at.is_some() {
                return;
            }
            *stopped_at = Some(Instant::now());
        }
        let _ = self.send(&ToWorker::Stop);
    }

    fn stopping_for(&self) -> Option<Duration> {
        self.stopped_at.lock().unwrap_or_else(PoisonError::into_inner).map(|at| at.elapsed())
    }

    fn send(&self, message: &ToWorker) -> io::Result<()> {
        let mut bytes = Vec::new();
        frame::encode(message, &mut bytes)?;
        self.socket.lock().unwrap_or_else(PoisonError::into_inner).write_all(&bytes)
    }
}

/// Reads what the worker sends, and sees it to its end.
struct Keeper {
    child: Child,
    /// Seconds the run may take, and how long the server waits for it.
    limit: Option<(u64, Duration)>,
    control: Arc<Control>,
    /// None once the last event was passed on.
    sender: Option<SyncSender<Event>>,
    begun: Instant,
    compiled: bool,
}

impl Keeper {
    fn keep(mut self, stream: UnixStream) {
        let mut reader = FrameReader::new(stream);
        let mut greeted = false;
        let failure = loop {
            match reader.receive::<FromWorker>() {
                Ok(Received::Message(FromWorker::Hello { version: VERSION })) => greeted = true,
                Ok(Received::Message(FromWorker::Hello { version })) => {
                    self.kill();
                    break Some(format!(
                        "The worker speaks version {version}, the server {VERSION}: restart the server"
                    ));
                }
                Ok(Received::Message(FromWorker::Event(event))) if greeted => self.pass_on(event),
                Ok(Received::Message(FromWorker::Event(_))) => {
                    self.kill();
                    break Some("The worker did not introduce itself".to_owned());
                }
                Ok(Received::Nothing) => {}
                Ok(Received::End) => break None,
                Err(error) => {
                    self.kill();
                    break Some(format!("The worker sent something that is no message: {error}"));
                }
            }
            if let Some(reason) = self.overdue() {
                self.kill();
                self.pass_on(Event::Ended { reason, exit_code: 1 });
            }
        };
        if let Some(message) = failure {
            self.pass_on(Event::Ended { reason: EndReason::WorkerDied { message }, exit_code: 1 });
        }
        // The socket is closed. What is left of the process is its exit, which may wait for the kernel to detach.
        if self.sender.is_some() {
            let status = self.exit_soon();
            self.pass_on(died(status));
        }
        if let Err(error) = self.child.wait() {
            tracing::warn!(%error, "cannot wait for a worker process");
        }
    }

    /// Passes an event on; all after the end of the run is dropped.
    fn pass_on(&mut self, event: Event) {
        let is_last = matches!(event, Event::Ended { .. });
        self.compiled |= matches!(event, Event::Compiled(_));
        if let Some(sender) = &self.sender {
            // Nobody listens any more when the session was dropped; the worker is stopping then.
            let _ = sender.send(event);
        }
        if is_last {
            self.sender = None;
        }
    }

    /// Why the worker has to be killed, if it has.
    fn overdue(&self) -> Option<EndReason> {
        self.sender.as_ref()?;
        match self.control.stopping_for() {
            // Nothing is attached before the script is compiled, so there is nothing to wait for.
            Some(_) if !self.compiled => return Some(EndReason::Stopped),
            Some(passed) if passed > STOP_DEADLINE => return Some(EndReason::Stopped),
            _ => {}
        }
        let passed = self.begun.elapsed();
        if !self.compiled && passed > COMPILE_DEADLINE {
            let message = format!("Compiling the script took more than {} seconds", COMPILE_DEADLINE.as_secs());
            return Some(EndReason::Failed { message });
        }
        match self.limit {
            Some((seconds, wait)) if passed > wait => Some(EndReason::TimeLimit { seconds }),
            _ => None,
        }
    }

    fn kill(&mut self) {
        // Fails only for a process that has already been waited for.
        let _ = self.child.kill();
    }

    /// The exit status, if it comes within a moment: a dying process may be slow, but its run need not wait to know it.
    fn exit_soon(&mut self) -> Option<ExitStatus> {
        for _ in 0..40 {
            match self.child.try_wait() {
                Ok(None) => thread::sleep(Duration::from_millis(25)),
                Ok(status) => return status,
                Err(_) => return None,
            }
        }
        None
    }
}

/// The end of a run whose worker went away without one.
fn died(status: Option<ExitStatus>) -> Event {
    let how = match status.map(|status| (status.signal(), status.code())) {
        Some((Some(signal), _)) => match nix::sys::signal::Signal::try_from(signal) {
            Ok(signal) => format!("was killed by {}", signal.as_str()),
            Err(_) => format!("was killed by signal {signal}"),
        },
        Some((None, Some(code))) => format!("ended with exit status {code}"),
        Some((None, None)) | None => "is gone".to_owned(),
    };
    let message = format!("The worker process of this run {how}; the kernel detaches what it had attached");
    Event::Ended { reason: EndReason::WorkerDied { message }, exit_code: 1 }
}
