//! Run numbers that other branches have taken.

use std::collections::BTreeSet;
use std::path::PathBuf;

use super::objects::Objects;
use super::tree::FOLDER;
use super::{Error, Repo, packed};
use crate::model::{Oid, RecordPath, RunId, Sha256};

/// The highest number among the run folders at the tips of all local and remote branches.
///
/// `experiments` is the folder of records from the top of the working tree. The answer is kept in
/// our own folder under a digest of all branches, so that an unchanged repository costs nothing more.
pub fn highest_run_number(repo: &Repo, experiments: &RecordPath) -> Result<u32, Error> {
    let branches = match branches_on_disk(repo) {
        Some(branches) => branches,
        None => tips(repo)?,
    };
    let key = Sha256::of(&[experiments.as_bytes(), b"\0", &branches].concat());
    let name = format!("numbers-{}", Sha256::of(experiments.as_bytes()).short());
    let place = repo.exp_dir().join(name);
    if let Some(known) = recall(&place, &key) {
        return Ok(known);
    }
    let printed = tips(repo)?;
    let text = String::from_utf8_lossy(&printed);
    let tips: BTreeSet<Oid> = text.lines().filter_map(Oid::parse).collect();
    let number = search(
        &Objects::binary(repo),
        &tips,
        &RecordPath::from("runs").below(experiments),
    )?;
    // Only a cache: without it the next search is as long as this one.
    let _ = std::fs::create_dir_all(repo.exp_dir())
        .and_then(|()| std::fs::write(&place, format!("{key} {number}\n")));
    Ok(number)
}

/// What all branches name, a line each.
fn tips(repo: &Repo) -> Result<Vec<u8>, Error> {
    repo.git()
        .args(["for-each-ref", "--format=%(objectname)"])
        .args(BRANCHES)
        .run()
}

/// Where branches are.
const BRANCHES: [&str; 2] = ["refs/heads/", "refs/remotes/"];

/// The bytes that all branches are read from; `None` where they are not in files of their own.
/// They change when a branch does, which is all that is asked of them.
fn branches_on_disk(repo: &Repo) -> Option<Vec<u8>> {
    if repo.has_reftable() {
        return None;
    }
    let mut bytes = Vec::new();
    let mut open: Vec<PathBuf> = BRANCHES.iter().map(|at| repo.common_dir.join(at)).collect();
    let mut files = Vec::new();
    while let Some(folder) = open.pop() {
        let listing = match std::fs::read_dir(&folder) {
            Ok(listing) => listing,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
            Err(_) => return None,
        };
        for entry in listing {
            let entry = entry.ok()?;
            match entry.file_type().ok()?.is_dir() {
                true => open.push(entry.path()),
                false => files.push(entry.path()),
            }
        }
    }
    files.sort();
    for file in files {
        bytes.extend_from_slice(file.as_os_str().as_encoded_bytes());
        bytes.push(0);
        bytes.extend(std::fs::read(&file).ok()?);
    }
    for prefix in BRANCHES {
        bytes.extend(packed::under(repo, prefix)?);
    }
    Some(bytes)
}

fn recall(place: &std::path::Path, key: &Sha256) -> Option<u32> {
    let text = std::fs::read_to_string(place).ok()?;
    let (found, number) = text.strip_suffix('\n')?.split_once(' ')?;
    (found == key.as_str()).then(|| number.parse().ok())?
}

fn search(objects: &Objects<'_>, tips: &BTreeSet<Oid>, runs: &RecordPath) -> Result<u32, Error> {
    let mut seen = BTreeSet::new();
    let mut highest = 0;
    for tip in tips {
        let found = match objects.at(tip, runs) {
            Ok(found) => found,
            // A branch of a partial or broken clone takes no number that could be known.
            Err(Error::Missing(_)) => continue,
            Err(error) => return Err(error),
        };
        let Some(folder) = found.filter(|item| item.mode == FOLDER) else {
            continue;
        };
        if !seen.insert(folder.id.clone()) {
            continue;
        }
        for item in objects.tree(&folder.id)? {
            let run = std::str::from_utf8(&item.name).ok().and_then(RunId::parse);
            highest = highest.max(run.map_or(0, |run| run.number));
        }
    }
    Ok(highest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::git::testing::Lab;

    #[test]
    fn all_branches_count_and_only_run_folders_do() {
        let lab = Lab::with_commit();
        let repo = lab.repo();
        let highest = || highest_run_number(&repo, &"proj/experiments".into()).unwrap();
        assert_eq!(highest(), 0);
        lab.git(&["checkout", "-q", "-b", "side"]);
        lab.write("proj/experiments/runs/exp_012_deeper/run.json", "{}");
        lab.write("proj/experiments/runs/notes_099/x", "");
        lab.write("experiments/runs/exp_050_of_another_project/run.json", "{}");
        lab.commit("run");
        lab.git(&["checkout", "-q", "main"]);
        assert_eq!(highest(), 12, "the old answer is not kept");
        lab.git(&["update-ref", "refs/remotes/origin/side", "side"]);
        lab.git(&["branch", "-q", "-D", "side"]);
        assert_eq!(highest(), 12);
        lab.git(&["update-ref", "-d", "refs/remotes/origin/side"]);
        assert_eq!(highest(), 0);
    }

    #[test]
    fn an_answer_is_kept_for_the_same_tips_and_a_damaged_one_is_not_believed() {
        let lab = Lab::with_commit();
        let repo = lab.repo();
        let highest = || highest_run_number(&repo, &"experiments".into()).unwrap();
        assert_eq!(highest(), 0);
        let mut files = std::fs::read_dir(repo.exp_dir()).unwrap();
        let file = files.next().unwrap().unwrap().path();
        let text = std::fs::read_to_string(&file).unwrap();
        std::fs::write(&file, text.replace(" 0\n", " 7\n")).unwrap();
        assert_eq!(highest(), 7, "read from the cache");
        for damaged in ["", "7", "x 7\n", &text[..20]] {
            std::fs::write(&file, damaged).unwrap();
            assert_eq!(highest(), 0);
        }
    }
}
