//! Lock files of git: one process at a time makes `<file>.lock`, fills it, and gives it the name of the
//! file. A git that is killed leaves its lock, and every later writer of that file is refused until
//! somebody removes it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::Repo;
use crate::ambient::{self, Processes};
use crate::error::{Failure, pasted};
use crate::ui::number::duration;

/// A lock of our own refs that is older was left behind. git and we hold one for milliseconds.
pub const OLD: Duration = Duration::from_secs(600);

/// What git and libgit2 say of a lock that is there already, around its path, and what the path lacks.
const WORDS: [(&str, &str, &str); 3] = [
    ("Unable to create '", "': File exists", ""),
    ("could not lock config file ", ": File exists", ".lock"),
    ("failed to lock file '", "' for writing", ""),
];

impl Repo {
    /// The lock files that are there, in all working trees.
    pub fn locks(&self) -> Vec<PathBuf> {
        let common = &self.common_dir;
        let mut found = Vec::new();
        for folder in [common.clone()]
            .into_iter()
            .chain(entries(&common.join("worktrees")))
        {
            for place in [folder.clone(), folder.join("reftable")] {
                found.extend(entries(&place).filter(|path| is_lock(path)));
            }
            for inside in ["refs", "logs"] {
                add_below(&folder.join(inside), &mut found);
            }
        }
        // Not a lock by its name, and made as one (refs/packed-backend.c).
        found.push(common.join("packed-refs.new"));
        for folder in ["objects", "objects/pack"] {
            found.extend(entries(&common.join(folder)).filter(|path| is_lock(path)));
        }
        add_below(&common.join("objects/info"), &mut found);
        found.retain(|path| path.symlink_metadata().is_ok_and(|found| found.is_file()));
        found
    }

    /// The folders in which a git works that writes here.
    pub fn folders_of_work(&self) -> Vec<PathBuf> {
        let tops = self.worktrees().unwrap_or_default();
        tops.into_iter().chain([self.common_dir.clone()]).collect()
    }
}

/// What is in a folder; nothing where it can't be read.
pub fn entries(folder: &Path) -> impl Iterator<Item = PathBuf> + use<> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| entry.path())
}

fn is_lock(path: &Path) -> bool {
    path.extension().is_some_and(|end| end == "lock")
}

fn add_below(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => add_below(&entry.path(), found),
            _ => found.extend(Some(entry.path()).filter(|path| is_lock(path))),
        }
    }
}

/// Whether a lock is of a ref that nobody writes but us.
pub fn is_ours(lock: &Path) -> bool {
    let parts: Vec<_> = lock.iter().rev().take(3).collect();
    match parts[..] {
        [_, exp, refs] if exp == "exp" && refs == "refs" => true,
        [lock, notes, refs] => lock == "exp.lock" && notes == "notes" && refs == "refs",
        _ => false,
    }
}

/// How long ago a lock was made; unknown where clocks disagree.
pub fn age(lock: &Path) -> Option<Duration> {
    let made = lock.symlink_metadata().and_then(|found| found.modified());
    made.ok()?.elapsed().ok()
}

/// `12 min old`, and `3 days old` for what nobody measures in hours.
pub fn age_in_words(age: Option<Duration>) -> String {
    const DAY: u64 = 24 * 60 * 60;
    match age.map(|age| (age.as_secs() / DAY, age)) {
        None => "of unknown age".to_owned(),
        Some((0 | 1, age)) => format!("{} old", duration(age.as_secs_f64())),
        Some((days, _)) => format!("{days} days old"),
    }
}

/// Who is at work, as far as it can be told.
pub fn workers_in_words(processes: &Processes) -> String {
    let named = |list: &[String]| match list {
        [one] => one.clone(),
        _ => format!("{} and {} more", list[0], list.len() - 1),
    };
    if !processes.holders.is_empty() {
        format!("held open by {}", named(&processes.holders))
    } else if !processes.gits.is_empty() {
        format!("a git is at work here: {}", named(&processes.gits))
    } else if processes.is_all {
        "no git seems to be at work here".to_owned()
    } else {
        "whether a git is at work here can't be told".to_owned()
    }
}

/// The lock that a message is about, if it is there.
pub fn named(message: &str) -> Option<PathBuf> {
    let path = WORDS.iter().find_map(|(before, after, end)| {
        let (_, rest) = message.split_once(before)?;
        let (path, _) = rest.split_once(after)?;
        Some(PathBuf::from(format!("{path}{end}")))
    });
    path.filter(|path| path.symlink_metadata().is_ok())
}

/// What to say of a lock in the way.
pub fn failure(lock: &Path) -> Failure {
    let (age, processes) = (age(lock), ambient::processes(&folders_around(lock), lock));
    let failure = Failure::new(format!(
        "git's lock {} is in the way ({})",
        lock.display(),
        age_in_words(age)
    ))
    .because(workers_in_words(&processes));
    let is_left = processes.holders.is_empty() && is_ours(lock);
    if is_left && age.is_some_and(|age| age > OLD) {
        return failure.hint("remove it: git exp doctor --fix");
    }
    let failure = match processes.is_quiet() {
        true => failure,
        false => failure.hint("wait until it is over, and try again"),
    };
    failure.hint(format!("once no git is at work: rm {}", pasted(lock)))
}

/// The git directory that a lock is in, and its working tree if that is around it.
fn folders_around(lock: &Path) -> Vec<PathBuf> {
    let is_git_dir = |folder: &&Path| {
        let has = |name: &str| folder.join(name).is_file();
        has("HEAD") && (has("config") || has("commondir"))
    };
    let git_dir = lock.ancestors().skip(1).find(is_git_dir);
    let around = git_dir.and_then(|git_dir| match git_dir.ends_with(".git") {
        true => git_dir.parent().map(Path::to_owned),
        // `gitdir` of a linked working tree names its `.git`.
        false => {
            let link = std::fs::read_to_string(git_dir.join("gitdir")).ok()?;
            Path::new(link.trim_end()).parent().map(Path::to_owned)
        }
    });
    git_dir
        .map(Path::to_owned)
        .into_iter()
        .chain(around)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_is_known_by_what_git_says() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("my index.lock");
        let shown = place.display();
        let config = place.with_extension("");
        let said = [
            format!("fatal: Unable to create '{shown}': File exists.\n\nAnother git process"),
            format!("cannot lock ref 'refs/x': Unable to create '{shown}': File exists."),
            format!(
                "error: could not lock config file {}: File exists",
                config.display()
            ),
            format!("failed to lock file '{shown}' for writing: "),
        ];
        assert_eq!(named(&said[0]), None, "it has gone meanwhile");
        std::fs::write(&place, "").unwrap();
        for said in said {
            assert_eq!(named(&said).as_ref(), Some(&place), "{said}");
        }
        assert_eq!(named("fatal: bad object HEAD"), None);
    }

    #[test]
    fn refs_of_runs_and_our_notes_are_ours() {
        for (path, ours) in [
            ("/r/.git/refs/exp/0123.lock", true),
            ("/r/.git/refs/notes/exp.lock", true),
            ("/r/.git/refs/notes/commits.lock", false),
            ("/r/.git/refs/heads/exp.lock", false),
            ("/r/.git/refs/heads/exp/x.lock", false),
            ("/r/.git/index.lock", false),
        ] {
            assert_eq!(is_ours(Path::new(path)), ours, "{path}");
        }
    }

    #[test]
    fn ages_are_told_in_days_where_hours_say_nothing() {
        let told = |seconds| age_in_words(Some(Duration::from_secs(seconds)));
        assert_eq!(told(45), "45 s old");
        assert_eq!(told(3 * 86400 + 5), "3 days old");
        assert_eq!(age_in_words(None), "of unknown age");
    }
}
