//! Run numbers: reserved by creating a file that must not exist, in a folder that all worktrees of
//! a repository share.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};

use super::layout::Project;
use crate::atomic::failed;
use crate::error::{Failure, Result};
use crate::model::{RunId, Sha256, Uid};

/// Where the numbers of one project are reserved.
pub fn folder(exp_dir: &Path, project: &Project) -> PathBuf {
    let ids = exp_dir.join("ids");
    if project.prefix.as_bytes().is_empty() {
        return ids;
    }
    // Numbers are per project; a digest makes any prefix a short and valid folder name.
    ids.join(Sha256::of(project.prefix.as_bytes()).short())
}

/// Takes the next free number for a run.
///
/// `taken` is the highest number seen on other branches. The largest of that, the run folders here
/// and the reservations is where the search starts; creating the file decides.
pub fn reserve(exp_dir: &Path, project: &Project, uid: &Uid, taken: u32) -> Result<u32> {
    let folder = folder(exp_dir, project);
    std::fs::create_dir_all(&folder).map_err(|error| failed(&folder, &error))?;
    let reserved = highest(&folder, |name| name.parse().ok());
    let present = highest(&project.runs(), |name| {
        RunId::parse(name).map(|id| id.number)
    });
    let mut number = reserved.max(present).max(taken);
    loop {
        number = number
            .checked_add(1)
            .ok_or_else(|| Failure::new("no run number is left"))?;
        let path = folder.join(format!("{number:06}"));
        match OpenOptions::new().write(true).create_new(true).open(&path) {
            Ok(mut file) => {
                if let Err(error) = file.write_all(uid.as_str().as_bytes()) {
                    release(exp_dir, project, number);
                    return Err(failed(&path, &error));
                }
                return Ok(number);
            }
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(failed(&path, &error)),
        }
    }
}

/// Notes down a number that a run already has, so that it is never given out again.
pub fn claim(exp_dir: &Path, project: &Project, number: u32, uid: &Uid) {
    let folder = folder(exp_dir, project);
    // The run's folder itself keeps the number too; the reservation only helps other worktrees.
    let _ = std::fs::create_dir_all(&folder)
        .and_then(|()| {
            OpenOptions::new()
                .write(true)
                .create_new(true)
                .open(folder.join(format!("{number:06}")))
        })
        .and_then(|mut file| file.write_all(uid.as_str().as_bytes()));
}

/// Gives a number back when nothing of the run was written.
pub fn release(exp_dir: &Path, project: &Project, number: u32) {
    // A reservation that stays is only a hole in the numbering; `doctor` frees it.
    let _ = std::fs::remove_file(folder(exp_dir, project).join(format!("{number:06}")));
}

/// A number that is taken.
#[derive(Debug)]
pub struct Reservation {
    /// The number.
    pub number: u32,
    /// Whose it is; `None` when the file was cut off.
    pub uid: Option<Uid>,
    /// The file.
    pub path: PathBuf,
}

/// All reservations of a project, in order of number.
pub fn list(exp_dir: &Path, project: &Project) -> Vec<Reservation> {
    let entries = std::fs::read_dir(folder(exp_dir, project));
    let read = |entry: std::fs::DirEntry| {
        let number = entry.file_name().to_str()?.parse().ok()?;
        let text = std::fs::read_to_string(entry.path()).ok()?;
        Some(Reservation {
            number,
            uid: Uid::parse(text.trim()),
            path: entry.path(),
        })
    };
    let mut found: Vec<Reservation> = entries
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(read)
        .collect();
    found.sort_by_key(|reservation| reservation.number);
    found
}

fn highest(folder: &Path, number: impl Fn(&str) -> Option<u32>) -> u32 {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return 0;
    };
    entries
        .flatten()
        .filter_map(|entry| number(entry.file_name().to_str()?))
        .max()
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fifty_threads_get_fifty_numbers() {
        let top = tempfile::tempdir().unwrap();
        let project = Project::at(top.path(), top.path());
        std::fs::create_dir_all(project.runs().join("exp_007_x")).unwrap();
        let exp_dir = top.path().join(".git/exp");
        let mut numbers: Vec<u32> = std::thread::scope(|scope| {
            let take = |i: u8| {
                let (exp_dir, project) = (&exp_dir, &project);
                scope.spawn(move || reserve(exp_dir, project, &Uid::new(0, &[i; 10]), 3).unwrap())
            };
            let threads: Vec<_> = (0..50).map(take).collect();
            threads
                .into_iter()
                .map(|thread| thread.join().unwrap())
                .collect()
        });
        numbers.sort_unstable();
        assert_eq!(numbers, (8..58).collect::<Vec<u32>>());
    }
}
