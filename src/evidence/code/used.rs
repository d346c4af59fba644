//! Which files of a frozen tree a Python program imports, followed without running anything.
//!
//! Imports that lead to a file for sure make it used. What only may be meant (a module found in a
//! folder that nothing puts on the path) is left open, and so is everything as soon as the program
//! does what an import does by other means.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::entry::Entry;
use crate::compare::evidence::{Place, UsageGap};
use crate::git::Error;
use crate::git::objects::Objects;
use crate::git::tree::FOLDER;
use crate::model::{Oid, RecordPath};
use crate::source::imports::{self, Import, Imports};

/// A program of more files than this is not followed.
const MOST_FILES: usize = 4_000;
/// A file of more bytes than this is not read.
const LARGEST: usize = 2 << 20;

/// The Python files of a tree.
pub struct Sources {
    files: BTreeMap<String, Oid>,
    /// Paths by the last part of their module's name.
    by_stem: HashMap<String, Vec<String>>,
}

impl Sources {
    /// Lists a tree, without one folder of it.
    pub fn list(objects: &Objects<'_>, tree: &Oid, without: &RecordPath) -> Result<Self, Error> {
        let mut files = BTreeMap::new();
        let mut folders = vec![(tree.clone(), RecordPath::default())];
        while let Some((id, folder)) = folders.pop() {
            for item in objects.tree(&id)? {
                let path = RecordPath::from_bytes(item.name).below(&folder);
                if item.mode == FOLDER {
                    if path != *without {
                        folders.push((item.id, path));
                    }
                } else if path.extension() == "py" && item.mode & 0o170_000 == 0o100_000 {
                    files.insert(path.display().into_owned(), item.id);
                }
            }
        }
        let mut by_stem: HashMap<String, Vec<String>> = HashMap::new();
        for path in files.keys() {
            let stem = module_of(path).rsplit('/').next().unwrap_or_default();
            by_stem
                .entry(stem.to_owned())
                .or_default()
                .push(path.clone());
        }
        Ok(Self { files, by_stem })
    }

    fn has(&self, path: &str) -> bool {
        self.files.contains_key(path)
    }

    fn has_folder(&self, folder: &str) -> bool {
        let inside = format!("{folder}/");
        let next = self.files.range(inside.clone()..).next();
        next.is_some_and(|(path, _)| path.starts_with(&inside))
    }
}

/// `pkg/mod` for both `pkg/mod.py` and `pkg/mod/__init__.py`.
fn module_of(path: &str) -> &str {
    let stem = path.strip_suffix(".py").unwrap_or(path);
    stem.strip_suffix("/__init__").unwrap_or(stem)
}

fn join(folder: &str, rest: &str) -> String {
    match (folder, rest) {
        ("", rest) => rest.to_owned(),
        (folder, "") => folder.to_owned(),
        (folder, rest) => format!("{folder}/{rest}"),
    }
}

fn parent(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// What a program reaches.
#[derive(Debug, Default)]
pub struct Reach {
    sure: BTreeSet<String>,
    possible: BTreeSet<String>,
    strings: Vec<u8>,
    /// Why nothing can be said to be unused.
    pub gap: Option<UsageGap>,
}

impl Reach {
    /// Nothing is known.
    pub fn unknown(gap: UsageGap) -> Self {
        Self {
            gap: Some(gap),
            ..Self::default()
        }
    }

    /// The files that it uses for sure, by path.
    pub fn surely_used(&self) -> impl Iterator<Item = &str> {
        self.sure.iter().map(String::as_str)
    }

    /// Whether the program uses a file; `None` when that can't be told.
    pub fn uses(&self, path: &str) -> Option<bool> {
        if self.sure.contains(path) {
            return Some(true);
        }
        if self.gap.is_some() || self.possible.contains(path) || self.names(path) {
            return None;
        }
        Some(false)
    }

    /// Whether a string of the program holds the file's name or module.
    fn names(&self, path: &str) -> bool {
        let stem = module_of(path).rsplit('/').next().unwrap_or(path);
        let stem = stem.strip_suffix(".ipynb").unwrap_or(stem).as_bytes();
        let in_word = |b: Option<&u8>| b.is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'_');
        memchr::memmem::find_iter(&self.strings, stem).any(|at| {
            let before = at.checked_sub(1).and_then(|at| self.strings.get(at));
            !in_word(before) && !in_word(self.strings.get(at + stem.len()))
        })
    }
}

/// A program in a tree.
pub struct Program<'a> {
    /// The Python files.
    pub sources: &'a Sources,
    /// What is started.
    pub entry: &'a Entry,
    /// The working directory in the tree.
    pub cwd: &'a str,
    /// Text from outside that may name files: arguments and parameters.
    pub told: &'a [u8],
}

/// Follows a program's imports. `read` gives a file's imports, `None` for what is not Python.
pub fn reach(
    program: &Program<'_>,
    read: &mut dyn FnMut(&Oid) -> Result<Option<Imports>, Error>,
) -> Result<Reach, Error> {
    let sources = program.sources;
    let mut reach = Reach {
        strings: program.told.to_vec(),
        ..Reach::default()
    };
    let Some((first, root)) = start(program) else {
        let name = match program.entry {
            Entry::Script(path) => path.clone(),
            Entry::Module(parts) => parts.join("."),
        };
        reach.gap = Some(UsageGap::Program(name));
        return Ok(reach);
    };
    let mut next: Vec<(String, bool)> = first.into_iter().map(|path| (path, true)).collect();
    while let Some((path, sure)) = next.pop() {
        if reach.sure.contains(&path) || (!sure && reach.possible.contains(&path)) {
            continue;
        }
        let seen_before = !if sure {
            &mut reach.sure
        } else {
            &mut reach.possible
        }
        .insert(path.clone());
        let Some(id) = sources.files.get(&path).filter(|_| !seen_before) else {
            continue;
        };
        let place = RecordPath::from(path.as_str());
        if reach.sure.len() + reach.possible.len() > MOST_FILES {
            reach.gap.get_or_insert(UsageGap::Unread(place));
            break;
        }
        let Some(found) = read(id)? else {
            reach.gap.get_or_insert(UsageGap::Unread(place));
            continue;
        };
        if let Some((line, name)) = found.dynamic {
            let line = line as u64;
            reach.gap.get_or_insert(UsageGap::Dynamic(Place {
                path: place,
                line,
                name,
            }));
        }
        reach.strings.extend_from_slice(&found.strings);
        for import in &found.list {
            let resolved = resolve(sources, &root, &path, import);
            next.extend(
                resolved
                    .into_iter()
                    .map(|(path, certain)| (path, certain && sure)),
            );
        }
    }
    Ok(reach)
}

/// The files that are executed first, and the folder that imports are looked for in.
fn start(program: &Program<'_>) -> Option<(Vec<String>, String)> {
    let sources = program.sources;
    match program.entry {
        Entry::Script(typed) => {
            let path = normalized(program.cwd, typed)?;
            let root = parent(&path).to_owned();
            sources.has(&path).then(|| (vec![path], root))
        }
        Entry::Module(parts) => {
            let base = join(program.cwd, &parts.join("/"));
            let own = [format!("{base}.py"), format!("{base}/__main__.py")];
            let main = own.into_iter().find(|path| sources.has(path))?;
            let mut files = packages(sources, program.cwd, parts);
            files.push(main);
            Some((files, program.cwd.to_owned()))
        }
    }
}

/// A folder below another one, from the top of the tree.
pub fn below(folder: &str, path: &str) -> String {
    normalized(folder, path).unwrap_or_default()
}

/// A typed path from the top of the tree; `None` outside of it.
fn normalized(cwd: &str, typed: &str) -> Option<String> {
    if typed.starts_with('/') || typed.contains(':') {
        return None;
    }
    let typed = typed.replace('\\', "/");
    let mut parts: Vec<&str> = cwd.split('/').filter(|part| !part.is_empty()).collect();
    for part in typed.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

/// The `__init__.py` of every package on the way to a module.
fn packages(sources: &Sources, root: &str, parts: &[String]) -> Vec<String> {
    let init = |n: usize| join(root, &format!("{}/__init__.py", parts[..n].join("/")));
    let all = (1..=parts.len()).map(init);
    all.filter(|path| sources.has(path)).collect()
}

/// The files that an import executes, and whether it is sure that it does.
fn resolve(sources: &Sources, root: &str, from: &str, import: &Import) -> Vec<(String, bool)> {
    let sure = !import.typing;
    if import.level > 0 {
        let mut folder = parent(from);
        for _ in 1..import.level {
            folder = parent(folder);
        }
        let found = files_below(sources, folder, import);
        return found
            .into_iter()
            .map(|(path, certain)| (path, certain && sure))
            .collect();
    }
    let Some(top) = import.module.first() else {
        return Vec::new();
    };
    let base = join(root, top);
    let is_here = sources.has(&format!("{base}.py")) || sources.has_folder(&base);
    if is_here {
        let found = files_below(sources, root, import);
        return found
            .into_iter()
            .map(|(path, certain)| (path, certain && sure))
            .collect();
    }
    anywhere(sources, import)
        .into_iter()
        .map(|path| (path, false))
        .collect()
}

/// Files of a module below a folder, with the modules among the imported names.
fn files_below(sources: &Sources, folder: &str, import: &Import) -> Vec<(String, bool)> {
    let mut files: Vec<(String, bool)> = packages(sources, folder, &import.module)
        .into_iter()
        .map(|path| (path, true))
        .collect();
    let base = join(folder, &import.module.join("/"));
    let mut add = |path: String| {
        if sources.has(&path) {
            files.push((path, true));
        }
    };
    if !import.module.is_empty() {
        add(format!("{base}.py"));
    } else {
        add(join(&base, "__init__.py"));
    }
    for name in &import.names {
        let inner = join(&base, name);
        add(format!("{inner}.py"));
        add(format!("{inner}/__init__.py"));
    }
    if import.star {
        // `__all__` of a package may name its modules.
        let inside = format!("{base}/");
        let all = sources.files.range(inside.clone()..);
        let direct = all
            .take_while(|(path, _)| path.starts_with(&inside))
            .filter(|(path, _)| parent(module_of(path)) == base);
        files.extend(direct.map(|(path, _)| (path.clone(), false)));
    }
    files
}

/// Files that could be meant if some folder were on Python's path: those whose path ends like the
/// module's name, or like the names of its packages.
fn anywhere(sources: &Sources, import: &Import) -> Vec<String> {
    let mut wanted: Vec<Vec<&String>> = (1..=import.module.len())
        .map(|n| import.module[..n].iter().collect())
        .collect();
    wanted.extend(import.names.iter().map(|name| {
        let mut parts: Vec<&String> = import.module.iter().collect();
        parts.push(name);
        parts
    }));
    let mut found = Vec::new();
    for parts in wanted {
        let Some(candidates) = parts.last().and_then(|stem| sources.by_stem.get(*stem)) else {
            continue;
        };
        let ends_so = |path: &&String| {
            let mut own = module_of(path).rsplit('/');
            parts
                .iter()
                .rev()
                .all(|part| own.next() == Some(part.as_str()))
        };
        found.extend(candidates.iter().filter(ends_so).cloned());
    }
    found
}

/// The imports of a blob; nothing for one that is too large or no Python.
pub fn read_blob(objects: &Objects<'_>, id: &Oid) -> Result<Option<Imports>, Error> {
    let text = objects.blob(id)?;
    Ok(if text.len() > LARGEST {
        None
    } else {
        imports::of(&text)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A tree of texts; ids are the places in it.
    fn uses(files: &[(&str, &str)], entry: Entry, cwd: &str, told: &str) -> (Reach, Vec<String>) {
        let id = |at: usize| Oid::from_bytes(&[at as u8; 20]).unwrap();
        let listed = files.iter().enumerate();
        let mut sources = Sources {
            files: listed
                .map(|(at, (path, _))| ((*path).to_owned(), id(at)))
                .collect(),
            by_stem: HashMap::new(),
        };
        for (path, _) in files {
            let stem = module_of(path).rsplit('/').next().unwrap();
            let list = sources.by_stem.entry(stem.to_owned()).or_default();
            list.push((*path).to_owned());
        }
        let program = Program {
            sources: &sources,
            entry: &entry,
            cwd,
            told: told.as_bytes(),
        };
        let mut read = |wanted: &Oid| {
            let at = (0..files.len()).find(|at| id(*at) == *wanted).unwrap();
            Ok(imports::of(files[at].1.as_bytes()))
        };
        let reach = reach(&program, &mut read).unwrap();
        let shown = files
            .iter()
            .map(|(path, _)| match reach.uses(path) {
                Some(true) => format!("+{path}"),
                Some(false) => format!("-{path}"),
                None => format!("?{path}"),
            })
            .collect();
        (reach, shown)
    }

    fn script(path: &str) -> Entry {
        Entry::Script(path.to_owned())
    }

    #[test]
    fn imports_are_followed_from_the_folder_of_the_script() {
        let files = [
            (
                "src/train.py",
                "import model\nfrom lib import tools\nimport numpy\n",
            ),
            ("src/model.py", "from base import Base\n"),
            ("src/base.py", ""),
            ("src/lib/__init__.py", ""),
            (
                "src/lib/tools.py",
                "from . import more\nfrom .deep.leaf import x\n",
            ),
            ("src/lib/more.py", ""),
            ("src/lib/other.py", ""),
            ("src/lib/deep/leaf.py", ""),
            ("src/prepare.py", "import base\n"),
            ("model.py", ""),
        ];
        let (reach, shown) = uses(&files, script("src/train.py"), "", "");
        assert_eq!(
            shown,
            [
                "+src/train.py",
                "+src/model.py",
                "+src/base.py",
                "+src/lib/__init__.py",
                "+src/lib/tools.py",
                "+src/lib/more.py",
                "-src/lib/other.py",
                "+src/lib/deep/leaf.py",
                "-src/prepare.py",
                "-model.py",
            ]
        );
        assert_eq!(reach.gap, None);
        let (_, from_src) = uses(&files, script("./train.py"), "src", "");
        assert_eq!(from_src, shown);
    }

    #[test]
    fn a_module_is_found_below_the_working_directory() {
        let files = [
            ("pkg/__init__.py", "from .a import *\n"),
            ("pkg/train.py", "import pkg.b\n"),
            ("pkg/a/__init__.py", ""),
            ("pkg/a/inner.py", ""),
            ("pkg/b.py", "if TYPE_CHECKING:\n    import pkg.c\n"),
            ("pkg/c.py", ""),
            ("pkg/d.py", ""),
        ];
        let entry = || Entry::Module(vec!["pkg".into(), "train".into()]);
        let (_, shown) = uses(&files, entry(), "", "");
        assert_eq!(
            shown,
            [
                "+pkg/__init__.py",
                "+pkg/train.py",
                "+pkg/a/__init__.py",
                "?pkg/a/inner.py",
                "+pkg/b.py",
                "?pkg/c.py",
                "-pkg/d.py",
            ]
        );
        let (reach, _) = uses(&files, Entry::Module(vec!["pytest".into()]), "", "");
        assert_eq!(reach.gap, Some(UsageGap::Program("pytest".into())));
    }

    #[test]
    fn what_may_be_meant_is_left_open() {
        let files = [
            (
                "src/train.py",
                "import sys\nsys.path.append('libs')\nimport shared\n",
            ),
            ("libs/shared.py", "import deeper\n"),
            ("libs/deeper.py", ""),
            ("libs/other.py", ""),
        ];
        let (_, shown) = uses(&files, script("src/train.py"), "", "");
        assert_eq!(
            shown,
            [
                "+src/train.py",
                "?libs/shared.py",
                "?libs/deeper.py",
                "-libs/other.py"
            ]
        );
        // A configuration may name a class for a library to load.
        let (_, shown) = uses(
            &files,
            script("src/train.py"),
            "",
            "model.target=libs.other.Net",
        );
        assert_eq!(shown[3], "?libs/other.py");
    }

    #[test]
    fn a_program_that_loads_by_name_leaves_everything_open_but_what_it_imports() {
        let files = [
            ("train.py", "import model\nimport importlib\n"),
            ("model.py", ""),
            ("other.py", ""),
        ];
        let (reach, shown) = uses(&files, script("train.py"), "", "");
        assert_eq!(shown, ["+train.py", "+model.py", "?other.py"]);
        assert!(matches!(
            reach.gap,
            Some(UsageGap::Dynamic(Place { line: 2, .. }))
        ));
        let broken = [("train.py", "def f(:\n"), ("a.py", "")];
        let (reach, _) = uses(&broken, script("train.py"), "", "");
        assert_eq!(reach.gap, Some(UsageGap::Unread("train.py".into())));
        let (reach, _) = uses(&broken, script("../train.py"), "", "");
        assert!(matches!(reach.gap, Some(UsageGap::Program(_))));
    }
}
