//! The difference of two trees in readable form, the same whatever the user's settings are.

use std::collections::BTreeMap;
use std::time::Duration;

use super::command::{Limited, Running, split_nul};
pub use super::count::Numstat;
use super::objects::Objects;
use super::snapshot::pathspecs;
use super::tree::GITLINK;
use super::{Error, Git, Repo, count};
use crate::model::{Oid, RecordPath};

/// Plumbing already passes over most `diff.*` settings; these pin what it does not.
const PINNED: [&str; 13] = [
    "-r",
    "--no-renames",
    "--no-ext-diff",
    "--no-textconv",
    "--no-color",
    "--no-abbrev",
    "--diff-algorithm=myers",
    "--indent-heuristic",
    "--inter-hunk-context=0",
    "--src-prefix=a/",
    "--dst-prefix=b/",
    "--submodule=short",
    "--ignore-submodules=none",
];

/// A change as `git apply` takes it.
const READABLE: [&str; 4] = ["-p", "--unified=3", "--binary", "--full-index"];

fn diff_tree(repo: &Repo) -> Git {
    pinned(repo, repo.git())
}

/// Without an index: of a blob that the index has, git would read the file in the working tree, which
/// may be another where git takes it for unchanged.
fn pinned(repo: &Repo, git: Git) -> Git {
    git.index(&repo.git_dir.join("exp-no-index"))
        .config("diff.suppressBlankEmpty=false")
        .config("diff.relative=false")
        .arg("diff-tree")
        .args(PINNED)
}

/// The change from one tree to another, as `git apply` takes it: binary content included.
///
/// `excluded` are folders to leave out.
pub fn patch(repo: &Repo, from: &Oid, to: &Oid, excluded: &[RecordPath]) -> Result<Vec<u8>, Error> {
    diff_tree(repo)
        .args(READABLE)
        .args([from.as_str(), to.as_str()])
        .args(pathspecs(excluded))
        .run()
}

/// Many such changes by one process, in the order of the pairs.
pub fn patches(
    repo: &Repo,
    pairs: &[(Oid, Oid)],
    excluded: &[RecordPath],
) -> Result<Vec<Vec<u8>>, Error> {
    let title = |(from, to): &(Oid, Oid)| format!("{from} {to}\n");
    let printed = diff_tree(repo)
        .args(READABLE)
        .arg("--stdin")
        .args(pathspecs(excluded))
        .stdin(pairs.iter().map(title).collect::<String>())
        .run()?;
    // Each patch follows its pair's title. In a patch no line is like one: context and changes have a
    // mark before them, and binary content has no spaces.
    let mut patches = Vec::with_capacity(pairs.len());
    let mut rest = &printed[..];
    let unexpected = || Error::Unexpected("git diff-tree --stdin left a pair out".to_owned());
    for (index, pair) in pairs.iter().enumerate() {
        rest = rest
            .strip_prefix(title(pair).as_bytes())
            .ok_or_else(unexpected)?;
        let end = match pairs.get(index + 1) {
            Some(next) => find_line(rest, title(next).as_bytes()).ok_or_else(unexpected)?,
            None => rest.len(),
        };
        patches.push(rest[..end].to_vec());
        rest = &rest[end..];
    }
    Ok(patches)
}

/// Where a line begins.
fn find_line(text: &[u8], line: &[u8]) -> Option<usize> {
    memchr::memmem::find_iter(text, line).find(|&at| at == 0 || text[at - 1] == b'\n')
}

/// The change of some paths from one tree to another, to be read by people: whole, or what could be
/// had in time and `false`.
pub fn patch_of(
    repo: &Repo,
    from: &Oid,
    to: &Oid,
    paths: &[RecordPath],
    limit: Duration,
) -> Result<(Vec<u8>, bool), Error> {
    diff_tree(repo)
        .env("GIT_LITERAL_PATHSPECS", "1")
        .args(["-p", "--unified=3"])
        .args([from.as_str(), to.as_str(), "--"])
        .args(paths.iter().map(RecordPath::to_path))
        .run_within(limit)
}

/// What stands before a path in raw output: `:<mode> <mode> <id> <id> <letter>`.
struct Raw {
    letter: char,
    old: Option<(u32, Oid)>,
    new: Option<(u32, Oid)>,
}

fn parse_raw(record: &[u8]) -> Option<Raw> {
    let text = std::str::from_utf8(record.strip_prefix(b":")?).ok()?;
    let words: Vec<&str> = text.split(' ').collect();
    let [old_mode, new_mode, old, new, letter] = words[..] else {
        return None;
    };
    let side = |mode: &str, id: &str| {
        let mode = u32::from_str_radix(mode, 8).ok()?;
        let id = Oid::parse(id)?;
        Some((mode != 0).then_some((mode, id)))
    };
    Some(Raw {
        letter: letter.chars().next()?,
        old: side(old_mode, old)?,
        new: side(new_mode, new)?,
    })
}

/// Two trees that git is comparing. The caller may do other work meanwhile.
#[derive(Debug)]
pub struct Comparing<'a> {
    repo: &'a Repo,
    trees: [Oid; 2],
    excluded: &'a [RecordPath],
    git: Option<Running>,
}

/// How two trees differ.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Compared {
    /// Each path that differs, with its count of lines.
    pub numbers: Vec<Numstat>,
    /// The [`patch`], if it was asked for.
    pub patch: Vec<u8>,
    /// A path whose content is not here: a partial clone has what was checked out alone. Where there is
    /// one, there is neither a patch nor a count.
    pub absent: Option<RecordPath>,
}

impl<'a> Comparing<'a> {
    /// Starts; `with_patch` asks for the [`patch`], too.
    pub fn begin(
        repo: &'a Repo,
        trees: [&Oid; 2],
        excluded: &'a [RecordPath],
        with_patch: bool,
    ) -> Result<Self, Error> {
        let options: Vec<&str> = match with_patch {
            true => COUNTED.into_iter().chain(READABLE).collect(),
            false => COUNTED.to_vec(),
        };
        let git = match trees[0] == trees[1] {
            true => None,
            false => Some(compared(repo, trees, &options, excluded, None).spawn()?),
        };
        Ok(Self {
            repo,
            trees: trees.map(Oid::clone),
            excluded,
            git,
        })
    }

    /// Waits for git.
    pub fn finish(self) -> Result<Compared, Error> {
        let Some(git) = self.git else {
            return Ok(Compared::default());
        };
        let printed = match git.finish() {
            Ok(printed) => printed,
            Err(error) => {
                let found = without_content(self.repo, &self.trees, self.excluded)?;
                return found.ok_or(error);
            }
        };
        // An empty record ends the counts, and the patch follows as it is without `-z`.
        let (counts, patch) = match memchr::memmem::find(&printed, b"\0\0") {
            Some(end) => (&printed[..end], &printed[end + 2..]),
            None => (&printed[..], &[][..]),
        };
        Ok(Compared {
            numbers: parse_numstat(counts)?,
            patch: patch.to_vec(),
            absent: None,
        })
    }
}

/// What can be told where content is not here; `None` where it is.
fn without_content(
    repo: &Repo,
    [from, to]: &[Oid; 2],
    excluded: &[RecordPath],
) -> Result<Option<Compared>, Error> {
    let numbers = names(repo, from, to, excluded)?;
    let sides = numbers.iter().flat_map(|number| {
        let sides = number.old.iter().chain(&number.new);
        sides.map(|side| (&number.path, side))
    });
    let files: Vec<(&RecordPath, &Oid)> = sides
        .filter(|(_, (mode, _))| *mode != GITLINK)
        .map(|(path, (_, id))| (path, id))
        .collect();
    let ids: Vec<&Oid> = files.iter().map(|(_, id)| *id).collect();
    let sizes = Objects::binary(repo).sizes(&ids)?;
    let mut files = files.into_iter().zip(sizes);
    let absent = files.find(|(_, size)| size.is_none());
    let Some(absent) = absent.map(|((path, _), _)| path.clone()) else {
        return Ok(None);
    };
    Ok(Some(Compared {
        numbers,
        patch: Vec::new(),
        absent: Some(absent),
    }))
}

/// Lines that git is counting, for a limited time. The caller may do other work meanwhile.
#[derive(Debug)]
pub struct Counting {
    trees: [Oid; 2],
    excluded: Vec<RecordPath>,
    counts: Counts,
}

#[derive(Debug)]
enum Counts {
    Known(Vec<Numstat>),
    Asked(Limited),
}

impl Counting {
    /// Starts. Files of more than `largest` bytes are not compared line by line: they have no counts, as
    /// binary ones have none.
    pub fn begin(
        repo: &Repo,
        trees: [&Oid; 2],
        excluded: &[RecordPath],
        largest: u64,
        limit: Duration,
    ) -> Result<Self, Error> {
        let git = compared(repo, trees, &COUNTED, excluded, Some(largest));
        let counts = Counts::Asked(git.spawn_within(limit)?);
        Ok(Self::of(trees, excluded, counts))
    }

    /// What is little is counted at once ([`count::lines`]), for git takes longer to begin. Nothing but
    /// content may say how files are compared.
    pub fn at_once(repo: &Repo, trees: [&Oid; 2], excluded: &[RecordPath]) -> Option<Self> {
        let counts = Counts::Known(count::lines(repo, trees, excluded)?);
        Some(Self::of(trees, excluded, counts))
    }

    fn of(trees: [&Oid; 2], excluded: &[RecordPath], counts: Counts) -> Self {
        Self {
            trees: trees.map(Oid::clone),
            excluded: excluded.to_vec(),
            counts,
        }
    }

    /// Whether it is these trees that are compared.
    pub fn is_of(&self, trees: [&Oid; 2], excluded: &[RecordPath]) -> bool {
        self.trees.each_ref() == trees && self.excluded == excluded
    }

    /// Each path that differs, with its count of lines; `None` when they could not be counted in time.
    pub fn finish(self) -> Result<Option<Vec<Numstat>>, Error> {
        let git = match self.counts {
            Counts::Known(counts) => return Ok(Some(counts)),
            Counts::Asked(git) => git,
        };
        match git.finish()? {
            (printed, true) => parse_numstat(&printed).map(Some),
            _ => Ok(None),
        }
    }
}

/// Each path that differs, without counts: no line is looked at.
pub fn names(
    repo: &Repo,
    from: &Oid,
    to: &Oid,
    excluded: &[RecordPath],
) -> Result<Vec<Numstat>, Error> {
    let printed = compared(repo, [from, to], &["-z", "--raw"], excluded, None).run()?;
    let mut records = split_nul(&printed);
    let mut changes = Vec::new();
    while let Some(record) = records.next() {
        let unexpected = || Error::Unexpected(String::from_utf8_lossy(record).into_owned());
        let path = records.next().ok_or_else(unexpected)?;
        let raw = parse_raw(record).ok_or_else(unexpected)?;
        changes.push(Numstat {
            path: RecordPath::from_bytes(path),
            status: raw.letter,
            added: None,
            removed: None,
            old: raw.old,
            new: raw.new,
        });
    }
    Ok(changes)
}

const COUNTED: [&str; 3] = ["-z", "--raw", "--numstat"];

fn compared(
    repo: &Repo,
    trees: [&Oid; 2],
    options: &[&str],
    excluded: &[RecordPath],
    largest: Option<u64>,
) -> Git {
    let mut git = repo.git();
    if let Some(bytes) = largest {
        git = git.config(&format!("core.bigFileThreshold={bytes}"));
    }
    pinned(repo, git)
        .args(options)
        .args(trees.map(Oid::as_str))
        .args(pathspecs(excluded))
}

fn parse_numstat(printed: &[u8]) -> Result<Vec<Numstat>, Error> {
    let mut raws: BTreeMap<&[u8], Raw> = BTreeMap::new();
    let mut changes = Vec::new();
    let mut records = split_nul(printed);
    while let Some(record) = records.next() {
        let unexpected = || Error::Unexpected(String::from_utf8_lossy(record).into_owned());
        if record.starts_with(b":") {
            let path = records.next().ok_or_else(unexpected)?;
            raws.insert(path, parse_raw(record).ok_or_else(unexpected)?);
            continue;
        }
        let mut fields = record.splitn(3, |&b| b == b'\t');
        let (Some(added), Some(removed), Some(path)) =
            (fields.next(), fields.next(), fields.next())
        else {
            return Err(unexpected());
        };
        let count = |field: &[u8]| std::str::from_utf8(field).ok()?.parse().ok();
        let raw = raws.remove(path).ok_or_else(unexpected)?;
        changes.push(Numstat {
            path: RecordPath::from_bytes(path),
            status: raw.letter,
            added: count(added),
            removed: count(removed),
            old: raw.old,
            new: raw.new,
        });
    }
    Ok(changes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::git::testing::Lab;

    #[test]
    fn many_patches_are_what_each_would_be() {
        let lab = Lab::with_commit();
        let repo = lab.repo();
        let tree = || {
            let id = repo
                .git()
                .args(["rev-parse", "HEAD^{tree}"])
                .text()
                .unwrap();
            Oid::parse(&id).unwrap()
        };
        let mut trees = vec![repo.format().empty_tree()];
        for (name, content) in [
            ("a.txt", "one\ntwo\n"),
            ("b.bin", "\0\u{1}binary"),
            ("left/out.txt", "x\n"),
            ("a.txt", "no end of line"),
        ] {
            lab.write(name, content);
            lab.commit(name);
            trees.push(tree());
        }
        let mut pairs: Vec<(Oid, Oid)> = trees
            .iter()
            .flat_map(|from| trees.iter().map(|to| (from.clone(), to.clone())))
            .collect();
        // A patch that quotes another pair's title.
        lab.write("a.txt", &format!("{} {}\n", pairs[1].0, pairs[1].1));
        lab.commit("quote");
        pairs.insert(1, (trees[1].clone(), tree()));
        let excluded = ["left".into()];
        let all = patches(&repo, &pairs, &excluded).unwrap();
        assert_eq!(all.len(), pairs.len());
        for ((from, to), found) in pairs.iter().zip(all) {
            assert_eq!(found, patch(&repo, from, to, &excluded).unwrap());
        }
        assert!(patches(&repo, &[], &excluded).unwrap().is_empty());
    }

    /// git takes a file of the same size and time for the blob that its index has.
    #[test]
    fn nothing_on_disk_stands_for_a_blob() {
        let lab = Lab::with_commit();
        let repo = lab.repo();
        lab.git(&["config", "core.trustctime", "false"]);
        let place = lab.top().join("a.txt");
        let long_ago = filetime::FileTime::from_unix_time(1_700_000_000, 0);
        filetime::set_file_mtime(&place, long_ago).unwrap();
        lab.git(&["update-index", "--refresh"]);
        let tree = |lab: &Lab| Oid::parse(lab.git(&["write-tree"]).trim()).unwrap();
        let before = tree(&lab);
        lab.write("a.txt", "two\n");
        filetime::set_file_mtime(&place, long_ago).unwrap();
        assert_eq!(lab.git(&["status", "--porcelain"]), "");
        let blob = lab.git(&["hash-object", "-w", "a.txt"]);
        let index = lab.top().join(".git/other");
        let line = format!("100644,{},a.txt", blob.trim());
        let git = || repo.git().index(&index);
        git()
            .args(["update-index", "--add", "--cacheinfo", &line])
            .run()
            .unwrap();
        let after = git().arg("write-tree").text().unwrap();
        let after = Oid::parse(&after).unwrap();
        let found = patch(&repo, &before, &after, &[]).unwrap();
        assert!(
            found.ends_with(b"-one\n+two\n"),
            "{}",
            String::from_utf8_lossy(&found)
        );
    }

    #[test]
    fn counts_and_patch_come_together_as_they_do_alone() {
        let lab = Lab::with_commit();
        let repo = lab.repo();
        let from = repo.format().empty_tree();
        for name in [
            "b.bin",
            "quo\"te\\",
            "tab\t",
            "new\nline",
            "\u{fc}",
            "left/out",
        ] {
            lab.write(name, "\0\u{1}binary");
        }
        lab.write("c", "one\n\ntwo");
        lab.commit("more");
        let to = repo
            .git()
            .args(["rev-parse", "HEAD^{tree}"])
            .text()
            .unwrap();
        let to = Oid::parse(&to).unwrap();
        let excluded = ["left".into()];
        let compare = |to: &Oid, with_patch| {
            let comparing = Comparing::begin(&repo, [&from, to], &excluded, with_patch);
            comparing.unwrap().finish().unwrap()
        };
        let both = compare(&to, true);
        assert_eq!(both.patch, patch(&repo, &from, &to, &excluded).unwrap());
        let Compared {
            numbers: changes,
            patch,
            absent,
        } = compare(&to, false);
        assert_eq!((&changes, patch, absent), (&both.numbers, Vec::new(), None));
        assert_eq!(compare(&from, true), Compared::default());
        let bare = names(&repo, &from, &to, &excluded).unwrap();
        assert_eq!(changes.len(), bare.len());
        let c = changes
            .iter()
            .find(|change| change.path == "c".into())
            .unwrap();
        assert_eq!((c.status, c.added, c.removed), ('A', Some(3), Some(0)));
    }
}
