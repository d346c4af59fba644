//! One file a verb: its arguments and a thin function that asks the other rooms.

pub mod help;
pub mod ls;
pub mod schema;
pub mod show;
