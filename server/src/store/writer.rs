//! The thread that writes: one transaction for each command, room made by deleting the oldest runs.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use rusqlite::{Connection, ErrorCode, params};

use super::chunk::Chunk;
use super::logins::{self, Login};
use super::runs::{self, RunRecord, RunSummary};
use super::{Quota, Result, StoreError, schema};

/// Old runs are deleted when more than this share of the quota is used, until less than the other is.
const FULL: f64 = 0.9;
const ROOMY: f64 = 0.8;
/// How often it is said in the log that nothing can be written.
const COMPLAIN_EVERY: Duration = Duration::from_secs(60);

pub struct Writer {
    connection: Connection,
    quota: Quota,
    problem: Arc<Mutex<Option<String>>>,
    complained: Option<Instant>,
}

impl Writer {
    pub fn new(connection: Connection, quota: Quota, problem: Arc<Mutex<Option<String>>>) -> Self {
        Self { connection, quota, problem, complained: None }
    }

    pub fn insert(&mut self, record: &RunRecord) -> Result<()> {
        let result = self.with_room(|connection| runs::insert(connection, record));
        self.tell(result.as_ref().err());
        result
    }

    pub fn add_login(&mut self, login: &Login) -> Result<()> {
        let now_s = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |now| now.as_secs() as i64);
        self.with_room(|connection| logins::add(connection, login, now_s))
    }

    pub fn append(&mut self, chunk: &Chunk) {
        let encoded = chunk.encode().and_then(|events| Ok((events, chunk.encoded_steps()?, chunk.final_maps()?)));
        let result = encoded.and_then(|(events, steps, maps)| {
            self.with_room(|connection| {
                let transaction = connection.unchecked_transaction()?;
                transaction
                    .prepare_cached("INSERT INTO chunks (run, number, last_sequence, events) VALUES (?1, ?2, ?3, ?4)")?
                    .execute(params![chunk.run, chunk.number, chunk.last_sequence() as i64, events])?;
                if let Some(steps) = &steps {
                    transaction
                        .prepare_cached("INSERT INTO steps (run, number, steps) VALUES (?1, ?2, ?3)")?
                        .execute(params![chunk.run, chunk.number, steps])?;
                }
                for (name, content) in &maps {
                    transaction
                        .prepare_cached("INSERT OR REPLACE INTO final_maps (run, name, content) VALUES (?1, ?2, ?3)")?
                        .execute(params![chunk.run, name, content])?;
                }
                transaction.commit()?;
                Ok(())
            })
        });
        self.tell(result.as_ref().err());
    }

    pub fn finish(&mut self, run: &str, summary: &RunSummary) {
        let result = self.with_room(|connection| runs::finish(connection, run, summary));
        self.tell(result.as_ref().err());
    }

    pub fn close(self) {
        // What the checkpoint would move stays in the log and is read from there next time.
        if let Err(error) = self.connection.pragma_update(None, "wal_checkpoint", "TRUNCATE") {
            tracing::debug!(%error, "no checkpoint at the end");
        }
    }

    /// Does a write; where the quota is full, deletes the oldest run and tries again.
    pub fn with_room<T>(&mut self, mut write: impl FnMut(&Connection) -> Result<T>) -> Result<T> {
        self.make_room()?;
        loop {
            match write(&self.connection) {
                Err(StoreError::Database(rusqlite::Error::SqliteFailure(failure, _)))
                    if failure.code == ErrorCode::DiskFull && runs::delete_oldest(&self.connection)? => {}
                result => return result,
            }
        }
    }

    fn make_room(&self) -> Result<()> {
        if self.used()? < FULL {
            return Ok(());
        }
        while self.used()? > ROOMY && runs::delete_oldest(&self.connection)? {}
        Ok(())
    }

    /// The share of the quota that is in use.
    fn used(&self) -> Result<f64> {
        Ok(schema::used_bytes(&self.connection)? as f64 / self.quota.database_bytes as f64)
    }

    /// Lets recorders know whether writing works; it may begin to work again.
    fn tell(&mut self, error: Option<&StoreError>) {
        let sentence = error.map(|error| format!("This run is not being stored: {error}"));
        if let Some(sentence) = &sentence
            && self.complained.is_none_or(|at| at.elapsed() > COMPLAIN_EVERY)
        {
            tracing::error!("{sentence}");
            self.complained = Some(Instant::now());
        }
        *self.problem.lock().unwrap_or_else(PoisonError::into_inner) = sentence;
    }
}
