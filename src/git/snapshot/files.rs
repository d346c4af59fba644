//! Files that no commit has: which are kept, and which are only named.

use std::fs::{File, Metadata, OpenOptions};
use std::io::Read;
use std::path::Path;

use sha2::Digest;

use super::Scope;
use crate::model::code::LeftOut;
use crate::model::{RecordPath, Sha256};

/// Untracked files of one working tree, sorted.
#[derive(Debug, Default)]
pub struct Sorted {
    /// To be kept, in path order.
    pub kept: Vec<RecordPath>,
    /// Named only.
    pub left_out: Vec<LeftOut>,
}

/// What the limits still allow. Shared by the repository and those inside it.
#[derive(Debug)]
pub struct Budget {
    /// Bytes.
    left: u64,
}

impl Budget {
    /// The whole allowance.
    pub fn of(scope: &Scope<'_>) -> Self {
        Self {
            left: scope.max_total_bytes,
        }
    }
}

/// Sorts untracked files. Smaller ones are taken first, so that one big file pushes no code out.
///
/// `prefix` is the place of `top` in the outermost working tree, by which records name paths.
pub fn sort(
    top: &Path,
    prefix: &RecordPath,
    paths: &[RecordPath],
    scope: &Scope<'_>,
    budget: &mut Budget,
) -> std::io::Result<Sorted> {
    let mut sorted = Sorted::default();
    let mut sized = Vec::new();
    for path in paths {
        let place = top.join(path.to_path());
        // A file that went away meanwhile is no part of what is frozen.
        let Ok(found) = place.symlink_metadata() else {
            continue;
        };
        let leave = |why: &str, sha256| LeftOut {
            path: path.below(prefix),
            bytes: found.len(),
            sha256,
            why: why.to_owned(),
        };
        if (scope.secret_path)(&path.below(prefix)) {
            sorted.left_out.push(leave("secret", None));
        } else if found.is_symlink() {
            sorted.kept.push(path.clone());
        } else if !found.is_file() {
            // It was a file when git looked; whatever it is by now, it is not opened.
        } else if !is_readable(&place) {
            sorted.left_out.push(leave("unreadable", None));
        } else {
            sized.push((found.len(), path));
        }
    }
    let (fitting, left_out) = fit(top, prefix, sized, scope, budget);
    sorted.kept.extend(fitting.into_iter().cloned());
    sorted.left_out.extend(left_out);
    sorted.kept.sort();
    Ok(sorted)
}

/// Splits files, given with their sizes, by the limits. Smaller ones are taken first.
pub fn fit<'p>(
    top: &Path,
    prefix: &RecordPath,
    mut sized: Vec<(u64, &'p RecordPath)>,
    scope: &Scope<'_>,
    budget: &mut Budget,
) -> (Vec<&'p RecordPath>, Vec<LeftOut>) {
    sized.sort();
    let (mut fitting, mut left_out) = (Vec::new(), Vec::new());
    for (bytes, path) in sized {
        if bytes <= scope.max_file_bytes && bytes <= budget.left {
            budget.left -= bytes;
            fitting.push(path);
            continue;
        }
        left_out.push(LeftOut {
            path: path.below(prefix),
            bytes,
            sha256: digest(&top.join(path.to_path())),
            why: "size".to_owned(),
        });
    }
    (fitting, left_out)
}

fn is_readable(path: &Path) -> bool {
    #[cfg(unix)]
    {
        rustix::fs::access(path, rustix::fs::Access::READ_OK).is_ok()
    }
    #[cfg(not(unix))]
    {
        File::open(path).is_ok()
    }
}

/// Opens a regular file: never through a link, and never one that would block.
pub fn open_regular(path: &Path) -> std::io::Result<(File, Metadata)> {
    let mut options = OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        let flags = rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK;
        options.custom_flags(flags.bits() as i32);
    }
    let file = options.open(path)?;
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Err(std::io::Error::other("it is not a regular file"));
    }
    Ok((file, metadata))
}

/// All bytes of a regular file.
pub fn read_regular(path: &Path) -> std::io::Result<Vec<u8>> {
    let (mut file, metadata) = open_regular(path)?;
    let mut bytes = Vec::with_capacity(usize::try_from(metadata.len()).unwrap_or(0));
    file.read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The digest of a file's bytes; `None` when it can't be read to its end.
pub fn digest(path: &Path) -> Option<Sha256> {
    let (mut file, _) = open_regular(path).ok()?;
    let mut state = sha2::Sha256::new();
    let mut buffer = vec![0; 128 * 1024];
    loop {
        match file.read(&mut buffer).ok()? {
            0 => return Some(Sha256::from_bytes(&state.finalize().into())),
            count => state.update(&buffer[..count]),
        }
    }
}
