//! Object ids computed in this process: what git would call these bytes, without writing them.

use std::fs::File;
use std::io::Read;

use sha1::Digest;

use crate::model::Oid;

/// Read in pieces of this size; larger ones leave the processor's second-level cache.
const BUFFER: usize = 128 * 1024;

/// The hash function of a repository.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ObjectFormat {
    /// 40 hex digits.
    Sha1,
    /// 64 hex digits.
    Sha256,
}

enum State {
    Sha1(sha1::Sha1),
    Sha256(sha2::Sha256),
}

impl State {
    fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Sha1(state) => state.update(bytes),
            Self::Sha256(state) => state.update(bytes),
        }
    }

    fn finish(self) -> Vec<u8> {
        match self {
            Self::Sha1(state) => state.finalize().to_vec(),
            Self::Sha256(state) => state.finalize().to_vec(),
        }
    }
}

impl ObjectFormat {
    /// The format that `git rev-parse --show-object-format` named.
    pub fn named(name: &str) -> Self {
        match name {
            "sha256" => Self::Sha256,
            _ => Self::Sha1,
        }
    }

    /// Bytes in an id.
    pub fn width(self) -> usize {
        match self {
            Self::Sha1 => 20,
            Self::Sha256 => 32,
        }
    }

    /// The id of an object: the hash of `kind length NUL content` (gitformat-pack(5)).
    pub fn id(self, kind: &str, content: &[u8]) -> Oid {
        let mut state = self.begin(kind, content.len() as u64);
        state.update(content);
        self.wrap(state)
    }

    /// The id that the raw bytes of an open file would have as a blob; `None` when its length
    /// changed while it was read.
    pub fn blob_of_file(self, file: &mut File) -> std::io::Result<Option<Oid>> {
        let length = file.metadata()?.len();
        let mut state = self.begin("blob", length);
        let mut buffer = vec![0; BUFFER];
        let mut seen = 0;
        loop {
            let count = file.read(&mut buffer)?;
            if count == 0 {
                break;
            }
            seen += count as u64;
            state.update(&buffer[..count]);
        }
        Ok((seen == length).then(|| self.wrap(state)))
    }

    /// The id of the tree with nothing in it, which git knows without storing it.
    pub fn empty_tree(self) -> Oid {
        self.id("tree", b"")
    }

    fn begin(self, kind: &str, length: u64) -> State {
        let mut state = match self {
            Self::Sha1 => State::Sha1(sha1::Sha1::new()),
            Self::Sha256 => State::Sha256(sha2::Sha256::new()),
        };
        state.update(format!("{kind} {length}\0").as_bytes());
        state
    }

    fn wrap(self, state: State) -> Oid {
        let bytes = state.finish();
        debug_assert_eq!(bytes.len(), self.width());
        // Both widths are valid, so the zero id below never appears.
        Oid::from_bytes(&bytes).unwrap_or_else(|| self.zero())
    }

    /// The id that stands for "no object".
    pub fn zero(self) -> Oid {
        match Oid::from_bytes(&vec![0; self.width()]) {
            Some(zero) => zero,
            None => unreachable!("20 and 32 bytes make an id"),
        }
    }
}

/// Adds the raw bytes of an id.
pub fn push_raw(bytes: &mut Vec<u8>, id: &Oid) {
    let digit = |b: u8| match b {
        b'0'..=b'9' => b - b'0',
        // Ids are lower case by construction.
        _ => b - b'a' + 10,
    };
    let pairs = id.as_str().as_bytes().chunks_exact(2);
    bytes.extend(pairs.map(|pair| digit(pair[0]) << 4 | digit(pair[1])));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_what_git_prints() {
        let (one, two) = (ObjectFormat::Sha1, ObjectFormat::Sha256);
        // `git hash-object --stdin` of "hello\n" in both formats, and the two empty trees.
        let blob = one.id("blob", b"hello\n");
        assert_eq!(blob.as_str(), "ce013625030ba8dba906f756967f9e9ca394464a");
        assert_eq!(
            two.id("blob", b"hello\n").as_str(),
            "2cf8d83d9ee29543b34a87727421fdecb7e3f3a183d337639025de576db9ebb4"
        );
        assert_eq!(
            one.empty_tree().as_str(),
            "4b825dc642cb6eb9a060e54bf8d69288fbee4904"
        );
        assert_eq!(
            two.empty_tree().as_str(),
            "6ef19b41225c5369f1c104d45d8d85efa9b057b53b14b4b9b939dd74decc5321"
        );
        let mut raw = Vec::new();
        push_raw(&mut raw, &blob);
        assert_eq!(Oid::from_bytes(&raw).unwrap(), blob);
    }

    #[test]
    fn a_file_has_the_id_of_its_bytes() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        let bytes = vec![7_u8; 3 * BUFFER + 1];
        std::io::Write::write_all(&mut file, &bytes).unwrap();
        let found = ObjectFormat::Sha1
            .blob_of_file(&mut file.reopen().unwrap())
            .unwrap();
        assert_eq!(found, Some(ObjectFormat::Sha1.id("blob", &bytes)));
    }
}
