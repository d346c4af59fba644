//! What the file system says of a file, as far as it tells one state of it from another.

use std::fs::Metadata;
use std::path::Path;

/// Size, times and identity. The default is no file's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Key {
    /// Bytes.
    pub size: u64,
    /// Last change of the content, nanoseconds since 1970.
    pub mtime: i64,
    /// Last change of content or inode, which programs can't set back.
    pub ctime: i64,
    /// Inode number.
    pub inode: u64,
}

/// Younger files than this, in nanoseconds, may change again within one tick of the file system's
/// clock and look the same; where its clock has no fractions, a tick is two seconds (FAT).
const FINE: i64 = 20_000_000;
const COARSE: i64 = 2_000_000_000;

impl Key {
    /// Looks at a path without following a link; `None` when there is nothing.
    pub fn of(path: &Path) -> Option<Self> {
        path.symlink_metadata()
            .ok()
            .map(|found| Self::from_metadata(&found))
    }

    /// Takes what matters out of metadata.
    pub fn from_metadata(found: &Metadata) -> Self {
        #[cfg(unix)]
        {
            use std::os::unix::fs::MetadataExt;
            let nanoseconds = |seconds: i64, rest: i64| {
                seconds.saturating_mul(1_000_000_000).saturating_add(rest)
            };
            Self {
                size: found.size(),
                mtime: nanoseconds(found.mtime(), found.mtime_nsec()),
                ctime: nanoseconds(found.ctime(), found.ctime_nsec()),
                inode: found.ino(),
            }
        }
        #[cfg(not(unix))]
        {
            let time = filetime::FileTime::from_last_modification_time(found);
            let nanoseconds = time
                .unix_seconds()
                .saturating_mul(1_000_000_000)
                .saturating_add(i64::from(time.nanoseconds()));
            Self {
                size: found.len(),
                mtime: nanoseconds,
                ctime: nanoseconds,
                inode: 0,
            }
        }
    }

    /// The key, or the default (which never matches) when the file is so young at `now`, a moment
    /// by the same file system's clock, that a later change could look the same.
    pub fn settled(self, now: i64) -> Self {
        let coarse = self.mtime % 1_000_000_000 == 0;
        let window = if coarse { COARSE } else { FINE };
        let young = self.mtime.max(self.ctime) > now.saturating_sub(window);
        if young { Self::default() } else { self }
    }
}
