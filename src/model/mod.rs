//! The words of the domain as types: what a run is, with no git, no file system, no clock.
//!
//! Everything here is plain data that can be built in a test by hand. The types carry their JSON
//! form (`serde`) and its schema (`schemars`), so that the record format, its published schema and
//! the code can't drift apart; [`crate::store::format`] adds versions and migration on top.

pub mod axis;
pub mod brief;
pub mod card;
pub mod code;
pub mod command_line;
pub mod data;
pub mod digest;
pub mod environment;
pub mod id;
pub mod metric;
pub mod name;
pub mod number;
pub mod param;
pub mod path;
pub mod program;
pub mod repeats;
pub mod run;
pub mod seed;
pub mod sketch;
pub mod table_diff;
pub mod template;

pub use axis::Axis;
pub use brief::Brief;
pub use card::Card;
pub use digest::{Oid, Sha256};
pub use id::{RunId, Uid};
pub use metric::MetricValue;
pub use number::Number;
pub use param::Param;
pub use path::RecordPath;
pub use run::{Run, Status};
