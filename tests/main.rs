//! End-to-end tests: the real binary through the real git. One test file a verb.
#![allow(clippy::unwrap_used, dead_code)]

mod common;
mod crash;
mod doctor;
mod finish;
mod freeze;
mod help;
mod init;
mod ls;
mod man;
mod records;
mod run;
mod show;
mod start;
mod story;
