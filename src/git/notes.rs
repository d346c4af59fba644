//! `refs/notes/exp`: lines of JSON on the commits that were run.
//!
//! A note is a growing set of lines: none is ever changed, so that merging two clones is a union.
//! git writes a note whole for each line that is added, so that a commit that is run by the thousand
//! would cost more with each run: a note that is full goes on in a note on itself, on its blob, which
//! the notes keep alive. Lines there say which commit they belong to.
//!
//! Writers take our lock for fairness and compare-and-swap the ref for truth, because other tools
//! don't know our lock.

use std::collections::BTreeMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::mpsc::{Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::objects::Objects;
use super::tree::{FOLDER, Item, build_object};
use super::{Error, Repo, locks, refs};
use crate::model::Oid;
use crate::model::run::Time;
use crate::store::lock::Lock;

/// The ref.
pub const REF: &str = "refs/notes/exp";
/// How long to try against other writers.
const PATIENCE: Duration = Duration::from_secs(30);
/// Bytes of a note above which it is full: about 200 runs.
const FULL: usize = 64 << 10;
/// Mode of a note.
const BLOB: u32 = 0o100_644;

/// Adds one line to the note of a commit. A line that is there already is not added again.
///
/// # Errors
/// When other processes keep writing the ref for 30 seconds, or objects can't be written.
pub fn append(repo: &Repo, commit: &Oid, line: &str, when: Time) -> Result<(), Error> {
    append_with(&Objects::open(repo), repo, commit, line, when)
}

/// A line whose objects are being written, and that no ref leads to yet. Dropped without
/// [`Appending::publish`], it is as if nothing had been.
#[derive(Debug)]
pub struct Appending {
    go: Sender<()>,
    thread: JoinHandle<Result<(), Error>>,
}

impl Appending {
    /// Writes the objects beside what else there is to do.
    pub fn prepare(repo: &Repo, commit: &Oid, line: String, when: Time) -> Self {
        let (go, wait) = channel();
        let (repo, commit) = (repo.clone(), commit.clone());
        let thread = std::thread::spawn(move || {
            let objects = Objects::open(&repo);
            let prepared = prepare(&objects, &commit, &line, when);
            if wait.recv().is_err() {
                return Ok(());
            }
            let _turn = Lock::take(&repo.exp_dir()).map_err(Error::Busy)?;
            match prepared.and_then(|step| step.map_or(Ok(()), |step| step.take(&objects))) {
                Ok(()) => Ok(()),
                // Prepared without the lock, so that other writers may have come between.
                Err(_) => persist(&Objects::open(&repo), &commit, &line, when),
            }
        });
        Self { go, thread }
    }

    /// Adds the line, as [`append`] does, beside what else there is to do.
    pub fn publish(self) -> Publishing {
        // The thread may have ended with an error; then nobody waits, and the error is below.
        let _ = self.go.send(());
        Publishing(self.thread)
    }
}

/// A line that is being added.
#[derive(Debug)]
pub struct Publishing(JoinHandle<Result<(), Error>>);

impl Publishing {
    /// Returns when the line is there.
    pub fn wait(self) -> Result<(), Error> {
        let stopped = |_| {
            Err(Error::Unexpected(
                "a thread that writes notes stopped".into(),
            ))
        };
        self.0.join().unwrap_or_else(stopped)
    }
}

fn append_with(
    objects: &Objects<'_>,
    repo: &Repo,
    commit: &Oid,
    line: &str,
    when: Time,
) -> Result<(), Error> {
    let _turn = Lock::take(&repo.exp_dir()).map_err(Error::Busy)?;
    persist(objects, commit, line, when)
}

/// Tries until no other writer comes between.
fn persist(objects: &Objects<'_>, commit: &Oid, line: &str, when: Time) -> Result<(), Error> {
    debug_assert!(!line.contains('\n'), "one line");
    let started = Instant::now();
    let mut attempt: u32 = 0;
    loop {
        match try_append(objects, commit, line, when) {
            // Nobody holds one for so long: whoever made it has died.
            Err(Error::Locked(lock)) if locks::age(&lock) > Some(PATIENCE) => {
                return Err(Error::Locked(lock));
            }
            Err(Error::Changed(_) | Error::Locked(_)) if started.elapsed() <= PATIENCE => {
                attempt += 1;
                std::thread::sleep(pause(attempt));
            }
            done => return done,
        }
    }
}

/// Longer with each attempt, and of random length so that writers don't meet again.
fn pause(attempt: u32) -> Duration {
    let most = 1 << attempt.min(7);
    Duration::from_micros(500 + RandomState::new().hash_one(attempt) % (most * 1000))
}

fn try_append(objects: &Objects<'_>, commit: &Oid, line: &str, when: Time) -> Result<(), Error> {
    prepare(objects, commit, line, when)?.map_or(Ok(()), |step| step.take(objects))
}

/// The ref's next value, and what it must still be.
struct Step {
    old: Option<Oid>,
    new: Oid,
    when: Time,
}

impl Step {
    fn take(&self, objects: &Objects<'_>) -> Result<(), Error> {
        refs::point(objects.repo(), REF, &self.new, self.old.as_ref(), self.when)?;
        reach("note-added")
    }
}

/// Writes the objects; `None` when the line is there already.
fn prepare(
    objects: &Objects<'_>,
    commit: &Oid,
    line: &str,
    when: Time,
) -> Result<Option<Step>, Error> {
    let old = refs::read_name(objects.repo(), REF)?;
    let root = match &old {
        Some(id) => objects.tree(id)?,
        None => Vec::new(),
    };
    let subject = last_part(objects, &root, commit)?;
    let line = match subject == *commit {
        true => line.to_owned(),
        false => with_commit(line, commit),
    };
    let Some(tree) = edit(objects, root, subject.as_str(), &line, 0)? else {
        return Ok(None);
    };
    let parent = old.as_ref().map(|id| format!("parent {id}\n"));
    let date = when.format("%s %z");
    let content = format!(
        "tree {tree}\n{}author git-exp <git-exp@localhost> {date}\n\
         committer git-exp <git-exp@localhost> {date}\n\nNotes added by 'git exp'\n",
        parent.unwrap_or_default()
    );
    let new = objects.write_soon("commit", content.as_bytes())?;
    objects.settle()?;
    reach("note-objects")?;
    Ok(Some(Step { old, new, when }))
}

/// What the note is on that takes the next line of a commit.
fn last_part(objects: &Objects<'_>, root: &[Item], commit: &Oid) -> Result<Oid, Error> {
    let mut subject = commit.clone();
    while let Some(note) = note_on(objects, root, subject.as_str())? {
        // A full one that is gone on with need not be read to know it.
        let goes_on = note_on(objects, root, note.as_str())?.is_some();
        if !goes_on && objects.blob(&note)?.len() < FULL {
            break;
        }
        subject = note;
    }
    Ok(subject)
}

/// The blob of the note on an object, in any fan-out.
fn note_on(objects: &Objects<'_>, items: &[Item], name: &str) -> Result<Option<Oid>, Error> {
    let is_note = |item: &&Item| item.mode != FOLDER && item.name == name.as_bytes();
    if let Some(note) = items.iter().find(is_note) {
        return Ok(Some(note.id.clone()));
    }
    let (folder, rest) = name.split_at(2);
    let is_folder = |item: &&Item| item.mode == FOLDER && item.name == folder.as_bytes();
    match items.iter().find(is_folder) {
        Some(inside) if !rest.is_empty() => note_on(objects, &objects.tree(&inside.id)?, rest),
        _ => Ok(None),
    }
}

/// A line that says which commit it belongs to.
fn with_commit(line: &str, commit: &Oid) -> String {
    match line.strip_suffix('}') {
        Some(head) => format!("{head},{COMMIT}{commit}\"}}"),
        None => line.to_owned(),
    }
}

/// The commit that a line says it belongs to.
fn commit_of(line: &str) -> Option<Oid> {
    let (_, rest) = line.rsplit_once(COMMIT)?;
    Oid::parse(rest.strip_suffix("\"}")?)
}

/// How a line names its commit, at its end.
const COMMIT: &str = "\"commit\":\"";

fn reach(point: &'static str) -> Result<(), Error> {
    crate::failpoint::reach(point).map_err(|source| Error::File {
        path: REF.to_owned(),
        source,
    })
}

/// Writes a tree with the line added below it; `None` when it is there already.
///
/// git reads notes in any fan-out, and this follows the one it finds. A new note goes two digits
/// deep, for a flat tree is rewritten whole with each note.
fn edit(
    objects: &Objects<'_>,
    mut items: Vec<Item>,
    name: &str,
    line: &str,
    depth: usize,
) -> Result<Option<Oid>, Error> {
    let (folder, rest) = name.split_at(2);
    let is_note = |item: &Item| item.mode != FOLDER && item.name == name.as_bytes();
    let is_folder = |item: &Item| item.mode == FOLDER && item.name == folder.as_bytes();
    let fanned_out = |item: &Item| item.mode == FOLDER && item.name.len() == 2;
    let (mode, id) = if let Some(at) = items.iter().position(is_note) {
        let old = items.remove(at);
        let text = objects.blob(&old.id)?;
        if has_line(&text, line) {
            return Ok(None);
        }
        (BLOB, objects.write_soon("blob", &with_line(text, line))?)
    } else if let Some(at) = items.iter().position(is_folder) {
        let inside = objects.tree(&items.remove(at).id)?;
        match edit(objects, inside, rest, line, depth + 1)? {
            Some(id) => (FOLDER, id),
            None => return Ok(None),
        }
    } else if depth == 0 || items.iter().any(fanned_out) {
        match edit(objects, Vec::new(), rest, line, depth + 1)? {
            Some(id) => (FOLDER, id),
            None => return Ok(None),
        }
    } else {
        (
            BLOB,
            objects.write_soon("blob", &with_line(Vec::new(), line))?,
        )
    };
    let name = if mode == FOLDER { folder } else { name };
    items.push(Item {
        mode,
        name: name.as_bytes().to_vec(),
        id,
    });
    objects.write_soon("tree", &build_object(items)).map(Some)
}

fn with_line(mut text: Vec<u8>, line: &str) -> Vec<u8> {
    if !text.is_empty() && !text.ends_with(b"\n") {
        text.push(b'\n');
    }
    text.extend_from_slice(line.as_bytes());
    text.push(b'\n');
    text
}

/// Whether a line is there, by its bytes: a commit that was run very often has megabytes of them.
fn has_line(text: &[u8], line: &str) -> bool {
    let whole = |at: usize| {
        let before = at.checked_sub(1).and_then(|before| text.get(before));
        let after = text.get(at + line.len());
        [before, after].into_iter().flatten().all(|b| *b == b'\n')
    };
    memchr::memmem::find_iter(text, line).any(whole)
}

/// The lines of a note. `git notes append` puts blank ones between, which say nothing.
fn lines(text: &[u8]) -> impl Iterator<Item = &str> {
    text.split(|&b| b == b'\n')
        .filter_map(|line| std::str::from_utf8(line).ok())
        .filter(|line| !line.trim().is_empty())
}

/// The lines on some commits.
pub fn read<'o>(
    objects: &Objects<'_>,
    commits: impl IntoIterator<Item = &'o Oid>,
) -> Result<Vec<String>, Error> {
    let mut found = Vec::new();
    let Some(root) = refs::read_name(objects.repo(), REF)? else {
        return Ok(found);
    };
    let root = objects.tree(&root)?;
    for commit in commits {
        let mut subject = commit.clone();
        while let Some(note) = note_on(objects, &root, subject.as_str())? {
            let text = objects.blob(&note)?;
            let of_it = lines(&text).filter(|line| commit_of(line).is_none_or(|of| of == *commit));
            found.extend(of_it.map(str::to_owned));
            subject = note;
        }
    }
    Ok(found)
}

/// The lines on every commit.
pub fn read_all(repo: &Repo) -> Result<BTreeMap<Oid, Vec<String>>, Error> {
    let objects = Objects::open(repo);
    let mut notes: BTreeMap<Oid, Vec<String>> = BTreeMap::new();
    let mut open: Vec<(Oid, String)> = Vec::new();
    open.extend(refs::read_name(objects.repo(), REF)?.map(|root| (root, String::new())));
    while let Some((tree, prefix)) = open.pop() {
        for item in objects.tree(&tree)? {
            let name = format!("{prefix}{}", String::from_utf8_lossy(&item.name));
            if item.mode == FOLDER {
                open.push((item.id, name));
            } else if let Some(commit) = Oid::parse(&name) {
                let text = objects.blob(&item.id)?;
                for line in lines(&text) {
                    let commit = commit_of(line).unwrap_or_else(|| commit.clone());
                    notes.entry(commit).or_default().push(line.to_owned());
                }
            }
        }
    }
    Ok(notes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::git::testing::Lab;

    fn when() -> Time {
        chrono::DateTime::parse_from_rfc3339("2025-10-10T14:02:11+03:00").unwrap()
    }

    fn read(repo: &Repo, commit: &Oid) -> Result<Vec<String>, Error> {
        Ok(read_all(repo)?.remove(commit).unwrap_or_default())
    }

    /// The same test over both sides of the seam.
    fn both(lab: &Lab, test: impl Fn(&Repo, &Objects<'_>)) {
        let repo = lab.repo();
        test(&repo, &Objects::binary(&repo));
        lab.git(&["update-ref", "-d", REF]);
        test(&repo, &Objects::open(&repo));
    }

    #[test]
    fn lines_are_added_once_and_read_by_git() {
        let lab = Lab::with_commit();
        both(&lab, |repo, objects| {
            let head = repo.resolve("HEAD").unwrap().unwrap();
            for line in ["{\"rev\":1}", "{\"rev\":2}", "{\"rev\":1}"] {
                append_with(objects, repo, &head, line, when()).unwrap();
            }
            assert_eq!(read(repo, &head).unwrap(), ["{\"rev\":1}", "{\"rev\":2}"]);
            let shown = lab.git(&["notes", "--ref=exp", "show", head.as_str()]);
            assert_eq!(shown, "{\"rev\":1}\n{\"rev\":2}\n");
            let path = format!("{}/{}", &head.as_str()[..2], &head.as_str()[2..]);
            assert_eq!(lab.git(&["ls-tree", "-r", "--name-only", REF]).trim(), path);
        });
    }

    #[test]
    fn only_a_whole_line_is_there_already() {
        let text = b"{\"rev\":1}\n{\"rev\":12}\n\nlast {}";
        for line in ["{\"rev\":1}", "{\"rev\":12}", "last {}"] {
            assert!(has_line(text, line), "{line}");
        }
        for line in ["{\"rev\":1", "rev", "{}", "last", "{\"rev\":2}"] {
            assert!(!has_line(text, line), "{line}");
        }
    }

    #[test]
    fn any_fan_out_is_followed() {
        let lab = Lab::with_commit();
        both(&lab, |repo, objects| {
            let head = repo.resolve("HEAD").unwrap().unwrap();
            // git itself writes the first notes flat.
            lab.git(&["notes", "--ref=exp", "add", "-m", "by git", head.as_str()]);
            append_with(objects, repo, &head, "ours", when()).unwrap();
            assert_eq!(read(repo, &head).unwrap(), ["by git", "ours"]);
            assert_eq!(lab.git(&["ls-tree", "-r", REF]).lines().count(), 1);

            // Two levels, as git has them with very many notes.
            let blob = objects.write("blob", b"deep\n").unwrap();
            let name = head.as_str();
            let tree = |mode, name: &str, id| {
                let item = Item {
                    mode,
                    name: name.into(),
                    id,
                };
                objects.write("tree", &build_object(vec![item])).unwrap()
            };
            let inner = tree(BLOB, &name[4..], blob);
            let root = tree(FOLDER, &name[..2], tree(FOLDER, &name[2..4], inner));
            let commit = lab.git(&["commit-tree", root.as_str(), "-m", "x"]);
            lab.git(&["update-ref", REF, commit.trim()]);
            append_with(objects, repo, &head, "ours", when()).unwrap();
            // A commit beside it in the same first folder goes as deep.
            let mut other = name.to_owned();
            other.replace_range(2..4, if &name[2..4] == "ff" { "00" } else { "ff" });
            let other = Oid::parse(&other).unwrap();
            append_with(objects, repo, &other, "beside", when()).unwrap();
            let all = read_all(repo).unwrap();
            assert_eq!(all[&head], ["deep", "ours"]);
            assert_eq!(all[&other], ["beside"]);
            let listed = lab.git(&["ls-tree", "-r", "--name-only", REF]);
            assert!(
                listed.lines().all(|path| path.matches('/').count() == 2),
                "{listed}"
            );
        });
    }

    #[test]
    fn fifty_writers_lose_nothing_even_without_the_lock() {
        let lab = Lab::with_commit();
        both(&lab, |repo, first| {
            let head = repo.resolve("HEAD").unwrap().unwrap();
            let binary = first.is_binary();
            let writers = if binary { 8 } else { 50 };
            std::thread::scope(|scope| {
                for writer in 0..writers {
                    let (repo, head) = (&repo, &head);
                    scope.spawn(move || {
                        let objects = if binary {
                            Objects::binary(repo)
                        } else {
                            Objects::open(repo)
                        };
                        let line = format!("{{\"writer\":{writer}}}");
                        // The compare-and-swap alone has to keep the truth.
                        while let Err(error) = try_append(&objects, head, &line, when()) {
                            assert!(
                                matches!(error, Error::Changed(_) | Error::Locked(_)),
                                "{error}"
                            );
                            std::thread::sleep(pause(writer));
                        }
                    });
                }
            });
            assert_eq!(read(repo, &head).unwrap().len(), writers as usize);
            lab.git(&["fsck", "--strict"]);
        });
    }

    #[test]
    fn a_prepared_line_waits_and_gives_way() {
        let lab = Lab::with_commit();
        let repo = lab.repo();
        let head = repo.resolve("HEAD").unwrap().unwrap();
        let prepare = |line: &str| Appending::prepare(&repo, &head, line.to_owned(), when());
        drop(prepare("forgotten"));
        let (first, second) = (prepare("first"), prepare("second"));
        assert_eq!(read(&repo, &head).unwrap(), Vec::<String>::new());
        second.publish().wait().unwrap();
        first.publish().wait().unwrap();
        assert_eq!(read(&repo, &head).unwrap(), ["second", "first"]);
        prepare("first").publish().wait().unwrap();
        assert_eq!(read(&repo, &head).unwrap().len(), 2);
    }

    #[test]
    fn writers_take_turns() {
        let lab = Lab::with_commit();
        let repo = lab.repo();
        let head = repo.resolve("HEAD").unwrap().unwrap();
        std::thread::scope(|scope| {
            for writer in 0..20 {
                let (repo, head) = (&repo, &head);
                scope.spawn(move || append(repo, head, &format!("{writer}"), when()).unwrap());
            }
        });
        assert_eq!(read(&repo, &head).unwrap().len(), 20);
    }

    #[test]
    fn a_full_note_goes_on_in_a_note_on_itself() {
        let lab = Lab::with_commit();
        both(&lab, |repo, objects| {
            let head = repo.resolve("HEAD").unwrap().unwrap();
            let line = |n: usize| format!("{{\"n\":{n},\"pad\":\"{}\"}}", "x".repeat(20_000));
            for n in (0..12).chain([0, 0]) {
                append_with(objects, repo, &head, &line(n), when()).unwrap();
            }
            let all = read(repo, &head).unwrap();
            assert_eq!(
                all.len(),
                13,
                "a line of a part that is full may come twice"
            );
            for n in 0..12 {
                let start = format!("{{\"n\":{n},");
                assert!(all.iter().any(|line| line.starts_with(&start)), "{n}");
            }
            let notes = lab.git(&["notes", "--ref=exp", "list"]);
            assert_eq!(notes.lines().count(), 4, "{notes}");
            let shown = lab.git(&["notes", "--ref=exp", "show", head.as_str()]);
            assert_eq!(shown.lines().count(), 4);
            // Whatever git does with notes, the parts stay.
            lab.git(&["-c", "gc.reflogExpire=now", "gc", "-q", "--prune=now"]);
            lab.git(&["notes", "--ref=exp", "prune"]);
            assert_eq!(read(repo, &head).unwrap(), all);
            // A merge that changes a part loses none of those behind it.
            let changed = format!("{shown}{{\"n\":99}}\n");
            lab.git(&[
                "notes",
                "--ref=exp",
                "add",
                "-f",
                "-m",
                &changed,
                head.as_str(),
            ]);
            let start = "{\"n\":5,";
            assert!(
                read(repo, &head)
                    .unwrap()
                    .iter()
                    .any(|line| line.starts_with(start))
            );
        });
    }

    #[test]
    fn a_sha256_repository_has_notes_too() {
        let lab = Lab::sha256();
        let repo = lab.repo();
        let head = repo.resolve("HEAD").unwrap().unwrap();
        assert_eq!(head.as_str().len(), 64);
        append(&repo, &head, "line", when()).unwrap();
        assert_eq!(read_all(&repo).unwrap()[&head], ["line"]);
        assert_eq!(lab.git(&["notes", "--ref=exp", "show"]), "line\n");
    }
}
