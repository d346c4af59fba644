//! What is true now: the readers of configuration, data, metrics, environment and code.
//!
//! Everything here only looks. Nothing is guessed: what can't be told is `None`, and says why.

pub mod code;
pub mod config;
pub mod curves;
pub mod data;
pub mod environment;
pub mod hardware;
pub mod json;
pub mod metrics;
pub mod secrets;
pub mod series;
pub mod text;
