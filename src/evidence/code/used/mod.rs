//! Which files of a frozen tree a Python program imports, followed without running anything.
//!
//! Imports that lead to a file for sure make it used. What only may be meant (a module found in a
//! folder that nothing puts on the path) is left open, and so is everything as soon as the program
//! does what an import does by other means.

mod resolve;
mod sources;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use crate::compare::evidence::{Place, UsageGap};
use crate::git::Error;
use crate::git::objects::Objects;
use crate::model::program::Entry;
use crate::model::{Oid, RecordPath};
use crate::source::imports::{self, Imports};

use resolve::{packages, resolve};
pub use sources::Sources;
use sources::{join, module_of, parent};

/// A program of more files than this is not followed.
const MOST_FILES: usize = 4_000;
/// A file of more bytes than this is not read.
const LARGEST: usize = 2 << 20;

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

/// The imports of a blob; nothing for one that is too large or no Python.
pub fn read_blob(objects: &Objects<'_>, id: &Oid) -> Result<Option<Imports>, Error> {
    let text = objects.blob(id)?;
    Ok(if text.len() > LARGEST {
        None
    } else {
        imports::of(&text)
    })
}
