//! The worker's side: waits for one request, runs it, sends its events, and dies with its server.

use std::io::{self, Write};
use std::os::unix::net::UnixStream;
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use super::frame::{self, FrameReader, FromWorker, Received, ToWorker, VERSION};
use crate::session::driver::{Driver, RunRequest, StopHandle};
use crate::session::event::{EndReason, Event};

/// Events that are waiting to be sent are joined into writes of up to about this many bytes.
const WRITE_BYTES: usize = 64 << 10;

/// What Stop stops; a Stop that comes before the run has begun is kept.
#[derive(Default)]
struct Stopper {
    requested: bool,
    handle: Option<Box<dyn StopHandle>>,
}

/// Serves one run over the socket. `warm` prepares what every run needs, while the person still types; `start` begins a
/// run. Returns after everything is detached; the process is expected to exit then.
///
/// When the server goes away the process exits at once: the kernel detaches what it had attached.
pub fn serve(
    stream: UnixStream,
    warm: impl FnOnce(),
    start: impl FnOnce(RunRequest) -> Result<Box<dyn Driver>, String>,
) -> io::Result<()> {
    let mut out = stream.try_clone()?;
    send(&mut out, &FromWorker::Hello { version: VERSION })?;

    let stopper = Arc::new(Mutex::new(Stopper::default()));
    let (requests, request) = mpsc::channel();
    {
        let stopper = Arc::clone(&stopper);
        thread::Builder::new().name("server".to_owned()).spawn(move || listen(stream, &requests, &stopper))?;
    }
    warm();

    // The channel ends only with the process: `listen` never returns.
    let Ok(request) = request.recv() else { return Ok(()) };
    let mut driver = match start(request) {
        Ok(driver) => driver,
        Err(message) => {
            return send(
                &mut out,
                &FromWorker::Event(Event::Ended { reason: EndReason::Failed { message }, exit_code: 1 }),
            );
        }
    };
    {
        let mut stopper = stopper.lock().unwrap_or_else(PoisonError::into_inner);
        if stopper.requested {
            driver.stop();
        }
        stopper.handle = Some(driver.handle());
    }
    if let Some(events) = driver.events() {
        forward(&events, &mut out)?;
    }
    // Detaching hundreds of probes may take half a minute; nobody waits for it.
    drop(driver);
    Ok(())
}

/// Takes the server's messages until it is gone, then ends the process.
fn listen(stream: UnixStream, requests: &Sender<RunRequest>, stopper: &Mutex<Stopper>) {
    let mut reader = FrameReader::new(stream);
    loop {
        match reader.receive::<ToWorker>() {
            Ok(Received::Message(ToWorker::Start(request))) => {
                // The receiver is gone once the only request was taken.
                let _ = requests.send(*request);
            }
            Ok(Received::Message(ToWorker::Stop)) => {
                let mut stopper = stopper.lock().unwrap_or_else(PoisonError::into_inner);
                stopper.requested = true;
                if let Some(handle) = &stopper.handle {
                    handle.stop();
                }
            }
            Ok(Received::Nothing) => {}
            Ok(Received::End) | Err(_) => std::process::exit(0),
        }
    }
}

/// Sends events until the last one.
fn forward(events: &Receiver<Event>, out: &mut UnixStream) -> io::Result<()> {
    let mut buffer = Vec::with_capacity(WRITE_BYTES);
    let mut has_ended = false;
    while !has_ended && let Ok(event) = events.recv() {
        let mut next = Some(event);
        while let Some(event) = next {
            has_ended = matches!(event, Event::Ended { .. });
            frame::encode(&FromWorker::Event(event), &mut buffer)?;
            next = if has_ended || buffer.len() >= WRITE_BYTES { None } else { events.try_recv().ok() };
        }
        out.write_all(&buffer)?;
        buffer.clear();
        buffer.shrink_to(WRITE_BYTES * 4);
    }
    Ok(())
}

fn send(out: &mut UnixStream, message: &FromWorker) -> io::Result<()> {
    let mut bytes = Vec::new();
    frame::encode(message, &mut bytes)?;
    out.write_all(&bytes)
}
