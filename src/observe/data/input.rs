//! One input put together from the digests of its files.

use std::collections::BTreeMap;
use std::sync::Mutex;

use super::batch::{Done, Item, Results};
use super::dvc;
use super::hash::{self, Problem};
use super::manifest::Manifest;
use super::picture;
use super::pointer::{self, AnnexKey, Stub};
use super::profile::Profiler;
use super::target::{self, Place, Target};
use super::walk::{self, Walk};
use super::{Input, Options};
use crate::error::Result;
use crate::model::data::{DataKind, Pointer};
use crate::model::{Card, RecordPath, Sha256};

/// A target with its files, numbered through all targets.
pub struct Found {
    /// Its path in the user's words.
    pub shown: String,
    /// What the path leads to.
    pub target: Target,
    /// The files, if it is a folder.
    pub walk: Walk,
    /// Number of its first file.
    pub first: usize,
    /// Looks at the bytes, if it is a table.
    pub profiler: Option<Mutex<Profiler>>,
}

impl Found {
    /// The folder that was walked.
    pub fn root(&self) -> Option<&[u8]> {
        match &self.target.place {
            Place::Folder(folder) => Some(folder.as_os_str().as_encoded_bytes()),
            _ => None,
        }
    }

    /// Its files, as items of a batch.
    pub fn items<'a>(&'a self) -> Vec<Item<'a>> {
        match &self.target.place {
            Place::File(path, stat) => {
                let tee = self.profiler.as_ref();
                vec![Item {
                    path,
                    stat: *stat,
                    tee: tee.map(|profiler| profiler as _),
                }]
            }
            _ => {
                let item = |file: &'a walk::Found| Item {
                    path: &file.path,
                    stat: file.stat,
                    tee: None,
                };
                self.walk.files.iter().map(item).collect()
            }
        }
    }

    /// The card of its table.
    pub fn card(&self, results: &Results, cards: &BTreeMap<usize, Card>) -> Option<Card> {
        match self.target.place {
            Place::File(..) => cards.get(&results.read_for(self.first)).cloned(),
            _ => None,
        }
    }

    /// What it is, given the digests of its files.
    ///
    /// # Errors
    /// When it is a file that can't be read.
    pub fn input(
        &self,
        results: &Results,
        options: &Options,
        notes: &mut Vec<String>,
    ) -> Result<Input> {
        let mut input = match &self.target.place {
            Place::File(..) => self.file(results, options, notes)?,
            Place::Folder(_) => self.folder(results, notes),
            Place::Elsewhere { sha256, bytes } => Input {
                sha256: sha256.clone(),
                bytes: *bytes,
                stands_in: true,
                ..Input::default()
            },
        };
        input.pointer = input.pointer.or_else(|| self.target.pointer.clone());
        self.as_annexed(&mut input, notes);
        let dvc = self.target.dvc.as_ref().filter(|_| !input.stands_in);
        input.dvc = dvc
            .filter(|out| self.as_listed(out, &input, notes))
            .cloned();
        Ok(input)
    }

    /// What git-annex has under a key with a digest has that digest, or is damaged.
    fn as_annexed(&self, input: &mut Input, notes: &mut Vec<String>) {
        let annexed = |pointer: &&Pointer| pointer.kind == "annex";
        let key = input.pointer.as_ref().filter(annexed);
        let named = key.and_then(|pointer| AnnexKey::parse(&pointer.id)?.sha256);
        let named = named.map(|raw| Sha256::from_bytes(&raw));
        if named.is_some() && named != input.sha256 {
            input.pointer = None;
            notes.push(format!(
                "{} is not what git-annex has named: git annex fsck {}",
                self.shown, self.shown
            ));
        }
    }

    /// Whether there are as many files and bytes as DVC has written down.
    fn as_listed(&self, out: &dvc::Out, input: &Input, notes: &mut Vec<String>) -> bool {
        let other = |now: Option<u64>, then: Option<u64>| then.is_some() && now != then;
        if !(other(input.files, out.files) || other(input.bytes, out.size)) {
            return true;
        }
        let count = |n: Option<u64>, what| match n {
            Some(1) => format!("1 {what}"),
            Some(n) => format!("{n} {what}s"),
            None => format!("? {what}s"),
        };
        notes.push(format!(
            "{} has {} of {}, and DVC has written down {} of {}: dvc status",
            self.shown,
            count(input.files, "file"),
            count(input.bytes, "byte"),
            count(out.files, "file"),
            count(out.size, "byte"),
        ));
        false
    }

    fn file(&self, results: &Results, options: &Options, notes: &mut Vec<String>) -> Result<Input> {
        let shown = &self.shown;
        let done = results
            .get(self.first)
            .map_err(|problem| target::unreadable(shown, problem))?;
        let mut input = Input {
            sha256: Some(Sha256::from_bytes(&done.raw)),
            bytes: Some(done.bytes),
            unstable: done.unstable,
            stands_in: done.stub.is_some(),
            ..Input::default()
        };
        if done.stub.is_none() && picture::is_named_so(shown.as_bytes()) {
            let mut one = picture::Tally::default();
            one.add(done.pixels);
            input.pictures = one.answer();
        }
        match done.stub.as_deref() {
            Some(Stub::Lfs { oid, bytes }) => {
                input.sha256 = Some(Sha256::from_bytes(oid));
                input.bytes = Some(*bytes);
                notes.push(format!(
                    "{shown} is a Git LFS pointer and not the data: git lfs pull --include {shown}"
                ));
            }
            Some(Stub::Annex(key)) => {
                input.sha256 = key.sha256.as_ref().map(Sha256::from_bytes);
                input.bytes = key.bytes;
                input.pointer = Some(Pointer {
                    kind: "annex".to_owned(),
                    id: key.text.clone(),
                    present: false,
                });
                notes.push(format!(
                    "{shown} is a git-annex pointer and not the data: git annex get {shown}"
                ));
                return Ok(input);
            }
            None => {}
        }
        input.pointer = lfs_pointer(&input, done, options);
        Ok(input)
    }

    fn folder(&self, results: &Results, notes: &mut Vec<String>) -> Input {
        let files = &self.walk.files;
        let mut contents = Contents::default();
        let paths = files.iter().map(|file| file.name.as_bytes().len()).sum();
        contents.manifest.reserve(files.len(), paths);
        contents.unreadable.clone_from(&self.walk.unreadable);
        let mut unstable = false;
        let mut pictures = picture::Tally::default();
        let mut annexed = self.walk.annexed.iter().peekable();
        for (index, file) in files.iter().enumerate() {
            while let Some((name, key)) = annexed.next_if(|(name, _)| *name < file.name) {
                contents.add(name, key.content(), true);
            }
            match results.get(self.first + index) {
                Ok(done) => {
                    unstable |= done.unstable;
                    if picture::is_named_so(file.name.as_bytes()) {
                        pictures.add(done.pixels);
                    }
                    contents.add(&file.name, content(done), done.stub.is_some());
                }
                Err(Problem::Missing) => unstable = true,
                Err(problem) => {
                    let why = problem.to_string();
                    contents.unreadable.push((file.name.clone(), why));
                }
            }
        }
        for (name, key) in annexed {
            contents.add(name, key.content(), true);
        }
        let Contents {
            mut manifest,
            unreadable,
            stubs,
        } = contents;
        self.folder_notes(&unreadable, &stubs, notes);
        let known = unreadable.is_empty();
        Input {
            kind: DataKind::Folder,
            sha256: known.then(|| manifest.sha256()),
            bytes: Some(manifest.bytes),
            files: Some(manifest.files),
            unstable,
            stands_in: !stubs.is_empty(),
            types: std::mem::take(&mut manifest.types),
            pictures: pictures.answer().filter(|_| stubs.is_empty()),
            manifest: known.then(|| manifest.into_text()),
            ..Input::default()
        }
    }

    fn folder_notes(
        &self,
        unreadable: &[(RecordPath, String)],
        stubs: &[RecordPath],
        notes: &mut Vec<String>,
    ) {
        let shown = &self.shown;
        let mut say = |what: &str, names: &[RecordPath]| {
            if !names.is_empty() {
                notes.push(format!("{shown}: {what}: {}", some(names)));
            }
        };
        say(
            "links that lead nowhere or in a circle are left out",
            &self.walk.dangling,
        );
        say(
            "pipes, sockets and devices are left out",
            &self.walk.special,
        );
        say(
            "pointers and not the data (git lfs pull, git annex get)",
            stubs,
        );
        if let Some((name, why)) = unreadable.first() {
            let name = if name.as_bytes().is_empty() {
                ".".into()
            } else {
                name.display()
            };
            let more = match unreadable.len() {
                1 => String::new(),
                count => format!(" and {} more", count - 1),
            };
            notes.push(format!(
                "{shown} has no digest, for not all of it could be read: {name}: {why}{more}"
            ));
        }
        if self.walk.links > 0 {
            notes.push(match self.walk.links {
                1 => format!("{shown}: 1 symbolic link was followed"),
                links => format!("{shown}: {links} symbolic links were followed"),
            });
        }
        if self.walk.dot_git {
            notes.push(format!("{shown}: `.git` is left out"));
        }
        if self.walk.files.is_empty() && stubs.is_empty() && unreadable.is_empty() {
            notes.push(format!("{shown} holds no files"));
        }
    }
}

/// What lies in a folder, in the order of the paths.
#[derive(Default)]
struct Contents {
    manifest: Manifest,
    unreadable: Vec<(RecordPath, String)>,
    stubs: Vec<RecordPath>,
}

impl Contents {
    fn add(&mut self, name: &RecordPath, content: Option<(hash::Raw, u64)>, is_stub: bool) {
        if is_stub {
            self.stubs.push(name.clone());
        }
        match content {
            Some((raw, bytes)) => self.manifest.push(name, &raw, bytes),
            None => {
                let why = "its content is not on this machine".to_owned();
                self.unreadable.push((name.clone(), why));
            }
        }
    }
}

/// A file's content as the record counts it: a Git LFS pointer stands for what it points to.
fn content(done: &Done) -> Option<(hash::Raw, u64)> {
    match done.stub.as_deref() {
        None => Some((done.raw, done.bytes)),
        Some(Stub::Lfs { oid, bytes }) => Some((*oid, *bytes)),
        Some(Stub::Annex(key)) => key.content(),
    }
}

/// Git LFS names content by the digest that is recorded anyway, so its store is easily asked.
fn lfs_pointer(input: &Input, done: &Done, options: &Options) -> Option<Pointer> {
    let oid = input.sha256.as_ref()?;
    let stored = options
        .git_dir
        .is_some_and(|git_dir| pointer::lfs_object(git_dir, oid).is_file());
    (stored || done.stub.is_some()).then(|| Pointer {
        kind: "lfs".to_owned(),
        id: oid.to_string(),
        present: stored,
    })
}

/// The first names of a list.
fn some(names: &[RecordPath]) -> String {
    const SHOWN: usize = 3;
    let mut text: Vec<_> = names
        .iter()
        .take(SHOWN)
        .map(|name| name.display().into_owned())
        .collect();
    if names.len() > SHOWN {
        text.push(format!("and {} more", names.len() - SHOWN));
    }
    text.join(", ")
}
