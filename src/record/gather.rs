//! Gathers what a run is given: configuration, data, and which path counts as what.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};

use super::begin::Request;
use super::inputs::{self, Proposal};
use crate::context::Ctx;
use crate::error::{Failure, Result};
use crate::git::blob;
use crate::git::objects::Objects;
use crate::git::snapshot::{Frozen, lfs};
use crate::git::tree::filtered_tree;
use crate::model::data::{ConfigFile, DataInput, Pointer};
use crate::model::{Oid, Param, RecordPath, Run, Sha256};
use crate::observe::data;
use crate::observe::data::dvc::content::Called;
use crate::observe::data::dvc::known::Known;
use crate::observe::data::pointer::Stub;
use crate::settings::{Profile, ProjectSettings};
use crate::store::cards;

/// Which data the run has: the command line's, else exp.toml's; what the configuration itself names
/// under the same role goes before exp.toml, for that is what the program will read.
pub(super) fn data_specs(
    ctx: &Ctx,
    request: &Request,
    settings: &ProjectSettings,
    proposal: &Proposal,
    params: &BTreeMap<String, Param>,
) -> Result<Vec<data::Spec>> {
    let project = ctx.project()?;
    let mut by_role: BTreeMap<String, PathBuf> = BTreeMap::new();
    if let Some(like) = request.like.as_ref().filter(|_| request.data.is_empty()) {
        by_role.extend(like.data(ctx, params)?);
        return Ok(specs(by_role));
    }
    if request.data.is_empty() {
        let named = &settings.inputs.data;
        let named = if named.is_empty() {
            &proposal.data
        } else {
            named
        };
        let paths = named
            .iter()
            .map(|(role, path)| (role.clone(), project.root.join(path)));
        by_role.extend(paths);
        by_role.extend(inputs::named_by_config(project, params));
        return Ok(specs(by_role));
    }
    for (role, path) in &request.data {
        if let Some(before) = by_role.insert(role.clone(), path.clone()) {
            return Err(
                Failure::new(format!("two data inputs have the role `{role}`"))
                    .because(format!("{} and {}", before.display(), path.display()))
                    .hint(format!(
                        "give one of them another: --data {role}2={}",
                        path.display()
                    )),
            );
        }
    }
    Ok(specs(by_role))
}

fn specs(by_role: BTreeMap<String, PathBuf>) -> Vec<data::Spec> {
    by_role
        .into_iter()
        .map(|(role, path)| data::Spec { role, path })
        .collect()
}

/// Digests data inputs and writes nothing, not even what it has learnt.
pub fn observe_data_uncached(ctx: &Ctx, specs: &[data::Spec]) -> Result<data::Observed> {
    let rules = &ctx.settings()?.data;
    let options = data::Options {
        base: Some(ctx.ambient.cwd()),
        include: &rules.include,
        exclude: &rules.exclude,
        profile: Profile::None,
        ..data::Options::default()
    };
    data::observe(specs, options)
}

/// Digests data inputs through the stat cache, with a progress bar when it takes long.
pub fn observe_data(
    ctx: &Ctx,
    specs: &[data::Spec],
    profile: Profile,
    rehash: bool,
) -> Result<data::Observed> {
    let rules = &ctx.settings()?.data;
    let project = ctx.project()?;
    let known = |sha256: &Sha256| cards::read(project, sha256);
    let bar = crate::ui::progress::Progress::new(&ctx.ui);
    let report = |seen: data::Progress| {
        bar.set(
            "hashing",
            (seen.files_done, seen.files),
            (seen.bytes_done, seen.bytes),
        );
    };
    let options = data::Options {
        git_dir: Some(&ctx.repo()?.common_dir),
        base: Some(ctx.ambient.cwd()),
        include: &rules.include,
        exclude: &rules.exclude,
        progress: bar
            .is_shown()
            .then_some(&report as &(dyn Fn(data::Progress) + Sync)),
        rehash,
        profile,
        target: rules.target.as_deref(),
        key: rules.key.as_deref(),
        known: Some(&known),
        threads: None,
    };
    data::observe(specs, options)
}

/// Names the content of an input as DVC has written it down, if that is so; else what is wrong.
fn name_by_dvc(ctx: &Ctx, shown: &str, input: &mut data::Input) -> Result<Option<String>> {
    let Some(out) = input.dvc.take().filter(|_| !input.unstable) else {
        return Ok(None);
    };
    let bar = crate::ui::progress::Progress::new(&ctx.ui);
    let (done, all) = (AtomicU64::new(0), input.bytes.unwrap_or(0));
    let report = |bytes| {
        let done = done.fetch_add(bytes, Ordering::Relaxed) + bytes;
        bar.set("verifying what DVC has written down", (0, 1), (done, all));
    };
    let mut known = Known::open(Some(&ctx.repo()?.exp_dir()));
    let called = known.called(&out, input, &report);
    known.save();
    let short = |md5: &str| md5.get(..8).unwrap_or(md5).to_owned();
    let written = short(&out.md5);
    Ok(match called {
        Ok(Called::So) => {
            input.pointer = Some(out.pointer(true));
            None
        }
        Ok(Called::Otherwise(own)) => Some(format!(
            "{shown} is not what DVC has written down, its md5 is {} and not {written}: dvc status",
            short(&own)
        )),
        Ok(Called::Unknown) => Some(format!(
            "{shown} is not the folder that DVC has written down ({written}), or has files that DVC \
             ignores: dvc status"
        )),
        Err(error) => Some(format!(
            "{shown}: whether it is what DVC has written down ({written}) could not be told: {error}"
        )),
    })
}

/// The data inputs as the record keeps them, and what is kept beside it.
pub(super) fn record_data(
    ctx: &Ctx,
    specs: &[data::Spec],
    rehash: bool,
    warnings: &mut Vec<String>,
) -> Result<(Vec<DataInput>, Vec<data::Input>)> {
    let project = ctx.project()?;
    let mut seen = observe_data(ctx, specs, ctx.settings()?.data.profile, rehash)?;
    warnings.append(&mut seen.notes);
    for (spec, input) in specs.iter().zip(&mut seen.inputs) {
        let shown = data::shown(&spec.path, Some(ctx.ambient.cwd()));
        warnings.extend(name_by_dvc(ctx, &shown, input)?);
    }
    let record = |(spec, input): (&data::Spec, &data::Input)| {
        let inside = project.relative(&spec.path);
        DataInput {
            role: input.role.clone(),
            external: inside.is_none(),
            path: inside.unwrap_or_else(|| RecordPath::from_path(&spec.path)),
            kind: input.kind,
            sha256: input.sha256.clone(),
            blob: None,
            bytes: input.bytes,
            rows: input.rows,
            files: input.files,
            pointer: input.pointer.clone(),
            unstable: input.unstable,
            card: input.card.is_some(),
        }
    };
    Ok((
        specs.iter().zip(&seen.inputs).map(record).collect(),
        seen.inputs,
    ))
}

/// The split as the configuration describes it: the leaves below `split`.
pub(super) fn split_of(params: &BTreeMap<String, Param>) -> Option<String> {
    let parts: Vec<String> = params
        .iter()
        .filter(|(name, _)| name.split('.').any(|part| part == "split"))
        .map(|(name, value)| {
            let last = name.rsplit("split.").next().unwrap_or(name);
            format!("{last}={}", value.spelling())
        })
        .collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}

/// Adds git's own name of the content to each configuration and data file that is in the tree: two
/// checkouts may differ in line endings alone.
pub(super) fn name_blobs(
    ctx: &Ctx,
    run: &mut Run,
    config: &mut [(ConfigFile, Vec<u8>)],
    frozen: &Frozen,
) -> Result<()> {
    let prefix = &ctx.project()?.prefix;
    let mut slots: BTreeMap<RecordPath, Vec<&mut Option<Oid>>> = BTreeMap::new();
    // The bytes of a derived file are in no tree.
    for (file, _) in config.iter_mut().filter(|(file, _)| !file.derived) {
        slots
            .entry(file.path.below(prefix))
            .or_default()
            .push(&mut file.blob);
    }
    for input in run.data.iter_mut().filter(|input| !input.external) {
        slots
            .entry(input.path.below(prefix))
            .or_default()
            .push(&mut input.blob);
    }
    for entry in &frozen.entries {
        for slot in slots.get_mut(&entry.path).into_iter().flatten() {
            **slot = Some(entry.id.clone());
        }
    }
    name_stubs(ctx, run)
}

/// Adds the name that git has in the place of a data file of Git LFS or git-annex, unless that is another
/// content's. The store of Git LFS need not have the object: a smudged file may outlive it.
fn name_stubs(ctx: &Ctx, run: &mut Run) -> Result<()> {
    let repo = ctx.repo()?;
    let unnamed = |input: &&mut DataInput| input.pointer.is_none() && input.blob.is_some();
    let mut inputs: Vec<&mut DataInput> = run.data.iter_mut().filter(unnamed).collect();
    let keeps = |folder: &&str| repo.common_dir.join(folder).is_dir();
    if inputs.is_empty() || !["lfs", "annex"].iter().any(keeps) {
        return Ok(());
    }
    let ids: Vec<Oid> = inputs
        .iter()
        .filter_map(|input| input.blob.clone())
        .collect();
    let mut small = blob::sizes(repo, &ids)?;
    small.retain(|(_, bytes)| *bytes < data::pointer::LIMIT as u64);
    let objects = Objects::open(repo);
    for input in &mut inputs {
        let is_small = |id: &&Oid| small.iter().any(|(found, _)| found == *id);
        let Some(id) = input.blob.as_ref().filter(is_small) else {
            continue;
        };
        let read = |raw: &_| input.sha256.as_ref() == Some(&Sha256::from_bytes(raw));
        input.pointer = match data::pointer::stub(&objects.blob(id)?) {
            Some(Stub::Lfs { oid, .. }) if read(&oid) => {
                let oid = Sha256::from_bytes(&oid);
                Some(Pointer {
                    kind: "lfs".to_owned(),
                    present: lfs::find(repo, &oid).is_some(),
                    id: oid.to_string(),
                })
            }
            Some(Stub::Annex(key)) if key.sha256.as_ref().is_none_or(read) => Some(Pointer {
                kind: "annex".to_owned(),
                present: true,
                id: key.text,
            }),
            _ => None,
        };
    }
    Ok(())
}

/// `path@id` of the code that computes the metrics, as it is in the frozen tree: a file's blob, or
/// the tree of what lies below a folder. A path that is not there is `path@missing`.
pub(super) fn metric_code(
    ctx: &Ctx,
    settings: &ProjectSettings,
    frozen: &Frozen,
) -> Result<Vec<String>> {
    let (repo, prefix) = (ctx.repo()?, &ctx.project()?.prefix);
    let name = |path: &String| {
        let place = RecordPath::from(path.as_str()).below(prefix);
        let file = frozen.entries.iter().find(|entry| entry.path == place);
        let within = |entry: &RecordPath| entry.is_within(&place);
        let id = match file {
            Some(entry) => entry.id.to_string(),
            None if frozen.entries.iter().any(|entry| within(&entry.path)) => {
                filtered_tree(&frozen.entries, within, repo.format()).to_string()
            }
            None => "missing".to_owned(),
        };
        format!("{path}@{id}")
    };
    Ok(settings.eval.metric_code.iter().map(name).collect())
}
