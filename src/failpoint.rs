//! Places where a test makes the program die, or its disk fail: one at every arrow of the write
//! order.
//!
//! `GIT_EXP_FAILPOINT=<point>:<act>[:<nth>]`, where the act is `abort` (no destructor runs, as with
//! `kill -9`), `exit`, `enospc` or `eio`, and `any` is every point: a test counts `nth` up until the
//! command succeeds. Release builds have none of this.

use std::io;

/// The points, in the order in which a run passes them.
pub const POINTS: [&str; 14] = [
    "number-taken",
    "objects-written",
    "ref-created",
    "draft-made",
    "draft-file",
    "draft-filled",
    "published",
    "note-objects",
    "note-added",
    "file-made",
    "file-written",
    "file-renamed",
    "command-ended",
    "record-written",
];

/// Says that a point is reached.
///
/// # Errors
/// Only where a test asked for one.
#[cfg(not(debug_assertions))]
#[inline(always)]
pub fn reach(_: &'static str) -> io::Result<()> {
    Ok(())
}

/// Says that a point is reached.
///
/// # Errors
/// Only where a test asked for one.
#[cfg(debug_assertions)]
pub fn reach(point: &'static str) -> io::Result<()> {
    armed::reach(point)
}

#[cfg(debug_assertions)]
mod armed {
    use std::io;
    use std::sync::atomic::{AtomicU32, Ordering};

    /// How often the wanted point was reached.
    static REACHED: AtomicU32 = AtomicU32::new(0);

    pub fn reach(point: &'static str) -> io::Result<()> {
        debug_assert!(super::POINTS.contains(&point), "{point} is not listed");
        let Some(wish) = crate::ambient::fail_point() else {
            return Ok(());
        };
        let mut parts = wish.split(':');
        let wanted = parts.next().unwrap_or_default();
        let act = parts.next().unwrap_or_default();
        let nth: u32 = parts.next().and_then(|text| text.parse().ok()).unwrap_or(1);
        if wanted != point && wanted != "any" {
            return Ok(());
        }
        if REACHED.fetch_add(1, Ordering::SeqCst) + 1 != nth {
            return Ok(());
        }
        match act {
            "abort" => std::process::abort(),
            "exit" => std::process::exit(86),
            "enospc" => Err(io::Error::from_raw_os_error(28)),
            "eio" => Err(io::Error::from_raw_os_error(5)),
            other => Err(io::Error::other(format!("no such act: {other}"))),
        }
    }
}
