//! What a path that the user named leads to: a file, a folder, or content that is elsewhere.

use std::fs::FileType;
use std::io;
use std::path::{Path, PathBuf};

use super::dvc;
use super::hash::special;
use super::pointer::AnnexKey;
use super::stat::Stat;
use crate::error::{Failure, Result};
use crate::model::Sha256;
use crate::model::data::Pointer;

/// Where the content of an input is.
#[derive(Debug)]
pub enum Place {
    /// A regular file.
    File(PathBuf, Stat),
    /// A folder.
    Folder(PathBuf),
    /// Not on this machine; all that is known is what the pointer says.
    Elsewhere {
        /// Digest of the content.
        sha256: Option<Sha256>,
        /// Bytes.
        bytes: Option<u64>,
    },
}

/// An input, found.
#[derive(Debug)]
pub struct Target {
    /// Where the content is.
    pub place: Place,
    /// What another system says about it.
    pub pointer: Option<Pointer>,
    /// What DVC wrote down about the content that is here.
    pub dvc: Option<dvc::Out>,
    /// What the user should know.
    pub note: Option<String>,
}

/// Finds what a path leads to. `shown` is the path in the user's words.
///
/// # Errors
/// When nothing is there, or something that can't be read as data.
pub fn resolve(path: &Path, shown: &str) -> Result<Target> {
    let found = match path.symlink_metadata() {
        Ok(found) => found,
        Err(error) if is_missing(&error) => return absent(path, shown),
        Err(error) => return Err(unreadable(shown, &error)),
    };
    if found.file_type().is_symlink() {
        return resolve_link(path, shown);
    }
    if let Some(out) = dvc_stub(path, found.file_type()) {
        let named = pointed(&out.path, shown);
        return match out.path.symlink_metadata() {
            Ok(_) => Ok(with_dvc(place(&out.path, &named)?, Some(out), &named)),
            Err(_) => Ok(elsewhere(&out, &named)),
        };
    }
    Ok(with_dvc(place(path, shown)?, dvc::of(path), shown))
}

fn dvc_stub(path: &Path, kind: FileType) -> Option<dvc::Out> {
    let named = path.extension().is_some_and(|extension| extension == "dvc");
    (named && kind.is_file())
        .then(|| dvc::of_stub(path))
        .flatten()
}

fn pointed(path: &Path, shown: &str) -> String {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    format!("{name} (named by {shown})")
}

fn resolve_link(path: &Path, shown: &str) -> Result<Target> {
    let key = AnnexKey::of_link(path);
    let annex = |present| {
        key.as_ref().map(|key| Pointer {
            kind: "annex".to_owned(),
            id: key.text.clone(),
            present,
        })
    };
    match (path.canonicalize(), &key) {
        (Ok(real), Some(_)) => Ok(Target {
            place: place(&real, shown)?,
            pointer: annex(true),
            dvc: None,
            note: None,
        }),
        (Ok(real), None) => Ok(with_dvc(place(&real, shown)?, dvc::of(path), shown)),
        (Err(error), Some(key)) if is_missing(&error) => Ok(Target {
            place: Place::Elsewhere {
                sha256: key.sha256.as_ref().map(Sha256::from_bytes),
                bytes: key.bytes,
            },
            pointer: annex(false),
            dvc: None,
            note: Some(format!(
                "{shown} is kept by git-annex and is not on this machine: git annex get {shown}"
            )),
        }),
        (Err(error), _) => {
            let target = path.read_link().unwrap_or_default();
            Err(
                Failure::new(format!("data `{shown}` is a link to a missing file"))
                    .because(format!("{}: {error}", target.display()))
                    .hint(format!("see where it leads: ls -l {shown}")),
            )
        }
    }
}

fn place(path: &Path, shown: &str) -> Result<Place> {
    let found = path.metadata().map_err(|error| unreadable(shown, &error))?;
    if found.is_dir() {
        return Ok(Place::Folder(path.to_owned()));
    }
    match special(found.file_type()) {
        None => Ok(Place::File(path.to_owned(), Stat::of(&found))),
        Some(kind) => Err(
            Failure::new(format!("data `{shown}` can't be recorded: it is {kind}"))
                .hint("write the data to a file and name that"),
        ),
    }
}

fn with_dvc(place: Place, out: Option<dvc::Out>, shown: &str) -> Target {
    let mut target = Target {
        place,
        pointer: None,
        dvc: None,
        note: None,
    };
    let Some(out) = out else { return target };
    match (&target.place, out.size) {
        (Place::File(_, stat), Some(size)) if size != stat.size => {
            target.note = Some(format!(
                "{shown} has {} bytes, and DVC has written down {size}: dvc status",
                stat.size
            ));
        }
        _ => target.dvc = Some(out),
    }
    target
}

fn elsewhere(out: &dvc::Out, shown: &str) -> Target {
    let cached = out.cached();
    let command = if cached { "checkout" } else { "pull" };
    Target {
        place: Place::Elsewhere {
            sha256: None,
            bytes: out.size,
        },
        pointer: Some(out.pointer(cached)),
        dvc: None,
        note: Some(format!(
            "{shown} is kept by DVC and is not in the working tree: dvc {command}"
        )),
    }
}

fn is_missing(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}

fn absent(path: &Path, shown: &str) -> Result<Target> {
    if let Some(out) = dvc::of(path) {
        return Ok(elsewhere(&out, shown));
    }
    if let Some((scheme, rest)) = address(shown) {
        return Err(
            Failure::new(format!("`{scheme}://{rest}` is not on this machine"))
                .because("data is read from disk, never from the network")
                .hint("download it and name the file"),
        );
    }
    let failure = Failure::new(format!("data `{shown}` does not exist"));
    let folder = path.parent().unwrap_or(path);
    if !folder.is_dir() {
        let there = folder.ancestors().find(|folder| folder.is_dir());
        let there = there.unwrap_or(folder).display().to_string();
        return Err(failure
            .because(format!("there is no folder {}", folder.display()))
            .hint(format!("see what is there: ls {there}")));
    }
    Err(match near_miss(path, folder) {
        Some(name) => {
            let typed = Path::new(shown).with_file_name(name);
            failure.hint(format!("did you mean `{}`?", typed.display()))
        }
        None => failure.hint(format!("see what is there: ls {}", folder.display())),
    })
}

/// The scheme of an address, whose two slashes became one on the way, and the rest of it. A letter
/// alone is a drive.
fn address(shown: &str) -> Option<(&str, &str)> {
    let (scheme, rest) = shown.split_once(":/")?;
    let named = scheme.len() > 1 && scheme.bytes().all(|b| b.is_ascii_alphanumeric());
    named.then(|| (scheme, rest.trim_start_matches('/')))
}

/// The entry of a folder whose name is most like the one that was typed.
fn near_miss(path: &Path, folder: &Path) -> Option<String> {
    let typed = path.file_name()?.to_string_lossy().to_lowercase();
    let alike = |name: String| {
        let score = strsim::jaro_winkler(&typed, &name.to_lowercase());
        (score > 0.85).then_some((score, name))
    };
    std::fs::read_dir(folder)
        .ok()?
        .filter_map(|entry| alike(entry.ok()?.file_name().into_string().ok()?))
        .max_by(|a, b| a.0.total_cmp(&b.0).then_with(|| b.1.cmp(&a.1)))
        .map(|(_, name)| name)
}

/// The failure of a path that is there and can't be read.
pub fn unreadable(shown: &str, error: &dyn std::fmt::Display) -> Failure {
    Failure::new(format!("cannot read data `{shown}`"))
        .because(error)
        .hint(format!("see its permissions: ls -ld {shown}"))
}
