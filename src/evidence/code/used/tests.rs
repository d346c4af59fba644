//! Small trees.

use std::collections::HashMap;

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
