//! Files that stand in for content kept elsewhere: Git LFS, DVC and git-annex.

use std::path::{Path, PathBuf};

use super::hash::Raw;
use crate::model::data::Pointer;
use crate::model::{Param, Sha256};
use crate::observe::config;
use crate::store::layout::normalize;

/// Longer files are content. The Git LFS specification asks for less than 1024 bytes.
pub const LIMIT: usize = 1024;
/// A `dvc.lock` beyond this is left unread.
const DVC_LIMIT: u64 = 16 << 20;

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
    let hex = Sha256::parse(hex)?;
    let mut raw = [0; 32];
    for (byte, pair) in raw.iter_mut().zip(hex.as_str().as_bytes().chunks(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(raw)
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

/// What DVC wrote down about a file or folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DvcOut {
    /// Absolute path of the content.
    pub path: PathBuf,
    /// MD5 as DVC writes it; `….dir` for a folder.
    pub md5: String,
    /// Bytes.
    pub size: Option<u64>,
}

/// The first output that a `.dvc` file names.
pub fn dvc_file(path: &Path) -> Option<DvcOut> {
    outs(path).into_iter().next()
}

/// What DVC says about a path: its own `.dvc` file, else the `dvc.lock` of a folder above it.
pub fn dvc_of(path: &Path) -> Option<DvcOut> {
    let mut own = path.as_os_str().to_owned();
    own.push(".dvc");
    if let Some(out) = dvc_file(Path::new(&own)).filter(|out| out.path == path) {
        return Some(out);
    }
    for folder in path.ancestors().skip(1) {
        let found = outs(&folder.join("dvc.lock"))
            .into_iter()
            .find(|out| out.path == path);
        if found.is_some() || folder.join(".git").exists() {
            return found;
        }
    }
    None
}

/// The outputs in a `.dvc` file (`outs`) or a `dvc.lock` (`stages.<name>.outs`), in their order.
fn outs(path: &Path) -> Vec<DvcOut> {
    let readable = path
        .symlink_metadata()
        .is_ok_and(|f| f.is_file() && f.len() <= DVC_LIMIT);
    let Some(folder) = path.parent().filter(|_| readable) else {
        return Vec::new();
    };
    let leaves = std::fs::read(path)
        .ok()
        .and_then(|bytes| config::read(&"dvc.yaml".into(), &bytes).ok())
        .unwrap_or_default();
    let below = |name: &str| leaves.get(name).map(Param::spelling);
    leaves
        .keys()
        .filter_map(|name| name.strip_suffix(".path"))
        .filter(|out| out.rsplit('.').nth(1) == Some("outs"))
        .filter_map(|out| {
            Some(DvcOut {
                path: normalize(&folder.join(below(&format!("{out}.path"))?)),
                md5: below(&format!("{out}.md5"))?,
                size: below(&format!("{out}.size")).and_then(|size| size.parse().ok()),
            })
        })
        .collect()
}

impl DvcOut {
    /// Whether DVC's own cache, in the repository above the path, holds the content.
    pub fn cached(&self) -> bool {
        let mut objects = self
            .path
            .ancestors()
            .flat_map(|top| dvc_objects(top, &self.md5));
        objects.any(|object| object.exists())
    }

    /// The pointer of a record.
    pub fn pointer(&self, present: bool) -> Pointer {
        Pointer {
            kind: "dvc".to_owned(),
            id: self.md5.clone(),
            present,
        }
    }
}

/// Where DVC may keep an object for a project: its cache, also one that `dvc cache dir` moved.
/// Version 3 of DVC put `files/md5` in between (dvc.org, "Internal directories and files").
pub fn dvc_objects(top: &Path, md5: &str) -> Vec<PathBuf> {
    let digits = md5.bytes().take_while(u8::is_ascii_hexdigit).count();
    if digits != 32 {
        return Vec::new();
    }
    let folder = top.join(".dvc");
    let mut caches = vec![folder.join("cache")];
    for file in ["config.local", "config"] {
        caches.extend(dvc_cache_dir(&folder, file));
    }
    let (head, tail) = md5.split_at(2);
    let places = caches.iter().flat_map(|cache| {
        let object = |folder: PathBuf| folder.join(head).join(tail);
        [object(cache.join("files/md5")), object(cache.clone())]
    });
    places.collect()
}

/// The `dir` below `[cache]` of a file of DVC's configuration; relative to the file's folder.
fn dvc_cache_dir(folder: &Path, file: &str) -> Option<PathBuf> {
    let text = std::fs::read_to_string(folder.join(file)).ok()?;
    let mut lines = text
        .lines()
        .map(str::trim)
        .skip_while(|line| *line != "[cache]")
        .skip(1);
    let own = lines.by_ref().take_while(|line| !line.starts_with('['));
    let value = |line: &str| {
        let (name, value) = line.split_once('=')?;
        (name.trim() == "dir").then(|| normalize(&folder.join(value.trim())))
    };
    own.into_iter().find_map(value)
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

    #[test]
    fn dvc_files_and_locks_name_their_outputs() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        std::fs::create_dir(&data).unwrap();
        std::fs::write(
            data.join("raw.csv.dvc"),
            "outs:\n- md5: 22a1a2931c8370d3aeedd7183606fd7f\n  size: 14445097\n  hash: md5\n  path: raw.csv\n",
        )
        .unwrap();
        std::fs::write(
            folder.path().join("dvc.lock"),
            "schema: '2.0'\nstages:\n  prepare:\n    cmd: python p.py\n    deps:\n    - path: data/raw.csv\n      md5: 22a1a2931c8370d3aeedd7183606fd7f\n    outs:\n    - path: data/prepared\n      hash: md5\n      md5: 153aad06d376b6595932470e459ef42a.dir\n      size: 8437363\n      nfiles: 2\n",
        )
        .unwrap();
        let own = dvc_of(&data.join("raw.csv")).unwrap();
        assert_eq!(own.size, Some(14_445_097));
        let locked = dvc_of(&data.join("prepared")).unwrap();
        assert_eq!(locked.md5, "153aad06d376b6595932470e459ef42a.dir");
        assert!(!locked.cached());
        let kept = folder.path().join(".dvc/cache/files/md5/15");
        std::fs::create_dir_all(&kept).unwrap();
        std::fs::write(kept.join("3aad06d376b6595932470e459ef42a.dir"), "[]").unwrap();
        assert!(locked.cached());
        assert_eq!(dvc_of(&data.join("other.csv")), None);
        let moved = folder.path().join("elsewhere/files/md5/22");
        std::fs::create_dir_all(&moved).unwrap();
        std::fs::write(moved.join("a1a2931c8370d3aeedd7183606fd7f"), "x").unwrap();
        assert!(!own.cached());
        let config = "[core]\n    remote = r\n[cache]\n    dir = ../elsewhere\n";
        std::fs::write(folder.path().join(".dvc/config"), config).unwrap();
        assert!(own.cached());
    }
}
