//! How the frozen trees of two runs differ, file by file.

pub mod look;
pub mod used;

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use crate::compare::evidence::{CodeEvidence, FileChange, FileNote, Place, UsageGap};
use crate::context::Ctx;
use crate::error::{Failure, Result};
use crate::git::objects::Objects;
use crate::git::patch::{self, Counting, Numstat};
use crate::git::snapshot::Written;
use crate::git::{Error, Repo, history};
use crate::model::axis::Claims;
use crate::model::code::LeftOut;
use crate::model::program::Entry;
use crate::model::{Axis, Oid, Param, RecordPath, Run, program};
use crate::record::claims as claimed;
use crate::record::restore::source::Found;
use crate::settings::Lang;
use crate::source::imports::Imports;
use crate::source::{Language, cosmetic, unseeded};

use look::Looker;
use used::{Program, Reach, Sources};

/// How long git may count lines; then files are told by name. A change of 10 MB takes a tenth of it.
const COUNTING: Duration = Duration::from_secs(2);
/// How long git may write lines down that somebody wants to see.
const SHOWING: Duration = Duration::from_secs(5);
/// Files whose lines are shown: git looks for each path among all that differ.
const MOST_FILES_SHOWN: usize = 2_000;
/// Files of more bytes than this are not compared line by line.
const LARGEST: u64 = 8 << 20;

/// The files that differ, and those among them that no record claims.
#[derive(Debug, Default)]
pub struct Differences {
    /// Code.
    pub code: CodeEvidence,
    /// Commits between the two.
    pub commits: Option<u64>,
    /// Why it is not known which files are used.
    pub usage_gap: Option<UsageGap>,
    /// Configuration and data files that changed and are no recorded input of either run.
    pub unrecorded: Vec<RecordPath>,
}

impl Differences {
    fn unknown(why: impl Into<String>) -> Self {
        Self {
            code: CodeEvidence::Unknown(why.into()),
            ..Self::default()
        }
    }
}

/// Compares the frozen code of two runs; equal code costs nothing, and then says nothing of
/// [`unrecorded`] files.
///
/// `ahead` is what [`ahead`] started.
pub fn between(ctx: &Ctx, a: &Run, b: &Run, ahead: Option<Counting>) -> Result<Differences> {
    let same = |of: fn(&Run) -> Option<&Oid>| of(a).is_some() && of(a) == of(b);
    let same_code = same(|run| run.code.tree.as_ref()) || same(|run| run.code.code_tree.as_ref());
    if same_code && unkept(a, b).is_empty() {
        return Ok(Differences {
            code: CodeEvidence::Known(Vec::new()),
            ..Differences::default()
        });
    }
    between_trees(ctx, a, b, ahead)
}

/// Starts to compare the frozen code of a run with code that is about to be frozen, so that
/// [`between`] need not wait; `None` where there is nothing to compare, or no tree.
pub fn ahead(ctx: &Ctx, a: &Run, written: &Written<'_>, code_tree: &Oid) -> Option<Counting> {
    let (from, tree) = (a.code.tree.as_ref()?, written.tree());
    if from == tree || a.code.code_tree.as_ref() == Some(code_tree) {
        return None;
    }
    let excluded = [ctx.project().ok()?.experiments_in_tree()];
    let (repo, trees) = (ctx.repo().ok()?, [from, tree]);
    let at_once = match written.compares_plainly() {
        true => Counting::at_once(repo, trees, &excluded),
        false => None,
    };
    at_once.or_else(|| counting(repo, trees, &excluded).ok())
}

fn counting(
    repo: &Repo,
    trees: [&Oid; 2],
    excluded: &[RecordPath],
) -> std::result::Result<Counting, Error> {
    Counting::begin(repo, trees, excluded, LARGEST, COUNTING)
}

/// Configuration and data files that changed and are no recorded input of either run.
pub fn unrecorded(ctx: &Ctx, a: &Run, b: &Run) -> Result<Vec<RecordPath>> {
    if a.code.tree.is_some() && a.code.tree == b.code.tree && unkept(a, b).is_empty() {
        return Ok(Vec::new());
    }
    Ok(between_trees(ctx, a, b, None)?.unrecorded)
}

fn between_trees(ctx: &Ctx, a: &Run, b: &Run, ahead: Option<Counting>) -> Result<Differences> {
    let unkept = unkept(a, b);
    let objects = Objects::open(ctx.repo()?);
    let (from, to) = match (tree(ctx, &objects, a), tree(ctx, &objects, b)) {
        (Ok(from), Ok(to)) => (from, to),
        (Err(why), _) | (_, Err(why)) => return Ok(Differences::unknown(why)),
    };
    let claims = claims(ctx, a, b)?;
    let excluded = [ctx.project()?.experiments_in_tree()];
    let repo = ctx.repo()?;
    let trees = [&from, &to];
    let ahead = ahead.filter(|ahead| ahead.is_of(trees, &excluded));
    let counting = match ahead {
        Some(ahead) => Ok(ahead),
        None => counting(repo, trees, &excluded),
    };
    let counted = counting.and_then(Counting::finish);
    let counted = counted.and_then(|stats| match stats {
        Some(stats) => Ok((stats, true)),
        None => Ok((patch::names(repo, &from, &to, &excluded)?, false)),
    });
    let (stats, in_time) = match counted {
        Ok(found) => found,
        // A partial clone has trees and not every file in them.
        Err(error) => return Ok(Differences::unknown(first_line(&error.to_string()))),
    };
    let claimed = |path: &RecordPath| {
        let inputs = claims.config.iter().chain(&claims.data);
        inputs.into_iter().any(|claim| path.is_within(claim))
    };
    let mut looker = Looker::new(&objects, in_time);
    let (mut code, mut unrecorded) = (Vec::new(), Vec::new());
    for stat in stats {
        match claims.axis_of(&stat.path) {
            Axis::Code => code.push(looker.look(&stat, LARGEST)?),
            Axis::Config | Axis::Data if !claimed(&stat.path) && matters(&objects, &stat) => {
                unrecorded.push(stat.path);
            }
            _ => {}
        }
    }
    for (path, bytes) in unkept {
        // Seen above in another version, which is not the one that ran.
        code.retain(|change| change.path != path);
        unrecorded.retain(|other| *other != path);
        match claims.axis_of(&path) {
            Axis::Code => code.push(FileChange::too_large(path, bytes)),
            Axis::Config | Axis::Data if !claimed(&path) => unrecorded.push(path),
            _ => {}
        }
    }
    let usage_gap = use_of(ctx, &objects, (a, &from), (b, &to), &mut code)?;
    Ok(Differences {
        code: CodeEvidence::Known(code),
        commits: commits(ctx, a, b),
        usage_gap,
        unrecorded,
    })
}

/// Tracked files that differ and are in no tree, for they were too large to keep: with their bytes
/// after the change, or before it.
fn unkept(a: &Run, b: &Run) -> BTreeMap<RecordPath, u64> {
    fn named(run: &Run) -> BTreeMap<&RecordPath, &LeftOut> {
        let files = run.code.left_out.iter();
        let older = files.filter(|file| run.code.has_older(file));
        older.map(|file| (&file.path, file)).collect()
    }
    let (a, b) = (named(a), named(b));
    let all = a.iter().chain(&b);
    let differing = all.filter(|(path, _)| {
        let digest = |side: &BTreeMap<_, &LeftOut>| side.get(*path).map(|file| file.sha256.clone());
        digest(&a) != digest(&b)
    });
    differing
        .map(|(path, file)| ((*path).clone(), file.bytes))
        .collect()
}

/// A run's tree, or why it can't be had.
pub fn tree(ctx: &Ctx, objects: &Objects<'_>, run: &Run) -> std::result::Result<Oid, String> {
    if run.code.tree.is_none() {
        return Err("the code of a run was not recorded".to_owned());
    }
    let project = ctx.project().map_err(|failure| why_gone(run, &failure))?;
    let found = Found::recorded(run, &project.run(&run.id())).tree(ctx, objects);
    found.map_err(|failure| why_gone(run, &failure))
}

fn why_gone(run: &Run, failure: &Failure) -> String {
    let name = run.id().short();
    let head = first_line(&failure.to_string());
    match run.code.patch {
        Some(_) => format!("neither the snapshot of {name} nor its patch gives its code: {head}"),
        None => format!("the snapshot of {name} is not in this clone: git exp pull"),
    }
}

fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().to_owned()
}

/// A path that either run claims is on the axis that it is claimed for.
fn claims(ctx: &Ctx, a: &Run, b: &Run) -> Result<Claims> {
    let settings = ctx.settings()?;
    let prefix = &ctx.project()?.prefix;
    let mut claims = claimed::claims(prefix, settings, a, b.outputs())?;
    let other = claimed::claims(prefix, settings, b, a.outputs())?;
    claims.config.extend(other.config);
    claims.data.extend(other.data);
    claims.output.extend(other.output);
    Ok(claims)
}

/// Whether a configuration or data file differs by more than comments and white space.
fn matters(objects: &Objects<'_>, stat: &Numstat) -> bool {
    let language = Language::of(&stat.path.extension());
    let (Some(language), Some((_, a)), Some((_, b))) = (language, &stat.old, &stat.new) else {
        return true;
    };
    if stat.added.is_none() {
        return true;
    }
    match (objects.blob(a), objects.blob(b)) {
        (Ok(a), Ok(b)) => cosmetic::is_cosmetic(language, &a, &b) != Some(true),
        _ => true,
    }
}

/// How many commits only one of the two histories has; `None` when that can't be told here.
fn commits(ctx: &Ctx, a: &Run, b: &Run) -> Option<u64> {
    let (Some(from), Some(to)) = (&a.code.commit, &b.code.commit) else {
        return None;
    };
    if from == to {
        return Some(0);
    }
    // In a clone that was cut off, the count would end at the cut.
    let repo = ctx.repo().ok().filter(|repo| !repo.shallow)?;
    history::apart(repo, from, to).ok()
}

/// Marks which of the changed files the commands use.
fn use_of(
    ctx: &Ctx,
    objects: &Objects<'_>,
    a: (&Run, &Oid),
    b: (&Run, &Oid),
    code: &mut [FileChange],
) -> Result<Option<UsageGap>> {
    let judged = |file: &FileChange| matches!(file.path.extension().as_str(), "py" | "ipynb");
    if !code.iter().any(judged) {
        return Ok(None);
    }
    let mut known: HashMap<Oid, Option<Imports>> = HashMap::new();
    let mut reached = Vec::new();
    for (run, tree) in [a, b] {
        match reach(ctx, objects, run, tree, &mut known)? {
            Some(reach) => reached.push(reach),
            None => return Ok(None),
        }
    }
    for file in code.iter_mut().filter(|file| judged(file)) {
        let path = file.path.display();
        let uses: Vec<Option<bool>> = reached.iter().map(|reach| reach.uses(&path)).collect();
        file.used = if uses.contains(&Some(true)) {
            Some(true)
        } else if uses.iter().all(|used| *used == Some(false)) {
            Some(false)
        } else {
            None
        };
    }
    let open = code.iter().any(|file| judged(file) && file.used.is_none());
    code.sort_by_key(|file| (!file.counts(), file.used == Some(false)));
    let gap = reached.into_iter().find_map(|reach| reach.gap);
    Ok(gap.filter(|_| open))
}

/// What a run's program reaches in its tree; `None` for a run without a command.
fn reach(
    ctx: &Ctx,
    objects: &Objects<'_>,
    run: &Run,
    tree: &Oid,
    known: &mut HashMap<Oid, Option<Imports>>,
) -> Result<Option<Reach>> {
    let Some(command) = &run.command else {
        return Ok(None);
    };
    let project = ctx.project()?;
    let Some(mut entry) = program::entry(command) else {
        let program = command.argv.first().cloned().unwrap_or_default();
        return Ok(Some(Reach::unknown(UsageGap::Program(program))));
    };
    let mut cwd = used::below(&project.prefix.display(), &command.cwd.display());
    let typed = match &entry {
        Entry::Script(typed) => ctx.repo()?.relative(std::path::Path::new(typed)),
        Entry::Module(_) => None,
    };
    if let Some(path) = typed {
        cwd = String::new();
        entry = Entry::Script(path.display().into_owned());
    }
    let sources = match Sources::list(objects, tree, &project.experiments_in_tree()) {
        Ok(sources) => sources,
        Err(Error::Missing(_)) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let program = Program {
        sources: &sources,
        entry: &entry,
        cwd: &cwd,
        told: &told(run),
    };
    let mut read = |id: &Oid| {
        if let Some(found) = known.get(id) {
            return Ok(found.clone());
        }
        let found = used::read_blob(objects, id)?;
        known.insert(id.clone(), found.clone());
        Ok(found)
    };
    match used::reach(&program, &mut read) {
        Ok(reach) => Ok(Some(reach)),
        Err(Error::Missing(_)) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Places told at the most.
const MOST_PLACES: usize = 3;

/// Places in a run's program that take a random state without a value; none where the program can't
/// be followed.
pub fn unseeded(ctx: &Ctx, run: &Run) -> Result<Vec<Place>> {
    let objects = Objects::open(ctx.repo()?);
    let Ok(tree) = tree(ctx, &objects, run) else {
        return Ok(Vec::new());
    };
    let Some(reach) = reach(ctx, &objects, run, &tree, &mut HashMap::new())? else {
        return Ok(Vec::new());
    };
    let mut places = Vec::new();
    for path in reach.surely_used() {
        let path = RecordPath::from(path);
        let Some(text) = objects.blob_at(&tree, &path)? else {
            continue;
        };
        places.extend(
            unseeded::places(&text)
                .into_iter()
                .map(|(line, name)| Place {
                    path: path.clone(),
                    line: line as u64,
                    name,
                }),
        );
        if places.len() >= MOST_PLACES {
            break;
        }
    }
    places.truncate(MOST_PLACES);
    Ok(places)
}

/// The texts by which a run's command could name a file.
fn told(run: &Run) -> Vec<u8> {
    let mut text = Vec::new();
    let mut add = |part: &str| {
        text.extend_from_slice(part.as_bytes());
        text.push(b'\n');
    };
    let arguments = run.command.iter().flat_map(|command| &command.argv);
    arguments.for_each(|argument| add(argument));
    run.params
        .values()
        .for_each(|value| add_texts(value, &mut add));
    text
}

fn add_texts(value: &Param, add: &mut dyn FnMut(&str)) {
    match value {
        Param::Leaf { text, .. } => add(text),
        Param::List(items) => items.iter().for_each(|item| add_texts(item, add)),
    }
}

/// The changed lines of the code files that differ, as a patch; empty when there are none.
pub fn lines(ctx: &Ctx, a: &Run, b: &Run, code: &CodeEvidence) -> Result<String> {
    let CodeEvidence::Known(files) = code else {
        return Ok(String::new());
    };
    // What is too large to be compared line by line has no counts.
    let told = |file: &&FileChange| !matches!(file.note, Some(FileNote::TooLarge(_)));
    let mut paths: Vec<RecordPath> = files.iter().filter(told).map(|f| f.path.clone()).collect();
    if paths.is_empty() {
        return Ok(String::new());
    }
    let more = paths.len().saturating_sub(MOST_FILES_SHOWN);
    paths.truncate(MOST_FILES_SHOWN);
    let objects = Objects::open(ctx.repo()?);
    let (Ok(from), Ok(to)) = (tree(ctx, &objects, a), tree(ctx, &objects, b)) else {
        return Ok(String::new());
    };
    let (patch, in_time) = patch::patch_of(ctx.repo()?, &from, &to, &paths, SHOWING)?;
    let mut text = String::from_utf8_lossy(&patch).into_owned();
    if !in_time {
        text.push_str(ctx.lang()?.pick(
            "\napproximate: the other lines could not be compared in time\n",
            "\nприблизительно: остальные строки не удалось сравнить за отведённое время\n",
        ));
    }
    if more > 0 {
        text.push_str(&match ctx.lang()? {
            Lang::En => format!("approximate: {more} more files differ\n"),
            Lang::Ru => format!("приблизительно: различаются ещё файлы, {more}\n"),
        });
    }
    Ok(text)
}
