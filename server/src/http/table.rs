//! The table of runs: those that go on, and recorded ones that somebody looks at.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tracedeck_compiler::options::{CompileOptions, Limits, ProcessFilter};
use tracedeck_compiler::source::SourceFile;

use super::error::ApiError;
use super::process_filter::ProcessWish;
use super::view;
use super::watching::Watching;
use crate::import::Import;
use crate::session::Session;
use crate::session::driver::{Driver, RunRequest};
use crate::session::event::Stamped;
use crate::session::hub::Hub;
use crate::session::recording::Recorder as _;
use crate::session::replay::Replay;
use crate::store::{RunRecord, Store, StoreError};

/// Begins a run; how is decided by whoever starts the server.
pub type StartDriver = dyn Fn(RunRequest) -> std::io::Result<Box<dyn Driver>> + Send + Sync;

/// The name of the script in messages.
const SOURCE_NAME: &str = "script.bt";
/// Entries of one map in a live snapshot: the page shows fewer, a flame graph sums over all.
const LIVE_MAP_ENTRIES: u32 = 10_000;
/// The most parameters of a script and the most bytes of one.
const MAX_PARAMETERS: usize = 64;
const MAX_PARAMETER_BYTES: usize = 4096;
const MAX_TITLE_CHARS: usize = 120;
/// How long an ended or recorded run stays in memory after its last use.
const KEEP: Duration = Duration::from_secs(120);
/// The most of them, whatever their age.
const MAX_KEPT: usize = 16;

/// What a person may ask of the server's machine.
#[derive(Debug, Clone)]
pub struct RunLimits {
    pub compile: Limits,
    /// Also what is taken where nobody says; 0: no limit.
    pub time_limit_seconds: u64,
    pub runs_at_once: usize,
}

impl Default for RunLimits {
    fn default() -> Self {
        Self { compile: Limits::default(), time_limit_seconds: 600, runs_at_once: 32 }
    }
}

/// A run that can be looked at.
pub struct Run {
    pub record: RunRecord,
    /// The script, for places in it.
    pub file: SourceFile,
    source: Source,
    used: Mutex<Instant>,
    pub watching: Watching,
}

/// What a press of Run came to.
pub struct Begun {
    pub id: String,
    /// None: the same press had begun it already.
    pub fresh: Option<Arc<Run>>,
}

enum Source {
    Live(Session),
    Recorded(Arc<Hub>),
}

impl Run {
    fn new(record: RunRecord, source: Source) -> Arc<Self> {
        let file = SourceFile::new(SOURCE_NAME, record.source.clone());
        Arc::new(Self { record, file, source, used: Mutex::new(Instant::now()), watching: Watching::default() })
    }

    pub fn hub(&self) -> &Arc<Hub> {
        match &self.source {
            Source::Live(session) => session.hub(),
            Source::Recorded(hub) => hub,
        }
    }

    pub fn is_over(&self) -> bool {
        match &self.source {
            Source::Live(session) => session.is_over(),
            Source::Recorded(_) => true,
        }
    }

    /// Asks the run to end. Idempotent; a recorded run has ended.
    pub fn stop(&self) {
        if let Source::Live(session) = &self.source {
            session.stop();
        }
    }

    /// The process that traces for it, while it does.
    pub fn process(&self) -> Option<u32> {
        match &self.source {
            Source::Live(session) if !session.is_over() => session.process(),
            _ => None,
        }
    }

    fn interrupt(&self) {
        if let Source::Live(session) = &self.source {
            session.interrupt();
        }
    }

    fn wait(&self, at_most: Duration) -> bool {
        match &self.source {
            Source::Live(session) => session.wait(at_most),
            Source::Recorded(_) => true,
        }
    }

    /// Whether all of it can be had from the store again.
    fn can_be_dropped(&self) -> bool {
        let status = self.hub().status();
        self.is_over() && status.watchers == 0 && status.recording_problem.is_none()
    }

    fn idle_for(&self) -> Duration {
        self.used.lock().unwrap_or_else(PoisonError::into_inner).elapsed()
    }

    fn touch(&self) {
        *self.used.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }
}

/// What is needed to begin a run.
#[derive(Debug, Clone, Default)]
pub struct NewRun {
    pub source: String,
    pub parameters: Vec<String>,
    pub processes: ProcessWish,
    pub title: Option<String>,
    pub time_limit_seconds: Option<u64>,
    pub idempotency_key: Option<String>,
    pub started_by: String,
}

pub struct RunTable {
    store: Arc<Store>,
    start: Box<StartDriver>,
    pub limits: RunLimits,
    runs: Mutex<HashMap<String, Arc<Run>>>,
    /// Held while a run begins, so that two presses of Run with one key make one run.
    beginning: Mutex<HashMap<String, String>>,
    closed: std::sync::atomic::AtomicBool,
}

impl RunTable {
    pub fn new(store: Arc<Store>, start: Box<StartDriver>, limits: RunLimits) -> Self {
        Self {
            store,
            start,
            limits,
            runs: Mutex::default(),
            beginning: Mutex::default(),
            closed: std::sync::atomic::AtomicBool::new(false),
        }
    }

    pub fn store(&self) -> &Store {
        &self.store
    }

    /// Begins a run, or finds the one that the same key began. Blocks for some milliseconds.
    pub fn begin(&self, new: NewRun) -> Result<Begun, ApiError> {
        self.check(&new)?;
        let processes = new.processes.filter(&new.source)?;
        let mut beginning = self.beginning.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(key) = &new.idempotency_key {
            if let Some(id) = beginning.get(key) {
                return Ok(Begun { id: id.clone(), fresh: None });
            }
            if let Some(id) = self.store.run_by_idempotency_key(key).map_err(ApiError::internal)? {
                return Ok(Begun { id, fresh: None });
            }
        }
        if self.closed.load(std::sync::atomic::Ordering::Acquire) {
            return Err(ApiError::unavailable("shutting-down", "The server is shutting down"));
        }
        let running = self.lock().values().filter(|run| !run.is_over()).count();
        if running >= self.limits.runs_at_once {
            return Err(ApiError::unavailable(
                "too-many-runs",
                format!("{running} scripts are running, which is the most at once; stop one or wait for one to end"),
            ));
        }
        self.collect();

        let record = self.record(&new)?;
        let id = record.id.clone();
        // A full disk is no reason not to trace: the run goes on and says that it is not stored.
        if let Err(error) = self.store.insert(record.clone()) {
            tracing::error!(run = %id, %error, "the run cannot be stored");
        }
        let driver = (self.start)(self.request(&record, processes)).map_err(|error| {
            tracing::error!(%error, "cannot begin a run");
            ApiError::unavailable("no-worker", format!("No worker process could be started: {error}"))
        })?;
        let session = Session::start(driver, Box::new(self.store.recorder(&id))).map_err(ApiError::internal)?;
        tracing::info!(run = %id, title = %view::line_text(record.title.as_bytes()), "run begun");
        let run = Run::new(record, Source::Live(session));
        self.lock().insert(id.clone(), Arc::clone(&run));
        if let Some(key) = new.idempotency_key {
            if beginning.len() > 1000 {
                beginning.clear();
            }
            beginning.insert(key, id.clone());
        }
        Ok(Begun { id, fresh: Some(run) })
    }

    /// Keeps what a file holds as a run that has ended.
    pub fn import(&self, name: &str, file: Import, by: &str) -> Result<String, ApiError> {
        let record = RunRecord {
            id: new_id().map_err(ApiError::internal)?,
            title: name.chars().take(MAX_TITLE_CHARS).collect(),
            source: format!("// Imported: {name}, {}\n", file.kind),
            started_ms: view::unix_ms_now(),
            started_by: by.to_owned(),
            ..RunRecord::default()
        };
        self.store.insert(record.clone()).map_err(ApiError::internal)?;
        let mut recorder = self.store.recorder(&record.id);
        let mut replay = Replay::default();
        for (index, event) in file.events().into_iter().enumerate() {
            let stamped = Arc::new(Stamped { sequence: index as u64 + 1, at_ns: 0, event });
            recorder.record(&stamped);
            replay.take(&stamped);
        }
        let hub = Arc::new(replay.into_hub());
        recorder.finish(&hub.status());
        self.collect();
        let id = record.id.clone();
        // The writer may still be at it.
        self.lock().insert(id.clone(), Run::new(record, Source::Recorded(hub)));
        Ok(id)
    }

    fn check(&self, new: &NewRun) -> Result<(), ApiError> {
        check_source(&new.source, &self.limits.compile)?;
        check_parameters(&new.parameters)?;
        if new.idempotency_key.as_ref().is_some_and(|key| key.is_empty() || key.len() > 128) {
            return Err(ApiError::bad_request("bad-idempotency-key", "An idempotency key has 1 to 128 bytes"));
        }
        let limit = self.limits.time_limit_seconds;
        match new.time_limit_seconds {
            Some(seconds) if limit > 0 && (seconds == 0 || seconds > limit) => Err(ApiError::bad_request(
                "time-limit",
                format!("A run may take at most {}", crate::session::end::span_of(limit)),
            )),
            _ => Ok(()),
        }
    }

    fn record(&self, new: &NewRun) -> Result<RunRecord, ApiError> {
        let title = new.title.as_deref().map(str::trim).filter(|title| !title.is_empty());
        Ok(RunRecord {
            id: new_id().map_err(ApiError::internal)?,
            title: title.map_or_else(
                || title_of(&new.source) + &new.processes.in_words(),
                |title| title.chars().take(MAX_TITLE_CHARS).collect(),
            ),
            source: new.source.clone(),
            parameters: new.parameters.clone(),
            time_limit_seconds: new.time_limit_seconds.unwrap_or(self.limits.time_limit_seconds),
            idempotency_key: new.idempotency_key.clone(),
            started_ms: view::unix_ms_now(),
            started_by: new.started_by.clone(),
            pinned: false,
            copy_of: None,
            summary: None,
        })
    }

    fn request(&self, record: &RunRecord, processes: ProcessFilter) -> RunRequest {
        RunRequest {
            // Files of this machine are not for whoever sits at a browser.
            imported: None,
            source_name: SOURCE_NAME.to_owned(),
            source: record.source.clone(),
            options: CompileOptions { processes, ..compile_options(&self.limits.compile, &record.parameters) },
            command: None,
            dry_run: false,
            live_maps: true,
            live_map_entries: LIVE_MAP_ENTRIES,
            time_limit_seconds: record.time_limit_seconds,
            measure: true,
            server: Some(std::process::id()),
            debug_directories: Vec::new(),
        }
    }

    /// A run by its id, read from the store where it is not in memory. May block on the disk.
    pub fn find(&self, id: &str) -> Result<Arc<Run>, ApiError> {
        if let Some(run) = self.lock().get(id) {
            run.touch();
            return Ok(Arc::clone(run));
        }
        if !is_id(id) {
            return Err(ApiError::no_such_run());
        }
        let record = self.store.run(id).map_err(ApiError::internal)?.ok_or_else(ApiError::no_such_run)?;
        let mut replay = Replay::default();
        match self.store.recording(id).and_then(|recording| recording.play(|event| replay.take(&event))) {
            Ok(()) => {}
            Err(StoreError::Damaged(reason)) => {
                return Err(ApiError::gone(
                    "unreadable-run",
                    format!("The recording of this run cannot be read: {reason}"),
                ));
            }
            Err(error) => return Err(ApiError::internal(error)),
        }
        let hub = Arc::new(replay.into_hub());
        if let Some(problem) = record.summary.as_ref().and_then(|summary| summary.problem.clone()) {
            hub.change_status(0, |status| status.recording_problem = Some(problem));
        }
        self.collect();
        let run = Run::new(record, Source::Recorded(hub));
        // Somebody else may have loaded it meanwhile: all share one.
        Ok(Arc::clone(self.lock().entry(id.to_owned()).or_insert(run)))
    }

    /// Whether there is such a run, without loading it.
    pub fn exists(&self, id: &str) -> bool {
        self.lock().contains_key(id) || (is_id(id) && self.store.run(id).is_ok_and(|run| run.is_some()))
    }

    /// Drops a run that was deleted from the store.
    pub fn forget(&self, id: &str) {
        self.lock().remove(id);
    }

    /// Runs in memory, to show their state of this moment.
    pub fn in_memory(&self) -> HashMap<String, Arc<Run>> {
        self.lock().clone()
    }

    /// Stops all runs and waits until they are recorded, but not for longer than that. Nothing begins any more.
    pub fn close(&self, at_most: Duration) {
        self.closed.store(true, std::sync::atomic::Ordering::Release);
        let deadline = Instant::now() + at_most;
        let runs: Vec<Arc<Run>> = self.lock().values().cloned().collect();
        runs.iter().for_each(|run| run.interrupt());
        for run in runs {
            if !run.wait(deadline.saturating_duration_since(Instant::now())) {
                tracing::warn!(run = %run.record.id, "the run did not end in time");
            }
        }
    }

    /// Forgets runs that nobody has looked at for a while and that the store has.
    pub fn collect(&self) {
        let mut runs = self.lock();
        let mut idle: Vec<(Duration, String)> = runs
            .iter()
            .filter(|(_, run)| Arc::strong_count(run) == 1 && run.can_be_dropped())
            .map(|(id, run)| (run.idle_for(), id.clone()))
            .collect();
        idle.sort();
        for (index, (age, id)) in idle.into_iter().enumerate() {
            if age > KEEP || index >= MAX_KEPT {
                runs.remove(&id);
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Arc<Run>>> {
        self.runs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Parameters as the command line takes them: `--name` and `--name=value` are named, all others positional.
pub fn compile_options(limits: &Limits, parameters: &[String]) -> CompileOptions {
    let mut options = CompileOptions { limits: limits.clone(), ..CompileOptions::default() };
    for parameter in parameters {
        match parameter.strip_prefix("--").filter(|name| !name.is_empty()) {
            Some(named) => options.named.push(match named.split_once('=') {
                Some((name, value)) => (name.to_owned(), Some(value.to_owned())),
                None => (named.to_owned(), None),
            }),
            None => options.positional.push(parameter.clone()),
        }
    }
    options
}

/// Refuses a script that is too long, before anything looks at it.
pub fn check_source(source: &str, limits: &Limits) -> Result<(), ApiError> {
    if source.len() > limits.max_source_bytes {
        return Err(ApiError::too_large(
            "source-too-large",
            format!("The script has {} bytes; at most {} are taken", source.len(), limits.max_source_bytes),
        ));
    }
    Ok(())
}

pub fn check_parameters(parameters: &[String]) -> Result<(), ApiError> {
    if parameters.len() > MAX_PARAMETERS || parameters.iter().any(|text| text.len() > MAX_PARAMETER_BYTES) {
        return Err(ApiError::too_large(
            "parameters-too-large",
            format!("A script takes at most {MAX_PARAMETERS} parameters of {MAX_PARAMETER_BYTES} bytes"),
        ));
    }
    Ok(())
}

/// The first line of a script that says something.
fn title_of(source: &str) -> String {
    let line = source
        .lines()
        .map(|line| line.trim().trim_start_matches(['/', '*', '#', '!']).trim())
        .find(|line| !line.is_empty() && !line.starts_with("usr/bin/"));
    line.map_or_else(|| "Script".to_owned(), |line| line.chars().take(MAX_TITLE_CHARS).collect())
}

/// Letters and digits that cannot be taken for one another.
const ALPHABET: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
const ID_LENGTH: usize = 10;

pub fn new_id() -> std::io::Result<String> {
    let mut bytes = [0; ID_LENGTH];
    getrandom::fill(&mut bytes).map_err(std::io::Error::other)?;
    Ok(bytes.iter().map(|byte| char::from(ALPHABET[usize::from(byte % 32)])).collect())
}

fn is_id(text: &str) -> bool {
    text.len() == ID_LENGTH && text.bytes().all(|byte| ALPHABET.contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_recognised_and_nothing_else_is() {
        let id = new_id().unwrap();
        assert!(is_id(&id), "{id}");
        for text in ["", ":id", "../../etc", "aaaaaaaaa", "aaaaaaaaaaa", "aaaaaaaaaA", "aaaaaaaaa%", "aaaaaaaaa0"] {
            assert!(!is_id(text), "{text}");
        }
    }

    #[test]
    fn a_title_is_the_first_line_that_says_something() {
        assert_eq!(title_of("#!/usr/bin/bpftrace\n\n// Files opened\nbegin {}"), "Files opened");
        assert_eq!(title_of("begin { exit() }"), "begin { exit() }");
        assert_eq!(title_of("\n \n"), "Script");
    }

    #[test]
    fn parameters_are_positional_or_named() {
        let parameters = ["5", "--verbose", "--comm=nginx", "--"].map(str::to_owned);
        let options = compile_options(&Limits::default(), &parameters);
        assert_eq!(options.positional, ["5", "--"]);
        assert_eq!(options.named, [("verbose".into(), None), ("comm".into(), Some("nginx".into()))]);
    }
}
