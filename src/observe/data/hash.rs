//! SHA-256 of one file, read once, with a watch on whether it held still meanwhile.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use sha2::Digest;

use super::lanes;
use super::picture;
use super::pointer::{self, Stub};
use super::stat::Stat;
use crate::model::Sha256;
use crate::model::card::Pixels;

/// Larger reads fall out of the second-level cache and cost four times the copying.
pub const BUFFER: usize = 128 * 1024;

/// Files of no more bytes are read whole, several at a time: [`read_together`].
pub const SMALL: u64 = 32 * 1024;

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
    /// The size of an image.
    pub pixels: Option<Pixels>,
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
    /// One per thread.
    pub reader: &'a mut Reader,
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

/// What a thread reads its files with.
pub struct Reader {
    buffer: Vec<u8>,
    folder: Folder,
}

impl Default for Reader {
    fn default() -> Self {
        Self::with_buffer(BUFFER)
    }
}

impl Reader {
    /// Reads so many bytes at a time, at least one.
    pub fn with_buffer(bytes: usize) -> Self {
        Self {
            buffer: vec![0; bytes],
            folder: Folder::default(),
        }
    }
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
            reader: &mut Reader::default(),
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

/// Digests small files whose contents fill the same number of blocks, as they were found: in less time
/// than one after the other.
///
/// # Errors
/// As [`file()`], for each file.
pub fn read_together(
    files: &[(&Path, Stat)],
    reader: &mut Reader,
    progress: &(dyn Fn(u64) + Sync),
) -> Vec<Result<Hashed, Problem>> {
    let Reader { buffer, folder } = reader;
    let room = files.len() * SMALL as usize;
    if buffer.len() < room {
        buffer.resize(room, 0);
    }
    let parts = buffer.chunks_mut(SMALL as usize);
    let read: Vec<Result<Small<'_>, Problem>> = files
        .iter()
        .zip(parts)
        .map(|(&(path, found), part)| Small::read(path, found, part, folder))
        .collect();
    let contents: Vec<&[u8]> = read.iter().flatten().map(|small| small.content).collect();
    let mut digests = lanes::digests(&contents).into_iter();
    let hashed = read.into_iter().map(|small| {
        let small = small?;
        progress(small.content.len() as u64);
        Ok(small.hashed(digests.next().unwrap_or_default()))
    });
    let mut hashed: Vec<Result<Hashed, Problem>> = hashed.collect();
    for (outcome, (path, _)) in hashed.iter_mut().zip(files) {
        if outcome.as_ref().is_ok_and(|hashed| hashed.unstable) {
            let mut again = Reading {
                found: None,
                reader,
                sync: false,
                progress,
                tee: None,
            };
            *outcome = once(path, &mut again);
        }
    }
    hashed
}

/// A file that was read whole.
struct Small<'b> {
    content: &'b [u8],
    unstable: bool,
    stat: Stat,
    is_picture: bool,
}

impl<'b> Small<'b> {
    fn read(
        path: &Path,
        found: Stat,
        part: &'b mut [u8],
        folder: &mut Folder,
    ) -> Result<Self, Problem> {
        let mut file = folder.open(path)?;
        let mut filled = 0;
        // As in `once`: what grows beyond what was found shows in the size.
        while filled < part.len() {
            match file.read(&mut part[filled..]) {
                Ok(0) => break,
                Ok(count) => filled += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error.into()),
            }
            if filled as u64 >= found.size {
                break;
            }
        }
        let after = stat(&file)?;
        Ok(Self {
            content: &part[..filled],
            unstable: after != found || filled as u64 != found.size,
            stat: found,
            is_picture: picture::is_named_so(path.as_os_str().as_encoded_bytes()),
        })
    }

    fn hashed(self, raw: Raw) -> Hashed {
        let content = self.content;
        let is_picture = self.is_picture && !content.is_empty();
        let may_be_stub = content.len() <= pointer::LIMIT;
        Hashed {
            raw,
            bytes: content.len() as u64,
            unstable: self.unstable,
            stat: self.stat,
            stub: may_be_stub
                .then(|| pointer::stub(content).map(Box::new))
                .flatten(),
            pixels: is_picture.then(|| picture::pixels(content)).flatten(),
            cacheable: true,
        }
    }
}

fn once(path: &Path, reading: &mut Reading) -> Result<Hashed, Problem> {
    let Reader { buffer, folder } = &mut *reading.reader;
    let mut file = folder.open(path)?;
    let cacheable = !reading.sync || file.sync_data().is_ok();
    let found = reading.found.take().filter(|_| !reading.sync);
    let before = match found {
        Some(found) => found,
        None => stat(&file)?,
    };
    if before.size > BUFFER as u64 {
        read_ahead(&file);
    }
    let is_picture = picture::is_named_so(path.as_os_str().as_encoded_bytes());
    let mut pixels = None;
    let mut digest = sha2::Sha256::new();
    let mut bytes = 0;
    let mut first = 0;
    loop {
        let count = match file.read(buffer) {
            Ok(0) => break,
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error.into()),
        };
        if bytes == 0 {
            first = count;
            pixels = is_picture
                .then(|| picture::pixels(&buffer[..count]))
                .flatten();
        }
        let chunk = &buffer[..count];
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
    if is_picture && pixels.is_none() && bytes > first as u64 {
        pixels = picture::pixels_of(&file);
    }
    let after = stat(&file)?;
    let whole = first as u64 == bytes && first <= pointer::LIMIT;
    Ok(Hashed {
        raw: digest.finalize().into(),
        bytes,
        unstable: after != before || bytes != before.size,
        stat: before,
        stub: whole
            .then(|| pointer::stub(&buffer[..first]).map(Box::new))
            .flatten(),
        pixels,
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

/// The folder of the files that are opened one after the other: the way to it is gone only once.
#[derive(Default)]
struct Folder {
    #[cfg(unix)]
    path: Vec<u8>,
    #[cfg(unix)]
    handle: Option<std::os::fd::OwnedFd>,
}

#[cfg(unix)]
impl Folder {
    fn open(&mut self, path: &Path) -> io::Result<File> {
        use rustix::fs::{CWD, Mode, OFlags, openat};
        use std::os::unix::ffi::OsStrExt;
        // NONBLOCK: a pipe that took the file's name since `lstat` must not hold us up.
        let flags =
            OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
        let bytes = path.as_os_str().as_bytes();
        if let Some(slash) = memchr::memrchr(b'/', bytes).filter(|&slash| slash > 0) {
            let (folder, name) = (&bytes[..slash], &bytes[slash + 1..]);
            if folder != self.path {
                self.path.clear();
                self.path.extend_from_slice(folder);
                self.handle = None;
            } else if self.handle.is_none() {
                // The second file in it: there may be more.
                let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
                self.handle = openat(CWD, folder, flags, Mode::empty()).ok();
            }
            if let Some(handle) = &self.handle {
                return Ok(openat(handle, name, flags, Mode::empty())?.into());
            }
        }
        Ok(openat(CWD, path, flags, Mode::empty())?.into())
    }
}

/// Only advice: a file system that ignores it loses nothing but time.
fn read_ahead(_file: &File) {
    #[cfg(all(unix, not(target_vendor = "apple")))]
    let _ = rustix::fs::fadvise(_file, 0, None, rustix::fs::Advice::Sequential);
}

#[cfg(not(unix))]
impl Folder {
    fn open(&mut self, path: &Path) -> io::Result<File> {
        File::open(path)
    }
}
