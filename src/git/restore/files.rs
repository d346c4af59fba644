//! Writes files where nothing is, and reads them back.

use std::fs::{File as Handle, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use super::layout::{File, Layout, Source};
use crate::git::command::path_from_git;
use crate::git::objects::Objects;
use crate::git::snapshot::lfs;
use crate::git::tree::{Entry, GITLINK, SYMLINK, filtered_tree};
use crate::git::{Error, Repo};
use crate::model::{Oid, RecordPath};
use crate::store::contain;

fn failed(path: &Path, source: std::io::Error) -> Error {
    Error::File {
        path: path.display().to_string(),
        source,
    }
}

/// Makes the folder, or takes it if it is empty. Never through a link.
pub fn claim(target: &Path) -> Result<(), Error> {
    let occupied = || std::io::Error::other("it is not an empty folder");
    match target.symlink_metadata() {
        Ok(found) if !found.is_dir() => return Err(failed(target, occupied())),
        Ok(_) => {
            let mut entries = std::fs::read_dir(target).map_err(|source| failed(target, source))?;
            if entries.next().is_some() {
                return Err(failed(target, occupied()));
            }
        }
        Err(_) => {}
    }
    std::fs::create_dir_all(target).map_err(|source| failed(target, source))
}

/// Writes everything. Links come last, so that no file can be written through one.
pub fn write(objects: &Objects<'_>, layout: &Layout, target: &Path) -> Result<(), Error> {
    let is_link = |file: &File| file.mode == SYMLINK;
    for path in layout.gitlinks.keys() {
        let place = place(target, path)?;
        std::fs::create_dir_all(&place).map_err(|source| failed(&place, source))?;
    }
    for (path, file) in layout.files.iter().filter(|(_, file)| !is_link(file)) {
        let place = with_folder(target, path)?;
        write_file(objects, file, &place)?;
    }
    for (path, file) in layout.files.iter().filter(|(_, file)| is_link(file)) {
        let place = with_folder(target, path)?;
        let linked = link(&bytes(objects, &file.source)?, &place);
        linked.map_err(|source| failed(&place, source))?;
    }
    Ok(())
}

/// A path in the tree is data: it is opened only if it stays inside.
fn place(target: &Path, path: &RecordPath) -> Result<PathBuf, Error> {
    contain::below(target, path).map_err(Error::Contained)
}

fn with_folder(target: &Path, path: &RecordPath) -> Result<PathBuf, Error> {
    let place = place(target, path)?;
    if let Some(folder) = place.parent() {
        std::fs::create_dir_all(folder).map_err(|source| failed(folder, source))?;
    }
    Ok(place)
}

fn write_file(objects: &Objects<'_>, file: &File, place: &Path) -> Result<(), Error> {
    let mut options = OpenOptions::new();
    // `create_new` neither follows a link nor replaces a file.
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(if file.mode == 0o100_755 { 0o777 } else { 0o666 });
    }
    let mut handle = options
        .open(place)
        .map_err(|source| failed(place, source))?;
    if let Source::Lfs(_) = &file.source {
        return copy_lfs(objects.repo(), file, &mut handle).map_err(|source| failed(place, source));
    }
    let bytes = bytes(objects, &file.source)?;
    handle
        .write_all(&bytes)
        .map_err(|source| failed(place, source))
}

/// Objects of Git LFS may be larger than memory.
fn copy_lfs(repo: &Repo, file: &File, handle: &mut Handle) -> std::io::Result<()> {
    let Source::Lfs(oid) = &file.source else {
        return Ok(());
    };
    let source = lfs::find(repo, oid).ok_or(std::io::ErrorKind::NotFound)?;
    std::io::copy(&mut Handle::open(source)?, handle).map(drop)
}

fn bytes(objects: &Objects<'_>, source: &Source) -> Result<Vec<u8>, Error> {
    Ok(match source {
        Source::Blob(id) => objects.blob(id)?,
        Source::Converted(id, checkout) => checkout.apply(&objects.blob(id)?, id),
        Source::Lfs(_) => Vec::new(),
    })
}

#[cfg(unix)]
fn link(target: &[u8], place: &Path) -> std::io::Result<()> {
    std::os::unix::fs::symlink(path_from_git(target), place)
}

/// Without the right to make links, a file with the target in it is what git makes, too.
#[cfg(not(unix))]
fn link(target: &[u8], place: &Path) -> std::io::Result<()> {
    let _ = path_from_git;
    std::fs::write(place, target)
}

/// The tree that the folder holds by now, told from the bytes on disk.
///
/// A file whose bytes are other than its blob's counts as its blob when it has exactly the bytes it
/// should have.
pub fn verify(objects: &Objects<'_>, layout: &Layout, target: &Path) -> Result<Oid, Error> {
    let mut entries = Vec::new();
    for (path, file) in &layout.files {
        let Some((mode_in_tree, in_tree)) = &file.in_tree else {
            continue;
        };
        let place = target.join(path.to_path());
        let (mode, found) = look(objects, &place)?;
        let mode = if mode == file.mode {
            *mode_in_tree
        } else {
            mode
        };
        let id = match &file.source {
            Source::Blob(id) if id == in_tree => found,
            Source::Blob(id) if *id == found => in_tree.clone(),
            Source::Lfs(oid) if lfs_digest(&place)?.as_ref() == Some(oid) => in_tree.clone(),
            Source::Converted(..)
                if objects.format().id("blob", &bytes(objects, &file.source)?) == found =>
            {
                in_tree.clone()
            }
            _ => found,
        };
        entries.push(Entry {
            mode,
            id,
            path: path.clone(),
        });
    }
    entries.extend(layout.gitlinks.iter().map(|(path, id)| Entry {
        mode: GITLINK,
        id: id.clone(),
        path: path.clone(),
    }));
    Ok(filtered_tree(&entries, |_| true, objects.format()))
}

/// Mode and raw id of what is on disk.
fn look(objects: &Objects<'_>, place: &Path) -> Result<(u32, Oid), Error> {
    let format = objects.format();
    let looked = || -> std::io::Result<(u32, Oid)> {
        let found = place.symlink_metadata()?;
        if found.is_symlink() {
            let target = RecordPath::from_path(&std::fs::read_link(place)?);
            return Ok((SYMLINK, format.id("blob", target.as_bytes())));
        }
        let id = format.blob_of_file(&mut Handle::open(place)?)?;
        let id = id.ok_or_else(|| std::io::Error::other("it changes while it is read"))?;
        Ok((crate::git::snapshot::mode_of(&found), id))
    };
    looked().map_err(|source| failed(place, source))
}

fn lfs_digest(place: &Path) -> Result<Option<crate::model::Sha256>, Error> {
    Ok(crate::git::snapshot::digest(place))
}
