//! How the data inputs of two runs differ inside.

use std::sync::atomic::{AtomicU64, Ordering};

use super::content;
use crate::compare::axes::data::{changed_pairs, is_yardstick};
use crate::compare::evidence::{Difference, Inside};
use crate::context::Ctx;
use crate::error::Result;
use crate::model::card::Table;
use crate::model::data::{DataInput, DataKind};
use crate::model::table_diff::{Count, Overlap, TableDiff};
use crate::model::{Card, Run};
use crate::observe::data::manifest;
use crate::observe::data::profile::Wanted;
use crate::observe::data::stream::Shape;
use crate::rows::{self, Options, Source, Version, estimate, exact, folder, overlap};
use crate::store::cards;
use crate::ui::progress::Progress;

/// How far to look.
#[derive(Clone, Debug)]
pub struct Look {
    /// The largest version, in bytes, whose rows are read.
    pub most: u64,
    /// How many rows of each kind are shown.
    pub samples: usize,
    /// Columns to tell rows apart by; found when empty.
    pub key: Vec<String>,
}

impl Default for Look {
    /// What takes no noticeable time.
    fn default() -> Self {
        Self {
            most: 4 << 20,
            samples: 0,
            key: Vec::new(),
        }
    }
}

/// What differs inside each input whose content changed: row by row where both versions are on this
/// machine, by their cards where not.
///
/// # Errors
/// When a version that is here can't be read, or the key is none.
pub fn inside(ctx: &Ctx, a: &Run, b: &Run, look: &Look) -> Result<Vec<Inside>> {
    let pairs = changed_pairs(a, b);
    let learnt_changed = pairs.iter().any(|(_, input)| !is_yardstick(&input.role));
    let mut all = Vec::new();
    for (before, after) in &pairs {
        let (Some(sha_a), Some(sha_b)) = (&before.sha256, &after.sha256) else {
            continue;
        };
        let difference = match (before.kind, after.kind) {
            (DataKind::Folder, DataKind::Folder) => folders(ctx, before, after)?,
            (DataKind::File, DataKind::File) => {
                // What both were changed for is told once, at the training data.
                let watched = !(learnt_changed && is_yardstick(&after.role));
                let runs = watched.then_some((a, b));
                tables(ctx, (before, after), runs, look)?
            }
            _ => None,
        };
        all.extend(difference.map(|difference| Inside {
            a: sha_a.clone(),
            b: sha_b.clone(),
            difference,
        }));
    }
    Ok(all)
}

fn folders(ctx: &Ctx, a: &DataInput, b: &DataInput) -> Result<Option<Difference>> {
    let project = ctx.project()?;
    let lines = |input: &DataInput| {
        let text = cards::read_manifest(project, input.sha256.as_ref()?)?;
        manifest::parse(&text)
    };
    let card = |input: &DataInput| cards::read(project, input.sha256.as_ref()?);
    let (Some(lines_a), Some(lines_b)) = (lines(a), lines(b)) else {
        return Ok(None);
    };
    let mut diff = folder::compare(&lines_a, &lines_b);
    diff.add_cards(card(a).as_ref(), card(b).as_ref());
    Ok(Some(Difference::Folder(Box::new(diff))))
}

/// A version: its card, and its bytes if they are here.
struct Had {
    card: Option<Card>,
    source: Option<Source>,
    /// Larger than was asked for.
    is_large: bool,
}

impl Had {
    fn of(ctx: &Ctx, input: &DataInput, look: &Look) -> Result<Self> {
        let rules = &ctx.settings()?.data;
        let mut had = Self {
            is_large: input.bytes.is_some_and(|bytes| bytes > look.most),
            card: input
                .sha256
                .as_ref()
                .and_then(|sha256| cards::read(ctx.project().ok()?, sha256)),
            source: None,
        };
        let path = input.path.to_path();
        let small = input.bytes.is_some_and(|bytes| bytes <= look.most);
        if let Some(shape) = Shape::of(&path).filter(|_| small)
            && let Some(bytes) = content::find(ctx, input)?
        {
            had.source = Some(Source {
                name: input.path.display().into_owned(),
                shape,
                bytes,
            });
        }
        let wanted = Wanted {
            full: true,
            target: rules.target.clone(),
            key: rules.key.clone(),
        };
        let told = had.table().is_some_and(|table| table.row_sketch.is_some());
        if let (false, Some(source)) = (told, &had.source) {
            had.card = rows::read::card(source, wanted)?;
        }
        Ok(had)
    }

    fn table(&self) -> Option<&Table> {
        self.card.as_ref()?.table.as_ref()
    }

    fn version(&self) -> Option<Version<'_>> {
        Some(Version {
            source: self.source.as_ref()?,
            table: self.table()?,
        })
    }
}

fn tables(
    ctx: &Ctx,
    (a, b): (&DataInput, &DataInput),
    runs: Option<(&Run, &Run)>,
    look: &Look,
) -> Result<Option<Difference>> {
    let (before, after) = (Had::of(ctx, a, look)?, Had::of(ctx, b, look)?);
    if let (Some(a), Some(b)) = (&before.card, &after.card)
        && a.differs_in_line_endings_only(b)
    {
        return Ok(Some(Difference::LineEndings));
    }
    let (Some(table_a), Some(table_b)) = (before.table(), after.table()) else {
        return Ok(None);
    };
    let rules = &ctx.settings()?.data;
    let bar = Progress::new(&ctx.ui);
    let passes = Meter::new(&bar, sizes(a, b));
    let scratch = content::scratch(ctx);
    let key: Vec<String> = match look.key.is_empty() {
        false => look.key.clone(),
        true => rules
            .key
            .iter()
            .filter(|key| in_both(table_a, table_b, key))
            .cloned()
            .collect(),
    };
    let options = Options {
        key: &key,
        target: rules.target.as_deref(),
        samples: look.samples,
        scratch: &scratch,
        progress: &|bytes| passes.add(bytes),
    };
    let mut diff = match (before.version(), after.version()) {
        (Some(a), Some(b)) => exact::compare(a, b, &options)?,
        _ => estimate::compare(table_a, table_b, options.target),
    };
    diff.unread = before.is_large || after.is_large;
    if let Some(runs) = runs {
        watch(
            ctx,
            &mut diff,
            (&before, &after),
            (runs, &b.role),
            look,
            &options,
        )?;
    }
    Ok(Some(Difference::Table(Box::new(diff))))
}

fn sizes(a: &DataInput, b: &DataInput) -> u64 {
    a.bytes.unwrap_or(0) + b.bytes.unwrap_or(0)
}

fn in_both(a: &Table, b: &Table, name: &str) -> bool {
    a.column(name).is_some() && b.column(name).is_some()
}

/// Counts the rows that training and measuring share, before and after.
fn watch(
    ctx: &Ctx,
    diff: &mut TableDiff,
    (before, after): (&Had, &Had),
    ((a, b), role): ((&Run, &Run), &str),
    look: &Look,
    options: &Options,
) -> Result<()> {
    let other_kind = |input: &&DataInput| {
        is_yardstick(&input.role) != is_yardstick(role) && input.kind == DataKind::File
    };
    for other in b.data.iter().filter(other_kind) {
        let earlier = a.data.iter().find(|input| input.role == other.role);
        let there =
            |input: Option<&DataInput>| input.map(|input| Had::of(ctx, input, look)).transpose();
        let (with_a, with_b) = (there(earlier)?, there(Some(other))?);
        let overlap = Overlap {
            path: other.path.clone(),
            a: shared(before, with_a.as_ref(), options)?,
            b: shared(after, with_b.as_ref(), options)?,
        };
        if overlap.a.is_some() || overlap.b.is_some() {
            diff.overlaps.push(overlap);
        }
    }
    Ok(())
}

fn shared(had: &Had, other: Option<&Had>, options: &Options) -> Result<Option<Count>> {
    let Some(other) = other else { return Ok(None) };
    if let (Some(here), Some(there)) = (had.version(), other.version()) {
        return Ok(overlap::shared(here, there, options)?.map(Count::exact));
    }
    let tables = had.table().zip(other.table());
    Ok(tables.and_then(|(table, other)| estimate::shared(table, other)))
}

/// Shows on a progress bar how far the reading of some bytes is.
#[derive(Debug)]
pub struct Meter<'p> {
    bar: &'p Progress,
    all: u64,
    done: AtomicU64,
}

impl<'p> Meter<'p> {
    /// Starts at nothing of `all` bytes.
    pub fn new(bar: &'p Progress, all: u64) -> Self {
        Self {
            bar,
            all,
            done: AtomicU64::new(0),
        }
    }

    /// Some more were read, by any thread.
    pub fn add(&self, bytes: u64) {
        let done = self.done.fetch_add(bytes, Ordering::Relaxed) + bytes;
        self.bar.set("comparing rows", (0, 1), (done, self.all));
    }
}
