//! What the server does by the clock: notices accounts and links that were changed beside it or have expired, and deletes
//! what is too old to be kept.

use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};

use super::App;
use super::error::ApiError;
use crate::store::{now_ms, runs, settings, shares};

/// A revoked account or link is out within this time, whoever revoked it.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Old runs are looked for every so many looks.
const CLEAN_EVERY: u64 = 60;
const DAY_MS: i64 = 24 * 3600 * 1000;
/// A link that opens nothing any more is listed for so long.
const FORGET_LINKS_AFTER: i64 = 30 * DAY_MS;

/// Goes on until the server shuts down.
pub async fn keep(app: App) {
    let mut shutdown = app.shutdown.clone();
    let mut clock = interval(LOOK_EVERY);
    clock.set_missed_tick_behavior(MissedTickBehavior::Delay);
    for count in 0_u64.. {
        tokio::select! {
            _ = clock.tick() => {}
            () = super::shut_down(&mut shutdown) => return,
        }
        // What went wrong is in the log, and tried again.
        let _ = app.blocking(App::refresh_access).await;
        if count % CLEAN_EVERY == 0 {
            let _ = app.blocking(clean).await;
        }
    }
}

/// Days that ended runs are kept; 0: as long as there is room.
pub fn keep_days(app: &App) -> Result<u32, ApiError> {
    let stored = app.runs.store().read(|connection| settings::get(connection, settings::KEEP_DAYS));
    Ok(stored.map_err(ApiError::internal)?.and_then(|days| days.parse().ok()).unwrap_or(0))
}

/// Runs that ended before this moment are too old, in milliseconds since 1970; None: none is.
pub fn too_old(days: u32) -> Option<i64> {
    (days > 0).then(|| now_ms() - i64::from(days) * DAY_MS)
}

fn clean(app: &App) -> Result<(), ApiError> {
    let store = app.runs.store();
    let days = keep_days(app)?;
    let deleted = store.write(move |connection| {
        shares::forget_old(connection, now_ms() - FORGET_LINKS_AFTER)?;
        too_old(days).map_or(Ok(0), |before_ms| runs::delete_older(connection, before_ms))
    });
    if deleted.map_err(ApiError::internal)? > 0 {
        tracing::info!(days, "runs older than that were deleted");
    }
    Ok(())
}
