//! Records of fixed width, parted by a hash; on disk when they are many.
//!
//! The file has no name, so nothing is left behind however the program ends.

use std::fs::File;
use std::io::{Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use crate::error::{Failure, Result};

/// Words that a spill keeps in memory: 48 MiB.
const HELD: usize = 6 << 20;
/// A part of both sides together is about so large: 32 MiB.
const PART: u64 = 4 << 20;
const MOST_PARTS: u64 = 4096;

/// Records that wait to be read part by part.
#[derive(Debug)]
pub struct Spill {
    width: usize,
    held_at_most: usize,
    held: usize,
    parts: Vec<Part>,
    file: Option<File>,
    folder: PathBuf,
    bytes: Vec<u8>,
}

#[derive(Debug, Default)]
struct Part {
    held: Vec<u64>,
    /// Offset in the file and length in words.
    blocks: Vec<(u64, usize)>,
}

/// How many parts so many records of both sides need.
pub fn parts_for(rows: u64, width: usize) -> usize {
    let words = rows.saturating_mul(width as u64);
    usize::try_from(words.div_ceil(PART).clamp(1, MOST_PARTS)).unwrap_or(1)
}

impl Spill {
    /// Starts a spill of records of `width` words, the first of which is the hash.
    pub fn new(width: usize, parts: usize, folder: &Path) -> Self {
        Self::holding(HELD, width, parts, folder)
    }

    /// The same with another bound in memory, in words.
    pub fn holding(held_at_most: usize, width: usize, parts: usize, folder: &Path) -> Self {
        Self {
            width,
            held_at_most,
            held: 0,
            parts: std::iter::repeat_with(Part::default).take(parts).collect(),
            file: None,
            folder: folder.to_owned(),
            bytes: Vec::new(),
        }
    }

    /// Words of a record.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Parts, the same for both sides of a join.
    pub fn parts(&self) -> usize {
        self.parts.len()
    }

    /// Adds a record.
    ///
    /// # Errors
    /// When the disk is full.
    pub fn push(&mut self, record: impl IntoIterator<Item = u64>) -> Result<()> {
        let mut record = record.into_iter();
        let Some(hash) = record.next() else {
            return Ok(());
        };
        let place = (u128::from(hash) * self.parts.len() as u128) >> 64;
        let part = &mut self.parts[usize::try_from(place).unwrap_or(0)].held;
        part.push(hash);
        part.extend(record);
        debug_assert_eq!(part.len() % self.width, 0);
        self.held += self.width;
        if self.held > self.held_at_most {
            self.flush()?;
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<()> {
        let folder = self.folder.clone();
        let failed = |error: std::io::Error| {
            Failure::new(format!(
                "cannot write a temporary file in {}",
                folder.display()
            ))
            .because(error)
            .hint("free some disk space there: the rows of both versions need about their size")
        };
        if self.file.is_none() {
            self.file = Some(tempfile::tempfile_in(&self.folder).map_err(failed)?);
        }
        let Some(file) = &mut self.file else {
            return Ok(());
        };
        let mut end = file.seek(SeekFrom::End(0)).map_err(failed)?;
        for part in self.parts.iter_mut().filter(|part| !part.held.is_empty()) {
            self.bytes.clear();
            self.bytes
                .extend(part.held.iter().flat_map(|word| word.to_le_bytes()));
            file.write_all(&self.bytes).map_err(failed)?;
            part.blocks.push((end, part.held.len()));
            end += self.bytes.len() as u64;
            part.held.clear();
        }
        self.held = 0;
        Ok(())
    }

    /// Calls `each` with every record of a part, in the order they came.
    ///
    /// # Errors
    /// When the temporary file can't be read.
    pub fn each(&mut self, part: usize, mut each: impl FnMut(&[u64])) -> Result<()> {
        use std::io::Read;
        let failed =
            |error: std::io::Error| Failure::new("cannot read a temporary file").because(error);
        let mut words: Vec<u64> = Vec::new();
        for &(offset, length) in &self.parts[part].blocks {
            let Some(file) = &mut self.file else { break };
            file.seek(SeekFrom::Start(offset)).map_err(failed)?;
            self.bytes.resize(length * 8, 0);
            file.read_exact(&mut self.bytes).map_err(failed)?;
            words.clear();
            let (chunks, _) = self.bytes.as_chunks::<8>();
            words.extend(chunks.iter().map(|word| u64::from_le_bytes(*word)));
            words.chunks_exact(self.width).for_each(&mut each);
        }
        self.parts[part]
            .held
            .chunks_exact(self.width)
            .for_each(&mut each);
        Ok(())
    }

    /// Whether anything went to disk.
    pub fn is_on_disk(&self) -> bool {
        self.file.is_some()
    }
}
