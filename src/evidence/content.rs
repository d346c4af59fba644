//! Where the content of a recorded data file can be had on this machine.

use std::fs::File;
use std::io::{Read, Seek};
use std::path::{Path, PathBuf};

use sha2::Digest;

use crate::context::Ctx;
use crate::error::{Context, Failure, Result};
use crate::git::blob;
use crate::git::objects::Objects;
use crate::git::snapshot::lfs;
use crate::model::data::{DataInput, DataKind};
use crate::model::{Oid, RecordPath, Sha256};
use crate::observe::data::{Spec, dvc, pointer};
use crate::record::gather::observe_data;
use crate::rows::Bytes;
use crate::settings::Profile;
use crate::store::contain;
use crate::store::layout::normalize;

/// The recorded content, wherever it is: the working tree, Git LFS, the cache of DVC, a git blob of
/// the snapshot or of any commit. `None` when it is nowhere here.
///
/// # Errors
/// When the project can't be read. What is missing or damaged is no error.
pub fn find(ctx: &Ctx, input: &DataInput) -> Result<Option<Bytes>> {
    let Some(wanted) = input
        .sha256
        .as_ref()
        .filter(|_| input.kind == DataKind::File)
    else {
        return Ok(None);
    };
    if let Some(path) = in_place(ctx, input, wanted)? {
        return Ok(Some(Bytes::At(path)));
    }
    if let Some(path) = lfs::find(ctx.repo()?, wanted).filter(|path| has_size(path, input)) {
        return Ok(Some(Bytes::At(path)));
    }
    if let Some(path) = in_dvc(ctx, input, wanted)? {
        return Ok(Some(Bytes::At(path)));
    }
    in_git(ctx, input, wanted).map(|file| file.map(Bytes::Open))
}

/// A file of a commit.
pub struct Committed {
    /// Its bytes, or those that its Git LFS pointer stands for.
    pub content: Bytes,
    /// Their digest.
    pub sha256: Sha256,
    /// Their number.
    pub bytes: u64,
}

/// The file that `REV:PATH` names; `None` when git knows none.
///
/// # Errors
/// When it is a pointer to content that is not here.
pub fn of_commit(ctx: &Ctx, name: &str) -> Result<Option<Committed>> {
    let repo = ctx.repo()?;
    let (revision, path) = name.split_once(':').unwrap_or((name, ""));
    let Some(commit) = repo.resolve(revision)? else {
        return Ok(None);
    };
    // From the current folder, as paths are typed; else from the top, as git reads `REV:PATH`.
    let here = repo.relative(&ctx.absolute(Path::new(path)));
    let places = [here, Some(RecordPath::from(path))];
    let objects = Objects::open(repo);
    let at = |place: &RecordPath| objects.at(&commit, place).ok().flatten();
    let Some(item) = places.iter().flatten().find_map(at) else {
        return Ok(None);
    };
    let id = item.id;
    let Ok(mut file) = blob::unnamed(repo, &id, &scratch(ctx)) else {
        return Ok(None);
    };
    let found = sha256(&mut file).context(|| format!("cannot read {name}"))?;
    let bytes = file.metadata().map_or(0, |found| found.len());
    let mut text = Vec::new();
    if is_pointer_size(bytes) {
        file.read_to_end(&mut text)
            .context(|| format!("cannot read {name}"))?;
    }
    if let Some((oid, bytes)) = lfs::pointer(&text) {
        let Some(path) = lfs::find(repo, &oid) else {
            return Err(Failure::new(format!(
                "{name} is a Git LFS pointer, and its content is not here"
            ))
            .hint(format!("get it: git lfs fetch origin {revision}")));
        };
        return Ok(Some(Committed {
            content: Bytes::At(path),
            sha256: oid,
            bytes,
        }));
    }
    Ok(Some(Committed {
        content: Bytes::Open(file),
        sha256: found,
        bytes,
    }))
}

/// Where unnamed temporary files of a comparison go: beside our caches, for `/tmp` may be memory.
pub fn scratch(ctx: &Ctx) -> PathBuf {
    let ours = ctx.repo().map(|repo| repo.exp_dir()).ok();
    let writable = |folder: &PathBuf| {
        std::fs::create_dir_all(folder).is_ok() && tempfile::tempfile_in(folder).is_ok()
    };
    ours.filter(writable)
        .unwrap_or_else(|| ctx.ambient.temp_dir())
}

fn has_size(path: &Path, input: &DataInput) -> bool {
    let found = path.metadata().ok().map(|found| found.len());
    found.is_some() && (input.bytes.is_none() || found == input.bytes)
}

/// At its recorded path, with its digest; a pointer has the digest but not the bytes.
fn in_place(ctx: &Ctx, input: &DataInput, wanted: &Sha256) -> Result<Option<PathBuf>> {
    let project = ctx.project()?;
    let path = match input.external {
        true => input.path.to_path(),
        // Data often lies behind the user's own link: it is only read, and counts only with its
        // digest.
        false => normalize(&project.root.join(input.path.to_path())),
    };
    let inside = input.external || path.starts_with(&project.root);
    Ok(
        (inside && has_size(&path, input) && digest(ctx, &path)?.as_ref() == Some(wanted))
            .then_some(path),
    )
}

fn digest(ctx: &Ctx, path: &Path) -> Result<Option<Sha256>> {
    if !path.is_file() {
        return Ok(None);
    }
    let spec = Spec {
        role: String::new(),
        path: path.to_owned(),
    };
    let mut seen = observe_data(ctx, &[spec], Profile::None, false)?;
    let found = seen.inputs.pop().filter(|input| !input.stands_in);
    Ok(found.and_then(|input| input.sha256))
}

/// In the cache of DVC, by the MD5 that was recorded beside the digest.
fn in_dvc(ctx: &Ctx, input: &DataInput, wanted: &Sha256) -> Result<Option<PathBuf>> {
    let Some(md5) = input.dvc_md5() else {
        return Ok(None);
    };
    let tops = [ctx.repo()?.top()?.to_owned(), ctx.project()?.root.clone()];
    for path in tops.iter().flat_map(|top| dvc::objects(top, md5)) {
        if has_size(&path, input) && digest(ctx, &path)?.as_ref() == Some(wanted) {
            return Ok(Some(path));
        }
    }
    Ok(None)
}

/// In git: the blob that the record names, else any that a commit had at this path.
fn in_git(ctx: &Ctx, input: &DataInput, wanted: &Sha256) -> Result<Option<File>> {
    let repo = ctx.repo()?;
    if let Some(id) = &input.blob
        && let Some(file) = blob_file(ctx, id, wanted)
    {
        return Ok(Some(file));
    }
    if input.external || contain::below(&ctx.project()?.root, &input.path).is_err() {
        return Ok(None);
    }
    let path = input.path.below(&ctx.project()?.prefix);
    for (id, bytes) in blob::versions(repo, &path).unwrap_or_default() {
        let likely = input.bytes.is_none_or(|size| size == bytes) || is_pointer_size(bytes);
        if likely && let Some(file) = blob_file(ctx, &id, wanted) {
            return Ok(Some(file));
        }
    }
    Ok(None)
}

fn is_pointer_size(bytes: u64) -> bool {
    bytes < pointer::LIMIT as u64
}

/// A blob with the wanted digest, or what it points to. One that has LF where the recorded file had
/// CRLF holds the same rows.
fn blob_file(ctx: &Ctx, id: &Oid, wanted: &Sha256) -> Option<File> {
    let repo = ctx.repo().ok()?;
    let mut file = blob::unnamed(repo, id, &scratch(ctx)).ok()?;
    let found = sha256(&mut file).ok()?;
    if found == *wanted {
        return Some(file);
    }
    let card = crate::store::cards::read(ctx.project().ok()?, wanted);
    (card.and_then(|card| card.lf_sha256) == Some(found)).then_some(file)
}

fn sha256(file: &mut File) -> std::io::Result<Sha256> {
    let mut digest = sha2::Sha256::new();
    let mut buffer = vec![0; crate::observe::data::hash::BUFFER];
    loop {
        match file.read(&mut buffer)? {
            0 => break,
            count => digest.update(&buffer[..count]),
        }
    }
    file.rewind()?;
    Ok(Sha256::from_bytes(&digest.finalize().into()))
}
