//! What is told: pure functions from records to text, no git, no file system, no clock.

pub mod lang;
