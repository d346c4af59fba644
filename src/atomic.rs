//! Files that appear whole or not at all, and that are on disk when the call returns.

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tempfile::NamedTempFile;

use crate::error::{DISK_FULL, Failure, OVER_LIMIT, Result, to_make_writable};
use crate::failpoint;

/// So many threads wait for the disk at once.
const WAITING: usize = 32;
/// Where the disk answers this soon, one thread goes through a list before more are there.
const AT_ONCE: Duration = Duration::from_micros(200);

/// Writes a file by a temporary name beside it, `fsync`, `rename`, and `fsync` of the folder.
///
/// # Errors
/// Names the file, and leaves what was there before untouched.
pub fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    write_inner(path, bytes).map_err(|error| failed(path, &error))
}

fn write_inner(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut file = draft(folder, ".tmp-")?;
    failpoint::reach("file-made")?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    failpoint::reach("file-written")?;
    file.persist(path).map_err(|error| error.error)?;
    failpoint::reach("file-renamed")?;
    sync_folder(folder)
}

/// What becomes a file of the repository when it is whole: as readable as git's own files, where
/// temporary files are private by default.
pub fn draft(folder: &Path, prefix: &str) -> std::io::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(prefix);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(std::fs::Permissions::from_mode(0o666));
    }
    builder.tempfile_in(folder)
}

/// Makes a rename in a folder durable.
pub fn sync_folder(folder: &Path) -> std::io::Result<()> {
    #[cfg(unix)]
    File::open(folder)?.sync_all()?;
    #[cfg(not(unix))]
    let _ = folder;
    Ok(())
}

/// Waits until each of these is on disk, for all at once: a file system with a journal writes it for
/// all that wait, which costs little more than for one.
///
/// # Errors
/// One of those of `wait`.
pub fn together<T: Sync, E: Send>(
    list: &[T],
    wait: impl Fn(&T) -> std::result::Result<(), E> + Sync,
) -> std::result::Result<(), E> {
    let next = AtomicUsize::new(0);
    let take = || {
        while let Some(item) = list.get(next.fetch_add(1, Ordering::Relaxed)) {
            wait(item)?;
        }
        Ok(())
    };
    std::thread::scope(|scope| {
        let started = || {
            std::thread::park_timeout(AT_ONCE);
            let is_left = |_: &usize| next.load(Ordering::Relaxed) < list.len();
            let others = (1..list.len().min(WAITING)).take_while(is_left);
            let others: Vec<_> = others.map(|_| scope.spawn(take)).collect();
            // Those that are left when one has failed are waited for all the same, by the scope.
            others.into_iter().try_for_each(joined)
        };
        let others = (list.len() > 1).then(|| scope.spawn(started));
        let own = take();
        let Some(others) = others else { return own };
        others.thread().unpark();
        own.and(joined(others))
    })
}

fn joined<T>(thread: std::thread::ScopedJoinHandle<'_, T>) -> T {
    let thread = thread.join();
    thread.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

/// Whether files can be made in a folder, as far as permissions go.
///
/// # Errors
/// Those of making one.
pub fn check_writable(folder: &Path) -> Result<()> {
    #[cfg(unix)]
    rustix::fs::access(folder, rustix::fs::Access::WRITE_OK)
        .map_err(|error| refused(folder, folder, &error.into()))?;
    #[cfg(not(unix))]
    let _ = folder;
    Ok(())
}

/// Makes a folder and its parents.
pub fn make_folder(path: &Path) -> Result<()> {
    std::fs::create_dir_all(path).map_err(|error| failed(path, &error))
}

/// A failure to write that names the place and, where it is known, the way out.
pub fn failed(path: &Path, error: &std::io::Error) -> Failure {
    refused(path, path.parent().unwrap_or(path), error)
}

fn refused(path: &Path, folder: &Path, error: &std::io::Error) -> Failure {
    let failure = Failure::new(format!("cannot write {}", path.display()));
    // Behind the system's words, the name of a temporary file may be told.
    let why = error.to_string();
    let failure = failure.because(why.split(" at path \"").next().unwrap_or(&why));
    match error.kind() {
        std::io::ErrorKind::PermissionDenied | std::io::ErrorKind::ReadOnlyFilesystem => {
            failure.hint(to_make_writable(folder))
        }
        std::io::ErrorKind::StorageFull => failure.hint(DISK_FULL),
        std::io::ErrorKind::FileTooLarge => failure.hint(OVER_LIMIT),
        _ => failure,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_write_replaces_the_whole_file_and_leaves_nothing_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("run.json");
        write(&file, b"a longer first version").unwrap();
        write(&file, b"second").unwrap();
        assert_eq!(std::fs::read(&file).unwrap(), b"second");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_failed_write_names_the_file() {
        let error = write(Path::new("/nonexistent/x"), b"").unwrap_err();
        assert_eq!(error.message(), "cannot write /nonexistent/x");
    }

    #[test]
    fn all_are_waited_for_and_a_failure_is_told() {
        for count in [0, 1, 2, 3 * WAITING] {
            let list: Vec<usize> = (0..count).collect();
            let seen = std::sync::Mutex::new(Vec::new());
            let all = together(&list, |item| {
                seen.lock().unwrap().push(*item);
                Ok::<(), usize>(())
            });
            assert_eq!(all, Ok(()));
            let mut seen = seen.into_inner().unwrap();
            seen.sort_unstable();
            assert_eq!(seen, list);
            for bad in [0, count / 2, count.saturating_sub(1)] {
                let is_bad = |item: &usize| if *item == bad { Err(bad) } else { Ok(()) };
                let expected = if count == 0 { Ok(()) } else { Err(bad) };
                assert_eq!(together(&list, is_bad), expected);
            }
        }
    }
}
