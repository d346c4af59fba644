//! Which files of a tree an import executes.

use super::sources::{Sources, join, module_of, parent};
use crate::source::imports::Import;

/// The `__init__.py` of every package on the way to a module.
pub(super) fn packages(sources: &Sources, root: &str, parts: &[String]) -> Vec<String> {
    let init = |n: usize| join(root, &format!("{}/__init__.py", parts[..n].join("/")));
    let all = (1..=parts.len()).map(init);
    all.filter(|path| sources.has(path)).collect()
}

/// The files that an import executes, and whether it is sure that it does.
pub(super) fn resolve(
    sources: &Sources,
    root: &str,
    from: &str,
    import: &Import,
) -> Vec<(String, bool)> {
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
