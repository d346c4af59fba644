//! End-to-end tests: the real binary through the real git. One test file a verb.
#![allow(clippy::unwrap_used, clippy::print_stderr, dead_code)]

mod attach;
mod best;
mod browser;
mod check;
mod common;
mod compare;
mod crash;
mod diff;
mod doctor;
mod finish;
mod freeze;
mod help;
mod hooks;
mod init;
mod ls;
mod man;
mod parallel;
mod promote;
mod readme;
mod records;
mod relabel;
mod renumber;
mod report;
mod restore;
mod run;
mod security;
mod show;
mod start;
mod story;
mod table;
mod team;
