//! One run for every front door: its events, where they come from, and who watches.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use self::driver::{Driver, StopHandle};
use self::event::{EndReason, Event, Stamped};
use self::hub::Hub;
use self::hub::picture::Phase;
use self::recording::Recorder;

pub mod driver;
pub mod end;
pub mod event;
pub mod hub;
pub mod names;
pub mod recording;
pub mod replay;
pub mod steps;
pub mod worker;

/// Viewers get at most this many deltas in a second.
const PUBLISH_EVERY: Duration = Duration::from_millis(100);
/// What comes within so short a time after a quiet while is shown together.
const GATHER: Duration = Duration::from_millis(5);
/// How often the recorder and the clock are looked at when nothing happens.
const TICK: Duration = Duration::from_millis(250);

/// A run: its driver's events are stamped, recorded and handed to the hub until the last one.
pub struct Session {
    hub: Arc<Hub>,
    stop: Box<dyn StopHandle>,
    begun: Instant,
    ended: Arc<Ended>,
    interrupted: Arc<AtomicBool>,
    process: Option<u32>,
}

/// Lets others wait for the end.
#[derive(Default)]
struct Ended {
    flag: Mutex<bool>,
    changed: Condvar,
}

impl Session {
    /// Takes over a run that its driver has begun.
    pub fn start(mut driver: Box<dyn Driver>, recorder: Box<dyn Recorder>) -> io::Result<Self> {
        let (hub, ended, begun) = (Arc::new(Hub::default()), Arc::new(Ended::default()), Instant::now());
        let (stop, process) = (driver.handle(), driver.process());
        let events = driver.events().ok_or_else(|| io::Error::other("the events of this run were already taken"))?;
        let interrupted = Arc::new(AtomicBool::new(false));
        let pump = Pump {
            hub: Arc::clone(&hub),
            recorder,
            begun,
            sequence: 0,
            published: None,
            dirty_since: None,
            interrupted: Arc::clone(&interrupted),
        };
        let done = Arc::clone(&ended);
        thread::Builder::new().name("session".to_owned()).spawn(move || {
            pump.run(&events);
            *done.flag.lock().unwrap_or_else(PoisonError::into_inner) = true;
            done.changed.notify_all();
            // Detaches what a driver in this process still holds; may take a while.
            drop(driver);
        })?;
        Ok(Self { hub, stop, begun, ended, interrupted, process })
    }

    pub fn hub(&self) -> &Arc<Hub> {
        &self.hub
    }

    /// The worker process, which is gone some time after the end.
    pub fn process(&self) -> Option<u32> {
        self.process
    }

    /// Asks the run to end because the server does.
    pub fn interrupt(&self) {
        self.interrupted.store(true, Ordering::Release);
        self.stop();
    }

    /// Asks the run to end. Idempotent.
    pub fn stop(&self) {
        self.hub.change_status(self.now_ns(), |status| {
            if status.phase != Phase::Ended {
                status.phase = Phase::Stopping;
            }
        });
        self.stop.stop();
    }

    pub fn is_over(&self) -> bool {
        *self.ended.flag.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until the run has ended and is recorded. False when it took longer than that.
    pub fn wait(&self, at_most: Duration) -> bool {
        let flag = self.ended.flag.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.ended.changed.wait_timeout_while(flag, at_most, |over| !*over);
        *waited.unwrap_or_else(PoisonError::into_inner).0
    }

    fn now_ns(&self) -> u64 {
        self.begun.elapsed().as_nanos() as u64
    }
}

/// Moves events from the driver to the recorder and the hub.
struct Pump {
    hub: Arc<Hub>,
    recorder: Box<dyn Recorder>,
    begun: Instant,
    sequence: u64,
    published: Option<Instant>,
    /// Since when there is something to publish.
    dirty_since: Option<Instant>,
    /// The server is what ends the run.
    interrupted: Arc<AtomicBool>,
}

impl Pump {
    fn run(mut self, events: &Receiver<Event>) {
        loop {
            match events.recv_timeout(self.patience()) {
                Ok(event) => {
                    let is_last = matches!(event, Event::Ended { .. });
                    self.take(event);
                    if is_last {
                        break;
                    }
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => {
                    let message = "The run went away without a word".to_owned();
                    self.take(Event::Ended { reason: EndReason::WorkerDied { message }, exit_code: 1 });
                    break;
                }
            }
            self.publish_when_due();
        }
        self.recorder.finish(&self.hub.status());
        self.tell_problem();
        self.hub.publish(self.now_ns());
    }

    fn take(&mut self, mut event: Event) {
        if let Event::Ended { reason: reason @ EndReason::Stopped, .. } = &mut event
            && self.interrupted.load(Ordering::Acquire)
        {
            *reason = EndReason::Interrupted;
        }
        self.sequence += 1;
        let stamped = Arc::new(Stamped { sequence: self.sequence, at_ns: self.now_ns(), event });
        self.recorder.record(&stamped);
        self.hub.apply(&stamped);
        self.dirty_since.get_or_insert_with(Instant::now);
    }

    /// How long to wait for the next event before something else is due.
    fn patience(&self) -> Duration {
        self.due().map_or(TICK, |due| due.saturating_duration_since(Instant::now()).min(TICK))
    }

    /// When the next delta is to be published, if there is something in it.
    fn due(&self) -> Option<Instant> {
        let gathered = self.dirty_since? + GATHER;
        Some(self.published.map_or(gathered, |last| gathered.max(last + PUBLISH_EVERY)))
    }

    fn publish_when_due(&mut self) {
        let now = Instant::now();
        let quiet = self.dirty_since.is_none() && self.published.is_none_or(|last| now - last >= TICK);
        if quiet || self.due().is_some_and(|due| now >= due) {
            self.recorder.tick();
            self.tell_problem();
            self.hub.publish(self.now_ns());
            self.published = Some(now);
            self.dirty_since = None;
        }
    }

    fn tell_problem(&self) {
        let problem = self.recorder.problem();
        self.hub.change_status(self.now_ns(), |status| {
            if status.recording_problem != problem {
                status.recording_problem = problem;
            }
        });
    }

    fn now_ns(&self) -> u64 {
        self.begun.elapsed().as_nanos() as u64
    }
}
