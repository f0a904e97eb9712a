//! The replay tier: sessions, store, HTTP and WebSocket over runs whose events are given. Needs no privileges.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "replay/access.rs"]
mod access;
#[path = "replay/api.rs"]
mod api;
#[path = "replay/client.rs"]
mod client;
#[path = "replay/contract.rs"]
mod contract;
#[path = "replay/examples.rs"]
mod examples;
#[path = "replay/flame.rs"]
mod flame;
#[path = "replay/metrics.rs"]
mod metrics;
#[path = "replay/notes.rs"]
mod notes;
#[path = "replay/restart.rs"]
mod restart;
#[path = "replay/roles.rs"]
mod roles;
#[path = "replay/server.rs"]
mod server;
#[path = "replay/shares.rs"]
mod shares;
#[path = "replay/sockets.rs"]
mod sockets;
#[path = "replay/timeouts.rs"]
mod timeouts;
#[path = "replay/worker.rs"]
mod worker;
