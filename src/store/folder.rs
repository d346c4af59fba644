//! A run's folder: filled under a temporary name, then published by one rename.

use std::cell::RefCell;
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

use super::contain::real_folder;
use super::layout::Project;
use crate::atomic::{failed, sync_folder, together};
use crate::error::{Failure, Result};
use crate::failpoint;
use crate::model::{RunId, Uid};

/// How the name of a run's folder begins before it is published; the uid follows.
pub const DRAFT_PREFIX: &str = ".tmp-";

/// A folder that nobody sees yet. Dropped without [`Draft::publish`], it disappears.
#[derive(Debug)]
pub struct Draft {
    path: PathBuf,
    files: RefCell<Vec<(PathBuf, File)>>,
    published: bool,
}

impl Draft {
    /// Makes `experiments/runs/.tmp-<uid>`.
    pub fn create(project: &Project, uid: &Uid) -> Result<Self> {
        real_folder(&project.experiments())?;
        real_folder(&project.runs())?;
        let runs = project.runs();
        std::fs::create_dir_all(&runs).map_err(|error| failed(&runs, &error))?;
        let path = runs.join(format!("{DRAFT_PREFIX}{uid}"));
        std::fs::create_dir(&path).map_err(|error| failed(&path, &error))?;
        let draft = Self {
            path,
            files: RefCell::default(),
            published: false,
        };
        failpoint::reach("draft-made").map_err(|error| failed(&draft.path, &error))?;
        Ok(draft)
    }

    /// Where it is now.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes one file into it. It is on disk when the folder is published: waiting for all at once
    /// costs hardly more than waiting for one.
    pub fn write(&self, name: &str, bytes: &[u8]) -> Result<()> {
        let path = self.path.join(name);
        let write = || {
            let mut file = File::create_new(&path)?;
            failpoint::reach("draft-file")?;
            file.write_all(bytes)?;
            Ok(file)
        };
        let file = write().map_err(|error: std::io::Error| failed(&path, &error))?;
        self.files.borrow_mut().push((path, file));
        Ok(())
    }

    /// Gives it its name. Everything in it is on disk before anybody can see it.
    pub fn publish(mut self, project: &Project, id: &RunId) -> Result<PathBuf> {
        let target = project.run(id);
        if target.symlink_metadata().is_ok() {
            return Err(Failure::new(format!("{} exists already", target.display()))
                .hint("give the run another name"));
        }
        together(&self.files.take(), |(path, file)| {
            file.sync_all().map_err(|error| failed(path, &error))
        })?;
        sync_folder(&self.path)
            .and_then(|()| failpoint::reach("draft-filled"))
            .map_err(|error| failed(&self.path, &error))?;
        std::fs::rename(&self.path, &target).map_err(|error| failed(&target, &error))?;
        self.published = true;
        sync_folder(&project.runs())
            .and_then(|()| failpoint::reach("published"))
            .map_err(|error| failed(&target, &error))?;
        Ok(target)
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        if !self.published {
            // What is left behind here is a `.tmp-` folder, which `doctor` removes.
            let _ = std::fs::remove_dir_all(&self.path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_draft_is_published_whole_or_leaves_nothing() {
        let top = tempfile::tempdir().unwrap();
        let project = Project::at(top.path(), top.path());
        let uid = Uid::new(0, &[1; 10]);
        let id = RunId::parse("exp_001_a").unwrap();
        let draft = Draft::create(&project, &uid).unwrap();
        draft.write("x", b"1").unwrap();
        drop(draft);
        assert_eq!(std::fs::read_dir(project.runs()).unwrap().count(), 0);
        let draft = Draft::create(&project, &uid).unwrap();
        draft.write("x", b"1").unwrap();
        let folder = draft.publish(&project, &id).unwrap();
        assert_eq!(std::fs::read(folder.join("x")).unwrap(), b"1");
        assert!(
            Draft::create(&project, &uid)
                .unwrap()
                .publish(&project, &id)
                .is_err()
        );
    }
}
