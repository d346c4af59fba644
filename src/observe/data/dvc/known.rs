//! The MD5s of contents whose SHA-256 is known: what DVC has written down is verified by reading the
//! data once, and afterwards by a look at this list.
//!
//! A content never gets another MD5, so nothing in the list grows old. It is derived: damage means
//! empty, and the file may be deleted at any time.

use std::collections::HashMap;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use sha2::Digest;
use twox_hash::XxHash3_64;

use super::content::{Called, Listing, Md5s, file_md5s};
use super::{DIR, Out};
use crate::atomic;
use crate::model::Sha256;
use crate::model::data::DataKind;
use crate::observe::data::hash::Raw;
use crate::observe::data::{Input, manifest};

const NAME: &str = "md5s";
const MAGIC: &[u8; 8] = b"expmd5s1";
/// SHA-256, and both MD5s.
const RECORD: usize = 32 + 16 + 16;
const TRAILER: usize = 8;
/// The list is begun anew beyond: 64 MiB.
const MOST: usize = 1 << 20;

/// MD5s by SHA-256.
#[derive(Debug, Default)]
pub struct Known {
    folder: Option<PathBuf>,
    md5s: HashMap<Raw, Md5s>,
    learnt: bool,
}

impl Known {
    /// Reads the list in a folder; without one nothing is remembered.
    pub fn open(folder: Option<&Path>) -> Self {
        Self {
            folder: folder.map(Path::to_owned),
            md5s: folder.and_then(load).unwrap_or_default(),
            learnt: false,
        }
    }

    /// Whether the content that was read of an input is what DVC has written down of it. `progress` is
    /// told how many bytes were just read, from any thread.
    ///
    /// # Errors
    /// When the content can't be read, or is another by now.
    pub fn called(
        &mut self,
        out: &Out,
        input: &Input,
        progress: &(dyn Fn(u64) + Sync),
    ) -> io::Result<Called> {
        let changed = || io::Error::other("it changed meanwhile");
        let sha256 = input.sha256.as_ref().ok_or_else(changed)?;
        let is_folder = input.kind == DataKind::Folder;
        let ending = if is_folder { DIR } else { "" };
        if let Some(md5s) = self.md5s.get(&sha256.to_bytes()) {
            return Ok(Called::of(md5s, ending, &out.md5));
        }
        let md5s = if is_folder {
            let listed = input.manifest.as_deref().and_then(manifest::parse);
            self.folder(&out.path, &listed.ok_or_else(changed)?, progress)?
        } else {
            self.files(&[(out.path.clone(), sha256)], progress)?[0]
        };
        self.learn(sha256, md5s);
        Ok(Called::of(&md5s, ending, &out.md5))
    }

    fn folder(
        &mut self,
        folder: &Path,
        lines: &[manifest::Line],
        progress: &(dyn Fn(u64) + Sync),
    ) -> io::Result<Md5s> {
        let files: Vec<_> = lines
            .iter()
            .map(|line| (folder.join(line.path.to_path()), &line.sha256))
            .collect();
        let mut listing = Listing::default();
        for (line, md5s) in lines.iter().zip(self.files(&files, progress)?) {
            listing.add(&line.path.display(), &md5s);
        }
        Ok(listing.md5s())
    }

    /// Reads the files that are not known.
    fn files(
        &mut self,
        files: &[(PathBuf, &Sha256)],
        progress: &(dyn Fn(u64) + Sync),
    ) -> io::Result<Vec<Md5s>> {
        let known = &self.md5s;
        let one = |(path, sha256): &(PathBuf, &Sha256)| match known.get(&sha256.to_bytes()) {
            Some(md5s) => Ok((*md5s, false)),
            None => read(path, sha256, progress).map(|md5s| (md5s, true)),
        };
        let done: Vec<(Md5s, bool)> = files.par_iter().map(one).collect::<io::Result<_>>()?;
        for ((_, sha256), (md5s, is_new)) in files.iter().zip(&done) {
            if *is_new {
                self.learn(sha256, *md5s);
            }
        }
        Ok(done.into_iter().map(|(md5s, _)| md5s).collect())
    }

    fn learn(&mut self, sha256: &Sha256, md5s: Md5s) {
        self.md5s.insert(sha256.to_bytes(), md5s);
        self.learnt = true;
    }

    /// Writes the list down if something was learnt.
    pub fn save(&self) {
        // Derived data: a failure to keep it costs time later and is nobody's error now.
        if let Some(folder) = self.folder.as_deref().filter(|_| self.learnt) {
            let _ = self.try_save(folder);
        }
    }

    fn try_save(&self, folder: &Path) -> Option<()> {
        // Another command may have saved since.
        let mut all = load(folder).unwrap_or_default();
        if all.len() + self.md5s.len() > MOST {
            all.clear();
        }
        all.extend(&self.md5s);
        let mut bytes = MAGIC.to_vec();
        for (sha256, md5s) in all {
            bytes.extend_from_slice(&sha256);
            bytes.extend_from_slice(md5s.as_flattened());
        }
        bytes.extend_from_slice(&XxHash3_64::oneshot(&bytes).to_le_bytes());
        std::fs::create_dir_all(folder).ok()?;
        let mut file = atomic::draft(folder, "md5s.tmp-").ok()?;
        file.write_all(&bytes).ok()?;
        file.persist(folder.join(NAME)).ok()?;
        Some(())
    }
}

fn load(folder: &Path) -> Option<HashMap<Raw, Md5s>> {
    let bytes = std::fs::read(folder.join(NAME)).ok()?;
    let (body, checksum) = bytes.split_last_chunk::<TRAILER>()?;
    if XxHash3_64::oneshot(body).to_le_bytes() != *checksum {
        return None;
    }
    let (records, rest) = body.strip_prefix(MAGIC)?.as_chunks::<RECORD>();
    let record = |record: &[u8; RECORD]| {
        let (sha256, md5s) = record.split_first_chunk::<32>()?;
        let (plain, unix) = md5s.split_first_chunk::<16>()?;
        Some((*sha256, [*plain, unix.try_into().ok()?]))
    };
    rest.is_empty()
        .then(|| records.iter().map(record).collect())
        .flatten()
}

/// The MD5s of a file that must have this digest.
fn read(path: &Path, sha256: &Sha256, progress: &(dyn Fn(u64) + Sync)) -> io::Result<Md5s> {
    let mut digest = sha2::Sha256::new();
    let md5s = file_md5s(path, |bytes| {
        digest.update(bytes);
        progress(bytes.len() as u64);
    })?;
    match Sha256::from_bytes(&digest.finalize().into()) == *sha256 {
        true => Ok(md5s),
        false => Err(io::Error::other("it changed meanwhile")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CSV: &[u8] = b"a,b\n1,2\n3,4\n";
    /// As DVC 3.67 wrote it down.
    const MD5: &str = "c3c6bc2ae8ece4bd2510dca21225c041";

    struct Bench {
        folder: tempfile::TempDir,
    }

    impl Bench {
        fn new(bytes: &[u8]) -> Self {
            let folder = tempfile::tempdir().unwrap();
            std::fs::write(folder.path().join("t.csv"), bytes).unwrap();
            Self { folder }
        }

        fn called(&self, bytes: &[u8]) -> io::Result<Called> {
            let out = Out {
                path: self.folder.path().join("t.csv"),
                md5: MD5.to_owned(),
                size: None,
                files: None,
            };
            let input = Input {
                sha256: Some(Sha256::of(bytes)),
                ..Input::default()
            };
            let mut known = Known::open(Some(&self.folder.path().join("exp")));
            let called = known.called(&out, &input, &|_| ());
            known.save();
            called
        }
    }

    #[test]
    fn a_content_is_read_once_and_remembered_by_its_digest() {
        let bench = Bench::new(CSV);
        assert_eq!(bench.called(CSV).unwrap(), Called::So);
        // Nothing at the path counts any more: the digest says what the content was.
        std::fs::remove_file(bench.folder.path().join("t.csv")).unwrap();
        assert_eq!(bench.called(CSV).unwrap(), Called::So);
        assert!(bench.called(b"another").is_err());
    }

    #[test]
    fn other_bytes_of_the_same_size_are_called_otherwise() {
        let other = b"a,b\n1,2\n3,5\n";
        let bench = Bench::new(other);
        for _ in 0..2 {
            let told = bench.called(other).unwrap();
            assert!(matches!(told, Called::Otherwise(own) if own != MD5));
        }
    }

    #[test]
    fn what_changed_since_it_was_hashed_has_no_name() {
        let bench = Bench::new(b"changed since");
        assert!(bench.called(CSV).is_err());
    }

    #[test]
    fn a_damaged_list_is_an_empty_one() {
        let bench = Bench::new(CSV);
        bench.called(CSV).unwrap();
        let folder = bench.folder.path().join("exp");
        let good = std::fs::read(folder.join(NAME)).unwrap();
        assert_eq!(load(&folder).unwrap().len(), 1);
        for at in 0..good.len() {
            let mut bad = good.clone();
            bad[at] ^= 1;
            std::fs::write(folder.join(NAME), &bad).unwrap();
            assert!(load(&folder).is_none(), "byte {at}");
            std::fs::write(folder.join(NAME), &good[..at]).unwrap();
            assert!(load(&folder).is_none(), "cut at {at}");
        }
    }
}
