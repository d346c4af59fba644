//! Our own refs where git keeps refs in files, read and written in this process.
//!
//! A call of git costs more than the file, and libgit2 reads all packed refs for each that it writes,
//! so that the 100,000th run would wait for all before it. The protocol is git's own
//! (refs/files-backend.c): `<ref>.lock` is made by one process at a time, the old value is looked at
//! while it is held, and the lock becomes the ref. What is not as expected is left to git.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use super::{Error, Repo, packed};
use crate::model::Oid;
use crate::model::run::Time;

/// Where our refs are. All working trees share them.
const OURS: [&str; 2] = [super::refs::PREFIX, NOTES];
const NOTES: &str = "refs/notes/";

/// What a ref names.
///
/// # Returns
/// `None` where git must be asked.
pub fn read(repo: &Repo, name: &str) -> Option<Option<Oid>> {
    let is_ours = OURS.iter().any(|prefix| name.starts_with(prefix));
    if !is_ours || repo.has_reftable() {
        return None;
    }
    match std::fs::read_to_string(repo.common_dir.join(name)) {
        // A symbolic ref, and damage, do not parse.
        Ok(text) => Oid::parse(text.trim_end()).map(Some),
        // Packed before its file is removed, so that it is in one place or the other.
        Err(error) if error.kind() == ErrorKind::NotFound => packed::one(repo, name),
        Err(_) => None,
    }
}

/// Creates a ref (`old` is `None`) or moves it, and lets its log know if it has one.
///
/// # Returns
/// `None` where git must do it, with nothing done.
///
/// # Errors
/// [`Error::Changed`] when the ref is not as expected, [`Error::Locked`] when another process is writing
/// it.
pub fn write(
    repo: &Repo,
    name: &str,
    new: &Oid,
    old: Option<&Oid>,
    when: Time,
) -> Option<Result<(), Error>> {
    read(repo, name)?;
    if old.is_none() && name.starts_with(NOTES) {
        // Whether it gets a log depends on the configuration.
        return None;
    }
    let changed = || Some(Err(Error::Changed(name.to_owned())));
    let place = repo.common_dir.join(name);
    let failed = |source| Error::File {
        path: format!("cannot write {}", place.display()),
        source,
    };
    let (lock, file) = match Held::new(&place) {
        Ok(held) => held,
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            return Some(Err(Error::Locked(lock_of(&place))));
        }
        // The folder is missing, whose permissions may be git's to choose (`core.sharedRepository`).
        Err(error) if error.kind() == ErrorKind::NotFound => return None,
        Err(error) => return Some(Err(failed(error))),
    };
    if read(repo, name)?.as_ref() != old {
        return changed();
    }
    let log = repo.common_dir.join("logs").join(name);
    let line = format!(
        "{} {new} git-exp <git-exp@localhost> {}\tgit exp\n",
        old.map_or("0".repeat(new.as_str().len()), Oid::to_string),
        when.format("%s %z"),
    );
    let written = fill(file, new).and_then(|()| append(&log, &line));
    Some(
        written
            .and_then(|()| lock.become_file(&place))
            .map_err(failed),
    )
}

fn fill(mut file: File, id: &Oid) -> std::io::Result<()> {
    file.write_all(format!("{id}\n").as_bytes())?;
    file.sync_all()
}

/// Nothing where the ref has no log.
fn append(log: &Path, line: &str) -> std::io::Result<()> {
    match OpenOptions::new().append(true).open(log) {
        Ok(mut log) => log.write_all(line.as_bytes()),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}

/// The lock of a ref, which goes when it is dropped.
struct Held {
    path: PathBuf,
    is_ref: bool,
}

fn lock_of(place: &Path) -> PathBuf {
    let mut path = place.as_os_str().to_owned();
    path.push(".lock");
    path.into()
}

impl Held {
    fn new(place: &Path) -> std::io::Result<(Self, File)> {
        let path = lock_of(place);
        let file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .open(&path)?;
        Ok((
            Self {
                path,
                is_ref: false,
            },
            file,
        ))
    }

    fn become_file(mut self, place: &Path) -> std::io::Result<()> {
        std::fs::rename(&self.path, place)?;
        self.is_ref = true;
        Ok(())
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if !self.is_ref {
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::sync::Mutex;
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;
    use crate::git::refs;
    use crate::git::testing::Lab;

    fn when() -> Time {
        chrono::DateTime::parse_from_rfc3339("2025-10-10T14:02:11+03:00").unwrap()
    }

    fn id(repo: &Repo, text: &str) -> Oid {
        repo.format().id("blob", text.as_bytes())
    }

    #[test]
    fn git_reads_what_is_written_and_packed_refs_count() {
        for lab in [Lab::with_commit(), Lab::sha256()] {
            let repo = lab.repo();
            let name = "refs/notes/exp";
            let head = repo.resolve("HEAD").unwrap().unwrap();
            lab.git(&["commit", "-q", "--allow-empty", "-m", "next"]);
            let next = repo.resolve("HEAD").unwrap().unwrap();
            assert!(write(&repo, name, &head, None, when()).is_none(), "git's");
            refs::point(&repo, name, &head, None, when()).unwrap();
            for (from, to) in [(&head, &next), (&next, &head)] {
                write(&repo, name, to, Some(from), when()).unwrap().unwrap();
                assert_eq!(lab.git(&["rev-parse", name]).trim(), to.as_str());
                lab.git(&["pack-refs", "--all"]);
                assert!(!repo.common_dir.join(name).exists());
                assert_eq!(read(&repo, name), Some(Some(to.clone())));
                let wrong = write(&repo, name, to, Some(from), when()).unwrap();
                assert!(matches!(wrong, Err(Error::Changed(_))));
            }
            let log = lab.git(&["reflog", "show", "--format=%H", name]);
            assert_eq!(
                log.lines().collect::<Vec<_>>(),
                [&head, &next, &head].map(Oid::as_str)
            );
            lab.git(&["fsck", "--strict"]);
        }
    }

    #[test]
    fn what_is_not_a_plain_ref_is_left_to_git() {
        let lab = Lab::with_commit();
        let repo = lab.repo();
        let head = repo.resolve("HEAD").unwrap().unwrap();
        for name in ["HEAD", "refs/heads/main", "refs/bisect/bad"] {
            assert_eq!(read(&repo, name), None, "{name}");
        }
        assert_eq!(read(&repo, "refs/notes/exp"), Some(None));
        lab.git(&["symbolic-ref", "refs/notes/exp", "refs/notes/other"]);
        assert_eq!(read(&repo, "refs/notes/exp"), None);
        refs::point(&repo, "refs/notes/exp", &head, None, when()).unwrap();
        assert_eq!(
            lab.git(&["rev-parse", "refs/notes/other"]).trim(),
            head.as_str()
        );
        // The folder, whose permissions may have to be those of a shared repository.
        assert!(write(&repo, "refs/exp/x", &head, None, when()).is_none());
    }

    #[test]
    fn writers_of_both_kinds_and_packing_lose_no_move() {
        let lab = Lab::with_commit();
        let repo = lab.repo();
        let name = "refs/notes/exp";
        // git wants commits below refs/heads/ alone: any ids that exist will do.
        let ids: Vec<Oid> = (0..80)
            .map(|n| {
                let text = format!("{n}");
                lab.write("content", &text);
                lab.git(&["hash-object", "-w", "content"]);
                id(&repo, &text)
            })
            .collect();
        refs::point(&repo, name, &ids[0], None, when()).unwrap();
        let moves: Mutex<Vec<(Oid, Oid)>> = Mutex::default();
        let is_over = AtomicBool::new(false);
        std::thread::scope(|scope| {
            let packing = scope.spawn(|| {
                while !is_over.load(Ordering::Relaxed) {
                    let _ = repo.git().args(["pack-refs", "--all"]).output();
                }
            });
            let writers: Vec<_> = (0..4)
                .map(|writer| {
                    let (repo, ids, moves) = (&repo, &ids, &moves);
                    scope.spawn(move || {
                        for new in ids.iter().skip(1).skip(writer).step_by(4) {
                            loop {
                                let old = refs::read_name(repo, name).unwrap();
                                let done = match writer {
                                    0 => refs::update(repo, name, Some(new), old.as_ref()),
                                    _ => refs::point(repo, name, new, old.as_ref(), when()),
                                };
                                match done {
                                    Ok(()) => {
                                        break moves
                                            .lock()
                                            .unwrap()
                                            .push((old.unwrap(), new.clone()));
                                    }
                                    Err(Error::Changed(_) | Error::Locked(_)) => {
                                        std::thread::yield_now();
                                    }
                                    Err(error) => panic!("{error}"),
                                }
                            }
                        }
                    })
                })
                .collect();
            for writer in writers {
                writer.join().unwrap();
            }
            is_over.store(true, Ordering::Relaxed);
            packing.join().unwrap();
        });
        let moves = moves.into_inner().unwrap();
        let from: BTreeSet<_> = moves.iter().map(|(old, _)| old).collect();
        let to: BTreeSet<_> = moves.iter().map(|(_, new)| new).collect();
        assert_eq!(
            (from.len(), to.len()),
            (79, 79),
            "no value was moved from twice"
        );
    }
}
