//! What `lstat` says of a file, as far as it tells one state of a file from another.

use std::fs::Metadata;

/// Size, times and identity of a file. Equal values mean "not written to since", within the limits
/// that [`super::stat_cache`] spells out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stat {
    /// Bytes.
    pub size: u64,
    /// Last change of the content, nanoseconds since 1970; `i64::MAX` when it does not fit.
    pub mtime: i64,
    /// Last change of content or inode. Programs that set times back can't set this one.
    pub ctime: i64,
    /// Inode number.
    pub ino: u64,
    /// Device.
    pub dev: u64,
}

impl Stat {
    /// Whether this machine gives the change time and identity without which a cache would lie.
    pub const IDENTIFIES: bool = cfg!(unix);

    /// Takes what matters out of metadata.
    #[cfg(unix)]
    pub fn of(metadata: &Metadata) -> Self {
        use std::os::unix::fs::MetadataExt;
        Self {
            size: metadata.size(),
            mtime: nanoseconds(metadata.mtime(), metadata.mtime_nsec()),
            ctime: nanoseconds(metadata.ctime(), metadata.ctime_nsec()),
            ino: metadata.ino(),
            dev: metadata.dev(),
        }
    }

    /// Takes what matters out of metadata.
    #[cfg(not(unix))]
    pub fn of(metadata: &Metadata) -> Self {
        let mtime = filetime::FileTime::from_last_modification_time(metadata);
        Self {
            size: metadata.len(),
            mtime: nanoseconds(mtime.unix_seconds(), i64::from(mtime.nanoseconds())),
            ..Self::default()
        }
    }
}

fn nanoseconds(seconds: i64, rest: i64) -> i64 {
    seconds
        .checked_mul(1_000_000_000)
        .and_then(|whole| whole.checked_add(rest))
        .unwrap_or(i64::MAX)
}
