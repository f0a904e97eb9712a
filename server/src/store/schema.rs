//! The tables, and how the database is opened.

use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rusqlite::{Connection, ErrorCode};

use super::{Result, StoreError};

/// Raised with every change of the tables.
const VERSION: i64 = 4;
/// "trdk": what `file` and a careful reader know the database by.
const APPLICATION: i64 = 0x7472_646b;
const PAGE_BYTES: i64 = 4096;

const TABLES: &str = "
    CREATE TABLE runs (
        id TEXT PRIMARY KEY NOT NULL,
        title TEXT NOT NULL,
        source TEXT NOT NULL,
        parameters TEXT NOT NULL,          -- a JSON list
        time_limit_seconds INTEGER NOT NULL,
        idempotency_key TEXT UNIQUE,
        event_format INTEGER NOT NULL,     -- the version of the encoding of its events
        started_ms INTEGER NOT NULL,       -- wall clock
        ended INTEGER NOT NULL DEFAULT 0,
        reason TEXT,
        ok INTEGER,
        duration_ms INTEGER NOT NULL DEFAULT 0,
        probes INTEGER NOT NULL DEFAULT 0,
        lost INTEGER NOT NULL DEFAULT 0,
        problem TEXT                       -- why not all of it is recorded
    ) STRICT;
    CREATE INDEX runs_by_start ON runs (started_ms);
    CREATE TABLE chunks (
        run TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
        number INTEGER NOT NULL,
        last_sequence INTEGER NOT NULL,
        events BLOB NOT NULL,              -- zstd of stamped events
        UNIQUE (run, number)
    ) STRICT;
    CREATE TABLE final_maps (
        run TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
        name TEXT NOT NULL,
        content BLOB NOT NULL,             -- zstd of a map snapshot
        UNIQUE (run, name)
    ) STRICT;
    CREATE TABLE logins (
        secret_hash BLOB PRIMARY KEY NOT NULL,
        cookie_hash BLOB NOT NULL,
        run TEXT,                          -- the only run of a viewer; NULL for an operator
        expires_s INTEGER NOT NULL         -- wall clock
    ) STRICT, WITHOUT ROWID;
";

/// What version 2 has beyond version 1: who may do what, who did what, and what people add to runs.
const TEAM: &str = "
    ALTER TABLE runs ADD COLUMN started_by TEXT NOT NULL DEFAULT '';
    ALTER TABLE runs ADD COLUMN pinned INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE runs ADD COLUMN copy_of TEXT;    -- the run that a frozen share copied; NULL for a run of its own
    ALTER TABLE logins ADD COLUMN user TEXT;     -- NULL with share NULL: the server's own administrator
    ALTER TABLE logins ADD COLUMN share TEXT;
    DELETE FROM logins WHERE run IS NOT NULL;    -- of links that could not be revoked
    ALTER TABLE logins DROP COLUMN run;
    CREATE TABLE users (
        name TEXT PRIMARY KEY NOT NULL,
        role TEXT NOT NULL,
        token_hash BLOB NOT NULL UNIQUE,
        created_ms INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE shares (
        id TEXT PRIMARY KEY NOT NULL,
        key_hash BLOB NOT NULL UNIQUE,
        run TEXT NOT NULL,                       -- what it shows: the run, or the copy of it
        source_run TEXT NOT NULL,                -- the run it was made from
        frozen INTEGER NOT NULL,
        address TEXT NOT NULL,                   -- query of the page's address: panel, chart, zoom
        title TEXT NOT NULL,
        note TEXT NOT NULL,
        created_by TEXT NOT NULL,
        created_ms INTEGER NOT NULL,
        expires_s INTEGER,                       -- NULL: until it is revoked
        revoked_ms INTEGER
    ) STRICT;
    CREATE INDEX shares_by_run ON shares (source_run);
    CREATE TABLE audit (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        at_ms INTEGER NOT NULL,
        who TEXT NOT NULL,
        role TEXT NOT NULL,
        action TEXT NOT NULL,
        run TEXT,
        subject TEXT NOT NULL,                   -- what it was done to, in words
        detail TEXT NOT NULL                     -- the text of a script, the reason of a refusal
    ) STRICT;
    CREATE TABLE metrics (
        run TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
        map TEXT NOT NULL,
        UNIQUE (run, map)
    ) STRICT;
    CREATE TABLE settings (
        name TEXT PRIMARY KEY NOT NULL,
        value TEXT NOT NULL
    ) STRICT, WITHOUT ROWID;
";

/// What version 3 has beyond version 2.
const NOTES: &str = "
    CREATE TABLE notes (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        run TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
        place TEXT NOT NULL,                     -- JSON: the moment, the frame or the bucket that it is about
        address TEXT NOT NULL,                   -- query of the page's address that shows the place
        text TEXT NOT NULL,
        author TEXT NOT NULL,
        created_ms INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX notes_by_run ON notes (run);
";

/// What version 4 has beyond version 3.
const STEPS: &str = "
    CREATE TABLE steps (
        run TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
        number INTEGER NOT NULL,                 -- of the chunk that they belong to
        steps BLOB NOT NULL,                     -- zstd of what came into maps with stacks, ten times in a second
        UNIQUE (run, number)
    ) STRICT;
";

/// Opens a database with the settings that all connections share.
pub fn connect(path: &Path) -> Result<Connection> {
    let connection = Connection::open(path)?;
    connection.busy_timeout(Duration::from_secs(5))?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update(None, "temp_store", "memory")?;
    // KiB, negative by SQLite's convention: small, most reads are sequential.
    connection.pragma_update(None, "cache_size", -2048)?;
    Ok(connection)
}

/// Opens the database and creates its tables. One that is damaged is moved aside and a new one begun.
pub fn open_or_replace(path: &Path) -> Result<Connection> {
    match open(path) {
        Err(StoreError::Database(rusqlite::Error::SqliteFailure(failure, message)))
            if matches!(failure.code, ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) =>
        {
            let seconds = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |now| now.as_secs());
            for suffix in ["", "-wal", "-shm"] {
                let from = path.with_file_name(format!("tracedeck.db{suffix}"));
                let to = path.with_file_name(format!("damaged-{seconds}.db{suffix}"));
                if from.exists() {
                    std::fs::rename(&from, &to).map_err(|source| StoreError::Directory { path: from, source })?;
                }
            }
            tracing::error!(
                ?message,
                "the database is damaged; it was moved to damaged-{seconds}.db and a new one begun"
            );
            open(path)
        }
        result => result,
    }
}

pub fn open(path: &Path) -> Result<Connection> {
    let mut connection = connect(path)?;
    connection.pragma_update(None, "page_size", PAGE_BYTES)?;
    connection.pragma_update(None, "auto_vacuum", "incremental")?;
    connection.pragma_update(None, "journal_mode", "wal")?;
    connection.pragma_update(None, "synchronous", "normal")?;
    let found: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    if found > VERSION {
        return Err(StoreError::Newer { found, known: VERSION });
    }
    if found < VERSION {
        let transaction = connection.transaction()?;
        for (version, statements) in [(1, TABLES), (2, TEAM), (3, NOTES), (4, STEPS)] {
            if found < version {
                transaction.execute_batch(statements)?;
            }
        }
        transaction.pragma_update(None, "application_id", APPLICATION)?;
        transaction.pragma_update(None, "user_version", VERSION)?;
        transaction.commit()?;
    }
    // A cheap look at every page's structure would be minutes for a large file; the schema is what must be whole.
    connection.query_row("SELECT count(*) FROM runs", [], |row| row.get::<_, i64>(0))?;
    Ok(connection)
}

/// Bytes of the database that hold something.
pub fn used_bytes(connection: &Connection) -> Result<u64> {
    let pragma = |name: &str| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    let pages = pragma("page_count")? - pragma("freelist_count")?;
    Ok(u64::try_from(pages * pragma("page_size")?).unwrap_or(0))
}

/// Keeps the database below so many bytes. Smaller than the disk, so that deleting always works.
pub fn limit_size(connection: &Connection, bytes: u64) -> Result<()> {
    connection.pragma_update(None, "max_page_count", i64::try_from(bytes).unwrap_or(i64::MAX) / PAGE_BYTES)?;
    Ok(())
}
