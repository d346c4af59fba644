//! What is told: pure functions from records to text, no git, no file system, no clock.

pub mod begun;
pub mod diff;
pub mod ended;
pub mod lang;
pub mod listing;
pub mod markers;
pub mod minilog;
pub mod noteline;
pub mod overview;
pub mod sheet;
pub mod show;
