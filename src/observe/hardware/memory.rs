//! Memory that this process may use: the machine's, or the limit of its cgroup if that is smaller.

use std::path::{Path, PathBuf};

use super::line;

pub(super) fn bytes(root: &Path) -> Option<u64> {
    let machine = total(&line(&root.join("proc/meminfo"))?)?;
    let limit = limit_files(root)
        .iter()
        // No limit is `max` in version 2 and a number near 2^63 in version 1.
        .filter_map(|file| line(file)?.parse().ok())
        .min();
    Some(limit.map_or(machine, |limit: u64| limit.min(machine)))
}

/// `MemTotal:       32594312 kB`
fn total(meminfo: &str) -> Option<u64> {
    let rest = meminfo
        .lines()
        .find_map(|line| line.strip_prefix("MemTotal:"))?;
    let kibibytes: u64 = rest.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kibibytes.checked_mul(1024)
}

/// Files with limits of this process's cgroup and of all above it, each of which binds (cgroups(7)).
/// In a container the path is often the host's and not there, and then the top is the container's.
fn limit_files(root: &Path) -> Vec<PathBuf> {
    let mounted = root.join("sys/fs/cgroup");
    let groups = line(&root.join("proc/self/cgroup")).unwrap_or_default();
    groups
        .lines()
        .filter_map(|group| {
            let mut parts = group.splitn(3, ':');
            let (_, controllers, path) = (parts.next()?, parts.next()?, parts.next()?);
            let unified = controllers.is_empty();
            let counts = unified || controllers.split(',').any(|name| name == "memory");
            counts.then_some((unified, path.trim_matches('/')))
        })
        .flat_map(|(unified, path)| {
            let (top, file) = match unified {
                true => (mounted.clone(), "memory.max"),
                false => (mounted.join("memory"), "memory.limit_in_bytes"),
            };
            let safe = Path::new(path)
                .components()
                .all(|part| matches!(part, std::path::Component::Normal(_)));
            let lowest = if safe { path } else { "" };
            Path::new(lowest)
                .ancestors()
                .map(|group| top.join(group).join(file))
                .collect::<Vec<_>>()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const MACHINE: u64 = 1000 * 1024;

    fn with(files: &[(&str, &str)]) -> Option<u64> {
        let root = tempfile::tempdir().unwrap();
        let meminfo = ("proc/meminfo", "MemTotal:        1000 kB\nMemFree: 10 kB\n");
        for (path, text) in [&[meminfo], files].concat() {
            let path = root.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        bytes(root.path())
    }

    #[test]
    fn the_smallest_limit_binds() {
        assert_eq!(with(&[]), Some(MACHINE));
        let own = ("proc/self/cgroup", "0::/job/step\n");
        let max = ("sys/fs/cgroup/job/step/memory.max", "max\n");
        assert_eq!(with(&[own, max]), Some(MACHINE));
        let above = ("sys/fs/cgroup/job/memory.max", "4096\n");
        assert_eq!(with(&[own, max, above]), Some(4096));
        let container = ("sys/fs/cgroup/memory.max", "8192\n");
        assert_eq!(with(&[own, container]), Some(8192));
        let outside = ("proc/self/cgroup", "0::/../other\n");
        assert_eq!(with(&[outside, container]), Some(8192));
    }

    #[test]
    fn version_1_is_read_too() {
        let own = ("proc/self/cgroup", "5:cpu:/\n4:memory:/a\n0::/\n");
        let none = (
            "sys/fs/cgroup/memory/memory.limit_in_bytes",
            "9223372036854771712\n",
        );
        assert_eq!(with(&[own, none]), Some(MACHINE));
        let limit = ("sys/fs/cgroup/memory/a/memory.limit_in_bytes", "2048\n");
        assert_eq!(with(&[own, none, limit]), Some(2048));
    }

    #[test]
    fn a_machine_that_does_not_say_is_unknown() {
        assert_eq!(total("MemFree: 10 kB\n"), None);
        assert_eq!(total("MemTotal: many kB\n"), None);
        assert_eq!(bytes(Path::new("/nonexistent")), None);
    }
}
