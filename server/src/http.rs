//! The web side: HTTP API, WebSocket and the page's files.

pub mod protocol;
