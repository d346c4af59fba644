//! One file a verb: its arguments and a thin function that asks the other rooms.

pub mod best;
pub mod check;
pub mod compare;
pub mod diff;
pub mod doctor;
pub mod finish;
pub mod help;
pub mod init;
pub mod ls;
pub mod metric;
pub mod note;
pub mod plot;
pub mod promote;
pub mod pull;
pub mod push;
pub mod rename;
pub mod report;
pub mod restore;
pub mod rm;
pub mod run;
pub mod schema;
pub mod show;
pub mod start;
pub mod table;
pub mod tag;
pub mod which;
