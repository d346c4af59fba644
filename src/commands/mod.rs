//! One file a verb: its arguments and a thin function that asks the other rooms.

pub mod check;
pub mod diff;
pub mod doctor;
pub mod finish;
pub mod help;
pub mod init;
pub mod ls;
pub mod metric;
pub mod note;
pub mod plot;
pub mod report;
pub mod run;
pub mod schema;
pub mod show;
pub mod start;
