//! Compares data files, models and configurations with what records say they were.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use super::Work;
use super::originals::Originals;
use super::records::unix;
use super::source::LIMIT;
use crate::check::facts::{Content, Facts, Kept, RunFacts};
use crate::check::policy::Policy;
use crate::error::Result;
use crate::model::data::{DataInput, DataKind, Pointer};
use crate::model::{Oid, RecordPath, Run, Sha256};
use crate::observe::data::dvc;
use crate::observe::data::dvc::content::{Called, called};
use crate::observe::data::pointer::{self, Stub};
use crate::observe::data::{self, Input};
use crate::settings::Profile;
use crate::store::contain;

/// A file that a record names, and what it should be.
struct Wanted<'r> {
    path: &'r RecordPath,
    sha256: Option<&'r Sha256>,
    blob: Option<&'r Oid>,
    pointer: Option<&'r Pointer>,
    folder: bool,
    external: bool,
    /// The tree that was frozen, if it is here.
    frozen: Option<Oid>,
}

/// What was found at a path of the working tree.
enum Found {
    Input(Box<Input>),
    Nothing,
    Unread(String),
}

impl Found {
    fn input(input: Input) -> Self {
        Self::Input(Box::new(input))
    }
}

/// Fills in data, models, promoted models and configurations.
pub fn fill(work: &Work<'_, '_>, facts: &mut Facts, policy: &Policy) -> Result<()> {
    let wants_data = policy.asks("E-data");
    let wants_models = policy.asks("E-model");
    let mut paths: BTreeSet<RecordPath> = BTreeSet::new();
    for (_, run) in facts.records() {
        if wants_data {
            paths.extend(
                run.data
                    .iter()
                    .filter(|d| !d.external)
                    .map(|d| d.path.clone()),
            );
        }
        if wants_models {
            paths.extend(run.models.iter().map(|model| model.path.clone()));
        }
    }
    for stage in facts.stages.iter().filter(|_| policy.asks("E-prod")) {
        if let Some(path) = stage
            .says
            .as_ref()
            .ok()
            .and_then(|says| says.model.as_ref())
        {
            paths.insert(RecordPath::from(path.as_str()));
        }
    }
    let look = Look {
        work,
        found: look_at(work, &paths),
    };
    let mut originals = Originals::default();
    for seen in &mut facts.runs {
        let frozen = frozen(seen);
        let Ok(run) = &seen.run else { continue };
        if !seen.in_scope {
            continue;
        }
        if wants_data {
            seen.data = run
                .data
                .iter()
                .map(|d| look.judge(&of_data(d, &frozen)))
                .collect();
        }
        if wants_models {
            seen.models = run
                .models
                .iter()
                .map(|model| look.judge(&plain(&model.path, Some(&model.sha256))))
                .collect();
        }
        if policy.asks("E-config")
            && let Some(root) = &frozen
        {
            let root = seen.frozen.tree.as_ref().unwrap_or(root);
            for (file, copy) in run.config.iter().zip(&mut seen.config) {
                copy.in_tree = originals.digests(work, root, &work.in_tree(&file.path));
            }
        }
    }
    for stage in &mut facts.stages {
        if let Ok(says) = &stage.says
            && let Some(path) = &says.model
        {
            let path = RecordPath::from(path.as_str());
            stage.model = Some(look.judge(&plain(&path, says.sha256.as_ref())));
        }
    }
    Ok(())
}

/// The commit with the frozen tree, if it is here.
fn frozen(seen: &RunFacts) -> Option<Oid> {
    let run: &Run = seen.run.as_ref().ok()?;
    if run.code.snapshot.is_some() {
        return run.code.snapshot.clone().filter(|_| seen.frozen.present);
    }
    let here = seen.commit.kept != Kept::Missing && !run.code.dirty;
    run.code.commit.clone().filter(|_| here)
}

fn of_data<'r>(input: &'r DataInput, frozen: &Option<Oid>) -> Wanted<'r> {
    Wanted {
        path: &input.path,
        sha256: input.sha256.as_ref(),
        blob: input.blob.as_ref(),
        pointer: input.pointer.as_ref(),
        folder: input.kind == DataKind::Folder,
        external: input.external,
        frozen: frozen.clone(),
    }
}

fn plain<'r>(path: &'r RecordPath, sha256: Option<&'r Sha256>) -> Wanted<'r> {
    Wanted {
        path,
        sha256,
        blob: None,
        pointer: None,
        folder: false,
        external: false,
        frozen: None,
    }
}

/// Digests each path of the working tree once, through the stat cache.
fn look_at(work: &Work<'_, '_>, paths: &BTreeSet<RecordPath>) -> BTreeMap<RecordPath, Found> {
    let Some(root) = &work.root else {
        return BTreeMap::new();
    };
    let mut found = BTreeMap::new();
    let mut specs: Vec<(RecordPath, data::Spec)> = Vec::new();
    for path in paths {
        match contain::below(root, path) {
            Err(failure) => {
                let why = failure.causes().first().cloned().unwrap_or_default();
                found.insert(path.clone(), Found::Unread(why));
            }
            Ok(place) if place.symlink_metadata().is_err() => {
                found.insert(path.clone(), Found::Nothing);
            }
            Ok(place) => specs.push((path.clone(), spec(place))),
        }
    }
    let all: Vec<data::Spec> = specs.iter().map(|(_, spec)| spec.clone()).collect();
    match observe(work, &all) {
        Ok(inputs) => {
            let paths = specs.into_iter().map(|(path, _)| path);
            found.extend(paths.zip(inputs.into_iter().map(Found::input)));
        }
        // One that can't be read hides none of the others.
        Err(_) => {
            for (path, spec) in specs {
                let one = match observe(work, &[spec]) {
                    Ok(mut inputs) => inputs.pop().map_or(Found::Nothing, Found::input),
                    Err(failure) => Found::Unread(failure.to_string()),
                };
                found.insert(path, one);
            }
        }
    }
    found
}

fn spec(path: PathBuf) -> data::Spec {
    data::Spec {
        role: String::new(),
        path,
    }
}

fn observe(work: &Work<'_, '_>, specs: &[data::Spec]) -> Result<Vec<Input>> {
    let rules = &work.settings.data;
    let progress = crate::ui::progress::Progress::new(&work.ctx.ui);
    let report = |seen: data::Progress| {
        let files = (seen.files_done, seen.files);
        progress.set("comparing", files, (seen.bytes_done, seen.bytes));
    };
    let seen = data::observe(
        specs,
        data::Options {
            git_dir: Some(&work.repo.common_dir),
            base: work.root.as_deref(),
            include: &rules.include,
            exclude: &rules.exclude,
            progress: Some(&report),
            profile: Profile::None,
            ..data::Options::default()
        },
    )?;
    Ok(seen.inputs)
}

struct Look<'a, 'w, 'r> {
    work: &'a Work<'w, 'r>,
    found: BTreeMap<RecordPath, Found>,
}

impl Look<'_, '_, '_> {
    fn judge(&self, wanted: &Wanted<'_>) -> Content {
        if wanted.external {
            return Content::Unread("it is outside of the repository and is not opened".to_owned());
        }
        if wanted.sha256.is_none() && wanted.pointer.is_none() {
            return Content::NoDigest;
        }
        let here = match self.found.get(wanted.path) {
            Some(Found::Input(input)) => self.compare(wanted, input),
            Some(Found::Unread(why)) => Content::Unread(why.clone()),
            Some(Found::Nothing) => self.absent(wanted),
            None => self.in_source(wanted),
        };
        let settled = !matches!(
            here,
            Content::Other(_) | Content::Absent | Content::Unread(_)
        );
        if settled {
            return here;
        }
        if self.in_frozen(wanted) {
            return Content::SameInTree;
        }
        match self.elsewhere(wanted) {
            Some(path) => Content::Elsewhere(path),
            None => here,
        }
    }

    fn compare(&self, wanted: &Wanted<'_>, input: &Input) -> Content {
        if let Some(found) = &input.sha256 {
            if Some(found) == wanted.sha256 {
                return match &input.pointer {
                    Some(pointer) if !pointer.present => {
                        Content::SameByPointer(pointer.kind.clone())
                    }
                    _ => Content::Same,
                };
            }
            if wanted.sha256.is_some() {
                return match self.differs_in_line_ends(wanted) {
                    true => Content::LineEnds,
                    false => Content::Other(found.as_str().to_owned()),
                };
            }
        }
        let dvc = wanted.pointer.filter(|pointer| pointer.kind == "dvc");
        if let Some(pointer) = dvc.filter(|_| input.sha256.is_some()) {
            return self.called(wanted, &pointer.id);
        }
        match (&input.pointer, wanted.pointer) {
            (Some(now), Some(then)) if now.id == then.id => {
                Content::SameByPointer(now.kind.clone())
            }
            (Some(now), Some(_)) => Content::Other(now.id.clone()),
            _ if input.unstable => Content::Unread("it changes while it is read".to_owned()),
            _ => Content::Unread("some of it can't be read".to_owned()),
        }
    }

    /// Whether what is here now is what DVC has written down: of content that was not here when the
    /// run was recorded nothing else is known.
    fn called(&self, wanted: &Wanted<'_>, md5: &str) -> Content {
        let root = self.work.root.as_deref();
        let place = root.and_then(|root| contain::below(root, wanted.path).ok());
        match place.map(|place| called(&place, md5)) {
            Some(Ok(Called::So)) => Content::Same,
            Some(Ok(Called::Otherwise(now))) => Content::Other(now),
            Some(Err(error)) => Content::Unread(error.to_string()),
            Some(Ok(Called::Unknown)) | None => {
                Content::Unread("its files are not all that DVC has listed: dvc status".to_owned())
            }
        }
    }

    fn differs_in_line_ends(&self, wanted: &Wanted<'_>) -> bool {
        let Some(root) = self.work.root.as_deref().filter(|_| !wanted.folder) else {
            return false;
        };
        let read = |place: PathBuf| {
            let small = place
                .symlink_metadata()
                .is_ok_and(|m| m.is_file() && m.len() <= LIMIT);
            small.then(|| std::fs::read(place).ok())?
        };
        let Some(bytes) = contain::below(root, wanted.path).ok().and_then(read) else {
            return false;
        };
        let lf = unix(&bytes);
        let crlf: Vec<u8> = lf
            .iter()
            .flat_map(|&b| {
                if b == b'\n' {
                    vec![b'\r', b'\n']
                } else {
                    vec![b]
                }
            })
            .collect();
        Some(&Sha256::of(&lf)) == wanted.sha256 || Some(&Sha256::of(&crlf)) == wanted.sha256
    }

    /// Nothing is at the path: DVC may have written down what belongs there.
    fn absent(&self, wanted: &Wanted<'_>) -> Content {
        let place = self
            .work
            .root
            .as_deref()
            .map(|root| root.join(wanted.path.to_path()));
        let Some(out) = place.as_deref().and_then(dvc::of) else {
            return Content::Absent;
        };
        match wanted.pointer {
            Some(then) if then.id == out.md5 => Content::SameByPointer("dvc".to_owned()),
            Some(then) if then.kind == "dvc" => Content::Other(out.md5),
            _ => Content::Absent,
        }
    }

    /// Without a working tree: what the index or the commit has.
    fn in_source(&self, wanted: &Wanted<'_>) -> Content {
        if wanted.folder {
            return Content::Unread("a folder can only be compared in a working tree".to_owned());
        }
        let path = self.work.in_tree(wanted.path);
        if self
            .work
            .source
            .blob(&path)
            .is_some_and(|blob| Some(blob) == wanted.blob)
        {
            return Content::Same;
        }
        match self.work.source.read(&path) {
            Some(bytes) => of_bytes(&bytes, wanted),
            None => Content::Absent,
        }
    }

    /// Whether the tree that was frozen has the content: by the blob's id, else by its bytes.
    fn in_frozen(&self, wanted: &Wanted<'_>) -> bool {
        let Some(root) = wanted.frozen.as_ref().filter(|_| !wanted.folder) else {
            return false;
        };
        let path = self.work.in_tree(wanted.path);
        let Ok(Some(item)) = self.work.objects.at(root, &path) else {
            return false;
        };
        if Some(&item.id) == wanted.blob {
            return true;
        }
        let bytes = self.work.objects.blob(&item.id);
        bytes.is_ok_and(|bytes| {
            matches!(
                of_bytes(&bytes, wanted),
                Content::Same | Content::SameByPointer(_)
            )
        })
    }

    /// Another recorded path that has the content now.
    fn elsewhere(&self, wanted: &Wanted<'_>) -> Option<String> {
        let has = |found: &Found| match found {
            Found::Input(input) => input.sha256.is_some() && input.sha256.as_ref() == wanted.sha256,
            _ => false,
        };
        let (path, _) = self.found.iter().find(|(_, found)| has(found))?;
        Some(path.display().into_owned())
    }
}

/// Compares bytes that may be a pointer.
fn of_bytes(bytes: &[u8], wanted: &Wanted<'_>) -> Content {
    if bytes.len() <= pointer::LIMIT
        && let Some(Stub::Lfs { oid, .. }) = pointer::stub(bytes)
    {
        let oid = Sha256::from_bytes(&oid);
        return if Some(&oid) == wanted.sha256 {
            Content::SameByPointer("lfs".to_owned())
        } else {
            Content::Other(oid.as_str().to_owned())
        };
    }
    let digest = Sha256::of(bytes);
    if Some(&digest) == wanted.sha256 {
        return Content::Same;
    }
    if Some(&Sha256::of(&unix(bytes))) == wanted.sha256 {
        return Content::LineEnds;
    }
    Content::Other(digest.as_str().to_owned())
}
