//! `refs/exp/<uid>`: one ref a run, created once, never moved.

use super::{Error, Repo, locks, loose};
use crate::model::run::Time;
use crate::model::{Oid, Uid};

/// Where they are.
pub const PREFIX: &str = "refs/exp/";

/// The ref of a run.
pub fn name(uid: &Uid) -> String {
    format!("{PREFIX}{uid}")
}

/// The ref of a branch.
pub fn branch(name: &str) -> String {
    format!("refs/heads/{name}")
}

/// Creates a run's ref.
///
/// # Errors
/// [`Error::Changed`] when it exists, whatever it names.
pub fn create(repo: &Repo, uid: &Uid, target: &Oid, when: Time) -> Result<(), Error> {
    crate::failpoint::reach("objects-written").map_err(|source| Error::File {
        path: name(uid),
        source,
    })?;
    point(repo, &name(uid), target, None, when)
}

/// What a run's ref names.
pub fn read(repo: &Repo, uid: &Uid) -> Result<Option<Oid>, Error> {
    read_name(repo, &name(uid))
}

/// Deletes a run's ref if it still names `old`.
pub fn delete(repo: &Repo, uid: &Uid, old: &Oid) -> Result<(), Error> {
    update(repo, &name(uid), None, Some(old))
}

/// All runs that have a ref, in order of uid, with what they name.
pub fn list(repo: &Repo) -> Result<Vec<(Uid, Oid)>, Error> {
    let printed = repo
        .git()
        .args(["for-each-ref", "--format=%(objectname) %(refname)", PREFIX])
        .run()?;
    let parse = |line: &str| {
        let (id, name) = line.split_once(' ')?;
        // Other names there are not ours to read.
        Some((Uid::parse(name.strip_prefix(PREFIX)?)?, Oid::parse(id)?))
    };
    let text = String::from_utf8_lossy(&printed);
    let mut runs: Vec<(Uid, Oid)> = text.lines().filter_map(parse).collect();
    runs.sort();
    Ok(runs)
}

/// What any ref names.
pub fn read_name(repo: &Repo, name: &str) -> Result<Option<Oid>, Error> {
    loose::read(repo, name).map_or_else(|| ask(repo, name), Ok)
}

fn ask(repo: &Repo, name: &str) -> Result<Option<Oid>, Error> {
    let output = repo
        .git()
        .args(["rev-parse", "--verify", "--quiet", "--end-of-options", name])
        .output()?;
    Ok(Oid::parse(String::from_utf8_lossy(&output.stdout).trim()))
}

/// Creates a ref, or moves it if it still names `old`.
///
/// # Errors
/// [`Error::Changed`] when somebody else was faster.
pub(super) fn point(
    repo: &Repo,
    name: &str,
    new: &Oid,
    old: Option<&Oid>,
    when: Time,
) -> Result<(), Error> {
    loose::write(repo, name, new, old, when).unwrap_or_else(|| update(repo, name, Some(new), old))
}

/// Has git create (`old` is `None`), move, or delete (`new` is `None`) a ref, all or nothing.
///
/// # Errors
/// [`Error::Changed`] when the ref is not as expected, [`Error::Locked`] when another process is writing
/// it.
pub(super) fn update(
    repo: &Repo,
    name: &str,
    new: Option<&Oid>,
    old: Option<&Oid>,
) -> Result<(), Error> {
    let command = match (new, old) {
        (Some(new), None) => format!("create {name} {new}\n"),
        (Some(new), Some(old)) => format!("update {name} {new} {old}\n"),
        (None, Some(old)) => format!("delete {name} {old}\n"),
        (None, None) => return Ok(()),
    };
    let done = repo
        .git()
        .durable()
        .args(["update-ref", "--stdin"])
        .stdin(format!("start\n{command}prepare\ncommit\n"))
        .run();
    match done {
        Ok(_) => Ok(()),
        Err(Error::Command { message, .. }) if is_contended(&message) => {
            // With reftable git names no lock, for there is one.
            let tables = repo.common_dir.join("reftable/tables.list.lock");
            let lock = locks::named(&message).or_else(|| tables.is_file().then_some(tables));
            Err(lock.map_or_else(|| Error::Changed(name.to_owned()), Error::Locked))
        }
        Err(error) => Err(error),
    }
}

/// Whether git could not lock a ref because of another writer. Trying again helps against no other
/// reason.
fn is_contended(message: &str) -> bool {
    let others = ["denied", "not permitted", "Read-only", "No space"];
    message.contains("cannot lock ref") && !others.iter().any(|words| message.contains(words))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::git::testing::Lab;

    #[test]
    fn a_runs_ref_is_made_once_and_goes_only_as_it_was() {
        for lab in [Lab::with_commit(), Lab::sha256()] {
            let repo = lab.repo();
            let (one, two) = (Uid::new(1, &[1; 10]), Uid::new(2, &[2; 10]));
            let head = repo.resolve("HEAD").unwrap().unwrap();
            lab.git(&["commit", "-q", "--allow-empty", "-m", "next"]);
            let next = repo.resolve("HEAD").unwrap().unwrap();
            assert_eq!(read(&repo, &one).unwrap(), None);
            let when = chrono::DateTime::parse_from_rfc3339("2025-10-10T14:02:11+03:00").unwrap();
            create(&repo, &two, &next, when).unwrap();
            create(&repo, &one, &head, when).unwrap();
            for target in [&head, &next] {
                assert!(matches!(
                    create(&repo, &one, target, when),
                    Err(Error::Changed(_))
                ));
            }
            lab.git(&["update-ref", "refs/exp/not-a-run", "HEAD"]);
            assert_eq!(
                list(&repo).unwrap(),
                [(one.clone(), head.clone()), (two, next.clone())]
            );
            assert!(matches!(delete(&repo, &one, &next), Err(Error::Changed(_))));
            delete(&repo, &one, &head).unwrap();
            assert_eq!(read(&repo, &one).unwrap(), None);
        }
    }
}
