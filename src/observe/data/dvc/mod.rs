//! What DVC keeps: its files beside the data, its cache, and the MD5 by which it names contents.
//!
//! What DVC has written down is a claim: data are changed without telling it. [`content`] computes the
//! MD5 of what is there, and [`known`] remembers it.

pub mod content;
pub mod known;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::model::data::Pointer;
use crate::model::{Param, RecordPath};
use crate::observe::config;
use crate::store::layout::normalize;

/// A file of DVC's beyond this is left unread.
const LIMIT: u64 = 16 << 20;
/// The listing of a folder likewise: some millions of files.
const LISTING_LIMIT: u64 = 512 << 20;
/// The name of a folder's content ends so.
const DIR: &str = ".dir";

/// What DVC wrote down about a file or folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Out {
    /// Absolute path of the content.
    pub path: PathBuf,
    /// MD5 as DVC writes it; `….dir` for a folder.
    pub md5: String,
    /// Bytes, summed over a folder.
    pub size: Option<u64>,
    /// Files of a folder.
    pub files: Option<u64>,
}

/// The first output that a `.dvc` file names.
pub fn of_stub(path: &Path) -> Option<Out> {
    outs(path).into_iter().next()
}

/// What DVC says about a path: its own `.dvc` file or that of a folder it is in, else the `dvc.lock`
/// of one. A file in a folder that DVC keeps as a whole is told from the folder's listing, if the
/// cache has that.
pub fn of(path: &Path) -> Option<Out> {
    for folder in path.ancestors() {
        let mut stub = folder.as_os_str().to_owned();
        stub.push(".dvc");
        let locked = || outs(&folder.join("dvc.lock"));
        let around = |out: &Out| path.starts_with(&out.path);
        let out = of_stub(Path::new(&stub)).filter(around);
        match out.or_else(|| locked().into_iter().find(around)) {
            Some(out) if out.path == path => return Some(out),
            Some(out) => return out.member(path),
            None if folder.join(".git").exists() => return None,
            None => {}
        }
    }
    None
}

type Leaves = BTreeMap<String, Param>;

/// The outputs in a `.dvc` file (`outs`) or a `dvc.lock` (`stages.<name>.outs`), in their order.
fn outs(path: &Path) -> Vec<Out> {
    let (Some(leaves), Some(folder)) = (leaves(path), path.parent()) else {
        return Vec::new();
    };
    let out = |name: &String| {
        let out = name.strip_suffix(".path")?;
        let (stage, number) = out.rsplit_once("outs.")?;
        number.parse::<u32>().ok()?;
        let told = |what: &str| leaves.get(&format!("{out}.{what}")).map(Param::spelling);
        let count = |what: &str| told(what).and_then(|text| text.parse().ok());
        let base = match stage.strip_suffix('.') {
            Some(stage) => stage_folder(folder, stage)?,
            None => leaves.get("wdir").map(Param::spelling).unwrap_or_default(),
        };
        Some(Out {
            path: normalize(&folder.join(base).join(told("path")?)),
            md5: told("md5")?,
            size: count("size"),
            files: count("nfiles"),
        })
    };
    leaves.keys().filter_map(out).collect()
}

fn leaves(path: &Path) -> Option<Leaves> {
    let found = path.symlink_metadata().ok()?;
    let readable = found.is_file() && found.len() <= LIMIT;
    let bytes = readable.then(|| std::fs::read(path).ok())??;
    config::read(&"dvc.yaml".into(), &bytes).ok()
}

/// The folder that a stage of `dvc.lock` works in, from the `dvc.yaml` beside; `None` where only DVC
/// can tell.
fn stage_folder(folder: &Path, stage: &str) -> Option<String> {
    let stages = leaves(&folder.join("dvc.yaml")).unwrap_or_default();
    // Of one that was made in a loop, the name goes on with the value.
    let name = stage.split('@').next().unwrap_or(stage).replace('"', "");
    let told = ["wdir", "do.wdir"].map(|key| stages.get(&format!("{name}.{key}")));
    let told = told.into_iter().flatten().next().map(Param::spelling);
    let told = told.unwrap_or_default();
    (!told.contains("${")).then_some(told)
}

/// A line of the listing of a folder, as DVC writes it.
#[derive(Deserialize)]
struct Line {
    md5: String,
    relpath: String,
}

/// A file of a folder that DVC keeps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Relative to the folder. Read from a file: data, and no path to be trusted.
    pub path: RecordPath,
    /// MD5 of its content.
    pub md5: String,
}

impl Out {
    /// Whether DVC's own cache, in the repository above the path, holds the content.
    pub fn cached(&self) -> bool {
        self.object(&self.md5).is_some()
    }

    fn object(&self, md5: &str) -> Option<PathBuf> {
        let tops = self.path.ancestors();
        tops.flat_map(|top| objects(top, md5))
            .find(|object| object.exists())
    }

    fn member(&self, path: &Path) -> Option<Self> {
        let name = RecordPath::from_path(path.strip_prefix(&self.path).ok()?);
        let members = listing(&self.object(&self.md5)?)?;
        let member = members.into_iter().find(|member| member.path == name)?;
        let size = self.object(&member.md5)?.metadata().ok()?.len();
        Some(Self {
            path: path.to_owned(),
            md5: member.md5,
            size: Some(size),
            files: None,
        })
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

/// Whether an MD5 names a folder.
pub fn is_folder(md5: &str) -> bool {
    md5.ends_with(DIR)
}

/// The files of a folder, from its listing in the cache.
pub fn listing(object: &Path) -> Option<Vec<Member>> {
    let found = object.metadata().ok()?;
    let bytes = (found.len() <= LISTING_LIMIT).then(|| std::fs::read(object).ok())??;
    let lines: Vec<Line> = serde_json::from_slice(&bytes).ok()?;
    let member = |line: Line| Member {
        path: line.relpath.as_str().into(),
        md5: line.md5,
    };
    Some(lines.into_iter().map(member).collect())
}

/// Where DVC may keep an object for a project: its cache, also one that `dvc cache dir` moved.
/// Version 3 of DVC put `files/md5` in between (dvc.org, "Internal directories and files").
pub fn objects(top: &Path, md5: &str) -> Vec<PathBuf> {
    // Read from a file, and about to be a path.
    let digits = md5.strip_suffix(DIR).unwrap_or(md5);
    if digits.len() != 32 || !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Vec::new();
    }
    let folder = top.join(".dvc");
    let mut caches = vec![folder.join("cache")];
    for file in ["config.local", "config"] {
        caches.extend(cache_folder(&folder, file));
    }
    let (head, tail) = md5.split_at(2);
    let places = caches.iter().flat_map(|cache| {
        let object = |folder: PathBuf| folder.join(head).join(tail);
        [object(cache.join("files/md5")), object(cache.clone())]
    });
    places.collect()
}

/// The `dir` below `[cache]` of a file of DVC's configuration; relative to the file's folder.
fn cache_folder(folder: &Path, file: &str) -> Option<PathBuf> {
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
        let own = of(&data.join("raw.csv")).unwrap();
        assert_eq!(own.size, Some(14_445_097));
        let locked = of(&data.join("prepared")).unwrap();
        assert_eq!(locked.md5, "153aad06d376b6595932470e459ef42a.dir");
        assert!(!locked.cached());
        let kept = folder.path().join(".dvc/cache/files/md5/15");
        std::fs::create_dir_all(&kept).unwrap();
        std::fs::write(kept.join("3aad06d376b6595932470e459ef42a.dir"), "[]").unwrap();
        assert!(locked.cached());
        assert_eq!(of(&data.join("other.csv")), None);
        let moved = folder.path().join("elsewhere/files/md5/22");
        std::fs::create_dir_all(&moved).unwrap();
        std::fs::write(moved.join("a1a2931c8370d3aeedd7183606fd7f"), "x").unwrap();
        assert!(!own.cached());
        let config = "[core]\n    remote = r\n[cache]\n    dir = ../elsewhere\n";
        std::fs::write(folder.path().join(".dvc/config"), config).unwrap();
        assert!(own.cached());
        for no_name in [
            "",
            "22a1",
            "22a1a2931c8370d3aeedd7183606fd7f/../../x",
            "../../x",
        ] {
            assert!(objects(folder.path(), no_name).is_empty(), "{no_name}");
        }
    }

    #[test]
    fn a_stage_works_in_its_own_folder() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            std::fs::write(folder.path().join(name), text).unwrap();
        };
        write(
            "dvc.yaml",
            "stages:\n  w:\n    wdir: src\n    cmd: x\n  e:\n    foreach: ['0.1']\n    do:\n      wdir: \
             sub\n      cmd: x\n  t:\n    wdir: ${place}\n    cmd: x\n",
        );
        let md5 = "22a1a2931c8370d3aeedd7183606fd7f";
        let out = |stage: &str| {
            format!("  {stage}:\n    cmd: x\n    outs:\n    - path: o.csv\n      md5: {md5}\n")
        };
        let stages = ["w", "e@0.1", "t", "top"].map(out).join("");
        write("dvc.lock", &format!("schema: '2.0'\nstages:\n{stages}"));
        let known = |path: &str| of(&folder.path().join(path)).is_some();
        assert!(known("src/o.csv") && known("sub/o.csv") && known("o.csv"));
        assert!(!known("e/o.csv"));
        write(
            "dvc.lock",
            &format!("stages:\n{}", ["w", "t"].map(out).join("")),
        );
        assert!(!known("o.csv"), "where it is, only DVC can tell");
    }

    #[test]
    fn a_file_of_a_kept_folder_is_told_from_its_listing() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        let write = |name: &str, text: &str| {
            std::fs::create_dir_all(root.join(name).parent().unwrap()).unwrap();
            std::fs::write(root.join(name), text).unwrap();
        };
        let md5 = "c3c6bc2ae8ece4bd2510dca21225c041";
        write(
            "data.dvc",
            "outs:\n- md5: f723c751d313fd5d24517971ab722e8f.dir\n  size: 18\n  nfiles: 4\n  path: data\n",
        );
        let path = root.join("data/in/t.csv");
        assert_eq!(of(&path), None, "the cache has no listing");
        let listing = format!(r#"[{{"md5": "{md5}", "relpath": "in/t.csv"}}]"#);
        write(
            ".dvc/cache/files/md5/f7/23c751d313fd5d24517971ab722e8f.dir",
            &listing,
        );
        assert_eq!(of(&path), None, "nor the file");
        write(
            ".dvc/cache/files/md5/c3/c6bc2ae8ece4bd2510dca21225c041",
            "12345",
        );
        let out = of(&path).unwrap();
        assert_eq!((out.md5.as_str(), out.size), (md5, Some(5)));
        assert_eq!(of(&root.join("data/in/u.csv")), None);
        let whole = of(&root.join("data")).unwrap();
        assert_eq!((whole.size, whole.files), (Some(18), Some(4)));
    }
}
