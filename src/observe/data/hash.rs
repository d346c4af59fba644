//! SHA-256 of one file, read once, with a watch on whether it held still meanwhile.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use sha2::Digest;

use super::pointer::{self, Stub};
use super::stat::Stat;
use crate::model::Sha256;

/// Larger reads fall out of the second-level cache and cost four times the copying.
pub const BUFFER: usize = 128 * 1024;

/// A digest as it is computed and cached; [`Sha256`] is its form in records.
pub type Raw = [u8; 32];

/// What reading a file gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hashed {
    /// Digest of the bytes that were read.
    pub raw: Raw,
    /// How many bytes were read.
    pub bytes: u64,
    /// Whether the file changed while it was read, twice: the digest is of no single state.
    pub unstable: bool,
    /// The file as it was before reading.
    pub stat: Stat,
    /// What the file stands in for, when it is a pointer and not content.
    pub stub: Option<Box<Stub>>,
    /// Whether a later change is sure to show in the file's times (see [`Reading::sync`]).
    pub cacheable: bool,
}

impl Hashed {
    /// The digest as `sha256sum` prints it.
    pub fn sha256(&self) -> Sha256 {
        Sha256::from_bytes(&self.raw)
    }
}

/// Why a file has no digest.
#[derive(Debug, thiserror::Error)]
pub enum Problem {
    /// Nothing is there.
    #[error("no such file")]
    Missing,
    /// Something that can't be read as a file; opening it might never return.
    #[error("it is {0}")]
    Special(&'static str),
    /// The system refused.
    #[error("{0}")]
    Io(io::Error),
}

impl From<io::Error> for Problem {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::NotFound => Self::Missing,
            _ => Self::Io(error),
        }
    }
}

/// Something that looks at the bytes while they are hashed, so that a file is read once.
pub trait Tee {
    /// The file changed and is read from its beginning again.
    fn restart(&mut self);
    /// The next bytes of the file.
    fn take(&mut self, bytes: &[u8]);
    /// The file, after its last bytes were taken, for a form that is not read from front to back. A
    /// change while this looks at it counts as one while it is read.
    fn whole(&mut self, _: &File) {}
}

/// How to read a file.
pub struct Reading<'a> {
    /// As the file was just found. What it is after reading is compared with this, so that it need
    /// not be looked at in between.
    pub found: Option<Stat>,
    /// At least one byte; [`BUFFER`] is best. One per thread.
    pub buffer: &'a mut [u8],
    /// Whether to write the file's dirty pages out before reading it.
    ///
    /// A program that writes through a memory map changes the times only with the first store to a
    /// clean page. Once the pages are clean, the next store is seen.
    pub sync: bool,
    /// Called with the number of bytes just read.
    pub progress: &'a (dyn Fn(u64) + Sync),
    /// Sees every byte.
    pub tee: Option<&'a mut dyn Tee>,
}

/// Digests a file on its own.
///
/// # Errors
/// When the path is missing, is no regular file (links are not followed), or can't be read.
pub fn file(path: &Path) -> Result<Hashed, Problem> {
    refuse_special(&path.symlink_metadata()?)?;
    read(
        path,
        Reading {
            found: None,
            buffer: &mut vec![0; BUFFER],
            sync: false,
            progress: &|_| (),
            tee: None,
        },
    )
}

/// Digests what was just seen to be a regular file; one that changes meanwhile is read a second time.
///
/// # Errors
/// As [`file()`].
pub fn read(path: &Path, mut reading: Reading) -> Result<Hashed, Problem> {
    let first = once(path, &mut reading)?;
    if !first.unstable {
        return Ok(first);
    }
    if let Some(tee) = reading.tee.as_deref_mut() {
        tee.restart();
    }
    once(path, &mut reading)
}

fn once(path: &Path, reading: &mut Reading) -> Result<Hashed, Problem> {
    let mut file = open(path)?;
    let cacheable = !reading.sync || file.sync_data().is_ok();
    let found = reading.found.take().filter(|_| !reading.sync);
    let before = match found {
        Some(found) => found,
        None => stat(&file)?,
    };
    if before.size > BUFFER as u64 {
        read_ahead(&file);
    }
    let mut digest = sha2::Sha256::new();
    let mut bytes = 0;
    let mut first = 0;
    loop {
        let count = match file.read(reading.buffer) {
            Ok(0) => break,
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error.into()),
        };
        if bytes == 0 {
            first = count;
        }
        let chunk = &reading.buffer[..count];
        digest.update(chunk);
        if let Some(tee) = reading.tee.as_deref_mut() {
            tee.take(chunk);
        }
        bytes += count as u64;
        (reading.progress)(count as u64);
        // What a file grows by meanwhile shows in its size, so that small ones are read in one go. What
        // took the name of the file that was found may have no end.
        if bytes == before.size || (found.is_some() && bytes > before.size) {
            break;
        }
    }
    if let Some(tee) = reading.tee.as_deref_mut() {
        tee.whole(&file);
    }
    let after = stat(&file)?;
    let whole = first as u64 == bytes && first <= pointer::LIMIT;
    Ok(Hashed {
        raw: digest.finalize().into(),
        bytes,
        unstable: after != before || bytes != before.size,
        stat: before,
        stub: whole
            .then(|| pointer::stub(&reading.buffer[..first]).map(Box::new))
            .flatten(),
        cacheable,
    })
}

fn stat(file: &File) -> Result<Stat, Problem> {
    let found = file.metadata()?;
    // Another thing may have taken the name of the file.
    refuse_special(&found)?;
    Ok(Stat::of(&found))
}

fn refuse_special(found: &std::fs::Metadata) -> Result<(), Problem> {
    match special(found.file_type()) {
        Some(kind) => Err(Problem::Special(kind)),
        None => Ok(()),
    }
}

/// What a thing that is no regular file is called.
pub fn special(kind: std::fs::FileType) -> Option<&'static str> {
    if kind.is_file() {
        return None;
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::FileTypeExt;
        if kind.is_fifo() {
            return Some("a named pipe");
        }
        if kind.is_socket() {
            return Some("a socket");
        }
        if kind.is_block_device() || kind.is_char_device() {
            return Some("a device");
        }
    }
    if kind.is_symlink() {
        Some("a symbolic link")
    } else if kind.is_dir() {
        Some("a folder")
    } else {
        Some("no regular file")
    }
}

#[cfg(unix)]
fn open(path: &Path) -> io::Result<File> {
    use rustix::fs::{Mode, OFlags};
    // NONBLOCK: a pipe that took the file's name since `lstat` must not hold us up.
    let flags =
        OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
    Ok(File::from(rustix::fs::open(path, flags, Mode::empty())?))
}

/// Only advice: a file system that ignores it loses nothing but time.
fn read_ahead(_file: &File) {
    #[cfg(all(unix, not(target_vendor = "apple")))]
    let _ = rustix::fs::fadvise(_file, 0, None, rustix::fs::Advice::Sequential);
}

#[cfg(not(unix))]
fn open(path: &Path) -> io::Result<File> {
    File::open(path)
}
