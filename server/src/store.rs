//! What outlives the server: runs and their events, in SQLite. One thread writes; readers have a connection of their own.
//!
//! Writes of events are queued and never waited for: a slow or full disk costs the recording, not the live view.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, Receiver, SyncSender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use nix::fcntl::{Flock, FlockArg};
use rusqlite::Connection;

pub mod audit;
pub mod chunk;
pub mod logins;
pub mod metrics;
pub mod notes;
pub mod recorder;
pub mod runs;
mod schema;
pub mod secrets;
pub mod settings;
pub mod shares;
pub mod users;
mod writer;

#[cfg(test)]
mod tests;

pub use recorder::StoreRecorder;
pub use runs::{RunRecord, RunSummary};

/// Commands that wait for the writer; each holds at most a chunk of events.
const QUEUE: usize = 256;

#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("cannot use the data directory {path}: {source}")]
    Directory { path: PathBuf, source: io::Error },
    #[error("the data directory {0} must belong to the user that runs tracedeck, and to nobody else (mode 0700)")]
    Open(PathBuf),
    #[error(
        "the database was written by a newer tracedeck (schema {found}, this one knows {known}); use that version, or another --data-dir"
    )]
    Newer { found: i64, known: i64 },
    #[error("database: {0}")]
    Database(#[from] rusqlite::Error),
    #[error("another tracedeck uses the data directory {0}; give this one its own with --data-dir")]
    InUse(PathBuf),
    #[error("a recorded run cannot be read: {0}")]
    Damaged(String),
    #[error("the store is closed")]
    Closed,
}

pub type Result<T> = std::result::Result<T, StoreError>;

/// How much the database may hold.
#[derive(Debug, Clone, Copy)]
pub struct Quota {
    /// Of the whole database.
    pub database_bytes: u64,
    /// Of one run's events, compressed.
    pub run_bytes: u64,
}

impl Default for Quota {
    fn default() -> Self {
        Self { database_bytes: 1 << 30, run_bytes: 64 << 20 }
    }
}

/// The database.
#[derive(Debug)]
pub struct Store {
    queue: SyncSender<Command>,
    reader: Mutex<Connection>,
    quota: Quota,
    /// Why the last write failed, as a sentence; None when it did not.
    problem: Arc<Mutex<Option<String>>>,
    thread: Mutex<Option<JoinHandle<()>>>,
    /// Held for as long as the store is open: a second server would take our runs for interrupted ones.
    _lock: Flock<File>,
}

/// A reply to whoever asked.
type Reply<T> = SyncSender<Result<T>>;

/// What the writer does, in order.
enum Command {
    Insert(Box<RunRecord>, Reply<()>),
    Append(chunk::Chunk),
    Finish(String, Box<RunSummary>),
    AddLogin(logins::Login, Reply<()>),
    /// A small write of another table.
    Write(Box<dyn FnOnce(&mut writer::Writer) + Send>),
    Close,
}

impl Store {
    /// Opens or creates the database of a data directory. Runs that were under way when the server went away are
    /// marked as interrupted.
    pub fn open(directory: &Path, quota: Quota) -> Result<Self> {
        prepare_directory(directory)?;
        let lock = lock(directory)?;
        let path = directory.join("tracedeck.db");
        let mut connection = schema::open_or_replace(&path)?;
        schema::limit_size(&connection, quota.database_bytes)?;
        runs::mark_interrupted(&mut connection)?;
        let reader = schema::connect(&path)?;
        reader.pragma_update(None, "query_only", true)?;
        let (queue, commands) = mpsc::sync_channel(QUEUE);
        let problem = Arc::new(Mutex::new(None));
        let writer = writer::Writer::new(connection, quota, Arc::clone(&problem));
        let thread = thread::Builder::new()
            .name("store".to_owned())
            .spawn(move || write_all(writer, &commands))
            .map_err(|source| StoreError::Directory { path: directory.to_owned(), source })?;
        Ok(Self { queue, reader: Mutex::new(reader), quota, problem, thread: Mutex::new(Some(thread)), _lock: lock })
    }

    /// Stores a new run. Waits until it is written.
    pub fn insert(&self, record: RunRecord) -> Result<()> {
        self.ask(|reply| Command::Insert(Box::new(record), reply))
    }

    /// What records the events of that run.
    pub fn recorder(&self, run: &str) -> StoreRecorder {
        StoreRecorder::new(run.to_owned(), self.queue.clone(), self.quota, Arc::clone(&self.problem))
    }

    /// Keeps who is logged in, so that pages go on after a restart of the server.
    pub fn add_login(&self, login: logins::Login) -> Result<()> {
        self.ask(|reply| Command::AddLogin(login, reply))
    }

    /// Does a write and waits until it is done. Where the disk is full it is done again after room was made.
    pub fn write<T: Send + 'static>(&self, work: impl FnMut(&Connection) -> Result<T> + Send + 'static) -> Result<T> {
        self.ask(|reply| {
            // Whoever asked may have gone away meanwhile.
            Command::Write(Box::new(move |writer| drop(reply.send(writer.with_room(work)))))
        })
    }

    /// Looks something up. Must not wait for anything else meanwhile: a read that stays open lets the log grow.
    pub fn read<T>(&self, work: impl FnOnce(&Connection) -> Result<T>) -> Result<T> {
        work(&self.reader())
    }

    pub fn logins(&self) -> Result<Vec<logins::Login>> {
        logins::load(&self.reader())
    }

    pub fn run(&self, id: &str) -> Result<Option<RunRecord>> {
        runs::load(&self.reader(), id)
    }

    /// The newest runs first.
    pub fn runs(&self, at_most: u32) -> Result<Vec<RunRecord>> {
        runs::list(&self.reader(), at_most)
    }

    pub fn run_by_idempotency_key(&self, key: &str) -> Result<Option<String>> {
        runs::by_idempotency_key(&self.reader(), key)
    }

    /// The recorded events of a run. Copied out before this returns, so no read stays open.
    pub fn recording(&self, id: &str) -> Result<chunk::Recording> {
        chunk::load(&self.reader(), id)
    }

    /// Bytes of the database that hold something.
    pub fn used_bytes(&self) -> Result<u64> {
        schema::used_bytes(&self.reader())
    }

    /// The most bytes that it may have.
    pub fn limit_bytes(&self) -> u64 {
        self.quota.database_bytes
    }

    /// Writes all that is queued and closes the database. Later writes fail.
    pub fn close(&self) {
        // The writer may be gone already.
        let _ = self.queue.send(Command::Close);
        if let Some(thread) = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take() {
            let _ = thread.join();
        }
    }

    fn ask<T>(&self, command: impl FnOnce(Reply<T>) -> Command) -> Result<T> {
        let (reply, answer) = mpsc::sync_channel(1);
        self.queue.send(command(reply)).map_err(|_| StoreError::Closed)?;
        answer.recv().map_err(|_| StoreError::Closed)?
    }

    fn reader(&self) -> std::sync::MutexGuard<'_, Connection> {
        self.reader.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        self.close();
    }
}

/// Wall clock, milliseconds since 1970.
pub fn now_ms() -> i64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    now.map_or(0, |now| now.as_millis() as i64)
}

/// A connection of a command beside the server, for the tables of accounts. Creates the database where there is none.
pub fn open_beside(directory: &Path) -> Result<Connection> {
    prepare_directory(directory)?;
    schema::open(&directory.join("tracedeck.db"))
}

fn write_all(mut writer: writer::Writer, commands: &Receiver<Command>) {
    while let Ok(command) = commands.recv() {
        match command {
            // Whoever asked may have gone away meanwhile.
            Command::Insert(record, reply) => drop(reply.send(writer.insert(&record))),
            Command::AddLogin(login, reply) => drop(reply.send(writer.add_login(&login))),
            Command::Write(work) => work(&mut writer),
            Command::Append(chunk) => writer.append(&chunk),
            Command::Finish(run, summary) => writer.finish(&run, &summary),
            Command::Close => break,
        }
    }
    writer.close();
}

/// Creates the directory for its owner alone, or checks that it is such a one.
fn prepare_directory(path: &Path) -> Result<()> {
    use std::os::unix::fs::{DirBuilderExt, MetadataExt};
    let failed = |source| StoreError::Directory { path: path.to_owned(), source };
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(failed)?;
    // A link could be turned elsewhere later by whoever owns it.
    let metadata = std::fs::symlink_metadata(path).map_err(failed)?;
    let own = metadata.uid() == nix::unistd::geteuid().as_raw();
    if !metadata.is_dir() || !own || metadata.mode() & 0o077 != 0 {
        return Err(StoreError::Open(path.to_owned()));
    }
    Ok(())
}

fn lock(directory: &Path) -> Result<Flock<File>> {
    use std::os::unix::fs::OpenOptionsExt;
    let path = directory.join("lock");
    let failed = |source| StoreError::Directory { path: path.clone(), source };
    let file = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(&path).map_err(failed)?;
    Flock::lock(file, FlockArg::LockExclusiveNonblock).map_err(|(_, error)| match error {
        nix::errno::Errno::EWOULDBLOCK => StoreError::InUse(directory.to_owned()),
        error => failed(error.into()),
    })
}
