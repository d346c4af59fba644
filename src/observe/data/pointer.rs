//! Files that stand in for content kept elsewhere by Git LFS and git-annex.

use std::path::{Path, PathBuf};

use super::hash::Raw;
use crate::model::Sha256;

/// Longer files are content. The Git LFS specification asks for less than 1024 bytes.
pub const LIMIT: usize = 1024;

/// A pointer file's text, understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stub {
    /// Git LFS, whose oid is the SHA-256 of the content.
    Lfs {
        /// SHA-256 of the content.
        oid: Raw,
        /// Size of the content in bytes.
        bytes: u64,
    },
    /// An unlocked git-annex file.
    Annex(AnnexKey),
}

/// A git-annex key: backend, optional size, and the backend's name for the content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnnexKey {
    /// The whole key.
    pub text: String,
    /// Field `s`, when the key has it.
    pub bytes: Option<u64>,
    /// The SHA-256, for the backends `SHA256` and `SHA256E`.
    pub sha256: Option<Raw>,
}

/// Recognises a pointer by the whole text of a small file.
pub fn stub(bytes: &[u8]) -> Option<Stub> {
    let text = std::str::from_utf8(bytes).ok()?;
    lfs(text).or_else(|| {
        let key = text.strip_prefix("/annex/objects/")?.lines().next()?;
        AnnexKey::parse(key).map(Stub::Annex)
    })
}

/// Reads a pointer as <https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md> defines it.
fn lfs(text: &str) -> Option<Stub> {
    let rest = text
        .strip_prefix("version https://git-lfs.github.com/spec/v1\n")
        .or_else(|| text.strip_prefix("version https://hawser.github.com/spec/v1\n"))?;
    let field = |name: &str| {
        rest.lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(' '))
    };
    Some(Stub::Lfs {
        oid: raw(field("oid")?.strip_prefix("sha256:")?)?,
        bytes: field("size")?.parse().ok()?,
    })
}

fn raw(hex: &str) -> Option<Raw> {
    Sha256::parse(hex).map(|digest| digest.to_bytes())
}

impl AnnexKey {
    /// Parses `BACKEND[-sSIZE][-mMTIME][-SSIZE-CCHUNK]--NAME`.
    pub fn parse(key: &str) -> Option<Self> {
        let (head, name) = key.split_once("--")?;
        let mut fields = head.split('-');
        let backend = fields.next().filter(|backend| !backend.is_empty())?;
        let plausible = |b: u8| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_';
        if name.is_empty() || !backend.bytes().all(plausible) {
            return None;
        }
        let bytes = fields.find_map(|field| field.strip_prefix('s')?.parse().ok());
        let sha256 = match backend {
            "SHA256" => raw(name),
            "SHA256E" => name.get(..64).and_then(raw),
            _ => None,
        };
        Some(Self {
            text: key.to_owned(),
            bytes,
            sha256,
        })
    }

    /// Digest and size of the content, where the key tells both.
    pub fn content(&self) -> Option<(Raw, u64)> {
        self.sha256.zip(self.bytes)
    }

    /// Reads the key off a symbolic link into `.git/annex/objects`.
    pub fn of_link(link: &Path) -> Option<Self> {
        let target = std::fs::read_link(link).ok()?;
        let text = target.to_str()?.replace('\\', "/");
        let inside = text.contains(".git/annex/objects/") || text.contains("/annex/objects/");
        inside
            .then(|| Self::parse(text.rsplit('/').next()?))
            .flatten()
    }
}

/// Where Git LFS keeps an object, below the common git directory.
pub fn lfs_object(git_dir: &Path, oid: &Sha256) -> PathBuf {
    let hex = oid.as_str();
    git_dir
        .join("lfs/objects")
        .join(&hex[..2])
        .join(&hex[2..4])
        .join(hex)
}

#[cfg(test)]
mod tests {
    use super::*;

    const OID: &str = "4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393";

    #[test]
    fn lfs_pointers_are_read_and_their_look_alikes_are_not() {
        let text =
            format!("version https://git-lfs.github.com/spec/v1\noid sha256:{OID}\nsize 12345\n");
        let Some(Stub::Lfs { oid, bytes }) = stub(text.as_bytes()) else {
            panic!("not recognised");
        };
        assert_eq!(Sha256::from_bytes(&oid).as_str(), OID);
        assert_eq!(bytes, 12345);
        let with_extension = text.replace("oid ", "ext-0-foo sha256:aa\noid ");
        assert!(stub(with_extension.as_bytes()).is_some());
        for wrong in [
            text.replace("version", "# version"),
            text.replace("sha256:", "sha512:"),
            text.replace("size 12345", "size many"),
            text.replace(OID, &OID[1..]),
        ] {
            assert_eq!(stub(wrong.as_bytes()), None, "{wrong}");
        }
    }

    #[test]
    fn annex_keys_give_size_and_digest() {
        let key = AnnexKey::parse(&format!("SHA256E-s31390--{OID}.csv.gz")).unwrap();
        assert_eq!(key.bytes, Some(31390));
        assert_eq!(Sha256::from_bytes(&key.sha256.unwrap()).as_str(), OID);
        let key = AnnexKey::parse("WORM-s3-m1289672605--file").unwrap();
        assert_eq!((key.bytes, key.sha256), (Some(3), None));
        assert!(AnnexKey::parse("no key").is_none());
        assert!(AnnexKey::parse("a--b").is_none());
    }
}
