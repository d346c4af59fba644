//! Installations built on disk as installers lay them out.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use super::*;

mod choice;
mod dependencies;
mod packages;

/// A folder with a home, a project and whatever a test puts beside them.
struct World {
    folder: tempfile::TempDir,
}

impl World {
    fn new() -> Self {
        let world = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        fs::create_dir_all(world.path("project")).unwrap();
        fs::create_dir_all(world.path("home")).unwrap();
        world
    }

    fn path(&self, inside: &str) -> PathBuf {
        // Temporary folders are behind a link on some systems, and installers record real paths.
        fs::canonicalize(self.folder.path()).unwrap().join(inside)
    }

    fn file(&self, inside: &str, text: &str) -> PathBuf {
        let path = self.path(inside);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path
    }

    fn program(&self, inside: &str, text: &str) -> PathBuf {
        let path = self.file(inside, text);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        path
    }

    fn link(&self, inside: &str, to: &Path) {
        let path = self.path(inside);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        symlink(to, path).unwrap();
    }

    /// A Python with its headers, as `make install` leaves it.
    fn python(&self, prefix: &str, release: &str) {
        let short = release.rsplit_once('.').unwrap().0;
        let real = self.program(&format!("{prefix}/bin/python{short}"), "\x7fELF");
        self.link(&format!("{prefix}/bin/python3"), &real);
        self.link(&format!("{prefix}/bin/python"), &real);
        self.file(
            &format!("{prefix}/include/python{short}/patchlevel.h"),
            &format!("#define PY_MAJOR_VERSION 3\n#define PY_VERSION \"{release}\"\n"),
        );
        fs::create_dir_all(self.path(&format!("{prefix}/lib/python{short}/site-packages")))
            .unwrap();
    }

    /// A venv of the Python at `base`.
    fn venv(&self, prefix: &str, base: &str, short: &str, settings: &str) {
        let home = self.path(base).join("bin");
        self.link(&format!("{prefix}/bin/python"), &home.join("python3"));
        let home = home.display();
        self.file(
            &format!("{prefix}/pyvenv.cfg"),
            &format!("home = {home}\n{settings}"),
        );
        let site = self.path(&format!("{prefix}/lib/python{short}/site-packages"));
        fs::create_dir_all(site).unwrap();
        symlink("lib", self.path(&format!("{prefix}/lib64"))).unwrap();
    }

    fn package(&self, site: &str, stem: &str) {
        self.file(
            &format!("{site}/{stem}.dist-info/METADATA"),
            "Metadata-Version: 2.1\n",
        );
    }

    fn observe(&self, program: Option<&str>, vars: &[(&str, &str)]) -> Observed {
        let home = self.path("home");
        let mut all = vec![("HOME", home.to_str().unwrap())];
        all.extend_from_slice(vars);
        let ambient = Ambient::fixed(self.path("project"), &all);
        observe(&ambient, program.map(OsStr::new), &self.path("project"))
    }
}

fn listed(seen: &Observed) -> Vec<String> {
    env_txt(&seen.packages).lines().map(str::to_owned).collect()
}

const SITE: &str = "project/.venv/lib/python3.11/site-packages";

fn with_venv() -> World {
    let world = World::new();
    world.python("opt", "3.11.7");
    world.venv("project/.venv", "opt", "3.11", "version = 3.11.4\n");
    world
}
