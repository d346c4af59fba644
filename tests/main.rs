//! End-to-end tests: the real binary through the real git. One test file a verb.
#![allow(clippy::unwrap_used, dead_code)]

mod check;
mod browser;
mod best;
mod common;
mod compare;
mod finish;
mod freeze;
mod help;
mod init;
mod ls;
mod man;
mod records;
mod report;
mod promote;
mod relabel;
mod run;
mod show;
mod start;
mod story;
mod table;
