//! `packed-refs` looked into without reading it: a repository with 100,000 runs has megabytes of it.
//!
//! git sorts the file by name and says so in its first line (gitrepository-layout(5)).

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom};

use super::Repo;
use crate::model::Oid;

/// An older git may have written it in any order; then all of it is read.
const SORTED: &str = " sorted";

/// The lines of the packed refs below a prefix such as `refs/heads/`, as they stand in the file.
///
/// # Returns
/// `None` where refs are not in files, or the file can't be read.
pub fn under(repo: &Repo, prefix: &str) -> Option<Vec<u8>> {
    if repo.has_reftable() {
        return None;
    }
    match File::open(repo.common_dir.join("packed-refs")) {
        Ok(file) => lines(file, prefix.as_bytes()).ok(),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Some(Vec::new()),
        Err(_) => None,
    }
}

/// What one packed ref names.
///
/// # Returns
/// `None` as [`under`].
pub fn one(repo: &Repo, name: &str) -> Option<Option<Oid>> {
    let lines = under(repo, name)?;
    let id = |line: &str| {
        let (id, found) = line.split_once(' ')?;
        (found == name).then(|| Oid::parse(id))?
    };
    Some(String::from_utf8_lossy(&lines).lines().find_map(id))
}

fn lines(file: impl Read + Seek, prefix: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut file = Lines {
        inner: BufReader::with_capacity(1024, file),
        line: Vec::new(),
    };
    let end = file.inner.seek(SeekFrom::End(0))?;
    file.inner.seek(SeekFrom::Start(0))?;
    file.next()?;
    let header = String::from_utf8_lossy(&file.line).into_owned();
    let is_sorted = header.starts_with('#') && header.trim_end().ends_with(SORTED);
    let start = match is_sorted {
        true => file.first(header.len() as u64, end, prefix)?,
        false => 0,
    };
    file.inner.seek(SeekFrom::Start(start))?;
    let mut found = Vec::new();
    let mut inside = false;
    while file.next()? {
        // `^<id>` names the commit of the tag in the line above.
        if !file.line.starts_with(b"^") {
            inside = file.name().starts_with(prefix);
        }
        if inside {
            found.extend_from_slice(&file.line);
        } else if is_sorted && file.name() > prefix {
            break;
        }
    }
    Ok(found)
}

struct Lines<R> {
    inner: BufReader<R>,
    line: Vec<u8>,
}

impl<R: Read + Seek> Lines<R> {
    /// Reads the next line; false at the end.
    fn next(&mut self) -> std::io::Result<bool> {
        self.line.clear();
        Ok(self.inner.read_until(b'\n', &mut self.line)? > 0)
    }

    /// What follows the id; empty in a line without a name.
    fn name(&self) -> &[u8] {
        let space = self.line.iter().position(|&b| b == b' ');
        let name = space.map_or(&b""[..], |at| &self.line[at + 1..]);
        name.strip_suffix(b"\n").unwrap_or(name)
    }

    /// Where the first line may begin whose name is not before the prefix: a line that begins before
    /// it has a name that is. Halves the bytes between until few are left.
    fn first(&mut self, mut low: u64, mut high: u64, prefix: &[u8]) -> std::io::Result<u64> {
        while high - low > 1024 {
            let middle = low + (high - low) / 2;
            self.inner.seek(SeekFrom::Start(middle))?;
            // The rest of the line that the middle is in.
            self.next()?;
            let mut at = middle + self.line.len() as u64;
            let mut any = self.next()?;
            while any && self.line.starts_with(b"^") {
                at += self.line.len() as u64;
                any = self.next()?;
            }
            if any && self.name() < prefix && at < high {
                low = at;
            } else {
                high = middle;
            }
        }
        Ok(low)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    fn file(names: &[String], header: &str) -> Vec<u8> {
        let id = "a".repeat(40);
        let mut text = header.to_owned();
        for name in names {
            text.push_str(&format!("{id} {name}\n"));
            if name.starts_with("refs/tags/") {
                text.push_str(&format!("^{id}\n"));
            }
        }
        text.into_bytes()
    }

    #[test]
    fn what_is_found_by_halves_is_what_a_full_reading_finds() {
        let prefixes = [
            "refs/heads/",
            "refs/remotes/",
            "refs/tags/",
            "refs/exp/",
            "a",
            "z",
        ];
        for (runs, others) in [
            (0, 0),
            (0, 3),
            (1, 1),
            (5000, 0),
            (5000, 1),
            (7, 3000),
            (3000, 300),
        ] {
            let mut names: Vec<String> = (0..runs).map(|n| format!("refs/exp/{n:026}")).collect();
            for n in 0..others {
                for folder in ["heads", "remotes/origin", "tags"] {
                    names.push(format!("refs/{folder}/{}{n}", "long".repeat(n % 50)));
                }
            }
            names.sort();
            let sorted = file(&names, "# pack-refs with: peeled fully-peeled sorted \n");
            names.reverse();
            let unsorted = file(&names, "");
            for prefix in prefixes {
                let look = |bytes: &[u8]| lines(Cursor::new(bytes), prefix.as_bytes()).unwrap();
                let (found, all) = (look(&sorted), look(&unsorted));
                let mut expected: Vec<&[u8]> = all.split_inclusive(|&b| b == b'\n').collect();
                let mut found: Vec<&[u8]> = found.split_inclusive(|&b| b == b'\n').collect();
                expected.sort();
                found.sort();
                assert_eq!(found, expected, "{prefix} among {runs} and {others}");
                let count = names.iter().filter(|name| name.starts_with(prefix)).count();
                let tags = if prefix == "refs/tags/" { 2 } else { 1 };
                assert_eq!(found.len(), count * tags);
            }
        }
    }
}
