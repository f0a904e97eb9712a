//! The engine, the terminal command, the server and the store of tracedeck.

pub mod cache;
pub mod cli;
pub mod compilation;
pub mod course;
pub mod examples;
pub mod flame;
pub mod host;
pub mod http;
pub mod import;
pub mod live;
pub mod output;
pub mod parameters;
pub mod session;
pub mod store;
