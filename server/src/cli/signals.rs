//! Ctrl-C and SIGTERM end a run cleanly; a second one ends the process at once.

use std::io::Read;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use signal_hook::consts::{SIGINT, SIGTERM, SIGUSR1};
use signal_hook::low_level::pipe;

use crate::session::driver::StopHandle;

/// What a shell reports for a command that SIGINT ended.
const INTERRUPTED: i32 = 130;

/// Signals this close to the first are the same wish: `timeout` sends one to the process and one to its group, a shell
/// may do the like.
const SAME_WISH: Duration = Duration::from_secs(1);

/// From now on the first signal stops the run.
pub fn stop_on_signals(handle: Box<dyn StopHandle>) -> Result<()> {
    let (mut signals, sender) = UnixStream::pair().context("no socket for signals")?;
    for signal in [SIGINT, SIGTERM] {
        let sender = sender.try_clone().context("no socket for signals")?;
        pipe::register(signal, sender).context("signals cannot be handled")?;
    }
    // `self:signal:SIGUSR1` probes hear it through the engine; without one it must not end the run.
    signal_hook::flag::register(SIGUSR1, Arc::default()).context("signals cannot be handled")?;
    std::thread::Builder::new()
        .name("td-signals".to_owned())
        .spawn(move || {
            let mut byte = [0];
            if signals.read_exact(&mut byte).is_ok() {
                handle.stop();
            }
            let stopped = Instant::now();
            while signals.read_exact(&mut byte).is_ok() {
                if stopped.elapsed() > SAME_WISH {
                    std::process::exit(INTERRUPTED);
                }
            }
        })
        .context("no thread for signals")?;
    Ok(())
}
