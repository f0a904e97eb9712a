//! The engine, the terminal command, the server and the store of tracedeck.

pub mod host;
pub mod http;
pub mod live;
pub mod session;
