//! Which bytes go where.

use std::collections::{BTreeMap, BTreeSet};

use crate::git::objects::Objects;
use crate::git::snapshot::Parts;
use crate::git::snapshot::checkout::Checkout;
use crate::git::snapshot::config::{AutoCrlf, Config};
use crate::git::snapshot::conversion::{Attributes, ask_cached};
use crate::git::snapshot::lfs;
use crate::git::snapshot::scratch::Scratch;
use crate::git::tree::{Entry, GITLINK, PLAIN, SYMLINK, parse_listing};
use crate::git::{Error, Repo};
use crate::model::{Oid, RecordPath, Sha256};

/// Where a file's bytes come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// The blob as it is.
    Blob(Oid),
    /// The blob as git writes it at checkout.
    Converted(Oid, Checkout),
    /// An object of Git LFS.
    Lfs(Sha256),
}

/// One file or link.
#[derive(Clone, Debug)]
pub struct File {
    /// git's mode of what is on disk.
    pub mode: u32,
    /// Its mode and blob in the tree; `None` for files of repositories inside. Where links are files,
    /// the mode is another than on disk.
    pub in_tree: Option<(u32, Oid)>,
    /// Its bytes.
    pub source: Source,
}

/// The whole folder.
#[derive(Debug, Default)]
pub struct Layout {
    /// Files and links by path.
    pub files: BTreeMap<RecordPath, File>,
    /// Submodules that nothing was kept of, with their commits.
    pub submodules: BTreeMap<RecordPath, Oid>,
    /// All submodules of the tree.
    pub gitlinks: BTreeMap<RecordPath, Oid>,
    /// How many files have other bytes than their blob.
    pub overlay_count: usize,
    /// Content that is not on this machine.
    pub missing: Vec<RecordPath>,
    lfs: BTreeSet<RecordPath>,
}

fn listing(repo: &Repo, tree: &str) -> Result<Vec<Entry>, Error> {
    parse_listing(
        &repo
            .git()
            .args(["ls-tree", "-r", "-z", "--full-tree", tree])
            .run()?,
    )
}

impl Layout {
    /// Every blob at its path.
    pub fn of_tree(repo: &Repo, tree: &Oid) -> Result<Self, Error> {
        let mut layout = Self::default();
        for entry in listing(repo, tree.as_str())? {
            if entry.mode == GITLINK {
                layout
                    .submodules
                    .insert(entry.path.clone(), entry.id.clone());
                layout.gitlinks.insert(entry.path, entry.id);
                continue;
            }
            let file = File {
                mode: entry.mode,
                in_tree: Some((entry.mode, entry.id.clone())),
                source: Source::Blob(entry.id),
            };
            layout.files.insert(entry.path, file);
        }
        Ok(layout)
    }

    /// What the snapshot keeps beside its tree.
    pub fn add_extras(
        &mut self,
        repo: &Repo,
        objects: &Objects<'_>,
        parts: &Parts,
        extras: &Oid,
    ) -> Result<(), Error> {
        for path in parts.list(objects, "crlf")? {
            if let Some(file) = self.files.get_mut(&path)
                && let Source::Blob(id) = &file.source
            {
                file.source = Source::Converted(id.clone(), Checkout::CRLF);
                self.overlay_count += 1;
            }
        }
        self.lfs.extend(parts.list(objects, "lfs")?);
        let (overlay, nested) = (RecordPath::from("overlay"), RecordPath::from("nested"));
        for entry in listing(repo, extras.as_str())? {
            if let Some(path) = entry.path.strip(&overlay) {
                if let Some(file) = self.files.get_mut(&path) {
                    if file.mode == SYMLINK {
                        file.mode = entry.mode;
                    }
                    file.source = Source::Blob(entry.id);
                    self.overlay_count += 1;
                }
            } else if let Some(path) = entry.path.strip(&nested) {
                self.submodules
                    .retain(|submodule, _| !path.is_within(submodule));
                let file = File {
                    mode: entry.mode,
                    in_tree: None,
                    source: Source::Blob(entry.id),
                };
                self.files.insert(path, file);
            }
        }
        Ok(())
    }

    /// What git itself would do at checkout, short of running a filter: line ends and `$Id$`, and
    /// files for links where it makes none.
    pub fn convert_as_git(&mut self, repo: &Repo, objects: &Objects<'_>) -> Result<(), Error> {
        let config = Config::read(repo)?;
        if config.links_are_files {
            for file in self.files.values_mut().filter(|file| file.mode == SYMLINK) {
                file.mode = PLAIN;
            }
        }
        let attributed = |path: &RecordPath| path.file_name() == b".gitattributes";
        let may_convert = config.autocrlf == AutoCrlf::True
            || config.attributes_file.is_some()
            || repo.common_dir.join("info/attributes").exists()
            || self.files.keys().any(attributed);
        if !may_convert {
            return Ok(());
        }
        for (path, attributes) in self.attributes(repo)? {
            if attributes.names_filter("lfs") {
                self.lfs.insert(path);
                continue;
            }
            let converts = attributes.checked_out_with_crlf(&config) || attributes.ident();
            let Some(file) = self.files.get_mut(&path).filter(|_| converts) else {
                continue;
            };
            if let Source::Blob(id) = file.source.clone() {
                let checkout = Checkout::of(&attributes, &config, &objects.blob(&id)?);
                if checkout != Checkout::default() {
                    file.source = Source::Converted(id, checkout);
                }
            }
        }
        Ok(())
    }

    fn attributes(&self, repo: &Repo) -> Result<Vec<(RecordPath, Attributes)>, Error> {
        // Jobs export from a git directory that they must not write to.
        let scratch = Scratch::apart()?;
        let entries: Vec<Entry> = self
            .files
            .iter()
            .filter_map(|(path, file)| {
                let (mode, id) = file.in_tree.clone()?;
                let path = path.clone();
                Some(Entry { mode, id, path })
            })
            .filter(Entry::is_file)
            .collect();
        scratch.put(repo.git(), &entries)?;
        let attributes = ask_cached(scratch.on(repo.git()), &entries)?;
        let paths = entries.into_iter().map(|entry| entry.path);
        Ok(paths.zip(attributes).collect())
    }

    /// Replaces pointers by the objects that they name.
    pub fn find_lfs(&mut self, repo: &Repo, objects: &Objects<'_>) -> Result<(), Error> {
        for path in std::mem::take(&mut self.lfs) {
            let Some(file) = self.files.get_mut(&path) else {
                continue;
            };
            let Source::Blob(id) = &file.source else {
                continue;
            };
            let Some((oid, _)) = lfs::pointer(&objects.blob(id)?) else {
                continue;
            };
            match lfs::find(repo, &oid) {
                Some(_) => {
                    file.source = Source::Lfs(oid);
                    self.overlay_count += 1;
                }
                None => self.missing.push(path),
            }
        }
        Ok(())
    }

    /// Files of repositories inside.
    pub fn nested_count(&self) -> usize {
        self.files
            .values()
            .filter(|file| file.in_tree.is_none())
            .count()
    }
}
