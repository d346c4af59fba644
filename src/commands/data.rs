//! `git exp data`: what a file or folder is, and how two of them differ.

use std::path::{Path, PathBuf};

use crate::context::Ctx;
use crate::error::{ExitCode, Failure, Result};
use crate::evidence::content;
use crate::evidence::data::Meter;
use crate::model::data::DataKind;
use crate::model::table_diff::{Change, DATA_DIFF_SCHEMA, DataDiff, Version};
use crate::model::{Card, RecordPath};
use crate::observe::data::stream::Shape;
use crate::observe::data::{self, Input, Spec, card, manifest};
use crate::report::data::{card as card_text, page};
use crate::report::diff::Look;
use crate::rows::{self, Bytes, Options, Source, exact, folder};
use crate::settings::{Lang, Profile, ProjectSettings};
use crate::ui::progress::Progress;

/// Files of a folder that are named, of each kind.
const FILES_SHOWN: usize = 20;

/// Arguments of `git exp data`.
#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub struct DataArgs {
    #[command(subcommand)]
    command: Option<DataCommand>,
    /// A file or folder, which need not be in a repository, or REV:PATH for a file of a commit
    #[arg(required = true, value_name = "FILE")]
    file: Option<PathBuf>,
    /// The column whose values are counted even when they are many
    #[arg(long, value_name = "COLUMN")]
    target: Option<String>,
    /// The column that names each row
    #[arg(long, value_name = "COLUMN")]
    key: Option<String>,
}

#[derive(Debug, clap::Subcommand)]
enum DataCommand {
    /// Compare two files or folders, row by row or file by file
    Diff(DataDiffArgs),
}

/// Arguments of `git exp data diff`.
#[derive(Debug, clap::Args)]
pub struct DataDiffArgs {
    /// The older version: a path, or REV:PATH for a file of a commit
    #[arg(value_name = "FILE1")]
    a: PathBuf,
    /// The newer version
    #[arg(value_name = "FILE2")]
    b: PathBuf,
    /// Tell rows apart by this column; give it again for a key of several
    #[arg(long, value_name = "COLUMN")]
    key: Vec<String>,
    /// Show so many rows of each kind that differ
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true)]
    rows: usize,
    /// The target column, whose shift is told
    #[arg(long, value_name = "COLUMN")]
    target: Option<String>,
    /// Count the rows that FILE1 and FILE2 share with this one
    #[arg(long, value_name = "FILE")]
    test: Option<PathBuf>,
    /// Exit with 1 if anything differs
    #[arg(long)]
    exit_code: bool,
}

/// Prints a card, or compares.
pub fn data(ctx: &Ctx, args: &DataArgs) -> Result<ExitCode> {
    match (&args.command, &args.file) {
        (Some(DataCommand::Diff(args)), _) => diff(ctx, args),
        (None, Some(file)) => show(ctx, file, args),
        (None, None) => Err(Failure::new("no file was named").hint("git exp data FILE")),
    }
}

/// What exp.toml says, where there is a project; the verb works without one.
fn settings(ctx: &Ctx) -> Result<ProjectSettings> {
    match ctx.repo() {
        Ok(_) => ctx.settings().cloned(),
        Err(_) => Ok(ProjectSettings::default()),
    }
}

fn look(ctx: &Ctx, settings: &ProjectSettings) -> Look {
    let lang: Option<Lang> = ctx.globals.lang.or(settings.lang);
    Look {
        width: ctx.ui.width(),
        unicode: ctx.ui.unicode(),
        color: ctx.ui.color(),
        lang: lang.unwrap_or_default(),
        all: false,
        env: false,
    }
}

/// The card of each path, as it is now.
fn observe(
    ctx: &Ctx,
    paths: &[PathBuf],
    settings: &ProjectSettings,
    columns: (Option<&str>, Option<&str>),
) -> Result<Vec<Input>> {
    let specs: Vec<Spec> = paths
        .iter()
        .map(|path| Spec {
            role: String::new(),
            path: ctx.absolute(path),
        })
        .collect();
    let bar = Progress::new(&ctx.ui);
    let report = |seen: data::Progress| {
        let (files, bytes) = ((seen.files_done, seen.files), (seen.bytes_done, seen.bytes));
        bar.set("reading", files, bytes);
    };
    let rules = &settings.data;
    let options = data::Options {
        git_dir: ctx.repo().ok().map(|repo| repo.common_dir.as_path()),
        base: Some(ctx.ambient.cwd()),
        include: &rules.include,
        exclude: &rules.exclude,
        progress: bar
            .is_shown()
            .then_some(&report as &(dyn Fn(data::Progress) + Sync)),
        profile: Profile::Full,
        target: columns.0.or(rules.target.as_deref()),
        key: columns.1.or(rules.key.as_deref()),
        ..data::Options::default()
    };
    let seen = data::observe(&specs, options)?;
    drop(bar);
    for note in &seen.notes {
        ctx.ui.warn(note);
    }
    Ok(seen.inputs)
}

fn show(ctx: &Ctx, file: &Path, args: &DataArgs) -> Result<ExitCode> {
    let settings = settings(ctx)?;
    let columns = (args.target.as_deref(), args.key.as_deref());
    let sides = sides(ctx, &[file.to_owned()], &settings, columns)?;
    let card = sides
        .iter()
        .find_map(|side| card_of(&side.input))
        .ok_or_else(|| {
            Failure::new(format!("{} has no card", file.display()))
                .because("its content is not known: see above")
        })?;
    if ctx.globals.json {
        let json = card::to_json(&card)?;
        ctx.ui
            .out(crate::ui::escape::json(&String::from_utf8_lossy(&json)))?;
    } else {
        let mut look = look(ctx, &settings);
        if !ctx.ui.has_edge() {
            // Nothing is cut where there is no end to be cut at.
            look.width = usize::MAX;
        }
        let text = card_text::card(&file.display().to_string(), &card, &look);
        ctx.page(&text)?;
    }
    Ok(ExitCode::OK)
}

/// The card of a table or folder, or what is known of any other file.
fn card_of(input: &Input) -> Option<Card> {
    input.card.clone().or_else(|| {
        Some(Card {
            sha256: input.sha256.clone().filter(|_| !input.unstable)?,
            kind: input.kind,
            bytes: input.bytes?,
            lf_sha256: None,
            files: input.files,
            types: Default::default(),
            pictures: input.pictures.clone(),
            table: None,
            unread: None,
        })
    })
}

/// One side of a comparison.
struct Side {
    shown: PathBuf,
    input: Input,
    source: Option<Source>,
}

impl Side {
    fn version(&self) -> Version {
        Version {
            path: RecordPath::from_path(&self.shown),
            kind: self.input.kind,
            sha256: self.input.sha256.clone(),
            bytes: self.input.bytes,
        }
    }

    fn rows(&self) -> Option<rows::Version<'_>> {
        Some(rows::Version {
            source: self.source.as_ref()?,
            table: self.input.card.as_ref()?.table.as_ref()?,
        })
    }
}

fn diff(ctx: &Ctx, args: &DataDiffArgs) -> Result<ExitCode> {
    let settings = settings(ctx)?;
    let target = args.target.as_deref().or(settings.data.target.as_deref());
    let mut paths = vec![args.a.clone(), args.b.clone()];
    paths.extend(args.test.clone());
    let mut sides = sides(ctx, &paths, &settings, (target, None))?;
    let test = (sides.len() > 2).then(|| sides.remove(2));
    let [a, b] = &sides[..] else {
        return Err(Failure::new("two files are compared"));
    };
    let mut diff = compare(a, b)?;
    if diff.change == Change::Changed
        && let (Some(rows_a), Some(rows_b)) = (a.rows(), b.rows())
    {
        let bar = Progress::new(&ctx.ui);
        let all = a.input.bytes.unwrap_or(0) + b.input.bytes.unwrap_or(0);
        let meter = Meter::new(&bar, all);
        let scratch = content::scratch(ctx);
        let named = settings.data.key.iter().filter(|key| {
            let has = |side: &rows::Version| side.table.column(key).is_some();
            has(&rows_a) && has(&rows_b)
        });
        let named: Vec<String> = named.cloned().collect();
        let options = Options {
            key: if args.key.is_empty() {
                &named
            } else {
                &args.key
            },
            target,
            samples: args.rows,
            scratch: &scratch,
            progress: &|bytes| meter.add(bytes),
        };
        let mut table = exact::compare(rows_a, rows_b, &options)?;
        if let Some(test) = &test {
            table
                .overlaps
                .push(overlap((rows_a, rows_b), test, &options)?);
        }
        diff.table = Some(table);
    }
    if ctx.globals.json {
        let mut value = serde_json::to_value(&diff).unwrap_or_default();
        value["schema"] = DATA_DIFF_SCHEMA.into();
        ctx.ui
            .out(crate::ui::escape::json(&format!("{value:#}\n")))?;
    } else {
        let files = if args.rows > 0 {
            args.rows
        } else {
            FILES_SHOWN
        };
        ctx.page(&page::diff(&diff, files, &look(ctx, &settings)))?;
    }
    Ok(match args.exit_code && diff.change != Change::Same {
        true => ExitCode::NO,
        false => ExitCode::OK,
    })
}

fn overlap(
    (a, b): (rows::Version, rows::Version),
    test: &Side,
    options: &Options,
) -> Result<crate::model::table_diff::Overlap> {
    let other = test.rows().ok_or_else(|| {
        Failure::new(format!("{} is no table", test.shown.display()))
            .hint("name a table: --test FILE")
    })?;
    let shared = |version| -> Result<_> {
        let count = rows::overlap::shared(version, other, options)?;
        Ok(count.map(crate::model::table_diff::Count::exact))
    };
    Ok(crate::model::table_diff::Overlap {
        path: RecordPath::from_path(&test.shown),
        a: shared(a)?,
        b: shared(b)?,
    })
}

/// Looks at all paths: those that are on disk in one pass, those of commits one by one.
fn sides(
    ctx: &Ctx,
    paths: &[PathBuf],
    settings: &ProjectSettings,
    columns: (Option<&str>, Option<&str>),
) -> Result<Vec<Side>> {
    let committed: Vec<bool> = paths.iter().map(|path| is_committed(ctx, path)).collect();
    let here = paths
        .iter()
        .zip(&committed)
        .filter(|(_, committed)| !**committed);
    let here: Vec<PathBuf> = here.map(|(path, _)| path.clone()).collect();
    let mut inputs = observe(ctx, &here, settings, columns)?.into_iter();
    let mut sides = Vec::new();
    for (path, committed) in paths.iter().zip(committed) {
        sides.push(if committed {
            of_commit(ctx, path, columns)?
        } else {
            Side {
                shown: path.clone(),
                source: Shape::of(path).map(|shape| Source {
                    name: path.display().to_string(),
                    shape,
                    bytes: Bytes::At(ctx.absolute(path)),
                }),
                input: inputs.next().unwrap_or_default(),
            }
        });
    }
    Ok(sides)
}

/// Whether a path that is not on disk reads as `REV:PATH`. An address has slashes there.
fn is_committed(ctx: &Ctx, path: &Path) -> bool {
    let text = path.to_string_lossy();
    let named = text
        .split_once(':')
        .is_some_and(|(rev, path)| !rev.is_empty() && !path.is_empty() && !path.starts_with("//"));
    named && !ctx.absolute(path).exists() && ctx.repo().is_ok()
}

fn of_commit(ctx: &Ctx, path: &Path, columns: (Option<&str>, Option<&str>)) -> Result<Side> {
    let text = path.to_string_lossy();
    let failed = || {
        Failure::new(format!("there is no file `{text}`"))
            .because("it is no path here, and git knows no such file of a commit")
            .hint("see the commits that have it: git log --oneline -- PATH")
    };
    let content = content::of_commit(ctx, &text)?.ok_or_else(failed)?;
    let name = Path::new(text.split_once(':').map_or(&*text, |(_, name)| name)).to_owned();
    let mut side = Side {
        shown: path.to_owned(),
        source: None,
        input: Input {
            sha256: Some(content.sha256),
            bytes: Some(content.bytes),
            ..Input::default()
        },
    };
    if let Some(shape) = Shape::of(&name) {
        let source = Source {
            name: text.to_string(),
            shape,
            bytes: content.content,
        };
        let wanted = data::profile::Wanted {
            full: true,
            target: columns.0.map(str::to_owned),
            key: columns.1.map(str::to_owned),
        };
        side.input.card = rows::read::card(&source, wanted)?;
        side.source = Some(source);
    }
    Ok(side)
}

/// Everything but the rows.
fn compare(a: &Side, b: &Side) -> Result<DataDiff> {
    let unknown = |side: &Side| {
        Failure::new(format!("{} can't be compared", side.shown.display()))
            .because("it has no digest: it changed while it was read, or is not all here")
    };
    for side in [a, b] {
        if side.input.sha256.is_none() || side.input.unstable {
            return Err(unknown(side));
        }
    }
    let endings = match (&a.input.card, &b.input.card) {
        (Some(a), Some(b)) => a.differs_in_line_endings_only(b),
        _ => false,
    };
    let folders = [a, b].map(|side| {
        let text = side
            .input
            .manifest
            .as_deref()
            .filter(|_| side.input.kind == DataKind::Folder);
        text.and_then(manifest::parse)
    });
    let folder = match &folders {
        [Some(lines_a), Some(lines_b)] => {
            let mut diff = folder::compare(lines_a, lines_b);
            diff.add_cards(a.input.card.as_ref(), b.input.card.as_ref());
            Some(diff)
        }
        _ => None,
    };
    Ok(DataDiff {
        a: a.version(),
        b: b.version(),
        change: match a.input.sha256 == b.input.sha256 {
            true => Change::Same,
            false if endings => Change::LineEndings,
            false => Change::Changed,
        },
        table: None,
        folder,
        notes: Vec::new(),
    })
}
