//! The configuration of a run: the files as they are, or as `--set` and `--like` make them.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;

use super::begin::Request;
use super::inputs::{self, Proposal};
use super::launch::{self, Launch};
use crate::context::Ctx;
use crate::error::{Context, Failure, Result};
use crate::model::command_line::ARGUMENT;
use crate::model::data::ConfigFile;
use crate::model::param::ParamKind;
use crate::model::run::Command;
use crate::model::seed::names_seed;
use crate::model::{Param, RecordPath, Run, Sha256, template};
use crate::observe::config::edit::{self, EditError};
use crate::observe::config::{self, arguments};
use crate::observe::secrets;

/// A configuration file with the bytes that the run will have.
#[derive(Clone, Debug)]
pub(super) struct Source {
    /// Where the file lies, or lay.
    pub place: PathBuf,
    pub bytes: Vec<u8>,
    /// Whether they are not what lies there.
    pub derived: bool,
}

/// Configuration files as the record has them, with their bytes.
pub(super) type Files = Vec<(ConfigFile, Vec<u8>)>;

/// Reads the configuration, changes what is to be changed in it, and sees to it that the command will
/// read that.
pub(super) fn configure(
    ctx: &Ctx,
    request: &Request,
    proposal: &Proposal,
    run: &mut Run,
) -> Result<(Files, Launch)> {
    let mut sources = sources(ctx, request, proposal)?;
    let mut loose = Vec::new();
    for text in &request.params {
        let param = config::from_flag(text)
            .context(|| format!("`--param {text}` is not KEY=VALUE"))
            .map_err(|failure| failure.hint("git exp start --param model.depth=8"))?;
        loose.push(param);
    }
    if let Some(like) = &request.like {
        run.like = Some(like.reference());
        let mut before = Run::new(run.uid.clone(), run.id(), run.started);
        record(ctx, sources.clone(), &mut before)?;
        let taken: Vec<(String, Param)> = like.loose_params(&before.params);
        loose.splice(..0, taken);
    }
    let mut launch = request.launch.clone().unwrap_or_default();
    for (key, value) in &request.set {
        set(
            ctx,
            (key, value),
            &mut sources,
            &mut loose,
            &mut launch,
            run,
        )?;
    }
    let config = record(ctx, sources.clone(), run)?;
    run.params.extend(loose);
    if request.launch.is_some() {
        let taken_over = request.like.is_some();
        launch::plan(ctx, &mut launch, &sources, run, &request.seeds, taken_over)?;
        let command = launch.recorded(ctx);
        let files: Vec<&RecordPath> = config.iter().map(|(file, _)| &file.path).collect();
        run.params.extend(told_by(&command, &files));
        run.command = Some(command);
    }
    run.seed = inputs::seed_of(&run.params, &launch.words());
    if !request.seeds.is_empty() {
        let seed = |seed: &i64| Param::leaf(ParamKind::Int, seed.to_string());
        run.seed = Some(Param::List(request.seeds.iter().map(seed).collect()));
    }
    Ok((config, launch))
}

/// The files that a run is given, before anything is set in them.
pub(super) fn sources(ctx: &Ctx, request: &Request, proposal: &Proposal) -> Result<Vec<Source>> {
    if let Some(like) = request.like.as_ref().filter(|_| request.config.is_empty()) {
        return like.sources(ctx);
    }
    paths(ctx, request, proposal)?
        .into_iter()
        .map(|place| {
            let path = super::end::record_path(ctx, &place)?;
            let bytes = regular_file(&place)
                .context(|| format!("cannot read the configuration {}", path.display()))
                .map_err(|failure| failure.hint("name another: git exp start --config FILE"))?;
            Ok(Source {
                place,
                bytes,
                derived: false,
            })
        })
        .collect()
}

fn paths(ctx: &Ctx, request: &Request, proposal: &Proposal) -> Result<Vec<PathBuf>> {
    if !request.config.is_empty() {
        return Ok(request.config.clone());
    }
    let project = ctx.project()?;
    let named = &ctx.settings()?.inputs.config;
    let named = if named.is_empty() {
        &proposal.config
    } else {
        named
    };
    Ok(named.iter().map(|path| project.root.join(path)).collect())
}

/// The bytes of a file. A pipe would keep its reader waiting for ever.
fn regular_file(place: &std::path::Path) -> std::io::Result<Vec<u8>> {
    if !place.metadata()?.is_file() {
        return Err(std::io::Error::other("it is not a regular file"));
    }
    std::fs::read(place)
}

/// Makes the changes that were asked for, each in the last file that has its key: that one wins where
/// programs read several. What each key was before goes into the record.
fn set(
    ctx: &Ctx,
    (key, value): (&str, &str),
    sources: &mut [Source],
    loose: &mut [(String, Param)],
    launch: &mut Launch,
    run: &mut Run,
) -> Result<()> {
    if let Some(found) = loose.iter_mut().find(|(name, _)| name == key) {
        let (_, typed) = config::from_flag(&format!("{key}={value}"))
            .context(|| format!("`--set {key}={value}` can't be read"))?;
        let before = std::mem::replace(&mut found.1, typed);
        run.set.entry(key.to_owned()).or_insert(before);
        return Ok(());
    }
    for source in sources.iter_mut().rev() {
        let path = super::end::record_path(ctx, &source.place)?;
        match edit::set(&path, &source.bytes, key, value) {
            Ok(edited) => {
                source.derived |= source.bytes != edited.bytes;
                source.bytes = edited.bytes;
                if let Some((key, before)) = edited.before.into_iter().next() {
                    run.set.entry(key).or_insert(before);
                }
                return Ok(());
            }
            Err(EditError::UnknownKey) => {}
            Err(EditError::Impossible(why)) => {
                let shown = path.display();
                return Err(Failure::new(format!("`{key}` can't be set in {shown}"))
                    .because(why)
                    .hint(format!(
                        "make a copy of {shown}, change it there, and name it: --config FILE"
                    )));
            }
        }
    }
    let Some((argv, name, before)) = argument(&launch.argv, key, value) else {
        return Err(unknown(ctx, key, value, sources, launch));
    };
    launch.argv = argv;
    run.set.entry(name).or_insert(before);
    Ok(())
}

/// A command with another value of an argument, the argument's whole name, and what it was.
fn argument(argv: &[OsString], key: &str, value: &str) -> Option<(Vec<OsString>, String, Param)> {
    let words: Option<Vec<String>> = argv.iter().map(|w| w.to_str().map(str::to_owned)).collect();
    let words = words?;
    let changed = arguments::set(&words, key, value)?;
    let name = format!("{ARGUMENT}{}", key.strip_prefix(ARGUMENT).unwrap_or(key));
    let before = arguments::read(&words).remove(&name)?;
    Some((
        changed.into_iter().map(OsString::from).collect(),
        name,
        before,
    ))
}

/// Arguments that are parameters: not those that name a configuration, which tells of itself, give the
/// seed, or hold a secret.
pub(super) fn told_by(command: &Command, config: &[&RecordPath]) -> BTreeMap<String, Param> {
    let mut found = arguments::read(&command.argv);
    let seed = inputs::seed_of(&BTreeMap::new(), &command.argv);
    found.retain(|key, value| {
        let text = value.spelling();
        let names = |path: &&RecordPath| {
            template::resolved(&command.cwd, &text)
                .is_some_and(|typed| **path == typed.as_str().into())
        };
        let is_seed = names_seed(key) && seed.as_ref().is_some_and(|seed| seed.same_value(value));
        let is_placeholder = text == template::SEED || text.starts_with("{config");
        !is_seed
            && !is_placeholder
            && !text.contains(secrets::REDACTED)
            && !config.iter().any(names)
    });
    found
}

/// No file has the key: which one may be meant.
fn unknown(ctx: &Ctx, key: &str, value: &str, sources: &[Source], launch: &Launch) -> Failure {
    let mut known: Vec<String> = Vec::new();
    let mut files = Vec::new();
    for source in sources {
        let path = super::end::record_path(ctx, &source.place).unwrap_or_default();
        known.extend(
            config::read(&path, &source.bytes)
                .unwrap_or_default()
                .into_keys(),
        );
        files.push(path.display().into_owned());
    }
    known.extend(arguments::read(&launch.words()).into_keys());
    let failure = match files.len() {
        0 if !launch.argv.is_empty() => Failure::new(format!(
            "the command has no argument `{key}`, and there is no configuration"
        )),
        0 => Failure::new(format!("there is no configuration to set `{key}` in"))
            .hint("name one: git exp run --config FILE --set …"),
        _ => Failure::new(format!("no key `{key}` in {}", files.join(", "))),
    };
    match nearest(key, &known) {
        Some(near) => failure.hint(format!("did you mean --set {near}={value}")),
        None => failure.hint("see the keys: git exp show @"),
    }
}

/// The key that ends alike, else the one that is spelled alike.
fn nearest<'k>(key: &str, known: &'k [String]) -> Option<&'k String> {
    let last = |name: &str| name.rsplit('.').next().unwrap_or(name).to_owned();
    let ends_alike = known.iter().find(|name| last(name) == last(key));
    ends_alike.or_else(|| {
        let score = |name: &String| {
            strsim::jaro_winkler(name, key).max(strsim::jaro_winkler(&last(name), &last(key)))
        };
        known
            .iter()
            .filter(|name| score(name) > 0.8)
            .max_by(|a, b| score(a).total_cmp(&score(b)))
    })
}

/// Bytes of all parameters of a record, as JSON: a record of more than 1 MiB is not read back.
pub(super) const PARAMS_LIMIT: usize = 384 << 10;
/// Values of one configuration file that another one overrides, named before the rest is counted.
const OVERRIDES_NAMED: usize = 20;

/// Puts the files into the record. One that can't be parsed is kept by digest, with a warning.
pub(super) fn record(ctx: &Ctx, sources: Vec<Source>, run: &mut Run) -> Result<Files> {
    let mut files: Files = Vec::new();
    let mut room = PARAMS_LIMIT;
    for Source {
        place,
        bytes,
        derived,
    } in sources
    {
        let path = super::end::record_path(ctx, &place)?;
        let mut file = ConfigFile {
            derived,
            sha256: Sha256::of(&bytes),
            blob: None,
            copy: Some(copy_name(&path, files.iter().map(|(file, _)| file))),
            unread: None,
            path,
        };
        match read(&file.path, &bytes, &mut room) {
            Ok(params) => merge(params, run),
            Err(why) => {
                let shown = file.path.display();
                run.warnings
                    .push(format!("{shown} is recorded by hash only: {why}"));
                file.unread = Some(why);
            }
        }
        files.push((file, bytes));
    }
    Ok(files)
}

/// The parameters of a file, if they fit into the record.
pub(super) fn read(
    path: &RecordPath,
    bytes: &[u8],
    room: &mut usize,
) -> std::result::Result<BTreeMap<String, Param>, String> {
    let params = config::read(path, bytes).map_err(|error| error.to_string())?;
    let size = serde_json::to_vec_pretty(&params).map_or(usize::MAX, |text| text.len());
    let left = room.checked_sub(size).ok_or_else(|| {
        let limit = PARAMS_LIMIT >> 10;
        format!("its values do not fit into a record, which has {limit} KiB for them")
    })?;
    *room = left;
    Ok(params)
}

/// A later file overrides an earlier one, as programs that read several do; it is said.
fn merge(params: BTreeMap<String, Param>, run: &mut Run) {
    let mut more = 0;
    for (name, value) in params {
        if let Some(before) = run.params.insert(name.clone(), value.clone())
            && !before.same_value(&value)
        {
            more += 1;
            if more > OVERRIDES_NAMED {
                continue;
            }
            let short = |value: &Param| value.spelling().chars().take(60).collect::<String>();
            run.warnings.push(format!(
                "{name} is {} in one configuration file and {} in a later one, which was taken",
                short(&before),
                short(&value)
            ));
        }
    }
    if more > OVERRIDES_NAMED {
        let more = more - OVERRIDES_NAMED;
        run.warnings
            .push(format!("so are {more} more values of configuration files"));
    }
}

/// The name of a configuration's copy in the run folder: the course note's `config.yaml` for the
/// first, the file's own name for the others.
fn copy_name<'a>(path: &RecordPath, others: impl Iterator<Item = &'a ConfigFile>) -> String {
    let taken: Vec<&String> = others.filter_map(|file| file.copy.as_ref()).collect();
    let extension = path.extension();
    let first = if extension.is_empty() {
        "config".into()
    } else {
        format!("config.{extension}")
    };
    if taken.is_empty() {
        return first;
    }
    let own: String = String::from_utf8_lossy(path.file_name())
        .chars()
        .map(|c| {
            if c.is_alphanumeric() || matches!(c, '.' | '-' | '_') {
                c
            } else {
                '_'
            }
        })
        .collect();
    (1..)
        .map(|n| {
            if n == 1 {
                format!("config_{own}")
            } else {
                format!("config_{n}_{own}")
            }
        })
        .find(|name| !taken.contains(&name))
        .unwrap_or(first)
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn a_key_is_guessed_by_its_end_or_its_spelling() {
        let known = ["model.max_depth", "optim.lr", "seed"].map(str::to_owned);
        let near = |key| nearest(key, &known).map(String::as_str);
        assert_eq!(near("lr"), Some("optim.lr"));
        assert_eq!(near("model.max_dpeth"), Some("model.max_depth"));
        assert_eq!(near("modle.max_depth"), Some("model.max_depth"));
        assert_eq!(near("batch"), None);
    }
}
