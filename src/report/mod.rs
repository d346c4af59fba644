//! What is told: pure functions from records to text, no git, no file system, no clock.

pub mod begun;
pub mod bound;
pub mod choice;
pub mod data;
pub mod diff;
pub mod document;
pub mod elsewhere;
pub mod ended;
pub mod facts;
pub mod graph;
pub mod history;
pub mod html;
pub mod lang;
pub mod listing;
pub mod markers;
pub mod minilog;
pub mod noteline;
pub mod overview;
pub mod plot;
pub mod preflight;
#[cfg(test)]
mod russian;
#[cfg(test)]
mod sample;
pub mod sections;
pub mod sheet;
pub mod show;
pub mod sidebyside;
pub mod since;
pub mod story;
pub mod typed;
pub mod xlsx;
pub mod yardsticks;
