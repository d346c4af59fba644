//! The files below a folder, as a program that reads the folder finds them.
//!
//! Symbolic links are followed, to files and to folders, for that is what reading does. `.git` is
//! left out: it changes by itself.

use std::ffi::{OsStr, OsString};
use std::fs::DirEntry;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};
use rayon::prelude::*;

use super::hash::special;
use super::pointer::AnnexKey;
use super::stat::Stat;
use crate::error::{Context, Result};
use crate::model::RecordPath;

/// Linked folders beyond this many are a trap and not a data set.
const LINKED_FOLDERS: usize = 10_000;
/// Entries of one folder that one thread looks at in a row.
const CHUNK: usize = 2048;

/// A regular file below a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Relative to the folder, with `/`.
    pub name: RecordPath,
    /// What to open; where a link led, the file itself.
    pub path: PathBuf,
    /// As it was when it was found.
    pub stat: Stat,
}

/// Everything below a folder.
#[derive(Debug, Default)]
pub struct Walk {
    /// Sorted by the bytes of their names.
    pub files: Vec<Found>,
    /// How many links were followed.
    pub links: u64,
    /// Links to content that git-annex has elsewhere, sorted likewise.
    pub annexed: Vec<(RecordPath, AnnexKey)>,
    /// Links that lead nowhere, or back to a folder that they are in.
    pub dangling: Vec<RecordPath>,
    /// Pipes, sockets and devices.
    pub special: Vec<RecordPath>,
    /// Whether a `.git` was left out.
    pub dot_git: bool,
    /// What could not be read, and why: with any of these the content is not known.
    pub unreadable: Vec<(RecordPath, String)>,
}

/// Which files of a folder count.
#[derive(Debug, Default)]
pub struct Filter {
    include: Option<GlobSet>,
    exclude: Option<GlobSet>,
}

impl Filter {
    /// Compiles globs. One without `/` matches a name at any depth; one with `/` starts at the
    /// folder. A glob that matches a folder stands for all that is in it.
    ///
    /// # Errors
    /// Names the glob that is none.
    pub fn new(include: &[String], exclude: &[String]) -> Result<Self> {
        Ok(Self {
            include: compile(include)?,
            exclude: compile(exclude)?,
        })
    }

    fn includes(&self, name: &RecordPath) -> bool {
        let include = self.include.as_ref();
        include.is_none_or(|set| set.is_match(name.to_path()))
    }

    fn excludes(&self, name: &RecordPath) -> bool {
        let exclude = self.exclude.as_ref();
        exclude.is_some_and(|set| set.is_match(name.to_path()))
    }
}

fn compile(globs: &[String]) -> Result<Option<GlobSet>> {
    if globs.is_empty() {
        return Ok(None);
    }
    let mut set = GlobSetBuilder::new();
    for glob in globs {
        let bare = glob.trim_end_matches('/').trim_start_matches("./");
        let anchored = match bare.strip_prefix('/') {
            Some(rest) => rest.to_owned(),
            None if bare.contains('/') => bare.to_owned(),
            None => format!("**/{bare}"),
        };
        for text in [anchored.clone(), format!("{anchored}/**")] {
            let glob = GlobBuilder::new(&text)
                .literal_separator(true)
                .backslash_escape(true)
                .build();
            set.add(glob.context(|| format!("`{bare}` is not a glob"))?);
        }
    }
    set.build()
        .map(Some)
        .context(|| "the globs are too many".to_owned())
}

/// A folder on the way to it, to notice a link that leads back.
struct Ancestor {
    identity: (u64, u64),
    parent: Option<Arc<Ancestor>>,
}

struct Folder {
    path: PathBuf,
    name: RecordPath,
    ancestors: Option<Arc<Ancestor>>,
}

/// What one entry turned out to be.
enum Entry {
    File(Found, bool),
    Folder(PathBuf, RecordPath, bool),
    Annexed(RecordPath, AnnexKey),
    Dangling(RecordPath),
    Special(RecordPath),
    DotGit,
    Unreadable(RecordPath, String),
    LeftOut,
}

/// Walks a folder, level by level, on the threads of the current rayon pool.
pub fn walk(root: &Path, filter: &Filter) -> Walk {
    let mut walk = Walk::default();
    let mut linked_folders = 0;
    let mut level = vec![Folder {
        path: root.to_owned(),
        name: RecordPath::default(),
        ancestors: None,
    }];
    while !level.is_empty() {
        level.sort_unstable_by(|a, b| a.name.cmp(&b.name));
        let read: Vec<_> = level
            .into_par_iter()
            .map(|folder| (list(&folder, filter), folder.name))
            .collect();
        level = Vec::new();
        for (listed, name) in read {
            match listed {
                Ok(None) => walk.dangling.push(name),
                Ok(Some((entries, ancestor))) => {
                    for entry in entries {
                        let next = walk.take(entry, &mut linked_folders);
                        level.extend(next.map(|(path, name)| Folder {
                            path,
                            name,
                            ancestors: Some(Arc::clone(&ancestor)),
                        }));
                    }
                }
                Err(error) => walk.unreadable.push((name, error.to_string())),
            }
        }
    }
    // Folders and their entries were sorted, so this merges runs: a stable sort finds them.
    walk.files.sort_by(|a, b| a.name.cmp(&b.name));
    walk.annexed.sort_by(|a, b| a.0.cmp(&b.0));
    walk.dangling.sort_unstable();
    walk.special.sort_unstable();
    walk.unreadable.sort_unstable();
    walk
}

impl Walk {
    fn take(&mut self, entry: Entry, linked: &mut usize) -> Option<(PathBuf, RecordPath)> {
        match entry {
            Entry::File(found, followed) => {
                self.links += u64::from(followed);
                self.files.push(found);
            }
            Entry::Folder(path, name, followed) => {
                self.links += u64::from(followed);
                *linked += usize::from(followed);
                if *linked <= LINKED_FOLDERS {
                    return Some((path, name));
                }
                let why = format!("more than {LINKED_FOLDERS} links to folders");
                self.unreadable.push((name, why));
            }
            Entry::Annexed(name, key) => self.annexed.push((name, key)),
            Entry::Dangling(name) => self.dangling.push(name),
            Entry::Special(name) => self.special.push(name),
            Entry::DotGit => self.dot_git = true,
            Entry::Unreadable(name, why) => self.unreadable.push((name, why)),
            Entry::LeftOut => {}
        }
        None
    }
}

/// Lists one folder; `None` when it is one of its own ancestors.
fn list(folder: &Folder, filter: &Filter) -> io::Result<Option<(Vec<Entry>, Arc<Ancestor>)>> {
    let stat = Stat::of(&folder.path.metadata()?);
    let identity = (stat.dev, stat.ino);
    let mut above = folder.ancestors.as_ref();
    while let Some(ancestor) = above {
        if Stat::IDENTIFIES && ancestor.identity == identity {
            return Ok(None);
        }
        above = ancestor.parent.as_ref();
    }
    let entries = std::fs::read_dir(&folder.path)?;
    let named = |entry: DirEntry| (entry.file_name(), entry);
    let mut entries: Vec<(OsString, DirEntry)> = entries
        .map(|entry| entry.map(named))
        .collect::<io::Result<_>>()?;
    entries.sort_unstable_by(|a, b| a.0.cmp(&b.0));
    let one = |(own, entry): &(OsString, DirEntry)| look(own, entry, folder, filter);
    let looked = entries
        .par_chunks(CHUNK)
        .flat_map_iter(|chunk| chunk.iter().map(one))
        .collect();
    let ancestor = Arc::new(Ancestor {
        identity,
        parent: folder.ancestors.clone(),
    });
    Ok(Some((looked, ancestor)))
}

fn look(own: &OsStr, entry: &DirEntry, folder: &Folder, filter: &Filter) -> Entry {
    if own == ".git" {
        return Entry::DotGit;
    }
    let name = RecordPath::from_path(Path::new(own)).below(&folder.name);
    if filter.excludes(&name) {
        return Entry::LeftOut;
    }
    match examine(entry, filter, &name) {
        Ok(Seen::File(path, stat, followed)) => Entry::File(Found { name, path, stat }, followed),
        Ok(Seen::Folder(path, followed)) => Entry::Folder(path, name, followed),
        Ok(Seen::Annexed(key)) => Entry::Annexed(name, key),
        Ok(Seen::Dangling) => Entry::Dangling(name),
        Ok(Seen::Special) => Entry::Special(name),
        Ok(Seen::LeftOut) => Entry::LeftOut,
        Err(error) => Entry::Unreadable(name, error.to_string()),
    }
}

/// An entry that was looked at, before it has its name.
enum Seen {
    File(PathBuf, Stat, bool),
    Folder(PathBuf, bool),
    Annexed(AnnexKey),
    Dangling,
    Special,
    LeftOut,
}

fn examine(entry: &DirEntry, filter: &Filter, name: &RecordPath) -> io::Result<Seen> {
    let kind = entry.file_type()?;
    if kind.is_dir() {
        return Ok(Seen::Folder(entry.path(), false));
    }
    let (path, metadata) = if kind.is_symlink() {
        match entry.path().metadata() {
            Ok(target) if target.is_dir() => return Ok(Seen::Folder(entry.path(), true)),
            Ok(target) => (entry.path().canonicalize()?, target),
            Err(error) if leads_nowhere(&error) => {
                return Ok(match AnnexKey::of_link(&entry.path()) {
                    Some(_) if !filter.includes(name) => Seen::LeftOut,
                    Some(key) => Seen::Annexed(key),
                    None => Seen::Dangling,
                });
            }
            Err(error) => return Err(error),
        }
    } else {
        (entry.path(), entry.metadata()?)
    };
    if !filter.includes(name) {
        return Ok(Seen::LeftOut);
    }
    if special(metadata.file_type()).is_some() {
        return Ok(Seen::Special);
    }
    Ok(Seen::File(path, Stat::of(&metadata), kind.is_symlink()))
}

/// A missing target, also in a file that was a folder elsewhere (`.git` of a linked worktree), or links
/// that lead to each other.
fn leads_nowhere(error: &io::Error) -> bool {
    let is_missing = matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    );
    is_missing || {
        #[cfg(unix)]
        {
            rustix::io::Errno::from_io_error(error) == Some(rustix::io::Errno::LOOP)
        }
        #[cfg(not(unix))]
        {
            false
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(root: &Path, include: &[&str], exclude: &[&str]) -> Vec<String> {
        let own = |list: &[&str]| list.iter().map(ToString::to_string).collect::<Vec<_>>();
        let filter = Filter::new(&own(include), &own(exclude)).unwrap();
        let walk = walk(root, &filter);
        assert!(walk.unreadable.is_empty());
        walk.files
            .iter()
            .map(|f| f.name.display().into_owned())
            .collect()
    }

    #[test]
    fn globs_choose_by_name_or_from_the_top() {
        let folder = tempfile::tempdir().unwrap();
        for file in ["a.png", "x/b.png", "x/b.txt", "x/tmp/c.png", "tmp/d.png"] {
            let path = folder.path().join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "").unwrap();
        }
        let root = folder.path();
        assert_eq!(names(root, &["*.png"], &["tmp"]), ["a.png", "x/b.png"]);
        assert_eq!(
            names(root, &["x/**"], &["/tmp"]),
            ["x/b.png", "x/b.txt", "x/tmp/c.png"]
        );
        assert_eq!(names(root, &["x"], &["x/tmp/"]), ["x/b.png", "x/b.txt"]);
        assert!(Filter::new(&["a[".to_owned()], &[]).is_err());
    }

    #[cfg(unix)]
    #[test]
    fn links_are_followed_but_never_in_circles() {
        use std::os::unix::fs::symlink;
        let folder = tempfile::tempdir().unwrap();
        let outside = tempfile::tempdir().unwrap();
        std::fs::write(outside.path().join("far"), "far").unwrap();
        let root = folder.path();
        std::fs::create_dir(root.join("d")).unwrap();
        std::fs::write(root.join("d/near"), "near").unwrap();
        symlink("..", root.join("d/up")).unwrap();
        symlink(outside.path(), root.join("linked")).unwrap();
        symlink("d/near", root.join("near")).unwrap();
        symlink("nowhere", root.join("gone")).unwrap();
        symlink("self", root.join("self")).unwrap();
        let walk = walk(root, &Filter::default());
        let names: Vec<_> = walk.files.iter().map(|f| f.name.display()).collect();
        assert_eq!(names, ["d/near", "linked/far", "near"]);
        let dangling: Vec<_> = walk.dangling.iter().map(RecordPath::display).collect();
        assert_eq!(dangling, ["d/up", "gone", "self"]);
        assert!(walk.unreadable.is_empty());
        assert_eq!(walk.links, 3, "linked, near and d/up");
    }
}
